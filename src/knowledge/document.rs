//! A document as its reader leaves it: one text, and blocks that say what each stretch of it is.
//!
//! Every kind of file comes down to this, so the splitter knows one shape, and a position is a byte range in one text.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use url::Url;

use super::entry::Entry;

/// Bytes of text that a document gives at most; what lies beyond is left out, with a note. A thick novel has one
/// MiB.
pub const MAX_TEXT_BYTES: usize = 16 << 20;
/// Characters of a heading at most; a longer one is a paragraph in disguise and is read as one.
pub const MAX_HEADING_CHARS: usize = 200;
/// Bytes of a title, an address or a tag at most; longer ones are left out.
pub const MAX_FIELD_BYTES: usize = 2 << 10;
/// Tags of a document at most.
pub const MAX_TAGS: usize = 64;
/// Blocks of a document at most; what lies beyond is left out, with a note. They are what a text of nothing but blank
/// lines would fill the memory with.
pub const MAX_BLOCKS: usize = 200_000;
/// Notes that a document keeps at most; further ones are only counted.
pub const MAX_NOTES: usize = 20;

/// What was read out of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What it calls itself; none where nothing in it looks like a title.
    pub title: Option<String>,
    /// Where it is published, an http or https address.
    pub url: Option<String>,
    /// Key words of other phrasings; searched, never shown.
    pub tags: Vec<String>,
    /// How the text is to be shown.
    pub format: Format,
    /// All that can be searched and quoted, UTF-8, lines ended by `\n`. At most [`MAX_TEXT_BYTES`].
    pub text: String,
    /// What the text is made of, in its order and without overlaps. Between blocks there is only white space.
    pub blocks: Vec<Block>,
    /// What was left out or mended, each a sentence without its full stop. At most [`MAX_NOTES`] and one.
    pub notes: Vec<String>,
    /// Notes that [`Document::note`] was given, kept or not.
    pub(super) noted: usize,
    /// Whether a bound was reached: a reader may stop.
    pub(super) full: bool,
}

/// How a text is to be shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As it is: its stars and angle brackets are stars and angle brackets.
    #[default]
    Plain,
    /// As Markdown.
    Markdown,
}

/// One stretch of a document's text.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Where it is, in bytes of the text.
    pub range: Range<usize>,
    /// Where it is best cut if it must be: the beginnings of its items or rows, ascending, as positions in the text.
    pub parts: Vec<usize>,
    /// What stands at its beginning and is repeated when it is cut: a table's head, a fence. Often empty.
    pub lead: Range<usize>,
    /// What stands at its end and is repeated when it is cut: a closing fence. Often empty.
    pub tail: Range<usize>,
}

/// What a block is.
#[derive(Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// The heading of what follows, until one of the same level or a higher one.
    Heading {
        /// From 1, the highest, to 6.
        level: u8,
        /// Its words, without marks.
        title: String,
        /// The fragment of an address that opens the document here.
        anchor: String,
    },
    /// A page begins here; the range is empty. Counted from one.
    Page(u32),
    /// Prose, and all that has no kind of its own.
    Paragraph,
    /// A whole list, with the lists in it.
    List,
    /// A whole table.
    Table,
    /// Lines whose breaks matter.
    Code,
    /// One row of a table that is the whole file, as `name: value` lines. It is a passage of its own.
    Row,
    /// A question with its answer; the range is the answer. It is a passage of its own, and never cut.
    Entry(Box<EntryHead>),
}

/// What an entry says beside its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHead {
    /// What people call it; the question itself where none is written.
    pub title: String,
    /// As a person would ask it.
    pub question: String,
    /// Where to read more, an http or https address.
    pub url: Option<String>,
    /// Key words of other phrasings; searched, never shown.
    pub tags: Vec<String>,
}

