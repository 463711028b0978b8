//! Conversations that go over from one owner to another: what a browser had before its reader signed in.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::fault::Failure;
use crate::id::OwnerId;

/// How many conversations an owner has that are not deleted.
pub(super) fn count(db: &Connection, owner: OwnerId) -> Result<usize, Failure> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM conversation WHERE owner = ?1 AND deleted IS NULL")?
        .query_row([owner.0], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Gives one conversation over, with its turns, its place in the search and its share; `false`: there is none left that can go.
/// One that is being answered stays, and so does one whose id, or a turn's, the other owner has already.
pub(super) fn take_one(db: &Connection, from: OwnerId, to: OwnerId) -> Result<bool, Failure> {
    let next: Option<i64> = db
        .prepare_cached(
            "SELECT n FROM conversation AS mine WHERE owner = ?1 AND deleted IS NULL
             AND NOT EXISTS (SELECT 1 FROM conversation WHERE owner = ?2 AND id = mine.id)
             AND NOT EXISTS (
                SELECT 1 FROM turn WHERE conversation = mine.n AND (
                    outcome IS NULL OR EXISTS (SELECT 1 FROM turn AS other WHERE other.owner = ?2 AND other.id = turn.id)
                )
             ) ORDER BY updated LIMIT 1",
        )?
        .query_row([from.0, to.0], |row| row.get(0))
        .optional()?;
    let Some(n) = next else {
        return Ok(false);
    };
    // An index forgets words only where it is told the ones that it was given, the owner's mark among them.
    for forget in [
        "INSERT INTO search (search, rowid, owner, question, answer)
         SELECT 'delete', n, owner, question, answer FROM searchable
         WHERE n IN (SELECT n FROM turn WHERE conversation = ?1)",
        "INSERT INTO search_title (search_title, rowid, owner, title)
         SELECT 'delete', n, owner, title FROM searchable_title WHERE n = ?1",
    ] {
        db.prepare_cached(forget)?.execute([n])?;
    }
    for give in [
        "UPDATE turn SET owner = ?2 WHERE conversation = ?1",
        "UPDATE conversation SET owner = ?2 WHERE n = ?1",
    ] {
        db.prepare_cached(give)?.execute(params![n, to.0])?;
    }
    for learn in [
        "INSERT INTO search (rowid, owner, question, answer) SELECT n, owner, question, answer FROM searchable
         WHERE n IN (SELECT n FROM turn WHERE conversation = ?1)",
        "INSERT INTO search_title (rowid, owner, title) SELECT n, owner, title FROM searchable_title WHERE n = ?1",
    ] {
        db.prepare_cached(learn)?.execute([n])?;
    }
    share(db, n, from, to)?;
    Ok(true)
}

/// What an owner's turns take is counted as they come and go; here they do neither.
fn share(db: &Connection, n: i64, from: OwnerId, to: OwnerId) -> Result<(), Failure> {
    let bytes: i64 = db
        .prepare_cached("SELECT ifnull(sum(bytes), 0) FROM turn WHERE conversation = ?1")?
        .query_row([n], |row| row.get(0))?;
    if bytes == 0 {
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO share VALUES (?1, ?2) ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes",
    )?
    .execute(params![to.0, bytes])?;
    db.prepare_cached("UPDATE share SET bytes = bytes - ?2 WHERE owner = ?1")?
        .execute(params![from.0, bytes])?;
    db.prepare_cached("DELETE FROM share WHERE owner = ?1 AND bytes <= 0")?
        .execute([from.0])?;
    Ok(())
}
