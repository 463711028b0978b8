//! Which passages hold which terms, and how often: the index that is searched, held in memory.
//!
//! It never changes. What was added or taken away goes into a new one ([`Postings::merge`]), so a search has the whole
//! old state or the whole new one, an index that has followed a thousand changes is the one that would be built anew,
//! and no list needs room to grow: names, lists and counts lie one behind the other. The merge of 100,000 passages takes
//! about a tenth of a second. Its durable form is the passages themselves, whose texts stand in the file.
//!
//! A passage of 150 words takes some 160 bytes here, one byte and a half for each of its different words; a term takes
//! some 28 beside its lists.

use std::collections::HashSet;

// Its hashes are quick ones, and words are looked up by the million.
use hashbrown::HashMap;

use super::terms::{Terms, each_word};

/// How soon a repeated word stops adding, and how much a long passage's words count less: the values that Lucene and
/// bm25s take by themselves, in the middle of what Robertson and Zaragoza give in "The Probabilistic Relevance
/// Framework: BM25 and Beyond" (2009).
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// Words of an average passage at the least. Where thousands of rows of a few words each make it less, any passage of some
/// lines would count as a long one, and nothing be sure any more. Below the average of both sets that this was measured with
/// (fitz-gov's documents have some 90 words, the built-in entries 264).
const LEAST_AVERAGE: f32 = 30.0;

/// The index. A passage's slot is its place in it, a term's place is that among the terms in their order.
#[derive(Default)]
pub(in crate::knowledge) struct Postings {
    /// The terms, one behind the other, and where each ends.
    names: String,
    name_ends: Vec<usize>,
    /// The slots that hold each term, and where each list ends.
    lists: Vec<u8>,
    list_ends: Vec<usize>,
    /// In how many slots each term is.
    counts: Vec<u32>,
    /// What each slot holds, as the file numbers it.
    ids: Vec<i64>,
    /// The words in each slot.
    lengths: Vec<u32>,
    /// BM25's `k1 * (1 - b + b * length / average)` for each slot.
    norms: Vec<f32>,
}

/// What is to be added, in the order of its adding.
pub(in crate::knowledge) struct Draft {
    terms: Terms,
    /// Words as they are written, so that each is brought to its term once; `None`: nothing is left of it.
    met: HashMap<Box<str>, Option<u32>>,
    names: HashMap<Box<str>, u32>,
    lists: Vec<List>,
    ids: Vec<i64>,
    lengths: Vec<u32>,
    /// The terms of the passage that is being added.
    of_one: Vec<u32>,
}

/// A list that grows.
#[derive(Default)]
struct List {
    bytes: Vec<u8>,
    count: u32,
    /// Behind the last slot.
    next: u32,
}

impl Draft {
    pub(in crate::knowledge) fn new(terms: Terms) -> Self {
        Self {
            terms,
            met: HashMap::new(),
            names: HashMap::new(),
            lists: Vec::new(),
            ids: Vec::new(),
            lengths: Vec::new(),
            of_one: Vec::new(),
        }
    }

    /// How many passages are to be added.
    pub(in crate::knowledge) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Adds a passage: all that is searched of it.
    pub(in crate::knowledge) fn add<'t>(&mut self, id: i64, texts: impl Iterator<Item = &'t str>) {
        let mut of_one = std::mem::take(&mut self.of_one);
        of_one.clear();
        for text in texts {
            each_word(text, |word| of_one.extend(self.term(word)));
        }
        let slot = to_u32(self.ids.len());
        self.ids.push(id);
        self.lengths.push(to_u32(of_one.len()));
        of_one.sort_unstable();
        for same in of_one.chunk_by(|a, b| a == b) {
            self.lists[same[0] as usize].push(slot, to_u32(same.len()));
        }
        self.of_one = of_one;
    }

    fn term(&mut self, word: &str) -> Option<u32> {
        if let Some(term) = self.met.get(word) {
            return *term;
        }
        let name = self.terms.term(word);
        let next = to_u32(self.lists.len());
        let term = (!name.is_empty()).then(|| *self.names.entry(name.into()).or_insert(next));
        if term == Some(next) {
            self.lists.push(List::default());
        }
        self.met.insert(word.into(), term);
        term
    }
}

impl List {
    fn push(&mut self, slot: u32, times: u32) {
        put(&mut self.bytes, slot - self.next, times);
        self.next = slot + 1;
        self.count += 1;
    }
}

