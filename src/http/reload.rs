//! Asking for the configuration to be read again, as a SIGHUP does, and what came of it.
//!
//! Who reads it stands above the routes; between them is a channel with one place.

use std::{sync::Arc, time::Duration};

use crate::auth::audit::Act;
use serde::Serialize;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// How long reading may take: names are resolved.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of reading the configuration again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// The keys that took effect.
    pub took_effect: Vec<&'static str>,
    /// The keys that are otherwise in the file and wait for a restart.
    pub need_restart: Vec<&'static str>,
    /// What the file says that may not be meant so.
    pub warnings: Vec<String>,
    /// Why nothing was taken over.
    pub faults: Vec<String>,
}

impl Reloaded {
    /// What of it is written down: no word of the file, only the names of keys.
    pub fn act(&self) -> Act {
        Act::Reload {
            took_effect: self.took_effect.clone(),
            need_restart: self.need_restart.clone(),
            faults: self.faults.len(),
        }
    }
}

/// Somebody who waits to be told.
pub struct Asked {
    /// What they are called.
    pub by: Arc<str>,
    tell: oneshot::Sender<Reloaded>,
}

impl Asked {
    /// Tells them; who has gone need not hear it.
    pub fn tell(self, reloaded: Reloaded) {
        let _ = self.tell.send(reloaded);
    }
}

/// Asks; clones share the place.
#[derive(Clone)]
pub struct Reloader(mpsc::Sender<Asked>);

/// Hears who asks.
pub struct Reloads(mpsc::Receiver<Asked>);

/// Both ends.
pub fn channel() -> (Reloader, Reloads) {
    let (asks, asked) = mpsc::channel(1);
    (Reloader(asks), Reloads(asked))
}

impl Reloader {
    /// Has the configuration read again. `None`: it cannot be just now, for it is being read for somebody else, or askd goes
    /// down.
    pub async fn ask(&self, by: Arc<str>) -> Option<Reloaded> {
        let (tell, told) = oneshot::channel();
        self.0.try_send(Asked { by, tell }).ok()?;
        timeout(PATIENCE, told).await.ok()?.ok()
    }
}

impl Reloads {
    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) -> Asked {
        match self.0.recv().await {
            Some(asked) => asked,
            // Whoever could ask has gone.
            None => std::future::pending().await,
        }
    }
}
