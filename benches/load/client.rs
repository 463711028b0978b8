//! A client of askd's protocol, which the bare relay understands as well.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::Mutex,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message, Utf8Bytes, client::IntoClientRequest as _, http::HeaderValue,
        protocol::WebSocketConfig,
    },
};
use uuid::Uuid;

use crate::{clock, direct, stream::Tally};

/// The cookie of this driver at each address: all its sessions are one browser's, who may read and stop what another
/// of them has asked.
static COOKIES: LazyLock<Mutex<HashMap<String, HeaderValue>>> = LazyLock::new(Mutex::default);

/// Signs in, so that all sessions from now on are this user's.
pub async fn sign_in(address: &str, name: &str, password: &str) -> Result<()> {
    let reply = direct::http()?
        .post(format!("http://{address}/api/v1/sign-in"))
        .json(&json!({"name": name, "password": password}))
        .send()
        .await?
        .error_for_status()?;
    let given = reply.headers().get("set-cookie");
    let given = given.context("a sign-in gives a cookie")?.to_str()?;
    let pair = given.split(';').next().unwrap_or_default().parse()?;
    COOKIES.lock().await.insert(address.to_owned(), pair);
    Ok(())
}

/// One WebSocket that has had its `status`.
pub struct Session {
    socket: WebSocketStream<TcpStream>,
    id: String,
}

/// How a reader goes away.
#[derive(Clone, Copy, Debug)]
pub enum Leave {
    /// A tab that is closed: a WebSocket close with code 1001.
    Close,
    /// A process that ends: FIN, without a goodbye.
    Fin,
    /// A network that breaks: RST.
    Reset,
}

/// A frame of the server's, as far as the figures look into it.
#[derive(Deserialize)]
pub struct Frame<'a> {
    /// `chunk`, `complete`, …
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// Of a `chunk`.
    #[serde(borrow, default)]
    pub text: Cow<'a, str>,
    /// Whose it is.
    #[serde(default)]
    pub turn: Option<Uuid>,
    /// The event's number.
    #[serde(default)]
    pub seq: Option<u64>,
    /// Of a `complete`.
    #[serde(borrow, default)]
    pub outcome: Cow<'a, str>,
    /// Of an `error`.
    #[serde(borrow, default)]
    pub code: Cow<'a, str>,
    /// Of an `error`, for people.
    #[serde(borrow, default)]
    pub message: Cow<'a, str>,
    /// Of a `status`.
    #[serde(borrow, default)]
    pub state: Cow<'a, str>,
    /// Of a `status`; the bare relay has none.
    #[serde(borrow, default)]
    session: Cow<'a, str>,
}

impl<'a> Frame<'a> {
    /// Reads what [`Session::receive`] gave.
    pub fn of(text: &'a str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }
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
        // Held until the first session has its cookie; the others wait for it.
        let mut cookies = Some(COOKIES.lock().await);
        if let Some(known) = cookies.take_if(|cookies| cookies.contains_key(address)) {
            request
                .headers_mut()
                .insert("cookie", known[address].clone());
        }
        let config = WebSocketConfig::default().read_buffer_size(buffer);
        let (socket, response) = client_async_with_config(request, stream, Some(config)).await?;
        // Also when there is one for another askd, which had the same port before.
        if let Some(given) = response.headers().get("set-cookie") {
            let pair = given
                .to_str()?
                .split(';')
                .next()
                .unwrap_or_default()
                .parse()?;
            let mut cookies = match cookies {
                Some(cookies) => cookies,
                None => COOKIES.lock().await,
            };
            cookies.insert(address.to_owned(), pair);
        }
        let mut session = Self {
            socket,
            id: String::new(),
        };
        let first = session.receive().await?;
        let first = Frame::of(&first)?;
        ensure!(
            first.kind == "status",
            "the first frame is {:?}",
            first.kind
        );
        session.id = first.session.into_owned();
        Ok(session)
    }

