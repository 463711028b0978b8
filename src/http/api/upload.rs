//! What was exported, taken in again: a part at a time, bounded in bytes, in time and in how many are at it at once.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::BytesMut;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use super::{
    Call, aside,
    body::{Parts, in_words, is_object},
    refusal::Refusal,
    room::Room,
    title,
    wire::{FORMAT, Import},
};
use crate::{
    answer::{Outcome, Source},
    config,
    store::{self, Conversation, Imported, Turn},
};

/// Bytes of a file after which what is whole of it is taken in before more is read; so a file may be as large as an
/// export, and a conversation as this.
const PART: usize = 64 << 20;
/// How long a part may take.
const PART_TIME: Duration = Duration::from_secs(120);
/// Sources of a turn.
const MAX_SOURCES: usize = 100;
/// Characters of each of a source's texts.
const MAX_SOURCE: usize = 2_000;
/// Characters of an endpoint's or a model's name.
const MAX_NAME: usize = 400;
/// Characters of an error's message; askd passes on 400 of an endpoint's words and says what they are about.
const MAX_MESSAGE: usize = 1_000;
/// Parts that are worked on at once, and how many there is room for; each costs up to about three times its bytes of
/// memory.
const AT_ONCE: usize = 2;
/// Bytes of the piece by which a part may go beyond its bound, so that half of the room lets a whole part through.
const PIECE: usize = 1 << 20;

/// The places for imports, and what may be in one.
#[derive(Clone)]
pub struct Uploads {
    /// Bytes of files that are here.
    room: Room,
    places: Arc<Semaphore>,
    bounds: Arc<ArcSwap<Bounds>>,
}

/// What a reader could have asked and been answered here: an import gets no more past than that.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    question: usize,
    answer: usize,
}

impl Bounds {
    fn of(session: &config::Session) -> Self {
        Self {
            question: session.max_question,
            answer: session.max_answer,
        }
    }
}

impl Uploads {
    /// Takes what `[session]` allows.
    pub fn new(session: &config::Session) -> Self {
        Self {
            room: Room::new(AT_ONCE * (PART + PIECE)),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            bounds: Arc::new(ArcSwap::from_pointee(Bounds::of(session))),
        }
    }

    /// Takes what that allows from now on.
    pub fn set(&self, session: &config::Session) {
        self.bounds.store(Arc::new(Bounds::of(session)));
    }
}

/// Takes a file in.
pub async fn take(call: Call) -> Result<Imported, Refusal> {
    let Uploads {
        room,
        places,
        bounds,
    } = call.site.uploads.clone();
    let bounds = **bounds.load();
    let file = Parts::of(room.enter(call.client), &call.headers, call.body)?;
    let (site, owner) = (call.site, call.owner);
    let import = |part, last| {
        let (site, places) = (site.clone(), places.clone());
        async move {
            // Only now, or whoever sends slowly would close the import to all.
            let place = places.acquire().await;
            let _place = place.map_err(|_| Refusal::importing())?;
            // Reading 64 MiB takes long enough to be felt by everybody whose answer this thread writes.
            let (conversations, rest) = aside(move || read(part, last, bounds)).await?;
            Ok((site.store.import(owner, conversations).await?, rest))
        }
    };
    in_parts(file, PART, import).await
}

/// Hands a file on, a part after the other: `import` gets what is here of it and whether that is its end, and gives back
/// what it could not use yet.
async fn in_parts<F>(
    mut file: Parts,
    part: usize,
    import: impl Fn(BytesMut, bool) -> F,
) -> Result<Imported, Refusal>
where
    F: Future<Output = Result<(Imported, BytesMut), Refusal>>,
{
    let mut all = Imported::default();
    loop {
        let last = file.read(part, PART_TIME).await;
        let done = match last {
            Ok(last) => import(std::mem::take(&mut file.here), last)
                .await
                .map(|done| (done, last)),
            Err(refusal) => Err(refusal),
        };
        let ((imported, rest), last) = done.map_err(|refusal| refusal.after(all))?;
        all += imported;
        if last {
            return Ok(all);
        }
        file.here = rest;
        file.shrink();
    }
}

/// The conversations that are whole in a part of a file, and what is left of the file: its head and what follows them.
fn read(
    mut part: BytesMut,
    last: bool,
    bounds: Bounds,
) -> Result<(Vec<Conversation>, BytesMut), Refusal> {
    let mut rest = BytesMut::new();
    if !last {
        if !is_object(&part) {
            return Err(Refusal::field(NO_EXPORT));
        }
        (part, rest) = parted(part)?;
    }
    check_format(&part)?;
    let file: Import = understood(&part)?;
    let now = store::now();
    let sound = |conversation| sound(conversation, bounds, now);
    let conversations = file.conversations.into_iter().map(sound);
    Ok((conversations.collect::<Result<_, _>>()?, rest))
}

