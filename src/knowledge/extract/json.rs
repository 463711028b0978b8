//! Questions and answers as JSON: an array, one object after another, or one on each line.
//!
//! A faulty entry costs itself alone. Each is first taken as the stretch of text that it is, and parsed by
//! itself then: so nothing is built up for what is no entry, however deep or long it may be.

use std::collections::HashSet;

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::{Deserializer, value::RawValue};

use super::ExtractError;
use crate::knowledge::{
    document::{Document, Format},
    entry::{Entry, EntryFault},
};

/// Fields without a meaning that are told by name.
const MAX_OTHERS: usize = 10;

/// Reads an array of entries, or entries one after another.
pub(super) fn document(text: &str) -> Result<Document, ExtractError> {
    let mut reading = Reading::new(text);
    let mut parser = Deserializer::from_str(text);
    let ended = if text.trim_start().starts_with('[') {
        let ended = parser.deserialize_seq(Items(&mut reading));
        ended.and_then(|()| parser.end())
    } else {
        let mut items = parser.into_iter::<&RawValue>();
        items.try_for_each(|item| item.map(|item| reading.item(item.get())))
    };
    if let Err(error) = ended {
        reading.fault(error.line(), &format!("not JSON: {error}"));
    }
    reading.done()
}

/// Reads one entry from each line that is not blank.
pub(super) fn document_of_lines(text: &str) -> Result<Document, ExtractError> {
    let mut reading = Reading::new(text);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        reading.item(line);
        if reading.document.full {
            break;
        }
    }
    reading.done()
}

/// Ends the reading of questions and answers: a file without any is refused with its first fault.
pub(super) fn some_entries(document: Document) -> Result<Document, ExtractError> {
    match document.notes.first() {
        Some(fault) if document.blocks.is_empty() => Err(ExtractError::Malformed(format!(
            "no question with an answer is in it: {fault}"
        ))),
        _ => Ok(document),
    }
}

struct Reading<'a> {
    text: &'a str,
    /// Where the last item began, and the line there: counted on from item to item, so each byte is looked at once.
    at: usize,
    line: usize,
    document: Document,
    /// Fields of entries that mean nothing.
    passed_over: HashSet<String>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            document: Document::new(Format::Markdown),
            passed_over: HashSet::new(),
        }
    }

    /// Takes an item, which is a stretch of the text.
    fn item(&mut self, item: &str) {
        let start = item.as_ptr() as usize - self.text.as_ptr() as usize;
        let between = &self.text.as_bytes()[self.at..start];
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = start;
        match Entry::with_others(item) {
            Ok((entry, others)) => {
                self.document.push_entry(entry);
                for other in others {
                    self.pass_over(other);
                }
            }
            // A question that waits for its answer, as `[knowledge] misses` writes them down.
            Err(EntryFault::Blank("answer")) => {}
            Err(fault) => self.fault(self.line, &fault.to_string()),
        }
    }

    /// Tells of a field that means nothing, once.
    fn pass_over(&mut self, field: String) {
        if self.passed_over.len() < MAX_OTHERS && self.passed_over.insert(field.clone()) {
            let known = "`question`, `answer`, `title`, `url` and `tags`";
            let fault =
                format!("`{field}` means nothing here and is passed over; known are {known}");
            self.fault(self.line, &fault);
        }
    }

    fn fault(&mut self, line: usize, fault: &str) {
        self.document.note(format!("line {line}: {fault}"));
    }

    fn done(self) -> Result<Document, ExtractError> {
        some_entries(self.document)
    }
}

struct Items<'r, 'a>(&'r mut Reading<'a>);

impl<'a> Visitor<'a> for Items<'_, 'a> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("an array of questions with answers")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&'a RawValue>()? {
            self.0.item(item.get());
        }
        Ok(())
    }
}

/// What a row of a table lacks to be an entry, told like a line's fault.
pub(super) fn told(line: u64, fault: &EntryFault) -> String {
    format!("line {line}: {fault}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::document::BlockKind;

    const GOOD: &str =
        r#"{"question":"Why?","answer":"So.","tags":["b"],"url":"https://example.org/"}"#;

    #[test]
    fn entries_come_as_an_array_one_after_another_or_on_lines() {
        for text in [
            format!(" [{GOOD},\n{GOOD}]\n"),
            format!("{GOOD} {GOOD}"),
            format!("{GOOD}\n\n{GOOD}\n"),
        ] {
            let document = document(&text).unwrap();
            assert_eq!(
                (document.blocks.len(), document.notes.len()),
                (2, 0),
                "{text}"
            );
            let BlockKind::Entry(head) = &document.blocks[1].kind else {
                panic!("{document:?}")
            };
            assert_eq!((head.title.as_str(), head.tags.len()), ("Why?", 1));
            assert_eq!(&document.text[document.blocks[1].range.clone()], "So.");
        }
        assert_eq!(
            document_of_lines(&format!("{GOOD}\n{GOOD}"))
                .unwrap()
                .blocks
                .len(),
            2
        );
    }

    #[test]
    fn a_faulty_entry_costs_itself_alone_and_is_told_with_its_line() {
        let document =
            document(&format!("[{GOOD},\n\n{{\"question\":\"Why?\"}},\n{GOOD}]")).unwrap();
        assert_eq!(document.blocks.len(), 2);
        assert!(
            document.notes[0].starts_with("line 3: not a question"),
            "{:?}",
            document.notes
        );
        let lines = document_of_lines(&format!("{GOOD}\nnonsense\n{GOOD}\n")).unwrap();
        assert_eq!((lines.blocks.len(), lines.notes.len()), (2, 1));
        assert!(lines.notes[0].starts_with("line 2: "));
    }

    #[test]
    fn fields_that_mean_nothing_cost_no_entry_and_are_told_once() {
        let one = r#"{"id":7,"question":"Why?","answer":"So.","tag":{"a":[1]}}"#;
        let document = document_of_lines(&format!("{one}\n{one}\n")).unwrap();
        assert_eq!((document.blocks.len(), document.notes.len()), (2, 2));
        assert!(
            document.notes[0].starts_with("line 1: `id` means nothing"),
            "{:?}",
            document.notes
        );
    }

    #[test]
    fn a_question_that_waits_for_its_answer_is_passed_over_without_a_word() {
        let text = format!("{{\"answer\":\"\",\"question\":\"Who?\"}}\n{GOOD}\n");
        for document in [document(&text).unwrap(), document_of_lines(&text).unwrap()] {
            assert_eq!((document.blocks.len(), document.notes.len()), (1, 0));
        }
    }

    #[test]
    fn what_was_read_before_the_file_breaks_off_is_kept() {
        let document = document(&format!("[{GOOD},\n{{\"quest")).unwrap();
        assert_eq!((document.blocks.len(), document.notes.len()), (1, 1));
    }

    #[test]
    fn a_file_without_entries_is_refused_with_its_first_fault() {
        let error = document(r#"{"name":"page"}"#).unwrap_err().to_string();
        assert!(
            error.contains("line 1") && error.contains("`question`"),
            "{error}"
        );
        assert!(document("[1,").is_err() && document("[]").unwrap().text.is_empty());
    }

    #[test]
    fn lists_as_deep_as_the_file_is_long_are_one_fault() {
        let deep = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(document(&deep).is_err());
        assert!(document(&"[".repeat(1_000_000)).is_err());
        assert!(document(&format!("{{\"question\":{}", "[".repeat(1_000_000))).is_err());
        assert!(document_of_lines(&"{\"a\":".repeat(1_000_000)).is_err());
    }
}
