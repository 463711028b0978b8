//! Words and meaning in one ranking.
//!
//! A passage's place is by the sum of two numbers: the share of what it could have in common with the question in words,
//! and [`WEIGHT`] times how far its cosine lies above the mean of all passages, in standard deviations. That is a convex
//! combination of normalised scores, of the kind that Bruch, Gai and Ingber found better than reciprocal rank fusion
//! ("An Analysis of Fusion Functions for Hybrid Retrieval", 2023); the deviations are there because each model has
//! cosines of its own, which lie between 0.7 and 0.9 with one and between 0 and 0.6 with another.
//!
//! The weight was chosen on one half of fitz-gov's questions, with all-MiniLM-L6-v2 at 384 dimensions, and looked at on
//! the other half, as nDCG@10: words alone 0.684, vectors alone 0.754, this 0.765; reciprocal rank fusion (Cormack,
//! Clarke and Büttcher, SIGIR 2009; k = 60) 0.746, which is less than its better part, and at its best (k = 5, vectors
//! at 0.7) 0.763.

use super::{
    lexical::{Sums, best},
    vectors::{Likeness, Matrix},
};

/// What one standard deviation of meaning counts beside all of the words.
const WEIGHT: f32 = 0.15;
/// Passages of either ranking that are looked at: what is behind in both is not among the first ten.
const DEPTH: usize = 100;

/// A passage in the common ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fused {
    pub(super) slot: usize,
    /// What it is ranked by.
    pub(super) sum: f32,
    /// The share of the words.
    pub(super) words: f32,
    /// The cosine; `None`: it has no vector.
    pub(super) cosine: Option<f32>,
}

/// The best of both rankings, best first, at most `limit`.
pub(super) fn fuse(sums: &Sums, matrix: &Matrix, likeness: &Likeness, limit: usize) -> Vec<Fused> {
    let depth = DEPTH.max(limit);
    let of_words = sums.best(depth).into_iter().map(|(_, slot)| slot);
    let mut slots: Vec<usize> = of_words.collect();
    slots.extend(nearest(likeness, depth).into_iter().map(|(_, slot)| slot));
    slots.sort_unstable();
    slots.dedup();
    let spread = likeness.deviation.max(f32::MIN_POSITIVE);
    let fused = |slot| {
        let words = sums.share(slot);
        let cosine = matrix.has(slot).then(|| likeness.cosines[slot]);
        // One that has no vector yet counts as one like many others.
        let above = cosine.map_or(0.0, |cosine| (cosine - likeness.mean) / spread);
        Fused {
            slot,
            sum: words + WEIGHT * above.max(0.0),
            words,
            cosine,
        }
    };
    let mut all: Vec<Fused> = slots.into_iter().map(fused).collect();
    all.retain(|one| one.sum > 0.0);
    all.sort_by(|a, b| b.sum.total_cmp(&a.sum).then(a.slot.cmp(&b.slot)));
    all.truncate(limit);
    all
}

/// The slots with the greatest cosines above 0, the greatest first.
pub(super) fn nearest(likeness: &Likeness, limit: usize) -> Vec<(f32, usize)> {
    best(&likeness.cosines, limit)
}
