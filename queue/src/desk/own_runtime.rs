//! A runtime with one thread, for what must go on while handlers block the process's other threads.

use std::thread::{self, JoinHandle};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{QueueError, QueueResult};

/// The runtime; dropped, it ends with whatever runs on it.
pub(super) struct OwnRuntime {
    /// Where tasks are spawned.
    pub handle: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OwnRuntime {
    pub fn start() -> QueueResult<Self> {
        let refused = |error: std::io::Error| QueueError::Unavailable {
            problem: format!("the desk's thread could not be started: {error}"),
        };
        let runtime = Builder::new_current_thread().enable_time().build().map_err(refused)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let drive = move || {
            // An error means that nobody is left to end it, which is the end as well.
            let _told = runtime.block_on(ended);
        };
        let thread =
            thread::Builder::new().name("desk".to_owned()).spawn(drive).map_err(refused)?;
        Ok(Self { handle, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the desk's thread ended in a panic");
        }
    }
}
