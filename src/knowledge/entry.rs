//! Reading questions and answers: JSON Lines in, checked entries out.
//!
//! The set that ships inside the binary goes through the same door as any other, so a fault in it is found by a
//! test and told like an operator's own: with the file, the line and what is wrong there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Bytes of an answer at most. An entry is never cut, and this fills a small model's whole context already.
pub const MAX_ANSWER_BYTES: usize = 32 << 10;
/// Bytes of a question or a title at most.
pub const MAX_QUESTION_BYTES: usize = 2 << 10;

/// Why a set of questions and answers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// A line is not an entry that can be used.
    #[error("{file}:{line}: {fault}")]
    Entry {
        /// The set's name, as it was handed in.
        file: String,
        /// Counted from one.
        line: usize,
        /// What is wrong there.
        fault: EntryFault,
    },
    /// There is no entry at all.
    #[error("{file}: no entries; write one JSON object with `question` and `answer` on each line")]
    Empty {
        /// The set's name, as it was handed in.
        file: String,
    },
}

/// Why an entry cannot be used, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// It is not JSON, or not an entry: the parser's words, without its line number but with the column.
    #[error("not a question-and-answer entry: {0}")]
    Malformed(String),
    /// A field that must say something is blank.
    #[error("`{0}` is blank; write its text or remove the entry")]
    Blank(&'static str),
    /// A field is longer than [`MAX_ANSWER_BYTES`] or [`MAX_QUESTION_BYTES`].
    #[error("`{0}` is longer than {max} bytes; make several entries of it", max = max_bytes(.0))]
    TooLong(&'static str),
}

fn max_bytes(field: &str) -> usize {
    match field {
        "answer" => MAX_ANSWER_BYTES,
        _ => MAX_QUESTION_BYTES,
    }
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What people call it; the question itself where none is written.
    pub title: String,
    /// As a person would ask it.
    pub question: String,
    /// Markdown.
    pub answer: String,
    /// Synonyms and key words of other phrasings; searched, never shown.
    pub tags: Vec<String>,
    /// Where to read more.
    pub url: Option<String>,
}

/// What an entry as it is written may have.
const FIELDS: [&str; 5] = ["title", "question", "answer", "tags", "url"];

/// An entry as it is written.
#[derive(Default, Deserialize)]
pub(super) struct Written {
    pub title: Option<String>,
    pub question: String,
    pub answer: String,
    #[serde(default)]
    pub tags: Vec<String>,
    pub url: Option<String>,
}

/// Reads one entry from each line that is not blank, and keeps the line beside it.
pub(super) fn parse<'a>(
    file: &str,
    jsonl: &'a str,
) -> Result<Vec<(&'a str, Entry)>, KnowledgeError> {
    // Editors on Windows like to begin a file with a byte order mark, which JSON does not know.
    let jsonl = jsonl.strip_prefix('\u{feff}').unwrap_or(jsonl);
    let entries: Vec<(&str, Entry)> = jsonl
        .lines()
        .enumerate()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(at, text)| Ok((text, parse_line(file, at + 1, text)?)))
        .collect::<Result<_, _>>()?;
    if entries.is_empty() {
        return Err(KnowledgeError::Empty { file: file.into() });
    }
    Ok(entries)
}

fn parse_line(file: &str, line: usize, text: &str) -> Result<Entry, KnowledgeError> {
    Entry::from_json(text).map_err(|fault| KnowledgeError::Entry {
        file: file.into(),
        line,
        fault,
    })
}

impl Entry {
    /// Reads one JSON object. Unknown fields are refused: a misspelt `tags` would quietly cost matches.
    pub(super) fn from_json(text: &str) -> Result<Self, EntryFault> {
        let (entry, unknown) = Self::with_others(text)?;
        match unknown.first() {
            None => Ok(entry),
            Some(field) => {
                let known = FIELDS.join("`, `");
                Err(EntryFault::Malformed(format!(
                    "unknown field `{field}`; those known are `{known}`"
                )))
            }
        }
    }

    /// The same for what others have written for other ends too: with the names of the fields that mean nothing.
    pub(super) fn with_others(text: &str) -> Result<(Self, Vec<String>), EntryFault> {
        let written: Written = serde_json::from_str(text).map_err(|error| {
            let said = error.to_string();
            let what = said.split(" at line ").next().unwrap_or(&said);
            EntryFault::Malformed(format!("{what} (column {})", error.column()))
        })?;
        let fields: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_str(text);
        let names = fields.unwrap_or_default().into_keys();
        let unknown = names.filter(|name| !FIELDS.contains(&name.as_str()));
        Ok((written.check()?, unknown.collect()))
    }
}

impl Written {
    pub(super) fn check(self) -> Result<Entry, EntryFault> {
        let title = self.title.unwrap_or_else(|| self.question.clone());
        let fields = [
            ("question", &self.question),
            ("answer", &self.answer),
            ("title", &title),
        ];
        for (field, text) in fields {
            if text.trim().is_empty() {
                return Err(EntryFault::Blank(field));
            }
            if text.len() > max_bytes(field) {
                return Err(EntryFault::TooLong(field));
            }
        }
        Ok(Entry {
            title,
            question: self.question,
            answer: self.answer,
            tags: self.tags,
            url: self.url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(jsonl: &str) -> String {
        parse("set.jsonl", jsonl).unwrap_err().to_string()
    }

    #[test]
    fn an_entry_needs_only_a_question_and_an_answer() {
        let entries = parse(
            "set.jsonl",
            "\u{feff}\n{\"question\":\"Why?\",\"answer\":\"So.\"}\r\n\n",
        )
        .unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].1.title.as_str(), entries[0].1.answer.as_str()),
            ("Why?", "So.")
        );
        assert!(entries[0].1.tags.is_empty() && entries[0].1.url.is_none());
    }

    #[test]
    fn a_fault_names_the_file_the_line_and_what_is_wrong() {
        let good = r#"{"question":"Why?","answer":"So."}"#;
        let missing = fault(&format!("{good}\n\n{{\"question\":\"Why?\"}}\n"));
        assert!(
            missing.starts_with("set.jsonl:3: ") && missing.contains("missing field `answer`"),
            "{missing}"
        );
        assert!(
            missing.contains("column") && !missing.contains("line 1"),
            "{missing}"
        );
        let unknown = fault(r#"{"question":"Why?","answer":"So.","tag":[]}"#);
        assert!(
            unknown.starts_with("set.jsonl:1: ") && unknown.contains("`tag`"),
            "{unknown}"
        );
        let broken = fault("{\"question\":");
        assert!(broken.starts_with("set.jsonl:1: "), "{broken}");
    }

    #[test]
    fn a_blank_field_and_an_empty_set_are_refused() {
        let blank = fault(r#"{"question":" ","answer":"So."}"#);
        assert!(
            blank.starts_with("set.jsonl:1: `question` is blank"),
            "{blank}"
        );
        assert!(fault("\n \n").starts_with("set.jsonl: no entries"));
    }

    #[test]
    fn an_answer_without_end_is_refused() {
        let answer = "a".repeat(MAX_ANSWER_BYTES + 1);
        let long = fault(&format!(r#"{{"question":"Why?","answer":"{answer}"}}"#));
        assert!(long.contains("`answer` is longer than 32768"), "{long}");
    }
}
