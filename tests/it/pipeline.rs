//! Deals, quotes, compliance items, goals and tasks: what waits, what was done about it, and the numbers.

use domain::{
    action::{ActionKind, ActionStatus, SubjectKind},
    cycle::Metrics,
    engagement::{ComplianceStatus, QuoteStatus, StageType},
    id::{ActionId, ClientId},
    mail::{AskKind, Span},
    money::BasisPoints,
    order::FaultCode,
    proposal::{CaseKind, Evidence, Justification, TaskPayload},
    record::{GoalMetric, OrderStatus},
    time::Timestamp,
};
use entity::{deal_stage_changes as changes, tasks};
use sea_orm::EntityTrait;
use store::{
    Transition,
    care::NewCase,
    import::{ComplianceItemRow, DealRow, OrderRow, QuoteRow},
    order::CheckedOrder,
};
use testkit::{
    database::TestDb,
    rows::{self, at, day},
    world::{World, plain},
};

use crate::full::{fault, verdict};

on_both!(
    a_deal_moves_on_from_the_stage_it_was_seen_in,
    a_buyers_signal_wakes_the_open_deals_of_the_account,
    a_quote_waits_until_it_is_decided_and_its_loss_is_kept_once,
    compliance_items_are_listed_until_they_are_there,
    goals_count_what_was_reached_by_today,
    one_message_opens_one_case_of_a_kind,
    one_proof_gives_one_task,
    the_numbers_count_what_is_visible,
    names_are_found_for_what_is_still_there,
);

async fn a_deal_moves_on_from_the_stage_it_was_seen_in(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let (scope, today) = (world.scope(), world.today());
    let action = action(&world, "advance").await;
    let id = world.deal("D1", client).await;
    let seen = scope.find_deal(id).await.unwrap().unwrap();
    assert_eq!((seen.facts.stage_type, seen.stage_name.as_str()), (StageType::Open, "Qualified"));

    let advance =
        async |to| scope.mark_deal_advanced(&seen, to, action, today, world.now).await.unwrap();
    assert_eq!(advance(StageType::Ongoing).await, Transition::Moved);
    assert_eq!(advance(StageType::Ongoing).await, Transition::Lost, "it was seen elsewhere");
    let moved = scope.find_deal(id).await.unwrap().unwrap();
    assert_eq!((moved.facts.stage_type, moved.facts.stage_entered_on), (StageType::Ongoing, today));
    let logged = changes::Entity::find().all(&test.db).await.unwrap();
    assert_eq!(logged.len(), 1);
    assert_eq!(
        (logged[0].from_stage.as_str(), logged[0].to_stage.as_str()),
        ("Qualified", "ongoing")
    );
    assert_eq!((logged[0].days_in_stage, logged[0].changed_by.as_str()), (29, "agent"));
    assert_eq!(logged[0].action_id, Some(action.uuid()));

    scope.mark_deal_followed_up(id, today, world.now).await.unwrap();
    scope.mark_deal_followed_up(id, today, world.now).await.unwrap();
    let facts = scope.find_deal(id).await.unwrap().unwrap().facts;
    assert_eq!((facts.follow_ups_since_signal, facts.last_follow_up_on), (2, Some(today)));
}

