//! A storage that is slow, or fails: what runs goes on, and what cannot be kept is not begun.

use super::File;
use crate::{
    fake::{Fake, Script},
    harness::{Server, soon},
    http::{ask_at, request},
};

/// Waits until `/readyz` answers with this status; gives its body.
async fn ready(server: &Server, status: u16) -> serde_json::Value {
    let asked = async {
        loop {
            let reply = ask_at(server.address, &request("GET", "/readyz", "")).await;
            if reply.status == status {
                return reply.json();
            }
            tokio::task::yield_now().await;
        }
    };
    soon("ready or not", asked).await
}

#[tokio::test]
async fn a_cancel_while_the_question_is_being_kept_stops_it_before_the_endpoint_hears_of_it() {
    let (fake, file) = (Fake::start().await, File::new());
    let server = file.serve(&fake, "", "");
    let mut client = server.connect().await;
    let lock = file.lock();
    let turn = client.ask("q").await;
    server.until("asked", |counts| counts.turns == 1).await;
    client.cancel(turn).await;
    // The answer to this ping comes behind what came before it: the cancel has been heard.
    client.ping().await;
    drop(lock);
    let answer = client.read(turn).await;
    assert_eq!((answer.chunks, answer.outcome.as_str()), (0, "cancelled"));
    assert_eq!(fake.requests().len(), 0);
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn while_nothing_can_be_kept_answers_go_on_questions_are_refused_and_all_is_well_again_by_itself()
 {
    let (fake, file) = (Fake::start().await, File::new());
    fake.then(
        Script::new()
            .sse()
            .text("one, ")
            .gate("more")
            .text("two")
            .finish("stop")
            .done(),
    );
    let start = || file.serve(&fake, "", "");
    let server = start();
    let mut reader = server.connect().await;
    let turn = reader.ask_accepted("q").await;
    assert_eq!(reader.expect("chunk").await["text"], "one, ");
    let lock = file.lock();
    let mut other = server.connect().await;
    let refused = other.ask("not now").await;
    let error = other.expect("error").await;
    assert_eq!(error["code"], "storage_failed", "{error}");
    assert_eq!(error["turn"], serde_json::Value::Null);
    let body = ready(&server, 503).await;
    assert_eq!(body["state"], "storage_failed");
    assert_eq!(body["message"], error["message"]);
    // The answer goes on to its end, and is found by who comes now.
    fake.gate("more").release();
    assert_eq!(reader.read(turn).await.text, "two");
    other.resume(turn, 0).await;
    assert_eq!(other.read(turn).await.text, "one, two");
    drop(lock);
    assert_eq!(ready(&server, 200).await["state"], "ready");
    // What was refused has left no trace: the same question is new.
    let again = serde_json::json!({ "type": "question", "turn": refused, "text": "not now" });
    other.send(again).await;
    assert_eq!(other.read(refused).await.outcome, "stop");
    assert_eq!(fake.requests().len(), 2);
    for client in [reader, other] {
        client.leave(1001).await;
    }

    let server = server.restart(start).await;
    let mut client = server.connect().await;
    client.resume(turn, 0).await;
    assert_eq!(client.read(turn).await.text, "one, two");
    client.leave(1001).await;
    server.stop().await;
}
