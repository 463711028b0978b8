//! Where the figures are served, to whom, and what is not in them.

use tempfile::TempDir;
use tokio::net::UnixStream;

use super::*;
use crate::{binary::Binary, http::ask};

const TOKEN: &str = "sk-the-token-of-the-figures";

fn bearer(token: &str) -> String {
    request(
        "GET",
        "/metrics",
        &format!("Authorization: Bearer {token}\r\n"),
    )
}

#[tokio::test]
async fn with_neither_an_address_nor_a_token_there_is_nothing() {
    let server = Server::start("");
    let reply = ask_at(server.address, &request("GET", "/metrics", "")).await;
    assert_eq!(reply.status, 404);
    assert_eq!(ask_at(server.address, &bearer(TOKEN)).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn with_a_token_they_are_beside_the_page_for_who_shows_it() {
    let toml = |token: &str| format!("[metrics]\ntoken = \"{token}\"\n");
    let server = Server::start(&toml(TOKEN));
    let nobody = ask_at(server.address, &request("GET", "/metrics", "")).await;
    assert_eq!(nobody.status, 401);
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Bearer realm=\"askd metrics\"")
    );
    let wrong = ask_at(server.address, &bearer("sk-the-token-of-the-figurez")).await;
    assert_eq!(wrong.status, 401);
    let right = ask_at(server.address, &bearer(TOKEN)).await;
    assert_eq!(right.status, 200);
    assert_eq!(
        right.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(right.header("cache-control"), Some("no-store"));
    let figures = Figures::of(String::from_utf8(right.body).unwrap());
    assert_eq!(
        figures.sum("askd_refusals_total", "reason=metrics_token"),
        2.0
    );
    // Another one counts at once, and none takes them away.
    server.reload(&toml("sk-another-token-of-theirs"));
    assert_eq!(ask_at(server.address, &bearer(TOKEN)).await.status, 401);
    server.reload("");
    assert_eq!(ask_at(server.address, &bearer(TOKEN)).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn an_address_of_their_own_serves_them_and_nothing_else() {
    let server = Server::start(&format!(
        "[server]\nmax_connections = 1\nmax_sessions = 1\n{APART}"
    ));
    let at = apart(&server);
    for (path, status) in [
        ("/metrics", 200),
        ("/healthz", 200),
        ("/readyz", 404),
        ("/", 404),
        ("/ws", 404),
        ("/api/v1/conversations", 404),
    ] {
        let reply = ask_at(at, &request("GET", path, "")).await;
        assert_eq!(reply.status, status, "{path}");
    }
    let reply = ask_at(at, &request("POST", "/metrics", "")).await;
    assert_eq!(reply.status, 405);
    // Any name can be made to mean this machine, and then the page behind it would read them.
    let rebound = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(ask_at(at, rebound).await.status, 403);
    // They are told also while the page takes nobody more, and are not among its addresses.
    let reply = ask_at(server.address, &request("GET", "/metrics", "")).await;
    assert_eq!(reply.status, 404);
    let client = server.connect().await;
    assert_eq!(Figures::at(at).await.sum("askd_connections", ""), 1.0);
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_a_reload_leaves_without_its_token_is_open_to_nobody() {
    let with = |token: &str| format!("[metrics]\nlisten = \"0.0.0.0:0\"\n{token}");
    let server = Server::start(&with(&format!("token = \"{TOKEN}\"\n")));
    let port = apart(&server).port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(ask_at(at, &bearer(TOKEN)).await.status, 200);
    // The address stays until a restart.
    server.reload(APART);
    for asked in [bearer(TOKEN), request("GET", "/metrics", "")] {
        assert_eq!(ask_at(at, &asked).await.status, 401);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_binary_serves_them_over_a_unix_socket_that_goes_with_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("metrics.sock");
    let toml = format!("[metrics]\nlisten = \"unix:{}\"\n", path.display());
    let askd = Binary::start(&toml, &[]).await;
    let mut socket = UnixStream::connect(&path).await.unwrap();
    let reply = ask(&mut socket, &request("GET", "/metrics", "")).await;
    drop(socket);
    let figures = Figures::of(String::from_utf8(reply.body).unwrap());
    let version = format!("version={}", env!("CARGO_PKG_VERSION"));
    assert_eq!(figures.sum("askd_build_info", &version), 1.0);
    assert_eq!(figures.sum("askd_log_lines_dropped_total", ""), 0.0);
    assert!(figures.sum("process_resident_memory_bytes", "") > 1e6);
    let (open, most) = ("process_open_fds", "process_max_fds");
    assert!(figures.sum(open, "") < figures.sum(most, ""));
    assert!(figures.sum("process_start_time_seconds", "") > 1.7e9);
    askd.signal("TERM").await;
    let ended = askd.ended(crate::harness::PATIENCE).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(!path.exists());
}

#[tokio::test]
async fn at_rest_they_are_few_and_promtool_finds_nothing_wrong_with_them() {
    let server = Server::start(APART);
    let figures = Figures::at(apart(&server)).await;
    assert!(figures.text.len() < 16 << 10, "{}", figures.text.len());
    let (is_clean, said) = promtool(&["check", "metrics"], &figures.text);
    assert!(is_clean && said.is_empty(), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_those_of_a_server_that_was_used() {
    let figures = experienced().await;
    let (is_clean, said) = promtool(&["check", "metrics"], &figures.text);
    assert!(is_clean && said.is_empty(), "{said}");
}

#[tokio::test]
async fn no_secret_no_name_no_address_and_no_text_is_in_them() {
    let fake = Fake::start().await;
    let endpoint = "api_key = \"sk-endpoint\"\nsystem_prompt = \"Hush.\"";
    let rest = format!(
        "[store]\npath = \":memory:\"\n{}[metrics]\nlisten = \"127.0.0.1:0\"\ntoken = \"{TOKEN}\"\n",
        crate::auth::passwords(&["ada"], "")
    );
    let server = Server::with_fake(&fake, endpoint, &rest);
    let body = r#"{"name":"ada","password":"ada's password"}"#;
    let lines = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let sign_in = request("POST", "/api/v1/sign-in", &lines) + body;
    let signed_in = ask_at(server.address, &sign_in).await;
    let cookie = signed_in.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let server = server.with(crate::client::Browser::with(&cookie));
    let mut client = server.connect().await;
    fake.then(Script::answer(&["the whispered answer"]));
    let turn = client.ask("the whispered question").await;
    let answer = client.read(turn).await;
    assert_eq!(answer.outcome, "stop");
    let reply = ask_at(apart(&server), &bearer(TOKEN)).await;
    let text = String::from_utf8(reply.body).unwrap();
    let session = client.status["session"].as_str().unwrap().to_owned();
    let turn = turn.to_string();
    let (_, secret) = cookie.split_once('=').unwrap();
    for told in [
        "ada",
        "sk-",
        "Hush",
        "whispered",
        "127.0.0.1",
        secret,
        &session,
        &turn,
        "\"m\"",
    ] {
        assert!(!text.contains(told), "{told} in\n{text}");
    }
    client.leave(1001).await;
    server.stop().await;
}
