//! A tenant with at least one row in every table, made the way imports and cycles make them.

use domain::{
    access::KeyRole,
    action::{ActionKind, ActionStatus, Actor, OutboundStatus, SubjectKind},
    cycle::{Hypothesis, Phase, Prediction},
    engagement::{StageType, TouchKind},
    id::{
        ActionId, ApiKeyId, CaseId, ClientId, ComplianceItemId, ContactId, DealId, DecisionId,
        ImportId, MailboxId, MemoryId, MessageId, OrderId, OutboundId, ProductId, QuoteId, RunId,
    },
    import::{ImportKind, ImportOptions, ImportPart},
    mail::AskKind,
    order::{Fault, FaultCode, OrderVerdict},
    policy::{Effect, Moment, Reason},
    privacy::PrivacyRequest,
    proposal::{CaseKind, Justification, Payload, Proposal, TaskPayload},
    record::{ClockOwner, GoalMetric, OrderStatus, TouchSource, Unreachable},
    time::Timestamp,
};
use jobs::{JobId, Queue};
use store::{
    Fence, Transition,
    engagement::Touch,
    idempotency::{KeyUse, Keyed},
    import::{ContactRow, OrderRow, SuppressionRow},
    key::NewKey,
    line::LineRow,
    lock::TenantLock,
    memory::Pattern,
    order::CheckedOrder,
    outbound::NewOutbound,
    privacy::PersonCounts,
    recorded::{Recorded, RecordedState, Sameness},
    standing::StandingUpdate,
    upload::NewImport,
};
use testkit::{
    rows::{self, at, cents, day},
    world::{World, calendar, letter, plain},
};

use crate::recorded::record_as;

/// What [`fill`] made, by what a test asks for it by.
#[derive(Clone, Debug)]
pub struct Full {
    pub client: ClientId,
    /// Has nobody, and a standing that nobody has worked out yet.
    pub unrefreshed: ClientId,
    /// Can be reached, and was touched.
    pub contact: ContactId,
    /// Has no address.
    pub unreachable: ContactId,
    pub product: ProductId,
    /// Waits for its check.
    pub new_order: OrderId,
    /// Is held by a wrong price.
    pub held_order: OrderId,
    pub deal: DealId,
    pub quote: QuoteId,
    pub item: ComplianceItemId,
    pub safety_case: CaseId,
    pub mailbox: MailboxId,
    pub message: MessageId,
    pub run: RunId,
    pub fence: Fence,
    /// Waits for its turn; a letter to the contact.
    pub proposed: ActionId,
    pub outbound: OutboundId,
    pub hypothesis: Hypothesis,
    pub memory: MemoryId,
    /// Waits for the relay.
    pub job: JobId,
    /// Opens the tenant's data.
    pub key: ApiKeyId,
    /// Ended, with a row that was refused.
    pub import: ImportId,
}

/// The hour that the run of a full world stands for.
pub const HOUR: &str = "2026-03-03T09:00:00Z";

/// The key of everything that only a neighbour has.
pub const ELSEWHERE: &str = "ELSEWHERE";

/// The hour of a run that only a neighbour has.
pub const HOUR_ELSEWHERE: &str = "2026-03-03T11:00:00Z";

/// Fills a fresh world.
pub async fn fill(world: &World<'_>) -> Full {
    let client = world.client("C1").await;
    let unrefreshed = world.client("C2").await;
    let contact = world.contact("P1", client).await;
    let without_address = ContactRow { email: None, ..rows::contact("P2", client) };
    let unreachable = world.contact_row(&without_address).await;
    let product = sell(world, client).await;
    let (run, fence) = begin_run(world).await;
    let (new_order, held_order) = order(world, client, product, run).await;
    let mailbox = world.mailbox().await.id;
    let received_at = at("2026-03-02T10:00:00Z");
    let message = world.message("M1", Some((client, contact)), received_at).await;
    let (item, safety_case) = watch(world, client, message).await;
    let quote = world.quote("Q1", client).await;
    let (proposed, awaiting) = propose(world, run, client, contact).await;
    let decision = world.decision_of(proposed).await;
    let outbound = send(world, client, contact, proposed, decision).await;
    let deal = advance(world, client, awaiting).await;
    let (hypothesis, memory) = remember(world, client, run).await;
    keep_in_touch(world, client, contact, unreachable, message).await;
    let done = record(world, "M0").await;
    let (scope, end) = (world.scope(), RecordedState::Completed);
    let settled = scope.mark_job_settled(done, end, None, world.now).await.unwrap();
    assert_eq!(settled, Transition::Moved);
    let job = record(world, "M1").await;
    keep_schedules(world).await;
    put_off(world, run, client, contact).await;
    let key = open_to_others(world).await;
    let import = import(world).await;
    let (scope, noted) = (world.scope(), PrivacyRequest::Export);
    let counts = PersonCounts::default();
    scope.insert_privacy_request(noted, contact, &counts, &Actor::Agent, world.now).await.unwrap();
    Full {
        client,
        unrefreshed,
        contact,
        unreachable,
        product,
        new_order,
        held_order,
        deal,
        quote,
        item,
        safety_case,
        mailbox,
        message,
        run,
        fence,
        proposed,
        outbound,
        hypothesis,
        memory,
        job,
        key,
        import,
    }
}

