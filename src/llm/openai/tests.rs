use std::collections::HashMap;

use super::*;
use crate::{
    answer::Usage,
    llm::{Delta, Finish, Message, Role},
};

fn endpoint(base_url: &str) -> Endpoint {
    Endpoint {
        name: "test".to_owned(),
        base_url: base_url.parse().unwrap(),
        models: vec!["m".to_owned()],
        api_key: Some(Secret::new("sk-very-secret")),
        api_key_header: None,
        system_prompt: None,
        temperature: None,
        max_tokens: None,
        headers: vec![("x-org".to_owned(), Secret::new("org-secret-1"))],
        extra_body: Map::new(),
        usage: true,
        context: 1000,
        concurrency: 1,
        queue: 1,
        connect_timeout: Duration::from_secs(1),
        first_chunk_timeout: Duration::from_secs(1),
        chunk_timeout: Duration::from_secs(1),
        total_timeout: Duration::from_secs(1),
        retries: 0,
    }
}

fn model(endpoint: &Endpoint) -> OpenAi {
    OpenAi::new(endpoint).unwrap()
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "m".to_owned(),
        messages: vec![Message {
            role: Role::User,
            content: "q".to_owned(),
        }],
        temperature: Some(0.7),
        max_tokens: Some(9),
    }
}

async fn read(events: &[&str]) -> Vec<Result<Delta, LlmError>> {
    let text: String = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    let body = futures_util::stream::iter([Ok(Bytes::from(text))]);
    let redact = Arc::new(Redact::of(&endpoint("http://h/v1?key=query-secret")));
    Answering::new(body, redact).deltas().collect().await
}

fn text(text: &str) -> Result<Delta, LlmError> {
    Ok(Delta::Text(text.to_owned()))
}

fn end(finish: Finish) -> Result<Delta, LlmError> {
    Ok(Delta::Finish(finish))
}

const HELLO: &str = r#"{"choices":[{"index":0,"delta":{"content":"hello"}}]}"#;

#[test]
fn the_query_string_stays_behind_the_path() {
    let azure = model(&endpoint(
        "https://x.example/openai/deployments/d/?api-version=1",
    ));
    assert_eq!(
        azure.url.as_str(),
        "https://x.example/openai/deployments/d/chat/completions?api-version=1"
    );
}

#[test]
fn the_key_goes_where_the_endpoint_wants_it() {
    let mut endpoint = endpoint("http://h/v1");
    let headers = |endpoint: &Endpoint| model(endpoint).headers;
    let bearer = headers(&endpoint);
    assert_eq!(bearer[AUTHORIZATION], "Bearer sk-very-secret");
    assert_eq!(bearer["x-org"], "org-secret-1");
    endpoint.api_key_header = Some("api-key".to_owned());
    let bare = headers(&endpoint);
    assert_eq!(bare["api-key"], "sk-very-secret");
    assert!(!bare.contains_key(AUTHORIZATION));
    assert!(!format!("{bare:?}").contains("secret"));
}

#[test]
fn the_body_has_what_was_asked_and_the_operator_wins() {
    let mut endpoint = endpoint("http://h/v1");
    let sent = model(&endpoint).body(&request());
    let expected = json!({
        "model": "m", "messages": [{ "role": "user", "content": "q" }], "stream": true,
        "temperature": 0.7, "max_tokens": 9, "stream_options": { "include_usage": true },
    });
    assert_eq!(sent, expected);
    endpoint
        .extra_body
        .insert("temperature".to_owned(), json!(0));
    assert_eq!(model(&endpoint).body(&request())["temperature"], 0);
}

#[tokio::test]
async fn the_shapes_of_real_endpoints_are_understood() {
    let role = r#"{"choices":[{"delta":{"role":"assistant","content":null}}],"usage":null}"#;
    let finish = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"more":{}}}"#;
    let counted = Usage {
        prompt_tokens: 3,
        completion_tokens: 5,
    };
    let counts = || Ok(Delta::Usage(counted));
    let stop = || end(Finish::Stop);
    let whole = read(&[role, HELLO, finish, usage, "[DONE]"]).await;
    assert_eq!(whole, [text("hello"), stop(), counts()]);
    assert_eq!(read(&[HELLO, "[DONE]"]).await, [text("hello"), stop()]);
    assert_eq!(read(&[HELLO, finish]).await, [text("hello"), stop()]);
    let floating = r#"{"choices":[],"usage":{"prompt_tokens":3.0,"completion_tokens":5.0}}"#;
    assert_eq!(read(&[finish, floating]).await, [stop(), counts()]);
}

