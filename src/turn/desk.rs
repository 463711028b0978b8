//! The desk: where turns are begun, followed, cancelled and saved while they run.
//!
//! Nothing here waits. What has to wait for the store, an [`Opening`] waits for; and a turn is at the desk from the
//! moment that its question comes in, so that a cancel finds it in every window.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    sync::watch,
    task::consume_budget,
    time::{MissedTickBehavior, interval},
};

use super::{
    Ids, Stop, Wanted,
    faults::{line_full, restarting, unkept, unknown_turn, unsettled},
    follower::{Hold, Opened},
    line::LineFull,
    log::{Cursor, Log},
    quota::{Asker, Moment, Quotas},
    running::{Places, Running},
    shown::Step,
    station::{self, Backend, Sampling, Station},
};
use crate::{
    answer::Fault,
    config::OnLeave,
    id::{Client, ConversationId, OwnerId, Seq, SessionId, TurnId},
    metrics::{Metrics, Refusal},
    refusal::{Limit, Measure, Scope},
    shutdown::Shutdown,
    store::{self, Found, NewTurn, Store},
};

pub use super::{
    follower::{Follower, Opening},
    shown::{Shown, Stage},
};
pub use crate::store::Parent;

/// How often what has grown is saved. A crash may cost the last second of an answer: what remains of it is for the
/// writing.
const SAVE: Duration = Duration::from_millis(800);

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
    /// Whose turn it is.
    pub owner: OwnerId,
    /// From where it comes, if that is known.
    pub client: Option<Client>,
    /// Their name, where people sign in.
    pub user: Option<Arc<str>>,
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
pub struct Desk(pub(super) Arc<Inner>);

pub(super) struct Inner {
    stations: ArcSwap<Vec<Arc<Station>>>,
    pub(super) store: Store,
    rules: ArcSwap<Rules>,
    quotas: Arc<Quotas>,
    pub(super) metrics: Metrics,
    pub(super) shutdown: Shutdown,
    live: Mutex<HashMap<(OwnerId, TurnId), Arc<Live>>>,
}

/// A turn that runs, or is about to.
pub(super) struct Live {
    pub(super) owner: OwnerId,
    /// Known from the beginning: whoever deletes it meets the turn also while its question is being kept.
    pub(super) conversation: ConversationId,
    /// For who looks on: who asked whom, when, and what it is at.
    pub(super) session: SessionId,
    pub(super) user: Option<Arc<str>>,
    pub(super) station: Arc<Station>,
    pub(super) model: String,
    pub(super) since: u64,
    pub(super) step: Arc<Step>,
    pub(super) log: Arc<Log>,
    pub(super) wanted: watch::Sender<Wanted>,
    /// How far it has been saved; `None`: it is finished, and nothing may be saved behind that.
    saved: Mutex<Option<Seq>>,
}

impl Live {
    fn saved(&self) -> MutexGuard<'_, Option<Seq>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Saves what has been appended since the last time.
    fn save(&self, turn: TurnId, store: &Store) {
        // Held until it is handed over, so that no piece comes to the store behind the whole.
        let mut saved = self.saved();
        let Some(piece) = saved.and_then(|saved| self.log.since(saved)) else {
            return;
        };
        *saved = Some(piece.last());
        store.save(self.owner, turn, piece);
    }

    /// Nothing more is to be saved: the whole answer follows.
    pub(super) fn close(&self) {
        *self.saved() = None;
    }

    pub(super) fn stop(&self, stop: Stop) {
        self.wanted.send_modify(|wanted| wanted.stop(stop));
    }
}

