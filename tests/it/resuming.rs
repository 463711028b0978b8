//! Resuming: however often a connection is lost, the text is the endpoint's, byte for byte.

use std::{collections::HashSet, ops::Range, pin::pin, sync::Arc, time::Duration};

use fastrand::Rng;
use futures_util::{
    SinkExt, StreamExt,
    future::{Either, join, select},
    stream,
};
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::{
    client::{Answer, Client},
    fake::{Fake, Script},
    harness::{Seed, Server, soon},
};

/// Runs at once.
const ABREAST: usize = 24;
/// Drops after which a run is read to its end.
const MAX_DROPS: usize = 8;
/// Letters of one to four bytes, and what JSON and SSE treat in ways of their own.
const LETTERS: &[&str] = &[
    "a",
    "b",
    " ",
    "\n",
    "\r",
    "\"",
    "\\",
    "\t",
    "é",
    "ß",
    "→",
    "字",
    "🦀",
    "👩‍🔬",
    "\u{0}",
    "\u{2028}",
    "data: ",
];

/// What an endpoint says, and where it pauses.
pub struct Story {
    /// Each piece with whether it is thinking.
    pieces: Vec<(bool, String)>,
    /// Sizes of the writes that the events are cut into.
    cuts: Vec<usize>,
    /// The pieces before which it waits for a gate.
    pauses: HashSet<usize>,
    /// The time before each event.
    pace: Duration,
    /// Whether it ends with an error.
    fails: bool,
}

impl Story {
    /// One of as many as there are seeds.
    pub fn of(seed: u64) -> Self {
        Self::of_length(seed, 1..40)
    }

    /// One of so many pieces.
    pub fn of_length(seed: u64, length: Range<usize>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(length);
        let mut thinking = rng.bool();
        let mut pieces = Vec::new();
        for _ in 0..count {
            if rng.u8(..5) == 0 {
                thinking = !thinking;
            }
            let text = (0..rng.usize(1..12)).map(|_| *rng.choice(LETTERS).unwrap());
            pieces.push((thinking, text.collect()));
        }
        Self {
            pieces,
            cuts: (0..rng.usize(1..5)).map(|_| rng.usize(1..300)).collect(),
            pauses: (0..rng.usize(..6)).map(|_| rng.usize(..count)).collect(),
            pace: Duration::ZERO,
            fails: false,
        }
    }

    /// The same, told in one breath.
    pub fn without_pauses(mut self) -> Self {
        self.pauses.clear();
        self
    }

    /// The same, with so much time before each event and no pause.
    pub fn paced(self, pace: Duration) -> Self {
        Self {
            pace,
            ..self.without_pauses()
        }
    }

    /// The same, with an error for its end.
    pub fn failing(self) -> Self {
        Self {
            fails: true,
            ..self
        }
    }

    /// Whether it ends with an error.
    pub fn fails(&self) -> bool {
        self.fails
    }

    /// Its pieces, each of which is an event.
    pub fn length(&self) -> u64 {
        self.pieces.len() as u64
    }

    /// What the endpoint does; its gates begin with `name`.
    pub fn script(&self, name: &str) -> Script {
        let mut script = Script::new()
            .sse()
            .role()
            .split_at(&self.cuts)
            .pace(self.pace);
        for (at, (thinking, text)) in self.pieces.iter().enumerate() {
            if self.pauses.contains(&at) {
                script = script.gate(&gate(name, at));
            }
            script = if *thinking {
                script.reasoning_content(text)
            } else {
                script.text(text)
            };
        }
        if self.fails {
            return script.error("out of breath").done();
        }
        script.finish("stop").done()
    }

    fn told(&self, wanted: bool) -> String {
        self.told_behind(0, wanted)
    }

    /// What is thought, or said, behind this event.
    pub fn told_behind(&self, after: u64, wanted: bool) -> String {
        let after = usize::try_from(after).unwrap();
        told(self.pieces.get(after..).unwrap_or_default(), wanted)
    }

    /// What is thought, or said, up to this event.
    pub fn told_up_to(&self, event: u64, wanted: bool) -> String {
        let (pieces, _) = self.pieces.split_at(usize::try_from(event).unwrap());
        told(pieces, wanted)
    }
}

fn told(pieces: &[(bool, String)], wanted: bool) -> String {
    let texts = pieces.iter();
    let texts = texts.filter_map(|(thinking, text)| (*thinking == wanted).then_some(text));
    texts.map(String::as_str).collect()
}

fn gate(name: &str, at: usize) -> String {
    format!("{name} {at}")
}

/// Opens the story's gates, each some while after it has been reached.
async fn go_on(fake: &Fake, name: &str, story: &Story, mut rng: Rng) {
    for at in 0..story.pieces.len() {
        if story.pauses.contains(&at) {
            let gate = fake.gate(&gate(name, at));
            soon("at a gate", gate.reached(1)).await;
            for _ in 0..rng.usize(..100) {
                yield_now().await;
            }
            gate.release();
        }
    }
}

