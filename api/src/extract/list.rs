//! Pages of rows: filters, orders and cursors, all of them from one table per resource.
//!
//! A list is filtered and sorted only by what an index has; what is not in the table is refused by name.

use std::{collections::HashSet, marker::PhantomData};

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response as HttpResponse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Serialize};
use store::record::{Fact, Filter, Page, Placed, Test};
use uuid::Uuid;

use super::{
    etag::{json_doc, json_response},
    query, refusals,
};
use crate::{
    error::{ApiError, ApiResult, shown},
    state::AppState,
    wire::{Day, Moment},
};

/// Rows of a page unless another number is asked for.
const LIMIT_DEFAULT: u64 = 50;
/// Rows of a page at most.
const LIMIT_MAX: u64 = 200;
/// Longest value of a filter.
const VALUE_CHARS_MAX: usize = 300;

/// What a column holds, and so how a value for it is read.
#[derive(Clone, Copy)]
pub enum Holds {
    /// Ids.
    Id,
    /// Words of ours; the function lists them.
    Word(fn() -> Vec<&'static str>),
    /// Other text.
    Text,
    /// Days.
    Day,
    /// Moments.
    Moment,
    /// Yes or no.
    Flag,
}

/// A filter that a list takes.
#[derive(Clone, Copy)]
pub struct FilterSpec {
    /// The parameter's name.
    pub name: &'static str,
    /// The column's.
    pub column: &'static str,
    /// How the row's value stands to the given one.
    pub test: Test,
    /// What the column holds.
    pub holds: Holds,
    /// A sentence for the document.
    pub about: &'static str,
}

impl FilterSpec {
    /// Rows whose column is what is given; the parameter bears the column's name.
    pub const fn is(name: &'static str, holds: Holds, about: &'static str) -> Self {
        Self { name, column: name, test: Test::Is, holds, about }
    }
}

/// An order that a list takes.
#[derive(Clone, Copy)]
pub struct SortSpec {
    /// The column; never empty, and indexed with the id behind it.
    pub column: &'static str,
    /// What it holds.
    pub holds: Holds,
}

/// What can be listed, and how.
pub trait Listed: Send + Sync + 'static {
    /// The filters that the list takes.
    const FILTERS: &'static [FilterSpec];
    /// The orders beside that of making.
    const SORTS: &'static [SortSpec];
}

/// The column of the order of making.
const ID: SortSpec = SortSpec { column: "id", holds: Holds::Id };

/// A page that is asked for.
pub struct ListOf<L> {
    /// In the store's words.
    pub page: Page,
    of: PhantomData<L>,
}

/// Where a page begins; base64 of this as JSON, which callers pass on unread.
#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: String,
    value: Option<String>,
    id: Uuid,
}

fn read(name: &str, holds: Holds, text: &str) -> ApiResult<Fact> {
    let refuse =
        |what: String| Err(ApiError::parameter(name, format!("`{}` is {what}", shown(text))));
    if text.chars().any(char::is_control) || VALUE_CHARS_MAX < text.chars().count() {
        return refuse("no value that rows have".to_owned());
    }
    match holds {
        Holds::Id => match Uuid::try_parse(text) {
            Ok(id) => Ok(Fact::Id(id)),
            Err(_) => refuse("no id: give a UUID".to_owned()),
        },
        Holds::Word(names) if names().contains(&text) => Ok(Fact::Text(text.to_owned())),
        Holds::Word(names) => refuse(format!("none of {}", names().join(", "))),
        Holds::Text => Ok(Fact::Text(text.to_owned())),
        Holds::Day => match Day::parse(text) {
            Some(day) => Ok(Fact::Day(day.0)),
            None => refuse("no day such as 2026-05-04".to_owned()),
        },
        Holds::Moment => match Moment::parse(text) {
            Some(at) => Ok(Fact::Moment(at.0)),
            None => refuse("no moment such as 2026-05-04T09:00:00Z".to_owned()),
        },
        Holds::Flag => match text {
            "true" => Ok(Fact::Flag(true)),
            "false" => Ok(Fact::Flag(false)),
            _ => refuse("neither true nor false".to_owned()),
        },
    }
}

fn written(fact: &Fact) -> String {
    match fact {
        Fact::Text(text) => text.clone(),
        Fact::Id(id) => id.to_string(),
        Fact::Day(day) => day.to_string(),
        Fact::Moment(at) => at.to_rfc3339(),
        Fact::Number(number) => number.to_string(),
        Fact::Flag(flag) => flag.to_string(),
    }
}

/// The parameters of a query, each once. Errors with the name of one that is there twice or unknown.
pub fn read_query(parts: &Parts, known: &[&str]) -> ApiResult<Vec<(String, String)>> {
    let text = parts.uri.query().unwrap_or_default();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if !known.contains(&name.as_ref()) {
            let detail = match known {
                [] => "is no parameter: this takes none".to_owned(),
                known => format!("is no parameter: use {}", known.join(", ")),
            };
            return Err(ApiError::parameter(shown(&name), detail));
        }
        if !seen.insert(name.to_string()) {
            return Err(ApiError::parameter(shown(&name), "is given twice"));
        }
        all.push((name.into_owned(), value.into_owned()));
    }
    Ok(all)
}

/// Reads a number of rows.
pub fn read_limit(text: &str) -> ApiResult<u64> {
    let limit = text.parse().ok().filter(|it| (1..=LIMIT_MAX).contains(it));
    let plain = limit.filter(|_| text.bytes().all(|it| it.is_ascii_digit()));
    plain.ok_or_else(|| {
        let detail = format!("`{}` is not a number from 1 to {LIMIT_MAX}", shown(text));
        ApiError::parameter("limit", detail)
    })
}

