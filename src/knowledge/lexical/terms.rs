//! From a text in any script to the terms that are compared.
//!
//! A word is a run of letters, digits and the marks upon them, as Unicode knows them. Where a script writes no spaces
//! (Han, kana, Hangul with its endings, Thai, Lao, Khmer, Burmese), each letter of a run is a term, and each pair of
//! neighbours too: the pairs tell words apart, the letters find a word of one.
//!
//! Texts and questions go through the same steps, so a step need not be right about a word, only the same on both sides.

use std::collections::HashSet;

use icu_normalizer::{
    ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed,
    properties::CanonicalCombiningClassMapBorrowed,
};
use rust_stemmers::{Algorithm, Stemmer};

use crate::{config::Language, knowledge::words};

/// What an apostrophe leaves of further small words of English.
const REMAINS: [&str; 12] = [
    "couldn", "d", "didn", "doesn", "don", "isn", "ll", "re", "shouldn", "ve", "wasn", "wouldn",
];

/// Bytes of a word that are looked at. The longest of dictionaries have less; what has more is a key or a checksum.
const MAX_WORD_BYTES: usize = 64;

/// Hands over the words of a text as they are written, in their order.
pub(in crate::knowledge) fn each_word(text: &str, mut take: impl FnMut(&str)) {
    // A letter with its marks may be written as one character or as several: Hangul as its parts, above all.
    let text = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let mut letters = text.char_indices().peekable();
    while let Some((start, first)) = letters.next() {
        let kind = Letter::of(first);
        match kind {
            Letter::None | Letter::Mark => {}
            Letter::Spaced => {
                let mut end = start + first.len_utf8();
                while let Some((at, c)) = letters
                    .next_if(|(_, c)| matches!(Letter::of(*c), Letter::Spaced | Letter::Mark))
                {
                    end = at + c.len_utf8();
                }
                let end = text.floor_char_boundary(end.min(start + MAX_WORD_BYTES));
                take(&text[start..end]);
            }
            Letter::Unspaced => {
                let mut one = start;
                let mut end = start + first.len_utf8();
                let mut is_last = false;
                while !is_last {
                    // The marks upon a letter are part of it, as far as a word may reach.
                    while let Some((at, c)) = letters.next_if(|(at, c)| {
                        Letter::of(*c) == Letter::Mark && at - one < MAX_WORD_BYTES / 2
                    }) {
                        end = at + c.len_utf8();
                    }
                    take(&text[one..end]);
                    match letters.next_if(|(_, c)| Letter::of(*c) == Letter::Unspaced) {
                        Some((at, c)) => {
                            take(&text[one..at + c.len_utf8()]);
                            (one, end) = (at, at + c.len_utf8());
                        }
                        None => is_last = true,
                    }
                }
            }
        }
    }
}

/// What a character is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    /// The end of one.
    None,
    /// A letter or a digit of a script with spaces between its words.
    Spaced,
    /// A letter of a script without.
    Unspaced,
    /// Something on or within a word: an accent, a vowel's sign, a soft hyphen.
    Mark,
}

impl Letter {
    fn of(c: char) -> Self {
        if c.is_ascii() {
            return match c.is_ascii_alphanumeric() {
                true => Self::Spaced,
                false => Self::None,
            };
        }
        match c {
            // The soft hyphen and the two that join or part the letters of one word.
            '\u{ad}' | '\u{200c}' | '\u{200d}' => Self::Mark,
            c if is_mark(c) => Self::Mark,
            c if !c.is_alphanumeric() => Self::None,
            c if is_unspaced(c) => Self::Unspaced,
            _ => Self::Spaced,
        }
    }
}

/// Whether a character stands on another one.
fn is_mark(c: char) -> bool {
    CanonicalCombiningClassMapBorrowed::new().get_u8(c) != 0
}

/// Whether a letter belongs to a script that writes no spaces between words, or hangs the endings onto them.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{19df}'
        | '\u{1a20}'..='\u{1aaf}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aadf}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}'
    )
}

/// Turns words into terms.
pub(in crate::knowledge) struct Terms {
    stemmer: Option<Stemmer>,
    stop_words: HashSet<&'static str>,
}

impl Terms {
    /// With the endings of this language cut off.
    pub(in crate::knowledge) fn new(language: Language) -> Self {
        let algorithm = match language {
            Language::None => None,
            Language::Arabic => Some(Algorithm::Arabic),
            Language::Danish => Some(Algorithm::Danish),
            Language::Dutch => Some(Algorithm::Dutch),
            Language::English => Some(Algorithm::English),
            Language::Finnish => Some(Algorithm::Finnish),
            Language::French => Some(Algorithm::French),
            Language::German => Some(Algorithm::German),
            Language::Greek => Some(Algorithm::Greek),
            Language::Hungarian => Some(Algorithm::Hungarian),
            Language::Italian => Some(Algorithm::Italian),
            Language::Norwegian => Some(Algorithm::Norwegian),
            Language::Portuguese => Some(Algorithm::Portuguese),
            Language::Romanian => Some(Algorithm::Romanian),
            Language::Russian => Some(Algorithm::Russian),
            Language::Spanish => Some(Algorithm::Spanish),
            Language::Swedish => Some(Algorithm::Swedish),
            Language::Tamil => Some(Algorithm::Tamil),
            Language::Turkish => Some(Algorithm::Turkish),
        };
        let stop_words = match language {
            Language::English => words::stop_words().chain(REMAINS).collect(),
            _ => HashSet::new(),
        };
        Self {
            stemmer: algorithm.map(Stemmer::create),
            stop_words,
        }
    }

