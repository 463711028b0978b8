//! Cancelling: in every window, in line, from another session, and what it never does.

use serde_json::json;
use uuid::Uuid;

use crate::{
    client::{Answer, Client},
    fake::{DeadEnd, Fake, Script},
    harness::{Server, soon},
};

/// Nobody who reads leaves in these tests before the end, so only a cancel can end a turn early.
const FINISH: &str = "[session]\non_leave = \"finish\"";

/// Cancels, and reads to the end; behind it nothing comes.
async fn cancelled(client: &mut Client, turn: Uuid) -> Answer {
    client.cancel(turn).await;
    let answer = client.read(turn).await;
    assert_eq!(answer.outcome, "cancelled");
    client.expect_silence().await;
    answer
}

/// Asks something new, which must be answered without waiting in line.
async fn answered_at_once(client: &mut Client, fake: &Fake) {
    fake.then(Script::answer(&["free"]));
    let turn = client.ask_accepted("next").await;
    assert_eq!(client.expect("chunk").await["text"], "free");
    assert_eq!(client.expect("complete").await["turn"], turn.to_string());
}

/// Cancels a turn whose script has come as far as its gate "here"; gives what was read after the cancel.
async fn cancelled_at_the_gate(script: Script, read_before: &[&str]) -> Answer {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "concurrency = 1", FINISH);
    fake.then(script);
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    for text in read_before {
        assert_eq!(client.expect("chunk").await["text"], *text);
    }
    soon("at the gate", fake.gate("here").reached(1)).await;
    let answer = cancelled(&mut client, turn).await;
    let request = fake.request(0).await;
    soon("closed upstream", request.closed()).await;
    assert!(!request.finished());
    let stopped = answer.complete["timing"]["stopped_us"].as_u64();
    assert!(stopped.is_some(), "{}", answer.complete);
    answered_at_once(&mut client, &fake).await;
    client.leave(1001).await;
    server.stop().await;
    answer
}

#[tokio::test]
async fn a_cancel_is_heard_while_the_endpoint_is_being_connected_to() {
    let (fake, nowhere) = (Fake::start().await, DeadEnd::hanging());
    let server = Server::start(&format!(
        "[[endpoint]]\nbase_url = \"{}\"\nmodel = \"m\"\nconcurrency = 1\nname = \"nowhere\"\n\
         [[endpoint]]\nbase_url = \"{}\"\nmodel = \"m\"\nname = \"fake\"\n{FINISH}",
        nowhere.base_url(),
        fake.base_url()
    ));
    let mut client = server.connect().await;
    for _ in 0..2 {
        // The second finds the slot free: it is not told of a place in line.
        let turn = client.ask_accepted("q").await;
        client.cancel(turn).await;
        assert_eq!(client.expect("complete").await["outcome"], "cancelled");
        client.expect_silence().await;
    }
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_cancel_is_heard_before_the_headers() {
    let script = Script::new().gate("here").sse().text("never");
    assert_eq!(cancelled_at_the_gate(script, &[]).await.chunks, 0);
}

#[tokio::test]
async fn a_cancel_is_heard_before_the_first_chunk() {
    let script = Script::new().sse().role().gate("here").text("never");
    assert_eq!(cancelled_at_the_gate(script, &[]).await.chunks, 0);
}

#[tokio::test]
async fn a_cancel_is_heard_between_chunks() {
    let script = Script::new().sse().text("one").gate("here").text("never");
    assert_eq!(cancelled_at_the_gate(script, &["one"]).await.chunks, 0);
}

#[tokio::test]
async fn a_cancel_is_heard_between_the_finish_reason_and_the_save() {
    let script = Script::new()
        .sse()
        .text("one")
        .finish("stop")
        .gate("here")
        .done();
    assert_eq!(cancelled_at_the_gate(script, &["one"]).await.chunks, 0);
}

#[tokio::test]
async fn a_cancel_in_the_midst_of_a_flood_is_the_end_of_it() {
    let fake = Fake::start().await;
    fake.then(
        Script::new()
            .sse()
            .burst((0..).map(|_| "word ".repeat(20)).take(2000), 4096)
            .gate("flooded")
            .finish("stop")
            .done(),
    );
    let server = Server::with_fake(&fake, "", FINISH);
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    client.expect("chunk").await;
    cancelled(&mut client, turn).await;
    let request = fake.request(0).await;
    soon("closed upstream", request.closed()).await;
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_cancel_in_line_gives_the_place_to_the_next_and_asks_nothing() {
    let fake = Fake::start().await;
    fake.then(
        Script::new()
            .sse()
            .text("one")
            .gate("here")
            .finish("stop")
            .done(),
    );
    let server = Server::with_fake(&fake, "concurrency = 1", FINISH);
    let mut first = server.connect().await;
    let running = first.ask_accepted("first").await;
    assert_eq!(first.expect("chunk").await["text"], "one");
    let (mut second, mut third) = (server.connect().await, server.connect().await);
    let waiting = second.ask_accepted("second").await;
    assert_eq!(second.expect("queued").await["position"], 1);
    let last = third.ask_accepted("third").await;
    assert_eq!(third.expect("queued").await["position"], 2);

    cancelled(&mut second, waiting).await;
    assert_eq!(third.expect("queued").await["position"], 1);
    cancelled(&mut first, running).await;
    assert_eq!(third.read(last).await.outcome, "stop");
    let requests = fake.requests();
    let asked: Vec<_> = requests.iter().map(|request| request.question()).collect();
    assert_eq!(asked, ["first", "third"]);
    for client in [first, second, third] {
        client.leave(1001).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn another_session_may_cancel_and_both_see_the_end() {
    let fake = Fake::start().await;
    fake.then(Script::new().sse().text("one").gate("here").text("never"));
    let server = Server::with_fake(&fake, "", FINISH);
    let mut first = server.connect().await;
    let turn = first.ask_accepted("q").await;
    assert_eq!(first.expect("chunk").await["text"], "one");
    let mut second = server.connect().await;
    second.cancel(turn).await;
    assert_eq!(first.expect("complete").await["outcome"], "cancelled");
    soon("closed upstream", fake.request(0).await.closed()).await;
    second.resume(turn, 0).await;
    let answer = second.read(turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("one", "cancelled")
    );
    first.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_cancel_of_a_finished_turn_changes_nothing() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", FINISH);
    let mut client = server.connect().await;
    let turn = client.ask("q").await;
    let answer = client.read(turn).await;
    client.cancel(turn).await;
    client.expect_silence().await;
    client.resume(turn, 0).await;
    let again = client.read(turn).await;
    assert_eq!(
        (again.text, again.seq, again.complete),
        (answer.text, answer.seq, answer.complete)
    );
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_cancel_twice_ends_once() {
    let fake = Fake::start().await;
    fake.then(Script::new().sse().text("one").gate("here").text("never"));
    let server = Server::with_fake(&fake, "", FINISH);
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    assert_eq!(client.expect("chunk").await["text"], "one");
    client.cancel(turn).await;
    cancelled(&mut client, turn).await;
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_cancel_of_an_unknown_turn_is_said_to_be_that() {
    let server = Server::start("");
    let mut client = server.connect().await;
    client
        .send(json!({ "type": "cancel", "turn": Uuid::now_v7() }))
        .await;
    let error = client.expect("error").await;
    assert_eq!(error["code"], "unknown_turn");
    assert!(error.get("turn").is_none(), "no turn has failed: {error}");
    client.leave(1001).await;
    server.stop().await;
}
