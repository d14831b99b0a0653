//! Which handler belongs to which name.

use std::{collections::HashMap, pin::Pin, sync::Arc};

use jobs::{Envelope, EnvelopeError, Limits};

use super::handler::{JobContext, JobResult, Run};

type Running = Pin<Box<dyn Future<Output = JobResult> + Send>>;
type Open<A> =
    Arc<dyn Fn(&Envelope, JobContext<A>) -> Result<Running, EnvelopeError> + Send + Sync>;

/// A name that cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job `{0}` is registered twice")]
pub struct RegistryError(&'static str);

/// What is known about a name.
pub(super) struct Entry<A> {
    pub limits: Limits,
    open: Open<A>,
}

impl<A> Entry<A> {
    /// Takes the payload out, so that the handler may begin.
    pub fn open(
        &self,
        envelope: &Envelope,
        context: JobContext<A>,
    ) -> Result<Running, EnvelopeError> {
        (self.open)(envelope, context)
    }
}

/// Handlers by the names of their jobs.
pub struct Registry<A> {
    entries: HashMap<&'static str, Entry<A>>,
}

impl<A: Send + Sync + 'static> Registry<A> {
    /// One without handlers.
    pub fn new() -> Self {
        Self { entries: HashMap::new() }
    }

    /// Adds a job's handler.
    pub fn with<J: Run<A>>(mut self) -> Result<Self, RegistryError> {
        let open: Open<A> = Arc::new(|envelope, context| {
            let job: J = envelope.open()?;
            Ok(Box::pin(job.run(context)))
        });
        let entry = Entry { limits: J::LIMITS, open };
        match self.entries.insert(J::NAME, entry) {
            None => Ok(self),
            Some(_) => Err(RegistryError(J::NAME)),
        }
    }

    /// The names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.entries.keys().copied().collect();
        names.sort_unstable();
        names
    }

    pub(super) fn find(&self, name: &str) -> Option<&Entry<A>> {
        self.entries.get(name)
    }
}

impl<A: Send + Sync + 'static> Default for Registry<A> {
    fn default() -> Self {
        Self::new()
    }
}
