//! What systemd is told: that askd is ready, that it stops, how it is, and that it is alive. Nothing of it
//! happens when askd was not started by systemd.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::interval;
use tracing::debug;

use super::{Counts, Watch};
use crate::{shutdown::Shutdown, store::Health};

/// How often the status line is renewed when there is no watchdog that asks for more.
const STATUS: Duration = Duration::from_secs(15);

fn notify(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(%error, "systemd could not be told");
    }
}

/// The listeners are open.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is being read again, until [`ready`] is told anew.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => debug!(%error, "systemd could not be told"),
    }
}

/// The drain has begun.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Renews the status line and feeds the watchdog, from inside the runtime that serves: if that hangs, systemd
/// hears nothing and restarts askd.
pub async fn report(watch: Watch, shutdown: Shutdown) {
    let watchdog = sd_notify::watchdog_enabled();
    let mut beat = interval(watchdog.map_or(STATUS, |limit| (limit / 3).min(STATUS)));
    loop {
        tokio::select! {
            biased;
            () = shutdown.halted() => return,
            _ = beat.tick() => {}
        }
        let Counts {
            sessions, turns, ..
        } = watch.counts();
        let doing = if shutdown.is_draining() {
            "draining"
        } else {
            "serving"
        };
        let storage = match watch.health() {
            Health::Good => String::new(),
            Health::Bad(reason) => format!("; {reason}"),
        };
        notify(&[NotifyState::Status(&format!(
            "{doing}: {sessions} sessions, {turns} answers{storage}"
        ))]);
        if watchdog.is_some() {
            notify(&[NotifyState::Watchdog]);
        }
    }
}
