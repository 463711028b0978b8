//! Words in titles, questions and answers.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, Row, functions::FunctionFlags, params};
use uuid::Uuid;

use super::{
    Fragment, Hit, HitField,
    fault::Failure,
    script::{joined, spaced},
};
use crate::id::{ConversationId, OwnerId, TurnId};

/// Words of a search that are looked for; further ones are not.
const MAX_WORDS: usize = 16;
/// Words of an excerpt.
const EXCERPT: i64 = 24;
/// Places that are put in order by their time at the most.
const ORDERED: usize = 1_000;

/// What stands around a found word in what SQLite gives: new in each search, or a text could hold marks of its own.
struct Marks {
    open: String,
    close: String,
}

impl Marks {
    fn new() -> Self {
        let unknown = Uuid::new_v4().simple();
        Self {
            open: format!("<{unknown}>"),
            close: format!("</{unknown}>"),
        }
    }
}

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
    let Some(words) = expression(words) else {
        return Ok(Vec::new());
    };
    let beginning = format!("({words} *)");
    let mut hits = titles(db, owner, &beginning, limit)?;
    let mut others = turns(db, owner, &format!("({words})"), limit)?;
    if others.len() < limit {
        others = turns(db, owner, &beginning, limit)?;
    }
    // Half of the places are kept for turns, if there are so many.
    hits.truncate((limit / 2).max(limit.saturating_sub(others.len())));
    others.truncate(limit - hits.len());
    hits.extend(others);
    Ok(hits)
}

/// Gives a connection the function that [`titles`] and [`turns`] use: whether a time is, so far, among the newest of a
/// statement's. So an excerpt, which costs more than all else about a place, is made only where it may be wanted.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("among_newest", 2, flags, |context| {
        let (limit, time) = (context.get::<i64>(0)?, context.get::<i64>(1)?);
        // SQLite keeps it as long as the statement runs, because the limit stays the same.
        let newest = context.get_or_create_aux(0, |_| Ok::<_, NoError>(Newest::default()))?;
        Ok(newest.takes(usize::try_from(limit).unwrap_or(0), time))
    })
}

/// Nothing can go wrong when there is nothing to be computed.
type NoError = std::convert::Infallible;

/// The newest times of those that were looked at.
#[derive(Default)]
struct Newest(Mutex<BinaryHeap<Reverse<i64>>>);

impl Newest {
    fn takes(&self, limit: usize, time: i64) -> bool {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.len() >= limit {
            match newest.peek() {
                Some(Reverse(oldest)) if *oldest < time => drop(newest.pop()),
                _ => return false,
            }
        }
        newest.push(Reverse(time));
        true
    }
}

