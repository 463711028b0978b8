//! A model's answer, passed on piece by piece within its limits.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::StreamExt as _;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::{Limits, Progress, append, health::Health, log::Log};
use crate::{
    answer::{Channel, Fault, Outcome},
    llm::{
        ChatModel, ChatRequest, Delta, DeltaStream, Finish, LlmError, Stage,
        retry::{self, Patience},
    },
};

/// How long the token counts may lag behind the end of an answer.
const TAIL: Duration = Duration::from_secs(2);

/// Passes a model's answer on, piece by piece.
pub(super) async fn relay(
    model: &dyn ChatModel,
    request: &ChatRequest,
    limits: Limits,
    log: &Log,
    progress: &mut Progress,
    health: &Health,
) -> Result<Outcome, Fault> {
    let begin = Instant::now();
    let patience = Patience {
        retries: limits.retries,
        first_chunk: limits.first_chunk,
        deadline: begin + limits.first_chunk.min(limits.total),
    };
    let tried_again = |error: &LlmError, wait: Duration| {
        progress.endpoint.asked_again();
        progress.ids.tell_retry(error, wait);
    };
    let mut deltas = retry::open(model, request, patience, tried_again)
        .await
        .map_err(|error| error.fault())?;
    let mut stage = Stage::FirstChunk;
    let mut deadline = patience.deadline;
    let mut alarm = pin!(sleep_until(deadline));
    loop {
        let delta = match next_delta(&mut deltas, alarm.as_mut(), deadline).await {
            Some(Some(Ok(delta))) => delta,
            Some(Some(Err(error))) => return Err(error.fault()),
            Some(None) => {
                return Err(LlmError::Broken("it ended without an end".to_owned()).fault());
            }
            None => return Err(silence(stage, begin, limits).fault()),
        };
        let appended = match delta {
            Delta::Text(text) => match &mut progress.citations {
                None => append(log, progress, Channel::Answer, &text)?,
                Some(citations) => {
                    let text = citations.push(&text);
                    append(log, progress, Channel::Answer, &text)?
                }
            },
            Delta::Reasoning(text) => append(log, progress, Channel::Reasoning, &text)?,
            Delta::Usage(usage) => {
                progress.usage = Some(usage);
                true
            }
            Delta::Finish(finish) => {
                cost(deltas, progress).await;
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
        if stage == Stage::FirstChunk {
            health.begins();
        }
        stage = Stage::BetweenChunks;
        deadline = (Instant::now() + limits.between_chunks).min(begin + limits.total);
    }
}

/// The next item of the stream; `None` when it has not come by the deadline.
///
/// The alarm is set anew only when it rings early, not for every chunk: a timer costs more than a chunk does.
async fn next_delta(
    deltas: &mut DeltaStream,
    mut alarm: Pin<&mut Sleep>,
    deadline: Instant,
) -> Option<Option<Result<Delta, LlmError>>> {
    if alarm.deadline() > deadline {
        alarm.as_mut().reset(deadline);
    }
    loop {
        tokio::select! {
            biased;
            delta = deltas.next() => return Some(delta),
            () = alarm.as_mut() => {
                if Instant::now() >= deadline {
                    return None;
                }
                alarm.as_mut().reset(deadline);
            }
        }
    }
}

/// Reads the token counts that lag behind a whole answer. Whatever goes wrong here takes nothing from it.
async fn cost(mut deltas: DeltaStream, progress: &mut Progress) {
    let counts = async {
        while let Some(Ok(delta)) = deltas.next().await {
            if let Delta::Usage(usage) = delta {
                progress.usage = Some(usage);
            }
        }
    };
    // What has come by then has to do.
    let _ = timeout(TAIL, counts).await;
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
