//! Language models: a request goes in, a stream of [`Delta`]s comes out.
//!
//! [`openai`] is the real one, over HTTP; `scripted` is the deterministic one of the tests. Dropping the
//! stream, or the future that opens it, closes the upstream's connection: that is how an answer is aborted.

pub mod embeddings;
pub mod openai;
pub mod retry;
#[cfg(test)]
pub mod scripted;
pub mod sse;

use std::{fmt, time::Duration};

use futures_util::{future::BoxFuture, stream::BoxStream};
use serde::Serialize;

use crate::answer::{ErrorCode, Fault, Usage};

/// Something that answers a conversation piece by piece.
pub trait ChatModel: Send + Sync + 'static {
    /// Sends the request; the stream begins when the model has agreed to answer.
    fn chat(&self, request: &ChatRequest) -> BoxFuture<'static, Result<DeltaStream, LlmError>>;
}

/// An answer as it comes. It ends after a [`Delta::Finish`], or with an error.
pub type DeltaStream = BoxStream<'static, Result<Delta, LlmError>>;

/// What is sent to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The model's name at its endpoint.
    pub model: String,
    /// System text, earlier turns, the question.
    pub messages: Vec<Message>,
    /// Sampling temperature; absent: the endpoint's own.
    pub temperature: Option<f32>,
    /// Tokens of the answer; absent: the endpoint's own.
    pub max_tokens: Option<u32>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The operator.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// Text of the answer; not empty.
    Text(String),
    /// Text of the thinking; not empty.
    Reasoning(String),
    /// The answer is whole; what follows, if anything, is its cost.
    Finish(Finish),
    /// What it cost so far, as the endpoint counts.
    Usage(Usage),
}

/// Why a model ended its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It had said all.
    Stop,
    /// A length limit cut it.
    Length,
    /// A filter cut it.
    ContentFilter,
}

/// Where an endpoint was in its answer when it was silent for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Establishing the connection.
    Connect,
    /// Waiting for the first chunk.
    FirstChunk,
    /// Waiting for the next chunk.
    BetweenChunks,
    /// The whole answer.
    Total,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "establishing the connection",
            Self::FirstChunk => "waiting for the first chunk",
            Self::BetweenChunks => "waiting between chunks",
            Self::Total => "completing the answer",
        })
    }
}

/// Why an endpoint gave no answer, or not all of it. The texts are complete sentences for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// No connection.
    #[error("The endpoint cannot be reached: {0}.")]
    Unreachable(String),
    /// A 4xx other than 429.
    #[error("The endpoint refused the request ({status}): {words}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The endpoint's own words, secrets removed.
        words: String,
    },
    /// A 429 or 503.
    #[error("The endpoint is overloaded ({status}): {words}")]
    Overloaded {
        /// The HTTP status.
        status: u16,
        /// The endpoint's own words, secrets removed.
        words: String,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Another 5xx.
    #[error("The endpoint failed ({status}): {words}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// The endpoint's own words, secrets removed.
        words: String,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The request went out, and the connection broke before there was a response.
    #[error("The endpoint closed the connection without an answer: {0}.")]
    Unanswered(String),
    /// The stream ended or broke before the answer had ended.
    #[error("The endpoint's answer broke off: {0}.")]
    Broken(String),
    /// What came is no answer.
    #[error("The endpoint sent something that is not an answer: {0}.")]
    Malformed(String),
    /// Silence for too long.
    #[error("The endpoint was silent for longer than {limit:?} while {stage}.")]
    Timeout {
        /// Where it was.
        stage: Stage,
        /// The limit that has passed.
        limit: Duration,
    },
}

impl LlmError {
    /// Its code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unreachable(_) => ErrorCode::UpstreamUnreachable,
            Self::Refused { .. } => ErrorCode::UpstreamRefused,
            Self::Overloaded { .. } => ErrorCode::UpstreamOverloaded,
            Self::Failed { .. } | Self::Unanswered(_) | Self::Broken(_) => {
                ErrorCode::UpstreamFailed
            }
            Self::Malformed(_) => ErrorCode::UpstreamMalformed,
            Self::Timeout { .. } => ErrorCode::UpstreamTimeout,
        }
    }

    /// Whether the same request may do better a little later. Asked before the first chunk only.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Overloaded { .. }
            | Self::Timeout {
                stage: Stage::Connect,
                ..
            } => true,
            Self::Failed { status, .. } => matches!(status, 502 | 504),
            _ => false,
        }
    }

    /// How long the endpoint asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after, .. } | Self::Failed { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What the reader is told.
    pub fn fault(&self) -> Fault {
        let fault = Fault::new(self.code(), self.to_string());
        match self.retry_after() {
            Some(wait) => fault.retry_after(wait),
            None => fault,
        }
    }
}
