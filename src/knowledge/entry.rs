//! Reading questions and answers: JSON Lines in, checked entries out.
//!
//! The set that ships inside the binary goes through the same door as any other, so a fault in it is found by a
//! test and told like an operator's own: with the file, the line and what is wrong there.

use serde::Deserialize;

/// Why a set of questions and answers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// A line is not JSON, or not an entry.
    #[error("{file}:{line}: not a question-and-answer entry: {reason}")]
    Malformed {
        /// The set's name, as it was handed in.
        file: String,
        /// Counted from one.
        line: usize,
        /// The parser's words, without its own line number (always 1 here) but with the column.
        reason: String,
    },
    /// A field that must say something is blank.
    #[error("{file}:{line}: `{field}` is blank; write its text or remove the entry")]
    Blank {
        /// The set's name, as it was handed in.
        file: String,
        /// Counted from one.
        line: usize,
        /// The blank field.
        field: &'static str,
    },
    /// There is no entry at all.
    #[error("{file}: no entries; write one JSON object with `question` and `answer` on each line")]
    Empty {
        /// The set's name, as it was handed in.
        file: String,
    },
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

/// An entry as it is written. Unknown keys are refused: a misspelt `tags` would quietly cost matches.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: Option<String>,
    question: String,
    answer: String,
    #[serde(default)]
    tags: Vec<String>,
    url: Option<String>,
}

/// Reads one entry from each line that is not blank.
pub(super) fn parse(file: &str, jsonl: &str) -> Result<Vec<Entry>, KnowledgeError> {
    // Editors on Windows like to begin a file with a byte order mark, which JSON does not know.
    let jsonl = jsonl.strip_prefix('\u{feff}').unwrap_or(jsonl);
    let entries: Vec<Entry> = jsonl
        .lines()
        .enumerate()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(at, text)| parse_line(file, at + 1, text))
        .collect::<Result<_, _>>()?;
    if entries.is_empty() {
        return Err(KnowledgeError::Empty { file: file.into() });
    }
    Ok(entries)
}

fn parse_line(file: &str, line: usize, text: &str) -> Result<Entry, KnowledgeError> {
    let written: Written = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said);
        KnowledgeError::Malformed {
            file: file.into(),
            line,
            reason: format!("{what} (column {})", error.column()),
        }
    })?;
    let title = written.title.unwrap_or_else(|| written.question.clone());
    let required = [
        ("question", &written.question),
        ("answer", &written.answer),
        ("title", &title),
    ];
    if let Some((field, _)) = required
        .into_iter()
        .find(|(_, text)| text.trim().is_empty())
    {
        return Err(KnowledgeError::Blank {
            file: file.into(),
            line,
            field,
        });
    }
    Ok(Entry {
        title,
        question: written.question,
        answer: written.answer,
        tags: written.tags,
        url: written.url,
    })
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
            (entries[0].title.as_str(), entries[0].answer.as_str()),
            ("Why?", "So.")
        );
        assert!(entries[0].tags.is_empty() && entries[0].url.is_none());
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
}
