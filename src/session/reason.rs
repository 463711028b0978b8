//! Why a session ended, and what its client is told of it.

use std::{fmt, io};

use tokio_tungstenite::tungstenite::{Error as SocketError, error::ProtocolError};

use super::wire::close;
use crate::metrics::Refusal;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The client closed: a refresh, a closed tab.
    Left,
    /// The client closed with code 1000.
    Goodbye,
    /// The connection broke.
    Lost,
    /// The client gave no sign of life.
    Silent,
    /// The client asked nothing for too long.
    Idle,
    /// The client took nothing for too long.
    TooSlow,
    /// The client's sign-in has ended.
    SignedOut,
    /// The server goes down.
    Restart,
    /// The client broke the WebSocket protocol; closed with this code.
    BadFrame(u16),
    /// The client sent too many messages in a row that cannot be understood.
    Faulty,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "the client left",
            Self::Goodbye => "the client said goodbye",
            Self::Lost => "the connection was lost",
            Self::Silent => "the client fell silent",
            Self::Idle => "the client was idle for too long",
            Self::TooSlow => "the client was too slow a reader",
            Self::SignedOut => "the client was signed out",
            Self::Restart => "the server goes down",
            Self::BadFrame(code) => {
                return write!(f, "the client broke the protocol (close code {code})");
            }
            Self::Faulty => "the client sent too many faulty messages",
        })
    }
}

impl Reason {
    /// The word that it is counted by.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Goodbye => "goodbye",
            Self::Lost => "lost",
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::TooSlow => "too_slow",
            Self::SignedOut => "signed_out",
            Self::Restart => "restart",
            Self::BadFrame(_) | Self::Faulty => "bad_frame",
        }
    }

    /// What it counts as among the refusals: the server has cut it off for what its client did not do.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Silent => Some(Refusal::Silent),
            Self::TooSlow => Some(Refusal::SlowReader),
            Self::Faulty => Some(Refusal::Malformed),
            _ => None,
        }
    }

    /// What the server closes with, and why in words; `None`: there is nobody to tell.
    pub(super) fn close(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Left | Self::Goodbye | Self::Lost | Self::Silent => None,
            Self::Idle => Some((close::IDLE, "idle for too long")),
            Self::TooSlow => Some((close::TOO_SLOW, "too slow a reader")),
            Self::SignedOut => Some((close::SIGNED_OUT, "signed out")),
            Self::Restart => Some((close::RESTART, "the server is restarting")),
            Self::BadFrame(code) => Some((code, "the frame breaks the protocol")),
            Self::Faulty => Some((close::PROTOCOL, "too many faulty messages")),
        }
    }

    /// What an error of the socket means.
    pub(super) fn of(error: &SocketError) -> Self {
        match error {
            SocketError::Capacity(_) => Self::BadFrame(close::TOO_LARGE),
            // More than a message may take (meter.rs).
            SocketError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::BadFrame(close::TOO_LARGE)
            }
            SocketError::Utf8(_) => Self::BadFrame(close::NOT_UTF8),
            SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Lost,
            SocketError::Protocol(_) => Self::BadFrame(close::PROTOCOL),
            _ => Self::Lost,
        }
    }
}
