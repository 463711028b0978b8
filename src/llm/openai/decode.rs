//! From events to deltas. Compatible servers leave fields out, add some and set others to null, so the types
//! here ask for as little as they can.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream, stream::BoxStream};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{redact::Redact, root_cause};
use crate::{
    answer::Usage,
    llm::{
        Delta, Finish, LlmError,
        sse::{self, MAX_EVENT, SseError},
    },
};

/// How long the usage and `[DONE]` may lag behind the finish reason; the answer is whole without them.
const TAIL: Duration = Duration::from_secs(2);

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
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
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
    waiting: VecDeque<Delta>,
    finish: Option<Finish>,
    usage: Option<Usage>,
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
            waiting: VecDeque::new(),
            finish: None,
            usage: None,
            over: false,
        }
    }

    /// The deltas, down to the end or the error.
    pub fn deltas(self) -> impl Stream<Item = Result<Delta, LlmError>> + Send {
        stream::unfold(self, |mut this| async move {
            let item = this.next().await?;
            Some((item, this))
        })
    }

    async fn next(&mut self) -> Option<Result<Delta, LlmError>> {
        while !self.over {
            if let Some(delta) = self.waiting.pop_front() {
                return Some(Ok(delta));
            }
            let event = match self.finish {
                None => self.events.next().await,
                Some(_) => tokio::time::timeout(TAIL, self.events.next())
                    .await
                    .unwrap_or(None),
            };
            match self.take(event) {
                Ok(false) => {}
                Ok(true) => return Some(self.end()),
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// Takes one event in; `true`: nothing more will come.
    fn take(&mut self, event: Option<Result<String, SseError>>) -> Result<bool, LlmError> {
        let data = match event {
            None => return Ok(true),
            Some(Ok(data)) => data,
            // The finish reason has been said: what breaks behind it takes nothing from the answer.
            Some(Err(_)) if self.finish.is_some() => return Ok(true),
            Some(Err(error)) => return Err(self.unreadable(error)),
        };
        if data.trim() == "[DONE]" {
            self.finish.get_or_insert(Finish::Stop);
            return Ok(true);
        }
        let chunk: Chunk = serde_json::from_str(&data).map_err(|error| {
            LlmError::Malformed(format!(
                "a chunk that is not the JSON of an answer ({})",
                self.redact.clean(&error.to_string())
            ))
        })?;
        self.take_chunk(chunk)?;
        Ok(false)
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
            self.waiting.extend(
                reasoning
                    .filter(|text| !text.is_empty())
                    .map(Delta::Reasoning),
            );
            self.waiting
                .extend(content.filter(|text| !text.is_empty()).map(Delta::Text));
            match choice.finish_reason.as_deref() {
                None | Some("") => {}
                Some("error") => {
                    return Err(LlmError::Broken(
                        "it gave \"error\" as the reason".to_owned(),
                    ));
                }
                Some("length" | "max_tokens") => self.finish = Some(Finish::Length),
                Some("content_filter") => self.finish = Some(Finish::ContentFilter),
                Some(_) => self.finish = Some(Finish::Stop),
            }
        }
        if let Some(RawUsage {
            prompt_tokens,
            completion_tokens,
        }) = chunk.usage
        {
            self.usage = Some(Usage {
                prompt_tokens: prompt_tokens.unwrap_or(0),
                completion_tokens: completion_tokens.unwrap_or(0),
            });
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Delta, LlmError> {
        self.over = true;
        match self.finish {
            Some(finish) => Ok(Delta::End {
                finish,
                usage: self.usage,
            }),
            None => Err(LlmError::Broken(
                "it ended without saying that it was complete".to_owned(),
            )),
        }
    }

    fn unreadable(&self, error: SseError) -> LlmError {
        match error {
            SseError::Body(error) => LlmError::Broken(self.redact.clean(&root_cause(&*error))),
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
