//! Below the path of `server.public_url`, whether a proxy takes it off or passes it on.

use super::{Reply, ask_at, request};
use crate::harness::Server;

const BELOW: &str = "[server]\npublic_url = \"https://example.org/tools/askd/\"\n";
const CONVERSATION: &str = "c/018f0000-0000-7000-8000-000000000000";

async fn get(server: &Server, path: &str, lines: &str) -> Reply {
    ask_at(server.address, &request("GET", path, lines)).await
}

#[tokio::test]
async fn every_address_answers_alike_with_the_path_and_without() {
    let server = Server::start(BELOW);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://example.org\r\n";
    let cases = [
        ("", "", 200),
        ("?q=1", "", 200),
        (CONVERSATION, "", 200),
        ("healthz", "", 200),
        ("readyz", "", 200),
        ("manifest.webmanifest", "", 200),
        ("api/v1/conversations?limit=1", "", 200),
        ("api/v1/conversations?limit=0", "", 400),
        ("api/v1/export?format=json", "", 200),
        ("ws", "", 426),
        ("ws", upgrade, 101),
        ("nothing", "", 404),
    ];
    for (path, lines, status) in cases {
        let bare = get(&server, &format!("/{path}"), lines).await;
        let below = get(&server, &format!("/tools/askd/{path}"), lines).await;
        assert_eq!((bare.status, below.status), (status, status), "{path}");
        for name in ["content-type", "etag", "content-security-policy"] {
            assert_eq!(bare.header(name), below.header(name), "{path}: {name}");
        }
    }
    server.until("ended", |counts| counts.sessions == 0).await;
    for other in ["/tools", "/tools/askdx", "/tools/askd/tools/askd/healthz"] {
        assert_eq!(get(&server, other, "").await.status, 404, "{other}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_path_without_its_slash_leads_to_the_page() {
    let server = Server::start(BELOW);
    let reply = get(&server, "/tools/askd", "").await;
    assert_eq!(reply.status, 308);
    assert_eq!(reply.header("location"), Some("/tools/askd/"));
    assert!(reply.header("content-security-policy").is_some());
    server.stop().await;
    let server = Server::start("");
    assert_eq!(get(&server, "/", "").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn what_the_page_is_told_to_fetch_is_below_the_path_and_is_there() {
    for (toml, base) in [(BELOW, "/tools/askd/"), ("", "/")] {
        let server = Server::start(toml);
        for path in ["", CONVERSATION] {
            let page = get(&server, &format!("{base}{path}"), "").await;
            let html = String::from_utf8(page.body).unwrap();
            assert!(html.contains(&format!("\"base\":\"{base}\"")), "{html}");
            let addresses: Vec<_> = html
                .split_whitespace()
                .filter_map(|part| part.strip_prefix("href=\"").or(part.strip_prefix("src=\"")))
                .filter_map(|part| part.split('"').next())
                // The page itself, to be loaded again.
                .filter(|address| !address.is_empty())
                .collect();
            assert!(addresses.len() > 4, "{html}");
            for address in addresses {
                assert!(address.starts_with(base), "{address} in {html}");
                assert_eq!(get(&server, address, "").await.status, 200, "{address}");
            }
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn the_cookie_is_told_apart_from_that_of_another_askd_on_the_host() {
    let plain = "[server]\npublic_url = \"http://askd.localhost/tools/askd\"\n";
    for (toml, start) in [
        (BELOW, "__Host-askd_owner_tools_askd="),
        (plain, "askd_owner_tools_askd="),
    ] {
        let server = Server::start(toml);
        for address in ["/", "/tools/askd/"] {
            let page = get(&server, address, "").await;
            let cookie = page.header("set-cookie").unwrap();
            assert!(cookie.starts_with(start), "{cookie}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn the_manifest_says_the_operators_title_and_where_the_icons_are() {
    let server = Server::start("[page]\ntitle = \"Ask the \\\"library\\\"\"\n");
    let reply = get(&server, "/manifest.webmanifest", "").await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/manifest+json")
    );
    assert_eq!(reply.header("cache-control"), Some("no-cache"));
    let manifest = reply.json();
    assert_eq!(manifest["name"], "Ask the \"library\"");
    assert_eq!(manifest["short_name"], "Ask the");
    // Seen from the manifest, which lies where the page does.
    assert_eq!(manifest["start_url"], "./");
    assert_eq!(manifest["scope"], "./");
    let icons = manifest["icons"].as_array().unwrap();
    assert_eq!(icons.len(), 3);
    server.stop().await;
}
