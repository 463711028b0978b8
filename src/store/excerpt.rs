//! A few words of a text around the first place where a search's words are, with those marked.
//!
//! SQLite's own excerpts take a time that grows with the square of how often a word is in one text, in a single step
//! that no deadline ends. Here each text is gone through once, and all texts of a search have one bound.

use std::{cell::Cell, iter, ops::Range};

use icu_normalizer::properties::{CanonicalDecompositionBorrowed, Decomposed};

use super::{Fragment, script::stands_alone};

/// Words of an excerpt, and which of them the first marked one is at the most.
const WORDS: usize = 24;
const FIRST: usize = 8;
/// Bytes of an excerpt on each side of where the first marked word begins: a text may be one word.
const BYTES: usize = 1 << 10;
/// Words that all the excerpts of a search look at; what is not found by then is not marked.
const LOOKS: usize = 1 << 23;
/// Bytes of a word that cost as much as another look.
const LETTERS: usize = 32;

/// What is looked for.
pub(super) struct Wanted {
    /// Each word as the index's words, folded: a run of Han letters is several.
    phrases: Vec<Vec<String>>,
    /// The last one may be the beginning of a word.
    may_begin: bool,
    looks: Cell<usize>,
}

impl Wanted {
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>, may_begin: bool) -> Self {
        let phrase = |word| -> Vec<_> {
            Words::of(word)
                .map(|at| folded(&word[at]).collect())
                .collect()
        };
        let phrases = words.map(phrase).filter(|phrase| !phrase.is_empty());
        Self {
            phrases: phrases.collect(),
            may_begin,
            looks: Cell::new(LOOKS),
        }
    }

    /// The excerpt; and whether something is marked in it: else it is the text's beginning.
    pub(super) fn excerpt(&self, text: &str) -> (Vec<Fragment>, bool) {
        // Where the last words begin, this one among them.
        let mut before = [0; FIRST];
        let mut seen = 0;
        let mut first = 0..0;
        for word in Words::of(text) {
            before[seen % FIRST] = word.start;
            seen += 1;
            if self.looks.get() == 0 {
                break;
            }
            if let Some(end) = self.ends(text, word.start) {
                first = word.start..end;
                break;
            }
        }
        let is_marked = !first.is_empty();
        let begin = if is_marked && seen > FIRST {
            before[seen % FIRST]
        } else {
            0
        };
        let begin = begin.max(text.ceil_char_boundary(first.start.saturating_sub(BYTES)));
        let mut words = Words::of(&text[begin..]).skip(WORDS - 1);
        let end = match (words.next(), words.next()) {
            (Some(last), Some(_)) => begin + last.end,
            _ => text.len(),
        };
        let end = end.min(text.floor_char_boundary(first.start + BYTES));
        (self.fragments(text, begin..end, first), is_marked)
    }

    /// The parts of an excerpt whose first mark is known.
    fn fragments(&self, text: &str, shown: Range<usize>, first: Range<usize>) -> Vec<Fragment> {
        let mut fragments = Vec::new();
        let mut add = |text: String, marked| {
            if !text.is_empty() {
                fragments.push(Fragment { text, marked });
            }
        };
        let mut plain = if shown.start > 0 { "…" } else { "" }.to_owned();
        let mut at = shown.start;
        let mut mark = first;
        while !mark.is_empty() {
            let end = mark.end.min(shown.end);
            plain.push_str(&text[at..mark.start]);
            add(std::mem::take(&mut plain), false);
            add(text[mark.start..end].to_owned(), true);
            at = end;
            let next = Words::of(&text[at..shown.end]).find_map(|word| {
                let begin = at + word.start;
                Some(begin..self.ends(text, begin)?)
            });
            mark = next.unwrap_or_default();
        }
        plain.push_str(&text[at..shown.end]);
        if shown.end < text.len() {
            plain.push('…');
        }
        add(plain, false);
        fragments
    }

    /// Where the longest of the phrases ends that stands here.
    fn ends(&self, text: &str, begin: usize) -> Option<usize> {
        let last = self.phrases.len().saturating_sub(1);
        let phrases = self.phrases.iter().enumerate();
        let ends = phrases.filter_map(|(n, phrase)| {
            let mut words = Words::of(&text[begin..]);
            let mut end = None;
            for (left, wanted) in (0..phrase.len()).rev().zip(phrase) {
                let word = words.next()?;
                let looks = 1 + word.len() / LETTERS;
                self.looks.set(self.looks.get().saturating_sub(looks));
                if self.looks.get() == 0 {
                    return None;
                }
                let may_begin = self.may_begin && n == last && left == 0;
                if !is(&text[begin..][word.clone()], wanted, may_begin) {
                    return None;
                }
                end = Some(begin + word.end);
            }
            end
        });
        ends.max()
    }
}

