//! What a client asked of the fake, and what became of it.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Instant,
};

use bytes::BytesMut;
use serde_json::Value;
use tokio::{io::AsyncReadExt, net::tcp::ReadHalf, sync::watch};

/// A request's line, headers and body, as [`read`] found them.
pub struct Parts {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// One recorded request.
pub struct Request {
    parts: Parts,
    json: Value,
    arrived: Instant,
    closed: watch::Receiver<Option<Instant>>,
    chunks: AtomicUsize,
    finished: AtomicBool,
}

impl Request {
    pub(super) fn new(parts: Parts, closed: watch::Receiver<Option<Instant>>) -> Self {
        let json = serde_json::from_slice(&parts.body).unwrap_or(Value::Null);
        let (chunks, finished) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self {
            parts,
            json,
            arrived: Instant::now(),
            closed,
            chunks,
            finished,
        }
    }

    /// `POST`, as a rule.
    pub fn method(&self) -> &str {
        &self.parts.method
    }

    /// Path and query string.
    pub fn path(&self) -> &str {
        &self.parts.path
    }

    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts
            .headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body; `null` when it is no JSON.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The text of the last message in the body: the question.
    pub fn question(&self) -> &str {
        let messages = self.json["messages"].as_array();
        messages
            .and_then(|all| all.last()?["content"].as_str())
            .unwrap_or_default()
    }

    /// When the last byte of the request had been read.
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// SSE events written to the socket so far.
    pub fn chunks_written(&self) -> usize {
        self.chunks.load(Ordering::Relaxed)
    }

    /// Whether the response was written to its end.
    pub fn finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// When the client was seen to close the connection that brought this request, be it in the midst of the
    /// response or long after it.
    ///
    /// # Panics
    ///
    /// When the fake ended the connection itself: a test that waits for the client then would wait for ever.
    pub async fn closed(&self) -> Instant {
        let mut closed = self.closed.clone();
        let seen = closed.wait_for(Option::is_some).await;
        let seen = seen.expect("the fake ended this connection itself, so no client can close it");
        seen.expect("the wait was for a moment")
    }

    pub(super) fn count(&self, events: usize) {
        self.chunks.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn finish(&self) {
        self.finished.store(true, Ordering::Relaxed);
    }
}

/// Reads one request; `None` when the connection ended first, or when what came is no HTTP.
pub async fn read(reader: &mut ReadHalf<'_>, input: &mut BytesMut) -> Option<Parts> {
    let head_length = loop {
        if let Some(at) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(reader, input).await?;
    };
    let head = String::from_utf8(input.split_to(head_length).to_vec()).ok()?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    // reqwest knows the length of every body that askd sends, so a chunked request never comes.
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    while input.len() < length {
        more(reader, input).await?;
    }
    let body = input.split_to(length).to_vec();
    Some(Parts {
        method,
        path,
        headers,
        body,
    })
}

async fn more(reader: &mut ReadHalf<'_>, input: &mut BytesMut) -> Option<()> {
    match reader.read_buf(input).await {
        Ok(1..) => Some(()),
        Ok(0) | Err(_) => None,
    }
}
