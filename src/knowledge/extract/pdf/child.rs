//! The other side: the process that opens one PDF, with hardly any rights, and ends.

use std::{
    io::{self, Read as _, Write as _},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

use pdf_extract::{Document, PlainTextOutput, output_doc_page};
use rlimit::Resource;

use super::{
    EXIT_BROKEN, EXIT_LOCKED, EXIT_UNLIMITED, MAX_MEMORY_MIB, MAX_SECONDS, PAGE_END, PAGE_LOST,
};
use crate::knowledge::extract::MAX_FILE_BYTES;

/// Reads a PDF from standard input and writes its text to standard output, page by page. Call it before there are
/// threads: the limits that it sets are for a process that does nothing else.
pub fn child() -> ExitCode {
    // What a parser has to say when it breaks is for nobody.
    panic::set_hook(Box::new(|_| {}));
    if limit().is_err() {
        return ExitCode::from(EXIT_UNLIMITED);
    }
    let mut pdf = Vec::new();
    let stdin = io::stdin().lock();
    if stdin.take(MAX_FILE_BYTES).read_to_end(&mut pdf).is_err() {
        return ExitCode::from(EXIT_BROKEN);
    }
    match panic::catch_unwind(|| write_text(&pdf)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(code)) => ExitCode::from(code),
        Err(_) => ExitCode::from(EXIT_BROKEN),
    }
}

/// Takes away what the reading of one file does not need.
fn limit() -> io::Result<()> {
    let memory = MAX_MEMORY_MIB << 20;
    for (resource, most) in [
        (Resource::AS, memory),
        (Resource::CPU, MAX_SECONDS),
        (Resource::CORE, 0),
        (Resource::FSIZE, 0),
        // Standard input, output and error, and no file after them.
        (Resource::NOFILE, 3),
    ] {
        rlimit::setrlimit(resource, most, most)?;
    }
    Ok(())
}

fn write_text(pdf: &[u8]) -> Result<(), u8> {
    let mut document = Document::load_mem(pdf).map_err(|_| EXIT_BROKEN)?;
    // Many files are locked with an empty password, against changes only.
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(EXIT_LOCKED);
    }
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(EXIT_BROKEN);
    }
    let mut out = io::stdout().lock();
    for number in pages.into_keys() {
        // A page that panics leaves nothing half done: the document is only read.
        let read = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut text = String::new();
            let mut output = PlainTextOutput::new(&mut text);
            output_doc_page(&document, &mut output, number).map(|()| text)
        }));
        let mut text = match read {
            // Letters that a font does not name come as zeros, which mean something else here.
            Ok(Ok(text)) => text.replace([PAGE_END, PAGE_LOST], " "),
            _ => PAGE_LOST.into(),
        };
        text.push(PAGE_END);
        // Who closes the pipe has had enough.
        out.write_all(text.as_bytes()).map_err(|_| EXIT_BROKEN)?;
    }
    out.flush().map_err(|_| EXIT_BROKEN)
}
