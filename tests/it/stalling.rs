//! A reader who stops reading: it holds up nobody, can be overruled, and is let go.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt, future::join};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::{
    client::Client,
    fake::{Fake, Request, Script},
    harness::{Server, soon},
};

/// Far more than all the buffers between askd and a reader hold.
const PIECES: usize = 600;

fn piece(number: usize) -> String {
    format!(
        "{number:04} {}\n",
        "long answers fill every buffer ".repeat(32)
    )
}

fn whole() -> String {
    (0..PIECES).map(piece).collect()
}

/// A reader with little room asks for a long answer and reads nothing of it; all of it but its end has come.
async fn stalled(server: &Server, fake: &Fake) -> (Client, Uuid, Arc<Request>) {
    let number = fake.requests().len();
    fake.then(
        Script::new()
            .sse()
            .burst((0..PIECES).map(piece), 16 << 10)
            .gate("end")
            .finish("stop")
            .done(),
    );
    let mut client = server.connect_with_little_room().await;
    let turn = client.ask("long").await;
    soon("sent", fake.gate("end").reached(1)).await;
    (client, turn, fake.request(number).await)
}

#[tokio::test]
async fn a_stalled_reader_holds_up_nobody_else() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "[session]\non_leave = \"stop\"");
    let (slow, turn, request) = stalled(&server, &fake).await;
    // The same answer, read by another.
    let mut other = server.connect().await;
    other.resume(turn, 0).await;
    let mut length = 0;
    while length < whole().len() {
        let message = other.next().await;
        length += message["text"].as_str().map_or(0, str::len);
    }
    // And another answer.
    let mut third = server.connect().await;
    let question = third.ask("q").await;
    assert_eq!(third.read(question).await.text, "Hello there.");
    assert_eq!((server.counts().sessions, server.counts().turns), (3, 1));
    other.leave(1001).await;
    server
        .until("two left", |counts| counts.sessions == 2)
        .await;
    assert_eq!(server.counts().turns, 1, "who is slow has not left");
    slow.reset();
    soon("closed upstream", request.closed()).await;
    third.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_reader_that_reads_again_gets_every_byte_once() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let (mut slow, turn, _) = stalled(&server, &fake).await;
    fake.gate("end").release();
    let answer = slow.read(turn).await;
    assert!(answer.text == whole(), "{} bytes", answer.text.len());
    assert_eq!(answer.outcome, "stop");
    assert!(
        answer.chunks < PIECES / 4,
        "what was waiting is joined, not sent in {} frames",
        answer.chunks
    );
    slow.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn another_session_cancels_the_turn_of_a_stalled_reader() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let (slow, turn, request) = stalled(&server, &fake).await;
    let mut other = server.connect().await;
    other.cancel(turn).await;
    soon("closed upstream", request.closed()).await;
    assert_eq!(server.counts().sessions, 2, "the slow one is still there");
    other.resume(turn, 0).await;
    assert_eq!(other.read(turn).await.outcome, "cancelled");
    slow.reset();
    other.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_stalled_reader_may_cancel_and_reads_the_end_later() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let (mut slow, turn, request) = stalled(&server, &fake).await;
    slow.cancel(turn).await;
    soon("closed upstream", request.closed()).await;
    let answer = slow.read(turn).await;
    assert_eq!(answer.outcome, "cancelled");
    assert!(whole().starts_with(&answer.text));
    slow.expect_silence().await;
    slow.leave(1001).await;
    server.stop().await;
}

/// A question without words: it is understood, and refused at once.
pub fn refused() -> Message {
    let question = json!({ "type": "question", "turn": Uuid::now_v7(), "text": "" });
    Message::text(question.to_string())
}

