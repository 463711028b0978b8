//! The OpenAI-compatible way from texts to vectors: `POST …/embeddings`.
//!
//! What comes back is held against what was asked before anybody computes with it: as many vectors as texts, in their
//! order, all of one length, of numbers that are numbers. They leave here with the length 1.

use std::time::Duration;

use reqwest::{Client, Response, header::HeaderMap};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::{
    LlmError, Stage,
    openai::{self, SetupError, redact::Redact},
    retry::{self, Patience},
};
use crate::config;

/// To an established connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of JSON that one number of a vector takes at the most, with room for indentation, and of the rest of the body.
const NUMBER_BYTES: usize = 64;
const REST_BYTES: usize = 64 << 10;
/// Numbers of a vector at the most.
const MAX_DIMENSIONS: usize = 8192;

/// One server that embeds.
pub struct Embeddings {
    client: Client,
    url: Url,
    headers: HeaderMap,
    model: String,
    dimensions: Option<usize>,
    redact: Redact,
}

/// How long to wait for vectors, and how often to ask for them again.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// All tries together.
    pub within: Duration,
    /// Further tries.
    pub retries: u32,
}

/// The body of an answer, as far as it matters.
#[derive(Deserialize)]
struct Body {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    /// The place of its text; servers that leave it out answer in order.
    index: Option<usize>,
    // Not finite in f32 what is too large for it, and told as that.
    embedding: Vec<f32>,
}

impl Embeddings {
    /// Makes the client; nothing is connected yet.
    pub fn new(config: &config::Embeddings) -> Result<Self, SetupError> {
        let (key, further) = (config.api_key.as_ref(), &*config.headers);
        let key_header = config.api_key_header.as_deref();
        Ok(Self {
            client: openai::client(CONNECT_TIMEOUT)?,
            url: openai::url(&config.base_url, "/embeddings"),
            headers: openai::headers("application/json", key, key_header, further)?,
            model: config.model.clone(),
            dimensions: config.dimensions,
            redact: Redact::new(&config.base_url, key, further),
        })
    }

    /// The vectors of some texts, in their order, each of length 1. Dropped, it closes the request.
    pub async fn embed(&self, texts: &[String], effort: Effort) -> Result<Vec<Vec<f32>>, LlmError> {
        let patience = Patience {
            retries: effort.retries,
            first_chunk: effort.within,
            deadline: Instant::now() + effort.within,
        };
        let tried_again = |error: &LlmError, wait: Duration| {
            let wait_ms = wait.as_millis();
            tracing::debug!(%error, wait_ms, "the embeddings' server will be asked again");
        };
        let asked = retry::patiently(patience, tried_again, || self.ask(texts)).await;
        asked.map_err(|error| match error {
            LlmError::Timeout {
                stage: Stage::FirstChunk,
                limit,
            } => LlmError::Timeout {
                stage: Stage::Total,
                limit,
            },
            error => error,
        })
    }

    async fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        let mut body = json!({ "model": self.model, "input": texts, "encoding_format": "float" });
        if let Some(dimensions) = self.dimensions {
            body["dimensions"] = dimensions.into();
        }
        let post = self.client.post(self.url.clone());
        let sent = post.headers(self.headers.clone()).json(&body).send().await;
        let response =
            sent.map_err(|error| openai::unsent(&error, CONNECT_TIMEOUT, &self.redact))?;
        if !response.status().is_success() {
            return Err(openai::refused(response, &self.redact).await);
        }
        let most = texts.len() * MAX_DIMENSIONS * NUMBER_BYTES + REST_BYTES;
        let body = self.read(response, most).await?;
        let body: Body = serde_json::from_slice(&body).map_err(|error| {
            // Its words may quote what was sent.
            let said = self.redact.clean(&error.to_string());
            LlmError::Malformed(format!("it is no list of embeddings: {said}"))
        })?;
        vectors(body.data, texts.len(), self.dimensions).map_err(LlmError::Malformed)
    }

    async fn read(&self, mut response: Response, most: usize) -> Result<Vec<u8>, LlmError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) if body.len() + bytes.len() > most => {
                    let told = format!("it is longer than {most} bytes");
                    return Err(LlmError::Malformed(told));
                }
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => return Ok(body),
                Err(error) => {
                    let said = self.redact.clean(&openai::root_cause(&error));
                    return Err(LlmError::Broken(said));
                }
            }
        }
    }
}

