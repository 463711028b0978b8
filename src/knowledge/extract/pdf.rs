//! PDF: its text, read by another process.
//!
//! A PDF is a program in many little languages, and every parser of them has files that make it panic, overflow its
//! stack, run for ever or take all memory. So askd starts itself anew with a hidden command for each file, hands
//! it the bytes on its standard input and takes the text from its standard output. Whatever the file does there ends
//! at the limits below, and here it is one sentence.

mod child;

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{decode, text};
use crate::knowledge::document::{Document, Format, MAX_TEXT_BYTES};

pub use child::child;

/// The command that makes an askd the reader of one PDF; not for people.
pub const COMMAND: &str = "read-pdf";
/// Seconds that a reader has, on the clock and of computing.
pub const MAX_SECONDS: u64 = 30;
/// MiB of address space that a reader has, askd's own 30 or so included.
pub const MAX_MEMORY_MIB: u64 = 512;
/// How often a reader that has said all is looked at until it is gone.
const LOOK: Duration = Duration::from_millis(2);

/// What a reader writes between pages, and in place of a page that it could not read.
const PAGE_END: char = '\u{c}';
const PAGE_LOST: char = '\0';
/// The exit codes by which a reader says why there is no text.
const EXIT_BROKEN: u8 = 65;
const EXIT_LOCKED: u8 = 77;
const EXIT_UNLIMITED: u8 = 71;

/// Why a PDF gives no text.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The process cannot be started or talked to.
    #[error(
        "its reader cannot be run ({0}); askd starts itself anew for each PDF, which this machine must allow"
    )]
    Unstartable(#[source] io::Error),
    /// The system refused the limits, and without them the file is not opened.
    #[error(
        "its reader may not limit itself; let askd call setrlimit (with systemd: SystemCallFilter)"
    )]
    Unlimited,
    /// More than [`MAX_SECONDS`].
    #[error("reading it takes longer than {MAX_SECONDS} seconds; save it anew, or split it")]
    TooSlow,
    /// More than [`MAX_TEXT_BYTES`] of text.
    #[error("it unpacks to more than {} MiB of text; split it", MAX_TEXT_BYTES >> 20)]
    TooMuch,
    /// More than [`MAX_MEMORY_MIB`] or than the system has left, or nested without end: the process ended by this signal.
    #[error(
        "reading it takes more memory than {MAX_MEMORY_MIB} MiB or than there is, or it is built to break its reader \
         (signal {0})"
    )]
    Killed(i32),
    /// It needs a password.
    #[error("it needs a password; save it without one")]
    Locked,
    /// It is no PDF, or damaged.
    #[error("it is no PDF, or damaged; print it into a new PDF")]
    Broken,
}

/// Starts readers. Tests start another program, or allow less.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The program, an askd.
    pub program: PathBuf,
    /// What makes it a reader.
    pub arguments: Vec<OsString>,
    /// The time that it has.
    pub time: Duration,
    /// The bytes that it may write.
    pub output_bytes: usize,
}

impl Default for Reader {
    /// This very program, within the limits above.
    fn default() -> Self {
        Self {
            // Not the path of the file, where a newer version may lie by now, or none.
            program: "/proc/self/exe".into(),
            arguments: vec![COMMAND.into()],
            time: Duration::from_secs(MAX_SECONDS),
            output_bytes: MAX_TEXT_BYTES,
        }
    }
}

