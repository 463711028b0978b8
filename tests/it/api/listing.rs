//! The list, and what changes it.

use serde_json::json;

use super::{Browser, code, conversation, id, time};
use crate::harness::Server;

#[tokio::test]
async fn paging_gives_each_conversation_once_while_new_ones_come() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    // Two of each time, so that the time alone does not tell where a page ends.
    let kept: Vec<_> = (0..25)
        .map(|n| conversation(n / 2, &format!("kept {n}"), &[("q", "a")]))
        .collect();
    browser.has(&kept).await;
    let mut seen = Vec::new();
    let mut path = "/conversations?limit=4".to_owned();
    for page in 0.. {
        let reply = browser.read(&path).await;
        seen.extend(reply["conversations"].as_array().unwrap().clone());
        browser
            .has(&[conversation(
                100 + page,
                &format!("new {page}"),
                &[("q", "a")],
            )])
            .await;
        match reply["next"].as_str() {
            Some(next) => path = format!("/conversations?limit=4&before={next}"),
            None => break,
        }
    }
    let mut ids: Vec<_> = seen.iter().map(|head| id(head).to_owned()).collect();
    let times: Vec<_> = seen
        .iter()
        .map(|head| head["updated"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
    ids.sort();
    let mut expected: Vec<_> = kept.iter().map(|one| id(one).to_owned()).collect();
    expected.sort();
    assert_eq!(ids, expected, "each one once");
    let first = browser.read("/conversations?limit=1").await;
    assert_eq!(first["conversations"][0]["title"], "new 6");
    server.stop().await;
}

#[tokio::test]
async fn a_list_says_of_each_conversation_what_it_is() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    assert_eq!(
        browser.read("/conversations").await,
        json!({ "conversations": [], "next": null })
    );
    let kept = conversation(3, "Two turns", &[("a", "b"), ("c", "d")]);
    browser.has(std::slice::from_ref(&kept)).await;
    let head = json!({
        "id": kept["id"], "title": "Two turns", "created": time(3), "updated": time(3),
        "turns": 2, "running": false,
    });
    assert_eq!(
        browser.read("/conversations").await,
        json!({ "conversations": [head], "next": null })
    );
    server.stop().await;
}

#[tokio::test]
async fn a_new_title_is_told_at_once_and_everywhere() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept = conversation(1, "Old", &[("q", "a")]);
    browser.has(std::slice::from_ref(&kept)).await;
    let path = format!("/conversations/{}", id(&kept));
    let letters = "\u{1f600}".repeat(200);
    for (wanted, title) in [
        ("New", "New"),
        ("  two\nlines\u{0} ", "two lines"),
        (letters.as_str(), letters.as_str()),
        ("<b>\"it's\"</b> %_", "<b>\"it's\"</b> %_"),
    ] {
        let reply = browser
            .json("PATCH", &path, &json!({ "title": wanted }))
            .await;
        assert_eq!((reply.status, &reply.json()["title"]), (200, &json!(title)));
        assert_eq!(browser.titles().await, [title]);
        assert_eq!(browser.read(&path).await["title"], title);
    }
    let long = "x".repeat(201);
    for body in [
        json!({ "title": "" }),
        json!({ "title": " \n\t" }),
        json!({ "title": long }),
        json!({ "title": null }),
        json!({ "title": 1 }),
        json!({}),
        json!([]),
        json!("title"),
    ] {
        let reply = browser.json("PATCH", &path, &body).await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (400, "bad_field"),
            "{body}"
        );
    }
    assert_eq!(browser.titles().await, ["<b>\"it's\"</b> %_"]);
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_conversation_is_gone_until_it_is_restored() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let (kept, other) = (
        conversation(1, "Walnuts", &[("walnut?", "walnut.")]),
        conversation(2, "Other", &[("q", "a")]),
    );
    browser.has(&[kept.clone(), other]).await;
    let path = format!("/conversations/{}", id(&kept));
    let before = browser.read(&path).await;
    let reply = browser.send("DELETE", &path, "", "").await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    assert_eq!(browser.titles().await, ["Other"]);
    assert_eq!(
        browser.read("/search?q=walnut").await,
        json!({ "hits": [], "more": false })
    );
    let all = browser.read("/export").await;
    assert_eq!(all["conversations"].as_array().unwrap().len(), 1);
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/export")),
    ] {
        let reply = browser.send(method, &path, "", "").await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (404, "unknown_conversation")
        );
    }
    let reply = browser.json("PATCH", &path, &json!({ "title": "x" })).await;
    assert_eq!(reply.status, 404);
    // Once more for the second of two tabs.
    for _ in 0..2 {
        let reply = browser
            .send("POST", &format!("{path}/restore"), "", "")
            .await;
        assert_eq!(
            (reply.status, &reply.json()["title"]),
            (200, &json!("Walnuts"))
        );
    }
    assert_eq!(browser.read(&path).await, before);
    assert_eq!(browser.titles().await, ["Other", "Walnuts"]);
    let hits = browser.read("/search?q=walnut").await;
    assert!(!hits["hits"].as_array().unwrap().is_empty());
    server.stop().await;
}
