//! Frames that break RFC 6455 end their session with the RFC's code; odd ones that do not, do not.

use tokio_tungstenite::tungstenite::Error;
use uuid::Uuid;

use super::{Scene, frame, question, still_answers, write};
use crate::harness::Server;

#[tokio::test]
async fn a_frame_that_breaks_the_protocol_is_closed_with_its_code() {
    let huge_claim = [
        &[0x81, 0xff][..],
        &(1u64 << 62).to_be_bytes(),
        &[1, 2, 3, 4],
    ]
    .concat();
    let mib = vec![b'x'; 1 << 20];
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("no UTF-8", frame(0x81, b"\"\xff\xfe\"", false), 1007),
        ("half a letter", frame(0x81, b"\"\xf0\x9f", false), 1007),
        ("1 MiB of text", frame(0x81, &mib, false), 1009),
        (
            "1 MiB in two frames",
            [
                frame(0x01, &mib[..60_000], false),
                frame(0x80, &mib[60_000..], false),
            ]
            .concat(),
            1009,
        ),
        ("4 EiB announced", huge_claim, 1009),
        (
            "a message of nothing without end",
            [
                frame(0x01, b"", false),
                frame(0x00, b"", false).repeat(90_000),
            ]
            .concat(),
            1009,
        ),
        ("no mask", frame(0x81, b"{}", true), 1002),
        ("a reserved bit", frame(0xc1, b"{}", false), 1002),
        ("a reserved opcode", frame(0x83, b"{}", false), 1002),
        ("a reserved control opcode", frame(0x8b, b"", false), 1002),
        ("a long ping", frame(0x89, &[b'x'; 126], false), 1002),
        ("a ping in pieces", frame(0x09, b"x", false), 1002),
        ("the rest of nothing", frame(0x80, b"{}", false), 1002),
        (
            "a text inside a text",
            [frame(0x01, b"{", false), frame(0x81, b"{}", false)].concat(),
            1002,
        ),
        ("a close of one byte", frame(0x88, &[3], false), 1002),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 1002),
    ];
    let count = cases.len();
    let mut closed = 0;
    for (name, bytes, code) in cases {
        let mut scene = Scene::set("").await;
        let mut client = scene.server.connect().await;
        let attack = async |_: &Server| {
            write(&mut client, &bytes).await;
            let code = client.closed().await;
            // No reset, which could overtake the close on a longer way.
            let end = client.frame().await;
            assert!(
                matches!(end, None | Some(Err(Error::ConnectionClosed))),
                "{name}: {end:?}"
            );
            code
        };
        assert_eq!(scene.during(attack).await, code, "{name}");
        drop(client);
        let line = format!("(close code {code})");
        scene
            .server
            .until("ended", |counts| counts.sessions == 1)
            .await;
        assert_eq!(scene.server.log.lines(&line).len(), 1, "{name}");
        scene.end().await;
        closed += 1;
    }
    assert_eq!((count, closed), (16, 16));
}

#[tokio::test]
async fn a_binary_frame_is_refused_in_words_and_the_session_goes_on() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        write(&mut client, &frame(0x82, b"\x00\xff", false)).await;
        assert_eq!(client.expect("error").await["code"], "bad_frame");
        still_answers(&mut client).await;
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn a_question_in_ten_thousand_fragments_is_answered() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let turn = Uuid::now_v7();
    // Letters of several bytes, so that fragments end inside them.
    let text = "\u{1f600}".repeat(2500);
    let message = question(turn, &text).to_string();
    assert!(message.len() >= 10_000, "{}", message.len());
    let last = message.len() - 1;
    let fragments = message.bytes().enumerate().map(|(at, byte)| {
        let first = u8::from(at == 0) | if at == last { 0x80 } else { 0 };
        frame(first, &[byte], false)
    });
    let wire: Vec<u8> = fragments.flatten().collect();
    let attack = async |_: &Server| {
        write(&mut client, &wire).await;
        client.read(turn).await
    };
    assert_eq!(scene.during(attack).await.outcome, "stop");
    let requests = scene.fake.requests();
    assert!(requests.iter().any(|request| request.question() == text));
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn half_a_frame_and_then_silence_ends_at_the_heartbeat() {
    let mut scene = Scene::set("heartbeat = \"1s\"").await;
    let mut client = scene.server.connect().await;
    let half = &frame(0x81, &[b'x'; 100], false)[..50];
    let attack = async |_: &Server| {
        write(&mut client, half).await;
        // The pings come, and the end without a close: whoever is silent hears no reason.
        while let Some(Ok(frame)) = client.frame().await {
            assert!(frame.is_ping(), "{frame:?}");
        }
    };
    scene.during(attack).await;
    // The bystander has to show that it lives, too: its own reading answers the pings.
    assert_eq!(scene.server.log.lines("fell silent").len(), 1);
    drop(client);
    scene.end().await;
}
