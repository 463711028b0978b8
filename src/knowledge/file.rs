//! The index's file: documents and their passages, in an SQLite file of their own beside the conversations.
//!
//! All of it can be made again from the folders, so a file in another form is simply begun anew, and nothing in it is
//! ever repaired. A document is written as *pending*, some at a time; one short transaction makes all that is pending
//! live and what it takes the place of dead. A crash in between leaves the old state, and the pending part is used
//! when the same file is met again.

mod damage;
mod place;
mod shown;
pub(super) mod vectors;

use std::{path::PathBuf, time::SystemTime};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

pub use self::place::FileError;
pub(super) use self::{
    damage::is_damage,
    place::{FileId, Opened, Place},
    shown::{Live, at, fragment, has_entries, is_entitled, live, part},
};
use super::{
    document::{Document, Format},
    source::{Problem, SourceFile},
    split::Piece,
};

/// A document's `state`.
const PENDING: u8 = 0;
const LIVE: u8 = 1;
const DEAD: u8 = 2;
/// The time at which no file was changed that this askd has read: an earlier one has.
const OUTDATED: i64 = -1;

/// A file as it was when it was read.
pub(super) struct Known {
    pub(super) n: i64,
    pub(super) is_live: bool,
    pub(super) folder: String,
    pub(super) path: String,
    pub(super) bytes: u64,
    /// In nanoseconds since 1970.
    pub(super) modified: i64,
    /// The same of its inode; see [`SourceFile::changed`].
    pub(super) changed: i64,
    /// Of its content; empty where an earlier askd has read it, from which this one would make other passages.
    pub(super) hash: Vec<u8>,
}

