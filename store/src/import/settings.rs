//! The one setting of a tenant that an import may bring along.

use domain::{money::BasisPoints, time::Timestamp};
use entity::tenants;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::Value;

use crate::{Scope, StoreError, StoreResult, Transition};

/// The key of the authorised discount among a tenant's settings, in basis points.
const DISCOUNT_MAX_KEY: &str = "discount_max_bp";

impl Scope<'_> {
    /// Sets the discount that an order may have where no price book entry sets its own.
    pub async fn mark_discount_max(
        &self,
        discount_max: BasisPoints,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use tenants::Column;
        let row = tenants::Entity::find_by_id(self.tenant.uuid())
            .lock_exclusive()
            .one(&self.conn)
            .await?
            .ok_or_else(|| StoreError::UnknownTenant(self.tenant.to_string()))?;
        let mut settings = row.settings;
        let wanted = Value::from(discount_max.0);
        let Some(entries) = settings.as_object_mut() else {
            return Err(StoreError::Unreadable {
                what: "tenants.settings",
                because: "it is not a JSON object".to_owned(),
            });
        };
        if entries.get(DISCOUNT_MAX_KEY) == Some(&wanted) {
            return Ok(Transition::AlreadyThere);
        }
        entries.insert(DISCOUNT_MAX_KEY.to_owned(), wanted);
        tenants::Entity::update_many()
            .col_expr(Column::Settings, Expr::value(settings))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::Id.eq(self.tenant.uuid()))
            .exec(&self.conn)
            .await?;
        Ok(Transition::Moved)
    }
}
