//! What is sold, for how much, to whom on credit, and what an order has to come with.

use domain::{
    id::{ClientId, ProductId},
    money::{BasisPoints, Money, Quantity},
    order::RequirementKind,
    time::Date,
};
use entity::{credit_profiles, price_book_entries, products, requirements};
use sea_orm::{ActiveValue::Set, sea_query::Expr};

use super::{Origin, UpsertCount, bulk::Merge};
use crate::{Scope, StoreResult};

/// A product, as it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductRow {
    /// Its key in the source.
    pub external_id: String,
    /// The article number that orders name it by.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// The unit that it is sold in.
    pub unit: Option<String>,
    /// Whether it is no longer sold.
    pub is_discontinued: bool,
    /// The first day on which it was not sold any more.
    pub discontinued_on: Option<Date>,
    /// What one unit costs where no price book says otherwise.
    pub list_price: Option<Money>,
    /// The least that is sold.
    pub quantity_min: Option<Quantity>,
    /// What quantities have to be a multiple of.
    pub pack_multiple: Option<Quantity>,
}

/// A price for a time, from a quantity upward, for everybody or for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBookEntryRow {
    /// Its key in the source.
    pub external_id: String,
    /// The price book's name.
    pub book: String,
    /// What is sold.
    pub product: ProductId,
    /// To whom; `None` for everybody.
    pub client: Option<ClientId>,
    /// What one unit costs.
    pub unit_price: Money,
    /// From which quantity upward; zero for any.
    pub quantity_min: Quantity,
    /// First day of the price.
    pub valid_from: Date,
    /// Last day of the price; `None` until further notice.
    pub valid_to: Option<Date>,
    /// The discount that may be given on it; `None` leaves it to the tenant's settings.
    pub discount_max: Option<BasisPoints>,
}

/// How much credit a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditProfileRow {
    /// Its key in the source.
    pub external_id: String,
    /// Whose; `None` for every client without one of its own.
    pub client: Option<ClientId>,
    /// The most that may be owed at a time.
    pub limit: Money,
    /// The longest terms agreed, in days.
    pub terms_days: Option<i32>,
    /// Whether a person stopped all new credit.
    pub is_on_hold: bool,
    /// Why, in that person's words.
    pub hold_reason: Option<String>,
    /// What is owed, in minor units of the limit's currency; negative when the client is owed money.
    pub outstanding_minor: i64,
    /// The part of it that is past its due date.
    pub overdue_minor: i64,
    /// The day on which all this was so.
    pub known_on: Option<Date>,
}

/// What an order has to come with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementRow {
    /// Its key in the source.
    pub external_id: String,
    /// Whose orders; `None` for every client's.
    pub client: Option<ClientId>,
    /// What kind of evidence is asked for.
    pub kind: RequirementKind,
    /// What it is called.
    pub name: String,
    /// Whether the vendor's rules ask for it; otherwise the client's do.
    pub from_vendor: bool,
    /// Whether there is evidence at all.
    pub is_evidence_held: bool,
    /// The last day of the evidence; `None` when it does not end.
    pub valid_until: Option<Date>,
}