/// How many documents are live.
pub(super) fn documents(db: &Connection) -> rusqlite::Result<usize> {
    let sql = "SELECT count(*) FROM document WHERE state = ?1 AND problem IS NULL";
    let count: i64 = db
        .prepare_cached(sql)?
        .query_row([LIVE], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// All documents that are live or pending.
pub(super) fn known(db: &Connection) -> rusqlite::Result<Vec<Known>> {
    let sql = "SELECT n, state, folder, path, bytes, modified, changed, hash FROM document WHERE state <> ?1";
    let mut query = db.prepare(sql)?;
    let known = query.query_map([DEAD], |row| {
        Ok(Known {
            n: row.get(0)?,
            is_live: row.get::<_, u8>(1)? == LIVE,
            folder: row.get(2)?,
            path: row.get(3)?,
            bytes: row.get::<_, i64>(4)?.unsigned_abs(),
            modified: row.get(5)?,
            changed: row.get(6)?,
            hash: match row.get(6)? {
                OUTDATED => Vec::new(),
                _ => row.get(7)?,
            },
        })
    })?;
    known.collect()
}

/// When a file was changed, as it is kept.
pub(super) fn nanos(modified: SystemTime) -> i64 {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// Writes a document with its passages, as pending: its number, and those of the passages in their order.
pub(super) fn insert(
    db: &Connection,
    folder: &str,
    file: &SourceFile,
    hash: &[u8],
    read: Result<(&Document, &[Piece]), &str>,
) -> rusqlite::Result<(i64, Vec<i64>)> {
    let empty = Document::default();
    let (document, pieces, problem) = match read {
        Ok((document, pieces)) => (document, pieces, None),
        Err(problem) => (&empty, [].as_slice(), Some(problem)),
    };
    let sql = "INSERT INTO document \
        (state, folder, path, bytes, modified, changed, hash, title, url, tags, markdown, notes, problem) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    db.prepare_cached(sql)?.execute(params![
        PENDING,
        folder,
        file.path,
        file.bytes.cast_signed(),
        nanos(file.modified),
        file.changed,
        hash,
        document.title,
        document.url,
        document.tags.join("\n"),
        document.format == Format::Markdown,
        document.notes.join("\n"),
        problem,
    ])?;
    let n = db.last_insert_rowid();
    let sql = "INSERT INTO passage (document, title, headings, anchor, start, stop, url, tags, text) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let mut insert = db.prepare_cached(sql)?;
    let mut numbers = Vec::with_capacity(pieces.len());
    for piece in pieces {
        numbers.push(insert.insert(params![
            n,
            piece.title,
            piece.headings.join("\n"),
            piece.anchor,
            piece.range.start as i64,
            piece.range.end as i64,
            piece.url,
            piece.tags.join("\n"),
            piece.text,
        ])?);
    }
    Ok((n, numbers))
}

/// A file has the same content as before, under another date or another name.
pub(super) fn touch(
    db: &Connection,
    n: i64,
    folder: &str,
    file: &SourceFile,
) -> rusqlite::Result<()> {
    let sql = "UPDATE document SET folder = ?2, path = ?3, bytes = ?4, modified = ?5, changed = ?6 WHERE n = ?1";
    let bytes = file.bytes.cast_signed();
    let changed = params![
        n,
        folder,
        file.path,
        bytes,
        nanos(file.modified),
        file.changed
    ];
    db.prepare_cached(sql)?.execute(changed).map(drop)
}

/// Bytes of the disk that the index does not take, for the conversations lie there too: of a small disk a share, but no less
/// than what is written before it is in its place.
const RESERVE: u64 = 64 << 20;
const SHARE: u64 = 20;
const LEAST: u64 = 16 << 20;

/// Why nothing is to be added to the file: its disk has too little left. A file system that does not say how large it is
/// has no bound that could be kept.
pub(super) fn crowded(db: &Connection) -> Option<String> {
    let path = db.path().filter(|path| !path.is_empty())?;
    let disk = rustix::fs::statvfs(path)
        .ok()
        .filter(|disk| disk.f_blocks > 0)?;
    let [size, left] =
        [disk.f_blocks, disk.f_bavail].map(|blocks| blocks.saturating_mul(disk.f_frsize));
    let reserve = reserve_of(size);
    // What was given up within the file is room too, once it can be written there.
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("freelist_count").ok()?.cast_unsigned();
    let free = pages * number("page_size").ok()?.cast_unsigned();
    let is_crowded = left < LEAST || left.saturating_add(free) < reserve;
    is_crowded.then(|| {
        format!(
            "the disk of {path} has less than {} MiB left, which are kept for the conversations; make room on it",
            reserve >> 20
        )
    })
}

/// Bytes that are left free on a disk of this size.
fn reserve_of(size: u64) -> u64 {
    (size / SHARE).clamp(LEAST, RESERVE)
}

/// Which folder stood under a path when all of it was read last, by device and number; none if it never was.
pub(super) fn folder(db: &Connection, path: &str) -> rusqlite::Result<Option<(u64, u64)>> {
    let sql = "SELECT device, number FROM folder WHERE path = ?1";
    let found = db.prepare_cached(sql)?.query_row([path], |row| {
        let number = |at| row.get(at).map(i64::cast_unsigned);
        Ok((number(0)?, number(1)?))
    });
    found.optional()
}

/// Forgets the folders that are none of these: put back, they are read for the first time.
pub(super) fn forget_folders(db: &Connection, named: &[PathBuf]) -> rusqlite::Result<()> {
    let mut query = db.prepare_cached("SELECT path FROM folder")?;
    let kept = query.query_map([], |row| row.get::<_, String>(0))?;
    for path in kept.collect::<rusqlite::Result<Vec<_>>>()? {
        if !named.iter().any(|folder| folder.to_string_lossy() == path) {
            db.execute("DELETE FROM folder WHERE path = ?1", [path])?;
        }
    }
    Ok(())
}

/// Keeps which folder stands there now.
pub(super) fn keep_folder(
    db: &Connection,
    path: &str,
    (device, number): (u64, u64),
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO folder (path, device, number) VALUES (?1, ?2, ?3)";
    let kept = params![path, device.cast_signed(), number.cast_signed()];
    db.prepare_cached(sql)?.execute(kept).map(drop)
}

/// Makes documents live and others dead, all at once.
pub(super) fn turn_over(db: &mut Connection, live: &[i64], dead: &[i64]) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    for (state, documents) in [(LIVE, live), (DEAD, dead)] {
        let mut update =
            transaction.prepare_cached("UPDATE document SET state = ?1 WHERE n = ?2")?;
        for n in documents {
            update.execute(params![state, n])?;
        }
    }
    transaction.commit()
}