impl Document {
    /// An empty document.
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            ..Self::default()
        }
    }

    /// Says what was left out or mended.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.noted += 1;
        if self.notes.len() < MAX_NOTES {
            self.notes.push(inert(&note.into()).into_owned());
        } else {
            self.notes.truncate(MAX_NOTES);
            let more = self.noted - MAX_NOTES;
            self.notes.push(format!("and {more} more of such faults"));
        }
    }

    /// Appends a block and the text that it is, trimmed at its ends. Text that is blank or beyond the bound is left
    /// out, and then nothing is returned. `parts`, `lead` and `tail` are left for the caller to fill in.
    pub(super) fn push(&mut self, kind: BlockKind, text: &str) -> Option<&mut Block> {
        let mut text = text.trim_end().trim_start_matches('\n');
        if self.full || text.trim_start().is_empty() {
            return None;
        }
        if self.text.len() + text.len() + 2 > MAX_TEXT_BYTES {
            self.full = true;
            self.note(beyond(MAX_TEXT_BYTES));
            // A log without a blank line is one paragraph.
            let room = MAX_TEXT_BYTES.saturating_sub(self.text.len() + 2);
            text = text[..text.floor_char_boundary(room)].trim_end();
            let can_be_cut = matches!(kind, BlockKind::Paragraph | BlockKind::List);
            if !can_be_cut || text.is_empty() {
                return None;
            }
        }
        if self.blocks.len() == MAX_BLOCKS {
            self.full = true;
            self.note(format!(
                "only its first {MAX_BLOCKS} paragraphs are used; split it into smaller files"
            ));
            return None;
        }
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        let start = self.text.len();
        self.text.push_str(&inert(text));
        self.blocks.push(Block::new(kind, start..self.text.len()));
        self.blocks.last_mut()
    }

    /// Begins a page.
    pub(super) fn page(&mut self, number: u32) {
        if self.blocks.len() < MAX_BLOCKS {
            let at = self.text.len();
            self.blocks
                .push(Block::new(BlockKind::Page(number), at..at));
        }
    }

    /// Appends a question with its answer.
    pub(super) fn push_entry(&mut self, entry: Entry) {
        let url = entry.url.as_deref().and_then(|url| self.address(url));
        let head = EntryHead {
            title: inert(&entry.title).into_owned(),
            question: inert(&entry.question).into_owned(),
            url,
            tags: fitting_tags(entry.tags.iter().map(String::as_str), MAX_TAGS),
        };
        self.push(BlockKind::Entry(Box::new(head)), &entry.answer);
    }

    /// Takes the title, unless there is one already.
    pub(super) fn offer_title(&mut self, title: &str) {
        let title = inert(title);
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.title.is_none() && !title.is_empty() && title.len() <= MAX_FIELD_BYTES {
            self.title = Some(title);
        }
    }

    /// Takes the address, unless there is one already.
    pub(super) fn offer_url(&mut self, url: &str) {
        if self.url.is_none() {
            self.url = self.address(url);
        }
    }

    /// Takes tags, as far as there is room.
    pub(super) fn offer_tags<'a>(&mut self, tags: impl Iterator<Item = &'a str>) {
        let room = MAX_TAGS.saturating_sub(self.tags.len());
        self.tags.extend(fitting_tags(tags, room));
    }

    /// The address, if it is one that a reader may be sent to.
    fn address(&mut self, url: &str) -> Option<String> {
        let url = url.trim();
        if url.is_empty() {
            return None;
        }
        let parsed = Url::parse(url)
            .ok()
            .filter(|_| url.len() <= MAX_FIELD_BYTES);
        match parsed.filter(|url| matches!(url.scheme(), "http" | "https")) {
            Some(parsed) => Some(parsed.into()),
            None => {
                let shown: String = url.escape_debug().take(80).collect();
                self.note(format!("`url` is no http or https address: {shown}"));
                None
            }
        }
    }
}

/// The tags that are neither blank nor too long, as many as there is room for.
fn fitting_tags<'a>(tags: impl Iterator<Item = &'a str>, room: usize) -> Vec<String> {
    let tags = tags
        .map(str::trim)
        .filter(|tag| !tag.is_empty() && tag.len() <= MAX_FIELD_BYTES);
    tags.take(room).map(|tag| inert(tag).into_owned()).collect()
}

