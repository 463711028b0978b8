//! Taking in what was exported.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{
    Conversation, Turn,
    fault::Failure,
    keep,
    write::{self, json, time},
};
use crate::{
    answer::{Answer, Channel, End, Ended, Outcome, Timing},
    id::{OwnerId, TurnId},
};

/// Characters of a title; what is longer is cut.
const TITLE: usize = 200;
/// Bytes of an event of text, as a running answer is cut too.
const PIECE: usize = 16 << 10;

/// What became of the conversations of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Imported {
    /// Conversations that are kept now.
    pub imported: u64,
    /// Conversations that were there already.
    pub skipped: u64,
}

impl Imported {
    pub(super) fn count(&mut self, new: bool) {
        *(if new {
            &mut self.imported
        } else {
            &mut self.skipped
        }) += 1;
    }
}

/// Whether each turn follows one that came before it, and none comes twice.
pub(super) fn is_a_tree(conversation: &Conversation) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut fits = |turn: &Turn| {
        turn.parent.is_none_or(|parent| seen.contains(&parent)) && seen.insert(turn.id)
    };
    conversation.turns.iter().all(&mut fits)
}

/// Keeps a conversation, unless it is there; `false`: it was.
pub(super) fn import(
    db: &Connection,
    owner: OwnerId,
    conversation: &Conversation,
) -> Result<bool, Failure> {
    let there = db
        .prepare_cached("SELECT n, deleted IS NULL FROM conversation WHERE owner = ?1 AND id = ?2")?
        .query_row(params![owner.0, conversation.id.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match there {
        Some((_, true)) => return Ok(false),
        // Its answer is to find its place.
        Some((n, false)) if runs(db, n)? => return Ok(false),
        Some((n, false)) => keep::remove(db, n)?,
        None => {}
    }
    let Conversation {
        id,
        title,
        created,
        updated,
        turns,
    } = conversation;
    let title: String = title.chars().take(TITLE).collect();
    let n = write::begin(db, owner, *id, &title, *created, *updated)?;
    let mut rows = HashMap::new();
    for turn in turns {
        let parent = turn.parent.and_then(|parent| rows.get(&parent).copied());
        rows.insert(turn.id, keep_turn(db, owner, n, parent, turn)?);
    }
    // The ends have touched it.
    db.prepare_cached("UPDATE conversation SET updated = ?2 WHERE n = ?1")?
        .execute(params![n, time(*updated)])?;
    Ok(true)
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
    if !turn.sources.is_empty() {
        log.push_sources(turn.sources.clone())?;
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
    log.push_end(End {
        outcome: turn.outcome.unwrap_or(Outcome::Interrupted),
        usage: turn.usage,
        timing: turn.timing.unwrap_or(Timing {
            first_chunk_ms: None,
            total_ms: 0,
        }),
    })?;
    Ok(log)
}
