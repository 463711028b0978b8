//! What one user, one address and all together may take: who is refused hears why and until when, and loses nothing.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    client::{Browser, Client},
    fake::{Fake, Script},
    harness::Server,
    http::{Reply, ask_at, request},
};

/// Asks, and reads the refusal.
async fn refused(client: &mut Client, text: &str) -> Value {
    client.ask(text).await;
    let error = client.expect("error").await;
    assert_eq!(error["code"], "rate_limited", "{error}");
    assert_eq!(error.get("turn"), None, "{error}");
    error
}

/// What somebody is told who asks for a session with this cookie.
async fn knock(server: &Server, browser: &Browser) -> Reply {
    let cookie = browser.cookie().await.unwrap();
    let lines = format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\
         Cookie: {cookie}\r\n"
    );
    ask_at(server.address, &request("GET", "/ws", &lines)).await
}

/// What somebody with this cookie is told of who they are.
async fn who(server: &Server, browser: &Browser) -> Value {
    let cookie = format!("Cookie: {}\r\n", browser.cookie().await.unwrap());
    let reply = ask_at(server.address, &request("GET", "/api/v1/me", &cookie)).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Milliseconds until midnight, UTC, as they are now.
fn rest_of_day() -> u64 {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    DAY - askd::store::now() % DAY
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_another_one_its_own() {
    let server = Server::start("[limits.user]\nsessions = 1\n");
    let first = server.connect().await;
    let reply = knock(&server, &server.browser).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("5"))
    );
    let body = reply.json();
    assert_eq!(
        (&body["code"], &body["retry_after_ms"]),
        (&json!("rate_limited"), &json!(5_000))
    );
    // A page cannot read that, and asks for it.
    let me = who(&server, &server.browser).await["session_refused"].take();
    assert_eq!(
        (&me["code"], &me["retry_after_ms"]),
        (&body["code"], &body["retry_after_ms"])
    );
    assert_eq!(me["message"], body["message"]);
    assert_eq!(
        me["message"],
        "You have as many sessions open as you may, until you close a tab; ask again in 5 seconds."
    );
    let elsewhere = Browser::default();
    let stranger = Client::connect(server.address, &elsewhere).await;
    stranger.leave(1001).await;
    server
        .until("has room", |counts| counts.sessions == 1)
        .await;
    let other = who(&server, &elsewhere).await;
    assert_eq!(other.get("session_refused"), None, "{other}");
    server.reload("[limits.user]\nsessions = 2\n");
    assert_eq!(knock(&server, &server.browser).await.status, 101);
    first.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn questions_a_minute_are_counted_over_all_of_a_users_sessions() {
    let server = Server::start("[limits.user]\nquestions_per_minute = 2\n");
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    for client in [&mut one, &mut two] {
        let turn = client.ask("What is staking?").await;
        assert_eq!(client.read(turn).await.outcome, "stop");
    }
    let error = refused(&mut one, "And liquid staking?").await;
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!((20_000..=30_000).contains(&wait), "{error}");
    let mut stranger = Client::connect(server.address, &Browser::default()).await;
    let turn = stranger.ask("What is staking?").await;
    assert_eq!(stranger.read(turn).await.outcome, "stop");
    server.reload("");
    let turn = one.ask("And liquid staking?").await;
    assert_eq!(one.read(turn).await.outcome, "stop");
    server.stop().await;
}

#[tokio::test]
async fn a_question_that_is_asked_again_under_its_id_is_answered_and_not_refused() {
    let server = Server::start("[limits.address]\nquestions_per_minute = 1\n");
    let mut client = server.connect().await;
    let turn = client.ask("What is staking?").await;
    let answer = client.read(turn).await;
    client
        .send(json!({ "type": "question", "turn": turn, "text": "What is staking?" }))
        .await;
    assert_eq!(client.read(turn).await.text, answer.text);
    refused(&mut client, "What else?").await;
    server.stop().await;
}

#[tokio::test]
async fn answers_at_once_are_counted_over_sessions_and_an_end_makes_room() {
    let fake = Fake::start().await;
    fake.always(Script::in_two());
    let server = Server::with_fake(&fake, "", "[limits.user]\nanswers_at_once = 2\n");
    let mut clients = [server.connect().await, server.connect().await];
    let mut turns = vec![];
    for client in &mut clients {
        turns.push(client.ask_accepted("q").await);
        assert_eq!(client.expect("chunk").await["text"], "one, ");
    }
    let mut third = server.connect().await;
    let error = refused(&mut third, "q").await;
    // Nothing has ended here yet, and what runs has run for a moment.
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!((1_000..=20_000).contains(&wait), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("You have 2 answers running")
            && message.contains("; ask again in about "),
        "{message}"
    );
    clients[0].cancel(turns[0]).await;
    assert_eq!(clients[0].expect("complete").await["outcome"], "cancelled");
    // The end is told once there is room.
    let turn = third.ask_accepted("q").await;
    fake.gate("more").release();
    assert_eq!(third.read(turn).await.text, "one, two");
    server.stop().await;
}

#[tokio::test]
async fn a_flood_of_refusals_is_one_line_of_the_log() {
    let server = Server::start("[limits.all]\nquestions_per_minute = 1\n");
    let mut client = server.connect().await;
    let turn = client.ask("What is staking?").await;
    client.read(turn).await;
    for _ in 0..20 {
        refused(&mut client, "q").await;
    }
    let lines = server.log.lines("refused for a limit");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("127.0.0.1"), "{lines:?}");
    server.stop().await;
}