impl Reader {
    /// The text of a PDF's pages, each ended by a form feed. Blocks for as long as the limits allow.
    pub fn read(&self, pdf: &[u8]) -> Result<String, PdfError> {
        let deadline = Instant::now() + self.time;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            // A parser of strangers' files needs none of askd's secrets, nor a place to stand.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(PdfError::Unstartable)?;
        let output = self.talk(&mut child, pdf, deadline);
        // Whatever was heard, no process is left behind.
        let status = wait(&mut child, deadline).map_err(PdfError::Unstartable)?;
        let output = output?;
        ended_well(status, Instant::now() >= deadline)?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Writes the file to the process and takes all that it says. The two must go on at once, for a pipe holds little.
    fn talk(&self, child: &mut Child, pdf: &[u8], deadline: Instant) -> Result<Vec<u8>, PdfError> {
        let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let limit = self.output_bytes as u64 + 1;
        thread::scope(|scope| {
            let (writing, written) = mpsc::channel::<()>();
            scope.spawn(move || {
                // Dropped when it is done, which is heard.
                let _writing = writing;
                // A reader that has seen enough closes its end, and that is its right.
                let _ = stdin.as_mut().map(|stdin| stdin.write_all(pdf));
            });
            let (said, hear) = mpsc::sync_channel(1);
            scope.spawn(move || {
                let mut output = Vec::new();
                let read =
                    stdout.map_or(Ok(0), |stdout| stdout.take(limit).read_to_end(&mut output));
                // Nobody hears it once the time is over.
                let _ = said.send(read.map(|_| output));
            });
            let left = || deadline.saturating_duration_since(Instant::now());
            let mut heard = match hear.recv_timeout(left()) {
                Ok(Ok(output)) if output.len() > self.output_bytes => Err(PdfError::TooMuch),
                Ok(Ok(output)) => Ok(output),
                Ok(Err(error)) => Err(PdfError::Unstartable(error)),
                Err(_) => Err(PdfError::TooSlow),
            };
            if written.recv_timeout(left()) == Err(mpsc::RecvTimeoutError::Timeout) {
                heard = heard.and(Err(PdfError::TooSlow));
            }
            if heard.is_err() {
                // Both threads wait for the process, and this function for both.
                let _ = child.kill();
            }
            heard
        })
    }
}

/// Waits until the process is gone, and ends it at the deadline.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            child.kill()?;
            return child.wait();
        }
        thread::sleep(LOOK);
    }
}

fn ended_well(status: ExitStatus, is_over: bool) -> Result<(), PdfError> {
    if let Some(signal) = status.signal() {
        return Err(match signal {
            libc::SIGXCPU => PdfError::TooSlow,
            // Killed here; by the system, for want of memory, otherwise.
            libc::SIGKILL if is_over => PdfError::TooSlow,
            signal => PdfError::Killed(signal),
        });
    }
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(0) => Ok(()),
        Some(EXIT_LOCKED) => Err(PdfError::Locked),
        Some(EXIT_UNLIMITED) => Err(PdfError::Unlimited),
        _ => Err(PdfError::Broken),
    }
}

/// Makes a document of what a reader said: pages, and in them paragraphs.
pub(in crate::knowledge) fn document(said: &str) -> Document {
    let mut document = Document::new(Format::Plain);
    let (mut pages, mut lost) = (0, 0);
    for page in said.split_terminator(PAGE_END) {
        pages += 1;
        lost += u32::from(page.contains(PAGE_LOST));
        document.page(pages);
        let page = decode::tidy(page.replace(PAGE_LOST, "").into());
        text::paragraphs(&mut document, &joined(&spelt(page)));
    }
    if lost > 0 {
        document.note(format!("{lost} of its {pages} pages cannot be read"));
    }
    document
}

/// Spells out the letters that printers join and nobody types, so that the words with them are found.
fn spelt(page: String) -> String {
    const JOINED: [(char, &str); 7] = [
        ('\u{fb00}', "ff"),
        ('\u{fb01}', "fi"),
        ('\u{fb02}', "fl"),
        ('\u{fb03}', "ffi"),
        ('\u{fb04}', "ffl"),
        ('\u{fb05}', "st"),
        ('\u{fb06}', "st"),
    ];
    if !page.contains(|c| matches!(c, '\u{fb00}'..='\u{fb06}')) {
        return page;
    }
    let spelling = |page: String, (joined, letters): (char, &str)| page.replace(joined, letters);
    JOINED.into_iter().fold(page, spelling)
}

