//! What is found by a search, what leaves, and the room that this makes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use uuid::Uuid;

use super::{
    Store,
    fault::Failure,
    inbox::Shared,
    spent,
    write::{RESTORABLE, time},
};
use crate::config;

/// Conversations that one transaction removes, so that nobody waits long for it.
const AT_ONCE: i64 = 32;
/// Turns that one transaction removes, and bytes of texts after which it removes no further one.
const TURNS_AT_ONCE: usize = 256;
const BYTES_AT_ONCE: u64 = 128 << 10;
/// Pages of the search's index that one transaction merges.
const MERGED: i64 = 500;
/// Free pages that stay in the file for what comes next.
const SPARE: i64 = 64;
/// Free pages that one transaction gives back to the disk.
const GIVEN_BACK: i64 = 2048;

impl Store {
    /// Keeps to other bounds of age and size from now on; the file stays the one that it is.
    pub fn set_limits(&self, config: &config::Store) {
        self.0.shared.config.store(Arc::new(config.clone()));
    }
}

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

/// What one transaction may still remove. A text's words are looked up one by one when it leaves, so that its bytes
/// count too.
pub(super) struct Room {
    turns: usize,
    bytes: u64,
}

impl Room {
    /// For one transaction.
    pub(super) fn new() -> Self {
        Self {
            turns: TURNS_AT_ONCE,
            bytes: BYTES_AT_ONCE,
        }
    }

    fn is_used_up(&self) -> bool {
        self.turns == 0 || self.bytes == 0
    }
}

/// Removes a conversation for good, as many of its turns now as there is room for and the others with further calls;
/// `true`: it is gone.
pub(super) fn remove_some(db: &Connection, n: i64, room: &mut Room) -> Result<bool, Failure> {
    // What is half gone is neither shown nor restored.
    db.prepare_cached("UPDATE conversation SET deleted = 0 WHERE n = ?1")?
        .execute([n])?;
    let mut newest =
        db.prepare_cached("SELECT n, bytes FROM turn WHERE conversation = ?1 ORDER BY n DESC")?;
    loop {
        if room.is_used_up() {
            return Ok(false);
        }
        let Some((turn, bytes)) = newest
            .query_row([n], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
            .optional()?
        else {
            break;
        };
        remove_turn(db, turn)?;
        room.turns -= 1;
        room.bytes = room.bytes.saturating_sub(u64::try_from(bytes).unwrap_or(0));
    }
    unindex_title(db, n)?;
    db.prepare_cached("DELETE FROM conversation WHERE n = ?1")?
        .execute([n])?;
    Ok(true)
}

fn remove_turn(db: &Connection, n: i64) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO search (search, rowid, owner, question, answer)
         SELECT 'delete', searchable.n, searchable.owner, searchable.question, searchable.answer
         FROM turn JOIN searchable ON searchable.n = turn.n WHERE turn.n = ?1 AND turn.outcome IS NOT NULL",
    )?
    .execute([n])?;
    db.prepare_cached("DELETE FROM turn WHERE n = ?1")?
        .execute([n])?;
    Ok(())
}

/// What is to leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep {
    pub(super) now: u64,
    /// What was touched last before this is older than the retention.
    pub(super) oldest: u64,
    pub(super) bound: Option<u64>,
}

/// Removes some of what is to leave; `true`: there may be more. What has a running turn stays.
pub(super) fn sweep(db: &Connection, sweep: Sweep) -> Result<bool, Failure> {
    let too_late = time(sweep.now.saturating_sub(RESTORABLE));
    spent::forget(db, spent::day(sweep.now))?;
    let mut room = Room::new();
    let mut more = remove_where(
        db,
        &mut room,
        "deleted IS NOT NULL AND deleted <= ?1 ORDER BY deleted",
        too_late,
    )?;
    let too_old = time(sweep.oldest);
    more |= remove_where(db, &mut room, "updated < ?1 ORDER BY updated", too_old)?;
    if let Some(bound) = sweep.bound {
        more |= make_room(db, bound)?;
    }
    Ok(give_back(db)? || more)
}