/// Takes in what a resumed session says; where it says that it begins anew, so does the answer.
pub fn take(answer: &mut Answer, message: &Value, turn: Uuid, asked_for: u64) -> bool {
    if message["type"] == "accepted" {
        let after = message["after"].as_u64().unwrap();
        assert!(after == asked_for || after == 0, "{message}");
        if after == 0 {
            *answer = Answer::default();
        }
        assert_eq!(after, answer.seq, "{message}");
    }
    answer.take(message, turn)
}

/// One reader whose connection is lost again and again; gives what it has read, and how often it was lost.
async fn read_with_drops(server: &Server, name: &str, mut rng: Rng) -> (Answer, usize) {
    let (turn, mut answer, mut accepted) = (Uuid::now_v7(), Answer::default(), false);
    for drops in 0.. {
        let mut client = server.connect().await;
        let after = match rng.u8(..10) {
            _ if !accepted => 0,
            0 => 0,
            1 => answer.seq + 1_000_000,
            _ => answer.seq,
        };
        if accepted {
            client.resume(turn, after).await;
        } else {
            // It may have been heard before the connection was lost, or not: asking again is asking once.
            client
                .send(json!({ "type": "question", "turn": turn, "text": name }))
                .await;
        }
        let frames = match drops {
            MAX_DROPS.. => usize::MAX,
            _ => rng.usize(..7),
        };
        for _ in 0..frames {
            let message = client.next().await;
            accepted |= message["type"] == "accepted";
            if take(&mut answer, &message, turn, after) {
                client.expect_silence().await;
                client.leave(1001).await;
                return (answer, drops);
            }
        }
        match rng.bool() {
            true => client.leave(1001).await,
            false => client.reset(),
        }
    }
    unreachable!("the last connection is kept")
}

#[tokio::test]
async fn a_thousand_readers_with_lost_connections_get_every_byte_once() {
    lose_and_resume(1000).await;
}

/// The same where writer and readers of a log run at the same moment. The log of other threads is not looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_on_several_threads_get_every_byte_once() {
    lose_and_resume(250).await;
}

async fn lose_and_resume(count: u64) {
    let seed = Seed::any();
    let luck = |run: u64, salt: u64| Rng::with_seed(seed.0 ^ (run << 8) ^ salt).u64(..);
    let fake = Fake::start().await;
    let stories: Arc<Vec<Story>> =
        Arc::new((0..count).map(|run| Story::of(luck(run, 0))).collect());
    let told = stories.clone();
    fake.choose(move |request| {
        let name = request.question();
        told[name.parse::<usize>().unwrap()].script(name)
    });
    let server = Server::with_fake(
        &fake,
        &format!("concurrency = {ABREAST}"),
        "[session]\non_leave = \"finish\"",
    );
    let runs = stream::iter(0..count).map(|run| {
        let (server, fake, story) = (&server, &fake, &stories[run as usize]);
        async move {
            let name = run.to_string();
            let reading = read_with_drops(server, &name, Rng::with_seed(luck(run, 1)));
            let telling = go_on(fake, &name, story, Rng::with_seed(luck(run, 2)));
            // An answer that ends too early is told as what it is, not as a gate that nobody reaches.
            let (answer, drops) = match select(pin!(reading), pin!(telling)).await {
                Either::Left((read, _)) => read,
                Either::Right(((), reading)) => reading.await,
            };
            assert_eq!(answer.message, None, "run {run}");
            assert_eq!(answer.text, story.told(false), "run {run}");
            assert_eq!(answer.reasoning, story.told(true), "run {run}");
            assert_eq!(answer.outcome, "stop", "run {run}");
            assert_eq!(answer.seq, story.pieces.len() as u64 + 1, "run {run}");
            drops
        }
    });
    let drops: Vec<usize> = runs.buffer_unordered(ABREAST).collect().await;
    let drops: usize = drops.iter().sum();
    println!("{drops} connections lost in {count} runs");
    assert!(
        drops as u64 > count,
        "a test of lost connections loses some"
    );
    assert_eq!(fake.requests().len(), count as usize, "each is asked once");
    server.stop().await;
}

/// An answer that waits in its midst for the gate "more".
fn paused() -> Script {
    Script::new()
        .sse()
        .text("one, ")
        .text("two, ")
        .gate("more")
        .text("three")
        .finish("stop")
        .done()
}

/// Reads a turn's chunks until the log has been read up to this number.
async fn read_up_to(client: &mut Client, seq: u64) -> String {
    let (mut text, mut at) = (String::new(), 0);
    while at < seq {
        let chunk = client.expect("chunk").await;
        text.push_str(chunk["text"].as_str().unwrap());
        at = chunk["seq"].as_u64().unwrap();
    }
    text
}

