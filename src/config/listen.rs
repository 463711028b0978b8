//! Where askd listens, and who is believed there.

use std::{fmt, net::SocketAddr, path::PathBuf};

use ipnet::IpNet;

/// One address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// `host:port`, resolved when the configuration was checked.
    Tcp(SocketAddr),
    /// `unix:/path`
    Unix(PathBuf),
}

impl Listen {
    /// Whether other machines can reach it.
    pub fn is_beyond(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }
}

/// One of `server.trusted_proxies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Whoever has an address of this network.
    Network(IpNet),
    /// `"unix"`: whoever comes over a Unix socket.
    Unix,
}

/// As the operator writes it.
impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
