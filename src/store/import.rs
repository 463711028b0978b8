//! Taking in what was exported.

use std::{collections::HashMap, ops::AddAssign};

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{
    Conversation, StoreError, Turn,
    fault::Failure,
    inbox::Shared,
    keep, now,
    write::{self, json, time},
};
use crate::{
    answer::{Answer, Basis, Channel, End, Ended, Outcome, Timing},
    id::{ConversationId, OwnerId, TurnId},
};

/// Characters of a title; what is longer is cut.
const TITLE: usize = 200;
/// Bytes of an event of text, as a running answer is cut too.
const PIECE: usize = 16 << 10;
/// Turns that one transaction takes in, and bytes of texts after which it takes in no further one.
const SLICE_TURNS: usize = 256;
const SLICE_BYTES: usize = 128 << 10;

/// What became of the conversations of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Imported {
    /// Conversations that are kept now.
    pub imported: u64,
    /// Conversations that were there already.
    pub skipped: u64,
    /// Conversations older than the retention, which the next sweep would remove.
    pub expired: u64,
}

impl AddAssign for Imported {
    fn add_assign(&mut self, more: Self) {
        self.imported += more.imported;
        self.skipped += more.skipped;
        self.expired += more.expired;
    }
}

/// Takes in conversations, one after the other.
pub(super) async fn import(
    shared: &Shared,
    owner: OwnerId,
    conversations: Vec<Conversation>,
) -> Result<Imported, StoreError> {
    if !conversations.iter().all(is_a_tree) {
        return Err(StoreError::UnknownParent);
    }
    let mut imported = Imported::default();
    for conversation in conversations {
        let count = if conversation.updated < shared.oldest() {
            &mut imported.expired
        } else if one(shared, owner, conversation).await? {
            &mut imported.imported
        } else {
            &mut imported.skipped
        };
        *count += 1;
    }
    Ok(imported)
}

/// Whether each turn follows one that came before it, and none comes twice.
fn is_a_tree(conversation: &Conversation) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut fits = |turn: &Turn| {
        turn.parent.is_none_or(|parent| seen.contains(&parent)) && seen.insert(turn.id)
    };
    conversation.turns.iter().all(&mut fits)
}

/// Keeps a conversation, unless it is there; `false`: it was.
///
/// It is taken in by slices, each a job of its own, so that others get their turn between. Until the last one it stands
/// under an id that nobody knows, as deleted just now. So nobody sees half of it, and where the last slice never comes,
/// be it for a crash or because the one who asked has left, a sweep removes it ten minutes later.
async fn one(
    shared: &Shared,
    owner: OwnerId,
    mut conversation: Conversation,
) -> Result<bool, StoreError> {
    let id = conversation.id;
    loop {
        match shared.write(move |db| clear(db, owner, id)).await? {
            Place::Taken => return Ok(false),
            Place::Leaving => {}
            Place::Deleted => {
                conversation.id = ConversationId(Uuid::now_v7());
                break;
            }
            Place::Free => break,
        }
    }
    let mut arriving = Arriving {
        owner,
        conversation,
        hidden: ConversationId(Uuid::new_v4()),
        row: None,
        rows: HashMap::new(),
    };
    loop {
        let slice = shared.write(move |db| {
            let done = arriving.slice(db)?;
            Ok((arriving, done))
        });
        let (rest, done) = slice.await?;
        match done {
            Some(new) => return Ok(new),
            None => arriving = rest,
        }
    }
}

/// Where an imported conversation is to stand.
enum Place {
    Free,
    /// What was deleted may still come back there.
    Deleted,
    /// What was deleted leaves it.
    Leaving,
    Taken,
}

