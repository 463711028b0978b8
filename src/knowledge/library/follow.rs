//! The thread that keeps an index as its folders are, and what it says in the log.

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use super::{
    Embedded, Keeper, LibraryError, Size,
    watch::{BLIND, Watch},
};
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
            match self.update(&mut progress("the documents are being read")) {
                Ok(None) => return,
                Ok(Some(report)) => self.tell(&mut told, report, begin),
                Err(error) => told.error(&error),
            }
            let embedded = self.embed_rest(&mut told);
            let goes_on = match &watch {
                Some(watch) => watch.wait(folders, told.whole && embedded),
                None => !embedded && inner.bell.wait(BLIND),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Makes the vectors that are missing, until the folders change; `false`: there are more to be made.
    fn embed_rest(&mut self, told: &mut Told) -> bool {
        let begin = Instant::now();
        let embedded = self.embed(&mut progress("the documents are being embedded"));
        match embedded {
            Ok(Some(embedded)) => {
                tell_embedded(embedded, begin);
                true
            }
            Ok(None) => self.library.0.space.is_none(),
            // The server's trouble has been told; what was made by then is kept.
            Err(LibraryError::Embeddings(_)) => false,
            Err(error) => {
                told.error(&error);
                false
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

fn tell_embedded(embedded: Embedded, begin: Instant) {
    let Embedded {
        asked,
        refused,
        reason,
        passages,
        dimensions,
    } = embedded;
    if let Some(reason) = reason {
        tracing::warn!(
            refused,
            "the embeddings' server refuses passages, which are found by their words alone: {reason}"
        );
    }
    if asked > 0 {
        let seconds = begin.elapsed().as_secs_f32();
        tracing::info!(
            asked,
            refused,
            passages,
            dimensions,
            seconds,
            "the documents have their vectors"
        );
    }
}

/// Says now and then how far long work is.
fn progress(work: &'static str) -> impl FnMut(usize, usize) {
    let mut told = Instant::now();
    move |done, all| {
        if told.elapsed() >= TELL {
            told = Instant::now();
            tracing::info!(done, all, "{work}");
        }
    }
}
