//! What the fake does with a request, step by step, with every byte ready before the request comes.
//!
//! A script is built in the order in which it plays. `split`, `crlf`, `pace` and `until_close` shape what is
//! built after them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use super::step::{After, Framing, Step, delta_event, frame};

/// A response, or less than one. See the file's head.
#[derive(Clone)]
pub struct Script {
    steps: Vec<Step>,
    framing: Framing,
    until_close: bool,
    line_end: &'static str,
    /// Sizes of the pieces of an event, taken in turn; empty: whole.
    split: Vec<usize>,
    pace: Duration,
}

impl Script {
    /// Nothing yet: without a head, steps come before any header.
    pub fn new() -> Self {
        Self {
            steps: Vec::new(),
            framing: Framing::Length,
            until_close: false,
            line_end: "\n",
            split: Vec::new(),
            pace: Duration::ZERO,
        }
    }

    /// What a well-behaved endpoint sends: role, these texts, `stop`, `[DONE]`.
    pub fn answer(texts: &[&str]) -> Self {
        let started = Self::new().sse().role();
        texts
            .iter()
            .fold(started, |script, text| script.text(text))
            .finish("stop")
            .done()
    }

    /// "one, ", then what is behind the gate "more": "two", and the end.
    pub fn in_two() -> Self {
        Self::new()
            .sse()
            .text("one, ")
            .gate("more")
            .text("two")
            .finish("stop")
            .done()
    }

    /// A whole response that is no stream.
    pub fn respond(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        all.push(("content-length", &length));
        Self::new().head(status, &all).bytes(body)
    }

    /// An error as OpenAI words it, with this message.
    pub fn refuse(status: u16, message: &str) -> Self {
        let body =
            json!({"error": {"message": message, "type": "invalid_request_error", "code": null}});
        Self::respond(
            status,
            &[("content-type", "application/json")],
            body.to_string(),
        )
    }

    /// `429` or `503` with a `Retry-After` in seconds.
    pub fn overloaded(status: u16, retry_after: &str) -> Self {
        let headers = [
            ("content-type", "application/json"),
            ("retry-after", retry_after),
        ];
        Self::respond(
            status,
            &headers,
            r#"{"error":{"message":"too many requests"}}"#,
        )
    }

    /// `200` with a web page, as a captive portal or a wrong path gives.
    pub fn html() -> Self {
        let body = "<!doctype html><title>Sign in</title><p>Please sign in.";
        Self::respond(200, &[("content-type", "text/html; charset=utf-8")], body)
    }

    /// From here on: a body that ends with the connection, without HTTP chunks.
    pub fn until_close(mut self) -> Self {
        self.until_close = true;
        self
    }

    /// From here on: events are written in pieces of so many bytes.
    pub fn split(self, size: usize) -> Self {
        self.split_at(&[size])
    }

    /// From here on: events are written in pieces of these sizes, over and over.
    pub fn split_at(mut self, sizes: &[usize]) -> Self {
        assert!(
            sizes.iter().all(|size| *size > 0),
            "a piece has at least one byte"
        );
        self.split = sizes.to_vec();
        self
    }

    /// From here on: lines end with CR LF.
    pub fn crlf(mut self) -> Self {
        self.line_end = "\r\n";
        self
    }

    /// From here on: so much time before each event.
    pub fn pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// The head of an event stream.
    pub fn sse(mut self) -> Self {
        self.framing = if self.until_close {
            Framing::Close
        } else {
            Framing::Chunked
        };
        let end = match self.framing {
            Framing::Close => ("connection", "close"),
            Framing::Chunked | Framing::Length => ("transfer-encoding", "chunked"),
        };
        self.head(
            200,
            &[
                ("content-type", "text/event-stream"),
                ("cache-control", "no-cache"),
                end,
            ],
        )
    }

    /// A head of your own; the framing is what `respond` or `sse` would have said.
    pub fn head(self, status: u16, headers: &[(&str, &str)]) -> Self {
        let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.step(Step::Write {
            wire: Bytes::from(head),
            events: 0,
        })
    }

    /// The first chunk of most endpoints: a role, and `"content": null`.
    pub fn role(self) -> Self {
        self.delta(json!({"role": "assistant", "content": null}), Value::Null)
    }

    /// A piece of the answer.
    pub fn text(self, text: &str) -> Self {
        self.delta(json!({"content": text}), Value::Null)
    }

    /// A piece of the thinking, in `reasoning_content` (llama.cpp, vLLM, DeepSeek).
    pub fn reasoning_content(self, text: &str) -> Self {
        self.delta(json!({"reasoning_content": text}), Value::Null)
    }

    /// A piece of the thinking, in `reasoning` (Ollama, OpenRouter).
    pub fn reasoning(self, text: &str) -> Self {
        self.delta(json!({"reasoning": text}), Value::Null)
    }

    /// The reason for the end, in a chunk of its own.
    pub fn finish(self, reason: &str) -> Self {
        self.delta(json!({}), json!(reason))
    }

    /// The reason for the end, in the chunk of the last piece.
    pub fn text_and_finish(self, text: &str, reason: &str) -> Self {
        self.delta(json!({"content": text}), json!(reason))
    }