/// An import that has ended with a row refused, and one whose files are on their way.
async fn import(world: &World<'_>) -> ImportId {
    let (scope, options) = (world.scope(), ImportOptions::default());
    let new = NewImport {
        kind: ImportKind::Contacts,
        source: "erp",
        options: &options,
        actor: &Actor::Agent,
    };
    let id = scope.insert_import(&new, world.now).await.unwrap();
    let words = b"Ada Buyer".to_vec();
    for part in [ImportPart::File, ImportPart::Rejects] {
        scope.insert_import_chunk(id, part, 0, words.clone(), world.now).await.unwrap();
    }
    scope.mark_import_waiting(id, 9, world.now).await.unwrap();
    let report = serde_json::json!({ "problems": ["Ada Buyer"] });
    let ended = scope.mark_import_ended(id, Ok(report), world.now).await.unwrap();
    assert_eq!(ended, Transition::Moved);
    scope.insert_import(&new, world.now).await.unwrap();
    id
}

/// A key, a request that was made with it, and a line of its own in a queue.
async fn open_to_others(world: &World<'_>) -> ApiKeyId {
    let scope = world.scope();
    let sha256 = format!("sha256 of the key of {}", world.tenant);
    let new = NewKey {
        name: "erp",
        role: KeyRole::Owner,
        secret_sha256: &sha256,
        hint: "stw_abcd",
        actor: &Actor::Agent,
        expires_at: None,
    };
    let key = scope.insert_key(&new, world.now).await.unwrap();
    let keyed = Keyed { key: "first", operation: "/v1/clients", request_sha256: "00" };
    assert_eq!(scope.insert_idempotency_key(&keyed, world.now).await.unwrap(), KeyUse::First);
    let line = LineRow {
        tenant: world.tenant,
        queue: Queue::Bulk,
        weight: 2,
        running_max: Some(3),
        rate: None,
    };
    scope.upsert_line_limits(&line, "cli:operator", world.now).await.unwrap();
    key
}

async fn put_off(world: &World<'_>, run: RunId, client: ClientId, contact: ContactId) {
    let wish = letter(client, contact, "later");
    let id = world.actions(run, ActionStatus::Proposed, &[wish]).await[0];
    let scope = world.scope();
    let later = store::action::ActionChange::to(ActionStatus::Proposed, world.now)
        .not_before(world.in_hours(24 * 365));
    scope.mark_action(id, ActionStatus::Proposed, &later).await.unwrap();
    let action = scope.find_action(id).await.unwrap().unwrap();
    let (allowed, facts) = (testkit::world::allow(), serde_json::json!({}));
    scope
        .insert_decision(&action, Some(run), &allowed, facts, Moment::Execute, world.now)
        .await
        .unwrap();
}

/// A schedule that fired, and a pause of the tenant itself.
async fn keep_schedules(world: &World<'_>) {
    let (hour, scope) = (at(HOUR), world.scope());
    scope.mark_schedule_fired("hourly_cycle", None, hour, world.now).await.unwrap();
    let pause = jobs::Pause::Tenant(world.tenant);
    world.test.store.system().insert_pause(&pause, "cli:operator", world.now).await.unwrap();
}

async fn record(world: &World<'_>, what: &str) -> JobId {
    match record_as(world, what, Sameness::WhilePending(what.to_owned())).await {
        Recorded::New(id) | Recorded::Duplicate(id) => id,
    }
}

/// Makes rows under keys that no full world has: whoever asks for these must find none.
pub async fn fill_elsewhere(world: &World<'_>) {
    let client = world.client(ELSEWHERE).await;
    let contact = world.contact(ELSEWHERE, client).await;
    world.product(ELSEWHERE).await;
    let standard = rows::credit(ELSEWHERE, None, 1);
    world.scope().upsert_credit_profiles(&world.origin(), &[standard]).await.unwrap();
    world.order(OrderStatus::New, &rows::order(ELSEWHERE, client)).await;
    world.deal(ELSEWHERE, client).await;
    world.message(ELSEWHERE, Some((client, contact)), world.now).await;
    record(world, ELSEWHERE).await;
    let run = world.run(Some(at(HOUR_ELSEWHERE))).await;
    world.actions(run, ActionStatus::Done, &[letter(client, contact, ELSEWHERE)]).await;
    let scope = world.scope();
    let block = scope.find_run(run).await.unwrap().unwrap().work_block;
    for phase in Phase::ALL {
        let fence = Fence { run, number: 1 };
        scope.mark_phase_done(fence, *phase, &block, world.now).await.unwrap();
    }
}