fn remove_where(
    db: &Connection,
    room: &mut Room,
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
        if !remove_some(db, *n, room)? {
            break;
        }
    }
    Ok(!leaving.is_empty())
}

/// Once more than `bound` bytes are in use, makes room down to a twentieth below it, a step at a time; `true`: there may
/// be more to do.
///
/// The search's index keeps the words of what has left until it is merged. So the merge comes first: else texts would go
/// for room that only the index can give. Where much more is in use, both are done, because what is written meanwhile
/// always gives the merge something to do. The twentieth keeps that from being done for each answer.
pub(super) fn make_room(db: &Connection, bound: u64) -> Result<bool, Failure> {
    let used = used(db)?;
    if used <= bound {
        return Ok(false);
    }
    let before = db.total_changes();
    db.prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?
        .execute([-MERGED])?;
    // SQLite counts one change for the command itself.
    let merged = db.total_changes() - before > 1;
    if merged && !is_far_beyond(used, bound) {
        return Ok(true);
    }
    let wanted = used - bound + bound / 20;
    let (mut gone, mut room, mut freed) = (0, Room::new(), 0);
    while gone < AT_ONCE && freed < wanted {
        let Some((n, bytes)) = next_to_leave(db)? else {
            break;
        };
        gone += 1;
        if !remove_some(db, n, &mut room)? {
            break;
        }
        // About as much again is in the index.
        freed += 2 * bytes;
    }
    Ok(merged || gone > 0)
}

/// Whether so much more than `bound` is in use that it is not left to the next sweep.
pub(super) fn is_far_beyond(used: u64, bound: u64) -> bool {
    used > bound + bound / 10
}

/// What goes first for others' room, with its bytes: of the owner who keeps most the conversation that was untouched for
/// longest, so that nobody can push out everybody else's. What has a running turn stays.
fn next_to_leave(db: &Connection) -> Result<Option<(i64, u64)>, Failure> {
    let mut owners = db.prepare_cached("SELECT owner FROM share ORDER BY bytes DESC")?;
    let mut oldest = db.prepare_cached(
        "SELECT n, (SELECT sum(bytes) FROM turn WHERE conversation = conversation.n)
         FROM conversation WHERE owner = ?1 AND NOT EXISTS
             (SELECT 1 FROM turn WHERE conversation = conversation.n AND outcome IS NULL)
         ORDER BY updated LIMIT 1",
    )?;
    let mut owners = owners.query([])?;
    while let Some(owner) = owners.next()? {
        let found = oldest
            .query_row([owner.get::<_, Uuid>(0)?], |row| {
                Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?))
            })
            .optional()?;
        if let Some((n, bytes)) = found {
            return Ok(Some((n, u64::try_from(bytes.unwrap_or(0)).unwrap_or(0))));
        }
    }
    Ok(None)
}

/// One step where it may be left to the sweep, and else as many as `time` allows.
pub(super) fn make_room_within(
    db: &mut Connection,
    shared: &Shared,
    bound: u64,
    time: Duration,
) -> Result<(), Failure> {
    let _turn = shared.location.write_turn();
    shared.pulse.begin();
    if used(db)? <= bound {
        return Ok(());
    }
    let begin = Instant::now();
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    while make_room(&transaction, bound)?
        && is_far_beyond(used(&transaction)?, bound)
        && begin.elapsed() < time
    {}
    Ok(transaction.commit()?)
}

/// Bytes of the pages that hold something.
pub(super) fn used(db: &Connection) -> rusqlite::Result<u64> {
    bytes(
        db,
        number(db, "page_count")? - number(db, "freelist_count")?,
    )
}

/// Bytes of all pages.
pub(super) fn size(db: &Connection) -> rusqlite::Result<u64> {
    bytes(db, number(db, "page_count")?)
}

fn bytes(db: &Connection, pages: i64) -> rusqlite::Result<u64> {
    Ok(u64::try_from(pages * number(db, "page_size")?).unwrap_or(0))
}

fn number(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, name, |row| row.get(0))
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
