//! Plain text: a blank line ends a paragraph, and nothing else means anything.

use crate::knowledge::document::{BlockKind, Document, Format};

/// Reads plain text.
pub(super) fn document(text: &str) -> Document {
    let mut document = Document::new(Format::Plain);
    paragraphs(&mut document, text);
    document
}

/// Appends each run of lines that are not blank as a paragraph.
pub(super) fn paragraphs(document: &mut Document, text: &str) {
    let mut start = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            if let Some(start) = start.take() {
                document.push(BlockKind::Paragraph, &text[start..at]);
            }
        } else if start.is_none() {
            start = Some(at);
        }
        at += line.len();
    }
    if let Some(start) = start {
        document.push(BlockKind::Paragraph, &text[start..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_paragraphs_and_lines_stay_together() {
        let document = document("\n\none\ntwo\n  \n\t\n  three\n");
        assert_eq!(document.text, "one\ntwo\n\n  three");
        let ranges: Vec<_> = document
            .blocks
            .iter()
            .map(|block| block.range.clone())
            .collect();
        assert_eq!(ranges, [0..7, 9..16]);
    }
}
