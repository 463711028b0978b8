//! The numbers in an answer's text: `[1]` stays if there is such a source, and goes if there is none.
//!
//! A filter over the text as it streams. All of it passes byte for byte but the markers, and whatever way the text is
//! cut into pieces, the same comes out: what may become a marker is held back until it is one or is none, at most
//! [`MAX_MARKER`] bytes and what stands on either side.
//!
//! What counts as a marker is what models were asked for and what they write instead: `[1]`, `[1, 3]`, `[1-3]`, `[^1]`,
//! `[Source 1]`, `【1】`, `【1†source】`, with numbers of one or two digits. Each of them leaves as `[1]`, several as
//! `[1][3]`. A number without a source goes, with the blank before it and the brackets or
//! stars around it, and is counted. Left alone are code between backticks or fences, links
//! (`[1](…)`), definitions (`[1]: …` that begin a line), what stands behind a `]` or a backslash, and years.

/// Bytes of a marker; a longer one is text.
const MAX_MARKER: usize = 48;
/// The largest number that is one: no more passages can be shown.
const MAX_NUMBER: u32 = 99;

/// What models put around a marker. None but the last begins another one.
const WRAPPERS: [(&str, &str); 4] = [("(", ")"), ("[", "]"), ("**", "**"), ("*", "*")];

/// The filter of one answer.
#[derive(Debug)]
pub(super) struct Citations {
    /// Sources are numbered from 1 to this.
    sources: u32,
    held: String,
    dropped: u64,
    /// A marker without a source went with the blank before it, and nothing has come since: the next marker wants it.
    owes_blank: bool,
    /// A marker without a source went, and nothing has come since.
    is_behind_none: bool,
    code: Code,
}

/// What a bracket would mean where the text has come to.
#[derive(Debug)]
struct Code {
    state: State,
    /// The run of backticks or tildes that the text ends with: its sign, its length, and whether it begins a line.
    run: Option<(char, usize, bool)>,
    line: Line,
    /// What the text ends with.
    last: char,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Text,
    /// Between runs of so many backticks, at the most until an empty line.
    Span(usize),
    /// A block between lines of at least so many signs; whether its first line is over, and whether the line may be its
    /// last.
    Fence {
        sign: char,
        length: usize,
        opened: bool,
        closing: bool,
    },
}

/// What a line has had so far.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    Blank,
    /// Signs of a quotation or a list.
    Signs,
    Words,
}

/// What stands where a marker may begin.
enum Found {
    /// No marker.
    Text,
    /// What follows decides.
    Open,
    /// A marker of so many bytes.
    Marker(usize, Vec<u32>),
}

impl Citations {
    /// Keeps the numbers 1 to `sources`.
    pub(super) fn new(sources: usize) -> Self {
        Self {
            sources: u32::try_from(sources).unwrap_or(u32::MAX),
            held: String::new(),
            dropped: 0,
            owes_blank: false,
            is_behind_none: false,
            code: Code {
                state: State::Text,
                run: None,
                line: Line::Blank,
                last: '\n',
            },
        }
    }