impl Postings {
    /// This one without the passages in `gone` and with the draft's behind its own.
    pub(in crate::knowledge) fn merge(&self, gone: &HashSet<i64>, draft: Draft) -> Self {
        let mut next = Self::default();
        let stays: Vec<bool> = self.ids.iter().map(|id| !gone.contains(id)).collect();
        let mut moved = Vec::with_capacity(self.ids.len());
        for (slot, _) in stays.iter().enumerate().filter(|(_, stays)| **stays) {
            next.ids.push(self.ids[slot]);
            next.lengths.push(self.lengths[slot]);
        }
        let mut to = 0;
        for stays in stays {
            moved.push(stays.then_some(to));
            to += u32::from(stays);
        }
        next.ids.extend(&draft.ids);
        next.lengths.extend(&draft.lengths);

        let mut fresh: Vec<(&str, &List)> = draft
            .names
            .iter()
            .map(|(name, term)| (&**name, &draft.lists[*term as usize]))
            .collect();
        fresh.sort_unstable_by_key(|(name, _)| *name);
        let room = fresh
            .iter()
            .map(|(_, list)| list.bytes.len())
            .sum::<usize>();
        next.lists.reserve(self.lists.len() + room);
        let mut fresh = fresh.into_iter().peekable();
        for place in 0..self.counts.len() {
            let name = self.name(place);
            while let Some((before, list)) = fresh.next_if(|(fresh, _)| *fresh < name) {
                next.append(before, None.into_iter(), Some((list, to)));
            }
            let same = fresh.next_if(|(fresh, _)| *fresh == name);
            let kept = self
                .holders(place)
                .filter_map(|(slot, times)| Some((moved[slot as usize]?, times)));
            next.append(name, kept, same.map(|(_, list)| (list, to)));
        }
        for (name, list) in fresh {
            next.append(name, None.into_iter(), Some((list, to)));
        }
        next.finish();
        next
    }

    /// Appends a term with the slots that hold it: some, and behind them a draft's, moved to where it begins.
    fn append(
        &mut self,
        name: &str,
        kept: impl Iterator<Item = (u32, u32)>,
        fresh: Option<(&List, u32)>,
    ) {
        let (mut count, mut next) = (0, 0);
        let moved = fresh.into_iter().flat_map(|(list, from)| {
            let holders = Holders {
                bytes: &list.bytes,
                next: 0,
            };
            holders.map(move |(slot, times)| (from + slot, times))
        });
        for (slot, times) in kept.chain(moved) {
            put(&mut self.lists, slot - next, times);
            next = slot + 1;
            count += 1;
        }
        if count > 0 {
            self.names.push_str(name);
            self.name_ends.push(self.names.len());
            self.list_ends.push(self.lists.len());
            self.counts.push(count);
        }
    }

    fn finish(&mut self) {
        let words: u64 = self.lengths.iter().map(|length| u64::from(*length)).sum();
        let average = (words as f32 / self.lengths.len().max(1) as f32).max(LEAST_AVERAGE);
        let norm = |length: &u32| K1 * (1.0 - B + B * *length as f32 / average);
        self.norms = self.lengths.iter().map(norm).collect();
        self.names.shrink_to_fit();
        self.name_ends.shrink_to_fit();
        self.lists.shrink_to_fit();
        self.list_ends.shrink_to_fit();
        self.counts.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.lengths.shrink_to_fit();
    }

    fn name(&self, place: usize) -> &str {
        &self.names[start(&self.name_ends, place)..self.name_ends[place]]
    }

    /// The place of a term.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.counts.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle).cmp(name) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// In how many passages a term is.
    pub(super) fn count(&self, place: usize) -> u32 {
        self.counts[place]
    }

    /// The slots that hold a term, ascending, and how often each does.
    pub(super) fn holders(&self, place: usize) -> Holders<'_> {
        let bytes = &self.lists[start(&self.list_ends, place)..self.list_ends[place]];
        Holders { bytes, next: 0 }
    }

    /// For each slot, how often a term must be in it to count half of what it can.
    pub(super) fn norms(&self) -> &[f32] {
        &self.norms
    }

    /// What each slot holds.
    pub(in crate::knowledge) fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// What a slot holds.
    pub(in crate::knowledge) fn id(&self, slot: usize) -> i64 {
        self.ids[slot]
    }

    /// How many passages there are.
    pub(in crate::knowledge) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many terms.
    pub(in crate::knowledge) fn terms(&self) -> usize {
        self.counts.len()
    }

    /// Bytes of memory that it takes.
    pub(in crate::knowledge) fn bytes(&self) -> usize {
        let of_a_slot = size_of::<i64>() + size_of::<u32>() + size_of::<f32>();
        let of_a_term = 2 * size_of::<usize>() + size_of::<u32>();
        self.names.len()
            + self.lists.len()
            + self.ids.len() * of_a_slot
            + self.counts.len() * of_a_term
    }
}

