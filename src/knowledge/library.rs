//! The operator's folders, searchable: the file with the passages, the postings in memory, and the thread that keeps
//! both as the folders are.
//!
//! A search holds the state that it began with until it has its passages' texts; a change is made ready aside and put
//! in the state's place in one step. So a search sees all of the old or all of the new.

mod embedding;
mod follow;
mod heal;
mod health;
mod others;
mod progress;
mod search;
mod shown;
mod watch;

use std::{
    collections::HashSet,
    fs::File,
    panic::resume_unwind,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rusqlite::Connection;

pub use self::shown::{Original, Part, Shown, Start};
pub use self::{
    embedding::Embedded,
    health::Lack,
    progress::{Progress, Task},
    search::{By, Found},
};
use self::{embedding::Request, health::Health, watch::Bell};
use super::{
    embed::{Embedder, Space},
    extract::pdf,
    file::{self, FileError, FileId, Known, Opened, Place},
    lexical::{Draft, Postings, Terms},
    source::{GlobError, Globs},
    update::{self, Reading, Report, Sources},
    vectors::Matrix,
};
use crate::config::{self, Language, StorePath};

/// Threads that take in what has been read before.
const LOADERS: usize = 2;

/// Why folders cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The index's file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A glob of the configuration.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// SQLite, while the index was read or written.
    #[error("the index of the documents failed: {0}; see that its disk works and has room")]
    Sqlite(#[from] rusqlite::Error),
    /// The server that makes vectors of them.
    #[error("the documents are searched by their words alone: {0}")]
    Embeddings(String),
    /// The disk has no room for vectors.
    #[error("the documents get no further vectors: {0}")]
    NoRoom(String),
    /// There is none yet.
    #[error("the documents have not been read yet; the askd that keeps them is at it")]
    Unread,
}

/// What is searched: folders and the index of them. Clones share it.
#[derive(Clone)]
pub struct Library(Arc<Inner>);

struct Inner {
    sources: Sources,
    reader: pdf::Reader,
    language: Language,
    place: Place,
    /// The state; `None` until the folders have been read for the first time.
    state: RwLock<Option<State>>,
    /// Who makes vectors, if anybody does.
    space: Option<Space>,
    terms: Terms,
    /// What reads the texts of what was found.
    texts: Mutex<Option<Connection>>,
    /// Whether changes are followed.
    watch: bool,
    bell: Arc<Bell>,
    health: Health,
    stop: AtomicBool,
}

/// What is searched.
#[derive(Clone)]
struct State {
    postings: Arc<Postings>,
    /// Vectors in the postings' slots.
    matrix: Option<Arc<Matrix>>,
}

/// The one that writes a library's file. Dropped, another may.
pub struct Keeper {
    library: Library,
    db: Connection,
    /// Which file it writes.
    id: Option<FileId>,
    /// Why it began another one, and where the old one is, until somebody asks.
    healed: Option<String>,
    reading: Reading,
    /// What the embeddings' server is at.
    in_flight: Option<Request>,
    lock: Option<File>,
}

/// What there is to be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Passages.
    pub passages: usize,
    /// Different terms.
    pub terms: usize,
    /// Bytes of memory that the postings take.
    pub bytes: usize,
    /// Passages that have a vector.
    pub vectors: usize,
    /// Bytes of memory that the vectors take.
    pub vector_bytes: usize,
}

impl Library {
    /// The folders of a configuration, with the index beside the conversations; nothing is read yet.
    pub fn new(config: &config::Knowledge, store: &StorePath) -> Result<Self, LibraryError> {
        Self::with(config, store, None)
    }

