//! What was exported, taken in again: bounded in bytes, in time and in how many are at it at once.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{
    Call, body, decode,
    refusal::Refusal,
    title,
    wire::{FORMAT, Import},
};
use crate::store::{self, Conversation, Imported};

/// Bytes of a file.
const MAX_FILE: usize = 64 << 20;
/// How long a file may take.
const FILE_TIME: Duration = Duration::from_secs(120);
/// Files that are taken in at once; each costs up to about three times its bytes of memory.
const AT_ONCE: usize = 2;

/// The places for imports.
#[derive(Clone)]
pub struct Uploads(Arc<Semaphore>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// Takes a file in.
pub async fn take(call: Call) -> Result<Imported, Refusal> {
    let places = &call.site.uploads.0;
    let _place = places.try_acquire().map_err(|_| Refusal::importing())?;
    let body = body::json(&call.headers, call.body, MAX_FILE, FILE_TIME).await?;
    // Reading 64 MiB takes long enough to be felt by everybody whose answer this thread writes.
    let read = tokio::task::spawn_blocking(move || read(&body));
    let conversations = read.await.map_err(|error| {
        tracing::error!(%error, "an import could not be read");
        Refusal::internal()
    })??;
    Ok(call.site.store.import(call.owner, conversations).await?)
}

fn read(body: &BytesMut) -> Result<Vec<Conversation>, Refusal> {
    check_format(body)?;
    let file: Import = decode(body)?;
    let now = store::now();
    let sound = |conversation| sound(conversation, now);
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
fn sound(mut conversation: Conversation, now: u64) -> Result<Conversation, Refusal> {
    conversation.title = title(&conversation.title)?;
    if conversation.turns.is_empty() {
        return Err(Refusal::field(format!(
            "The conversation {} has no turns.",
            conversation.id
        )));
    }
    conversation.updated = conversation.updated.min(now);
    conversation.created = conversation.created.min(conversation.updated);
    for turn in &mut conversation.turns {
        turn.asked = turn.asked.min(now);
        if turn.sources.iter().any(|source| !source.score.is_finite()) {
            return Err(Refusal::field("A source's \"score\" is no number."));
        }
    }
    Ok(conversation)
}
