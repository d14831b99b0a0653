//! Requests that may be repeated: `Idempotency-Key`.
//!
//! The key and what the request does are committed together, so a repeated request finds both or neither.

use std::future::Future;

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use domain::id::TenantId;
use schemars::json_schema;
use sha2::{Digest, Sha256};
use store::{
    Scope, UnitOfWork,
    idempotency::{KeyUse, Keyed},
};
use uuid::Uuid;

use super::{BodyDigest, header, refusals};
use crate::{
    error::{ApiError, ApiResult, Code},
    state::AppState,
};

/// Longest key.
const KEY_CHARS_MAX: usize = 255;
const NAME: &str = "Idempotency-Key";

/// A caller's key for a request, if there is one, and the request's path.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The key.
    pub key: Option<String>,
    path: String,
}

/// A request on its way to being done once.
pub enum Once<'s> {
    /// It is to be done, in this unit of work.
    First(Doing<'s>),
    /// It was done before.
    Repeated {
        /// What it made or changed.
        subject: Option<Uuid>,
        /// How it was answered.
        status: StatusCode,
    },
}

/// A request that is being done.
pub struct Doing<'s> {
    work: UnitOfWork<'s>,
    key: Option<String>,
}

impl Doing<'_> {
    /// Where to do it.
    pub fn scope(&self) -> Scope<'_> {
        self.work.scope()
    }

    /// Commits what was done, and how it ended.
    pub async fn finish(self, status: StatusCode, subject: Option<Uuid>) -> ApiResult<()> {
        if let Some(key) = &self.key {
            let scope = self.work.scope();
            scope.mark_idempotency_done(key, status.as_u16(), subject).await?;
        }
        Ok(self.work.commit().await?)
    }
}

impl Idempotency {
    /// Begins a request of a tenant's, or finds what came of it.
    pub async fn begin<'s>(
        &self,
        app: &'s AppState,
        tenant: TenantId,
        body: Option<&BodyDigest>,
    ) -> ApiResult<Once<'s>> {
        self.within(app, app.begin(tenant).await?, body).await
    }

    /// The same in a unit of work that has begun.
    pub async fn within<'s>(
        &self,
        app: &AppState,
        work: UnitOfWork<'s>,
        body: Option<&BodyDigest>,
    ) -> ApiResult<Once<'s>> {
        let Some(key) = &self.key else { return Ok(Once::First(Doing { work, key: None })) };
        let request_sha256 = self.hash(body);
        let keyed = Keyed { key, operation: &self.path, request_sha256: &request_sha256 };
        let known = work.scope().insert_idempotency_key(&keyed, app.clock.now()).await?;
        match known {
            KeyUse::First => Ok(Once::First(Doing { work, key: Some(key.clone()) })),
            KeyUse::Repeated { status, subject } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                Ok(Once::Repeated { subject, status })
            }
            KeyUse::Taken => Err(taken()),
        }
    }

    /// Does something unless it was done before, which commits by itself and changes nothing if it is done again.
    ///
    /// The key is noted once it is done: what is refused, or cut short in between, may be tried again.
    pub async fn unless_done(
        &self,
        app: &AppState,
        tenant: TenantId,
        body: Option<&BodyDigest>,
        act: impl Future<Output = ApiResult<()>>,
    ) -> ApiResult<()> {
        if self.key.is_none() {
            return act.await;
        }
        if self.is_done(app, tenant, body).await? {
            return Ok(());
        }
        act.await?;
        match self.begin(app, tenant, body).await? {
            Once::First(doing) => doing.finish(StatusCode::OK, None).await,
            Once::Repeated { .. } => Ok(()),
        }
    }

    /// Whether the request was done before. Nothing is written.
    pub async fn is_done(
        &self,
        app: &AppState,
        tenant: TenantId,
        body: Option<&BodyDigest>,
    ) -> ApiResult<bool> {
        Ok(matches!(self.begin(app, tenant, body).await?, Once::Repeated { .. }))
    }

    fn hash(&self, body: Option<&BodyDigest>) -> String {
        let mut hash = Sha256::new();
        hash.update(self.path.as_bytes());
        hash.update([0]);
        hash.update(body.map_or("", |it| it.0.as_str()).as_bytes());
        domain::proposal::hex(&hash.finalize())
    }
}

fn taken() -> ApiError {
    let detail = "this key was given with another request in the last 24 hours: make a new one";
    ApiError::new(Code::IdempotencyKeyReused, detail).at(NAME)
}

impl FromRequestParts<AppState> for Idempotency {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> ApiResult<Self> {
        let path = parts.uri.path().to_owned();
        let Some(value) = parts.headers.get(NAME) else { return Ok(Self { key: None, path }) };
        let key = value.to_str().ok().filter(|it| {
            (1..=KEY_CHARS_MAX).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_graphic())
        });
        let Some(key) = key else {
            let detail = "is not 1 to 255 printable ASCII characters without spaces";
            return Err(ApiError::parameter(NAME, detail));
        };
        Ok(Self { key: Some(key.to_owned()), path })
    }
}

impl OperationInput for Idempotency {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let text = "Makes the request safe to repeat for 24 hours: it is done once, and a repeated one is \
                    answered with what came of it.";
        let schema = json_schema!({
            "type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[!-~]+$",
        });
        header(operation, NAME, text, false, schema);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(
            ctx,
            &[
                (400, "A parameter cannot be meant"),
                (422, "A field cannot be meant, or the key stands for another request"),
            ],
        )
    }
}
