//! What may go wrong with the storage, in sentences for people.

use std::io;

use rusqlite::ErrorCode;

use crate::answer;

/// What readers are told while the storage fails. Where the file is and what is wrong with it concerns the operator.
pub const UNAVAILABLE: &str = "Conversations cannot be kept right now; whoever runs this server finds the reason in \
    its log. Try again in a moment.";

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

/// The write-ahead log that is open is no longer beside the file.
pub(super) fn log_moved() -> rusqlite::Error {
    sqlite_error(
        ErrorCode::SystemIoFailure,
        rusqlite::ffi::SQLITE_IOERR_DELETE_NOENT,
    )
}

/// What is read makes no sense.
pub(super) fn damage() -> rusqlite::Error {
    sqlite_error(ErrorCode::DatabaseCorrupt, rusqlite::ffi::SQLITE_CORRUPT)
}

/// When something goes wrong, on which hangs what comes after the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// askd cannot begin, and ends. To wait here would hide that from whoever starts it; systemd tries again.
    Start,
    /// askd goes on, and tries again and again.
    Running,
}

/// What an error means for the file of this name, and what to do about it: for the operator alone, in the log and at the
/// exit. Readers are told [`UNAVAILABLE`].
pub(super) fn sentence(name: &str, error: &rusqlite::Error, moment: Moment) -> String {
    let cannot = format!("Conversations cannot be kept in {name}");
    let then = match moment {
        Moment::Start => "then start askd again",
        Moment::Running => "askd goes on by itself",
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly)
            if error.sqlite_extended_error_code()
                == Some(rusqlite::ffi::SQLITE_READONLY_DBMOVED) =>
        {
            format!(
                "{cannot}: the file was removed or replaced while askd ran. Put it back; {then}. A restart without it \
                 begins with none. To go on with a copy instead, stop askd, remove {name}-wal and {name}-shm, put the \
                 copy there, and start askd again."
            )
        }
        Some(ErrorCode::SystemIoFailure)
            if error.sqlite_extended_error_code()
                == Some(rusqlite::ffi::SQLITE_IOERR_DELETE_NOENT) =>
        {
            format!(
                "{cannot}: {name}-wal was removed or replaced while askd ran. Stop askd, without \
                 killing it, and start it again: it joins to the file what that held."
            )
        }
        Some(ErrorCode::DiskFull) => {
            format!("{cannot}: the disk is full, or this user's quota of it. Make room; {then}.")
        }
        Some(ErrorCode::ReadOnly) => format!(
            "{cannot}: the file is read-only. Let askd's user write to it and to its directory; {then}."
        ),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => format!(
            "{cannot}: it cannot be opened ({error}). Let askd's user write to the file and to its directory; {then}."
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            let remedy = match moment {
                Moment::Start => "End that program, or set store.path to another file",
                Moment::Running => "End that program",
            };
            format!("{cannot}: another program has locked it. {remedy}; {then}.")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            let stop = match moment {
                Moment::Start => "Keep",
                Moment::Running => "Stop askd, keep",
            };
            format!(
                "{cannot}: the file is damaged ({error}). {stop} the file aside, put back a copy that askd backup made, \
                 and start askd again."
            )
        }
        Some(ErrorCode::SystemIoFailure) => format!(
            "{cannot}: the disk does not do what it is told ({error}). Look at the system's log and at the disk's \
             quota; {then}."
        ),
        _ if lacks_a_table(error) => sentence(name, &damage(), moment),
        _ => format!("{cannot}: {error}. Look at the system's log; {then}."),
    }
}

/// Whether the file's content, and not its surroundings, is at fault.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase)
    ) || lacks_a_table(error)
}

/// Whether one of the tables is missing that were made with the file: what was cut off it, or not written, is damage,
/// though SQLite takes it for a mistake in what was asked.
fn lacks_a_table(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::Unknown)
        && error.to_string().contains("no such table")
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
    ) || lacks_a_table(error)
}

/// Why something was not kept or read. The texts are complete sentences for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The conversation is not kept, or is another owner's.
    #[error("This conversation is no longer kept here; ask again in a new one.")]
    UnknownConversation,
    /// A turn's parent is not in its conversation.
    #[error("The turn to follow is not in this conversation.")]
    UnknownParent,
    /// A turn of this owner's has this id already.
    #[error("A question with this id was asked already; ask again under a new one.")]
    Taken,
    /// What was to be read took longer than 5 seconds.
    #[error("Looking this up took too long and was stopped; look for fewer or longer words.")]
    TooLong,
    /// The storage has not answered for 5 seconds: what was to be kept may be kept all the same.
    #[error(
        "The storage does not answer just now, and what was to be kept may be kept later. Look again in a moment."
    )]
    Stuck,
    /// The storage does not work just now. The text is a fixed one: no path and no word of the system's can get into it.
    #[error("{0}")]
    Unavailable(&'static str),
}

impl StoreError {
    /// Its code on the wire.
    pub fn code(&self) -> answer::ErrorCode {
        use answer::ErrorCode;
        match self {
            Self::UnknownConversation => ErrorCode::UnknownConversation,
            Self::UnknownParent | Self::Taken => ErrorCode::UnknownTurn,
            Self::TooLong | Self::Stuck | Self::Unavailable(_) => ErrorCode::StorageFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_told_with_its_file_and_what_comes_then_is_true() {
        let name = "/srv/askd.db";
        let codes = [
            ErrorCode::DiskFull,
            ErrorCode::ReadOnly,
            ErrorCode::CannotOpen,
            ErrorCode::PermissionDenied,
            ErrorCode::DatabaseBusy,
            ErrorCode::DatabaseLocked,
            ErrorCode::DatabaseCorrupt,
            ErrorCode::NotADatabase,
            ErrorCode::SystemIoFailure,
            ErrorCode::OutOfMemory,
        ];
        for code in codes {
            let error = sqlite_error(code, 0);
            let (start, running) = (
                sentence(name, &error, Moment::Start),
                sentence(name, &error, Moment::Running),
            );
            assert!(start.contains(name) && running.contains(name), "{start}");
            assert!(
                start.ends_with("start askd again.") && !start.contains("by itself"),
                "{start}"
            );
            let mends_itself = running.ends_with("askd goes on by itself.");
            assert_eq!(mends_itself, !is_damage(&error), "{running}");
        }
        assert!(!UNAVAILABLE.contains('/'));
    }
}
