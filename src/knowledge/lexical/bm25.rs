//! Ranking by words: BM25 as Lucene counts it, over the postings in memory.
//!
//! SQLite's own, FTS5, was measured first: ten common words in a search of 100,000 passages took it 170 ms at the median,
//! for it looks at each passage in turn. Here each term's list is run through once and its share added to the passages'
//! sums, some two nanoseconds a place; no list is skipped or ended early, so what comes out is exactly BM25 as long as
//! the lists together are within [`MAX_PLACES`].

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    postings::Postings,
    terms::{Terms, each_word},
};

/// Words of a question that are read, and different terms of them that are looked for.
const MAX_WORDS: usize = 1024;
const MAX_TERMS: usize = 64;
/// Places in lists that a search looks at. The commonest terms are left out beyond that, for they say least: some five
/// milliseconds' worth, which a question of few or rare words does not reach in any index.
const MAX_PLACES: u64 = 2_000_000;

/// A question, read against an index.
pub(in crate::knowledge) struct Query {
    /// The known terms, the rarest first.
    terms: Vec<Wanted>,
    /// What a passage would reach that is all about the question; terms that nobody knows count in it as the rarest do.
    best: f32,
}

/// A term of a question that the index knows.
struct Wanted {
    name: String,
    /// Among the index's terms.
    place: usize,
    /// What a passage all about it would gain.
    weight: f32,
}

/// A passage that shares terms with a question.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::knowledge) struct Hit {
    /// As the file numbers it.
    pub(in crate::knowledge) id: i64,
    /// BM25's sum, above 0.
    pub(in crate::knowledge) sum: f32,
    /// The share of what is to be reached, 0 to 1.
    pub(in crate::knowledge) share: f32,
}

/// What each passage has in common with a question.
pub(in crate::knowledge) struct Sums {
    sums: Vec<f32>,
    best: f32,
}

impl Sums {
    /// The slots with the greatest sums above 0, the greatest first; of equals, the one added first.
    pub(in crate::knowledge) fn best(&self, limit: usize) -> Vec<(f32, usize)> {
        best(&self.sums, limit)
    }

    /// A slot's share of what is to be reached, 0 to 1.
    pub(in crate::knowledge) fn share(&self, slot: usize) -> f32 {
        // Of nothing there is nothing.
        (self.sums[slot] / self.best.max(f32::MIN_POSITIVE)).min(1.0)
    }
}

impl Query {
    pub(in crate::knowledge) fn read(question: &str, terms: &Terms, postings: &Postings) -> Self {
        let mut names: Vec<(String, f32)> = Vec::new();
        let mut small: Vec<(String, f32)> = Vec::new();
        let mut words = 0;
        each_word(question, |word| {
            words += 1;
            if words > MAX_WORDS {
                return;
            }
            let name = terms.term(word);
            let among = match terms.is_small(word) {
                true => &mut small,
                false => &mut names,
            };
            match among.iter().position(|(known, _)| *known == name) {
                Some(at) => among[at].1 += 1.0,
                None if among.len() < MAX_TERMS && !name.is_empty() => among.push((name, 1.0)),
                None => {}
            }
        });
        // In a few documents "the" is as rare as any word, and would pass for an answer.
        if names.is_empty() {
            names = small;
        }
        let mut query = Self {
            terms: Vec::new(),
            best: 0.0,
        };
        let passages = postings.len();
        for (name, times) in names {
            let place = postings.find(&name);
            let weight = times * idf(passages, place.map_or(1, |place| postings.count(place)));
            query.best += weight;
            query.terms.extend(place.map(|place| Wanted {
                name,
                place,
                weight,
            }));
        }
        query.terms.sort_by_key(|term| postings.count(term.place));
        query
    }

    #[cfg(test)]
    /// The passages that share terms with the question, best first, at most `limit`. Of equals, the one added first.
    pub(in crate::knowledge) fn rank(&self, postings: &Postings, limit: usize) -> Vec<Hit> {
        let sums = self.sums(postings);
        let hit = |(sum, slot)| Hit {
            id: postings.id(slot),
            sum,
            share: sums.share(slot),
        };
        sums.best(limit).into_iter().map(hit).collect()
    }

    /// What each passage has in common with the question.
    pub(in crate::knowledge) fn sums(&self, postings: &Postings) -> Sums {
        let norms = postings.norms();
        let mut sums = vec![0.0_f32; norms.len()];
        let mut places = 0;
        for Wanted { place, weight, .. } in &self.terms {
            let count = u64::from(postings.count(*place));
            if places > 0 && places + count > MAX_PLACES {
                break;
            }
            places += count;
            for (slot, times) in postings.holders(*place) {
                let (slot, times) = (slot as usize, times as f32);
                sums[slot] += weight * times / (times + norms[slot]);
            }
        }
        Sums {
            sums,
            best: self.best,
        }
    }

    /// How much of the question's weight stands in a text.
    pub(in crate::knowledge) fn weight(&self, text: &str, terms: &Terms) -> f32 {
        let mut found = vec![false; self.terms.len()];
        each_word(text, |word| {
            let name = terms.term(word);
            if let Some(at) = self.terms.iter().position(|term| term.name == name) {
                found[at] = true;
            }
        });
        let held = self.terms.iter().zip(found).filter(|(_, found)| *found);
        held.map(|(term, _)| term.weight).sum()
    }
}

/// What a term is worth that is in so many passages.
fn idf(passages: usize, count: u32) -> f32 {
    let (passages, count) = (passages as f32, count as f32);
    ((passages - count + 0.5).max(0.0) / (count + 0.5)).ln_1p()
}

