//! Connections that take more than their part.

use std::{
    io::{Error, ErrorKind},
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{ask, ask_at, request, take_nothing, until_closed};
use crate::{
    harness::{AT_REST, Server},
    metrics::{APART, until},
};

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_their_turn() {
    let server = Server::start("[server]\nmax_connections = 2\nmax_sessions = 2\n");
    let mut first = server.connect().await;
    let second = server.connect().await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    third
        .write_all(request("GET", "/healthz", "").as_bytes())
        .await
        .unwrap();
    // While the third waits, the first two are served.
    let turn = first.ask("What is impermanent loss?").await;
    assert_eq!(first.read(turn).await.outcome, "stop");
    let early = third.try_read(&mut [0; 1]);
    let waits = |error: &Error| error.kind() == ErrorKind::WouldBlock;
    assert!(early.as_ref().is_err_and(waits), "{early:?}");
    second.leave(1001).await;
    // The answer is to the request that has been waiting, and then to this one.
    let health = ask(&mut third, &request("GET", "/readyz", "")).await;
    assert_eq!(
        (health.status, health.json()["state"].as_str()),
        (200, Some("up"))
    );
    drop(third);
    first.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn one_client_cannot_take_every_connection_and_its_leaving_makes_room() {
    let server = Server::start("[server]\nmax_connections_per_client = 2\n");
    let client = server.connect().await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(
        ask(&mut second, &request("GET", "/healthz", ""))
            .await
            .status,
        200
    );
    let mut third = TcpStream::connect(server.address).await.unwrap();
    // It may be reset before this has been written.
    let _ = third
        .write_all(request("GET", "/healthz", "").as_bytes())
        .await;
    assert_eq!(until_closed(&mut third).await, b"");
    // An upgraded connection counts for as long as its session lives.
    let tasks = server.counts().tasks;
    client.leave(1001).await;
    server
        .until("has room", |counts| counts.tasks < tasks)
        .await;
    assert_eq!(
        ask_at(server.address, &request("GET", "/healthz", ""))
            .await
            .status,
        200
    );
    drop(second);
    server.stop().await;
}

#[tokio::test]
async fn who_sends_no_whole_request_in_time_is_closed_and_counted_and_sessions_are_not() {
    let server = Server::start(&format!("[server]\nheader_timeout = \"1s\"\n{APART}"));
    let mut session = server.connect().await;
    let begin = Instant::now();
    let connect = async || TcpStream::connect(server.address).await.unwrap();
    let mut silent = connect().await;
    let mut half = connect().await;
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: ask")
        .await
        .unwrap();
    let mut idle = connect().await;
    assert_eq!(
        ask(&mut idle, &request("GET", "/healthz", "")).await.status,
        200
    );
    for (name, socket) in [
        ("silent", &mut silent),
        ("half a header", &mut half),
        ("idle", &mut idle),
    ] {
        let rest = String::from_utf8(until_closed(socket).await).unwrap();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 408"),
            "{name}: {rest}"
        );
        assert!(
            begin.elapsed() >= Duration::from_secs(1),
            "{name}: {:?}",
            begin.elapsed()
        );
    }
    // Who rests between two requests was refused nothing.
    let figures = until(&server, "askd_refusals_total", "", 2.0).await;
    for reason in ["no_request", "slow_headers"] {
        let label = format!("reason={reason}");
        assert_eq!(figures.sum("askd_refusals_total", &label), 1.0, "{reason}");
    }
    let turn = session.ask("What is staking?").await;
    assert_eq!(session.read(turn).await.outcome, "stop");
    session.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn headers_without_measure_are_refused() {
    let server = Server::start("");
    let long = format!("X-Long: {}\r\n", "x".repeat(17 << 10));
    let many = "X-Many: x\r\n".repeat(200);
    let path = format!("/{}", "x".repeat(17 << 10));
    for (name, request) in [
        ("a long header", request("GET", "/", &long)),
        ("many headers", request("GET", "/", &many)),
        ("a long path", request("GET", &path, "")),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        // It may be closed before all has been written.
        let _ = socket.write_all(request.as_bytes()).await;
        let rest = String::from_utf8(until_closed(&mut socket).await).unwrap();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 431") || rest.starts_with("HTTP/1.1 414"),
            "{name}: {rest}"
        );
    }
    let mut endless = TcpStream::connect(server.address).await.unwrap();
    endless
        .write_all(b"GET / HTTP/1.1\r\nX-Endless: ")
        .await
        .unwrap();
    let mut written = 0;
    while endless.write_all(&[b'x'; 1 << 16]).await.is_ok() {
        written += 1;
        assert!(written < 1000, "64 MB of a header were taken");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Server::start(APART);
    for (start, hosts, status) in [
        ("GET /healthz HTTP/1.1", "", 400),
        (
            "GET /healthz HTTP/1.1",
            "Host: askd.localhost\r\nHost: evil.example\r\n",
            400,
        ),
        ("GET /healthz HTTP/1.1", "Host: askd.localhost\r\n", 200),
        ("GET /healthz HTTP/1.0", "", 200),
    ] {
        let reply = ask_at(server.address, &format!("{start}\r\n{hosts}\r\n")).await;
        assert_eq!(reply.status, status, "{start} {hosts}");
    }
    until(&server, "askd_refusals_total", "reason=malformed", 2.0).await;
    server.stop().await;
}

#[tokio::test]
async fn an_address_without_a_path_is_refused_and_harms_nobody() {
    let server = Server::start(APART);
    for start in ["CONNECT a:1", "GET a:1", "GET http://evil.example/"] {
        let request = format!("{start} HTTP/1.1\r\nHost: a:1\r\n\r\n");
        assert_eq!(
            ask_at(server.address, &request).await.status,
            400,
            "{start}"
        );
    }
    until(&server, "askd_refusals_total", "reason=malformed", 3.0).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_harms_nobody() {
    let server = Server::start("[server]\nheader_timeout = \"1s\"\n");
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"hello\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let rest = String::from_utf8(until_closed(&mut socket).await).unwrap();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 4"),
            "{bytes:?}: {rest}"
        );
    }
    assert_eq!(
        ask_at(server.address, &request("GET", "/healthz", ""))
            .await
            .status,
        200
    );
    server.stop().await;
}

#[tokio::test]
async fn who_takes_nothing_of_a_response_loses_its_connection() {
    let server = Server::start("[session]\nsend_timeout = \"1s\"");
    take_nothing(server.address).await;
    server
        .until("let go", |counts| counts.tasks == AT_REST)
        .await;
    server.stop().await;
}
