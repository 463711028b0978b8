//! Which document a file is of, and in which order files are read.

use std::{collections::HashMap, path::Path};

use super::Reading;
use crate::knowledge::{
    extract::Kind,
    file::{self, Known},
    source::SourceFile,
};

/// A file of a folder, with what is known of it.
pub(super) type Found = (String, SourceFile, Vec<Known>);

/// Gives new files the documents that are gone from elsewhere and are as large and as old: they were moved, and are found
/// where they were until that is seen to.
///
/// What is no longer wanted where it was is not searched any more, and so cannot be found elsewhere.
pub(super) fn move_along(
    found: &mut [Found],
    gone: &mut Vec<Known>,
    is_wanted: impl Fn(&Known) -> bool,
) {
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
pub(super) fn in_line(found: Vec<Found>, reading: &mut Reading) -> Vec<Found> {
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

/// Whether a file looks as it did when it was read, and lies where it did.
pub(super) fn is_same(known: &Known, file: &SourceFile, folder: &str) -> bool {
    (&*known.folder, &known.path) == (folder, &file.path)
        && known.bytes == file.bytes
        && known.modified == file::nanos(file.modified)
        && known.changed == file.changed
        && file.changed != 0
}