async fn a_buyers_signal_wakes_the_open_deals_of_the_account(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (client, other) = (world.client("C1").await, world.client("C2").await);
    let deal = |key: &str, client, stage_type, entered: &str| DealRow {
        stage_type,
        stage_entered_on: Some(day(entered)),
        ..rows::deal(key, client)
    };
    let deals = [
        deal("open", client, StageType::Open, "2026-02-02"),
        deal("on hold", client, StageType::OnHold, "2026-02-10"),
        deal("won", client, StageType::Won, "2026-02-02"),
        deal("later", client, StageType::Open, "2026-02-21"),
        deal("another's", other, StageType::Open, "2026-02-02"),
    ];
    let (scope, today) = (world.scope(), world.today());
    scope.upsert_deals(&world.origin(), today, &deals).await.unwrap();
    let ids =
        scope.deal_ids("crm", &["open", "on hold", "won", "later", "another's"]).await.unwrap();
    for id in ids.values() {
        scope.mark_deal_followed_up(*id, today, world.now).await.unwrap();
    }
    scope.mark_buyer_signal(client, day("2026-02-20"), world.now).await.unwrap();
    // An older mail, found late, takes nothing back.
    scope.mark_deal_followed_up(ids["open"], today, world.now).await.unwrap();
    scope.mark_buyer_signal(client, day("2026-02-19"), world.now).await.unwrap();
    scope.mark_buyer_signal(client, day("2026-02-20"), world.now).await.unwrap();
    for (key, signal, follow_ups) in [
        ("open", Some("2026-02-20"), 1),
        ("on hold", Some("2026-02-20"), 0),
        ("won", None, 1),
        ("later", None, 1),
        ("another's", None, 1),
    ] {
        let facts = scope.find_deal(ids[key]).await.unwrap().unwrap().facts;
        assert_eq!(facts.last_buyer_signal_on, signal.map(day), "{key}");
        assert_eq!(facts.follow_ups_since_signal, follow_ups, "{key}");
    }
    let open: Vec<String> =
        scope.list_open_deals(today, 10).await.unwrap().into_iter().map(|it| it.key).collect();
    let expected = ["another's", "later", "on hold", "open"];
    assert_eq!(open, expected, "all were followed up on today: by their keys");
    let yesterday = today.pred_opt().unwrap();
    scope.mark_deal_followed_up(ids["open"], yesterday, world.now).await.unwrap();
    let first = scope.list_open_deals(today, 1).await.unwrap();
    assert_eq!(first[0].key, "open", "left alone the longest");
    let of_client = scope.list_deals_of(&[client], day("2026-02-20")).await.unwrap();
    assert_eq!(of_client.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["on hold", "open"]);
}

async fn a_quote_waits_until_it_is_decided_and_its_loss_is_kept_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let (scope, today) = (world.scope(), world.today());
    let quote = |key: &str, status, on: Option<&str>| QuoteRow {
        status,
        submitted_on: on.map(day),
        ..rows::quote(key, client)
    };
    let decided = QuoteRow {
        decided_on: Some(day("2026-03-01")),
        lost_reason: Some("price".to_owned()),
        ..quote("lost", QuoteStatus::Lost, Some("2026-02-25"))
    };
    let quotes = [
        quote("new", QuoteStatus::Submitted, Some("2026-03-03")),
        quote("old", QuoteStatus::Confirmed, Some("2026-02-20")),
        quote("ahead", QuoteStatus::Submitted, Some("2026-03-04")),
        quote("draft", QuoteStatus::Draft, None),
        quote("won", QuoteStatus::Won, Some("2026-02-20")),
        decided,
    ];
    scope.upsert_quotes(&world.origin(), &quotes).await.unwrap();
    let pending = async || {
        let found = scope.list_pending_quotes(today, 10).await.unwrap();
        found.into_iter().map(|it| it.key).collect::<Vec<_>>()
    };
    assert_eq!(pending().await, ["old", "lost", "new"], "oldest first");
    let waiting = scope.list_waiting_quotes_of(&[client], today).await.unwrap();
    assert_eq!(waiting.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["new", "old"]);

    let listed = scope.list_pending_quotes(today, 10).await.unwrap();
    let (old, lost) = (listed[0].id, listed[1].id);
    for _ in 0..2 {
        scope.mark_quote_followed_up(old, today, world.now).await.unwrap();
    }
    let found = scope.find_quote(old).await.unwrap().unwrap();
    assert_eq!((found.facts.follow_ups, found.facts.last_follow_up_on), (2, Some(today)));
    let keep = async |id| scope.mark_quote_lost(id, "kept", today, world.now).await.unwrap();
    assert_eq!(keep(lost).await, Transition::Moved);
    assert_eq!(keep(lost).await, Transition::AlreadyThere);
    assert_eq!(keep(old).await, Transition::Moved);
    assert_eq!(pending().await, ["new"]);
    let found = scope.find_quote(old).await.unwrap().unwrap();
    assert_eq!((found.facts.status, found.is_loss_recorded), (QuoteStatus::Lost, true));
    let decided: Vec<_> = entity::quotes::Entity::find()
        .all(&test.db)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row.lost_reason.as_deref() == Some("kept"))
        .map(|row| (row.external_id, row.decided_on))
        .collect();
    assert!(decided.contains(&("lost".to_owned(), Some(day("2026-03-01")))), "{decided:?}");
    assert!(decided.contains(&("old".to_owned(), Some(today))), "{decided:?}");
}