    /// A session with so many bytes of receive buffer: what does not fit waits at the server.
    pub async fn with_window(address: &str, window: u32) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(window)?;
        let stream = socket.connect(address.parse()?).await?;
        Self::over(stream, address, 4096).await
    }

    /// What the server calls it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends a question under an id that it returns.
    pub async fn ask(&mut self, question: &str) -> Result<Uuid> {
        let turn = Uuid::now_v7();
        self.ask_as(turn, question).await?;
        Ok(turn)
    }

    /// Sends a question under this id.
    pub async fn ask_as(&mut self, turn: Uuid, question: &str) -> Result<()> {
        self.send(json!({"type": "question", "turn": turn, "text": question}))
            .await
    }

    /// Sends a question to the endpoint of this name.
    pub async fn ask_of(&mut self, endpoint: &str, question: &str) -> Result<Uuid> {
        let turn = Uuid::now_v7();
        let message =
            json!({"type": "question", "turn": turn, "text": question, "endpoint": endpoint});
        self.send(message).await?;
        Ok(turn)
    }

    /// Follows a turn from behind this event.
    pub async fn resume(&mut self, turn: Uuid, after: u64) -> Result<()> {
        self.send(json!({"type": "resume", "turn": turn, "after": after}))
            .await
    }

    /// Reads on up to a frame of this kind; what comes before is passed over.
    pub async fn until(&mut self, kind: &str) -> Result<()> {
        loop {
            let frame = self.receive().await?;
            let frame = Frame::of(&frame)?;
            ensure!(
                frame.kind != "error" || kind == "error",
                "an error came: {}",
                frame.message
            );
            if frame.kind == kind {
                return Ok(());
            }
        }
    }

    /// How many frames were still on their way: the ones before the answer to what is sent now.
    pub async fn late(&mut self) -> Result<usize> {
        self.cancel(Uuid::now_v7()).await?;
        for late in 0.. {
            let frame = self.receive().await?;
            if Frame::of(&frame)?.code == "unknown_turn" {
                return Ok(late);
            }
        }
        unreachable!("the loop has no end of its own")
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
            let frame = Frame::of(&frame)?;
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

    /// Reads so many chunks of an answer that does not end.
    pub async fn read(&mut self, chunks: usize) -> Result<()> {
        let mut tally = Tally::default();
        while tally.complete(chunks).is_err() {
            let frame = self.receive().await?;
            let frame = Frame::of(&frame)?;
            ensure!(frame.kind != "complete", "the answer has ended");
            tally.take(&frame.text)?;
        }
        Ok(())
    }

    /// Reads on to the turn's end, whatever comes before it; the outcome.
    pub async fn outcome(&mut self, turn: Uuid) -> Result<String> {
        loop {
            let frame = self.receive().await?;
            let frame = Frame::of(&frame)?;
            if frame.kind == "complete" && frame.turn == Some(turn) {
                return Ok(frame.outcome.into_owned());
            }
        }
    }

    /// Takes part in the closing handshake that the server has begun.
    pub async fn hang_up(mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Asks and reads the whole answer.
    pub async fn answer(&mut self, question: &str) -> Result<Tally> {
        let turn = self.ask(question).await?;
        self.finish(turn, "stop").await
    }

    /// Goes away; the moment just before.
    pub async fn leave(mut self, way: Leave) -> Result<u64> {
        use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
        let left = clock::now_ns();
        match way {
            Leave::Close => {
                let goodbye = CloseFrame {
                    code: CloseCode::Away,
                    reason: Utf8Bytes::default(),
                };
                self.socket.close(Some(goodbye)).await?;
            }
            Leave::Fin => {}
            Leave::Reset => {
                // Lingering for no time makes the kernel send RST instead of FIN.
                socket2::SockRef::from(self.socket.get_ref()).set_linger(Some(Duration::ZERO))?;
            }
        }
        Ok(left)
    }

    async fn send(&mut self, message: serde_json::Value) -> Result<()> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    /// The next message.
    pub async fn receive(&mut self) -> Result<Utf8Bytes> {
        match self.receive_or_close().await? {
            Ok(text) => Ok(text),
            Err(code) => bail!("the server closed the session with {code}"),
        }
    }

    /// The next message, or the code that the server closes with.
    pub async fn receive_or_close(&mut self) -> Result<Result<Utf8Bytes, u16>> {
        loop {
            let frame = self.socket.next().await;
            match frame.context("the server ended the session")?? {
                Message::Text(text) => return Ok(Ok(text)),
                Message::Close(frame) => {
                    return Ok(Err(frame.map_or(1005, |frame| frame.code.into())));
                }
                _ => {}
            }
        }
    }
}
