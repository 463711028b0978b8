//! SQLite itself: the connections and their settings, and opening the file.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, OptionalExtension as _};
use uuid::Uuid;

use super::{
    CookieKey, Credential, OpenError, Spender,
    claim::{self, claim},
    credentials,
    fault::{self, Failure, Moment, damage, sqlite_error},
    schema, script, spent, write,
};
use crate::config::{self, StorePath, Synchronous};

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(2);
/// KiB of pages that the writing connection keeps, and each reading one.
const WRITER_CACHE: i64 = 2048;
const READER_CACHE: i64 = 1024;
/// Bytes that the write-ahead log is cut to once its content is in the file.
const WAL_LIMIT: i64 = 8 << 20;

/// A file's device and inode, and when it was made: another may get the inode of one that was removed.
pub(super) type FileId = (u64, u64, Option<SystemTime>);

/// Where the database is.
#[derive(Clone)]
pub(super) struct Location {
    /// What people know it as.
    pub(super) name: Arc<str>,
    /// `None`: in memory.
    path: Option<Arc<Path>>,
    uri: String,
    synchronous: Synchronous,
    /// An in-memory database has no write-ahead log: its readers and its writer take turns here, so that none of them
    /// ever finds it locked.
    turns: Option<Arc<RwLock<()>>>,
}

/// A database that is ready.
pub(super) struct Opened {
    pub(super) location: Location,
    pub(super) db: Connection,
    pub(super) key: CookieKey,
    /// The sign-ins and tokens that it holds.
    pub(super) credentials: Vec<Credential>,
    /// The tokens that were spent today.
    pub(super) spent: Vec<(Spender, u64)>,
    /// Held as long as this askd uses the file.
    pub(super) lock: Option<File>,
}

impl Location {
    pub(super) fn new(config: &config::Store) -> Self {
        match &config.path {
            StorePath::Memory => Self {
                name: ":memory:".into(),
                path: None,
                // SQLite shares such a database between the connections of one process.
                uri: format!("file:/askd-{}?vfs=memdb", Uuid::new_v4()),
                synchronous: config.synchronous,
                turns: Some(Arc::default()),
            },
            StorePath::File(path) => Self {
                name: path.display().to_string().into(),
                path: Some(path.as_path().into()),
                uri: uri(path),
                synchronous: config.synchronous,
                turns: None,
            },
        }
    }

    pub(super) fn is_memory(&self) -> bool {
        self.turns.is_some()
    }

    /// The file that is there now: SQLite writes on into one that was removed, and nothing of that would be there after
    /// a restart.
    pub(super) fn file(&self) -> Option<FileId> {
        self.metadata()?.ok().map(|found| file_id(&found))
    }

    /// Whether `file` is no longer where it was; not, whether it can be reached.
    pub(super) fn has_lost(&self, file: Option<FileId>) -> bool {
        match self.metadata() {
            Some(Ok(found)) => file != Some(file_id(&found)),
            Some(Err(error)) => error.kind() == io::ErrorKind::NotFound,
            None => false,
        }
    }

    /// The write-ahead log that is there now.
    pub(super) fn log(&self) -> Option<FileId> {
        let log = claim::beside(self.path.as_ref()?, "-wal");
        fs::metadata(log).ok().map(|found| file_id(&found))
    }

    fn metadata(&self) -> Option<io::Result<Metadata>> {
        self.path.as_ref().map(fs::metadata)
    }

