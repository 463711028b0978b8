//! When the newest events of a log came, for how long they wait to be read.
//!
//! They are kept apart from the answer, for nobody needs them later, and without a lock: a reader who is that far behind that
//! its event's stamp has been written over gets none.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

use crate::{id::Seq, metrics::Metrics};

/// Events whose coming is known; a reader who is further behind does not keep up.
const KNOWN: u64 = 32;

/// The ring of them.
pub(super) struct Stamps {
    metrics: Metrics,
    begin: Instant,
    /// Microseconds from the beginning, by the event's number.
    micros: [AtomicU64; KNOWN as usize],
}

impl Stamps {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            begin: Instant::now(),
            micros: Default::default(),
        }
    }

    fn slot(&self, seq: Seq) -> &AtomicU64 {
        &self.micros[(seq.0 % KNOWN) as usize]
    }

    /// This one has come now, and is shown behind that.
    pub(super) fn set(&self, seq: Seq) {
        let micros = u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.slot(seq).store(micros, Ordering::Relaxed);
    }

    /// When this one came, where `head` is the newest. It may be the stamp of one that comes just now, if the ring is full.
    pub(super) fn of(&self, seq: Seq, head: Seq) -> Option<Instant> {
        let is_known = head.0 - seq.0 < KNOWN - 1;
        let micros = self.slot(seq).load(Ordering::Relaxed);
        is_known.then(|| self.begin + Duration::from_micros(micros))
    }

    /// What had come then has been written to its reader.
    pub(super) fn written(&self, came: Instant) {
        self.metrics.chunk_lagged(came.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_newest_are_known_and_older_ones_are_not() {
        let stamps = Stamps::new(Metrics::new());
        for seq in 1..=100 {
            tokio::time::advance(Duration::from_millis(1)).await;
            stamps.set(Seq(seq));
        }
        let of = |seq| stamps.of(Seq(seq), Seq(100)).map(|at| at - stamps.begin);
        assert_eq!(of(100), Some(Duration::from_millis(100)));
        assert_eq!(of(70), Some(Duration::from_millis(70)));
        assert_eq!(of(69), None);
    }
}
