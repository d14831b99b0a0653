//! People at clients.

use domain::id::ClientId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{import::ContactRow, record};
use uuid::Uuid;

use crate::{
    error::ApiResult,
    extract::{FilterSpec, Holds, Listed, SortSpec},
    resource::{Nothing, Plain, Writing},
    wire::{Day, Email, Formed, Line},
};

/// Contacts.
pub enum Contacts {}

/// A person at a client.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Contact")]
pub struct Fields {
    /// Where they work.
    client_id: Uuid,
    /// Their name.
    #[serde(default)]
    name: Option<Line<300>>,
    /// Their title, as it would stand on a card.
    #[serde(default)]
    title: Option<Line<300>>,
    /// What they decide about.
    #[serde(default)]
    role: Option<Line<300>>,
    /// Their mail address, in lower case.
    #[serde(default)]
    email: Option<Email>,
    /// Their telephone number.
    #[serde(default)]
    phone: Option<Line<300>>,
    /// Since when they have been known.
    #[serde(default)]
    known_since: Option<Day>,
    /// Whether they still work there.
    #[serde(default = "yes")]
    is_active: bool,
}

fn yes() -> bool {
    true
}

impl Listed for Contacts {
    const FILTERS: &'static [FilterSpec] = &[
        FilterSpec::is("client_id", Holds::Id, "At this client."),
        FilterSpec::is("email", Holds::Text, "With this address, in lower case."),
        FilterSpec::is(
            "is_active",
            Holds::Flag,
            "Only those who still work there, or only others.",
        ),
        FilterSpec::is("external_id", Holds::Text, "With this key; together with `source`."),
        FilterSpec::is("source", Holds::Text, "The key's system; together with `external_id`."),
    ];
    const SORTS: &'static [SortSpec] = &[];
}

impl Plain for Contacts {
    type Row = record::Contact;
    type Fields = Fields;
    type Extra = Nothing;

    const NOUN: &'static str = "contact";
    const PLURAL: &'static str = "contacts";

    fn fields(row: &record::Contact) -> (Fields, Nothing) {
        let fields = Fields {
            client_id: row.client_id,
            name: row.name.as_deref().map(Line::stored),
            title: row.title.as_deref().map(Line::stored),
            role: row.role.as_deref().map(Line::stored),
            email: row.email.as_deref().map(Email::stored),
            phone: row.phone.as_deref().map(Line::stored),
            known_since: row.known_since.map(Day),
            is_active: row.is_active,
        };
        (fields, Nothing {})
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Fields,
        _: Option<&record::Contact>,
    ) -> ApiResult<()> {
        writing.require::<record::Client>("client_id", "client", fields.client_id).await?;
        let row = ContactRow {
            external_id: external_id.to_owned(),
            client: ClientId::from_uuid(fields.client_id),
            name: fields.name.map(Line::into_string),
            title: fields.title.map(Line::into_string),
            role: fields.role.map(Line::into_string),
            email: fields.email.map(Email::into_string),
            phone: fields.phone.map(Line::into_string),
            known_since: fields.known_since.map(|it| it.0),
            is_active: fields.is_active,
        };
        writing.scope.upsert_contacts(&writing.origin(), &[row]).await?;
        Ok(())
    }
}
