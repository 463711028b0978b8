//! What the writer does to the database, each function inside a savepoint of its own.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    ConversationHead, NewTurn, Parent, Place, StoreError, codec, fault::Failure, held::Key, keep,
    now, read,
};
use crate::{
    answer::{Answer, Cause, End, Outcome, Piece, Timing},
    id::{ConversationId, OwnerId, TurnId},
};

/// Characters of a title that is taken from a question.
const TITLE: usize = 80;
/// How long what was deleted can be restored, in milliseconds.
pub(super) const RESTORABLE: u64 = 10 * 60 * 1000;
/// Turns that one transaction ends when a crash has left them running.
const INTERRUPTED_AT_ONCE: usize = 64;

/// Times as SQLite's integers. They end in the year 292 million.
pub(super) fn time(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// Keeps a question.
pub(super) fn ask(db: &Connection, new: &NewTurn) -> Result<Place, Failure> {
    let taken = db
        .prepare_cached("SELECT 1 FROM turn WHERE owner = ?1 AND id = ?2")?
        .exists([new.owner.0, new.turn.0])?;
    if taken {
        return Err(StoreError::Taken.into());
    }
    let id = new.conversation.unwrap_or_default();
    let conversation = db
        .prepare_cached("SELECT n, deleted IS NULL FROM conversation WHERE owner = ?1 AND id = ?2")?
        .query_row(params![new.owner.0, id.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
        })
        .optional()?;
    let (conversation, parent) = match (conversation, new.parent) {
        (None, Parent::Turn(_)) | (Some((_, false)), _) => {
            return Err(StoreError::UnknownConversation.into());
        }
        (None, _) => {
            let title = title(&new.question);
            (
                begin(db, new.owner, id, &title, new.asked_at, new.asked_at)?,
                None,
            )
        }
        (Some((n, true)), parent) => (n, parent_row(db, new.owner, n, parent)?),
    };
    let (parent_n, parent) = parent.unzip();
    let options = json(&new.options)?;
    db.prepare_cached(
        "INSERT INTO turn (owner, id, conversation, parent, asked, endpoint, model, options, question)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        new.owner.0,
        new.turn.0,
        conversation,
        parent_n,
        time(new.asked_at),
        new.endpoint,
        new.model,
        options,
        new.question
    ])?;
    touch(db, conversation, new.asked_at)?;
    Ok(Place {
        conversation: id,
        parent,
    })
}

/// Makes a conversation.
pub(super) fn begin(
    db: &Connection,
    owner: OwnerId,
    id: ConversationId,
    title: &str,
    created: u64,
    updated: u64,
) -> Result<i64, Failure> {
    db.prepare_cached(
        "INSERT INTO conversation (id, owner, title, created, updated) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id.0, owner.0, title, time(created), time(updated)])?;
    let n = db.last_insert_rowid();
    keep::index_title(db, n)?;
    Ok(n)
}

/// The turn that a new one in the conversation follows.
fn parent_row(
    db: &Connection,
    owner: OwnerId,
    conversation: i64,
    parent: Parent,
) -> Result<Option<(i64, TurnId)>, Failure> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, TurnId(row.get(1)?)));
    match parent {
        Parent::Root => Ok(None),
        Parent::Newest => {
            let newest = db
                .prepare_cached(
                    "SELECT n, id FROM turn WHERE conversation = ?1 ORDER BY n DESC LIMIT 1",
                )?
                .query_row([conversation], row)
                .optional()?;
            Ok(newest)
        }
        Parent::Turn(id) => {
            let found = db
                .prepare_cached(
                    "SELECT n, id FROM turn WHERE owner = ?1 AND id = ?2 AND conversation = ?3",
                )?
                .query_row(params![owner.0, id.0, conversation], row)
                .optional()?;
            found
                .map(Some)
                .ok_or(Failure::Refused(StoreError::UnknownParent))
        }
    }
}

fn touch(db: &Connection, conversation: i64, at: u64) -> Result<(), Failure> {
    db.prepare_cached("UPDATE conversation SET updated = max(updated, ?2) WHERE n = ?1")?
        .execute(params![conversation, time(at)])?;
    Ok(())
}

