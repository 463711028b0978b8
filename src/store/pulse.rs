//! Whether the disk answers at all: one that hangs gives no error, and everybody would wait for it without a word.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tracing::error;

use super::{Health, OpenError, inbox::Shared, queue};

/// How long the writer may write before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the writer tells of its writing, and the thread that watches it.
pub(super) struct Pulse {
    beat: Arc<(Mutex<Beat>, Condvar)>,
    stuck: watch::Sender<bool>,
}

struct Beat {
    /// When the writing began that goes on now.
    since: Option<Instant>,
    patience: Duration,
    over: bool,
}

impl Pulse {
    pub(super) fn new() -> Self {
        let beat = Beat {
            since: None,
            patience: PATIENCE,
            over: false,
        };
        Self {
            beat: Arc::new((Mutex::new(beat), Condvar::new())),
            stuck: watch::Sender::new(false),
        }
    }

    /// Starts the thread, which ends with the writer.
    pub(super) fn watch(shared: &Arc<Shared>) -> Result<(), OpenError> {
        let (beat, shared) = (shared.pulse.beat.clone(), Arc::downgrade(shared));
        queue::spawn("askd-pulse", move || watch(&beat, &shared))
    }

    /// The writer begins to write: what it waits for before, as for readers of a database in memory, is not counted.
    pub(super) fn begin(&self) {
        self.beat().since = Some(Instant::now());
        self.beat.1.notify_all();
    }

    /// The writer has written; returns whether it was stuck.
    pub(super) fn end(&self) -> bool {
        let mut beat = self.beat();
        beat.since = None;
        self.beat.1.notify_all();
        self.stuck.send_replace(false)
    }

    /// The writer ends.
    pub(super) fn stop(&self) {
        self.beat().over = true;
        self.beat.1.notify_all();
    }

    /// Waits until the writer is stuck.
    pub(super) async fn stuck(&self) {
        let mut stuck = self.stuck.subscribe();
        // The sender lives as long as `self`.
        let _ = stuck.wait_for(|stuck| *stuck).await;
    }

    #[cfg(test)]
    pub(super) fn hurry(&self, patience: Duration) {
        self.beat().patience = patience;
        self.beat.1.notify_all();
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch((beat, changed): &(Mutex<Beat>, Condvar), shared: &Weak<Shared>) {
    let mut beat = beat.lock().unwrap_or_else(PoisonError::into_inner);
    while !beat.over {
        let left = beat
            .since
            .map(|since| beat.patience.saturating_sub(since.elapsed()));
        beat = match left {
            Some(left) if !left.is_zero() => {
                let woken = changed.wait_timeout(beat, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
            _ => {
                // While the beat is held, the writer cannot tell that it goes on.
                if left.is_some()
                    && let Some(shared) = shared.upgrade()
                {
                    tell(&shared, beat.patience);
                }
                changed.wait(beat).unwrap_or_else(PoisonError::into_inner)
            }
        };
    }
}

fn tell(shared: &Shared, patience: Duration) {
    if shared.pulse.stuck.send_replace(true) {
        return;
    }
    let sentence = format!(
        "Conversations cannot be kept in {}: the disk has not done what it was told for {} seconds. Look at the \
         system's log and at what else writes there; askd goes on by itself.",
        shared.location.name,
        patience.as_secs()
    );
    error!("{sentence}");
    shared.health.send_replace(Health::Bad(sentence.into()));
}
