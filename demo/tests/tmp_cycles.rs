use agent::{Agent, CycleRequest, RulePlanner};
use connectors::mail::FakeTransport;
use demo::*;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::{collections::BTreeMap, sync::Arc};
use testkit::database::{Backend, FixedClock, open};

#[tokio::test]
async fn cycles() {
    let hours: i64 = std::option_env!("HOURS").and_then(|h| h.parse().ok()).unwrap_or(24 * 60);
    let test = open(Backend::Sqlite).await;
    let now = "2031-07-06T05:04:03Z".parse().unwrap();
    let tenant = install(&test.store, now).await.unwrap().tenant;
    let transport = Arc::new(FakeTransport::default());
    let agent = Agent {
        store: test.store.clone(),
        clock: Arc::new(FixedClock::new(now)),
        transport: transport.clone(),
        planner: Arc::new(RulePlanner::default()),
        instance: "tmp".to_owned(),
    };
    let mut faults: BTreeMap<String, usize> = BTreeMap::new();
    for hour in 0..hours {
        let tenant = test.store.tenant(tenant).get_tenant().await.unwrap();
        let result = agent.run_cycle(&tenant, CycleRequest::Due).await.unwrap();
        let block = result.work_block;
        if hour < 3 {
            let plan = block.plan.as_ref().unwrap();
            println!(
                "== {} inputs {:?}\nmetrics {:?}",
                block.started_at, plan.inputs, plan.metrics
            );
            println!(
                "queue {} awaiting {} blocked {}",
                plan.queue.len(),
                plan.awaiting.len(),
                plan.blocked.len()
            );
            for it in plan.awaiting.iter().chain(&plan.blocked) {
                println!(
                    "  {:?} {} {:?} {:?}",
                    it.status,
                    it.kind,
                    it.reasons,
                    it.verdict.iter().map(|r| &r.because).collect::<Vec<_>>()
                );
            }
            let act = block.act.as_ref().unwrap();
            println!(
                "checked {} accepted {} faults {:?} spent {:?} deferred {}",
                act.orders_checked,
                act.orders_accepted,
                act.faults,
                act.spent,
                act.deferred.len()
            );
            println!(
                "did {:#?}\nnext {}",
                block.reflect.as_ref().unwrap().what_we_did,
                block
                    .reflect
                    .as_ref()
                    .unwrap()
                    .hypotheses
                    .iter()
                    .map(|h| h.because.clone())
                    .collect::<Vec<_>>()
                    .join(" | ")
            );
        }
        let react = block.react.as_ref().unwrap();
        if react.metrics.contacts_overdue > 0 {
            println!("{} OVERDUE {}", block.started_at, react.metrics.contacts_overdue);
        }
        if hour % 120 == 9 {
            println!("{} metrics {:?}", block.started_at, react.metrics);
        }
        *faults.entry("x".into()).or_default() += 1;
    }
    let sent = transport.sent();
    println!("sent {}", sent.len());
    for sql in [
        "SELECT kind || ' ' || status AS a, COUNT(*) AS n FROM actions GROUP BY kind, status ORDER BY 1",
        "SELECT m.rfc_message_id || ': ' || a.kind || ' ' || a.status AS a, 1 AS n FROM actions a JOIN messages m ON m.id = json_extract(a.payload,'$.message') ORDER BY 1",
        "SELECT code || ' ' || status AS a, COUNT(*) AS n FROM order_exceptions GROUP BY 1 ORDER BY 1",
        "SELECT status AS a, COUNT(*) AS n FROM orders GROUP BY 1",
        "SELECT unreachable_because AS a, COUNT(*) AS n FROM engagement_clocks WHERE entity_type='contact' AND unreachable_because IS NOT NULL GROUP BY 1",
        "SELECT o.number || ' ' || e.code || ' ' || e.status AS a, COUNT(*) AS n FROM order_exceptions e JOIN orders o ON o.id=e.order_id GROUP BY 1 ORDER BY 1",
    ] {
        println!("-- {sql}");
        match test.db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await {
            Ok(rows) => {
                for row in rows {
                    let a: Option<String> = row.try_get("", "a").unwrap();
                    let n: i64 = row.try_get("", "n").unwrap();
                    println!("{} {n}", a.unwrap_or_default());
                }
            }
            Err(e) => println!("{e}"),
        }
    }
}
