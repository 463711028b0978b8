//! The OpenAI-compatible chat endpoint over HTTP: `POST …/chat/completions` with `stream: true`.
//!
//! The response is checked (status, content type) before it is read as a stream. Nothing that comes from the
//! endpoint reaches a reader or the log before the secrets have been taken out of it.

mod decode;
pub(super) mod redact;
mod think;

use std::{
    error::Error as StdError,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use reqwest::{
    Client, Response, StatusCode,
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
    },
};
use serde_json::{Map, Value, json};
use url::Url;

use self::{decode::Answering, redact::Redact};
use super::{ChatModel, ChatRequest, DeltaStream, LlmError, Stage};
use crate::config::{Endpoint, Secret};

/// Bytes of an error's body that are read, and how long that may take.
const MAX_ERROR_BODY: usize = 8 << 10;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest `Retry-After` that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Idle connections to an endpoint that are kept for the next answer.
const IDLE_CONNECTIONS: usize = 8;

/// One endpoint.
pub struct OpenAi {
    client: Client,
    url: Url,
    headers: HeaderMap,
    extra_body: Map<String, Value>,
    usage: bool,
    connect_timeout: Duration,
    redact: Arc<Redact>,
}

/// Why an endpoint cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A header's name or value cannot be sent.
    #[error(
        "the header {0:?} cannot be sent; names are letters, digits and dashes, values have no line breaks"
    )]
    Header(String),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// Chooses the process's TLS code: ring, which needs no C compiler's extras to build and starts at once.
fn install_crypto() {
    // Refused when it has been chosen already, which is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An HTTP client that connects within so much time and follows nobody elsewhere.
pub(super) fn client(connect_timeout: Duration) -> Result<Client, SetupError> {
    install_crypto();
    let client = Client::builder()
        .connect_timeout(connect_timeout)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("askd/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

/// A path behind a base address, whose query string stays behind it.
pub(super) fn url(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

impl OpenAi {
    /// Makes the client; nothing is connected yet.
    pub fn new(endpoint: &Endpoint) -> Result<Self, SetupError> {
        let key = endpoint.api_key.as_ref();
        let key_header = endpoint.api_key_header.as_deref();
        Ok(Self {
            client: client(endpoint.connect_timeout)?,
            headers: headers("text/event-stream", key, key_header, &endpoint.headers)?,
            extra_body: endpoint.extra_body.clone(),
            usage: endpoint.usage,
            connect_timeout: endpoint.connect_timeout,
            redact: Arc::new(Redact::of(endpoint)),
            url: url(&endpoint.base_url, "/chat/completions"),
        })
    }

    fn body(&self, request: &ChatRequest) -> Value {
        let mut body =
            json!({ "model": request.model, "messages": request.messages, "stream": true });
        if let Some(temperature) = request.temperature {
            // Through its shortest decimal: 0.7 as f64 would go out as 0.699999988079071.
            body["temperature"] = temperature
                .to_string()
                .parse::<f64>()
                .map_or(Value::Null, Value::from);
        }
        if let Some(max_tokens) = request.max_tokens {
            body["max_tokens"] = max_tokens.into();
        }
        if self.usage {
            body["stream_options"] = json!({ "include_usage": true });
        }
        for (key, value) in &self.extra_body {
            body[key] = value.clone();
        }
        body
    }
}

impl ChatModel for OpenAi {
    fn chat(&self, request: &ChatRequest) -> BoxFuture<'static, Result<DeltaStream, LlmError>> {
        let post = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .json(&self.body(request));
        let connect_timeout = self.connect_timeout;
        let redact = self.redact.clone();
        async move {
            let response = post
                .send()
                .await
                .map_err(|error| unsent(&error, connect_timeout, &redact))?;
            let response = accepted(response, &redact).await?;
            Ok(Answering::new(response.bytes_stream(), redact)
                .deltas()
                .boxed())
        }
        .boxed()
    }
}

/// What each request carries: the wanted type, the key, the operator's own.
pub(super) fn headers(
    accept: &'static str,
    key: Option<&Secret>,
    key_header: Option<&str>,
    further: &[(String, Secret)],
) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    if let Some(key) = key {
        let (name, value) = match key_header {
            Some(name) => (name, key.clone()),
            None => (
                AUTHORIZATION.as_str(),
                Secret::new(format!("Bearer {}", key.expose())),
            ),
        };
        insert(&mut headers, name, &value)?;
    }
    for (name, value) in further {
        insert(&mut headers, name, value)?;
    }
    Ok(headers)
}

fn insert(headers: &mut HeaderMap, name: &str, value: &Secret) -> Result<(), SetupError> {
    let refused = || SetupError::Header(name.to_owned());
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| refused())?;
    value.set_sensitive(true);
    headers.insert(key, value);
    Ok(())
}

/// Lets through what is a stream of events, and turns everything else into an error with the endpoint's words.
async fn accepted(response: Response, redact: &Redact) -> Result<Response, LlmError> {
    let status = response.status();
    if status.is_success() {
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        // Some servers name no type at all; what they send is read as events, and fails there if it is none.
        if kind.is_empty() || kind.starts_with("text/event-stream") {
            return Ok(response);
        }
        let kind = redact.clean(kind);
        return Err(LlmError::Malformed(format!(
            "its content type is {kind:?} where \"text/event-stream\" belongs"
        )));
    }
    Err(refused(response, redact).await)
}

/// What a response says that is no success.
pub(super) async fn refused(response: Response, redact: &Redact) -> LlmError {
    let status = response.status();
    let wait = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
    let words = words(response, redact).await;
    let status_code = status.as_u16();
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => LlmError::Overloaded {
            status: status_code,
            words,
            retry_after: wait,
        },
        _ if status.is_server_error() => LlmError::Failed {
            status: status_code,
            words,
            retry_after: wait,
        },
        _ => LlmError::Refused {
            status: status_code,
            words,
        },
    }
}

