//! What goes out of a session: replies first, then what lies behind its cursors, written one batch at a time.
//!
//! Replies go out in the order of what they reply to. One that waits for the store holds up those behind it, but
//! neither the turns that are followed already nor what the server has to say by itself.
//!
//! The write is a state of this struct, not of a future: [`Outbound::drive`] can be dropped at any point and
//! called again, and nothing is lost or sent twice. So the session's loop hears its client and the shutdown
//! also while a slow reader is being written to.

use std::{
    collections::VecDeque,
    future::{pending, poll_fn},
    pin::Pin,
    time::Duration,
};

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
    answer::Fault,
    id::TurnId,
    turn::{
        desk::{Follower, Opening},
        log::News,
    },
};

/// Bytes of text that one write carries; what is waiting behind it is joined into the next.
const BATCH: usize = 16 << 10;
/// Replies that may wait for a reader, or for the store, before the next message is taken from the client.
const MAX_REPLIES: usize = 32;
/// Turns followed at once, the running one and finished ones that are being read again; each of these is held whole.
/// Further ones are not looked up before one of them has been read.
const MAX_FOLLOWS: usize = 4;

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

/// What a client's message is replied with.
enum Reply {
    Message(Message),
    /// What it is has to be waited for.
    Opening(Box<Opening>),
}

/// The writing half of a session.
pub struct Outbound<S> {
    sink: SplitSink<WebSocketStream<S>, Message>,
    replies: VecDeque<Reply>,
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

    /// Replies to a message of the client's.
    pub fn reply(&mut self, message: &ServerMessage) {
        self.replies.push_back(Reply::Message(text(message)));
    }

    /// Replies with what comes of the opening: that a turn is followed, or why not.
    pub fn open(&mut self, opening: Opening) {
        self.replies.push_back(Reply::Opening(Box::new(opening)));
    }

    /// Says something that is no reply.
    pub fn announce(&mut self, message: &ServerMessage) {
        self.ahead(text(message));
    }

    /// Pings.
    pub fn ping(&mut self) {
        self.ahead(Message::Ping(Bytes::new()));
    }

    /// Puts a message before the first reply that has to be waited for.
    fn ahead(&mut self, message: Message) {
        let waits = |reply: &Reply| matches!(reply, Reply::Opening(_));
        let at = self.replies.iter().position(waits);
        self.replies
            .insert(at.unwrap_or(self.replies.len()), Reply::Message(message));
    }

    /// Follows what an opening has come to, and gives the reply. A cursor on the same turn is replaced.
    fn opened(&mut self, opened: Result<Option<Follower>, Fault>) -> Option<Message> {
        match opened {
            Ok(Some(follower)) => {
                let accepted = text(&ServerMessage::accepted(&follower));
                self.follows
                    .retain(|followed| followed.turn != follower.turn);
                self.follows.push_back(follower);
                Some(accepted)
            }
            Ok(None) => None,
            Err(fault) => Some(text(&ServerMessage::error(fault, None))),
        }
    }

    /// Whether so much is waiting that the client must take some of it before it is heard again. Nothing else
    /// bounds what waits: each message of the client's adds one reply at the most, and the server's own are few.
    pub fn is_full(&self) -> bool {
        self.replies.len() >= MAX_REPLIES
    }

    /// The running turn that is followed, or will be.
    pub fn running(&self) -> Option<TurnId> {
        let follows = self.follows.iter();
        let mut running = follows.filter(|follower| !follower.cursor.has_ended());
        let mut openings = self.replies.iter().filter_map(|reply| match reply {
            Reply::Opening(opening) => opening.running(),
            Reply::Message(_) => None,
        });
        running
            .next()
            .map(|follower| follower.turn)
            .or_else(|| openings.next())
    }

    /// Whether nothing is waiting, being written or followed.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.follows.is_empty() && self.due.is_none()
    }

    /// Lets go of the turns, and of what is still waited for; `goodbye`: for good.
    pub fn leave(&mut self, goodbye: bool) {
        for follower in self.follows.drain(..) {
            if goodbye {
                follower.goodbye();
            }
        }
        for reply in self.replies.drain(..) {
            if let (Reply::Opening(opening), true) = (reply, goodbye) {
                opening.goodbye();
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
            let room = self.follows.len() < MAX_FOLLOWS;
            let opening = async {
                match self.replies.front_mut() {
                    Some(Reply::Opening(opening)) if room => opening.await,
                    _ => pending().await,
                }
            };
            let news = async {
                match self.follows.front_mut() {
                    Some(follower) => follower.cursor.changed().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                opened = opening => {
                    self.replies.pop_front();
                    if let Some(message) = self.opened(opened) {
                        self.replies.push_front(Reply::Message(message));
                    }
                }
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
        if fed > 0 {
            self.write_at_once()?;
        }
        Ok(fed > 0)
    }

    /// Writes what the client has room for now; the rest is waited for in the flush, under its deadline.
    fn write_at_once(&mut self) -> Result<(), Reason> {
        let flushed = poll_fn(|cx| self.sink.poll_flush_unpin(cx)).now_or_never();
        let at_once = flushed.transpose().map_err(|_| Reason::Lost)?.is_some();
        if at_once {
            self.due = None;
        }
        for follower in &mut self.follows {
            follower.cursor.written(at_once);
        }
        Ok(())
    }

    fn next_message(&mut self) -> Option<Message> {
        while let Some(reply) = self.replies.pop_front() {
            let mut opening = match reply {
                Reply::Message(message) => return Some(message),
                Reply::Opening(opening) => opening,
            };
            let room = self.follows.len() < MAX_FOLLOWS;
            // Polled for what is known already; `drive` waits for what is not.
            let Some(opened) = room.then(|| opening.as_mut().now_or_never()).flatten() else {
                self.replies.push_front(Reply::Opening(opening));
                break;
            };
            if let Some(message) = self.opened(opened) {
                return Some(message);
            }
        }
        loop {
            let follower = self.follows.front_mut()?;
            let turn = follower.turn;
            match follower.cursor.next(BATCH) {
                Some(News::Position(position)) => {
                    return Some(text(&ServerMessage::Queued { turn, position }));
                }
                Some(News::Event(seq, event)) => {
                    return Some(text(&ServerMessage::event(turn, seq, event)));
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

fn text(message: &ServerMessage) -> Message {
    Message::text(message.encode())
}
