//! What a script is made of: its steps, and the bytes of one event.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

/// One thing that the fake does.
#[derive(Clone)]
pub enum Step {
    /// One write, which TCP_NODELAY makes a segment; `events` of SSE end in it.
    Write { wire: Bytes, events: usize },
    /// Waits until the pace allows the next event. Deadlines add up: a late event does not delay the next.
    Due(Duration),
    /// Events that are made at the moment when they are due.
    Made {
        count: usize,
        pace: Duration,
        make: Arc<dyn Fn(usize) -> Bytes + Send + Sync>,
    },
    /// Waits for a gate.
    Gate(String),
    /// Lets others run, so that two writes are seen as two.
    Yield,
    /// Does nothing, for ever.
    Stall,
    /// Ends the connection with FIN.
    Cut,
    /// Ends the connection with RST.
    Reset,
}

/// What becomes of the connection after the script.
pub enum After {
    /// Another request may come.
    Next,
    /// FIN.
    Close,
    /// RST.
    Reset,
}

/// How the client knows where the body ends.
#[derive(Clone, Copy, PartialEq)]
pub enum Framing {
    /// A `Content-Length` that was sent.
    Length,
    /// HTTP chunks: each write is one, so hyper hands on exactly what was written, however TCP joined it.
    Chunked,
    /// The end of the connection.
    Close,
}

/// The bytes of one write, as the framing wants them.
pub fn frame(bytes: &[u8], framing: Framing) -> Bytes {
    if framing != Framing::Chunked {
        return Bytes::copy_from_slice(bytes);
    }
    let mut wire = format!("{:x}\r\n", bytes.len()).into_bytes();
    wire.extend_from_slice(bytes);
    wire.extend_from_slice(b"\r\n");
    Bytes::from(wire)
}

/// The SSE event of one chunk of a completion.
pub fn delta_event(delta: Value, finish: &Value, line_end: &str) -> Vec<u8> {
    let chunk = json!({
        "id": "fake", "object": "chat.completion.chunk", "created": 0, "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {chunk}{line_end}{line_end}").into_bytes()
}
