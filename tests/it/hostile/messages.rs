//! Messages that are wrong: an error in words with its code, and the session goes on.

use serde_json::json;
use uuid::Uuid;

use super::{Scene, frame, question, still_answers, write};
use crate::harness::Server;

const TURN: &str = "018f0000-0000-7000-8000-000000000000";

/// Messages, the code that refuses each, and a part of the words.
fn cases() -> Vec<(String, &'static str, &'static str)> {
    let options = |options: &str| {
        format!(r#"{{"type":"question","turn":"{TURN}","text":"q","options":{options}}}"#)
    };
    let with = |field: &str| format!(r#"{{"type":"question","turn":"{TURN}","text":"q",{field}}}"#);
    let long = "x".repeat(2049);
    vec![
        (String::new(), "bad_json", "not JSON"),
        ("{\"type\":".to_owned(), "bad_json", "not JSON"),
        ("hello".to_owned(), "bad_json", "not JSON"),
        ("{} {}".to_owned(), "bad_json", "not JSON"),
        ("[".repeat(3000), "bad_json", "not JSON"),
        ("{\"a\":".repeat(900), "bad_json", "not JSON"),
        ("[]".to_owned(), "bad_json", "object"),
        ("null".to_owned(), "bad_json", "object"),
        ("{}".to_owned(), "bad_field", "\"type\""),
        (r#"{"type":7}"#.to_owned(), "bad_field", "\"type\""),
        (
            r#"{"type":"Question"}"#.to_owned(),
            "unknown_type",
            "\"Question\"",
        ),
        (r#"{"type":"ping"}"#.to_owned(), "unknown_type", "\"ping\""),
        (
            r#"{"type":"question"}"#.to_owned(),
            "bad_field",
            "\"turn\" is missing",
        ),
        (
            r#"{"type":"question","turn":"1","text":"q"}"#.to_owned(),
            "bad_field",
            "\"turn\" is wrong",
        ),
        (
            format!(r#"{{"type":"question","turn":"{TURN}"}}"#),
            "bad_field",
            "\"text\" is missing",
        ),
        (
            format!(r#"{{"type":"question","turn":"{TURN}","text":["q"]}}"#),
            "bad_field",
            "\"text\" is wrong",
        ),
        (
            with(r#""conversation":5"#),
            "bad_field",
            "\"conversation\" is wrong",
        ),
        (with(r#""parent":"x""#), "bad_field", "\"parent\" is wrong"),
        (
            with(r#""endpoint":{}"#),
            "bad_field",
            "\"endpoint\" is wrong",
        ),
        (with(r#""model":0"#), "bad_field", "\"model\" is wrong"),
        (with(r#""options":[]"#), "bad_field", "\"options\" is wrong"),
        (
            options(r#"{"temperature":"hot"}"#),
            "bad_field",
            "\"options.temperature\" is wrong",
        ),
        (
            options(r#"{"temperature":2.1}"#),
            "bad_field",
            "\"options.temperature\" is wrong",
        ),
        (
            options(r#"{"temperature":-0.1}"#),
            "bad_field",
            "\"options.temperature\" is wrong",
        ),
        (
            options(r#"{"max_tokens":0}"#),
            "bad_field",
            "\"options.max_tokens\" is wrong",
        ),
        (
            options(r#"{"max_tokens":-1}"#),
            "bad_field",
            "\"options.max_tokens\" is wrong",
        ),
        (
            options(r#"{"max_tokens":1.5}"#),
            "bad_field",
            "\"options.max_tokens\" is wrong",
        ),
        (
            options(r#"{"max_tokens":4294967296}"#),
            "bad_field",
            "\"options.max_tokens\" is wrong",
        ),
        (
            question(Uuid::now_v7(), " \n\u{2003}").to_string(),
            "question_empty",
            "empty",
        ),
        (
            question(Uuid::now_v7(), &long).to_string(),
            "question_too_long",
            "2049 bytes",
        ),
        (
            with(r#""endpoint":"other""#),
            "unknown_endpoint",
            "no such endpoint",
        ),
        (
            with(r#""model":"other""#),
            "unknown_endpoint",
            "no such model",
        ),
        (
            with(&format!(r#""parent":"{TURN}""#)),
            "unknown_conversation",
            "",
        ),
        (
            format!(r#"{{"type":"cancel","turn":"{TURN}"}}"#),
            "unknown_turn",
            "not kept here",
        ),
        (
            r#"{"type":"cancel"}"#.to_owned(),
            "bad_field",
            "\"turn\" is missing",
        ),
        (
            format!(r#"{{"type":"resume","turn":"{TURN}","after":0}}"#),
            "unknown_turn",
            "not kept here",
        ),
        (
            format!(r#"{{"type":"resume","turn":"{TURN}"}}"#),
            "bad_field",
            "\"after\" is missing",
        ),
        (
            format!(r#"{{"type":"resume","turn":"{TURN}","after":-1}}"#),
            "bad_field",
            "\"after\" is wrong",
        ),
        (
            format!(r#"{{"type":"resume","turn":"{TURN}","after":1e99}}"#),
            "bad_field",
            "\"after\" is wrong",
        ),
    ]
}

#[tokio::test]
async fn a_wrong_message_is_refused_in_words_and_the_session_goes_on() {
    let mut scene = Scene::set("max_question = \"2 KiB\"\nquestions_per_minute = 0").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        let mut refused = 0;
        for (text, code, words) in cases() {
            write(&mut client, &frame(0x81, text.as_bytes(), false)).await;
            let error = client.expect("error").await;
            let shown: String = text.chars().take(80).collect();
            assert_eq!(error["code"], code, "{shown}: {error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(words), "{shown}: {message}");
            assert!(message.len() < 300, "{shown}: {} bytes", message.len());
            assert!(error.get("turn").is_none(), "{shown}: {error}");
            refused += 1;
        }
        assert_eq!(refused, 39);
        still_answers(&mut client).await;
    };
    scene.during(attack).await;
    assert_eq!(
        scene.fake.requests().len(),
        2,
        "no refused question was passed on"
    );
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn what_a_message_says_is_not_repeated_at_length() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let long = "x".repeat(60_000);
    let messages = [
        json!({ "type": long }),
        json!({ "type": "cancel", "turn": long }),
        json!({ "type": "question", "turn": TURN, "text": "q", "endpoint": long }),
        json!({ "type": "question", "turn": TURN, "text": "q", "options": { "temperature": long } }),
        json!({ "type": "question", "turn": TURN, "text": long }),
    ];
    let attack = async |_: &Server| {
        for message in messages {
            client.send(message).await;
            let error = client.expect("error").await;
            assert!(
                error.to_string().len() < 400,
                "{} bytes",
                error.to_string().len()
            );
        }
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn questions_beyond_the_rate_are_told_when_to_come_again() {
    let mut scene = Scene::set("questions_per_minute = 2").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        still_answers(&mut client).await;
        still_answers(&mut client).await;
        client.ask("q").await;
        let error = client.expect("error").await;
        assert_eq!(error["code"], "rate_limited");
        let wait = error["retry_after_ms"].as_u64().unwrap();
        assert!((1..=30_000).contains(&wait), "{wait}");
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn a_second_question_while_one_is_answered_is_refused_and_the_first_goes_on() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        let turn = client.ask_accepted("stay").await;
        client.expect("chunk").await;
        client.ask("q").await;
        assert_eq!(client.expect("error").await["code"], "busy");
        let other = Uuid::now_v7();
        client.resume(other, 0).await;
        assert_eq!(client.expect("error").await["code"], "busy");
        client.cancel(turn).await;
        assert_eq!(client.expect("complete").await["outcome"], "cancelled");
        still_answers(&mut client).await;
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
}