async fn sell(world: &World<'_>, client: ClientId) -> ProductId {
    let (scope, origin) = (world.scope(), world.origin());
    let product = world.product("A-1").await;
    let own = store::import::PriceBookEntryRow {
        client: Some(client),
        ..rows::price("PB2", product, 900)
    };
    let prices = [rows::price("PB1", product, 1_000), own];
    scope.upsert_price_book_entries(&origin, &prices).await.unwrap();
    let profiles = [rows::credit("CP1", None, 100_000), rows::credit("CP2", Some(client), 200_000)];
    scope.upsert_credit_profiles(&origin, &profiles).await.unwrap();
    let requirements = [rows::requirement("R1", None), rows::requirement("R2", Some(client))];
    scope.upsert_requirements(&origin, &requirements).await.unwrap();
    product
}

async fn begin_run(world: &World<'_>) -> (RunId, Fence) {
    let store = &world.test.store;
    let run = world.run(Some(at(HOUR))).await;
    let lock = store
        .acquire_tenant(world.tenant, run, "host/1/aaaaaa", None, world.now, world.in_hours(1))
        .await
        .unwrap();
    let TenantLock::Held(fence) = lock else { panic!("nobody else holds it: {lock:?}") };
    store.system().acquire_runner("host/1/aaaaaa", world.now, world.in_hours(1)).await.unwrap();
    (run, fence)
}

async fn order(
    world: &World<'_>,
    client: ClientId,
    product: ProductId,
    run: RunId,
) -> (OrderId, OrderId) {
    let lines = vec![rows::line(1, product)];
    let new = OrderRow {
        po_number: Some("PO 7".to_owned()),
        is_bill: true,
        lines: lines.clone(),
        ..rows::order("O1", client)
    };
    let held = OrderRow { lines, ..rows::order("O2", client) };
    let new = world.order(OrderStatus::New, &new).await;
    let held = world.order(OrderStatus::New, &held).await;
    let verdict = verdict(&[fault(FaultCode::PriceMismatch, "lines[1].unit_price")]);
    let checked = CheckedOrder { id: held, from: OrderStatus::New, verdict };
    world.scope().mark_orders_checked(&[checked], run, world.in_hours(-30)).await.unwrap();
    (new, held)
}

async fn watch(
    world: &World<'_>,
    client: ClientId,
    message: MessageId,
) -> (ComplianceItemId, CaseId) {
    let (scope, origin) = (world.scope(), world.origin());
    let item = world.compliance_item("CI1", client).await;
    scope.upsert_goals(&origin, &[rows::goal("G1", GoalMetric::Orders, 10)]).await.unwrap();
    let mut case = rows::case("S1", client, CaseKind::Safety);
    case.message = Some(message);
    (item, world.case(&case).await)
}

async fn propose(
    world: &World<'_>,
    run: RunId,
    client: ClientId,
    contact: ContactId,
) -> (ActionId, ActionId) {
    let mut refused = world.judged(
        plain(ActionKind::MoveMoney, (SubjectKind::Client, client.uuid()), "move_money"),
        ActionStatus::Blocked,
    );
    refused.verdict.effect = Effect::Deny;
    refused.verdict.reasons = vec![Reason {
        rule: "action-class".to_owned(),
        argues: Effect::Deny,
        because: "never".to_owned(),
        is_violation: true,
    }];
    let wish = Proposal { client: Some(client), ..letter(client, contact, "send_touch:1") };
    let judged = [
        world.judged(wish, ActionStatus::Proposed),
        world.judged(letter(client, contact, "send_touch:2"), ActionStatus::Awaiting),
        refused,
    ];
    let ids = world.scope().insert_proposals(run, &judged, true, world.now).await.unwrap();
    let task = TaskPayload { task: AskKind::Call, justification: Justification::None };
    world.scope().insert_task(ids[1], client, Some(contact), &task, world.now).await.unwrap();
    let change = store::action::ActionChange::to(ActionStatus::Awaiting, world.now)
        .executed(run, serde_json::json!({}));
    let scope = world.scope();
    scope.mark_action(ids[1], ActionStatus::Awaiting, &change).await.unwrap();
    let held = scope.find_action(ids[1]).await.unwrap().unwrap();
    let verdict = judged[2].verdict.clone();
    let facts = serde_json::json!({});
    scope
        .insert_decision(&held, Some(run), &verdict, facts, Moment::Execute, world.now)
        .await
        .unwrap();
    (ids[0], ids[1])
}

