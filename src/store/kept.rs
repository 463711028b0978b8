//! What is kept, as it is read: conversations, their turns, and where words were found.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Options;
use crate::{
    answer::{Basis, Cause, Fault, Outcome, Source, Timing, Usage},
    id::{ConversationId, Seq, TurnId},
};

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversationHead {
    /// Its id.
    pub id: ConversationId,
    /// Its first question's first line, or what its owner called it.
    pub title: String,
    /// When it began, in milliseconds since the epoch.
    pub created: u64,
    /// When something was asked or answered in it last, in milliseconds since the epoch.
    pub updated: u64,
    /// Its turns.
    pub turns: u64,
    /// Whether an answer is running in it.
    pub running: bool,
}

/// Some of an owner's conversations, the last touched first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationPage {
    /// The conversations.
    pub conversations: Vec<ConversationHead>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<ListCursor>,
}

/// A place in an owner's list. Its text is for a client to hand back, not to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCursor {
    pub(super) updated: i64,
    pub(super) n: i64,
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.updated, self.n)
    }
}

/// A text that no list gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list")]
pub struct NoCursor;

impl FromStr for ListCursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (updated, n) = text.split_once('-').ok_or(NoCursor)?;
        let number = |text| i64::from_str_radix(text, 16).map_err(|_| NoCursor);
        Ok(Self {
            updated: number(updated)?,
            n: number(n)?,
        })
    }
}

/// A conversation with all its turns. Its JSON is what an export holds and an import takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its first question's first line, or what its owner called it.
    pub title: String,
    /// When it began, in milliseconds since the epoch.
    pub created: u64,
    /// When something was asked or answered in it last, in milliseconds since the epoch.
    pub updated: u64,
    /// Its turns in the order of their asking, so that a parent comes before what follows it.
    pub turns: Vec<Turn>,
}

/// A turn with what is known of its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Its id.
    pub id: TurnId,
    /// The turn that it follows.
    pub parent: Option<TurnId>,
    /// The question.
    pub question: String,
    /// When it was asked, in milliseconds since the epoch.
    pub asked: u64,
    /// The endpoint that was asked.
    pub endpoint: String,
    /// The model that was asked.
    pub model: String,
    /// How it was to answer.
    #[serde(default)]
    pub options: Options,
    /// Whether the answer is still running.
    #[serde(default)]
    pub running: bool,
    /// The last event of the answer that is known here: a `resume` goes on behind it.
    #[serde(default)]
    pub seq: Seq,
    /// The answer so far.
    #[serde(default)]
    pub answer: String,
    /// The model's thinking so far.
    #[serde(default)]
    pub reasoning: String,
    /// The passages that the answer rests on.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// How the answer stands to the documents, if they were asked.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// Why the answer ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// Who or what interrupted it, if it was and that is known.
    pub cause: Option<Cause>,
    /// Why it failed, if it did.
    pub error: Option<Fault>,
    /// What it cost, if the endpoint said.
    pub usage: Option<Usage>,
    /// How long it took; `None` while it runs.
    pub timing: Option<Timing>,
}

/// A place where the words of a search were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// In which conversation.
    pub conversation: ConversationId,
    /// That conversation's title.
    pub title: String,
    /// In which turn; `None`: in the title.
    pub turn: Option<TurnId>,
    /// In which text.
    pub field: HitField,
    /// The words and what stands around them.
    pub excerpt: Vec<Fragment>,
    /// When the turn was asked or the conversation began, in milliseconds since the epoch.
    pub asked: u64,
}

/// Which text holds the words of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HitField {
    /// The conversation's title.
    Title,
    /// A question.
    Question,
    /// An answer.
    Answer,
}

/// A part of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fragment {
    /// The text.
    pub text: String,
    /// Whether it is one of the words that were looked for.
    pub marked: bool,
}
