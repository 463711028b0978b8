//! How many connections there may be, and how long one may do nothing. Both can change while askd serves.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::KERNEL_MARGIN;
use crate::{
    config,
    refusal::Refusals,
    session::registry::{Caps, Registry},
};

/// What every accept loop keeps to.
pub struct Limits {
    /// One is taken before a connection is accepted.
    places: Arc<Semaphore>,
    count: Mutex<Count>,
    /// Caps those of one address.
    pub(super) clients: Arc<Registry>,
    times: ArcSwap<Times>,
    pub(super) refusals: Arc<Refusals>,
}

struct Count {
    max: usize,
    /// Places that are to go once they come back.
    too_many: usize,
}

/// How long a client may take.
pub(super) struct Times {
    /// For a request's headers.
    pub(super) header: Duration,
    /// For data that was sent: the kernel cuts a TCP client off that takes none of it, a little after the session's own
    /// deadline; so no response can hold a connection for ever.
    pub(super) untaken: Duration,
}

impl Times {
    fn of(server: &config::Server, session: &config::Session) -> Self {
        Self {
            header: server.header_timeout,
            untaken: session.send_timeout + KERNEL_MARGIN,
        }
    }
}

/// All together are capped by the places, and whose a connection is, is not known yet.
fn caps(server: &config::Server) -> Caps {
    Caps {
        all: usize::MAX,
        client: server.max_connections_per_client,
        owner: 0,
    }
}

impl Limits {
    /// As configured, with so many connections at once: the machine may have room for fewer than the configuration.
    pub fn new(
        max: usize,
        server: &config::Server,
        session: &config::Session,
        refusals: Arc<Refusals>,
    ) -> Arc<Self> {
        let count = Count { max, too_many: 0 };
        Arc::new(Self {
            places: Arc::new(Semaphore::new(max)),
            count: Mutex::new(count),
            clients: Registry::new(caps(server)),
            times: ArcSwap::from_pointee(Times::of(server, session)),
            refusals,
        })
    }

    /// For connections of another kind, which take nobody's place: so many, all of which may be of one address.
    pub(super) fn apart(&self, max: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(max)),
            count: Mutex::new(Count { max, too_many: 0 }),
            clients: Registry::new(Caps {
                all: usize::MAX,
                client: max,
                owner: 0,
            }),
            times: ArcSwap::new(self.times()),
            refusals: self.refusals.clone(),
        })
    }

    /// The connections that there are.
    pub fn connections(&self) -> Arc<Registry> {
        self.clients.clone()
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn times(&self) -> Arc<Times> {
        self.times.load_full()
    }

    /// Waits for a place; `None`: there will be none any more. Cancel safe.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let place = self.places.clone().acquire_owned().await.ok()?;
            let mut count = self.count();
            if count.too_many == 0 {
                return Some(place);
            }
            count.too_many -= 1;
            place.forget();
        }
    }

    /// From now on others. Connections stay, also where there are more than may be: newcomers wait until there are fewer,
    /// but for the one that each listener has its place for already.
    pub fn set(&self, max: usize, server: &config::Server, session: &config::Session) {
        self.times.store(Arc::new(Times::of(server, session)));
        self.clients.set_caps(caps(server));
        let mut count = self.count();
        let (more, fewer) = (max.saturating_sub(count.max), count.max.saturating_sub(max));
        count.max = max;
        let kept = more.min(count.too_many);
        count.too_many -= kept;
        self.places.add_permits(more - kept);
        count.too_many += fewer - self.places.forget_permits(fewer);
    }
}
