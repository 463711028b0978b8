//! Going down: nothing new begins, running answers go on for as long as the grace allows, and everybody is told.

mod signals;

use tokio::{io::AsyncWriteExt, net::TcpStream};
use uuid::Uuid;

use crate::{
    fake::{Fake, Script},
    harness::Server,
    http::{ask, ask_at, request},
};

/// An answer that is held in its midst.
fn held() -> Script {
    Script::new()
        .sse()
        .text("begun")
        .gate("on")
        .text(", done")
        .finish("stop")
        .done()
}

#[tokio::test]
async fn a_drain_lets_running_answers_end_and_takes_nothing_new() {
    let fake = Fake::start().await;
    fake.always(held());
    let server = Server::with_fake(&fake, "", "");
    let mut idle = server.connect().await;
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    client.expect("chunk").await;
    server.shutdown.drain();

    for session in [&mut idle, &mut client] {
        let status = session.expect("status").await;
        assert_eq!(status["state"], "draining");
        assert!(status["reconnect_after_ms"].as_u64().unwrap() > 0);
    }
    assert_eq!(idle.closed().await, 1012);
    client.ask("another").await;
    assert_eq!(client.expect("error").await["code"], "busy");

    let health = ask_at(server.address, &request("GET", "/healthz", "")).await;
    assert_eq!(
        (health.status, health.json()["state"].as_str()),
        (200, Some("up"))
    );
    let ready = ask_at(server.address, &request("GET", "/readyz", "")).await;
    assert_eq!(
        (ready.status, ready.json()["state"].as_str()),
        (503, Some("draining"))
    );
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n";
    let refused = ask_at(server.address, &request("GET", "/ws", upgrade)).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("5"))
    );
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("restarting")
    );

    fake.gate("on").release();
    let answer = client.read(turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        (", done", "stop")
    );
    assert_eq!(client.closed().await, 1012);
    assert_eq!(fake.requests().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn what_still_runs_at_the_end_of_the_grace_is_interrupted_and_says_so() {
    let fake = Fake::start().await;
    fake.always(held());
    let server = Server::with_fake(&fake, "", "[server]\nshutdown_grace = \"3s\"");
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    client.expect("chunk").await;
    let mut waiting = server.connect().await;
    waiting.resume(turn, 0).await;
    waiting.expect("accepted").await;
    waiting.expect("chunk").await;
    server.shutdown.drain();
    for session in [&mut client, &mut waiting] {
        assert_eq!(session.expect("status").await["state"], "draining");
        assert_eq!(session.expect("complete").await["outcome"], "interrupted");
        assert_eq!(session.closed().await, 1012);
    }
    fake.request(0).await.closed().await;
    server
        .stop_expecting(&["still busy at the end of the grace"])
        .await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_waited_for_when_it_is_to_finish() {
    let fake = Fake::start().await;
    fake.always(held());
    let server = Server::with_fake(&fake, "", "[session]\non_leave = \"finish\"");
    let mut client = server.connect().await;
    client.ask_accepted("q").await;
    client.expect("chunk").await;
    client.leave(1001).await;
    server.until("left", |counts| counts.sessions == 0).await;
    server.shutdown.drain();
    fake.gate("on").release();
    let log = server.log.clone();
    server.stop().await;
    assert_eq!(log.lines("outcome=stop").len(), 1);
}

#[tokio::test]
async fn neither_idle_nor_unfinished_requests_nor_a_reader_that_has_stopped_hold_the_shutdown_up() {
    let fake = Fake::start().await;
    let pieces = (0..60).map(|_| "x".repeat(16 << 10));
    fake.always(
        Script::new()
            .sse()
            .burst(pieces, 1 << 16)
            .finish("stop")
            .done(),
    );
    let server = Server::with_fake(&fake, "", "[server]\nshutdown_grace = \"3s\"");
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(
        ask(&mut idle, &request("GET", "/healthz", "")).await.status,
        200
    );
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    let socket = TcpStream::connect(server.address).await.unwrap();
    socket2::SockRef::from(&socket)
        .set_recv_buffer_size(4 << 10)
        .unwrap();
    let mut stopped = crate::client::Client::over(socket, server.address, &server.browser).await;
    stopped.ask_accepted("q").await;
    server.until("answered", |counts| counts.turns == 0).await;
    server.shutdown.drain();
    // "Given up" would be a task that did not end.
    server
        .stop_expecting(&["still busy at the end of the grace"])
        .await;
    drop((idle, half, stopped));
}

#[tokio::test]
async fn an_unknown_turn_is_told_so_while_the_server_drains() {
    let fake = Fake::start().await;
    fake.always(held());
    let server = Server::with_fake(&fake, "", "");
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    client.expect("chunk").await;
    server.shutdown.drain();
    client.expect("status").await;
    client.cancel(Uuid::now_v7()).await;
    assert_eq!(client.expect("error").await["code"], "unknown_turn");
    client.cancel(turn).await;
    assert_eq!(client.expect("complete").await["outcome"], "cancelled");
    assert_eq!(client.closed().await, 1012);
    server.stop().await;
}