/// `Retry-After`: seconds, also in fractions as some endpoints send them, or a date. Longer waits than
/// [`MAX_RETRY_AFTER`] count as that, so that sums with them stay within what a clock can say.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let wait = match value.trim().parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => httpdate::parse_http_date(value.trim())
            .ok()?
            .duration_since(now)
            .ok(),
    };
    wait.map(|wait| wait.min(MAX_RETRY_AFTER))
}

/// The endpoint's own words about its refusal, from a bounded part of its body.
async fn words(response: Response, redact: &Redact) -> String {
    let status = response.status();
    let html = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    let read = async {
        while let Some(Ok(bytes)) = stream.next().await {
            let bytes: Bytes = bytes;
            body.extend_from_slice(&bytes);
            if body.len() >= MAX_ERROR_BODY {
                break;
            }
        }
    };
    // What has come by then has to do.
    let _ = tokio::time::timeout(ERROR_BODY_TIMEOUT, read).await;
    body.truncate(MAX_ERROR_BODY);
    let said = if html {
        None
    } else {
        decode::error_words(&body)
    };
    said.map_or_else(
        || {
            status
                .canonical_reason()
                .unwrap_or("no reason given")
                .to_owned()
        },
        |said| redact.clean(&said),
    )
}

/// What went wrong before there was a response.
pub(super) fn unsent(
    error: &reqwest::Error,
    connect_timeout: Duration,
    redact: &Redact,
) -> LlmError {
    if error.is_connect() && error.is_timeout() {
        return LlmError::Timeout {
            stage: Stage::Connect,
            limit: connect_timeout,
        };
    }
    let cause = redact.clean(&root_cause(error));
    if error.is_connect() {
        return LlmError::Unreachable(cause);
    }
    // The request may have arrived and been worked on: it is not sent twice.
    LlmError::Unanswered(cause)
}

/// The innermost error's words: reqwest's own name the address, which may hold a key.
pub(super) fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