    /// The same, with who makes vectors of texts, where the configuration names a server for that.
    pub fn with(
        config: &config::Knowledge,
        store: &StorePath,
        embedder: Option<Arc<dyn Embedder>>,
    ) -> Result<Self, LibraryError> {
        let globs = Globs::new(&config.include, &config.exclude)?.up_to(config.max_file);
        Ok(Self(Arc::new(Inner {
            sources: Sources {
                folders: config.folders.clone(),
                globs,
                crowded: file::crowded,
            },
            reader: pdf::Reader::default(),
            language: config.language,
            place: Place::beside(store),
            state: RwLock::default(),
            space: (config.embeddings.as_ref())
                .zip(embedder)
                .map(|(config, embedder)| Space::new(config, embedder)),
            terms: Terms::new(config.language),
            texts: Mutex::default(),
            watch: config.watch,
            bell: Arc::default(),
            health: Health::default(),
            stop: AtomicBool::new(false),
        })))
    }

    /// Becomes the one that writes the index.
    pub fn keep(&self) -> Result<Keeper, LibraryError> {
        let lock = self.0.place.lock()?;
        let Opened { db, id, put_aside } = self.0.place.open()?;
        let library = self.clone();
        Ok(Keeper {
            library,
            db,
            id,
            healed: put_aside,
            reading: Reading::new(self.0.reader.clone()),
            in_flight: None,
            lock,
        })
    }

    /// Takes the index as it is in the file, without looking at the folders.
    pub fn load(&self) -> Result<(), LibraryError> {
        let db = self.0.place.reader()?.ok_or(LibraryError::Unread)?;
        self.load_from(&db)?;
        if self.size().is_none() {
            return Err(LibraryError::Unread);
        }
        Ok(())
    }

    fn load_from(&self, db: &Connection) -> Result<(), LibraryError> {
        let known = file::known(db)?.into_iter();
        // What the configuration has no more is not searched, from the first moment on.
        let sources = &self.0.sources;
        let is_wanted =
            |known: &Known| known.is_live && sources.take(&known.folder, &known.path, known.bytes);
        let live: Vec<i64> = known.filter(is_wanted).map(|known| known.n).collect();
        let documents = &self.0.health.documents;
        documents.store(file::documents(db)?, Ordering::Relaxed);
        if live.is_empty() {
            return Ok(());
        }
        // Until it is done nothing can be answered, so it has more than one core.
        let parts = live.chunks(live.len().div_ceil(LOADERS));
        let drafts: Vec<_> = thread::scope(|scope| {
            let reading: Vec<_> = parts.map(|part| scope.spawn(|| self.read(part))).collect();
            let joined = reading.into_iter().map(thread::ScopedJoinHandle::join);
            joined
                .map(|draft| draft.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        });
        let mut postings = Postings::default();
        for draft in drafts {
            postings = postings.merge(&HashSet::new(), draft?);
        }
        let state = self.state_of(db, postings)?;
        self.replace(state, || Ok(()))
    }

    /// The passages of some documents, out of the file.
    fn read(&self, documents: &[i64]) -> Result<Draft, LibraryError> {
        let db = self.0.place.reader()?.ok_or(LibraryError::Unread)?;
        let mut draft = self.draft();
        for n in documents {
            file::passages_of(&db, *n, |kept| draft.add(kept.n, kept.searched()))?;
            if self.0.stop.load(Ordering::Relaxed) {
                return Err(LibraryError::Unread);
            }
        }
        Ok(draft)
    }

    fn draft(&self) -> Draft {
        Draft::new(Terms::new(self.0.language))
    }

    /// Postings with what the file has of vectors for them.
    fn state_of(&self, db: &Connection, postings: Postings) -> Result<State, LibraryError> {
        let matrix = self.matrix(db, &postings)?;
        Ok(State {
            postings: Arc::new(postings),
            matrix: matrix.map(Arc::new),
        })
    }

    fn state(&self) -> Option<State> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    /// Puts a new state in the place of the old one; `turn` does the same in the file. Nobody searches meanwhile.
    fn replace(
        &self,
        next: State,
        turn: impl FnOnce() -> rusqlite::Result<()>,
    ) -> Result<(), LibraryError> {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut texts = self.0.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.is_none() {
            *texts = self.0.place.reader()?;
        }
        turn()?;
        *state = Some(next);
        self.0.health.edition.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Tells the thread that follows the folders to end.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
        self.0.bell.stop();
    }

    /// What there is; `None`: nothing has been read yet.
    pub fn size(&self) -> Option<Size> {
        let State { postings, matrix } = self.state()?;
        Some(Size {
            passages: postings.len(),
            terms: postings.terms(),
            bytes: postings.bytes(),
            vectors: matrix.as_ref().map_or(0, |matrix| matrix.filled()),
            vector_bytes: matrix.as_ref().map_or(0, |matrix| matrix.bytes()),
        })
    }
}

impl Keeper {
    /// What it keeps.
    pub fn library(&self) -> Library {
        self.library.clone()
    }

