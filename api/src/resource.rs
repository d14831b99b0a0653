//! What the records that other systems bring have in common: they are listed, read, made and changed in one way.
//!
//! What lives here: the four routes, once. What does not: the fields of a resource, which stand in a file each.

use std::{borrow::Cow, future::Future};

use aide::{
    axum::{ApiRouter, routing::patch_with},
    transform::TransformOperation,
};
use axum::{extract::State, http::StatusCode};
use domain::{action::Actor, money, time::Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, de::DeserializeOwned};
use store::{
    Scope,
    import::Origin,
    record::{Fact, Placed, Record},
    tenant::Tenant,
};
use uuid::Uuid;

use crate::{
    error::{ApiError, ApiResult, Code, problem_doc},
    extract::{ById, Idempotency, IfMatch, Listed, MergePatch, Once, Operator, Tagged},
    kept,
    made::{Created, New},
    state::AppState,
    wire::{Currency, Day, Formed, Moment, Source},
};

/// The source of rows that are made here, unless another is named.
const SOURCE: &str = "api";

/// A record that other systems bring.
pub trait Resource: Listed {
    /// The row.
    type Row: Record + Clone;
    /// What may be set.
    type Fields: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// How it is shown among others.
    type Item: Serialize + JsonSchema + Send + 'static;
    /// How it is shown by itself.
    type View: Serialize + JsonSchema + Send + 'static;

    /// What one of it is called, and the end of its operations' names.
    const NOUN: &'static str;
    /// What many of it are called; also its path.
    const PLURAL: &'static str;

    /// A row as it is shown among others.
    fn item(row: Self::Row) -> Self::Item;

    /// A row as it is shown by itself, and what may be set of it.
    fn whole(
        scope: &Scope<'_>,
        row: &Self::Row,
    ) -> impl Future<Output = ApiResult<(Self::View, Self::Fields)>> + Send;

    /// Writes the row with this key: a new one, or `before` with its new fields.
    fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Self::Fields,
        before: Option<&Self::Row>,
    ) -> impl Future<Output = ApiResult<()>> + Send;
}

/// A record that is one row, and shown as that.
pub trait Plain: Listed {
    /// The row.
    type Row: Record + Clone;
    /// What may be set.
    type Fields: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What else is shown.
    type Extra: Serialize + JsonSchema + Send + 'static;

    /// What one of it is called, and the end of its operations' names.
    const NOUN: &'static str;
    /// What many of it are called; also its path.
    const PLURAL: &'static str;

    /// What may be set, as it is set now, and what else is shown.
    fn fields(row: &Self::Row) -> (Self::Fields, Self::Extra);

    /// Writes the row with this key: a new one, or `before` with its new fields.
    fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: Self::Fields,
        before: Option<&Self::Row>,
    ) -> impl Future<Output = ApiResult<()>> + Send;
}

impl<P: Plain> Resource for P {
    type Row = P::Row;
    type Fields = P::Fields;
    type Item = Shown<P::Fields, P::Extra>;
    type View = Shown<P::Fields, P::Extra>;

    const NOUN: &'static str = P::NOUN;
    const PLURAL: &'static str = P::PLURAL;

    fn item(row: P::Row) -> Self::Item {
        let (fields, extra) = P::fields(&row);
        Shown { head: Head::of(&row), fields, extra }
    }

    async fn whole(_: &Scope<'_>, row: &P::Row) -> ApiResult<(Self::View, P::Fields)> {
        Ok((Self::item(row.clone()), P::fields(row).0))
    }

    async fn write(
        writing: &Writing<'_>,
        external_id: &str,
        fields: P::Fields,
        before: Option<&P::Row>,
    ) -> ApiResult<()> {
        P::write(writing, external_id, fields, before).await
    }
}

/// What a write takes place in.
pub struct Writing<'w> {
    /// The rows, in a unit of work.
    pub scope: Scope<'w>,
    /// Whose.
    pub tenant: &'w Tenant,
    /// The system that the key belongs to.
    pub source: &'w str,
    /// Who writes.
    pub actor: &'w Actor,
    /// The tenant's present.
    pub now: Timestamp,
}

