//! What can change while askd serves: each part that can is handed its section anew. A further one gets a field in [`Live`]
//! and a line in [`Live::change`].

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    BuildError, caps,
    machine::{Machine, Need},
    rules, station,
};
use crate::{
    auth::audit::Audit,
    config::{self, Change, Config, Endpoint},
    http::{Base, Page, Reloads, Site, accept::Limits},
    session::{Sessions, registry::Registry},
    store::Store,
    turn::{
        desk::Desk,
        search::Searcher,
        station::{Backend, Station},
    },
};

/// The parts that can change, and what they run on.
pub struct Live {
    pub(super) running: Mutex<Config>,
    pub(super) site: Arc<Site>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) registry: Arc<Registry>,
    pub(super) limits: Arc<Limits>,
    pub(super) desk: Desk,
    pub(super) store: Store,
    pub(super) searcher: Option<Arc<Searcher>>,
    pub(super) audit: Audit,
    pub(super) reloads: Mutex<Option<Reloads>>,
}

impl Live {
    /// Where it is written down who did what.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Where admins ask for the configuration to be read again; there is one who hears them, and from where nobody has
    /// asked for this before askd serves they are told that it cannot be.
    pub fn reloads(&self) -> Option<Reloads> {
        let mut reloads = self.reloads.lock().unwrap_or_else(PoisonError::into_inner);
        reloads.take()
    }

    /// `[server]` as it is now.
    pub fn server(&self) -> config::Server {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.server.clone()
    }

    /// Takes over of another configuration what can be taken over now, and says what that is. When one of the parts
    /// cannot be built as it is wanted, nothing changes.
    pub fn change(&self, wanted: &Config) -> Result<Change, BuildError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let change = Change::between(&running, wanted);
        let config = &change.config;
        let stations = (config.endpoints != running.endpoints)
            .then(|| self.stations(&config.endpoints))
            .transpose()?;
        if let Some(stations) = stations {
            for (station, endpoint) in stations.iter().zip(&config.endpoints) {
                station.line.resize(endpoint.concurrency, endpoint.queue);
            }
            self.desk.set_stations(stations);
        }
        self.desk.set_rules(rules(&config.session, &config.log));
        self.store.set_limits(&config.store);
        let server = &config.server;
        self.registry.set_caps(caps(server, &config.limits));
        self.desk.quotas().set(config.limits);
        let connections = Need::of(config).connections_on(Machine::here());
        self.limits.set(connections, server, &config.session);
        let page = Page::new(
            &config.page,
            config.auth.mode,
            &Base::of(server.public_url.as_ref()),
        );
        let stamp = page.stamp().to_owned();
        self.site.set(config, page);
        self.sessions.set(config.session.clone(), stamp);
        running.clone_from(config);
        Ok(change)
    }

    /// The stations of these endpoints: those that are as they were stay, and one that has kept its name keeps its line.
    fn stations(&self, endpoints: &[Endpoint]) -> Result<Vec<Arc<Station>>, BuildError> {
        let old = self.desk.stations();
        let build = |endpoint: &Endpoint| {
            let before = old.iter().find(|station| station.name == endpoint.name);
            if let Some(station) = before
                && let Backend::Endpoint { config, .. } = &station.backend
                && **config == *endpoint
            {
                return Ok(station.clone());
            }
            let before = before.map(Arc::as_ref);
            station(endpoint.clone(), self.searcher.clone(), before).map(Arc::new)
        };
        endpoints.iter().map(build).collect()
    }
}
