//! `steward workers`

use std::{process::ExitCode, time::Duration};

use jobs::Timestamp;
use platform::config::Config;
use serde_json::json;
use store::worker::{DoingJob, SILENT_AFTER, WorkerRow};

use crate::{app::App, output::Output};

pub async fn run(config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let app = App::open(config).await?;
    let now = app.clock.now();
    let workers = app.store.system().list_workers(now).await?;
    let rows: Vec<_> = workers.iter().map(|it| value(it, now)).collect();
    output.print(&json!({ "workers": rows }), || match workers.as_slice() {
        [] => "nobody works: `steward up`, or `steward worker`".to_owned(),
        some => some.iter().map(|it| text(it, now)).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// For how long it has said nothing, if that is too long.
fn silent_for(row: &WorkerRow, now: Timestamp) -> Option<Duration> {
    let since = (now - row.seen_at).to_std().ok()?;
    (SILENT_AFTER < since).then_some(since)
}

fn value(row: &WorkerRow, now: Timestamp) -> serde_json::Value {
    json!({
        "instance": row.instance,
        "version": row.version,
        "started_at": row.started_at,
        "seen_at": row.seen_at,
        "is_silent": silent_for(row, now).is_some(),
        "doing": row.doing,
    })
}

fn text(row: &WorkerRow, now: Timestamp) -> String {
    let since = row.started_at.format("%Y-%m-%d %H:%M UTC");
    let mut lines = vec![format!("{}  version {}, since {since}", row.instance, row.version)];
    if let Some(silent) = silent_for(row, now) {
        lines.push(format!(
            "  silent for {} s: it is gone, or stands still; what follows is what it did then",
            silent.as_secs()
        ));
    }
    lines.extend(row.doing.problems.iter().map(|problem| format!("  {problem}")));
    let places =
        row.doing.queues.iter().map(|it| format!("{} {}/{}", it.queue, it.in_hand, it.slots));
    let places: Vec<_> = places.collect();
    if !places.is_empty() {
        lines.push(format!("  jobs in hand: {}", places.join(", ")));
    }
    lines.extend(row.doing.jobs.iter().map(job));
    if 0 < row.doing.left_behind {
        lines.push(format!(
            "  {} handlers do not stop and hold a thread each",
            row.doing.left_behind
        ));
    }
    lines.join("\n")
}

fn job(job: &DoingJob) -> String {
    let tenant = job.tenant.map(|tenant| format!(" of tenant {tenant}")).unwrap_or_default();
    format!("    {} {}{tenant}, for {:.1} s", job.name, job.id, job.held_for_seconds)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use jobs::{JobId, Queue};
    use store::worker::{Doing, DoingQueue};

    use super::*;

    #[test]
    fn a_worker_is_shown_with_what_it_does_and_what_is_wrong() {
        let now: Timestamp = "2026-05-04T09:00:00Z".parse().unwrap();
        let in_hand = DoingJob {
            id: JobId::from_uuid(uuid::Uuid::nil()),
            name: "act_cycle".to_owned(),
            tenant: None,
            queue: Queue::Agent,
            held_for_seconds: 1.25,
        };
        let row = WorkerRow {
            instance: "north/7/x".to_owned(),
            version: "0.1.0".to_owned(),
            started_at: now,
            seen_at: now,
            doing: Doing {
                problems: vec!["it is stopping".to_owned()],
                queues: vec![DoingQueue { queue: Queue::Agent, slots: 4, in_hand: 1, overdue: 0 }],
                jobs: vec![in_hand],
                left_behind: 2,
            },
        };
        let shown = text(&row, now + TimeDelta::seconds(10));
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(
            lines,
            [
                "north/7/x  version 0.1.0, since 2026-05-04 09:00 UTC",
                "  it is stopping",
                "  jobs in hand: agent 1/4",
                "    act_cycle 00000000-0000-0000-0000-000000000000, for 1.2 s",
                "  2 handlers do not stop and hold a thread each",
            ]
        );
        let later = now + TimeDelta::seconds(40);
        assert!(text(&row, later).contains("silent for 40 s"));
        assert_eq!(value(&row, later)["is_silent"], true);
        // A clock that is behind says nothing of silence.
        assert_eq!(value(&row, now - TimeDelta::seconds(40))["is_silent"], false);
    }
}
