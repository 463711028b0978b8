//! What the API says and takes around the store's own types, as JSON; `assets/openapi.json` describes all of it,
//! and a test compares both.

use serde::{Deserialize, Serialize};

use crate::store::{Conversation, ConversationHead, Hit};

/// The number of the export's format.
pub const FORMAT: u64 = 1;

/// A part of the list, newest first.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The conversations.
    pub conversations: Vec<ConversationHead>,
    /// Where the next part begins.
    pub next: Option<String>,
}

/// Another title.
#[derive(Debug, Deserialize)]
pub struct Rename {
    /// The title.
    pub title: String,
}

/// What a search found, newest first.
#[derive(Debug, Serialize)]
pub struct SearchResult {
    /// The finds.
    pub hits: Vec<Hit>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// A file that was exported, apart from its format's number.
#[derive(Debug, Deserialize)]
pub struct Import {
    /// What is in it.
    pub conversations: Vec<Conversation>,
}
