//! An answer without a model: the best passage of the knowledge, with the sources beside it.

use super::{Progress, append, internal, log::Log};
use crate::{
    answer::{Basis, Channel, Fault, Outcome, Source},
    knowledge::{Knowledge, Passage},
};

/// Answers with the best entry, word by word as a model would; with none, says so.
pub(super) fn quote(
    found: Vec<Passage>,
    nothing: &str,
    log: &Log,
    progress: &mut Progress,
) -> Result<Outcome, Fault> {
    let text = match found.first() {
        Some(best) => best.text.clone(),
        None => nothing.to_owned(),
    };
    if !found.is_empty() {
        show(Basis::Quoted, found, log)?;
    }
    for word in text.split_inclusive(char::is_whitespace) {
        if !append(log, progress, Channel::Answer, word)? {
            return Ok(Outcome::Length);
        }
    }
    Ok(Outcome::Stop)
}

/// Shows what an answer rests on, before its first word.
pub(super) fn show(basis: Basis, found: Vec<Passage>, log: &Log) -> Result<(), Fault> {
    let sources = found.into_iter().zip(1..).map(source).collect();
    log.sources(basis, sources)
        .map_err(|error| internal(&error))
}

/// What is said where nothing matches.
pub(super) fn nothing_in(knowledge: &Knowledge) -> &'static str {
    match knowledge {
        Knowledge::Set(_) => {
            "I have nothing on this question. I answer from a small collection of entries about decentralised finance \
             alone, and none of them matches well enough; I would rather say so than invent an answer. Try it in \
             other words, or ask about lending, exchanges, staking, stablecoins, bridges or their risks."
        }
        Knowledge::Library(_) => {
            "I have nothing on this question. I answer from documents alone, and no passage of them matches well \
             enough; I would rather say so than invent an answer. Try it in other words, best in those that the \
             documents use."
        }
    }
}

fn source((passage, n): (Passage, u32)) -> Source {
    Source {
        n,
        title: passage.title,
        url: passage.url,
        path: passage.path,
        anchor: passage.fragment,
        heading: passage.heading,
        excerpt: passage.excerpt,
        score: passage.score,
    }
}
