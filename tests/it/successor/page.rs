//! A page, as far as a restart concerns it: it keeps what it was told of its answers, connects again with the real
//! page's pauses, and goes on behind what it has.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};
use uuid::Uuid;

use super::drive::PATIENCE;
use std::sync::Arc;

type Socket = WebSocketStream<TcpStream>;

/// The real page's shortest pause, in milliseconds; it doubles with each failure.
const BASE_MS: u64 = 250;

/// How many pages are connected, and how many have an answer running.
#[derive(Default)]
pub struct Board(watch::Sender<(usize, usize)>);

impl Board {
    /// How many are now.
    pub fn here(&self) -> (usize, usize) {
        *self.0.borrow()
    }

    /// Waits for a moment when it is so.
    pub async fn until(&self, so: impl Fn((usize, usize)) -> bool) {
        let mut seen = self.0.subscribe();
        // The sender is the board's own, and so outlives this.
        let _ = seen.wait_for(|here| so(*here)).await;
    }

    fn count(&self, ready: isize, running: isize) {
        self.0.send_modify(|here| {
            here.0 = here.0.saturating_add_signed(ready);
            here.1 = here.1.saturating_add_signed(running);
        });
    }
}

/// What one page has found.
#[derive(Default)]
pub struct Found {
    pub refused: usize,
    pub lost: usize,
    pub doubled: usize,
    pub compared: usize,
    pub interrupted: usize,
    pub away: Vec<Duration>,
}

/// An answer, as the page has it.
#[derive(Default)]
struct Turn {
    id: Uuid,
    question: String,
    accepted: bool,
    text: String,
    seq: u64,
    outcome: Option<String>,
}

impl Turn {
    fn new() -> Self {
        Self {
            id: Uuid::now_v7(),
            question: format!("paced {} 10", fastrand::usize(20..400)),
            ..Self::default()
        }
    }

    /// Asks, or goes on behind what there is.
    fn message(&self) -> Value {
        let id = self.id;
        match self.accepted {
            true => json!({"type": "resume", "turn": id, "after": self.seq}),
            false => json!({"type": "question", "turn": id, "text": self.question}),
        }
    }

    /// Takes what was told of it.
    fn take(&mut self, frame: &Value) -> Result<()> {
        ensure!(self.outcome.is_none(), "{frame} came behind the end");
        if let Some(seq) = frame["seq"].as_u64() {
            ensure!(seq > self.seq, "{frame} came behind {}", self.seq);
            self.seq = seq;
        }
        match frame["type"].as_str().unwrap_or_default() {
            "accepted" => {
                self.accepted = true;
                // The log does not reach as far as what was asked for: all of it follows.
                if frame["after"].as_u64() == Some(0) {
                    (self.seq, self.text) = (0, String::new());
                }
            }
            "chunk" => self.text.push_str(frame["text"].as_str().context("text")?),
            "complete" => self.outcome = frame["outcome"].as_str().map(str::to_owned),
            "queued" | "sources" => {}
            _ => bail!("{frame} came"),
        }
        Ok(())
    }
}

/// Why a connection is over.
enum Over {
    Lost,
    Finished,
}

/// One page.
pub struct Page {
    address: SocketAddr,
    cookie: HeaderValue,
    asks: bool,
    turn: Option<Turn>,
    kept: Vec<Turn>,
    /// The server's word on when to come back.
    restart: Option<Duration>,
    found: Found,
}

impl Page {
    /// One that always has an answer running, or one that only looks on.
    pub fn new(address: SocketAddr, cookie: HeaderValue, asks: bool) -> Self {
        Self {
            address,
            cookie,
            asks,
            turn: None,
            kept: Vec::new(),
            restart: None,
            found: Found::default(),
        }
    }

    /// The cookie by which all pages are one browser's.
    pub async fn introduce(address: SocketAddr) -> Result<HeaderValue> {
        let stream = TcpStream::connect(address).await?;
        let request = format!("ws://{address}/ws").into_client_request()?;
        let (_, response) = client_async(request, stream).await?;
        let given = response.headers().get("set-cookie").context("a cookie")?;
        let pair = given.to_str()?.split(';').next().unwrap_or_default();
        Ok(pair.parse()?)
    }

    /// Lives until it is told to finish; then it compares what it has with what the store has.
    pub async fn run(
        mut self,
        board: Arc<Board>,
        mut finish: watch::Receiver<bool>,
    ) -> Result<Found> {
        let (mut attempt, mut lost) = (0, None);
        loop {
            match timeout(PATIENCE, self.connect()).await? {
                Ok(mut socket) => {
                    self.found.away.extend(lost.map(|at: Instant| at.elapsed()));
                    attempt = 0;
                    board.count(1, 0);
                    let over = self.serve(&mut socket, &board, &mut finish).await;
                    board.count(-1, 0);
                    if let Over::Finished = over? {
                        return Ok(self.found);
                    }
                    lost = Some(Instant::now());
                }
                Err(_) => {
                    self.found.refused += 1;
                    attempt += 1;
                    ensure!(attempt < 20, "the server does not come back");
                }
            }
            let jitter = fastrand::u64(..BASE_MS << attempt.min(6));
            let pause = self.restart.take().unwrap_or_default();
            sleep(pause + Duration::from_millis(jitter)).await;
        }
    }

