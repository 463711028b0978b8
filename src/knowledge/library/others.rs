//! What the best passage must lead before: those that say something else.
//!
//! Documents that say the same, as the years of a handbook do, are no reason to doubt any of them.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::knowledge::{
    confidence::BEHIND,
    file,
    fusion::Fused,
    lexical::{Postings, Terms, each_word},
};

/// Passages that are looked at for whether they say the same as the best, until enough do not: each takes some 50 µs.
pub(super) const FARTHEST: usize = 200;
/// The share of the best's sum from which on one may say the same.
const NEAR: f32 = 0.75;

/// The passages of one search beside the best, each read once at most.
pub(super) struct Others<'s> {
    texts: &'s Connection,
    postings: &'s Postings,
    terms: &'s Terms,
    said: HashMap<usize, HashSet<String>>,
}

impl<'s> Others<'s> {
    pub(super) fn new(texts: &'s Connection, postings: &'s Postings, terms: &'s Terms) -> Self {
        Self {
            texts,
            postings,
            terms,
            said: HashMap::new(),
        }
    }

    /// The sum of the first that is no longer shown, of those that say something else than the best.
    pub(super) fn behind(&mut self, best: &[Fused]) -> rusqlite::Result<f32> {
        let best = &best[..best.len().min(FARTHEST)];
        let Some((first, others)) = best.split_first() else {
            return Ok(0.0);
        };
        let near = NEAR * first.sum;
        // Where the lead is clear nothing has to be read for it.
        let plain = best.get(BEHIND).map_or(0.0, |behind| behind.sum);
        if plain < near {
            return Ok(plain);
        }
        let mut different = 0;
        for other in others {
            let is_alike = other.sum >= near && self.are_alike(first.slot, other.slot)?;
            different += usize::from(!is_alike);
            if different == BEHIND {
                return Ok(other.sum);
            }
        }
        Ok(0.0)
    }

    /// Whether more than half of the terms that two passages have are in both.
    fn are_alike(&mut self, one: usize, other: usize) -> rusqlite::Result<bool> {
        self.read(one)?;
        self.read(other)?;
        let (one, other) = (&self.said[&one], &self.said[&other]);
        let common = one.intersection(other).count();
        Ok(2 * common > one.len() + other.len() - common)
    }

    /// Reads the terms of a passage, unless that was done.
    fn read(&mut self, slot: usize) -> rusqlite::Result<()> {
        if self.said.contains_key(&slot) {
            return Ok(());
        }
        let mut said = HashSet::new();
        if let Some(kept) = file::passage(self.texts, self.postings.id(slot))? {
            for text in kept.searched() {
                each_word(text, |word| {
                    said.insert(self.terms.term(word));
                });
            }
        }
        self.said.insert(slot, said);
        Ok(())
    }
}
