//! From text to the terms that are compared: split, lower case, stop words, spelling, stem.
//!
//! Questions and entries go through the same steps, so a step need not be right about a word, only the same on both
//! sides. Any script is split at what is not a letter or a digit; stop words and stems are English.

use std::{borrow::Cow, collections::HashSet};

use rust_stemmers::{Algorithm, Stemmer};

/// Words that say how something is asked and not what about. Beside the grammar's small words these are the phrases
/// that surround a question: "can you explain to me how … works".
const STOP_WORDS: &str = "\
    a about actually all also am an and any are as ask at be been being but by can cannot cant could did do does \
    doesnt doing done dont each else ever every exactly explain explained for from get gets getting give given go \
    goes going got had has have having he help her here him his how i id if ill im in into is isnt it its ive just \
    kind know let like make makes many may me mean meaning means might more most much must my need no not now of \
    off on one or other our out over own please really s same shall she should so some somebody someone something \
    such t tell than that thats the their them then there these they thing things this those time to too up us \
    very want was we were what whats when where which while who whom whose why will with within wont work working \
    works would you your yours";

/// Words of every field: they help to tell one entry from another, but say little about what is asked.
const EVERYDAY: &str = "\
    able above accept across actual add added adding affect after afterwards again against ago agree allow almost \
    alone along already although always among amount another answer anybody anyone anything anyway anywhere apart \
    appear apply around aside available avoid away back bad basic because become becomes before begin behind \
    believe below beneath best better between beyond big bit both bring build call called came care careful case \
    cause certain change charge cheap check choose clear close come comes coming common compare complete concern \
    consider contain continue correct count couple course create day days deal decide deep depend describe detail \
    differ difference different difficult direct down during early easily easy either end enough entire especially \
    etc even evening eventually everybody everyone everything example expect fact fail fall far fast feel few \
    fewer figure find fine finish first five fix follow force form found four free friend full further general \
    generally gone good gotten great grow guess half hand handle happen happened happens hard hardly hear hello hi \
    high higher hold hope hour hours however huge idea imagine important include including increase inside instead \
    interested issue join keep keeps large last late later learn least leave left less level life likely little \
    live long longer look lot lots low lower main maybe mind minute moment month months morning move name near \
    nearly necessary never new next nice night nobody normal normally nothing number often ok okay old once only \
    open original others otherwise outside part particular people per percent perhaps person place plan point \
    possible possibly prefer pretty prevent probably problem properly provide put question quick quickly quite \
    rather reach read ready real reason receive recently recommend remain remove require rest result right round \
    run safely said say says second see seem sense set several show side similar simple simply since single size \
    slow small soon sort start started state stay step still stop stuff such sudden suddenly sure take taken takes \
    taking talk ten thanks think thought three through thus today together told tomorrow took total touch toward \
    tried true truly try trying turn twice two type types under understand unless until upon use used useful user \
    using usual usually various via wait way ways week weeks well went whatever whenever whether whole wide wish \
    without won wonder word worry worse worst worth write wrong yeah year years yes yesterday yet";

/// Shorter words have too many neighbours one slip away.
const SLIP_LETTERS: usize = 5;

/// Beginnings that the stemmer cuts too short: to it "liquidation" and "liquidity" are one word, and "position" and
/// "positive" another.
const KEPT_APART: [&str; 2] = ["liquidat", "position"];

/// English words that say how something is asked and not what about.
pub(super) fn stop_words() -> impl Iterator<Item = &'static str> {
    STOP_WORDS.split_whitespace()
}

