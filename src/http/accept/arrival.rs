//! Where a connection comes from, as it is seen, and as a proxy says.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socket2::SockRef;
use tokio::net::{TcpStream, UnixStream};

use super::Speech;

/// A connection that was accepted.
pub(super) enum Accepted {
    /// Over TCP, and what is spoken there.
    Tcp(TcpStream, Speech),
    /// Over a Unix socket, and what is spoken there.
    Unix(UnixStream, Speech),
}

impl Accepted {
    /// Resets it rather than closing: no state lingers for a client that is not to be here.
    pub(super) fn reset(self) {
        if let Self::Tcp(socket, _) = self {
            let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    address: Option<SocketAddr>,
    /// Whether the other end of the connection itself, be it a proxy, is a process of this machine that came over TCP. What a
    /// proxy says of its client makes no difference: there can be no page of this machine's behind another machine, and
    /// what comes through one of this machine may come from a name that was made to mean it.
    pub(super) loopback: bool,
    /// Whether its word on who is behind it may be taken, where it is a proxy that is trusted.
    pub(super) believed: bool,
}

impl Arrival {
    /// As it is seen; a Unix socket has no address.
    pub(super) fn seen(address: Option<SocketAddr>) -> Self {
        Self {
            address,
            loopback: address.is_some_and(|address| address.ip().to_canonical().is_loopback()),
            believed: true,
        }
    }

    /// The same connection, which is this client's. One that another machine calls by an address of the loopback is no proxy of
    /// this machine's.
    pub(super) fn of(self, client: SocketAddr) -> Self {
        let is_local = client.ip().to_canonical().is_loopback();
        Self {
            address: Some(client),
            loopback: self.loopback,
            believed: self.believed && (self.loopback || !is_local),
        }
    }

    /// The same connection, which is somebody's of whom nothing is known: the proxy has not written what comes over it.
    pub(super) fn unbelieved(self) -> Self {
        Self {
            believed: false,
            ..self
        }
    }

    /// The address.
    pub(super) fn ip(self) -> Option<IpAddr> {
        self.address.map(|address| address.ip().to_canonical())
    }

    /// For the log.
    pub(super) fn name(self) -> String {
        let address = self.address.map(|address| address.to_string());
        address.unwrap_or_else(|| "unix".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(from: &str, client: &str) -> Arrival {
        Arrival::seen(Some(from.parse().unwrap())).of(client.parse().unwrap())
    }

    #[test]
    fn what_a_proxy_says_makes_nobody_local_and_takes_nobody_from_the_loopback() {
        for (from, client, loopback, believed) in [
            ("10.0.0.5:1", "9.8.7.6:1", false, true),
            ("10.0.0.5:1", "127.0.0.1:1", false, false),
            ("10.0.0.5:1", "[::ffff:127.0.0.1]:1", false, false),
            ("10.0.0.5:1", "[::1]:1", false, false),
            ("127.0.0.1:1", "9.8.7.6:1", true, true),
            ("[::1]:1", "127.0.0.1:1", true, true),
        ] {
            let arrival = arrival(from, client);
            let seen = (arrival.loopback, arrival.believed);
            assert_eq!(seen, (loopback, believed), "{client} by {from}");
        }
    }
}
