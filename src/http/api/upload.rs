//! What was exported, taken in again: bounded in bytes, in time and in how many are at it at once.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{
    Call, aside, body, decode,
    refusal::Refusal,
    title,
    wire::{FORMAT, Import},
};
use crate::{
    answer::{Outcome, Source},
    config,
    store::{self, Conversation, Imported, Turn},
};

/// Bytes of a file.
const MAX_FILE: usize = 64 << 20;
/// How long a file may take.
const FILE_TIME: Duration = Duration::from_secs(120);
/// Turns of a conversation: the store takes it in at once, and everybody's questions wait meanwhile.
const MAX_TURNS: usize = 2_000;
/// Bytes of a conversation's texts, for the same reason; one question and its answer always fit.
const MAX_TEXT: usize = 16 << 20;
/// Sources of a turn.
const MAX_SOURCES: usize = 100;
/// Characters of each of a source's texts.
const MAX_SOURCE: usize = 2_000;
/// Characters of an endpoint's or a model's name.
const MAX_NAME: usize = 400;
/// Characters of an error's message; askd passes on 400 of an endpoint's words and says what they are about.
const MAX_MESSAGE: usize = 1_000;
/// Files that are worked on at once, and how many whole ones there is room for; each costs up to about three times its
/// bytes of memory.
const AT_ONCE: usize = 2;

/// The places for imports, and what may be in one.
#[derive(Clone)]
pub struct Uploads {
    /// Bytes of files that are here.
    room: Arc<Semaphore>,
    places: Arc<Semaphore>,
    bounds: Bounds,
}

/// What a reader could have asked and been answered here: an import gets no more past than that.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    question: usize,
    answer: usize,
}

impl Bounds {
    /// Bytes of a conversation's texts.
    fn conversation(self) -> usize {
        MAX_TEXT.max(self.question + self.answer)
    }
}

impl Uploads {
    /// Takes what `[session]` allows.
    pub fn new(session: &config::Session) -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_ONCE * MAX_FILE)),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            bounds: Bounds {
                question: session.max_question,
                answer: session.max_answer,
            },
        }
    }
}

/// Takes a file in.
pub async fn take(call: Call) -> Result<Imported, Refusal> {
    let Uploads {
        room,
        places,
        bounds,
    } = call.site.uploads.clone();
    let read_in = body::json_in(&room, &call.headers, call.body, MAX_FILE, FILE_TIME);
    let (body, _room) = read_in.await?;
    // Only now, or whoever sends slowly would close the import to all.
    let place = places.acquire().await;
    let _place = place.map_err(|_| Refusal::importing())?;
    // Reading 64 MiB takes long enough to be felt by everybody whose answer this thread writes.
    let conversations = aside(move || read(&body, bounds)).await?;
    Ok(call.site.store.import(call.owner, conversations).await?)
}

fn read(body: &BytesMut, bounds: Bounds) -> Result<Vec<Conversation>, Refusal> {
    check_format(body)?;
    let file: Import = decode(body)?;
    let now = store::now();
    let sound = |conversation| sound(conversation, bounds, now);
    file.conversations.into_iter().map(sound).collect()
}

/// Looks at the format's number alone first: of a file that is none of ours, or a newer one, that is what to say.
fn check_format(body: &BytesMut) -> Result<(), Refusal> {
    #[derive(Deserialize)]
    struct Number {
        askd: Option<u64>,
    }
    match decode::<Number>(body)?.askd {
        Some(FORMAT) => Ok(()),
        Some(other) => Err(Refusal::field(format!(
            "This was exported in format {other}, which this askd does not know; it takes format {FORMAT}."
        ))),
        None => Err(Refusal::field(
            "This is no export of askd: it has no field \"askd\".",
        )),
    }
}

