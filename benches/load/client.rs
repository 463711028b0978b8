//! A client of askd's protocol, which the bare relay understands as well.

use std::borrow::Cow;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest as _, protocol::WebSocketConfig},
};
use uuid::Uuid;

use crate::stream::Tally;

/// One WebSocket that has had its `status`.
pub struct Session {
    socket: WebSocketStream<TcpStream>,
}

/// A frame of the server's, as far as the figures look into it.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(default)]
    turn: Option<Uuid>,
    #[serde(borrow, default)]
    outcome: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

impl Session {
    /// Connects to `host:port`.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("{address} does not accept"))?;
        Self::over(stream, address, 16 * 1024).await
    }

    /// A session over a connection of the caller's own, with so many bytes of read buffer.
    pub async fn over(stream: TcpStream, address: &str, buffer: usize) -> Result<Self> {
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        // What a page of askd's own sends.
        request
            .headers_mut()
            .insert("origin", format!("http://{address}").parse()?);
        let config = WebSocketConfig::default().read_buffer_size(buffer);
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let mut session = Self { socket };
        let first = session.receive().await?;
        let first: Frame = serde_json::from_str(&first)?;
        ensure!(
            first.kind == "status",
            "the first frame is {:?}",
            first.kind
        );
        Ok(session)
    }

    /// Sends a question under an id that it returns.
    pub async fn ask(&mut self, question: &str) -> Result<Uuid> {
        let turn = Uuid::now_v7();
        self.send(json!({"type": "question", "turn": turn, "text": question}))
            .await?;
        Ok(turn)
    }

    /// Stops a turn.
    pub async fn cancel(&mut self, turn: Uuid) -> Result<()> {
        self.send(json!({"type": "cancel", "turn": turn})).await
    }

    /// Reads on to the turn's end, which must have this outcome. A chunk of any other turn is an error.
    pub async fn finish(&mut self, turn: Uuid, outcome: &str) -> Result<Tally> {
        let mut tally = Tally::default();
        loop {
            let frame = self.receive().await?;
            let frame: Frame = serde_json::from_str(&frame)?;
            ensure!(
                frame.turn.is_none_or(|of| of == turn),
                "a {} of another turn came",
                frame.kind
            );
            match &*frame.kind {
                "chunk" => tally.take(&frame.text)?,
                "complete" if frame.outcome == outcome => return Ok(tally),
                "complete" => bail!("the outcome is {:?} and not {outcome:?}", frame.outcome),
                "error" => bail!("an error came: {}", frame.message),
                _ => {}
            }
        }
    }

    /// Asks and reads the whole answer.
    pub async fn answer(&mut self, question: &str) -> Result<Tally> {
        let turn = self.ask(question).await?;
        self.finish(turn, "stop").await
    }

    /// The connection, without a goodbye.
    pub fn into_stream(self) -> TcpStream {
        self.socket.into_inner()
    }

    /// Says goodbye as a browser does that is closed (1001), and leaves.
    pub async fn leave(mut self) -> Result<()> {
        use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
        let goodbye = CloseFrame {
            code: CloseCode::Away,
            reason: Utf8Bytes::default(),
        };
        Ok(self.socket.close(Some(goodbye)).await?)
    }

    async fn send(&mut self, message: serde_json::Value) -> Result<()> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    async fn receive(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self
                .socket
                .next()
                .await
                .context("the server ended the session")??
            {
                Message::Text(text) => return Ok(text),
                Message::Close(frame) => bail!("the server closed the session: {frame:?}"),
                _ => {}
            }
        }
    }
}
