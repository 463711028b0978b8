//! Every route, in each mode, to nobody, to a user and to an admin.

use super::{Visitor, passwords};
use crate::harness::Server;

/// Statuses to nobody, to a user, and to an admin.
type Three = [u16; 3];

/// What is asked with a body of `{}`, and what that is answered: where people sign in, and where they do not.
const ROUTES: [(&str, &str, Three, u16); 42] = [
    ("GET", "/healthz", [200; 3], 200),
    ("GET", "/readyz", [200; 3], 200),
    // It has a token of its own.
    ("GET", "/metrics", [404; 3], 404),
    ("GET", "/", [401, 200, 200], 200),
    ("HEAD", "/", [401, 200, 200], 200),
    ("GET", "/c/nonsense", [401, 200, 200], 200),
    ("GET", "/sw.js", [200; 3], 200),
    ("GET", "/manifest.webmanifest", [200; 3], 200),
    ("GET", "/icon-maskable.png", [200; 3], 200),
    ("GET", "/embed", [401, 200, 200], 200),
    ("GET", "/embed.js", [200; 3], 200),
    // No WebSocket is asked for.
    ("GET", "/ws", [426; 3], 426),
    ("GET", "/nonsense", [404; 3], 404),
    ("GET", "/index.html", [404; 3], 404),
    ("GET", "/sign-in.html", [404; 3], 404),
    ("GET", "/admin.html", [404; 3], 404),
    ("GET", "/admin", [404, 404, 200], 404),
    ("GET", "/api/v1/openapi.json", [200; 3], 200),
    ("GET", "/api/v1/me", [401, 200, 200], 200),
    ("POST", "/api/v1/sign-in", [400; 3], 404),
    ("GET", "/api/v1/sign-in", [401, 405, 405], 405),
    ("GET", "/api/v1/sign-out", [401, 405, 405], 405),
    ("POST", "/api/v1/take-over", [401, 200, 200], 404),
    ("GET", "/api/v1/tokens", [401, 200, 200], 404),
    ("POST", "/api/v1/tokens", [401, 400, 400], 404),
    ("DELETE", "/api/v1/tokens/nonsense", [401, 404, 404], 404),
    ("GET", "/api/v1/conversations", [401, 200, 200], 200),
    (
        "GET",
        "/api/v1/conversations/nonsense",
        [401, 404, 404],
        404,
    ),
    (
        "PATCH",
        "/api/v1/conversations/nonsense",
        [401, 400, 400],
        400,
    ),
    (
        "DELETE",
        "/api/v1/conversations/nonsense",
        [401, 404, 404],
        404,
    ),
    (
        "POST",
        "/api/v1/conversations/nonsense/restore",
        [401, 404, 404],
        404,
    ),
    ("GET", "/api/v1/search?q=word", [401, 200, 200], 200),
    ("GET", "/api/v1/export", [401, 200, 200], 200),
    ("POST", "/api/v1/import", [401, 400, 400], 400),
    ("GET", "/api/v1/document?path=a.md", [401, 404, 404], 404),
    ("GET", "/api/v1/nonsense", [401, 404, 404], 404),
    ("GET", "/api/v1/admin/overview", [401, 404, 200], 404),
    ("GET", "/api/v1/admin/config", [401, 404, 200], 404),
    ("GET", "/api/v1/admin/misses", [401, 404, 200], 404),
    (
        "POST",
        "/api/v1/admin/turns/nonsense/cancel",
        [401, 404, 404],
        404,
    ),
    ("POST", "/api/v1/admin/sign-out", [401, 404, 400], 404),
    // Nobody hears the admin here who could read it again.
    ("POST", "/api/v1/admin/reload", [401, 404, 503], 404),
];

async fn statuses(visitor: &Visitor) -> Vec<u16> {
    let mut found = Vec::new();
    for (method, path, ..) in ROUTES {
        let kind = "Content-Type: application/json\r\n";
        found.push(visitor.ask(method, path, kind, "{}").await.status);
    }
    found
}

/// What was found is what the table says.
fn expect(found: &[u16], of: impl Fn(&(&str, &str, Three, u16)) -> u16, who: &str) {
    assert_eq!(found.len(), ROUTES.len());
    let rows = ROUTES.iter().zip(found);
    let amiss: Vec<_> = rows
        .map(|(route, found)| (route.0, route.1, *found, of(route)))
        .filter(|(.., found, said)| found != said)
        .collect();
    assert_eq!(amiss, [], "{who}: method, path, found, in the table");
}

#[tokio::test]
async fn each_route_answers_each_mode_and_role_as_the_table_says() {
    let rest = "[page]\nembed_origins = [\"https://docs.example.org\"]\n";
    let server = Server::start(&passwords(&["ada", "bob"], rest));
    let visitors = [
        Visitor::unknown(&server),
        Visitor::signed_in(&server, "bob").await,
        Visitor::signed_in(&server, "ada").await,
    ];
    for (n, visitor) in visitors.iter().enumerate() {
        let found = statuses(visitor).await;
        expect(&found, |route| route.2[n], &format!("password, {n}"));
    }
    server.stop().await;

    let header = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[auth]\nmode = \"header\"\nadmins = [\"ada\"]\n";
    let server = Server::start(&format!("{header}{rest}"));
    for (n, lines) in ["", "Remote-User: bob\r\n", "Remote-User: ada\r\n"]
        .iter()
        .enumerate()
    {
        let found = statuses(&Visitor::with(&server, lines)).await;
        // Who signs people in is the proxy.
        let of = |route: &(&str, &str, Three, u16)| match route.1 {
            "/api/v1/sign-in" if route.0 == "POST" => 404,
            _ => route.2[n],
        };
        expect(&found, of, &format!("header, {n}"));
    }
    server.stop().await;

    let server = Server::start(rest);
    let found = statuses(&Visitor::unknown(&server)).await;
    expect(&found, |route| route.3, "none");
    server.stop().await;
}