/// Turns text into terms.
pub(super) struct Words {
    stemmer: Stemmer,
    stop_words: HashSet<&'static str>,
    everyday: HashSet<&'static str>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            stop_words: stop_words().collect(),
            everyday: EVERYDAY.split_whitespace().collect(),
        }
    }

    /// Whether a word of [`each_word`] belongs to no field in particular.
    pub(super) fn is_everyday(&self, word: &str) -> bool {
        self.everyday.contains(word)
    }

    /// The term that a word of [`each_word`] stands for; none for a stop word or a small number.
    pub(super) fn term(&self, word: &str) -> Option<String> {
        // A bare small number says nothing by itself: "12 words" is about words.
        let small_number = word.len() < 3 && word.bytes().all(|b| b.is_ascii_digit());
        if small_number || self.stop_words.contains(word) {
            return None;
        }
        if let Some(stem) = KEPT_APART.iter().find(|stem| word.starts_with(**stem)) {
            return Some((*stem).to_owned());
        }
        let spelled = american(word);
        let stem = self.stemmer.stem(&spelled).into_owned();
        // The stemmer takes "lsts" and "l2s" for words without a plural, since they have no vowel.
        match stem.strip_suffix('s') {
            Some(one) if one.len() > 1 && !one.contains(['a', 'e', 'i', 'o', 'u', 'y', 's']) => {
                Some(one.to_owned())
            }
            _ => Some(stem),
        }
    }
}

/// Hands over the words of a text in lower case. An apostrophe joins ("don't" is `dont`), everything else that is
/// neither a letter nor a digit separates. One buffer serves all words: a set has tens of thousands, read at start.
pub(super) fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut word = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
            word.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
        } else if !matches!(c, '\'' | '’') && !word.is_empty() {
            take(&word);
            word.clear();
        }
    }
    if !word.is_empty() {
        take(&word);
    }
}

/// "decentralised" and "decentralized" must meet; the stemmer knows only the second.
fn american(word: &str) -> Cow<'_, str> {
    const ENDINGS: [&str; 6] = ["ise", "ised", "ises", "iser", "ising", "isation"];
    match ENDINGS
        .iter()
        .find_map(|ending| word.strip_suffix(ending).map(|stem| (stem, ending)))
    {
        Some((stem, ending)) if stem.len() > 3 => format!("{stem}iz{}", &ending[2..]).into(),
        _ => word.into(),
    }
}

/// Whether a word that nobody knows was probably meant to be, or belongs to, a known one: one slip apart, or one the
/// beginning of the other ("bankrupt", "bankruptcy"), where the stemmer does not see it.
pub(super) fn near_miss(known: &str, typed: &str) -> bool {
    let (short, long) = if known.len() <= typed.len() {
        (known, typed)
    } else {
        (typed, known)
    };
    if short.len() < SLIP_LETTERS || long.len() - short.len() > 4 {
        return false;
    }
    one_slip_apart(short, long) || (short.len() > SLIP_LETTERS && long.starts_with(short))
}

/// Whether one letter added, left out, replaced or exchanged with its neighbour turns one word into the other.
fn one_slip_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    let front = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[front..], &long[front..]);
    match long.len() - short.len() {
        0 if short.is_empty() => false,
        0 => {
            short[1..] == long[1..]
                || (short.len() > 1
                    && short[0] == long[1]
                    && short[1] == long[0]
                    && short[2..] == long[2..])
        }
        1 => *short == long[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let words = Words::new();
        let mut terms = Vec::new();
        each_word(text, |word| terms.extend(words.term(word)));
        terms
    }

    #[test]
    fn spelling_case_and_endings_do_not_matter() {
        assert_eq!(
            terms("Decentralised exchanges"),
            terms("decentralized EXCHANGE")
        );
        assert_eq!(terms("What are L2s?"), terms("l2"));
        assert_eq!(terms("Don't “approve” it"), terms("approves"));
    }

    #[test]
    fn other_scripts_are_words_too() {
        assert_eq!(terms("Что такое Стейкинг"), ["что", "такое", "стейкинг"]);
        assert!(terms("?? …").is_empty());
    }

    #[test]
    fn one_slip_is_one_letter_or_one_exchange() {
        for (a, b) in [
            ("slipage", "slippage"),
            ("yeild", "yield"),
            ("stakong", "staking"),
            ("oracle", "oracles"),
        ] {
            assert!(one_slip_apart(a, b) && one_slip_apart(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("oracle", "oracle"),
            ("bridge", "fridgy"),
            ("pool", "poodle"),
            ("", ""),
        ] {
            assert!(!one_slip_apart(a, b), "{a} {b}");
        }
    }
}
