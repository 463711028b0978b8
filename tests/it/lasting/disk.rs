//! What was asked and answered before a restart is there behind it.

use std::time::Duration;

use fastrand::Rng;
use futures_util::{StreamExt, stream};
use rusqlite::Connection;
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::File;
use crate::{
    binary::Binary,
    client::Client,
    fake::{Fake, Script},
    harness::{PATIENCE, Seed, Server, soon},
    resuming::Story,
};

/// Answers that are kept, and how often each is read again.
const ANSWERS: u64 = 150;
const READINGS: u64 = 7;
/// How often another process's file is looked at.
const POLL: Duration = Duration::from_millis(20);
/// Sessions at once.
const ABREAST: usize = 24;

#[tokio::test]
async fn an_answer_is_read_from_the_disk_byte_for_byte_from_anywhere() {
    let seed = Seed::any();
    let luck = |n: u64, salt: u64| Rng::with_seed(seed.0 ^ (n << 8) ^ salt);
    let stories: Vec<Story> = (0..ANSWERS)
        .map(|n| Story::of(luck(n, 0).u64(..)).without_pauses())
        .collect();
    let (fake, file) = (Fake::start().await, File::new());
    let scripts: Vec<Script> = stories.iter().map(|story| story.script("")).collect();
    fake.choose(move |request| scripts[request.question().parse::<usize>().unwrap()].clone());
    let start = || file.serve(&fake, &format!("concurrency = {ABREAST}"), "");
    let server = start();
    let asked = stream::iter(0..ANSWERS).map(|n| {
        let server = &server;
        async move {
            let mut client = server.connect().await;
            let turn = client.ask(&n.to_string()).await;
            let answer = client.read(turn).await;
            client.leave(1001).await;
            (turn, answer)
        }
    });
    let asked: Vec<_> = asked.buffered(ABREAST).collect().await;

    let server = server.restart(start).await;
    let read = stream::iter(0..ANSWERS * READINGS).map(|n| {
        let (server, at) = (&server, (n % ANSWERS) as usize);
        let ((turn, first), story, mut rng) = (&asked[at], &stories[at], luck(n, 1));
        async move {
            let after = rng.u64(..=first.seq + 1);
            let mut client = server.connect().await;
            client.resume(*turn, after).await;
            let accepted = client.expect("accepted").await;
            let begins = if after > first.seq { 0 } else { after };
            assert_eq!(accepted["after"], begins, "of {}", first.seq);
            if begins == first.seq {
                client.expect_silence().await;
            } else {
                let again = client.read(*turn).await;
                assert_eq!(again.text, story.told_behind(begins, false), "{n}");
                assert_eq!(again.reasoning, story.told_behind(begins, true), "{n}");
                assert_eq!(again.complete, first.complete, "{n}");
            }
            client.leave(1001).await;
        }
    });
    read.buffer_unordered(ABREAST).collect::<Vec<_>>().await;
    assert_eq!(fake.requests().len() as u64, ANSWERS, "each is asked once");
    server.stop().await;
}

/// Sends the same question again; gives its `accepted` and the whole answer.
async fn again(server: &Server, turn: Uuid) -> (serde_json::Value, crate::client::Answer) {
    let mut client = server.connect().await;
    client
        .send(json!({ "type": "question", "turn": turn, "text": "q" }))
        .await;
    let accepted = client.expect("accepted").await;
    let answer = client.read(turn).await;
    client.expect_silence().await;
    client.leave(1001).await;
    (accepted, answer)
}

