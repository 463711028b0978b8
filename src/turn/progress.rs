//! What has come of a turn so far, and what it has cost.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Ids, cite::Citations, log::Log, prompt, shown::Step};
use crate::{
    answer::{Channel, Usage},
    metrics,
};

/// What has come of a turn so far; it outlives the work that fills it.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) ids: Ids,
    /// Where it is counted.
    pub(super) endpoint: metrics::Endpoint,
    pub(super) first_chunk: Option<Instant>,
    /// When the answer itself began.
    pub(super) first_word: Option<Instant>,
    pub(super) chunks: u64,
    pub(super) usage: Option<Usage>,
    /// Tokens, about, that the model was sent; `None`: it was not asked.
    pub(super) sent: Option<usize>,
    /// Bytes that it said, its thinking included.
    pub(super) said: usize,
    /// The filter of the answer's text, where it has sources.
    pub(super) citations: Option<Citations>,
    /// For who looks on.
    pub(super) step: Arc<Step>,
    /// How long after a stop was heard the endpoint's request was given up, if there was one.
    pub(super) stopped: Option<Duration>,
}

impl Progress {
    /// Nothing yet.
    pub(super) fn of(ids: Ids, endpoint: metrics::Endpoint, step: Arc<Step>) -> Self {
        Self {
            ids,
            endpoint,
            first_chunk: None,
            first_word: None,
            chunks: 0,
            usage: None,
            sent: None,
            said: 0,
            citations: None,
            step,
            stopped: None,
        }
    }

    /// Notes when it began, and when its own words did.
    pub(super) fn begins(&mut self, channel: Channel, text: &str) {
        if self.first_chunk.is_some() && (self.first_word.is_some() || channel != Channel::Answer) {
            return;
        }
        let now = Instant::now();
        self.first_chunk.get_or_insert(now);
        if channel == Channel::Answer && !text.is_empty() {
            self.first_word.get_or_insert(now);
        }
    }

    /// When the answer itself began, if its model had thought before.
    pub(super) fn thought_until(&self) -> Option<Instant> {
        self.first_word
            .filter(|word| Some(*word) != self.first_chunk)
    }

    /// What the answer has cost: as the endpoint tells, or else estimated. Who failed without a word has cost nothing, and
    /// neither has what was never asked.
    pub(super) fn tokens(&self, failed: bool) -> u64 {
        let wordless = failed && self.first_chunk.is_none();
        match (self.sent, self.usage) {
            (None, _) => 0,
            (_, Some(usage)) => usage.prompt_tokens.saturating_add(usage.completion_tokens),
            (Some(_), None) if wordless => 0,
            (Some(sent), None) => (sent + prompt::pieces(self.said)) as u64,
        }
    }

    /// Appends what the filter has held back; whatever ends an answer, its last letters are not lost.
    pub(super) fn flush(&mut self, log: &Log) {
        let Some(citations) = &mut self.citations else {
            return;
        };
        let rest = citations.finish();
        if !rest.is_empty() {
            // An answer that has reached its cap takes no more.
            let _ = log.text(Channel::Answer, &rest);
        }
    }
}
