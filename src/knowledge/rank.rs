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

use std::collections::{BTreeMap, HashMap};

use super::{
    entry::Entry,
    words::{Words, each_word, near_miss},
};

/// How soon a repeated word stops adding. K1 and B are in the middle of the ranges that Robertson and Zaragoza give in
/// "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); fields are joined as there, by adding weighted
/// frequencies before saturation.
const K1: f32 = 1.2;
/// How much a long field's words count less.
const B: f32 = 0.75;

/// The fields of an entry, as places in what is kept per field.
const TITLE: usize = 0;
const QUESTION: usize = 1;
const TAGS: usize = 2;
const ANSWER: usize = 3;
/// What a word counts in each field.
const WEIGHTS: [f32; 4] = [3.0, 3.0, 2.0, 0.3];

/// The weighted frequency that counts as all about a word: a little more than in the title or the question alone.
const FULL: f32 = 4.0;
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

/// What a term is worth, and to whom.
struct Term {
    /// Inverse document frequency.
    idf: f32,
    shares: Vec<Share>,
}

/// What a term says about one entry that holds it.
struct Share {
    entry: usize,
    /// The share of "all about this word", at most 1.
    about: f32,
    /// The term's share of the entry's own question, by weight.
    asked: f32,
}

/// The built index.
pub(super) struct Index {
    words: Words,
    /// A term's place in `terms`; in order, so that those that begin alike are neighbours.
    names: BTreeMap<String, usize>,
    terms: Vec<Term>,
    /// Every word of the set and its term, so that a passage can be weighed without stemming it anew.
    met: HashMap<String, Option<usize>>,
    /// In order: two terms that stand side by side in a title, a question or a tag, and the entry where they do.
    pairs: Vec<[u32; 3]>,
    entries: usize,
    /// What an unknown word weighs: as much as the rarest known one.
    unknown: f32,
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

/// Counts what the entries hold, before anything can be weighed.
struct Counter {
    words: Words,
    /// Every word met, so that each is stemmed once: stemming costs more than all the rest.
    met: HashMap<String, Option<usize>>,
    names: BTreeMap<String, usize>,
    /// Per term, per entry: how often in each field.
    counts: Vec<Vec<(usize, [f32; 4])>>,
    /// Per entry: the terms in each field.
    lengths: Vec<[f32; 4]>,
    pairs: Vec<[u32; 3]>,
}

impl Counter {
    fn entry(&mut self, at: usize, entry: &Entry) {
        self.lengths.push([0.0; 4]);
        self.text(at, TITLE, &entry.title);
        self.text(at, QUESTION, &entry.question);
        for tag in &entry.tags {
            self.text(at, TAGS, tag);
        }
        self.text(at, ANSWER, &entry.answer);
    }

    fn text(&mut self, at: usize, field: usize, text: &str) {
        let mut ids: Vec<usize> = Vec::new();
        each_word(text, |word| ids.extend(self.id(word)));
        // A tag counts as one word: the more it has, the less each of them says alone. Together they say it as pairs.
        let one = if field == TAGS {
            1.0 / (ids.len() as f32).max(1.0)
        } else {
            1.0
        };
        for &id in &ids {
            self.lengths[at][field] += one;
            if self.counts[id].last().is_none_or(|(last, _)| *last != at) {
                self.counts[id].push((at, [0.0; 4]));
            }
            if let Some((_, fields)) = self.counts[id].last_mut() {
                fields[field] += one;
            }
        }
        if field != ANSWER {
            let pairs = ids.windows(2);
            self.pairs
                .extend(pairs.map(|pair| [pair[0] as u32, pair[1] as u32, at as u32]));
        }
    }

    fn id(&mut self, word: &str) -> Option<usize> {
        if let Some(id) = self.met.get(word) {
            return *id;
        }
        let id = self.words.term(word).map(|term| {
            let next = self.counts.len();
            let id = *self.names.entry(term).or_insert(next);
            if id == next {
                self.counts.push(Vec::new());
            }
            id
        });
        self.met.insert(word.to_owned(), id);
        id
    }

