//! How far the keeper of the documents is: for the log, and for whoever asks the library.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::Library;

/// How often the log is told of long work.
const TELL: Duration = Duration::from_secs(10);
/// What is over by then nobody needs to know of, unless nothing can be searched before.
const MOMENT: Duration = Duration::from_secs(1);

/// What may take a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Files are read; what was read before is searched meanwhile.
    Reading,
    /// Passages get their vectors; they are found by their words meanwhile.
    Embedding,
}

/// A task that has begun and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which one.
    pub task: Task,
    /// Files, or passages, that are done.
    pub done: usize,
    /// Of how many.
    pub of: usize,
}

/// Tells of a task for as long as it lives.
pub(super) struct Telling {
    library: Library,
    task: Task,
    begin: Instant,
    logged: Instant,
    is_shown: bool,
}

impl Telling {
    pub(super) fn new(library: Library, task: Task) -> Self {
        let now = Instant::now();
        Self {
            library,
            task,
            begin: now,
            logged: now,
            is_shown: false,
        }
    }

    pub(super) fn tell(&mut self, done: usize, of: usize) {
        let task = self.task;
        if self.begin.elapsed() >= MOMENT || self.library.state().is_none() {
            self.is_shown = true;
            self.set(Some(Progress { task, done, of }));
        }
        if self.logged.elapsed() >= TELL {
            self.logged = Instant::now();
            match task {
                Task::Reading => tracing::info!(done, of, "the documents are being read"),
                Task::Embedding => tracing::info!(done, of, "the documents are being embedded"),
            }
        }
    }

    fn set(&self, progress: Option<Progress>) {
        let told = &self.library.0.health.progress;
        *told.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if self.is_shown {
            self.set(None);
        }
    }
}