async fn compliance_items_are_listed_until_they_are_there(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let scope = world.scope();
    let rows: Vec<_> = ComplianceStatus::ALL
        .iter()
        .zip(["2026-03-05", "2026-03-04", "2026-03-01", "2026-03-01", "2026-03-20"])
        .map(|(status, due_on)| ComplianceItemRow {
            status: *status,
            due_on: day(due_on),
            ..rows::compliance_item(status.as_str(), client)
        })
        .collect();
    scope.upsert_compliance_items(&world.origin(), &rows).await.unwrap();
    let listed = async |horizon: &str, limit| {
        let found = scope.list_compliance_due(day(horizon), limit).await.unwrap();
        found.into_iter().map(|it| it.key).collect::<Vec<_>>()
    };
    assert_eq!(listed("2026-03-20", 10).await, ["requested", "missing", "expired"]);
    assert_eq!(listed("2026-03-19", 10).await, ["requested", "missing"]);
    assert_eq!(listed("2026-03-20", 1).await, ["requested"], "the most urgent first");

    let found = scope.list_compliance_due(day("2026-03-20"), 10).await.unwrap();
    scope.mark_compliance_reminded(found[1].id, world.today(), world.now).await.unwrap();
    let facts = scope.find_compliance_item(found[1].id).await.unwrap().unwrap().facts;
    assert_eq!((facts.status, facts.reminders), (ComplianceStatus::Requested, 1));
    assert_eq!(facts.last_reminder_on, Some(world.today()));
    // The source still says that it is missing; that it was asked for is not forgotten.
    scope.upsert_compliance_items(&world.origin(), &rows).await.unwrap();
    let facts = scope.find_compliance_item(found[1].id).await.unwrap().unwrap().facts;
    assert_eq!((facts.status, facts.reminders), (ComplianceStatus::Requested, 1));
}

async fn goals_count_what_was_reached_by_today(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let scope = world.scope();
    let goals = [
        rows::goal("orders", GoalMetric::Orders, 10),
        rows::goal("revenue", GoalMetric::Revenue, i64::MAX),
        rows::goal("won", GoalMetric::DealsWon, 2),
        store::import::GoalRow {
            starts_on: day("2025-01-01"),
            ends_on: day("2025-12-31"),
            ..rows::goal("of last year", GoalMetric::Orders, 1)
        },
    ];
    scope.upsert_goals(&world.origin(), &goals).await.unwrap();
    for (key, on, status, total) in [
        ("1", "2026-01-01", OrderStatus::Done, 100),
        ("2", "2026-03-03", OrderStatus::New, 10),
        ("3", "2026-03-04", OrderStatus::New, 7),
        ("4", "2025-12-31", OrderStatus::Done, 7),
        ("5", "2026-02-01", OrderStatus::Cancelled, 7),
    ] {
        let row = OrderRow {
            ordered_on: day(on),
            declared_total_minor: Some(total),
            ..rows::order(key, client)
        };
        world.order(status, &row).await;
    }
    for (key, stage_type, on) in [
        ("a", StageType::Won, "2026-02-01"),
        ("b", StageType::Won, "2026-03-04"),
        ("c", StageType::Lost, "2026-02-01"),
    ] {
        let row = DealRow { stage_type, closed_on: Some(day(on)), ..rows::deal(key, client) };
        scope.upsert_deals(&world.origin(), world.today(), &[row]).await.unwrap();
    }
    let reached = async |today: &str| {
        let found = scope.list_goals(day(today), 10).await.unwrap();
        found.into_iter().map(|it| (it.metric, it.actual)).collect::<Vec<_>>()
    };
    let named = |orders, revenue, won| {
        [("orders", orders), ("revenue", revenue), ("deals_won", won)]
            .map(|(metric, actual): (&str, i64)| (metric.to_owned(), actual))
    };
    assert_eq!(reached("2026-03-03").await, named(2, 110, 1));
    assert_eq!(reached("2026-03-31").await, named(3, 117, 2));
    assert_eq!(reached("2026-04-01").await, []);
    assert_eq!(reached("2025-12-31").await, [("orders".to_owned(), 1)]);
}