fn start(ends: &[usize], place: usize) -> usize {
    place.checked_sub(1).map_or(0, |before| ends[before])
}

/// A list, unpacked.
pub(super) struct Holders<'p> {
    bytes: &'p [u8],
    next: u32,
}

impl Iterator for Holders<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        let (first, rest) = self.bytes.split_first()?;
        // Nearly all of them.
        let packed = if *first < 0x80 {
            self.bytes = rest;
            u64::from(*first)
        } else {
            self.number()
        };
        let times = if packed & 1 == 0 {
            1
        } else {
            self.number() as u32
        };
        let slot = self.next + (packed >> 1) as u32;
        self.next = slot + 1;
        Some((slot, times))
    }
}

impl Holders<'_> {
    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
            shift += 7;
        }
        number
    }
}

/// Packs a slot, as its distance from the last one, and how often it holds the term, which is mostly once.
fn put(bytes: &mut Vec<u8>, distance: u32, times: u32) {
    put_number(bytes, u64::from(distance) << 1 | u64::from(times > 1));
    if times > 1 {
        put_number(bytes, u64::from(times));
    }
}

/// Seven bits a byte, the lowest first.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).expect("an index holds fewer passages, and they fewer words, than 2^32")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::config::Language;

    fn draft<'t>(passages: impl IntoIterator<Item = (i64, &'t str)>) -> Draft {
        let mut draft = Draft::new(Terms::new(Language::None));
        for (id, text) in passages {
            draft.add(id, [text].into_iter());
        }
        draft
    }

    fn built<'t>(passages: impl IntoIterator<Item = (i64, &'t str)>) -> Postings {
        Postings::default().merge(&HashSet::new(), draft(passages))
    }

    /// All that it says, by term and passage.
    fn said(postings: &Postings) -> BTreeMap<(String, i64), (u32, u32)> {
        let mut said = BTreeMap::new();
        for place in 0..postings.terms() {
            assert_eq!(postings.find(postings.name(place)), Some(place));
            assert_eq!(
                postings.holders(place).count(),
                postings.count(place) as usize
            );
            for (slot, times) in postings.holders(place) {
                let norm = postings.norms()[slot as usize].to_bits();
                let key = (postings.name(place).to_owned(), postings.id(slot as usize));
                said.insert(key, (times, norm));
            }
        }
        said
    }

    #[test]
    fn a_term_knows_its_passages_and_how_often_it_is_in_each() {
        let many = "deep ".repeat(300);
        let postings = built([(7, "a b a"), (9, ""), (11, &many), (200, "b")]);
        let holders = |name| -> Vec<_> { postings.holders(postings.find(name).unwrap()).collect() };
        assert_eq!(holders("a"), [(0, 2)]);
        assert_eq!(holders("b"), [(0, 1), (3, 1)]);
        assert_eq!(holders("deep"), [(2, 300)]);
        assert_eq!(
            (postings.len(), postings.terms(), postings.find("c")),
            (4, 3, None)
        );
    }

    proptest! {
        #[test]
        fn an_index_that_followed_changes_is_the_one_built_anew(
            before in prop::collection::btree_map(0_i64..40, "[a-e]{1,2}( [a-e]{1,2}){0,8}", 0..20),
            gone in prop::collection::hash_set(0_i64..40, 0..20),
            after in prop::collection::btree_map(40_i64..60, "[a-e]{1,2}( [a-e]{1,2}){0,8}", 0..20),
        ) {
            fn of(passages: &BTreeMap<i64, String>) -> impl Iterator<Item = (i64, &str)> {
                passages.iter().map(|(id, text)| (*id, &**text))
            }
            let followed = built(of(&before)).merge(&gone, draft(of(&after)));
            let kept = of(&before).filter(|(id, _)| !gone.contains(id));
            let anew = built(kept.chain(of(&after)));
            prop_assert_eq!(said(&followed), said(&anew));
            prop_assert_eq!((followed.bytes(), followed.len()), (anew.bytes(), anew.len()));
        }

        #[test]
        fn numbers_come_back(pairs in prop::collection::vec((0_u32..1 << 30, 1_u32..1 << 30), 0..4)) {
            let mut list = List::default();
            let mut slots = Vec::new();
            for (distance, times) in pairs {
                let slot = list.next.saturating_add(distance);
                if slot < u32::MAX - 1 {
                    list.push(slot, times);
                    slots.push((slot, times));
                }
            }
            let back: Vec<_> = Holders { bytes: &list.bytes, next: 0 }.collect();
            prop_assert_eq!(back, slots);
        }
    }
}