impl<L: Listed> ListOf<L> {
    fn sort_of(text: &str) -> Option<(SortSpec, bool)> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let all = L::SORTS.iter().chain([&ID]);
        all.into_iter().find(|it| it.column == name).map(|it| (*it, descending))
    }

    fn sorts() -> Vec<String> {
        let all = [&ID].into_iter().chain(L::SORTS);
        all.flat_map(|it| [format!("-{}", it.column), it.column.to_owned()]).collect()
    }

    /// The same list without its first pages: filters and orders hold on.
    fn read_cursor(text: &str, sort: SortSpec, descending: bool) -> ApiResult<(Fact, Uuid)> {
        let refuse = || {
            let detail = "is none of this list in this order: give `next_cursor` of the page before, with the same `sort`";
            ApiError::parameter("cursor", detail)
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| refuse())?;
        if cursor.sort != spelled(sort.column, descending) {
            return Err(refuse());
        }
        let value = match cursor.value {
            None if sort.column == ID.column => Fact::Id(cursor.id),
            Some(text) if sort.column != ID.column => {
                read("cursor", sort.holds, &text).map_err(|_| refuse())?
            }
            _ => return Err(refuse()),
        };
        Ok((value, cursor.id))
    }

    /// The page that was read: its rows as they are shown, and where the next one begins.
    pub fn answer<M: Placed, V>(
        &self,
        mut rows: Vec<M>,
        view: impl FnMut(M) -> V,
    ) -> ListedPage<V> {
        let limit = usize::try_from(self.page.limit).unwrap_or(usize::MAX);
        let has_more = limit < rows.len();
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| has_more).map(|row| self.behind(row));
        ListedPage { items: rows.into_iter().map(view).collect(), next_cursor }
    }

    fn behind<M: Placed>(&self, row: &M) -> String {
        let column = self.page.sort;
        let value = row.fact(column).filter(|_| column != ID.column);
        let sort = spelled(column, self.page.descending);
        let cursor = Cursor { sort, value: value.as_ref().map(written), id: row.id() };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

fn spelled(column: &str, descending: bool) -> String {
    let sign = if descending { "-" } else { "" };
    format!("{sign}{column}")
}

impl<L: Listed> FromRequestParts<AppState> for ListOf<L> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let mut known = vec!["limit", "cursor", "sort"];
        known.extend(L::FILTERS.iter().map(|it| it.name));
        let given = read_query(parts, &known)?;
        let value = |name| given.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        let limit = value("limit").map_or(Ok(LIMIT_DEFAULT), read_limit)?;
        let sort = value("sort").unwrap_or("-id");
        let (sort, descending) = Self::sort_of(sort).ok_or_else(|| {
            let detail = format!("`{}` is none of {}", shown(sort), Self::sorts().join(", "));
            ApiError::parameter("sort", detail)
        })?;
        // A key means something in its system alone, and only both together are looked up.
        for (one, other) in [("source", "external_id"), ("external_id", "source")] {
            if value(one).is_some() && value(other).is_none() {
                let detail = format!("is missing: a key is looked up by `{one}` and `{other}`");
                return Err(ApiError::parameter(other, detail));
            }
        }
        let mut filters = Vec::new();
        for spec in L::FILTERS {
            if let Some(text) = value(spec.name) {
                let value = read(spec.name, spec.holds, text)?;
                filters.push(Filter { column: spec.column, test: spec.test, value });
            }
        }
        let after = value("cursor").map(|text| Self::read_cursor(text, sort, descending));
        let after = after.transpose()?;
        let page = Page { filters, sort: sort.column, descending, after, limit };
        Ok(Self { page, of: PhantomData })
    }
}

fn schema_of(holds: Holds) -> Schema {
    match holds {
        Holds::Id => json_schema!({ "type": "string", "format": "uuid" }),
        Holds::Word(names) => json_schema!({ "type": "string", "enum": names() }),
        Holds::Text => {
            let pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
            json_schema!({ "type": "string", "maxLength": VALUE_CHARS_MAX, "pattern": pattern })
        }
        Holds::Day => json_schema!({ "type": "string", "format": "date" }),
        Holds::Moment => json_schema!({ "type": "string", "format": "date-time" }),
        Holds::Flag => json_schema!({ "type": "boolean" }),
    }
}

/// The parameters of every list, described.
pub fn describe_paging(operation: &mut Operation) {
    let limit = json_schema!({
        "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT,
    });
    query(operation, "limit", "How many at most.", limit);
    let text = "`next_cursor` of the page before.";
    query(operation, "cursor", text, json_schema!({ "type": "string" }));
}

impl<L: Listed> OperationInput for ListOf<L> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        describe_paging(operation);
        let sorts = json_schema!({ "type": "string", "enum": Self::sorts(), "default": "-id" });
        let text = "By what; with `-`, the greatest first. By id is by the time of making.";
        query(operation, "sort", text, sorts);
        for filter in L::FILTERS {
            query(operation, filter.name, filter.about, schema_of(filter.holds));
        }
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(ctx, &[(400, "A parameter cannot be meant")])
    }
}

/// A page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{V}Page")]
pub struct ListedPage<V> {
    /// The rows.
    pub items: Vec<V>,
    /// Give this as `cursor` to go on; null at the end.
    pub next_cursor: Option<String>,
}

impl<V: Serialize> IntoResponse for ListedPage<V> {
    fn into_response(self) -> HttpResponse {
        json_response(StatusCode::OK, &self)
    }
}

impl<V: JsonSchema + Serialize> OperationOutput for ListedPage<V> {
    type Inner = Self;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Response> {
        Some(json_doc::<Self>(ctx, "A page"))
    }

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Response)> {
        vec![(Some(200), json_doc::<Self>(ctx, "A page"))]
    }
}
