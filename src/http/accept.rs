//! Listening and accepting: our own loop under warp's filters, so that connections are counted, headers have a
//! deadline, and a shutdown ends what is idle.

mod arrival;
mod connection;
mod inherited;
mod limits;
mod listener;
mod proxied;
mod redirect;

use std::{
    fs, io,
    net::IpAddr,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use socket2::SockRef;
use tokio::{sync::OwnedSemaphorePermit, time::sleep};
use tracing::{debug, warn};

use self::{
    arrival::{Accepted, Arrival},
    connection::Connections,
    listener::tune,
    redirect::Redirect,
};
pub use self::{
    inherited::{InheritError, Inherited},
    limits::Limits,
    listener::{BindError, Listener, Speech},
};
use super::{Site, proxies::Proxies};
use crate::{
    config,
    id::Client,
    refusal::{Limit, Measure},
    session::registry::Guard,
    shutdown::Shutdown,
    tls::Certificate,
};

/// Bytes that the kernel buffers towards one client; more only delays what a slow reader gets.
const SEND_BUFFER: usize = 64 << 10;
/// Idle time after which the kernel asks whether a client is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// What the kernel waits beyond the session's own deadline.
const KERNEL_MARGIN: Duration = Duration::from_secs(2);
/// Connections at once of those who scrape the metrics, which do not count as the others do: a crowd is to be seen too.
pub const SCRAPES: usize = 16;
/// How long to wait when `accept` fails for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often that is told.
const TOLD: Duration = Duration::from_secs(60);

/// Who is at the other end; put into each request.
#[derive(Clone)]
pub struct Peer {
    /// Where it is; a Unix socket has no address.
    pub address: Option<IpAddr>,
    /// Whether it is a process of this machine that came over TCP.
    pub loopback: bool,
    /// Whether its word on who is behind it may be taken, where it is a proxy that is trusted.
    pub believed: bool,
    /// For the log.
    pub name: Arc<str>,
    /// Its place among the connections, held until the session has ended too.
    _held: Option<Arc<Held>>,
}

struct Held {
    _permit: OwnedSemaphorePermit,
    _guard: Guard,
}

impl Peer {
    fn new(arrival: Arrival, permit: OwnedSemaphorePermit, guard: Guard) -> Self {
        Self {
            address: arrival.ip(),
            loopback: arrival.loopback,
            believed: arrival.believed,
            name: arrival.name().into(),
            _held: Some(Arc::new(Held {
                _permit: permit,
                _guard: guard,
            })),
        }
    }

    /// One that holds no place.
    #[cfg(test)]
    pub fn at(address: Option<IpAddr>) -> Self {
        Self {
            address,
            loopback: address.is_some_and(|address| address.is_loopback()),
            believed: true,
            name: "test".into(),
            _held: None,
        }
    }
}

/// What the accept loops share.
#[derive(Clone)]
pub struct Acceptor {
    limits: Arc<Limits>,
    proxies: Proxies,
    connections: Connections,
    redirect: Arc<Redirect>,
    /// Whether a proxy says before each connection whose it is.
    is_proxied: bool,
    /// Whether the log has said that somebody else came.
    has_told_stranger: Arc<AtomicBool>,
    shutdown: Shutdown,
}

impl Acceptor {
    /// Takes as many connections as the limits allow. `listeners` are those that it will run on; those of TLS show
    /// `certificate`.
    pub fn new(
        site: Arc<Site>,
        server: &config::Server,
        limits: Arc<Limits>,
        certificate: Option<Certificate>,
        listeners: &[Listener],
        shutdown: Shutdown,
    ) -> Self {
        Self {
            proxies: Proxies::new(&server.trusted_proxies),
            connections: Connections::new(
                site,
                server,
                limits.clone(),
                certificate,
                shutdown.clone(),
            ),
            redirect: Arc::new(Redirect::new(server.public_url.as_ref(), listeners)),
            is_proxied: server.proxy_protocol,
            has_told_stranger: Arc::default(),
            limits,
            shutdown,
        }
    }

    /// Accepts from `listener` until the server halts; while it drains, health checks are still answered. Where a
    /// successor takes the socket over, what comes once the drain has begun is left for it, as is the socket's file.
    pub async fn run(mut self, listener: Listener) {
        let is_apart = listener.speech() == Speech::Metrics;
        if is_apart {
            self.limits = self.limits.apart(SCRAPES);
            self.is_proxied = false;
        }
        // The address of the metrics is never handed over.
        let has_successor = self.shutdown.has_successor() && !is_apart;
        let mut told: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.draining(), if has_successor => break,
                () = self.shutdown.halted() => break,
                accepted = self.accept(&listener) => accepted,
            };
            if let Err(error) = accepted {
                if told.is_none_or(|told| told.elapsed() >= TOLD) {
                    warn!(%error, "connections cannot be accepted; told once a minute");
                    told = Some(Instant::now());
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
        if let (Listener::Unix(_, path, _), false) = (&listener, has_successor) {
            // It may have been removed already.
            let _ = fs::remove_file(path);
        }
    }

    /// Accepts one connection, once there is room for it: who comes later waits in the kernel's backlog.
    /// Cancel safe.
    async fn accept(&self, listener: &Listener) -> io::Result<()> {
        let Some(permit) = self.limits.place().await else {
            return Ok(());
        };
        let (socket, address) = match listener {
            Listener::Tcp(listener, speech) => {
                let (socket, address) = listener.accept().await?;
                // It may have gone already.
                let untaken = Some(self.limits.times().untaken);
                let _ = SockRef::from(&socket).set_tcp_user_timeout(untaken);
                (Accepted::Tcp(socket, *speech), Some(address))
            }
            Listener::Unix(listener, _, speech) => {
                (Accepted::Unix(listener.accept().await?.0, *speech), None)
            }
        };
        let arrival = Arrival::seen(address);
        match self.is_proxied {
            true => self.begin(self.clone().hear(socket, arrival, permit)),
            false => self.admit(socket, arrival, permit),
        }
        Ok(())
    }

    /// Serves a connection, unless its address has as many as it may have.
    fn admit(&self, socket: Accepted, arrival: Arrival, permit: OwnedSemaphorePermit) {
        // A proxy brings many; who they are is only known once they ask.
        let is_proxy = arrival.believed && self.proxies.trust(arrival.ip());
        let client = arrival.ip().filter(|_| !is_proxy).map(Client::from);
        let guard = match self.limits.clients.admit(client, None) {
            Ok(guard) => guard,
            Err(refused) => {
                let (scope, measure) = (refused.scope(), Measure::Connections);
                let refusals = &self.limits.refusals;
                refusals.note(Limit { scope, measure }, client);
                debug!(
                    peer = arrival.name(),
                    "too many connections from one address; closed"
                );
                return socket.reset();
            }
        };
        let (connections, peer) = (self.connections.clone(), Peer::new(arrival, permit, guard));
        match socket {
            Accepted::Unix(socket, Speech::Metrics) => {
                self.begin(connections.metrics(socket, peer));
            }
            Accepted::Unix(socket, _) => self.begin(connections.plain(socket, peer)),
            Accepted::Tcp(socket, Speech::Metrics) => {
                self.begin(connections.metrics(socket, peer));
            }
            Accepted::Tcp(socket, Speech::Plain) => self.begin(connections.plain(socket, peer)),
            Accepted::Tcp(socket, Speech::Tls) => self.begin(connections.secure(socket, peer)),
            Accepted::Tcp(socket, Speech::Redirect) => {
                self.begin(connections.redirect(socket, peer, self.redirect.clone()));
            }
        }
    }

    fn begin(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.shutdown.spawn_background("connection", connection);
    }
}
