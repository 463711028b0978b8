//! The knowledge that askd answers from when no endpoint is configured: questions with their answers, found by words.
//!
//! A set is read once and never changes; searching it is pure and takes well under a millisecond, so it needs no
//! thread of its own. The set on decentralised finance in `assets/knowledge` is part of the binary. Folders of the
//! operator's own documents will come in through the same [`Passage`].

mod entry;
#[cfg(test)]
mod evaluation;
mod excerpt;
mod rank;
mod words;

pub use entry::KnowledgeError;

use entry::Entry;
use rank::Index;

/// Below this score a passage most likely answers another question than the one asked. `[knowledge] min_score` is
/// this unless the operator says otherwise; the tests hold what it lets in and keeps out.
pub const MIN_SCORE: f32 = 0.45;

/// A searchable set of questions and answers. Share it as `Arc<Knowledge>`.
pub struct Knowledge {
    entries: Vec<Entry>,
    index: Index,
}

/// A piece of the knowledge that matches a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// What the source is called.
    pub title: String,
    /// The question that the passage answers, or the heading above it.
    pub heading: Option<String>,
    /// The whole passage, Markdown.
    pub text: String,
    /// The part that is most about the question: plain text, whole words, at most 200 characters.
    pub excerpt: String,
    /// Where to read more.
    pub url: Option<String>,
    /// The document that it stands in; none for the built-in set.
    pub path: Option<String>,
    /// How sure the match is, from 0 to 1; see [`MIN_SCORE`].
    pub score: f32,
}

impl Knowledge {
    /// The set that ships inside the binary.
    pub fn built_in() -> Result<Self, KnowledgeError> {
        Self::parse("defi.jsonl", include_str!("../assets/knowledge/defi.jsonl"))
    }

    /// Reads a set: one JSON object on each line, with `question`, `answer` and, if wanted, `title`, `tags` and
    /// `url`. `name` is what errors call it.
    pub fn parse(name: &str, jsonl: &str) -> Result<Self, KnowledgeError> {
        let entries = entry::parse(name, jsonl)?;
        let index = Index::build(&entries);
        Ok(Self { entries, index })
    }

    /// The passages that share words with a question, best first, at most `limit`. Whether the first is good enough
    /// is the caller's to decide, by its score.
    pub fn search(&self, question: &str, limit: usize) -> Vec<Passage> {
        let query = self.index.query(question);
        let hits = self.index.rank(&query, limit).into_iter();
        hits.map(|hit| {
            let entry = &self.entries[hit.entry];
            Passage {
                title: entry.title.clone(),
                heading: Some(entry.question.clone()),
                text: entry.answer.clone(),
                excerpt: excerpt::excerpt(&entry.answer, |text| self.index.weight(&query, text)),
                url: entry.url.clone(),
                path: None,
                score: hit.score,
            }
        })
        .collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry. A set that was read has at least one.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tune() {
        let k = Knowledge::built_in().unwrap();
        let hold = std::env::var("HOLD").is_ok();
        let a = std::env::var("A").is_ok();
        let (asked, foreign) = if a {
            (evaluation::ASKED_A, evaluation::FOREIGN_A)
        } else {
            (evaluation::ASKED, evaluation::FOREIGN)
        };
        let pick = |i: usize| a || (i % 3 == 2) == hold;
        let mut ins = vec![];
        let mut n = 0;
        let mut right = 0;
        for (i, (q, t)) in asked.iter().enumerate().filter(|(i, _)| pick(*i)) {
            n += 1;
            let f = k.search(q, 3);
            let ok = f.first().is_some_and(|p| p.title == *t);
            right += ok as usize;
            let s = f.first().map_or(0.0, |p| p.score);
            if !ok {
                println!(
                    "MISS {i} {q:?} want {t}: {:?}",
                    f.iter().map(|p| (&*p.title, p.score)).collect::<Vec<_>>()
                );
            }
            ins.push((s, *q));
        }
        let mut outs = vec![];
        for (_, q) in foreign.iter().enumerate().filter(|(i, _)| pick(*i)) {
            let f = k.search(q, 1);
            outs.push((
                f.first().map_or(0.0, |p| p.score),
                *q,
                f.first().map_or(String::new(), |p| p.title.clone()),
            ));
        }
        ins.sort_by(|a, b| a.0.total_cmp(&b.0));
        outs.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("hit@1 {right}/{n}");
        for t in [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6] {
            println!(
                "t {t}: accepted {:.3} rejected {:.3}",
                ins.iter().filter(|x| x.0 >= t).count() as f32 / ins.len() as f32,
                outs.iter().filter(|x| x.0 < t).count() as f32 / outs.len() as f32
            );
        }
        if std::env::var("V").is_ok() {
            for i in &ins[..25] {
                println!("{i:?}");
            }
        }
        for o in &outs[..15] {
            println!("{o:?}");
        }
    }
}
