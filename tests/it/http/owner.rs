//! The cookie by which a browser is known.

use super::{Reply, ask_at, request};
use crate::{client::Browser, harness::Server};

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Knocks at `/ws` with this cookie; the session has lost its client at once.
async fn knock(server: &Server, cookie: &str) -> Reply {
    let lines = format!("{UPGRADE}Cookie: {cookie}\r\n");
    let reply = ask_at(server.address, &request("GET", "/ws", &lines)).await;
    server.until("ended", |counts| counts.sessions == 0).await;
    assert_eq!(reply.status, 101);
    reply
}

fn pair(reply: &Reply) -> &str {
    let cookie = reply.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap()
}

#[tokio::test]
async fn a_session_gives_a_cookie_to_whom_it_does_not_know_and_to_nobody_else() {
    let server = Server::start("");
    let first = knock(&server, "").await;
    let known = pair(&first).to_owned();
    assert!(known.starts_with("askd_owner="), "{known}");
    assert_eq!(knock(&server, &known).await.header("set-cookie"), None);
    let value = known.split_once('=').unwrap().1;
    let forged = format!("askd_owner=x{value}");
    for stray in [forged.as_str(), "askd_owner=", "askd_owner", "other=1; =;"] {
        let reply = knock(&server, stray).await;
        assert_ne!(pair(&reply), known, "{stray}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cookie_of_another_server_is_none() {
    let other = Server::start("");
    other.connect().await.leave(1001).await;
    let foreign = other.browser.cookie().await.unwrap();
    other.stop().await;
    let server = Server::start("");
    assert_ne!(pair(&knock(&server, &foreign).await), foreign);
    server.stop().await;
}

#[tokio::test]
async fn the_page_gives_the_cookie_its_files_do_not_and_no_cache_keeps_it() {
    for (toml, secure) in [
        ("", false),
        ("[server]\npublic_url = \"http://askd.localhost\"", false),
        ("[server]\npublic_url = \"https://ask.example.org\"", true),
    ] {
        let server = Server::start(toml);
        let conversation = "/c/018f0000-0000-7000-8000-000000000000";
        for path in ["/", conversation] {
            let page = ask_at(server.address, &request("GET", path, "")).await;
            let cookie = page.header("set-cookie").unwrap();
            for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age="] {
                assert!(cookie.contains(part), "{cookie}");
            }
            assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
            assert_eq!(page.header("cache-control"), Some("private, no-cache"));
            // It lasts for those who come again, also when the page has not changed.
            let lines = format!(
                "Cookie: {}\r\nIf-None-Match: {}\r\n",
                pair(&page),
                page.header("etag").unwrap()
            );
            let again = ask_at(server.address, &request("GET", path, &lines)).await;
            assert_eq!((again.status, pair(&again)), (304, pair(&page)));
        }
        for path in ["/healthz", "/favicon.svg", "/nothing"] {
            let reply = ask_at(server.address, &request("GET", path, "")).await;
            assert_eq!(reply.header("set-cookie"), None, "{path}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_browser_is_the_same_behind_a_restart() {
    let home = tempfile::TempDir::new().unwrap();
    let path = home.path().join("askd.db");
    let toml = format!("[store]\npath = {path:?}");
    let start = || Server::start(&toml);
    let server = start();
    server.connect().await.leave(1001).await;
    let server = server.restart(start).await;
    // The client itself checks that it is given no other cookie.
    server.connect().await.leave(1001).await;
    let browser = Browser::default();
    let stranger = crate::client::Client::connect(server.address, &browser).await;
    assert_ne!(browser.cookie().await, server.browser.cookie().await);
    stranger.leave(1001).await;
    server.stop().await;
}