#[tokio::test]
async fn a_question_sent_again_behind_a_restart_is_not_asked_again() {
    let (fake, file) = (Fake::start().await, File::new());
    let start = || file.serve(&fake, "", "");
    let server = start();
    let turn = Uuid::now_v7();
    let (accepted, first) = again(&server, turn).await;
    assert_eq!(first.text, "Hello there.");
    let server = server.restart(start).await;
    let (accepted_again, read_again) = again(&server, turn).await;
    assert_eq!(accepted_again, accepted);
    assert_eq!(
        (read_again.text, read_again.complete),
        (first.text, first.complete)
    );
    assert_eq!(fake.requests().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_question_that_a_shutdown_interrupted_is_not_asked_again() {
    let (fake, file) = (Fake::start().await, File::new());
    fake.then(Script::new().sse().text("half").gate("never").done());
    let start = || file.serve(&fake, "", "[server]\nshutdown_grace = \"3s\"");
    let server = start();
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    assert_eq!(client.expect("chunk").await["text"], "half");
    let browser = server.browser.clone();
    server.shutdown.drain();
    assert_eq!(client.closed().await, 1012);
    server
        .stop_expecting(&["still busy at the end of the grace"])
        .await;

    let server = start().with(browser);
    let (_, answer) = again(&server, turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("half", "interrupted")
    );
    assert_eq!(answer.complete["cause"], "stopped");
    assert_eq!(fake.requests().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_model_remembers_the_branch_behind_a_restart() {
    let (fake, file) = (Fake::start().await, File::new());
    let start = || file.serve(&fake, "", "");
    let server = start();
    let mut client = server.connect().await;
    let first = client.ask("q1").await;
    let conversation = client.expect("accepted").await["conversation"].clone();
    client.read(first).await;
    let follow = |text: &str| {
        json!({
            "type": "question", "turn": Uuid::now_v7(), "text": text,
            "conversation": conversation, "parent": first,
        })
    };
    client.send(follow("beside")).await;
    client.expect("accepted").await;
    while client.next().await["type"] != "complete" {}
    client.leave(1001).await;

    let server = server.restart(start).await;
    let mut client = server.connect().await;
    client.send(follow("q2")).await;
    assert_eq!(client.expect("accepted").await["parent"], first.to_string());
    while client.next().await["type"] != "complete" {}
    let request = fake.request(2).await;
    let heard = request.json();
    let texts = heard["messages"].as_array().unwrap().iter();
    let texts: Vec<_> = texts.map(|message| message["content"].clone()).collect();
    assert_eq!(texts, ["q1", "Hello there.", "q2"]);
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn what_a_crash_leaves_is_interrupted_and_a_position_beyond_it_begins_anew() {
    let (fake, file) = (Fake::start().await, File::new());
    fake.then(Script::new().sse().text("half").gate("never").done());
    let toml = format!(
        "[[endpoint]]\nname = \"fake\"\nbase_url = \"{}\"\nmodel = \"m\"\n[store]\npath = {:?}",
        fake.base_url(),
        file.path()
    );
    let askd = Binary::start(&toml, &[]).await;
    let mut client = askd.connect().await;
    let turn = client.ask_accepted("q").await;
    assert_eq!(client.expect("chunk").await["text"], "half");
    let saved = Connection::open(file.path()).unwrap();
    let saves = async {
        let count = "SELECT count(*) FROM piece";
        while saved.query_row(count, [], |row| row.get::<_, i64>(0)) != Ok(1) {
            sleep(POLL).await;
        }
    };
    soon("saved", saves).await;
    drop(saved);
    let browser = askd.browser.clone();
    askd.signal("KILL").await;
    assert_eq!(askd.ended(PATIENCE).await.code, None);

    let askd = Binary::start(&toml, &[]).await;
    let mut client = Client::connect(askd.address, &browser).await;
    for (after, begins, text) in [(0, 0, "half"), (1, 1, ""), (1000, 0, "half")] {
        client.resume(turn, after).await;
        assert_eq!(client.expect("accepted").await["after"], begins);
        let answer = client.read(turn).await;
        assert_eq!(
            (answer.text.as_str(), answer.outcome.as_str()),
            (text, "interrupted")
        );
        assert_eq!(answer.complete["cause"], "crashed");
    }
    client
        .send(json!({ "type": "question", "turn": turn, "text": "q" }))
        .await;
    assert_eq!(client.read(turn).await.text, "half");
    assert_eq!(fake.requests().len(), 1);
    client.leave(1001).await;
    askd.signal("TERM").await;
    assert_eq!(askd.ended(PATIENCE).await.code, Some(0));
}