/// Removes one of the dead documents; `false`: there was none.
pub(super) fn bury(db: &Connection) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM document WHERE n = (SELECT n FROM document WHERE state = ?1 LIMIT 1)";
    Ok(db.prepare_cached(sql)?.execute([DEAD])? > 0)
}

/// A passage as it is kept.
pub(super) struct Kept {
    pub(super) n: i64,
    pub(super) folder: String,
    pub(super) path: String,
    /// Of the entry, else of the document, if either has one.
    pub(super) title: Option<String>,
    /// Whether it is an entry, so that its one heading is its question.
    pub(super) is_entry: bool,
    pub(super) headings: Vec<String>,
    pub(super) anchor: Option<String>,
    pub(super) url: Option<String>,
    /// The document's and its own, one a line.
    pub(super) tags: String,
    pub(super) is_markdown: bool,
    pub(super) text: String,
}

/// What a passage's row is read from.
const KEPT: &str = "SELECT p.n, d.folder, d.path, p.title, d.title, p.headings, p.anchor, coalesce(p.url, d.url), \
    p.tags, d.tags, d.markdown, p.text FROM passage p JOIN document d ON d.n = p.document";

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let own: Option<String> = row.get(3)?;
    let headings: String = row.get(5)?;
    let (tags, of_document): (String, String) = (row.get(8)?, row.get(9)?);
    Ok(Kept {
        n: row.get(0)?,
        folder: row.get(1)?,
        path: row.get(2)?,
        is_entry: own.is_some(),
        title: own.or(row.get(4)?),
        headings: headings.lines().map(str::to_owned).collect(),
        anchor: row.get(6)?,
        url: row.get(7)?,
        tags: format!("{tags}\n{of_document}"),
        is_markdown: row.get(10)?,
        text: row.get(11)?,
    })
}

/// One passage.
pub(super) fn passage(db: &Connection, n: i64) -> rusqlite::Result<Option<Kept>> {
    let mut query = db.prepare_cached(&format!("{KEPT} WHERE p.n = ?1"))?;
    query.query_row([n], kept).optional()
}

/// The passages of one document, in their order.
pub(super) fn passages_of(
    db: &Connection,
    document: i64,
    mut take: impl FnMut(Kept),
) -> rusqlite::Result<()> {
    let mut query = db.prepare_cached(&format!("{KEPT} WHERE d.n = ?1 ORDER BY p.n"))?;
    for passage in query.query_map([document], kept)? {
        take(passage?);
    }
    Ok(())
}

/// The numbers of a document's passages.
pub(super) fn numbers_of(db: &Connection, document: i64) -> rusqlite::Result<Vec<i64>> {
    let mut query = db.prepare_cached("SELECT n FROM passage WHERE document = ?1")?;
    query.query_map([document], |row| row.get(0))?.collect()
}

/// What could not be read of the live documents, or not wholly.
pub(super) fn problems(db: &Connection) -> rusqlite::Result<Vec<Problem>> {
    let sql = "SELECT path, problem, notes FROM document \
        WHERE state = ?1 AND (problem IS NOT NULL OR notes <> '') ORDER BY folder, path";
    let mut query = db.prepare(sql)?;
    let told = query.query_map([LIVE], |row| {
        let (problem, notes): (Option<String>, String) = (row.get(1)?, row.get(2)?);
        Ok(Problem {
            path: row.get(0)?,
            reason: problem.map_or_else(
                || {
                    format!(
                        "is not read whole: {}",
                        notes.lines().collect::<Vec<_>>().join("; ")
                    )
                },
                |problem| format!("is left out: {problem}"),
            ),
        })
    })?;
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_disk_keeps_64_mib_and_a_small_one_its_share_and_16_at_the_least() {
        let mib = |bytes: u64| bytes >> 20;
        let sizes = [100 << 30, 800 << 20, 14 << 20];
        assert_eq!(sizes.map(reserve_of).map(mib), [64, 40, 16]);
    }
}
