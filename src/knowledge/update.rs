//! The folders as they are now, brought into the index's file: what is new or changed is read, all else stays.
//!
//! A file of the same size and dates is not opened; one of the same content is not read again. Nothing that is searched
//! changes here: what comes out is a [`Change`], to be made in one step.

mod reading;

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::{
    document::Document,
    extract::Kind,
    file::{self, Kept, Known},
    lexical::Draft,
    source::{self, Globs, MAX_PROBLEMS, Problem, SourceFile},
    split::Piece,
};
use reading::Read;
pub(super) use reading::Reading;

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

/// A file of a folder, with what is known of it.
type Found = (String, SourceFile, Vec<Known>);

/// What an update found and did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Files of the folders that askd reads, those that it could not read included.
    pub files: usize,
    /// Of these, the ones that were new or changed.
    pub read: usize,
    /// Documents that are gone, or were replaced.
    pub gone: usize,
    /// Files that are still to be read, or being read; what was read of them before stays.
    pub waiting: usize,
    /// What could not be read, wholly or in part; at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: usize,
    /// The folders that could not be read at all; what was read of them before stays.
    pub folders: Vec<Problem>,
    /// Files that there was no room for on the disk; what was read of them before stays.
    pub crowded: usize,
    /// Files and folders below those that could not be looked at; the same holds of them.
    pub unseen: usize,
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
    reading: &mut Reading,
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
        change,
        indexed,
        crowded: sources.crowded,
        reading,
        unwritten: (0, 0),
    };
    let mut unseen = Unseen::default();
    let (mut walks, mut there) = (Vec::new(), Vec::new());
    db.execute_batch("BEGIN")?;
    file::forget_folders(db, &sources.folders)?;
    for folder in &sources.folders {
        let name = folder.to_string_lossy().into_owned();
        let is_known = at_path.keys().any(|(of, _)| *of == name);
        let before = file::folder(db, &name)?.filter(|_| is_known);
        match reached(folder, before) {
            Ok(now) => there.push((name.clone(), now)),
            Err(reason) => {
                updater.change.report.folders.push(Problem {
                    path: name.clone(),
                    reason,
                });
                unseen.add(name, String::new());
                continue;
            }
        }
        let walk = source::walk(folder, &sources.globs);
        updater.change.report.files += walk.files.len();
        updater.change.report.more_problems += walk.more_problems;
        for problem in walk.problems {
            updater.change.report.problem(&problem.path, problem.reason);
        }
        updater.change.report.unseen += walk.unseen.len();
        if walk.is_torn {
            unseen.add(name.clone(), String::new());
        }
        for path in walk.unseen {
            unseen.add(name.clone(), path);
        }
        walks.push((name, walk.files));
    }
    let files = updater.change.report.files;
    let found = walks.into_iter().flat_map(|(folder, found)| {
        let found = found.into_iter();
        found.map(move |file| (folder.clone(), file))
    });
    let mut found: Vec<Found> = found
        .map(|(folder, file)| {
            let place = (folder, file.path.clone());
            let known = at_path.remove(&place).unwrap_or_default();
            (place.0, file, known)
        })
        .collect();
    let gone = at_path.into_values().flatten();
    let is_wanted = |known: &Known| sources.take(&known.folder, &known.path, known.bytes);
    let stays = |known: &Known| is_wanted(known) && unseen.holds(known);
    let mut gone: Vec<Known> = gone.filter(|known| !stays(known)).collect();
    move_along(&mut found, &mut gone, is_wanted);
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
    if updater.change.report.waiting + updater.change.report.crowded == 0 {
        for (name, now) in &there {
            file::keep_folder(db, name, *now)?;
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(Some(updater.change))
}

/// Gives new files the documents that are gone from elsewhere and are as large and as old: they were moved, and are found
/// where they were until that is seen to.
///
/// What is no longer wanted where it was is not searched any more, and so cannot be found elsewhere.
fn move_along(found: &mut [Found], gone: &mut Vec<Known>, is_wanted: impl Fn(&Known) -> bool) {
    let sight = |known: &Known| (known.bytes, known.modified);
    let mut moved: HashMap<(u64, i64), Vec<Known>> = HashMap::new();
    for known in gone.drain(..) {
        moved.entry(sight(&known)).or_default().push(known);
    }
    for (_, file, known) in found.iter_mut().filter(|(.., known)| known.is_empty()) {
        let now = (file.bytes, file::nanos(file.modified));
        let Some(of_its_size) = moved.get_mut(&now) else {
            continue;
        };
        let is_like = |known: &Known| {
            let kind = Kind::of(Path::new(&known.path));
            known.is_live && kind == Some(file.kind) && is_wanted(known)
        };
        if let Some(at) = of_its_size.iter().position(is_like) {
            known.push(of_its_size.swap_remove(at));
        }
    }
    gone.extend(moved.into_values().flatten());
}

/// Puts the files in the order in which they are read: what has changed, what is new and PDFs, which take a second where
/// others take a thousandth, take turns, so that many of one kind keep none of another waiting. Among each, who has waited
/// longest comes first, so that what changes all the time keeps nothing else from its turn.
fn in_line(found: Vec<Found>, reading: &mut Reading) -> Vec<Found> {
    let mut line = Vec::with_capacity(found.len());
    let mut lanes = [Vec::new(), Vec::new(), Vec::new()];
    for (folder, file, known) in found {
        let mut live = known.iter().filter(|known| known.is_live).peekable();
        let is_new = live.peek().is_none();
        let is_done = live.any(|known| is_same(known, &file, &folder));
        let kind = match file.kind {
            Kind::Pdf => 2,
            _ => usize::from(is_new),
        };
        match is_done {
            true => line.push((folder, file, known)),
            false => {
                let since = reading.since(&file);
                lanes[kind].push((since, is_new, (folder, file, known)));
            }
        }
    }
    let mut lanes = lanes.map(|mut lane| {
        lane.sort_by_key(|(since, is_new, _)| (*since, *is_new));
        lane.into_iter()
    });
    loop {
        let turn = lanes.each_mut().map(Iterator::next);
        if turn.iter().all(Option::is_none) {
            return line;
        }
        line.extend(turn.into_iter().flatten().map(|(.., one)| one));
    }
}

/// The folder, by device and number, if it can be read; else why not. `before` is the one that was read under its name
/// and that documents are known of.
fn reached(folder: &Path, before: Option<(u64, u64)>) -> Result<(u64, u64), String> {
    let cannot = |error| format!("cannot be opened, and what was read of it before stays: {error}");
    let mut entries = fs::read_dir(folder).map_err(cannot)?;
    let found = fs::metadata(folder).map_err(cannot)?;
    let now = (found.dev(), found.ino());
    if before.is_some_and(|before| before != now) && entries.next().is_none() {
        let why = "is empty and not the folder that was read before, of which everything stays";
        return Err(format!(
            "{why}: mount what belongs there, or put a file into it"
        ));
    }
    Ok(now)
}

/// What is not known to be gone, though it was not found.
#[derive(Default)]
struct Unseen(HashMap<String, Vec<String>>);

impl Unseen {
    fn add(&mut self, folder: String, path: String) {
        self.0.entry(folder).or_default().push(path);
    }

    fn holds(&self, known: &Known) -> bool {
        let is_within = |unseen: &String| {
            let below = known.path.strip_prefix(unseen.as_str());
            unseen.is_empty() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let unseen = self.0.get(&known.folder);
        unseen.is_some_and(|unseen| unseen.iter().any(is_within))
    }
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
            self.change.report.waiting += 1;
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
                _ => self.change.report.waiting += 1,
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
                        self.change.report.waiting += 1;
                        return Ok(());
                    }
                    Read::Faulty(reason) => self.take(folder, file, &hash, Err(&reason))?,
                    Read::Failed(reason) => Some(reason),
                    Read::Later => {
                        self.change.report.waiting += 1;
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

/// Whether a file looks as it did when it was read, and lies where it did.
fn is_same(known: &Known, file: &SourceFile, folder: &str) -> bool {
    (&*known.folder, &known.path) == (folder, &file.path)
        && known.bytes == file.bytes
        && known.modified == file::nanos(file.modified)
        && known.changed == file.changed
        && file.changed != 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_looked_at_holds_what_is_known_below_it() {
        let mut unseen = Unseen::default();
        unseen.add("/docs".to_owned(), "closed/deep".to_owned());
        unseen.add("/away".to_owned(), String::new());
        let holds = |folder: &str, path: &str| {
            unseen.holds(&Known {
                n: 1,
                is_live: true,
                folder: folder.to_owned(),
                path: path.to_owned(),
                bytes: 0,
                modified: 0,
                changed: 0,
                hash: Vec::new(),
            })
        };
        assert!(holds("/docs", "closed/deep/a.md") && holds("/docs", "closed/deep"));
        assert!(!holds("/docs", "closed/deeper.md") && !holds("/docs", "closed/a.md"));
        assert!(holds("/away", "any.md") && !holds("/other", "any.md"));
    }
}
