//! What a client asked for waits for its budget longer than what can be proposed again.

use std::collections::BTreeSet;

use domain::{cycle::Budgets, tenant::TenantSettings};
use entity::{tasks, tenants};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use testkit::database::Backend;

use crate::{
    rig::{Rig, at},
    town::{OPENING, Setup, Town},
};

/// How many tasks of which kind were given.
async fn given(rig: &Rig, town: &Town) -> BTreeSet<String> {
    let of_tenant = tasks::Entity::find().filter(tasks::Column::TenantId.eq(town.tenant.uuid()));
    let rows = of_tenant.all(&rig.test.db).await.unwrap();
    let mut keys: Vec<String> = rows.into_iter().map(|row| row.kind).collect();
    keys.sort();
    keys.into_iter().enumerate().map(|(number, kind)| format!("{number} {kind}")).collect()
}

#[tokio::test]
async fn an_ask_that_no_budget_was_left_for_becomes_a_task_in_the_end() {
    for backend in Backend::ALL {
        let rig = Rig::on(backend, at(OPENING)).await;
        let free = Town::build(&rig, "ahorn", &Setup::default()).await;
        for _ in 0..9 {
            rig.cycle(&rig.agent(), free.slug).await;
            rig.next_hour();
        }
        let expected = given(&rig, &free).await;
        assert!(2 <= expected.len(), "a town whose people ask for nothing proves nothing");

        let rig = Rig::on(backend, at(OPENING)).await;
        let budgets = Budgets { tasks_per_cycle: 0, ..Budgets::default() };
        let settings = TenantSettings { budgets, proposal_hours: 2, ..TenantSettings::default() };
        let starved = Town::build(&rig, "ahorn", &Setup { settings, ..Setup::default() }).await;
        for _ in 0..6 {
            rig.cycle(&rig.agent(), starved.slug).await;
            rig.next_hour();
        }
        assert!(given(&rig, &starved).await.is_empty());
        let fed = serde_json::to_value(TenantSettings::default()).unwrap();
        tenants::Entity::update_many()
            .col_expr(tenants::Column::Settings, Expr::value(fed))
            .exec(&rig.test.db)
            .await
            .unwrap();
        for _ in 0..3 {
            rig.cycle(&rig.agent(), starved.slug).await;
            rig.next_hour();
        }
        assert_eq!(given(&rig, &starved).await, expected, "{backend:?}");
    }
}
