//! A conversation as Markdown that reads well: questions as quotes, answers as they are.

use std::{
    collections::HashMap,
    fmt::Write,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    answer::{Basis, Cause, Outcome, Source},
    id::TurnId,
    store::{Conversation, Turn},
};

/// The last time that has a date of four digits, in milliseconds.
const LAST_DATE: u64 = 253_402_300_799_000;

/// The turns of a conversation by their numbers.
#[derive(Default)]
pub struct Numbers(HashMap<TurnId, usize>);

impl Numbers {
    /// A turn's number: the next one, unless it has one.
    fn of(&mut self, turn: TurnId) -> usize {
        let next = self.0.len() + 1;
        *self.0.entry(turn).or_insert(next)
    }
}

/// A conversation with its first turns.
pub fn conversation(conversation: &Conversation, numbers: &mut Numbers) -> String {
    let mut text = format!("# {}\n\n", plain(&conversation.title));
    let (created, updated) = (time(conversation.created), time(conversation.updated));
    let _ = writeln!(text, "*Begun {created}, last changed {updated}.*");
    text.push_str(&turns(&conversation.turns, numbers));
    text
}

/// Turns, behind those that came before.
pub fn turns(turns: &[Turn], numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for turn in turns {
        one(&mut text, turn, numbers);
    }
    text
}

fn one(text: &mut String, turn: &Turn, numbers: &mut Numbers) {
    let number = numbers.of(turn.id);
    let _ = write!(text, "\n## Question {number}\n\n");
    if let Some(branch) = branch(turn, number, numbers) {
        let _ = write!(text, "*{branch}*\n\n");
    }
    for line in lines(&turn.question) {
        let _ = writeln!(text, "{}", format!("> {line}").trim_end());
    }
    let mut facts = vec![time(turn.asked)];
    facts.extend(
        [&turn.endpoint, &turn.model]
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(|name| plain(name)),
    );
    let _ = write!(text, "\n*{}*\n\n", facts.join(" · "));
    if !turn.answer.is_empty() {
        // Markdown has no NUL, and a file with one is taken for no text at all.
        let answer = turn.answer.replace('\0', "\u{fffd}");
        text.push_str(answer.trim_end_matches('\n'));
        text.push('\n');
        if let Some(fence) = open_fence(&turn.answer) {
            let _ = writeln!(text, "{fence}");
        }
        text.push('\n');
    }
    if let Some(end) = end(turn) {
        let _ = write!(text, "*{end}*\n\n");
    }
    if !turn.sources.is_empty() {
        text.push_str("Sources:\n\n");
        for source in &turn.sources {
            let _ = writeln!(text, "{}. {}", source.n, reference(source));
        }
    } else if !turn.answer.is_empty() {
        text.push_str(match turn.basis {
            None => "",
            Some(Basis::Unsearched) => "*Not from the documents: they could not be searched.*\n",
            Some(_) => "*Not from the documents: nothing in them matched.*\n",
        });
    }
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
}

/// The lines as Markdown ends them: also at a carriage return that stands alone.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('\r'))
}

/// Says where a turn belongs that does not follow the one that stands above it.
fn branch(turn: &Turn, number: usize, numbers: &Numbers) -> Option<String> {
    let parent = turn
        .parent
        .and_then(|parent| numbers.0.get(&parent).copied());
    match parent {
        Some(parent) if parent + 1 == number => None,
        Some(parent) => Some(format!("A branch: it follows question {parent}.")),
        None if number == 1 => None,
        None => Some("A branch: it begins the conversation anew.".to_owned()),
    }
}

/// Says how an answer ended that is not whole.
fn end(turn: &Turn) -> Option<String> {
    let Some(outcome) = turn.outcome else {
        return Some("The answer was still being written.".to_owned());
    };
    let said = match outcome {
        Outcome::Stop => return None,
        Outcome::Length => "The answer was cut at a length limit.".to_owned(),
        Outcome::ContentFilter => "The answer was cut by the endpoint's filter.".to_owned(),
        Outcome::Cancelled => "The answer was stopped.".to_owned(),
        Outcome::Interrupted => match turn.cause {
            Some(Cause::Left) => "The answer was interrupted: nobody was reading it any more.",
            Some(Cause::Stopped) => "The answer was interrupted: the server was stopped.",
            Some(Cause::Crashed) => "The answer was interrupted: the server broke off.",
            Some(Cause::Unkept) => "The answer was interrupted: its end could not be kept.",
            Some(Cause::Admin) => "The answer was interrupted: an admin stopped it.",
            None => "The answer was interrupted.",
        }
        .to_owned(),
        Outcome::Failed => match &turn.error {
            Some(error) => format!("The answer failed: {}", plain(&error.message)),
            None => "The answer failed.".to_owned(),
        },
    };
    Some(said)
}