/// Keeps a piece of a running answer; of one that has ended, or that is not kept, nothing.
pub(super) fn save(db: &Connection, (owner, turn): Key, piece: &Piece) -> Result<(), Failure> {
    let (marks, text) = codec::encode_piece(&piece.events);
    let sources = piece.events.sources();
    if !sources.is_empty() {
        db.prepare_cached(
            "UPDATE turn SET sources = ?3 WHERE owner = ?1 AND id = ?2 AND outcome IS NULL",
        )?
        .execute(params![owner.0, turn.0, json(&sources)?])?;
    }
    db.prepare_cached(
        "INSERT INTO piece (turn, first, saved, marks, text)
         SELECT n, ?3, ?4, ?5, ?6 FROM turn WHERE owner = ?1 AND id = ?2 AND outcome IS NULL
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        owner.0,
        turn.0,
        time(piece.first.0),
        time(now()),
        marks,
        text
    ])?;
    Ok(())
}

/// Gives a turn its end, once.
pub(super) fn finish(db: &Connection, (owner, turn): Key, answer: &Answer) -> Result<(), Failure> {
    let running = db
        .prepare_cached("SELECT n FROM turn WHERE owner = ?1 AND id = ?2 AND outcome IS NULL")?
        .query_row([owner.0, turn.0], |row| row.get(0))
        .optional()?;
    match running {
        Some(n) => end(db, n, answer, now()),
        None => Ok(()),
    }
}

/// Writes the whole answer into its turn's row, which is running.
pub(super) fn end(db: &Connection, n: i64, answer: &Answer, ended: u64) -> Result<(), Failure> {
    let coded = codec::encode(answer);
    let Some(End {
        outcome,
        cause,
        usage,
        timing,
    }) = coded.end
    else {
        debug_assert!(false, "only an answer that has ended is kept as one");
        return Ok(());
    };
    let sources = (!coded.sources.is_empty())
        .then(|| json(&coded.sources))
        .transpose()?;
    let (code, message, retry) = match coded.fault {
        Some(fault) => (
            Some(fault.code.as_str()),
            Some(fault.message),
            fault.retry_after_ms.map(time),
        ),
        None => (None, None, None),
    };
    let conversation: i64 = db
        .prepare_cached(
            "UPDATE turn SET outcome = ?2, error_code = ?3, error_message = ?4, error_retry_ms = ?5,
                 prompt_tokens = ?6, completion_tokens = ?7, first_chunk_ms = ?8, total_ms = ?9, ended = ?10,
                 sources = ?11, marks = ?12, answer = ?13, reasoning = ?14, cause = ?15, first_word_ms = ?16
             WHERE n = ?1 RETURNING conversation",
        )?
        .query_row(
            params![
                n,
                outcome.to_string(),
                code,
                message,
                retry,
                usage.map(|usage| time(usage.prompt_tokens)),
                usage.map(|usage| time(usage.completion_tokens)),
                timing.first_chunk_ms.map(time),
                time(timing.total_ms),
                time(ended),
                sources,
                coded.marks,
                coded.answer,
                coded.reasoning,
                cause.map(Cause::as_str),
                timing.first_word_ms.map(time),
            ],
            |row| row.get(0),
        )?;
    db.prepare_cached("DELETE FROM piece WHERE turn = ?1")?
        .execute([n])?;
    touch(db, conversation, ended)?;
    keep::index_turn(db, n)
}

