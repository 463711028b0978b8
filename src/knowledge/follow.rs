//! A question that goes on from those before it ("and its risks?"), in words that can be searched.
//!
//! Nothing is asked of a model for it. A question that says little by itself is searched together with the one before it,
//! and with the one before that as long as those say little too. Whether it does, two things tell: how many words it has
//! that are about something, and whether it points at something ("it", "that") or begins as a continuation does ("and",
//! "so"). Those words are English; in other languages a question of few words is taken to go on.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    Passage,
    words::{Words, each_word},
};

#[cfg(test)]
mod evaluation;

/// Earlier questions that are looked at.
pub const EARLIER: usize = 3;
/// Bytes of an earlier question that are searched: what is longer brings its own words for everything.
const MAX_EARLIER_BYTES: usize = 400;

/// Words that point at what was said before.
const POINTING: [&str; 18] = [
    "it", "its", "itself", "they", "them", "their", "theirs", "this", "that", "these", "those",
    "one", "ones", "he", "she", "his", "her", "there",
];
/// Words that a continuation begins with, in the languages that write them so.
const GOING_ON: [&str; 20] = [
    "and", "so", "but", "or", "then", "also", "und", "aber", "oder", "et", "mais", "ou", "y",
    "pero", "e", "ma", "mas", "en", "och", "og",
];
/// Words about something that a question may have and still lean on the one before it; and words of any kind, where it
/// begins as a continuation does.
const FEW: usize = 2;
const SHORT: usize = 4;

static WORDS: LazyLock<Words> = LazyLock::new(Words::new);

/// Whether it points at something that was said before.
fn points(question: &str) -> bool {
    let mut points = false;
    each_word(question, |word| points |= POINTING.contains(&word));
    points
}

/// Whether a question says little by itself.
fn is_little(question: &str) -> bool {
    let (mut words, mut about, mut points, mut goes_on) = (0, 0, false, false);
    each_word(question, |word| {
        goes_on |= words == 0 && GOING_ON.contains(&word);
        points |= POINTING.contains(&word);
        words += 1;
        let says = WORDS.term(word).is_some() && !WORDS.is_everyday(word);
        about += usize::from(says);
    });
    about == 0 || (points || goes_on) && about <= FEW || goes_on && words <= SHORT
}

/// What is searched for a question; `earlier` are those before it, the newest first. `None`: the question as it is.
fn following(question: &str, earlier: &[String]) -> Option<String> {
    if earlier.is_empty() || !is_little(question) {
        return None;
    }
    let mut parts = vec![question];
    for before in earlier.iter().take(EARLIER) {
        parts.push(&before[..before.floor_char_boundary(MAX_EARLIER_BYTES)]);
        if !is_little(before) {
            break;
        }
    }
    Some(parts.into_iter().rev().collect::<Vec<_>>().join("\n"))
}

/// What is found for a question, and in which words: with those before it where it goes on from them. "And the coffee
/// machine?" may go on from nothing, though: where it points at nothing, and the best of what is found with the others'
/// help has none of its words, it is taken by itself if it is found more surely so.
pub fn find<E>(
    question: &str,
    earlier: &[String],
    search: impl Fn(&[&str]) -> Result<Vec<Vec<Passage>>, E>,
) -> Result<(Vec<Passage>, String), E> {
    let joined = following(question, earlier);
    let helped = joined.as_deref().unwrap_or(question);
    let is_open = joined.is_some() && !points(question);
    let asked = [helped, question];
    let mut found = search(&asked[..1 + usize::from(is_open)])?.into_iter();
    let (helped, alone) = (found.next().unwrap_or_default(), found.next());
    let sure = |found: &[Passage]| found.first().map_or(0.0, |first| first.score);
    Ok(match (alone, joined) {
        (Some(alone), _) if sure(&alone) > sure(&helped) && !has_a_word(&helped, question) => {
            (alone, question.to_owned())
        }
        (_, joined) => (helped, joined.unwrap_or_else(|| question.to_owned())),
    })
}

