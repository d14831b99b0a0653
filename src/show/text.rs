//! The work block in words.

use std::fmt::Write;

use domain::{
    action::ActionKind,
    cycle::{ActOutput, ActionRef, PlanOutput, ReactOutput, ReflectOutput, WorkBlock},
    money::BasisPoints,
    policy::Effect,
};
use store::tenant::Tenant;

use super::Names;

/// Rows shown of each list; the rest is counted, and `--json` has all of it.
const ROWS_SHOWN: usize = 12;
/// Letters shown of each kind.
const LETTERS_SHOWN: usize = 5;
/// Width of a name in a row.
const NAME_CHARS: usize = 28;

pub(super) fn render(tenant: &Tenant, block: &WorkBlock, names: &Names) -> String {
    let mut text = head(tenant, block);
    if let Some(it) = &block.plan {
        plan(&mut text, it);
    }
    if let Some(it) = &block.act {
        act(&mut text, it, names);
    }
    if let Some(it) = &block.plan {
        list(&mut text, "Blocked by policy", &it.blocked, names, verdict_of);
        list(&mut text, "Waiting for a person", &it.awaiting, names, verdict_of);
        if !it.awaiting.is_empty() {
            text.push_str("      look with `steward action list`, then `steward action show|approve|reject ID`\n");
        }
    }
    if let Some(it) = &block.react {
        react(&mut text, it);
    }
    if let Some(it) = &block.reflect {
        reflect(&mut text, it, names);
    }
    text
}

fn head(tenant: &Tenant, block: &WorkBlock) -> String {
    let local = block.started_at.with_timezone(&tenant.calendar.zone);
    let when = local.format("%A %-d %B %Y, %H:%M");
    let mut line = format!(
        "{} · cycle {} · {when} ({})",
        tenant.name, block.cycle_number, tenant.calendar.zone
    );
    if block.as_of.is_some() {
        line.push_str(" · rehearsal, nothing was changed");
    }
    if 1 < block.hours_covered {
        let _ = write!(line, " · stands for {} hours", block.hours_covered);
    }
    let rule = "─".repeat(line.chars().count());
    format!("\n{line}\n{rule}\n")
}

fn plan(text: &mut String, it: &PlanOutput) {
    let inputs = &it.inputs;
    let looked_at = [
        (inputs.new_orders, "new orders"),
        (inputs.pending_orders, "held orders"),
        (inputs.stale_deals, "stalled deals"),
        (inputs.pending_quotes, "quotes"),
        (inputs.engagement_violations, "people due"),
        (inputs.email_updates, "messages"),
        (inputs.vendor_compliance, "compliance items"),
        (inputs.goals, "goals"),
    ];
    let looked_at: Vec<String> = looked_at
        .iter()
        .filter(|(count, _)| 0 < *count)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let seen =
        if looked_at.is_empty() { "nothing waits".to_owned() } else { looked_at.join(" · ") };
    let _ = writeln!(text, "PLAN     {seen}");
    if 0 < inputs.goals_behind {
        let _ = writeln!(
            text,
            "         {} of {} goals behind pace",
            inputs.goals_behind, inputs.goals
        );
    }
    let _ = writeln!(
        text,
        "         {} actions proposed · {} wait for a person · {} blocked · {} people cannot be reached",
        it.queue.len(),
        it.awaiting.len(),
        it.blocked.len(),
        inputs.unreachable
    );
}

