//! Documents for those who want to read on where a source ends: their passages part by part, and the file itself.
//!
//! What is asked for by name is looked up in the index, and only there: a name that the index does not have is none,
//! whatever lies under it. The file itself is handed out only while it has the very content that the index was made
//! of, so nothing can be put in its place.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::PoisonError,
    time::SystemTime,
};

use rusqlite::Connection;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Library, LibraryError, file};
use crate::knowledge::{extract::Kind, file::Live, source::SourceFile};

/// Bytes of text after which a part ends. It has one passage at least.
const PART_BYTES: usize = 64 << 10;
/// Passages that are shown above the one that was asked for, so that it is not read torn from what it stands in.
const ABOVE: usize = 3;

/// Where a part begins.
#[derive(Debug, Clone)]
pub enum Start {
    /// Shortly above the passage that a fragment means; at the beginning, where it means none.
    At(String),
    /// At the passage of this place, counted from zero.
    Place(usize),
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its path, as sources name it.
    pub path: String,
    /// What it is called.
    pub title: String,
    /// Where it is published.
    pub url: Option<String>,
    /// Another one after each change of its content.
    pub version: String,
    /// Passages of the whole document.
    pub total: usize,
    /// The place of the first passage here.
    pub first: usize,
    /// The place of the passage that was asked for.
    pub at: Option<usize>,
    /// Whether the file itself can be had.
    pub file: bool,
    /// The passages.
    pub passages: Vec<Shown>,
}

/// A passage as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// An entry's title.
    pub title: Option<String>,
    /// The headings that it stands under, or an entry's question.
    pub headings: Vec<String>,
    /// The fragment of its heading or page.
    pub anchor: Option<String>,
    /// Where more of it can be read, if that is another address than the document's.
    pub url: Option<String>,
    /// Whether the text is Markdown; otherwise it is to be shown as it is.
    pub markdown: bool,
    /// Its text.
    pub text: String,
}

/// The file that a document was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its name, without folders.
    pub name: String,
    /// Its type. Nothing that a browser would run is called what it is.
    pub kind: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Library {
    /// At most `most` passages of the document at a path; `None`: the index has none there. Takes milliseconds, most of
    /// them on the disk.
    pub fn part(
        &self,
        path: &str,
        start: &Start,
        most: usize,
    ) -> Result<Option<Part>, LibraryError> {
        let part = self.reading(|db| self.part_of(db, path, start, most));
        part.map_err(|error| self.reported(error))
    }

    /// Reads in the index's file, which nobody begins anew meanwhile.
    fn reading<T>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<Option<T>, LibraryError>,
    ) -> Result<Option<T>, LibraryError> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let db = self.0.place.reader()?;
        match (&*state, db) {
            (_, Some(mut db)) => read(&mut db),
            // What is being read for the first time is not there yet, and what was read before is still to be loaded.
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.missing()),
        }
    }

    /// Whether there is a document at a path, with or without a fragment, or an entry of this title.
    pub fn has(&self, name: &str) -> Result<bool, LibraryError> {
        let path = name.split('#').next().unwrap_or(name);
        let found = self.reading(|db| {
            let is_there = self.live(db, path)?.is_some();
            Ok(Some(is_there || file::is_entitled(db, name)?))
        });
        found.map(|found| found == Some(true))
    }

    fn part_of(
        &self,
        db: &mut Connection,
        path: &str,
        start: &Start,
        most: usize,
    ) -> Result<Option<Part>, LibraryError> {
        // All that follows is of one state of the index.
        let db = db.transaction()?;
        let Some((document, _, inside)) = self.live(&db, path)? else {
            return Ok(None);
        };
        let (at, first) = match start {
            Start::Place(first) => (None, *first),
            Start::At(fragment) => {
                let at = file::at(&db, &document, fragment)?;
                (at, at.unwrap_or(0).saturating_sub(ABOVE))
            }
        };
        let mut bytes = 0;
        let mut passages = Vec::new();
        for kept in file::part(&db, document.n, first, most)? {
            // The one that was asked for is part of the part.
            if bytes > PART_BYTES && at.is_none_or(|at| first + passages.len() > at) {
                break;
            }
            bytes += kept.text.len();
            passages.push(Shown {
                title: kept.title.filter(|_| kept.is_entry),
                headings: kept.headings,
                anchor: kept.anchor,
                url: kept.url.filter(|url| document.url.as_ref() != Some(url)),
                markdown: kept.is_markdown || kept.is_entry,
                text: kept.text,
            });
        }
        Ok(Some(Part {
            path: path.to_owned(),
            title: document.title.unwrap_or_else(|| name(inside).to_owned()),
            url: document.url,
            version: hex(&document.hash[..document.hash.len().min(8)]),
            total: document.passages,
            first,
            at,
            file: is_handed_out(&db, inside, document.n)?,
            passages,
        }))
    }

    /// The file of the document at a path, if the index has one there and the file is still the one that was read.
    /// Files of questions and answers are not handed out: they hold questions without answers too.
    pub fn original(&self, path: &str) -> Result<Option<Original>, LibraryError> {
        let known = self.reading(|db| {
            let Some(found) = self.live(db, path)? else {
                return Ok(None);
            };
            let (document, _, inside) = &found;
            Ok(is_handed_out(db, inside, document.n)?.then_some(found))
        });
        let Some((document, folder, inside)) = known.map_err(|error| self.reported(error))? else {
            return Ok(None);
        };
        let Ok(bytes) = read(folder, inside) else {
            return Ok(None);
        };
        let same = Sha256::digest(&bytes).as_slice() == document.hash;
        Ok(same.then(|| Original {
            name: name(inside).to_owned(),
            kind: kind(inside),
            bytes,
        }))
    }

    /// The document at a path as sources name it, its folder, and its path in there.
    fn live<'p>(
        &self,
        db: &Connection,
        path: &'p str,
    ) -> rusqlite::Result<Option<(Live, &Path, &'p str)>> {
        for (folder, inside) in places(&self.0.sources.folders, path) {
            let name = folder.to_string_lossy();
            if self.0.sources.take(&name, inside, 0)
                && let Some(document) = file::live(db, &name, inside)?
            {
                return Ok(Some((document, folder, inside)));
            }
        }
        Ok(None)
    }
}

