//! What may go wrong with the storage, in sentences for people.

use std::io;

use rusqlite::ErrorCode;

use super::StoreError;

/// Why a unit of work did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not allowed; the database is fine.
    Refused(StoreError),
    /// The database.
    Sqlite(rusqlite::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Why the store cannot be opened; a sentence that names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system is in the way.
    #[error(
        "cannot keep conversations in {path}: {error}; let askd's user write there, or set store.path"
    )]
    Io {
        /// The file or its directory.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// Another askd has it.
    #[error(
        "{path} is in use by another askd; stop that one, or give this one a store.path of its own"
    )]
    InUse {
        /// The file.
        path: String,
    },
    /// It has other names, and SQLite keeps what is not in the file yet beside one of them.
    #[error(
        "{path} has {links} names (hard links), and what is written under one is not seen under another; remove the \
         others, or move a copy here that askd backup made"
    )]
    Linked {
        /// The file.
        path: String,
        /// Its names.
        links: u64,
    },
    /// A later askd wrote it.
    #[error(
        "{path} was written by a newer askd (its form is {found}, this one knows up to {known}); start that version, \
         or move the file away"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: i32,
        /// This binary's.
        known: i32,
    },
    /// It belongs to another program.
    #[error("{path} is a database of another program; set store.path to a file of askd's own")]
    Foreign {
        /// The file.
        path: String,
    },
    /// The database does not do.
    #[error("{0}")]
    Storage(String),
}

pub(super) fn sqlite_error(code: ErrorCode, extended_code: i32) -> rusqlite::Error {
    let error = rusqlite::ffi::Error {
        code,
        extended_code,
    };
    rusqlite::Error::SqliteFailure(error, None)
}

/// The file that is open is no longer where it was.
pub(super) fn moved() -> rusqlite::Error {
    sqlite_error(ErrorCode::ReadOnly, rusqlite::ffi::SQLITE_READONLY_DBMOVED)
}

/// What is read makes no sense.
pub(super) fn damage() -> rusqlite::Error {
    sqlite_error(ErrorCode::DatabaseCorrupt, rusqlite::ffi::SQLITE_CORRUPT)
}

/// What an error means for the file of this name, and what to do about it.
pub(super) fn sentence(name: &str, error: &rusqlite::Error) -> String {
    let cannot = format!("Conversations cannot be kept in {name}");
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly)
            if error.sqlite_extended_error_code()
                == Some(rusqlite::ffi::SQLITE_READONLY_DBMOVED) =>
        {
            format!(
                "{cannot}: the file was removed or replaced while askd ran. Put it back; askd goes on by itself. A \
                 restart without it begins with none."
            )
        }
        Some(ErrorCode::DiskFull) => {
            format!(
                "{cannot}: the disk is full, or this user's quota of it. Make room; askd goes on by itself."
            )
        }
        Some(ErrorCode::ReadOnly) => format!(
            "{cannot}: the file is read-only. Let askd's user write to it and to its directory; askd goes on by itself."
        ),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => {
            format!(
                "{cannot}: it cannot be opened ({error}). Let askd's user write to the file and to its directory; \
                 askd goes on by itself."
            )
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "{cannot}: another program has locked it. End that program; askd goes on by itself."
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => format!(
            "{cannot}: the file is damaged ({error}). Stop askd, keep the file aside, and put back a copy that \
             askd backup made."
        ),
        Some(ErrorCode::SystemIoFailure) => format!(
            "{cannot}: the disk does not do what it is told ({error}). Look at the system's log and at the disk's \
             quota; askd goes on by itself once it works."
        ),
        _ => format!("{cannot}: {error}."),
    }
}

/// Whether the file's content, and not its surroundings, is at fault.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase)
    )
}

/// Whether the storage is at fault, and not what was asked of it.
pub(super) fn is_storage(error: &rusqlite::Error) -> bool {
    use ErrorCode::*;
    matches!(
        error.sqlite_error_code(),
        Some(
            DiskFull
                | ReadOnly
                | CannotOpen
                | PermissionDenied
                | DatabaseBusy
                | DatabaseLocked
                | DatabaseCorrupt
                | NotADatabase
                | SystemIoFailure
                | FileLockingProtocolFailed
                | OutOfMemory
        )
    )
}
