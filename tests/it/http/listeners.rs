//! Where askd listens: several addresses at once, Unix sockets, and what is in the way.

use askd::{
    config::Listen,
    http::accept::{BindError, Listener, Speech},
};
use tempfile::TempDir;
use tokio::net::UnixStream;

use super::{ask, ask_at, request};
use crate::harness::Server;

fn health() -> String {
    request("GET", "/healthz", "")
}

fn bind(listen: &Listen) -> Result<Listener, BindError> {
    Listener::bind(listen, Speech::Plain)
}

#[tokio::test]
async fn every_listener_serves() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("askd.sock");
    let unix = format!("unix:{}", path.display());
    let server = Server::start_on(&["127.0.0.1:0", "[::1]:0", &unix], "");
    assert_eq!(server.addresses[2], unix);
    for address in &server.addresses[..2] {
        let address = address.trim_start_matches("http://").parse().unwrap();
        assert_eq!(ask_at(address, &health()).await.status, 200, "{address}");
    }
    let mut socket = UnixStream::connect(&path).await.unwrap();
    assert_eq!(ask(&mut socket, &health()).await.status, 200);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n";
    assert_eq!(
        ask(&mut socket, &request("GET", "/ws", upgrade))
            .await
            .status,
        101
    );
    drop(socket);
    server.stop().await;
    assert!(!path.exists(), "the socket's file goes with the server");
}

#[tokio::test]
async fn a_sockets_file_that_nobody_serves_is_replaced_and_a_live_one_is_not() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("askd.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "a listener that is dropped leaves its file");
    let unix = format!("unix:{}", path.display());
    let server = Server::start_on(&["127.0.0.1:0", &unix], "");
    let refused = bind(&Listen::Unix(path.clone())).err().unwrap().to_string();
    assert!(
        refused.contains(&unix) && refused.contains("another program listens there"),
        "{refused}"
    );
    let mut socket = UnixStream::connect(&path).await.unwrap();
    assert_eq!(
        ask(&mut socket, &health()).await.status,
        200,
        "the live one still serves"
    );
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn a_live_socket_is_not_taken_from_a_server_that_accepts_nobody() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("askd.sock");
    let hung = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    hung.bind(&address).unwrap();
    hung.listen(0).unwrap();
    let _waiting = std::os::unix::net::UnixStream::connect(&path).unwrap();
    // Its line is full now: a connection that waits for room would wait for ever.
    let refused = bind(&Listen::Unix(path.clone())).err().unwrap().to_string();
    assert!(
        refused.contains("another program listens there"),
        "{refused}"
    );
    assert!(path.exists());
}

#[tokio::test]
async fn what_is_no_socket_is_not_removed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "mine").unwrap();
    assert!(bind(&Listen::Unix(path.clone())).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[tokio::test]
async fn a_port_in_use_is_told_with_its_address_and_what_to_do() {
    let server = Server::start("");
    let refused = bind(&Listen::Tcp(server.address))
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains(&format!("cannot listen on {}", server.address)),
        "{refused}"
    );
    assert!(
        refused.contains("choose another server.listen"),
        "{refused}"
    );
    server.stop().await;
}