/// Ends what a crash has left running, with what was saved of it.
pub(super) fn interrupt_running(db: &mut Connection) -> Result<usize, Failure> {
    let mut interrupted = 0;
    loop {
        let transaction = db.transaction()?;
        let running: Vec<(i64, i64)> = transaction
            .prepare_cached("SELECT n, asked FROM turn WHERE outcome IS NULL LIMIT ?1")?
            .query_map([INTERRUPTED_AT_ONCE as i64], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        if running.is_empty() {
            return Ok(interrupted);
        }
        for (n, asked) in &running {
            interrupt_row(&transaction, *n, *asked, Cause::Crashed)?;
        }
        transaction.commit()?;
        interrupted += running.len();
    }
}

/// Ends a turn whose answer was lost, with what was saved of it.
pub(super) fn interrupt(db: &Connection, (owner, turn): Key) -> Result<(), Failure> {
    let running = db
        .prepare_cached(
            "SELECT n, asked FROM turn WHERE owner = ?1 AND id = ?2 AND outcome IS NULL",
        )?
        .query_row([owner.0, turn.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match running {
        Some((n, asked)) => interrupt_row(db, n, asked, Cause::Unkept),
        None => Ok(()),
    }
}

fn interrupt_row(db: &Connection, n: i64, asked: i64, cause: Cause) -> Result<(), Failure> {
    let mut answer = read::saved(db, n)?;
    let last: Option<i64> = db
        .prepare_cached("SELECT max(saved) FROM piece WHERE turn = ?1")?
        .query_row([n], |row| row.get(0))?;
    let ended = last.unwrap_or(asked).max(asked);
    let interrupted = End {
        outcome: Outcome::Interrupted,
        cause: Some(cause),
        usage: None,
        timing: Timing {
            first_chunk_ms: None,
            total_ms: u64::try_from(ended - asked).unwrap_or(0),
            stopped_us: None,
            first_word_ms: None,
        },
    };
    let pushed = answer.push_end(interrupted);
    debug_assert!(pushed.is_ok(), "pieces hold no end");
    end(db, n, &answer, u64::try_from(ended).unwrap_or(0))
}

/// Gives a conversation another title.
pub(super) fn rename(
    db: &Connection,
    owner: OwnerId,
    id: ConversationId,
    title: &str,
) -> Result<ConversationHead, Failure> {
    let n = row_of(db, owner, id)?;
    keep::unindex_title(db, n)?;
    db.prepare_cached("UPDATE conversation SET title = ?2 WHERE n = ?1")?
        .execute(params![n, title])?;
    keep::index_title(db, n)?;
    Ok(read::head(db, n)?)
}

/// Hides a conversation until it is restored or swept away.
pub(super) fn delete(
    db: &Connection,
    owner: OwnerId,
    id: ConversationId,
    now: u64,
) -> Result<(), Failure> {
    let n = row_of(db, owner, id)?;
    db.prepare_cached("UPDATE conversation SET deleted = ?2 WHERE n = ?1")?
        .execute(params![n, time(now)])?;
    Ok(())
}

/// Shows a conversation again, if that is not too late. One that is not hidden stays as it is: the second of two
/// tabs, or a request that was sent twice, is not to be told that there is none.
pub(super) fn restore(
    db: &Connection,
    owner: OwnerId,
    id: ConversationId,
    now: u64,
) -> Result<ConversationHead, Failure> {
    let deleted_after = time(now.saturating_sub(RESTORABLE));
    let n = db
        .prepare_cached(
            "UPDATE conversation SET deleted = NULL
             WHERE owner = ?1 AND id = ?2 AND (deleted IS NULL OR deleted > ?3) RETURNING n",
        )?
        .query_row(params![owner.0, id.0, deleted_after], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::UnknownConversation)?;
    Ok(read::head(db, n)?)
}

fn row_of(db: &Connection, owner: OwnerId, id: ConversationId) -> Result<i64, Failure> {
    let n = read::row_of(db, owner, id)?;
    Ok(n.ok_or(StoreError::UnknownConversation)?)
}

/// The question's first line that is more than the fence of an attached text, cut at a word's end.
fn title(question: &str) -> String {
    let is_fence =
        |line: &str| line.starts_with("```") && !line.trim_start_matches('`').contains('`');
    let line = question
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !is_fence(line))
        .unwrap_or_default();
    let Some((cut, _)) = line.char_indices().nth(TITLE) else {
        return line.to_owned();
    };
    // The last character makes room for the mark of the cut.
    let room = &line[..line[..cut]
        .char_indices()
        .next_back()
        .map_or(0, |(at, _)| at)];
    let ends_here = line[room.len()..].starts_with(char::is_whitespace);
    let words = match room.trim_end().rsplit_once(char::is_whitespace) {
        Some((words, _)) if !ends_here => words.trim_end(),
        _ => room.trim_end(),
    };
    format!("{words}…")
}

/// A value as the JSON that is kept.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let error = |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
    Ok(serde_json::to_string(value).map_err(error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_cut_at_a_words_end() {
        assert_eq!(title("  What is it?\nMore."), "What is it?");
        assert_eq!(title(" \n\n"), "");
        assert_eq!(title("````rs file=\"a.rs\"\n\nmod a;\n````"), "mod a;");
        assert_eq!(title("```a``` is what?"), "```a``` is what?");
        let exact = "ä".repeat(80);
        assert_eq!(title(&exact), exact);
        let long = "word ".repeat(30);
        let cut = title(&long);
        assert!(cut.ends_with("word…") && cut.chars().count() <= 80, "{cut}");
        assert_eq!(title(&"ä".repeat(200)), format!("{}…", "ä".repeat(79)));
    }
}