/// What came, in the order of the texts; or what is wrong with it.
fn vectors(
    items: Vec<Item>,
    wanted: usize,
    dimensions: Option<usize>,
) -> Result<Vec<Vec<f32>>, String> {
    if items.len() != wanted {
        return Err(format!("{} embeddings for {wanted} texts", items.len()));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; wanted];
    let mut length = None;
    for (at, item) in items.into_iter().enumerate() {
        let index = item.index.unwrap_or(at);
        let place = vectors.get_mut(index).filter(|place| place.is_none());
        let place = place.ok_or_else(|| format!("the index {index} is one too many"))?;
        let mut vector = item.embedding;
        if *length.get_or_insert(vector.len()) != vector.len() {
            return Err("embeddings of different lengths".to_owned());
        }
        if vector.len() > MAX_DIMENSIONS {
            return Err(format!("embeddings of more than {MAX_DIMENSIONS} numbers"));
        }
        if let Some(dimensions) = dimensions {
            if vector.len() < dimensions {
                let less = vector.len();
                return Err(format!("embeddings of {less} numbers, not {dimensions}"));
            }
            vector.truncate(dimensions);
        }
        // In f64, or large numbers would have no end together.
        let squares: f64 = vector.iter().map(|one| f64::from(*one).powi(2)).sum();
        if !(squares.is_finite() && squares > 0.0) {
            return Err("an embedding that is no direction".to_owned());
        }
        let length = squares.sqrt();
        vector
            .iter_mut()
            .for_each(|one| *one = (f64::from(*one) / length) as f32);
        *place = Some(vector);
    }
    Ok(vectors.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, wanted: usize, dimensions: Option<usize>) -> Result<Vec<Vec<f32>>, String> {
        let body: Body = serde_json::from_str(json).map_err(|error| error.to_string())?;
        vectors(body.data, wanted, dimensions)
    }

    #[test]
    fn vectors_come_in_the_order_of_their_texts_with_the_length_one() {
        let two = r#"{"object":"list","data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}]}"#;
        assert_eq!(read(two, 2, None).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
        let unnumbered = r#"{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}"#;
        assert_eq!(read(unnumbered, 2, None).unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(
            read(r#"{"data":[{"embedding":[1e30,0,7]}]}"#, 1, Some(2)).unwrap(),
            [[1.0, 0.0]]
        );
    }

    #[test]
    fn what_is_no_answer_to_the_question_is_refused() {
        let rows = [
            (r#"{"data":[{"embedding":[1]}]}"#, "1 embeddings for 2"),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
                "index 0",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":9,"embedding":[1]}]}"#,
                "index 9",
            ),
            (
                r#"{"data":[{"embedding":[1,2]},{"embedding":[1]}]}"#,
                "different lengths",
            ),
            (
                r#"{"data":[{"embedding":[0,0]},{"embedding":[1,0]}]}"#,
                "no direction",
            ),
            (r#"{"data":[{"embedding":[1e39]},{"embedding":[1]}]}"#, ""),
            (
                r#"{"data":[{"embedding":[]},{"embedding":[]}]}"#,
                "no direction",
            ),
            (r#"{"data":[{"embedding":[NaN]},{"embedding":[1]}]}"#, ""),
            (r#"{"data":[{"embedding":[null]},{"embedding":[1]}]}"#, ""),
            (r#"{"data":[{"embedding":"AACAPw=="}]}"#, ""),
            (r#"{"error":{"message":"no"}}"#, "data"),
        ];
        for (json, told) in rows {
            let error = read(json, 2, None).unwrap_err();
            assert!(error.contains(told), "{json}: {error}");
        }
        assert!(read(r#"{"data":[{"embedding":[1]}]}"#, 1, Some(2)).is_err());
        assert_eq!(rows.len(), 11);
    }
}