fn is(word: &str, wanted: &str, may_begin: bool) -> bool {
    let mut letters = folded(word);
    wanted.chars().all(|letter| letters.next() == Some(letter))
        && (may_begin || letters.next().is_none())
}

/// Where a text's words are, as the index parts them.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(is_letter)?;
        let rest = &self.text[start..];
        let first = rest.chars().next()?;
        let length = if stands_alone(first) {
            first.len_utf8()
        } else {
            rest.find(|letter| !is_letter(letter) || stands_alone(letter))
                .unwrap_or(rest.len())
        };
        self.at = start + length;
        Some(start..self.at)
    }
}

/// Letters, digits, signs of private use, and the marks that go with a letter.
fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '\u{e000}'..='\u{f8ff}') || is_diacritic(letter)
}

fn is_diacritic(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{331}')
}

/// A word without what the index does not tell apart: case, and the marks of Latin letters.
fn folded(word: &str) -> impl Iterator<Item = char> {
    word.chars()
        .filter(|letter| !is_diacritic(*letter))
        .map(|letter| match bare(letter) {
            letter if letter.is_ascii() => letter.to_ascii_lowercase(),
            'ς' => 'σ',
            letter => letter.to_lowercase().next().unwrap_or(letter),
        })
}

/// A Latin letter without its marks; any other one as it is.
fn bare(letter: char) -> char {
    const PARTS: CanonicalDecompositionBorrowed<'static> = CanonicalDecompositionBorrowed::new();
    if letter.is_ascii() {
        return letter;
    }
    let part = |letter: &char| match PARTS.decompose(*letter) {
        Decomposed::Default => None,
        Decomposed::Singleton(letter) | Decomposed::Expansion(letter, _) => Some(letter),
    };
    let last = iter::successors(Some(letter), part).last();
    last.filter(char::is_ascii_alphabetic).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str, words: &str, may_begin: bool) -> String {
        let (fragments, _) = Wanted::new(words.split_whitespace(), may_begin).excerpt(text);
        let fragments = fragments.into_iter();
        fragments
            .map(|part| match part.marked {
                true => format!("[{}]", part.text),
                false => part.text,
            })
            .collect()
    }

    #[test]
    fn words_are_marked_as_the_index_finds_them() {
        for (text, words, expected) in [
            ("You lock naïve coins.", "NAIVE", "You lock [naïve] coins."),
            ("Tiếng Việt", "viet", "Tiếng [Việt]"),
            ("re\u{301}sume\u{301}", "resume", "[re\u{301}sume\u{301}]"),
            ("ΛΌΓΟΣ лес й", "λόγος Й", "[ΛΌΓΟΣ] лес [й]"),
            ("東京の天気は", "天気", "東京の[天気]は"),
            ("天天気気", "天気", "天[天気]気"),
            ("a-b a b c", "a.b", "[a-b] [a b] c"),
            ("walnuts and a wall", "a wal", "[walnuts] and [a] [wall]"),
            ("한국 한글", "한글", "한국 [한글]"),
            ("nothing here", "walnut", "nothing here"),
            ("", "walnut", ""),
        ] {
            assert_eq!(marked(text, words, true), expected);
        }
        assert_eq!(
            marked("walnuts walnut", "walnut", false),
            "walnuts [walnut]"
        );
    }

    #[test]
    fn an_excerpt_of_a_long_text_says_that_it_is_one() {
        let numbers: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        let middle = marked(&numbers.join(" "), "50", false);
        let expected = [
            &numbers[43..50].join(" "),
            "[50]",
            &numbers[51..67].join(" "),
        ];
        assert_eq!(middle, format!("…{}…", expected.join(" ")));
        let begin = format!("{}…", numbers[..24].join(" "));
        assert_eq!(marked(&numbers.join(" "), "none", false), begin);
    }

    #[test]
    fn all_texts_of_a_search_are_looked_at_within_one_bound() {
        let wanted = Wanted::new(["x"].into_iter(), false);
        wanted.looks.set(101);
        assert!(wanted.excerpt(&"a ".repeat(99)).0.len() == 1);
        assert!(wanted.excerpt("x").1);
        assert!(!wanted.excerpt("x").1);
    }

    #[test]
    fn a_text_of_one_word_has_a_short_excerpt() {
        let (fragments, is_marked) =
            Wanted::new(["é"].into_iter(), true).excerpt(&"é".repeat(5000));
        assert!(is_marked);
        let bytes: usize = fragments.iter().map(|part| part.text.len()).sum();
        assert!(bytes < 2 * BYTES, "{bytes}");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_a_part_of_its_text(text in any::<String>(), words in "[a-zé天 ]{0,9}") {
            let (fragments, _) = Wanted::new(words.split_whitespace(), true).excerpt(&text);
            let shown: String = fragments.into_iter().map(|part| part.text).collect();
            let shown = shown.strip_prefix('…').unwrap_or(&shown);
            prop_assert!(text.contains(shown.strip_suffix('…').unwrap_or(shown)));
        }
    }
}
