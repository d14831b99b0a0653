//! Why a cycle did not get through.

use domain::time::Timestamp;
use store::StoreError;

use crate::planner::PlannerError;

/// See the module's words.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The planner.
    #[error("the planner failed: {0}")]
    Planner(#[from] PlannerError),
    /// Another run works for this tenant.
    #[error("another run works for this tenant: {locked_by}, until {expires_at} unless it goes on")]
    Busy {
        /// Which instance.
        locked_by: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// The hour has not come yet.
    #[error("the hour has not come yet: it begins at {until}")]
    TooEarly {
        /// When it does.
        until: Timestamp,
    },
    /// Somebody has paused the tenant.
    #[error(
        "the tenant is paused since {}: `steward tenant resume` lets it go on",
        since.format("%Y-%m-%d %H:%M UTC")
    )]
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// A run of this hour ended badly before.
    #[error(
        "cycle {cycle_number} of this hour is {status}: {error}; the next hour's cycle goes on from here"
    )]
    HourIsClosed {
        /// Which cycle.
        cycle_number: i32,
        /// Failed or abandoned.
        status: String,
        /// What was recorded.
        error: String,
    },
    /// The run was closed while it was being worked on.
    #[error("the run was closed by somebody else while it was in {0}")]
    RunClosed(domain::cycle::Phase),
    /// The action cannot be decided on.
    #[error("action {id} is {status}: only one that is awaiting can be decided on")]
    NotAwaiting {
        /// Which action.
        id: domain::id::ActionId,
        /// Where it is.
        status: domain::action::ActionStatus,
    },
    /// The payload is not the one that was shown.
    #[error(
        "the payload is not the one you saw: its hash begins with {actual}; look again with `steward action show`"
    )]
    OtherPayload {
        /// The first digits of the hash there is.
        actual: String,
    },
    /// The policy forbids it by now.
    #[error("it may not happen any more: {0}")]
    Forbidden(String),
    /// There is no such action.
    #[error("there is no action {0} of this tenant: see `steward action list`")]
    UnknownAction(domain::id::ActionId),
}