    /// Takes a piece of the text in, and gives what is decided.
    pub(super) fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        self.decide(false)
    }

    /// Gives what is left at the end of the text.
    pub(super) fn finish(&mut self) -> String {
        self.decide(true)
    }

    /// Numbers that had no source.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn decide(&mut self, is_end: bool) -> String {
        let held = std::mem::take(&mut self.held);
        let mut out = String::with_capacity(held.len());
        let mut at = 0;
        while let Some(letter) = held[at..].chars().next() {
            self.code.settle(letter);
            let blank = usize::from(letter == ' ');
            let found = match (letter, held[at + blank..].chars().next()) {
                _ if self.code.state != State::Text => Found::Text,
                (' ', None) if !is_end => Found::Open,
                (' ' | '[' | '【' | '(' | '*', Some(_)) if !self.code.is_bound(letter) => {
                    let begins_line = self.code.line == Line::Blank;
                    self.found(&held[at + blank..], begins_line, is_end)
                }
                _ => Found::Text,
            };
            match found {
                // Of two commas around what went one is enough.
                Found::Text if letter == ',' && self.is_behind_none && self.code.last == ',' => {
                    (self.owes_blank, self.is_behind_none) = (false, false);
                    at += letter.len_utf8();
                }
                Found::Text => {
                    (self.owes_blank, self.is_behind_none) = (false, false);
                    self.code.pass(letter);
                    out.push(letter);
                    at += letter.len_utf8();
                }
                Found::Open => break,
                Found::Marker(length, numbers) => {
                    let known = |n: &&u32| (1..=self.sources).contains(*n);
                    let kept: Vec<_> = numbers.iter().filter(known).collect();
                    self.dropped += (numbers.len() - kept.len()) as u64;
                    self.owes_blank |= blank > 0;
                    self.is_behind_none = kept.is_empty();
                    if !kept.is_empty() {
                        if std::mem::take(&mut self.owes_blank) {
                            out.push(' ');
                        }
                        for n in kept {
                            out.push_str(&format!("[{n}]"));
                        }
                        self.code.behind_marker();
                    }
                    at += blank + length;
                }
            }
        }
        held[at..].clone_into(&mut self.held);
        out
    }

    /// What a text begins with: a marker, or what goes as a whole where its number has no source.
    fn found(&self, text: &str, begins_line: bool, is_end: bool) -> Found {
        let known = |n: &u32| (1..=self.sources).contains(n);
        for (open, close) in WRAPPERS {
            match wrapped(text, open, close, is_end) {
                // Around a number that stays they stay.
                Found::Marker(_, numbers) if numbers.iter().any(known) => break,
                Found::Text => {}
                found => return found,
            }
        }
        match text.starts_with(['[', '【']) {
            true => marker(text, begins_line, is_end),
            false => Found::Text,
        }
    }
}

/// Takes the markers out of a text whose sources are others.
pub(super) fn without(text: &str) -> String {
    let mut citations = Citations::new(0);
    let mut out = citations.push(text);
    out += &citations.finish();
    out
}

impl Code {
    /// Before `letter`: a run of signs that it is not part of is over, and has its meaning.
    fn settle(&mut self, letter: char) {
        let Some((sign, length, begins_line)) = self.run.take_if(|(sign, ..)| *sign != letter)
        else {
            return;
        };
        let opens_fence = begins_line && length >= 3;
        self.state = match self.state {
            State::Text if opens_fence => State::Fence {
                sign,
                length,
                opened: false,
                closing: false,
            },
            State::Text if sign == '`' => State::Span(length),
            State::Span(opened) if sign == '`' && opened == length => State::Text,
            // ```code``` in one line is a span.
            State::Fence {
                sign: of,
                length: opened,
                opened: false,
                ..
            } if of == sign && opened == length => State::Text,
            State::Fence {
                sign: of,
                length: opened_by,
                opened: true,
                ..
            } if of == sign && begins_line && length >= opened_by => State::Fence {
                sign,
                length: opened_by,
                opened: true,
                closing: true,
            },
            state => state,
        };
    }