/// A person's words as SQLite's expression: all of them; `None`: there is none.
///
/// Each is put in quotes, within which nothing has a meaning but the quote itself.
fn expression(words: &str) -> Option<String> {
    let words: Vec<String> = words
        .split(|letter: char| letter.is_whitespace() || letter == '\0')
        .filter(|word| word.contains(char::is_alphanumeric))
        .take(MAX_WORDS)
        .map(|word| format!("\"{}\"", spaced(word).replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| words.join(" AND "))
}

/// The owner's token, as the views make it.
fn token(owner: OwnerId) -> String {
    format!("o{}", owner.0.simple())
}

fn titles(db: &Connection, owner: OwnerId, words: &str, limit: usize) -> Result<Vec<Hit>, Failure> {
    let query = "SELECT conversation.updated,
             CASE WHEN among_newest(?4, conversation.updated) THEN snippet(search_title, 1, ?5, ?6, '…', ?7) END,
             conversation.id, conversation.title, conversation.created
         FROM search_title CROSS JOIN conversation ON conversation.n = search_title.rowid
         WHERE search_title MATCH ?1 AND conversation.owner = ?2 AND conversation.deleted IS NULL
         ORDER BY search_title.rowid DESC LIMIT ?3";
    let matching = format!("owner : {} AND title : {words}", token(owner));
    newest(
        db,
        query,
        (owner, &matching),
        limit,
        |row, excerpt, marks| {
            Ok(Hit {
                conversation: ConversationId(row.get(2)?),
                title: row.get(3)?,
                turn: None,
                field: HitField::Title,
                excerpt: fragments(excerpt, marks),
                asked: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
            })
        },
    )
}

fn turns(db: &Connection, owner: OwnerId, words: &str, limit: usize) -> Result<Vec<Hit>, Failure> {
    let query = "SELECT turn.asked,
             CASE WHEN among_newest(?4, turn.asked) THEN
                 snippet(search, 1, ?5, ?6, '…', ?7) || ?5 || ?6 || snippet(search, 2, ?5, ?6, '…', ?7)
             END,
             conversation.id, conversation.title, turn.id
         FROM search CROSS JOIN turn ON turn.n = search.rowid
         CROSS JOIN conversation ON conversation.n = turn.conversation
         WHERE search MATCH ?1 AND conversation.owner = ?2 AND conversation.deleted IS NULL
         ORDER BY search.rowid DESC LIMIT ?3";
    let matching = format!("owner : {} AND {{question answer}} : {words}", token(owner));
    newest(
        db,
        query,
        (owner, &matching),
        limit,
        |row, excerpts, marks| {
            // A mark around nothing parts them; no excerpt has one.
            let between = format!("{}{}", marks.open, marks.close);
            let (question, answer) = excerpts.split_once(&between).unwrap_or((excerpts, ""));
            let (field, excerpt) =
                if answer.contains(&marks.open) && !question.contains(&marks.open) {
                    (HitField::Answer, answer)
                } else {
                    (HitField::Question, question)
                };
            Ok(Hit {
                conversation: ConversationId(row.get(2)?),
                title: row.get(3)?,
                turn: Some(TurnId(row.get(4)?)),
                field,
                excerpt: fragments(excerpt, marks),
                asked: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
            })
        },
    )
}

/// The newest places, in their order. An index gives them in the order of their keeping, which is another one only where
/// something was imported: so the last ones by that are put in order.
///
/// The query gives a place's time first, and then its excerpts, or `NULL` if it is none of the newest.
fn newest(
    db: &Connection,
    query: &str,
    (owner, matching): (OwnerId, &str),
    limit: usize,
    hit: impl Fn(&Row<'_>, &str, &Marks) -> rusqlite::Result<Hit>,
) -> Result<Vec<Hit>, Failure> {
    let marks = Marks::new();
    let ordered = many(ORDERED.max(limit));
    let mut query = db.prepare_cached(query)?;
    let mut rows = query.query(params![
        matching,
        owner.0,
        ordered,
        many(limit),
        marks.open,
        marks.close,
        EXCERPT
    ])?;
    let mut hits = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(excerpts) = row
            .get_ref(1)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?
        {
            hits.push((row.get::<_, i64>(0)?, hit(row, excerpts, &marks)?));
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

/// Splits an excerpt at its marks.
fn fragments(excerpt: &str, marks: &Marks) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut add = |text: &str, marked| {
        let text = joined(text);
        if !text.is_empty() {
            fragments.push(Fragment { text, marked });
        }
    };
    let mut parts = excerpt.split(&marks.open);
    add(parts.next().unwrap_or_default(), false);
    for part in parts {
        let (marked, plain) = part.split_once(&marks.close).unwrap_or((part, ""));
        add(marked, true);
        add(plain, false);
    }
    fragments
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
    fn an_excerpt_is_split_at_its_marks() {
        let fragment = |text: &str, marked| Fragment {
            text: text.to_owned(),
            marked,
        };
        let expected = [
            fragment("a ", false),
            fragment("b", true),
            fragment(" c ", false),
            fragment("d", true),
        ];
        let marks = Marks {
            open: "<".to_owned(),
            close: ">".to_owned(),
        };
        assert_eq!(fragments("a <b> c <d>", &marks), expected);
        assert_eq!(fragments("", &marks), []);
    }

    #[test]
    fn a_time_is_taken_if_it_is_among_the_newest_so_far_and_of_equal_ones_the_first() {
        let newest = Newest::default();
        let taken = [5, 7, 5, 6, 8, 1].map(|time| newest.takes(2, time));
        assert_eq!(taken, [true, true, false, true, true, false]);
    }
}
