//! The PROXY protocol: who comes is whom the proxy says, and nobody comes past it.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::Instant,
};

use crate::{
    client::{Browser, Client},
    harness::{AT_REST, Server},
    http::{ask, request, until_closed},
    tls::Authority,
};

/// The tests' own end is the proxy.
const TRUSTED: &str =
    "[server]\nproxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\", \"unix\"]\n";

/// What a proxy says of a client with this address, by version 1 and by version 2.
fn headers(client: &str) -> [Vec<u8>; 2] {
    let client: SocketAddr = client.parse().unwrap();
    let (ip, port) = (client.ip(), client.port());
    let (family, to, mut ips) = match ip {
        std::net::IpAddr::V4(ip) => ("TCP4", "10.9.9.9", ip.octets().to_vec()),
        std::net::IpAddr::V6(ip) => ("TCP6", "fd00::9", ip.octets().to_vec()),
    };
    let text = format!("PROXY {family} {ip} {to} {port} 443\r\n").into_bytes();
    ips.extend(ips.clone());
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    binary.push(if ip.is_ipv4() { 0x11 } else { 0x21 });
    binary.extend((ips.len() as u16 + 4).to_be_bytes());
    binary.extend(ips);
    binary.extend(port.to_be_bytes());
    binary.extend(443u16.to_be_bytes());
    [text, binary]
}

async fn through(server: &Server, header: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(header).await.unwrap();
    socket
}

/// The status of `/healthz` over this connection.
async fn healthz<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S) -> u16 {
    ask(socket, &request("GET", "/healthz", "")).await.status
}

/// Whom the log calls the peer of the session that was opened last.
fn peer(server: &Server) -> String {
    let line = server.log.lines("session opened").pop().unwrap();
    let (_, peer) = line.split_once("peer=").unwrap();
    peer.trim().to_owned()
}

async fn session<S: AsyncRead + AsyncWrite + Unpin>(server: &Server, socket: S) -> Client<S> {
    Client::over(socket, server.address, &Browser::default()).await
}

