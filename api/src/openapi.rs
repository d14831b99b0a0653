//! The document: OpenAPI 3.1, generated from the routes themselves, and a page to read and try it.

use aide::{
    axum::ApiRouter,
    generate::in_context,
    openapi::{Info, License, OpenApi, SecurityScheme, Tag},
    swagger::Swagger,
    transform::TransformOpenApi,
};
use axum::{
    Router,
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};

use crate::{extract::SECURITY, routes, state::AppState};

/// Where the document is.
pub const DOCUMENT_PATH: &str = "/openapi.json";
/// Where the page is.
const PAGE_PATH: &str = "/docs";
/// The page brings its own scripts along, and nothing from anywhere else.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; \
                           style-src 'self' 'unsafe-inline'; img-src 'self' data:";

const ABOUT: &str = "\
Steward is an autonomous account manager: it checks orders, writes to people whose turn it is, and follows up deals and \
quotes, held by a policy that says why.

**Keys.** Give a key as `Authorization: Bearer stw_…`; `steward key create` makes one. A key opens one tenant's data, and \
a key of the installation the routes under `/v1/admin`.

**Errors** are `application/problem+json` with a stable `code`, the `field` at fault, and what to do.

**Repeating.** Every POST takes an `Idempotency-Key`: it is done once within 24 hours, and a repeated one is answered with \
what came of it. Updates take the `ETag` of what they were made from as `If-Match`.

**Lists** are pages: give `next_cursor` as `cursor` to go on.

**Amounts** are whole numbers: money in minor units (cents), quantities in thousandths, shares in basis points; the \
field's name says which.";

/// What the tags stand for, in the order in which the page shows them.
const TAGS: &[(&str, &str)] = &[
    ("clients", "Companies that the tenant sells to."),
    ("contacts", "People at clients: kept, handed out, erased."),
    ("privacy-requests", "What was done about people's data, and at whose wish."),
    ("products", "What the tenant sells."),
    ("prices", "Prices by date, quantity and client."),
    ("credit-profiles", "How much credit clients have."),
    ("requirements", "What orders have to come with."),
    ("orders", "Orders, their lines, and what is wrong with them."),
    ("deals", "Opportunities, by stage."),
    ("quotes", "Quotes and bids."),
    ("goals", "What the tenant wants to reach."),
    ("cases", "Complaints, safety concerns and service matters."),
    ("compliance-items", "What accounts have to hand in, and until when."),
    ("tasks", "Things for people of the tenant to do."),
    ("imports", "Files that are uploaded, read by a job, and reported on row by row."),
    ("messages", "Mail, and what was understood of it."),
    ("cycles", "Each hour's cycle, with its work block."),
    ("actions", "What the agent proposed, what became of it, and why; approvals."),
    ("decisions", "What the policy said, why, and on which facts."),
    ("violations", "Proposals that the policy forbids."),
    ("engagement", "Whose turn it is to be written to, and how well that is kept."),
    ("events", "What happens, as it happens."),
    ("jobs", "Work for the fleet, and the queues that it waits in."),
    ("tenant", "The tenant itself: calendar, settings, mode, pause."),
    ("keys", "The tenant's keys."),
    ("admin", "The installation: tenants, lines, queues. It takes a key of its own."),
    ("health", "Whether the process lives and can work, and what it counts."),
];

/// The document, as it is served.
pub fn document() -> OpenApi {
    build().1
}

fn build() -> (Router<AppState>, OpenApi) {
    // OpenAPI 3.1 has its schemas in this draft.
    let settings = SchemaSettings::draft2020_12().with(|it| {
        it.inline_subschemas = false;
        it.definitions_path = "#/components/schemas/".into();
        it.meta_schema = None;
    });
    in_context(|ctx| ctx.schema = SchemaGenerator::new(settings));
    let mut api = OpenApi {
        info: Info {
            title: "Steward".to_owned(),
            description: Some(ABOUT.to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            license: Some(License {
                name: "MIT OR Apache-2.0".to_owned(),
                identifier: Some("MIT OR Apache-2.0".to_owned()),
                ..License::default()
            }),
            ..Info::default()
        },
        ..OpenApi::default()
    };
    let router = ApiRouter::new().merge(routes::all()).finish_api_with(&mut api, describe);
    (router, api)
}

fn describe(api: TransformOpenApi<'_>) -> TransformOpenApi<'_> {
    let scheme = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: Some("stw_ and 43 characters".to_owned()),
        description: Some("A key, as `steward key create` prints it once.".to_owned()),
        extensions: Default::default(),
    };
    TAGS.iter().fold(api.security_scheme(SECURITY, scheme), |api, (name, about)| {
        api.tag(Tag {
            name: (*name).to_owned(),
            description: Some((*about).to_owned()),
            ..Tag::default()
        })
    })
}

/// The routes, the document and its page.
pub fn router(app: &AppState) -> Router {
    let (router, api) = build();
    let text = serde_json::to_string(&api).unwrap_or_default();
    app.inner().document.get_or_init(|| text);
    router
        .route(DOCUMENT_PATH, get(serve_document))
        .route(PAGE_PATH, get(serve_page))
        .with_state(app.clone())
}

async fn serve_document(State(app): State<AppState>) -> Response {
    let text = app.inner().document.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn serve_page() -> Response {
    let page = Swagger::new(DOCUMENT_PATH).with_title("Steward: the API").html();
    ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(page)).into_response()
}
