//! A question's way through: what reaches the endpoint, and what reaches the reader.

use serde_json::json;
use uuid::Uuid;

use crate::{
    fake::{Fake, Script},
    harness::Server,
};

#[tokio::test]
async fn the_first_frame_says_who_answers_and_what_is_allowed() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "[session]\nmax_question = \"2 KiB\"");
    let client = server.connect().await;
    let status = &client.status;
    assert_eq!(status["state"], "ready");
    assert_eq!(status["protocol"], 1);
    assert_eq!(status["limits"]["question_bytes"], 2048);
    assert_eq!(
        status["endpoints"],
        json!([{ "name": "fake", "models": ["m"], "takes_options": true }])
    );
    assert_eq!(status["on_leave"], "3s");
    assert_eq!(status["documents"], false);
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn each_chunk_reaches_the_reader_as_it_comes() {
    let fake = Fake::start().await;
    fake.then(
        Script::new()
            .sse()
            .role()
            .text("one")
            .gate("between")
            .text(" two")
            .finish("stop")
            .usage(3, 2)
            .done(),
    );
    let server = Server::with_fake(&fake, "", "");
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    let chunk = client.expect("chunk").await;
    assert_eq!(
        (chunk["text"].as_str(), chunk["seq"].as_u64()),
        (Some("one"), Some(1))
    );
    fake.gate("between").release();
    let chunk = client.expect("chunk").await;
    assert_eq!(
        (chunk["text"].as_str(), chunk["seq"].as_u64()),
        (Some(" two"), Some(2))
    );
    let complete = client.expect("complete").await;
    assert_eq!(complete["turn"], turn.to_string());
    assert_eq!(complete["outcome"], "stop");
    assert_eq!(
        complete["usage"],
        json!({ "prompt_tokens": 3, "completion_tokens": 2 })
    );
    assert!(complete["timing"]["first_chunk_ms"].is_u64());
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn thinking_comes_on_its_own_channel() {
    let fake = Fake::start().await;
    fake.then(
        Script::new()
            .sse()
            .reasoning_content("hm")
            .reasoning("!")
            .text("yes")
            .finish("stop")
            .done(),
    );
    let server = Server::with_fake(&fake, "", "");
    let mut client = server.connect().await;
    let turn = client.ask("q").await;
    let answer = client.read(turn).await;
    assert_eq!(
        (answer.reasoning.as_str(), answer.text.as_str()),
        ("hm!", "yes")
    );
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn thinking_that_a_model_writes_into_its_answer_comes_on_that_channel_too() {
    let fake = Fake::start().await;
    let pieces = [
        "<th",
        "ink>\nhm",
        "!</thi",
        "nk>\n",
        "\nWrite <think> ",
        "so.",
    ];
    let script = pieces
        .iter()
        .fold(Script::new().sse(), |script, piece| script.text(piece));
    fake.then(script.finish("stop").done());
    let server = Server::with_fake(&fake, "", "");
    let mut client = server.connect().await;
    let turn = client.ask("q").await;
    let answer = client.read(turn).await;
    assert_eq!(
        (answer.reasoning.as_str(), answer.text.as_str()),
        ("hm!", "Write <think> so.")
    );
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn the_endpoint_hears_key_system_text_and_the_conversation_so_far() {
    let fake = Fake::start().await;
    let endpoint = "api_key = \"sk-test-key\"\nsystem_prompt = \"be brief\"\ntemperature = 0.5\n\
                    extra_body = { seed = 7 }\nheaders = { \"x-team\" = \"blue\" }";
    let server = Server::with_fake(&fake, endpoint, "");
    let mut client = server.connect().await;
    let conversation = Uuid::now_v7();
    for text in ["first", "second"] {
        let turn = Uuid::now_v7();
        client.send(json!({ "type": "question", "turn": turn, "text": text, "conversation": conversation })).await;
        assert_eq!(client.read(turn).await.outcome, "stop");
    }
    let request = fake.request(1).await;
    assert_eq!(
        (request.method(), request.path()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(request.header("authorization"), Some("Bearer sk-test-key"));
    assert_eq!(request.header("x-team"), Some("blue"));
    let expected = json!({
        "model": "m", "stream": true, "stream_options": { "include_usage": true }, "temperature": 0.5, "seed": 7,
        "messages": [
            { "role": "system", "content": "be brief" },
            { "role": "user", "content": "first" },
            { "role": "assistant", "content": "Hello there." },
            { "role": "user", "content": "second" },
        ],
    });
    assert_eq!(request.json(), &expected);
    assert!(server.log.lines("sk-test-key").is_empty());
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_questions_options_reach_the_endpoint_within_its_own_limit() {
    let fake = Fake::start().await;
    let endpoint = "temperature = 0.5\nmax_tokens = 1000";
    let server = Server::with_fake(&fake, endpoint, "");
    let mut client = server.connect().await;
    let asked = [
        (json!({ "temperature": 1.3, "max_tokens": 300 }), 1.3, 300),
        (json!({ "temperature": 0, "max_tokens": 4000 }), 0.0, 1000),
        (json!({}), 0.5, 1000),
    ];
    for (number, (options, temperature, max_tokens)) in asked.into_iter().enumerate() {
        let turn = Uuid::now_v7();
        client
            .send(json!({ "type": "question", "turn": turn, "text": "q", "options": options }))
            .await;
        assert_eq!(client.read(turn).await.outcome, "stop");
        let request = fake.request(number).await;
        let body = request.json();
        assert_eq!(body["temperature"].as_f64(), Some(temperature), "{options}");
        assert_eq!(body["max_tokens"], max_tokens, "{options}");
    }
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn without_an_endpoint_the_built_in_knowledge_answers_with_its_source() {
    let server = Server::start("");
    let mut client = server.connect().await;
    let turn = client.ask("What is impermanent loss?").await;
    let answer = client.read(turn).await;
    assert_eq!(answer.outcome, "stop");
    assert!(answer.text.contains("pool"), "{}", answer.text);
    let best = &answer.sources[0];
    assert_eq!(
        (best["n"].as_u64(), best["title"].as_str()),
        (Some(1), Some("Impermanent loss"))
    );
    assert!(best["score"].as_f64().unwrap() > 0.5, "{best}");

    let turn = client.ask("Who won the football match yesterday?").await;
    let answer = client.read(turn).await;
    assert!(answer.sources.is_empty());
    assert!(
        answer.text.contains("nothing on this question"),
        "{}",
        answer.text
    );
    client.leave(1001).await;
    server.stop().await;
}
