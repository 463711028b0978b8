//! A reader leaves, and what becomes of the answer then.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    client::{Answer, Client},
    fake::{Fake, Request, Script},
    harness::{Server, soon},
};

/// A reader who has got the first piece of an answer; the second waits for the gate "more".
async fn mid_answer(server: &Server, fake: &Fake) -> (Client, Uuid, Arc<Request>) {
    let number = fake.requests().len();
    fake.then(Script::in_two());
    let mut client = server.connect().await;
    let turn = client.ask_accepted("q").await;
    assert_eq!(client.expect("chunk").await["text"], "one, ");
    (client, turn, fake.request(number).await)
}

fn on_leave(fake: &Fake, on_leave: &str) -> Server {
    Server::with_fake(fake, "", &format!("[session]\non_leave = \"{on_leave}\""))
}

/// What a session that comes now is told of a turn.
async fn read_again(server: &Server, turn: Uuid) -> Answer {
    let mut client = server.connect().await;
    client.resume(turn, 0).await;
    let answer = client.read(turn).await;
    client.leave(1001).await;
    answer
}

#[tokio::test]
async fn with_stop_the_endpoint_is_let_go_and_what_came_is_kept() {
    let fake = Fake::start().await;
    let server = on_leave(&fake, "stop");
    let (client, turn, request) = mid_answer(&server, &fake).await;
    client.leave(1001).await;
    soon("closed upstream", request.closed()).await;
    let answer = read_again(&server, turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("one, ", "interrupted")
    );
    assert_eq!(answer.complete["cause"], "left");
    server.stop().await;
}

#[tokio::test]
async fn with_a_grace_the_endpoint_is_let_go_after_it_and_not_before() {
    const GRACE: Duration = Duration::from_millis(200);
    let fake = Fake::start().await;
    let server = on_leave(&fake, "200ms");
    let (client, turn, request) = mid_answer(&server, &fake).await;
    let left = Instant::now();
    client.leave(1001).await;
    let closed = soon("closed upstream", request.closed()).await;
    assert!(closed - left >= GRACE, "{:?}", closed - left);
    server.until("over", |counts| counts.turns == 0).await;
    let answer = read_again(&server, turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("one, ", "interrupted")
    );
    assert_eq!(answer.complete["cause"], "left");
    server.stop().await;
}

#[tokio::test]
async fn with_finish_the_answer_goes_on_to_its_end_and_can_be_had_later() {
    let fake = Fake::start().await;
    let server = on_leave(&fake, "finish");
    let (client, turn, request) = mid_answer(&server, &fake).await;
    client.reset();
    server.until("left", |counts| counts.sessions == 0).await;
    assert_eq!(server.counts().turns, 1);
    fake.gate("more").release();
    server.until("over", |counts| counts.turns == 0).await;
    assert!(request.finished());
    let answer = read_again(&server, turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("one, two", "stop")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_goodbye_stops_at_once_whatever_on_leave_says() {
    for rule in ["stop", "1h", "finish"] {
        let fake = Fake::start().await;
        let server = on_leave(&fake, rule);
        let (client, turn, request) = mid_answer(&server, &fake).await;
        client.leave(1000).await;
        soon("closed upstream", request.closed()).await;
        server.until("over", |counts| counts.turns == 0).await;
        let answer = read_again(&server, turn).await;
        assert_eq!(answer.outcome, "interrupted", "on_leave = {rule:?}");
        assert_eq!(answer.complete["cause"], "left");
        let said = server.log.lines("the client said goodbye");
        assert_eq!(said.len(), 1, "{said:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_goodbye_of_one_leaves_the_other_its_answer() {
    let fake = Fake::start().await;
    let server = on_leave(&fake, "stop");
    let (first, turn, _) = mid_answer(&server, &fake).await;
    let mut second = server.connect().await;
    second.resume(turn, 0).await;
    second.expect("accepted").await;
    first.leave(1000).await;
    server
        .until("one left", |counts| counts.sessions == 1)
        .await;
    fake.gate("more").release();
    let answer = second.read(turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("one, two", "stop")
    );
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_turn_goes_on_until_its_last_follower_has_gone() {
    let fake = Fake::start().await;
    let server = on_leave(&fake, "stop");
    let (first, turn, request) = mid_answer(&server, &fake).await;
    let mut second = server.connect().await;
    second.resume(turn, 0).await;
    second.expect("accepted").await;
    assert_eq!(second.expect("chunk").await["text"], "one, ");
    first.leave(1001).await;
    server
        .until("one left", |counts| counts.sessions == 1)
        .await;
    second.expect_silence().await;
    assert_eq!((server.counts().turns, fake.running()), (1, 1));
    second.reset();
    soon("closed upstream", request.closed()).await;
    server.until("over", |counts| counts.turns == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_refresh_within_the_grace_gets_every_byte_once() {
    let fake = Fake::start().await;
    let server = on_leave(&fake, "1h");
    let (client, turn, request) = mid_answer(&server, &fake).await;
    client.leave(1001).await;
    server.until("left", |counts| counts.sessions == 0).await;
    let mut client = server.connect().await;
    client.resume(turn, 1).await;
    assert_eq!(client.expect("accepted").await["after"], 1);
    fake.gate("more").release();
    let answer = client.read(turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("two", "stop")
    );
    assert!(request.finished());
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_leave_while_in_line_gives_the_place_to_the_next() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "concurrency = 1", "[session]\non_leave = \"stop\"");
    let (first, _, request) = mid_answer(&server, &fake).await;
    let mut waiting = HashMap::new();
    for place in 1..=2 {
        let mut client = server.connect().await;
        let turn = client.ask_accepted(&place.to_string()).await;
        assert_eq!(client.expect("queued").await["position"], place);
        waiting.insert(place, (client, turn));
    }
    let (second, _) = waiting.remove(&1).unwrap();
    second.leave(1001).await;
    let (mut third, turn) = waiting.remove(&2).unwrap();
    assert_eq!(third.expect("queued").await["position"], 1);
    first.leave(1001).await;
    soon("closed upstream", request.closed()).await;
    assert_eq!(third.read(turn).await.outcome, "stop");
    let asked: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.question().to_owned())
        .collect();
    assert_eq!(asked, ["q", "2"], "who left the line is never asked for");
    third.leave(1001).await;
    server.stop().await;
}
