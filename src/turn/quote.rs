//! An answer without a model: the best passage of the knowledge, with the sources beside it.

use std::time::Duration;

use tokio::time::timeout;

use super::{Progress, append, internal, log::Log};
use crate::{
    answer::{Channel, ErrorCode, Fault, Outcome, Source},
    knowledge::{Knowledge, LibraryError, Passage},
};

/// How long a search may take: a hundred times what it does.
const DEADLINE: Duration = Duration::from_secs(2);
/// When to ask again while the documents are read for the first time.
const UNREAD: Duration = Duration::from_secs(5);

/// Searches, where blocking is welcome: the passages' texts are on the disk.
pub(super) async fn search(
    knowledge: Knowledge,
    question: String,
    limit: usize,
) -> Result<Vec<Passage>, Fault> {
    let search = move || knowledge.search(&question, limit);
    let found = match timeout(DEADLINE, tokio::task::spawn_blocking(search)).await {
        Ok(found) => found.map_err(|error| internal(&error))?,
        Err(error) => return Err(internal(&error)),
    };
    found.map_err(|error| match error {
        LibraryError::Unread => {
            let message = "The documents are still being read. Ask again in a moment.";
            Fault::new(ErrorCode::QueueFull, message).retry_after(UNREAD)
        }
        error => internal(&error),
    })
}

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
        log.sources(found.into_iter().zip(1..).map(source).collect())
            .map_err(|error| internal(&error))?;
    }
    for word in text.split_inclusive(char::is_whitespace) {
        if !append(log, progress, Channel::Answer, word)? {
            return Ok(Outcome::Length);
        }
    }
    Ok(Outcome::Stop)
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