/// The slots with the greatest sums above 0, the greatest first.
pub(in crate::knowledge) fn best(sums: &[f32], limit: usize) -> Vec<(f32, usize)> {
    // Sums are never below 0, and such numbers have the order of their bits.
    let mut kept: BinaryHeap<Reverse<(u32, Reverse<usize>)>> = BinaryHeap::new();
    let mut floor = 0.0;
    for (slot, sum) in sums.iter().enumerate() {
        // Of equals the first stays, so what is not above the floor never comes in.
        if *sum <= floor || limit == 0 {
            continue;
        }
        kept.push(Reverse((sum.to_bits(), Reverse(slot))));
        if kept.len() > limit {
            kept.pop();
        }
        if kept.len() == limit {
            floor = kept
                .peek()
                .map_or(0.0, |Reverse((bits, _))| f32::from_bits(*bits));
        }
    }
    let sorted = kept.into_sorted_vec().into_iter();
    sorted
        .map(|Reverse((bits, Reverse(slot)))| (f32::from_bits(bits), slot))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{super::postings::Draft, *};
    use crate::config::Language;

    fn terms() -> Terms {
        Terms::new(Language::English)
    }

    fn index<'t>(passages: impl IntoIterator<Item = &'t str>) -> Postings {
        let mut draft = Draft::new(terms());
        for (text, id) in passages.into_iter().zip(0..) {
            draft.add(id, [text].into_iter());
        }
        Postings::default().merge(&HashSet::new(), draft)
    }

    fn found(postings: &Postings, question: &str, limit: usize) -> Vec<Hit> {
        Query::read(question, &terms(), postings).rank(postings, limit)
    }

    #[test]
    fn sums_are_those_of_the_formula() {
        // Three passages, of which "cat" is in one and "old" in two. The average of short ones is taken for 30.
        for (rest, average) in [(0, 30.0), (100, 307.0 / 3.0)] {
            let rest = " so".repeat(rest);
            let texts = ["old cat sat", "old dog", "a bird"].map(|text| format!("{text}{rest}"));
            let postings = index(texts.iter().map(String::as_str));
            let hits = found(&postings, "old cats", 5);
            let length = |text: &String| text.split(' ').count() as f32;
            let part = |count: f32, length: f32| {
                let idf = (1.0 + (3.0 - count + 0.5) / (count + 0.5)).ln();
                idf / (1.0 + 1.2 * (0.25 + 0.75 * length / average))
            };
            let [one, two, _] = texts.each_ref().map(length);
            let (first, second) = (part(1.0, one) + part(2.0, one), part(2.0, two));
            assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [0, 1]);
            assert!(
                (hits[0].sum - first).abs() < 1e-6 && (hits[1].sum - second).abs() < 1e-6,
                "{hits:?}"
            );
        }
    }

    #[test]
    fn a_rare_word_counts_more_than_a_common_one_and_an_unknown_one_against_all() {
        let postings = index(["lock the store", "store it", "store them", "open the store"]);
        let known = found(&postings, "lock store", 1)[0];
        let unknown = found(&postings, "lock store zebra", 1)[0];
        assert_eq!((known.id, known.sum), (0, unknown.sum));
        assert!(unknown.share < known.share && known.share < 1.0);
        assert!(found(&postings, "zebra", 9).is_empty() && found(&postings, "", 9).is_empty());
        assert!(found(&postings, "store", 0).is_empty());
        assert!(found(&index([]), "store", 9).is_empty());
    }

    #[test]
    fn small_words_are_looked_for_only_where_there_are_no_others() {
        let postings = index(["the cup is on the shelf", "who is the captain"]);
        assert_eq!(found(&postings, "Who won the cup?", 9).len(), 1);
        assert!(found(&postings, "Don't you know the score?", 9).is_empty());
        assert_eq!(found(&postings, "who is the", 9)[0].id, 1);
    }

    #[test]
    fn equals_come_in_the_order_of_their_adding() {
        let postings = index(["one two", "two one", "one two", "two"]);
        let ids: Vec<i64> = found(&postings, "one", 2)
            .iter()
            .map(|hit| hit.id)
            .collect();
        assert_eq!(ids, [0, 1]);
    }

    #[test]
    fn a_question_of_any_length_is_read_as_far_as_it_may() {
        let postings = index(["slippage"]);
        let filler: String = (0..70).map(|n| format!("w{n}x ")).collect();
        assert!(found(&postings, &format!("{filler} slippage"), 1).is_empty());
        let filler = "again ".repeat(MAX_WORDS);
        assert!(found(&postings, &format!("{filler} slippage"), 1).is_empty());
    }

    proptest! {
        #[test]
        fn the_best_are_the_best(
            passages in prop::collection::vec("[a-f]( [a-f]){0,6}", 0..30), question in "[a-h ]{0,12}", limit in 0_usize..8,
        ) {
            let postings = index(passages.iter().map(|text| &**text));
            let all = found(&postings, &question, usize::MAX >> 1);
            let some = found(&postings, &question, limit);
            prop_assert_eq!(&some[..], &all[..limit.min(all.len())]);
            prop_assert!(all.is_sorted_by(|a, b| a.sum > b.sum || a.sum == b.sum && a.id < b.id));
            prop_assert!(all.iter().all(|hit| hit.sum > 0.0 && hit.share > 0.0 && hit.share <= 1.0));
        }
    }
}
