//! What the readers read. Every query that takes an owner has it in its condition: what is another's is not there.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};
use serde::Deserialize;

use super::{
    ConversationHead, ConversationPage, Exchange, Found, ListCursor, Place,
    codec::{self, Coded},
    fault::{self, Failure},
    inbox::Shared,
    write::time,
};
use crate::{
    answer::{Answer, Channel, End, Fault, Source, Timing, Usage},
    id::{ConversationId, OwnerId, TurnId},
};

/// Turns that are looked at for a model's memory, those without an answer included.
const MAX_HISTORY: usize = 1000;

/// Answers that have ended and are not on the disk yet. They are looked at before the disk is: what has left them by
/// then is there.
pub(super) type HeldAnswers = HashMap<TurnId, Arc<Answer>>;

/// The row of an owner's conversation that is not deleted.
pub(super) fn row_of(
    db: &Connection,
    owner: OwnerId,
    id: ConversationId,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT n FROM conversation WHERE owner = ?1 AND id = ?2 AND deleted IS NULL",
    )?
    .query_row(params![owner.0, id.0], |row| row.get(0))
    .optional()
}

/// A turn of this owner.
pub(super) fn find(
    db: &Connection,
    held: &Shared,
    owner: OwnerId,
    turn: TurnId,
) -> Result<Option<Found>, Failure> {
    let held = held.held((owner, turn));
    // What leaves between the two looks would seem to be damage.
    let db = &db.unchecked_transaction()?;
    let found = db
        .prepare_cached(
            "SELECT turn.n, conversation.id, parent.id, turn.outcome IS NOT NULL
             FROM turn JOIN conversation ON conversation.n = turn.conversation
             LEFT JOIN turn AS parent ON parent.n = turn.parent
             WHERE turn.owner = ?1 AND turn.id = ?2 AND conversation.deleted IS NULL",
        )?
        .query_row([owner.0, turn.0], |row| {
            let place = Place {
                conversation: ConversationId(row.get(1)?),
                parent: row.get::<_, Option<_>>(2)?.map(TurnId),
            };
            Ok((row.get(0)?, place, row.get(3)?))
        })
        .optional()?;
    let Some((n, place, ended)) = found else {
        return Ok(None);
    };
    let answer = match held {
        None if ended => Some(Arc::new(ended_answer(db, n)?)),
        held => held,
    };
    Ok(Some(Found { place, answer }))
}

/// The columns of a log.
pub(super) const CODED: &str =
    "sources, marks, answer, reasoning, outcome, error_code, error_message, error_retry_ms,
    prompt_tokens, completion_tokens, first_chunk_ms, total_ms, cause, first_word_ms";

fn ended_answer(db: &Connection, n: i64) -> rusqlite::Result<Answer> {
    let query = format!("SELECT {CODED} FROM turn WHERE n = ?1");
    let coded = db
        .prepare_cached(&query)?
        .query_row([n], |row| coded(row, 0))?;
    codec::decode(&coded).ok_or_else(fault::damage)
}

/// Reads the columns of [`CODED`], which begin at `at`.
pub(super) fn coded(row: &Row<'_>, at: usize) -> rusqlite::Result<Coded> {
    let sources = row.get_ref(at)?.as_str_or_null()?;
    let unsigned = |column| -> rusqlite::Result<Option<u64>> {
        Ok(row
            .get::<_, Option<i64>>(at + column)?
            .map(|number| u64::try_from(number).unwrap_or(0)))
    };
    let fault = match row.get_ref(at + 5)?.as_str_or_null()? {
        Some(code) => Some(Fault {
            code: word(at + 5, code)?,
            message: row.get::<_, Option<_>>(at + 6)?.unwrap_or_default(),
            retry_after_ms: unsigned(7)?,
        }),
        None => None,
    };
    let usage = unsigned(8)?.zip(unsigned(9)?);
    let timing = Timing {
        first_chunk_ms: unsigned(10)?,
        total_ms: unsigned(11)?.unwrap_or(0),
        stopped_us: None,
        first_word_ms: unsigned(13)?,
    };
    let end = match row.get_ref(at + 4)?.as_str_or_null()? {
        Some(outcome) => Some(End {
            outcome: word(at + 4, outcome)?,
            cause: match row.get_ref(at + 12)?.as_str_or_null()? {
                Some(cause) => Some(word(at + 12, cause)?),
                None => None,
            },
            usage: usage.map(|(prompt_tokens, completion_tokens)| Usage {
                prompt_tokens,
                completion_tokens,
            }),
            timing,
        }),
        None => None,
    };
    Ok(Coded {
        sources: sources.map_or(Ok(Vec::new()), |sources| parsed(at, sources))?,
        marks: row.get::<_, Option<_>>(at + 1)?.unwrap_or_default(),
        answer: row.get::<_, Option<_>>(at + 2)?.unwrap_or_default(),
        reasoning: row.get::<_, Option<_>>(at + 3)?.unwrap_or_default(),
        fault,
        end,
    })
}

/// A column's JSON.
pub(super) fn parsed<'t, T: Deserialize<'t>>(column: usize, text: &'t str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| strange(column, error))
}

/// A column that holds one word of a list.
fn word<'t, T: Deserialize<'t>>(column: usize, text: &'t str) -> rusqlite::Result<T> {
    let deserializer: serde::de::value::BorrowedStrDeserializer<'t, serde::de::value::Error> =
        serde::de::value::BorrowedStrDeserializer::new(text);
    T::deserialize(deserializer).map_err(|error| strange(column, error))
}

