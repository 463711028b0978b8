//! Coming down, in the grace that there is for it.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use tracing::{info, warn};

use crate::{
    shutdown::Shutdown,
    store::{Store, Unwritten},
};

/// The parts of the shutdown's grace that are kept for ending what did not end by itself, and for writing what is not
/// written yet, at the most.
const RESERVE: Duration = Duration::from_millis(1500);
const WRITING: Duration = Duration::from_millis(1000);

/// Waits for the running answers as long as the grace allows, then ends what is left, and says what that was. The
/// store is closed at the end, in what is left of the grace.
pub(super) async fn descend(shutdown: &Shutdown, store: Store, grace: Duration) {
    let begin = Instant::now();
    let (reserve, writing) = (RESERVE.min(grace / 2), WRITING.min(grace / 4));
    if timeout(grace - reserve - writing, shutdown.idle())
        .await
        .is_err()
    {
        warn!(
            busy = list(shutdown.busy()),
            seconds = seconds(begin),
            "still busy at the end of the grace; ending it"
        );
    }
    shutdown.halt();
    match timeout(reserve, shutdown.finished()).await {
        Ok(()) => info!(seconds = seconds(begin), "everything has ended"),
        Err(_) => warn!(
            busy = list(shutdown.stragglers()),
            "did not end in time and is given up"
        ),
    }
    let left = grace.saturating_sub(begin.elapsed()).max(writing);
    if timeout(left, store.clone().close()).await.is_err() {
        let Unwritten {
            questions,
            answers,
            turns,
        } = store.unwritten();
        let turns: Vec<_> = turns.iter().map(ToString::to_string).collect();
        warn!(
            questions,
            answers,
            turns = turns.join(", "),
            "the conversations' file could not be closed in time; what was not written is lost"
        );
    }
}

/// "2 session, 1 turn", or "nothing".
pub(super) fn list(tasks: Vec<(&'static str, usize)>) -> String {
    if tasks.is_empty() {
        return "nothing".to_owned();
    }
    let names = tasks
        .into_iter()
        .map(|(name, count)| format!("{count} {name}"));
    names.collect::<Vec<_>>().join(", ")
}

/// Since then, in seconds with two digits.
fn seconds(begin: Instant) -> f64 {
    (begin.elapsed().as_secs_f64() * 100.0).round() / 100.0
}
