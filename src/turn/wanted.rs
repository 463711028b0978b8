//! Who wants a turn to go on, and what ends it when nobody does.

use std::future::pending;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{config::OnLeave, shutdown::Shutdown};

/// Who wants a turn to go on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) followers: usize,
    pub(super) stop: Option<Stop>,
    /// When that came to be: somebody asked for it to stop, or the last reader went.
    since: Option<Instant>,
}

impl Wanted {
    /// Somebody wants it to stop.
    pub(super) fn stop(&mut self, stop: Stop) {
        self.stop = Some(stop);
        self.since = Some(Instant::now());
    }

    /// A reader has gone.
    pub(super) fn leave(&mut self) {
        self.followers -= 1;
        if self.followers == 0 && self.stop.is_none() {
            self.since = Some(Instant::now());
        }
    }
}

/// Why a turn was ended before its answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody asked.
    Cancelled,
    /// The last reader has gone for good.
    Left,
    /// An admin wants it so.
    ByAdmin,
    /// The server goes down.
    Halted,
}

/// Waits until the turn should end: somebody asks, the last reader has been gone for as long as `on_leave`
/// allows, or the server halts; and since when. Never returns while it may go on.
pub(super) async fn stopped(
    mut wanted: watch::Receiver<Wanted>,
    on_leave: OnLeave,
    shutdown: &Shutdown,
) -> (Stop, Instant) {
    loop {
        let now = *wanted.borrow_and_update();
        let since = now.since.unwrap_or_else(Instant::now);
        if let Some(stop) = now.stop {
            return (stop, since);
        }
        let left = async {
            match on_leave {
                _ if now.followers > 0 => pending().await,
                OnLeave::Stop => since,
                OnLeave::Grace(grace) => {
                    sleep_until(since + grace).await;
                    since + grace
                }
                OnLeave::Finish => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = shutdown.halted() => return (Stop::Halted, Instant::now()),
            changed = wanted.changed() => if changed.is_err() { return (Stop::Left, since) },
            since = left => return (Stop::Left, since),
        }
    }
}
