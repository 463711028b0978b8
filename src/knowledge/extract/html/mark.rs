//! What a page says, written as Markdown that says the same and nothing else.

use std::{fmt::Write as _, ops::Range};

/// Writes a word of a page, or a part of one, so that no sign of its own is taken for a mark. A cell has one line.
pub(super) fn word(word: &str, is_cell: bool, out: &mut String) {
    let mut last = out.chars().next_back().unwrap_or(' ');
    let begins = !is_cell && (out.is_empty() || out.ends_with('\n') || begins_item(out));
    let mut letters = word.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map_or(' ', |(_, next)| *next);
        let is_mark = match letter {
            '\\' | '`' | '*' | '[' | ']' => true,
            // Within a word it is a letter.
            '_' => !(last.is_alphanumeric() && next.is_alphanumeric()),
            '<' => next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?' | ' '),
            '&' => next.is_ascii_alphanumeric() || next == '#',
            '~' => true,
            '|' => true,
            '#' | '>' | '-' | '+' | '=' | ':' => begins && at == 0,
            // A number at a line's beginning is no list's.
            '.' | ')' => begins && at > 0 && word[..at].bytes().all(|digit| digit.is_ascii_digit()),
            _ => false,
        };
        if is_mark {
            out.push('\\');
        }
        out.push(letter);
        last = letter;
    }
}

/// Bytes of an item's mark at most, with what it stands in.
const MAX_MARK: usize = 64;

/// Whether a text ends with the mark of a list's item, and nothing behind it.
pub(super) fn begins_item(text: &str) -> bool {
    // No mark is longer, indented as it may be; and a line may be as long as a book.
    let near = text.floor_char_boundary(text.len().saturating_sub(MAX_MARK));
    let line = match text[near..].rsplit_once('\n') {
        Some((_, line)) => line,
        None if near == 0 => text,
        None => return false,
    };
    let mark = line.trim_start().strip_suffix(' ').unwrap_or_default();
    let digits = mark.strip_suffix('.').unwrap_or_default();
    mark == "-" || !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Words on one line, written.
pub(super) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        word(one, false, &mut out);
    }
    out
}

/// Written lines, none of which begins as a list's item: a number and its point may have come in two parts. With what they
/// may be cut at.
pub(super) fn lines(text: &str, mut parts: Vec<usize>) -> Marked {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = line.split_at(digits);
        out.push_str(number);
        if digits > 0 && rest.starts_with(['.', ')']) {
            let behind = parts.iter_mut().filter(|part| **part >= out.len());
            behind.for_each(|part| *part += 1);
            out.push('\\');
        }
        out.push_str(rest);
    }
    Marked::plain(out, parts)
}

/// A block's text with what it may be cut at, and what goes before and behind each of its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) text: String,
    pub(super) parts: Vec<usize>,
    pub(super) lead: Range<usize>,
    pub(super) tail: Option<Range<usize>>,
}

impl Marked {
    pub(super) fn plain(text: String, parts: Vec<usize>) -> Self {
        Self {
            text,
            parts,
            ..Self::default()
        }
    }
}

/// Rows of cells, each row on a line of its own, as a table. Markdown knows none without a head, so that the first row is
/// one; and it shows no more cells of a row than the head has, so that this gets as many as any.
pub(super) fn table(rows: &str) -> Marked {
    let most = rows.lines().map(cells).max().unwrap_or_default();
    let mut marked = Marked::default();
    for (at, row) in rows.lines().enumerate() {
        if at > 0 {
            marked.parts.push(marked.text.len());
        }
        let _ = write!(marked.text, "| {} |", row.trim());
        if at == 0 {
            let missing = " |".repeat(most - cells(row));
            let _ = write!(marked.text, "{missing}\n|{}", "---|".repeat(most));
        }
        marked.text.push('\n');
        if at == 0 {
            marked.lead = 0..marked.text.len();
        }
    }
    marked
}

/// How many cells a row has: signs between them that no backslash hides, and one.
fn cells(row: &str) -> usize {
    let mut is_hidden = false;
    let between = row.chars().filter(|letter| {
        let counts = *letter == '|' && !is_hidden;
        is_hidden = *letter == '\\' && !is_hidden;
        counts
    });
    between.count() + 1
}

/// Preformatted text as code, between fences that it does not have itself.
pub(super) fn code(text: &str) -> Marked {
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    let text = text.trim_end();
    let lead = 0..fence.len() + 1;
    let mut parts = Vec::new();
    let mut at = lead.end;
    for line in text.split_inclusive('\n') {
        parts.push(at);
        at += line.len();
    }
    let tail = at + 1..at + 1 + fence.len();
    Marked {
        text: format!("{fence}\n{text}\n{fence}"),
        parts,
        lead,
        tail: Some(tail),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;

    proptest! {
        #[test]
        fn words_are_what_they_were(text in r"[-#>+=:.)0-9a*_`\[\]<>/!&;~|\\ (]{1,24}") {
            let written = lines(&words(&text), Vec::new()).text;
            prop_assume!(!written.is_empty());
            let mut shown = String::new();
            for event in Parser::new_ext(&written, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
                match event {
                    Event::Text(text) => shown.push_str(&text),
                    Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                    other => prop_assert!(false, "{written:?}: {other:?}"),
                }
            }
            let meant: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(shown, meant.join(" "), "{}", written);
        }
    }

    #[test]
    fn rows_become_a_table_under_the_first_of_them() {
        let marked = table("A | B\n1 \\| 2 | 3\n");
        assert_eq!(marked.text, "| A | B |\n|---|---|\n| 1 \\| 2 | 3 |\n");
        assert_eq!((marked.lead, marked.parts), (0..20, vec![20]));
    }

    #[test]
    fn a_head_has_as_many_cells_as_any_row() {
        let marked = table("Hours\nMon | 9 | 17\n");
        assert_eq!(
            marked.text,
            "| Hours | | |\n|---|---|---|\n| Mon | 9 | 17 |\n"
        );
    }

    #[test]
    fn code_keeps_its_fences_to_itself() {
        let marked = code("a ``` b\n  c\n");
        assert_eq!(marked.text, "````\na ``` b\n  c\n````");
        assert_eq!(&marked.text[marked.lead], "````\n");
        assert_eq!(&marked.text[marked.tail.unwrap()], "````");
    }
}
