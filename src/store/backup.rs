//! A consistent copy of the conversations, also while they are in use.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rusqlite::OpenFlags;

use super::sqlite::{Location, uri};
use crate::config::{self, StorePath};

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The copy's place.
    #[error("cannot write the copy to {path}: {error}")]
    Io {
        /// The copy.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// There is nothing to copy.
    #[error("there are no conversations in {path} to copy: {error}; name their file as store.path")]
    Missing {
        /// The database.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The database does not do.
    #[error("cannot copy {path}: {error}")]
    Storage {
        /// The database.
        path: String,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// Conversations that live in memory have no file.
    #[error(
        "the conversations live in memory (store.path = \":memory:\"), so there is no file to copy"
    )]
    Memory,
}

/// Writes a consistent copy of the conversations that the configuration names to `to`, which must not exist; an askd
/// may be using them.
pub fn backup(config: &config::Store, to: &Path) -> Result<(), BackupError> {
    let StorePath::File(path) = &config.path else {
        return Err(BackupError::Memory);
    };
    if let Err(error) = fs::metadata(path) {
        let path = path.display().to_string();
        return Err(BackupError::Missing { path, error });
    }
    copy(&Location::new(config), to)
}

/// Copies in one reading transaction, which in the write-ahead mode keeps no writer waiting.
fn copy(location: &Location, to: &Path) -> Result<(), BackupError> {
    let fault = |error| BackupError::Io {
        path: to.display().to_string(),
        error,
    };
    let mut options = OpenOptions::new();
    let made = options
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(to)
        .map_err(fault)?;
    let copied = location
        .connect(OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|db| db.execute("VACUUM INTO ?1", [uri(to)]));
    let synced = match copied {
        Ok(_) => made.sync_all().map_err(fault),
        Err(error) => Err(BackupError::Storage {
            path: location.name.to_string(),
            error,
        }),
    };
    if synced.is_err() {
        // Half a copy is none; that it cannot be removed either changes nothing about the error.
        let _ = fs::remove_file(to);
    }
    synced
}
