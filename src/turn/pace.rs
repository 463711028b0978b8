//! How long answers take, and from that when one of those that run should end: what whoever has to wait for one is told.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// What is said while no answer has ended yet.
const UNKNOWN: Duration = Duration::from_secs(20);
/// No wait that is said is shorter, nor longer.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);
/// The newest answer's part of the mean is one in so many.
const WEIGHT: u64 = 8;

/// A running mean of what answers took.
#[derive(Debug, Default)]
pub struct Pace {
    /// In milliseconds; 0: none has ended yet.
    mean: AtomicU64,
}

impl Pace {
    /// An answer has ended that took so long.
    pub fn took(&self, time: Duration) {
        let time = millis(time).max(1);
        // Whoever comes in between has its answer left out of a mean: that is no loss worth a lock.
        let mean = match self.mean.load(Ordering::Relaxed) {
            0 => time,
            mean => (mean * (WEIGHT - 1)).saturating_add(time).div_ceil(WEIGHT),
        };
        self.mean.store(mean, Ordering::Relaxed);
    }

    /// In what time one of those that began then should have ended: who has taken as long as others did may take half as
    /// long again.
    pub fn until_one_ends(&self, begun: impl Iterator<Item = Instant>, now: Instant) -> Duration {
        let mean = match self.mean.load(Ordering::Relaxed) {
            0 => UNKNOWN,
            mean => Duration::from_millis(mean),
        };
        let left = begun.map(|begun| {
            let left = mean.saturating_sub(now.saturating_duration_since(begun));
            if left.is_zero() { mean / 2 } else { left }
        });
        left.min().unwrap_or(mean).clamp(SHORTEST, LONGEST)
    }
}

/// At most what leaves room to reckon with.
fn millis(time: Duration) -> u64 {
    u64::from(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// What is said where answers run that are so many seconds old.
    fn said(pace: &Pace, ages: &[u64]) -> Duration {
        let now = Instant::now() + secs(10_000);
        pace.until_one_ends(ages.iter().map(|age| now - secs(*age)), now)
    }

    #[test]
    fn before_any_answer_has_ended_the_wait_is_the_stated_one() {
        assert_eq!(said(&Pace::default(), &[0]), UNKNOWN);
        assert_eq!(said(&Pace::default(), &[5, 0]), UNKNOWN - secs(5));
    }

    #[test]
    fn the_oldest_answer_should_end_when_it_has_taken_as_long_as_others_did() {
        let pace = Pace::default();
        pace.took(secs(40));
        assert_eq!(said(&pace, &[10, 30, 0]), secs(10));
        // One that takes longer than others did says nothing of when it ends, and the others go on.
        assert_eq!(said(&pace, &[90]), secs(20));
        assert_eq!(said(&pace, &[90, 25]), secs(15));
    }

    #[test]
    fn newer_answers_weigh_most_and_no_wait_is_absurd() {
        let pace = Pace::default();
        pace.took(secs(80));
        pace.took(secs(160));
        assert_eq!(said(&pace, &[0]), secs(90));
        for _ in 0..100 {
            pace.took(Duration::ZERO);
        }
        assert_eq!(said(&pace, &[0]), SHORTEST);
        for _ in 0..100 {
            pace.took(Duration::MAX);
        }
        assert_eq!(said(&pace, &[0]), LONGEST);
    }
}
