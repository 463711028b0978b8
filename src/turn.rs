//! One answer's story: line -> search or model -> log -> end.
//!
//! A turn is a task of its own. It alone holds the upstream's response, so ending it, at whatever point it is,
//! closes the upstream's request in the same breath.

pub mod desk;
pub mod line;
pub mod log;
pub mod prompt;
mod running;
pub mod station;

use std::{future::pending, sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};

use self::{
    line::Ticket,
    log::{AppendError, Log},
};
use crate::{
    answer::{Channel, ErrorCode, Fault, Outcome, Source, Usage},
    config::OnLeave,
    knowledge::{Knowledge, Passage},
    llm::{
        ChatModel, ChatRequest, Delta, Finish, LlmError, Stage,
        retry::{self, Patience},
    },
    shutdown::Shutdown,
};

/// Who answers.
pub enum Answerer {
    /// An endpoint's model.
    Model {
        /// The way to it.
        model: Arc<dyn ChatModel>,
        /// What it is asked.
        request: ChatRequest,
        /// How long to wait for it.
        limits: Limits,
    },
    /// askd's own knowledge.
    Knowledge {
        /// The entries.
        knowledge: Arc<Knowledge>,
        /// What they are asked.
        question: String,
        /// Entries shown at the most.
        passages: usize,
        /// 0 to 1; a best match below it is no match.
        min_score: f32,
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

/// What has come of a turn so far; it outlives the work that fills it.
#[derive(Debug, Default)]
struct Progress {
    first_chunk: Option<Instant>,
    chunks: u64,
    usage: Option<Usage>,
}

/// Who wants a turn to go on.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    followers: usize,
    stop: Option<Stop>,
}

/// Why a turn was ended before its answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Somebody asked.
    Cancelled,
    /// The last reader has gone for good.
    Left,
    /// The server goes down.
    Halted,
}

/// Waits until the turn should end: somebody asks, the last reader has been gone for as long as `on_leave`
/// allows, or the server halts. Never returns while it may go on.
async fn stopped(
    mut wanted: watch::Receiver<Wanted>,
    on_leave: OnLeave,
    shutdown: &Shutdown,
) -> Stop {
    loop {
        let now = *wanted.borrow_and_update();
        if let Some(stop) = now.stop {
            return stop;
        }
        let left = async {
            match on_leave {
                _ if now.followers > 0 => pending().await,
                OnLeave::Stop => {}
                OnLeave::Grace(grace) => sleep_until(Instant::now() + grace).await,
                OnLeave::Finish => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = shutdown.halted() => return Stop::Halted,
            changed = wanted.changed() => if changed.is_err() { return Stop::Left },
            () = left => return Stop::Left,
        }
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
        let place = ticket.place();
        log.set_place(place);
        if place == 0 {
            break;
        }
        ticket.moved().await;
    }
    match answerer {
        Answerer::Model {
            model,
            request,
            limits,
        } => relay(&*model, &request, limits, log, progress).await,
        Answerer::Knowledge {
            knowledge,
            question,
            passages,
            min_score,
        } => {
            let mut found = knowledge.search(&question, passages);
            found.retain(|passage| passage.score >= min_score);
            quote(found, log, progress)
        }
    }
}

/// Passes a model's answer on, piece by piece.
async fn relay(
    model: &dyn ChatModel,
    request: &ChatRequest,
    limits: Limits,
    log: &Log,
    progress: &mut Progress,
) -> Result<Outcome, Fault> {
    let begin = Instant::now();
    let patience = Patience {
        retries: limits.retries,
        first_chunk: limits.first_chunk,
        deadline: begin + limits.first_chunk.min(limits.total),
    };
    let mut deltas = retry::open(model, request, patience)
        .await
        .map_err(|error| error.fault())?;
    let mut stage = Stage::FirstChunk;
    let mut deadline = patience.deadline;
    loop {
        let delta = match timeout_at(deadline, deltas.next()).await {
            Ok(Some(delta)) => delta.map_err(|error| error.fault())?,
            Ok(None) => return Err(LlmError::Broken("it ended without an end".to_owned()).fault()),
            Err(_) => return Err(silence(stage, begin, limits).fault()),
        };
        let appended = match delta {
            Delta::Text(text) => append(log, progress, Channel::Answer, &text)?,
            Delta::Reasoning(text) => append(log, progress, Channel::Reasoning, &text)?,
            Delta::End { finish, usage } => {
                progress.usage = usage;
                return Ok(match finish {
                    Finish::Stop => Outcome::Stop,
                    Finish::Length => Outcome::Length,
                    Finish::ContentFilter => Outcome::ContentFilter,
                });
            }
        };
        if !appended {
            return Ok(Outcome::Length);
        }
        stage = Stage::BetweenChunks;
        deadline = (Instant::now() + limits.between_chunks).min(begin + limits.total);
    }
}

/// Which limit has passed, in the words of the one that was the shorter.
fn silence(stage: Stage, begin: Instant, limits: Limits) -> LlmError {
    if begin.elapsed() >= limits.total {
        return LlmError::Timeout {
            stage: Stage::Total,
            limit: limits.total,
        };
    }
    let limit = if stage == Stage::FirstChunk {
        limits.first_chunk
    } else {
        limits.between_chunks
    };
    LlmError::Timeout { stage, limit }
}

/// Appends a piece; `false`: the answer has reached its cap.
fn append(log: &Log, progress: &mut Progress, channel: Channel, text: &str) -> Result<bool, Fault> {
    match log.text(channel, text) {
        Ok(()) => {
            progress.first_chunk.get_or_insert_with(Instant::now);
            progress.chunks += 1;
            Ok(true)
        }
        Err(AppendError::Full) => Ok(false),
        Err(AppendError::Ended(error)) => Err(internal(&error)),
    }
}

/// Answers with the best entry, word by word as a model would; with none, says so.
fn quote(found: Vec<Passage>, log: &Log, progress: &mut Progress) -> Result<Outcome, Fault> {
    let text = match found.first() {
        Some(best) => best.text.clone(),
        None => NOTHING_FOUND.to_owned(),
    };
    if !found.is_empty() {
        log.sources(found.into_iter().zip(1..).map(source).collect())
            .map_err(|error| internal(&error))?;
    }
    for word in text.split_inclusive(char::is_whitespace) {
        if !append(log, progress, Channel::Answer, word)? {
            return Ok(Outcome::Length);
        }
    }
    Ok(Outcome::Stop)
}

const NOTHING_FOUND: &str = "I have nothing on this question. I answer from a small collection of entries about \
    decentralised finance alone, and none of them matches well enough; I would rather say so than invent an answer. \
    Try it in other words, or ask about lending, exchanges, staking, stablecoins, bridges or their risks.";

fn source((passage, n): (Passage, u32)) -> Source {
    Source {
        n,
        title: passage.title,
        url: passage.url,
        path: passage.path,
        heading: passage.heading,
        excerpt: passage.excerpt,
        score: passage.score,
    }
}

fn internal(error: &dyn std::error::Error) -> Fault {
    Fault::new(
        ErrorCode::Internal,
        format!("A fault of askd's own stopped this answer: {error}."),
    )
}
