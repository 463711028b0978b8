//! How sure a search in the documents is: the share of questions like it whose right document is among the first three.
//!
//! A logistic curve through two things to be known of a first hit: its share of what it could have in common with the
//! question, and its lead before what is no longer shown. The share says more: many documents that say nearly the same, as
//! the years of a handbook do, take the lead from each other and nothing from the question. It was drawn through 2,944
//! questions of fitz-gov (551 of them have no answer there) and 548 about the built-in set, read as a document (294 of
//! them of other fields), each group weighing the same. What it says lies 0.08 and 0.09 at the mean from what is true of them;
//! `tests/it/retrieval.rs` bounds that by 0.1.

const SHARE: f32 = 6.8;
const LEAD: f32 = 6.2;
const FLOOR: f32 = -4.4;
/// A greater lead says nothing more: in a small index one word in common leads before everything.
const MAX_LEAD: f32 = 0.4;
const COMMON_LEAD: f32 = 7.1;
const COMMON_FLOOR: f32 = -2.4;
/// A greater one says nothing more.
const MAX_COMMON_LEAD: f32 = 0.5;

/// The place that the first is ahead of, from 0: the first that is not shown by default, so that two documents that say
/// the same do not make each other doubtful.
pub(super) const BEHIND: usize = 3;

/// The probability that a right document is among the first three. `share` and `lead` are shares: of the greatest sum there could be, and of
/// the hit's own sum.
pub(super) fn of_words(share: f32, lead: f32) -> f32 {
    1.0 / (1.0 + (-(FLOOR + SHARE * share + LEAD * lead.min(MAX_LEAD))).exp())
}

/// The same where meaning is looked at too, by the lead in the common sum of `fusion` alone: the sum itself says nothing
/// more, and a cosine says other things with each model. Drawn through one half of the same two groups (all-MiniLM-L6-v2,
/// 384 dimensions), it lay 0.05 and 0.07 from what is true of their other halves; with the words' own where that is more, which
/// is what a search says, 0.087 on fitz-gov (`make judge`). Another model may be surer than it
/// should be, or less; `askd eval` tells.
pub(super) fn of_both(lead: f32) -> f32 {
    1.0 / (1.0 + (-(COMMON_FLOOR + COMMON_LEAD * lead.min(MAX_COMMON_LEAD))).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_in_common_and_a_greater_lead_are_surer() {
        assert!(of_words(0.1, 0.1) < 0.05 && of_words(1.0, 1.0) > 0.95);
        // Whatever else says the same.
        assert!(of_words(0.9, 0.0) > 0.8);
        assert!(of_words(0.5, 0.1) < of_words(0.6, 0.1));
        assert!(of_words(0.5, 0.1) < of_words(0.5, 0.2));
    }

    #[test]
    fn a_greater_lead_in_words_and_meaning_is_surer_too() {
        assert!(of_both(0.0) < 0.1 && of_both(0.2) < 0.3);
        // `askd check` warns of a `min_score` above 0.75.
        assert!((0.75..0.77).contains(&of_both(1.0)));
    }
}
