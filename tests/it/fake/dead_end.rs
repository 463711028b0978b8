//! Addresses where nobody answers: one that refuses a connection, one that leaves it hanging.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, SockAddr, Socket, Type};

/// An address that stays taken, and useless, for as long as this lives.
pub struct DeadEnd {
    address: SocketAddr,
    _sockets: Vec<Socket>,
}

impl DeadEnd {
    /// A connection is refused at once: the port is bound and nobody listens.
    pub fn refusing() -> Self {
        let (socket, address) = bound();
        Self {
            address,
            _sockets: vec![socket],
        }
    }

    /// A connection neither succeeds nor fails: the line of those waiting to be accepted is full and stays so.
    pub fn hanging() -> Self {
        let (socket, address) = bound();
        socket.listen(0).expect("a bound socket can listen");
        // Linux lets one more wait than was asked for; what is sent beyond that is dropped without a word.
        let waiting = (0..4).map(|_| {
            let client =
                Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be had");
            client
                .set_nonblocking(true)
                .expect("a socket takes options");
            // "In progress" is what a non-blocking connect says; whether it gets through does not matter.
            let _ = client.connect(&SockAddr::from(address));
            client
        });
        let mut sockets: Vec<Socket> = waiting.collect();
        sockets.push(socket);
        Self {
            address,
            _sockets: sockets,
        }
    }

    /// What belongs into `endpoint.base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The bare address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be had");
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket
        .bind(&SockAddr::from(any))
        .expect("the loopback has a free port");
    let address = socket
        .local_addr()
        .expect("a bound socket knows its address");
    (
        socket,
        address
            .as_socket()
            .expect("an IPv4 socket has an IPv4 address"),
    )
}
