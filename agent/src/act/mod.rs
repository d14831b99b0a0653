//! Act: carries out what the policy allows, within budgets, one unit of work per effect.
//!
//! A phase that is begun again finds every action in the state that its last commit left, and goes on from there.

mod changes;
mod letters;
mod orders;
mod resume;

use std::collections::HashSet;

use chrono::TimeDelta;
use domain::{
    action::{ActionKind, ActionStatus},
    cycle::{ActOutput, ActionRef, Budgets, Phase, Spent, WorkBlock, findings_digest},
    policy::{Approval, Effect, Moment, Reason},
    proposal::Payload,
    time::Timestamp,
};
use store::{
    Scope, Transition,
    action::{ActionChange, ActionRow},
};

use self::letters::Departing;
use crate::{
    AgentError,
    cycle::{Stage, finish_phase},
    gate::{Gate, Known, Ruling, is_order_check},
    plan::measure,
    upkeep::{self, REARM_DAYS},
};

/// Actions that one cycle looks at.
const ACTIONS_MAX: u64 = 10_000;
/// Letters that are judged by facts loaded together: what happens in the moment of sending them is seen by the next.
const LETTERS_TOGETHER_MAX: usize = 10;
/// Sights that are kept for Reflect.
const OBSERVED_MAX: usize = 5_000;

/// What became of one action.
pub(crate) enum End {
    /// It was carried out.
    Done { outcome: String },
    /// It did not work, or nobody can tell.
    Failed { status: ActionStatus, error: String },
    /// It was permitted once and is not any more.
    Stopped { reasons: Vec<Reason> },
    /// It waits for a person after all.
    Held { reasons: Vec<Reason> },
    /// It is left for later.
    Deferred { because: String },
    /// Somebody else had moved it meanwhile.
    Gone,
}

pub(crate) async fn run(stage: &Stage<'_>, block: &mut WorkBlock) -> Result<(), AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let metrics = measure(&scope, stage).await?;
    let goals = scope.list_goals(stage.today(), 100).await?;
    let gate = Gate::new(stage.tenant, stage.now, &metrics, &goals);
    let actions = if stage.is_rehearsal() {
        scope.list_actions_of_run(stage.run).await?
    } else {
        scope.list_runnable(stage.now, ACTIONS_MAX).await?
    };
    let (orders, others): (Vec<_>, Vec<_>) =
        actions.into_iter().partition(|action| is_order_check(action.proposal.kind));

    let mut output = ActOutput { budgets: stage.tenant.settings.budgets, ..ActOutput::default() };
    let mut findings = resume::take_up(stage, &mut output).await?;
    output.spent.letters_earlier_today = sent_earlier_today(stage).await?;
    findings.extend(orders::check(stage, &gate, orders, &mut output).await?);
    output.findings_digest = findings_digest(&findings);
    let mut rest = others.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(together(rest, &output.spent, &output.budgets));
        let ends = if stage.is_rehearsal() {
            batch.iter().map(|it| rehearse(stage, it, &mut output.spent, block)).collect()
        } else {
            some(stage, &gate, batch, &mut output.spent).await?
        };
        for (action, end) in batch.iter().zip(ends) {
            note(&mut output, action, end);
        }
        rest = later;
    }
    letters::observe(&mut output);
    output.observed.truncate(OBSERVED_MAX);
    block.act = Some(output);

    let work = stage.begin().await?;
    let writes = work.scope();
    finish_phase(stage, &writes, Phase::Act, block).await?;
    drop(writes);
    work.commit().await?;
    Ok(())
}

/// Letters of the last 24 hours, without those of this run: what it sends bears its own moment.
async fn sent_earlier_today(stage: &Stage<'_>) -> Result<u32, AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let since_yesterday = scope.count_sent_since(stage.now - TimeDelta::hours(24)).await?;
    let of_this_run = scope.count_sent_since(stage.now - TimeDelta::microseconds(1)).await?;
    Ok(since_yesterday.saturating_sub(of_this_run))
}

/// How many actions, from the first on, can be judged by facts that are loaded together.
///
/// Letters to different people about different things: one that leaves changes nothing that the others rest on.
/// There are no more of them than the budgets have left, so that none has to wait for another one's end.
fn together(actions: &[ActionRow], spent: &Spent, budgets: &Budgets) -> usize {
    let mut reserved = *spent;
    let mut seen = HashSet::new();
    let fits = |action: &&ActionRow| {
        let Payload::Letter(letter) = &action.proposal.payload else { return false };
        let kind = action.proposal.kind;
        let is_affordable = reserved.exhausted(kind, budgets).is_none();
        reserved.count(kind);
        let subject = action.proposal.subject.id;
        let is_another = seen.insert(letter.contact.uuid());
        let is_another = is_another && (subject == letter.contact.uuid() || seen.insert(subject));
        is_affordable && is_another && action.status != ActionStatus::Executing
    };
    actions.iter().take(LETTERS_TOGETHER_MAX).take_while(fits).count().max(1)
}

