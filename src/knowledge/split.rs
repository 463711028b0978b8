//! A document's text, cut into the passages that are searched, quoted and put before a model.
//!
//! Structure decides where: a heading always begins a passage, paragraphs, lists, tables and code stay whole where they
//! fit, and what is too long is cut at its items, rows, lines, sentences or words, the coarsest that do. Every word
//! of the text comes into one passage, once, in its order.

use std::ops::Range;

use super::document::{Block, BlockKind, Document};

/// Tokens that a passage is filled up to. Some 200 words of English: enough to answer a question with, few enough
/// that five of them and their sources leave most of a small model's context free, and that an embedding is still
/// about one thing.
pub const TARGET_TOKENS: usize = 300;
/// Tokens up to which a block is left whole. The usual embedding models read 512 tokens and no further; the rest is
/// for the headings, and for our counting being an estimate.
pub const MAX_TOKENS: usize = 450;
/// Passages of a document at most; what lies beyond is left out, and [`Split::left_out`] says so.
pub const MAX_PASSAGES: usize = 50_000;

/// Bytes of a document that are searched at most, what stands above a passage (title, headings, tags) counted with each:
/// a small file of many headings and long tags would else fill the memory with them. What lies beyond is left out.
pub const MAX_SEARCHED_BYTES: usize = 32 << 20;

/// A part of a document that is searched and quoted as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is called, if it has a name of its own: an entry's title.
    pub title: Option<String>,
    /// The headings that it stands under, the highest first. For an entry, its question.
    pub headings: Vec<String>,
    /// The fragment that opens the document at it: the heading's, or `page=` and the page's number.
    pub anchor: Option<String>,
    /// Where it stands in the document's text, in bytes.
    pub range: Range<usize>,
    /// The text at `range`; where a table or code was cut, with its head or its fences around it.
    pub text: String,
    /// Where to read more, if that is said of it rather than of the document.
    pub url: Option<String>,
    /// Key words that are said of it rather than of the document; searched, never shown.
    pub tags: Vec<String>,
}

/// What a document was cut into.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// In the order of the text.
    pub pieces: Vec<Piece>,
    /// Whether there were more than [`MAX_PASSAGES`], or than [`MAX_SEARCHED_BYTES`].
    pub left_out: bool,
}

impl Piece {
    /// What is searched of it: its text, and what says what it is about. The same as of a passage that is kept.
    pub(super) fn searched<'d>(&'d self, document: &'d Document) -> impl Iterator<Item = &'d str> {
        let title = self.title.as_ref().or(document.title.as_ref());
        let words = title.into_iter().chain(&self.headings).chain(&self.tags);
        let words = words.chain(&document.tags).chain([&self.text]);
        words.map(String::as_str)
    }
}

/// Cuts a document.
pub fn split(document: &Document) -> Split {
    let mut cutter = Cutter {
        document,
        split: Split::default(),
        headings: Vec::new(),
        page: None,
        filled: None,
        said: true,
        searched: 0,
    };
    for block in &document.blocks {
        cutter.take(block);
        if cutter.split.left_out {
            break;
        }
    }
    cutter.flush();
    cutter.lonely();
    cutter.split
}

/// About how many tokens a text is: a letter of English is a quarter of one, other small alphabets cost half a
/// token a letter, and Chinese, Japanese and Korean a whole one.
pub fn tokens(text: &str) -> usize {
    text.chars().map(quarters).sum::<usize>().div_ceil(4)
}

/// The share of a token that a letter is, in quarters.
fn quarters(c: char) -> usize {
    match c {
        '\0'..='\u{7f}' => 1,
        '\u{80}'..='\u{10ff}' => 2,
        _ => 4,
    }
}

/// A heading that we are under.
struct Under<'a> {
    level: u8,
    title: &'a str,
    anchor: &'a str,
    range: Range<usize>,
}

struct Cutter<'a> {
    document: &'a Document,
    split: Split,
    headings: Vec<Under<'a>>,
    page: Option<u32>,
    /// The passage that is being filled, and its tokens.
    filled: Option<(Range<usize>, usize)>,
    /// Whether anything stands under the last heading.
    said: bool,
    /// Bytes that are searched so far.
    searched: usize,
}

impl<'a> Cutter<'a> {
    fn take(&mut self, block: &'a Block) {
        match &block.kind {
            BlockKind::Heading {
                level,
                title,
                anchor,
            } => {
                self.flush();
                if self
                    .headings
                    .last()
                    .is_some_and(|last| last.level >= *level)
                {
                    self.lonely();
                }
                self.headings.retain(|heading| heading.level < *level);
                self.headings.push(Under {
                    level: *level,
                    title,
                    anchor,
                    range: block.range.clone(),
                });
                self.said = false;
            }
            BlockKind::Page(page) => {
                self.flush();
                self.page = Some(*page);
            }
            BlockKind::Entry(head) => {
                self.flush();
                self.said = true;
                let piece = Piece {
                    title: Some(head.title.clone()),
                    headings: vec![head.question.clone()],
                    anchor: None,
                    range: block.range.clone(),
                    text: self.document.text[block.range.clone()].to_owned(),
                    url: head.url.clone(),
                    tags: head.tags.clone(),
                };
                self.add(piece);
            }
            BlockKind::Row => {
                self.flush();
                self.body(block);
                self.flush();
            }
            BlockKind::Paragraph | BlockKind::List | BlockKind::Table | BlockKind::Code => {
                self.body(block)
            }
        }
    }

