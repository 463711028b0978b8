//! The search for a question: on the blocking pool, with a deadline, and with the conversation's help.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use super::{misses::Misses, quote};
use crate::{
    answer::{ErrorCode, Fault},
    config,
    knowledge::{Knowledge, Library, LibraryError, Passage, follow},
    metrics::{Metrics, Searched},
};

/// How long a search may take: a hundred times what it does.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long a question waits for documents that are being read for the first time, or back after a start; and how often
/// it looks.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);
/// When to ask again while the documents are read for the first time.
const UNREAD: Duration = Duration::from_secs(5);

/// What questions are searched in, and what is shown of it.
pub struct Searcher {
    knowledge: Knowledge,
    passages: usize,
    min_score: f32,
    /// Whether a question without a match is refused, also where a model could answer.
    pub(super) only: bool,
    misses: Option<Misses>,
    metrics: Metrics,
    /// Why the last search failed, so that it is told once.
    complaint: Mutex<Option<String>>,
}

/// Why there is nothing from a search.
#[derive(Debug, thiserror::Error)]
pub(super) enum SearchError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error("the search took longer than {DEADLINE:?}")]
    Slow,
    #[error("the search broke off: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

impl SearchError {
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Library(LibraryError::Unread) => {
                let message = "The documents have not all been read yet; ask again in a moment.";
                Fault::new(ErrorCode::QueueFull, message).retry_after(UNREAD)
            }
            error => {
                tracing::error!(%error, "the documents cannot be searched");
                let message = "The documents cannot be searched now. Whoever runs this page finds the reason in its log.";
                Fault::new(ErrorCode::Internal, message)
            }
        }
    }
}

impl Searcher {
    /// What `knowledge` is searched for, as the configuration has it.
    pub fn new(
        knowledge: Knowledge,
        config: &config::Knowledge,
        misses: Option<Misses>,
        metrics: Metrics,
    ) -> Self {
        Self {
            knowledge,
            passages: config.passages,
            min_score: config.min_score,
            only: config.only,
            misses,
            metrics,
            complaint: Mutex::default(),
        }
    }

    /// The passages that match well enough, best first; `earlier` are the questions before it, the newest first. A
    /// question that finds none is written down, if that is wanted.
    pub(super) async fn search(
        &self,
        question: &str,
        earlier: &[String],
    ) -> Result<Vec<Passage>, SearchError> {
        let begin = Instant::now();
        let found = self.found(question, earlier, begin).await;
        let outcome = match &found {
            Ok((found, _)) if found.is_empty() => Searched::Nothing,
            Ok(_) => Searched::Found,
            Err(_) => Searched::Failed,
        };
        self.metrics.searched(outcome, begin.elapsed());
        let (found, words) = found?;
        let micros = begin.elapsed().as_micros();
        tracing::debug!(words, found = found.len(), micros, "searched");
        *self.complaint() = None;
        if let (Some(misses), true) = (&self.misses, found.is_empty()) {
            // What goes on from others says nothing without them.
            misses.note(&words.replace('\n', " "));
        }
        Ok(found)
    }

    /// The same with the words that were searched for; it waits for documents that are being read.
    async fn found(
        &self,
        question: &str,
        earlier: &[String],
        begin: Instant,
    ) -> Result<(Vec<Passage>, String), SearchError> {
        loop {
            let edition = self.edition();
            let (knowledge, limit) = (self.knowledge.clone(), self.passages);
            let (question, earlier) = (question.to_owned(), earlier.to_vec());
            let search = tokio::task::spawn_blocking(move || {
                follow::find(&question, &earlier, |words| {
                    knowledge.search_each(words, limit)
                })
            });
            let found = timeout(DEADLINE, search).await;
            let found = found.map_err(|_| SearchError::Slow)??;
            let found = found.and_then(|(found, words)| Ok((self.matching(found)?, words)));
            let is_missing = match &found {
                Ok((found, _)) => found.is_empty(),
                Err(error) => matches!(error, LibraryError::Unread),
            };
            if !is_missing || begin.elapsed() >= PATIENCE {
                return Ok(found?);
            }
            // What came while it was searched has not been; what has not changed need not be searched again.
            let waits = || found.is_err() && self.may_come() && begin.elapsed() < PATIENCE;
            while waits() && self.edition() == edition {
                sleep(LOOK).await;
            }
            if self.edition() == edition {
                return Ok(found?);
            }
        }
    }

    /// Whether documents are being read that have not been yet.
    fn may_come(&self) -> bool {
        self.knowledge.library().is_some_and(Library::is_reading)
    }

    /// Another number where what is searched is another.
    fn edition(&self) -> (u64, bool) {
        let library = self.knowledge.library();
        library.map_or((0, false), |library| {
            (library.edition(), library.is_unfinished())
        })
    }

    /// Those of them that match well enough. That there are none says nothing while documents are still to be read.
    fn matching(&self, mut found: Vec<Passage>) -> Result<Vec<Passage>, LibraryError> {
        found.retain(|passage| passage.score >= self.min_score);
        match found.is_empty() && self.knowledge.library().is_some_and(Library::is_unfinished) {
            true => Err(LibraryError::Unread),
            false => Ok(found),
        }
    }

    /// Tells why answers go on without the documents, once for each cause.
    pub(super) fn complain(&self, error: &SearchError) {
        let why = error.to_string();
        let mut told = self.complaint();
        if told.as_ref() != Some(&why) {
            tracing::warn!(
                why,
                "the documents cannot be searched; answers go on without them"
            );
            *told = Some(why);
        }
    }

    /// What is said where nothing matches.
    pub(super) fn nothing(&self) -> &'static str {
        quote::nothing_in(&self.knowledge)
    }

    fn complaint(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.complaint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        config::{Overrides, check},
        knowledge::Library,
    };

    /// A search in documents that nobody reads.
    pub(in crate::turn) fn unread() -> Searcher {
        let toml = "[knowledge]\nfolders = [\"/nowhere/docs\"]\n[store]\npath = \":memory:\"\n";
        let loaded = check("", toml, &Overrides::default(), &|_| None).unwrap();
        let config = loaded.config;
        let library = Library::new(&config.knowledge, &config.store.path).unwrap();
        let knowledge = Knowledge::Library(library);
        Searcher::new(knowledge, &config.knowledge, None, Metrics::new())
    }

    #[tokio::test(start_paused = true)]
    async fn documents_that_are_still_being_read_are_waited_for_a_while() {
        let begin = Instant::now();
        let error = unread().search("why", &[]).await.unwrap_err();
        assert!(begin.elapsed() >= PATIENCE && begin.elapsed() < 2 * PATIENCE);
        let fault = error.fault();
        assert_eq!(fault.code, ErrorCode::QueueFull);
        assert!(fault.retry_after_ms.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_ends_with_its_future() {
        let begin = Instant::now();
        let waited = timeout(Duration::from_millis(250), async {
            unread().search("why", &[]).await.map(drop)
        });
        assert!(waited.await.is_err());
        assert_eq!(begin.elapsed().as_millis(), 250);
    }
}
