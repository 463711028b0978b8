//! A set of questions and answers that is read once and never changes: the one on decentralised finance in
//! `assets/knowledge`, which is part of the binary.
//!
//! Searching it is pure and takes some 200 µs, so it needs no thread of its own. What it keeps in memory is the index
//! alone: an entry is read again from its line when it is found.

use super::{
    Passage,
    entry::{self, Entry, KnowledgeError},
    excerpt,
    rank::Index,
};

/// A searchable set of questions and answers.
pub struct Set {
    /// Each of them was read as an entry once.
    lines: Vec<&'static str>,
    index: Index,
}

impl Set {
    /// The set that ships inside the binary.
    pub fn built_in() -> Result<Self, KnowledgeError> {
        Self::parse(
            "defi.jsonl",
            include_str!("../../assets/knowledge/defi.jsonl"),
        )
    }

    /// Reads a set: one JSON object on each line, with `question`, `answer` and, if wanted, `title`, `tags` and
    /// `url`. `name` is what errors call it.
    pub fn parse(name: &str, jsonl: &'static str) -> Result<Self, KnowledgeError> {
        let entries = entry::parse(name, jsonl)?;
        Ok(Self {
            lines: entries.iter().map(|(line, _)| *line).collect(),
            index: Index::build(entries.into_iter().map(|(_, entry)| entry)),
        })
    }