impl Scope<'_> {
    /// Writes products.
    pub async fn upsert_products(
        &self,
        origin: &Origin<'_>,
        rows: &[ProductRow],
    ) -> StoreResult<UpsertCount> {
        use products::Column;
        let models = rows.iter().map(|row| products::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            sku: Set(row.sku.clone()),
            name: Set(row.name.clone()),
            unit: Set(row.unit.clone()),
            is_discontinued: Set(row.is_discontinued),
            discontinued_on: Set(row.discontinued_on),
            list_price_minor: Set(row.list_price.map(|price| price.minor)),
            currency: Set(row.list_price.map(|price| price.currency.to_string())),
            quantity_min_milli: Set(row.quantity_min.map(|quantity| quantity.milli)),
            pack_multiple_milli: Set(row.pack_multiple.map(|quantity| quantity.milli)),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::Sku, Column::Name, Column::Unit, Column::IsDiscontinued])
            .take([Column::DiscontinuedOn, Column::ListPriceMinor, Column::Currency])
            .take([Column::QuantityMinMilli, Column::PackMultipleMilli])
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        Ok(self.write_sourced(origin, models.collect(), &merge).await?.count)
    }

    /// Writes price book entries.
    pub async fn upsert_price_book_entries(
        &self,
        origin: &Origin<'_>,
        rows: &[PriceBookEntryRow],
    ) -> StoreResult<UpsertCount> {
        use price_book_entries::Column;
        let models = rows.iter().map(|row| price_book_entries::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            book: Set(row.book.clone()),
            product_id: Set(row.product.uuid()),
            client_id: Set(row.client.map(|client| client.uuid())),
            currency: Set(row.unit_price.currency.to_string()),
            unit_price_minor: Set(row.unit_price.minor),
            quantity_min_milli: Set(row.quantity_min.milli),
            valid_from: Set(row.valid_from),
            valid_to: Set(row.valid_to),
            discount_max_bp: Set(row.discount_max.map(|share| share.0)),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::Book, Column::ProductId, Column::ClientId, Column::Currency])
            .take([Column::UnitPriceMinor, Column::QuantityMinMilli, Column::ValidFrom])
            .take([Column::ValidTo, Column::DiscountMaxBp])
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        Ok(self.write_sourced(origin, models.collect(), &merge).await?.count)
    }

    /// Writes credit profiles.
    ///
    /// A client has one profile at most, so the caller first asks [`Scope::credit_profile_keys`] and
    /// refuses a row whose client has one under another key.
    pub async fn upsert_credit_profiles(
        &self,
        origin: &Origin<'_>,
        rows: &[CreditProfileRow],
    ) -> StoreResult<UpsertCount> {
        use credit_profiles::Column;
        let models = rows.iter().map(|row| credit_profiles::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            client_id: Set(row.client.map(|client| client.uuid())),
            currency: Set(row.limit.currency.to_string()),
            limit_minor: Set(row.limit.minor),
            terms_days: Set(row.terms_days),
            is_on_hold: Set(row.is_on_hold),
            hold_reason: Set(row.hold_reason.clone()),
            outstanding_minor: Set(row.outstanding_minor),
            overdue_minor: Set(row.overdue_minor),
            known_on: Set(row.known_on),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::ClientId, Column::Currency, Column::LimitMinor, Column::TermsDays])
            .take([Column::IsOnHold, Column::HoldReason, Column::OutstandingMinor])
            .take([Column::OverdueMinor, Column::KnownOn])
            .renew(Column::UpdatedAt, Expr::value(origin.at))
            .owned_by(Column::ClientId);
        let written = self.write_sourced(origin, models.collect(), &merge).await?;
        let count = written.count;
        self.clear_standing(written.stale_clients()).await?;
        Ok(count)
    }

    /// Writes requirements.
    pub async fn upsert_requirements(
        &self,
        origin: &Origin<'_>,
        rows: &[RequirementRow],
    ) -> StoreResult<UpsertCount> {
        use requirements::Column;
        let models = rows.iter().map(|row| requirements::ActiveModel {
            id: Set(self.ids.next_uuid(origin.at)),
            tenant_id: Set(self.tenant.uuid()),
            source: Set(origin.source.to_owned()),
            external_id: Set(row.external_id.clone()),
            client_id: Set(row.client.map(|client| client.uuid())),
            kind: Set(row.kind.to_string()),
            name: Set(row.name.clone()),
            from_vendor: Set(row.from_vendor),
            is_evidence_held: Set(row.is_evidence_held),
            valid_until: Set(row.valid_until),
            created_at: Set(origin.at),
            updated_at: Set(origin.at),
        });
        let merge = Merge::on([Column::TenantId, Column::Source, Column::ExternalId])
            .take([Column::ClientId, Column::Kind, Column::Name, Column::FromVendor])
            .take([Column::IsEvidenceHeld, Column::ValidUntil])
            .renew(Column::UpdatedAt, Expr::value(origin.at));
        Ok(self.write_sourced(origin, models.collect(), &merge).await?.count)
    }
}
