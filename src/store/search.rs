//! Words in titles, questions and answers.

use std::{cmp::Reverse, collections::BinaryHeap};

use rusqlite::{Connection, Row, params};

use super::{Fragment, Hit, HitField, excerpt::Wanted, fault::Failure, script::spaced};
use crate::id::{ConversationId, OwnerId, TurnId};

/// Words of a search that are looked for; further ones are not.
const MAX_WORDS: usize = 16;
/// Places that are put in order by their time at the most.
const ORDERED: usize = 1_000;

/// Titles first, then questions and answers; the newest first in both.
///
/// The last word may be the beginning of one, if there are too few places that have it as it is: all words with a
/// common beginning cost far more than one common word.
pub(super) fn search(
    db: &Connection,
    owner: OwnerId,
    words: &str,
    limit: usize,
) -> Result<Vec<Hit>, Failure> {
    let Some(matching) = expression(words) else {
        return Ok(Vec::new());
    };
    let beginning = format!("({matching} *)");
    let (whole, begun) = (
        Wanted::new(looked_for(words), false),
        Wanted::new(looked_for(words), true),
    );
    let mut hits = titles(db, owner, (&beginning, &begun), limit)?;
    let mut others = turns(db, owner, (&format!("({matching})"), &whole), limit)?;
    if others.len() < limit {
        others = turns(db, owner, (&beginning, &begun), limit)?;
    }
    // Half of the places are kept for turns, if there are so many.
    hits.truncate((limit / 2).max(limit.saturating_sub(others.len())));
    others.truncate(limit - hits.len());
    hits.extend(others);
    Ok(hits)
}

/// The newest times of those that were looked at. A text, which costs more than all else about a place, is read only
/// where its time is, so far, among them.
#[derive(Default)]
struct Newest(BinaryHeap<Reverse<i64>>);

impl Newest {
    fn takes(&mut self, limit: usize, time: i64) -> bool {
        if self.0.len() >= limit {
            match self.0.peek() {
                Some(Reverse(oldest)) if *oldest < time => drop(self.0.pop()),
                _ => return false,
            }
        }
        self.0.push(Reverse(time));
        true
    }
}

/// The words that a person looks for.
fn looked_for(words: &str) -> impl Iterator<Item = &str> {
    words
        .split(|letter: char| letter.is_whitespace() || letter == '\0')
        .filter(|word| word.contains(char::is_alphanumeric))
        .take(MAX_WORDS)
}

/// A person's words as SQLite's expression: all of them; `None`: there is none.
///
/// Each is put in quotes, within which nothing has a meaning but the quote itself.
fn expression(words: &str) -> Option<String> {
    let words: Vec<String> = looked_for(words)
        .map(|word| format!("\"{}\"", spaced(word).replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| words.join(" AND "))
}

/// The owner's token, as the views make it.
fn token(owner: OwnerId) -> String {
    format!("o{}", owner.0.simple())
}

fn titles(
    db: &Connection,
    owner: OwnerId,
    (words, wanted): (&str, &Wanted),
    limit: usize,
) -> Result<Vec<Hit>, Failure> {
    let query =
        "SELECT conversation.updated, conversation.id, conversation.title, conversation.created
         FROM search_title CROSS JOIN conversation ON conversation.n = search_title.rowid
         WHERE search_title MATCH ?1 AND conversation.owner = ?2 AND conversation.deleted IS NULL
         ORDER BY search_title.rowid DESC LIMIT ?3";
    let matching = format!("owner : {} AND title : {words}", token(owner));
    newest(db, query, (owner, &matching), limit, |row| {
        let title: String = row.get(2)?;
        Ok(Hit {
            conversation: ConversationId(row.get(1)?),
            turn: None,
            field: HitField::Title,
            excerpt: wanted.excerpt(&title).0,
            title,
            asked: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
        })
    })
}

fn turns(
    db: &Connection,
    owner: OwnerId,
    (words, wanted): (&str, &Wanted),
    limit: usize,
) -> Result<Vec<Hit>, Failure> {
    let query = "SELECT turn.asked, conversation.id, conversation.title, turn.id, turn.n
         FROM search CROSS JOIN turn ON turn.n = search.rowid
         CROSS JOIN conversation ON conversation.n = turn.conversation
         WHERE search MATCH ?1 AND conversation.owner = ?2 AND conversation.deleted IS NULL
         ORDER BY search.rowid DESC LIMIT ?3";
    let matching = format!("owner : {} AND {{question answer}} : {words}", token(owner));
    newest(db, query, (owner, &matching), limit, |row| {
        let (field, excerpt) = of_turn(db, row.get(4)?, wanted)?;
        Ok(Hit {
            conversation: ConversationId(row.get(1)?),
            title: row.get(2)?,
            turn: Some(TurnId(row.get(3)?)),
            field,
            excerpt,
            asked: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        })
    })
}

/// The excerpt of a turn's text that has the words, of its question if both have.
fn of_turn(
    db: &Connection,
    n: i64,
    wanted: &Wanted,
) -> rusqlite::Result<(HitField, Vec<Fragment>)> {
    let excerpt = |query| {
        let mut query = db.prepare_cached(query)?;
        query.query_row([n], |row| {
            let text = row.get_ref(0)?.as_str_or_null()?;
            Ok(wanted.excerpt(text.unwrap_or_default()))
        })
    };
    let (question, is_there) = excerpt("SELECT question FROM turn WHERE n = ?1")?;
    if !is_there {
        let (answer, is_there) = excerpt("SELECT answer FROM turn WHERE n = ?1")?;
        if is_there {
            return Ok((HitField::Answer, answer));
        }
    }
    Ok((HitField::Question, question))
}

/// The newest places, in their order. An index gives them in the order of their keeping, which is another one only where
/// something was imported: so the last ones by that are put in order.
///
/// The query gives a place's time first.
fn newest(
    db: &Connection,
    query: &str,
    (owner, matching): (OwnerId, &str),
    limit: usize,
    hit: impl Fn(&Row<'_>) -> rusqlite::Result<Hit>,
) -> Result<Vec<Hit>, Failure> {
    let ordered = many(ORDERED.max(limit));
    let mut query = db.prepare_cached(query)?;
    let mut rows = query.query(params![matching, owner.0, ordered])?;
    let (mut newest, mut hits) = (Newest::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let time = row.get(0)?;
        if newest.takes(limit, time) {
            hits.push((time, hit(row)?));
        }
    }
    // It leaves those of one time as they are.
    hits.sort_by_key(|(time, _)| Reverse(*time));
    hits.truncate(limit);
    Ok(hits.into_iter().map(|(_, hit)| hit).collect())
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_person_types_is_syntax() {
        assert_eq!(
            expression("a \"b\" OR c*"),
            Some("\"a\" AND \"\"\"b\"\"\" AND \"OR\" AND \"c*\"".to_owned())
        );
        assert_eq!(expression(" - \" * ( "), None);
        assert_eq!(expression(""), None);
    }

    #[test]
    fn a_time_is_taken_if_it_is_among_the_newest_so_far_and_of_equal_ones_the_first() {
        let mut newest = Newest::default();
        let taken = [5, 7, 5, 6, 8, 1].map(|time| newest.takes(2, time));
        assert_eq!(taken, [true, true, false, true, true, false]);
    }
}
