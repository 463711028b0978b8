//! What somebody at one address takes is not taken from others.

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

use super::{Browser, conversation, id};
use crate::{
    harness::{Server, soon},
    http::{ask, request},
    metrics::{APART, until},
};

/// Somebody at another address than the tests' own.
async fn elsewhere(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    socket.connect(server.address).await.unwrap()
}

fn import(length: usize) -> String {
    let lines = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    request("POST", "/api/v1/import", &lines)
}

#[tokio::test]
async fn who_holds_all_that_they_may_of_imports_keeps_nobody_elsewhere_from_theirs() {
    let server = Server::start(APART);
    let half = " ".repeat(60 << 20);
    let greedy = async || {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let head = import(half.len() + 1);
        socket.write_all(head.as_bytes()).await.unwrap();
        // It breaks off where the server refuses it.
        let _ = socket.write_all(half.as_bytes()).await;
        socket
    };
    let held = soon("sent", join(greedy(), greedy())).await;
    until(&server, "askd_refusals_total", "reason=busy", 1.0).await;
    let file = json!({ "askd": 1, "conversations": [conversation(1, "x", &[("q", "a")])] });
    let file = format!("{}{file}", " ".repeat(20 << 20));
    let sent = format!("{}{file}", import(file.len()));
    let reply = ask(&mut elsewhere(&server).await, &sent).await;
    assert_eq!(
        reply.json(),
        json!({ "imported": 1, "skipped": 0, "expired": 0 })
    );
    drop(held);
    server.stop().await;
}

#[tokio::test]
async fn who_takes_nothing_of_what_they_read_keeps_nobody_elsewhere_from_theirs() {
    let server = Server::start("[session]\nmax_answer = \"24 MiB\"\n");
    let browser = Browser::new(&server).await;
    let long = conversation(1, "Long", &[("q", &"x".repeat(24 << 20))]);
    browser.has(std::slice::from_ref(&long)).await;
    let path = format!("/api/v1/conversations/{}", id(&long));
    let asked = request("GET", &path, &format!("Cookie: {}\r\n", browser.cookie));
    let greedy = async || {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(asked.as_bytes()).await.unwrap();
        // It is answered, or refused.
        socket.readable().await.unwrap();
        socket
    };
    let held = soon("answered", join_all((0..5).map(|_| greedy()))).await;
    let reply = ask(&mut elsewhere(&server).await, &asked).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.len() > 24 << 20);
    drop(held);
    server.stop().await;
}