#[tokio::test]
async fn a_question_sent_twice_is_asked_once_and_answered_from_the_start() {
    let fake = Fake::start().await;
    fake.then(paused());
    let server = Server::with_fake(&fake, "", "");
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    let turn = Uuid::now_v7();
    let question = json!({ "type": "question", "turn": turn, "text": "q" });
    first.send(question.clone()).await;
    let accepted = first.expect("accepted").await;
    assert_eq!(read_up_to(&mut first, 2).await, "one, two, ");
    // By the same session, which begins again, and by another.
    for client in [&mut first, &mut second] {
        client.send(question.clone()).await;
        assert_eq!(client.expect("accepted").await, accepted);
        assert_eq!(read_up_to(client, 2).await, "one, two, ");
    }
    fake.gate("more").release();
    for client in [&mut first, &mut second] {
        let answer = client.read(turn).await;
        assert_eq!(
            (answer.text.as_str(), answer.outcome.as_str()),
            ("three", "stop")
        );
        client.expect_silence().await;
    }
    // And when it has ended.
    first.send(question).await;
    assert_eq!(first.expect("accepted").await, accepted);
    assert_eq!(first.read(turn).await.text, "one, two, three");
    assert_eq!(fake.requests().len(), 1);
    first.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn two_sessions_on_one_turn_get_the_same_bytes() {
    let fake = Fake::start().await;
    fake.then(paused());
    let server = Server::with_fake(&fake, "", "");
    let mut first = server.connect().await;
    let turn = first.ask("q").await;
    fake.gate("more").reached(1).await;
    let mut second = server.connect().await;
    second.resume(turn, 0).await;
    second.expect("accepted").await;
    fake.gate("more").release();
    let (one, other) = join(first.read(turn), second.read(turn)).await;
    assert_eq!(one.text, "one, two, three");
    assert_eq!(
        (one.text, one.seq, one.complete),
        (other.text, other.seq, other.complete)
    );
    first.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_position_beyond_the_head_begins_anew() {
    let fake = Fake::start().await;
    fake.then(paused());
    let server = Server::with_fake(&fake, "", "");
    let mut first = server.connect().await;
    let turn = first.ask_accepted("q").await;
    assert_eq!(read_up_to(&mut first, 2).await, "one, two, ");
    let mut second = server.connect().await;
    second.resume(turn, 3).await;
    assert_eq!(second.expect("accepted").await["after"], 0);
    assert_eq!(read_up_to(&mut second, 2).await, "one, two, ");
    fake.gate("more").release();
    assert_eq!(second.read(turn).await.text, "three");
    for (after, begins_at) in [(4, 4), (5, 0), (u64::MAX, 0)] {
        second.resume(turn, after).await;
        assert_eq!(second.expect("accepted").await["after"], begins_at);
        if begins_at == 0 {
            assert_eq!(second.read(turn).await.text, "one, two, three");
        }
        second.expect_silence().await;
    }
    first.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

/// Asks in one session, one after the other; gives the turns.
async fn finished(client: &mut Client, questions: Range<u64>) -> Vec<Uuid> {
    let mut turns = Vec::new();
    for number in questions {
        let turn = client.ask(&number.to_string()).await;
        assert_eq!(client.read(turn).await.outcome, "stop");
        turns.push(turn);
    }
    turns
}

#[tokio::test]
async fn finished_turns_asked_for_in_one_breath_come_one_after_the_other() {
    let fake = Fake::start().await;
    fake.choose(|request| Script::answer(&["the answer to ", request.question()]));
    let server = Server::with_fake(&fake, "", "[session]\nquestions_per_minute = 0");
    let mut client = server.connect().await;
    let turns = finished(&mut client, 0..50).await;
    for turn in &turns {
        let resume = json!({ "type": "resume", "turn": turn, "after": 0 });
        client
            .socket
            .feed(Message::text(resume.to_string()))
            .await
            .unwrap();
    }
    client.socket.flush().await.unwrap();
    let mut answers = vec![Answer::default(); turns.len()];
    let mut left = turns.len();
    while left > 0 {
        let message = client.next().await;
        let of = turns
            .iter()
            .position(|turn| message["turn"] == turn.to_string());
        let of = of.unwrap_or_else(|| panic!("{message}"));
        left -= usize::from(answers[of].take(&message, turns[of]));
    }
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.text, format!("the answer to {number}"));
    }
    client.expect_silence().await;
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_session_follows_one_running_turn_at_a_time() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let mut client = server.connect().await;
    let old = finished(&mut client, 0..1).await[0];
    fake.then(paused());
    let running = client.ask_accepted("q").await;
    assert_eq!(read_up_to(&mut client, 2).await, "one, two, ");
    client.resume(old, 0).await;
    assert_eq!(client.expect("error").await["code"], "busy");
    client.ask("another").await;
    assert_eq!(client.expect("error").await["code"], "busy");
    // The same turn from elsewhere is no second one.
    client.resume(running, 1).await;
    assert_eq!(client.expect("accepted").await["after"], 1);
    assert_eq!(client.expect("chunk").await["text"], "two, ");
    fake.gate("more").release();
    assert_eq!(client.read(running).await.text, "three");
    client.resume(old, 0).await;
    assert_eq!(client.read(old).await.text, "Hello there.");
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_turn_is_said_to_be_that() {
    let server = Server::start("");
    let mut client = server.connect().await;
    client.resume(Uuid::now_v7(), 0).await;
    assert_eq!(client.expect("error").await["code"], "unknown_turn");
    client.leave(1001).await;
    server.stop().await;
}
