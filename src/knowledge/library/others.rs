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

/// Passages that are looked at for whether they say the same as the best; and how far it is looked for what cannot, where
/// all of these do.
const LOOKED_AT: usize = 20;
pub(super) const FARTHEST: usize = 200;
/// The share of the least sum of those that say the same, from which on another is taken for a copy of it.
const COPIES: f32 = 0.99;
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
        let mut least_alike = first.sum;
        for (other, at) in others.iter().zip(1..) {
            let is_alike = match at < LOOKED_AT {
                true => other.sum >= near && self.are_alike(first.slot, other.slot)?,
                // Beyond those that are looked at, copies of them are told by their sum.
                false => other.sum >= least_alike * COPIES,
            };
            if is_alike && at < LOOKED_AT {
                least_alike = other.sum;
            }
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
