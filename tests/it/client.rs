//! A client of the protocol, as a test wants it: every wait has an end, and what comes is JSON.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderValue, header},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use uuid::Uuid;

use crate::harness::{PATIENCE, soon};

/// A browser, as far as the server knows it: by the cookie that it got first. Clones are tabs of the same.
#[derive(Clone, Default)]
pub struct Browser(Arc<Mutex<Option<String>>>);

impl Browser {
    /// One that has this cookie already.
    pub fn with(cookie: &str) -> Self {
        Self(Arc::new(Mutex::new(Some(cookie.to_owned()))))
    }

    /// The cookie, as it is sent.
    pub async fn cookie(&self) -> Option<String> {
        self.0.lock().await.clone()
    }
}

/// One session.
pub struct Client<S = TcpStream> {
    /// The socket, for tests that are rude.
    pub socket: WebSocketStream<S>,
    /// The first frame.
    pub status: Value,
}

/// Everything that a client was told of one turn.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Answer {
    /// The answer's chunks joined.
    pub text: String,
    /// The thinking's chunks joined.
    pub reasoning: String,
    /// Frames of text.
    pub chunks: usize,
    /// The last number.
    pub seq: u64,
    /// The `complete`'s outcome.
    pub outcome: String,
    /// The error's code, if there was one.
    pub code: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// The sources.
    pub sources: Vec<Value>,
    /// The whole `complete`.
    pub complete: Value,
}

impl Client {
    /// Opens a session of this browser's and reads its `status`.
    pub async fn connect(address: SocketAddr, browser: &Browser) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream, address, browser).await
    }

    /// Leaves as a crashed machine does: RST.
    pub fn reset(self) {
        socket2::SockRef::from(self.socket.get_ref())
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// The same over a connection of the test's own.
    pub async fn over(stream: S, address: SocketAddr, browser: &Browser) -> Self {
        Self::at(&format!("ws://{address}/ws"), stream, browser).await
    }

    /// The same at an address of the test's own.
    pub async fn at(url: &str, stream: S, browser: &Browser) -> Self {
        let mut request = url.into_client_request().unwrap();
        // Held until the first session of a browser has its cookie; the others wait for it.
        let mut first = Some(browser.0.lock().await);
        if let Some(known) = first.take_if(|known| known.is_some()) {
            let value = HeaderValue::from_str(known.as_deref().unwrap()).unwrap();
            request.headers_mut().insert(header::COOKIE, value);
        }
        let (socket, response) = client_async(request, stream).await.unwrap();
        assert_eq!(response.status(), 101);
        let given = response.headers().get(header::SET_COOKIE);
        assert_eq!(given.is_some(), first.is_some(), "a browser is known again");
        if let (Some(given), Some(mut cookie)) = (given, first) {
            let pair = given.to_str().unwrap().split(';').next().unwrap();
            *cookie = Some(pair.to_owned());
        }
        let mut client = Self {
            socket,
            status: Value::Null,
        };
        client.status = client.next().await;
        assert_eq!(client.status["type"], "status", "{}", client.status);
        client
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// Asks in a new conversation; gives the turn's id.
    pub async fn ask(&mut self, text: &str) -> Uuid {
        let turn = Uuid::now_v7();
        self.send(json!({ "type": "question", "turn": turn, "text": text }))
            .await;
        turn
    }

    /// Asks, and reads the `accepted`.
    pub async fn ask_accepted(&mut self, text: &str) -> Uuid {
        let turn = self.ask(text).await;
        self.expect("accepted").await;
        turn
    }

    /// Cancels a turn.
    pub async fn cancel(&mut self, turn: Uuid) {
        self.send(json!({ "type": "cancel", "turn": turn })).await;
    }

    /// Follows a turn.
    pub async fn resume(&mut self, turn: Uuid, after: u64) {
        self.send(json!({ "type": "resume", "turn": turn, "after": after }))
            .await;
    }

    /// Waits for the answer to a ping, and so until all that was sent before has been heard.
    pub async fn ping(&mut self) {
        let mark = Uuid::now_v7().as_bytes().to_vec();
        let ping = Message::Ping(mark.clone().into());
        self.socket.send(ping).await.unwrap();
        match self.frame().await {
            Some(Ok(Message::Pong(pong))) => assert_eq!(&pong[..], mark),
            other => panic!("a pong should come, not {other:?}"),
        }
    }

    /// The next frame, whatever it is.
    pub async fn frame(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.socket.next())
            .await
            .expect("a frame comes")
    }

    /// The next message; pings are passed over.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a message should come, not {other:?}"),
            }
        }
    }

    /// Reads on, and so stays alive to the server, until `event` has come; what was read is passed over.
    pub async fn until<T>(&mut self, event: impl Future<Output = T>) -> T {
        let reading = async {
            loop {
                self.next().await;
            }
        };
        tokio::select! {
            biased;
            done = soon("what was read for", event) => done,
            () = reading => unreachable!("reading has no end"),
        }
    }

    /// Checks that nothing is on its way: the next message is the answer to what is sent now.
    pub async fn expect_silence(&mut self) {
        let unknown = Uuid::now_v7();
        self.cancel(unknown).await;
        let error = self.expect("error").await;
        assert_eq!(error["code"], "unknown_turn", "{error}");
    }

    /// The next message, which is of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Reads up to the turn's end.
    pub async fn read(&mut self, turn: Uuid) -> Answer {
        let mut answer = Answer::default();
        while !answer.take(&self.next().await, turn) {}
        answer
    }

    /// The code that the server closes with; messages before it are passed over.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.frame().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("a close should come, not {other:?}"),
            }
        }
    }

    /// Leaves as a closed tab does, with 1001, or with another code.
    pub async fn leave(mut self, code: u16) {
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        };
        self.socket.close(Some(frame)).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

impl Answer {
    /// Takes a message in; `true`: it was the turn's last. What is not in order is a panic.
    pub fn take(&mut self, message: &Value, turn: Uuid) -> bool {
        assert_eq!(message["turn"], turn.to_string(), "{message}");
        if let Some(seq) = message["seq"].as_u64() {
            assert!(seq > self.seq, "numbers rise: {message} after {}", self.seq);
            self.seq = seq;
        }
        assert!(
            self.outcome.is_empty(),
            "nothing comes after the end: {message}"
        );
        match message["type"].as_str().unwrap() {
            "chunk" => {
                let text = message["text"].as_str().unwrap();
                let thinking = message["channel"] == "reasoning";
                if thinking {
                    &mut self.reasoning
                } else {
                    &mut self.text
                }
                .push_str(text);
                self.chunks += 1;
            }
            "error" => {
                self.code = Some(message["code"].as_str().unwrap().to_owned());
                self.message = Some(message["message"].as_str().unwrap().to_owned());
            }
            "sources" => self
                .sources
                .clone_from(message["items"].as_array().unwrap()),
            "complete" => {
                self.outcome = message["outcome"].as_str().unwrap().to_owned();
                self.complete = message.clone();
                return true;
            }
            "accepted" | "queued" => {}
            other => panic!("no message of a turn: {other}"),
        }
        false
    }
}
