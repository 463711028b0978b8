//! What askd answers from when no endpoint is configured: the operator's documents, or the set of questions and answers
//! that it carries inside.
//!
//! Folders go one way: files (`source`) are read (`extract`) into documents (`document`), cut into passages (`split`), kept
//! in a file (`file`, `update`), searched in memory (`lexical`) and handed out by the `library`.

mod confidence;
pub mod document;
mod embed;
mod entry;
mod excerpt;
pub mod extract;
mod file;
pub mod follow;
mod fusion;
pub mod judge;
mod lexical;
mod library;
mod plain;
mod rank;
mod set;
pub mod source;
pub mod split;
mod update;
mod vectors;
mod words;

use std::sync::Arc;

pub use self::{
    embed::{EmbedError, Embedder, Purpose},
    entry::{EntryFault, KnowledgeError, MAX_ANSWER_BYTES, MAX_QUESTION_BYTES},
    file::FileError,
    library::{
        By, Embedded, Found, Keeper, Lack, Library, LibraryError, Original, Part, Progress, Shown,
        Size, Start, Task,
    },
    set::Set,
    update::{MAX_INDEXED, Report},
};

/// Below this score a passage most likely answers another question than the one asked. `[knowledge] min_score` is
/// this unless the operator says otherwise; the tests hold what it lets in and keeps out.
pub const MIN_SCORE: f32 = 0.45;

/// What can be searched. Clones share it.
#[derive(Clone)]
pub enum Knowledge {
    /// Questions and answers, in memory.
    Set(Arc<Set>),
    /// The operator's folders.
    Library(Library),
}

/// A piece of the knowledge that matches a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// What the source is called.
    pub title: String,
    /// The question that the passage answers, or the headings above it.
    pub heading: Option<String>,
    /// The whole passage, Markdown.
    pub text: String,
    /// The part that is most about the question: plain text, whole words, at most 200 characters.
    pub excerpt: String,
    /// Where to read more.
    pub url: Option<String>,
    /// The document that it stands in; none for the built-in set. Where there are several folders, the document's
    /// begins with their name.
    pub path: Option<String>,
    /// The fragment that opens the document at it.
    pub anchor: Option<String>,
    /// The fragment that opens the document at this very passage: several may stand under one anchor, and many under
    /// none.
    pub fragment: Option<String>,
    /// How sure the match is, from 0 to 1; see [`MIN_SCORE`].
    pub score: f32,
}

impl Knowledge {
    /// The folders, if it is made of them.
    pub fn library(&self) -> Option<&Library> {
        match self {
            Self::Set(_) => None,
            Self::Library(library) => Some(library),
        }
    }

    /// The passages that share words with each question, best first, at most `limit` for each. Whether the first is good
    /// enough is the caller's to decide, by its score. In folders it takes milliseconds, of which some on the disk.
    pub fn search_each(
        &self,
        questions: &[&str],
        limit: usize,
    ) -> Result<Vec<Vec<Passage>>, LibraryError> {
        match self {
            Self::Set(set) => {
                let found = questions.iter().map(|question| set.search(question, limit));
                Ok(found.collect())
            }
            Self::Library(library) => {
                let passages = |found: Found| found.passage;
                let found = library.find_each(questions, limit, By::Both)?.into_iter();
                Ok(found
                    .map(|found| found.into_iter().map(passages).collect())
                    .collect())
            }
        }
    }
}
