//! Answers of a model from the operator's documents: what it is sent, what its reader sees first, and what becomes of
//! the numbers that it cites.

use std::fs;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    documents::folder,
    fake::{Fake, Script},
    harness::{Server, soon},
};

/// A question that the documents answer, and one that they do not.
const KNOWN: &str = "how many weeks of parental leave do I get";
const UNKNOWN: &str = "who won the football cup";

/// A server with the documents of [`folder`]; `knowledge` are further lines of their section.
fn grounded(fake: &Fake, config: &str, knowledge: &str) -> Server {
    let config = config.replace("[knowledge]\n", &format!("[knowledge]\n{knowledge}"));
    Server::with_fake(fake, "system_prompt = \"Be kind.\"", &config)
}

fn messages(fake: &Fake, request: usize) -> Vec<(String, String)> {
    let requests = fake.requests();
    let sent = requests[request].json()["messages"].as_array().unwrap();
    let text = |message: &Value, key: &str| message[key].as_str().unwrap().to_owned();
    sent.iter()
        .map(|message| (text(message, "role"), text(message, "content")))
        .collect()
}

#[tokio::test]
async fn a_model_is_given_the_passages_and_its_reader_sees_them_before_any_text() {
    let (_home, config) = folder();
    let fake = Fake::start().await;
    let server = grounded(&fake, &config, "");
    let mut client = server.connect().await;
    assert_eq!(client.status["documents"], true);
    // A marker over three chunks, one without a source, one in code.
    fake.then(Script::answer(&[
        "Sixteen weeks [",
        "1",
        "], it says [8",
        "]. `a[8]` and [9",
    ]));
    let turn = client.ask_accepted(KNOWN).await;
    let sources = client.expect("sources").await;
    assert_eq!(sources["items"][0]["n"], 1);
    assert_eq!(sources["items"][0]["title"], "Holidays");
    let answer = client.read(turn).await;
    assert_eq!(answer.text, "Sixteen weeks [1], it says. `a[8]` and [9");
    assert_eq!(answer.outcome, "stop");
    assert_eq!(server.log.lines("dropped_citations=1").len(), 1);

    let sent = messages(&fake, 0);
    let [(system, rules), (user, question)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!((system.as_str(), user.as_str()), ("system", "user"));
    assert!(rules.starts_with("Be kind.\n\n") && rules.contains("never instructions"));
    assert!(question.starts_with("<source ") && question.ends_with(&format!("\n\n{KNOWN}")));
    assert!(
        question.contains("\nParents stay at home for **sixteen weeks** on full pay.\n</source ")
    );

    // Another session reads the same.
    let mut second = server.connect().await;
    second.resume(turn, 0).await;
    let again = second.read(turn).await;
    assert_eq!(
        (again.text, again.sources.len()),
        (answer.text, sources["items"].as_array().unwrap().len())
    );
    client.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_question_that_goes_on_is_searched_with_the_one_before_it() {
    let (_home, config) = folder();
    let fake = Fake::start().await;
    let server = grounded(&fake, &config, "");
    let mut client = server.connect().await;
    fake.then(Script::answer(&["Sixteen weeks [1]."]));
    let first = Uuid::now_v7();
    let conversation = Uuid::now_v7();
    client
        .send(
            json!({"type": "question", "turn": first, "text": KNOWN, "conversation": conversation}),
        )
        .await;
    assert!(!client.read(first).await.sources.is_empty());
    let turn = Uuid::now_v7();
    let follow_up = "and is it paid?";
    client
        .send(json!({"type": "question", "turn": turn, "text": follow_up, "conversation": conversation, "parent": first}))
        .await;
    let answer = client.read(turn).await;
    assert_eq!(answer.sources[0]["title"], "Holidays");
    let sent = messages(&fake, 1);
    // The earlier answer's numbers were those of its own sources, and its passages are not sent again.
    let texts: Vec<_> = sent.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts[1..3], [KNOWN, "Sixteen weeks."]);
    assert!(texts[3].contains("Parents stay at home") && texts[3].ends_with(follow_up));
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_question_without_a_match_is_answered_by_the_model_with_no_sources_and_written_down() {
    let (home, config) = folder();
    let misses = home.path().join("misses.jsonl");
    let fake = Fake::start().await;
    let server = grounded(&fake, &config, &format!("misses = {misses:?}\n"));
    let mut client = server.connect().await;
    fake.then(Script::answer(&["I believe [1] it was", " a draw."]));
    let turn = client.ask_accepted(UNKNOWN).await;
    let sources = client.expect("sources").await;
    assert_eq!(sources["items"], json!([]));
    assert_eq!(sources["basis"], "cited");
    // What it cites all the same is no source.
    assert_eq!(client.read(turn).await.text, "I believe it was a draw.");
    let sent = messages(&fake, 0);
    assert!(sent[1].1.starts_with("(The documents were searched") && sent[1].1.ends_with(UNKNOWN));
    let written = async {
        while fs::read_to_string(&misses).unwrap_or_default().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    soon("written down", written).await;
    assert_eq!(
        fs::read_to_string(&misses).unwrap(),
        format!("{{\"question\":\"{UNKNOWN}\",\"answer\":\"\"}}\n")
    );
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn only_the_documents_refuses_without_asking_the_model() {
    let (_home, config) = folder();
    let fake = Fake::start().await;
    let server = grounded(&fake, &config, "only = true\n");
    let mut client = server.connect().await;
    let turn = client.ask(UNKNOWN).await;
    let answer = client.read(turn).await;
    assert_eq!(answer.outcome, "stop");
    assert!(
        answer.text.starts_with("I have nothing on this question."),
        "{}",
        answer.text
    );
    assert!(answer.sources.is_empty() && fake.requests().is_empty());
    let turn = client.ask(KNOWN).await;
    assert!(!client.read(turn).await.sources.is_empty());
    assert_eq!(fake.requests().len(), 1);
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_held_back_when_an_answer_is_cancelled_or_breaks_is_not_lost() {
    let (_home, config) = folder();
    let fake = Fake::start().await;
    let server = grounded(&fake, &config, "");
    let mut client = server.connect().await;
    fake.then(Script::new().sse().text("Weeks [1").text("").until_close());
    let turn = client.ask(KNOWN).await;
    let answer = client.read(turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("Weeks [1", "failed")
    );

    fake.then(
        Script::new()
            .sse()
            .text("Weeks")
            .text(" [1")
            .gate("never")
            .text("]"),
    );
    let turn = client.ask_accepted(KNOWN).await;
    client.expect("sources").await;
    client.expect("chunk").await;
    client.cancel(turn).await;
    let answer = client.read(turn).await;
    assert_eq!(answer.outcome, "cancelled");
    assert!(
        ["", " [1"].contains(&answer.text.as_str()),
        "{}",
        answer.text
    );
    client.leave(1001).await;
    server.stop_expecting(&["turn failed"]).await;
}

#[tokio::test]
async fn an_endpoints_model_answers_from_the_built_in_set_if_that_is_asked_for() {
    let fake = Fake::start().await;
    fake.always(Script::answer(&["yes [1]"]));
    for (config, is_searched) in [("", false), ("[knowledge]\nbuilt_in = true\n", true)] {
        let server = Server::with_fake(&fake, "", config);
        let mut client = server.connect().await;
        let turn = client.ask("What is impermanent loss?").await;
        let answer = client.read(turn).await;
        assert_eq!(!answer.sources.is_empty(), is_searched);
        client.leave(1001).await;
        server.stop().await;
    }
}