/// A server with this budget of tokens on a file that outlives it.
fn budgeted(fake: &Fake, folder: &TempDir, budget: &str) -> Server {
    let path = folder.path().join("askd.db");
    Server::with_fake(
        fake,
        "",
        &format!("[limits.user]\ntokens_per_day = {budget}\n[store]\npath = {path:?}\n"),
    )
}

#[tokio::test]
async fn the_days_tokens_are_those_that_the_endpoint_tells_and_a_restart_gives_no_new_day() {
    let (fake, folder) = (Fake::start().await, TempDir::new().unwrap());
    let told = |prompt, completion| {
        let script = Script::new().sse().text("a").finish("stop");
        script.usage(prompt, completion).done()
    };
    let server = budgeted(&fake, &folder, "100");
    let mut client = server.connect().await;
    for (prompt, completion) in [(60, 39), (500, 1)] {
        fake.then(told(prompt, completion));
        let turn = client.ask("q").await;
        assert_eq!(client.read(turn).await.outcome, "stop");
    }
    let error = refused(&mut client, "q").await;
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!(wait.abs_diff(rest_of_day()) < 60_000, "{error}");
    client.leave(1001).await;
    let server = server.restart(|| budgeted(&fake, &folder, "600")).await;
    let mut client = server.connect().await;
    refused(&mut client, "q").await;
    fake.then(told(1, 1));
    let path = folder.path().join("askd.db");
    server.reload(&format!(
        "[[endpoint]]\nname = \"fake\"\nbase_url = \"{}\"\nmodel = \"m\"\nretries = 0\n\
         [limits.user]\ntokens_per_day = 601\n[store]\npath = {path:?}\n",
        fake.base_url()
    ));
    let turn = client.ask("q").await;
    assert_eq!(client.read(turn).await.outcome, "stop");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_stopped_before_its_tokens_are_told_costs_what_has_come() {
    let (fake, folder) = (Fake::start().await, TempDir::new().unwrap());
    // A question of 4 bytes is 5 tokens with what a message costs; 4,000 bytes are 1,000.
    let server = budgeted(&fake, &folder, "1005");
    let mut client = server.connect().await;
    fake.then(Script::new().sse().text(&"x".repeat(3_996)).gate("more"));
    let turn = client.ask_accepted("1234").await;
    client.expect("chunk").await;
    client.cancel(turn).await;
    client.expect("complete").await;
    // 1,004: there is one left.
    fake.then(Script::answer(&["y"]));
    let turn = client.ask("1234").await;
    assert_eq!(client.read(turn).await.outcome, "stop");
    refused(&mut client, "1234").await;
    server.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_gives_nothing_costs_nothing_and_neither_does_askds_own_knowledge() {
    let fake = Fake::start().await;
    fake.always(Script::refuse(400, "no"));
    let server = Server::with_fake(&fake, "", "[limits.all]\ntokens_per_day = 1\n");
    let mut client = server.connect().await;
    for _ in 0..3 {
        let turn = client.ask_accepted("q").await;
        assert_eq!(client.read(turn).await.outcome, "failed");
    }
    server.stop_expecting(&["turn failed"]).await;
    let server = Server::start("[limits.all]\ntokens_per_day = 1\n");
    let mut client = server.connect().await;
    for _ in 0..3 {
        let turn = client.ask("What is staking?").await;
        assert_eq!(client.read(turn).await.outcome, "stop");
    }
    server.stop().await;
}
