//! Clients.

use domain::money::Score;
use store::{Scope, StoreResult, import::ClientRow};

use super::table::{Context, Outcome, TableKind};
use crate::{
    column::Column,
    fault::shown,
    row::{Row, mail_domain},
};

/// Imports clients.
pub(crate) enum Clients {}

impl TableKind for Clients {
    const COLUMNS: &'static [Column] = &[
        Column::required("external_id", "The client's key in the source.", "C-1001"),
        Column::required("name", "The company's name.", "Harbour Supplies Ltd"),
        Column::optional(
            "is_active",
            "Whether it is a customer at present; yes if left out.",
            "true",
        ),
        Column::optional(
            "client_type",
            "The source's word for what kind of client it is.",
            "wholesale",
        ),
        Column::optional("country", "Country, as the source writes it.", "Portugal"),
        Column::optional("domain", "Its mail domain; a web address will do.", "harbour.example"),
        Column::optional(
            "annual_value",
            "What it is worth in a year, in the tenant's currency.",
            "125000.00",
        ),
        Column::optional(
            "churn_risk",
            "How likely it is to be lost, from 0 to 100; worked out from its orders if left out.",
            "35",
        ),
        Column::optional("known_since", "Since when it has been a client.", "2019-03-01"),
    ];
    type Draft = ClientRow;

    fn read(row: &mut Row<'_>) -> Option<ClientRow> {
        let external_id = row.need("external_id", Row::key);
        let name = row.need("name", Row::name);
        let currency = Some(row.tenant_currency());
        let domain = row.name("domain").and_then(|text| {
            let found = mail_domain(&text);
            if found.is_none() {
                let reason = format!("`{}` is not a mail domain", shown(&text));
                row.refuse(
                    "domain",
                    reason,
                    "write one such as example.com, or leave the cell empty",
                );
            }
            found
        });
        Some(ClientRow {
            is_active: row.flag("is_active").unwrap_or(true),
            client_type: row.name("client_type"),
            country: row.name("country"),
            annual_value_minor: row.money("annual_value", currency),
            // A hundredth of a percent and a hundredth of a point are the same number.
            churn_risk: row.share("churn_risk").map(|share| Score(share.0)),
            known_since: row.date("known_since"),
            external_id: external_id?,
            name: name?,
            domain,
        })
    }

    fn key(draft: &ClientRow) -> &str {
        &draft.external_id
    }

    async fn write(
        scope: &Scope<'_>,
        context: &Context<'_>,
        drafts: &[ClientRow],
    ) -> StoreResult<Outcome> {
        let count = scope.upsert_clients(&context.origin, drafts).await?;
        Ok(Outcome { count, refused: Vec::new() })
    }
}