/// Joins words that were parted at a line's end.
fn joined(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    for line in page.lines() {
        let begins = line.trim_start();
        let parted = text.strip_suffix("-\n").is_some_and(|before| {
            before.ends_with(char::is_alphabetic) && begins.starts_with(char::is_lowercase)
        });
        if parted {
            text.truncate(text.len() - 2);
            text.push_str(begins);
        } else {
            text.push_str(line);
        }
        text.truncate(text.trim_end_matches([' ', '\t']).len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::document::BlockKind;

    /// A reader that is a line of shell.
    fn reader(script: &str) -> Reader {
        Reader {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            time: Duration::from_secs(20),
            output_bytes: 1000,
        }
    }

    #[test]
    fn the_file_goes_in_and_the_text_comes_out_however_long_both_are() {
        let mut cat = reader("exec cat");
        cat.output_bytes = 1 << 20;
        let long = "x".repeat(1 << 20);
        assert_eq!(cat.read(long.as_bytes()).unwrap(), long);
        assert_eq!(
            reader("echo early").read(long.as_bytes()).unwrap(),
            "early\n"
        );
    }

    #[test]
    fn a_reader_without_end_is_ended_at_its_limits() {
        assert!(matches!(
            reader("exec yes").read(b""),
            Err(PdfError::TooMuch)
        ));
        let mut slow = reader("exec sleep 1000");
        slow.time = Duration::from_millis(50);
        assert!(matches!(slow.read(&[0; 1 << 20]), Err(PdfError::TooSlow)));
        let mut silent = reader("exec sleep 1000 >&-");
        silent.time = Duration::from_millis(50);
        assert!(matches!(silent.read(b""), Err(PdfError::TooSlow)));
        // Nor does one that has closed its output and leaves its input unread.
        let mut deaf = reader("exec sleep 60 >&-");
        deaf.time = Duration::from_millis(50);
        assert!(matches!(deaf.read(&[0; 1 << 20]), Err(PdfError::TooSlow)));
    }

    #[test]
    fn how_a_reader_ends_is_told_in_a_sentence() {
        assert!(matches!(
            reader("kill -ABRT $$").read(b""),
            Err(PdfError::Killed(6))
        ));
        assert!(matches!(reader("exit 77").read(b""), Err(PdfError::Locked)));
        assert!(matches!(
            reader("exit 71").read(b""),
            Err(PdfError::Unlimited)
        ));
        assert!(matches!(
            reader("exit 101").read(b""),
            Err(PdfError::Broken)
        ));
        let missing = Reader {
            program: "/nonexistent".into(),
            ..Reader::default()
        };
        assert!(matches!(missing.read(b""), Err(PdfError::Unstartable(_))));
    }

    #[test]
    fn a_reader_is_this_very_program() {
        // Here that is the tests, none of which has the command's name.
        let said = Reader::default().read(b"").unwrap();
        assert!(said.contains("running 0 tests"), "{said}");
    }

    #[test]
    fn the_reader_sees_nothing_of_our_environment() {
        let said = reader("echo \"${HOME-none}\"; pwd").read(b"").unwrap();
        assert_eq!(said, "none\n/\n");
    }

    #[test]
    fn joined_letters_are_spelt_out() {
        assert_eq!(
            document("di\u{fb03}cult o\u{fb00}ers\u{c}").text,
            "difficult offers"
        );
    }

    #[test]
    fn pages_are_kept_apart_and_parted_words_are_joined() {
        let document =
            document("\n\nA ques-\ntion  \nof Anglo-\nSaxon law\n\nmore\u{c}\0\u{c}last\u{c}");
        assert_eq!(
            document.text,
            "A question\nof Anglo-\nSaxon law\n\nmore\n\nlast"
        );
        let pages: Vec<_> = document
            .blocks
            .iter()
            .filter_map(|block| match block.kind {
                BlockKind::Page(page) => Some(page),
                _ => None,
            })
            .collect();
        assert_eq!(pages, [1, 2, 3]);
        assert_eq!(document.notes, ["1 of its 3 pages cannot be read"]);
    }
}
