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
//! The constants were chosen on the questions of `evaluation.rs` that are not held out; neighbouring values change
//! the figures there by less than a hundredth.

use std::collections::HashMap;

use super::{
    entry::Entry,
    words::{Words, is_everyday, one_slip_apart, split},
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
const PAIR: f32 = 0.3;
/// What a word of every field counts, known or not.
const EVERYDAY: f32 = 0.4;
/// What a known word counts that is one slip away from the word that was typed.
const SLIP: f32 = 0.8;
/// Shorter words have too many neighbours one slip away.
const SLIP_LETTERS: usize = 5;
/// Different content words of a question that are looked at. Further ones are ignored, so that a question of any length
/// costs about the same.
const MAX_TERMS: usize = 64;
/// Words of a question that are read to find them.
const MAX_WORDS: usize = 1024;

/// What a term is worth, and to whom.
struct Term {
    /// Inverse document frequency.
    idf: f32,
    /// The entries that hold the term, each with its share of "all about this word", at most 1.
    shares: Vec<(usize, f32)>,
}

/// The built index.
pub(super) struct Index {
    words: Words,
    /// A term's place in `terms`.
    names: HashMap<String, usize>,
    terms: Vec<Term>,
    /// Two terms that stand side by side in a title, a question or a tag, and the entries where they do.
    pairs: HashMap<(usize, usize), Vec<usize>>,
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
    /// Each known pair of neighbours once, with its weight.
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
    names: HashMap<String, usize>,
    /// Per term, per entry: how often in each field.
    counts: Vec<Vec<(usize, [f32; 4])>>,
    /// Per entry: the terms in each field.
    lengths: Vec<[f32; 4]>,
    pairs: HashMap<(usize, usize), Vec<usize>>,
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
        let ids: Vec<usize> = split(text).filter_map(|word| self.id(word)).collect();
        // The more words a tag has, the less each of them says alone; together they say it as a pair.
        let one = if field == TAGS {
            1.0 / (ids.len() as f32).max(1.0).sqrt()
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
            for pair in ids.windows(2) {
                let holders = self.pairs.entry((pair[0], pair[1])).or_default();
                if holders.last() != Some(&at) {
                    holders.push(at);
                }
            }
        }
    }

    fn id(&mut self, word: String) -> Option<usize> {
        if let Some(id) = self.met.get(&word) {
            return *id;
        }
        let id = self.words.term(&word).map(|term| {
            let next = self.counts.len();
            let id = *self.names.entry(term).or_insert(next);
            if id == next {
                self.counts.push(Vec::new());
            }
            id
        });
        self.met.insert(word, id);
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
        let full = FULL / (FULL + K1);
        let share = |(at, fields): &(usize, [f32; 4])| {
            let lengths = &self.lengths[*at];
            let part = |field| {
                let length = lengths[field] / f32::max(average[field], 1.0);
                WEIGHTS[field] * fields[field] / (1.0 - B + B * length)
            };
            let frequency: f32 = (0..4).map(part).sum();
            (*at, (frequency / (frequency + K1) / full).min(1.0))
        };
        let term = |found: &Vec<_>| Term {
            idf: idf(entries, found.len()),
            shares: found.iter().map(share).collect(),
        };
        self.counts.iter().map(term).collect()
    }
}

impl Index {
    pub(super) fn build(entries: &[Entry]) -> Self {
        let mut counter = Counter {
            words: Words::new(),
            met: HashMap::new(),
            names: HashMap::new(),
            counts: Vec::new(),
            lengths: Vec::new(),
            pairs: HashMap::new(),
        };
        for (at, entry) in entries.iter().enumerate() {
            counter.entry(at, entry);
        }
        let terms = counter.weigh();
        let Counter {
            words,
            names,
            pairs,
            ..
        } = counter;
        Self {
            words,
            names,
            terms,
            pairs,
            entries: entries.len(),
            unknown: idf(entries.len(), 1),
        }
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
        for word in split(question).take(MAX_WORDS) {
            let Some(term) = self.words.term(&word) else {
                continue;
            };
            if seen.len() == MAX_TERMS {
                break;
            }
            let part = if is_everyday(&word) { EVERYDAY } else { 1.0 };
            let known = self.names.get(&term).map(|id| (*id, part));
            let found = known.or_else(|| Some((self.near(&term)?, part * SLIP)));
            if let (Some((one, weight)), Some((two, other))) = (before, found)
                && let Some(holders) = self.pairs.get(&(one, two))
                && !query.pairs.iter().any(|(pair, _)| *pair == (one, two))
            {
                query.pairs.push((
                    (one, two),
                    PAIR * weight * other * idf(self.entries, holders.len()),
                ));
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
        if term.chars().count() < SLIP_LETTERS || term.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let alike = |known: &str| {
            known.len() >= SLIP_LETTERS && known.starts_with(first) && one_slip_apart(known, term)
        };
        // The smaller id decides between equals: a map has no order of its own.
        let found = self
            .names
            .iter()
            .filter(|(known, _)| alike(known))
            .map(|(_, id)| *id);
        found.max_by_key(|id| (self.terms[*id].shares.len(), usize::MAX - id))
    }

    /// The entries that share a word with the question, best first, at most `limit`.
    pub(super) fn rank(&self, query: &Query, limit: usize) -> Vec<Hit> {
        let mut sums = vec![0.0_f32; self.entries];
        for (term, weight) in &query.terms {
            for (entry, share) in &self.terms[*term].shares {
                sums[*entry] += weight * share;
            }
        }
        for (pair, weight) in &query.pairs {
            for entry in self.pairs.get(pair).into_iter().flatten() {
                sums[*entry] += weight;
            }
        }
        let found = sums.into_iter().enumerate().filter(|(_, sum)| *sum > 0.0);
        let mut found: Vec<(usize, f32)> = found.collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.truncate(limit);
        // Pairs come on top of the words that they are made of, so the sum can pass the best.
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
        let terms = split(text).filter_map(|word| self.words.term(&word));
        let found: Vec<usize> = terms
            .filter_map(|term| self.names.get(&term).copied())
            .collect();
        query
            .terms
            .iter()
            .filter(|(id, _)| found.contains(id))
            .map(|(_, weight)| weight)
            .sum()
    }
}
