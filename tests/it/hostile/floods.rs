//! More than anybody needs to send.

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{Scene, frame, question, still_answers, write};
use crate::harness::Server;

#[tokio::test]
async fn ten_thousand_pings_are_borne() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        let flood: Vec<u8> = (0..10_000)
            .flat_map(|_| frame(0x89, b"are you there", false))
            .collect();
        write(&mut client, &flood).await;
        still_answers(&mut client).await;
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn who_sends_what_is_refused_and_reads_no_answer_is_closed() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        let empty = question(Uuid::now_v7(), "").to_string();
        let flood = frame(0x81, empty.as_bytes(), false).repeat(100);
        // Far more than all buffers on the way hold; the server has closed before it is through.
        let socket = client.socket.get_mut();
        for _ in 0..10_000 {
            if socket.write_all(&flood).await.is_err() {
                return;
            }
        }
        panic!("80 MB of questions without words were taken");
    };
    scene.during(attack).await;
    scene
        .server
        .until("closed", |counts| counts.sessions == 1)
        .await;
    assert_eq!(scene.server.log.lines("too slow a reader").len(), 1);
    drop(client);
    scene.end().await;
}

#[tokio::test]
async fn who_sends_faults_at_once_and_reads_hears_of_each() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        for _ in 0..5 {
            write(&mut client, &frame(0x81, b"{}", false).repeat(100)).await;
            for _ in 0..100 {
                assert_eq!(client.expect("error").await["code"], "bad_field");
            }
            still_answers(&mut client).await;
        }
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
}

#[tokio::test]
async fn who_sends_nothing_but_faults_is_closed_and_told_why() {
    for (faulty, code) in [
        (frame(0x81, b"", false), "bad_json"),
        (frame(0x82, b"{}", false), "bad_frame"),
    ] {
        let mut scene = Scene::set("").await;
        let mut client = scene.server.connect().await;
        let attack = async |_: &Server| {
            // A few of many; what comes behind the last that is borne is thrown away, and resets nothing.
            write(&mut client, &faulty.repeat(10_000)).await;
            let mut told = 0;
            let close = loop {
                match client.frame().await {
                    Some(Ok(Message::Text(text))) => {
                        assert!(text.contains(code), "{text}");
                        told += 1;
                    }
                    Some(Ok(Message::Close(close))) => break close.unwrap(),
                    other => panic!("an error or a close should come, not {other:?}"),
                }
            };
            assert_eq!(
                (u16::from(close.code), close.reason.as_str()),
                (1002, "too many faulty messages")
            );
            // The last ones need not have gone out.
            assert!((50..=100).contains(&told), "{told}");
        };
        scene.during(attack).await;
        let server = &scene.server;
        server.until("closed", |counts| counts.sessions == 1).await;
        assert_eq!(server.log.lines("too many faulty messages").len(), 1);
        drop(client);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_flood_of_pings_without_reading_the_pongs_ends_at_the_send_timeout() {
    let mut scene = Scene::set("heartbeat = \"1s\"\nsend_timeout = \"1s\"").await;
    let mut client = scene.server.connect().await;
    let attack = async |server: &Server| {
        let flood = frame(0x89, &[b'x'; 125], false).repeat(1000);
        let socket = client.socket.get_mut();
        while socket.write_all(&flood).await.is_ok() {}
        server.until("closed", |counts| counts.sessions == 1).await;
        // Whatever was on its way is pongs, and nothing else.
        while let Some(Ok(frame)) = client.socket.next().await {
            assert!(
                matches!(
                    frame,
                    Message::Pong(_) | Message::Ping(_) | Message::Close(_)
                ),
                "{frame:?}"
            );
        }
    };
    scene.during(attack).await;
    scene
        .server
        .until("closed", |counts| counts.sessions == 1)
        .await;
    drop(client);
    scene.end().await;
}
