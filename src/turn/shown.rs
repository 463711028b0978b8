//! The turns at the desk, as an admin sees them: without a letter of what is asked and answered.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use super::{
    Stop,
    desk::{Desk, Live},
};
use crate::id::{ConversationId, SessionId, TurnId};

/// What a turn is at, as far as its task says so; the rest is read off its log.
#[derive(Debug, Default)]
pub(super) struct Step(AtomicU8);

const BEGINS: u8 = 0;
const SEARCHES: u8 = 1;
const ASKS: u8 = 2;

impl Step {
    /// The documents are searched.
    pub(super) fn searches(&self) {
        self.0.store(SEARCHES, Ordering::Relaxed);
    }

    /// Whether the model has been asked.
    pub(super) fn has_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) == ASKS
    }

    /// The model is asked.
    pub(super) fn asks(&self) {
        self.0.store(ASKS, Ordering::Relaxed);
    }
}

/// What a turn is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its question is being kept, and what went before it read.
    Beginning,
    /// It waits in line, at this place from 1.
    InLine(usize),
    /// Documents are searched for it.
    Searching,
    /// The endpoint has been asked, and has said nothing yet.
    Waiting,
    /// Its answer grows.
    Writing,
}

/// A turn that runs.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id, which its client made.
    pub turn: TurnId,
    /// The session that asked; it may have gone.
    pub session: SessionId,
    /// Who asked, where people sign in; that stays known when the session has gone.
    pub user: Option<Arc<str>>,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Who answers.
    pub endpoint: String,
    /// With which model.
    pub model: String,
    /// What it is at.
    pub stage: Stage,
    /// When it was asked, in milliseconds since the epoch.
    pub since: u64,
    /// Bytes of its answer so far, thinking included.
    pub bytes: usize,
}

impl Desk {
    /// The running turns, those that have run for longest first, at most so many; and how many there are.
    pub fn turns(&self, most: usize) -> (Vec<Shown>, usize) {
        let mut all: Vec<_> = {
            let live = self.0.live();
            live.iter()
                .map(|((_, turn), live)| (*turn, live.clone()))
                .collect()
        };
        let count = all.len();
        all.sort_by_key(|(turn, live)| (live.since, *turn));
        all.truncate(most);
        let shown = all.iter().map(|(turn, live)| live.shown(*turn));
        (shown.collect(), count)
    }

    /// Stops every running turn of this id for an admin, whoever asked; `false`: there is none. Two owners may have the same one, if their
    /// clients made it so.
    pub fn end_any(&self, turn: TurnId) -> bool {
        let live = self.0.live();
        let mut of_it = live.iter().filter(|((_, id), _)| *id == turn).peekable();
        let there_is = of_it.peek().is_some();
        of_it.for_each(|(_, live)| live.stop(Stop::ByAdmin));
        there_is
    }
}

impl Live {
    fn shown(&self, turn: TurnId) -> Shown {
        let (head, bytes) = (self.log.head(), self.log.text_len());
        let stage = match (
            head.opened,
            head.position,
            self.step.0.load(Ordering::Relaxed),
        ) {
            (true, place @ 1.., _) => Stage::InLine(place),
            (false, ..) | (.., BEGINS) => Stage::Beginning,
            _ if bytes > 0 => Stage::Writing,
            (.., SEARCHES) => Stage::Searching,
            _ => Stage::Waiting,
        };
        Shown {
            turn,
            session: self.session,
            user: self.user.clone(),
            conversation: self.conversation,
            endpoint: self.station.name.clone(),
            model: self.model.clone(),
            stage,
            since: self.since,
            bytes,
        }
    }
}
