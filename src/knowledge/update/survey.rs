//! What the folders hold, beside what is known of them.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rusqlite::Connection;

use super::{
    Report, Sources,
    order::{Found, move_along},
};
use crate::knowledge::{
    file::{self, Known},
    source::{self, Problem},
};

/// A folder's device and number.
type Place = (u64, u64);

/// What a walk through the folders has found.
pub(super) struct Survey {
    /// Their files, each with what is known of it.
    pub(super) found: Vec<Found>,
    /// What is known of files that are gone, or no longer wanted.
    pub(super) gone: Vec<Known>,
    /// The folders that could be read, each with which one it is.
    pub(super) there: Vec<(String, Place)>,
}

/// Walks through the folders; what could not be looked at goes into the report.
pub(super) fn survey(
    db: &Connection,
    sources: &Sources,
    report: &mut Report,
) -> rusqlite::Result<Survey> {
    let mut at_path: HashMap<(String, String), Vec<Known>> = HashMap::new();
    for known in file::known(db)? {
        let place = (known.folder.clone(), known.path.clone());
        at_path.entry(place).or_default().push(known);
    }
    let mut unseen = Unseen::default();
    let (mut found, mut there) = (Vec::new(), Vec::new());
    file::forget_folders(db, &sources.folders)?;
    let known_of: HashSet<String> = at_path.keys().map(|(folder, _)| folder.clone()).collect();
    for folder in &sources.folders {
        let name = folder.to_string_lossy().into_owned();
        let before = file::folder(db, &name)?.filter(|_| known_of.contains(&name));
        match reached(folder, before) {
            Ok(now) => there.push((name.clone(), now)),
            Err(reason) => {
                let path = name.clone();
                report.folders.push(Problem { path, reason });
                unseen.add(name, String::new());
                continue;
            }
        }
        let walk = source::walk(folder, &sources.globs);
        report.files += walk.files.len();
        report.unseen += walk.unseen.len();
        report.more_problems += walk.more_problems;
        for problem in walk.problems {
            report.problem(&problem.path, problem.reason);
        }
        let torn = walk.is_torn.then(String::new);
        for path in walk.unseen.into_iter().chain(torn) {
            unseen.add(name.clone(), path);
        }
        for file in walk.files {
            let place = (name.clone(), file.path.clone());
            let known = at_path.remove(&place).unwrap_or_default();
            found.push((place.0, file, known));
        }
    }
    let gone = at_path.into_values().flatten();
    let is_wanted = |known: &Known| sources.take(&known.folder, &known.path, known.bytes);
    let stays = |known: &Known| is_wanted(known) && unseen.holds(known);
    let mut gone: Vec<Known> = gone.filter(|known| !stays(known)).collect();
    move_along(&mut found, &mut gone, is_wanted);
    Ok(Survey { found, gone, there })
}

/// The folder, by device and number, if it can be read; else why not. `before` is the one that was read under its name
/// and that documents are known of.
fn reached(folder: &Path, before: Option<Place>) -> Result<Place, String> {
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
