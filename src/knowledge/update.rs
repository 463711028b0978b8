//! The folders as they are now, brought into the index's file: what is new or changed is read, all else stays.
//!
//! A file of the same size and date is not opened; one of the same content is not read again. Nothing that is searched
//! changes here: what comes out is a [`Change`], to be made in one step.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::{
    document::Document,
    extract::{self, ExtractError, pdf},
    file::{self, Kept, Known},
    lexical::Draft,
    source::{self, Globs, MAX_PROBLEMS, Problem, SourceFile},
    split::{self, MAX_PASSAGES, Piece},
};

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
    pub(super) reader: pdf::Reader,
}

/// What an update found and did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Files of the folders that askd reads, those that it could not read included.
    pub files: usize,
    /// Of these, the ones that were new or changed.
    pub read: usize,
    /// Documents that are gone, or were replaced.
    pub gone: usize,
    /// What could not be read, wholly or in part; at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: usize,
}

/// What is to be made of the index.
pub(super) struct Change {
    /// Documents that become live, and such that are no longer.
    pub(super) live: Vec<i64>,
    pub(super) dead: Vec<i64>,
    /// The passages of the latter.
    pub(super) gone: HashSet<i64>,
    /// The passages of the former.
    pub(super) draft: Draft,
    pub(super) report: Report,
}

impl Change {
    /// Whether there is anything to be changed.
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.dead.is_empty()
    }
}

impl Report {
    /// Adds a problem, or counts it.
    pub(super) fn problem(&mut self, path: &str, reason: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem {
                path: path.to_owned(),
                reason,
            });
        } else {
            self.more_problems += 1;
        }
    }
}

