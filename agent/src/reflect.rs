//! Reflect: what we did, what moved, what was blocked, what is next, and what we believe.

use chrono::TimeDelta;
use domain::{
    cycle::{
        ActOutput, ActionRef, HypothesisNote, HypothesisState, Phase, ReflectOutput, WorkBlock,
        hypotheses_from, judge,
    },
    time::due_hour,
};
use store::Scope;

use crate::{
    AgentError,
    cycle::{Stage, finish_phase},
};

/// Hypotheses that one cycle judges, oldest first.
const JUDGED_MAX: u64 = 500;
/// Actions named as next in a work block; the rest are counted where they stand.
const NEXT_MAX: usize = 50;

pub(crate) async fn run(stage: &Stage<'_>, block: &mut WorkBlock) -> Result<(), AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    let act = block.act.clone().unwrap_or_default();
    let mut hypotheses = Vec::new();
    let mut memories_expired = 0;
    if !stage.is_rehearsal() {
        hypotheses = judge_old(stage, &scope).await?;
        hypotheses.extend(keep_new(stage, &scope, &act).await?);
        memories_expired = scope.expire_memories(stage.now).await?;
    }
    let plan = block.plan.as_ref();
    let awaiting = plan.map(|it| it.awaiting.as_slice()).unwrap_or_default();
    block.reflect = Some(ReflectOutput {
        what_we_did: what_we_did(&act),
        what_moved_metrics: block
            .react
            .as_ref()
            .map(|it| it.metric_changes.clone())
            .unwrap_or_default(),
        what_got_blocked: plan
            .map(|it| it.blocked.as_slice())
            .unwrap_or_default()
            .iter()
            .chain(&act.stopped)
            .map(blocked_line)
            .collect(),
        what_we_will_try_next: act
            .deferred
            .iter()
            .chain(awaiting)
            .take(NEXT_MAX)
            .cloned()
            .collect(),
        hypotheses,
        memories_expired,
    });
    finish_phase(stage, &scope, Phase::Reflect, block).await?;
    if stage.tenant.is_simulated() && !stage.is_rehearsal() {
        // A simulated tenant's hour ends with its cycle.
        scope.mark_simulated_now(due_hour(stage.now) + TimeDelta::hours(1)).await?;
    }
    drop(scope);
    work.commit().await?;
    Ok(())
}

async fn judge_old(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
) -> Result<Vec<HypothesisNote>, AgentError> {
    let mut notes = Vec::new();
    for open in scope.list_open_hypotheses(JUDGED_MAX).await? {
        let seen = scope.find_seen(&open.hypothesis, &stage.tenant.calendar, stage.now).await?;
        let state = judge(&open.hypothesis, seen, stage.now);
        if state == HypothesisState::Active {
            continue;
        }
        scope.mark_judged(open.id, state, stage.now).await?;
        let subject = open.hypothesis.subject();
        notes.push(HypothesisNote {
            key: open.key,
            subject,
            state,
            because: open.hypothesis.because,
        });
    }
    Ok(notes)
}

async fn keep_new(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    act: &ActOutput,
) -> Result<Vec<HypothesisNote>, AgentError> {
    let beliefs = hypotheses_from(&act.observed, stage.now);
    let kept = scope.insert_hypotheses(stage.run, &beliefs, stage.now).await?;
    let is_new = |key: &String| kept.contains(key);
    Ok(beliefs
        .into_iter()
        .map(|it| HypothesisNote {
            key: it.key(),
            subject: it.subject(),
            state: HypothesisState::Active,
            because: it.because,
        })
        .filter(|note| is_new(&note.key))
        .collect())
}

fn what_we_did(act: &ActOutput) -> Vec<String> {
    let mut lines = Vec::new();
    if 0 < act.orders_checked {
        let held = act.orders_checked - act.orders_accepted;
        lines.push(format!(
            "checked {} orders: {} accepted, {held} held",
            act.orders_checked, act.orders_accepted
        ));
    }
    let mut counts = std::collections::BTreeMap::<_, u32>::new();
    for it in &act.done {
        *counts.entry(it.kind).or_default() += 1;
    }
    let others = counts.iter().filter(|(kind, _)| !crate::gate::is_order_check(**kind));
    lines.extend(others.map(|(kind, count)| format!("{kind}: {count}")));
    if !act.failed.is_empty() {
        lines.push(format!("failed: {}", act.failed.len()));
    }
    lines
}

fn blocked_line(it: &ActionRef) -> String {
    let because: Vec<String> =
        it.verdict.iter().map(|reason| format!("{}: {}", reason.rule, reason.because)).collect();
    format!("{} {}: {}", it.kind, it.subject.id, because.join("; "))
}
