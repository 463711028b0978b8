//! One answer's story: line -> search or model -> log -> end.
//!
//! A turn is a task of its own. It alone holds the upstream's response, so ending it, at whatever point it is,
//! closes the upstream's request in the same breath.

mod cite;
pub mod desk;
mod faults;
mod follower;
mod grounding;
pub mod health;
pub mod line;
pub mod log;
pub mod misses;
mod pace;
mod progress;
pub mod prompt;
pub mod quota;
mod quote;
mod relay;
mod running;
pub mod search;
mod shown;
pub mod station;
mod wanted;

use std::{sync::Arc, time::Duration};

use self::{
    cite::Citations,
    grounding::Grounds,
    health::Health,
    line::Ticket,
    log::{AppendError, Log},
    progress::Progress,
    prompt::Draft,
    relay::relay,
    search::Searcher,
    station::questions,
    wanted::{Stop, Wanted, stopped},
};
use crate::{
    answer::{Basis, Channel, ErrorCode, Fault, Outcome},
    id::{SessionId, TurnId},
    llm::{ChatModel, ChatRequest, LlmError},
};

/// Bytes of one event's text: what a reader is sent at once, and what a stopped one holds.
const PIECE: usize = 16 << 10;

/// Who answers.
pub enum Answerer {
    /// An endpoint's model.
    Model {
        /// The way to it.
        model: Arc<dyn ChatModel>,
        /// What it is asked, yet without messages.
        request: ChatRequest,
        /// What the messages are made of.
        draft: Draft,
        /// What it is to answer from, if anything.
        searcher: Option<Arc<Searcher>>,
        /// How long to wait for it.
        limits: Limits,
        /// What is noted of it.
        health: Arc<Health>,
    },
    /// askd's own knowledge.
    Knowledge {
        /// The entries or documents.
        searcher: Arc<Searcher>,
        /// What they are asked.
        question: String,
        /// What was asked before, the newest first.
        earlier: Vec<String>,
    },
}

/// How long an endpoint may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Further tries before the first chunk.
    pub retries: u32,
    /// To the first chunk.
    pub first_chunk: Duration,
    /// From one chunk to the next.
    pub between_chunks: Duration,
    /// To the end.
    pub total: Duration,
}

/// Whose turn it is, for the log.
#[derive(Debug, Clone, Copy)]
struct Ids {
    session: SessionId,
    turn: TurnId,
}

impl Ids {
    fn tell_retry(self, error: &LlmError, wait: Duration) {
        let Self { session, turn } = self;
        let wait_ms = wait.as_millis();
        tracing::info!(%session, %turn, %error, wait_ms, "the endpoint will be asked again");
    }
}

/// Answers into `log`; the end is left to the caller. Cancel safe: what was appended stays, and the upstream's
/// request is closed with this future.
async fn answer(
    answerer: Answerer,
    ticket: &mut Ticket,
    log: &Log,
    progress: &mut Progress,
) -> Result<Outcome, Fault> {
    loop {
        let position = ticket.position();
        log.set_position(position);
        if position == 0 {
            break;
        }
        ticket.moved().await;
    }
    match answerer {
        Answerer::Model {
            model,
            mut request,
            draft,
            searcher,
            limits,
            health,
        } => {
            let grounds = match searcher {
                None => Grounds::None,
                Some(searcher) => match ground(&searcher, &draft, log, progress).await? {
                    Some(grounds) => grounds,
                    None => return quote::quote(Vec::new(), searcher.nothing(), log, progress),
                },
            };
            request.messages = draft.messages(&grounds, || fastrand::u32(..));
            progress.sent = Some(request.messages.iter().map(prompt::cost).sum());
            progress.step.asks();
            let answered = relay(&*model, &request, limits, log, progress, &health).await;
            health.ended(&answered);
            answered
        }
        Answerer::Knowledge {
            searcher,
            question,
            earlier,
        } => {
            progress.step.searches();
            let found = searcher.search(&question, &earlier).await;
            let found = found.map_err(|error| error.fault())?;
            quote::quote(found, searcher.nothing(), log, progress)
        }
    }
}

/// Looks for what a model is to answer from, and shows it. `None`: nothing was found, and the model is not to be asked.
async fn ground(
    searcher: &Searcher,
    draft: &Draft,
    log: &Log,
    progress: &mut Progress,
) -> Result<Option<Grounds>, Fault> {
    progress.step.searches();
    let found = searcher
        .search(&draft.question, &questions(&draft.history))
        .await;
    let mut grounds = match found {
        Ok(found) if found.is_empty() && searcher.only => return Ok(None),
        Ok(found) => Grounds::Found(found),
        Err(error) if searcher.only => return Err(error.fault()),
        Err(error) => {
            searcher.complain(&error);
            Grounds::Failed
        }
    };
    grounds.fit(draft.room());
    match &grounds {
        Grounds::None => {}
        Grounds::Failed => {
            progress.citations = Some(Citations::new(0));
            quote::show(Basis::Unsearched, Vec::new(), log)?;
        }
        Grounds::Found(found) => {
            progress.citations = Some(Citations::new(found.len()));
            quote::show(Basis::Cited, found.clone(), log)?;
        }
    }
    Ok(Some(grounds))
}

/// Appends a text, a large one in pieces; `false`: the answer has reached its cap.
fn append(log: &Log, progress: &mut Progress, channel: Channel, text: &str) -> Result<bool, Fault> {
    progress.begins(channel, text);
    progress.chunks += 1;
    progress.said += text.len();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
        match log.text(channel, piece) {
            Ok(()) => rest = behind,
            Err(AppendError::Full) => return Ok(false),
            Err(AppendError::Ended(error)) => return Err(internal(&error)),
        }
    }
    Ok(true)
}

fn internal(error: &dyn std::error::Error) -> Fault {
    Fault::new(
        ErrorCode::Internal,
        format!("A fault of askd's own stopped this answer: {error}."),
    )
}
