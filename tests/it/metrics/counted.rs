//! Each figure is there after its thing has happened.

use futures_util::SinkExt as _;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::{
    http::{take_nothing, until_closed},
    stalling::refused,
    tls::Authority,
};

#[tokio::test]
async fn each_answer_is_counted_by_its_end_with_its_times() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", APART);
    let mut client = server.connect().await;
    let before = Figures::at(apart(&server)).await;
    assert_eq!(before.sum("askd_turns_total", ""), 0.0);
    let turn = client.ask("first").await;
    assert_eq!(client.read(turn).await.outcome, "stop");
    fake.then(Script::refuse(401, "no"));
    let turn = client.ask("second").await;
    assert_eq!(client.read(turn).await.outcome, "failed");
    let after = Figures::at(apart(&server)).await;
    assert_eq!(after.sum("askd_turns_total", "outcome=stop"), 1.0);
    assert_eq!(after.sum("askd_turns_total", "outcome=failed"), 1.0);
    assert_eq!(after.sum("askd_turns_total", "endpoint=fake"), 2.0);
    let refused = "code=upstream_refused";
    assert_eq!(after.sum("askd_turn_failures_total", refused), 1.0);
    assert_eq!(after.sum("askd_turn_seconds_count", "endpoint=fake"), 2.0);
    assert_eq!(after.sum("askd_first_chunk_seconds_count", ""), 1.0);
    assert!(after.sum("askd_store_write_seconds_count", "") >= 2.0);
    assert!(after.sum("askd_store_size_bytes", "") > 0.0);
    assert_eq!(after.sum("askd_store_healthy", ""), 1.0);
    assert_eq!(after.sum("askd_sessions", ""), 1.0);
    assert!(after.sum("askd_connections", "") >= 1.0);
    assert_eq!(after.sum("askd_tasks", "task=session"), 1.0);
    client.leave(1001).await;
    let left = until(&server, "askd_sessions_ended_total", "reason=left", 1.0).await;
    assert_eq!(left.sum("askd_turns_running", ""), 0.0);
    server.stop_expecting(&["turn failed"]).await;
}

