//! Listening and accepting: our own loop under warp's filters, so that connections are counted, headers have a
//! deadline, and a shutdown ends what is idle.

use std::{
    fs::{self, Permissions},
    io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper::{Request, body::Incoming, server::conn::http1, service::Service, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::{Site, base::Base, proxies::Proxies, routes};
use crate::{
    config::Listen,
    id::Client,
    session::registry::{Guard, Registry},
    shutdown::Shutdown,
};
use warp::{Filter, filters::BoxedFilter, reply::Response};

/// Connections that the kernel keeps waiting for us.
const BACKLOG: i32 = 1024;
/// Bytes that the kernel buffers towards one client; more only delays what a slow reader gets.
const SEND_BUFFER: usize = 64 << 10;
/// Idle time after which the kernel asks whether a client is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// What the kernel waits beyond the session's own deadline.
const KERNEL_MARGIN: Duration = Duration::from_secs(2);
/// Bytes of a request's headers, and of hyper's buffer.
const MAX_HEADERS: usize = 16 << 10;
/// How long to wait when `accept` fails for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a response may take to go out once the server halts.
const HALTING: Duration = Duration::from_millis(500);

/// Something to accept from.
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket, and its file.
    Unix(UnixListener, PathBuf),
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}{remedy}")]
pub struct BindError {
    address: String,
    error: io::Error,
    remedy: &'static str,
}

impl BindError {
    fn new(address: String, error: io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "; another program listens there: stop it, or choose another server.listen"
            }
            io::ErrorKind::PermissionDenied => {
                "; choose a port above 1023 or a folder that askd may write to, or give it the right to"
            }
            io::ErrorKind::AddrNotAvailable => {
                "; this machine has no such address: see server.listen"
            }
            io::ErrorKind::NotFound => {
                "; the folder must exist: make it, or choose another server.listen"
            }
            _ => "; see server.listen",
        };
        Self {
            address,
            error,
            remedy,
        }
    }
}

impl Listener {
    /// Listens on an address. A TCP client that takes nothing of what is sent is cut off by the kernel a little
    /// after `send_timeout`, which sessions keep to by themselves; so no response can hold a connection for ever.
    pub fn bind(listen: &Listen, send_timeout: Duration) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp(address) => tcp(*address, send_timeout + KERNEL_MARGIN)
                .map(Self::Tcp)
                .map_err(|error| BindError::new(address.to_string(), error)),
            Listen::Unix(path) => unix(path)
                .map(|listener| Self::Unix(listener, path.clone()))
                .map_err(|error| BindError::new(format!("unix:{}", path.display()), error)),
        }
    }

    /// Where it listens, as an address for people.
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| "?".to_owned(), |at| format!("http://{at}")),
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }
}

/// The options are set on the listening socket; accepted ones inherit them.
fn tcp(address: SocketAddr, untaken: Duration) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    socket.set_tcp_user_timeout(Some(untaken))?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
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
    /// For the log.
    pub name: Arc<str>,
    /// Its place among the connections, held until the session has ended too.
    _held: Option<Arc<Held>>,
}

struct Held {
    _permit: OwnedSemaphorePermit,
    _guard: Option<Guard>,
}

impl Peer {
    fn new(
        address: Option<SocketAddr>,
        permit: OwnedSemaphorePermit,
        guard: Option<Guard>,
    ) -> Self {
        let name = address.map_or_else(|| "unix".to_owned(), |address| address.to_string());
        Self {
            address: address.map(|address| address.ip().to_canonical()),
            loopback: address.is_some_and(|address| address.ip().to_canonical().is_loopback()),
            name: name.into(),
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
            name: "test".into(),
            _held: None,
        }
    }
}

/// What the accept loops share.
#[derive(Clone)]
pub struct Acceptor {
    routes: BoxedFilter<(Response,)>,
    base: Base,
    permits: Arc<Semaphore>,
    clients: Arc<Registry>,
    proxies: Proxies,
    header_timeout: Duration,
    shutdown: Shutdown,
}

impl Acceptor {
    /// Takes up to `max` connections, `max_per_client` from one address.
    pub fn new(
        site: Arc<Site>,
        max: usize,
        max_per_client: usize,
        proxies: Proxies,
        header_timeout: Duration,
        shutdown: Shutdown,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(max));
        let base = site.base.clone();
        let routes = routes(site).boxed();
        Self {
            routes,
            base,
            permits,
            clients: Registry::new(max, max_per_client),
            proxies,
            header_timeout,
            shutdown,
        }
    }

    /// Accepts from `listener` until the server halts; while it drains, health checks are still answered.
    pub async fn run(self, listener: Listener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.halted() => break,
                accepted = self.accept(&listener) => accepted,
            };
            if let Err(error) = accepted {
                warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
        if let Listener::Unix(_, path) = &listener {
            // It may have been removed already.
            let _ = fs::remove_file(path);
        }
    }

    /// Accepts one connection, once there is room for it: who comes later waits in the kernel's backlog.
    /// Cancel safe.
    async fn accept(&self, listener: &Listener) -> io::Result<()> {
        let Ok(permit) = self.permits.clone().acquire_owned().await else {
            return Ok(());
        };
        match listener {
            Listener::Tcp(listener) => {
                let (socket, address) = listener.accept().await?;
                // A proxy brings many; who they are is only known once they ask.
                let client =
                    (!self.proxies.trust(Some(address.ip()))).then(|| Client::from(address.ip()));
                match self.clients.admit(client) {
                    Ok(guard) => self.serve(socket, Peer::new(Some(address), permit, Some(guard))),
                    Err(_) => {
                        debug!(peer = %address, "too many connections from one address; closed");
                        // Reset rather than closed: no state lingers for a client that takes more than its part.
                        let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
                    }
                }
            }
            Listener::Unix(listener, _) => {
                let (socket, _): (UnixStream, _) = listener.accept().await?;
                self.serve(socket, Peer::new(None, permit, None));
            }
        }
        Ok(())
    }

    fn serve<S>(&self, socket: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(warp::service(self.routes.clone()));
        let base = self.base.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            base.enter(&mut request);
            request.extensions_mut().insert(peer.clone());
            service.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(MAX_HEADERS)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        let shutdown = self.shutdown.clone();
        self.shutdown.spawn_background("connection", async move {
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                () = shutdown.halted() => {
                    connection.as_mut().graceful_shutdown();
                    timeout(HALTING, connection).await.unwrap_or(Ok(()))
                }
            };
            if let Err(error) = ended {
                debug!(%error, "a connection ended early");
            }
        });
    }
}
