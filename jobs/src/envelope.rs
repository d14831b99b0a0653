//! The envelope in which a job travels.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Job, JobId, TenantId, Timestamp};

/// Longest payload, in bytes of JSON: ids and an intent are far shorter, and data belongs in the database.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// Longest name of a job, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest part of a trace context, in bytes; W3C's `tracestate` ends at 512.
pub const TRACE_BYTES_MAX: usize = 512;

/// Where the work was asked for, as W3C Trace Context writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// `traceparent`.
    pub parent: String,
    /// `tracestate`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
}

/// A job on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Which job.
    pub id: JobId,
    /// What kind.
    pub name: String,
    /// The version of its payload.
    pub version: u16,
    /// Whose work it is; none for the house's own.
    pub tenant: Option<TenantId>,
    /// The payload, as JSON.
    pub payload: Box<RawValue>,
    /// Where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceContext>,
    /// When it was asked for.
    pub enqueued_at: Timestamp,
    /// Whether the database has a record of it, which has the last word on whether it is settled.
    #[serde(default)]
    pub is_recorded: bool,
}

/// An envelope that cannot be sent, or not be opened.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope, or not a payload of this kind.
    #[error("payload: cannot be read as {what}, line {line}, column {column}: {problem}")]
    Undecodable {
        /// As what it was read.
        what: &'static str,
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
        /// What was wrong, without a word of what stood there.
        problem: String,
    },
    /// Written by a newer release.
    #[error(
        "version: {found} of `{name}` is newer than {known}, the newest that is known here; update the worker"
    )]
    NewerVersion {
        /// The kind of job.
        name: &'static str,
        /// As found.
        found: u16,
        /// As known.
        known: u16,
    },
    /// More than is carried.
    #[error(
        "payload: has {bytes} bytes of at most {PAYLOAD_BYTES_MAX}; store the data and give its id"
    )]
    TooLarge {
        /// As given.
        bytes: usize,
    },
    /// A name that is none.
    #[error("name: give 1 to {NAME_BYTES_MAX} letters, digits and underscores")]
    BadName,
    /// A trace context that is none.
    #[error("trace: longer than {TRACE_BYTES_MAX} bytes")]
    TraceTooLong,
}

impl Envelope {
    /// Puts a job into an envelope.
    pub fn seal<J: Job>(id: JobId, job: &J, at: Timestamp) -> Result<Self, EnvelopeError> {
        let payload = serde_json::value::to_raw_value(job)
            .map_err(|error| undecodable("a job's payload", &error))?;
        let sealed = Self {
            id,
            name: J::NAME.to_owned(),
            version: J::VERSION,
            tenant: job.tenant(),
            payload,
            trace: None,
            enqueued_at: at,
            is_recorded: false,
        };
        sealed.check()?;
        Ok(sealed)
    }

    /// Whether it may travel: within the limits of each field.
    pub fn check(&self) -> Result<(), EnvelopeError> {
        check_name(&self.name)?;
        let bytes = self.payload.get().len();
        if PAYLOAD_BYTES_MAX < bytes {
            return Err(EnvelopeError::TooLarge { bytes });
        }
        let traces = self.trace.iter().flat_map(|it| [&it.parent, &it.state]);
        if traces.into_iter().any(|it| TRACE_BYTES_MAX < it.len()) {
            return Err(EnvelopeError::TraceTooLong);
        }
        Ok(())
    }

    /// Takes the job out again.
    pub fn open<J: Job>(&self) -> Result<J, EnvelopeError> {
        if J::VERSION < self.version {
            let (found, known) = (self.version, J::VERSION);
            return Err(EnvelopeError::NewerVersion { name: J::NAME, found, known });
        }
        serde_json::from_str(self.payload.get())
            .map_err(|error| undecodable("a payload of this job", &error))
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        self.check()?;
        serde_json::to_vec(self).map_err(|error| undecodable("an envelope", &error))
    }

    /// From bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let found: Self =
            serde_json::from_slice(bytes).map_err(|error| undecodable("an envelope", &error))?;
        found.check()?;
        Ok(found)
    }
}

