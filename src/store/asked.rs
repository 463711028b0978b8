//! A turn as it comes to be kept, and what of it is asked for again.

use std::sync::Arc;

use crate::{
    answer::Answer,
    id::{ConversationId, OwnerId, TurnId},
};

/// What a new turn follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The newest turn of the conversation, or nothing in a new one.
    Newest,
    /// Nothing: it begins the conversation, or a branch beside its first turn.
    Root,
    /// That turn.
    Turn(TurnId),
}

/// How a model was asked to answer, beyond the endpoint's own settings.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Options {
    /// Sampling temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

/// A turn to be kept.
#[derive(Debug, Clone)]
pub struct NewTurn {
    /// Whose it is.
    pub owner: OwnerId,
    /// Its key among its owner's.
    pub turn: TurnId,
    /// Where it belongs; `None` begins a new conversation, and so does an id that this owner has not used.
    pub conversation: Option<ConversationId>,
    /// What it follows.
    pub parent: Parent,
    /// The question.
    pub question: String,
    /// The endpoint that is asked.
    pub endpoint: String,
    /// The model that is asked.
    pub model: String,
    /// How it is to answer.
    pub options: Options,
    /// When it was asked, in milliseconds since the epoch; see [`super::now`].
    pub asked_at: u64,
}

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its conversation.
    pub conversation: ConversationId,
    /// The turn that it follows.
    pub parent: Option<TurnId>,
}

/// A turn that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where it stands.
    pub place: Place,
    /// Its answer once it has ended.
    pub answer: Option<Arc<Answer>>,
}

/// A finished question and answer, for the model's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked.
    pub question: String,
    /// What was answered, without the thinking.
    pub answer: String,
}
