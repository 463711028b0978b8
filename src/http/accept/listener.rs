//! Addresses to listen on: bound with their options, or why they cannot be.

use std::{
    fmt,
    fs::{self, Permissions},
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, UnixListener};

use super::{KEEPALIVE, SEND_BUFFER};
use crate::config::{self, Listen};

/// Connections that the kernel keeps waiting for us.
const BACKLOG: i32 = 1024;

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

    pub(super) fn speech(&self) -> Speech {
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
pub(super) fn tune(socket: SockRef<'_>) -> io::Result<()> {
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
