//! The accounts of a town and their people: some can be written to, and one each cannot for every reason there is.

use chrono::TimeDelta;
use store::import::{ClientRow, ContactRow, SuppressionRow};

use super::{Builder, OPENING};
use crate::rig::at;

/// Clients by key, name and whether they are customers at present.
const CLIENTS: &[(&str, &str, bool)] = &[
    ("C1", "Linden Works", true),
    ("C2", "Erle Trading", true),
    ("C3", "Ulme Partners", false),
    ("C4", "Eibe Foods", true),
    ("C5", "Esche Chemicals", true),
    ("C6", "Weide Textiles", true),
    ("C7", "Pappel Energy", true),
    ("C8", "Tanne Stores", true),
    ("C9", "Kiefer Hotels", true),
];

/// Contacts by key, client, name, whether the records have an address, and whether they are still there.
const CONTACTS: &[(&str, &str, &str, bool, bool)] = &[
    ("P1", "C1", "Ida Krohn", true, true),
    ("P2", "C1", "Jonas Suhl", true, true),
    ("P3", "C1", "Karla Voss", true, false),
    ("P4", "C1", "Lars Tietz", false, true),
    ("P5", "C1", "Merle Ahn", true, true),
    ("P6", "C1", "Nils Orth", true, true),
    ("P7", "C1", "Olga Pahl", true, true),
    ("P8", "C1", "Paul Reck", true, true),
    ("P9", "C1", "Runa Wolf", true, true),
    ("Q1", "C2", "Rosa Stein", true, true),
    ("Q2", "C2", "Sven Thoma", true, true),
    ("R1", "C3", "Tilda Unger", true, true),
    ("S1", "C4", "Udo Vogel", true, true),
    ("T1", "C5", "Vera Wiese", true, true),
    ("U1", "C6", "Willi Zech", true, true),
    ("V1", "C7", "Xenia Abel", true, true),
    ("W1", "C8", "Yuri Berg", true, true),
    ("X1", "C9", "Zoe Clauss", true, true),
];

/// The one who asked not to be written to.
const SUPPRESSED: &str = "P2";
/// The one who is away for ten days.
const AWAY: &str = "P5";

/// The address that a contact of a tenant has, or would have.
pub fn address_of(slug: &str, contact: &str) -> String {
    format!("{}@{slug}-clients.example", contact.to_lowercase())
}

impl Builder<'_> {
    pub(super) async fn clients(&self) {
        let rows: Vec<ClientRow> = CLIENTS
            .iter()
            .map(|(key, name, is_active)| ClientRow {
                external_id: (*key).to_owned(),
                name: (*name).to_owned(),
                is_active: *is_active,
                client_type: None,
                country: Some("DE".to_owned()),
                domain: None,
                annual_value_minor: Some(12_000_000),
                churn_risk: None,
                known_since: None,
            })
            .collect();
        self.scope.upsert_clients(&self.origin, &rows).await.expect("clients are written");
    }

    pub(super) async fn contacts(&self) {
        let mut rows = Vec::new();
        for (key, client, name, has_address, is_active) in CONTACTS {
            rows.push(ContactRow {
                external_id: (*key).to_owned(),
                client: self.client(client).await,
                name: Some((*name).to_owned()),
                title: None,
                role: None,
                email: has_address.then(|| address_of(self.slug, key)),
                phone: None,
                known_since: None,
                is_active: *is_active,
            });
        }
        self.scope.upsert_contacts(&self.origin, &rows).await.expect("contacts are written");
        let row = SuppressionRow {
            address: address_of(self.slug, SUPPRESSED),
            reason: "unsubscribed".to_owned(),
        };
        self.scope.upsert_suppressions(&self.origin, &[row]).await.expect("it is written");
        let away = self.contact(AWAY).await;
        let until = at(OPENING) + TimeDelta::days(10);
        let paused = self.scope.mark_paused(away, until, "out of office", self.origin.at).await;
        paused.expect("the clock rests");
    }
}
