//! The folders as they are now, brought into the index's file: what is new or changed is read, all else stays.
//!
//! A file of the same size and dates is not opened; one of the same content is not read again. Nothing that is searched
//! changes here: what comes out is a [`Change`], to be made in one step.

mod order;
mod reading;
mod report;
mod survey;

use std::{
    collections::HashSet,
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::{
    document::Document,
    file::{self, Kept, Known},
    lexical::Draft,
    source::{Globs, SourceFile},
    split::Piece,
};
use order::{in_line, is_same};
use reading::Read;
pub(super) use reading::Reading;
pub(super) use report::Change;
pub use report::Report;
use survey::{Survey, survey};

/// Passages of an index at most: with them it takes some 600 MiB of memory. Files beyond are left out, and told.
pub const MAX_INDEXED: usize = 2_000_000;
/// Passages that are written at once: what another connection waits for, and what a crash takes of the work.
const SLICE: usize = 1_000;
/// Files after which a slice ends too, so that one that is slow to read holds little.
const SLICE_FILES: usize = 200;

/// Where the documents come from, and how they are read.
pub(super) struct Sources {
    /// Absolute, and each with a last name of its own.
    pub(super) folders: Vec<PathBuf>,
    pub(super) globs: Globs,
    /// Why there is no room on the index's disk, if there is none.
    pub(super) crowded: fn(&Connection) -> Option<String>,
}

impl Sources {
    /// Whether the configuration has what was read at this place.
    pub(super) fn take(&self, folder: &str, path: &str, bytes: u64) -> bool {
        let is_named = |named: &PathBuf| named.to_string_lossy() == folder;
        self.folders.iter().any(is_named) && self.globs.takes(path, bytes)
    }
}

/// Looks through the folders and writes what is new, as pending. `None`: it was told to stop.
pub(super) fn update(
    db: &Connection,
    sources: &Sources,
    draft: Draft,
    indexed: usize,
    reading: &mut Reading,
    stop: &AtomicBool,
    told: &mut dyn FnMut(usize, usize),
) -> rusqlite::Result<Option<Change>> {
    let mut report = Report::default();
    db.execute_batch("BEGIN")?;
    let Survey { found, gone, there } = survey(db, sources, &mut report)?;
    let files = report.files;
    let change = Change {
        live: Vec::new(),
        dead: Vec::new(),
        gone: HashSet::new(),
        draft,
        report,
    };
    let mut updater = Updater {
        db,
        change,
        indexed,
        crowded: sources.crowded,
        reading,
        unwritten: (0, 0),
    };
    let found = in_line(found, updater.reading);
    // The clock runs from here: however long the folders take to be walked through, a look gets somewhere.
    updater.reading.begin(indexed > 0);
    // What is gone or no longer wanted goes first: nothing that takes long may keep it.
    for known in &gone {
        updater.forget(known)?;
    }
    if !updater.change.dead.is_empty() {
        updater.reading.leave_the_rest();
    }
    for (done, (folder, file, known)) in found.into_iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            db.execute_batch("COMMIT")?;
            return Ok(None);
        }
        updater.file(&folder, &file, known)?;
        told(
            (done + 1).saturating_sub(updater.change.report.waiting),
            files,
        );
    }
    updater.reading.look_over();
    if updater.change.report.unread + updater.change.report.crowded == 0 {
        for (name, now) in &there {
            file::keep_folder(db, name, *now)?;
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(Some(updater.change))
}

struct Updater<'a> {
    db: &'a Connection,
    change: Change,
    /// Passages in the index that is there, less those that go.
    indexed: usize,
    crowded: fn(&Connection) -> Option<String>,
    reading: &'a mut Reading,
    /// Passages and files since the last slice.
    unwritten: (usize, usize),
}

