//! Sockets that are open before askd starts and stay open after it: systemd opens them for `askd.socket`, and hands
//! them to each askd in turn. Who connects while none runs waits in the kernel and is refused by nobody.

use std::{
    io,
    net::{self, TcpListener},
    os::{
        fd::{AsFd, RawFd},
        unix::net::{SocketAddr, UnixListener},
    },
};

use listenfd::ListenFd;
use socket2::SockRef;

use super::{Listener, Speech, tune};
use crate::config::{self, AuthMode};

/// What a socket is called (FileDescriptorName=) that only leads to https, beside those that speak it.
const REDIRECT: &str = "redirect";

/// The sockets that this process was started with; none, if it was started without.
pub struct Inherited(Vec<Named>);

struct Named {
    name: String,
    descriptor: RawFd,
    socket: Socket,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Why what was handed over cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum InheritError {
    /// The variables say something else than what is there.
    #[error(
        "the sockets that LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES speak of cannot be taken over: {0}; start \
         askd by systemd's askd.socket, or without these variables"
    )]
    Environment(io::Error),
    /// A descriptor is something else.
    #[error(
        "the inherited descriptor {descriptor} ({name:?}) is no listening stream socket; give askd.socket \
         ListenStream= alone, and Accept=no"
    )]
    NoListener {
        /// Its number.
        descriptor: RawFd,
        /// Its name among `LISTEN_FDNAMES`.
        name: String,
    },
    /// The socket cannot be set up.
    #[error("the inherited socket {name:?} cannot be served: {source}")]
    Unusable {
        /// Its name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody has to sign in, and nobody has said that this is meant.
    #[error(
        "the inherited socket {address} can be reached from other machines, and nobody has to sign in: anybody there could ask; \
         set mode in [auth] to \"password\" or \"header\", have askd.socket listen on 127.0.0.1, or, if anybody may ask, write \
         allow_open = true in [auth]"
    )]
    Open {
        /// Where it is.
        address: net::SocketAddr,
    },
}

impl Inherited {
    /// Takes what the environment names, once, and clears that. To be called before any other thread begins, for
    /// those may read the environment.
    pub fn take() -> Result<Self, InheritError> {
        let named = sd_notify::listen_fds_with_names().map_err(InheritError::Environment)?;
        if named.len() == 0 {
            return Ok(Self(Vec::new()));
        }
        let mut held = ListenFd::from_env();
        let sockets =
            named.enumerate().map(
                |(at, (descriptor, name))| match Socket::take(&mut held, at) {
                    Some(socket) => Ok(Named {
                        name,
                        descriptor,
                        socket,
                    }),
                    None => Err(InheritError::NoListener { descriptor, name }),
                },
            );
        sockets.collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, as systemd gave them.
    pub fn names(&self) -> String {
        let names = self.0.iter().map(|socket| socket.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Ready to accept from, with the options of askd's own sockets; those of TCP speak so, but for one that is named
    /// `redirect` where that is TLS.
    pub fn listen(
        self,
        speech: Speech,
        auth: &config::Auth,
    ) -> Result<Vec<Listener>, InheritError> {
        if auth.mode == AuthMode::None && !auth.allow_open {
            self.nobody_unawares()?;
        }
        let listeners = self.0.into_iter().map(|named| {
            let speech = match (speech, named.name.as_str()) {
                (Speech::Tls, REDIRECT) => Speech::Redirect,
                (speech, _) => speech,
            };
            let listener = named.socket.listen(speech);
            listener.map_err(|source| InheritError::Unusable {
                name: format!("{} (descriptor {})", named.name, named.descriptor),
                source,
            })
        });
        listeners.collect()
    }
}

impl Inherited {
    /// As the configuration is held to for its own addresses.
    fn nobody_unawares(&self) -> Result<(), InheritError> {
        let addresses = self.0.iter().filter_map(|named| match &named.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(_) => None,
        });
        let mut beyond = addresses.filter(|address| !address.ip().to_canonical().is_loopback());
        match beyond.next() {
            Some(address) => Err(InheritError::Open { address }),
            None => Ok(()),
        }
    }
}

impl Socket {
    fn take(held: &mut ListenFd, at: usize) -> Option<Self> {
        let socket = match held.take_tcp_listener(at) {
            Ok(tcp) => Self::Tcp(tcp?),
            Err(_) => Self::Unix(held.take_unix_listener(at).ok()??),
        };
        socket.is_listening().then_some(socket)
    }

    fn is_listening(&self) -> bool {
        let descriptor = match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        };
        SockRef::from(&descriptor).is_listener().unwrap_or(false)
    }

    fn listen(self, speech: Speech) -> io::Result<Listener> {
        match self {
            Self::Tcp(listener) => {
                tune(SockRef::from(&listener))?;
                tokio::net::TcpListener::from_std(listener)
                    .map(|listener| Listener::Tcp(listener, speech))
            }
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let at = listener.local_addr()?;
                let path = at.as_pathname().map(Into::into);
                let path = path.unwrap_or_else(|| abstract_name(&at).into());
                tokio::net::UnixListener::from_std(listener).map(|unix| {
                    // TLS is for TCP alone.
                    Listener::Unix(unix, path, Speech::Plain)
                })
            }
        }
    }
}

/// A name without a file, as systemd writes it: behind an `@`.
fn abstract_name(address: &SocketAddr) -> String {
    use std::os::linux::net::SocketAddrExt as _;
    let name = address.as_abstract_name().unwrap_or_default();
    format!("@{}", String::from_utf8_lossy(name))
}