/// Makes room for a conversation where one of its id was deleted, and can no longer be restored.
fn clear(db: &Connection, owner: OwnerId, id: ConversationId) -> Result<Place, Failure> {
    let there = db
        .prepare_cached("SELECT n, deleted FROM conversation WHERE owner = ?1 AND id = ?2")?
        .query_row([owner.0, id.0], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    let restorable = time(now().saturating_sub(write::RESTORABLE));
    match there {
        None => Ok(Place::Free),
        Some((_, None)) => Ok(Place::Taken),
        // Its answer is to find its place.
        Some((n, Some(deleted))) if deleted > restorable || runs(db, n)? => Ok(Place::Deleted),
        Some((n, _)) if keep::remove_some(db, n, &mut keep::Room::new())? => Ok(Place::Free),
        Some(_) => Ok(Place::Leaving),
    }
}

/// A conversation that is being taken in.
struct Arriving {
    owner: OwnerId,
    conversation: Conversation,
    /// Its id until it is whole.
    hidden: ConversationId,
    row: Option<i64>,
    /// The rows of the turns that are in.
    rows: HashMap<TurnId, i64>,
}

impl Arriving {
    /// Takes in the next turns; `None`: others are left, `Some(false)`: the place was taken meanwhile.
    fn slice(&mut self, db: &Connection) -> Result<Option<bool>, Failure> {
        let n = self.hide(db)?;
        let begin = self.rows.len();
        let mut bytes = 0;
        for turn in &self.conversation.turns[begin..] {
            if self.rows.len() - begin == SLICE_TURNS || bytes >= SLICE_BYTES {
                return Ok(None);
            }
            let parent = turn
                .parent
                .and_then(|parent| self.rows.get(&parent).copied());
            let row = keep_turn(db, self.owner, n, parent, turn)?;
            self.rows.insert(turn.id, row);
            bytes += turn.question.len() + turn.answer.len() + turn.reasoning.len();
        }
        self.show(db, n).map(Some)
    }

    /// The row that the turns go to; it is to look as if it had been deleted just now.
    fn hide(&mut self, db: &Connection) -> Result<i64, Failure> {
        let Conversation { title, created, .. } = &self.conversation;
        let n = match self.row {
            Some(n) => n,
            None => {
                let title: String = title.chars().take(TITLE).collect();
                write::begin(db, self.owner, self.hidden, &title, *created, now())?
            }
        };
        self.row = Some(n);
        let hidden = db
            .prepare_cached(
                "UPDATE conversation SET deleted = ?3, updated = ?3
                 WHERE n = ?1 AND id = ?2 AND (deleted IS NULL OR deleted > 0)",
            )?
            .execute(params![n, self.hidden.0, time(now())])?;
        if hidden == 0 {
            let lost = "The conversation was to be removed again before all of it was kept; import it once more.";
            return Err(StoreError::Unavailable(lost).into());
        }
        Ok(n)
    }

    /// Gives it its id, now that it is whole; `false`: another has it.
    fn show(&self, db: &Connection, n: i64) -> Result<bool, Failure> {
        let Conversation { id, updated, .. } = &self.conversation;
        let shown = db
            .prepare_cached(
                "UPDATE OR IGNORE conversation SET id = ?2, updated = ?3, deleted = NULL WHERE n = ?1",
            )?
            .execute(params![n, id.0, time(*updated)])?;
        if shown == 0 {
            // The next sweep removes it.
            db.prepare_cached("UPDATE conversation SET deleted = 0 WHERE n = ?1")?
                .execute([n])?;
        }
        Ok(shown > 0)
    }
}

/// Whether an answer of the conversation has not ended on the disk.
fn runs(db: &Connection, n: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM turn WHERE conversation = ?1 AND outcome IS NULL")?
        .exists([n])
}

fn keep_turn(
    db: &Connection,
    owner: OwnerId,
    conversation: i64,
    parent: Option<i64>,
    turn: &Turn,
) -> Result<i64, Failure> {
    let taken = db
        .prepare_cached("SELECT 1 FROM turn WHERE owner = ?1 AND id = ?2")?
        .exists([owner.0, turn.id.0])?;
    let id = if taken {
        TurnId(Uuid::now_v7())
    } else {
        turn.id
    };
    db.prepare_cached(
        "INSERT INTO turn (owner, id, conversation, parent, asked, endpoint, model, options, question)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        owner.0,
        id.0,
        conversation,
        parent,
        time(turn.asked),
        turn.endpoint,
        turn.model,
        json(&turn.options)?,
        turn.question
    ])?;
    let n = db.last_insert_rowid();
    let Ok(answer) = log(turn) else {
        debug_assert!(false, "nothing follows the end here");
        return Ok(n);
    };
    let total = turn.timing.map_or(0, |timing| timing.total_ms);
    write::end(db, n, &answer, turn.asked.saturating_add(total))?;
    Ok(n)
}

/// An answer's log from its texts: how it was cut into events is not exported.
fn log(turn: &Turn) -> Result<Answer, Ended> {
    let mut log = Answer::default();
    let has_sources = !turn.sources.is_empty();
    if let Some(basis) = turn.basis.or(has_sources.then_some(Basis::Cited)) {
        log.push_sources(basis, turn.sources.clone())?;
    }
    for (channel, text) in [
        (Channel::Reasoning, &turn.reasoning),
        (Channel::Answer, &turn.answer),
    ] {
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            log.push_text(channel, piece)?;
            rest = behind;
        }
    }
    if let Some(fault) = &turn.error {
        log.push_fault(fault.clone())?;
    }
    let outcome = turn.outcome.unwrap_or(Outcome::Interrupted);
    log.push_end(End {
        outcome,
        cause: turn.cause.filter(|_| outcome == Outcome::Interrupted),
        usage: turn.usage,
        timing: turn.timing.unwrap_or(Timing {
            first_chunk_ms: None,
            total_ms: 0,
            stopped_us: None,
            first_word_ms: None,
        }),
    })?;
    Ok(log)
}