    /// The passages that share words with a question, best first, at most `limit`. Whether the first is good enough
    /// is the caller's to decide, by its score.
    pub fn search(&self, question: &str, limit: usize) -> Vec<Passage> {
        let query = self.index.query(question);
        let hits = self.index.rank(&query, limit).into_iter();
        hits.filter_map(|hit| {
            let entry = Entry::from_json(self.lines[hit.entry]).ok()?;
            Some(Passage {
                excerpt: excerpt::excerpt(&entry.answer, |text| self.index.weight(&query, text)),
                title: entry.title,
                heading: Some(entry.question),
                text: entry.answer,
                url: entry.url,
                path: None,
                anchor: None,
                fragment: None,
                score: hit.score,
            })
        })
        .collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no entry. A set that was read has at least one.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{super::MIN_SCORE, *};

    const ASKED: &str = include_str!("../../tests/questions/asked.txt");
    const FOREIGN: &str = include_str!("../../tests/questions/foreign.txt");
    const UNSEEN: &str = include_str!("../../tests/questions/unseen.txt");
    const UNSEEN_FOREIGN: &str = include_str!("../../tests/questions/unseen_foreign.txt");
    const BLIND: &str = include_str!("../../tests/questions/blind.txt");
    const BLIND_FOREIGN: &str = include_str!("../../tests/questions/blind_foreign.txt");

    fn built_in() -> Set {
        Set::built_in().unwrap()
    }

    fn entries(set: &Set) -> Vec<Entry> {
        let lines = set.lines.iter();
        lines.map(|line| Entry::from_json(line).unwrap()).collect()
    }

    /// Shares of `asked` that find the right entry first, that find it among the first three, and that are accepted.
    fn found(asked: &str) -> [f32; 3] {
        let knowledge = built_in();
        let mut shares = [0.0; 3];
        let asked: Vec<_> = asked
            .lines()
            .filter_map(|line| line.split_once(" | "))
            .collect();
        for &(title, question) in &asked {
            let passages = knowledge.search(question, 3);
            let place = passages.iter().position(|passage| passage.title == title);
            let score = passages.first().map_or(0.0, |passage| passage.score);
            let hits = [place == Some(0), place.is_some(), score >= MIN_SCORE];
            if hits.contains(&false) {
                println!("{question:?}: wanted {title}, {hits:?}, {score:.2}");
            }
            for (share, hit) in shares.iter_mut().zip(hits) {
                *share += f32::from(u8::from(hit)) / asked.len() as f32;
            }
        }
        println!(
            "right first, in three, accepted: {shares:.3?} of {}",
            asked.len()
        );
        shares
    }

    /// The share of `foreign` that is rejected.
    fn rejected(foreign: &str) -> f32 {
        let knowledge = built_in();
        let foreign: Vec<_> = foreign.lines().filter(|line| !line.is_empty()).collect();
        let accepted = foreign.iter().filter(|question| {
            let first = knowledge.search(question, 1).pop();
            let accepted = first.filter(|passage| passage.score >= MIN_SCORE);
            if let Some(passage) = &accepted {
                println!(
                    "{question:?}: took {} at {:.2}",
                    passage.title, passage.score
                );
            }
            accepted.is_some()
        });
        let share = 1.0 - accepted.count() as f32 / foreign.len() as f32;
        println!("rejected: {share:.3} of {}", foreign.len());
        share
    }

    #[test]
    fn a_question_in_other_words_finds_its_entry() {
        let [first, _, accepted] = found(ASKED);
        assert!(first >= 0.9, "right first hit: {first:.3}");
        assert!(accepted >= 0.9, "accepted: {accepted:.3}");
    }

    #[test]
    fn a_question_from_another_field_is_rejected() {
        let share = rejected(FOREIGN);
        assert!(share >= 0.95, "rejected: {share:.3}");
    }

    /// Questions that nothing was ever tuned to: right first 91 %, in the first three 98 %, accepted 79 %, rejected 97 %.
    #[test]
    fn a_stranger_is_served_as_well() {
        let [first, in_three, accepted] = found(BLIND);
        assert!(first >= 0.9 && in_three >= 0.95 && accepted >= 0.75);
        assert!(rejected(BLIND_FOREIGN) >= 0.95);
    }

    /// The older hold-out is harder: right first 82 %, in the first three 94 %, accepted 93 %, rejected 85 %. The floors are
    /// not what is wanted, but what no change may lose.
    #[test]
    fn a_stranger_with_harder_questions_is_served_nearly_as_well() {
        let [first, in_three, accepted] = found(UNSEEN);
        assert!(first >= 0.8 && in_three >= 0.9 && accepted >= 0.9);
        assert!(rejected(UNSEEN_FOREIGN) >= 0.85);
    }

    #[test]
    fn every_entry_is_found_by_its_own_question_and_title() {
        let knowledge = built_in();
        for entry in entries(&knowledge) {
            for asked in [&entry.question, &entry.title] {
                let first = &knowledge.search(asked, 1)[0];
                assert_eq!(first.title, entry.title, "{asked}");
                assert!(first.score > 0.7, "{asked}: {}", first.score);
            }
        }
    }

    #[test]
    fn the_built_in_entries_are_distinct_and_of_readable_size() {
        let knowledge = built_in();
        assert!(knowledge.len() >= 70 && !knowledge.is_empty());
        let entries = entries(&knowledge);
        let titles: HashSet<_> = entries.iter().map(|entry| &entry.title).collect();
        let questions: HashSet<_> = entries.iter().map(|entry| &entry.question).collect();
        assert_eq!(
            (titles.len(), questions.len()),
            (knowledge.len(), knowledge.len())
        );
        for entry in &entries {
            let words = |text: &str| text.split_whitespace().count();
            assert!(
                (80..=220).contains(&words(&entry.answer)),
                "{}",
                entry.title
            );
            assert!((2..=5).contains(&words(&entry.title)), "{}", entry.title);
            assert!(!entry.tags.is_empty(), "{}", entry.title);
        }
    }

    #[test]
    fn a_slip_of_the_fingers_is_forgiven() {
        for typed in [
            "what is slipage",
            "impermanant loss",
            "how do liqudations work",
        ] {
            let first = &built_in().search(typed, 1)[0];
            assert!(
                first.score >= MIN_SCORE,
                "{typed}: {} {}",
                first.title,
                first.score
            );
        }
    }

    #[test]
    fn a_passage_says_where_it_comes_from_and_quotes_what_matters() {
        let first = &built_in().search("who receives the base fee", 1)[0];
        assert_eq!(first.title, "Gas fees");
        assert_eq!(
            first.heading.as_deref(),
            Some("What are gas fees and why are they so high?")
        );
        assert!(
            first.excerpt.starts_with("The base fee rises"),
            "{}",
            first.excerpt
        );
        assert!(first.text.contains("base fee") && first.path.is_none());
    }

    #[test]
    fn passages_come_best_first_and_no_more_than_asked_for() {
        let knowledge = built_in();
        let passages = knowledge.search("risks of lending stablecoins", 5);
        assert_eq!(passages.len(), 5);
        assert!(passages.is_sorted_by(|a, b| a.score >= b.score));
        assert!(knowledge.search("risks", 0).is_empty());
        assert!(
            knowledge.search("", 5).is_empty() && knowledge.search("what is the", 5).is_empty()
        );
    }

    #[test]
    fn words_far_into_a_long_question_are_not_read() {
        let filler: String = (0..5000).map(|n| format!("w{n}x ")).collect();
        assert!(
            built_in()
                .search(&format!("{filler} slippage"), 1)
                .is_empty()
        );
        let early = built_in().search(&format!("slippage {filler}"), 1);
        assert!(
            early[0].score < MIN_SCORE,
            "one word among many is no answer"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_score_stays_a_share(question in any::<String>(), limit in 0_usize..4) {
            let set = r#"{"question":"Who pays the gas fee?","answer":"You do."}"#;
            let knowledge = Set::parse("set", set).unwrap();
            let passages = knowledge.search(&format!("gas {question}"), limit);
            prop_assert!(passages.len() <= limit);
            prop_assert!(passages.iter().all(|passage| passage.score > 0.0 && passage.score <= 1.0));
        }
    }
}
