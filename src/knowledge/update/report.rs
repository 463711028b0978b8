//! What comes out of an update.

use std::collections::HashSet;

use crate::knowledge::{
    lexical::Draft,
    source::{MAX_PROBLEMS, Problem},
};

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
    /// Of these, the ones of which nothing has been read yet.
    pub unread: usize,
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
pub(in crate::knowledge) struct Change {
    /// Documents that become live, and such that are no longer.
    pub(in crate::knowledge) live: Vec<i64>,
    pub(in crate::knowledge) dead: Vec<i64>,
    /// The passages of the latter.
    pub(in crate::knowledge) gone: HashSet<i64>,
    /// The passages of the former.
    pub(in crate::knowledge) draft: Draft,
    pub(in crate::knowledge) report: Report,
}

impl Change {
    /// Whether there is anything to be changed.
    pub(in crate::knowledge) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.dead.is_empty()
    }
}

impl Report {
    /// Adds a problem, or counts it.
    pub(in crate::knowledge) fn problem(&mut self, path: &str, reason: String) {
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