    /// Held by the writer while it writes to memory.
    pub(super) fn write_turn(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        let turns = self.turns.as_ref()?;
        Some(turns.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Held by a reader while it reads from memory.
    pub(super) fn read_turn(&self) -> Option<RwLockReadGuard<'_, ()>> {
        let turns = self.turns.as_ref()?;
        Some(turns.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection that writes.
    pub(super) fn writer(&self) -> rusqlite::Result<Connection> {
        let db = self.connect_to_write()?;
        // It takes effect in a file that has no tables yet.
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        if !self.is_memory() {
            let mode: String =
                db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
            if mode != "wal" {
                return Err(sqlite_error(
                    ErrorCode::CannotOpen,
                    rusqlite::ffi::SQLITE_CANTOPEN,
                ));
            }
        }
        let synchronous = match self.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        db.pragma_update(None, "synchronous", synchronous)?;
        db.pragma_update(None, "journal_size_limit", WAL_LIMIT)?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "cache_size", -WRITER_CACHE)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(db)
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> rusqlite::Result<Connection> {
        let db = self.connect_to_write()?;
        db.pragma_update(None, "query_only", true)?;
        db.pragma_update(None, "cache_size", -READER_CACHE)?;
        Ok(db)
    }

    /// A connection that may write, be it one that reads: where it may not, SQLite would fall back to reading, and
    /// leave read-only files beside the database that stay so when the database can be written again.
    fn connect_to_write(&self) -> rusqlite::Result<Connection> {
        let db = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if db.is_readonly(MAIN_DB)? {
            return Err(sqlite_error(
                ErrorCode::ReadOnly,
                rusqlite::ffi::SQLITE_READONLY,
            ));
        }
        Ok(db)
    }

    /// A connection with nothing decided yet but how long it waits.
    pub(super) fn connect(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let flags = if self.is_memory() {
            flags | OpenFlags::SQLITE_OPEN_CREATE
        } else {
            flags
        };
        let db = Connection::open_with_flags(&self.uri, flags)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        script::register(&db)?;
        Ok(db)
    }

    /// What went wrong here while askd runs, and what to do about it. Where there is no file any more, that is it.
    pub(super) fn sentence(&self, error: &rusqlite::Error) -> String {
        let there = self.metadata();
        let is_gone =
            there.is_some_and(|it| it.is_err_and(|e| e.kind() == io::ErrorKind::NotFound));
        let moved = is_gone.then(fault::moved);
        fault::sentence(&self.name, moved.as_ref().unwrap_or(error), Moment::Running)
    }

    /// Why it cannot be opened.
    fn refusal(&self, error: &rusqlite::Error) -> OpenError {
        OpenError::Storage(fault::sentence(&self.name, error, Moment::Start))
    }
}

fn file_id(found: &Metadata) -> FileId {
    (found.dev(), found.ino(), found.created().ok())
}

/// A path as SQLite's URI, which takes `?`, `#` and `%` for its own.
pub(super) fn uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    let path = path.to_string_lossy();
    // Two slashes at the beginning would name a host.
    if path.starts_with("//") {
        uri.push_str("//");
    }
    for letter in path.chars() {
        match letter {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            letter => uri.push(letter),
        }
    }
    uri
}

/// Opens the database for this askd alone.
pub(super) fn open(config: &config::Store) -> Result<Opened, OpenError> {
    let location = Location::new(config);
    let lock = match &config.path {
        StorePath::Memory => None,
        StorePath::File(path) => Some(claim(path)?),
    };
    let storage = |error| location.refusal(&error);
    // Before anything is written: a newer askd's file, or another program's, stays as it is.
    let before = location.connect_to_write().map_err(storage)?;
    refuse_stranger(&location, &before)?;
    drop(before);
    let mut db = location.writer().map_err(storage)?;
    schema::migrate(&mut db).map_err(storage)?;
    // A newer one may have come between.
    refuse_stranger(&location, &db)?;
    let key = cookie_key(&db).map_err(storage)?;
    let credentials = credentials::all(&db, super::now()).map_err(storage)?;
    let spent = spent::of_day(&db, spent::day(super::now())).map_err(storage)?;
    let interrupted = write::interrupt_running(&mut db).map_err(|failure| match failure {
        Failure::Sqlite(error) => storage(error),
        Failure::Refused(error) => OpenError::Storage(error.to_string()),
    })?;
    if interrupted > 0 {
        tracing::info!(
            turns = interrupted,
            "answers were running when askd ended last; they are interrupted"
        );
    }
    if location.is_memory() {
        tracing::info!(
            "conversations are kept in memory and are gone when askd ends; set store.path to keep them"
        );
    } else {
        tracing::info!(path = %location.name, "conversations are kept");
    }
    Ok(Opened {
        location,
        db,
        key,
        credentials,
        spent,
        lock,
    })
}

/// Refuses what is no file of an askd of this version or an earlier one; whether it is a new one, with nothing in it.
pub(super) fn refuse_stranger(location: &Location, db: &Connection) -> Result<bool, OpenError> {
    let storage = |error| location.refusal(&error);
    let path = || location.name.to_string();
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(storage)?;
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(storage)?;
    let found = number("user_version").map_err(storage)?;
    let is_new = tables == 0 && application == 0 && found == 0;
    if !is_new && application != schema::APPLICATION {
        return Err(OpenError::Foreign { path: path() });
    }
    if found > schema::VERSION {
        let known = schema::VERSION;
        return Err(OpenError::Newer {
            path: path(),
            found,
            known,
        });
    }
    Ok(is_new)
}

fn cookie_key(db: &Connection) -> rusqlite::Result<CookieKey> {
    let mut query = db.prepare("SELECT value FROM meta WHERE key = 'cookie_key'")?;
    if let Some(key) = query.query_row([], |row| row.get(0)).optional()? {
        return Ok(CookieKey(key));
    }
    let mut key = [0; 64];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random
        .fill(&mut key)
        .map_err(|_| sqlite_error(ErrorCode::SystemIoFailure, rusqlite::ffi::SQLITE_IOERR))?;
    db.execute(
        "INSERT INTO meta (key, value) VALUES ('cookie_key', ?1)",
        [&key],
    )?;
    Ok(CookieKey(key))
}

/// Bytes that a storage which failed must take before it counts as working.
const PROBE: i64 = 256 << 10;

/// Whether something can be written; `all`: and nothing in the file is damaged.
pub(super) fn works(db: &Connection, all: bool) -> rusqlite::Result<()> {
    if all {
        let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(damage());
        }
    }
    db.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', zeroblob(?1))",
        [PROBE],
    )?;
    db.execute("DELETE FROM meta WHERE key = 'probe'", [])?;
    Ok(())
}

