//! A job of whatever kind, on its way to be recorded.

use serde_json::value::RawValue;

use crate::{Envelope, EnvelopeError, Job, JobId, Priority, Queue, TenantId, Timestamp};

/// A job whose kind is known no more, or was never known: what a record needs of it.
#[derive(Clone, Debug)]
pub struct AnyJob {
    /// What kind it is.
    pub name: &'static str,
    /// Of which version its payload is.
    pub version: u16,
    /// Where it waits.
    pub queue: Queue,
    /// How pressing it is in its tenant's line.
    pub priority: Priority,
    /// Whose work it is; none for the house's own.
    pub tenant: Option<TenantId>,
    /// The payload.
    pub payload: Box<RawValue>,
}

impl AnyJob {
    /// Forgets a job's kind. Errors if it cannot travel.
    pub fn of<J: Job>(job: &J) -> Result<Self, EnvelopeError> {
        // The id and the moment are of no account here: what is checked is the rest.
        let envelope =
            Envelope::seal(JobId::from_uuid(uuid::Uuid::nil()), job, Timestamp::UNIX_EPOCH)?;
        Ok(Self {
            name: J::NAME,
            version: J::VERSION,
            queue: J::QUEUE,
            priority: J::PRIORITY,
            tenant: envelope.tenant,
            payload: envelope.payload,
        })
    }

    /// Reads a job of a kind from its payload. Errors if it is of another form, or cannot travel.
    pub fn read<J: Job>(payload: &str) -> Result<Self, EnvelopeError> {
        let job: J = serde_json::from_str(payload)
            .map_err(|error| crate::envelope::undecodable("a payload of this job", &error))?;
        Self::of(&job)
    }
}
