//! Tables as files: questions and answers where the columns say so, else a passage for each row.

use std::io::Read as _;

use csv::{ReaderBuilder, StringRecord};

use super::{ExtractError, json};
use crate::knowledge::{
    document::{BlockKind, Document, Format},
    entry::Written,
};

/// Columns of a table at most; further ones are left out.
const MAX_COLUMNS: usize = 256;
/// Characters of a column's name at most: it is repeated in every row.
const MAX_NAME_CHARS: usize = 80;

/// Read behind the text: a row of one empty field, or the end of a quote that was never closed.
const END: &str = "\n\"";

/// Reads a table whose first row names the columns.
pub(super) fn document(text: &str) -> Result<Document, ExtractError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .from_reader(text.as_bytes().chain(END.as_bytes()));
    let malformed = |error: csv::Error| ExtractError::Malformed(format!("not a table: {error}"));
    let head = reader.headers().map_err(malformed)?;
    let (mut line, mut is_ended) = (1, is_end(head));
    let columns = Columns::of(head);
    let is_wide = head.len() > MAX_COLUMNS;
    let mut document = Document::new(match columns.entries {
        Some(_) => Format::Markdown,
        None => Format::Plain,
    });
    if is_wide {
        document.note(format!("only its first {MAX_COLUMNS} columns are used"));
    }
    let mut row = StringRecord::new();
    // The text is UTF-8 and rows may differ in length, so nothing is left that could fail.
    while !document.full && reader.read_record(&mut row).map_err(malformed)? {
        line = row.position().map_or(0, csv::Position::line);
        is_ended = is_end(&row);
        if row.iter().all(|value| value.trim().is_empty()) {
            continue;
        }
        match &columns.entries {
            Some(entries) => match entries.written(&row).check() {
                Ok(entry) => document.push_entry(entry),
                Err(fault) => document.note(json::told(line, &fault)),
            },
            None => {
                document.push(BlockKind::Row, &columns.lines(&row));
            }
        }
    }
    if !document.full && !is_ended {
        document.note(format!(
            "line {line}: a quote in this row is never closed, and all that follows was read as one value"
        ));
    }
    match columns.entries {
        Some(_) => json::some_entries(document),
        None => Ok(document),
    }
}

/// Whether a row is what [`END`] makes where no quote is open.
fn is_end(row: &StringRecord) -> bool {
    row.iter().eq([""])
}

/// What stands most often in the first line outside quotes: commas, semicolons (where commas are decimal) or tabs.
fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(0, b','), (0, b';'), (0, b'\t')];
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                let counted = counts.iter_mut().find(|(_, delimiter)| *delimiter == byte);
                counted.into_iter().for_each(|(count, _)| *count += 1);
            }
            _ => {}
        }
    }
    // The first of the greatest; `max_by_key` would take the last.
    let most = counts.iter().rev().max_by_key(|(count, _)| *count);
    most.map_or(b',', |(_, delimiter)| *delimiter)
}

struct Columns {
    names: Vec<String>,
    entries: Option<EntryColumns>,
}

/// Which columns an entry's fields are in.
struct EntryColumns {
    question: usize,
    answer: usize,
    title: Option<usize>,
    tags: Option<usize>,
    url: Option<usize>,
}

impl Columns {
    fn of(head: &StringRecord) -> Self {
        let short = |name: &str| name.trim().chars().take(MAX_NAME_CHARS).collect();
        let names: Vec<String> = head.iter().take(MAX_COLUMNS).map(short).collect();
        let find = |wanted: &str| {
            names
                .iter()
                .position(|name| name.eq_ignore_ascii_case(wanted))
        };
        let entries = find("question").zip(find("answer"));
        let entries = entries.map(|(question, answer)| EntryColumns {
            question,
            answer,
            title: find("title"),
            tags: find("tags"),
            url: find("url"),
        });
        Self { names, entries }
    }

    /// A row as lines of `name: value`, without the empty ones.
    fn lines(&self, row: &StringRecord) -> String {
        let mut lines = String::new();
        for (at, value) in row.iter().take(MAX_COLUMNS).enumerate() {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match self.names.get(at).filter(|name| !name.is_empty()) {
                Some(name) => lines.extend([name, ": ", value, "\n"]),
                None => lines.extend([value, "\n"]),
            }
        }
        lines
    }
}

impl EntryColumns {
    fn written(&self, row: &StringRecord) -> Written {
        let text = |at: usize| row.get(at).unwrap_or_default().trim().to_owned();
        let some = |at: Option<usize>| at.map(text).filter(|text| !text.is_empty());
        let tags = some(self.tags).unwrap_or_default();
        let tags = tags.split([',', ';']).map(str::trim);
        Written {
            title: some(self.title),
            question: text(self.question),
            answer: text(self.answer),
            tags: tags
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
            url: some(self.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_carry_the_names_of_their_columns() {
        let document = document("Name;Price;\n\"Pump; small\";12,50;\n;;\nValve;;late\n").unwrap();
        assert_eq!(
            document.text,
            "Name: Pump; small\nPrice: 12,50\n\nName: Valve\nlate"
        );
        assert!(
            document
                .blocks
                .iter()
                .all(|block| block.kind == BlockKind::Row)
        );
    }

    #[test]
    fn columns_of_questions_and_answers_make_entries() {
        let text = "Answer,Question,tags,extra\n\"So,\nit is.\",Why?,\"a; b\",x\n,Blank?,,\n";
        let document = document(text).unwrap();
        let BlockKind::Entry(head) = &document.blocks[0].kind else {
            panic!("{document:?}")
        };
        assert_eq!((head.question.as_str(), head.tags.len()), ("Why?", 2));
        assert_eq!(document.text, "So,\nit is.");
        assert!(
            document.notes[0].starts_with("line 4: `answer` is blank"),
            "{:?}",
            document.notes
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_the_line_of_its_row() {
        let faulty = "Name,Price\nPump,1\n\"Valve,2\nHose,3\n";
        let read = document(faulty).unwrap();
        assert!(read.notes[0].starts_with("line 3: a quote"), "{read:?}");
        assert!(read.text.ends_with("Name: Valve,2\nHose,3"), "{read:?}");
        let head = document("\"Name,Price\nPump,1").unwrap();
        assert!(head.notes[0].starts_with("line 1: a quote"), "{head:?}");
        for sound in [
            "a,b\n1,\"2\n\"",
            "a,b\n1,2",
            "a\n\"\"\n",
            "a\n5\" pipe\n\n",
            "",
        ] {
            let notes = document(sound).unwrap().notes;
            assert!(notes.is_empty(), "{sound:?}: {notes:?}");
        }
    }

    #[test]
    fn columns_that_are_left_out_are_told() {
        let wide = vec!["a"; MAX_COLUMNS + 1].join(",");
        let read = document(&format!("{wide}\n{wide}\n")).unwrap();
        assert!(read.notes[0].contains("columns"), "{read:?}");
    }

    #[test]
    fn rows_of_nothing_are_no_faults_of_a_table_of_entries() {
        let read = document("question,answer\nWhy?,So.\n,\n , \n").unwrap();
        assert_eq!((read.blocks.len(), read.notes.len()), (1, 0), "{read:?}");
    }

    #[test]
    fn a_head_as_long_as_a_book_is_not_repeated_in_every_row() {
        let text = format!("{}\n{}", "name".repeat(100_000), "a\n".repeat(1000));
        assert!(document(&text).unwrap().text.len() < 100_000);
    }
}
