//! The page in other sites' frames: who may have it there, and who its reader is.

use super::{Reply, ask_at, request};
use crate::harness::Server;

const SITES: &str =
    "[page]\nembed_origins = [\"https://docs.example.org\", \"http://127.0.0.1:3000/\"]\n";
const TLS: &str = "[server]\npublic_url = \"https://ask.example.org\"\n";
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const FRAMED: &str = "__Host-askd_framed";

async fn get(server: &Server, path: &str, lines: &str) -> Reply {
    ask_at(server.address, &request("GET", path, lines)).await
}

/// The cookies that a reply sets.
fn cookies(reply: &Reply) -> Vec<String> {
    let set = reply.headers().filter(|(name, _)| *name == "set-cookie");
    set.map(|(_, value)| value.to_owned()).collect()
}

/// What a browser sends back of the cookie with this name.
fn pair(reply: &Reply, name: &str) -> String {
    let cookies = cookies(reply);
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.starts_with(&format!("{name}=")));
    cookie.unwrap().split(';').next().unwrap().to_owned()
}

/// Who the server takes the sender of these header lines for: the owner that a fresh cookie would name, or nobody new.
async fn is_known(server: &Server, lines: &str) -> bool {
    let reply = get(server, "/api/v1/conversations", lines).await;
    assert_eq!(reply.status, 200);
    cookies(&reply).is_empty()
}

