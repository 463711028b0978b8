//! The numbered text that runs through everything, and how its arrival is judged.
//!
//! Each chunk of the endpoint's is `number;` or `number:nanoseconds;`, the second with the moment when it was sent.
//! askd may join neighbouring chunks in a frame, so they are counted by their numbers and not by frames.

use std::borrow::Cow;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::clock;

/// What one answer brought.
#[derive(Default)]
pub struct Tally {
    /// Chunks of the endpoint's that came, each once and in order.
    pub chunks: u64,
    /// From the endpoint's sending to the arrival here, in nanoseconds.
    pub delays: Vec<u64>,
    /// The beginning of a chunk whose end is in the next frame.
    rest: String,
}

impl Tally {
    /// Takes what has just arrived; an error when a chunk is lost, repeated or out of order.
    pub fn take(&mut self, text: &str) -> Result<()> {
        let now = clock::now_ns();
        self.rest.push_str(text);
        let whole = self.rest.rfind(';').map_or(0, |at| at + 1);
        for chunk in self.rest[..whole].split_terminator(';') {
            let (number, sent) = chunk
                .split_once(':')
                .map_or((chunk, None), |(number, sent)| (number, Some(sent)));
            let number: u64 = number
                .trim()
                .parse()
                .with_context(|| format!("chunk {chunk:?} has no number"))?;
            ensure!(
                number == self.chunks,
                "chunk {} was due and {number} came",
                self.chunks
            );
            self.chunks += 1;
            if let Some(sent) = sent {
                self.delays.push(now.saturating_sub(sent.parse()?));
            }
        }
        self.rest.drain(..whole);
        Ok(())
    }

    /// An error unless exactly so many chunks came.
    pub fn complete(&self, expected: usize) -> Result<()> {
        ensure!(
            self.chunks == expected as u64,
            "{} of {expected} chunks came",
            self.chunks
        );
        Ok(())
    }
}

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
}

/// The text in the data of one SSE event; `None` in the ones that carry none.
pub fn text_of(data: &str) -> Result<Option<Cow<'_, str>>> {
    if data == "[DONE]" {
        return Ok(None);
    }
    let mut completion: Completion = serde_json::from_str(data)?;
    Ok(completion
        .choices
        .pop()
        .and_then(|choice| choice.delta.content))
}