impl Desk {
    /// A desk without turns; `stations` has at least one.
    pub fn new(
        stations: Vec<Station>,
        store: Store,
        rules: Rules,
        quotas: Arc<Quotas>,
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> Self {
        let desk = Self(Arc::new(Inner {
            stations: ArcSwap::default(),
            store,
            rules: ArcSwap::from_pointee(rules),
            quotas,
            metrics,
            shutdown,
            live: Mutex::default(),
        }));
        desk.set_stations(stations.into_iter().map(Arc::new).collect());
        desk
    }

    /// What can be asked, the default first.
    pub fn stations(&self) -> Arc<Vec<Arc<Station>>> {
        self.0.stations.load_full()
    }

    /// Others can be asked from now on, at least one; running turns keep theirs.
    pub fn set_stations(&self, stations: Vec<Arc<Station>>) {
        for station in &stations {
            // Told from now on, also before anything is asked of it.
            self.0.metrics.endpoint(&station.name);
        }
        self.0.stations.store(Arc::new(stations));
    }

    /// Handles the turns that begin from now on so.
    pub fn set_rules(&self, rules: Rules) {
        self.0.rules.store(Arc::new(rules));
    }

    /// What may be taken, and by whom it is.
    pub fn quotas(&self) -> &Quotas {
        &self.0.quotas
    }

    /// Running turns.
    pub fn running(&self) -> usize {
        self.0.live().len()
    }

    /// Begins a turn, or follows it when it was begun before, be it by an earlier process: asking twice answers
    /// once.
    pub fn start(&self, ask: Ask) -> Opening {
        let inner = &self.0;
        let mut live = inner.live();
        let (owner, turn) = (ask.owner, ask.turn);
        let admitted = match live.get(&(owner, turn)) {
            Some(running) => return Opening::live(turn, running.clone(), Seq::START),
            None => inner.admit(&ask),
        };
        let (station, model, places) = match admitted {
            Ok(admitted) => admitted,
            Err(fault) => {
                drop(live);
                return inner.look_up(owner, turn, Seq::START, Some(fault));
            }
        };
        let conversation = ask.conversation.unwrap_or_default();
        let rules = **inner.rules.load();
        let asked_at = store::now();
        let begun = Arc::new(Live {
            owner,
            conversation,
            session: ask.session,
            user: ask.user,
            station: station.clone(),
            model: model.clone(),
            since: asked_at,
            step: Arc::default(),
            log: Arc::new(Log::new(rules.max_answer, inner.metrics.clone())),
            wanted: watch::Sender::default(),
            saved: Mutex::new(Some(Seq::START)),
        });
        let opening = Opening::live(turn, begun.clone(), Seq::START);
        live.insert((owner, turn), begun.clone());
        drop(live);

        let ids = Ids {
            session: ask.session,
            turn,
        };
        let new = NewTurn {
            owner,
            turn,
            conversation: Some(conversation),
            parent: ask.parent,
            question: ask.text,
            endpoint: station.name.clone(),
            model,
            options: ask.sampling,
            asked_at,
        };
        let wanted = begun.wanted.subscribe();
        let running = Running::new(
            inner.clone(),
            begun,
            ids,
            (station, new.model.clone()),
            rules,
        );
        let task = running.run(new, places, wanted);
        inner.shutdown.spawn("turn", task);
        opening
    }

    /// Follows a turn, running or finished, from behind `after`.
    pub fn follow(&self, owner: OwnerId, turn: TurnId, after: Seq) -> Opening {
        match self.0.running(owner, turn) {
            Some(live) => Opening::live(turn, live, after),
            None => self.0.look_up(owner, turn, after, None),
        }
    }

    /// Stops a running turn; one that has ended stays as it is, and whether it is one has to be looked up.
    pub fn cancel(&self, owner: OwnerId, turn: TurnId) -> Option<Opening> {
        if let Some(live) = self.0.running(owner, turn) {
            live.stop(Stop::Cancelled);
            return None;
        }
        let inner = self.0.clone();
        Some(Opening::of(turn, async move {
            let found = inner.store.find(owner, turn).await;
            found.map_err(unkept)?.ok_or_else(unknown_turn)?;
            // It may have begun since it was looked for.
            if let Some(live) = inner.running(owner, turn) {
                live.stop(Stop::Cancelled);
            }
            Ok(None)
        }))
    }

    /// Stops every turn of a conversation, also those whose question is still being kept. Called once the conversation
    /// is deleted: a question that comes later is refused by the store.
    pub fn cancel_all(&self, owner: OwnerId, conversation: ConversationId) {
        let live = self.0.live();
        let of_it = |live: &&Arc<Live>| (live.owner, live.conversation) == (owner, conversation);
        for live in live.values().filter(of_it) {
            live.stop(Stop::Cancelled);
        }
    }

    /// Saves every while what the running answers have grown by, all in one breath, so that the store writes them
    /// in one transaction. Runs until the halt.
    pub async fn save(self) {
        let inner = &self.0;
        let mut beat = interval(SAVE);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = inner.shutdown.halted() => return,
                _ = beat.tick() => {}
            }
            let live: Vec<_> = {
                let live = inner.live();
                live.iter()
                    .map(|((_, turn), live)| (*turn, live.clone()))
                    .collect()
            };
            for (turn, live) in live {
                live.save(turn, &inner.store);
                consume_budget().await;
            }
        }
    }
}

