//! Plain text, written so that Markdown shows it as it is.

/// Puts a backslash before each sign that Markdown or HTML might take for its own, and keeps the lines.
pub(super) fn as_markdown(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + text.len() / 8);
    for (at, line) in text.trim_end().lines().enumerate() {
        if at > 0 {
            written.push_str("  \n");
        }
        // Four spaces would begin code.
        for c in line.trim().chars() {
            if c.is_ascii_punctuation() && !matches!(c, ',' | '\'' | '"' | '?' | ';' | '/' | '%') {
                written.push('\\');
            }
            written.push(c);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event, Parser, Tag, TagEnd};

    use super::*;

    #[test]
    fn nothing_of_a_plain_text_is_taken_for_markdown() {
        let text = "# no *heading*\n    <b>no code</b>\n- [no](link) &amp; 1. `x`\n> ~~no~~ | a | b |\n\nhttps://a.b_c";
        let mut shown = String::new();
        for event in Parser::new(&as_markdown(text)) {
            match event {
                Event::Text(text) => shown.push_str(&text),
                Event::HardBreak => shown.push('\n'),
                Event::Start(Tag::Paragraph) => shown.push('\n'),
                Event::End(TagEnd::Paragraph) => {}
                other => panic!("{other:?}"),
            }
        }
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(
            shown
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>(),
            lines
        );
    }
}
