//! The operator's own files, as the page's readers get them.

use super::{ask_at, request};
use crate::harness::Server;

/// The addresses of the operator's files in the page, in its order.
fn addresses(html: &str) -> Vec<&str> {
    html.match_indices("/assets/own-")
        .map(|(at, _)| html[at..].split('"').next().unwrap())
        .collect()
}

#[tokio::test]
async fn each_file_has_an_address_of_its_content_and_a_drawing_cannot_run() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let logo = file("logo.svg", drawing);
    let css = file("own.css", "h1 { color: red }");
    let server = Server::start(&format!(
        "[page]\nlogo = {logo:?}\naccent = \"#fe0\"\ncss = {css:?}\n"
    ));
    let page = ask_at(server.address, &request("GET", "/", "")).await;
    let html = String::from_utf8(page.body).unwrap();
    let found = addresses(&html);
    assert_eq!(found.len(), 3, "{html}");
    let mut kinds = Vec::new();
    for address in found {
        let reply = ask_at(server.address, &request("GET", address, "")).await;
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let kind = reply.header("content-type").unwrap().to_owned();
        let policy = reply.header("content-security-policy").unwrap();
        let is_logo = kind == "image/svg+xml";
        assert_eq!(policy.contains("sandbox"), is_logo, "{policy}");
        assert_eq!(policy.contains("default-src 'none'"), is_logo, "{policy}");
        assert!(!policy.contains("allow-scripts"), "{policy}");
        kinds.push((kind, String::from_utf8(reply.body).unwrap()));
    }
    kinds.sort();
    assert_eq!(kinds[0], ("image/svg+xml".to_owned(), drawing.to_owned()));
    let css = "text/css; charset=utf-8";
    assert!(kinds[1].0 == css && kinds[1].1.starts_with("@media screen"));
    assert_eq!(kinds[2], (css.to_owned(), "h1 { color: red }".to_owned()));
    // The operator's rules come behind all others.
    let last = html.rfind("rel=\"stylesheet\"").unwrap();
    assert!(last > html.find("</head>").unwrap(), "{html}");
    server.stop().await;
}
