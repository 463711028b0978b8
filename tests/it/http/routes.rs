//! Every route with its status, its kind and its headers.

use std::io::Read as _;

use super::{Reply, ask, ask_at, request};
use crate::harness::Server;
use flate2::read::GzDecoder;
use tokio::net::TcpStream;

const CONVERSATION: &str = "/c/018f0000-0000-7000-8000-000000000000";

fn assert_guarded(reply: &Reply, what: &str) {
    let policy = reply
        .header("content-security-policy")
        .unwrap_or_else(|| panic!("no policy on {what}"));
    for part in [
        "default-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
    assert!(reply.header("permissions-policy").is_some(), "{what}");
}

#[tokio::test]
async fn each_route_answers_as_it_says_and_guards_the_browser() {
    let server = Server::start("");
    let (json, html) = ("application/json", "text/html; charset=utf-8");
    let cases = [
        ("GET", "/healthz", 200, json),
        ("HEAD", "/healthz", 200, json),
        ("POST", "/healthz", 405, json),
        ("GET", "/readyz", 200, json),
        ("GET", "/healthz/more", 404, json),
        ("GET", "/", 200, html),
        ("HEAD", "/", 200, html),
        ("POST", "/", 405, json),
        ("GET", "/?q=1", 200, html),
        ("GET", CONVERSATION, 200, html),
        ("GET", "/c/other", 200, html),
        ("POST", "/c/other", 405, json),
        ("GET", "/index.html", 404, json),
        ("GET", "/../Cargo.toml", 404, json),
        ("GET", "/%2e%2e/Cargo.toml", 404, json),
        ("GET", "/nothing", 404, json),
        ("POST", "/nothing", 404, json),
        ("GET", "/ws", 426, json),
        ("POST", "/ws", 405, json),
        ("OPTIONS", "/ws", 405, json),
        ("GET", "/ws/more", 404, json),
    ];
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    for (method, path, status, kind) in cases {
        let what = format!("{method} {path}");
        let reply = ask(&mut socket, &request(method, path, "")).await;
        assert_eq!(reply.status, status, "{what}");
        assert_eq!(reply.header("content-type"), Some(kind), "{what}");
        assert_eq!(reply.body.is_empty(), method == "HEAD", "{what}");
        assert_guarded(&reply, &what);
        if kind == json {
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
        }
        if status >= 400 {
            let error = reply.json();
            assert_eq!(error["type"], "error", "{what}");
            assert!(
                error["code"].is_string() && error["message"].is_string(),
                "{what}: {error}"
            );
        }
        assert_eq!(reply.header("allow").is_some(), status == 405, "{what}");
    }
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_the_browser_has_is_not_sent_again() {
    let server = Server::start("");
    let first = ask_at(server.address, &request("GET", "/", "")).await;
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));
    let cases = [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"other\", {etag}"), 304),
        ("\"other\"".to_owned(), 200),
        (String::new(), 200),
    ];
    for (known, status) in cases {
        let lines = format!("If-None-Match: {known}\r\n");
        let reply = ask_at(server.address, &request("GET", "/", &lines)).await;
        assert_eq!(reply.status, status, "{known}");
        assert_eq!(reply.header("etag"), Some(etag.as_str()), "{known}");
        assert_eq!(reply.body.is_empty(), status == 304, "{known}");
        assert_guarded(&reply, &known);
    }
    let head = ask_at(server.address, &request("HEAD", "/", "")).await;
    assert_eq!(head.header("etag"), Some(etag.as_str()));
    assert_eq!(
        head.header("content-length"),
        Some(first.body.len().to_string().as_str())
    );
    server.stop().await;
}

#[tokio::test]
async fn a_session_begins_with_the_stamp_of_the_page_that_is_served() {
    let first = Server::start("");
    let other = Server::start("[page]\ntitle = \"Another\"");
    let mut stamps = Vec::new();
    for server in [&first, &other] {
        let html = ask_at(server.address, &request("GET", "/", "")).await.body;
        let html = String::from_utf8(html).unwrap();
        let client = server.connect().await;
        let stamp = client.status["page"].as_str().unwrap().to_owned();
        assert!(html.contains(&format!("\"stamp\":\"{stamp}\"")), "{html}");
        client.leave(1000).await;
        stamps.push(stamp);
    }
    assert_ne!(stamps[0], stamps[1]);
    first.stop().await;
    other.stop().await;
}

/// Without an embedded page there is the index alone, which is never encoded.
#[tokio::test]
async fn each_file_comes_in_an_encoding_that_the_browser_takes() {
    let server = Server::start("");
    let index = ask_at(server.address, &request("GET", "/", "")).await;
    let html = String::from_utf8(index.body).unwrap();
    let files = html.split('"').filter(|part| part.starts_with("/assets/"));
    let paths: Vec<_> = ["/"].into_iter().chain(files).collect();
    for path in paths {
        let hashed = path != "/";
        let plain = ask_at(server.address, &request("GET", path, "")).await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        for (accepted, encoding) in [
            ("br", None),
            ("gzip, deflate, br;q=0.5", Some("gzip")),
            ("gzip;q=0, br", None),
            ("identity", None),
            ("zstd", None),
        ] {
            let lines = format!("Accept-Encoding: {accepted}\r\n");
            let reply = ask_at(server.address, &request("GET", path, &lines)).await;
            let what = format!("{path} as {accepted}");
            assert_eq!(
                (reply.status, reply.header("vary")),
                (200, Some("accept-encoding")),
                "{what}"
            );
            // The page's build compresses what is larger than that.
            let encoding = encoding.filter(|_| hashed && plain.body.len() > 512);
            assert_eq!(reply.header("content-encoding"), encoding, "{what}");
            if encoding == Some("gzip") {
                let mut unpacked = Vec::new();
                GzDecoder::new(&*reply.body)
                    .read_to_end(&mut unpacked)
                    .unwrap();
                assert!(unpacked == plain.body, "{what}");
            }
            let same = reply.header("etag") == plain.header("etag");
            assert_eq!(same, encoding.is_none(), "{what}");
            assert_eq!(
                reply.header("content-type"),
                plain.header("content-type"),
                "{what}"
            );
            assert_eq!(
                reply.header("cache-control").unwrap().contains("immutable"),
                hashed,
                "{what}"
            );
        }
    }
    server.stop().await;
}
