//! Search by words: texts to terms, terms to postings, postings to the best passages.
//!
//! All of it is pure and in memory; where the passages come from is `library`'s to know.

mod bm25;
mod postings;
mod terms;

pub(super) use self::{
    bm25::{Query, Sums, best},
    postings::{Draft, Postings},
    terms::{Terms, each_word},
};
