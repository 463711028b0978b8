//! Ranking by words: BM25 over weighted fields (BM25F), and a score that says how sure a match is.
//!
//! A term's part in an entry's sum is the same for every question, so it is computed once, when the index is built; a
//! search adds up the parts of the question's terms.
//!
//! The score is the sum that an entry reached over the sum that an entry all about the question would reach: 1 means
//! that every content word of the question is a key word of the entry. A word that the whole set has never seen counts
//! against every entry, which is what tells "a sandwich attack" from "a sandwich with tuna". Words of every field
//! ("long", "take", "begin") count little both for and against.
//!
//! The constants were chosen on the questions of `tests/questions`, whose figures they move by a hundredth or two. None is
//! sharp; what decides is the words in the entries' tags.

mod build;

use build::Counter;

use super::{
    entry::Entry,
    words::{Words, each_word, near_miss},
};

/// What two words add that stand side by side in the question and in an entry's title, question or tag, as a share of
/// a single word as rare.
const PAIR: f32 = 0.4;
/// What an entry gains whose own question is wholly asked: "what is a stablecoin" is about stablecoins in general,
/// not about their pools.
const FOCUS: f32 = 0.15;
/// What a word of every field counts, known or not.
const EVERYDAY: f32 = 0.4;
/// What a known word counts that is only close to the word that was typed.
const SLIP: f32 = 0.8;
/// Different content words of a question that are looked at. Further ones are ignored, so that a question of any length
/// costs about the same.
const MAX_TERMS: usize = 64;
/// Words of a question that are read to find them.
const MAX_WORDS: usize = 1024;

/// What a term says about one entry that holds it.
#[derive(Clone, Copy)]
struct Share {
    entry: u32,
    /// The share of "all about this word", at most 1.
    about: f32,
    /// The term's share of the entry's own question, by weight.
    asked: f32,
}

/// The built index. It stays in memory for as long as the program runs, so it holds numbers and one text, no map: a
/// term is its place in the alphabet of all terms.
pub(super) struct Index {
    words: Words,
    /// Every term, one after the other, in order.
    names: String,
    /// Where each term's name and its shares end.
    ends: Vec<[u32; 2]>,
    /// Term by term, what each says about the entries that hold it.
    shares: Vec<Share>,
    /// In order: two terms that stand side by side in a title, a question or a tag, and the entry where they do.
    pairs: Vec<[u32; 3]>,
    entries: usize,
}

/// An entry that matched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// Its position in the set.
    pub entry: usize,
    /// 0 to 1.
    pub score: f32,
}

/// A question's terms, looked up.
pub(super) struct Query {
    /// Each known term once, with its weight.
    terms: Vec<(usize, f32)>,
    /// Each pair of known neighbours once, with its weight.
    pairs: Vec<((usize, usize), f32)>,
    /// What an entry all about the question would reach.
    best: f32,
}

/// The inverse document frequency of what stands in `holding` of so many entries.
fn idf(entries: usize, holding: usize) -> f32 {
    let (entries, holding) = (entries as f32, holding as f32);
    (1.0 + (entries - holding + 0.5) / (holding + 0.5)).ln()
}

impl Index {
    pub(super) fn build(entries: impl Iterator<Item = Entry>) -> Self {
        let mut counter = Counter::new();
        for (at, entry) in entries.enumerate() {
            counter.entry(at, &entry);
        }
        counter.index()
    }

    fn name(&self, term: usize) -> &str {
        let from = term.checked_sub(1).map_or(0, |before| self.ends[before][0]);
        &self.names[from as usize..self.ends[term][0] as usize]
    }

    fn shares(&self, term: usize) -> &[Share] {
        let from = term.checked_sub(1).map_or(0, |before| self.ends[before][1]);
        &self.shares[from as usize..self.ends[term][1] as usize]
    }

