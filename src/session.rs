//! One browser's connection: **the loop**, over receive, outbound and shutdown.
//!
//! This is the only code that ever receives from or sends to the socket, and the loop ends by value at the
//! first end or error. What could be called again after a disconnect is gone with it.

mod meter;
pub mod outbound;
mod reason;
pub mod registry;
mod seats;
mod sessions;
pub mod state;
pub mod wire;

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt, stream::SplitStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, sink},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

pub use self::{
    meter::{Meter, Metered},
    reason::Reason,
    seats::Seat,
    sessions::Sessions,
};
use self::{
    outbound::{Drove, Outbound},
    state::{Action, State},
    wire::{ServerMessage, Status, close},
};
use crate::{
    answer::{ErrorCode, Fault},
    auth::Pass,
    config,
    id::{Client, OwnerId, SessionId},
    refusal::{Limit, Measure, Scope},
    shutdown::Shutdown,
};

/// How long a closing handshake may take.
const CLOSING: Duration = Duration::from_secs(1);
/// How long a reader may take for the last of its answer once the server halts, and for the closing handshake
/// then; both together are less than what the shutdown keeps in reserve.
const HALTING: Duration = Duration::from_millis(500);
/// When a client should come back after a restart.
const RECONNECT_AFTER: Duration = Duration::from_millis(500);
/// Bytes that may wait in the socket's buffer: a batch, escaped, and the answers to pings.
const WRITE_BUFFER: usize = 256 << 10;
/// Bytes that JSON may make of one: a control character's `\u0000`.
const MOST_ESCAPED: usize = 6;
/// Heartbeats without a sign of life after which a client is gone.
const SILENT_BEATS: u32 = 2;

/// Who a session's client is.
pub struct Who {
    /// Whose conversations it may see.
    pub owner: OwnerId,
    /// From where it comes, if that is known.
    pub client: Option<Client>,
    /// Their name, where people sign in.
    pub user: Option<Arc<str>>,
    /// How long it may stay.
    pub pass: Pass,
    /// For the log.
    pub peer: Arc<str>,
    /// What comes of it.
    pub meter: Meter,
}

/// Where the server is on its way down, as this session has heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Up,
    Draining,
    Halting(Instant),
}