    /// A letter goes by.
    fn pass(&mut self, letter: char) {
        if let State::Fence {
            sign,
            length,
            opened,
            closing,
        } = self.state
        {
            self.state = match letter {
                '\n' if closing => State::Text,
                '\n' => State::Fence {
                    sign,
                    length,
                    opened: true,
                    closing: false,
                },
                letter => State::Fence {
                    sign,
                    length,
                    opened,
                    closing: closing && letter.is_whitespace(),
                },
            };
        }
        let is_empty_line = letter == '\n' && self.line == Line::Blank;
        if is_empty_line && matches!(self.state, State::Span(_)) {
            self.state = State::Text;
        }
        let is_escaped = self.last == '\\' && self.state == State::Text;
        if matches!(letter, '`' | '~') && !is_escaped {
            let (_, length, begins_line) =
                self.run.unwrap_or((letter, 0, self.line != Line::Words));
            self.run = Some((letter, length + 1, begins_line));
        }
        self.line = match (letter, self.line) {
            ('\n', _) => Line::Blank,
            (letter, line) if letter.is_whitespace() => line,
            ('>' | '-' | '*' | '+' | '.' | ')' | '0'..='9', Line::Blank | Line::Signs) => {
                Line::Signs
            }
            _ => Line::Words,
        };
        // Of two backslashes the second one hides nothing.
        self.last = match (letter, self.last) {
            ('\\', '\\') => ' ',
            (letter, _) => letter,
        };
    }

    /// A marker has gone out: the next may stand right behind it.
    fn behind_marker(&mut self) {
        (self.line, self.last) = (Line::Words, ' ');
    }

    /// Whether a bracket here belongs to what stands before it: `[text][1]`, `\[1]`.
    fn is_bound(&self, letter: char) -> bool {
        letter != ' ' && matches!(self.last, ']' | '\\')
    }
}

/// The marker that a text begins with, between these two and nothing else.
fn wrapped(text: &str, open: &str, close: &str, is_end: bool) -> Found {
    let undecided = match is_end {
        true => Found::Text,
        false => Found::Open,
    };
    let Some(within) = text.strip_prefix(open) else {
        return match open.starts_with(text) {
            true => undecided,
            false => Found::Text,
        };
    };
    match within.chars().next() {
        None => return undecided,
        Some('[' | '【') => {}
        Some(_) => return Found::Text,
    }
    let (length, numbers) = match marker(within, false, is_end) {
        Found::Marker(length, numbers) => (length, numbers),
        found => return found,
    };
    let Some(behind) = within[length..].strip_prefix(close) else {
        return match close.starts_with(&within[length..]) {
            true => undecided,
            false => Found::Text,
        };
    };
    match behind.chars().next() {
        // A link's text, or one star of two.
        None if !is_end => Found::Open,
        Some('(' | '[' | ':' | '*') => Found::Text,
        _ => Found::Marker(open.len() + length + close.len(), numbers),
    }
}

/// The marker that a text begins with.
fn marker(text: &str, begins_line: bool, is_end: bool) -> Found {
    let (square, close) = match text.starts_with('[') {
        true => (true, ']'),
        false => (false, '】'),
    };
    let open = if square { '[' } else { '【' };
    let within = &text[open.len_utf8()..];
    let bound = within.floor_char_boundary(MAX_MARKER);
    let undecided = match is_end || within.len() > MAX_MARKER {
        true => Found::Text,
        false => Found::Open,
    };
    let Some(end) = within[..bound].find(close) else {
        return match could_be(&within[..bound], square) {
            true => undecided,
            false => Found::Text,
        };
    };
    let Some(numbers) = numbers(&within[..end], square) else {
        return Found::Text;
    };
    let length = open.len_utf8() + end + close.len_utf8();
    match text[length..].chars().next() {
        None if !is_end => Found::Open,
        Some('(') => Found::Text,
        Some(':') if begins_line => Found::Text,
        _ => Found::Marker(length, numbers),
    }
}

/// Whether what has come of a marker's inside can still become one: so that ordinary brackets are not held back.
fn could_be(inside: &str, square: bool) -> bool {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | ',' | ';' | '-' | '–' | '^');
    let rest = inside.trim_start_matches(plain);
    let word = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let word = &rest[..rest.len() - word.len()];
    let begins_source = "sources".starts_with(&word.to_ascii_lowercase());
    rest.is_empty() || !square && rest.starts_with('†') || begins_source && !word.is_empty()
}