/// A file of the conversations that are whole in a part, and one of what is left.
fn parted(mut part: BytesMut) -> Result<(BytesMut, BytesMut), Refusal> {
    let (begin, end) = whole(&part).ok_or_else(|| Refusal::too_large(PART))?;
    let mut rest = BytesMut::with_capacity(begin + part.len() - end);
    rest.extend_from_slice(&part[..begin]);
    rest.extend_from_slice(&part[end + 1..]);
    part.truncate(end);
    part.extend_from_slice(b"]}");
    Ok((part, rest))
}

/// Where in a file that is not whole the list of conversations begins, and the comma behind the last whole one; `None`:
/// there is no such place. What is no JSON is found when that is read.
fn whole(file: &[u8]) -> Option<(usize, usize)> {
    let (mut depth, mut key, mut text_from) = (0_u32, &file[..0], None);
    let (mut begin, mut end) = (None, None);
    let mut bytes = file.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, text_from) {
            // What is escaped is looked at with the stroke before it.
            (b'\\', Some(_)) => drop(bytes.next()),
            (b'"', Some(from)) => {
                text_from = None;
                if depth == 1 {
                    key = &file[from..at];
                }
            }
            (_, Some(_)) => {}
            (b'"', None) => text_from = Some(at + 1),
            (b'{' | b'[', None) => {
                depth += 1;
                if (*byte, depth, key) == (b'[', 2, b"conversations") {
                    begin = Some(at + 1);
                }
            }
            (b'}' | b']', None) => depth = depth.checked_sub(1)?,
            (b',', None) if depth == 2 && key == b"conversations" => end = Some(at),
            _ => {}
        }
    }
    begin.zip(end)
}

/// What is expected, where a file is something else.
const NO_EXPORT: &str = "This is no export of askd's. Only what askd has exported as JSON can be imported; exports of \
     other products are not understood.";

/// Reads a file's part, or says what is wrong with it as a file.
fn understood<T: DeserializeOwned>(part: &BytesMut) -> Result<T, Refusal> {
    serde_json::from_slice(part).map_err(|error| {
        let said = in_words(&error);
        match error.classify() {
            serde_json::error::Category::Data => Refusal::field(format!(
                "This is not as askd exports it, and may have been changed since: {said}."
            )),
            _ => Refusal::json(format!(
                "This file is not JSON, or not all of it is here: {said}."
            )),
        }
    })
}

/// Refuses what is no export of askd's, or one of another format. What is JSON is not said to be none.
fn check_format(part: &BytesMut) -> Result<(), Refusal> {
    #[derive(Deserialize)]
    struct Number {
        askd: Option<serde_json::Value>,
    }
    if !is_object(part) {
        let _: serde::de::IgnoredAny = understood(part)?;
        return Err(Refusal::field(NO_EXPORT));
    }
    let format = understood::<Number>(part)?.askd;
    match format.as_ref().and_then(serde_json::Value::as_u64) {
        Some(FORMAT) => Ok(()),
        Some(other) => Err(Refusal::field(format!(
            "This was exported in format {other}, which this askd does not know; it takes format {FORMAT}."
        ))),
        None => Err(Refusal::field(NO_EXPORT)),
    }
}

