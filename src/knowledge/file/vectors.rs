//! The passages' vectors in the index's file.
//!
//! A vector belongs to a text, by its hash, and not to a passage, so that what stays in a file that has changed is not
//! embedded again. All of them are of one *space*: one model, one length, one way to write a text down for it. Another
//! space begins without any.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::LIVE;

/// What `vector` says of a passage whose text no vector can be made of.
const NONE: i64 = 0;

/// Sees to it that only vectors of this space are there: how long they are, if there are any.
pub(in crate::knowledge) fn settle(
    db: &mut Connection,
    space: &str,
) -> rusqlite::Result<Option<usize>> {
    match settled(db, space)? {
        None => {
            clear(db, space)?;
            Ok(None)
        }
        Some(dimensions) => Ok(dimensions),
    }
}

/// The length of the vectors, where they are of this space; `None`: they are of another.
pub(in crate::knowledge) fn settled(
    db: &Connection,
    space: &str,
) -> rusqlite::Result<Option<Option<usize>>> {
    let sql = "SELECT dimensions FROM space WHERE name = ?1";
    let mut query = db.prepare_cached(sql)?;
    let length = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(0);
    let found = query.query_row([space], length).optional()?;
    Ok(found.map(|length| length.and_then(|length| usize::try_from(length).ok())))
}

/// Begins a space without any vector.
pub(in crate::knowledge) fn clear(db: &mut Connection, space: &str) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    transaction.execute_batch("DELETE FROM embedded; DELETE FROM vector; DELETE FROM space")?;
    transaction.execute("INSERT INTO space (name) VALUES (?1)", [space])?;
    transaction.commit()
}

/// The live passages that have not been embedded.
pub(in crate::knowledge) fn missing(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT p.n FROM document d JOIN passage p ON p.document = d.n \
        LEFT JOIN embedded e ON e.passage = p.n WHERE d.state = ?1 AND e.passage IS NULL ORDER BY p.n";
    let mut query = db.prepare_cached(sql)?;
    query.query_map([LIVE], |row| row.get(0))?.collect()
}

/// Gives a passage the vector of its text, if that is there.
pub(in crate::knowledge) fn link(
    db: &Connection,
    passage: i64,
    hash: &[u8],
) -> rusqlite::Result<bool> {
    let sql = "INSERT OR REPLACE INTO embedded (passage, vector) SELECT ?1, n FROM vector WHERE hash = ?2";
    Ok(db.prepare_cached(sql)?.execute(params![passage, hash])? > 0)
}

/// Keeps a text's vector.
pub(in crate::knowledge) fn insert(
    db: &Connection,
    hash: &[u8],
    numbers: &[u8],
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO vector (hash, numbers) VALUES (?1, ?2)";
    db.prepare_cached(sql)?
        .execute(params![hash, numbers])
        .map(drop)
}

/// Says how long the space's vectors are.
pub(in crate::knowledge) fn measure(db: &Connection, dimensions: usize) -> rusqlite::Result<()> {
    let sql = "UPDATE space SET dimensions = ?1";
    db.prepare_cached(sql)?
        .execute([dimensions as i64])
        .map(drop)
}

/// Says that no vector can be made of a passage.
pub(in crate::knowledge) fn refuse(db: &Connection, passage: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO embedded (passage, vector) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute([passage, NONE]).map(drop)
}

/// Removes the vectors that no passage has any more.
pub(in crate::knowledge) fn sweep(db: &Connection) -> rusqlite::Result<()> {
    let sql = "DELETE FROM vector WHERE n NOT IN (SELECT vector FROM embedded)";
    db.execute(sql, []).map(drop)
}

/// All passages' vectors.
pub(in crate::knowledge) fn each(
    db: &Connection,
    mut take: impl FnMut(i64, &[u8]),
) -> rusqlite::Result<()> {
    let sql = "SELECT e.passage, v.numbers FROM embedded e JOIN vector v ON v.n = e.vector";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let numbers = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        take(row.get(0)?, numbers);
    }
    Ok(())
}
