//! A conversation, read some turns at a time, so that no memory grows with it.
//!
//! Turns are only ever added, each behind what it follows, and leave with their whole conversation. So the parts make
//! the conversation as it was when the first one was read, though each is a read of its own; only an answer that ends
//! meanwhile is seen as it is then.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::{
    Conversation, ConversationHead, StoreError, Turn,
    codec::{self, Coded},
    fault::Failure,
    inbox::Shared,
    read::{self, CODED, HeldAnswers},
};
use crate::id::{ConversationId, OwnerId, Seq, TurnId};

/// Bytes of texts after which a part takes no further turn.
const PART: usize = 64 << 10;
/// Bytes that a turn counts beside its texts: its names and numbers.
const BESIDE: usize = 512;

/// What a part of a conversation has left for the next ones.
#[derive(Debug, Clone, Copy)]
pub struct Rest {
    owner: OwnerId,
    id: ConversationId,
    row: i64,
    /// The turn behind which it begins; a row alone may be another's one day.
    behind: (i64, TurnId),
    /// The row of the last turn.
    last: i64,
}

/// A conversation with its first turns.
pub(super) fn begin(
    db: &Connection,
    held: &Shared,
    owner: OwnerId,
    id: ConversationId,
) -> Result<Option<(Conversation, Option<Rest>)>, Failure> {
    let held = held.held_answers(owner);
    // One reading transaction, so that all of it is of one moment.
    let db = db.unchecked_transaction()?;
    let Some(row) = read::row_of(&db, owner, id)? else {
        return Ok(None);
    };
    let ConversationHead {
        title,
        created,
        updated,
        ..
    } = read::head(&db, row)?;
    let last: Option<i64> = db
        .prepare_cached("SELECT max(n) FROM turn WHERE conversation = ?1")?
        .query_row([row], |row| row.get(0))?;
    let (mut turns, mut rest) = (Vec::new(), None);
    if let Some(last) = last {
        let all = Rest {
            owner,
            id,
            row,
            behind: (0, TurnId(Uuid::nil())),
            last,
        };
        (turns, rest) = part(&db, &held, all)?;
    }
    let conversation = Conversation {
        id,
        title,
        created,
        updated,
        turns,
    };
    Ok(Some((conversation, rest)))
}

/// The next turns, and what they leave. One that was deleted meanwhile is read to its end, as long as nothing of it has
/// been removed.
pub(super) fn go_on(
    db: &Connection,
    held: &Shared,
    rest: Rest,
) -> Result<(Vec<Turn>, Option<Rest>), Failure> {
    let held = held.held_answers(rest.owner);
    let db = db.unchecked_transaction()?;
    let (behind, turn) = rest.behind;
    let is_there = db
        .prepare_cached(
            "SELECT 1 FROM conversation JOIN turn ON turn.conversation = conversation.n
             WHERE conversation.n = ?1 AND conversation.owner = ?2 AND conversation.id = ?3
             AND (conversation.deleted IS NULL OR conversation.deleted > 0) AND turn.n = ?4 AND turn.id = ?5",
        )?
        .exists(params![rest.row, rest.owner.0, rest.id.0, behind, turn.0])?;
    if is_there {
        part(&db, &held, rest)
    } else {
        Err(gone())
    }
}

/// Nobody is to take what was read for the whole.
fn gone() -> Failure {
    StoreError::UnknownConversation.into()
}

fn part(
    db: &Connection,
    held: &HeldAnswers,
    mut rest: Rest,
) -> Result<(Vec<Turn>, Option<Rest>), Failure> {
    let query = format!(
        "SELECT turn.n, id, (SELECT id FROM turn AS parent WHERE parent.n = turn.parent), asked, endpoint, model,
             options, question, {CODED}
         FROM turn WHERE conversation = ?1 AND n > ?2 AND n <= ?3 ORDER BY n"
    );
    let mut query = db.prepare_cached(&query)?;
    let mut rows = query.query([rest.row, rest.behind.0, rest.last])?;
    let (mut turns, mut bytes) = (Vec::new(), 0);
    while bytes < PART {
        let Some(row) = rows.next()? else {
            return Err(gone());
        };
        let turn = turn(db, held, row)?;
        rest.behind = (row.get(0)?, turn.id);
        bytes += BESIDE + turn.question.len() + turn.answer.len() + turn.reasoning.len();
        turns.push(turn);
        if rest.behind.0 == rest.last {
            return Ok((turns, None));
        }
    }
    Ok((turns, Some(rest)))
}

fn turn(db: &Connection, held: &HeldAnswers, row: &Row<'_>) -> Result<Turn, Failure> {
    let id = TurnId(row.get(1)?);
    let coded = match (read::coded(row, 8)?, held.get(&id)) {
        (ended @ Coded { end: Some(_), .. }, _) => ended,
        (_, Some(held)) => codec::encode(held),
        (_, None) => codec::encode(&read::saved(db, row.get(0)?)?),
    };
    let end = coded.end;
    Ok(Turn {
        id,
        parent: row.get::<_, Option<_>>(2)?.map(TurnId),
        asked: read::unsigned(row, 3)?,
        endpoint: row.get(4)?,
        model: row.get(5)?,
        options: read::parsed(6, &row.get::<_, String>(6)?)?,
        question: row.get(7)?,
        running: end.is_none(),
        seq: Seq(codec::count(&coded.marks)),
        answer: coded.answer,
        reasoning: coded.reasoning,
        basis: codec::basis(&coded.marks),
        sources: coded.sources,
        outcome: end.as_ref().map(|end| end.outcome),
        cause: end.as_ref().and_then(|end| end.cause),
        error: coded.fault,
        usage: end.as_ref().and_then(|end| end.usage),
        timing: end.as_ref().map(|end| end.timing),
    })
}
