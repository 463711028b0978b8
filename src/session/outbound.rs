//! What goes out of a session: replies first, then what lies behind its cursors, written one batch at a time.
//!
//! The write is a state of this struct, not of a future: [`Outbound::drive`] can be dropped at any point and
//! called again, and nothing is lost or sent twice. So the session's loop hears its client and the shutdown
//! also while a slow reader is being written to.

use std::{collections::VecDeque, future::poll_fn, pin::Pin, time::Duration};

use futures_util::{FutureExt, SinkExt, stream::SplitSink};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Message},
};

use super::{Reason, wire::ServerMessage};
use crate::{
    id::TurnId,
    turn::{desk::Follower, log::News},
};

/// Bytes of text that one write carries; what is waiting behind it is joined into the next.
const BATCH: usize = 16 << 10;
/// Replies that may wait for a reader before the next message is taken from it.
const MAX_REPLIES: usize = 32;
/// Turns followed at once, the running one and finished ones that are being read again, before likewise.
const MAX_FOLLOWS: usize = 16;

/// Why [`Outbound::drive`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drove {
    /// A heartbeat is due.
    Beat,
    /// It is no longer full: the client may be heard again.
    Room,
    /// Everything has been written, and nothing is followed.
    Empty,
}

/// The writing half of a session.
pub struct Outbound<S> {
    sink: SplitSink<WebSocketStream<S>, Message>,
    replies: VecDeque<Message>,
    follows: VecDeque<Follower>,
    /// When the client must have taken what was given to the sink; `None`: it has.
    due: Option<Instant>,
    send_timeout: Duration,
    /// Rings when the session wants to look at its client's liveness.
    beat: Pin<Box<Sleep>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Outbound<S> {
    /// Writes to `sink`.
    pub fn new(
        sink: SplitSink<WebSocketStream<S>, Message>,
        heartbeat: Duration,
        send_timeout: Duration,
    ) -> Self {
        Self {
            sink,
            replies: VecDeque::new(),
            follows: VecDeque::new(),
            due: None,
            send_timeout,
            beat: Box::pin(sleep(heartbeat)),
        }
    }

    /// When [`Drove::Beat`] comes next.
    pub fn beat_at(&mut self, at: Instant) {
        self.beat.as_mut().reset(at);
    }

    /// Puts a message in line.
    pub fn reply(&mut self, message: &ServerMessage) {
        self.replies.push_back(Message::text(message.encode()));
    }

    /// Puts a ping in line.
    pub fn ping(&mut self) {
        self.replies.push_back(Message::Ping(Bytes::new()));
    }

    /// Follows a turn, from where its cursor stands; a cursor on the same turn is replaced.
    pub fn follow(&mut self, follower: Follower) {
        self.reply(&ServerMessage::accepted(&follower));
        self.follows
            .retain(|followed| followed.turn != follower.turn);
        self.follows.push_back(follower);
    }

    /// Whether so much is waiting that the client must take some of it before it is heard again. Nothing else
    /// bounds what waits: each message of the client's adds one reply and one turn at the most, and the server's
    /// own are few.
    pub fn is_full(&self) -> bool {
        self.replies.len() >= MAX_REPLIES || self.follows.len() >= MAX_FOLLOWS
    }

    /// The running turn that is followed.
    pub fn running(&self) -> Option<TurnId> {
        self.follows
            .iter()
            .find(|follower| !follower.cursor.has_ended())
            .map(|follower| follower.turn)
    }

    /// Whether nothing is waiting, being written or followed.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.follows.is_empty() && self.due.is_none()
    }

    /// Lets go of the turns; `goodbye`: for good.
    pub fn leave(&mut self, goodbye: bool) {
        for follower in self.follows.drain(..) {
            if goodbye {
                follower.goodbye();
            }
        }
    }

    /// Writes what there is, until a heartbeat is due, or it is full no longer, or (`to_empty`) there is nothing
    /// left to write or follow. Cancel safe.
    pub async fn drive(&mut self, to_empty: bool) -> Result<Drove, Reason> {
        let was_full = self.is_full();
        loop {
            if let Some(due) = self.due {
                tokio::select! {
                    biased;
                    flushed = timeout_at(due, self.sink.flush()) => {
                        flushed.map_err(|_| Reason::TooSlow)?.map_err(|_| Reason::Lost)?;
                        self.due = None;
                    }
                    // A client may have gone without a word while it was being written to.
                    () = self.beat.as_mut() => return Ok(Drove::Beat),
                }
            }
            let fed = self.feed()?;
            if was_full && !self.is_full() {
                return Ok(Drove::Room);
            }
            if fed {
                continue;
            }
            if to_empty && self.is_empty() {
                return Ok(Drove::Empty);
            }
            let news = async {
                match self.follows.front_mut() {
                    Some(follower) => follower.cursor.changed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = news => {}
                () = self.beat.as_mut() => return Ok(Drove::Beat),
            }
        }
    }

    /// Gives the sink one batch of what is waiting; `false`: nothing was.
    fn feed(&mut self) -> Result<bool, Reason> {
        let mut fed = 0;
        while fed < BATCH {
            // Nothing is taken from a cursor before the sink has room for it. Waiting for that room is not done
            // here but in the flush, under its deadline.
            match poll_fn(|cx| self.sink.poll_ready_unpin(cx)).now_or_never() {
                Some(ready) => ready.map_err(|_| Reason::Lost)?,
                None => break,
            }
            let Some(message) = self.next_message() else {
                break;
            };
            fed += message.len().max(1);
            self.sink
                .start_send_unpin(message)
                .map_err(|_| Reason::Lost)?;
            self.due
                .get_or_insert_with(|| Instant::now() + self.send_timeout);
        }
        Ok(fed > 0)
    }

    fn next_message(&mut self) -> Option<Message> {
        if let Some(reply) = self.replies.pop_front() {
            return Some(reply);
        }
        loop {
            let follower = self.follows.front_mut()?;
            let turn = follower.turn;
            match follower.cursor.next(BATCH) {
                Some(News::Position(position)) => {
                    return Some(Message::text(
                        ServerMessage::Queued { turn, position }.encode(),
                    ));
                }
                Some(News::Event(seq, event)) => {
                    return Some(Message::text(
                        ServerMessage::event(turn, seq, event).encode(),
                    ));
                }
                None if follower.cursor.is_done() => drop(self.follows.pop_front()),
                None => return None,
            }
        }
    }

    /// The sink, for the closing handshake.
    pub fn into_sink(self) -> SplitSink<WebSocketStream<S>, Message> {
        self.sink
    }
}
