//! Listening and accepting: our own loop under warp's filters, so that connections are counted, headers have a
//! deadline, and a shutdown ends what is idle.

mod arrival;
mod connection;
mod inherited;
mod limits;
mod proxied;
mod redirect;

use std::{
    fmt,
    fs::{self, Permissions},
    io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::OwnedSemaphorePermit,
    time::sleep,
};
use tracing::{debug, warn};

use self::{
    arrival::{Accepted, Arrival},
    connection::Connections,
    redirect::Redirect,
};
pub use self::{
    inherited::{InheritError, Inherited},
    limits::Limits,
};
use super::{Site, proxies::Proxies};
use crate::{
    config::{self, Listen},
    id::Client,
    refusal::{Limit, Measure},
    session::registry::Guard,
    shutdown::Shutdown,
    tls::Certificate,
};

/// Connections that the kernel keeps waiting for us.
const BACKLOG: i32 = 1024;
/// Bytes that the kernel buffers towards one client; more only delays what a slow reader gets.
const SEND_BUFFER: usize = 64 << 10;
/// Idle time after which the kernel asks whether a client is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// What the kernel waits beyond the session's own deadline.
const KERNEL_MARGIN: Duration = Duration::from_secs(2);
/// Connections at once of those who scrape the metrics, which do not count as the others do: a crowd is to be seen too.
const SCRAPES: usize = 16;
/// How long to wait when `accept` fails for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something to accept from.
pub enum Listener {
    /// A TCP port, and what is spoken there.
    Tcp(TcpListener, Speech),
    /// A Unix socket, its file, and what is spoken there.
    Unix(UnixListener, PathBuf, Speech),
}

/// What a TCP port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// HTTP.
    Plain,
    /// HTTP over TLS.
    Tls,
    /// HTTP that leads to the TLS, and nothing else.
    Redirect,
    /// HTTP for who scrapes the metrics, and nothing else.
    Metrics,
}

impl Speech {
    /// What says where it is spoken.
    fn key(self) -> &'static str {
        match self {
            Self::Plain | Self::Tls => "server.listen",
            Self::Redirect => "server.tls.redirect",
            Self::Metrics => "metrics.listen",
        }
    }

    /// What the addresses of `server.listen` speak.
    pub fn of(server: &config::Server) -> Self {
        match server.tls {
            Some(_) => Self::Tls,
            None => Self::Plain,
        }
    }
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {error}; {}", self.remedy())]
pub struct BindError {
    listen: Listen,
    error: io::Error,
    /// What says so in the configuration.
    key: &'static str,
}

impl BindError {
    fn remedy(&self) -> String {
        let key = self.key;
        match self.error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another program listens there: stop it, or choose another {key}")
            }
            io::ErrorKind::PermissionDenied => {
                "choose a port above 1023 or a folder that askd may write to, or give it the right to"
                    .to_owned()
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no such address: see {key}")
            }
            io::ErrorKind::NotFound => {
                format!("the folder must exist: make it, or choose another {key}")
            }
            _ => format!("see {key}"),
        }
    }
}

impl Listener {
    /// Listens wherever the configuration says, in its order; the addresses that only lead elsewhere come last.
    pub fn all(server: &config::Server) -> Result<Vec<Self>, BindError> {
        let speech = Speech::of(server);
        let serving = server.listen.iter().cloned().map(|one| (one, speech));
        let leading = server.tls.iter().flat_map(|tls| &tls.redirect);
        let leading = leading.map(|address| (Listen::Tcp(*address), Speech::Redirect));
        serving
            .chain(leading)
            .map(|(listen, speech)| Self::bind(&listen, speech))
            .collect()
    }

    /// Listens where the metrics have an address of their own.
    pub fn metrics(config: &config::Metrics) -> Result<Option<Self>, BindError> {
        let listen = config.listen.as_ref();
        listen
            .map(|listen| Self::bind(listen, Speech::Metrics))
            .transpose()
    }

    fn speech(&self) -> Speech {
        match self {
            Self::Tcp(_, speech) | Self::Unix(_, _, speech) => *speech,
        }
    }

    /// Listens on an address.
    pub fn bind(listen: &Listen, speech: Speech) -> Result<Self, BindError> {
        let bound = match listen {
            Listen::Tcp(address) => tcp(*address).map(|listener| Self::Tcp(listener, speech)),
            Listen::Unix(path) => {
                unix(path).map(|listener| Self::Unix(listener, path.clone(), speech))
            }
        };
        bound.map_err(|error| BindError {
            listen: listen.clone(),
            error,
            key: speech.key(),
        })
    }

    /// Where it listens, as an address for people.
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener, speech) => {
                let scheme = match speech {
                    Speech::Tls => "https",
                    Speech::Plain | Speech::Redirect | Speech::Metrics => "http",
                };
                let address = listener.local_addr();
                address.map_or_else(|_| "?".to_owned(), |at| format!("{scheme}://{at}"))
            }
            Self::Unix(_, path, _) => format!("unix:{}", path.display()),
        }
    }
}

/// What it does and where, for people.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let does = match self.speech() {
            Speech::Redirect => "leads to https from",
            Speech::Metrics => "shows its metrics at",
            Speech::Plain | Speech::Tls => "serves",
        };
        write!(f, "{does} {}", self.address())
    }
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    tune(SockRef::from(&socket))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// The options are set on the listening socket; accepted ones inherit them.
fn tune(socket: SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_nonblocking(true)
}

/// A socket's file that a dead server left behind is removed; one that somebody listens on is in use.
fn unix(path: &Path) -> io::Result<UnixListener> {
    if path
        .symlink_metadata()
        .is_ok_and(|file| file.file_type().is_socket())
    {
        let knock = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // Not to wait in the line of a server that hangs: whatever else is said, only a refusal means nobody.
        knock.set_nonblocking(true)?;
        match knock.connect(&SockAddr::unix(path)?) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path)?
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let listener = UnixListener::bind(path)?;
    // Whoever may reach the folder may connect, as anybody on the machine may to a loopback port: a proxy runs as
    // another user, and the service's umask would shut it out.
    fs::set_permissions(path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

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
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.draining(), if has_successor => break,
                () = self.shutdown.halted() => break,
                accepted = self.accept(&listener) => accepted,
            };
            if let Err(error) = accepted {
                warn!(%error, "a connection could not be accepted");
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
