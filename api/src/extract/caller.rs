//! Who calls, and whether they may: a route's permission is the type of its first argument.

use std::{marker::PhantomData, net::SocketAddr};

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};
use domain::{access::Permission, action::Actor, id::TenantId};

use super::refusals;
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult, Code},
    state::AppState,
};

/// The name of the way in which keys are given, in the document.
pub const SECURITY: &str = "key";

/// What a kind of caller may do.
pub trait Grant: Send + Sync + 'static {
    /// The permission that its role has to grant.
    const PERMISSION: Permission;
}

/// A caller of a tenant's.
pub struct OfTenant<G> {
    /// Whose data the key opens.
    pub tenant: TenantId,
    /// The key.
    pub caller: Caller,
    granted: PhantomData<G>,
}

/// A caller who looks after the installation.
pub struct OfInstallation<G> {
    /// The key.
    pub caller: Caller,
    granted: PhantomData<G>,
}

/// May look.
pub struct Read;
/// May enqueue.
pub struct Enqueue;
/// May bring and change data, and decide.
pub struct Operate;
/// May do everything.
pub struct Own;

impl Grant for Read {
    const PERMISSION: Permission = Permission::Read;
}
impl Grant for Enqueue {
    const PERMISSION: Permission = Permission::Enqueue;
}
impl Grant for Operate {
    const PERMISSION: Permission = Permission::Operate;
}
impl Grant for Own {
    const PERMISSION: Permission = Permission::Own;
}

/// Looks at a tenant's data.
pub type Viewer = OfTenant<Read>;
/// Enqueues a tenant's jobs.
pub type Enqueuer = OfTenant<Enqueue>;
/// Changes a tenant's data.
pub type Operator = OfTenant<Operate>;
/// Owns a tenant.
pub type Owner = OfTenant<Own>;
/// Looks at the installation.
pub type Admin = OfInstallation<Read>;
/// Changes the installation.
pub type AdminOwner = OfInstallation<Own>;

impl<G> OfTenant<G> {
    /// The caller, for the record.
    pub fn actor(&self) -> Actor {
        self.caller.actor()
    }
}

impl<G: Grant> FromRequestParts<AppState> for OfTenant<G> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let caller = identify(parts, app).await?;
        caller.require(G::PERMISSION)?;
        let tenant = caller.require_tenant()?;
        Ok(Self { tenant, caller, granted: PhantomData })
    }
}

impl<G: Grant> FromRequestParts<AppState> for OfInstallation<G> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let caller = identify(parts, app).await?;
        if caller.tenant.is_some() {
            let detail =
                "this takes a key that looks after the installation: `steward key create --admin`";
            return Err(ApiError::new(Code::Forbidden, detail));
        }
        caller.require(G::PERMISSION)?;
        Ok(Self { caller, granted: PhantomData })
    }
}

async fn identify(parts: &Parts, app: &AppState) -> ApiResult<Caller> {
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let key = given.and_then(|text| {
        let (scheme, key) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let known = match key {
        Some(key) => app.inner().keys.caller(key).await?,
        None => None,
    };
    let Some(caller) = known else {
        if let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            app.inner().limits.failure(address.ip())?;
        }
        let detail = match key {
            None => {
                "give a key in the header `Authorization: Bearer stw_…`: `steward key create` makes one"
            }
            Some(_) => "nobody knows this key: `steward key create` makes one",
        };
        return Err(ApiError::new(Code::Unauthorized, detail));
    };
    app.inner().limits.request(caller.key)?;
    Ok(caller)
}

fn describe(operation: &mut Operation, permission: Permission) {
    let required = [(SECURITY.to_owned(), Vec::new())].into_iter().collect();
    operation.security.push(required);
    operation
        .extensions
        .insert("x-permission".to_owned(), serde_json::Value::from(permission.as_str()));
}

fn refused(ctx: &mut GenContext) -> Vec<(Option<u16>, Response)> {
    refusals(
        ctx,
        &[
            (401, "There is no key, or one that opens nothing"),
            (403, "The key does not allow this"),
            (429, "Too many requests"),
            (503, "Not available at the moment; nothing was done"),
        ],
    )
}

impl<G: Grant> OperationInput for OfTenant<G> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        describe(operation, G::PERMISSION);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refused(ctx)
    }
}

impl<G: Grant> OperationInput for OfInstallation<G> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        describe(operation, G::PERMISSION);
        operation.extensions.insert("x-admin".to_owned(), serde_json::Value::from(true));
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refused(ctx)
    }
}
