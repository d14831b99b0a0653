//! A person is handed out and erased, and a tenant deleted: with everything, and nobody else with them.

use std::collections::BTreeSet;

use domain::{action::Actor, privacy::erased_address};
use store::{
    Transition,
    deletion::{Deletion, FEW_ROWS, TABLES},
    privacy::Erased,
};
use testkit::{database::TestDb, rows, world::World};

use crate::{
    catalog,
    full::fill,
    personal::{texts, words_of},
    reads::read_everything,
};

on_both!(
    a_person_is_erased_with_every_word_of_theirs,
    whoever_was_erased_and_is_brought_back_is_not_written_to,
    a_letter_that_is_leaving_holds_an_erasure_up,
    a_deleted_tenant_is_gone_at_once_and_leaves_no_row,
    every_table_of_tenants_is_deleted_from,
);

/// Words of the person of a full world: their name, their address, and what was written by and to them.
const WORDS: [&str; 5] = ["Person P1", "p1@people", "ada@buyer", "Please send", "Dear Ada"];

/// Where each of the words stands, by column.
async fn standing(world: &World<'_>) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    for (name, table) in catalog::read(world.test).await {
        for column in words_of(&table) {
            let column = format!("{name}.{column}");
            let texts = texts(world, &column).await;
            for word in WORDS {
                // Postgres shows bytes as their digits.
                let digits: String = word.bytes().map(|it| format!("{it:02x}")).collect();
                if texts.iter().any(|it| it.contains(word) || it.contains(&digits)) {
                    found.insert((word, column.clone()));
                }
            }
        }
    }
    found
}

async fn a_person_is_erased_with_every_word_of_theirs(test: TestDb) {
    let world = World::new(&test, "north").await;
    let full = fill(&world).await;
    let before = standing(&world).await;
    assert!(WORDS.iter().all(|word| before.iter().any(|(it, _)| it == word)), "{before:?}");
    let hash = |row: &store::action::ActionRow| row.payload_hash.clone();
    let proposed = world.scope().find_action(full.proposed).await.unwrap().unwrap();

    // A cycle is at work, which may be writing about them.
    let early = world.scope().mark_person_erased(full.contact, world.now).await.unwrap();
    assert_eq!(early, Erased::AtWork);
    test.store.release_tenant(world.tenant, full.fence, world.now).await.unwrap();
    let work = test.store.begin(world.tenant).await.unwrap();
    let file = work.scope().load_person_file(full.contact, None).await.unwrap().unwrap();
    assert!(!file.messages.is_empty() && !file.letters.is_empty() && !file.actions.is_empty());
    // They have changed companies since: what was written at the old one is theirs all the same.
    let moved = rows::contact("P1", full.unrefreshed);
    work.scope().upsert_contacts(&world.origin(), &[moved]).await.unwrap();
    let erased = work.scope().mark_person_erased(full.contact, world.now).await.unwrap();
    work.commit().await.unwrap();

    assert_eq!(erased, Erased::Done(file.counts()));
    assert_eq!(standing(&world).await, BTreeSet::new());
    let after = world.scope().find_action(full.proposed).await.unwrap().unwrap();
    assert_eq!(hash(&after), hash(&proposed), "what was decided on can still be proven");
    let again = world.scope().mark_person_erased(full.contact, world.now).await.unwrap();
    assert!(matches!(again, Erased::Done(_)), "{again:?}");
}

async fn whoever_was_erased_and_is_brought_back_is_not_written_to(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let email = rows::contact("P1", client).email.unwrap();
    world.scope().mark_person_erased(contact, world.now).await.unwrap();
    assert_eq!(texts(&world, "suppressions.address").await, [erased_address(&email)]);

    world.contact("P9", client).await;
    assert_eq!(texts(&world, "suppressions.address").await.len(), 1, "somebody else is not");
    let back = world.contact("P1", client).await;
    assert_ne!(back, contact, "nobody is who they were");
    assert!(texts(&world, "suppressions.address").await.contains(&email));
}

async fn a_letter_that_is_leaving_holds_an_erasure_up(test: TestDb) {
    let world = World::new(&test, "north").await;
    let full = fill(&world).await;
    test.store.release_tenant(world.tenant, full.fence, world.now).await.unwrap();
    let sql = "UPDATE actions SET status = 'executing' WHERE tenant_id = $1";
    world.execute(sql, [world.tenant.uuid().into()]).await;
    let before = standing(&world).await;
    let erased = world.scope().mark_person_erased(full.contact, world.now).await.unwrap();
    assert_eq!(erased, Erased::Busy);
    assert_eq!(standing(&world).await, before);
}

async fn a_deleted_tenant_is_gone_at_once_and_leaves_no_row(test: TestDb) {
    let (north, south) = (World::new(&test, "north").await, World::new(&test, "south").await);
    let full = fill(&north).await;
    let theirs = fill(&south).await;
    let everything = read_everything(&south.scope(), &theirs).await;
    let (system, actor) = (test.store.system(), Actor::Cli("ops".to_owned()));

    let moved = north.scope().mark_tenant_deleted(&actor, north.now).await.unwrap();
    assert_eq!(moved, Transition::Moved);
    assert_eq!(
        north.scope().mark_tenant_deleted(&actor, north.now).await.unwrap(),
        Transition::Lost
    );
    assert!(system.find_tenant("north").await.unwrap().is_none());
    assert!(north.scope().get_tenant().await.is_err());
    assert!(system.list_tenants().await.unwrap().iter().all(|it| it.id == south.tenant));
    assert!(north.scope().find_key(full.key).await.unwrap().is_none(), "its keys open nothing");

    let mut steps = 0;
    while system.delete_tenant_rows(north.tenant, 1, north.now).await.unwrap() == Deletion::Goes {
        steps += 1;
        assert!(steps < 1_000, "it comes to an end");
    }
    assert!(TABLES.len() < steps, "row by row");
    for (name, table) in catalog::read(&test).await {
        let column = if name == "tenants" { "id" } else { "tenant_id" };
        if table.column(column).is_some() && (table.is_of_tenants() || name == "tenants") {
            // What changes nothing says how many rows there are.
            let sql = format!("UPDATE {name} SET {column} = {column} WHERE {column} = $1");
            assert_eq!(north.execute(&sql, [north.tenant.uuid().into()]).await, 0, "{name}");
        }
    }
    let (_, done_at) = system.find_deletion(north.tenant).await.unwrap().unwrap();
    assert_eq!(done_at, Some(north.now));
    let done = system.delete_tenant_rows(north.tenant, 1, south.now).await.unwrap();
    assert_eq!(done, Deletion::Done, "once more changes nothing");
    assert_eq!(read_everything(&south.scope(), &theirs).await, everything, "the neighbour");
    World::new(&test, "north").await;
}

async fn every_table_of_tenants_is_deleted_from(test: TestDb) {
    let catalog = catalog::read(&test).await;
    let of_tenants: BTreeSet<&str> = catalog
        .iter()
        .filter(|(_, table)| table.is_of_tenants())
        .map(|(name, _)| name.as_str())
        .collect();
    let deleted: BTreeSet<&str> = TABLES.iter().chain(FEW_ROWS).copied().collect();
    assert_eq!(deleted, of_tenants);
    let place = |name: &str| TABLES.iter().position(|it| *it == name);
    for name in TABLES {
        for key in &catalog[*name].foreign_keys {
            let is_later = place(&key.to_table).is_none_or(|to| place(name) < Some(to));
            assert!(is_later, "{name} refers to {}, which is emptied before it", key.to_table);
        }
    }
}
