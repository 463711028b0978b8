//! Bytes in, a document out, for every kind of file that askd reads.
//!
//! All of it is pure but PDF, whose parsers are the least to be trusted: that one is read in a process of its own
//! (see [`pdf`]). A file that cannot be read is an error for that file alone; one of which a part cannot be read is
//! a document with notes.

mod csv;
mod decode;
mod front;
mod html;
mod json;
mod markdown;
pub mod pdf;
mod text;

use std::path::Path;

use super::document::Document;

pub use markdown::MAX_MARKDOWN_BYTES;

/// Bytes of a file at most. A PDF of a few hundred pages with pictures has about ten MiB; a larger one is better
/// split, for its reader holds all of it in memory.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// What a file is, judged by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `.md`, `.markdown`, `.mdx`
    Markdown,
    /// `.txt`, `.text`, `.rst`, `.adoc`, `.org`, `.log`
    Text,
    /// `.html`, `.htm`, `.xhtml`
    Html,
    /// `.csv`, `.tsv`
    Csv,
    /// `.json`
    Json,
    /// `.jsonl`, `.ndjson`
    JsonLines,
    /// `.pdf`
    Pdf,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Markdown,
        Self::Text,
        Self::Html,
        Self::Csv,
        Self::Json,
        Self::JsonLines,
        Self::Pdf,
    ];

    /// The kind of a file with this name; none where askd reads no such files. Capitals do not matter.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "md" | "markdown" | "mdx" => Self::Markdown,
            "txt" | "text" | "rst" | "adoc" | "org" | "log" => Self::Text,
            "html" | "htm" | "xhtml" => Self::Html,
            "csv" | "tsv" => Self::Csv,
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "pdf" => Self::Pdf,
            _ => return None,
        })
    }
}

/// Why nothing can be read out of a file.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// There is no text in it at all.
    #[error("it holds no text{0}")]
    Empty(&'static str),
    /// More bytes than [`MAX_FILE_BYTES`].
    #[error("it is larger than {} MiB; split it, or leave it out with `exclude`", MAX_FILE_BYTES >> 20)]
    TooLarge,
    /// Its name says text, its bytes do not.
    #[error("it is not text, although its name says so; leave it out with `exclude`")]
    Binary,
    /// It is not what its name says.
    #[error("{0}")]
    Malformed(String),
    /// The PDF reader gave up.
    #[error(transparent)]
    Pdf(#[from] pdf::PdfError),
}

/// Whose fault it is that a file cannot be read, and so when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The file's: when it changes.
    File,
    /// This machine's: at the next look.
    Machine,
    /// Either's, and it took long to find out: by the next askd.
    Unclear,
}

impl ExtractError {
    pub(super) fn blame(&self) -> Blame {
        use pdf::PdfError::{Killed, TooSlow, Unlimited, Unstartable};
        match self {
            Self::Pdf(Unstartable(_) | Unlimited) => Blame::Machine,
            // A busy machine; the system, for want of memory; whoever stops askd and all that it has started.
            Self::Pdf(TooSlow | Killed(_)) => Blame::Unclear,
            _ => Blame::File,
        }
    }
}

/// Reads a file's bytes. `reader` is asked for PDF alone, and then this takes as long as its limits allow: call it
/// where blocking is welcome.
pub fn document(kind: Kind, bytes: &[u8], reader: &pdf::Reader) -> Result<Document, ExtractError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ExtractError::TooLarge);
    }
    if kind == Kind::Pdf {
        let document = pdf::document(&reader.read(bytes)?);
        return some_text(document, ": its pages are pictures, perhaps");
    }
    let decoded = decode::decode(bytes, kind == Kind::Html)?;
    let mut document = match kind {
        Kind::Markdown => markdown::document(&decoded.text),
        Kind::Text | Kind::Pdf => text::document(&decoded.text),
        Kind::Html => html::document(&decoded.text),
        Kind::Csv => csv::document(&decoded.text)?,
        Kind::Json => json::document(&decoded.text)?,
        Kind::JsonLines => json::document_of_lines(&decoded.text)?,
    };
    if let Some(note) = decoded.note {
        document.note(note);
    }
    some_text(document, "")
}

/// Refuses a document without text, with its first note where it says why.
fn some_text(document: Document, why: &'static str) -> Result<Document, ExtractError> {
    if !document.text.is_empty() {
        return Ok(document);
    }
    Err(match document.notes.into_iter().next() {
        Some(note) => ExtractError::Malformed(note),
        None => ExtractError::Empty(why),
    })
}
