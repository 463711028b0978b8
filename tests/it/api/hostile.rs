//! What no page of ours sends.

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use uuid::Uuid;

use super::{Browser, code, conversation, id, text};
use crate::{
    harness::Server,
    http::{ask, ask_at},
};

const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn another_origins_page_can_change_nothing() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept = conversation(1, "Mine", &[("q", "a")]);
    browser.has(std::slice::from_ref(&kept)).await;
    let path = format!("/conversations/{}", id(&kept));
    let file = json!({ "askd": 1, "conversations": [conversation(2, "New", &[("q", "a")])] });
    let changes = [
        ("PATCH", path.clone(), "{\"title\":\"x\"}".to_owned()),
        ("DELETE", path.clone(), String::new()),
        ("POST", format!("{path}/restore"), String::new()),
        ("POST", "/import".to_owned(), file.to_string()),
    ];
    for origin in [
        "http://evil.example",
        "null",
        "http://askd.localhost:81",
        "http://askd.localhost.evil.example",
        "http://askd.localhost\r\nOrigin: http://askd.localhost",
    ] {
        for (method, path, body) in &changes {
            let lines = format!("{JSON}Origin: {origin}\r\n");
            let reply = browser.send(method, path, &lines, body).await;
            let what = format!("{method} {path} from {origin}");
            assert_eq!(
                (reply.status, code(&reply).as_str()),
                (403, "bad_field"),
                "{what}"
            );
        }
        let lines = format!("Origin: {origin}\r\nAccess-Control-Request-Method: PATCH\r\n");
        let asked = browser.send("OPTIONS", &path, &lines, "").await;
        assert_eq!(asked.status, 405);
        let read = browser.send("GET", &path, &lines, "").await;
        for reply in [asked, read] {
            assert_eq!(
                reply.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
    }
    assert_eq!(browser.titles().await, ["Mine"]);
    for (method, path, body) in &changes {
        let lines = format!("{JSON}Origin: http://askd.localhost\r\n");
        let reply = browser.send(method, path, &lines, body).await;
        assert!(reply.status < 300, "{method} {path}: {}", text(&reply));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept = conversation(1, "Mine", &[("q", "a")]);
    browser.has(std::slice::from_ref(&kept)).await;
    let path = format!("/conversations/{}", id(&kept));
    for (method, path) in [("PATCH", path.as_str()), ("POST", "/import")] {
        for kind in [
            "",
            "Content-Type: text/plain\r\n",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "Content-Type: multipart/form-data; boundary=application/json\r\n",
            "Content-Type: application/jsonp\r\n",
            "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
        ] {
            let reply = browser.send(method, path, kind, "{\"title\":\"x\"}").await;
            let said = (reply.status, code(&reply));
            assert_eq!(
                said,
                (415, "unsupported_media_type".to_owned()),
                "{method} {path} {kind}"
            );
        }
        for body in [
            "",
            "{",
            "\u{0}",
            "nul",
            "{\"title\":\"x\",\"askd\":1} {}",
            "'a'",
        ] {
            let reply = browser.send(method, path, JSON, body).await;
            assert_eq!(
                (reply.status, code(&reply).as_str()),
                (400, "bad_json"),
                "{method} {path} {body:?}"
            );
        }
        let deep = "[".repeat(4000);
        let reply = browser.send(method, path, JSON, &deep).await;
        assert_eq!(reply.status, 400, "{method} {path}");
        assert!(reply.body.len() < 400);
    }
    let half = browser
        .send("PATCH", &path, JSON, "{\"title\":\"\\ud800\"}")
        .await;
    assert_eq!((half.status, code(&half).as_str()), (400, "bad_json"));
    let kind = "Content-Type: Application/JSON; charset=utf-8\r\n";
    let reply = browser
        .send("PATCH", &path, kind, "{\"title\":\"x\"}")
        .await;
    assert_eq!(reply.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_told_so() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let path = format!("/conversations/{}", Uuid::now_v7());
    for body in ["[]", "[\"x\"]", "null", "7", "\"title\""] {
        let reply = browser.send("PATCH", &path, JSON, body).await;
        let said = (reply.status, code(&reply));
        assert_eq!(said, (400, "bad_field".to_owned()), "{body}");
        let said = text(&reply);
        assert!(said.contains("This takes a JSON object."), "{body}: {said}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_beyond_its_bound_is_refused_before_it_is_there() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let path = format!("/conversations/{}", Uuid::now_v7());
    let lines = format!("{JSON}Content-Length: {}\r\n", (4 << 10) + 1);
    let reply = browser.send("PATCH", &path, &lines, "").await;
    assert_eq!((reply.status, code(&reply).as_str()), (413, "too_large"));
    // Without a length, it is counted as it comes.
    let head = format!(
        "PATCH /api/v1{path} HTTP/1.1\r\nHost: askd.localhost\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n"
    );
    let piece = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let reply = ask_at(server.address, &format!("{head}{piece}1\r\nx\r\n")).await;
    assert_eq!((reply.status, code(&reply).as_str()), (413, "too_large"));
    server.stop().await;
}

#[tokio::test]
async fn who_sends_an_import_slowly_keeps_nobody_from_theirs() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let file = json!({ "askd": 1, "conversations": [conversation(1, "x", &[("q", "a")])] });
    let half = format!(
        "POST /api/v1/import HTTP/1.1\r\nHost: askd.localhost\r\n{JSON}Content-Length: 100\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    let mut halves = Vec::new();
    for _ in 0..4 {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(half.as_bytes()).await.unwrap();
        // The server asks for the body once it reads it.
        socket.readable().await.unwrap();
        halves.push(socket);
    }
    let reply = browser.json("POST", "/import", &file).await;
    assert_eq!(
        reply.json(),
        json!({ "imported": 1, "skipped": 0, "expired": 0 })
    );
    server.stop().await;
}

#[tokio::test]
async fn addresses_that_are_none_are_answered_in_words() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/conversations",
        "/api/v1/nothing",
        "/api/v1/export/more",
        "/api/v1/conversations/x/y/z",
        "/api/v1/../../etc/passwd",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: askd.localhost\r\n\r\n");
            let reply = ask(&mut socket, &request).await;
            assert_eq!(
                (reply.status, code(&reply).as_str()),
                (404, "not_found"),
                "{method} {path}"
            );
        }
    }
    let unknown = text(
        &browser
            .get(&format!("/conversations/{}", Uuid::nil()))
            .await,
    );
    for id in [
        "x",
        "%00",
        "..",
        "%2e%2e",
        "'%20OR%201=1--",
        &"9".repeat(2000),
        "00000000-0000-0000-0000-00000000000g",
    ] {
        let reply = browser.get(&format!("/conversations/{id}")).await;
        assert_eq!((reply.status, text(&reply)), (404, unknown.clone()), "{id}");
    }
    for before in [
        "",
        "x",
        "-",
        "1-",
        "0-0-0",
        "%00",
        &"f".repeat(500),
        "7fffffffffffffffff-0",
    ] {
        let reply = browser
            .get(&format!("/conversations?before={before}"))
            .await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (400, "bad_field"),
            "{before}"
        );
    }
    server.stop().await;
}