#[tokio::test]
async fn who_asks_faster_than_it_reads_waits_and_is_answered_in_full() {
    const MESSAGES: usize = 20_000;
    let server = Server::start("");
    let client = server.connect_with_little_room().await;
    let (mut sink, mut stream) = client.socket.split();
    let asking = async {
        for _ in 0..MESSAGES {
            sink.feed(refused()).await.unwrap();
        }
        sink.flush().await.unwrap();
    };
    let reading = async {
        let mut answers = 0;
        while answers < MESSAGES {
            let frame = soon("answered", stream.next()).await.unwrap().unwrap();
            answers += usize::from(frame.to_text().unwrap().contains("\"error\""));
        }
    };
    join(asking, reading).await;
    drop((sink, stream));
    server.stop().await;
}

#[tokio::test]
async fn who_asks_and_reads_nothing_is_closed_after_send_timeout() {
    let server = Server::start("[session]\nsend_timeout = \"1s\"");
    let mut client = server.connect_with_little_room().await;
    // It fails once the server has closed: nothing that is sent here is taken for ever.
    let flood = async { while client.socket.feed(refused()).await.is_ok() {} };
    soon("closed", flood).await;
    server.until("let go", |counts| counts.sessions == 0).await;
    let ends = server.log.lines("session ended");
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert!(ends[0].contains("too slow a reader"), "{ends:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_stalled_reader_is_closed_after_send_timeout_and_its_turn_ends_with_it() {
    let fake = Fake::start().await;
    let rules = "[session]\non_leave = \"stop\"\nsend_timeout = \"1s\"";
    let server = Server::with_fake(&fake, "", rules);
    let (slow, turn, request) = stalled(&server, &fake).await;
    soon("closed upstream", request.closed()).await;
    server.until("let go", |counts| counts.sessions == 0).await;
    let ends = server.log.lines("session ended");
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert!(
        ends[0].contains(" INFO ") && ends[0].contains("too slow a reader"),
        "{ends:?}"
    );
    let mut other = server.connect().await;
    other.resume(turn, 0).await;
    assert_eq!(other.read(turn).await.outcome, "interrupted");
    other.leave(1001).await;
    drop(slow);
    server.stop().await;
}

/// Texts of both channels cannot be joined, so that each batch is many frames.
#[tokio::test]
async fn a_stalled_reader_of_many_frames_is_closed_after_send_timeout() {
    let fake = Fake::start().await;
    let text = "x".repeat(6_000);
    let mut script = Script::new().sse();
    for _ in 0..PIECES / 4 {
        script = script.reasoning_content(&text).text(&text);
    }
    fake.always(script.gate("end").finish("stop").done());
    let rules = "[session]\nmax_answer = \"8 MiB\"\nsend_timeout = \"1s\"";
    let server = Server::with_fake(&fake, "concurrency = 20", rules);
    let mut readers = Vec::new();
    for _ in 0..10 {
        let mut reader = server.connect_with_little_room().await;
        reader.ask("long").await;
        readers.push(reader);
    }
    soon("sent", fake.gate("end").reached(10)).await;
    server.until("let go", |counts| counts.sessions == 0).await;
    assert_eq!(server.log.lines("too slow a reader").len(), 10);
    fake.gate("end").release();
    server.stop().await;
}

#[tokio::test]
async fn with_finish_a_stalled_readers_turn_goes_on_without_it() {
    let fake = Fake::start().await;
    let rules = "[session]\non_leave = \"finish\"\nsend_timeout = \"1s\"";
    let server = Server::with_fake(&fake, "", rules);
    let (slow, turn, request) = stalled(&server, &fake).await;
    server.until("let go", |counts| counts.sessions == 0).await;
    assert_eq!(server.counts().turns, 1);
    fake.gate("end").release();
    let mut other = server.connect().await;
    other.resume(turn, 0).await;
    let answer = other.read(turn).await;
    assert!(answer.text == whole(), "{} bytes", answer.text.len());
    assert_eq!(answer.outcome, "stop");
    assert!(request.finished());
    other.leave(1001).await;
    drop(slow);
    server.stop().await;
}