impl Block {
    /// A block that is cut nowhere in particular.
    pub(super) fn new(kind: BlockKind, range: Range<usize>) -> Self {
        let start = range.start;
        Self {
            kind,
            range,
            parts: Vec::new(),
            lead: start..start,
            tail: start..start,
        }
    }
}

/// The text without the control characters that entities and escapes can bring into it, which a terminal would obey. Of
/// the same length, so that what stands where stays true.
fn inert(text: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(odd) {
        return text.into();
    }
    let still = |c: char| match (odd(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) => ' ',
        (true, _) => '\u{a0}',
    };
    text.chars().map(still).collect()
}

/// The sentence on a bound.
pub(super) fn beyond(bytes: usize) -> String {
    format!(
        "only its first {} MiB of text are used; split it into smaller files",
        bytes >> 20
    )
}

/// Gives headings their anchors, as the code forges do: small letters, hyphens for spaces, a number for a repetition.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    taken: HashMap<String, usize>,
}

impl Anchors {
    /// An anchor of its own for this title.
    pub(super) fn of(&mut self, title: &str) -> String {
        let mut slug = String::new();
        for c in title.trim().chars().take(MAX_HEADING_CHARS) {
            match c {
                ' ' | '-' => slug.push('-'),
                '_' => slug.push('_'),
                c if c.is_alphanumeric() => slug.extend(c.to_lowercase()),
                _ => {}
            }
        }
        if slug.is_empty() {
            slug.push_str("section");
        }
        self.written(slug)
    }

    /// The anchor that the document itself names, made distinct.
    pub(super) fn written(&mut self, anchor: String) -> String {
        let mut unique = anchor.clone();
        // The count is kept by name, so a thousand equal headings do not try a thousand numbers each.
        while self.taken.contains_key(&unique) {
            let count = self.taken.entry(anchor.clone()).or_default();
            *count += 1;
            unique = format!("{anchor}-{count}");
        }
        self.taken.insert(unique.clone(), 0);
        unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_distinct_and_readable() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.of("How it Works, really?"), "how-it-works-really");
        assert_eq!(anchors.of("Größe & Maß"), "größe--maß");
        assert_eq!(anchors.of("A"), "a");
        assert_eq!(anchors.of("a"), "a-1");
        assert_eq!(anchors.of("a 1"), "a-1-1");
        assert_eq!(anchors.of("A"), "a-2");
        assert_eq!(anchors.of("!?"), "section");
    }

    #[test]
    fn nothing_in_a_document_can_command_a_terminal() {
        let evil = "a\u{1b}[31m\u{7}\u{9b}b\tc\nd";
        let mut document = Document::default();
        document.offer_title(evil);
        document.offer_tags([evil].into_iter());
        document.note(evil);
        document.push(BlockKind::Paragraph, evil);
        document.push_entry(Entry {
            title: evil.to_owned(),
            question: evil.to_owned(),
            answer: evil.to_owned(),
            tags: vec![evil.to_owned()],
            url: None,
        });
        assert!(document.text.contains("a [31m \u{a0}b\tc\nd"));
        assert_eq!(document.blocks[0].range.len(), evil.len());
        let said = format!("{document:?}");
        assert!(!said.contains("\\u{1b}") && !said.contains("\\u{7}") && !said.contains("\\u{9b}"));
    }

    #[test]
    fn an_address_is_of_the_web_or_none() {
        let mut document = Document::default();
        document.offer_url("javascript:alert(1)");
        document.offer_url("/relative");
        assert_eq!((document.url.as_ref(), document.notes.len()), (None, 2));
        document.offer_url(" https://example.org/a b ");
        assert_eq!(document.url.as_deref(), Some("https://example.org/a%20b"));
    }

    #[test]
    fn notes_are_bounded_and_the_rest_is_counted() {
        let mut document = Document::default();
        for n in 0..MAX_NOTES + 5 {
            document.note(format!("fault {n}"));
        }
        assert_eq!(document.notes.len(), MAX_NOTES + 1);
        assert_eq!(document.notes[MAX_NOTES], "and 5 more of such faults");
    }
}
