//! Markdown: its blocks as they are written, without what would run or load.
//!
//! A block stays the author's own text, marks and all, for that is what a page and a model read best. Raw HTML is
//! replaced by its words and an image by the words that stand for it. That makes quoting cleaner; it is no
//! protection, which is the business of whoever renders the text.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::{front, html};
use crate::knowledge::document::{
    Anchors, Block, BlockKind, Document, Format, MAX_HEADING_CHARS, beyond,
};

/// Lists and quotes that one line may open: what has more is no text that anybody wrote as Markdown.
const MAX_OPENINGS: usize = 100;
/// How deep a rule is looked for.
const FEW: usize = 8;
/// Bytes of Markdown at most; what lies beyond is left out, with a note. The parser keeps a tree of all of it, which for
/// a text of nothing but marks is some 50 times as large.
pub const MAX_MARKDOWN_BYTES: usize = 4 << 20;

/// Reads a text with its front matter.
pub(super) fn document(text: &str) -> Document {
    let mut document = Document::new(Format::Markdown);
    let text = if text.len() > MAX_MARKDOWN_BYTES {
        document.note(beyond(MAX_MARKDOWN_BYTES));
        &text[..text.floor_char_boundary(MAX_MARKDOWN_BYTES)]
    } else {
        text
    };
    let body = front::take(&mut document, text);
    let mut reading = Reading {
        document,
        body,
        anchors: Anchors::default(),
    };
    if is_deep(body) {
        reading.document.note(format!(
            "a line in it opens more than {MAX_OPENINGS} lists and quotes, so that it is read as plain text"
        ));
        reading.document.format = Format::Plain;
        super::text::paragraphs(&mut reading.document, body);
        return reading.document;
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut open: Option<Open> = None;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(tag), None) => open = Some(Open::new(tag, range)),
            (event, Some(block)) => {
                if block.event(event, range) {
                    reading.close(open.take());
                }
            }
            // A rule parts what its neighbours already part.
            (_, None) => {}
        }
        if reading.document.full {
            break;
        }
    }
    reading.document
}

/// Whether a line opens more than [`MAX_OPENINGS`]; in a fence it opens none.
fn is_deep(body: &str) -> bool {
    let mut is_fenced = false;
    body.lines().any(|line| {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        is_fenced ^= is_fence;
        !is_fenced && openings(line) > MAX_OPENINGS
    })
}

/// How many lists, quotes and footnotes a line opens, each in the one before it.
fn openings(line: &str) -> usize {
    let mut rest = line.trim_start();
    let mut count = 0;
    loop {
        // A rule is no list, behind whatever it stands; looked at each time, a line of signs would be so for each of them.
        if count <= FEW && is_rule(rest) {
            return count;
        }
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let behind = match rest.strip_prefix("[^") {
            _ if digits.len() < rest.len() => item(digits.strip_prefix(['.', ')'])),
            Some(label) => label.split_once("]:").map(|(_, behind)| behind),
            None => rest
                .strip_prefix('>')
                .or_else(|| item(rest.strip_prefix(['-', '*', '+']))),
        };
        let Some(behind) = behind else {
            return count;
        };
        rest = behind.trim_start();
        count += 1;
    }
}

/// Whether a line is nothing but dashes, or nothing but stars.
fn is_rule(line: &str) -> bool {
    ['-', '*']
        .iter()
        .any(|sign| line.chars().all(|c| c == *sign || c.is_whitespace()))
}

/// What stands behind an item's mark, if a blank parts it from that.
fn item(behind: Option<&str>) -> Option<&str> {
    behind.filter(|behind| behind.is_empty() || behind.starts_with([' ', '\t']))
}

/// A block of the outermost level while it is read.
struct Open<'a> {
    tag: Tag<'a>,
    range: Range<usize>,
    depth: usize,
    parts: Vec<usize>,
    /// Stretches to replace, ascending and apart.
    edits: Vec<(Range<usize>, String)>,
    /// A heading's words.
    words: String,
    /// The raw HTML of the HTML block we are in.
    raw: String,
    /// How deep we are in images, and the words that stand for the outermost.
    images: usize,
    alt: String,
    /// The links that we are in.
    links: Vec<Link>,
}

/// A link while it is read.
struct Link {
    /// Where it leads, if that is said elsewhere, and the bytes that belong to it behind its end.
    elsewhere: Option<(String, usize)>,
    /// Where its words have come to.
    words: usize,
}

