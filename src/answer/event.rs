//! What an answer's log holds and what the wire carries of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One event of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The passages that the answer rests on, and how; before any text.
    Sources(Basis, Vec<Source>),
    /// A piece of text, or several neighbouring ones joined.
    Text {
        /// Which text it belongs to.
        channel: Channel,
        /// What the upstream sent, byte for byte.
        text: String,
    },
    /// Why the answer failed; the end follows.
    Error(Fault),
    /// The last event, exactly one.
    End(End),
}

/// Which of a model's voices a text belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The answer itself.
    Answer,
    /// The model's thinking.
    Reasoning,
}

/// How an answer stands to the documents.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A model has read the sources and cites them as `[n]`; without any, nothing was found.
    #[default]
    Cited,
    /// Its text is a source's own, and a `[n]` in it the document's.
    Quoted,
    /// They could not be searched.
    Unsearched,
}

/// A passage that the answer may cite as `[n]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Source {
    /// Its number in the text, from 1.
    pub n: u32,
    /// What the document or entry is called.
    pub title: String,
    /// Where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its file, below the knowledge folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The fragment that opens the file at the passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// The heading it stands under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// The part that is most about the question.
    pub excerpt: String,
    /// How sure the match is, 0 to 1.
    pub score: f32,
}

impl Source {
    /// Bytes of memory that it holds.
    pub fn memory(&self) -> usize {
        let optional = [&self.url, &self.path, &self.anchor, &self.heading];
        let optional: usize = optional
            .iter()
            .filter_map(|text| text.as_ref())
            .map(String::len)
            .sum();
        size_of::<Self>() + self.title.len() + self.excerpt.len() + optional
    }
}

/// Why something was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// For programs.
    pub code: ErrorCode,
    /// A sentence for a person; never a key, a header or a stack trace.
    pub message: String,
    /// When trying again may help, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault that waiting does not mend.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
        }
    }

    /// The same with the time after which trying again may help.
    pub fn retry_after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The protocol's error codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// The code as it stands on the wire and in the log.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

error_codes! {
    /// A text frame that is no JSON object.
    BadJson = "bad_json",
    /// A frame that is not text.
    BadFrame = "bad_frame",
    /// A `type` that askd does not know.
    UnknownType = "unknown_type",
    /// A field that is missing or wrong; the message names it.
    BadField = "bad_field",
    /// More bytes than `session.max_question`.
    QuestionTooLong = "question_too_long",
    /// Nothing but space.
    QuestionEmpty = "question_empty",
    /// This session follows a running turn.
    Busy = "busy",
    /// No such turn, or no longer.
    UnknownTurn = "unknown_turn",
    /// No such conversation, or no longer.
    UnknownConversation = "unknown_conversation",
    /// No endpoint of that name, or it has no such model.
    UnknownEndpoint = "unknown_endpoint",
    /// More questions a minute than allowed.
    RateLimited = "rate_limited",
    /// The endpoint's line has no place left.
    QueueFull = "queue_full",
    /// No connection to the endpoint.
    UpstreamUnreachable = "upstream_unreachable",
    /// The endpoint answered with a 4xx.
    UpstreamRefused = "upstream_refused",
    /// The endpoint answered 429 or 503.
    UpstreamOverloaded = "upstream_overloaded",
    /// The endpoint answered with a 5xx, or its stream broke.
    UpstreamFailed = "upstream_failed",
    /// The endpoint sent what is no answer.
    UpstreamMalformed = "upstream_malformed",
    /// The endpoint was silent for too long; the message names the stage.
    UpstreamTimeout = "upstream_timeout",
    /// The conversation could not be kept.
    StorageFailed = "storage_failed",
    /// A fault of askd's own.
    Internal = "internal",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Why it ended.
    pub outcome: Outcome,
    /// Who or what interrupted it, where that is known; with every other outcome `None`.
    pub cause: Option<Cause>,
    /// What it cost, if the endpoint said.
    pub usage: Option<Usage>,
    /// How long it took.
    pub timing: Timing,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The model had said all.
    Stop,
    /// A length limit cut it, the endpoint's or askd's.
    Length,
    /// The endpoint's filter cut it.
    ContentFilter,
    /// Somebody asked for it to stop.
    Cancelled,
    /// The readers had gone, or the server stopped.
    Interrupted,
    /// An error came before it.
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        })
    }
}

/// Who or what interrupted an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its last reader had gone.
    Left,
    /// The server was stopped, and the answer was not done in the time that this leaves.
    Stopped,
    /// The server ended without being stopped: a crash, a kill, the power. What came last may be missing.
    Crashed,
    /// The storage failed until the end of the answer had to be dropped.
    Unkept,
    /// An admin stopped it.
    Admin,
}

impl Cause {
    /// The word for it on the wire and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
            Self::Unkept => "unkept",
            Self::Admin => "admin",
        }
    }
}

/// Tokens, as the endpoint counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Usage {
    /// Of the request.
    #[cfg_attr(test, ts(type = "number"))]
    pub prompt_tokens: u64,
    /// Of the answer.
    #[cfg_attr(test, ts(type = "number"))]
    pub completion_tokens: u64,
}

/// Times, in milliseconds since the question was accepted unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Timing {
    /// Until the first piece of text on any channel; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(as = "Option<u32>", optional))]
    pub first_chunk_ms: Option<u64>,
    /// Until the end.
    #[cfg_attr(test, ts(type = "number"))]
    pub total_ms: u64,
    /// Where the endpoint had been asked and the answer was stopped: from askd's hearing that until it had given the request
    /// up, in microseconds. That closes its connection, or its stream of one, which no endpoint confirms. It is told while
    /// the turn is live, and not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(as = "Option<u32>", optional))]
    pub stopped_us: Option<u64>,
    /// Until the first piece of the answer itself, where the model had thought before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(as = "Option<u32>", optional))]
    pub first_word_ms: Option<u64>,
}