fn reference(source: &Source) -> String {
    let title = plain(&source.title);
    let mut text = match source.url.as_deref().and_then(link) {
        Some(url) => format!("[{title}](<{url}>)"),
        None => title,
    };
    if let Some(heading) = &source.heading {
        let _ = write!(text, ", {}", plain(heading));
    }
    if let Some(path) = &source.path {
        let _ = write!(text, ", {}", plain(path));
    }
    text
}

/// An address that a reader may follow, written so that it cannot end its link.
fn link(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let url = matches!(url.scheme(), "http" | "https").then_some(url)?;
    Some(url.as_str().replace('<', "%3C").replace('>', "%3E"))
}

/// A text on one line in which nothing has a meaning.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for letter in word.chars() {
            if "\\`*_[]<>#|~".contains(letter) {
                out.push('\\');
            }
            out.push(letter);
        }
    }
    out
}

/// The fence of a block of code that a cut answer has left open: what follows would be part of it.
fn open_fence(answer: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for line in lines(answer) {
        let line = line.trim_start();
        let Some(mark @ ('`' | '~')) = line.chars().next() else {
            continue;
        };
        let rest = line.trim_start_matches(mark);
        let length = line.len() - rest.len();
        open = match open {
            None if length >= 3 && (mark == '~' || !rest.contains('`')) => Some((mark, length)),
            Some((begun, least))
                if mark == begun && length >= least && rest.trim_end().is_empty() =>
            {
                None
            }
            open => open,
        };
    }
    open.map(|(mark, length)| String::from(mark).repeat(length))
}

/// A time to the minute.
fn time(milliseconds: u64) -> String {
    let text = rfc3339(milliseconds);
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// A day.
pub fn day(milliseconds: u64) -> String {
    rfc3339(milliseconds)[..10].to_owned()
}

fn rfc3339(milliseconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(milliseconds.min(LAST_DATE));
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(n: u128, parent: Option<u128>, question: &str, answer: &str) -> Turn {
        let id = |n| TurnId(uuid::Uuid::from_u128(n));
        Turn {
            id: id(n),
            parent: parent.map(id),
            question: question.to_owned(),
            asked: 1_700_000_000_000,
            endpoint: "local".to_owned(),
            model: "gemma_3".to_owned(),
            options: Default::default(),
            running: false,
            seq: Default::default(),
            answer: answer.to_owned(),
            reasoning: "Hm.".to_owned(),
            sources: Vec::new(),
            basis: None,
            outcome: Some(Outcome::Stop),
            cause: None,
            error: None,
            usage: None,
            timing: None,
        }
    }

    #[test]
    fn a_conversation_reads_well() {
        let mut first = turn(1, None, "What is *this*?\n\nSay it.", "It is [1].\n");
        first.sources = vec![
            Source {
                n: 1,
                title: "A [guide]".to_owned(),
                url: Some("https://example.org/a b>c".to_owned()),
                path: None,
                anchor: None,
                heading: Some("Begin".to_owned()),
                excerpt: "It.".to_owned(),
                score: 0.5,
            },
            Source {
                n: 2,
                title: "Notes".to_owned(),
                url: Some("javascript:alert(1)".to_owned()),
                path: Some("a/notes.md".to_owned()),
                anchor: None,
                heading: None,
                excerpt: "That.".to_owned(),
                score: 0.25,
            },
        ];
        let mut cut = turn(3, Some(1), "Code?", "Here:\n\n```rust\nfn main() {");
        cut.outcome = Some(Outcome::Interrupted);
        let mut failed = turn(4, None, "Again?", "");
        failed.outcome = Some(Outcome::Failed);
        let whole = Conversation {
            id: Default::default(),
            title: "# A <title>\nof two lines".to_owned(),
            created: 1_700_000_000_000,
            updated: u64::MAX,
            turns: vec![first, turn(2, Some(1), "And?", "More."), cut, failed],
        };
        let text = conversation(&whole, &mut Numbers::default());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_carriage_return_leads_out_of_no_quote() {
        let mut text = String::new();
        let asked = turn(1, None, "a\r# b\r\n\rc", "d");
        one(&mut text, &asked, &mut Numbers::default());
        assert!(text.contains("\n> a\n> # b\n>\n> c\n"), "{text:?}");
    }

    #[test]
    fn a_nul_does_not_come_into_the_file() {
        let mut text = String::new();
        let answered = turn(1, None, "a", "b\0c");
        one(&mut text, &answered, &mut Numbers::default());
        assert!(text.contains("\nb\u{fffd}c\n"), "{text:?}");
    }

    #[test]
    fn only_a_fence_that_is_open_is_closed() {
        let cases = [
            ("", None),
            ("```\na\n```", None),
            ("```\na", Some("```")),
            ("~~~~ x\n~~~\n```", Some("~~~~")),
            ("``` a ` b\nc", None),
            ("1. x\n   ```js\n   a\n   ```\n", None),
            ("```\n```js\n", Some("```")),
            ("a\r```\rb", Some("```")),
            ("```\ra\r```\r", None),
        ];
        for (answer, fence) in cases {
            assert_eq!(open_fence(answer).as_deref(), fence, "{answer:?}");
        }
    }
}
