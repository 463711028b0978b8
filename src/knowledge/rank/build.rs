//! Building the index: what the entries hold is counted first, then each term is weighed.

use std::collections::{BTreeMap, HashMap};

use super::{
    super::{
        entry::Entry,
        words::{Words, each_word},
    },
    Index, Share, idf,
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
/// Counts what the entries hold, before anything can be weighed.
pub(super) struct Counter {
    words: Words,
    /// Every word met, so that each is stemmed once: stemming costs more than all the rest.
    met: HashMap<String, Option<usize>>,
    names: BTreeMap<String, usize>,
    /// Per term, in the order they are met; per entry: how often in each field.
    counts: Vec<Vec<(usize, [f32; 4])>>,
    /// Per entry: the terms in each field.
    lengths: Vec<[f32; 4]>,
    pairs: Vec<[u32; 3]>,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self {
            words: Words::new(),
            met: HashMap::new(),
            names: BTreeMap::new(),
            counts: Vec::new(),
            lengths: Vec::new(),
            pairs: Vec::new(),
        }
    }

    pub(super) fn entry(&mut self, at: usize, entry: &Entry) {
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
    pub(super) fn index(mut self) -> Index {
        let mut index = Index {
            words: self.words,
            names: String::new(),
            ends: Vec::with_capacity(self.counts.len()),
            shares: Vec::with_capacity(self.counts.iter().map(Vec::len).sum()),
            pairs: Vec::new(),
            entries: self.lengths.len(),
        };
        let weighing = Weighing::new(&self.counts, &self.lengths);
        let mut places = vec![0; self.counts.len()];
        for (place, (name, id)) in self.names.into_iter().enumerate() {
            places[id] = place as u32;
            index.names.push_str(&name);
            index.shares.extend(weighing.shares(&self.counts[id]));
            let ends = [index.names.len() as u32, index.shares.len() as u32];
            index.ends.push(ends);
        }
        index.names.shrink_to_fit();
        for [one, two, _] in &mut self.pairs {
            (*one, *two) = (places[*one as usize], places[*two as usize]);
        }
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.pairs.shrink_to_fit();
        index.pairs = self.pairs;
        index
    }
}

/// What a term's part is computed from, besides its own counts.
struct Weighing<'a> {
    lengths: &'a [[f32; 4]],
    /// Per field: the mean of its lengths.
    average: [f32; 4],
    /// Per entry: what the terms of its question weigh together.
    asked: Vec<f32>,
}

impl<'a> Weighing<'a> {
    fn new(counts: &[Vec<(usize, [f32; 4])>], lengths: &'a [[f32; 4]]) -> Self {
        let entries = lengths.len();
        let sum = |field: usize| lengths.iter().map(|lengths| lengths[field]).sum::<f32>();
        let mut asked = vec![0.0_f32; entries];
        for found in counts {
            for (entry, _) in found.iter().filter(|(_, fields)| fields[QUESTION] > 0.0) {
                asked[*entry] += idf(entries, found.len());
            }
        }
        Self {
            lengths,
            average: std::array::from_fn(|field| sum(field) / entries as f32),
            asked,
        }
    }

    fn shares(&self, found: &[(usize, [f32; 4])]) -> impl Iterator<Item = Share> {
        let idf = idf(self.lengths.len(), found.len());
        found.iter().map(move |(entry, fields)| Share {
            entry: *entry as u32,
            about: self.about(*entry, fields),
            asked: if fields[QUESTION] > 0.0 {
                idf / self.asked[*entry]
            } else {
                0.0
            },
        })
    }

    fn about(&self, entry: usize, fields: &[f32; 4]) -> f32 {
        let part = |field: usize| {
            let length = self.lengths[entry][field] / f32::max(self.average[field], 1.0);
            WEIGHTS[field] * fields[field] / (1.0 - B + B * length)
        };
        let frequency: f32 = (0..4).map(part).sum();
        (frequency / (frequency + K1) * (FULL + K1) / FULL).min(1.0)
    }
}
