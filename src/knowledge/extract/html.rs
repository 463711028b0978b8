//! HTML to Markdown: headings, paragraphs, lists, tables and code, and nothing that runs or loads.
//!
//! It is read as a stream of tags, without a tree: so nothing overflows or slows down at any depth, and no tag has to
//! be closed. What is lost thereby are the subtleties of broken nesting, which no reader of a passage misses. What a page
//! hides until somebody clicks is read like the rest: there manuals keep their tabs.

mod elements;
mod mark;
mod tags;

use std::ops::Range;

use html5gum::{StartTag, Token, Tokenizer};

use self::{
    elements::{BLOCKS, SKIPPED},
    mark::Marked,
    tags::Tags,
};
use crate::knowledge::document::{Anchors, BlockKind, Document, Format, MAX_HEADING_CHARS};

/// Levels of a list that are indented; those below stand as far in as this one.
const MAX_INDENT: usize = 8;
/// What each level stands in: as far as the words behind a mark of any kind.
const INDENT: &str = "    ";

/// Bytes of a page in which it says that it is XML.
const HEAD: usize = 1 << 10;

/// Reads a page.
pub(super) fn document(html: &str) -> Document {
    let head = &html[..html.floor_char_boundary(HEAD)];
    let is_xml = head.trim_start().starts_with("<?xml") || head.contains("//www.w3.org/1999/xhtml");
    let mut reading = Reading {
        document: Document::new(Format::Markdown),
        is_xml,
        ..Reading::default()
    };
    for token in Tokenizer::new_with_emitter(html, Tags::of(is_xml)) {
        match token {
            Ok(Token::StartTag(tag)) => reading.start(&tag),
            Ok(Token::EndTag(tag)) => reading.end(&tag.name),
            Ok(Token::String(text)) => reading.text(&String::from_utf8_lossy(&text)),
            Ok(_) => {}
            Err(never) => match never {},
        }
        if reading.document.full {
            break;
        }
    }
    if let Some((name, _)) = &reading.skipped {
        let name = String::from_utf8_lossy(name).into_owned();
        let rest = "what follows it is left out";
        reading
            .document
            .note(format!("a <{name}> in it is never closed, and {rest}"));
    }
    reading.flush();
    reading.document
}

/// What the text that comes belongs to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Open {
    #[default]
    Paragraph,
    Heading(u8),
    List,
    Table,
    Code,
}

#[derive(Default)]
struct Reading {
    /// Whether any element may close itself.
    is_xml: bool,
    document: Document,
    anchors: Anchors,
    open: Open,
    /// The block's text so far. It never begins with a line's end.
    text: String,
    /// Where in it items begin.
    parts: Vec<usize>,
    /// The lists that we are in, each with the number of its next item; none where they are not numbered.
    lists: Vec<Option<u32>>,
    /// How deep in tables we are.
    tables: usize,
    /// Whether a cell of this row was seen.
    cell: bool,
    preformatted: bool,
    /// Where in the text preformatted lines within a list began.
    listing: Option<usize>,
    /// The page's title while we are in it.
    title: Option<String>,
    /// The element that is skipped, and how often it was opened in itself.
    skipped: Option<(Vec<u8>, usize)>,
    /// The last name given to a place since the last text.
    id: Option<String>,
}

