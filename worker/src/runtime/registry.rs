//! Which handler belongs to which name.

use std::{collections::HashMap, pin::Pin, sync::Arc};

use jobs::{AnyJob, Envelope, EnvelopeError, Limits, Queue};

use super::handler::{JobContext, JobError, JobResult, Run};

type Running = Pin<Box<dyn Future<Output = JobResult> + Send>>;
type Open<A> =
    Arc<dyn Fn(&Envelope, JobContext<A>) -> Result<Running, EnvelopeError> + Send + Sync>;
type Abandoning<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send + 'a>>;
type Abandon<A> = fn(Arc<A>, Envelope, &str) -> Abandoning<'_>;

/// A name that cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job `{0}` is registered twice")]
pub struct RegistryError(&'static str);

/// What is known about a name.
pub(super) struct Entry<A> {
    pub limits: Limits,
    pub queue: Queue,
    can_come_back: bool,
    open: Open<A>,
    abandon: Abandon<A>,
    read: fn(&str) -> Result<AnyJob, EnvelopeError>,
}

/// What is known of a kind of job, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Where it waits.
    pub queue: Queue,
    /// What it may take.
    pub limits: Limits,
    /// Whether people can bring it back once it is dead or called off.
    pub can_come_back: bool,
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
        let abandon: Abandon<A> = |app, envelope, because| {
            Box::pin(async move {
                // A payload that nobody can read has begun nothing.
                let Ok(job) = envelope.open::<J>() else { return Ok(()) };
                job.abandon(app, envelope.id, because).await
            })
        };
        let entry = Entry {
            limits: J::LIMITS,
            queue: J::QUEUE,
            can_come_back: J::CAN_COME_BACK,
            open,
            abandon,
            read: AnyJob::read::<J>,
        };
        match self.entries.insert(J::NAME, entry) {
            None => Ok(self),
            Some(_) => Err(RegistryError(J::NAME)),
        }
    }

    /// The names, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.kinds().into_iter().map(|kind| kind.name).collect()
    }

    /// The kinds of job, by name.
    pub fn kinds(&self) -> Vec<Kind> {
        let kind = |(name, entry): (&&'static str, &Entry<A>)| Kind {
            name,
            queue: entry.queue,
            limits: entry.limits,
            can_come_back: entry.can_come_back,
        };
        let mut kinds: Vec<_> = self.entries.iter().map(kind).collect();
        kinds.sort_unstable_by_key(|kind| kind.name);
        kinds
    }

    /// Reads a job from its name and its payload; none if no job has this name.
    pub fn read(&self, name: &str, payload: &str) -> Option<Result<AnyJob, EnvelopeError>> {
        self.entries.get(name).map(|entry| (entry.read)(payload))
    }

    /// Puts right what nobody will finish, if the job's kind has anything to put right.
    pub(super) async fn abandon(
        &self,
        app: Arc<A>,
        envelope: &Envelope,
        because: &str,
    ) -> Result<(), JobError> {
        let Some(entry) = self.entries.get(envelope.name.as_str()) else { return Ok(()) };
        (entry.abandon)(app, envelope.clone(), because).await
    }

    /// A name as it is registered.
    pub(super) fn known_name(&self, name: &str) -> Option<&'static str> {
        self.entries.get_key_value(name).map(|(name, _)| *name)
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
