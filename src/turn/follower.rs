//! Following a turn: the hold that says somebody reads it, and the opening that waits until it can be read.
//!
//! Nothing of this waits inside a session's loop. An [`Opening`] is a future that the session polls beside its other
//! arms; to drop it is to have never asked.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{Stop, Wanted, desk::Live, log::Cursor};
use crate::{
    answer::Fault,
    id::{Seq, TurnId},
    store::Place,
};

/// A reader's say in whether a running turn goes on.
pub(super) struct Hold(Arc<Live>);

impl Hold {
    pub(super) fn new(live: Arc<Live>) -> Self {
        live.wanted.send_modify(|wanted| wanted.followers += 1);
        Self(live)
    }

    /// Lets go for good: the turn stops now if nobody else follows it, whatever `on_leave` says.
    fn goodbye(self) {
        self.0.wanted.send_modify(|wanted| {
            if wanted.followers == 1 && wanted.stop.is_none() {
                wanted.stop(Stop::Left);
            }
        });
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.wanted.send_modify(Wanted::leave);
    }
}

/// What an [`Opening`] comes to.
pub(super) struct Opened {
    pub(super) place: Place,
    pub(super) cursor: Cursor,
    pub(super) hold: Option<Hold>,
}

/// What is waited for before something can be said of a turn: that its question is kept, or that it was found.
///
/// It gives a follower; nothing, when there is nothing to be said; or why not. It is not to be polled again then.
pub struct Opening {
    turn: TurnId,
    hold: Option<Hold>,
    opened: BoxFuture<'static, Result<Option<Opened>, Fault>>,
}

impl Opening {
    /// Follows a turn of the desk, from behind `after`, once its question is kept.
    pub(super) fn live(turn: TurnId, live: Arc<Live>, after: Seq) -> Self {
        let log = live.log.clone();
        let opened = async move {
            let (place, cursor) = Cursor::open(log, after).await?;
            Ok(Some(Opened {
                place,
                cursor,
                hold: None,
            }))
        };
        Self {
            turn,
            hold: Some(Hold::new(live)),
            opened: opened.boxed(),
        }
    }

    /// Follows what `opened` comes to.
    pub(super) fn of(
        turn: TurnId,
        opened: impl Future<Output = Result<Option<Opened>, Fault>> + Send + 'static,
    ) -> Self {
        Self {
            turn,
            hold: None,
            opened: opened.boxed(),
        }
    }

    /// The turn that it follows, if that is known to run.
    pub fn running(&self) -> Option<TurnId> {
        let hold = self.hold.as_ref()?;
        (!hold.0.log.has_ended()).then_some(self.turn)
    }

    /// Leaves for good, as [`Follower::goodbye`] does.
    pub fn goodbye(self) {
        if let Some(hold) = self.hold {
            hold.goodbye();
        }
    }
}

impl Future for Opening {
    type Output = Result<Option<Follower>, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let opened = ready!(self.opened.poll_unpin(cx));
        let turn = self.turn;
        let follower = opened.map(|opened| {
            opened.map(|opened| Follower {
                turn,
                place: opened.place,
                cursor: opened.cursor,
                hold: self.hold.take().or(opened.hold),
            })
        });
        Poll::Ready(follower)
    }
}

/// A session's hold on a turn: its cursor, and its say in whether the turn goes on.
pub struct Follower {
    /// Whose answer it is.
    pub turn: TurnId,
    /// Where the turn stands.
    pub place: Place,
    /// How far it has been read.
    pub cursor: Cursor,
    hold: Option<Hold>,
}

impl Follower {
    /// Leaves for good: the turn stops now if nobody else follows it, whatever `on_leave` says.
    pub fn goodbye(self) {
        if let Some(hold) = self.hold {
            hold.goodbye();
        }
    }
}