impl Writing<'_> {
    /// Where the row comes from.
    pub fn origin(&self) -> Origin<'_> {
        Origin { source: self.source, actor: self.actor, at: self.now }
    }

    /// Errors unless the tenant has a row with this id, naming the field that refers to it.
    pub async fn require<M: Record>(
        &self,
        field: &'static str,
        noun: &'static str,
        id: Uuid,
    ) -> ApiResult<M> {
        let found = self.scope.find_record::<M>(id).await?;
        found.ok_or_else(|| ApiError::unknown_reference(field, noun))
    }

    /// Errors if the row that was written has kept another status, which an import may not change.
    pub async fn check_status<M: Record>(
        &self,
        external_id: &str,
        status: &str,
        because: &str,
    ) -> ApiResult<()> {
        let written = self.scope.find_record_of_source::<M>(self.source, external_id).await?;
        match written {
            Some(row) if row.text("status") != status => {
                Err(ApiError::new(Code::Conflict, because).at("status"))
            }
            _ => Ok(()),
        }
    }

    /// The currency that is meant when none is named.
    pub fn currency(&self, named: Option<Currency>) -> money::Currency {
        named.map_or(self.tenant.currency, |it| it.0)
    }

    /// The same for a reference that may be left out.
    pub async fn check<M: Record>(
        &self,
        field: &'static str,
        noun: &'static str,
        id: Option<Uuid>,
    ) -> ApiResult<()> {
        match id {
            Some(id) => self.require::<M>(field, noun, id).await.map(drop),
            None => Ok(()),
        }
    }
}

/// Errors if a day that ends something comes before the one that begins it.
pub fn check_days(
    field: &'static str,
    begins: Option<Day>,
    ends: Option<Day>,
    begins_name: &str,
) -> ApiResult<()> {
    match begins.zip(ends) {
        Some((begins, ends)) if ends.0 < begins.0 => Err(ApiError::field(
            field,
            format!("is before {begins_name}: mend one of the two days"),
        )),
        _ => Ok(()),
    }
}

/// What every record is shown with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Head {
    /// Its id here.
    pub id: Uuid,
    /// The system that its key belongs to.
    pub source: String,
    /// Its key in that system.
    pub external_id: String,
    /// When it was made here.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
}

impl Head {
    /// The head of a row.
    pub fn of<M: Placed>(row: &M) -> Self {
        let moment = |column| match row.fact(column) {
            Some(Fact::Moment(at)) => Moment(at),
            _ => Moment(Timestamp::UNIX_EPOCH),
        };
        Self {
            id: row.id(),
            source: row.text("source"),
            external_id: row.text("external_id"),
            created_at: moment("created_at"),
            updated_at: moment("updated_at"),
        }
    }
}

/// A record with its head, as it is shown.
#[derive(Debug, Serialize)]
pub struct Shown<F, E> {
    /// What every record is shown with.
    #[serde(flatten)]
    pub head: Head,
    /// What may be set.
    #[serde(flatten)]
    pub fields: F,
    /// What else is shown.
    #[serde(flatten)]
    pub extra: E,
}

/// Nothing else is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Nothing {}

/// Everything that is shown is always there; and what the records hold may be older than today's rules for it.
impl<F: JsonSchema, E: JsonSchema> JsonSchema for Shown<F, E> {
    fn schema_name() -> Cow<'static, str> {
        F::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut fields = F::json_schema(generator);
        let about = fields.remove("description").unwrap_or_default();
        let mut shown = as_shown([Head::json_schema(generator), fields, E::json_schema(generator)]);
        shown.insert("description".to_owned(), about);
        shown
    }
}

/// The rules for what is taken, that do not hold for what is shown.
const RULES_OF_INPUT: [&str; 7] =
    ["default", "pattern", "minLength", "maxLength", "minimum", "maximum", "additionalProperties"];

/// The schema of several parts as they are shown in one: all of their fields are there, whatever they hold.
pub fn as_shown<const PARTS: usize>(parts: [Schema; PARTS]) -> Schema {
    let mut all = serde_json::Map::new();
    for mut part in parts {
        if let Some(serde_json::Value::Object(fields)) = part.ensure_object().remove("properties") {
            all.extend(fields);
        }
    }
    for field in all.values_mut().filter_map(|it| it.as_object_mut()) {
        RULES_OF_INPUT.iter().for_each(|rule| drop(field.remove(*rule)));
    }
    let names: Vec<&String> = all.keys().collect();
    json_schema!({ "type": "object", "required": names, "properties": all })
}

/// The routes of a resource.
pub fn routes<R: Resource>() -> ApiRouter<AppState> {
    let path = kept::path::<R>();
    let one = format!("{path}/{{id}}");
    let of_all = kept::of_all::<R>()
        .post_with(create::<R>, |op| named(op, "create", R::NOUN, R::PLURAL, "Makes"));
    let of_one = kept::of_one::<R>().merge(patch_with(update::<R>, |op| {
        let op = not_found(named(op, "update", R::NOUN, R::PLURAL, "Changes"), R::NOUN);
        problem(op, 409, "It does not go with what is there")
    }));
    ApiRouter::new().api_route(&path, of_all).api_route(&one, of_one)
}