/// What is left to do with an action that was judged.
pub(crate) enum Step<'a> {
    /// Nothing.
    Ended(End),
    /// A letter is to be sent.
    Send(Departing<'a>),
}

/// Takes some actions as far as they go in this hour.
async fn some(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    batch: &[ActionRow],
    spent: &mut Spent,
) -> Result<Vec<End>, AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let mut known = None;
    let mut ends = Vec::with_capacity(batch.len());
    let mut departing = Vec::new();
    for (place, action) in batch.iter().enumerate() {
        let step = if action.status == ActionStatus::Executing {
            // A crash came between the intent and its result: only the transport knows what happened.
            letters::finish(stage, gate, action, spent).await?
        } else if let Some(end) = used_up(stage, action, spent) {
            Step::Ended(end)
        } else {
            let known = match &known {
                Some(known) => known,
                None => {
                    let proposals = batch.iter().map(|it| &it.proposal);
                    known.insert(gate.load_known(&scope, proposals).await?)
                }
            };
            permitted(stage, gate, action, known, spent).await?
        };
        match step {
            Step::Ended(end) => ends.push(end),
            Step::Send(letter) => {
                departing.push((place, letter));
                ends.push(End::Gone);
            }
        }
    }
    for (place, end) in letters::send(stage, departing).await? {
        if may_have_happened(&end) {
            spent.count(batch[place].proposal.kind);
        }
        ends[place] = end;
    }
    Ok(ends)
}

pub(crate) fn used_up(stage: &Stage<'_>, action: &ActionRow, spent: &Spent) -> Option<End> {
    let budget = spent.exhausted(action.proposal.kind, &stage.tenant.settings.budgets)?;
    Some(End::Deferred { because: format!("{budget} is used up") })
}

/// Asks once more, at the last moment, and carries out what is permitted now; a letter is given back to be sent.
async fn permitted<'a>(
    stage: &Stage<'_>,
    gate: &Gate<'_>,
    action: &'a ActionRow,
    known: &Known,
    spent: &mut Spent,
) -> Result<Step<'a>, AgentError> {
    let scope = stage.agent.store.tenant(stage.tenant.id);
    let approval = approval_of(action);
    let ruling = gate.ask_again(&scope, &action.proposal, known, approval.as_ref()).await?;
    let end = match ruling.verdict.effect {
        Effect::Deny => stop(stage, action, ruling).await?,
        Effect::NeedsApproval => hold(stage, action, ruling).await?,
        Effect::Allow => match ruling.verdict.not_before().filter(|at| stage.now < *at) {
            Some(at) => put_off(stage, action, ruling, at).await?,
            None => return carry_out(stage, action, ruling, spent).await,
        },
    };
    Ok(Step::Ended(end))
}

/// Whether an effect is spent: a letter that was handed over and not answered for counts as one.
fn may_have_happened(end: &End) -> bool {
    match end {
        End::Done { .. } | End::Deferred { .. } => true,
        End::Failed { status, .. } => *status == ActionStatus::Unknown,
        End::Stopped { .. } | End::Held { .. } | End::Gone => false,
    }
}

/// What a person agreed to, if this action was approved, also if it had begun when it was interrupted.
fn approval_of(action: &ActionRow) -> Option<Approval> {
    let expires_at = action.expires_at?;
    let is_agreed = match action.status {
        ActionStatus::Approved => true,
        ActionStatus::Executing => action.decided_at.is_some(),
        _ => false,
    };
    is_agreed.then(|| Approval { payload_hash: action.payload_hash.clone(), expires_at })
}

async fn carry_out<'a>(
    stage: &Stage<'_>,
    action: &'a ActionRow,
    ruling: Ruling,
    spent: &mut Spent,
) -> Result<Step<'a>, AgentError> {
    let kind = action.proposal.kind;
    let end = match kind {
        ActionKind::SendTouch
        | ActionKind::FollowUpDeal
        | ActionKind::FollowUpQuote
        | ActionKind::RemindCompliance => match Departing::new(action, ruling) {
            Ok(letter) => return Ok(Step::Send(letter)),
            Err(because) => fail(stage, action, because).await?,
        },
        ActionKind::AdvanceDeal
        | ActionKind::RecordQuoteLoss
        | ActionKind::CreateTask
        | ActionKind::OpenCase => changes::apply(stage, action, ruling).await?,
        ActionKind::ProcessOrder
        | ActionKind::Research
        | ActionKind::ChangePrice
        | ActionKind::ChangeCreditLimit
        | ActionKind::MoveMoney
        | ActionKind::DeleteRecord => {
            fail(stage, action, "nothing here carries out such an action").await?
        }
    };
    if may_have_happened(&end) {
        spent.count(kind);
    }
    Ok(Step::Ended(end))
}

/// Keeps the verdict that an action met when its turn had come.
async fn keep(
    stage: &Stage<'_>,
    scope: &Scope<'_>,
    action: &ActionRow,
    ruling: Ruling,
) -> Result<(), AgentError> {
    let Ruling { verdict, facts } = ruling;
    let (run, now) = (Some(stage.run), stage.now);
    scope.insert_decision(action, run, &verdict, facts, Moment::Execute, now).await?;
    Ok(())
}

