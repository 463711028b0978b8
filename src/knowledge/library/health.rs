//! How the library is, for whoever watches over askd.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{Keeper, Library, Progress, file};
use crate::knowledge::update::Report;

/// What is wrong with what is searched.
#[derive(Default)]
pub(super) struct Health {
    /// What a reader found wrong with the file, until it is begun anew.
    pub(super) damage: Mutex<Option<String>>,
    /// Whether there is a thread that does that.
    pub(super) is_kept: AtomicBool,
    /// Whether a folder has never been read to its end: what is not found may be in the rest.
    pub(super) is_unread: AtomicBool,
    /// Whether there are files of which nothing has been read yet, as far as is known.
    pub(super) is_reading: AtomicBool,
    /// How often what is searched was replaced.
    pub(super) edition: AtomicU64,
    /// Documents that are searched.
    pub(super) documents: AtomicUsize,
    /// Files of which nothing has been read yet, as of the last look.
    pub(super) unread: AtomicUsize,
    /// Whether the last look at the folders failed, or one of them could not be seen.
    pub(super) is_stale: AtomicBool,
    /// What its keeper is at.
    pub(super) progress: Mutex<Option<Progress>>,
    /// What the last look at the folders came to.
    pub(super) report: Mutex<Option<Arc<Report>>>,
}

/// What answers do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// All of the documents, or some: they are being read for the first time, or cannot be.
    Documents,
    /// Their changes: a folder cannot be read, or the index not written.
    Changes,
    /// What they mean: the embeddings' server does not work.
    Vectors,
}

impl Lack {
    /// What programs are told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents_unread",
            Self::Changes => "documents_stale",
            Self::Vectors => "embeddings_down",
        }
    }
}

impl Library {
    /// What answers do without now, the worst first; why is in the log.
    pub fn lack(&self) -> Option<Lack> {
        if self.state().is_none() || self.is_unfinished() {
            return Some(Lack::Documents);
        }
        if self.0.health.is_stale.load(Ordering::Relaxed) {
            return Some(Lack::Changes);
        }
        self.trouble().map(|_| Lack::Vectors)
    }

    /// Whether a folder is being read for the first time, so that what is not found may be in the rest; or nothing was
    /// ever read. A folder that is out of reach is not waited for where there are others.
    pub fn is_unfinished(&self) -> bool {
        let health = &self.0.health;
        let is_reading = health.is_reading.load(Ordering::Relaxed);
        let is_empty = || self.size().is_none_or(|size| size.passages == 0);
        health.is_unread.load(Ordering::Relaxed) && (is_reading || is_empty())
    }

    /// Whether documents are being read, or are about to be: those that were not found may come.
    pub fn is_reading(&self) -> bool {
        self.size().is_none() || self.0.health.is_reading.load(Ordering::Relaxed)
    }

    /// How often what is searched was replaced: what was not found need not be looked for again before that.
    pub fn edition(&self) -> u64 {
        self.0.health.edition.load(Ordering::Relaxed)
    }

    /// Documents that are searched.
    pub fn documents(&self) -> usize {
        self.0.health.documents.load(Ordering::Relaxed)
    }

    /// Files of which nothing has been read yet, as of the last look at the folders.
    pub fn unread(&self) -> usize {
        self.0.health.unread.load(Ordering::Relaxed)
    }

    /// What its keeper is at, and how far, if it takes longer than a moment.
    pub fn progress(&self) -> Option<Progress> {
        let progress = &self.0.health.progress;
        *progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last look at the folders that could be made came to; `None`: there was none yet.
    pub fn report(&self) -> Option<Arc<Report>> {
        let report = &self.0.health.report;
        let report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.clone()
    }

    pub(super) fn note(&self, report: &Report) {
        let report = Some(Arc::new(report.clone()));
        let noted = &self.0.health.report;
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    /// The folders that are read.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0.sources.folders
    }

    /// Why the server that makes vectors does not work, if it does not.
    pub fn trouble(&self) -> Option<String> {
        self.0.space.as_ref()?.trouble()
    }
}

impl Keeper {
    /// Notes whether there is a folder that has never been read to its end.
    pub(super) fn note_unread(&self) -> rusqlite::Result<()> {
        let inner = &self.library.0;
        let mut is_unread = false;
        for folder in &inner.sources.folders {
            is_unread |= file::folder(&self.db, &folder.to_string_lossy())?.is_none();
        }
        inner.health.is_unread.store(is_unread, Ordering::Relaxed);
        Ok(())
    }

    /// Notes what a look at the folders has come to: how much is searched, and of how many files nothing was read.
    pub(super) fn note_files(&self, unread: usize) -> rusqlite::Result<()> {
        let health = &self.library.0.health;
        health.is_reading.store(unread > 0, Ordering::Relaxed);
        health.unread.store(unread, Ordering::Relaxed);
        let documents = file::documents(&self.db)?;
        health.documents.store(documents, Ordering::Relaxed);
        Ok(())
    }
}