#[tokio::test]
async fn the_client_is_who_the_proxy_says_in_either_version() {
    let server = Server::start(TRUSTED);
    for client in ["9.8.7.6:4660", "[2001:db8::1]:4660"] {
        for header in headers(client) {
            let opened = session(&server, through(&server, &header).await).await;
            assert_eq!(peer(&server), client);
            opened.leave(1001).await;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_caps_count_the_clients_and_not_their_proxy() {
    let caps = "max_connections_per_client = 2\nmax_sessions_per_client = 1\n";
    let server = Server::start(&format!("{TRUSTED}{caps}"));
    let [one, _] = headers("9.8.7.6:1");
    let [_, another] = headers("9.8.7.5:1");
    let first = session(&server, through(&server, &one).await).await;
    let mut second = through(&server, &one).await;
    assert_eq!(healthz(&mut second).await, 200);
    let mut third = through(&server, &one).await;
    // It may be reset before this has been written.
    let _ = third
        .write_all(request("GET", "/healthz", "").as_bytes())
        .await;
    assert_eq!(until_closed(&mut third).await, b"");
    let knock = request("GET", "/ws", UPGRADE);
    assert_eq!(ask(&mut second, &knock).await.status, 429);
    for _ in 0..2 {
        assert_eq!(healthz(&mut through(&server, &another).await).await, 200);
    }
    first.leave(1001).await;
    server.stop().await;
}

/// What asks for a session.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n";

#[tokio::test]
async fn a_client_that_says_who_is_behind_it_is_not_believed_and_the_proxy_itself_is() {
    let server = Server::start(TRUSTED);
    let knock = request(
        "GET",
        "/ws",
        &format!("{UPGRADE}X-Forwarded-For: 6.6.6.6\r\n"),
    );
    let [header, _] = headers("9.8.7.6:4660");
    // Of a client without an address, what is known is the proxy's; its word is not the proxy's.
    for (header, seen) in [
        (header.as_slice(), "peer=9.8.7.6"),
        (b"PROXY UNKNOWN\r\n", "peer=127.0.0.1"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0", "peer=127.0.0.1"),
        // It looks whether askd is there.
        (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "peer=6.6.6.6"),
    ] {
        let before = server.log.lines("session opened").len();
        let mut socket = through(&server, header).await;
        assert_eq!(ask(&mut socket, &knock).await.status, 101);
        let opened = || server.log.lines("session opened");
        server.until("opened", |_| opened().len() > before).await;
        assert!(opened()[before].contains(seen), "{:?}", opened());
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_speak_it_is_closed_and_harms_nobody() {
    let server = Server::start(&format!("{TRUSTED}header_timeout = \"1s\"\n"));
    let [text, binary] = headers("9.8.7.6:4660");
    let garbage: [&[u8]; 5] = [
        b"GET /healthz HTTP/1.1\r\nHost: askd\r\n\r\n",
        b"PROXY TCP4 1.2.3.4 999.0.0.1 1 2\r\nGET / HTTP/1.1\r\n\r\n",
        &[b'\0'; 300],
        &[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat(),
        &[&binary[..14], &[0xff, 0xff], &[0; 100]].concat(),
    ];
    for bytes in garbage {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        // It may be reset before all has been written.
        let _ = socket.write_all(bytes).await;
        assert_eq!(until_closed(&mut socket).await, b"", "{bytes:?}");
    }
    for part in [&text[..0], &text[..20], &binary[..15], &binary[..20]] {
        let begin = Instant::now();
        let mut slow = through(&server, part).await;
        assert_eq!(until_closed(&mut slow).await, b"");
        assert!(begin.elapsed() >= Duration::from_secs(1), "{part:?}");
    }
    assert_eq!(healthz(&mut through(&server, &text).await).await, 200);
    server
        .until("let go", |counts| counts.tasks == AT_REST)
        .await;
    server.stop().await;
}

#[tokio::test]
async fn nobody_comes_past_the_proxy() {
    let server =
        Server::start("[server]\nproxy_protocol = true\ntrusted_proxies = [\"10.0.0.1\"]\n");
    let [header, _] = headers("10.0.0.1:1");
    for _ in 0..3 {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let _ = socket.write_all(&header).await;
        let _ = socket
            .write_all(request("GET", "/healthz", "").as_bytes())
            .await;
        assert_eq!(until_closed(&mut socket).await, b"");
    }
    assert_eq!(server.log.lines("trusted_proxies does not name").len(), 1);
    server
        .stop_expecting(&["trusted_proxies does not name"])
        .await;
}

#[tokio::test]
async fn a_client_that_is_called_this_machine_is_not_taken_for_it_and_its_proxy_is() {
    let server = Server::start(TRUSTED);
    // The proxy is on this machine: a name proves nothing, whoever its client is.
    for client in ["127.0.0.1:1", "9.8.7.6:1"] {
        let [header, _] = headers(client);
        for (origin, status) in [("http://evil.example", 403), ("http://localhost", 101)] {
            let host = origin.trim_start_matches("http://");
            let wanted =
                format!("GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{UPGRADE}\r\n");
            let mut socket = through(&server, &header).await;
            let reply = ask(&mut socket, &wanted).await;
            assert_eq!(reply.status, status, "{client} {origin}");
        }
    }
    server.until("ended", |counts| counts.sessions == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn it_comes_before_tls_and_over_unix_sockets_too() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("askd.sock");
    let unix = format!("unix:{}", path.display());
    let toml = format!("{TRUSTED}{}", authority.toml(""));
    let server = Server::start_on(&["127.0.0.1:0", &unix], &toml);
    for header in headers("9.8.7.6:4660") {
        let socket = through(&server, &header).await;
        let mut socket = authority.over(socket, "localhost", &["http/1.1"]).await;
        assert_eq!(healthz(&mut socket).await, 200);
        let at = format!("wss://localhost:{}/ws", server.address.port());
        let opened = Client::at(&at, socket, &Browser::default()).await;
        assert_eq!(peer(&server), "9.8.7.6:4660");
        opened.leave(1001).await;
        let mut socket = UnixStream::connect(&path).await.unwrap();
        socket.write_all(&header).await.unwrap();
        let opened = session(&server, socket).await;
        assert_eq!(peer(&server), "9.8.7.6:4660");
        opened.leave(1001).await;
    }
    server.stop().await;
}
