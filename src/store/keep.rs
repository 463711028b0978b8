//! What is found by a search, what leaves, and the room that this makes.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    fault::Failure,
    write::{RESTORABLE, time},
};

/// Conversations that one transaction removes, so that nobody waits long for it.
const AT_ONCE: i64 = 32;
/// Turns that one transaction of a sweep removes: a conversation may have any number of them.
const TURNS_AT_ONCE: usize = 256;
/// Pages of the search's index that one transaction merges.
const MERGED: i64 = 500;
/// Free pages that stay in the file for what comes next.
const SPARE: i64 = 64;
/// Free pages that one transaction gives back to the disk.
const GIVEN_BACK: i64 = 2048;

/// Makes an ended turn's words findable.
pub(super) fn index_turn(db: &Connection, n: i64) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO search (rowid, owner, question, answer)
         SELECT n, owner, question, answer FROM searchable WHERE n = ?1",
    )?
    .execute([n])?;
    Ok(())
}

/// Makes a conversation's title findable.
pub(super) fn index_title(db: &Connection, n: i64) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO search_title (rowid, owner, title) SELECT n, owner, title FROM searchable_title WHERE n = ?1",
    )?
    .execute([n])?;
    Ok(())
}

/// Takes a title out of what is findable; it must be as it was when it went in.
pub(super) fn unindex_title(db: &Connection, n: i64) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO search_title (search_title, rowid, owner, title)
         SELECT 'delete', n, owner, title FROM searchable_title WHERE n = ?1",
    )?
    .execute([n])?;
    Ok(())
}

/// Removes a conversation for good.
pub(super) fn remove(db: &Connection, n: i64) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO search (search, rowid, owner, question, answer)
         SELECT 'delete', searchable.n, searchable.owner, searchable.question, searchable.answer
         FROM turn JOIN searchable ON searchable.n = turn.n
         WHERE turn.conversation = ?1 AND turn.outcome IS NOT NULL",
    )?
    .execute([n])?;
    unindex_title(db, n)?;
    db.prepare_cached("DELETE FROM conversation WHERE n = ?1")?
        .execute([n])?;
    Ok(())
}

/// Removes a conversation for good, `limit` of its turns now and the others with further calls; how many went.
fn remove_some(db: &Connection, n: i64, limit: usize) -> Result<usize, Failure> {
    // What is half gone is neither shown nor restored.
    db.prepare_cached("UPDATE conversation SET deleted = 0 WHERE n = ?1")?
        .execute([n])?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO search (search, rowid, owner, question, answer)
         SELECT 'delete', searchable.n, searchable.owner, searchable.question, searchable.answer
         FROM turn JOIN searchable ON searchable.n = turn.n
         WHERE turn.n IN (SELECT n FROM turn WHERE conversation = ?1 ORDER BY n DESC LIMIT ?2)
             AND turn.outcome IS NOT NULL",
    )?
    .execute([n, limit])?;
    let gone = db
        .prepare_cached(
            "DELETE FROM turn WHERE n IN (SELECT n FROM turn WHERE conversation = ?1 ORDER BY n DESC LIMIT ?2)",
        )?
        .execute([n, limit])?;
    if !db
        .prepare_cached("SELECT 1 FROM turn WHERE conversation = ?1")?
        .exists([n])?
    {
        remove(db, n)?;
    }
    Ok(gone)
}

/// What is to leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep {
    pub(super) now: u64,
    /// In milliseconds.
    pub(super) retention: Option<u64>,
    pub(super) bound: Option<u64>,
}

/// Removes some of what is to leave; `true`: there may be more. What has a running turn stays.
pub(super) fn sweep(db: &Connection, sweep: Sweep) -> Result<bool, Failure> {
    let too_late = time(sweep.now.saturating_sub(RESTORABLE));
    let mut room = TURNS_AT_ONCE;
    let mut more = remove_where(
        db,
        &mut room,
        "deleted IS NOT NULL AND deleted <= ?1 ORDER BY deleted",
        too_late,
    )?;
    if let Some(retention) = sweep.retention {
        let too_old = time(sweep.now.saturating_sub(retention));
        more |= remove_where(db, &mut room, "updated < ?1 ORDER BY updated", too_old)?;
    }
    if let Some(bound) = sweep.bound {
        more |= make_room(db, bound)?;
    }
    Ok(give_back(db)? || more)
}

fn remove_where(
    db: &Connection,
    room: &mut usize,
    condition: &str,
    than: i64,
) -> Result<bool, Failure> {
    let query = format!(
        "SELECT n FROM conversation WHERE NOT EXISTS
             (SELECT 1 FROM turn WHERE conversation = conversation.n AND outcome IS NULL) AND {condition} LIMIT ?2"
    );
    let leaving: Vec<i64> = db
        .prepare_cached(&query)?
        .query_map(params![than, AT_ONCE], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for n in &leaving {
        if *room == 0 {
            break;
        }
        *room -= remove_some(db, *n, *room)?;
    }
    Ok(!leaving.is_empty())
}

/// Once more than `bound` bytes are in use, makes room down to a twentieth below it, a step at a time; `true`: there may
/// be more to do.
///
/// The search's index keeps the words of what has left until it is merged. So the merge comes first: else texts would go
/// for room that only the index can give. The twentieth keeps that from being done for each answer.
pub(super) fn make_room(db: &Connection, bound: u64) -> Result<bool, Failure> {
    let used = used(db)?;
    if used <= bound {
        return Ok(false);
    }
    let before = db.total_changes();
    db.prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?
        .execute([-MERGED])?;
    // SQLite counts one change for the command itself.
    if db.total_changes() - before > 1 {
        return Ok(true);
    }
    let wanted = used - bound + bound / 20;
    let (mut gone, mut room, mut freed) = (0, TURNS_AT_ONCE, 0);
    while gone < AT_ONCE && room > 0 && freed < wanted {
        let oldest = db
            .prepare_cached(
                "SELECT n, (SELECT sum(octet_length(question) + ifnull(octet_length(answer), 0)
                     + ifnull(octet_length(reasoning), 0)) FROM turn WHERE conversation = conversation.n)
                 FROM conversation WHERE NOT EXISTS
                     (SELECT 1 FROM turn WHERE conversation = conversation.n AND outcome IS NULL)
                 ORDER BY updated LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))
            .optional()?;
        let Some((n, bytes)) = oldest else { break };
        room -= remove_some(db, n, room)?;
        gone += 1;
        // About as much again is in the index.
        freed += 2 * u64::try_from(bytes.unwrap_or(0)).unwrap_or(0);
    }
    Ok(gone > 0)
}

/// Bytes of the pages that hold something.
pub(super) fn used(db: &Connection) -> rusqlite::Result<u64> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?).unwrap_or(0))
}

/// Gives free pages back to the disk; `true`: there may be more.
fn give_back(db: &Connection) -> rusqlite::Result<bool> {
    let free: i64 = db.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if free <= SPARE {
        return Ok(false);
    }
    let pages = (free - SPARE).min(GIVEN_BACK);
    // It frees a page for each row that is asked for.
    db.pragma(None, "incremental_vacuum", pages, |_| Ok(()))?;
    Ok(free - SPARE > GIVEN_BACK)
}
