//! What readers get over TLS, and who gets nothing.

use std::time::Duration;

use reqwest::{Client as Http, StatusCode, Version, header};
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};
use uuid::Uuid;

use super::Authority;
use crate::{
    client::{Browser, Client},
    fake::{Fake, Script},
    harness::{Server, socket_of},
    http::{Reply, ask, request, until_closed},
};

/// A program that comes to the server under the name `localhost`.
fn program(authority: &Authority, server: &Server) -> Http {
    authority.program("localhost", server.address)
}

fn url(server: &Server, path: &str) -> String {
    format!("https://localhost:{}{path}", server.address.port())
}

async fn get(authority: &Authority, server: &Server, request: &str) -> Reply {
    let mut socket = authority.connect(server.address, &["http/1.1"]).await;
    ask(&mut socket, request).await
}

#[tokio::test]
async fn the_page_its_cookie_and_a_session_come_over_tls() {
    let authority = Authority::new();
    let fake = Fake::start().await;
    fake.always(Script::answer(&["over ", "TLS"]));
    let server = Server::with_fake(&fake, "", &authority.toml(""));
    assert!(server.addresses[0].starts_with("https://"));
    let page = get(&authority, &server, &request("GET", "/", "")).await;
    assert_eq!(page.status, 200);
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-askd_owner="), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
    let browser = Browser::default();
    // Browsers offer both for the page, and this one alone for a session.
    let socket = authority.connect(server.address, &["http/1.1"]).await;
    let at = format!("wss://localhost:{}/ws", server.address.port());
    let mut session = Client::at(&at, socket, &browser).await;
    let turn = session.ask("How?").await;
    let answer = session.read(turn).await;
    assert_eq!((&*answer.text, &*answer.outcome), ("over TLS", "stop"));
    session.leave(1000).await;
    server.stop().await;
}

#[tokio::test]
async fn the_pages_own_origin_is_the_one_with_https() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (origin, status) in [
        ("https://askd.localhost", 101),
        ("http://askd.localhost", 403),
        ("https://evil.example", 403),
    ] {
        let lines = format!("{upgrade}Origin: {origin}\r\n");
        let reply = get(&authority, &server, &request("GET", "/ws", &lines)).await;
        assert_eq!(reply.status, status, "{origin}");
    }
    server.until("ended", |counts| counts.sessions == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn http_2_is_chosen_where_it_is_offered_and_serves_all_but_sessions() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["http/1.1", "h2"], Some("h2")),
        (&[], None),
    ] {
        let socket = authority.connect(server.address, offered).await;
        let chosen = chosen.map(str::as_bytes);
        assert_eq!(socket.get_ref().1.alpn_protocol(), chosen, "{offered:?}");
    }
    let program = program(&authority, &server);
    let unknown = format!("/api/v1/conversations/{}", Uuid::now_v7());
    for (path, status) in [("/", 200), (&*unknown, 404), ("/ws", 426), ("/x", 404)] {
        let reply = program.get(url(&server, path)).send().await.unwrap();
        assert_eq!(
            (reply.version(), reply.status().as_u16()),
            (Version::HTTP_2, status)
        );
        assert!(
            reply
                .headers()
                .contains_key(header::CONTENT_SECURITY_POLICY)
        );
    }
    // Many at once, on the one connection that there is.
    let paths = (0..300).map(|_| program.get(url(&server, "/")).send());
    for reply in futures_util::future::join_all(paths).await {
        assert!(reply.unwrap().text().await.unwrap().contains("</html>"));
    }
    drop(program);
    server.stop().await;
}

#[tokio::test]
async fn over_http_2_the_host_is_known_as_over_http_1() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    let program = program(&authority, &server);
    let unknown = format!("/api/v1/conversations/{}", Uuid::now_v7());
    let own = url(&server, "");
    for (origin, status) in [(&*own, 404), ("https://evil.example", 403)] {
        let request = program.delete(url(&server, &unknown));
        let reply = request.header(header::ORIGIN, origin).send().await.unwrap();
        assert_eq!(reply.version(), Version::HTTP_2);
        assert_eq!(reply.status().as_u16(), status, "{origin}");
    }
    drop(program);
    server.stop().await;
}