/// The numbers inside a marker; `None`: it is none. Of what [`could_be`] refuses half-way nothing may be one here.
fn numbers(inside: &str, square: bool) -> Option<Vec<u32>> {
    let inside = match square {
        true => inside,
        false => inside.split('†').next().unwrap_or(inside),
    };
    // No source has it; but with others it is an interval.
    if inside == "0" {
        return Some(vec![0]);
    }
    let mut numbers = Vec::new();
    for item in inside.split([',', ';']) {
        let item = item.trim_matches(' ').trim_start_matches('^');
        let word = item.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let label = &item[..item.len() - word.len()];
        let is_label = ["", "source", "sources"]
            .iter()
            .any(|known| label.eq_ignore_ascii_case(known));
        if !is_label {
            return None;
        }
        let (first, last) = match word.split_once(['-', '–']) {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(word)?, number(word)?),
        };
        if first > last {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim_matches(' ');
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number)?;
    (1..=MAX_NUMBER).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text with three sources, and how many numbers were dropped.
    fn filtered(text: &str) -> (String, u64) {
        let mut citations = Citations::new(3);
        let mut out = citations.push(text);
        out += &citations.finish();
        (out, citations.dropped())
    }

    #[test]
    fn a_number_that_exists_stays_and_one_that_does_not_goes_with_its_blank() {
        let rows = [
            ("So it is [1].", "So it is [1].", 0),
            ("So it is [7].", "So it is.", 1),
            ("So it is [0].", "So it is.", 1),
            ("So it is in [0, 1].", "So it is in [0, 1].", 0),
            ("So it is [1][3].", "So it is [1][3].", 0),
            ("So it is [1] [9].", "So it is [1].", 1),
            ("So it is [9] [1].", "So it is [1].", 1),
            ("So it is [9][8][1][2].", "So it is [1][2].", 2),
            ("So it[9] is [1].", "So it is [1].", 1),
            ("So it is [1, 3], yes", "So it is [1][3], yes", 0),
            ("So it is [1,9;2]", "So it is [1][2]", 1),
            ("So it is [2-3].", "So it is [2][3].", 0),
            ("So [Source 2] it [source 9] is", "So [2] it is", 1),
            ("So [Sources 1, 2] and [^3].", "So [1][2] and [3].", 0),
            ("So【1】【2†lines 3-9】【9】", "So[1][2]", 1),
            ("[1] begins, [4] too", "[1] begins, too", 1),
            ("[[1]] (see [8])", "[[1]] (see)", 1),
            ("So ([9]), [[9]], **[9]** and *[8]*.", "So, and.", 4),
            ("So [9], [8], [7], yes, , no", "So, yes, , no", 3),
            (
                "So ([1]), [[1]] and **[1]**.",
                "So ([1]), [[1]] and **[1]**.",
                0,
            ),
            ("**[9] So** (so [9]) ([9] [8])", "** So** (so) ()", 4),
            ("two  [8] blanks", "two  blanks", 1),
            ("over\n[8]\nlines", "over\n\nlines", 1),
        ];
        for (text, expected, dropped) in rows {
            assert_eq!(filtered(text), (expected.to_owned(), dropped), "{text}");
        }
    }

    #[test]
    fn what_is_no_marker_passes_byte_for_byte() {
        for text in [
            "[9](https://example.org) and ![9](x.png)",
            "[9]: https://example.org\n  [8]: b",
            "[text][9] and \\[9] and [x] [ ] [] [-] [,]",
            "in [2024] and [0, 1] and [100] and [9",
            "[see 9] [Section 9] [sourcery 9] [Source] 【a】 [1 9]",
            "`a[9]` and ``b`[9]`` and `x\ny[9]`",
            "```rust\na[9]\n```\n",
            "~~~\na[9]\n```\nb[9]\n~~~~  \n",
            "- item:\n  ```\n  a[9]\n  ``` no end\n b[9]",
            "> ```\n> a[9]\n> ```\n",
            "1. ```c [9]\n[9]",
            "[ 9 8 ] trailing blanks   ",
            "[\n 9] [9\t] [1,\u{a0}9] over lines",
        ] {
            assert_eq!(filtered(text), (text.to_owned(), 0));
        }
    }

    #[test]
    fn behind_code_numbers_are_markers_again() {
        let rows = [
            ("`a[9]` is [9]", "`a[9]` is"),
            ("```a[9]``` is [9]", "```a[9]``` is"),
            ("```\na[9]\n```\nis [9]", "```\na[9]\n```\nis"),
            ("~~~\na\n~~~ \nis [9]", "~~~\na\n~~~ \nis"),
            ("a lone ` ends\n\nwith [9]", "a lone ` ends\n\nwith"),
            ("an escaped \\` too [9]", "an escaped \\` too"),
            ("`none in code\\` [9]", "`none in code\\`"),
            ("~~struck~~ [9]", "~~struck~~"),
        ];
        for (text, expected) in rows {
            assert_eq!(filtered(text).0, expected, "{text}");
        }
    }

    #[test]
    fn little_is_held_back_and_nothing_is_lost() {
        let mut citations = Citations::new(3);
        assert_eq!(citations.push("so it is"), "so it is");
        assert_eq!(citations.push(" ["), "");
        assert_eq!(citations.push("1"), "");
        assert_eq!(citations.push("]"), "");
        assert_eq!(citations.push("."), " [1].");
        assert_eq!(citations.push(" [not"), " [not");
        assert_eq!(citations.push(&format!("[{}", "1,".repeat(100))).len(), 201);
        assert_eq!(citations.push("`[9]"), "`[9]");
        assert_eq!(Citations::new(3).push(&"`".repeat(10_000)).len(), 10_000);
        let mut open = Citations::new(3);
        assert_eq!(
            (open.push("a [2"), open.finish()),
            ("a".into(), " [2".into())
        );
    }

    #[test]
    fn markers_can_be_taken_out_of_an_earlier_answer() {
        assert_eq!(without("So [1][2], `a[1]`, [Source 3]."), "So, `a[1]`,.");
    }

    /// Texts of what matters here.
    fn texts() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "[1]",
            "[9]",
            "[1, 9]",
            "[",
            "]",
            "(",
            ":",
            " ",
            "  ",
            "\n",
            "`",
            "``",
            "```",
            "~~~",
            "\\",
            "1",
            "2024",
            "【",
            "】",
            "†",
            "【9】",
            "[Source 9]",
            "[So",
            "[^2]",
            "a",
            "é",
            "word",
            ",",
            "-",
            "[2-3]",
            "[\n1]",
            "\t",
            "> ",
            "- ",
            "\n\n",
            "!",
            "[9](x)",
            "[9]:",
            ")",
            "*",
            "**",
            "([9])",
            "([1])",
            "**[9]**",
            "[[9]]",
        ]);
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn however_a_text_is_cut_the_same_comes_out(text in texts(), cuts in prop::collection::vec(1..6_usize, 1..20)) {
            let whole = filtered(&text);
            let mut citations = Citations::new(3);
            let (mut out, mut rest, mut turn) = (String::new(), text.as_str(), 0);
            while !rest.is_empty() {
                let cut = rest.ceil_char_boundary(cuts[turn % cuts.len()].min(rest.len()));
                let (piece, behind) = rest.split_at(cut);
                out += &citations.push(piece);
                prop_assert!(citations.held.len() <= MAX_MARKER + 16, "{:?}", citations.held);
                (rest, turn) = (behind, turn + 1);
            }
            out += &citations.finish();
            prop_assert_eq!((out, citations.dropped()), whole);
        }

        #[test]
        fn with_all_sources_a_text_of_plain_numbers_is_as_it_was(text in "[a-z `\\n]{0,8}(\\[[1-9]\\][a-z .,`\\n]{0,8}){0,6}") {
            let mut citations = Citations::new(99);
            let mut out = citations.push(&text);
            out += &citations.finish();
            prop_assert_eq!(out, text);
        }
    }
}