impl Reading {
    fn start(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth += usize::from(skipped.as_slice() == name);
            return;
        }
        if SKIPPED.contains(&name) {
            // Outside of XML only foreign elements close themselves.
            if !(tag.self_closing && (self.is_xml || name == b"svg")) {
                self.skipped = Some((name.to_vec(), 1));
            }
            return;
        }
        match name {
            b"title" if self.is_xml && tag.self_closing => {}
            b"title" => self.title = Some(String::new()),
            b"meta" | b"link" => self.about(tag),
            b"img" => self.text(&attribute(tag, b"alt").unwrap_or_default()),
            b"br" => self.line_break(),
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush();
                self.lists.clear();
                self.tables = 0;
                self.open = Open::Heading(name[1] - b'0');
            }
            b"pre" => {
                self.end_listing();
                self.block(Open::Code);
                self.preformatted = true;
                self.listing = (self.open == Open::List).then_some(self.text.len());
            }
            b"ul" | b"ol" | b"menu" => {
                self.end_listing();
                self.block(Open::List);
                let start = || attribute(tag, b"start").and_then(|start| start.parse().ok());
                self.lists
                    .push((name == b"ol").then(|| start().unwrap_or(1)));
            }
            b"table" => {
                self.block(Open::Table);
                self.tables += 1;
            }
            b"li" | b"dt" | b"dd" => self.item(),
            b"tr" => self.row(),
            b"td" | b"th" => self.cell(),
            name if BLOCKS.contains(&name) => self.block(Open::Paragraph),
            _ => {}
        }
        let named = attribute(tag, b"id");
        let named = named.or_else(|| attribute(tag, b"name").filter(|_| name == b"a"));
        if let Some(id) = named.filter(|id| !id.is_empty() && id.len() <= MAX_HEADING_CHARS) {
            self.id = Some(id);
        }
    }

    fn end(&mut self, name: &[u8]) {
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth -= usize::from(skipped.as_slice() == name);
            if *depth == 0 {
                self.skipped = None;
            }
            return;
        }
        match name {
            b"title" => {
                let title = self.title.take().unwrap_or_default();
                self.document.offer_title(&title);
            }
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => self.block(Open::Paragraph),
            b"pre" => {
                self.preformatted = false;
                self.end_listing();
                self.block(Open::Paragraph);
            }
            b"ul" | b"ol" | b"menu" => {
                self.lists.pop();
                self.block(Open::Paragraph);
            }
            b"table" => {
                self.tables = self.tables.saturating_sub(1);
                self.block(Open::Paragraph);
            }
            name if BLOCKS.contains(&name) => self.block(Open::Paragraph),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if let Some(title) = &mut self.title {
            title.push_str(text);
            return;
        }
        if self.preformatted && (self.open == Open::Code || self.listing.is_some()) {
            let text = if self.text.is_empty() {
                text.trim_start_matches('\n')
            } else {
                text
            };
            self.text.push_str(text);
            return;
        }
        for (at, word) in text.split(char::is_whitespace).enumerate() {
            let parted = at > 0 && !self.text.is_empty() && !self.text.ends_with([' ', '\n']);
            if parted {
                self.text.push(' ');
            }
            self.word(word);
        }
    }

    /// A heading is written down with its title; all else as it comes.
    fn word(&mut self, word: &str) {
        if matches!(self.open, Open::Heading(_)) {
            self.text.push_str(word);
            return;
        }
        let is_cell = self.open == Open::Table;
        mark::word(word, is_cell, &mut self.text);
    }

    /// Ends preformatted lines within a list: they become code of their item.
    fn end_listing(&mut self) {
        let Some(at) = self.listing.take() else {
            return;
        };
        let lines = self.text.split_off(at);
        if lines.trim().is_empty() {
            return;
        }
        let indent = INDENT.repeat(self.lists.len().clamp(1, MAX_INDENT));
        for line in mark::code(&lines).text.lines() {
            self.text.push_str(&indent);
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// A block begins or ends. In a list or a table that is only a new line.
    fn block(&mut self, open: Open) {
        if self.lists.is_empty() && self.tables == 0 {
            self.flush();
            self.open = open;
        } else if !mark::begins_item(&self.text) && !self.text.ends_with("| ") {
            self.line("");
        }
    }

    /// A line ends, and its block does not.
    fn line_break(&mut self) {
        let is_prose = self.open == Open::Paragraph && !self.preformatted;
        if is_prose && !self.text.is_empty() && !self.text.ends_with('\n') {
            let words = self.text.trim_end_matches(' ').len();
            self.text.truncate(words);
            // Without the two blanks Markdown would take it for one.
            self.text.push_str("  \n");
        } else {
            self.line("");
        }
    }

    /// Begins a new line, unless the text is at the beginning of one. In a cell there is but one.
    fn line(&mut self, mark: &str) {
        if self.open == Open::Table {
            if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
            return;
        }
        self.new_line(mark);
    }

    fn new_line(&mut self, mark: &str) {
        if !self.preformatted {
            let words = self.text.trim_end_matches(' ').len();
            self.text.truncate(words);
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.push_str(mark);
    }

    fn item(&mut self) {
        if self.listing.is_some() {
            self.preformatted = false;
            self.end_listing();
        }
        if self.tables == 0 && self.lists.len() <= 1 {
            self.line("");
            self.parts.push(self.text.len());
        }
        let indent = INDENT.repeat(self.lists.len().clamp(1, MAX_INDENT) - 1);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}.");
                *number = number.saturating_add(1);
                mark
            }
            _ => "-".to_owned(),
        };
        self.line(&format!("{indent}{mark} "));
    }

    fn row(&mut self) {
        if self.tables == 1 {
            self.new_line("");
        } else {
            self.line("");
        }
        self.cell = false;
    }

    fn cell(&mut self) {
        if self.cell {
            self.text.push_str(if self.text.ends_with(' ') {
                "| "
            } else {
                " | "
            });
        }
        self.cell = true;
    }

    /// Ends the block. What it may be cut at goes with it.
    fn flush(&mut self) {
        self.end_listing();
        let text = std::mem::take(&mut self.text);
        let parts = std::mem::take(&mut self.parts);
        self.cell = false;
        let open = std::mem::take(&mut self.open);
        if text.trim().is_empty() {
            return;
        }
        let id = self.id.take();
        let marked = match open {
            Open::Table => mark::table(&text),
            Open::Code => mark::code(&text),
            Open::Heading(_) => Marked::plain(mark::words(&text), Vec::new()),
            Open::Paragraph => mark::lines(&text, parts),
            Open::List => Marked::plain(text.clone(), parts),
        };
        let kind = match open {
            Open::Heading(level) if text.chars().count() <= MAX_HEADING_CHARS => {
                let title = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if level == 1 {
                    self.document.offer_title(&title);
                }
                let anchor = match id {
                    Some(id) => self.anchors.written(id),
                    None => self.anchors.of(&title),
                };
                BlockKind::Heading {
                    level,
                    title,
                    anchor,
                }
            }
            Open::List => BlockKind::List,
            Open::Table => BlockKind::Table,
            Open::Code => BlockKind::Code,
            Open::Paragraph | Open::Heading(_) => BlockKind::Paragraph,
        };
        if let Some(block) = self.document.push(kind, &marked.text) {
            let Range { start, end } = block.range.clone();
            let inside = |at: usize| (start + at < end).then_some(start + at);
            block.parts = marked.parts.into_iter().filter_map(inside).collect();
            let within = |range: &Range<usize>| start + range.start..(start + range.end).min(end);
            block.lead = within(&marked.lead);
            if let Some(tail) = &marked.tail {
                block.tail = within(tail);
            }
        }
    }

    /// What the page's head says about the page.
    fn about(&mut self, tag: &StartTag<()>) {
        let is = |name: &[u8], value: &str| {
            attribute(tag, name).is_some_and(|said| said.eq_ignore_ascii_case(value))
        };
        if is(b"name", "keywords") {
            let keywords = attribute(tag, b"content").unwrap_or_default();
            self.document.offer_tags(keywords.split(','));
        } else if is(b"rel", "canonical") {
            self.document
                .offer_url(&attribute(tag, b"href").unwrap_or_default());
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    let value = tag.attributes.get(name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(html: &str) -> Vec<(BlockKind, String)> {
        let document = document(html);
        let Document { text, blocks, .. } = document;
        let texts = blocks
            .into_iter()
            .map(|block| (block.kind, text[block.range].to_owned()));
        texts.collect()
    }

    #[test]
    fn elements_of_xhtml_close_themselves() {
        let html = "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title/><script src=\"x.js\"/></head>\
            <body><p>Walrus.</p><iframe/><script>for (i=0;i<n;i++) b();</script><p>Tusk.</p></body></html>";
        assert_eq!(document(html).text, "Walrus.\n\nTusk.");
        assert_eq!(
            document("<p>a<title/>b").text,
            "a",
            "in HTML nothing but a foreign element does"
        );
    }

    #[test]
    fn a_page_keeps_its_structure() {
        let page = "<html><head><title>My\n page</title><link rel=canonical href=https://example.org/p>\
            <meta name=keywords content='a, b'></head><body><nav><a>Home</a></nav>\
            <h2 id=top>First &amp; last</h2><p>Some <b>bold</b>\n   words<br>next.\
            <ul><li>one<ul><li>deep</ul><li><p>two</p></ul>\
            <table><tr><th>A<th>B<tr><td>1<td>2</table><pre>\n  x = 1\n    y</pre><h3>Then</h3>end";
        let document = document(page);
        assert_eq!(document.title.as_deref(), Some("My page"));
        assert_eq!(document.url.as_deref(), Some("https://example.org/p"));
        assert_eq!(document.tags, ["a", "b"]);
        assert_eq!(
            document.text,
            "First & last\n\nSome bold words  \nnext.\n\n- one\n    - deep\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n\
             ```\n  x = 1\n    y\n```\n\nThen\n\nend"
        );
        let anchors: Vec<_> = document
            .blocks
            .iter()
            .filter_map(|block| match &block.kind {
                BlockKind::Heading { level, anchor, .. } => Some((*level, anchor.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(anchors, [(2, "top"), (3, "then")]);
        let list = &document.blocks[2];
        assert_eq!((&list.kind, list.parts.len()), (&BlockKind::List, 2));
        let table = &document.blocks[3];
        assert_eq!(&document.text[table.lead.clone()], "| A | B |\n|---|---|\n");
    }

    #[test]
    fn items_have_their_numbers_and_their_code() {
        let page =
            "<ol start=3><li>Open<ul><li>slowly</ul><li>Type<pre>a\n  *b*</pre><li>2. Close</ol>";
        assert_eq!(
            document(page).text,
            "3. Open\n    - slowly\n4. Type\n    ```\n    a\n      *b*\n    ```\n5. 2\\. Close"
        );
    }

    #[test]
    fn code_that_is_left_open_in_a_list_ends_with_its_item() {
        let page = "<ul><li>a<pre>éé\n  *é*<li>é *b*<pre>c<pre>d</ul>";
        let document = document(page);
        assert_eq!(
            document.text,
            "- a\n    ```\n    éé\n      *é*\n    ```\n- é \\*b\\*\n    ```\n    c\n    ```\n    ```\n    d\n    ```"
        );
        for part in &document.blocks[0].parts {
            assert!(document.text[*part..].starts_with("- "), "{part}");
        }
    }

    #[test]
    fn what_a_list_of_terms_may_be_cut_at_are_its_terms() {
        let document = document("<dl><dt>é<dd>x<br>2<b>. b</b><dt>f<dd>g</dl>");
        let parts = &document.blocks[0].parts;
        assert_eq!(parts.len(), 4, "{:?}", document.text);
        for part in parts {
            assert!(
                document.text[*part..].starts_with("- "),
                "{}",
                document.text
            );
        }
    }

    #[test]
    fn a_cell_is_one_line_whatever_is_in_it() {
        let page = "<table><tr><th>A<th>B<tr><td><ul><li>one<li>two</ul><td>a|b<br>c<pre>d\ne</pre></table>";
        assert_eq!(
            document(page).text,
            "| A | B |\n|---|---|\n| one two | a\\|b c d e |"
        );
    }

    #[test]
    fn nothing_that_runs_or_loads_is_left() {
        let page = "<script>alert('<p>no</p>')</script><style>p{}</style><p onclick=x>yes\
            <img src=https://example.org/x.png alt='a chart'><svg><title>no</title></svg><svg/>\
            <iframe src=x>no</iframe><!-- no --><template><p>no</template> more</p>";
        assert_eq!(document(page).text, "yesa chart more");
        assert_eq!(document("&lt;script&gt;").text, "\\<script>");
        let open = document("<p>a<script>b<p>c");
        assert_eq!(open.text, "a");
        assert!(open.notes[0].contains("<script>"), "{:?}", open.notes);
    }

    #[test]
    fn a_table_around_a_whole_page_does_not_hide_its_headings() {
        let found =
            blocks("<table><tr><td>menu</td><td><h1>Title</h1><p>Words</p></td></tr></table>end");
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(matches!(&found[1].0, BlockKind::Heading { level: 1, .. }));
    }

    #[test]
    fn lists_and_tags_of_any_depth_are_read_in_one_breath() {
        for open in [
            "<ul><li>a",
            "<div>",
            "<table><tr><td>",
            "<blockquote><p>b",
            "<b>",
            "<svg>",
            "<h1>",
            "<br>a",
            "word ",
            "<td>",
            "<ol><li>",
        ] {
            let text = document(&open.repeat(100_000)).text;
            assert!(text.len() < 4_000_000, "{open}");
        }
    }

    #[test]
    fn a_heading_as_long_as_a_page_is_a_paragraph() {
        let found = blocks(&format!("<h1>{}</h1>", "word ".repeat(100)));
        assert_eq!(found[0].0, BlockKind::Paragraph);
    }
}