#[tokio::test]
async fn a_request_is_seen_to_end_when_somebody_cancels_and_when_its_reader_leaves() {
    let fake = Fake::start().await;
    let stop = format!("[session]\non_leave = \"stop\"\n{APART}");
    let server = Server::with_fake(&fake, "", &stop);
    let script = Script::new().sse().text("a").gate("here");
    let mut client = server.connect().await;
    fake.then(script.clone());
    let turn = client.ask_accepted("first").await;
    client.expect("chunk").await;
    client.cancel(turn).await;
    assert_eq!(client.read(turn).await.outcome, "cancelled");
    let closed = "askd_upstream_closed_seconds_count";
    let cancelled = Figures::at(apart(&server)).await;
    assert_eq!(cancelled.sum(closed, ""), 1.0);
    assert_eq!(cancelled.sum("askd_turns_total", "outcome=cancelled"), 1.0);
    fake.then(script);
    client.ask_accepted("second").await;
    client.expect("chunk").await;
    client.leave(1001).await;
    let left = until(&server, closed, "", 2.0).await;
    assert!(left.sum("askd_upstream_closed_seconds_sum", "") < 2.0);
    until(&server, "askd_turns_total", "outcome=interrupted", 1.0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_full_line_is_seen_with_who_waits_and_who_was_refused() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "concurrency = 1\nqueue = 1", APART);
    let script = Script::new()
        .sse()
        .gate("here")
        .text("a")
        .finish("stop")
        .done();
    fake.always(script);
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    let one = first.ask_accepted("one").await;
    soon("asked", fake.gate("here").reached(1)).await;
    let two = second.ask_accepted("two").await;
    third.ask("three").await;
    assert_eq!(third.expect("error").await["code"], "queue_full");
    let full = Figures::at(apart(&server)).await;
    for (name, value) in [
        ("askd_line_running", 1.0),
        ("askd_line_slots", 1.0),
        ("askd_line_waiting", 1.0),
        ("askd_line_places", 1.0),
    ] {
        assert_eq!(full.sum(name, "endpoint=fake"), value, "{name}");
    }
    assert_eq!(full.sum("askd_turns_running", ""), 2.0);
    assert_eq!(full.sum("askd_refusals_total", "reason=all_waiting"), 1.0);
    fake.gate("here").release();
    assert_eq!(first.read(one).await.outcome, "stop");
    assert_eq!(second.read(two).await.outcome, "stop");
    let empty = Figures::at(apart(&server)).await;
    assert_eq!(empty.sum("askd_line_waiting", ""), 0.0);
    for client in [first, second, third] {
        client.leave(1001).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_refused_is_counted_by_why() {
    let rest = format!("[server]\nmax_sessions = 1\n[session]\nquestions_per_minute = 1\n{APART}");
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", &rest);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n";
    let mut client = server.connect().await;
    let full = ask_at(server.address, &request("GET", "/ws", upgrade)).await;
    assert_eq!(full.status, 503);
    let foreign = format!("{upgrade}Origin: https://evil.example\r\n");
    let foreign = ask_at(server.address, &request("GET", "/ws", &foreign)).await;
    assert_eq!(foreign.status, 403);
    let turn = client.ask("first").await;
    client.read(turn).await;
    client.ask("second").await;
    assert_eq!(client.expect("error").await["code"], "rate_limited");
    let figures = Figures::at(apart(&server)).await;
    for reason in ["all_sessions", "origin", "session_questions"] {
        let label = format!("reason={reason}");
        assert_eq!(figures.sum("askd_refusals_total", &label), 1.0, "{reason}");
    }
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_one_too_many_of_an_address_is_counted() {
    let rest = format!("[server]\nmax_connections_per_client = 1\n{APART}");
    let server = Server::start(&rest);
    let client = server.connect().await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(until_closed(&mut second).await, b"");
    until(
        &server,
        "askd_refusals_total",
        "reason=address_connections",
        1.0,
    )
    .await;
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_request_or_too_much_of_one_is_counted() {
    let server = Server::start(APART);
    let bomb = "X-Bomb: 0123456789abcdef\r\n".repeat(2_000);
    let bomb = ask_at(server.address, &request("GET", "/", &bomb)).await;
    assert_eq!(bomb.status, 431);
    let garbage = ask_at(server.address, "What is this?\r\n\r\n").await;
    assert_eq!(garbage.status, 400);
    until(&server, "askd_refusals_total", "reason=malformed", 2.0).await;
    let body = format!("{{\"title\":\"{}\"}}", "x".repeat(5000));
    let lines = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let path = format!("/api/v1/conversations/{}", uuid::Uuid::now_v7());
    let large = ask_at(server.address, &(request("PATCH", &path, &lines) + &body)).await;
    assert_eq!(large.status, 413);
    until(&server, "askd_refusals_total", "reason=too_large", 1.0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_session_of_nothing_but_faults_is_counted() {
    let server = Server::start(APART);
    let mut client = server.connect().await;
    for _ in 0..101 {
        client.socket.feed(Message::text("{")).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    assert_eq!(client.closed().await, 1002);
    drop(client);
    until(&server, "askd_refusals_total", "reason=malformed", 1.0).await;
    let ended = "askd_sessions_ended_total";
    until(&server, ended, "reason=bad_frame", 1.0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_a_visitor_without_one_are_counted() {
    let toml = crate::auth::passwords(&["ada"], APART);
    let server = Server::start(&toml);
    let me = ask_at(server.address, &request("GET", "/api/v1/me", "")).await;
    assert_eq!(me.status, 401);
    let body = r#"{"name":"ada","password":"guessed"}"#;
    let lines = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let guess = request("POST", "/api/v1/sign-in", &lines) + body;
    assert_eq!(ask_at(server.address, &guess).await.status, 401);
    let figures = Figures::at(apart(&server)).await;
    for reason in ["signed_out", "wrong_password"] {
        let label = format!("reason={reason}");
        assert_eq!(figures.sum("askd_refusals_total", &label), 1.0, "{reason}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_is_asked_again_is_counted() {
    let fake = Fake::start().await;
    let server = Server::start(&format!(
        "[[endpoint]]\nname = \"fake\"\nbase_url = \"{}\"\nmodel = \"m\"\nretries = 1\n{APART}",
        fake.base_url()
    ));
    fake.then(Script::overloaded(429, "0"));
    let mut client = server.connect().await;
    let turn = client.ask("q").await;
    assert_eq!(client.read(turn).await.outcome, "stop");
    let figures = Figures::at(apart(&server)).await;
    assert_eq!(
        figures.sum("askd_upstream_retries_total", "endpoint=fake"),
        1.0
    );
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_piece_that_its_reader_waited_for_has_its_lag_and_what_is_read_again_has_none() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", APART);
    let script = Script::new().sse().text("a").gate("here").text("b");
    fake.then(script.finish("stop").done());
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    client.expect("chunk").await;
    fake.gate("here").release();
    assert_eq!(client.read(turn).await.outcome, "stop");
    let counted = |figures: &Figures| figures.sum("askd_chunk_lag_seconds_count", "");
    let once = counted(&Figures::at(apart(&server)).await);
    assert!(once >= 1.0, "{once}");
    let mut tab = server.connect().await;
    tab.resume(turn, 0).await;
    assert_eq!(tab.read(turn).await.text, "ab");
    assert_eq!(counted(&Figures::at(apart(&server)).await), once);
    for client in [client, tab] {
        client.leave(1001).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn documents_and_searches_are_counted() {
    let figures = experienced().await;
    assert!(figures.sum("askd_index_documents", "") >= 1.0);
    assert!(figures.sum("askd_index_passages", "") >= 1.0);
    assert_eq!(figures.sum("askd_index_unread_files", ""), 0.0);
    assert_eq!(figures.sum("askd_index_lacks", "what=documents"), 0.0);
    assert_eq!(figures.sum("askd_searches_total", ""), 2.0);
    assert!(figures.sum("askd_searches_total", "outcome=found") >= 1.0);
    assert_eq!(figures.sum("askd_search_seconds_count", ""), 2.0);
}

#[tokio::test]
async fn a_handshake_that_fails_or_takes_too_long_is_counted_and_one_that_is_left_is_not() {
    let authority = Authority::new();
    let tls = authority.toml("");
    let server = Server::start(&format!("[server]\nheader_timeout = \"1s\"\n{tls}{APART}"));
    drop(TcpStream::connect(server.address).await.unwrap());
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    // These come through the handshake, and then nothing more comes.
    let mut mute = Vec::new();
    for alpn in ["http/1.1", "h2"] {
        mute.push(authority.connect(server.address, &[alpn]).await);
    }
    until_closed(&mut plain).await;
    until_closed(&mut silent).await;
    for socket in &mut mute {
        until_closed(socket).await;
    }
    let figures = until(&server, "askd_refusals_total", "", 4.0).await;
    for (reason, count) in [("tls_failed", 1.0), ("tls_slow", 1.0), ("no_request", 2.0)] {
        let label = format!("reason={reason}");
        assert_eq!(
            figures.sum("askd_refusals_total", &label),
            count,
            "{reason}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn an_http_2_client_that_is_sent_away_is_counted() {
    // A preface and empty settings; then frames: length, type, flags, stream.
    const BEGINNING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let data_of_no_request = [0; 9].to_vec();
    // `GET / ` over https, with nothing behind it, and a reset of it.
    let rapid_resets = (1..4_000_u16).step_by(2).flat_map(|stream| {
        let [high, low] = stream.to_be_bytes();
        let headers = [0, 0, 3, 1, 5, 0, 0, high, low, 0x82, 0x84, 0x87].to_vec();
        let reset = [0, 0, 4, 3, 0, 0, 0, high, low, 0, 0, 0, 8].to_vec();
        [headers, reset].concat()
    });
    let attacks = [data_of_no_request, rapid_resets.collect()];
    let authority = Authority::new();
    let server = Server::start(&format!("{}{APART}", authority.toml("")));
    for (attack, counted) in attacks.iter().zip([1.0, 2.0]) {
        let mut socket = authority.connect(server.address, &["h2"]).await;
        // It may end before all has been written.
        let _ = socket.write_all(&[BEGINNING, attack].concat()).await;
        until_closed(&mut socket).await;
        until(&server, "askd_refusals_total", "reason=malformed", counted).await;
    }
    let mut polite = authority.connect(server.address, &["h2"]).await;
    polite.write_all(BEGINNING).await.unwrap();
    drop(polite);
    let figures = Figures::at(apart(&server)).await;
    assert_eq!(figures.sum("askd_refusals_total", ""), 2.0);
    // askd's own log leaves that out.
    server.stop_expecting(&["h2::proto"]).await;
}

#[tokio::test]
async fn who_takes_nothing_of_a_response_or_of_an_answer_is_counted() {
    let server = Server::start(&format!("[session]\nsend_timeout = \"1s\"\n{APART}"));
    take_nothing(server.address).await;
    until(&server, "askd_refusals_total", "reason=slow_reader", 1.0).await;
    let mut client = server.connect_with_little_room().await;
    let flood = async { while client.socket.feed(refused()).await.is_ok() {} };
    soon("closed", flood).await;
    until(&server, "askd_refusals_total", "reason=slow_reader", 2.0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_falls_silent_is_counted_and_one_that_leaves_is_not() {
    let server = Server::start(&format!("[session]\nheartbeat = \"1s\"\n{APART}"));
    server.connect().await.leave(1001).await;
    // Held and never polled: no ping is answered.
    let silent = server.connect().await;
    until(&server, "askd_refusals_total", "reason=silent", 1.0).await;
    let figures = until(&server, "askd_sessions_ended_total", "", 2.0).await;
    assert_eq!(figures.sum("askd_refusals_total", ""), 1.0);
    drop(silent);
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_counted() {
    let server = Server::start(APART);
    let path = format!("/api/v1/conversations/{}", uuid::Uuid::now_v7());
    let lines = "Content-Type: application/json\r\nContent-Length: 100\r\n";
    let slow = ask_at(server.address, &(request("PATCH", &path, lines) + "{")).await;
    assert_eq!(slow.status, 408);
    until(&server, "askd_refusals_total", "reason=too_slow", 1.0).await;
    server.stop().await;
}
