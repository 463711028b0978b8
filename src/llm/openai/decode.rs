//! From events to deltas. Compatible servers leave fields out, add some and set others to null, so the types
//! here ask for as little as they can.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream, stream::BoxStream};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{redact::Redact, root_cause, think::Think};
use crate::{
    answer::Usage,
    llm::{
        Delta, Finish, LlmError,
        sse::{self, MAX_EVENT, SseError},
    },
};

const INCOMPLETE: &str = "it ended without saying that it was complete";

#[derive(Deserialize)]
struct Chunk {
    #[serde(default, deserialize_with = "null_as_default")]
    choices: Vec<Choice>,
    usage: Option<RawUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, deserialize_with = "null_as_default")]
    delta: RawDelta,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct RawDelta {
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
}

#[derive(Deserialize)]
struct RawUsage {
    // As floating point, because a few servers count in it.
    prompt_tokens: Option<f64>,
    completion_tokens: Option<f64>,
}

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A response that is being read.
pub struct Answering {
    events: BoxStream<'static, Result<String, SseError>>,
    redact: Arc<Redact>,
    think: Think,
    waiting: VecDeque<Delta>,
    finished: bool,
    failed: Option<LlmError>,
    over: bool,
}

impl Answering {
    /// Reads a body.
    pub fn new(
        body: impl Stream<Item = reqwest::Result<Bytes>> + Send + Unpin + 'static,
        redact: Arc<Redact>,
    ) -> Self {
        Self {
            events: sse::events(body, MAX_EVENT).boxed(),
            redact,
            think: Think::default(),
            waiting: VecDeque::new(),
            finished: false,
            failed: None,
            over: false,
        }
    }

    /// The deltas, down to the end of the body or the error.
    pub fn deltas(self) -> impl Stream<Item = Result<Delta, LlmError>> + Send {
        stream::unfold(self, |mut this| async move {
            let item = this.next().await?;
            Some((item, this))
        })
    }

    async fn next(&mut self) -> Option<Result<Delta, LlmError>> {
        loop {
            if let Some(delta) = self.waiting.pop_front() {
                return Some(Ok(delta));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            if self.over {
                return None;
            }
            let event = self.events.next().await;
            if let Err(error) = self.take(event) {
                self.over = true;
                self.think.end(&mut self.waiting);
                // Behind what came in the same chunk.
                self.failed = Some(error);
            }
        }
    }

    /// Takes one event in.
    fn take(&mut self, event: Option<Result<String, SseError>>) -> Result<(), LlmError> {
        let Some(data) = event else {
            self.over = true;
            return if self.finished {
                Ok(())
            } else {
                Err(LlmError::Broken(INCOMPLETE.to_owned()))
            };
        };
        let data = data.map_err(|error| self.unreadable(error))?;
        if data.trim() == "[DONE]" {
            self.over = true;
            if !self.finished {
                self.finish(Finish::Stop);
            }
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(&data).map_err(|error| {
            let what = self.redact.clean(&error.to_string());
            LlmError::Malformed(format!(
                "a chunk that is not the JSON of an answer ({what})"
            ))
        })?;
        self.take_chunk(chunk)
    }

    fn finish(&mut self, finish: Finish) {
        self.finished = true;
        self.think.end(&mut self.waiting);
        self.waiting.push_back(Delta::Finish(finish));
    }

    fn take_chunk(&mut self, chunk: Chunk) -> Result<(), LlmError> {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let words = value_words(&error).unwrap_or_else(|| "it gave no reason".to_owned());
            return Err(LlmError::Broken(format!(
                "it said {:?}",
                self.redact.clean(&words)
            )));
        }
        for choice in chunk.choices {
            let RawDelta {
                content,
                reasoning_content,
                reasoning,
            } = choice.delta;
            // Servers that send both send the same text under both names.
            let reasoning = reasoning_content
                .filter(|text| !text.is_empty())
                .or(reasoning);
            if let Some(text) = reasoning.filter(|text| !text.is_empty()) {
                self.think.stand_down();
                self.waiting.push_back(Delta::Reasoning(text));
            }
            if let Some(text) = content {
                self.think.take(&text, &mut self.waiting);
            }
            match choice.finish_reason.as_deref() {
                None | Some("") => {}
                Some("error") => {
                    return Err(LlmError::Broken(
                        "it gave \"error\" as the reason".to_owned(),
                    ));
                }
                Some("length" | "max_tokens") => self.finish(Finish::Length),
                Some("content_filter") => self.finish(Finish::ContentFilter),
                Some("tool_calls" | "function_call") => {
                    return Err(LlmError::Malformed(
                        "the model asked for a tool to be called, and askd gives it none"
                            .to_owned(),
                    ));
                }
                Some(_) => self.finish(Finish::Stop),
            }
        }
        if let Some(usage) = chunk.usage {
            let count = |tokens: Option<f64>| tokens.map_or(0, |tokens| tokens as u64);
            self.waiting.push_back(Delta::Usage(Usage {
                prompt_tokens: count(usage.prompt_tokens),
                completion_tokens: count(usage.completion_tokens),
            }));
        }
        Ok(())
    }

    fn unreadable(&self, error: SseError) -> LlmError {
        match error {
            SseError::Body(error) => {
                let cause = self.redact.clean(&root_cause(&*error));
                tracing::info!(cause, "the endpoint's answer broke off");
                LlmError::Broken("its connection was closed in the middle of it".to_owned())
            }
            other => LlmError::Malformed(other.to_string()),
        }
    }
}

/// What an error's body says, in the shapes that endpoints use; text that is no JSON is taken as it is.
pub fn error_words(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => ["error", "detail", "message"]
            .iter()
            .find_map(|key| value.get(key).and_then(value_words))
            .or_else(|| value_words(&value)),
        Err(_) => Some(text.trim().to_owned()),
    }
    .filter(|words| !words.is_empty())
}

fn value_words(value: &Value) -> Option<String> {
    match value {
        Value::String(words) => Some(words.clone()),
        Value::Object(fields) => ["message", "msg"]
            .iter()
            .find_map(|key| fields.get(*key).and_then(value_words)),
        // FastAPI's validation, which vLLM and others answer with, lists what is wrong; the first will do.
        Value::Array(items) => items.iter().find_map(value_words),
        _ => None,
    }
}
