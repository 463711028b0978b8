//! The desk: where turns are begun, followed, cancelled and left, and where each gets its one end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use super::{
    Answerer, Limits, Progress, Stop, Wanted, answer,
    line::Line,
    log::{Cursor, Log},
    prompt::{self, Budget},
    stopped,
};
use crate::{
    answer::{Answer, Channel, End, ErrorCode, Fault, Outcome, Timing},
    config::{Endpoint, OnLeave},
    id::{ConversationId, Seq, SessionId, TurnId},
    knowledge::Knowledge,
    llm::{ChatModel, ChatRequest},
    shutdown::Shutdown,
    store::{NewTurn, Place, Store},
};

pub use crate::store::Parent;

/// Bytes of a question's or an answer's text that are logged, when texts are.
const MAX_LOGGED: usize = 4 << 10;

/// One thing that answers, with the line before it.
pub struct Station {
    /// What the page calls it.
    pub name: String,
    /// What it offers, the default first.
    pub models: Vec<String>,
    /// Its slots.
    pub line: Arc<Line>,
    /// What stands behind it.
    pub backend: Backend,
}

/// What stands behind a [`Station`].
pub enum Backend {
    /// An endpoint.
    Endpoint {
        /// Its section of the configuration.
        config: Box<Endpoint>,
        /// The way to it.
        model: Arc<dyn ChatModel>,
    },
    /// askd's own knowledge.
    Knowledge {
        /// The entries.
        knowledge: Arc<Knowledge>,
        /// Entries shown at the most.
        passages: usize,
        /// 0 to 1; a best match below it is no match.
        min_score: f32,
    },
}

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
    /// Sampling temperature; `None`: the endpoint's.
    pub temperature: Option<f32>,
    /// Tokens of the answer; `None`: the endpoint's, which is also the most.
    pub max_tokens: Option<u32>,
}

/// The desk; clones share it.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    stations: Vec<Station>,
    store: Arc<Store>,
    rules: Rules,
    shutdown: Shutdown,
    live: Mutex<HashMap<TurnId, Arc<Live>>>,
}

/// A running turn.
struct Live {
    place: Place,
    log: Arc<Log>,
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
            return Err(Fault::new(
                ErrorCode::QueueFull,
                "The server is restarting; ask again in a moment.",
            ));
        }
        let (station, model) = inner.choose(ask.endpoint.as_deref(), ask.model.as_deref())?;
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

        let wanted = begun.wanted.subscribe();
        let mut running = Running {
            desk: inner.clone(),
            session: ask.session,
            turn: ask.turn,
            live: begun,
            station: station.name.clone(),
            model: model.clone(),
            begin: Instant::now(),
            progress: Progress::default(),
        };
        let answerer = inner.answerer(station, model, ask, place);
        inner.shutdown.spawn("turn", async move {
            let mut ticket = ticket;
            let log = running.live.log.clone();
            let (on_leave, shutdown) = (running.desk.rules.on_leave, running.desk.shutdown.clone());
            let ended = tokio::select! {
                biased;
                stop = stopped(wanted, on_leave, &shutdown) => Err(stop),
                done = answer(answerer, &mut ticket, &log, &mut running.progress) => Ok(done),
            };
            // The upstream's request has gone with the arm that lost; the slot goes before the end is told.
            drop(ticket);
            running.finish(ended);
        });
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

/// A text's first part, for the log, whose queue counts lines and not bytes.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LOGGED)]
}

fn unknown_turn() -> Fault {
    Fault::new(
        ErrorCode::UnknownTurn,
        "This answer is not kept here, or no longer.",
    )
}

impl Inner {
    fn live(&self) -> MutexGuard<'_, HashMap<TurnId, Arc<Live>>> {
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

    fn choose(
        &self,
        endpoint: Option<&str>,
        model: Option<&str>,
    ) -> Result<(&Station, &str), Fault> {
        let unknown = |message| Fault::new(ErrorCode::UnknownEndpoint, message);
        let station = match endpoint {
            None => self.stations.first(),
            Some(name) => self.stations.iter().find(|station| station.name == name),
        };
        let station =
            station.ok_or_else(|| unknown("There is no such endpoint here.".to_owned()))?;
        let model = match model {
            None => station.models.first(),
            Some(name) => station.models.iter().find(|offered| *offered == name),
        };
        match model {
            Some(model) => Ok((station, model)),
            None => Err(unknown(format!(
                "The endpoint {} has no such model here.",
                station.name
            ))),
        }
    }