    /// Fills the passage up with a block, or cuts the block.
    fn body(&mut self, block: &Block) {
        self.said = true;
        let size = tokens(&self.document.text[block.range.clone()]);
        match &mut self.filled {
            Some((range, filled)) if *filled + size <= TARGET_TOKENS => {
                range.end = block.range.end;
                *filled += size;
                return;
            }
            _ => self.flush(),
        }
        if size <= MAX_TOKENS {
            self.filled = Some((block.range.clone(), size));
            return;
        }
        let text = &self.document.text;
        // A head or a fence as long as a passage is repeated nowhere.
        let short = |range: &Range<usize>| match &text[range.clone()] {
            repeated if tokens(repeated) <= TARGET_TOKENS / 4 => repeated,
            _ => "",
        };
        let (lead, tail) = (short(&block.lead), short(&block.tail));
        for range in cut(text, block) {
            let mut piece = self.piece(range.clone());
            if !lead.is_empty() && range.start >= block.lead.end {
                piece.text.insert_str(0, &format!("{}\n", lead.trim_end()));
            }
            if !tail.is_empty() && range.end <= block.tail.start {
                piece.text.push_str(&format!("\n{tail}"));
            }
            self.add(piece);
        }
    }

    fn flush(&mut self) {
        if let Some((range, _)) = self.filled.take() {
            let piece = self.piece(range);
            self.add(piece);
        }
    }

    /// A heading with nothing under it is still said: as a passage of its own.
    fn lonely(&mut self) {
        if !self.said
            && let Some(heading) = self.headings.last()
        {
            let piece = self.piece(heading.range.clone());
            self.add(piece);
        }
        self.said = true;
    }

    fn piece(&self, range: Range<usize>) -> Piece {
        let anchor = self
            .headings
            .last()
            .map(|heading| heading.anchor.to_owned());
        Piece {
            title: None,
            headings: self
                .headings
                .iter()
                .map(|heading| heading.title.to_owned())
                .collect(),
            anchor: anchor.or_else(|| self.page.map(|page| format!("page={page}"))),
            text: self.document.text[range.clone()].to_owned(),
            range,
            url: None,
            tags: Vec::new(),
        }
    }

    fn add(&mut self, piece: Piece) {
        self.searched += piece.searched(self.document).map(str::len).sum::<usize>();
        if self.split.pieces.len() < MAX_PASSAGES && self.searched <= MAX_SEARCHED_BYTES {
            self.split.pieces.push(piece);
        } else {
            self.split.left_out = true;
        }
    }
}

/// Cuts a block into stretches of at most [`TARGET_TOKENS`] that hold all of it but white space.
fn cut(text: &str, block: &Block) -> Vec<Range<usize>> {
    let mut done = Vec::new();
    let mut range = trimmed(text, block.range.clone());
    while !range.is_empty() {
        let end = reach(text, &range);
        if end == range.end {
            done.push(range);
            break;
        }
        let at = best(text, block, range.start..end);
        let part = trimmed(text, range.start..at);
        // An indent may be wider than a passage.
        if !part.is_empty() {
            done.push(part);
        }
        range = trimmed(text, at..range.end);
    }
    done
}

/// How far a passage that begins here can reach.
fn reach(text: &str, range: &Range<usize>) -> usize {
    let mut size = 0;
    for (at, c) in text[range.clone()].char_indices() {
        size += quarters(c);
        if size > TARGET_TOKENS * 4 {
            return range.start + at;
        }
    }
    range.end
}

/// Where to cut within the reach: at the last item or row, else at the last sentence or line, else at the last word,
/// as long as that leaves a passage of half the reach (a third, for items), else at the last letter.
fn best(text: &str, block: &Block, reach: Range<usize>) -> usize {
    let Range { start, end } = reach;
    let third = start + (end - start) / 3;
    let half = text.ceil_char_boundary(start + (end - start) / 2);
    let until = block.parts.partition_point(|part| *part <= end);
    if let Some(part) = block.parts[..until].last().filter(|part| **part > third) {
        return *part;
    }
    let (mut word, mut line, mut sentence) = (None, None, None);
    for (at, c) in text[half..end].char_indices() {
        let after = half + at + c.len_utf8();
        let closes = matches!(c, '。' | '！' | '？')
            || matches!(c, '.' | '!' | '?' | ';' | '…')
                && text[after..].starts_with(char::is_whitespace);
        if closes {
            sentence = Some(after);
        }
        if c == '\n' {
            line = Some(after);
        }
        if c.is_whitespace() {
            word = Some(after);
        }
    }
    // Prose is broken into lines anywhere; elsewhere a line is what must not be torn.
    let whole = match block.kind {
        BlockKind::Paragraph => sentence.or(line),
        _ => line.or(sentence),
    };
    whole.or(word).unwrap_or_else(|| {
        // A letter keeps what is written on it or joined to it.
        let marks = text[half..end].char_indices().rev();
        let letter = marks
            .map(|(at, _)| half + at)
            .find(|at| !text[*at..].starts_with(joins));
        match text[end..].starts_with(joins) {
            true => letter.filter(|at| *at > half).unwrap_or(end),
            false => end,
        }
    })
}

/// Whether a character belongs to the one before it.
fn joins(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// The range without the white space around it, but with the indent of its first line.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let first = part.len() - part.trim_start().len();
    let begins_line = text[..range.start].ends_with('\n') || range.start == 0;
    let line = part[..first].rfind('\n').map(|at| at + 1);
    let start = line.unwrap_or(if begins_line { 0 } else { first });
    let end = part.trim_end().len();
    range.start + start.min(end)..range.start + end
}

#[cfg(test)]
mod tests;