#[tokio::test]
async fn only_the_page_for_frames_can_be_framed_and_only_by_the_named_sites() {
    let server = Server::start(SITES);
    let policy = |reply: &Reply| reply.header("content-security-policy").unwrap().to_owned();
    let outside = policy(&get(&server, "/", "").await);
    for method in ["GET", "HEAD"] {
        let framed = ask_at(server.address, &request(method, "/embed", "")).await;
        assert_eq!(framed.status, 200);
        assert_eq!(
            framed.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let named = "frame-ancestors https://docs.example.org http://127.0.0.1:3000;";
        assert!(policy(&framed).contains(named), "{}", policy(&framed));
        // In everything else it is as strict as ever.
        assert_eq!(
            policy(&framed).replace(named, "frame-ancestors 'none';"),
            outside
        );
        assert_eq!(framed.header("x-frame-options"), None);
        assert_eq!(framed.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(framed.header("cache-control"), Some("private, no-cache"));
    }
    let others = [
        "/",
        "/c/018f0000-0000-7000-8000-000000000000",
        "/embed/more",
        "/embed.js",
        "/api/v1/conversations",
        "/healthz",
        "/nothing",
        "/ws",
    ];
    for path in others {
        let reply = get(&server, path, "").await;
        assert!(policy(&reply).contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
    }
    let refused = ask_at(server.address, &request("POST", "/embed", "")).await;
    assert_eq!(
        (refused.status, refused.header("x-frame-options")),
        (405, Some("DENY"))
    );
    server.stop().await;
}

#[tokio::test]
async fn the_framed_page_knows_who_may_have_put_it_there_and_no_other_page_does() {
    let server = Server::start(SITES);
    let framed = get(&server, "/embed", "").await;
    let text = |reply: &Reply| String::from_utf8(reply.body.clone()).unwrap();
    let named = "\"embed\":[\"https://docs.example.org\",\"http://127.0.0.1:3000\"]";
    assert!(text(&framed).contains(named), "{}", text(&framed));
    assert!(!text(&get(&server, "/", "").await).contains("docs.example.org"));
    let etag = framed.header("etag").unwrap();
    let again = get(&server, "/embed", &format!("If-None-Match: {etag}\r\n")).await;
    assert_eq!(again.status, 304);
    assert_eq!(again.header("x-frame-options"), None);
    server.stop().await;
}

#[tokio::test]
async fn without_a_named_site_there_is_neither_page_nor_script_and_the_log_says_so_once() {
    let server = Server::start("");
    for path in ["/embed", "/embed.js", "/embed"] {
        let reply = get(&server, path, "").await;
        assert_eq!(reply.status, 404, "{path}");
        let error = reply.json();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("page.embed_origins"), "{message}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(cookies(&reply).is_empty(), "{path}");
    }
    assert_eq!(server.log.lines("page.embed_origins").len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn over_tls_a_frame_gets_a_cookie_of_its_own_for_each_site_and_both_name_one_owner() {
    for (toml, secure) in [(SITES.to_owned(), false), (format!("{TLS}{SITES}"), true)] {
        let server = Server::start(&toml);
        let set = cookies(&get(&server, "/embed", "").await);
        assert_eq!(set.len(), if secure { 2 } else { 1 }, "{set:?}");
        assert!(set[0].contains("; SameSite=Lax"), "{set:?}");
        if secure {
            let framed = &set[1];
            assert!(framed.starts_with(&format!("{FRAMED}=")), "{framed}");
            for part in [
                "HttpOnly",
                "SameSite=None",
                "Secure",
                "Partitioned",
                "Path=/",
                "Max-Age=",
            ] {
                assert!(framed.contains(&format!("; {part}")), "{framed}");
            }
            assert!(!framed.contains("Domain"), "{framed}");
            let owner = |cookie: &str| cookie.split(['=', ';']).nth(1).unwrap().to_owned();
            // A signature is of the value alone.
            assert_eq!(owner(&set[0]), owner(framed));
        }
        // A browser that has the other one sends it to no foreign site's frame: it is not replaced there.
        let foreign = get(&server, "/embed", "Sec-Fetch-Site: cross-site\r\n").await;
        let set = cookies(&foreign);
        assert!(
            set.iter().all(|cookie| cookie.starts_with(FRAMED)),
            "{set:?}"
        );
        assert_eq!(set.len(), usize::from(secure));
        // No other address gives it.
        for path in ["/", "/api/v1/conversations"] {
            let set = cookies(&get(&server, path, "").await);
            assert!(
                set.iter().all(|cookie| !cookie.contains("framed")),
                "{path}: {set:?}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_frame_goes_on_with_the_owner_that_its_browser_has() {
    let server = Server::start(&format!("{TLS}{SITES}"));
    let own = pair(&get(&server, "/", "").await, "__Host-askd_owner");
    let framed = get(&server, "/embed", &format!("Cookie: {own}\r\n")).await;
    assert_eq!(pair(&framed, "__Host-askd_owner"), own);
    // A foreign site's frame has its own alone, and the page of another site leads to it.
    let apart = pair(&get(&server, "/embed", "").await, FRAMED);
    let lines = format!("Cookie: {apart}\r\nSec-Fetch-Site: cross-site\r\n");
    assert_eq!(pair(&get(&server, "/embed", &lines).await, FRAMED), apart);
    // Where both are sent, the reader is who they are everywhere else.
    let lines = format!("Cookie: {apart}; {own}\r\n");
    let both = get(&server, "/embed", &lines).await;
    assert_eq!(pair(&both, "__Host-askd_owner"), own);
    server.stop().await;
}

#[tokio::test]
async fn the_frames_cookie_counts_in_requests_of_our_own_page_alone() {
    let server = Server::start(&format!("{TLS}{SITES}"));
    let cookie = format!(
        "Cookie: {}\r\n",
        pair(&get(&server, "/embed", "").await, FRAMED)
    );
    for (site, known) in [
        ("", true),
        ("Sec-Fetch-Site: same-origin\r\n", true),
        ("Sec-Fetch-Site: same-site\r\n", false),
        ("Sec-Fetch-Site: cross-site\r\n", false),
        ("Sec-Fetch-Site: none\r\n", false),
    ] {
        assert_eq!(
            is_known(&server, &format!("{cookie}{site}")).await,
            known,
            "{site}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn no_site_not_even_a_named_one_can_change_anything_with_the_frames_cookie() {
    let server = Server::start(&format!("{TLS}{SITES}"));
    let cookie = format!(
        "Cookie: {}\r\n",
        pair(&get(&server, "/embed", "").await, FRAMED)
    );
    let id = "/api/v1/conversations/018f0000-0000-7000-8000-000000000000";
    let kind = "Content-Type: application/json\r\nContent-Length: 0\r\n";
    for origin in ["https://docs.example.org", "https://evil.example", "null"] {
        let origin = format!("Origin: {origin}\r\n");
        for (method, path) in [
            ("PATCH", id.to_owned()),
            ("DELETE", id.to_owned()),
            ("POST", format!("{id}/restore")),
            ("POST", "/api/v1/import".to_owned()),
        ] {
            let lines = format!("{cookie}{origin}{kind}");
            let reply = ask_at(server.address, &request(method, &path, &lines)).await;
            assert_eq!(reply.status, 403, "{method} {path} from {origin}");
        }
        let reply = get(&server, "/ws", &format!("{UPGRADE}{cookie}{origin}")).await;
        assert_eq!(reply.status, 403, "a session from {origin}");
        // What can be read is for no other page's eyes: nothing says that it may be shared.
        let reply = get(
            &server,
            "/api/v1/conversations",
            &format!("{cookie}{origin}"),
        )
        .await;
        let shared = reply
            .headers()
            .any(|(name, _)| name.starts_with("access-control-"));
        assert!(!shared, "{origin}");
    }
    server.stop().await;
}

#[tokio::test]
async fn where_no_cookie_stays_a_secret_says_who_it_is_over_http_and_in_a_session() {
    let server = Server::start(SITES);
    let secret = "0123456789abcdef".repeat(4);
    assert!(is_known(&server, &format!("askd-visitor: {secret}\r\n")).await);
    let lines = format!("{UPGRADE}Sec-WebSocket-Protocol: askd.v1, visitor.{secret}\r\n");
    let reply = get(&server, "/ws", &lines).await;
    server.until("ended", |counts| counts.sessions == 0).await;
    assert_eq!((reply.status, cookies(&reply)), (101, vec![]));
    // The secret is not said back.
    assert_eq!(reply.header("sec-websocket-protocol"), Some("askd.v1"));
    for wrong in [
        &secret[1..],
        &format!("{secret}0"),
        &secret.replace('0', "g"),
        "",
    ] {
        assert!(
            !is_known(&server, &format!("askd-visitor: {wrong}\r\n")).await,
            "{wrong}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn where_nobody_may_frame_the_page_neither_secret_nor_frames_cookie_counts() {
    let open = Server::start(&format!("{TLS}{SITES}"));
    let cookie = pair(&get(&open, "/embed", "").await, FRAMED);
    open.stop().await;
    let server = Server::start(TLS);
    let secret = "0123456789abcdef".repeat(4);
    assert!(!is_known(&server, &format!("askd-visitor: {secret}\r\n")).await);
    assert!(!is_known(&server, &format!("Cookie: {cookie}\r\n")).await);
    server.stop().await;
}