/// Where the document may lie that a source names, the likeliest place first. Sources of one folder have paths without its
/// name, those of several with it; kept ones may be of a time when there were more or fewer.
fn places<'f, 'p>(folders: &'f [PathBuf], path: &'p str) -> Vec<(&'f Path, &'p str)> {
    let named = folders.iter().filter_map(|folder| {
        let name = folder.file_name()?.to_string_lossy();
        let inside = path.strip_prefix(&*name)?.strip_prefix('/')?;
        Some((folder.as_path(), inside))
    });
    let whole = folders.iter().map(|folder| (folder.as_path(), path));
    match folders {
        [_] => whole.chain(named).collect(),
        _ => named.chain(whole).collect(),
    }
}

/// Whether a document's file may be had: whoever reads it sees no more than its passages.
fn is_handed_out(db: &Connection, path: &str, document: i64) -> rusqlite::Result<bool> {
    let is_json = matches!(
        Kind::of(Path::new(path)),
        Some(Kind::Json | Kind::JsonLines)
    );
    Ok(!is_json && !file::has_entries(db, document)?)
}

/// The content of a file of a folder. The path is the index's; what lies there now may be anything.
fn read(folder: &Path, path: &str) -> io::Result<Vec<u8>> {
    let root = fs::canonicalize(folder)?;
    let real = fs::canonicalize(root.join(path))?;
    let kind = Kind::of(Path::new(path));
    let (Some(kind), true) = (kind, real.starts_with(&root)) else {
        return Err(io::Error::other("it leads out of the folder"));
    };
    let file = SourceFile {
        path: path.to_owned(),
        real,
        bytes: 0,
        modified: SystemTime::UNIX_EPOCH,
        changed: 0,
        kind,
    };
    file.read()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn kind(path: &str) -> &'static str {
    match Kind::of(Path::new(path)) {
        Some(Kind::Pdf) => "application/pdf",
        Some(Kind::Markdown) => "text/markdown; charset=utf-8",
        Some(Kind::Csv) => "text/csv; charset=utf-8",
        Some(Kind::Json) => "application/json",
        Some(Kind::Text | Kind::Html | Kind::JsonLines) => "text/plain; charset=utf-8",
        None => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