    /// Whether a word of a question says how it is asked rather than what about. Only English ones are known; in other
    /// languages their being everywhere has to tell.
    pub(super) fn is_small(&self, word: &str) -> bool {
        self.stop_words.contains(&*word.to_ascii_lowercase())
    }

    /// The term that a word of [`each_word`] stands for: one form for all its spellings, in small letters, without its
    /// ending and without accents. Empty where nothing is left of it.
    pub(in crate::knowledge) fn term(&self, word: &str) -> String {
        if word.is_ascii() {
            return self.stem(word.to_ascii_lowercase());
        }
        let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(word);
        let small = composed.to_lowercase().replace('ς', "σ");
        let kept = small.chars().filter(|c| c.is_alphanumeric() || is_mark(*c));
        let stem = self.stem(kept.collect());
        // Hangul would come apart, and its parts mean nothing to anybody.
        if !stem.chars().any(has_accent) {
            return stem;
        }
        let parts = DecomposingNormalizerBorrowed::new_nfd().normalize(&stem);
        parts.chars().filter(|c| !is_accent(*c)).collect()
    }

    fn stem(&self, word: String) -> String {
        match &self.stemmer {
            Some(stemmer) => stemmer.stem(&word).into_owned(),
            None => word,
        }
    }
}

/// Whether a character of an alphabet may have an accent: Latin, Greek, Cyrillic.
fn has_accent(c: char) -> bool {
    is_accent(c) || matches!(c, '\u{c0}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}')
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        words
    }

    fn terms(language: Language, text: &str) -> Vec<String> {
        let terms = Terms::new(language);
        words(text).iter().map(|word| terms.term(word)).collect()
    }

    #[test]
    fn words_are_letters_digits_and_the_marks_upon_them() {
        for (text, expected) in [
            ("", ""),
            (
                "On_leave = \"3s\"; l'eau, x86-64.",
                "On leave 3s l eau x86 64",
            ),
            ("naïve Ångström cafe\u{301}!", "naïve Ångström café"),
            ("co\u{ad}operate", "co\u{ad}operate"),
            ("हिन्दी की क़िताब", "हिन्दी की क़िताब"),
            ("Что такое γλώσσα?", "Что такое γλώσσα"),
            ("العربية لغة", "العربية لغة"),
            ("🦀 ok \u{301}", "ok"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_run_without_spaces_gives_its_letters_and_their_pairs() {
        for (text, expected) in [
            ("猫", "猫"),
            ("東京都, v2", "東 東京 京 京都 都 v2"),
            ("GPU性能", "GPU 性 性能 能"),
            ("한국어", "한 한국 국 국어 어"),
            ("か\u{3099}き", "が がき き"),
            ("か\u{302}き", "か\u{302} か\u{302}き き"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("ไทย", "ไ ไท ท ทย ย"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn case_accents_width_and_endings_do_not_matter() {
        for (language, one, other) in [
            (Language::English, "Retries", "retrying"),
            (Language::English, "ＧＰＵ ﬁle", "gpu FILES"),
            (Language::English, "cafe\u{301}", "Cafés"),
            (Language::English, "co\u{ad}operate", "cooperate"),
            (Language::German, "Häuser", "häusern"),
            (Language::Russian, "Книги", "книгу"),
            (Language::Greek, "Όρος", "ΟΡΟΣ"),
            (Language::None, "が", "か\u{3099}"),
            (Language::None, "カ", "ｶ"),
        ] {
            let last = |text| terms(language, text).pop().unwrap();
            assert_eq!(last(one), last(other), "{one} {other}");
        }
        assert_eq!(terms(Language::None, "Retries"), ["retries"]);
        assert_eq!(
            terms(Language::English, "it is 3.5"),
            ["it", "is", "3", "5"]
        );
    }

    #[test]
    fn of_a_word_without_end_its_beginning_is_taken() {
        let word = format!("a{}", "é".repeat(100));
        assert_eq!(words(&word), [&word[..63]]);
    }

    proptest! {
        #[test]
        fn any_text_gives_short_words_with_something_in_them(text in any::<String>()) {
            each_word(&text, |word| {
                assert!(word.len() <= MAX_WORD_BYTES && !word.is_empty());
                Terms::new(Language::English).term(word);
            });
        }

        #[test]
        fn a_text_in_capitals_has_the_same_terms(text in "[a-zéüа-я ]{0,40}") {
            prop_assert_eq!(terms(Language::None, &text), terms(Language::None, &text.to_uppercase()));
        }
    }
}
