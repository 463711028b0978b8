//! The wire: what a client may say, what askd says, and with which codes it closes. `protocol.md`, as types.
//!
//! `assets/page/src/lib/wire.ts` is generated from these types by `make wire`; the build refuses a difference.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    answer::{Basis, Cause, Channel, End, ErrorCode, Event, Fault, Outcome, Source, Timing, Usage},
    id::{ConversationId, Seq, SessionId, TurnId},
    turn::desk::Follower,
};

/// The protocol's number.
pub const PROTOCOL: u32 = 1;
/// The WebSocket sub-protocol, offered back to a client that offers it.
pub const SUBPROTOCOL: &str = "askd.v1";

/// Close codes; 1002, 1007 and 1009 are the RFC's.
pub mod close {
    /// Idle for too long.
    pub const IDLE: u16 = 1001;
    /// A frame that breaks the protocol, or too many messages that cannot be understood.
    pub const PROTOCOL: u16 = 1002;
    /// Text that is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A message larger than allowed.
    pub const TOO_LARGE: u16 = 1009;
    /// The client's sign-in has ended.
    pub const SIGNED_OUT: u16 = 1008;
    /// The server restarts.
    pub const RESTART: u16 = 1012;
    /// A reader that takes nothing.
    pub const TOO_SLOW: u16 = 1013;
    /// What a client says that leaves for good.
    pub const GOODBYE: u16 = 1000;
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Ask.
    Question {
        /// Made by the client; the same id is asked once.
        turn: TurnId,
        /// The question.
        text: String,
        /// Absent: a new one.
        conversation: Option<ConversationId>,
        /// Absent: the newest turn; `null`: none.
        #[serde(default, deserialize_with = "present")]
        #[cfg_attr(test, ts(as = "Option<Option<TurnId>>", optional))]
        parent: Option<Option<TurnId>>,
        /// Absent: the first.
        endpoint: Option<String>,
        /// Absent: the endpoint's first.
        model: Option<String>,
        /// Absent: the endpoint's own.
        options: Option<Options>,
    },
    /// Stop.
    Cancel {
        /// Which answer.
        turn: TurnId,
    },
    /// Follow a turn, running or finished.
    Resume {
        /// Which one.
        turn: TurnId,
        /// From behind this event; 0 for all.
        after: Seq,
    },
}

/// Tells `null` from absence.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<TurnId>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// How to answer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Options {
    /// 0 to 2.
    pub temperature: Option<f32>,
    /// At least 1.
    pub max_tokens: Option<u32>,
}

impl ClientMessage {
    /// Decodes a text frame. Unknown fields are passed over; what is wrong is named.
    pub fn decode(text: &str) -> Result<Self, Fault> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Fault::new(
                ErrorCode::BadJson,
                format!("This message is not JSON: {error}."),
            )
        })?;
        let Some(fields) = value.as_object() else {
            let message = "A message is a JSON object with a \"type\".";
            return Err(Fault::new(ErrorCode::BadJson, message));
        };
        let Some(kind) = fields.get("type").and_then(Value::as_str) else {
            let message = "The field \"type\" is missing or wrong; it is a text.";
            return Err(Fault::new(ErrorCode::BadField, message));
        };
        if !["question", "cancel", "resume"].contains(&kind) {
            let kind: String = kind.chars().take(40).collect();
            let message = format!(
                "There is no message of type {kind:?}; there are question, cancel and resume."
            );
            return Err(Fault::new(ErrorCode::UnknownType, message));
        }
        if let Some(field) = bad_field(kind, fields) {
            return Err(Fault::new(ErrorCode::BadField, field));
        }
        serde_json::from_value(value)
            .map_err(|error| Fault::new(ErrorCode::BadField, format!("A field is wrong: {error}.")))
    }
}

/// A field's name, whether it must be there, what it is in words, and the check of it.
type Field = (&'static str, bool, &'static str, fn(&Value) -> bool);

const TURN: Field = ("turn", true, "a UUID", is_uuid);
const QUESTION: [Field; 7] = [
    TURN,
    ("text", true, "a text", Value::is_string),
    ("conversation", false, "a UUID", is_uuid),
    ("parent", false, "a UUID or null", is_uuid),
    ("endpoint", false, "a text", Value::is_string),
    ("model", false, "a text", Value::is_string),
    ("options", false, "an object", Value::is_object),
];
const OPTIONS: [Field; 2] = [
    (
        "temperature",
        false,
        "a number from 0 to 2",
        Value::is_number,
    ),
    ("max_tokens", false, "a whole number from 1", is_u32),
];
const RESUME: [Field; 2] = [TURN, ("after", true, "a number from 0", Value::is_u64)];

fn is_uuid(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| uuid::Uuid::try_parse(text).is_ok())
}

fn is_u32(value: &Value) -> bool {
    value
        .as_u64()
        .is_some_and(|number| u32::try_from(number).is_ok())
}

/// Names the first field that is missing or wrong. Serde names a missing field, but not the one whose value is
/// of the wrong type, and repeats that value at any length.
fn bad_field(kind: &str, message: &Map<String, Value>) -> Option<String> {
    match kind {
        "question" => wrong("", &QUESTION, message).or_else(|| {
            let options = message.get("options")?.as_object()?;
            wrong("options.", &OPTIONS, options)
        }),
        "resume" => wrong("", &RESUME, message),
        _ => wrong("", &[TURN], message),
    }
}

