//! A storage that is slow, or fails: what runs goes on, and what cannot be kept is not begun.

use uuid::Uuid;

use super::File;
use crate::{
    client::Answer,
    fake::{Fake, Script},
    http::ready,
};

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
    fake.then(Script::in_two());
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
    let body = ready(server.address, 503).await;
    assert_eq!(body["state"], "storage_failed");
    assert_eq!(body["message"], error["message"]);
    // The answer goes on to its end, and is found by who comes now.
    fake.gate("more").release();
    assert_eq!(reader.read(turn).await.text, "two");
    other.resume(turn, 0).await;
    assert_eq!(other.read(turn).await.text, "one, two");
    drop(lock);
    assert_eq!(ready(server.address, 200).await["state"], "ready");
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

#[tokio::test]
async fn a_reply_that_waits_for_the_disk_holds_up_those_behind_it_and_not_what_the_server_says_itself()
 {
    let (fake, file) = (Fake::start().await, File::new());
    let server = file.serve(&fake, "", "");
    let mut client = server.connect().await;
    let lock = file.lock();
    let turn = client.ask("q").await;
    client.cancel(Uuid::now_v7()).await;
    server.until("asked", |counts| counts.turns == 1).await;
    server.shutdown.drain();
    assert_eq!(client.expect("status").await["state"], "draining");
    drop(lock);
    assert_eq!(client.expect("accepted").await["turn"], turn.to_string());
    let (mut answer, mut refused) = (Answer::default(), false);
    while answer.outcome.is_empty() || !refused {
        let message = client.next().await;
        if message["code"] == "unknown_turn" {
            refused = true;
        } else {
            answer.take(&message, turn);
        }
    }
    assert_eq!(answer.text, "Hello there.");
    assert_eq!(client.closed().await, 1012);
    server.stop().await;
}