async fn one_message_opens_one_case_of_a_kind(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let message = world.message("M1", Some((client, contact)), world.now).await;
    let (scope, action) = (world.scope(), action(&world, "case").await);
    let evidence = [Evidence::Words { message, span: Span { start: 0, end: 6 } }];
    let open = async |kind| {
        let new =
            NewCase { kind, client, contact: Some(contact), message, evidence: &evidence, action };
        scope.insert_case(&new, world.now).await.unwrap()
    };
    assert_eq!(open(CaseKind::Safety).await, Transition::Moved);
    assert_eq!(open(CaseKind::Safety).await, Transition::AlreadyThere);
    assert_eq!(open(CaseKind::Complaint).await, Transition::Moved);
    let cases = scope.list_open_safety_cases(world.now, 10).await.unwrap();
    assert_eq!(cases.len(), 1);
    assert!(scope.list_open_safety_cases(world.in_hours(-1), 10).await.unwrap().is_empty());
    let proof = scope.find_case_proof(cases[0].id, Some(client), world.now).await.unwrap().unwrap();
    let text = serde_json::to_value(&proof).unwrap();
    for fact in ["is_open", "has_source", "is_of_client"] {
        assert_eq!(text[fact], true, "{fact}");
    }
    assert_eq!(scope.find_case_client(cases[0].id).await.unwrap(), Some(client));
}

async fn one_proof_gives_one_task(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let message = world.message("M1", None, world.now).await;
    let scope = world.scope();
    let ask = |task, start| TaskPayload {
        task,
        justification: Justification::ClientAsk {
            message,
            span: Span { start, end: 9 },
            words: "call me".to_owned(),
        },
    };
    for (key, payload, expected) in [
        ("a", ask(AskKind::Call, 0), Transition::Moved),
        ("b", ask(AskKind::Call, 0), Transition::AlreadyThere),
        ("c", ask(AskKind::Call, 3), Transition::Moved),
        ("d", ask(AskKind::Meeting, 0), Transition::Moved),
    ] {
        let action = action(&world, key).await;
        for expected in [expected, Transition::AlreadyThere] {
            let given = scope.insert_task(action, client, None, &payload, world.now).await.unwrap();
            assert_eq!(given, expected, "{key}");
        }
    }
    let given = tasks::Entity::find().all(&test.db).await.unwrap();
    assert_eq!(given.len(), 3);
    assert_eq!(given[0].justification["words"], "call me");
}

