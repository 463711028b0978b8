//! Who may open a session.

use super::{Reply, ask_at, request};
use crate::harness::Server;

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

fn whole(lines: &str) -> String {
    request("GET", "/ws", &format!("{UPGRADE}{VERSION}{KEY}{lines}"))
}

/// Knocks with one request; a session that opens has lost its client at once.
async fn knock(server: &Server, request: &str) -> Reply {
    let reply = ask_at(server.address, request).await;
    server.until("ended", |counts| counts.sessions == 0).await;
    reply
}

#[tokio::test]
async fn what_is_no_websocket_is_told_so() {
    let server = Server::start("");
    let cases = [
        (
            "no upgrade",
            request("GET", "/ws", &format!("{VERSION}{KEY}")),
        ),
        (
            "another upgrade",
            request(
                "GET",
                "/ws",
                &format!("Connection: Upgrade\r\nUpgrade: h2c\r\n{VERSION}{KEY}"),
            ),
        ),
        (
            "no version",
            request("GET", "/ws", &format!("{UPGRADE}{KEY}")),
        ),
        (
            "an old version",
            request(
                "GET",
                "/ws",
                &format!("{UPGRADE}Sec-WebSocket-Version: 8\r\n{KEY}"),
            ),
        ),
        (
            "no key",
            request("GET", "/ws", &format!("{UPGRADE}{VERSION}")),
        ),
        ("HTTP/1.0", whole("").replace("HTTP/1.1", "HTTP/1.0")),
    ];
    for (name, request) in cases {
        let reply = knock(&server, &request).await;
        assert_eq!(reply.status, 426, "{name}");
        assert_eq!(reply.header("sec-websocket-version"), Some("13"), "{name}");
        assert_eq!(reply.header("upgrade"), Some("websocket"), "{name}");
        assert_eq!(reply.json()["type"], "error", "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn only_pages_that_may_open_a_session_do() {
    let server = Server::start(
        "[server]\npublic_url = \"https://ask.example.org/chat\"\nallowed_origins = [\"http://intranet.example:8000\"]\n",
    );
    let cases = [
        (None, 101),
        (Some("http://askd.localhost"), 101),
        (Some("https://askd.localhost"), 101),
        (Some("https://ask.example.org"), 101),
        (Some("http://intranet.example:8000"), 101),
        (Some("http://ask.example.org"), 403),
        (Some("http://intranet.example"), 403),
        (Some("http://askd.localhost:8081"), 403),
        (Some("http://evil.example"), 403),
        (Some("null"), 403),
    ];
    for (origin, status) in cases {
        let lines = origin.map_or_else(String::new, |origin| format!("Origin: {origin}\r\n"));
        let reply = knock(&server, &whole(&lines)).await;
        assert_eq!(reply.status, status, "{origin:?}");
        if status == 403 {
            assert!(
                reply.json()["message"]
                    .as_str()
                    .unwrap()
                    .contains("allowed_origins")
            );
        } else {
            // The example of RFC 6455, section 1.3.
            assert_eq!(
                reply.header("sec-websocket-accept"),
                Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            );
        }
        assert!(
            reply.header("content-security-policy").is_some(),
            "{origin:?}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn the_sub_protocol_is_said_back_only_to_who_offers_it() {
    let server = Server::start("");
    let ours = Some("askd.v1");
    let cases = [
        ("", None),
        ("askd.v1", ours),
        ("chat, askd.v1", ours),
        ("chat", None),
        ("askd.v2", None),
    ];
    for (offered, echoed) in cases {
        let lines = match offered {
            "" => String::new(),
            offered => format!("Sec-WebSocket-Protocol: {offered}\r\n"),
        };
        let reply = knock(&server, &whole(&lines)).await;
        assert_eq!(reply.status, 101, "{offered}");
        assert_eq!(reply.header("sec-websocket-protocol"), echoed, "{offered}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_comes_to_a_full_house_is_told_when_to_come_again() {
    let server = Server::start("[server]\nmax_sessions = 2\n");
    let first = server.connect().await;
    let second = server.connect().await;
    let reply = ask_at(server.address, &whole("")).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("5"))
    );
    assert_eq!(reply.json()["code"], "queue_full");
    first.leave(1001).await;
    server
        .until("has room", |counts| counts.sessions == 1)
        .await;
    let third = server.connect().await;
    second.leave(1001).await;
    third.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn one_client_cannot_take_every_place_and_its_leaving_makes_room() {
    let server = Server::start("[server]\nmax_sessions_per_client = 2\n");
    let first = server.connect().await;
    let second = server.connect().await;
    let reply = ask_at(server.address, &whole("")).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("5"))
    );
    assert_eq!(reply.json()["code"], "rate_limited");
    // The page itself still comes.
    assert_eq!(
        ask_at(server.address, &request("GET", "/", ""))
            .await
            .status,
        200
    );
    first.leave(1001).await;
    server
        .until("has room", |counts| counts.sessions == 1)
        .await;
    let third = server.connect().await;
    second.leave(1001).await;
    third.leave(1001).await;
    server.stop().await;
}
