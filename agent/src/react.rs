//! React: turns results into outcomes and metric changes.

use std::collections::BTreeMap;

use domain::cycle::{ActOutput, Phase, ReactOutput, WorkBlock, changes};

use crate::{
    AgentError,
    cycle::{Stage, finish_phase},
    plan::measure,
};

pub(crate) async fn run(stage: &Stage<'_>, block: &mut WorkBlock) -> Result<(), AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    let metrics = measure(&scope, stage).await?;
    let before = block.plan.as_ref().map(|plan| plan.metrics).unwrap_or_default();
    block.react = Some(ReactOutput {
        outcomes: block.act.as_ref().map(outcomes).unwrap_or_default(),
        metric_changes: changes(&before, &metrics),
        metrics,
    });
    finish_phase(stage, &scope, Phase::React, block).await?;
    drop(scope);
    work.commit().await?;
    Ok(())
}

/// How many actions of each kind ended how.
fn outcomes(act: &ActOutput) -> BTreeMap<String, BTreeMap<String, u32>> {
    let mut counts: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    let lists = [
        ("", &act.done),
        ("", &act.failed),
        ("stopped", &act.stopped),
        ("deferred", &act.deferred),
    ];
    for (name, list) in lists {
        for it in list {
            let end = if name.is_empty() { it.status.as_str() } else { name };
            *counts.entry(it.kind.to_string()).or_default().entry(end.to_owned()).or_default() += 1;
        }
    }
    counts
}
