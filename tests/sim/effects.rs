//! What a tenant's cycles have brought about, in words that do not depend on ids or on minutes.

use std::collections::{BTreeMap, BTreeSet};

use connectors::mail::OutgoingMail;
use domain::cycle::{ActOutput, ActionRef, WorkBlock};
use entity::{
    cases, compliance_items, deals, engagement_clocks as clocks, engagement_touches as touches,
    memories, order_exceptions, orders, outbound_messages as outbound, quotes, tasks,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::{rig::Rig, town::Town};

/// Every effect on a town, one line each.
pub async fn effects(rig: &Rig, town: &Town) -> BTreeSet<String> {
    macro_rules! all {
        ($table:ident) => {
            $table::Entity::find()
                .filter($table::Column::TenantId.eq(town.tenant.uuid()))
                .all(&rig.test.db)
                .await
                .expect("the rows can be read")
        };
    }
    let mut lines: Vec<String> = letters(rig).into_keys().collect();
    for it in all!(outbound) {
        lines.push(format!("ledger: {} to {}: {}", it.subject, it.to_address, it.status));
    }
    for it in all!(tasks) {
        lines.push(format!("task: {} of {}", it.kind, it.client_id));
    }
    for it in all!(cases) {
        lines.push(format!("case: {} {} is {}", it.kind, it.external_id, it.status));
    }
    for it in all!(deals) {
        let follow_ups = it.follow_ups_since_signal;
        lines.push(format!("deal {}: {}, {follow_ups} letters", it.external_id, it.stage_type));
    }
    for it in all!(quotes) {
        let loss = it.loss_recorded_at.is_some();
        lines.push(format!(
            "quote {}: {}, {} letters, loss kept: {loss}",
            it.external_id, it.status, it.follow_ups
        ));
    }
    for it in all!(compliance_items) {
        lines.push(format!("paper {}: {}, {} letters", it.external_id, it.status, it.reminders));
    }
    for it in all!(orders) {
        lines.push(format!("order {}: {}", it.number, it.status));
    }
    for it in all!(order_exceptions) {
        lines.push(format!("fault: {} {} {}", it.order_id, it.code, it.status));
    }
    for it in all!(clocks) {
        let fired = it.fired_epoch == it.epoch;
        lines.push(format!(
            "clock {} {}: epoch {}, fired: {fired}, open: {}, {:?}",
            it.entity_type, it.entity_key, it.epoch, it.is_open, it.unreachable_because
        ));
    }
    for it in all!(touches) {
        lines.push(format!("touch: {} of {:?}", it.touch_type, it.contact_id));
    }
    for it in all!(memories) {
        lines.push(format!("memory: {} is {}", it.key, it.status));
    }
    numbered(lines)
}

/// Every letter that left and how often, by what it says to whom.
pub fn letters(rig: &Rig) -> BTreeMap<String, usize> {
    let line = |mail: &OutgoingMail| format!("letter to {}: {}", mail.to_address, mail.body);
    let mut counts = BTreeMap::new();
    for (mail, times) in rig.transport.sent() {
        *counts.entry(line(&mail)).or_default() += times;
    }
    counts
}

/// What the record of a cycle says was done, in the same terms.
pub fn told(block: &WorkBlock) -> BTreeSet<String> {
    let act: &ActOutput = block.act.as_ref().expect("the cycle acted");
    let line = |end: &str, it: &ActionRef| {
        format!("{end}: {} {} {}", it.kind, it.subject.kind, it.subject.id)
    };
    let mut lines: Vec<String> = act.done.iter().map(|it| line("done", it)).collect();
    lines.extend(act.failed.iter().map(|it| line("failed", it)));
    lines.extend(act.stopped.iter().map(|it| line("stopped", it)));
    lines.push(format!("orders: {} checked, {} accepted", act.orders_checked, act.orders_accepted));
    lines.push(format!("faults: {:?}, {}", act.faults, act.findings_digest));
    lines.push(format!("{:?}", act.spent));
    numbered(lines)
}

/// Equal lines are told apart by a number, so that none is lost in a set.
fn numbered(lines: Vec<String>) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    lines
        .into_iter()
        .map(|line| {
            let count = seen.entry(line.clone()).or_default();
            *count += 1;
            format!("{line} #{count}")
        })
        .collect()
}

/// Holds two sets of lines against each other, and shows only where they differ.
#[track_caller]
pub fn assert_same(found: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) {
    let more: Vec<&String> = found.difference(expected).collect();
    let less: Vec<&String> = expected.difference(found).collect();
    assert!(more.is_empty() && less.is_empty(), "{what}: too much {more:#?}, missing {less:#?}");
}
