//! The parts put together, once; going up, and coming down.

mod descent;
pub mod embedder;
pub mod live;
pub mod machine;
pub mod signals;
mod stations;
pub mod systemd;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::watch, time::interval};

use self::{
    descent::descend,
    live::Live,
    machine::{Machine, Need},
    stations::{knowledge_of, station, stations},
};
pub use crate::http::{Asked, Reloaded, Reloads};
use crate::{
    auth::{Auth, audit::Audit},
    config::{self, Config},
    http::{
        Base, Page, Parts, Site, Uploads,
        accept::{Acceptor, Limits, Listener},
        reload_channel,
    },
    knowledge::{Keeper, KnowledgeError, LibraryError},
    llm::openai::SetupError,
    metrics::Metrics,
    refusal::Refusals,
    session::{
        Sessions,
        registry::{Caps, Registry},
    },
    shutdown::Shutdown,
    store::{Health, OpenError, Store},
    tls::{Certificate, pair::PairError},
    turn::{
        desk::{Desk, Rules},
        misses::Misses,
        quota::Quotas,
        search::Searcher,
    },
};

/// How often old conversations are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// Why the parts cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An endpoint's client.
    #[error("the endpoint {name:?} cannot be set up: {error}")]
    Endpoint {
        /// Which one.
        name: String,
        /// Why.
        error: SetupError,
    },
    /// The conversations' file.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The entries inside the binary.
    #[error("the built-in knowledge cannot be read: {0}")]
    Knowledge(#[from] KnowledgeError),
    /// The thread for the questions that find nothing.
    #[error("no thread can be started for knowledge.misses: {0}")]
    Misses(#[from] std::io::Error),
    /// The audit's file, or its thread.
    #[error(
        "auth.audit {} cannot be written: {source}; create its folder and give it to the user that askd runs as",
        path.display()
    )]
    Audit {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The embeddings' client.
    #[error("the embeddings' server cannot be set up: {0}")]
    Embeddings(SetupError),
    /// The documents' index.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The certificate, or its key: good when the configuration was checked, and no longer.
    #[error("askd cannot speak TLS: {0}; {help}", help = .0.wrong.help())]
    Certificate(#[from] PairError),
}

/// All parts of a server that is ready to listen.
pub struct App {
    live: Arc<Live>,
    limits: Arc<Limits>,
    site: Arc<Site>,
    desk: Desk,
    store: Store,
    registry: Arc<Registry>,
    keeper: Option<Keeper>,
    certificate: Option<Certificate>,
    metrics: Metrics,
    shutdown: Shutdown,
}

/// What is going on, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Open sessions.
    pub sessions: usize,
    /// Running turns.
    pub turns: usize,
    /// Tasks of every kind.
    pub tasks: usize,
}

/// A look at a running server.
#[derive(Clone)]
pub struct Watch {
    desk: Desk,
    registry: Arc<Registry>,
    health: watch::Receiver<Health>,
    shutdown: Shutdown,
}

impl Watch {
    /// Whether conversations can be kept now.
    pub fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// What is going on now.
    pub fn counts(&self) -> Counts {
        Counts {
            sessions: self.registry.len(),
            turns: self.desk.running(),
            tasks: self.shutdown.tasks(),
        }
    }
}

impl App {
    /// Builds the parts; nothing runs yet.
    pub fn new(config: Config, shutdown: Shutdown) -> Result<Self, BuildError> {
        let Config {
            server,
            endpoints,
            auth,
            session,
            limits: quotas,
            knowledge,
            store,
            page,
            log,
            metrics: _,
        } = config.clone();
        let metrics = Metrics::new();
        let rules = rules(&session, &log);
        let (searched, keeper) = knowledge_of(&endpoints, &knowledge, &store.path, &shutdown)?;
        let misses = knowledge.misses.clone().map(Misses::open).transpose()?;
        let searcher = searched
            .map(|searched| Arc::new(Searcher::new(searched, &knowledge, misses, metrics.clone())));
        let stations = stations(endpoints, searcher.clone(), knowledge.folders.is_empty())?;
        let certificate = (server.tls.as_ref())
            .map(|tls| Certificate::open(tls.certificate.clone(), tls.key.clone()))
            .transpose()?;
        let audit = audit(auth.audit.clone())?;
        let store = Store::open(store)?;
        let page = Page::new(&page, auth.mode, &Base::of(server.public_url.as_ref()));
        let auth = Auth::new(auth, store.clone());
        let refusals = Arc::new(Refusals::new(metrics.clone()));
        let registry = Registry::new(caps(&server, &quotas));
        let quotas = Quotas::new(quotas, store.take_spent(), refusals.clone());
        let desk = Desk::new(
            stations,
            store.clone(),
            rules,
            quotas,
            metrics.clone(),
            shutdown.clone(),
        );
        let connections = Need::of(&config).connections_on(Machine::here());
        let limits = Limits::new(connections, &server, &session, refusals);
        let stamp = page.stamp().to_owned();
        let uploads = Uploads::new(&session);
        let sessions = Sessions::new(
            session,
            stamp,
            desk.clone(),
            registry.clone(),
            metrics.clone(),
            shutdown.clone(),
        );
        let (reloader, reloads) = reload_channel();
        let parts = Parts {
            audit: audit.clone(),
            reloader,
            misses: knowledge.misses,
            shown: config.shown(),
            uploads,
            sessions: sessions.clone(),
            desk: &desk,
            store: &store,
            auth,
            documents: keeper.as_ref().map(Keeper::library),
            page,
            connections: limits.connections(),
            metrics: metrics.clone(),
            shutdown: shutdown.clone(),
        };
        let site = Site::new(&config, parts);
        let live = Live {
            running: Mutex::new(config),
            site: site.clone(),
            sessions,
            registry: registry.clone(),
            limits: limits.clone(),
            desk: desk.clone(),
            store: store.clone(),
            searcher,
            audit,
            reloads: Mutex::new(Some(reloads)),
        };
        Ok(Self {
            live: Arc::new(live),
            limits,
            site,
            desk,
            store,
            registry,
            keeper,
            certificate,
            metrics,
            shutdown,
        })
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The certificate that is shown, if askd speaks TLS: who holds it can have its files read again at once.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.clone()
    }

