//! Words in titles, questions and answers.

use rusqlite::{Connection, params};
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
    let beginning = format!("{words} *");
    let mut hits = titles(db, owner, &format!("({beginning})"), limit.div_ceil(2))?;
    let left = limit - hits.len().min(limit);
    let whole = turns(db, owner, &format!("({words})"), left)?;
    hits.extend(if whole.len() < left {
        turns(db, owner, &format!("({beginning})"), left)?
    } else {
        whole
    });
    Ok(hits)
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
    let marks = Marks::new();
    let matching = format!("owner : {} AND title : {words}", token(owner));
    let hits = db
        .prepare_cached(
            "SELECT conversation.id, conversation.title, conversation.created,
                 snippet(search_title, 1, ?5, ?6, '…', ?4)
             FROM search_title CROSS JOIN conversation ON conversation.n = search_title.rowid
             WHERE search_title MATCH ?1 AND conversation.owner = ?2 AND conversation.deleted IS NULL
             ORDER BY search_title.rowid DESC LIMIT ?3",
        )?
        .query_map(params![matching, owner.0, many(limit), EXCERPT, marks.open, marks.close], |row| {
            Ok(Hit {
                conversation: ConversationId(row.get(0)?),
                title: row.get(1)?,
                turn: None,
                field: HitField::Title,
                excerpt: fragments(row.get_ref(3)?.as_str()?, &marks),
                asked: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(hits)
}

fn turns(db: &Connection, owner: OwnerId, words: &str, limit: usize) -> Result<Vec<Hit>, Failure> {
    let marks = Marks::new();
    let matching = format!("owner : {} AND {{question answer}} : {words}", token(owner));
    let hits = db
        .prepare_cached(
            "SELECT conversation.id, conversation.title, turn.id, turn.asked,
                 snippet(search, 1, ?5, ?6, '…', ?4),
                 snippet(search, 2, ?5, ?6, '…', ?4)
             FROM search CROSS JOIN turn ON turn.n = search.rowid
             CROSS JOIN conversation ON conversation.n = turn.conversation
             WHERE search MATCH ?1 AND conversation.owner = ?2 AND conversation.deleted IS NULL
             ORDER BY search.rowid DESC LIMIT ?3",
        )?
        .query_map(
            params![
                matching,
                owner.0,
                many(limit),
                EXCERPT,
                marks.open,
                marks.close
            ],
            |row| {
                let (question, answer) = (row.get_ref(4)?.as_str()?, row.get_ref(5)?.as_str()?);
                let (field, excerpt) =
                    if answer.contains(&marks.open) && !question.contains(&marks.open) {
                        (HitField::Answer, answer)
                    } else {
                        (HitField::Question, question)
                    };
                Ok(Hit {
                    conversation: ConversationId(row.get(0)?),
                    title: row.get(1)?,
                    turn: Some(TurnId(row.get(2)?)),
                    field,
                    excerpt: fragments(excerpt, &marks),
                    asked: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                })
            },
        )?
        .collect::<Result<_, _>>()?;
    Ok(hits)
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Splits an excerpt at its marks.
fn fragments(excerpt: &str, marks: &Marks) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut add = |text: &str, marked| {
        if !text.is_empty() {
            let text = joined(text);
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
}