impl Updater<'_> {
    /// Brings one file in, of which these documents are known.
    fn file(&mut self, folder: &str, file: &SourceFile, known: Vec<Known>) -> rusqlite::Result<()> {
        let (live, pending): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.is_live);
        if live.iter().any(|known| is_same(known, file, folder)) {
            return pending.iter().try_for_each(|known| self.forget(known));
        }
        if self.reading.is_over() {
            self.later(live.is_empty());
            return Ok(());
        }
        let stays = if live.is_empty() {
            ""
        } else {
            "; what was read of it before stays"
        };
        if let Some(read) = self.reading.unopened(file) {
            match read {
                Read::Failed(reason) => {
                    let reason = format!("{reason}{stays}");
                    self.change.report.problem(&file.path, reason);
                }
                _ => self.later(live.is_empty()),
            }
            return Ok(());
        }
        // A new one need not be read for that.
        if live.is_empty() && pending.is_empty() && self.is_crowded(file, stays) {
            return Ok(());
        }
        let bytes = match file.read() {
            Ok(bytes) => bytes,
            // It has gone since it was listed, or was moved: the next look tells.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                let reason = format!("cannot be read: {error}{stays}");
                self.change.report.problem(&file.path, reason);
                return Ok(());
            }
        };
        let hash = hash(&bytes);
        if let Some(known) = live.iter().find(|known| known.hash == hash) {
            file::touch(self.db, known.n, folder, file)?;
            return pending.iter().try_for_each(|known| self.forget(known));
        }
        if self.is_crowded(file, stays) {
            return Ok(());
        }
        match pending.iter().find(|known| known.hash == hash) {
            Some(known) => {
                file::touch(self.db, known.n, folder, file)?;
                self.change.live.push(known.n);
                let draft = &mut self.change.draft;
                file::passages_of(self.db, known.n, |kept| draft.add(kept.n, kept.searched()))?;
            }
            None => {
                let read = self.reading.read(file, bytes, &hash);
                let failed = match read {
                    Read::Whole(document, pieces) => {
                        self.take(folder, file, &hash, Ok((&document, &pieces)))?
                    }
                    // It may be half written, and what was read of it before is better than that.
                    Read::Faulty(_)
                        if file.changed == 0 && !live.is_empty() && self.reading.goes_on() =>
                    {
                        self.later(live.is_empty());
                        return Ok(());
                    }
                    Read::Faulty(reason) => self.take(folder, file, &hash, Err(&reason))?,
                    Read::Failed(reason) => Some(reason),
                    Read::Later => {
                        self.later(live.is_empty());
                        return Ok(());
                    }
                };
                if let Some(reason) = failed {
                    let reason = format!("{reason}{stays}");
                    self.change.report.problem(&file.path, reason);
                    return Ok(());
                }
            }
        }
        self.reading.done(file);
        self.change.report.read += 1;
        let stays = self.change.live.last().copied();
        for known in live.iter().chain(&pending) {
            if Some(known.n) != stays {
                self.forget(known)?;
            }
        }
        self.slice()
    }

    /// Leaves a file to a later look. `is_unread`: nothing has been read of it yet.
    fn later(&mut self, is_unread: bool) {
        self.change.report.waiting += 1;
        self.change.report.unread += usize::from(is_unread);
    }

    /// Whether there is no room for a file, which is told. The others come before it the next time.
    fn is_crowded(&mut self, file: &SourceFile, stays: &str) -> bool {
        let Some(why) = (self.crowded)(self.db) else {
            return false;
        };
        self.change.report.crowded += 1;
        self.reading.done(file);
        let reason = format!("is left out: {why}{stays}");
        self.change.report.problem(&file.path, reason);
        true
    }

    /// Takes in what was read of a new or changed file; else why there is no room for it, and nothing is kept of it.
    fn take(
        &mut self,
        folder: &str,
        file: &SourceFile,
        hash: &[u8],
        read: Result<(&Document, &[Piece]), &str>,
    ) -> rusqlite::Result<Option<String>> {
        let room = MAX_INDEXED.saturating_sub(self.indexed + self.change.draft.len());
        if read.is_ok_and(|(_, pieces)| pieces.len() > room) {
            let full = "the index is full with";
            let remedy = "leave something out with `exclude`";
            let reason = format!("is left out: {full} {MAX_INDEXED} passages; {remedy}");
            self.reading.fail(file, &reason, false);
            return Ok(Some(reason));
        }
        let (n, numbers) = file::insert(self.db, folder, file, hash, read)?;
        self.change.live.push(n);
        if let Ok((document, pieces)) = read {
            for (number, piece) in numbers.iter().zip(pieces) {
                self.change.draft.add(*number, piece.searched(document));
            }
            self.unwritten.0 += pieces.len();
        }
        Ok(None)
    }

    /// Takes a document out.
    fn forget(&mut self, known: &Known) -> rusqlite::Result<()> {
        if known.is_live {
            self.change.report.gone += 1;
            let numbers = file::numbers_of(self.db, known.n)?;
            self.indexed = self.indexed.saturating_sub(numbers.len());
            self.change.gone.extend(numbers);
        }
        self.change.dead.push(known.n);
        Ok(())
    }

    fn slice(&mut self) -> rusqlite::Result<()> {
        self.unwritten.1 += 1;
        if self.unwritten.0 >= SLICE || self.unwritten.1 >= SLICE_FILES {
            self.unwritten = (0, 0);
            self.db.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }
}

impl Kept {
    /// What is searched of it; the same as [`Piece::searched`].
    pub(super) fn searched(&self) -> impl Iterator<Item = &str> {
        let title = self.title.iter().map(String::as_str);
        let headings = self.headings.iter().map(String::as_str);
        title.chain(headings).chain([&*self.tags, &*self.text])
    }
}

/// A content's name: SHA-256, so that nobody makes a file that passes for another.
fn hash(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