    /// A look at it that stays when [`App::serve`] has taken it.
    pub fn watch(&self) -> Watch {
        Watch {
            desk: self.desk.clone(),
            registry: self.registry.clone(),
            health: self.store.health(),
            shutdown: self.shutdown.clone(),
        }
    }

    /// What of it can change while it serves.
    pub fn live(&self) -> Arc<Live> {
        self.live.clone()
    }

    /// Serves until the shutdown has run its course.
    pub async fn serve(self, listeners: Vec<Listener>) {
        let Self {
            live,
            limits,
            site,
            desk,
            store,
            keeper,
            certificate,
            shutdown,
            ..
        } = self;
        drop(live.reloads());
        let server = live.server();
        let library = keeper.as_ref().map(Keeper::library);
        if let Some(keeper) = keeper {
            keeper.start();
        }
        if let Some(certificate) = certificate.clone() {
            shutdown.spawn_background("certificate", certificate.follow(shutdown.clone()));
        }
        let acceptor = Acceptor::new(
            site,
            &server,
            limits,
            certificate,
            &listeners,
            shutdown.clone(),
        );
        for listener in listeners {
            shutdown.spawn_background("listener", acceptor.clone().run(listener));
        }
        drop(acceptor);
        shutdown.spawn_background("saver", desk.save());
        shutdown.spawn_background("sweeper", sweep(store.clone(), shutdown.clone()));
        shutdown.draining().await;
        // What has been read by now is not read again.
        if let Some(library) = library {
            library.stop();
        }
        let grace = live.server().shutdown_grace;
        let audit = live.audit().clone();
        drop(live);
        descend(&shutdown, store, grace).await;
        audit.flush();
    }
}

/// Where it is written down who came in, if it is.
fn audit(path: Option<PathBuf>) -> Result<Audit, BuildError> {
    let Some(path) = path else {
        return Ok(Audit::default());
    };
    Audit::open(path.clone()).map_err(|source| BuildError::Audit { path, source })
}

/// How turns are handled.
fn rules(session: &config::Session, log: &config::Log) -> Rules {
    Rules {
        on_leave: session.on_leave,
        max_answer: session.max_answer,
        log_texts: log.texts,
    }
}

/// How many sessions there may be.
fn caps(server: &config::Server, limits: &config::Limits) -> Caps {
    Caps {
        all: server.max_sessions,
        client: server.max_sessions_per_client,
        owner: limits.user_sessions,
    }
}

async fn sweep(store: Store, shutdown: Shutdown) {
    let mut beat = interval(SWEEP);
    loop {
        tokio::select! {
            biased;
            () = shutdown.halted() => return,
            _ = beat.tick() => {}
        }
        tokio::select! {
            biased;
            () = shutdown.halted() => return,
            () = store.sweep() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::{Overrides, check},
        knowledge::MIN_SCORE,
    };

    #[test]
    fn the_default_threshold_is_the_one_that_the_knowledge_was_measured_at() {
        let least = |toml: &str| {
            let loaded = check("", toml, &Overrides::default(), &|_| None).unwrap();
            loaded.config.knowledge.min_score
        };
        assert_eq!(least(""), MIN_SCORE);
        let folders = "[knowledge]\nfolders = [\"/docs\"]\n";
        assert_eq!(least(folders), MIN_SCORE);
        let endpoint = "[[endpoint]]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\n";
        assert!(least(&format!("{endpoint}{folders}")) < MIN_SCORE);
        assert_eq!(least(&format!("{endpoint}{folders}min_score = 0.5\n")), 0.5);
    }
}
