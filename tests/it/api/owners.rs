//! Two browsers: what is one's, the other cannot see, change, or find out about.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Browser, conversation, id, text};
use crate::{harness::Server, http::Reply};

/// Everything that a reply tells, apart from when it was sent.
fn told(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let headers = reply.headers().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (reply.status, headers.collect(), text(reply))
}

/// Everything that can be asked of a conversation.
async fn everything(browser: &Browser, id: &str) -> Vec<(String, Reply)> {
    let path = format!("/conversations/{id}");
    let kind = "Content-Type: application/json\r\n";
    let mut replies = Vec::new();
    for (method, path, lines, body) in [
        ("GET", path.clone(), "", ""),
        ("HEAD", path.clone(), "", ""),
        ("PATCH", path.clone(), kind, "{\"title\":\"Mine now\"}"),
        ("PATCH", path.clone(), kind, "{}"),
        ("GET", format!("{path}/export"), "", ""),
        ("GET", format!("{path}/export?format=markdown"), "", ""),
        ("DELETE", path.clone(), "", ""),
        ("POST", format!("{path}/restore"), "", ""),
        ("PUT", path.clone(), "", ""),
    ] {
        let reply = browser.send(method, &path, lines, body).await;
        replies.push((format!("{method} {path}"), reply));
    }
    replies
}

#[tokio::test]
async fn anothers_conversation_is_answered_exactly_as_one_that_nobody_has() {
    let server = Server::start("");
    let (owner, other) = (Browser::new(&server).await, Browser::new(&server).await);
    let (kept, deleted) = (
        conversation(1, "Secret", &[("walnut?", "walnut.")]),
        conversation(2, "Deleted", &[("walnut?", "walnut.")]),
    );
    owner.has(&[kept.clone(), deleted.clone()]).await;
    let path = format!("/conversations/{}", id(&deleted));
    assert_eq!(owner.send("DELETE", &path, "", "").await.status, 204);
    let before = owner.read("/export").await["conversations"].clone();

    let unknown = Uuid::now_v7().to_string();
    let expected = everything(&other, &unknown).await;
    for (what, reply) in &expected {
        assert!(reply.status >= 400, "{what}");
    }
    for theirs in [id(&kept), id(&deleted)] {
        let replies = everything(&other, theirs).await;
        assert_eq!(replies.len(), expected.len());
        for ((what, reply), (_, expected)) in replies.iter().zip(&expected) {
            assert_eq!(told(reply), told(expected), "{what}");
        }
    }
    for (path, empty) in [
        (
            "/conversations",
            json!({ "conversations": [], "next": null }),
        ),
        ("/search?q=walnut", json!({ "hits": [], "more": false })),
        ("/search?q=secret", json!({ "hits": [], "more": false })),
    ] {
        assert_eq!(other.read(path).await, empty, "{path}");
    }
    assert_eq!(other.read("/export").await["conversations"], json!([]));
    assert_eq!(text(&other.get("/export?format=markdown").await), "");

    assert_eq!(owner.read("/export").await["conversations"], before);
    let restored = owner.send("POST", &format!("{path}/restore"), "", "").await;
    assert_eq!(restored.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_cursor_of_one_list_opens_no_other() {
    let server = Server::start("");
    let (owner, other) = (Browser::new(&server).await, Browser::new(&server).await);
    let kept: Vec<_> = (0..4)
        .map(|n| conversation(n, &format!("Owner's {n}"), &[("q", "a")]))
        .collect();
    owner.has(&kept).await;
    other
        .has(&[conversation(0, "Other's", &[("q", "a")])])
        .await;
    let page = owner.read("/conversations?limit=2").await;
    let path = format!("/conversations?before={}", page["next"].as_str().unwrap());
    let page = other.read(&path).await;
    for head in page["conversations"].as_array().unwrap() {
        assert_eq!(head["title"], "Other's");
    }
    server.stop().await;
}

#[tokio::test]
async fn importing_anothers_export_tells_nothing_and_touches_nothing() {
    let server = Server::start("");
    let (owner, other) = (Browser::new(&server).await, Browser::new(&server).await);
    owner
        .has(&[conversation(
            1,
            "Lent",
            &[("walnut?", "walnut."), ("b", "c")],
        )])
        .await;
    let file = owner.read("/export").await;
    let reply = other.json("POST", "/import", &file).await;
    // As if nobody had it: else this would tell whether an id exists.
    assert_eq!(
        reply.json(),
        json!({ "imported": 1, "skipped": 0, "expired": 0 })
    );
    let path = format!("/conversations/{}", id(&file["conversations"][0]));
    let renamed = other
        .json("PATCH", &path, &json!({ "title": "Borrowed" }))
        .await;
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
    assert_eq!(
        (owner.titles().await, other.titles().await),
        (vec!["Lent".to_owned()], vec!["Borrowed".to_owned()])
    );
    assert_eq!(other.send("DELETE", &path, "", "").await.status, 204);
    let again: Value = owner.read("/export").await;
    assert_eq!(again["conversations"], file["conversations"]);
    assert_eq!(
        owner.read("/search?q=walnut").await["hits"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    server.stop().await;
}

#[tokio::test]
async fn a_browser_without_a_true_cookie_is_a_new_one() {
    let server = Server::start("");
    let owner = Browser::new(&server).await;
    owner.has(&[conversation(1, "Secret", &[("q", "a")])]).await;
    let (name, value) = owner.cookie.split_once('=').unwrap();
    let turned: String = value.chars().rev().collect();
    for cookie in [
        String::new(),
        name.to_owned(),
        format!("{name}="),
        format!("{name}={turned}"),
        format!("{name}={}", Uuid::new_v4()),
        format!("{name}={}", &value[..value.len() - 1]),
    ] {
        let browser = Browser {
            cookie: cookie.clone(),
            ..Browser::new(&server).await
        };
        for path in [
            "/conversations",
            "/search?q=q",
            "/export",
            "/conversations/x",
            "/nothing",
        ] {
            let reply = browser.get(path).await;
            assert!(!text(&reply).contains("Secret"), "{path} with {cookie:?}");
            let given = reply
                .header("set-cookie")
                .unwrap_or_else(|| panic!("{path} with {cookie:?}"));
            assert!(
                given.starts_with(&format!("{name}=")) && given.contains("HttpOnly"),
                "{given}"
            );
            assert!(!given.contains(value), "{given}");
        }
    }
    assert!(
        owner
            .get("/conversations")
            .await
            .header("set-cookie")
            .is_none()
    );
    server.stop().await;
}
