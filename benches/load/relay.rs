//! The yardstick: the least that can stand between a WebSocket and an endpoint, done right, and nothing else.
//!
//! A question comes in, a request goes out, each delta becomes one text frame. No log of the answer, no turns,
//! no resume, no limits. It has the small read buffer, TCP_NODELAY, one flush per wake-up, and it hears its client
//! leave while the endpoint is silent.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use hyper::{
    Request, Response, StatusCode, body::Incoming, header, server::conn::http1,
    service::service_fn, upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sse_stream::SseStream;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{direct, stream::text_of};

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Serves for ever, in front of this endpoint.
pub async fn run(base_url: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let http = direct::http()?;
    let base_url: Arc<str> = base_url.into();
    let mut sessions = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (http, base_url) = (http.clone(), Arc::clone(&base_url));
        sessions.spawn(async move {
            // A client that leaves is the ordinary end of a session.
            let _ = serve(stream, &http, &base_url).await;
        });
        while sessions.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, http: &reqwest::Client, base_url: &str) -> Result<()> {
    let upgrade = Mutex::new(None);
    let service = service_fn(|request| std::future::ready(answer(request, &upgrade)));
    http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await?;
    let upgrade = upgrade.into_inner().unwrap_or_else(PoisonError::into_inner);
    let upgraded = upgrade.context("no upgrade was asked for")?.await?;
    let config = WebSocketConfig::default().read_buffer_size(2048);
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    socket
        .send(Message::text(r#"{"type":"status","state":"ready"}"#))
        .await?;
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            relay(&mut socket, http, base_url, &text).await?;
        }
    }
    Ok(())
}

fn answer(
    mut request: Request<Incoming>,
    upgrade: &Mutex<Option<OnUpgrade>>,
) -> Result<Response<String>> {
    let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) else {
        return Ok(Response::new(String::new()));
    };
    let accept = derive_accept_key(key.as_bytes());
    *upgrade.lock().unwrap_or_else(PoisonError::into_inner) =
        Some(hyper::upgrade::on(&mut request));
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response.body(String::new())?)
}

/// Streams one answer.
async fn relay(
    socket: &mut Socket,
    http: &reqwest::Client,
    base_url: &str,
    question: &str,
) -> Result<()> {
    let question: Value = serde_json::from_str(question)?;
    let text = question["text"].as_str().context("a question has a text")?;
    let response = tokio::select! {
        response = direct::post(http, base_url, text) => response?,
        _ = socket.next() => return Ok(()),
    };
    let mut events = SseStream::from_bytes_stream(response);
    loop {
        let mut event = tokio::select! {
            event = events.next() => event,
            _ = socket.next() => return Ok(()),
        };
        // All that has come goes out with one flush.
        loop {
            let Some(next) = event else {
                socket
                    .send(Message::text(
                        json!({"type": "complete", "outcome": "stop"}).to_string(),
                    ))
                    .await?;
                return Ok(());
            };
            let data = next?.data.unwrap_or_default();
            if let Some(text) = text_of(&data)? {
                socket
                    .feed(Message::text(
                        json!({"type": "chunk", "text": text}).to_string(),
                    ))
                    .await?;
            }
            match events.next().now_or_never() {
                Some(further) => event = further,
                None => break,
            }
        }
        socket.flush().await?;
    }
}