struct Session<'a, S> {
    all: &'a Sessions,
    /// As it was when the session began.
    config: Arc<config::Session>,
    owner: OwnerId,
    client: Option<Client>,
    pass: Pass,
    meter: Meter,
    state: State,
    outbound: Outbound<S>,
    phase: Phase,
    /// Whether the client knows of the drain.
    told: bool,
    /// When the client last gave a sign of life.
    heard: Instant,
    /// When it was first asked for one since; before that, silence proves nothing.
    asked: Option<Instant>,
    /// When it is to be asked again.
    ping_at: Instant,
    active: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn serve(
        &mut self,
        id: SessionId,
        inbound: &mut SplitStream<WebSocketStream<S>>,
    ) -> Reason {
        self.outbound.reply(&self.all.status(id, &self.config));
        self.run(inbound).await
    }

    /// The loop. Its arms are looked at in a random order: with a fixed one, a client that floods would keep its
    /// own answer, the heartbeat and the deadline of the write waiting, or a flood of text would a cancel.
    async fn run(&mut self, inbound: &mut SplitStream<WebSocketStream<S>>) -> Reason {
        let shutdown = &self.all.shutdown;
        let pass = self.pass.clone();
        let mut phase = pin!(next_phase(self.phase, shutdown, &pass));
        loop {
            let step = tokio::select! {
                // Kept over the rounds: waiting on a token anew takes a lock that all sessions share.
                next = phase.as_mut() => {
                    let step = match next {
                        Next::Down => self.descend(),
                        Next::SignedOut => Err(Reason::SignedOut),
                    };
                    phase.set(next_phase(self.phase, shutdown, &pass));
                    step
                }
                // `next` takes a frame off the socket only as it returns it. A client that asks faster than it
                // reads waits, and if it reads nothing at all, `send_timeout` ends it.
                frame = inbound.next(), if !self.outbound.is_full() => self.receive(frame),
                // What was begun to be written is kept in `outbound`, not in the future that is dropped here.
                drove = self.outbound.drive(self.is_last()) => drove.and_then(|drove| self.pace(drove)),
            };
            if let Err(reason) = step {
                return reason;
            }
        }
    }

    /// The server goes one step further down.
    fn descend(&mut self) -> Result<(), Reason> {
        match self.phase {
            Phase::Up => {
                self.phase = Phase::Draining;
                self.tell_draining();
                Ok(())
            }
            Phase::Draining => {
                self.phase = Phase::Halting(Instant::now() + HALTING);
                Ok(())
            }
            Phase::Halting(_) => Err(Reason::Restart),
        }
    }

    fn tell_draining(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            let reconnect_after_ms = RECONNECT_AFTER.as_millis() as u64;
            let draining = ServerMessage::Status(Status::Draining { reconnect_after_ms });
            self.outbound.announce(&draining);
        }
    }

    /// Whether the session ends when all is written: at the halt, and before it unless a successor waits. Until that
    /// one is there the client is better off here.
    fn is_last(&self) -> bool {
        match self.phase {
            Phase::Up => false,
            Phase::Draining => !self.all.shutdown.has_successor(),
            Phase::Halting(_) => true,
        }
    }

    fn receive(&mut self, frame: Option<Result<Message, SocketError>>) -> Result<(), Reason> {
        self.heard = Instant::now();
        self.asked = None;
        self.meter.begin();
        match frame {
            None => Err(Reason::Lost),
            Some(Err(error)) => Err(Reason::of(&error)),
            Some(Ok(Message::Close(frame))) => match frame.map(|frame| u16::from(frame.code)) {
                Some(close::GOODBYE) => Err(Reason::Goodbye),
                _ => Err(Reason::Left),
            },
            Some(Ok(Message::Text(text))) => {
                let heard = self.hear(&text);
                self.settle(heard)
            }
            Some(Ok(Message::Binary(_))) => {
                let message =
                    "Binary frames are not understood here; send one JSON object as text.";
                self.settle(Err(Fault::new(ErrorCode::BadFrame, message)))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
        }
    }

    fn hear(&mut self, text: &str) -> Result<(), Fault> {
        let now = Instant::now();
        self.active = now;
        if self.all.shutdown.is_draining() {
            // Before a question is refused for it, so that the page knows to keep that one.
            self.tell_draining();
        }
        let (desk, owner) = (&self.all.desk, self.owner);
        let opening = match self.state.decide(text, self.outbound.running(), now)? {
            Action::Ask(ask) => Some(desk.start(ask)),
            Action::Resume(turn, after) => Some(desk.follow(owner, turn, after)),
            Action::Cancel(turn) => desk.cancel(owner, turn),
        };
        if let Some(opening) = opening {
            self.outbound.open(opening);
        }
        Ok(())
    }

    /// Says what is wrong with a message, if anything is, unless that is so of too many.
    fn settle(&mut self, heard: Result<(), Fault>) -> Result<(), Reason> {
        if !self.state.bears(heard.as_ref().err()) {
            return Err(Reason::Faulty);
        }
        if let Err(fault) = heard {
            self.refuse(fault);
        }
        Ok(())
    }

    fn refuse(&mut self, fault: Fault) {
        if fault.code == ErrorCode::RateLimited {
            let (scope, measure) = (Scope::Session, Measure::Questions);
            let refusals = self.all.desk.quotas().refusals();
            refusals.note(Limit { scope, measure }, self.client);
        }
        self.outbound.reply(&ServerMessage::error(fault, None));
    }

    /// A heartbeat is due, or there is room for the client's next message, or all has been written.
    fn pace(&mut self, drove: Drove) -> Result<(), Reason> {
        match drove {
            Drove::Beat => {}
            Drove::Room => return Ok(()),
            Drove::Empty => return Err(Reason::Restart),
        }
        let (now, heartbeat) = (Instant::now(), self.config.heartbeat);
        let heard = self.heard + SILENT_BEATS * heartbeat;
        let gone_at = |asked: Instant| heard.max(asked + heartbeat);
        if self
            .asked
            .map(gone_at)
            .is_some_and(|gone_at| now >= gone_at)
        {
            return Err(Reason::Silent);
        }
        if self.outbound.running().is_some() {
            self.active = now;
        }
        if now - self.active >= self.config.idle_timeout {
            return Err(Reason::Idle);
        }
        if now >= self.ping_at {
            self.outbound.ping();
            self.asked.get_or_insert(now);
            self.ping_at = now + heartbeat;
        }
        let gone_at = self.asked.map_or(self.ping_at, gone_at);
        self.outbound.beat_at(gone_at.min(self.ping_at));
        Ok(())
    }

    /// The closing handshake: says why, or answers the client's close, and waits a moment for the other side.
    async fn close(self, reason: Reason, inbound: SplitStream<WebSocketStream<S>>) {
        if matches!(reason, Reason::Lost | Reason::Silent) {
            return;
        }
        let Ok(mut socket) = self.outbound.into_sink().reunite(inbound) else {
            return;
        };
        let handshake = async {
            if let Some((code, words)) = reason.close() {
                let frame = CloseFrame {
                    code: CloseCode::from(code),
                    reason: words.into(),
                };
                socket.send(Message::Close(Some(frame))).await?;
            }
            while let Some(Ok(_)) = socket.next().await {}
            if matches!(
                reason,
                Reason::BadFrame(_) | Reason::Faulty | Reason::TooSlow
            ) {
                // What is still coming is thrown away: to close upon it would reset the connection, and a reset
                // can reach the client before the close that says why.
                let io = socket.get_mut();
                io.shutdown().await?;
                copy(io, &mut sink()).await?;
            }
            Ok::<_, SocketError>(())
        };
        let patience = match self.phase {
            Phase::Up | Phase::Draining => CLOSING,
            Phase::Halting(_) => HALTING,
        };
        // Whether the other side takes part is its own affair.
        let _ = timeout(patience, handshake).await;
    }
}

/// Waits until the server goes one step further down. Cancel safe.
/// What happens to a session without its client's doing.
enum Next {
    /// The server goes one step further down.
    Down,
    /// Its sign-in has ended.
    SignedOut,
}

async fn next_phase(phase: Phase, shutdown: &Shutdown, pass: &Pass) -> Next {
    let down = async {
        match phase {
            Phase::Up => shutdown.draining().await,
            Phase::Draining => shutdown.halted().await,
            Phase::Halting(until) => sleep_until(until).await,
        }
    };
    tokio::select! {
        () = down => Next::Down,
        () = pass.ended() => Next::SignedOut,
    }
}
