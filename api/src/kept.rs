//! Records that are only read: a list, and each by itself. Everything that can be written can be read in this way too.

use std::future::Future;

use aide::axum::{
    ApiRouter,
    routing::{ApiMethodRouter, get_with},
};
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Scope, record::Record};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult},
    extract::{ById, IfNoneMatch, ListOf, Listed, ListedPage, Tagged, Viewer},
    resource::{Resource, named, not_found},
    state::AppState,
};

/// A record that is read.
pub trait Kept: Listed {
    /// The row.
    type Row: Record;
    /// How it is shown among others.
    type Item: Serialize + JsonSchema + Send + 'static;
    /// How it is shown by itself.
    type View: Serialize + JsonSchema + Send + 'static;

    /// What one of it is called, and the end of its operations' names.
    const NOUN: &'static str;
    /// What many of it are called; also its path and its part of the document.
    const PLURAL: &'static str;
    /// What there is to know about one of it.
    const ABOUT: &'static str = "";

    /// A row as it is shown among others.
    fn item(row: Self::Row) -> Self::Item;

    /// A row as it is shown by itself.
    fn view(
        scope: &Scope<'_>,
        row: Self::Row,
    ) -> impl Future<Output = ApiResult<Self::View>> + Send;
}

impl<R: Resource> Kept for R {
    type Row = R::Row;
    type Item = R::Item;
    type View = R::View;

    const NOUN: &'static str = R::NOUN;
    const PLURAL: &'static str = R::PLURAL;

    fn item(row: R::Row) -> R::Item {
        R::item(row)
    }

    async fn view(scope: &Scope<'_>, row: R::Row) -> ApiResult<R::View> {
        Ok(R::whole(scope, &row).await?.0)
    }
}

/// The path of a kind of record.
pub fn path<K: Kept>() -> String {
    format!("/v1/{}", <K as Kept>::PLURAL)
}

/// The route of many of it.
pub fn of_all<K: Kept>() -> ApiMethodRouter<AppState> {
    let plural = <K as Kept>::PLURAL;
    get_with(list::<K>, |op| {
        named(op, "list", plural, plural, "Lists").description(
            "Newest first. A page says where the next one begins; filters may be combined.",
        )
    })
}

/// The route of one of it.
pub fn of_one<K: Kept>() -> ApiMethodRouter<AppState> {
    get_with(read::<K>, |op| {
        let noun = <K as Kept>::NOUN;
        let op = not_found(named(op, "get", noun, <K as Kept>::PLURAL, "Reads"), noun);
        if K::ABOUT.is_empty() { op } else { op.description(K::ABOUT) }
    })
}

/// The routes of records that are only read.
pub fn routes<K: Kept>() -> ApiRouter<AppState> {
    let path = path::<K>();
    let one = format!("{path}/{{id}}");
    ApiRouter::new().api_route(&path, of_all::<K>()).api_route(&one, of_one::<K>())
}

async fn list<K: Kept>(
    caller: Viewer,
    State(app): State<AppState>,
    list: ListOf<K>,
) -> ApiResult<ListedPage<K::Item>> {
    let rows: Vec<K::Row> = app.store.tenant(caller.tenant).list_records(&list.page).await?;
    Ok(list.answer(rows, K::item))
}

async fn read<K: Kept>(
    caller: Viewer,
    State(app): State<AppState>,
    ById(id): ById,
    has: IfNoneMatch,
) -> ApiResult<Tagged<K::View>> {
    Tagged::unless(find::<K>(&app.store.tenant(caller.tenant), id).await?, &has)
}

/// A record as it is shown by itself.
pub async fn find<K: Kept>(scope: &Scope<'_>, id: Uuid) -> ApiResult<K::View> {
    let row = scope.find_record::<K::Row>(id).await?;
    K::view(scope, row.ok_or_else(|| ApiError::not_found(<K as Kept>::NOUN))?).await
}