    /// Takes what has been read before, so that it can be searched and only the rest is read. A file that is damaged is
    /// put aside, and another one begun.
    pub fn load(&mut self) -> Result<(), LibraryError> {
        // The folders have not been looked at.
        let health = &self.library.0.health;
        health.is_reading.store(true, Ordering::Relaxed);
        self.healing(|keeper| {
            keeper.note_unread()?;
            keeper.library.load_from(&keeper.db)
        })
    }

    /// Brings the index to what the folders hold now; `told` hears of each file how many are done, and of how many.
    /// `None`: it was told to stop, and what it has done by then is not done again. A file that is damaged, or is no
    /// longer there, is begun anew.
    pub fn update(
        &mut self,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Option<Report>, LibraryError> {
        let updated = self
            .heal()
            .and_then(|()| self.healing(|keeper| keeper.look(told)));
        let is_stale = match &updated {
            Ok(Some(report)) => {
                self.library.note(report);
                !report.folders.is_empty() || report.unseen + report.crowded > 0
            }
            Ok(None) => return updated,
            Err(_) => {
                let health = &self.library.0.health;
                health.is_reading.store(false, Ordering::Relaxed);
                true
            }
        };
        let health = &self.library.0.health;
        health.is_stale.store(is_stale, Ordering::Relaxed);
        updated
    }

    fn look(&mut self, told: &mut dyn FnMut(usize, usize)) -> Result<Option<Report>, LibraryError> {
        while file::bury(&self.db)? {}
        let inner = &self.library.0;
        if self.library.state().is_none() {
            // Otherwise what has been read before would be taken for nothing.
            match self.library.load_from(&self.db) {
                Err(_) if inner.stop.load(Ordering::Relaxed) => return Ok(None),
                loaded => loaded?,
            }
        }
        let before = self.library.state();
        let empty = Arc::default();
        let postings = before.as_ref().map_or(&empty, |state| &state.postings);
        let draft = self.library.draft();
        let stop = &inner.stop;
        let updated = update::update(
            &self.db,
            &inner.sources,
            draft,
            postings.len(),
            &mut self.reading,
            stop,
            told,
        );
        self.roll_back()?;
        let Some(change) = updated? else {
            return Ok(None);
        };
        let mut report = change.report.clone();
        if !change.is_empty() || before.is_none() {
            let next = postings.merge(&change.gone, change.draft);
            let next = self.library.state_of(&self.db, next)?;
            let db = &mut self.db;
            self.library
                .replace(next, || file::turn_over(db, &change.live, &change.dead))?;
        }
        // Only now: until then what was read is not found.
        self.note_unread()?;
        self.note_files(report.unread)?;
        while file::bury(&self.db)? && !stop.load(Ordering::Relaxed) {}
        for problem in file::problems(&self.db)? {
            report.problem(&problem.path, problem.reason);
        }
        Ok(Some(report))
    }

    /// Ends what broke off within a slice.
    fn roll_back(&self) -> rusqlite::Result<()> {
        match self.db.is_autocommit() {
            true => Ok(()),
            false => self.db.execute_batch("ROLLBACK"),
        }
    }
}

#[cfg(test)]
mod tests;
