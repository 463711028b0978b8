//! The windows of an answer's life in which its reader may lose interest, and how a session is brought there.

use std::time::Duration;

use anyhow::Result;
use uuid::Uuid;

use crate::{client::Session, fake::DeadEnd, process::Process, upstream::Upstream};

/// Where an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The endpoint's address takes no connection.
    Connecting,
    /// The request has come; not even the headers of an answer have.
    Headers,
    /// The headers have come.
    First,
    /// Chunks come, one every 5 ms.
    Between,
    /// The finish reason has come; that the stream is over has not been said.
    End,
}

/// All of them.
pub const WINDOWS: [Window; 5] = [
    Window::Connecting,
    Window::Headers,
    Window::First,
    Window::Between,
    Window::End,
];

/// A session whose answer is in a window.
pub struct Asked {
    /// The session.
    pub session: Session,
    /// Its turn.
    pub turn: Uuid,
    /// Under which the endpoint knows the request, if there is one.
    pub tag: String,
}

/// The section that [`Window::Connecting`] needs, for as long as the dead end lives.
pub fn dead_endpoint(dead: &DeadEnd) -> String {
    let base_url = dead.base_url();
    format!(
        "[[endpoint]]\nname = \"dead\"\nbase_url = \"{base_url}\"\nmodel = \"none\"\nconcurrency = 1000\n\
         retries = 0\nconnect_timeout = \"30s\"\n"
    )
}

impl Window {
    /// Whether the endpoint has a request by then.
    pub fn has_request(self) -> bool {
        self != Self::Connecting
    }

    /// A new session, brought to a random moment of this window.
    pub async fn open(self, askd: &Process, upstream: &Upstream) -> Result<Asked> {
        let session = Session::open(askd.address()).await?;
        self.reach(session, upstream).await
    }

    /// Asks, and waits for a random moment of this window.
    pub async fn reach(self, mut session: Session, upstream: &Upstream) -> Result<Asked> {
        let tag = Uuid::now_v7().to_string();
        let place = match self {
            Self::Connecting => "connecting",
            Self::Headers => "headers",
            Self::First => "first",
            Self::Between => "between",
            Self::End => "end",
        };
        let question = format!("hold {place} {tag}");
        let turn = match self {
            Self::Connecting => session.ask_of("dead", &question).await?,
            _ => session.ask(&question).await?,
        };
        session.until("accepted").await?;
        if self.has_request() {
            upstream.began(&tag).await?;
        }
        if matches!(self, Self::Between | Self::End) {
            session.until("chunk").await?;
        }
        // The least is what the headers need on their way.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(1_000..25_000))).await;
        Ok(Asked { session, turn, tag })
    }
}
