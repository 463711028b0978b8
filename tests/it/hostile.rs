//! Clients that break the rules: each gets the right error or close code, and a second session, in the midst of
//! an answer, notices nothing of them.

mod floods;
mod frames;
mod messages;

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, sync::oneshot};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::{
    client::Client,
    fake::{Fake, Script},
    harness::Server,
};

/// The bystander's question, and the pieces of its answer behind the first.
const BYSTANDER: &str = "what the bystander asks";
const PIECES: usize = 40;

/// A server with a bystander in the midst of an answer.
struct Scene {
    fake: Fake,
    server: Server,
    bystander: Client,
    turn: Uuid,
}

impl Scene {
    /// `session` are lines of that section.
    async fn set(session: &str) -> Self {
        let fake = Fake::start().await;
        fake.choose(|request| match request.question() {
            BYSTANDER => (0..PIECES)
                .fold(
                    Script::new().sse().text("begun").gate("on"),
                    |script, number| script.text(&format!(" {number}")),
                )
                .finish("stop")
                .done(),
            "stay" => Script::new().sse().text("here").stall(),
            _ => Script::answer(&["an", "swer"]),
        });
        let server = Server::with_fake(&fake, "", &format!("[session]\n{session}"));
        let mut bystander = server.connect().await;
        let turn = bystander.ask_accepted(BYSTANDER).await;
        assert_eq!(bystander.expect("chunk").await["text"], "begun");
        Self {
            fake,
            server,
            bystander,
            turn,
        }
    }

    /// Runs the attack beside the rest of the bystander's answer, which must be whole.
    async fn during<T>(&mut self, attack: impl AsyncFnOnce(&Server) -> T) -> T {
        self.fake.gate("on").release();
        let (over, mut ended) = oneshot::channel::<()>();
        let attack = async {
            let done = attack(&self.server).await;
            drop(over);
            done
        };
        let rest: String = (0..PIECES).map(|number| format!(" {number}")).collect();
        let watch = async {
            let answer = self.bystander.read(self.turn).await;
            assert_eq!(
                (answer.text.as_str(), answer.outcome.as_str()),
                (rest.as_str(), "stop"),
                "the bystander's answer"
            );
            // It goes on to read, and so to show that it lives.
            loop {
                tokio::select! {
                    _ = &mut ended => break,
                    frame = self.bystander.frame() => {
                        assert!(matches!(frame, Some(Ok(Message::Ping(_)))), "the bystander hears {frame:?}");
                    }
                }
            }
        };
        tokio::join!(attack, watch).0
    }

    async fn end(self) {
        self.bystander.leave(1001).await;
        self.server.stop().await;
    }
}

/// A frame as a client sends it: its first byte (FIN, reserved bits, opcode), and a mask, unless `bare`.
fn frame(first: u8, payload: &[u8], bare: bool) -> Vec<u8> {
    const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x08];
    let flag = if bare { 0 } else { 0x80 };
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(flag | short as u8),
        middle @ 126..=0xffff => {
            frame.push(flag | 126);
            frame.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            frame.push(flag | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    if bare {
        frame.extend_from_slice(payload);
    } else {
        frame.extend_from_slice(&MASK);
        frame.extend(
            payload
                .iter()
                .zip(MASK.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
    }
    frame
}

/// Writes bytes past the WebSocket's own code.
async fn write(client: &mut Client, bytes: &[u8]) {
    client.socket.get_mut().write_all(bytes).await.unwrap();
}

fn question(turn: Uuid, text: &str) -> Value {
    json!({ "type": "question", "turn": turn, "text": text })
}

/// The session still serves.
async fn still_answers(client: &mut Client) {
    let turn = client.ask("q").await;
    let answer = client.read(turn).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        ("answer", "stop")
    );
}