    /// The first term that is not before `name`.
    fn from(&self, name: &str) -> usize {
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.name(middle) < name {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    fn known(&self, name: &str) -> Option<usize> {
        let place = self.from(name);
        (place < self.ends.len() && self.name(place) == name).then_some(place)
    }

    /// A term's inverse document frequency. An unknown one weighs as much as the rarest that is known.
    fn rarity(&self, term: Option<usize>) -> f32 {
        idf(self.entries, term.map_or(1, |id| self.shares(id).len()))
    }

    /// Where two terms stand side by side.
    fn holders(&self, one: usize, two: usize) -> &[[u32; 3]] {
        let pair = [one as u32, two as u32];
        let from = self.pairs.partition_point(|known| known[..2] < pair[..]);
        let held = self.pairs[from..].partition_point(|known| known[..2] == pair[..]);
        &self.pairs[from..from + held]
    }

    /// Reads a question once, for ranking and for excerpts.
    pub(super) fn query(&self, question: &str) -> Query {
        let mut query = Query {
            terms: Vec::new(),
            pairs: Vec::new(),
            best: 0.0,
        };
        let mut seen: Vec<String> = Vec::new();
        let mut before: Option<(usize, f32)> = None;
        let mut words: Vec<String> = Vec::new();
        each_word(question, |word| {
            if words.len() < MAX_WORDS {
                words.push(word.to_owned());
            }
        });
        for word in words {
            let Some(term) = self.words.term(&word) else {
                continue;
            };
            if seen.len() == MAX_TERMS {
                break;
            }
            let part = if self.words.is_everyday(&word) {
                EVERYDAY
            } else {
                1.0
            };
            let known = self.known(&term).map(|id| (id, part));
            let found = known.or_else(|| Some((self.near(&term)?, part * SLIP)));
            if let (Some((one, weight)), Some((two, other))) = (before, found)
                && !query.pairs.iter().any(|(pair, _)| *pair == (one, two))
            {
                let rarity = idf(self.entries, self.holders(one, two).len());
                query
                    .pairs
                    .push(((one, two), PAIR * weight * other * rarity));
            }
            before = found;
            if seen.contains(&term) {
                continue;
            }
            seen.push(term);
            let rarity = self.rarity(found.map(|(id, _)| id));
            query.best += part * rarity;
            query
                .terms
                .extend(found.map(|(id, weight)| (id, weight * rarity)));
        }
        query
    }

    /// The known term that a mistyped one was probably meant to be: the commonest of those that begin alike.
    fn near(&self, term: &str) -> Option<usize> {
        let first = term.chars().next()?;
        let from = self.from(first.encode_utf8(&mut [0; 4]));
        let alike = (from..self.ends.len()).take_while(|id| self.name(*id).starts_with(first));
        let close = alike.filter(|id| near_miss(self.name(*id), term));
        // Of equals the first in the alphabet.
        close.max_by_key(|id| (self.shares(*id).len(), usize::MAX - id))
    }

    /// The entries that share a word with the question, best first, at most `limit`.
    pub(super) fn rank(&self, query: &Query, limit: usize) -> Vec<Hit> {
        let mut sums = vec![0.0_f32; self.entries];
        let mut asked = vec![0.0_f32; self.entries];
        for (term, weight) in &query.terms {
            for share in self.shares(*term) {
                sums[share.entry as usize] += weight * share.about;
                asked[share.entry as usize] += share.asked;
            }
        }
        for ((one, two), weight) in &query.pairs {
            for [_, _, entry] in self.holders(*one, *two) {
                sums[*entry as usize] += weight;
            }
        }
        for (sum, asked) in sums.iter_mut().zip(&asked) {
            *sum *= 1.0 + FOCUS * asked;
        }
        let found = sums.into_iter().enumerate().filter(|(_, sum)| *sum > 0.0);
        let mut found: Vec<(usize, f32)> = found.collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.truncate(limit);
        // Pairs and focus come on top of the words, so the sum can pass the best.
        found
            .into_iter()
            .map(|(entry, sum)| Hit {
                entry,
                score: (sum / query.best).min(1.0),
            })
            .collect()
    }

    /// How much of the question's weight stands in a text.
    pub(super) fn weight(&self, query: &Query, text: &str) -> f32 {
        let mut found: Vec<usize> = Vec::new();
        each_word(text, |word| {
            let term = self.words.term(word);
            found.extend(term.and_then(|term| self.known(&term)));
        });
        query
            .terms
            .iter()
            .filter(|(id, _)| found.contains(id))
            .map(|(_, weight)| weight)
            .sum()
    }
}