    /// Computes each term's part in the sum, for each entry that holds it.
    fn weigh(&self) -> Vec<Term> {
        let entries = self.lengths.len();
        let mean = |field| {
            self.lengths
                .iter()
                .map(|lengths: &[f32; 4]| lengths[field])
                .sum::<f32>()
                / entries as f32
        };
        let average: [f32; 4] = std::array::from_fn(mean);
        let mut asked = vec![0.0_f32; entries];
        for found in &self.counts {
            for (entry, _) in found.iter().filter(|(_, fields)| fields[QUESTION] > 0.0) {
                asked[*entry] += idf(entries, found.len());
            }
        }
        let about = |entry: usize, fields: &[f32; 4]| {
            let part = |field: usize| {
                let length = self.lengths[entry][field] / f32::max(average[field], 1.0);
                WEIGHTS[field] * fields[field] / (1.0 - B + B * length)
            };
            let frequency: f32 = (0..4).map(part).sum();
            (frequency / (frequency + K1) * (FULL + K1) / FULL).min(1.0)
        };
        let term = |found: &Vec<(usize, [f32; 4])>| {
            let idf = idf(entries, found.len());
            let shares = found.iter().map(|(entry, fields)| Share {
                entry: *entry,
                about: about(*entry, fields),
                asked: if fields[QUESTION] > 0.0 {
                    idf / asked[*entry]
                } else {
                    0.0
                },
            });
            Term {
                idf,
                shares: shares.collect(),
            }
        };
        self.counts.iter().map(term).collect()
    }
}

impl Index {
    pub(super) fn build(entries: &[Entry]) -> Self {
        let mut counter = Counter {
            words: Words::new(),
            // About what the built-in set holds; growing on the way would cost a tenth of the time.
            met: HashMap::with_capacity(4096),
            names: BTreeMap::new(),
            counts: Vec::new(),
            lengths: Vec::new(),
            pairs: Vec::new(),
        };
        for (at, entry) in entries.iter().enumerate() {
            counter.entry(at, entry);
        }
        counter.pairs.sort_unstable();
        counter.pairs.dedup();
        counter.pairs.shrink_to_fit();
        Self {
            terms: counter.weigh(),
            words: counter.words,
            names: counter.names,
            met: counter.met,
            pairs: counter.pairs,
            entries: entries.len(),
            unknown: idf(entries.len(), 1),
        }
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
            let known = self.names.get(&term).map(|id| (*id, part));
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
            query.best += part * found.map_or(self.unknown, |(id, _)| self.terms[id].idf);
            query
                .terms
                .extend(found.map(|(id, weight)| (id, weight * self.terms[id].idf)));
        }
        query
    }

    /// The known term that a mistyped one was probably meant to be: the commonest of those that begin alike.
    fn near(&self, term: &str) -> Option<usize> {
        let first = term.chars().next()?;
        let from = self.names.range(first.to_string()..);
        let alike = from.take_while(|(known, _)| known.starts_with(first));
        let close = alike.filter(|(known, _)| near_miss(known, term));
        let found = close.map(|(_, id)| *id);
        // Of equals the one met first.
        found.max_by_key(|id| (self.terms[*id].shares.len(), usize::MAX - id))
    }

    /// The entries that share a word with the question, best first, at most `limit`.
    pub(super) fn rank(&self, query: &Query, limit: usize) -> Vec<Hit> {
        let mut sums = vec![0.0_f32; self.entries];
        let mut asked = vec![0.0_f32; self.entries];
        for (term, weight) in &query.terms {
            for share in &self.terms[*term].shares {
                sums[share.entry] += weight * share.about;
                asked[share.entry] += share.asked;
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
            found.extend(self.met.get(word).copied().flatten());
        });
        query
            .terms
            .iter()
            .filter(|(id, _)| found.contains(id))
            .map(|(_, weight)| weight)
            .sum()
    }
}
