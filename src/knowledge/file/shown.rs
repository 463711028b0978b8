//! What is asked of the index about one document: whether it has it, and which passages to show.
//!
//! A passage's place is told by a fragment that outlives changes elsewhere in the document: its anchor, and behind a
//! `~` which of the passages under that anchor it is; without an anchor, which of the whole document. Both count from
//! one, and the first under an anchor needs no number. Behind a number and a `.` stands what the text is known by, so that
//! no other passage is taken for it when numbers change.

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

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
            return Ok(format!("{anchor}~{}.{}", above + 1, sign(&kept.text)));
        }
    }
    let number = place(db, document, kept.n)? + 1;
    Ok(format!("~{number}.{}", sign(&kept.text)))
}

/// What a passage is known by where numbers have changed.
fn sign(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The place of the passage that a fragment means, counted from zero. Where another one has its number by now, it is looked
/// for; if it is nowhere, the anchor's first stands for it.
pub(in crate::knowledge) fn at(
    db: &Connection,
    document: &Live,
    fragment: &str,
) -> rusqlite::Result<Option<usize>> {
    // A document may name an anchor with a `~` itself.
    if let Some((n, _)) = under(db, document.n, fragment, 1)? {
        return place(db, document.n, n).map(Some);
    }
    let numbered = fragment.rsplit_once('~').and_then(|(anchor, rest)| {
        let (number, sign) = rest.split_once('.').unwrap_or((rest, ""));
        Some((anchor, number.parse::<usize>().ok()?, sign))
    });
    let Some((anchor, number, wanted)) = numbered else {
        return Ok(None);
    };
    let (first, nth) = match anchor {
        "" => {
            let at = number.checked_sub(1).filter(|at| *at < document.passages);
            (None, at.map(|at| nth(db, document.n, at)).transpose()?)
        }
        anchor => match under(db, document.n, anchor, number)? {
            Some((first, nth)) => (Some(first), nth),
            None => return Ok(None),
        },
    };
    let found = match nth {
        Some((n, text)) if wanted.is_empty() || sign(&text) == wanted => Some(n),
        _ if wanted.is_empty() => None,
        _ => signed(db, document.n, anchor, wanted)?,
    };
    let found = found.or(first);
    found.map(|n| place(db, document.n, n)).transpose()
}

/// The first passage with this sign, under an anchor or anywhere.
fn signed(
    db: &Connection,
    document: i64,
    anchor: &str,
    wanted: &str,
) -> rusqlite::Result<Option<i64>> {
    let sql =
        "SELECT n, text FROM passage WHERE document = ?1 AND (?2 = '' OR anchor = ?2) ORDER BY n";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params![document, anchor])?;
    while let Some(row) = rows.next()? {
        if sign(row.get_ref(1)?.as_str()?) == wanted {
            return row.get(0).map(Some);
        }
    }
    Ok(None)
}

/// The passage at a place.
fn nth(db: &Connection, document: i64, at: usize) -> rusqlite::Result<Numbered> {
    let sql = "SELECT n, text FROM passage WHERE document = ?1 ORDER BY n LIMIT 1 OFFSET ?2";
    let mut query = db.prepare_cached(sql)?;
    query.query_row(params![document, at as i64], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// A passage's number and its text.
type Numbered = (i64, String);

/// The first passage under an anchor, and the one of this number.
fn under(
    db: &Connection,
    document: i64,
    anchor: &str,
    number: usize,
) -> rusqlite::Result<Option<(i64, Option<Numbered>)>> {
    let sql = "SELECT n, text FROM passage WHERE document = ?1 AND anchor = ?2 ORDER BY n LIMIT ?3";
    let mut query = db.prepare_cached(sql)?;
    let number = number.clamp(1, COUNTED);
    let found = query.query_map(params![document, anchor, number as i64], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let mut found: Vec<Numbered> = found.collect::<Result<_, _>>()?;
    let Some((first, _)) = found.first() else {
        return Ok(None);
    };
    let first = *first;
    let nth = (found.len() == number).then(|| found.swap_remove(number - 1));
    Ok(Some((first, nth)))
}

fn place(db: &Connection, document: i64, passage: i64) -> rusqlite::Result<usize> {
    // A document's passages are written one after another, and so numbered.
    let sql = "SELECT ?2 - min(n) FROM passage WHERE document = ?1";
    let mut query = db.prepare_cached(sql)?;
    query.query_row([document, passage], |row| row.get(0).map(number))
}

fn number(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}