    fn answerer(&self, station: &Station, name: String, ask: Ask, place: Place) -> Answerer {
        match &station.backend {
            Backend::Knowledge {
                knowledge,
                passages,
                min_score,
            } => Answerer::Knowledge {
                knowledge: knowledge.clone(),
                question: ask.text,
                passages: *passages,
                min_score: *min_score,
            },
            Backend::Endpoint { config, model } => {
                let system = config.system_prompt.as_deref();
                let mut budget = Budget::new(config.context, system, &ask.text);
                let history = self
                    .store
                    .history(place.parent, |exchange| budget.fits(exchange));
                let request = ChatRequest {
                    model: name,
                    messages: prompt::messages(system, history, ask.text),
                    temperature: ask.temperature.or(config.temperature),
                    max_tokens: ask.max_tokens.into_iter().chain(config.max_tokens).min(),
                };
                let limits = Limits {
                    retries: config.retries,
                    first_chunk: config.first_chunk_timeout,
                    between_chunks: config.chunk_timeout,
                    total: config.total_timeout,
                };
                Answerer::Model {
                    model: model.clone(),
                    request,
                    limits,
                }
            }
        }
    }
}

/// A turn's task's own hold on the turn. However the task ends, the turn gets its one end.
struct Running {
    desk: Arc<Inner>,
    session: SessionId,
    turn: TurnId,
    live: Arc<Live>,
    station: String,
    model: String,
    begin: Instant,
    progress: Progress,
}

impl Running {
    fn finish(&self, ended: Result<Result<Outcome, Fault>, Stop>) {
        let (outcome, fault) = match ended {
            Ok(Ok(outcome)) => (outcome, None),
            Ok(Err(fault)) => (Outcome::Failed, Some(fault)),
            Err(Stop::Cancelled) => (Outcome::Cancelled, None),
            Err(Stop::Left | Stop::Halted) => (Outcome::Interrupted, None),
        };
        let millis = |at: Instant| u64::try_from((at - self.begin).as_millis()).unwrap_or(u64::MAX);
        let timing = Timing {
            first_chunk_ms: self.progress.first_chunk.map(millis),
            total_ms: millis(Instant::now()),
        };
        let end = End {
            outcome,
            usage: self.progress.usage,
            timing,
        };
        if let Some(answer) = self.seal(fault.clone(), end.clone()) {
            self.tell(&answer, fault.as_ref(), &end);
        }
    }

    /// Ends the log, keeps the answer, and leaves the desk, in this order: at no moment is the turn nowhere.
    fn seal(&self, fault: Option<Fault>, end: End) -> Option<Arc<Answer>> {
        let sealed = self.live.log.end(fault, end).ok()?;
        self.desk.store.finish(self.turn, sealed.clone());
        self.desk.live().remove(&self.turn);
        Some(sealed)
    }

    fn tell(&self, answer: &Answer, fault: Option<&Fault>, end: &End) {
        let Self {
            session,
            turn,
            station,
            model,
            progress,
            ..
        } = self;
        let (prompt_tokens, completion_tokens) = end
            .usage
            .map(|usage| (usage.prompt_tokens, usage.completion_tokens))
            .unzip();
        let Timing {
            first_chunk_ms,
            total_ms,
        } = end.timing;
        let (outcome, chunks, conversation) =
            (end.outcome, progress.chunks, self.live.place.conversation);
        match fault {
            None => info!(
                %session, %turn, %conversation, endpoint = station, model, %outcome, first_chunk_ms, total_ms,
                chunks, prompt_tokens, completion_tokens, "turn ended"
            ),
            Some(Fault { code, message, .. }) => warn!(
                %session, %turn, %conversation, endpoint = station, model, %outcome, first_chunk_ms, total_ms,
                chunks, prompt_tokens, completion_tokens, %code, reason = message, "turn failed"
            ),
        }
        if self.desk.rules.log_texts {
            info!(%session, %turn, text = shortened(&answer.text(Channel::Answer)), "answer");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a panic gets here with the log open; its followers must not wait for ever.
        if !self.live.log.has_ended() {
            self.finish(Ok(Err(Fault::new(
                ErrorCode::Internal,
                "A fault of askd's own stopped this answer.",
            ))));
        }
    }
}

#[cfg(test)]
mod tests;