impl<'a> Open<'a> {
    fn new(tag: Tag<'a>, range: Range<usize>) -> Self {
        Self {
            tag,
            range,
            depth: 1,
            parts: Vec::new(),
            edits: Vec::new(),
            words: String::new(),
            raw: String::new(),
            images: 0,
            alt: String::new(),
            links: Vec::new(),
        }
    }

    /// Takes what comes in the block. Whether it is its end.
    fn event(&mut self, event: Event<'a>, range: Range<usize>) -> bool {
        if !matches!(event, Event::End(TagEnd::Link)) {
            for link in &mut self.links {
                link.words = link.words.max(range.end);
            }
        }
        match event {
            Event::Start(tag) => {
                match tag {
                    Tag::Item | Tag::TableRow if self.depth == 1 => self.parts.push(range.start),
                    Tag::Image { .. } => self.images += 1,
                    Tag::Link {
                        link_type,
                        dest_url,
                        ..
                    } => {
                        // The empty brackets behind one are not counted to it.
                        let behind = match link_type {
                            LinkType::Reference | LinkType::Shortcut => Some(0),
                            LinkType::Collapsed => Some("[]".len()),
                            _ => None,
                        };
                        self.links.push(Link {
                            elsewhere: behind.map(|behind| (address(&dest_url), behind)),
                            words: range.start + 1,
                        });
                    }
                    _ => {}
                }
                self.depth += 1;
            }
            Event::End(end) => {
                self.depth -= 1;
                match end {
                    TagEnd::Link => {
                        // Its definition stays behind in the document, so it has its address with it.
                        if let Some(Link { elsewhere, words }) = self.links.pop()
                            && let Some((address, behind)) = elsewhere
                            && self.images == 0
                        {
                            let end = range.end + behind;
                            self.edits.push((words..end, format!("]({address})")));
                        }
                    }
                    TagEnd::Image => {
                        self.images -= 1;
                        if self.images == 0 {
                            let alt = escaped(&std::mem::take(&mut self.alt));
                            self.edits.push((range, alt));
                        }
                    }
                    TagEnd::HtmlBlock if self.depth > 0 => {
                        let raw = std::mem::take(&mut self.raw);
                        let words = words_of(&raw).replace('\n', " ");
                        self.edits.push((range, words + "\n"));
                    }
                    _ => {}
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if self.images > 0 {
                    self.alt.push_str(&text);
                }
                self.words.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => {
                self.alt.push(' ');
                self.words.push(' ');
            }
            Event::Html(html) => self.raw.push_str(&html),
            Event::InlineHtml(html) if self.images == 0 => {
                let breaks = html
                    .get(..3)
                    .is_some_and(|tag| tag.eq_ignore_ascii_case("<br"));
                self.edits
                    .push((range, if breaks { " " } else { "" }.to_owned()));
            }
            _ => {}
        }
        self.depth == 0
    }
}

struct Reading<'a> {
    document: Document,
    body: &'a str,
    anchors: Anchors,
}

impl Reading<'_> {
    fn close(&mut self, open: Option<Open<'_>>) {
        let Some(open) = open else { return };
        match &open.tag {
            Tag::Heading { level, id, .. } => self.heading(*level, id.as_deref(), &open),
            Tag::HtmlBlock => {
                self.document
                    .push(BlockKind::Paragraph, &words_of(&open.raw));
            }
            Tag::List(_) => self.block(BlockKind::List, &open),
            Tag::Table(_) => {
                // The head with its line of dashes is all that stands before the first row.
                let first = open.parts.first().copied();
                self.block(BlockKind::Table, &open);
                if let Some(block) = self.document.blocks.last_mut().filter(|_| first.is_some()) {
                    block.lead.end = block.parts.first().copied().unwrap_or(block.lead.end);
                }
            }
            Tag::CodeBlock(kind) => {
                let fenced = matches!(kind, CodeBlockKind::Fenced(_));
                self.block(BlockKind::Code, &open);
                let text = &self.document.text;
                if let Some(block) = self.document.blocks.last_mut().filter(|_| fenced) {
                    fence(block, text);
                }
            }
            _ => self.block(BlockKind::Paragraph, &open),
        }
    }

