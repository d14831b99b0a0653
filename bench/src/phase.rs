//! When a cycle's phases began, overheard from its log.
//!
//! The agent says `phase begins` at debug level; what hears it here is a subscriber of that one sentence, so
//! measuring costs the cycle next to nothing and the agent needs to know nothing of it.

use std::{
    fmt::Debug,
    sync::{Mutex, PoisonError},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::meter::{Spent, Stopwatch};

/// Where the agent says it.
const TARGET: &str = "agent::cycle";
/// What it says.
const SENTENCE: &str = "phase begins";

static BEGUN: Mutex<Vec<(String, Stopwatch)>> = Mutex::new(Vec::new());

/// Listens from now on, in all threads.
pub fn listen() {
    // Somebody who listens already is only there in a test of this very crate; then nothing is overheard.
    drop(tracing::subscriber::set_global_default(Listener));
}

/// Forgets what was heard so far.
pub fn forget() {
    BEGUN.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// How long each phase took that began since the last [`forget`], the last of them until `end`.
pub fn heard(end: &Stopwatch) -> Vec<(String, Spent)> {
    let begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    let ends = begun.iter().skip(1).map(|(_, watch)| watch).chain([end]);
    begun.iter().zip(ends).map(|((name, begin), end)| (name.clone(), begin.until(end))).collect()
}

/// See the module's words.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == TARGET && *metadata.level() == Level::DEBUG
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        let watch = Stopwatch::start();
        let mut words = Words::default();
        event.record(&mut words);
        if words.message == SENTENCE {
            BEGUN.lock().unwrap_or_else(PoisonError::into_inner).push((words.phase, watch));
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        // No span is enabled, so this is never asked for; an id has to be something else than zero.
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The two fields of an event that matter.
#[derive(Default)]
struct Words {
    message: String,
    phase: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "phase" => self.phase = format!("{value:?}"),
            _ => {}
        }
    }
}