/// Names an operation, and says what it does with one of something, or with many.
pub fn named<'t>(
    op: TransformOperation<'t>,
    verb: &str,
    noun: &str,
    tag: &str,
    summary: &str,
) -> TransformOperation<'t> {
    let words = noun.replace(['_', '-'], " ");
    let article = match noun {
        // There is one of it, or the word says how many.
        _ if noun.ends_with('s') && !noun.ends_with("ss") => "",
        "tenant" if tag == "tenant" => "the ",
        _ if noun.starts_with(['a', 'e', 'i', 'o', 'u']) => "an ",
        _ => "a ",
    };
    op.id(&format!("{verb}_{}", noun.replace('-', "_")))
        .tag(tag)
        .summary(&format!("{summary} {article}{words}"))
}

/// Adds that there may be no such thing.
pub fn not_found<'t>(op: TransformOperation<'t>, noun: &str) -> TransformOperation<'t> {
    problem(op, 404, &format!("There is no such {} of this tenant", noun.replace('_', " ")))
}

/// Adds a refusal.
pub fn problem<'t>(
    mut op: TransformOperation<'t>,
    status: u16,
    text: &str,
) -> TransformOperation<'t> {
    let response = aide::generate::in_context(|ctx| problem_doc(ctx, text));
    let responses = op.inner_mut().responses.get_or_insert_with(Default::default);
    let status = aide::openapi::StatusCode::Code(status);
    responses.responses.insert(status, aide::openapi::ReferenceOr::Item(response));
    op
}

async fn create<R: Resource>(
    caller: Operator,
    State(app): State<AppState>,
    idempotency: Idempotency,
    new: New<R::Fields>,
) -> ApiResult<Created<R::View>> {
    let tenant = app.tenant(caller.tenant).await?;
    let (id, status) = match idempotency.begin(&app, caller.tenant, Some(&new.digest)).await? {
        Once::Repeated { subject, status } => (subject.unwrap_or_default(), status),
        Once::First(doing) => {
            let actor = caller.actor();
            let source = new.source.as_ref().map_or(SOURCE, Source::as_str);
            let writing = Writing {
                scope: doing.scope(),
                tenant: &tenant,
                source,
                actor: &actor,
                now: tenant.now(app.clock.as_ref()),
            };
            let external_id = match new.external_id {
                Some(key) => key.into_string(),
                None => app.store.new_uuid(app.clock.now()).to_string(),
            };
            let there = writing.scope.find_record_of_source::<R::Row>(source, &external_id).await?;
            if let Some(there) = there {
                let detail = format!(
                    "there is a {} with this key already: {}; change it with PATCH",
                    R::NOUN,
                    there.id()
                );
                return Err(ApiError::new(Code::AlreadyExists, detail).at("external_id"));
            }
            R::write(&writing, &external_id, new.fields, None).await?;
            let made = writing.scope.find_record_of_source::<R::Row>(source, &external_id).await?;
            let made = made.ok_or_else(|| ApiError::internal(&"a row that was written is gone"))?;
            drop(writing);
            doing.finish(StatusCode::CREATED, Some(made.id())).await?;
            (made.id(), StatusCode::CREATED)
        }
    };
    let view = kept::find::<R>(&app.store.tenant(caller.tenant), id).await?;
    Created::of(status, format!("/v1/{}/{id}", R::PLURAL), view)
}

async fn update<R: Resource>(
    caller: Operator,
    State(app): State<AppState>,
    ById(id): ById,
    seen: IfMatch,
    patch: MergePatch<R::Fields>,
) -> ApiResult<Tagged<R::View>> {
    let tenant = app.tenant(caller.tenant).await?;
    let work = app.begin(caller.tenant).await?;
    let scope = work.scope();
    let before = scope.find_record_to_change::<R::Row>(id).await?;
    let before = before.ok_or_else(|| ApiError::not_found(R::NOUN))?;
    let (view, fields) = R::whole(&scope, &before).await?;
    seen.check(&view)?;
    let fields = patch.apply(&fields)?;
    let (source, external_id) = (before.text("source"), before.text("external_id"));
    let actor = caller.actor();
    let now = tenant.now(app.clock.as_ref());
    let writing = Writing { scope, tenant: &tenant, source: &source, actor: &actor, now };
    R::write(&writing, &external_id, fields, Some(&before)).await?;
    let view = kept::find::<R>(&writing.scope, id).await?;
    drop(writing);
    work.commit().await?;
    Tagged::of(view)
}
