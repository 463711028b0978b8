//! Where the index's file is: made, claimed by one askd, opened, begun anew when its form is another or it is damaged.

mod lock;

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::{OUTDATED, damage::is_damage};
use crate::config::StorePath;

/// What the file carries in its header ("askk"), so that no other program's file is taken for one.
const APPLICATION: i32 = i32::from_be_bytes(*b"askk");
/// The form of the file and of what is in it. It rises with the tables and with whatever changes the passages that come
/// of a file: the readers, the cutting.
const FORMAT: i32 = 4;
/// The oldest form with the same tables: its passages are searched until their files have been read anew.
const SAME_TABLES: i32 = 3;
/// How long a statement waits for another process.
const BUSY: Duration = Duration::from_secs(2);
/// KiB of pages that a connection keeps.
const CACHE: i64 = 2048;
/// Bytes that the write-ahead log is cut to once its content is in the file.
const WAL_LIMIT: i64 = 8 << 20;

const TABLES: &str = "
CREATE TABLE document (
    n INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    hash BLOB NOT NULL,
    title TEXT,
    url TEXT,
    tags TEXT NOT NULL,
    markdown INTEGER NOT NULL,
    notes TEXT NOT NULL,
    problem TEXT
) STRICT;
CREATE TABLE folder (
    path TEXT PRIMARY KEY,
    device INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX document_at ON document (folder, path);
CREATE INDEX document_unfinished ON document (state) WHERE state <> 1;

CREATE TABLE passage (
    n INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (n) ON DELETE CASCADE,
    title TEXT,
    headings TEXT NOT NULL,
    anchor TEXT,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    url TEXT,
    tags TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX passage_of ON passage (document);

CREATE TABLE space (
    name TEXT NOT NULL,
    dimensions INTEGER
) STRICT;

CREATE TABLE vector (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    numbers BLOB NOT NULL
) STRICT;

CREATE TABLE embedded (
    passage INTEGER PRIMARY KEY REFERENCES passage (n) ON DELETE CASCADE,
    vector INTEGER NOT NULL
) STRICT;
";

/// Why the index's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another askd has it.
    #[error("{path} is kept by another askd, which does this by itself; end that one, or let it")]
    InUse {
        /// Which file.
        path: String,
    },
    /// It is another program's.
    #[error("{path} is no index of askd's; move it away, or let store.path name another directory")]
    Foreign {
        /// Which file.
        path: String,
    },
    /// The system refuses.
    #[error("{path} cannot be opened: {error}; see that askd's user may write there")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// SQLite refuses.
    #[error(
        "{path} cannot be used: {error}; see that its disk works and that askd's user may write there"
    )]
    Sqlite {
        /// Which file.
        path: String,
        /// Why.
        error: rusqlite::Error,
    },
}

/// Which file a file is: its device and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::knowledge) struct FileId(u64, u64);

/// The index's file, open to be written.
pub(in crate::knowledge) struct Opened {
    pub(in crate::knowledge) db: Connection,
    /// Which file it is; none in memory.
    pub(in crate::knowledge) id: Option<FileId>,
    /// Why another one was put away for it, and where to.
    pub(in crate::knowledge) put_aside: Option<String>,
}

/// Where the index is kept.
#[derive(Debug, Clone)]
pub(in crate::knowledge) struct Place {
    path: Option<PathBuf>,
    uri: String,
}

impl Place {
    /// Beside the conversations, as `knowledge.db`; in memory where they are.
    pub(in crate::knowledge) fn beside(store: &StorePath) -> Self {
        match store {
            StorePath::Memory => Self {
                path: None,
                // SQLite shares such a database between the connections of one process.
                uri: format!("file:/askd-knowledge-{}?vfs=memdb", Uuid::new_v4()),
            },
            StorePath::File(path) => {
                let path = path.with_file_name("knowledge.db");
                Self {
                    uri: uri(&path),
                    path: Some(path),
                }
            }
        }
    }