/// A conversation as it may be kept. No time lies in the future: such a conversation would stay on top for ever.
fn sound(
    mut conversation: Conversation,
    bounds: Bounds,
    now: u64,
) -> Result<Conversation, Refusal> {
    let unseen = |letter: char| letter.is_control() || letter.is_whitespace();
    let named = &conversation.title;
    conversation.title = if !named.is_empty() && named.chars().all(unseen) {
        // The title of a question that is no more than that.
        "…".to_owned()
    } else {
        title("title", named)?
    };
    let Conversation { id, turns, .. } = &conversation;
    let wrong = |what: String| Err(Refusal::field(format!("The conversation {id} {what}.")));
    if turns.is_empty() {
        return wrong("has no turns".to_owned());
    }
    for (at, turn) in turns.iter().enumerate() {
        if let Err(what) = check(turn, bounds) {
            return wrong(format!(
                "cannot be taken in, because of turn {}: {what}",
                at + 1
            ));
        }
    }
    conversation.updated = conversation.updated.min(now);
    conversation.created = conversation.created.min(conversation.updated);
    for turn in &mut conversation.turns {
        turn.asked = turn.asked.min(now);
    }
    Ok(conversation)
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
        ("source's anchor", source.anchor.as_deref()),
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;
    use warp::http::{HeaderMap, HeaderValue, header};

    use super::*;

    const HEAD: &str =
        r#"{"askd":1,"exported":7,"other":[1,{"conversations":[2,3]}],"conversations":["#;

    /// Takes in a file of such conversations in parts; gives how many came with each part.
    async fn taken(
        conversations: &[&str],
        end: &str,
        part: usize,
    ) -> (Result<Imported, Refusal>, Vec<usize>) {
        let file = format!("{HEAD}{}{end}", conversations.join(",\n"));
        let pieces: Vec<_> = file
            .as_bytes()
            .chunks(10)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let kind = HeaderValue::from_static("application/json");
        let headers: HeaderMap = [(header::CONTENT_TYPE, kind)].into_iter().collect();
        let room = Room::new(10_000);
        let file = Parts::of(room.enter(None), &headers, Box::pin(stream::iter(pieces))).unwrap();
        let counts = std::sync::Mutex::new(Vec::new());
        let import = |mut part: BytesMut, last: bool| {
            let counts = &counts;
            async move {
                let mut rest = BytesMut::new();
                if !last {
                    (part, rest) = parted(part)?;
                }
                let file: serde_json::Value = understood(&part)?;
                assert_eq!((&file["askd"], &file["exported"]), (&1.into(), &7.into()));
                let count = file["conversations"].as_array().unwrap().len();
                counts.lock().unwrap().push(count);
                let imported = Imported {
                    imported: count as u64,
                    ..Imported::default()
                };
                Ok((imported, rest))
            }
        };
        let all = in_parts(file, part, import).await;
        assert_eq!(room.left(), (10_000, 0));
        (all, counts.into_inner().unwrap())
    }

    const TRICKY: [&str; 6] = [
        r#"{"a":"],\\\"}","b":[1,2,[3]]}"#,
        r#"{"conversations":[1,2],"c":{}}"#,
        r#"{}"#,
        r#"{"d":"\\\\"}"#,
        r#"{"e":"ä{"}"#,
        r#"{"f":1,"g":"conversations"}"#,
    ];

    #[test]
    fn a_file_that_is_no_export_is_told_as_what_it_is() {
        for (file, says) in [
            ("[1,2]", "no export of askd's"),
            ("[{\"title\":\"t\",\"mapping\":{}}]", "no export of askd's"),
            ("7", "no export of askd's"),
            ("{}", "no export of askd's"),
            ("{\"askd\":{\"a\":1}}", "no export of askd's"),
            ("{\"askd\":2}", "in format 2"),
            ("Hello.", "not JSON"),
            ("{\"askd\":1,", "not all of it is here"),
            ("[1,", "not all of it is here"),
        ] {
            let refusal = check_format(&BytesMut::from(file)).unwrap_err();
            let said = format!("{refusal:?}");
            assert!(said.contains(says), "{file}: {said}");
        }
        assert!(check_format(&BytesMut::from(" {\"askd\":1}")).is_ok());
    }

    #[test]
    fn a_conversation_that_is_no_object_is_told_so() {
        for conversation in ["[]", "7"] {
            let file = format!("{{\"askd\":1,\"conversations\":[{conversation}]}}");
            let bounds = Bounds {
                question: 100,
                answer: 100,
            };
            let refusal = read(BytesMut::from(file.as_str()), true, bounds).unwrap_err();
            let said = format!("{refusal:?}");
            assert!(said.contains("expected an object at line 1"), "{said}");
            assert!(!said.contains("struct"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_file_of_any_size_is_taken_in_whole_and_a_part_at_a_time() {
        for part in 120..250 {
            let (all, counts) = taken(&TRICKY, "]}", part).await;
            let all = all.unwrap();
            assert_eq!((all.imported, counts.iter().sum()), (6, 6_usize), "{part}");
            assert!(counts.len() > 1 || part > 180, "{part}: {counts:?}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_behind_the_first_part_tells_what_is_taken_in_already() {
        let (all, counts) = taken(&TRICKY, "", 150).await;
        let refusal = all.unwrap_err();
        assert!(!counts.is_empty());
        let said = format!("{refusal:?}");
        let count: usize = counts.iter().sum();
        assert!(
            said.contains(&format!("{count} before it are taken in")),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_conversation_larger_than_a_part_is_refused() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(300));
        let (all, _) = taken(&["{}", &large, "{}"], "]}", 200).await;
        assert_eq!(all.unwrap_err().into_response().status(), 413);
    }
}
