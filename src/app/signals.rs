//! SIGTERM and SIGINT: the first drains, the second ends at once. SIGHUP: what is outside may have changed.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tracing::{info, warn};

use crate::shutdown::Shutdown;

/// How long "at once" may take: enough to end the answers' logs and to say goodbye.
const AT_ONCE: Duration = Duration::from_millis(200);

/// SIGHUPs, heard from the moment this is made; without it one would be the end.
pub struct Hangups(Signal);

impl Hangups {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next one; several that come at once are one. Cancel safe.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// The two signals, heard from the moment this is made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Drains at the first signal; at the second it ends everything and returns.
    pub async fn twice(mut self, shutdown: &Shutdown) {
        let signal = self.next().await;
        info!(
            signal,
            busy = super::descent::list(shutdown.busy()),
            "going down: running answers may end, nothing new begins"
        );
        super::systemd::stopping();
        shutdown.drain();
        let signal = self.next().await;
        warn!(
            signal,
            busy = super::descent::list(shutdown.busy()),
            "a second signal: ending at once"
        );
        shutdown.halt();
        // What takes longer is given up.
        let _ = timeout(AT_ONCE, shutdown.finished()).await;
    }
}