fn act(text: &mut String, it: &ActOutput, names: &Names) {
    let is_idle = it.done.is_empty() && it.failed.is_empty() && it.stopped.is_empty();
    text.push_str(if is_idle { "ACT      nothing was due\n" } else { "ACT\n" });
    if 0 < it.orders_checked {
        let held = it.orders_checked - it.orders_accepted;
        let _ = writeln!(
            text,
            "   Orders: {} checked, {} accepted, {held} held",
            it.orders_checked, it.orders_accepted
        );
        let faults: Vec<String> =
            it.faults.iter().map(|(code, count)| format!("{code} {count}")).collect();
        if !faults.is_empty() {
            for line in wrapped(&faults, 88) {
                let _ = writeln!(text, "      {line}");
            }
        }
        let held: Vec<&ActionRef> = it.done.iter().filter(|it| is_held_order(it)).collect();
        rows(text, &held, names, |it| it.outcome.clone().unwrap_or_default());
    }
    let letters = kinds(it, |kind| kind.leaves_system());
    if !letters.is_empty() {
        let _ = writeln!(
            text,
            "   Letters: {} of {} this cycle",
            letters.len(),
            it.budgets.letters_per_cycle
        );
        for kind in ActionKind::ALL {
            let of_kind: Vec<&ActionRef> =
                letters.iter().copied().filter(|it| it.kind == *kind).collect();
            rows_up_to(LETTERS_SHOWN, text, &of_kind, names, letter);
        }
    }
    let tasks = kinds(it, |kind| kind == ActionKind::CreateTask);
    if !tasks.is_empty() {
        text.push_str("   Tasks for people\n");
        rows(text, &tasks, names, |it| task(it, names));
    }
    let changes = kinds(it, |kind| {
        matches!(kind, ActionKind::AdvanceDeal | ActionKind::RecordQuoteLoss | ActionKind::OpenCase)
    });
    if !changes.is_empty() {
        text.push_str("   Changes to the records\n");
        rows(text, &changes, names, |it| {
            format!("{}: {}", it.kind, it.outcome.as_deref().unwrap_or_default())
        });
    }
    list(text, "Failed", &it.failed, names, |it| it.outcome.clone().unwrap_or_default());
    list(text, "Not any more", &it.stopped, names, verdict_of);
    if !it.deferred.is_empty() {
        let mut because = std::collections::BTreeMap::<&str, u32>::new();
        for it in &it.deferred {
            *because.entry(it.outcome.as_deref().unwrap_or("a person decides")).or_default() += 1;
        }
        let because: Vec<String> =
            because.iter().map(|(why, count)| format!("{count}: {why}")).collect();
        let _ = writeln!(text, "   Left for later: {}", because.join(" · "));
    }
}

/// Parts of a touch's priority that are shown.
const PARTS_SHOWN: usize = 2;

fn is_held_order(it: &ActionRef) -> bool {
    it.kind == ActionKind::ProcessOrder
        && it.outcome.as_deref().is_some_and(|it| it.starts_with("held"))
}

fn kinds(it: &ActOutput, wanted: impl Fn(ActionKind) -> bool) -> Vec<&ActionRef> {
    it.done.iter().filter(|it| wanted(it.kind)).collect()
}

fn letter(it: &ActionRef) -> String {
    let kind = it.kind.as_str().replace('_', " ");
    if it.kind != ActionKind::SendTouch {
        return format!("{kind} · {}", it.reasons.join("; "));
    }
    // A priority is a sum; its weightiest parts tell a person enough, and `--json` has them all with their points.
    let because = it.reasons.iter().take(PARTS_SHOWN);
    let because: Vec<&str> =
        because.map(|part| part.split_once(": ").map_or(part.as_str(), |(_, why)| why)).collect();
    format!("{kind} · {}", because.join("; "))
}

fn task(it: &ActionRef, names: &Names) -> String {
    let what = it.outcome.as_deref().unwrap_or_default();
    match names.words.get(&it.action) {
        Some(words) => format!("{what} · “{words}”"),
        None => format!("{what} · {}", it.reasons.join("; ")),
    }
}

fn verdict_of(it: &ActionRef) -> String {
    let wanted = [Effect::Deny, Effect::NeedsApproval];
    let because: Vec<String> = it
        .verdict
        .iter()
        .filter(|reason| wanted.contains(&reason.argues))
        .map(|reason| format!("{} ({})", reason.because, reason.rule))
        .collect();
    format!("{} · {}", it.kind.as_str().replace('_', " "), because.join("; "))
}

