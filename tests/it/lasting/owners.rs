//! One browser's conversations are nobody else's: what is another's is answered exactly as what is not there.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::{Browser, Client},
    fake::{Fake, Script},
    harness::Server,
};

/// A session of another browser.
async fn stranger(server: &Server) -> Client {
    Client::connect(server.address, &Browser::default()).await
}

/// The reply to a message, which is an error.
async fn refused(client: &mut Client, message: Value) -> Value {
    client.send(message).await;
    client.expect("error").await
}

fn question(turn: Uuid, conversation: &Value, parent: &Value) -> Value {
    let mut question = json!({ "type": "question", "turn": turn, "text": "and then?" });
    for (name, value) in [("conversation", conversation), ("parent", parent)] {
        if !value.is_null() {
            question[name] = value.clone();
        }
    }
    question
}

#[tokio::test]
async fn another_browser_can_neither_read_nor_stop_a_turn_while_it_runs_and_behind_its_end() {
    let fake = Fake::start().await;
    fake.then(Script::in_two());
    let server = Server::with_fake(&fake, "", "");
    let mut owner = server.connect().await;
    let turn = owner.ask_accepted("q").await;
    assert_eq!(owner.expect("chunk").await["text"], "one, ");
    let mut other = stranger(&server).await;
    for running in [true, false] {
        if !running {
            fake.gate("more").release();
            assert_eq!(owner.read(turn).await.outcome, "stop");
        }
        let resume = |turn: Uuid| json!({ "type": "resume", "turn": turn, "after": 0 });
        let cancel = |turn: Uuid| json!({ "type": "cancel", "turn": turn });
        let unknown = refused(&mut other, resume(Uuid::now_v7())).await;
        assert_eq!(unknown["code"], "unknown_turn");
        for message in [resume(turn), cancel(turn), cancel(Uuid::now_v7())] {
            assert_eq!(refused(&mut other, message).await, unknown, "{running}");
        }
    }
    assert_eq!(fake.requests().len(), 1);
    other.leave(1001).await;
    owner.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn another_browsers_turn_id_is_as_free_as_any() {
    let fake = Fake::start().await;
    fake.then(Script::new().sse().text("secret").finish("stop").done());
    fake.then(Script::new().sse().text("mine").finish("stop").done());
    let server = Server::with_fake(&fake, "", "");
    let mut owner = server.connect().await;
    let turn = owner.ask("q").await;
    assert_eq!(owner.read(turn).await.text, "secret");
    let mut other = stranger(&server).await;
    other.send(question(turn, &Value::Null, &Value::Null)).await;
    assert_eq!(other.read(turn).await.text, "mine");
    for (client, text) in [(&mut owner, "secret"), (&mut other, "mine")] {
        client.resume(turn, 0).await;
        assert_eq!(client.read(turn).await.text, text);
    }
    assert_eq!(fake.requests().len(), 2);
    other.leave(1001).await;
    owner.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn another_browser_can_ask_nothing_into_a_conversation() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let mut owner = server.connect().await;
    let first = owner.ask("a secret").await;
    let conversation = owner.expect("accepted").await["conversation"].clone();
    owner.read(first).await;
    let mut other = stranger(&server).await;
    let (there, parent) = (&conversation, json!(first));
    let guessed = refused(&mut other, question(Uuid::now_v7(), there, &parent)).await;
    let nowhere = json!(Uuid::now_v7());
    let unknown = refused(&mut other, question(Uuid::now_v7(), &nowhere, &parent)).await;
    assert_eq!(guessed["code"], "unknown_conversation");
    assert_eq!(guessed, unknown);
    // Without a parent it is a conversation of its own, whatever it is called.
    let turn = Uuid::now_v7();
    other.send(question(turn, there, &Value::Null)).await;
    assert_eq!(other.expect("accepted").await["parent"], Value::Null);
    assert_eq!(other.read(turn).await.outcome, "stop");
    let heard = fake.request(1).await.json()["messages"].to_string();
    assert!(!heard.contains("secret"), "{heard}");
    // And its owner's goes on as it was.
    let turn = Uuid::now_v7();
    owner.send(question(turn, there, &Value::Null)).await;
    assert_eq!(owner.expect("accepted").await["parent"], first.to_string());
    owner.read(turn).await;
    other.leave(1001).await;
    owner.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn two_tabs_of_one_browser_read_and_stop_each_others_answers() {
    let fake = Fake::start().await;
    fake.then(Script::new().sse().text("one").gate("never").done());
    let server = Server::with_fake(&fake, "", "");
    let mut first = server.connect().await;
    let turn = first.ask_accepted("q").await;
    assert_eq!(first.expect("chunk").await["text"], "one");
    let mut second = server.connect().await;
    second.resume(turn, 0).await;
    second.expect("accepted").await;
    assert_eq!(second.expect("chunk").await["text"], "one");
    second.cancel(turn).await;
    for client in [&mut first, &mut second] {
        assert_eq!(client.expect("complete").await["outcome"], "cancelled");
    }
    first.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}