#[tokio::test]
async fn thinking_is_kept_apart_and_said_once() {
    let both =
        r#"{"choices":[{"delta":{"reasoning":"hm","reasoning_content":"hm","content":""}}]}"#;
    let newer =
        r#"{"choices":[{"delta":{"reasoning":"so","content":"yes"},"finish_reason":"length"}]}"#;
    let thought = |text: &str| Ok(Delta::Reasoning(text.to_owned()));
    assert_eq!(
        read(&[both, newer]).await,
        [
            thought("hm"),
            thought("so"),
            text("yes"),
            end(Finish::Length)
        ]
    );
}

#[tokio::test]
async fn thinking_in_the_answers_own_text_is_kept_apart_also_when_it_breaks_off() {
    let thinking = |text: &str| Ok(Delta::Reasoning(text.to_owned()));
    let say = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
    let (one, two, three) = (say("<thi"), say("nk>hm</"), say("think> yes"));
    let told = read(&[&one, &two, &three, "[DONE]"]).await;
    assert_eq!(told, [thinking("hm"), text("yes"), end(Finish::Stop)]);
    let broken = read(&[&one, &two]).await;
    assert_eq!(broken[..2], [thinking("hm"), thinking("</")]);
    assert!(matches!(broken[2..], [Err(LlmError::Broken(_))]));
    // Who tells thinking apart means what else is written so.
    let apart = r#"{"choices":[{"delta":{"reasoning":"so"}}]}"#;
    let told = read(&[apart, &say("<think>"), "[DONE]"]).await;
    assert_eq!(told, [thinking("so"), text("<think>"), end(Finish::Stop)]);
}

#[tokio::test]
async fn half_an_answer_is_never_a_whole_one() {
    let cut = read(&[HELLO]).await;
    assert_eq!(cut[0], text("hello"));
    assert!(matches!(cut[1], Err(LlmError::Broken(_))), "{cut:?}");
    assert_eq!(cut.len(), 2);
}

#[tokio::test]
async fn a_model_that_wants_a_tool_has_not_answered() {
    for reason in ["tool_calls", "function_call"] {
        let wants = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let got = read(&[HELLO, &wants, "[DONE]"]).await;
        assert_eq!(got[0], text("hello"));
        assert!(
            matches!(&got[1..], [Err(LlmError::Malformed(why))] if why.contains("tool")),
            "{got:?}"
        );
    }
}

#[tokio::test]
async fn an_error_inside_the_stream_is_told_without_its_secrets() {
    let said = r#"{"error":{"message":"key sk-very-secret and query-secret of org-secret-1 spent","code":1}}"#;
    let got = read(&[HELLO, said]).await;
    let Some(Err(error)) = got.last() else {
        panic!("{got:?}")
    };
    assert!(
        error.to_string().contains("key *** and *** of *** spent"),
        "{error}"
    );
}

#[tokio::test]
async fn garbage_is_malformed() {
    for garbage in ["{", "[]", "hello", r#"{"choices":3}"#] {
        let got = read(&[garbage]).await;
        assert!(
            matches!(got.as_slice(), [Err(LlmError::Malformed(_))]),
            "{garbage}: {got:?}"
        );
    }
}

#[test]
fn the_words_of_a_refusal_are_found_in_every_shape() {
    let shapes = HashMap::from([
        (r#"{"error":{"message":"a"}}"#, Some("a")),
        (r#"{"error":"b"}"#, Some("b")),
        (r#"{"detail":"c"}"#, Some("c")),
        (r#"{"message":"d"}"#, Some("d")),
        (
            r#"{"detail":[{"loc":["body"],"msg":"g"},{"msg":"h"}]}"#,
            Some("g"),
        ),
        (r#""e""#, Some("e")),
        (" f \n", Some("f")),
        ("", None),
        ("{}", None),
    ]);
    for (body, words) in shapes {
        assert_eq!(
            decode::error_words(body.as_bytes()).as_deref(),
            words,
            "{body}"
        );
    }
}

#[test]
fn a_retry_after_is_read_as_seconds_and_as_a_date() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
    assert_eq!(retry_after(" 0.5 ", now), Some(Duration::from_millis(500)));
    assert_eq!(
        retry_after("Sun, 06 Nov 1994 08:50:00 GMT", now),
        Some(Duration::from_secs(23))
    );
    assert_eq!(retry_after("1.8e19", now), Some(MAX_RETRY_AFTER));
    for nonsense in [
        "-1",
        "soon",
        "1e400",
        "NaN",
        "",
        "Sun, 06 Nov 1994 08:49:00 GMT",
    ] {
        assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
    }
}