impl Inner {
    pub(super) fn live(&self) -> MutexGuard<'_, HashMap<(OwnerId, TurnId), Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn, if it is at the desk and this owner's.
    fn running(&self, owner: OwnerId, turn: TurnId) -> Option<Arc<Live>> {
        self.live().get(&(owner, turn)).cloned()
    }

    /// The station that is to answer, its model, a place in its line, and leave to answer.
    fn admit(&self, ask: &Ask) -> Result<(Arc<Station>, String, Places), Fault> {
        if self.shutdown.is_draining() {
            self.metrics.refused(Refusal::Draining);
            return Err(restarting());
        }
        let (endpoint, model) = (ask.endpoint.as_deref(), ask.model.as_deref());
        let stations = self.stations.load();
        let (station, model) = station::choose(&stations, endpoint, model)?;
        let ticket = station.line.join().map_err(|LineFull { wait }| {
            let (scope, measure) = (Scope::All, Measure::Waiting);
            let limit = Limit { scope, measure };
            self.quotas.refusals().note(limit, ask.client);
            line_full(&station.name, wait)
        })?;
        let asker = Asker {
            owner: ask.owner,
            client: ask.client,
        };
        let costs = matches!(station.backend, Backend::Endpoint { .. });
        let grant = self.quotas.take(asker, costs, Moment::now())?;
        Ok((station.clone(), model.to_owned(), Places { ticket, grant }))
    }

    /// Follows what the store has of a turn; when it has none of this owner's, `otherwise` is said, or that.
    fn look_up(
        self: &Arc<Self>,
        owner: OwnerId,
        turn: TurnId,
        after: Seq,
        otherwise: Option<Fault>,
    ) -> Opening {
        let inner = self.clone();
        Opening::of(turn, async move {
            let mut missing = unknown_turn();
            // Twice, because a turn may begin or end between one look and the other.
            for _ in 0..2 {
                let found = inner.store.find(owner, turn).await;
                let Found { place, answer } = match found {
                    Ok(Some(found)) => found,
                    Ok(None) => break,
                    Err(error) => return Err(otherwise.unwrap_or_else(|| unkept(error))),
                };
                let (log, hold) = match (answer, inner.running(owner, turn)) {
                    (Some(answer), _) => (Arc::new(Log::finished(place, answer)), None),
                    (None, Some(live)) => (live.log.clone(), Some(Hold::new(live))),
                    (None, None) => {
                        missing = unsettled();
                        continue;
                    }
                };
                let (place, cursor) = Cursor::open(log, after).await?;
                return Ok(Some(Opened {
                    place,
                    cursor,
                    hold,
                }));
            }
            Err(otherwise.unwrap_or(missing))
        })
    }
}

#[cfg(test)]
mod tests;
