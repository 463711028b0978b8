//! An answer means the same wherever the network cuts it.

use crate::{
    fake::{Fake, Script},
    harness::Server,
};

/// All that real endpoints were seen to write: a byte order mark, comments, both line ends, fields that nobody
/// knows, letters of two to four bytes, `data:` with and without its space.
const BODY: &str = "\u{feff}: hello\r\n\r\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\r\n\r\n\
    event: x\nid: 7\ndata:{\"choices\":[{\"delta\":{\"content\":\"zw\u{f6}lf \u{20ac} \"}}]}\n\n:\n\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"\u{1f600}\\u00e4\"}}]}\r\n\r\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata:[DONE]\n\n";
const TEXT: &str = "zw\u{f6}lf \u{20ac} \u{1f600}\u{e4}";

#[tokio::test]
async fn a_split_at_every_byte_changes_no_letter() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "[session]\nquestions_per_minute = 0");
    let mut client = server.connect().await;
    let one_by_one = Script::new().split(1).sse().bytes(BODY);
    let whole = Script::new().sse().bytes(BODY);
    let halves = (1..BODY.len()).map(|at| {
        Script::new()
            .split_at(&[at, BODY.len() - at])
            .sse()
            .bytes(BODY)
    });
    let mut asked = 0;
    for script in [whole, one_by_one].into_iter().chain(halves) {
        fake.then(script);
        let turn = client.ask("q").await;
        let answer = client.read(turn).await;
        assert_eq!(
            (answer.text.as_str(), answer.outcome.as_str()),
            (TEXT, "stop"),
            "case {asked}: {answer:?}"
        );
        asked += 1;
    }
    assert_eq!(asked, BODY.len() + 1);
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_cut_at_any_byte_before_its_end_is_never_a_whole_one() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "[session]\nquestions_per_minute = 0");
    let mut client = server.connect().await;
    // Behind this the endpoint has said that the answer is complete.
    let said = BODY.find("data:[DONE]").unwrap();
    for at in 0..said {
        let script = Script::new().until_close().sse();
        fake.then(script.bytes(&BODY.as_bytes()[..at]));
        let turn = client.ask("q").await;
        let answer = client.read(turn).await;
        assert!(TEXT.starts_with(&answer.text), "cut at {at}: {answer:?}");
        assert_eq!(answer.outcome, "failed", "cut at {at}: {answer:?}");
        assert_eq!(
            answer.code.as_deref(),
            Some("upstream_failed"),
            "cut at {at}"
        );
    }
    client.leave(1001).await;
    server.stop_expecting(&["turn failed"]).await;
}

#[tokio::test]
async fn an_event_of_nearly_a_mebibyte_reaches_the_reader_in_frames_that_can_be_sent() {
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", "");
    let mut client = server.connect().await;
    // Letters of three bytes, so that a cut at a round number falls inside one.
    let text = "\u{20ac}".repeat(349_500);
    let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    assert!(
        (1_048_500..1 << 20).contains(&event.len()),
        "{}",
        event.len()
    );
    fake.then(Script::new().sse().bytes(event).finish("stop").done());
    let turn = client.ask("q").await;
    let answer = client.read(turn).await;
    assert!(answer.text == text, "{} bytes", answer.text.len());
    assert_eq!(answer.outcome, "stop");
    assert!(answer.chunks >= 60, "{} frames", answer.chunks);
    client.leave(1001).await;
    server.stop().await;
}
