//! The desk: where turns are begun, followed, cancelled and left, and where each gets its one end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use tracing::info;

use super::{
    Ids, Stop, Wanted,
    log::{Cursor, Log},
    running::{Running, shortened},
    station::{self, Sampling, Station},
};
use crate::{
    answer::{ErrorCode, Fault},
    config::OnLeave,
    id::{ConversationId, Seq, SessionId, TurnId},
    shutdown::Shutdown,
    store::before::{NewTurn, Place, Store},
};

pub use crate::store::Parent;

/// When to ask again while the server restarts.
const RESTARTING: Duration = Duration::from_secs(1);

/// How the desk handles turns.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What becomes of an answer without readers.
    pub on_leave: OnLeave,
    /// Bytes of one answer.
    pub max_answer: usize,
    /// Log the texts of questions and answers.
    pub log_texts: bool,
}

/// A question, as a session asks it.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who asks, for the log.
    pub session: SessionId,
    /// The turn's key.
    pub turn: TurnId,
    /// The question.
    pub text: String,
    /// Where it belongs.
    pub conversation: Option<ConversationId>,
    /// What it follows.
    pub parent: Parent,
    /// Which endpoint; `None`: the first.
    pub endpoint: Option<String>,
    /// Which of its models; `None`: the first.
    pub model: Option<String>,
    /// How the model is to answer.
    pub sampling: Sampling,
}

/// The desk; clones share it.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

pub(super) struct Inner {
    stations: Vec<Station>,
    pub(super) store: Arc<Store>,
    pub(super) rules: Rules,
    pub(super) shutdown: Shutdown,
    live: Mutex<HashMap<TurnId, Arc<Live>>>,
}

/// A running turn.
pub(super) struct Live {
    pub(super) place: Place,
    pub(super) log: Arc<Log>,
    wanted: watch::Sender<Wanted>,
}

/// A session's hold on a turn: its cursor, and its say in whether the turn goes on.
pub struct Follower {
    /// Whose answer it is.
    pub turn: TurnId,
    /// Where the turn stands.
    pub place: Place,
    /// How far it has been read.
    pub cursor: Cursor,
    live: Option<Arc<Live>>,
}

impl Follower {
    fn new(turn: TurnId, live: &Arc<Live>, after: Seq) -> Self {
        live.wanted.send_modify(|wanted| wanted.followers += 1);
        let cursor = Cursor::new(live.log.clone(), after);
        Self {
            turn,
            place: live.place,
            cursor,
            live: Some(live.clone()),
        }
    }

    /// Leaves for good: the turn stops now if nobody else follows it, whatever `on_leave` says.
    pub fn goodbye(mut self) {
        self.leave(Some(Stop::Left));
    }

    fn leave(&mut self, stop: Option<Stop>) {
        let Some(live) = self.live.take() else { return };
        live.wanted.send_modify(|wanted| {
            wanted.followers -= 1;
            if wanted.followers == 0 {
                wanted.stop = wanted.stop.or(stop);
            }
        });
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.leave(None);
    }
}

impl Desk {
    /// A desk without turns; `stations` has at least one.
    pub fn new(
        stations: Vec<Station>,
        store: Arc<Store>,
        rules: Rules,
        shutdown: Shutdown,
    ) -> Self {
        Self(Arc::new(Inner {
            stations,
            store,
            rules,
            shutdown,
            live: Mutex::default(),
        }))
    }

    /// What can be asked, the default first.
    pub fn stations(&self) -> &[Station] {
        &self.0.stations
    }

    /// What becomes of an answer without readers.
    pub fn on_leave(&self) -> OnLeave {
        self.0.rules.on_leave
    }

    /// Running turns.
    pub fn running(&self) -> usize {
        self.0.live().len()
    }

    /// Begins a turn, or follows it when it was begun before: asking twice answers once.
    pub fn start(&self, ask: Ask) -> Result<Follower, Fault> {
        let inner = &self.0;
        let mut live = inner.live();
        if let Some(follower) = inner.find(&live, ask.turn, Seq::START) {
            return Ok(follower);
        }
        if inner.shutdown.is_draining() {
            let message = "The server is restarting; ask again in a moment.";
            return Err(Fault::new(ErrorCode::QueueFull, message).retry_after(RESTARTING));
        }
        let (station, model) = station::choose(
            &inner.stations,
            ask.endpoint.as_deref(),
            ask.model.as_deref(),
        )?;
        let model = model.to_owned();
        let ticket = station.line.join().map_err(|_| {
            let message = format!(
                "Too many questions are waiting for {} already; ask again in a moment.",
                station.name
            );
            Fault::new(ErrorCode::QueueFull, message)
        })?;
        let new = NewTurn {
            turn: ask.turn,
            conversation: ask.conversation,
            parent: ask.parent,
            question: ask.text.clone(),
        };
        let place = inner
            .store
            .ask(new)
            .map_err(|error| Fault::new(error.code(), error.to_string()))?;
        if inner.rules.log_texts {
            info!(session = %ask.session, turn = %ask.turn, text = shortened(&ask.text), "question");
        }

        let log = Arc::new(Log::new(inner.rules.max_answer));
        let begun = Arc::new(Live {
            place,
            log,
            wanted: watch::Sender::default(),
        });
        let follower = Follower::new(ask.turn, &begun, Seq::START);
        live.insert(ask.turn, begun.clone());
        drop(live);

        let answerer = station.answerer(
            model.clone(),
            ask.text,
            ask.sampling,
            place.parent,
            &inner.store,
        );
        let wanted = begun.wanted.subscribe();
        let name = station.name.clone();
        let ids = Ids {
            session: ask.session,
            turn: ask.turn,
        };
        let running = Running::new(inner.clone(), begun, ids, name, model);
        let task = running.run(answerer, ticket, wanted);
        inner.shutdown.spawn("turn", task);
        Ok(follower)
    }

    /// Follows a turn, running or finished, from behind `after`.
    pub fn follow(&self, turn: TurnId, after: Seq) -> Result<Follower, Fault> {
        self.0
            .find(&self.0.live(), turn, after)
            .ok_or_else(unknown_turn)
    }

    /// Stops a running turn; one that has ended stays as it is.
    pub fn cancel(&self, turn: TurnId) -> Result<(), Fault> {
        let live = self.0.live();
        match live.get(&turn) {
            Some(running) => running
                .wanted
                .send_modify(|wanted| wanted.stop = Some(Stop::Cancelled)),
            None => drop(self.0.store.find(turn).ok_or_else(unknown_turn)?),
        }
        Ok(())
    }
}

fn unknown_turn() -> Fault {
    Fault::new(
        ErrorCode::UnknownTurn,
        "This answer is not kept here, or no longer.",
    )
}

impl Inner {
    pub(super) fn live(&self) -> MutexGuard<'_, HashMap<TurnId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(
        &self,
        live: &HashMap<TurnId, Arc<Live>>,
        turn: TurnId,
        after: Seq,
    ) -> Option<Follower> {
        if let Some(running) = live.get(&turn) {
            return Some(Follower::new(turn, running, after));
        }
        let (place, answer) = self.store.find(turn)?;
        let cursor = Cursor::new(Arc::new(Log::finished(answer?)), after);
        Some(Follower {
            turn,
            place,
            cursor,
            live: None,
        })
    }
}

#[cfg(test)]
mod tests;
