//! How an endpoint has done, as the questions that it was asked say: nothing is asked for the sake of knowing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    answer::{ErrorCode, Fault, Outcome},
    store::now,
};

/// How the codes of an endpoint's own failures begin.
const UPSTREAM: &str = "upstream_";

/// What has come of the questions to an endpoint. It keeps no text of any.
#[derive(Debug, Default)]
pub struct Health(Mutex<Lately>);

/// How an endpoint has done lately; times in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lately {
    /// When an answer began last.
    pub began: Option<u64>,
    /// When the endpoint failed last, and with what.
    pub failed: Option<(u64, ErrorCode)>,
    /// How often it has failed since the last answer that came to its end.
    pub failures: u32,
}

impl Health {
    fn lately(&self) -> MutexGuard<'_, Lately> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it has done.
    pub fn now(&self) -> Lately {
        *self.lately()
    }

    /// An answer begins.
    pub(super) fn begins(&self) {
        self.lately().began = Some(now());
    }

    /// An answer has ended by itself. What went wrong on this side of the endpoint says nothing of it.
    pub(super) fn ended(&self, with: &Result<Outcome, Fault>) {
        let mut lately = self.lately();
        match with {
            Ok(_) => lately.failures = 0,
            Err(fault) if fault.code.as_str().starts_with(UPSTREAM) => {
                lately.failed = Some((now(), fault.code));
                lately.failures = lately.failures.saturating_add(1);
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_until_an_answer_comes_to_its_end_and_only_the_endpoints_own() {
        let health = Health::default();
        let fails = |code| health.ended(&Err(Fault::new(code, "why")));
        fails(ErrorCode::UpstreamTimeout);
        health.begins();
        fails(ErrorCode::UpstreamFailed);
        fails(ErrorCode::Internal);
        let now = health.now();
        assert_eq!(now.failures, 2);
        assert_eq!(
            now.failed.map(|(_, code)| code),
            Some(ErrorCode::UpstreamFailed)
        );
        assert!(now.began.is_some());
        health.ended(&Ok(Outcome::Stop));
        assert_eq!(health.now(), Lately { failures: 0, ..now });
    }
}
