//! The thread that keeps an index as its folders are, and what it says in the log.

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use super::{Keeper, LibraryError, Size, watch::Watch};
use crate::knowledge::{source::Problem, update::Report};

/// How often a long update says how far it is.
const TELL: Duration = Duration::from_secs(10);
/// Problems that the log tells by name after an update.
const TOLD_PROBLEMS: usize = 20;

/// What the log has been told.
#[derive(Default)]
struct Told {
    problems: HashSet<String>,
    error: Option<String>,
    /// Whether it knows that the documents are as their folders.
    whole: bool,
}

impl Keeper {
    /// Starts the thread that reads the folders, and follows their changes if it is to. It ends when it is told to stop.
    pub fn start(self) {
        let thread = thread::Builder::new().name("knowledge".to_owned());
        if let Err(error) = thread.spawn(move || self.follow()) {
            tracing::error!(%error, "the documents cannot be read: no thread could be started");
        }
    }

    fn follow(mut self) {
        let mut told = Told::default();
        let begin = Instant::now();
        match self.load() {
            Ok(()) => self.tell_loaded(begin),
            // Told to stop.
            Err(LibraryError::Unread) => return,
            Err(error) => told.error(&error),
        }
        let inner = self.library.0.clone();
        let folders = &inner.sources.folders;
        let mut watch = inner.watch.then(|| Watch::new(inner.bell.clone()));
        loop {
            if let Some(watch) = &mut watch {
                watch.cover(folders);
            }
            let begin = Instant::now();
            match self.update(&mut progress()) {
                Ok(None) => return,
                Ok(Some(report)) => self.tell(&mut told, report, begin),
                Err(error) => told.error(&error),
            }
            match &watch {
                Some(watch) if watch.wait(folders, told.whole) => {}
                _ => return,
            }
        }
    }

    fn tell_loaded(&self, begin: Instant) {
        let Some(size) = self.library.size() else {
            return;
        };
        let Size {
            passages, bytes, ..
        } = size;
        let seconds = begin.elapsed().as_secs_f32();
        tracing::info!(
            passages,
            bytes,
            seconds,
            "the documents read before can be searched"
        );
    }

    fn tell(&self, told: &mut Told, report: Report, begin: Instant) {
        let was_whole = std::mem::replace(&mut told.whole, true);
        told.error = None;
        let Report {
            files,
            read,
            gone,
            problems,
            more_problems,
        } = report;
        let count = problems.len() + more_problems;
        told.problems(problems, more_problems);
        if !was_whole || read + gone > 0 {
            let passages = self.library.size().map_or(0, |size| size.passages);
            let seconds = begin.elapsed().as_secs_f32();
            tracing::info!(
                files,
                read,
                gone,
                problems = count,
                passages,
                seconds,
                "the documents are as their folders"
            );
        }
    }
}

impl Told {
    /// An error of every round is told once.
    fn error(&mut self, error: &LibraryError) {
        let said = error.to_string();
        if self.error.as_ref() != Some(&said) {
            tracing::error!(
                error = said,
                "the documents cannot be read; what was read before is still searched"
            );
            self.error = Some(said);
            self.whole = false;
        }
    }

    /// Tells the problems that are new.
    fn problems(&mut self, problems: Vec<Problem>, more: usize) {
        let mut now = HashSet::with_capacity(problems.len());
        let mut new = 0;
        for Problem { path, reason } in problems {
            let said = format!("{path} {reason}");
            if !self.problems.contains(&said) {
                new += 1;
                if new <= TOLD_PROBLEMS {
                    tracing::warn!(%path, "a document {reason}");
                }
            }
            now.insert(said);
        }
        if new > TOLD_PROBLEMS {
            tracing::warn!(
                problems = now.len() + more,
                "there are more such documents; `askd index` tells all of them"
            );
        }
        self.problems = now;
    }
}

/// Says now and then how far a long update is.
fn progress() -> impl FnMut(usize, usize) {
    let mut told = Instant::now();
    move |done, files| {
        if told.elapsed() >= TELL {
            told = Instant::now();
            tracing::info!(done, files, "the documents are being read");
        }
    }
}
