//! Where a proxy says who it is, and who is behind it.

use serde_json::json;
use tokio::net::TcpStream;

use super::{Visitor, passwords};
use crate::{
    harness::Server,
    http::{ask, ask_at, request},
};

const TRUSTING: &str = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
const DISTRUSTING: &str = "[server]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
const BY_HEADER: &str = "[auth]\nmode = \"header\"\nuser_header = \"X-Who\"\nadmins = [\"ada\"]\n";

#[tokio::test]
async fn a_name_is_believed_from_a_trusted_proxy_alone() {
    let server = Server::start(&format!("{TRUSTING}{BY_HEADER}"));
    let ada = Visitor::with(&server, "X-Who: ada\r\n");
    assert_eq!(
        ada.me().await,
        json!({ "name": "ada", "role": "admin", "sign_in": "header", "before": 0 })
    );
    let bob = Visitor::with(&server, "x-who:  Bob the Builder \r\n");
    assert_eq!(bob.me().await["name"], "Bob the Builder");
    for lines in [
        "",
        "X-Who: \r\n",
        "Remote-User: ada\r\n",
        // Somebody has added one that the proxy did not take away.
        "X-Who: ada\r\nX-Who: ada\r\n",
        // Another one's name, which looks the same.
        "X-Who: ada\u{a0}\r\n",
        "X-Who: \u{3000}ada\r\n",
        // Nobody's.
        "X-Who: {http.reverse_proxy.header.X-Who}\r\n",
    ] {
        let reply = Visitor::with(&server, lines).get("/me").await;
        assert_eq!(reply.status, 401, "{lines}");
    }
    let page = Visitor::unknown(&server).ask("GET", "/", "", "").await;
    assert_eq!(page.status, 401);
    server.stop().await;
    let server = Server::start(&format!("{DISTRUSTING}{BY_HEADER}"));
    let ada = Visitor::with(&server, "X-Who: ada\r\n");
    assert_eq!(ada.get("/me").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn whom_a_proxy_names_can_make_tokens_and_signs_out_there() {
    let server = Server::start(&format!("{TRUSTING}{BY_HEADER}"));
    let ada = Visitor::with(&server, "X-Who: ada\r\n");
    let made = ada.post("/tokens", &json!({ "name": "script" })).await;
    assert_eq!(made.status, 201);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let program = Visitor::with(&server, &format!("Authorization: Bearer {secret}\r\n"));
    assert_eq!(program.me().await["name"], "ada");
    // What the proxy itself knows somebody by is no token of askd's, and takes no word from it.
    let passed_on = "X-Who: ada\r\nAuthorization: Bearer the.proxys.own\r\n";
    assert_eq!(Visitor::with(&server, passed_on).me().await["name"], "ada");
    let alone = Visitor::with(&server, "Authorization: Bearer the.proxys.own\r\n");
    assert_eq!(alone.get("/me").await.status, 401);
    assert_eq!(ada.post("/sign-out", &json!({})).await.status, 400);
    assert_eq!(ada.try_password("ada", "ada's password").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn the_same_name_is_the_same_reader_however_they_sign_in() {
    let directory = tempfile::TempDir::new().unwrap();
    let store = format!("[store]\npath = {:?}\n", directory.path().join("askd.db"));
    let server = Server::start(&passwords(&["ada"], &store));
    let ada = Visitor::signed_in(&server, "ada").await;
    let mut session = ada.connect(&server).await;
    let turn = session.ask_accepted("What is staking?").await;
    session.read(turn).await;
    drop(session);
    let by_header = format!("{TRUSTING}{BY_HEADER}{store}");
    let server = server.restart(|| Server::start(&by_header)).await;
    let listed = Visitor::with(&server, "X-Who: ada\r\n")
        .get("/conversations")
        .await;
    let listed = listed.json();
    assert_eq!(listed["conversations"].as_array().unwrap().len(), 1);
    let others = Visitor::with(&server, "X-Who: bob\r\n")
        .get("/conversations")
        .await;
    assert_eq!(others.json()["conversations"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn sessions_are_counted_by_who_is_behind_a_trusted_proxy() {
    const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let caps = "max_sessions_per_client = 1\nmax_connections_per_client = 1\n";
    let server = Server::start(&format!("{TRUSTING}{caps}"));
    let open = |behind: &str| {
        let lines = format!("{UPGRADE}X-Forwarded-For: {behind}\r\n");
        request("GET", "/ws", &lines)
    };
    let mut held = Vec::new();
    for (behind, status) in [
        ("1.2.3.4", 101),
        ("1.2.3.5", 101),
        // Whoever writes in front of what the proxy adds is no other.
        ("9.9.9.9, 1.2.3.4", 429),
        ("2001:db8::1", 101),
        ("2001:db8::2", 429),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let reply = ask(&mut socket, &open(behind)).await;
        assert_eq!(reply.status, status, "{behind}");
        held.push(socket);
    }
    assert_eq!(server.log.lines("session opened session=").len(), 3);
    assert_eq!(server.log.lines("peer=1.2.3.4").len(), 1);
    drop(held);
    server.stop().await;
    let server = Server::start(&format!("{DISTRUSTING}max_sessions_per_client = 1\n"));
    let mut first = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(ask(&mut first, &open("1.2.3.4")).await.status, 101);
    let second = ask_at(server.address, &open("1.2.3.5")).await;
    assert_eq!(second.status, 429);
    drop(first);
    server.stop().await;
}