#[tokio::test]
async fn an_import_over_http_2_arrives_whole() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    let program = program(&authority, &server);
    // More than the windows let through at once.
    let body = vec![b' '; 3 << 20];
    let request = program.post(url(&server, "/api/v1/import")).body(body);
    let typed = request.header(header::CONTENT_TYPE, "application/json");
    let reply = typed.send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
    let told: Value = reply.json().await.unwrap();
    assert_eq!(told["error"]["code"], "bad_json", "{told}");
    drop(program);
    server.stop().await;
}

#[tokio::test]
async fn browsers_are_held_to_tls_only_where_the_operator_says_so_and_only_over_it() {
    const NAME: &str = "strict-transport-security";
    let authority = Authority::new();
    let unix = format!("unix:{}", authority.folder.path().join("socket").display());
    let toml = authority.toml("hsts = \"180days\"\nredirect = [\"127.0.0.1:0\"]");
    let server = Server::start_on(&["127.0.0.1:0", &unix], &toml);
    for path in ["/", "/nothing", "/ws", "/healthz", "/api/v1/x"] {
        let request = request("GET", path, "");
        let reply = get(&authority, &server, &request).await;
        assert_eq!(reply.header(NAME), Some("max-age=15552000"), "{path}");
        let mut plain = UnixStream::connect(unix.trim_start_matches("unix:"))
            .await
            .unwrap();
        assert_eq!(ask(&mut plain, &request).await.header(NAME), None, "{path}");
        let leads = socket_of(&server.addresses[2]);
        let mut plain = TcpStream::connect(leads).await.unwrap();
        assert_eq!(ask(&mut plain, &request).await.header(NAME), None, "{path}");
    }
    let request = program(&authority, &server).get(url(&server, "/x"));
    let reply = request.send().await.unwrap();
    assert_eq!(reply.headers()[NAME], "max-age=15552000");
    server.stop().await;
    let server = Server::start(&authority.toml(""));
    let reply = get(&authority, &server, &self::request("GET", "/", "")).await;
    assert_eq!(reply.header(NAME), None);
    server.stop().await;
}

#[tokio::test]
async fn plain_http_leads_to_the_same_address_over_tls() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml("redirect = [\"127.0.0.1:0\", \"[::1]:0\"]"));
    let to = format!("https://localhost:{}/c/x?document=a", server.address.port());
    for address in &server.addresses[1..] {
        let mut plain = TcpStream::connect(socket_of(address)).await.unwrap();
        let asked =
            "POST /c/x?document=a HTTP/1.1\r\nHost: localhost:80\r\nContent-Length: 0\r\n\r\n";
        let reply = ask(&mut plain, asked).await;
        assert_eq!((reply.status, reply.header("location")), (308, Some(&*to)));
        assert_eq!(until_closed(&mut plain).await, b"");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_or_asks_nothing_is_sent_away_and_makes_room() {
    let authority = Authority::new();
    let few = "[server]\nmax_connections = 1\nmax_sessions = 1\nheader_timeout = \"1s\"\n";
    let server = Server::start(&format!("{few}{}", authority.toml("")));
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(until_closed(&mut silent).await, b"");
    // Each of these gets its place only because the one before has lost it.
    for alpn in ["h2", "http/1.1"] {
        let mut silent = authority.connect(server.address, &[alpn]).await;
        until_closed(&mut silent).await;
    }
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    until_closed(&mut plain).await;
    let reply = get(&authority, &server, &request("GET", "/healthz", "")).await;
    assert_eq!(reply.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn going_down_waits_for_no_handshake_and_no_idle_connection() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    let silent = TcpStream::connect(server.address).await.unwrap();
    let idle = authority.connect(server.address, &["h2"]).await;
    let program = program(&authority, &server);
    program.get(url(&server, "/")).send().await.unwrap();
    let begin = std::time::Instant::now();
    server.stop().await;
    // Less than a handshake may take.
    assert!(begin.elapsed() < Duration::from_secs(9));
    drop((silent, idle, program));
}