async fn the_numbers_count_what_is_visible(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    world.contact("P1", client).await;
    let (scope, run) = (world.scope(), world.run(None).await);
    assert_eq!(measure(&world, world.now).await.contacts_never_touched, 1);
    for (key, on) in [("1", "2026-03-01"), ("2", "2026-03-03"), ("3", "2026-03-04")] {
        let row = OrderRow { ordered_on: day(on), ..rows::order(key, client) };
        world.order(OrderStatus::New, &row).await;
    }
    let held = world.order(OrderStatus::New, &rows::order("4", client)).await;
    let verdict = verdict(&[fault(FaultCode::NoPrice, "a"), fault(FaultCode::NoLines, "b")]);
    let checked = CheckedOrder { id: held, from: OrderStatus::New, verdict };
    scope.mark_orders_checked(&[checked], run, world.now).await.unwrap();
    count_in_the_pipeline(&world, client).await;
    let task = TaskPayload { task: AskKind::Call, justification: Justification::None };
    let id = action(&world, "task").await;
    scope.insert_task(id, client, None, &task, world.now).await.unwrap();
    let subject = (SubjectKind::Client, client.uuid());
    let waiting = ["x", "y"].map(|key| plain(ActionKind::Research, subject, key));
    world.actions(run, ActionStatus::Awaiting, &waiting).await;

    let expected = Metrics {
        engagement_compliance: BasisPoints(0),
        contacts_never_touched: 1,
        orders_waiting: 2,
        orders_held: 1,
        exceptions_open: 2,
        deals_open: 2,
        quotes_waiting: 1,
        cases_open: 1,
        tasks_open: 1,
        approvals_waiting: 2,
        ..Metrics::default()
    };
    assert_eq!(measure(&world, world.now).await, expected);
    let nobody = World::new(&test, "south").await;
    let empty = Metrics { engagement_compliance: BasisPoints(10_000), ..Metrics::default() };
    assert_eq!(measure(&nobody, nobody.now).await, empty, "a tenant with no data");
}

/// Two deals, a quote and a case that count, and as many that do not.
async fn count_in_the_pipeline(world: &World<'_>, client: ClientId) {
    let scope = world.scope();
    let deal = |key: &str, stage_type, on: &str| DealRow {
        stage_type,
        stage_entered_on: Some(day(on)),
        ..rows::deal(key, client)
    };
    let deals = [
        deal("open", StageType::Open, "2026-03-03"),
        deal("on hold", StageType::OnHold, "2026-01-01"),
        deal("won", StageType::Won, "2026-01-01"),
        deal("ahead", StageType::Ongoing, "2026-03-04"),
    ];
    scope.upsert_deals(&world.origin(), world.today(), &deals).await.unwrap();
    let ahead = QuoteRow { submitted_on: Some(day("2026-03-04")), ..rows::quote("ahead", client) };
    scope.upsert_quotes(&world.origin(), &[rows::quote("Q1", client), ahead]).await.unwrap();
    world.case(&rows::case("K1", client, CaseKind::Service)).await;
    let mut later = rows::case("K2", client, CaseKind::Complaint);
    later.opened_at = at("2026-03-04T08:00:00Z");
    world.case(&later).await;
}

async fn names_are_found_for_what_is_still_there(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let subject = |kind, id| domain::proposal::Subject { kind, id };
    let known = subject(SubjectKind::Client, client.uuid());
    let person = subject(SubjectKind::Contact, contact.uuid());
    let unknown = subject(SubjectKind::Order, client.uuid());
    world.execute("UPDATE contacts SET name = NULL", []).await;
    let asked = [known, person, unknown].into_iter().collect();
    let names = world.scope().names_of(&asked).await.unwrap();
    assert_eq!(names.get(&known).map(String::as_str), Some("C1 Trading"));
    assert_eq!(names.len(), 1, "whoever was erased has no name: {names:?}");
}

async fn measure(world: &World<'_>, now: Timestamp) -> Metrics {
    world.scope().measure(now, now, world.today()).await.unwrap()
}

async fn action(world: &World<'_>, key: &str) -> ActionId {
    let subject = (SubjectKind::Client, world.tenant.uuid());
    let run = world.run(None).await;
    world.actions(run, ActionStatus::Done, &[plain(ActionKind::OpenCase, subject, key)]).await[0]
}
