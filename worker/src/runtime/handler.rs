//! What a handler is given, and what it gives back.

use std::{sync::Arc, time::Duration};

use jobs::{Job, JobId, TenantId};
use queue::desk::Stop;
use tokio::sync::watch;

/// How an attempt ended that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// There was nothing to do, and why.
    Skipped(&'static str),
    /// It is too early: once more after so long, which costs no attempt.
    Snooze(Duration),
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may work another time.
    #[error("{error}")]
    Retry {
        /// What went wrong, without anybody's text in it.
        error: String,
        /// When, if whoever refused has named a time.
        after: Option<Duration>,
    },
    /// It will never work.
    #[error("{error}")]
    Bury {
        /// What went wrong, without anybody's text in it.
        error: String,
    },
}

impl JobError {
    /// It may work another time.
    pub fn retry(error: impl ToString) -> Self {
        Self::Retry { error: error.to_string(), after: None }
    }

    /// It may work after a time that whoever refused has named.
    pub fn retry_after(error: impl ToString, after: Duration) -> Self {
        Self::Retry { error: error.to_string(), after: Some(after) }
    }

    /// It will never work.
    pub fn bury(error: impl ToString) -> Self {
        Self::Bury { error: error.to_string() }
    }
}

/// What a handler gives back.
pub type JobResult = Result<Outcome, JobError>;

/// What a handler is given beside its payload.
pub struct JobContext<A> {
    /// What the process has for its handlers.
    pub app: Arc<A>,
    /// Which job.
    pub id: JobId,
    /// Which attempt; the first is 1.
    pub attempt: u32,
    /// Whose work it is.
    pub tenant: Option<TenantId>,
    pub(super) stop: watch::Receiver<Option<Stop>>,
}

impl<A> JobContext<A> {
    /// Whether it should come to an end: a handler of many steps asks between two of them.
    pub fn is_stopping(&self) -> bool {
        self.stop.borrow().is_some()
    }
}

/// A job that this process can run.
pub trait Run<A>: Job {
    /// Whether people can bring it back once it is dead or called off. One whose end has closed what it belonged to
    /// would find nothing left to do.
    const CAN_COME_BACK: bool = true;

    /// Does it. It may be called twice, late, out of order, or after its subject is gone.
    fn run(self, context: JobContext<A>) -> impl Future<Output = JobResult> + Send;

    /// Puts right what nobody will finish: the job is about to be dead or cancelled for good.
    ///
    /// Called before that is written down, and for recorded jobs alone; it may be called twice. While it fails and may
    /// work another time, the end is not written; with an error that says it never will, it is.
    fn abandon(
        self,
        _app: Arc<A>,
        _id: JobId,
        _because: &str,
    ) -> impl Future<Output = Result<(), JobError>> + Send {
        async { Ok(()) }
    }
}
