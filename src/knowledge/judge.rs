//! How good a search is, judged by questions whose right documents are known.

use serde::Deserialize;

/// Documents that a reader is shown by default.
const SHOWN: usize = 3;
/// Documents of a ranking that are looked at.
pub const DEPTH: usize = 10;
/// Classes of equal width that scores are put into, to compare them with what came true.
pub const CLASSES: usize = 10;

/// A question with the documents that answer it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// As a person would ask it.
    pub question: String,
    /// The right documents: paths as `askd search` tells them, with `#` and an anchor for a part of one, or titles of
    /// entries. None: the knowledge does not answer it, and says so if all is well.
    #[serde(default)]
    pub documents: Vec<String>,
}

/// Why there is nothing to be judged by.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A line is no question.
    #[error(
        "line {line} is no question with its documents: {error}; write {{\"question\":\"…\",\"documents\":[\"guide.md\"]}}"
    )]
    Line {
        /// Counted from one.
        line: usize,
        /// What the parser says.
        error: serde_json::Error,
    },
    /// There is none.
    #[error("there is no question in it; write one JSON object on each line")]
    Empty,
}

/// Reads questions, one JSON object a line.
pub fn parse(jsonl: &str) -> Result<Vec<Question>, JudgeError> {
    let lines = jsonl.trim_start_matches('\u{feff}').lines().zip(1..);
    let lines = lines.filter(|(text, _)| !text.trim().is_empty());
    let read = lines.map(|(text, line)| {
        serde_json::from_str(text).map_err(|error| JudgeError::Line { line, error })
    });
    let questions: Vec<Question> = read.collect::<Result<_, _>>()?;
    if questions.is_empty() {
        return Err(JudgeError::Empty);
    }
    Ok(questions)
}

/// A document in a ranking, by each of its names, and the score of its best passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Any of them may be among the right ones.
    pub names: Vec<String>,
    /// From 0 to 1.
    pub score: f32,
}

/// What came of it, over all questions. Shares are 0 to 1.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Judgement {
    /// Questions with a right document.
    pub answerable: usize,
    /// Questions without one.
    pub foreign: usize,
    /// Right documents among the first five.
    pub recall_at_5: f64,
    /// One over the place of the first right document, 0 beyond ten.
    pub mrr_at_10: f64,
    /// Discounted gain of ten places over the best that there could be.
    pub ndcg_at_10: f64,
    /// Answerable questions whose first document is right.
    pub first: f64,
    /// Answerable questions with a right document among the first three, if their score is at least the least that is shown.
    pub near_shown: f64,
    /// Foreign questions that nothing is shown for.
    pub refused: f64,
    /// For each class of scores, what was said and what came true.
    pub classes: [Class; CLASSES],
    /// The mean distance of what was said and what came true, by how many questions are in each class.
    pub calibration_error: f64,
}

/// The questions whose first score lies within a tenth.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Class {
    /// How many.
    pub questions: usize,
    /// Their scores' mean.
    pub said: f64,
    /// The share that has a right document among the first three.
    pub right: f64,
}

