//! What is asked of the index about one document: whether it has it, and which passages to show.
//!
//! A passage's place is told by a fragment that outlives changes elsewhere in the document: its anchor, and behind a
//! `~` which of the passages under that anchor it is; without an anchor, which of the whole document. Both count from
//! one, and the first under an anchor needs no number.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{KEPT, Kept, LIVE, kept};

/// Passages under one anchor that are counted; what stands behind them is told by its place in the document.
const COUNTED: usize = 500;

/// A document that can be shown.
pub(in crate::knowledge) struct Live {
    pub(in crate::knowledge) n: i64,
    pub(in crate::knowledge) title: Option<String>,
    pub(in crate::knowledge) url: Option<String>,
    pub(in crate::knowledge) hash: Vec<u8>,
    pub(in crate::knowledge) passages: usize,
}

/// The document at a path, unless it is not in the index, not yet, no longer, or could not be read.
pub(in crate::knowledge) fn live(
    db: &Connection,
    folder: &str,
    path: &str,
) -> rusqlite::Result<Option<Live>> {
    let sql = "SELECT n, title, url, hash, (SELECT count(*) FROM passage WHERE document = d.n) FROM document d \
        WHERE folder = ?1 AND path = ?2 AND state = ?3 AND problem IS NULL";
    let mut query = db.prepare_cached(sql)?;
    let found = query.query_row(params![folder, path, LIVE], |row| {
        Ok(Live {
            n: row.get(0)?,
            title: row.get(1)?,
            url: row.get(2)?,
            hash: row.get(3)?,
            passages: number(row.get(4)?),
        })
    });
    found.optional()
}

/// Whether an entry of a live document has this title.
pub(in crate::knowledge) fn is_entitled(db: &Connection, title: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM passage p JOIN document d ON d.n = p.document \
        WHERE p.title = ?1 AND d.state = ?2)";
    db.prepare_cached(sql)?
        .query_row(params![title, LIVE], |row| row.get(0))
}

/// Whether it has questions with answers.
pub(in crate::knowledge) fn has_entries(db: &Connection, document: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM passage WHERE document = ?1 AND title IS NOT NULL)";
    db.prepare_cached(sql)?
        .query_row([document], |row| row.get(0))
}

/// Some of its passages, from this one on.
pub(in crate::knowledge) fn part(
    db: &Connection,
    document: i64,
    first: usize,
    most: usize,
) -> rusqlite::Result<Vec<Kept>> {
    let sql = format!("{KEPT} WHERE d.n = ?1 ORDER BY p.n LIMIT ?2 OFFSET ?3");
    let mut query = db.prepare_cached(&sql)?;
    let found = query.query_map(params![document, most as i64, first as i64], kept)?;
    found.collect()
}

/// The fragment that opens the document at a passage.
pub(in crate::knowledge) fn fragment(db: &Connection, kept: &Kept) -> rusqlite::Result<String> {
    let sql = "SELECT document FROM passage WHERE n = ?1";
    let document: i64 = db
        .prepare_cached(sql)?
        .query_row([kept.n], |row| row.get(0))?;
    if let Some(anchor) = &kept.anchor {
        let sql = "SELECT anchor FROM passage WHERE document = ?1 AND n < ?2 ORDER BY n DESC";
        let mut query = db.prepare_cached(sql)?;
        let mut rows = query.query([document, kept.n])?;
        let mut above = 0;
        while above < COUNTED
            && let Some(row) = rows.next()?
            && row.get_ref(0)?.as_str_or_null()? == Some(anchor)
        {
            above += 1;
        }
        if above == 0 {
            return Ok(anchor.clone());
        }
        if above < COUNTED {
            return Ok(format!("{anchor}~{}", above + 1));
        }
    }
    Ok(format!("~{}", place(db, document, kept.n)? + 1))
}

/// The place of the passage that a fragment means, counted from zero; the anchor's first where the number is of none.
pub(in crate::knowledge) fn at(
    db: &Connection,
    document: &Live,
    fragment: &str,
) -> rusqlite::Result<Option<usize>> {
    // A document may name an anchor with a `~` itself.
    if let Some((n, _)) = under(db, document.n, fragment, 1)? {
        return place(db, document.n, n).map(Some);
    }
    let numbered = fragment.rsplit_once('~');
    let numbered = numbered.and_then(|(anchor, number)| Some((anchor, number.parse().ok()?)));
    let Some((anchor, number)) = numbered else {
        return Ok(None);
    };
    if anchor.is_empty() {
        let at = usize::checked_sub(number, 1).filter(|at| *at < document.passages);
        return Ok(at);
    }
    let Some((first, nth)) = under(db, document.n, anchor, number)? else {
        return Ok(None);
    };
    place(db, document.n, nth.unwrap_or(first)).map(Some)
}

/// The first passage under an anchor, and the one of this number.
fn under(
    db: &Connection,
    document: i64,
    anchor: &str,
    number: usize,
) -> rusqlite::Result<Option<(i64, Option<i64>)>> {
    let sql = "SELECT n FROM passage WHERE document = ?1 AND anchor = ?2 ORDER BY n LIMIT ?3";
    let mut query = db.prepare_cached(sql)?;
    let number = number.clamp(1, COUNTED);
    let found = query.query_map(params![document, anchor, number as i64], |row| row.get(0))?;
    let found: Vec<i64> = found.collect::<Result<_, _>>()?;
    Ok(found
        .first()
        .map(|first| (*first, found.get(number - 1).copied())))
}

fn place(db: &Connection, document: i64, passage: i64) -> rusqlite::Result<usize> {
    let sql = "SELECT count(*) FROM passage WHERE document = ?1 AND n < ?2";
    let mut query = db.prepare_cached(sql)?;
    query.query_row([document, passage], |row| row.get(0).map(number))
}

fn number(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}