/// Whether the best of these has one of a question's words that are about something.
fn has_a_word(found: &[Passage], question: &str) -> bool {
    let mut asked = HashSet::new();
    each_word(question, |word| {
        if !WORDS.is_everyday(word) {
            asked.extend(WORDS.term(word));
        }
    });
    let mut has = false;
    if let Some(passage) = found.first() {
        let heading = passage.heading.as_deref().unwrap_or_default();
        for text in [&passage.title, heading, &passage.text] {
            each_word(text, |word| {
                has |= WORDS.term(word).is_some_and(|term| asked.contains(&term));
            });
        }
    }
    has
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, fs};

    use super::{
        super::{Knowledge, Library, MIN_SCORE, Set},
        evaluation::{CONTINUING, FOLLOWING, LEAPING, TURNING},
        *,
    };
    use crate::config::{self, StorePath};

    /// Shares of right first hits, of right ones among the first three, of accepted, and of those helped.
    fn found(knowledge: &Knowledge, asked: &str) -> [f32; 4] {
        let asked: Vec<_> = asked
            .lines()
            .filter_map(|line| line.split_once(" | "))
            .collect();
        let mut shares = [0.0; 4];
        for (titles, questions) in &asked {
            let mut questions: Vec<_> = questions.split(" > ").map(str::to_owned).collect();
            let question = questions.pop().unwrap();
            questions.reverse();
            let helped = following(&question, &questions);
            let search = |words: &[&str]| knowledge.search_each(words, 3);
            let (found, _) = find(&question, &questions, search).unwrap();
            let right = |title: &str| titles.split(" / ").any(|wanted| wanted == title);
            let place = found.iter().position(|passage| right(&passage.title));
            let score = found.first().map_or(0.0, |passage| passage.score);
            let hits = [
                place == Some(0),
                place.is_some(),
                score >= MIN_SCORE,
                helped.is_some(),
            ];
            if !hits[0] || !hits[2] {
                let first = found.first().map(|passage| &passage.title);
                println!("{question:?}: wanted {titles}, {first:?} {score:.2} {hits:?}");
            }
            for (share, hit) in shares.iter_mut().zip(hits) {
                *share += f32::from(u8::from(hit)) / asked.len() as f32;
            }
        }
        println!(
            "right first, in three, accepted, helped: {shares:.3?} of {}",
            asked.len()
        );
        shares
    }

    fn built_in() -> Knowledge {
        Knowledge::Set(Set::built_in().unwrap().into())
    }

    /// The built-in set as a document of somebody's folder, and the folder.
    fn in_a_folder() -> (Knowledge, tempfile::TempDir) {
        let home = tempfile::tempdir().unwrap();
        let docs = home.path().join("docs");
        fs::create_dir(&docs).unwrap();
        let set = include_str!("../../assets/knowledge/defi.jsonl");
        fs::write(docs.join("defi.jsonl"), set).unwrap();
        let config = config::Knowledge {
            folders: vec![docs],
            ..config::Config::default().knowledge
        };
        let library = Library::new(&config, &StorePath::Memory).unwrap();
        let mut keeper = library.keep().unwrap();
        keeper.load().unwrap();
        keeper.update(&mut |_, _| {}).unwrap();
        (Knowledge::Library(library), home)
    }

    #[test]
    fn a_question_that_goes_on_is_found_with_the_help_of_those_before_it() {
        // Without the help: 0.20, 0.29, 0.79.
        let [first, in_three, accepted, _] = found(&built_in(), FOLLOWING);
        assert!(first >= 0.8 && in_three >= 0.9 && accepted >= 0.95);
        let [first, in_three, _, _] = found(&in_a_folder().0, FOLLOWING);
        assert!(first >= 0.7 && in_three >= 0.8);
    }

    #[test]
    fn a_question_that_turns_to_another_matter_loses_next_to_nothing() {
        // Without the help: 1.00, 1.00, 1.00.
        let [first, in_three, accepted, helped] = found(&built_in(), TURNING);
        assert!(first >= 0.95 && in_three >= 0.99 && accepted >= 0.99);
        assert!(helped <= 0.05);
    }

    #[test]
    fn a_continuation_that_points_at_nothing_is_about_what_was_asked_or_about_what_it_names() {
        let (folder, _home) = in_a_folder();
        for knowledge in [&built_in(), &folder] {
            let [_, goes_on, _, helped] = found(knowledge, CONTINUING);
            let [_, leaps, _, _] = found(knowledge, LEAPING);
            assert!(goes_on >= 0.75 && leaps >= 0.75 && helped >= 0.9);
        }
    }

    #[test]
    fn what_is_found_more_surely_by_itself_goes_on_from_nothing() {
        let passage = |score, text: &str| Passage {
            title: String::new(),
            heading: None,
            text: text.to_owned(),
            excerpt: String::new(),
            url: None,
            path: None,
            anchor: None,
            fragment: None,
            score,
        };
        let search = |questions: &[&str]| {
            let found = |words: &&str| match words.contains('\n') {
                true => vec![passage(0.8, "The fire drill, and the assembly point.")],
                false => vec![passage(0.9, "Anything.")],
            };
            Ok::<_, Infallible>(questions.iter().map(found).collect())
        };
        let before = ["When is the fire drill?".to_owned()];
        for (question, is_alone) in [
            ("And the choir?", true),
            ("And the assembly point?", false),
            ("and when does it end?", false),
            ("When does the bakery on the corner open?", true),
        ] {
            let (_, words) = find(question, &before, search).unwrap();
            assert_eq!(words == question, is_alone, "{question}: {words}");
        }
    }

    #[test]
    fn what_is_searched_begins_with_what_is_spoken_of() {
        let before = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        let risks = "and its risks?";
        assert_eq!(following(risks, &[]), None);
        let one = following(risks, &before(&["What is staking?"]));
        assert_eq!(one.as_deref(), Some("What is staking?\nand its risks?"));
        // What says little itself does not tell what is spoken of.
        let two = before(&["who does that?", "What is staking?", "What is DeFi?"]);
        let two = following(risks, &two);
        assert_eq!(
            two.as_deref(),
            Some("What is staking?\nwho does that?\nand its risks?")
        );
        let german = following("und die Risiken?", &before(&["Was ist Staking?"]));
        assert!(german.is_some());
        assert_eq!(
            following("How safe are bridges?", &before(&["What is staking?"])),
            None
        );
        let long = following(risks, &before(&[&"é".repeat(1000)])).unwrap();
        assert!(long.len() <= MAX_EARLIER_BYTES + 20, "{}", long.len());
    }
}
