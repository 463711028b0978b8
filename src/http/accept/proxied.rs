//! The PROXY protocol, versions 1 and 2: before its client's bytes a proxy says in one header whose they are.
//!
//! Where it is spoken it must be: a connection without a header, or from somebody whose word is not taken, is closed. Were it
//! served as it is, whoever reaches the port past the proxy would be whom they like.

use std::{io, net::SocketAddr, sync::atomic::Ordering::Relaxed};

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::OwnedSemaphorePermit,
    time::timeout,
};
use tracing::{debug, warn};

use super::{Accepted, Acceptor, Arrival};
use crate::metrics::Refusal;

/// How a header of version 2 begins, which no text does.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// How one of version 1 does.
const GREETING: &[u8] = b"PROXY ";
/// Bytes of a header of version 1 at the most, as the protocol has it.
const LONGEST_1: usize = 107;
/// Bytes behind the length of one of version 2: twice what the protocol has every receiver take (536), for what proxies add.
const LONGEST_2: usize = 1072;
/// Where a header of version 2 says whether the proxy speaks for itself, and the byte that says so.
const COMMAND: (usize, u8) = (12, 0x20);

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The bytes are this one's.
    Client(SocketAddr),
    /// They are somebody's who has no address.
    Nobody,
    /// They are the proxy's own: it looks whether askd is there.
    Itself,
}

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("it broke off: {0}")]
    Io(#[from] io::Error),
    #[error("it does not begin with a header of the PROXY protocol")]
    Missing,
    #[error("its header is too long")]
    TooLong,
    #[error("its header is not one of the PROXY protocol: {0}")]
    Wrong(#[from] proxy_header::Error),
}

/// Reads a header, and not a byte of what is behind it. One of version 1 has no length, so its end is felt for.
pub(super) async fn read(socket: &mut (impl AsyncRead + Unpin)) -> Result<Said, HeaderError> {
    let mut header = vec![0; SIGNATURE.len()];
    socket.read_exact(&mut header).await?;
    if header == SIGNATURE {
        let mut rest = [0; 4];
        socket.read_exact(&mut rest).await?;
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if length > LONGEST_2 {
            return Err(HeaderError::TooLong);
        }
        header.extend(rest);
        let begin = header.len();
        header.resize(begin + length, 0);
        socket.read_exact(&mut header[begin..]).await?;
    } else {
        if !header.starts_with(GREETING) {
            return Err(HeaderError::Missing);
        }
        while !header.ends_with(b"\r\n") {
            if header.len() == LONGEST_1 {
                return Err(HeaderError::TooLong);
            }
            header.push(socket.read_u8().await?);
        }
    }
    let (parsed, _) = ProxyHeader::parse(&header, ParseConfig::default())?;
    let (at, itself) = COMMAND;
    Ok(match parsed.proxied_address() {
        Some(address) => Said::Client(address.source),
        None if header.starts_with(&SIGNATURE) && header[at] == itself => Said::Itself,
        None => Said::Nobody,
    })
}

impl Acceptor {
    /// Hears from the proxy who comes, then admits them. The permit is held meanwhile, so that proxies that say nothing are
    /// connections like others.
    pub(super) async fn hear(
        self,
        mut socket: Accepted,
        arrival: Arrival,
        permit: OwnedSemaphorePermit,
    ) {
        let name = arrival.name();
        if !self.proxies.trust(arrival.ip()) {
            if !self.has_told_stranger.swap(true, Relaxed) {
                warn!(
                    peer = name,
                    "closed: server.proxy_protocol is on, and server.trusted_proxies does not name this peer; further ones are \
                     told at level debug"
                );
            }
            debug!(peer = name, "closed: not a proxy that is believed");
            return self.refuse(socket);
        }
        let read = async {
            match &mut socket {
                Accepted::Tcp(socket, _) => read(socket).await,
                Accepted::Unix(socket, _) => read(socket).await,
            }
        };
        let said = tokio::select! {
            biased;
            () = self.shutdown.halted() => return,
            said = timeout(self.limits.times().header, read) => said,
        };
        let arrival = match said {
            Ok(Ok(Said::Client(address))) => arrival.of(address),
            Ok(Ok(Said::Nobody)) => arrival.unbelieved(),
            Ok(Ok(Said::Itself)) => arrival,
            Ok(Err(error)) => {
                debug!(peer = name, %error, "closed: no word of who comes");
                return self.refuse(socket);
            }
            Err(_) => {
                debug!(peer = name, "closed: no word of who comes in time");
                return self.refuse(socket);
            }
        };
        self.admit(socket, arrival, permit);
    }

    fn refuse(&self, socket: Accepted) {
        self.limits
            .refusals
            .metrics()
            .refused(Refusal::ProxyProtocol);
        socket.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEHIND: &[u8] = b"GET / HTTP/1.1\r\n";

    /// What a header says, and what is left behind it.
    async fn heard(header: &[u8]) -> (Result<Said, HeaderError>, Vec<u8>) {
        let bytes = [header, BEHIND].concat();
        let mut socket = bytes.as_slice();
        let said = read(&mut socket).await;
        (said, socket.to_vec())
    }

    fn version_2(command: u8, family: u8, length: u16, rest: &[u8]) -> Vec<u8> {
        let mut header = [SIGNATURE.as_slice(), &[command, family]].concat();
        header.extend(length.to_be_bytes());
        header.extend(rest);
        header
    }

    const V4: &[u8] = &[1, 2, 3, 4, 10, 0, 0, 1, 0x12, 0x34, 0, 80];

    #[tokio::test]
    async fn a_header_says_who_comes_and_no_byte_behind_it_is_taken() {
        let client = |text: &str| Said::Client(text.parse().unwrap());
        let v6 = "2001:db8::1"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets();
        let v6 = [&v6[..], &v6[..], &[0x12, 0x34, 0, 80]].concat();
        let with_more = [V4, &[4, 0, 3, 1, 2, 3]].concat();
        let cases: [(Vec<u8>, Said); 9] = [
            (
                b"PROXY TCP4 1.2.3.4 10.0.0.1 4660 80\r\n".to_vec(),
                client("1.2.3.4:4660"),
            ),
            (
                b"PROXY TCP6 2001:db8::1 ::1 4660 80\r\n".to_vec(),
                client("[2001:db8::1]:4660"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), Said::Nobody),
            (
                b"PROXY UNKNOWN 1.2.3.4 5.6.7.8 1 2\r\n".to_vec(),
                Said::Nobody,
            ),
            (version_2(0x21, 0x11, 12, V4), client("1.2.3.4:4660")),
            (
                version_2(0x21, 0x11, 18, &with_more),
                client("1.2.3.4:4660"),
            ),
            (version_2(0x21, 0x21, 36, &v6), client("[2001:db8::1]:4660")),
            (version_2(0x21, 0x00, 0, b""), Said::Nobody),
            (version_2(0x20, 0x00, 0, b""), Said::Itself),
        ];
        for (header, said) in cases {
            let (heard, left) = heard(&header).await;
            assert_eq!(heard.unwrap(), said, "{header:?}");
            assert_eq!(left, BEHIND);
        }
        let local = version_2(0x20, 0x11, 12, V4);
        assert_eq!(heard(&local).await.0.unwrap(), Said::Itself);
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused_within_its_bound() {
        let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 4096]].concat();
        let (said, left) = heard(&endless).await;
        assert!(matches!(said, Err(HeaderError::TooLong)), "{said:?}");
        assert_eq!(left.len(), endless.len() + BEHIND.len() - LONGEST_1);
        let cases: [&[u8]; 7] = [
            b"GET /healthz HTTP/1.1\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00",
            b"PROXY TCP4 1.2.3.4 10.0.0.1 99999 80\r\n",
            b"PROXY TCP5 1.2.3.4 10.0.0.1 1 80\r\n",
            &version_2(0x21, 0x11, 4, &V4[..4]),
            &version_2(0x31, 0x11, 12, V4),
            &version_2(0x21, 0x11, 5000, V4),
        ];
        for header in cases {
            let (said, _) = heard(header).await;
            assert!(said.is_err(), "{header:?}: {said:?}");
        }
    }

    #[tokio::test]
    async fn one_that_breaks_off_anywhere_is_none() {
        for whole in [
            b"PROXY TCP4 1.2.3.4 10.0.0.1 4660 80\r\n".to_vec(),
            version_2(0x21, 0x11, 12, V4),
        ] {
            for end in 0..whole.len() {
                let said = read(&mut &whole[..end]).await;
                assert!(matches!(said, Err(HeaderError::Io(_))), "{end}: {said:?}");
            }
        }
    }
}