    async fn connect(&self) -> Result<Socket> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{}/ws", self.address).into_client_request()?;
        request.headers_mut().insert("cookie", self.cookie.clone());
        let (mut socket, _) = client_async(request, stream).await?;
        let first = next(&mut socket).await?.context("a status comes first")?;
        ensure!(first["state"] == "ready", "{first} came first");
        Ok(socket)
    }

    /// One connection, from its beginning to its end.
    async fn serve(
        &mut self,
        socket: &mut Socket,
        board: &Board,
        finish: &mut watch::Receiver<bool>,
    ) -> Result<Over> {
        let mut running = false;
        let over = self.talk(socket, board, finish, &mut running).await;
        if running {
            board.count(0, -1);
        }
        over
    }

    async fn talk(
        &mut self,
        socket: &mut Socket,
        board: &Board,
        finish: &mut watch::Receiver<bool>,
        running: &mut bool,
    ) -> Result<Over> {
        let mut to_say = true;
        loop {
            let finishing = *finish.borrow_and_update();
            if self.turn.is_none() && finishing && self.restart.is_none() {
                self.compare(socket).await?;
                socket.close(None).await?;
                return Ok(Over::Finished);
            }
            if self.turn.is_none() && self.asks && self.restart.is_none() {
                (self.turn, to_say) = (Some(Turn::new()), true);
            }
            if let (Some(turn), true) = (&self.turn, to_say) {
                to_say = false;
                let message = Message::text(turn.message().to_string());
                if socket.send(message).await.is_err() {
                    return Ok(Over::Lost);
                }
            }
            let frame = tokio::select! {
                frame = next(socket) => frame?,
                _ = finish.changed(), if !finishing => continue,
            };
            let Some(frame) = frame else {
                return Ok(Over::Lost);
            };
            if frame["state"] == "draining" {
                self.restart = frame["reconnect_after_ms"]
                    .as_u64()
                    .map(Duration::from_millis);
                continue;
            }
            if frame["code"] == "queue_full" && self.restart.is_some() {
                // Not accepted: it is asked again when the server is back.
                continue;
            }
            let turn = self
                .turn
                .as_mut()
                .with_context(|| format!("{frame} came"))?;
            turn.take(&frame)?;
            let runs = !turn.text.is_empty() && turn.outcome.is_none();
            if runs != std::mem::replace(running, runs) {
                board.count(0, if runs { 1 } else { -1 });
            }
            if turn.outcome.is_some() {
                self.kept.extend(self.turn.take());
            }
        }
    }

    /// Reads each answer again from its beginning, as a page that knows nothing.
    async fn compare(&mut self, socket: &mut Socket) -> Result<()> {
        for turn in std::mem::take(&mut self.kept) {
            let mut stored = Turn {
                id: turn.id,
                accepted: true,
                ..Turn::default()
            };
            let message = Message::text(stored.message().to_string());
            socket.send(message).await?;
            while stored.outcome.is_none() {
                let frame = next(socket).await?.context("the whole answer comes")?;
                stored.take(&frame)?;
            }
            ensure!(
                (stored.seq, &stored.outcome) == (turn.seq, &turn.outcome),
                "{} ended as {:?} at {}, and is kept as {:?} at {}",
                turn.id,
                turn.outcome,
                turn.seq,
                stored.outcome,
                stored.seq
            );
            ensure!(is_in_order(&turn.text), "{} is {:?}", turn.id, turn.text);
            let pairs = turn.text.bytes().zip(stored.text.bytes());
            let same = pairs.take_while(|(ours, theirs)| ours == theirs).count();
            self.found.lost += stored.text.len() - same;
            self.found.doubled += turn.text.len() - same;
            self.found.compared += 1;
            let interrupted = turn.outcome.as_deref() == Some("interrupted");
            self.found.interrupted += usize::from(interrupted);
        }
        Ok(())
    }
}

/// The next message; `None`: the connection is over.
async fn next(socket: &mut Socket) -> Result<Option<Value>> {
    loop {
        match timeout(PATIENCE, socket.next()).await? {
            Some(Ok(Message::Text(text))) => return Ok(Some(serde_json::from_str(&text)?)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(_) | Err(_)) | None => return Ok(None),
        }
    }
}

/// Whether the endpoint's numbered chunks are there from the first on, each once. The last may be a part of one.
fn is_in_order(text: &str) -> bool {
    let whole = text.rfind(';').map_or("", |at| &text[..at]);
    let numbers = whole
        .split_terminator(';')
        .map(|chunk| chunk.split(':').next());
    numbers
        .enumerate()
        .all(|(at, number)| number == Some(&*at.to_string()))
}