    fn heading(&mut self, level: HeadingLevel, id: Option<&str>, open: &Open<'_>) {
        let title = open.words.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.chars().count() > MAX_HEADING_CHARS {
            return self.block(BlockKind::Paragraph, open);
        }
        if level == HeadingLevel::H1 {
            self.document.offer_title(&title);
        }
        let anchor = match id.filter(|id| id.len() <= MAX_HEADING_CHARS) {
            Some(id) => self.anchors.written(id.to_owned()),
            None => self.anchors.of(&title),
        };
        let kind = BlockKind::Heading {
            level: level as u8,
            title: title.clone(),
            anchor,
        };
        self.document.push(kind, &title);
    }

    /// Appends the block as it is written, with its edits made and its parts where they then are.
    fn block(&mut self, kind: BlockKind, open: &Open<'_>) {
        let Range { start, end } = open.range;
        // What stands before a block on its line is the indent that gives code and lists their shape.
        let before = self.body[..start].trim_end_matches([' ', '\t']);
        let start = match before.is_empty() || before.ends_with('\n') {
            true => before.len(),
            false => start,
        };
        let mut text = String::with_capacity(end - start);
        let mut parts = Vec::with_capacity(open.parts.len());
        let mut wanted = open.parts.iter().copied().peekable();
        let mut at = start;
        let mut begun = false;
        for (range, words) in &open.edits {
            while let Some(part) = wanted.next_if(|part| *part < range.end) {
                parts.push(text.len() + part.clamp(at, range.start) - at);
            }
            let before = &self.body[at..range.start];
            text.push_str(before);
            // Nothing may come together here to what it was not: `!` and a link, or two halves of a tag.
            begun = begins_mark(begun, before);
            if begun {
                text.push(' ');
            }
            begun = begins_mark(false, words);
            text.push_str(words);
            at = range.end;
        }
        parts.extend(wanted.map(|part| text.len() + part.max(at) - at));
        text.push_str(&self.body[at..end]);
        let before = text.len() - text.trim_start_matches('\n').len();
        if let Some(block) = self.document.push(kind, &text) {
            let Range { start, end } = block.range.clone();
            let moved = parts
                .into_iter()
                .map(|part| start + part.saturating_sub(before));
            block.parts = moved.filter(|part| *part < end).collect();
        }
    }
}

/// Marks the fences of a code block, to be repeated where it is cut.
fn fence(block: &mut Block, text: &str) {
    let Range { start, end } = block.range;
    let code = &text[start..end];
    let Some(first) = code.find('\n') else { return };
    block.lead = start..start + first + 1;
    let last = code.rfind('\n').map_or(0, |at| at + 1);
    let closing = code[last..].trim();
    if last > first && (closing.starts_with("```") || closing.starts_with("~~~")) {
        block.tail = start + last..end;
    }
}

/// Whether the last word so far, to which this is added, has what begins a tag or an image in it.
fn begins_mark(begun: bool, added: &str) -> bool {
    match added.rfind(char::is_whitespace) {
        Some(at) => added[at..].contains(['!', '<']),
        None => begun || added.contains(['!', '<']),
    }
}

/// An address, as it is written behind a link's words.
fn address(url: &str) -> String {
    match url.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '\\')) {
        true => format!("<{}>", url.replace('<', "%3C").replace('>', "%3E")),
        false => url.to_owned(),
    }
}

/// The words of raw HTML, for a place in Markdown.
fn words_of(raw: &str) -> String {
    html::document(raw).text
}

fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '<' | '[' | ']' | '!' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(document: &Document) -> Vec<String> {
        let of = |block: &Block| {
            format!("{:?}", block.kind)
                .split([' ', '('])
                .next()
                .unwrap()
                .to_owned()
        };
        document.blocks.iter().map(of).collect()
    }

    #[test]
    fn blocks_stay_as_they_are_written() {
        let text = "---\ntitle: T\n---\n# One *big* `x`\n\nSome **words**,\nmore.\n\n- a\n  - b\n- c\n\n| h | i |\n|---|---|\n| 1 | 2 |\n\n\
            ```sh\nls\n```\n\n    indented\n      code\n\n***\n\n## Sub {#own}\n> quote\n";
        let document = document(text);
        assert_eq!(
            kinds(&document),
            [
                "Heading",
                "Paragraph",
                "List",
                "Table",
                "Code",
                "Code",
                "Heading",
                "Paragraph"
            ]
        );
        assert_eq!(document.title.as_deref(), Some("T"));
        let part = |at: usize| &document.text[document.blocks[at].range.clone()];
        assert_eq!(part(0), "One big x");
        assert_eq!(part(1), "Some **words**,\nmore.");
        assert_eq!(part(2), "- a\n  - b\n- c");
        assert_eq!(part(5), "    indented\n      code");
        assert_eq!(part(7), "> quote");
        let table = &document.blocks[3];
        assert_eq!(&document.text[table.lead.clone()], "| h | i |\n|---|---|\n");
        let code = &document.blocks[4];
        assert_eq!(
            (
                &document.text[code.lead.clone()],
                &document.text[code.tail.clone()]
            ),
            ("```sh\n", "```")
        );
        assert_eq!(document.blocks[2].parts.len(), 2);
        assert!(
            matches!(&document.blocks[6].kind, BlockKind::Heading { level: 2, anchor, .. } if anchor == "own")
        );
    }

    #[test]
    fn a_link_whose_address_stands_elsewhere_has_it_with_it() {
        let text = "See [the *guide*][g], [g] and [G][], not [this](https://e.org/i).\n\n[g]: https://e.org/g \"Guide\"\n\n\
            [![a](x.png)][p]\n\n[p]: <https://e.org/a (b)>\n";
        assert_eq!(
            document(text).text,
            "See [the *guide*](https://e.org/g), [g](https://e.org/g) and [G](https://e.org/g), not [this](https://e.org/i).\n\n\
             [a](<https://e.org/a (b)>)"
        );
    }

    #[test]
    fn html_gives_its_words_and_images_their_descriptions() {
        let text = "A <b>bold</b> word, ![a [chart]](https://example.org/x.png) and<br>more.\n\n<div>\n<script>bad()</script>\n\
            Inside &lt;here\n</div>\n\n- item\n\n  <p>in it</p>\n- ![x](y)\n";
        let document = document(text);
        assert_eq!(
            document.text,
            "A bold word, a \\[chart\\] and more.\n\nInside \\<here\n\n- item\n\n  in it\n- x"
        );
        assert_eq!(document.blocks[2].parts.len(), 2);
    }

    #[test]
    fn what_was_taken_out_lets_nothing_come_together() {
        for text in [
            "!![](a)[b](c)",
            "!<b>[b](c)",
            "<scr<b>ipt>alert(1)</scr<b>ipt>",
            "![![a](b)](c)",
        ] {
            let left = document(text).text;
            let images =
                Parser::new(&left).filter(|event| matches!(event, Event::Start(Tag::Image { .. })));
            assert_eq!(images.count(), 0, "{text} -> {left}");
            assert!(!left.contains("<script"), "{text} -> {left}");
        }
    }

    #[test]
    fn lists_and_quotes_of_any_depth_are_read() {
        for mark in [
            "- ", "> ", "1. ", "* > ", "[", "![", "<b", "**a ", "`", "![a](b)",
        ] {
            let document = document(&mark.repeat(10_000));
            assert!(document.text.len() <= 10_000 * mark.len(), "{mark}");
        }
        // Each is a block of its own.
        let notes = document(&"[^1]: ".repeat(10_000));
        assert!(notes.text.len() <= 10_000 * "[^1]: \n\n".len());
        // A rule, a line of a table, or stars are no lists.
        for (before, line, behind) in [
            ("", "-", ""),
            ("", "*", ""),
            ("", "- ", ""),
            ("", "* ", ""),
            ("> ", "- ", ""),
            ("", "+-", ""),
            ("", "-->", ""),
            ("```\n", "> ", "\n```"),
        ] {
            let text = format!(
                "# Guide\n\n{before}{}{behind}\n\n## Part\n\nWords.\n",
                line.repeat(150)
            );
            let document = document(&text);
            assert_eq!(
                (document.title.as_deref(), document.notes.len()),
                (Some("Guide"), 0),
                "{line}"
            );
        }
        // Each further line would be looked at as often as there are lists around it.
        for mark in ["1. ", "+ ", "> ", "[^1]: "] {
            let deep = document(&(mark.repeat(50_000) + "\n" + &"[a]: b\n".repeat(50_000)));
            assert!(deep.notes[0].contains("plain text"), "{:?}", deep.notes);
        }
        let stairs: String = (0..1_000)
            .map(|depth| format!("{}- item\n", "  ".repeat(depth)))
            .collect();
        assert!(document(&stairs).text.contains("item"));
    }

    #[test]
    fn a_text_beyond_the_bound_is_cut_and_says_so() {
        let long = document(&"word\n\n".repeat(MAX_MARKDOWN_BYTES / 6 + 10));
        assert!(long.text.len() <= MAX_MARKDOWN_BYTES && (1..=2).contains(&long.notes.len()));
    }
}
