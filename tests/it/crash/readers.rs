//! Readers who ask until the server is killed, and what they heard.

use std::time::Instant;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};
use uuid::Uuid;

use crate::{
    client::{Answer, Client},
    resuming::{Story, take},
};

/// A question, and what is known of it.
pub struct Asked {
    pub turn: Uuid,
    pub number: u64,
    /// What its reader heard before the kill.
    pub heard: Heard,
}

/// What a reader was told up to the kill.
#[derive(Default)]
pub struct Heard {
    pub accepted: bool,
    pub answer: Answer,
    /// When it had read how far.
    pub when: Vec<(Instant, u64)>,
}

impl Heard {
    /// Takes a message in; `true`: it was the turn's last.
    pub fn take(&mut self, message: &Value, turn: Uuid) -> bool {
        self.accepted |= message["type"] == "accepted";
        let ended = self.answer.take(message, turn);
        self.when.push((Instant::now(), self.answer.seq));
        // How many frames carried it is no part of what was said.
        self.answer.chunks = 0;
        ended
    }

    pub fn has_ended(&self) -> bool {
        !self.answer.outcome.is_empty()
    }
}

pub async fn send(client: &mut Client, turn: Uuid, number: u64) -> Result<(), Error> {
    let question = json!({ "type": "question", "turn": turn, "text": number.to_string() });
    client
        .socket
        .send(Message::text(question.to_string()))
        .await
}

/// Asks one question after the other, so that there is always an answer that runs.
pub async fn ask_until_killed(
    mut client: Client,
    mut first: Option<(Uuid, u64)>,
    new: impl Fn() -> (Uuid, u64),
) -> Vec<Asked> {
    let mut asked = Vec::new();
    loop {
        let (turn, number) = first.take().unwrap_or_else(&new);
        let mut heard = Heard::default();
        let mut alive = send(&mut client, turn, number).await.is_ok();
        while alive && !heard.has_ended() {
            match client.frame().await {
                Some(Ok(Message::Text(text))) => {
                    heard.take(&serde_json::from_str(&text).unwrap(), turn);
                }
                Some(Ok(Message::Ping(_))) => {}
                None | Some(Err(_)) => alive = false,
                other => panic!("{other:?}"),
            }
        }
        asked.push(Asked {
            turn,
            number,
            heard,
        });
        if !alive {
            return asked;
        }
    }
}

/// Goes on behind `after`, as a reader who has `known`, up to the turn's end.
pub async fn resume(client: &mut Client, turn: Uuid, after: u64, known: &Answer) -> Heard {
    let mut answer = if after == 0 {
        Answer::default()
    } else {
        known.clone()
    };
    // What a reader asks for that lies beyond anything has no text.
    answer.seq = after;
    client.resume(turn, after).await;
    while !take(&mut answer, &client.next().await, turn, after) {}
    answer.chunks = 0;
    Heard {
        accepted: true,
        answer,
        when: Vec::new(),
    }
}

/// Byte for byte what the endpoint said, as far as the numbers go.
pub fn check_text(heard: &Heard, story: &Story) {
    let answer = &heard.answer;
    let events = match answer.outcome.as_str() {
        "" => answer.seq,
        "stop" | "failed" => story.length(),
        _ => answer.seq - 1,
    };
    assert_eq!(answer.text, story.told_up_to(events, false));
    assert_eq!(answer.reasoning, story.told_up_to(events, true));
    match answer.outcome.as_str() {
        "" | "interrupted" => {}
        "failed" => assert!(
            story.fails() && answer.seq == story.length() + 2,
            "{answer:?}"
        ),
        "stop" => assert!(
            !story.fails() && answer.seq == story.length() + 1,
            "{answer:?}"
        ),
        other => panic!("no story ends so: {other}"),
    }
}