/// Whether a text may be the name of a job.
pub(crate) fn check_name(name: &str) -> Result<(), EnvelopeError> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_fit);
    if is_name { Ok(()) } else { Err(EnvelopeError::BadName) }
}

/// What a parser found, without the text that it found it in: a payload may name people.
pub(crate) fn undecodable(what: &'static str, error: &serde_json::Error) -> EnvelopeError {
    let problem = match error.classify() {
        serde_json::error::Category::Io => "it could not be read".to_owned(),
        serde_json::error::Category::Syntax => "it is no JSON, or of another form".to_owned(),
        serde_json::error::Category::Data => wrong_field(error),
        serde_json::error::Category::Eof => "it ends too early".to_owned(),
    };
    EnvelopeError::Undecodable { what, line: error.line(), column: error.column(), problem }
}

/// Names a field that is missing, which is a name of ours; of anything else, the words might quote somebody.
fn wrong_field(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let named = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match named {
        Some((name, _)) => format!("field `{name}` is missing"),
        None => "a field is of another type".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{Limits, Queue};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Greet {
        name: String,
    }

    impl Job for Greet {
        const NAME: &'static str = "greet";
        const VERSION: u16 = 2;
        const QUEUE: Queue = Queue::Interactive;
        const LIMITS: Limits = Limits::new(3, Duration::from_secs(1));

        fn tenant(&self) -> Option<TenantId> {
            None
        }
    }

    fn sealed(name: &str) -> Result<Envelope, EnvelopeError> {
        let id = JobId::from_uuid(Uuid::from_u128(7));
        Envelope::seal(id, &Greet { name: name.to_owned() }, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_job_comes_out_as_it_went_in() {
        let envelope = sealed("Ada \u{1F469}\u{200D}\u{1F680}").unwrap();
        let again = Envelope::from_bytes(&envelope.to_bytes().unwrap()).unwrap();
        assert_eq!(
            again.open::<Greet>().unwrap(),
            Greet { name: "Ada \u{1F469}\u{200D}\u{1F680}".to_owned() }
        );
        assert_eq!((again.id, again.name.as_str(), again.version), (envelope.id, "greet", 2));
    }

    #[test]
    fn what_is_too_large_or_newer_or_no_payload_is_told_apart() {
        let error = sealed(&"x".repeat(PAYLOAD_BYTES_MAX)).unwrap_err();
        assert!(error.to_string().starts_with("payload: has 65547 bytes"), "{error}");

        let mut newer = sealed("Ada").unwrap();
        newer.version = 3;
        let error = newer.open::<Greet>().unwrap_err();
        assert!(error.to_string().contains("3 of `greet` is newer than 2"), "{error}");

        let mut other = sealed("Ada").unwrap();
        other.payload = serde_json::value::to_raw_value(&json!({ "nom": "Ada" })).unwrap();
        let error = other.open::<Greet>().unwrap_err();
        assert!(error.to_string().ends_with("field `name` is missing"), "{error}");
        assert!(!error.to_string().contains("Ada"));
    }

    #[test]
    fn bytes_that_are_no_envelope_are_refused_without_being_quoted() {
        let mut bytes = sealed("Ada").unwrap().to_bytes().unwrap();
        bytes.truncate(bytes.len() - 1);
        for bytes in [&bytes[..], b"", b"Ada", b"{\"name\":\"Ada\"}", &[0xff, 0xfe]] {
            let error = Envelope::from_bytes(bytes).unwrap_err().to_string();
            assert!(
                error.contains("cannot be read as an envelope") && !error.contains("Ada"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_name_is_a_short_word() {
        for name in ["", "sync mailbox", "crate::Sync", &"n".repeat(NAME_BYTES_MAX + 1), "n\0"] {
            let envelope = Envelope { name: name.to_owned(), ..sealed("Ada").unwrap() };
            assert!(matches!(envelope.to_bytes(), Err(EnvelopeError::BadName)), "{name:?}");
        }
    }
}
