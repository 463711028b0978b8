//! Which of SQLite's errors tell that the index's file is damaged.

use rusqlite::{ErrorCode, ffi};

/// Whether an error says that what is in the file is not what was written there. All else may be over the next time.
pub(in crate::knowledge) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    match error {
        Error::SqliteFailure(failure, _) => {
            // `Unknown` is SQLite's general error: a table or a column is not there.
            matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown
            ) || failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ
        }
        Error::SqlInputError { .. }
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}
