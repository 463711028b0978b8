//! An index whose file is damaged or gone: all of it can be made again, so it is.
//!
//! Whoever reads says what he found, and the thread that keeps the file begins another one. Before that nobody has the
//! old one open any more: SQLite would remove the new one's companions with the old one's last connection.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use rusqlite::Connection;

use super::{Keeper, Library, LibraryError};
use crate::knowledge::file::{FileError, Opened, is_damage};

impl LibraryError {
    /// Whether it tells that the index's file is damaged.
    fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) | Self::File(FileError::Sqlite { error, .. }) => is_damage(error),
            _ => false,
        }
    }
}

impl Library {
    fn damage(&self) -> MutexGuard<'_, Option<String>> {
        let damage = self.0.health.damage.lock();
        damage.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a reader makes of an error: where it tells of damage that will be mended, that there is nothing yet.
    pub(super) fn reported(&self, error: LibraryError) -> LibraryError {
        if !error.is_damage() || !self.0.health.is_kept.load(Ordering::Relaxed) {
            return error;
        }
        self.damage().get_or_insert_with(|| error.to_string());
        self.0.bell.ring();
        LibraryError::Unread
    }

    /// The same where the file is gone that there was.
    pub(super) fn missing(&self) -> LibraryError {
        if self.0.health.is_kept.load(Ordering::Relaxed) {
            self.0.bell.ring();
        }
        LibraryError::Unread
    }
}

impl Keeper {
    /// Why another file was begun, once: a sentence that goes on from the file.
    pub fn healed(&mut self) -> Option<String> {
        self.healed.take()
    }

    /// Whether the file that it writes is no longer the one that lies there, or is damaged.
    pub(super) fn is_lost(&self) -> bool {
        self.id != self.library.0.place.id()
            || self.library.damage().is_some()
            || self.is_unlocked()
    }

    /// Whether another askd could write the file by now, for the lock was removed with it.
    fn is_unlocked(&self) -> bool {
        !self.library.0.place.is_locked_by(self.lock.as_ref())
    }

    /// Begins another file if this one is lost.
    pub(super) fn heal(&mut self) -> Result<(), LibraryError> {
        if self.is_unlocked() {
            self.lock = self.library.0.place.lock()?;
        }
        if !self.is_lost() {
            return Ok(());
        }
        let damage = self.library.damage().take();
        self.begin_anew(damage)
    }

    /// Does something with the file, and once more with another one if it is damaged.
    pub(super) fn healing<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        match work(self) {
            Err(error) if error.is_damage() => {
                self.begin_anew(Some(error.to_string()))?;
                work(self)
            }
            done => done,
        }
    }

    /// Lets go of the file, which is put aside if it is damaged, and begins another one or takes what lies there.
    fn begin_anew(&mut self, damage: Option<String>) -> Result<(), LibraryError> {
        let inner = self.library.0.clone();
        // Nobody reads meanwhile, neither searches nor documents.
        let mut state = inner.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut texts = inner.texts.lock().unwrap_or_else(PoisonError::into_inner);
        (*state, *texts) = (None, None);
        self.db = Connection::open_in_memory()?;
        self.id = None;
        let why = match damage {
            Some(damage) => {
                let aside = inner.place.put_aside()?;
                format!("it is damaged ({damage}){aside}")
            }
            None => {
                inner.place.remove_companions()?;
                "it was removed, or another one has taken its place".to_owned()
            }
        };
        let Opened { db, id, put_aside } = inner.place.open()?;
        (self.db, self.id) = (db, id);
        self.healed = Some(put_aside.unwrap_or(why));
        Ok(())
    }
}