/// Looks through the folders and writes what is new, as pending. `None`: it was told to stop.
pub(super) fn update(
    db: &Connection,
    sources: &Sources,
    draft: Draft,
    indexed: usize,
    stop: &AtomicBool,
    told: &mut dyn FnMut(usize, usize),
) -> rusqlite::Result<Option<Change>> {
    let mut at_path: HashMap<(String, String), Vec<Known>> = HashMap::new();
    for known in file::known(db)? {
        let place = (known.folder.clone(), known.path.clone());
        at_path.entry(place).or_default().push(known);
    }
    let change = Change {
        live: Vec::new(),
        dead: Vec::new(),
        gone: HashSet::new(),
        draft,
        report: Report::default(),
    };
    let mut updater = Updater {
        db,
        sources,
        change,
        indexed,
        unwritten: (0, 0),
    };
    let mut unreachable = HashSet::new();
    let mut walks = Vec::new();
    for folder in &sources.folders {
        let name = folder.to_string_lossy().into_owned();
        // One that is not mounted, say: what was read of it stays.
        if let Err(error) = std::fs::read_dir(folder) {
            let reason = format!("cannot be opened, and what was read of it before stays: {error}");
            updater.change.report.problem(&name, reason);
            unreachable.insert(name);
            continue;
        }
        let walk = source::walk(folder, &sources.globs);
        updater.change.report.files += walk.files.len();
        updater.change.report.more_problems += walk.more_problems;
        for problem in walk.problems {
            updater.change.report.problem(&problem.path, problem.reason);
        }
        walks.push((name, walk.files));
    }
    let files = updater.change.report.files;
    let mut done = 0;
    db.execute_batch("BEGIN")?;
    for (folder, found) in walks {
        for file in found {
            if stop.load(Ordering::Relaxed) {
                db.execute_batch("COMMIT")?;
                return Ok(None);
            }
            let known = at_path.remove(&(folder.clone(), file.path.clone()));
            updater.file(&folder, &file, known.unwrap_or_default())?;
            done += 1;
            told(done, files);
        }
    }
    for known in at_path.into_values().flatten() {
        if !unreachable.contains(&known.folder) {
            updater.forget(&known)?;
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(Some(updater.change))
}

struct Updater<'a> {
    db: &'a Connection,
    sources: &'a Sources,
    change: Change,
    /// Passages in the index that is there.
    indexed: usize,
    /// Passages and files since the last slice.
    unwritten: (usize, usize),
}

impl Updater<'_> {
    /// Brings one file in, of which these documents are known.
    fn file(&mut self, folder: &str, file: &SourceFile, known: Vec<Known>) -> rusqlite::Result<()> {
        let (live, pending): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.is_live);
        let same = live.iter().find(|known| {
            known.bytes == file.bytes && known.modified == file::nanos(file.modified)
        });
        if same.is_some() {
            return pending.iter().try_for_each(|known| self.forget(known));
        }
        let stays = if live.is_empty() {
            ""
        } else {
            "; what was read of it before stays"
        };
        let bytes = match file.read() {
            Ok(bytes) => bytes,
            Err(error) => {
                let reason = format!("cannot be read: {error}{stays}");
                self.change.report.problem(&file.path, reason);
                return Ok(());
            }
        };
        let hash = hash(&bytes);
        if let Some(known) = live.iter().find(|known| known.hash == hash) {
            file::touch(self.db, known.n, file)?;
            return pending.iter().try_for_each(|known| self.forget(known));
        }
        self.change.report.read += 1;
        match pending.iter().find(|known| known.hash == hash) {
            Some(known) => {
                file::touch(self.db, known.n, file)?;
                self.change.live.push(known.n);
                let draft = &mut self.change.draft;
                file::passages_of(self.db, known.n, |kept| draft.add(kept.n, kept.searched()))?;
            }
            None => {
                if let Err(error) = self.read(folder, file, &bytes, &hash)? {
                    let reason = format!("cannot be read: {error}{stays}");
                    self.change.report.problem(&file.path, reason);
                    return Ok(());
                }
            }
        }
        let stays = self.change.live.last().copied();
        for known in live.iter().chain(&pending) {
            if Some(known.n) != stays {
                self.forget(known)?;
            }
        }
        self.slice()
    }

    /// Reads a new or changed file; an error within is this machine's, and nothing is kept of it.
    fn read(
        &mut self,
        folder: &str,
        file: &SourceFile,
        bytes: &[u8],
        hash: &[u8],
    ) -> rusqlite::Result<Result<(), ExtractError>> {
        let read = extract::document(file.kind, bytes, &self.sources.reader).map(|mut document| {
            let split = split::split(&document);
            if split.left_out {
                let only = "passages are used; split it into smaller files";
                document.note(format!("only its first {MAX_PASSAGES} {only}"));
            }
            (document, split.pieces)
        });
        let read = match read {
            Err(error) if error.is_passing() => return Ok(Err(error)),
            read => read,
        };
        let room = MAX_INDEXED.saturating_sub(self.indexed + self.change.draft.len());
        let full = format!(
            "the index is full with {MAX_INDEXED} passages; leave something out with `exclude`"
        );
        let said = read.as_ref().map_err(ToString::to_string);
        let fits = match said {
            Ok((_, pieces)) if pieces.len() > room => Err(full),
            Ok((document, pieces)) => Ok((document, &**pieces)),
            Err(error) => Err(error),
        };
        let given: Result<(&Document, &[Piece]), &str> =
            fits.as_ref().map(|fits| *fits).map_err(|error| &**error);
        let (n, numbers) = file::insert(self.db, folder, file, hash, given)?;
        self.change.live.push(n);
        if let Ok((document, pieces)) = given {
            for (number, piece) in numbers.iter().zip(pieces) {
                self.change.draft.add(*number, searched(document, piece));
            }
            self.unwritten.0 += pieces.len();
        }
        Ok(Ok(()))
    }

    /// Takes a document out.
    fn forget(&mut self, known: &Known) -> rusqlite::Result<()> {
        if known.is_live {
            self.change.report.gone += 1;
            self.change.gone.extend(file::numbers_of(self.db, known.n)?);
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

/// What is searched of a passage: its text, and what says what it is about. The same as [`Kept::searched`].
fn searched<'d>(document: &'d Document, piece: &'d Piece) -> impl Iterator<Item = &'d str> {
    let title = piece.title.as_ref().or(document.title.as_ref());
    let words = title.into_iter().chain(&piece.headings).chain(&piece.tags);
    let words = words.chain(&document.tags).chain([&piece.text]);
    words.map(String::as_str)
}

impl Kept {
    /// What is searched of it.
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
