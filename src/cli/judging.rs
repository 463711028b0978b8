//! `askd eval`: how often the right documents are found, printed.

use std::{collections::BTreeSet, fs, path::Path, process::ExitCode};

use super::{
    Cli, EXIT_CONFIG, complain,
    knowledge::{Done, fail, fail_with, find, print},
};
use crate::knowledge::{
    By, Knowledge, Passage,
    judge::{self, CLASSES, DEPTH, Judgement, Question},
};

/// Passages that are looked through for [`DEPTH`] different documents.
const PASSAGES: usize = 30;
/// Right documents that are told by name when the index lacks them.
const TOLD_MISSING: usize = 10;

impl Cli {
    /// `askd eval FILE`: how often the right documents are found, and what the scores are worth.
    pub fn eval(&self, file: &Path) -> ExitCode {
        let eval = || -> Done<()> {
            let text = fs::read_to_string(file)
                .map_err(|error| fail(&format!("{}: {error}", file.display())))?;
            let questions = judge::parse(&text)
                .map_err(|error| fail_with(EXIT_CONFIG, &format!("{}: {error}", file.display())))?;
            let opened = self.current()?;
            let ways: &[(By, &str)] = match has_vectors(&opened.knowledge) {
                false => &[(By::Both, "")],
                true => &[
                    (By::Words, "by words\n"),
                    (By::Meaning, "\nby vectors (scores are cosines)\n"),
                    (By::Both, "\nby both\n"),
                ],
            };
            tell_missing(&opened.knowledge, &questions)?;
            let least = opened.config.knowledge.min_score;
            for (by, title) in ways {
                let rank = |question: &Question| -> Done<_> {
                    let found = find(&opened.knowledge, &question.question, PASSAGES, *by)?;
                    let passages = found.into_iter().map(|found| found.passage).collect();
                    Ok((question.clone(), documents(passages, &question.documents)))
                };
                let rankings = questions.iter().map(rank).collect::<Done<Vec<_>>>()?;
                print(title);
                print(&table(&judge::judge(&rankings, least), least));
            }
            Ok(())
        };
        eval().map_or_else(|code| code, |()| ExitCode::SUCCESS)
    }
}

/// Tells which right documents nobody could find.
fn tell_missing(knowledge: &Knowledge, questions: &[Question]) -> Done<()> {
    let Knowledge::Library(library) = knowledge else {
        return Ok(());
    };
    let named: BTreeSet<&String> = (questions.iter())
        .flat_map(|question| &question.documents)
        .collect();
    let mut missing = Vec::new();
    for name in named {
        if !library.has(name).map_err(|error| fail(&error))? {
            missing.push(name.as_str());
        }
    }
    if !missing.is_empty() {
        let some = missing[..missing.len().min(TOLD_MISSING)].join(", ");
        let more = missing.len().saturating_sub(TOLD_MISSING);
        let more = (more > 0).then(|| format!(" and {more} more"));
        complain(&format!(
            "warning: not in the index, and so never found: {some}{}",
            more.unwrap_or_default()
        ));
    }
    Ok(())
}

fn has_vectors(knowledge: &Knowledge) -> bool {
    match knowledge {
        Knowledge::Set(_) => false,
        Knowledge::Library(library) => library.size().is_some_and(|size| size.vectors > 0),
    }
}

/// The documents of a ranking of passages, each at its best passage's place; an entry is a document of its own, and so are
/// the parts of one of which a part is wanted.
fn documents(passages: Vec<Passage>, wanted: &[String]) -> Vec<judge::Found> {
    let mut found: Vec<(String, judge::Found)> = Vec::new();
    for passage in passages {
        let path = passage.path.unwrap_or_default();
        let is_entry = passage.anchor.is_none() && passage.heading.is_some();
        let part = passage.anchor.map(|anchor| format!("{path}#{anchor}"));
        let is_of_it = |name: &String| {
            name.strip_prefix(&path)
                .is_some_and(|part| part.starts_with('#'))
        };
        let key = match &part {
            _ if is_entry => format!("{path}\n{}", passage.title),
            Some(part) if wanted.iter().any(is_of_it) => part.clone(),
            _ => path.clone(),
        };
        let mut names = vec![passage.title];
        names.extend(part);
        names.push(path);
        if found.iter().any(|(known, _)| *known == key) {
            continue;
        }
        let score = passage.score;
        found.push((key, judge::Found { names, score }));
        if found.len() == DEPTH {
            break;
        }
    }
    found.into_iter().map(|(_, found)| found).collect()
}

fn table(judgement: &Judgement, least: f32) -> String {
    let Judgement {
        answerable,
        foreign,
        ..
    } = judgement;
    let mut text = format!(
        "{answerable} questions with right documents, {foreign} without\n\
         recall@5 {:.4}\nMRR@10 {:.4}\nnDCG@10 {:.4}\nright first {:.4}\n\
         right among three and at least {least} sure {:.4}\n",
        judgement.recall_at_5,
        judgement.mrr_at_10,
        judgement.ndcg_at_10,
        judgement.first,
        judgement.near_shown
    );
    if *foreign > 0 {
        text += &format!("refused of those without {:.4}\n", judgement.refused);
    }
    text += &format!("calibration error {:.4}\n\n", judgement.calibration_error);
    text += "score      questions  said   right\n";
    for (class, at) in judgement.classes.iter().zip(0..) {
        if class.questions > 0 {
            let width = 1.0 / CLASSES as f64;
            let from = f64::from(at) * width;
            text += &format!(
                "{from:.1}-{:.1}    {:9}  {:.3}  {:.3}\n",
                from + width,
                class.questions,
                class.said,
                class.right
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(path: &str, anchor: &str) -> Passage {
        Passage {
            title: path.to_owned(),
            heading: Some(anchor.to_owned()),
            text: String::new(),
            excerpt: String::new(),
            url: None,
            path: Some(path.to_owned()),
            anchor: Some(anchor.to_owned()),
            fragment: None,
            score: 0.5,
        }
    }

    #[test]
    fn parts_of_a_document_are_told_apart_where_one_of_them_is_wanted() {
        let found = || {
            vec![
                passage("leave.md", "a"),
                passage("leave.md", "b"),
                passage("c.md", "c"),
            ]
        };
        let names = |wanted: &str| {
            let documents = documents(found(), &[wanted.to_owned()]);
            documents
                .iter()
                .map(|found| found.names[1].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("leave.md"), ["leave.md#a", "c.md#c"]);
        assert_eq!(names("leave.md#b"), ["leave.md#a", "leave.md#b", "c.md#c"]);
    }
}
