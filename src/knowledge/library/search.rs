//! One search: the question read, ranked, and the best passages' texts fetched.

use std::{path::Path, sync::PoisonError};

use super::{
    Library, LibraryError, State,
    others::{FARTHEST, Others},
};
use crate::knowledge::{
    Passage,
    confidence::{self, BEHIND},
    excerpt::excerpt,
    file::{self, Kept},
    fusion::{self, Fused},
    lexical::{Query, Sums},
    plain,
    vectors::{Direction, Likeness},
};

/// What passages are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The words that they share with the question.
    Words,
    /// How like their vectors are to the question's; nothing is found where there are none.
    Meaning,
    /// Both where there are vectors, else words.
    Both,
}

/// A passage, and why it is where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The passage.
    pub passage: Passage,
    /// The share of the question's words in it, weighted, 0 to 1.
    pub words: f32,
    /// Its vector's cosine with the question's, where both have one.
    pub cosine: Option<f32>,
}

/// The best, with the confidence in the first.
struct Ranking {
    best: Vec<Fused>,
    sure: f32,
}

impl Library {
    /// The passages that share words with a question or mean the like, best first, at most `limit`. Takes milliseconds,
    /// of which some on the disk, and as long as the question's vector takes, which has its own bound.
    pub fn search(&self, question: &str, limit: usize) -> Result<Vec<Passage>, LibraryError> {
        let found = self.find(question, limit, By::Both)?;
        Ok(found.into_iter().map(|found| found.passage).collect())
    }

    /// The same, ranked as wanted, and with the reasons.
    pub fn find(&self, question: &str, limit: usize, by: By) -> Result<Vec<Found>, LibraryError> {
        let found = self.find_each(&[question], limit, by)?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The same for several questions, whose vectors are made in one request.
    pub fn find_each(
        &self,
        questions: &[&str],
        limit: usize,
        by: By,
    ) -> Result<Vec<Vec<Found>>, LibraryError> {
        let find = || -> Result<Vec<Vec<Found>>, LibraryError> {
            let directions = self.directions(questions, by);
            let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
            let state = state.as_ref().ok_or(LibraryError::Unread)?;
            let ranked = |(at, question): (usize, &&str)| {
                let direction = directions.as_ref().and_then(|made| made.get(at));
                self.ranked(state, question, direction, limit, by)
            };
            questions.iter().enumerate().map(ranked).collect()
        };
        find().map_err(|error| self.reported(error))
    }

    fn ranked(
        &self,
        State { postings, matrix }: &State,
        question: &str,
        direction: Option<&Direction>,
        limit: usize,
        by: By,
    ) -> Result<Vec<Found>, LibraryError> {
        let terms = &self.0.terms;
        let query = Query::read(question, terms, postings);
        let sums = query.sums(postings);
        let matrix = matrix.as_ref().filter(|matrix| matrix.is_usable());
        let likeness = matrix.zip(direction).and_then(|(matrix, direction)| {
            let likeness = matrix.likeness(direction);
            if let (None, Some(space)) = (&likeness, &self.0.space)
                && space.outgrow(direction.dimensions())
            {
                self.0.bell.ring();
            }
            likeness
        });
        let enough = limit.max(FARTHEST);
        // Only now, for another search has to wait.
        let texts = self.0.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = texts.as_ref().ok_or(LibraryError::Unread)?;
        let mut others = Others::new(texts, postings, terms);
        let mut ranking = match (by, matrix.zip(likeness)) {
            (By::Both, Some((matrix, likeness))) => {
                let by_words = of_words(&sums, enough, &mut others)?;
                let best = fusion::fuse(&sums, matrix, &likeness, enough);
                of_both(best, &by_words, &mut others)?
            }
            (By::Meaning, Some((_, likeness))) => of_meaning(&sums, &likeness, limit),
            (By::Meaning, None) => return Ok(Vec::new()),
            (By::Both | By::Words, _) => of_words(&sums, enough, &mut others)?,
        };
        ranking.best.truncate(limit);
        let first = ranking.best.first().map_or(1.0, |first| first.sum);
        let mut found = Vec::with_capacity(ranking.best.len());
        for one in ranking.best {
            // The file may be another askd's, which has gone on since.
            if let Some(kept) = file::passage(texts, postings.id(one.slot))? {
                let weight = |text: &str| query.weight(text, terms);
                // What is behind the first is as much less sure as it has less in common.
                let fragment = file::fragment(texts, &kept)?;
                let mut passage = self.passage(kept, ranking.sure * one.sum / first, weight);
                passage.fragment = Some(fragment);
                found.push(Found {
                    passage,
                    words: one.words,
                    cosine: one.cosine,
                });
            }
        }
        Ok(found)
    }

    /// The questions' vectors, in one request. They are asked for before the state is held, which others wait for.
    fn directions(&self, questions: &[&str], by: By) -> Option<Vec<Direction>> {
        let space = self.0.space.as_ref().filter(|_| by != By::Words)?;
        self.state()?.matrix.filter(|matrix| matrix.is_usable())?;
        space.questions(questions)
    }

    fn passage(&self, kept: Kept, score: f32, weight: impl Fn(&str) -> f32) -> Passage {
        let name = kept.path.rsplit('/').next().unwrap_or(&kept.path);
        let folder = Path::new(&kept.folder)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        Passage {
            title: kept.title.unwrap_or_else(|| name.to_owned()),
            heading: (!kept.headings.is_empty()).then(|| kept.headings.join(" › ")),
            excerpt: excerpt(&kept.text, weight),
            text: match kept.is_markdown || kept.is_entry {
                true => kept.text,
                false => plain::as_markdown(&kept.text),
            },
            url: kept.url,
            path: Some(match self.0.sources.folders.len() {
                1 => kept.path,
                _ => format!("{folder}/{}", kept.path),
            }),
            anchor: kept.anchor,
            fragment: None,
            score,
        }
    }
}

fn of_words(sums: &Sums, enough: usize, others: &mut Others) -> rusqlite::Result<Ranking> {
    let fused = |(sum, slot)| Fused {
        slot,
        sum,
        words: sums.share(slot),
        cosine: None,
    };
    let best: Vec<Fused> = sums.best(enough).into_iter().map(fused).collect();
    let behind = others.behind(&best)?;
    let sure = best.first().map_or(0.0, |first| {
        confidence::of_words(first.words, (first.sum - behind) / first.sum)
    });
    Ok(Ranking { best, sure })
}

/// Meaning makes no search less sure than its words are, as long as their first is shown.
fn of_both(best: Vec<Fused>, by_words: &Ranking, others: &mut Others) -> rusqlite::Result<Ranking> {
    let behind = others.behind(&best)?;
    let sure = best
        .first()
        .map_or(0.0, |first| confidence::of_both(first.sum - behind));
    let shown = best.iter().take(BEHIND).map(|one| one.slot);
    let words = by_words.best.first().map(|first| first.slot);
    let sure = match shown.map(Some).any(|slot| slot == words) {
        true => sure.max(by_words.sure),
        false => sure,
    };
    Ok(Ranking { best, sure })
}

/// What vectors alone say; how sure is not known, so that it is the cosine.
fn of_meaning(sums: &Sums, likeness: &Likeness, limit: usize) -> Ranking {
    let fused = |(cosine, slot)| Fused {
        slot,
        sum: cosine,
        words: sums.share(slot),
        cosine: Some(cosine),
    };
    let best: Vec<Fused> = (fusion::nearest(likeness, limit).into_iter())
        .map(fused)
        .collect();
    let sure = best.first().map_or(0.0, |first| first.sum.min(1.0));
    Ranking { best, sure }
}