fn wrong(within: &str, fields: &[Field], values: &Map<String, Value>) -> Option<String> {
    fields
        .iter()
        .find_map(|(name, required, what, check)| match values.get(*name) {
            None | Some(Value::Null) if !required => None,
            None => Some(format!(
                "The field \"{within}{name}\" is missing; it is {what}."
            )),
            Some(value) if !check(value) => Some(format!(
                "The field \"{within}{name}\" is wrong; it is {what}."
            )),
            Some(_) => None,
        })
}

/// What askd says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Always the first; and again when the server goes down.
    Status(Status),
    /// The question is stored, or the turn is followed.
    Accepted {
        /// Which turn.
        turn: TurnId,
        /// Its conversation.
        conversation: ConversationId,
        /// The turn that it follows, or `null`.
        #[cfg_attr(test, ts(optional = false))]
        parent: Option<TurnId>,
        /// Events follow from behind this; 0: forget what you have of it.
        after: Seq,
    },
    /// All of the endpoint's slots are busy.
    Queued {
        /// Which turn.
        turn: TurnId,
        /// Its place in line, from 1.
        position: usize,
    },
    /// The passages that the answer may cite.
    Sources {
        /// Which turn.
        turn: TurnId,
        /// The event's number.
        seq: Seq,
        /// How the answer stands to them.
        basis: Basis,
        /// The passages.
        items: Vec<Source>,
    },
    /// A piece of the answer.
    Chunk {
        /// Which turn.
        turn: TurnId,
        /// The last event that it covers.
        seq: Seq,
        /// The piece.
        text: String,
        /// Absent for the answer itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        channel: Option<Channel>,
    },
    /// The last event.
    Complete {
        /// Which turn.
        turn: TurnId,
        /// The event's number.
        seq: Seq,
        /// Why it ended.
        outcome: Outcome,
        /// With `interrupted`: who or what did that, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// What it cost, if the endpoint said.
        #[serde(skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        /// How long it took.
        timing: Timing,
    },
    /// With `turn`, the turn failed; without, a message of the client's was refused.
    Error {
        /// For programs.
        code: ErrorCode,
        /// A sentence for a person.
        message: String,
        /// The turn that failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        turn: Option<TurnId>,
        /// When trying again may help.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(as = "Option<u32>", optional))]
        retry_after_ms: Option<u64>,
    },
}

/// How the server is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// It takes questions.
    Ready {
        /// This session.
        session: SessionId,
        /// [`PROTOCOL`].
        protocol: u32,
        /// askd's version.
        server: &'static str,
        /// What a client must keep to.
        limits: WireLimits,
        /// What can be asked, the default first.
        endpoints: Vec<EndpointInfo>,
        /// `"stop"`, `"finish"`, or a duration.
        on_leave: String,
        /// Whether documents are searched before a question is answered.
        documents: bool,
        /// Which page is served now: another value than a page's own, and that one is out of date.
        page: String,
    },
    /// It is going down.
    Draining {
        /// When to connect again.
        #[cfg_attr(test, ts(type = "number"))]
        reconnect_after_ms: u64,
    },
}

/// What a client must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WireLimits {
    /// Bytes of one question, in UTF-8.
    pub question_bytes: usize,
    /// Questions a minute; 0: no limit.
    pub questions_per_minute: u32,
}

/// Something that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EndpointInfo {
    /// Its name.
    pub name: String,
    /// What it offers, the default first.
    pub models: Vec<String>,
    /// Whether [`Options`] say anything to it.
    pub takes_options: bool,
}

impl ServerMessage {
    /// An event of a turn.
    pub fn event(turn: TurnId, seq: Seq, event: Event) -> Self {
        match event {
            Event::Sources(basis, items) => Self::Sources {
                turn,
                seq,
                basis,
                items,
            },
            Event::Text { channel, text } => {
                let channel = (channel != Channel::Answer).then_some(channel);
                Self::Chunk {
                    turn,
                    seq,
                    text,
                    channel,
                }
            }
            Event::Error(fault) => Self::error(fault, Some(turn)),
            Event::End(End {
                outcome,
                cause,
                usage,
                timing,
            }) => Self::Complete {
                turn,
                seq,
                outcome,
                cause,
                usage,
                timing,
            },
        }
    }

    /// That a turn is followed.
    pub fn accepted(follower: &Follower) -> Self {
        let Follower {
            turn,
            place,
            cursor,
            ..
        } = follower;
        Self::Accepted {
            turn: *turn,
            conversation: place.conversation,
            parent: place.parent,
            after: cursor.at(),
        }
    }

    /// A fault; `turn` if it is a turn's.
    pub fn error(fault: Fault, turn: Option<TurnId>) -> Self {
        let Fault {
            code,
            message,
            retry_after_ms,
        } = fault;
        Self::Error {
            code,
            message,
            turn,
            retry_after_ms,
        }
    }

    /// The frame's text.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("these types have string keys and finite numbers only")
    }
}

#[cfg(test)]
mod tests;