async fn stop(stage: &Stage<'_>, action: &ActionRow, ruling: Ruling) -> Result<End, AgentError> {
    let reasons: Vec<Reason> = ruling.verdict.decisive().cloned().collect();
    let work = stage.begin().await?;
    let scope = work.scope();
    keep(stage, &scope, action, ruling).await?;
    let because = reasons.iter().map(|it| it.because.as_str()).collect::<Vec<_>>().join("; ");
    let change = ActionChange::to(ActionStatus::Expired, stage.now).because(because.as_str());
    let moved = scope.mark_action(action.id, action.status, &change).await?;
    // An intent that was written down before an interruption goes with it.
    scope.mark_outbound_withdrawn(action.id, &because).await?;
    upkeep::rearm(&scope, action, stage.now, stage.now).await?;
    drop(scope);
    work.commit().await?;
    Ok(if moved == Transition::Lost { End::Gone } else { End::Stopped { reasons } })
}

async fn hold(stage: &Stage<'_>, action: &ActionRow, ruling: Ruling) -> Result<End, AgentError> {
    let reasons: Vec<Reason> = ruling.verdict.decisive().cloned().collect();
    let work = stage.begin().await?;
    let scope = work.scope();
    keep(stage, &scope, action, ruling).await?;
    let change = ActionChange::to(ActionStatus::Awaiting, stage.now);
    let moved = scope.mark_action(action.id, action.status, &change).await?;
    drop(scope);
    work.commit().await?;
    Ok(if moved == Transition::Lost { End::Gone } else { End::Held { reasons } })
}

async fn put_off(
    stage: &Stage<'_>,
    action: &ActionRow,
    ruling: Ruling,
    at: Timestamp,
) -> Result<End, AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    keep(stage, &scope, action, ruling).await?;
    let change = ActionChange::to(action.status, stage.now).not_before(at);
    scope.mark_action(action.id, action.status, &change).await?;
    drop(scope);
    work.commit().await?;
    Ok(End::Deferred { because: not_before_text(stage, at) })
}

/// When it may happen, on the tenant's wall clock.
pub(crate) fn not_before_text(stage: &Stage<'_>, at: Timestamp) -> String {
    let local = at.with_timezone(&stage.tenant.calendar.zone);
    format!("not before {}", local.format("%Y-%m-%d %H:%M"))
}

async fn fail(stage: &Stage<'_>, action: &ActionRow, error: &str) -> Result<End, AgentError> {
    let work = stage.begin().await?;
    let scope = work.scope();
    let change = ActionChange::to(ActionStatus::Failed, stage.now).because(error);
    scope.mark_action(action.id, action.status, &change).await?;
    let again_at = stage.now + TimeDelta::days(REARM_DAYS);
    upkeep::rearm(&scope, action, again_at, stage.now).await?;
    drop(scope);
    work.commit().await?;
    Ok(End::Failed { status: ActionStatus::Failed, error: error.to_owned() })
}

/// What would happen to an action of a rehearsal, by what Plan decided about it and the budgets that are left.
fn rehearse(stage: &Stage<'_>, action: &ActionRow, spent: &mut Spent, block: &WorkBlock) -> End {
    let is_allowed =
        block.plan.as_ref().is_some_and(|plan| plan.queue.iter().any(|it| it.action == action.id));
    if !is_allowed {
        return End::Gone;
    }
    if let Some(budget) = spent.exhausted(action.proposal.kind, &stage.tenant.settings.budgets) {
        return End::Deferred { because: format!("{budget} is used up") };
    }
    if let Some(at) = action.not_before.filter(|at| stage.now < *at) {
        return End::Deferred { because: not_before_text(stage, at) };
    }
    spent.count(action.proposal.kind);
    End::Done { outcome: "would do".to_owned() }
}

/// Enters an action into the phase's output.
pub(crate) fn note(output: &mut ActOutput, action: &ActionRow, done: End) {
    let mut it = ActionRef {
        action: action.id,
        kind: action.proposal.kind,
        subject: action.proposal.subject,
        client: action.proposal.client,
        status: action.status,
        score: action.proposal.score,
        reasons: action.proposal.reasons.clone(),
        verdict: Vec::new(),
        outcome: None,
    };
    match done {
        End::Done { outcome } => {
            if it.status != ActionStatus::WouldDo {
                it.status = ActionStatus::Done;
            }
            it.outcome = Some(outcome);
            output.done.push(it);
        }
        End::Failed { status, error } => {
            it.status = status;
            it.outcome = Some(error);
            output.failed.push(it);
        }
        End::Stopped { reasons } => {
            it.status = ActionStatus::Expired;
            it.verdict = reasons;
            output.stopped.push(it);
        }
        End::Held { reasons } => {
            it.status = ActionStatus::Awaiting;
            it.verdict = reasons;
            output.deferred.push(it);
        }
        End::Deferred { because } => {
            it.outcome = Some(because);
            output.deferred.push(it);
        }
        End::Gone => {}
    }
}
