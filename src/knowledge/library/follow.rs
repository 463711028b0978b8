//! The thread that keeps an index as its folders are, and what it says in the log.

use std::{
    collections::HashSet,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use super::{
    Embedded, Keeper, LibraryError, Size,
    progress::{Task, Telling},
    watch::{BLIND, Call, Watch},
};
use crate::knowledge::{source::Problem, update::Report};

/// How often it is looked whether the index's file is still there, and whether the folders are still the ones watched.
const LOOK: Duration = Duration::from_secs(5);
/// When files that could not be read yet are looked at again, if nothing calls before.
const SOON: Duration = Duration::from_secs(3);
/// Problems that the log tells by name after an update.
const TOLD_PROBLEMS: usize = 20;

/// What the log has been told.
#[derive(Default)]
struct Told {
    problems: HashSet<String>,
    folders: HashSet<String>,
    error: Option<String>,
    /// Whether the documents are as their folders, all of which could be read.
    whole: bool,
    /// Files that are still to be read.
    waiting: usize,
    /// Whether it was told that there is no room for vectors.
    no_room: bool,
    /// Whether it has told of a look through the folders since the last error.
    looked: bool,
}

impl Keeper {
    /// Starts the thread that reads the folders, and follows their changes if it is to. It ends when it is told to stop.
    pub fn start(mut self) {
        let inner = &self.library.0;
        inner.health.is_kept.store(true, Ordering::Relaxed);
        let bell = inner.bell.clone();
        self.reading.go_on(move || bell.ring());
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
            Err(_) if self.library.0.stop.load(Ordering::Relaxed) => return,
            Err(error) => told.error(&error, false),
        }
        let inner = self.library.0.clone();
        let folders = &inner.sources.folders;
        let mut telling: Option<Telling> = None;
        let mut watch = inner.watch.then(|| Watch::new(inner.bell.clone()));
        loop {
            if let Some(watch) = &mut watch {
                watch.cover(folders);
            }
            if watch.is_some() || !told.whole || self.is_lost() {
                let begin = Instant::now();
                let library = self.library();
                let telling = telling.get_or_insert_with(|| Telling::new(library, Task::Reading));
                match self.update(&mut |done, all| telling.tell(done, all)) {
                    Ok(None) => return,
                    Ok(Some(report)) => {
                        self.tell_healed();
                        self.tell(&mut told, report, begin);
                    }
                    Err(error) => {
                        self.tell_healed();
                        told.error(&error, self.library.size().is_some());
                    }
                }
            }
            if told.waiting == 0 {
                telling = None;
            }
            let well = self.embed_rest(&mut told) && told.whole;
            let patience = match &watch {
                Some(watch) => Some(watch.patience(folders, well)),
                None => (!well).then_some(BLIND),
            };
            // A file that is written just now is read once it has stood still.
            let patience = match told.waiting {
                0 => patience,
                _ => patience.map(|patience| patience.min(SOON)),
            };
            if !self.wait(patience, watch.as_ref()) {
                return;
            }
        }
    }

    /// Waits until there is something to do, at most so long; `false`: it is to end. The file is looked after meanwhile.
    fn wait(&self, patience: Option<Duration>, watch: Option<&Watch>) -> bool {
        let library = &self.library;
        let folders = &library.0.sources.folders;
        let is_current = || watch.is_none_or(|watch| watch.is_current(folders));
        let begin = Instant::now();
        loop {
            // Nothing else would tell that the server is back.
            let trouble = library.trouble().map(|_| BLIND);
            let patience = patience.into_iter().chain(trouble).min();
            let rest = patience.map(|patience| patience.saturating_sub(begin.elapsed()));
            let is_over = |rest: Duration| rest.is_zero();
            match library
                .0
                .bell
                .wait(rest.map_or(LOOK, |rest| rest.min(LOOK)))
            {
                Call::End => return false,
                Call::Ring => return true,
                Call::Silence if rest.is_some_and(is_over) || self.is_lost() || !is_current() => {
                    return true;
                }
                Call::Silence => {}
            }
        }
    }

    /// Makes the vectors that are missing, until the folders change; `false`: there are more to be made.
    fn embed_rest(&mut self, told: &mut Told) -> bool {
        let begin = Instant::now();
        let mut telling = Telling::new(self.library(), Task::Embedding);
        let embedded = self.embed(&mut |done, all| telling.tell(done, all));
        drop(telling);
        match embedded {
            Ok(Some(embedded)) => {
                told.no_room = false;
                tell_embedded(embedded, begin);
                true
            }
            Ok(None) => self.library.0.space.is_none(),
            // The server's trouble has been told; what was made by then is kept.
            Err(LibraryError::Embeddings(_)) => false,
            Err(error @ LibraryError::NoRoom(_)) => {
                if !std::mem::replace(&mut told.no_room, true) {
                    tracing::warn!("{error}; they are found by their words");
                }
                false
            }
            Err(error) => {
                told.error(&self.library.reported(error), self.library.size().is_some());
                false
            }
        }
    }

    fn tell_healed(&mut self) {
        if let Some(why) = self.healed() {
            tracing::warn!("the documents are read anew into another knowledge.db: {why}");
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
        let was_told = std::mem::replace(&mut told.looked, true);
        told.whole = report.folders.is_empty() && report.waiting == 0;
        told.error = None;
        let Report {
            files,
            read,
            gone,
            waiting,
            problems,
            more_problems,
            folders,
            unread: _,
            unseen: _,
            crowded: _,
        } = report;
        let count = problems.len() + more_problems;
        told.problems(problems, more_problems);
        told.folders(folders);
        told.waiting = waiting;
        if waiting > 0 {
            tracing::debug!(
                files,
                read,
                gone,
                waiting,
                "some documents are still to be read"
            );
        } else if !was_told || read + gone > 0 {
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
    fn error(&mut self, error: &LibraryError, is_searched: bool) {
        let said = error.to_string();
        if self.error.as_ref() != Some(&said) {
            let rest = match is_searched {
                true => "what was read before is still searched",
                false => "nothing is found in them until they are",
            };
            tracing::error!(error = said, "the documents cannot be read; {rest}");
            self.error = Some(said);
            (self.whole, self.looked) = (false, false);
        }
    }

    /// Tells the folders that are out of reach now, and those that are back.
    fn folders(&mut self, folders: Vec<Problem>) {
        let now: HashSet<String> = folders.iter().map(|folder| folder.path.clone()).collect();
        for Problem { path, reason } in folders {
            if !self.folders.contains(&path) {
                tracing::warn!(folder = path, "a folder of the documents {reason}");
            }
        }
        for folder in self.folders.difference(&now) {
            tracing::info!(folder, "a folder of the documents can be read again");
        }
        self.folders = now;
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