async fn send(
    world: &World<'_>,
    client: ClientId,
    contact: ContactId,
    action: ActionId,
    decision: DecisionId,
) -> OutboundId {
    let scope = world.scope();
    let Payload::Letter(letter) = letter(client, contact, "any").payload else {
        unreachable!("a letter has a letter's payload")
    };
    let new = NewOutbound {
        action,
        decision,
        client,
        letter: &letter,
        transport: "file",
        touches_clock: true,
    };
    let row = scope.insert_outbound(&[new], world.now).await.unwrap().remove(0);
    scope.mark_outbound_claimed(row.id, "host/1/aaaaaa", world.now).await.unwrap();
    let sent = OutboundStatus::Sent;
    scope.mark_outbound_result(row.id, sent, Some("1.eml"), None, world.now).await.unwrap();
    row.id
}

async fn advance(world: &World<'_>, client: ClientId, action: ActionId) -> DealId {
    let scope = world.scope();
    let id = world.deal("D1", client).await;
    let deal = scope.find_deal(id).await.unwrap().unwrap();
    let today = world.today();
    scope.mark_deal_advanced(&deal, StageType::Ongoing, action, today, world.now).await.unwrap();
    id
}

async fn remember(world: &World<'_>, client: ClientId, run: RunId) -> (Hypothesis, MemoryId) {
    let scope = world.scope();
    let hypothesis = Hypothesis {
        prediction: Prediction::OrderFrom { client },
        since: at("2026-02-01T00:00:00Z"),
        until: at("2026-04-01T00:00:00Z"),
        because: "a letter went out".to_owned(),
    };
    scope.insert_hypotheses(run, std::slice::from_ref(&hypothesis), world.now).await.unwrap();
    let pattern = Pattern {
        key: "pattern:1",
        content: serde_json::json!({}),
        evidence: serde_json::json!([]),
        expires_at: world.in_hours(24),
    };
    scope.upsert_pattern(run, &pattern, world.now).await.unwrap();
    let open = scope.list_open_hypotheses(10).await.unwrap();
    (hypothesis, open[0].id)
}

async fn keep_in_touch(
    world: &World<'_>,
    client: ClientId,
    contact: ContactId,
    unreachable: ContactId,
    message: MessageId,
) {
    let (scope, origin) = (world.scope(), world.origin());
    let suppressed =
        SuppressionRow { address: "gone@people.example".to_owned(), reason: "bounced".to_owned() };
    scope.upsert_suppressions(&origin, &[suppressed]).await.unwrap();
    let touch = Touch {
        contact: Some(contact),
        client,
        // Long enough ago for the next touch to be due.
        at: at("2026-02-01T10:00:00Z"),
        kind: TouchKind::InboundEmail,
        by: "contact",
        source: (TouchSource::Message, message.uuid()),
    };
    scope.record_touch(&touch, &calendar(), world.now).await.unwrap();
    let update = |contact: ContactId, unreachable| StandingUpdate {
        owner: ClockOwner::Contact,
        entity: contact.uuid(),
        points: 12,
        unreachable,
    };
    let updates = [update(contact, None), update(unreachable, Some(Unreachable::NoAddress))];
    scope.mark_standing(&[client], &updates, world.now).await.unwrap();
    let until = at("2026-02-20T08:00:00Z");
    scope.mark_paused(contact, until, "out of office", world.now).await.unwrap();
}

/// A verdict with these faults, on an order of a hundred euros.
pub fn verdict(faults: &[Fault]) -> OrderVerdict {
    OrderVerdict { faults: faults.to_vec(), faults_omitted: 0, total: Some(cents(10_000)) }
}

/// A fault as the checks would write it down.
pub fn fault(code: FaultCode, field_path: &str) -> Fault {
    Fault {
        code,
        exception_type: code.exception_type(),
        severity: code.severity(),
        field_path: field_path.to_owned(),
        expected: Some("10.00 EUR".to_owned()),
        actual: Some("12.00 EUR".to_owned()),
        tolerance: None,
        suggested_fix: "Correct it.".to_owned(),
        owner_role: code.owner_role(),
        resolves_itself: code.resolves_itself(),
        line_no: None,
    }
}

/// A moment long after everything in a full world.
pub fn later() -> Timestamp {
    at("2026-03-04T12:00:00Z")
}

/// The tenant's day in a full world.
pub fn today() -> domain::time::Date {
    day("2026-03-03")
}
