//! How much effect one cycle may have. Checks cost nothing here: budgets bound effects.

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;

/// Limits of one cycle; part of a tenant's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// Letters that may leave in one cycle.
    pub letters_per_cycle: u32,
    /// Letters that may leave in 24 hours.
    pub letters_per_day: u32,
    /// Tasks that people may be given in one cycle.
    pub tasks_per_cycle: u32,
    /// Other changes to the records, such as stages and cases, in one cycle.
    pub changes_per_cycle: u32,
}

impl Default for Budgets {
    /// What one diligent person could answer for: a letter every three minutes, and a handful of tasks.
    fn default() -> Self {
        Self {
            letters_per_cycle: 20,
            letters_per_day: 160,
            tasks_per_cycle: 10,
            changes_per_cycle: 50,
        }
    }
}

/// What a cycle has spent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Letters sent in this cycle.
    pub letters: u32,
    /// Letters sent in the 24 hours before it.
    pub letters_earlier_today: u32,
    /// Tasks made in this cycle.
    pub tasks: u32,
    /// Other changes made in this cycle.
    pub changes: u32,
}

impl Spent {
    /// Which budget is used up for another action of this kind, if one is.
    pub fn exhausted(&self, kind: ActionKind, budgets: &Budgets) -> Option<&'static str> {
        let is_letter = kind.leaves_system();
        if is_letter && budgets.letters_per_cycle <= self.letters {
            return Some("letters_per_cycle");
        }
        if is_letter
            && budgets.letters_per_day <= self.letters.saturating_add(self.letters_earlier_today)
        {
            return Some("letters_per_day");
        }
        match kind {
            ActionKind::CreateTask if budgets.tasks_per_cycle <= self.tasks => {
                Some("tasks_per_cycle")
            }
            ActionKind::AdvanceDeal | ActionKind::OpenCase | ActionKind::RecordQuoteLoss
                if budgets.changes_per_cycle <= self.changes =>
            {
                Some("changes_per_cycle")
            }
            // Checks, and kinds that never run, are not bounded by effects.
            _ => None,
        }
    }

    /// Counts one effect.
    pub fn count(&mut self, kind: ActionKind) {
        let counter = match kind {
            kind if kind.leaves_system() => &mut self.letters,
            ActionKind::CreateTask => &mut self.tasks,
            ActionKind::ProcessOrder => return,
            _ => &mut self.changes,
        };
        *counter = counter.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_bound_effects_and_not_checks() {
        let budgets = Budgets {
            letters_per_cycle: 1,
            letters_per_day: 5,
            tasks_per_cycle: 1,
            changes_per_cycle: 1,
        };
        let mut spent = Spent::default();
        for kind in [ActionKind::SendTouch, ActionKind::CreateTask, ActionKind::OpenCase] {
            assert_eq!(spent.exhausted(kind, &budgets), None);
            spent.count(kind);
        }
        assert_eq!(spent.exhausted(ActionKind::FollowUpDeal, &budgets), Some("letters_per_cycle"));
        assert_eq!(spent.exhausted(ActionKind::CreateTask, &budgets), Some("tasks_per_cycle"));
        assert_eq!(spent.exhausted(ActionKind::AdvanceDeal, &budgets), Some("changes_per_cycle"));
        assert_eq!(spent.exhausted(ActionKind::ProcessOrder, &budgets), None);
        let next_cycle = Spent { letters_earlier_today: 5, ..Spent::default() };
        assert_eq!(next_cycle.exhausted(ActionKind::SendTouch, &budgets), Some("letters_per_day"));
    }
}
