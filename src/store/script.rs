//! Scripts that are written without spaces between words.
//!
//! The search's index holds words, and to it a run of Chinese or Japanese is one. So each Han and kana letter is made a
//! word of its own, in what is indexed as in what is looked for, where such a run becomes a phrase. The index takes about
//! a fifth more for such texts; all runs of three letters would take twice as much.

use rusqlite::{Connection, functions::FunctionFlags};

/// No letter, so that the index sees a word's end in it; and nothing to be seen, should one ever be shown.
const GAP: char = '\u{200b}';

/// Gives a connection the function `spaced`, which the views of what is searched use.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("spaced", 1, flags, |context| {
        let text = context.get_raw(0).as_str_or_null()?;
        Ok(text.map(spaced))
    })
}

/// A text with a gap on both sides of each letter that is a word of its own.
pub(super) fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for letter in text.chars() {
        if !stands_alone(letter) {
            spaced.push(letter);
            continue;
        }
        // Whatever stands beside it: to the index, signs that it does not know are letters too.
        if !spaced.ends_with(GAP) {
            spaced.push(GAP);
        }
        spaced.extend([letter, GAP]);
    }
    spaced
}

/// Whether a letter is a word of its own.
pub(super) fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_of_a_run_is_a_word_and_nothing_else_changes() {
        for (text, expected) in [
            ("", ""),
            ("naïve words, 2 of them", "naïve words, 2 of them"),
            ("一二", "|一|二|"),
            ("GPU性能 good", "GPU|性|能| good"),
            ("カード、が", "|カ|ー|ド|、|が|"),
            ("🦀字", "🦀|字|"),
            ("한국어", "한국어"),
        ] {
            assert_eq!(spaced(text), expected.replace('|', "\u{200b}"));
            assert_eq!(spaced(text).replace(GAP, ""), text);
        }
    }
}