fn list(
    text: &mut String,
    title: &str,
    list: &[ActionRef],
    names: &Names,
    tell: impl Fn(&ActionRef) -> String,
) {
    if list.is_empty() {
        return;
    }
    let _ = writeln!(text, "   {title}");
    let list: Vec<&ActionRef> = list.iter().collect();
    rows(text, &list, names, tell);
}

fn rows(
    text: &mut String,
    list: &[&ActionRef],
    names: &Names,
    tell: impl Fn(&ActionRef) -> String,
) {
    rows_up_to(ROWS_SHOWN, text, list, names, tell);
}

fn rows_up_to(
    shown: usize,
    text: &mut String,
    list: &[&ActionRef],
    names: &Names,
    tell: impl Fn(&ActionRef) -> String,
) {
    for it in list.iter().take(shown) {
        let who = match names.recipients.get(&it.action) {
            Some(person) => names.of(*person),
            None => names.of(it.subject),
        };
        let client = names.client(it);
        let _ = writeln!(text, "      {}  {}  {}", fitted(&who), fitted(&client), tell(it));
    }
    if shown < list.len() {
        let _ = writeln!(text, "      … and {} more", list.len() - shown);
    }
}

/// Cut or filled to the width of a name.
fn fitted(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME_CHARS {
        return format!("{name}{}", " ".repeat(NAME_CHARS - count));
    }
    let cut: String = name.chars().take(NAME_CHARS - 1).collect();
    format!("{cut}…")
}

fn wrapped(words: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() + 3 <= width => {
                let _ = write!(line, " · {word}");
            }
            _ => lines.push(word.clone()),
        }
    }
    lines
}

fn react(text: &mut String, it: &ReactOutput) {
    let _ = writeln!(text, "REACT    engagement {} in time", it.metrics.engagement_compliance);
    let changes = it.metric_changes.iter().map(|change| {
        let name = change.metric.trim_end_matches("_bp").replace('_', " ");
        if change.metric.ends_with("_bp") {
            let share = |value: i64| BasisPoints(i32::try_from(value).unwrap_or(0));
            format!("{name} {} → {}", share(change.from), share(change.to))
        } else {
            format!("{name} {} → {}", change.from, change.to)
        }
    });
    for line in wrapped(&changes.collect::<Vec<_>>(), 88) {
        let _ = writeln!(text, "         {line}");
    }
}

fn reflect(text: &mut String, it: &ReflectOutput, names: &Names) {
    let did = if it.what_we_did.is_empty() {
        "nothing to do".to_owned()
    } else {
        it.what_we_did.join(" · ")
    };
    let _ = writeln!(text, "REFLECT  {did}");
    if !it.what_got_blocked.is_empty() {
        let _ = writeln!(text, "         blocked {}", it.what_got_blocked.len());
    }
    if !it.what_we_will_try_next.is_empty() {
        let _ = writeln!(
            text,
            "         next: {} actions wait for their hour or a person",
            it.what_we_will_try_next.len()
        );
    }
    for note in it.hypotheses.iter().take(ROWS_SHOWN) {
        let _ = writeln!(
            text,
            "         hypothesis {}: {} · {}",
            note.state,
            names.of(note.subject),
            note.because
        );
    }
    if ROWS_SHOWN < it.hypotheses.len() {
        let _ =
            writeln!(text, "         … and {} more hypotheses", it.hypotheses.len() - ROWS_SHOWN);
    }
}

/// One finding on a line of its own.
pub(super) fn finding(value: &serde_json::Value) -> String {
    let text = |pointer: &str| {
        value.pointer(pointer).and_then(|it| it.as_str()).unwrap_or_default().to_owned()
    };
    format!(
        "{:<14} {:<8} {:<24} {:<26} expected {} found {}\n",
        text("/order"),
        text("/fault/severity"),
        text("/fault/code"),
        text("/fault/field_path"),
        text("/fault/expected"),
        text("/fault/actual")
    )
}