    fn name(&self) -> String {
        let path = self.path.as_ref();
        path.map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string())
    }

    /// Opens the file to write it, and sees to it that there is one of this form. One that is damaged is put aside. Only
    /// for who has the lock.
    pub(in crate::knowledge) fn open(&self) -> Result<Opened, FileError> {
        match self.writer() {
            Err(FileError::Sqlite { error, .. }) if is_damage(&error) => {
                let aside = self.put_aside()?;
                let said = format!("it is damaged ({error}){aside}");
                Ok(Opened {
                    put_aside: Some(said),
                    ..self.writer()?
                })
            }
            opened => opened,
        }
    }

    fn writer(&self) -> Result<Opened, FileError> {
        let fault = |error| FileError::Sqlite {
            path: self.name(),
            error,
        };
        if let Some(path) = &self.path {
            if !path.exists() {
                // What is left of one that was removed belongs to no other.
                self.remove()?;
            }
            touch(path)?;
        }
        let mut db = self.connect().map_err(fault)?;
        let mut form = form_of(&db).map_err(fault)?;
        if matches!(form, Form::Other) {
            drop(db);
            self.remove()?;
            self.path.as_deref().map(touch).transpose()?;
            db = self.connect().map_err(fault)?;
            form = Form::New;
        }
        if matches!(form, Form::Foreign) {
            return Err(FileError::Foreign { path: self.name() });
        }
        self.settle(&db).map_err(fault)?;
        match form {
            Form::New => make(&db).map_err(fault)?,
            Form::Earlier => outdate(&db).map_err(fault)?,
            _ => {}
        }
        Ok(Opened {
            db,
            id: self.id(),
            put_aside: None,
        })
    }

    /// Which file lies there now; `None`: none, or it is in memory.
    pub(in crate::knowledge) fn id(&self) -> Option<FileId> {
        let found = fs::metadata(self.path.as_ref()?).ok()?;
        Some(FileId(found.dev(), found.ino()))
    }

    /// Puts a file away that nobody has open any more: where to, as the end of a sentence.
    pub(in crate::knowledge) fn put_aside(&self) -> Result<String, FileError> {
        let Some(path) = &self.path else {
            return Ok(String::new());
        };
        let away = beside(path, ".damaged");
        let fault = |error| FileError::Io {
            path: path.display().to_string(),
            error,
        };
        match fs::rename(path, &away) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        self.remove()?;
        Ok(format!(" and lies in {} now", away.display()))
    }

    /// A connection that reads; `None` where there is no index of this form.
    pub(in crate::knowledge) fn reader(&self) -> Result<Option<Connection>, FileError> {
        if self.path.as_ref().is_some_and(|path| !path.exists()) {
            return Ok(None);
        }
        let fault = |error| FileError::Sqlite {
            path: self.name(),
            error,
        };
        let db = self.connect().map_err(fault)?;
        if !matches!(form_of(&db).map_err(fault)?, Form::This) {
            return Ok(None);
        }
        self.settle(&db).map_err(fault)?;
        db.pragma_update(None, "query_only", true).map_err(fault)?;
        Ok(Some(db))
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.uri, flags)?;
        db.busy_timeout(BUSY)?;
        Ok(db)
    }

    /// Settles what a connection to a file of ours is like; nothing of it may be done to another program's.
    fn settle(&self, db: &Connection) -> rusqlite::Result<()> {
        db.pragma_update(None, "temp_store", "MEMORY")?;
        if self.path.is_some() {
            db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        }
        // What a power loss takes is read again from the folders.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "journal_size_limit", WAL_LIMIT)?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "cache_size", -CACHE)
    }

    fn remove(&self) -> Result<(), FileError> {
        self.remove_companions()?;
        self.remove_with(&[""])
    }

    /// Removes what SQLite keeps beside a file that nobody has open any more: it would be taken for another one's.
    pub(in crate::knowledge) fn remove_companions(&self) -> Result<(), FileError> {
        self.remove_with(&["-wal", "-shm"])
    }

    fn remove_with(&self, endings: &[&str]) -> Result<(), FileError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        for ending in endings {
            let file = beside(path, ending);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FileError::Io {
                        path: file.display().to_string(),
                        error,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A path as SQLite's URI, which takes `?`, `#` and `%` for its own.
fn uri(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    // Two slashes at the beginning would name a host.
    let host = if path.starts_with("//") { "//" } else { "" };
    format!("file:{host}{path}")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens a file, and makes it if there is none. The documents may be for few eyes, and SQLite would make it for all.
fn touch(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    options.open(path).map_err(|error| FileError::Io {
        path: path.display().to_string(),
        error,
    })
}

/// What a file is.
enum Form {
    New,
    This,
    /// Its tables are those of this form, and what is in them was read otherwise.
    Earlier,
    Other,
    Foreign,
}

fn form_of(db: &Connection) -> rusqlite::Result<Form> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (number("application_id")?, number("user_version")?) {
        (0, 0) if tables == 0 => Form::New,
        (APPLICATION, FORMAT) => Form::This,
        (APPLICATION, SAME_TABLES..FORMAT) => Form::Earlier,
        (APPLICATION, _) => Form::Other,
        _ => Form::Foreign,
    })
}

/// Makes of a file of an earlier form one of this, all of whose documents are to be read anew: none is as its file is.
fn outdate(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!(
        "BEGIN IMMEDIATE; UPDATE document SET changed = {OUTDATED}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))
}

fn make(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))
}