/// Joins the write-ahead log to the file and empties it; `false`: somebody reads what is in it, and it stays.
pub(super) fn checkpoint(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get(0).map(|busy: i64| busy == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_is_called_so_whenever_it_is_seen() {
        let config = config::Store {
            path: StorePath::Memory,
            synchronous: Synchronous::Normal,
            retention: None,
            max_size: 0,
        };
        let location = Location::new(&config);
        let mut db = location.writer().unwrap();
        schema::migrate(&mut db).unwrap();
        refuse_stranger(&location, &db).unwrap();
        db.pragma_update(None, "user_version", schema::VERSION + 1)
            .unwrap();
        let refused = refuse_stranger(&location, &db).unwrap_err();
        assert!(matches!(refused, OpenError::Newer { .. }), "{refused}");
        db.pragma_update(None, "application_id", 7).unwrap();
        let refused = refuse_stranger(&location, &db).unwrap_err();
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    }

    #[test]
    fn a_file_that_is_gone_is_called_so_whatever_sqlite_says() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("askd.db");
        let location = Location::new(&config::Store {
            path: StorePath::File(path.clone()),
            synchronous: Synchronous::Normal,
            retention: None,
            max_size: 0,
        });
        let error = location.reader().unwrap_err();
        assert!(location.sentence(&error).contains("removed or replaced"));
        fs::create_dir(path).unwrap();
        let error = location.reader().unwrap_err();
        assert!(location.sentence(&error).contains("cannot be opened"));
    }
}
