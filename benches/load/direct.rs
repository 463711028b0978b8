//! The direct way: a client that asks the endpoint itself. What it measures is the floor for everybody else.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde_json::json;
use sse_stream::SseStream;

use crate::stream::{Tally, text_of};

/// The HTTP client of the direct way and of the bare relay.
pub fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .tcp_nodelay(true)
        .no_proxy()
        .build()?)
}

/// Posts a question; the answer's bytes as they come.
pub async fn post(
    http: &reqwest::Client,
    base_url: &str,
    question: &str,
) -> Result<impl Stream<Item = reqwest::Result<Bytes>> + Unpin + use<>> {
    let body = json!({"model": "fake", "stream": true, "messages": [{"role": "user", "content": question}]});
    let response = http
        .post(format!("{base_url}/chat/completions"))
        .json(&body)
        .send()
        .await?;
    Ok(response.error_for_status()?.bytes_stream())
}

/// Asks and reads the whole answer.
pub async fn ask(http: &reqwest::Client, base_url: &str, question: &str) -> Result<Tally> {
    let mut events = SseStream::from_bytes_stream(post(http, base_url, question).await?);
    let mut tally = Tally::default();
    while let Some(event) = events.next().await {
        let data = event
            .context("the endpoint's stream broke")?
            .data
            .unwrap_or_default();
        if let Some(text) = text_of(&data)? {
            tally.take(&text)?;
        }
    }
    Ok(tally)
}
