//! How long somebody who came in may stay.

use std::time::Instant;

use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// What a session holds of a sign-in: it hears of its end, and no more.
#[derive(Debug, Clone)]
pub struct Pass(Option<Ends>);

#[derive(Debug, Clone)]
struct Ends {
    taken_back: CancellationToken,
    at: Option<Instant>,
}

impl Pass {
    /// One that no one takes back: nobody signed in.
    pub fn lasting() -> Self {
        Self(None)
    }

    /// One that ends when it is taken back, or at a time.
    pub(super) fn until(taken_back: CancellationToken, at: Option<Instant>) -> Self {
        Self(Some(Ends { taken_back, at }))
    }

    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        self.0.as_ref().is_some_and(|Ends { taken_back, at }| {
            taken_back.is_cancelled() || at.is_some_and(|at| at <= Instant::now())
        })
    }

    /// Waits for the end. Cancel safe.
    pub async fn ended(&self) {
        let Some(Ends { taken_back, at }) = &self.0 else {
            return std::future::pending().await;
        };
        match at {
            None => taken_back.cancelled().await,
            Some(at) => tokio::select! {
                () = taken_back.cancelled() => {}
                () = sleep_until((*at).into()) => {}
            },
        }
    }
}