    /// The chunk with token counts: its `choices` are empty.
    pub fn usage(self, prompt: u64, completion: u64) -> Self {
        let usage = json!({
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        });
        let chunk =
            json!({"id": "fake", "object": "chat.completion.chunk", "choices": [], "usage": usage});
        self.data(&chunk.to_string())
    }

    /// `data: [DONE]`
    pub fn done(self) -> Self {
        self.data("[DONE]")
    }

    /// `data:[DONE]`, without the space.
    pub fn done_tight(self) -> Self {
        let event = format!("data:[DONE]{end}{end}", end = self.line_end);
        self.event(event.as_bytes())
    }

    /// An error inside the stream of a 200.
    pub fn error(self, message: &str) -> Self {
        self.data(&json!({"error": {"message": message, "code": 500}}).to_string())
    }

    /// A comment line, as proxies send to keep a connection alive.
    pub fn comment(self, text: &str) -> Self {
        let line = format!(": {text}{end}{end}", end = self.line_end);
        self.event(line.as_bytes())
    }

    /// A byte order mark.
    pub fn bom(self) -> Self {
        self.bytes("\u{feff}")
    }

    /// An event with this data.
    pub fn data(self, data: &str) -> Self {
        let event = format!("data: {data}{end}{end}", end = self.line_end);
        self.event(event.as_bytes())
    }

    /// The beginning of an event that has `size` bytes of text and never ends.
    pub fn oversized(self, size: usize) -> Self {
        let mut event = br#"data: {"choices":[{"delta":{"content":""#.to_vec();
        event.resize(event.len() + size, b'x');
        self.bytes(event)
    }

    /// Bytes of the body as they are: half an event, garbage, a broken letter.
    pub fn bytes(self, bytes: impl AsRef<[u8]>) -> Self {
        self.pieces(bytes.as_ref(), 0)
    }

    /// Many pieces of the answer with as few writes as the kernel takes: about `size` bytes in each.
    pub fn burst(mut self, texts: impl Iterator<Item = String>, size: usize) -> Self {
        let (mut wire, mut events) = (Vec::with_capacity(size + 1024), 0);
        for text in texts {
            wire.extend_from_slice(&self.framed(&delta_event(
                json!({"content": text}),
                &Value::Null,
                self.line_end,
            )));
            events += 1;
            if wire.len() >= size {
                let full = std::mem::replace(&mut wire, Vec::with_capacity(size + 1024));
                self = self.step(Step::Write {
                    wire: Bytes::from(full),
                    events,
                });
                events = 0;
            }
        }
        self.step(Step::Write {
            wire: Bytes::from(wire),
            events,
        })
    }

    /// `count` pieces of the answer, each made when the pace says that it is due. The texts must be free of what
    /// JSON escapes: they are put between quotes as they are.
    pub fn made(
        self,
        count: usize,
        make: impl Fn(usize) -> String + Send + Sync + 'static,
    ) -> Self {
        let mark = "\u{1a}";
        let template = delta_event(json!({"content": mark}), &Value::Null, self.line_end);
        let template = String::from_utf8(template).expect("JSON is UTF-8");
        let (before, after) = template
            .split_once("\\u001a")
            .expect("JSON escapes the mark");
        let (before, after, framing) = (before.to_owned(), after.to_owned(), self.framing);
        let make = Arc::new(move |number| {
            let text = make(number);
            frame(
                &[before.as_bytes(), text.as_bytes(), after.as_bytes()].concat(),
                framing,
            )
        });
        let pace = self.pace;
        self.step(Step::Made { count, pace, make })
    }

    /// Holds the response here until the gate of this name is released.
    pub fn gate(self, name: &str) -> Self {
        self.step(Step::Gate(name.to_owned()))
    }

    /// Lets so much time pass.
    pub fn wait(self, time: Duration) -> Self {
        self.step(Step::Due(time))
    }

    /// Goes silent for ever, with the connection open.
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Ends the connection as a crashed process does: FIN, and nothing that says the body is over.
    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    /// Ends the connection as a broken middlebox does: RST.
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What says that the body is over.
    pub(super) fn tail(&self) -> Option<&'static [u8]> {
        (self.framing == Framing::Chunked).then_some(b"0\r\n\r\n")
    }

    pub(super) fn after(&self) -> After {
        if self.framing == Framing::Close {
            After::Close
        } else {
            After::Next
        }
    }

    fn delta(self, delta: Value, finish: Value) -> Self {
        let event = delta_event(delta, &finish, self.line_end);
        self.event(&event)
    }

    fn event(mut self, event: &[u8]) -> Self {
        if !self.pace.is_zero() {
            self.steps.push(Step::Due(self.pace));
        }
        self.pieces(event, 1)
    }

    /// Writes in the pieces that `split` says; the last one carries the count.
    fn pieces(mut self, mut rest: &[u8], events: usize) -> Self {
        let sizes = if self.split.is_empty() {
            vec![rest.len()]
        } else {
            self.split.clone()
        };
        let mut sizes = sizes.into_iter().cycle();
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(rest.len()).min(rest.len());
            let (piece, behind) = rest.split_at(size);
            rest = behind;
            let events = if rest.is_empty() { events } else { 0 };
            let wire = self.framed(piece);
            self.steps.push(Step::Write { wire, events });
            if !self.split.is_empty() {
                self.steps.push(Step::Yield);
            }
        }
        self
    }

    fn framed(&self, bytes: &[u8]) -> Bytes {
        frame(bytes, self.framing)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
