//! Conversations in which an answer is running.

use serde_json::json;

use super::Browser;
use crate::{
    client::{self, Client},
    fake::{Fake, Script},
    harness::Server,
};

/// A session of this browser's.
async fn session(server: &Server, browser: &Browser) -> Client {
    Client::connect(server.address, &client::Browser::with(&browser.cookie)).await
}

#[tokio::test]
async fn a_running_answer_is_marked_in_the_list_and_in_its_conversation() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let browser = Browser::new(&server).await;
    let mut client = session(&server, &browser).await;
    fake.then(Script::in_two());
    let turn = client.ask("A question\nof two lines").await;
    let conversation = client.expect("accepted").await["conversation"].clone();
    let path = format!("/conversations/{}", conversation.as_str().unwrap());
    for (running, outcome) in [(true, json!(null)), (false, json!("stop"))] {
        let head = browser.read("/conversations").await["conversations"][0].clone();
        assert_eq!(
            (&head["id"], &head["title"]),
            (&conversation, &json!("A question"))
        );
        assert_eq!(
            (&head["running"], &head["turns"]),
            (&json!(running), &json!(1))
        );
        let kept = browser.read(&path).await["turns"][0].clone();
        assert_eq!(
            (&kept["id"], &kept["running"], &kept["outcome"]),
            (&json!(turn), &json!(running), &outcome)
        );
        assert_eq!(
            (&kept["endpoint"], &kept["model"]),
            (&json!("fake"), &json!("m"))
        );
        if running {
            fake.gate("more").release();
            client.read(turn).await;
        }
    }
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_read_of_a_running_answer_and_what_resume_sends_behind_it_are_the_whole() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let browser = Browser::new(&server).await;
    let mut client = session(&server, &browser).await;
    fake.then(Script::in_two());
    let turn = client.ask("q").await;
    let accepted = client.expect("accepted").await;
    let path = format!(
        "/conversations/{}",
        accepted["conversation"].as_str().unwrap()
    );
    assert_eq!(client.expect("chunk").await["text"], "one, ");
    // However much of it had been saved.
    let kept = browser.read(&path).await["turns"][0].clone();
    let begun = kept["answer"].as_str().unwrap();
    assert!("one, ".starts_with(begun), "{begun}");
    let mut second = session(&server, &browser).await;
    second.resume(turn, kept["seq"].as_u64().unwrap()).await;
    assert_eq!(second.expect("accepted").await["after"], kept["seq"]);
    fake.gate("more").release();
    let rest = second.read(turn).await;
    assert_eq!(format!("{begun}{}", rest.text), "one, two");
    client.read(turn).await;
    let ended = browser.read(&path).await["turns"][0].clone();
    assert_eq!(
        (&ended["answer"], &ended["seq"]),
        (&json!("one, two"), &json!(rest.seq))
    );
    client.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn deleting_a_conversation_cancels_what_is_running_in_it_and_nothing_else() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let (browser, other) = (Browser::new(&server).await, Browser::new(&server).await);
    let (mut client, mut theirs) = (
        session(&server, &browser).await,
        session(&server, &other).await,
    );
    fake.always(
        Script::new()
            .sse()
            .role()
            .text("So far")
            .gate("here")
            .finish("stop")
            .done(),
    );
    let turn = client.ask("mine").await;
    let accepted = client.expect("accepted").await;
    let their_turn = theirs.ask("theirs").await;
    theirs.expect("accepted").await;
    assert_eq!(client.expect("chunk").await["text"], "So far");

    let path = format!(
        "/conversations/{}",
        accepted["conversation"].as_str().unwrap()
    );
    let refused = other.send("DELETE", &path, "", "").await;
    assert_eq!(refused.status, 404);
    assert_eq!(browser.send("DELETE", &path, "", "").await.status, 204);
    let complete = client.expect("complete").await;
    assert_eq!(
        (&complete["turn"], &complete["outcome"]),
        (&json!(turn), &json!("cancelled"))
    );
    let restored = browser
        .send("POST", &format!("{path}/restore"), "", "")
        .await;
    assert_eq!(restored.status, 200);
    let kept = browser.read(&path).await["turns"][0].clone();
    assert_eq!(
        (&kept["answer"], &kept["outcome"]),
        (&json!("So far"), &json!("cancelled"))
    );

    fake.gate("here").release();
    assert_eq!(theirs.read(their_turn).await.outcome, "stop");
    client.leave(1001).await;
    theirs.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn an_answer_from_the_knowledge_is_kept_with_its_sources() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let mut client = session(&server, &browser).await;
    let turn = client.ask("What is impermanent loss?").await;
    let answer = client.read(turn).await;
    let list = browser.read("/conversations").await;
    let path = format!(
        "/conversations/{}",
        list["conversations"][0]["id"].as_str().unwrap()
    );
    let kept = browser.read(&path).await["turns"][0].clone();
    assert_eq!(kept["sources"], json!(answer.sources));
    assert!(!answer.sources.is_empty());
    assert_eq!(
        (&kept["answer"], &kept["outcome"]),
        (&json!(answer.text), &json!("stop"))
    );
    assert_eq!(kept["timing"], answer.complete["timing"]);
    let markdown = super::text(&browser.get(&format!("{path}/export?format=markdown")).await);
    assert!(
        markdown.contains(answer.text.trim_end()) && markdown.contains("\nSources:\n\n1. "),
        "{markdown}"
    );
    client.leave(1001).await;
    server.stop().await;
}