/// A conversation as it may be kept. No time lies in the future: such a conversation would stay on top for ever.
fn sound(
    mut conversation: Conversation,
    bounds: Bounds,
    now: u64,
) -> Result<Conversation, Refusal> {
    conversation.title = title(&conversation.title)?;
    let Conversation { id, turns, .. } = &conversation;
    let wrong = |what: String| Err(Refusal::field(format!("The conversation {id} {what}.")));
    match turns.len() {
        0 => return wrong("has no turns".to_owned()),
        1..=MAX_TURNS => {}
        turns => {
            return wrong(format!(
                "has {turns} turns; at most {MAX_TURNS} are taken in"
            ));
        }
    }
    for (at, turn) in turns.iter().enumerate() {
        if let Err(what) = check(turn, bounds) {
            return wrong(format!(
                "cannot be taken in, because of turn {}: {what}",
                at + 1
            ));
        }
    }
    let (text, most) = (
        turns.iter().map(text_of).sum::<usize>(),
        bounds.conversation(),
    );
    if text > most {
        return wrong(format!(
            "has {text} bytes of text; at most {most} are taken in"
        ));
    }
    conversation.updated = conversation.updated.min(now);
    conversation.created = conversation.created.min(conversation.updated);
    for turn in &mut conversation.turns {
        turn.asked = turn.asked.min(now);
    }
    Ok(conversation)
}

/// Bytes of a turn's question, answer and thinking, which make up its size.
fn text_of(turn: &Turn) -> usize {
    turn.question.len() + turn.answer.len() + turn.reasoning.len()
}

/// What is wrong with a turn, as the end of a sentence. An answer may hold anything, also a NUL: a model may write one,
/// and what askd has kept it takes in again.
fn check(turn: &Turn, bounds: Bounds) -> Result<(), String> {
    let answer = turn.answer.len() + turn.reasoning.len();
    if turn.question.trim().is_empty() {
        return Err("its question is empty".to_owned());
    }
    if turn.question.contains('\0') {
        return Err("its question holds a NUL".to_owned());
    }
    if turn.question.len() > bounds.question {
        return Err(beyond("question", turn.question.len(), bounds.question));
    }
    if answer > bounds.answer {
        return Err(beyond("answer", answer, bounds.answer));
    }
    line("endpoint", &turn.endpoint, MAX_NAME)?;
    line("model", &turn.model, MAX_NAME)?;
    match (&turn.error, turn.outcome == Some(Outcome::Failed)) {
        (Some(error), true) => line("error's message", &error.message, MAX_MESSAGE)?,
        (None, false) => {}
        (None, true) => return Err("it failed without an error".to_owned()),
        (Some(_), false) => return Err("it has an error but did not fail".to_owned()),
    }
    if turn.sources.len() > MAX_SOURCES {
        return Err(format!(
            "it has {} sources; at most {MAX_SOURCES} are taken",
            turn.sources.len()
        ));
    }
    turn.sources.iter().try_for_each(check_source)
}

fn check_source(source: &Source) -> Result<(), String> {
    if !source.score.is_finite() {
        return Err("a source's \"score\" is no number".to_owned());
    }
    for (what, text) in [
        ("source's title", Some(source.title.as_str())),
        ("source's heading", source.heading.as_deref()),
        ("source's url", source.url.as_deref()),
        ("source's path", source.path.as_deref()),
        ("source's excerpt", Some(source.excerpt.as_str())),
    ] {
        line(what, text.unwrap_or_default(), MAX_SOURCE)?;
    }
    Ok(())
}

fn beyond(what: &str, bytes: usize, most: usize) -> String {
    format!("its {what} has {bytes} bytes; at most {most} are taken here")
}

/// A text of bounded length in which no NUL cuts it short for whoever reads it next.
fn line(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.contains('\0') {
        return Err(format!("its {what} holds a NUL"));
    }
    match text.chars().count() {
        length if length > most => Err(format!(
            "its {what} has {length} characters; at most {most} are taken"
        )),
        _ => Ok(()),
    }
}
