//! A consistent copy of the conversations, also while they are in use.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rusqlite::OpenFlags;

use super::{
    OpenError,
    claim::{beside, sync_directory_of},
    sqlite::{Location, refuse_stranger, uri},
};
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
    /// Another copy is being made, or was broken off.
    #[error(
        "{path} is there: askd is writing this copy already, or was broken off at it; when no askd backup runs, \
         remove that file, and try again"
    )]
    Part {
        /// What is there of it.
        path: String,
    },
    /// There is nothing to copy.
    #[error(
        "the conversations of {path} cannot be copied: {error}; name their file as store.path, and let this user read it"
    )]
    Missing {
        /// The database.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// No askd has kept anything there.
    #[error(
        "{path} is empty, so there is nothing to copy; name the file of the conversations as store.path"
    )]
    Empty {
        /// The database.
        path: String,
    },
    /// The copy's name is taken.
    #[error("there is a file {path} already, and it stays; name another, or move that one away")]
    Taken {
        /// The copy.
        path: String,
    },
    /// The database does not do.
    #[error("cannot copy {path}: {error}")]
    Storage {
        /// The database.
        path: String,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// It is no database that this askd can tell anything of.
    #[error(transparent)]
    Stranger(#[from] OpenError),
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

/// Copies under another name first: what stands under the one that was asked for is whole, whenever askd is killed.
fn copy(location: &Location, to: &Path) -> Result<(), BackupError> {
    let fault = |error: io::Error| {
        let path = to.display().to_string();
        match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Taken { path },
            _ => BackupError::Io { path, error },
        }
    };
    if to.symlink_metadata().is_ok() {
        return Err(fault(io::ErrorKind::AlreadyExists.into()));
    }
    let part = beside(to, ".part");
    let mut options = OpenOptions::new();
    let made = options.create_new(true).write(true).mode(0o600).open(&part);
    let made = made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Part {
            path: part.display().to_string(),
        },
        _ => fault(error),
    })?;
    // Of one that was broken off, whose part somebody has removed.
    let journal = beside(&part, "-journal");
    let _ = fs::remove_file(&journal);
    let copied = write(location, &part).and_then(|()| {
        let named = made.sync_all().and_then(|()| name(&part, to));
        named.map_err(fault)
    });
    if copied.is_err() {
        // Half a copy is none; that it cannot be removed either changes nothing about the error.
        let _ = fs::remove_file(&part);
        let _ = fs::remove_file(&journal);
    }
    copied
}

/// Copies in one reading transaction, which in the write-ahead mode keeps no writer waiting.
fn write(location: &Location, part: &Path) -> Result<(), BackupError> {
    let storage = |error| BackupError::Storage {
        path: location.name.to_string(),
        error,
    };
    let db = location
        .connect(OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(storage)?;
    if refuse_stranger(location, &db)? {
        let path = location.name.to_string();
        return Err(BackupError::Empty { path });
    }
    let copied = db.execute("VACUUM INTO ?1", [uri(part)]);
    copied.map(drop).map_err(storage)
}

/// Gives the copy its name, and takes it from no other file that got it meanwhile.
fn name(part: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(part, to) {
        Ok(()) => fs::remove_file(part)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Not every file system has links.
        Err(_) if to.symlink_metadata().is_ok() => {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Err(_) => fs::rename(part, to)?,
    }
    sync_directory_of(to);
    Ok(())
}
