//! More than anybody needs to send.

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use super::{Scene, frame, still_answers, write};
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
async fn who_sends_faults_and_reads_no_answer_is_closed() {
    let mut scene = Scene::set("").await;
    let mut client = scene.server.connect().await;
    let attack = async |_: &Server| {
        let flood = frame(0x81, b"{}", false).repeat(1000);
        // Far more than all buffers on the way hold; the server has closed before it is through.
        let socket = client.socket.get_mut();
        for _ in 0..10_000 {
            if socket.write_all(&flood).await.is_err() {
                return;
            }
        }
        panic!("80 MB of faults were taken");
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
        write(&mut client, &frame(0x81, b"{}", false).repeat(1000)).await;
        for _ in 0..1000 {
            assert_eq!(client.expect("error").await["code"], "bad_field");
        }
        still_answers(&mut client).await;
    };
    scene.during(attack).await;
    client.leave(1001).await;
    scene.end().await;
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