/// Judges rankings, each of distinct documents, the best first. `least` is the score from which on one is shown.
pub fn judge(rankings: &[(Question, Vec<Found>)], least: f32) -> Judgement {
    let mut judgement = Judgement::default();
    let (mut refused, mut near_shown) = (0, 0);
    for (question, found) in rankings {
        // Each of the right ones counts once, though several entries of a file may be found.
        let mut wanted: Vec<&String> = question.documents.iter().collect();
        let mut is_right = |found: &Found| {
            let at = wanted.iter().position(|name| found.names.contains(name));
            at.map(|at| wanted.swap_remove(at)).is_some()
        };
        let hits: Vec<usize> = (0..found.len().min(DEPTH))
            .filter(|at| is_right(&found[*at]))
            .collect();
        let is_first = hits.first() == Some(&0);
        let is_near = hits.first().is_some_and(|hit| *hit < SHOWN);
        let shown = found.first().filter(|first| first.score >= least);
        if let Some(first) = found.first() {
            let class = (first.score * CLASSES as f32) as usize;
            let class = &mut judgement.classes[class.min(CLASSES - 1)];
            class.questions += 1;
            class.said += f64::from(first.score);
            class.right += f64::from(u8::from(is_near));
        }
        if question.documents.is_empty() {
            judgement.foreign += 1;
            refused += usize::from(shown.is_none());
            continue;
        }
        judgement.answerable += 1;
        let wanted = question.documents.len();
        let gain = |at: usize| 1.0 / (at as f64 + 2.0).log2();
        let best: f64 = (0..wanted.min(DEPTH)).map(gain).sum();
        judgement.recall_at_5 += hits.iter().filter(|at| **at < 5).count() as f64 / wanted as f64;
        judgement.mrr_at_10 += hits.first().map_or(0.0, |at| 1.0 / (at + 1) as f64);
        judgement.ndcg_at_10 += hits.iter().map(|at| gain(*at)).sum::<f64>() / best;
        judgement.first += f64::from(u8::from(is_first));
        near_shown += usize::from(is_near && shown.is_some());
    }
    let share = |sum: f64, of: usize| sum / of.max(1) as f64;
    let answerable = judgement.answerable;
    judgement.recall_at_5 = share(judgement.recall_at_5, answerable);
    judgement.mrr_at_10 = share(judgement.mrr_at_10, answerable);
    judgement.ndcg_at_10 = share(judgement.ndcg_at_10, answerable);
    judgement.first = share(judgement.first, answerable);
    judgement.near_shown = share(near_shown as f64, answerable);
    judgement.refused = share(refused as f64, judgement.foreign);
    let mut apart = 0.0;
    for class in &mut judgement.classes {
        apart += (class.said - class.right).abs();
        class.said = share(class.said, class.questions);
        class.right = share(class.right, class.questions);
    }
    judgement.calibration_error = share(apart, rankings.len());
    judgement
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(documents: &[&str]) -> Question {
        let documents = documents.iter().map(|name| (*name).to_owned()).collect();
        Question {
            question: "?".to_owned(),
            documents,
        }
    }

    fn found(names: &[(&str, f32)]) -> Vec<Found> {
        let found = |(name, score): &(&str, f32)| Found {
            names: vec![(*name).to_owned()],
            score: *score,
        };
        names.iter().map(found).collect()
    }

    #[test]
    fn a_document_counts_once_however_many_of_its_entries_are_found() {
        let found = |name: &str| Found {
            names: vec![name.to_owned(), "faq.jsonl".to_owned()],
            score: 0.9,
        };
        let asked = Question {
            question: "q".to_owned(),
            documents: vec!["faq.jsonl".to_owned()],
        };
        let judged = judge(&[(asked, vec![found("a"), found("b"), found("c")])], 0.45);
        assert_eq!((judged.recall_at_5, judged.ndcg_at_10), (1.0, 1.0));
    }

    #[test]
    fn figures_are_those_of_the_books() {
        let judgement = judge(
            &[
                (question(&["a"]), found(&[("a", 0.95), ("b", 0.1)])),
                (
                    question(&["a", "b"]),
                    found(&[("x", 0.65), ("a", 0.5), ("y", 0.4), ("b", 0.3)]),
                ),
                (question(&["a"]), found(&[])),
                (question(&[]), found(&[("a", 0.2)])),
            ],
            0.45,
        );
        let third = |sum: f64| sum / 3.0;
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(judgement.recall_at_5, third(2.0));
        close(judgement.mrr_at_10, third(1.5));
        let gain = |place: f64| 1.0 / (place + 1.0).log2();
        close(
            judgement.ndcg_at_10,
            third(1.0 + (gain(2.0) + gain(4.0)) / (gain(1.0) + gain(2.0))),
        );
        close(judgement.first, third(1.0));
        close(judgement.near_shown, third(2.0));
        close(judgement.refused, 1.0);
        assert_eq!((judgement.answerable, judgement.foreign), (3, 1));
        assert_eq!(judgement.classes[9].questions, 1);
        assert!((judgement.calibration_error - (0.05 + 0.35 + 0.2) / 4.0).abs() < 1e-6);
    }

    #[test]
    fn a_line_that_is_no_question_is_named() {
        let read =
            parse("\n{\"question\":\"Why?\",\"documents\":[\"a.md\"]}\n{\"question\":\"Who?\"}\n")
                .unwrap();
        assert_eq!((read.len(), read[1].documents.len()), (2, 0));
        let told = parse("{\"question\":\"Why?\"}\n{\"query\":\"\"}\n")
            .unwrap_err()
            .to_string();
        assert!(
            told.starts_with("line 2 is no question") && told.contains("`query`"),
            "{told}"
        );
        assert!(
            parse(" \n")
                .unwrap_err()
                .to_string()
                .contains("no question")
        );
    }
}