fn strange(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// What was saved of a running answer: whole events, up to the first that is missing.
pub(super) fn saved(db: &Connection, n: i64) -> rusqlite::Result<Answer> {
    let sources: Option<String> = db
        .prepare_cached("SELECT sources FROM turn WHERE n = ?1")?
        .query_row([n], |row| row.get(0))?;
    let sources: Vec<Source> = sources.map_or(Ok(Vec::new()), |sources| parsed(0, &sources))?;
    let mut answer = Answer::default();
    let mut query =
        db.prepare_cached("SELECT first, marks, text FROM piece WHERE turn = ?1 ORDER BY first")?;
    let mut rows = query.query([n])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(0)? != time(answer.head().0 + 1) {
            break;
        }
        let (marks, text) = (row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_str()?);
        codec::append(&mut answer, marks, text, &sources).ok_or_else(fault::damage)?;
    }
    Ok(answer)
}

/// The finished turns from `turn` backwards.
pub(super) fn history(
    db: &Connection,
    held: &Shared,
    owner: OwnerId,
    turn: TurnId,
    mut fits: impl FnMut(&Exchange) -> bool,
) -> Result<Vec<Exchange>, Failure> {
    let held = held.held_answers(owner);
    // A conversation that leaves while it is read back would seem to be damaged.
    let db = &db.unchecked_transaction()?;
    let mut next: Option<i64> = db
        .prepare_cached("SELECT n FROM turn WHERE owner = ?1 AND id = ?2")?
        .query_row([owner.0, turn.0], |row| row.get(0))
        .optional()?;
    let mut history = Vec::new();
    let mut query =
        db.prepare_cached("SELECT parent, id, question, answer FROM turn WHERE n = ?1")?;
    for _ in 0..MAX_HISTORY {
        let Some(n) = next else { break };
        let (parent, id, question, answer) = query.query_row([n], |row| {
            Ok((
                row.get(0)?,
                TurnId(row.get(1)?),
                row.get(2)?,
                row.get::<_, Option<String>>(3)?,
            ))
        })?;
        next = parent;
        let answer = answer.or_else(|| Some(held.get(&id)?.text(Channel::Answer)));
        let Some(answer) = answer.filter(|answer| !answer.is_empty()) else {
            continue;
        };
        let exchange = Exchange { question, answer };
        if !fits(&exchange) {
            break;
        }
        history.push(exchange);
    }
    Ok(history)
}

const HEAD: &str = "SELECT n, id, title, created, updated,
    (SELECT count(*) FROM turn WHERE conversation = conversation.n),
    EXISTS (SELECT 1 FROM turn WHERE conversation = conversation.n AND outcome IS NULL)
    FROM conversation";

fn head_of(row: &Row<'_>) -> rusqlite::Result<ConversationHead> {
    Ok(ConversationHead {
        id: ConversationId(row.get(1)?),
        title: row.get(2)?,
        created: unsigned(row, 3)?,
        updated: unsigned(row, 4)?,
        turns: unsigned(row, 5)?,
        running: row.get(6)?,
    })
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A conversation as a list has it.
pub(super) fn head(db: &Connection, n: i64) -> rusqlite::Result<ConversationHead> {
    db.prepare_cached(&format!("{HEAD} WHERE n = ?1"))?
        .query_row([n], head_of)
}

/// A page of an owner's conversations.
pub(super) fn list(
    db: &Connection,
    held: &Shared,
    owner: OwnerId,
    before: Option<ListCursor>,
    limit: usize,
) -> Result<ConversationPage, Failure> {
    let held = held.held_answers(owner);
    // What ends between the two queries would seem to run here and nowhere else.
    let db = &db.unchecked_transaction()?;
    let before = before.unwrap_or(ListCursor {
        updated: i64::MAX,
        n: i64::MAX,
    });
    // One more than asked for says whether there is a next page.
    let many = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = format!(
        "{HEAD} WHERE owner = ?1 AND deleted IS NULL AND (updated, n) < (?2, ?3) ORDER BY updated DESC, n DESC LIMIT ?4"
    );
    let mut found = db
        .prepare_cached(&query)?
        .query_map(params![owner.0, before.updated, before.n, many], |row| {
            let cursor = ListCursor {
                updated: row.get(4)?,
                n: row.get(0)?,
            };
            Ok((cursor, head_of(row)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    if !held.is_empty() {
        for (cursor, head) in found.iter_mut().filter(|(_, head)| head.running) {
            head.running = runs(db, &held, cursor.n)?;
        }
    }
    let next = found.last().filter(|_| more).map(|(cursor, _)| *cursor);
    let conversations = found.into_iter().map(|(_, head)| head).collect();
    Ok(ConversationPage {
        conversations,
        next,
    })
}

/// Whether an answer of the conversation has not ended, be it on the disk or in memory.
fn runs(db: &Connection, held: &HeldAnswers, n: i64) -> rusqlite::Result<bool> {
    let mut running =
        db.prepare_cached("SELECT id FROM turn WHERE conversation = ?1 AND outcome IS NULL")?;
    let mut rows = running.query([n])?;
    while let Some(row) = rows.next()? {
        if !held.contains_key(&TurnId(row.get(0)?)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ids of an owner's conversations.
pub(super) fn ids(db: &Connection, owner: OwnerId) -> Result<Vec<ConversationId>, Failure> {
    let ids = db
        .prepare_cached(
            "SELECT id FROM conversation WHERE owner = ?1 AND deleted IS NULL ORDER BY n",
        )?
        .query_map([owner.0], |row| Ok(ConversationId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}
