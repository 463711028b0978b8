//! One file, read into passages, whatever it does to its reader.
//!
//! A PDF or a large file that takes long is left to a thread of its own, so that no other file waits for it; what comes of it is
//! taken at the next look through the folders, which that thread calls for. And a look ends after a while, for what it has read is
//! found only then; the rest is the next one's. What came to nothing is remembered, so that each look gets further than the
//! one before it.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::knowledge::{
    document::Document,
    extract::{self, Blame, ExtractError, Kind, pdf},
    source::SourceFile,
    split::{self, Piece},
};

/// How long such a file is waited for, where it is not waited for to the end.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a look reads, where there is something to be found already.
const LOOK: Duration = Duration::from_secs(2);
/// Files that are read aside at once, and with those that have been and that no look has come to yet.
const ASIDE: usize = 2;
const UNCLAIMED: usize = 4;
/// Bytes of a file of any kind that may take long: what is hardest of these takes a second.
const LARGE: u64 = 1 << 20;
/// When a file that could not be read for another reason than its own is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// A file's passages, or why there are none.
type Cut = Result<(Document, Vec<Piece>), ExtractError>;

/// What came of a file.
pub(super) enum Read {
    /// Its passages.
    Whole(Document, Vec<Piece>),
    /// Nothing, until it changes: that is kept of it.
    Faulty(String),
    /// Nothing now: nothing is kept of it.
    Failed(String),
    /// It is still being read.
    Later,
}

/// Reads files, one after another.
pub(in crate::knowledge) struct Reading {
    reader: pdf::Reader,
    /// Calls for another look; without it each file is waited for.
    call: Option<Arc<dyn Fn() + Send + Sync>>,
    aside: Vec<Aside>,
    /// What came to nothing and need not be opened again, by where it lies.
    failed: HashMap<PathBuf, Failure>,
    /// Files that wait to be read, each with the look that found it so.
    waiting: HashMap<PathBuf, u32>,
    looks: u32,
    /// When this look is over, and whether that has kept a file from it.
    until: Option<Instant>,
    is_cut: bool,
    /// Contents that could not be read by this askd and that the next one tries again, with the reason: by their hashes.
    given_up: HashMap<Vec<u8>, String>,
}

/// A file that is read in a thread of its own.
struct Aside {
    /// Where it lies, and its size and date when it was opened.
    file: (PathBuf, u64, SystemTime),
    hash: Vec<u8>,
    end: Receiver<Cut>,
    /// What came of it, once that is known.
    cut: Option<Cut>,
    /// Whether this look through the folders has met it.
    is_met: bool,
}

/// A file of which nothing could be kept.
struct Failure {
    bytes: u64,
    changed: i64,
    reason: String,
    /// When it is tried again; `None`: not by this askd.
    again: Option<Instant>,
    is_met: bool,
}

impl Reading {
    /// Waits for each file to its end.
    pub(in crate::knowledge) fn new(reader: pdf::Reader) -> Self {
        Self {
            reader,
            call: None,
            aside: Vec::new(),
            failed: HashMap::new(),
            waiting: HashMap::new(),
            looks: 0,
            until: None,
            is_cut: false,
            given_up: HashMap::new(),
        }
    }

    /// From now on no file is waited for for long: `call` is called when one has been read aside.
    pub(in crate::knowledge) fn go_on(&mut self, call: impl Fn() + Send + Sync + 'static) {
        self.call = Some(Arc::new(call));
    }

    /// Since which look a file waits to be read.
    pub(super) fn since(&mut self, file: &SourceFile) -> u32 {
        *self.waiting.entry(file.real.clone()).or_insert(self.looks)
    }

    /// Notes that a file was read: the next time it waits anew.
    pub(super) fn done(&mut self, file: &SourceFile) {
        self.waiting.remove(&file.real);
    }

    /// Whether there will be another look soon.
    pub(super) fn goes_on(&self) -> bool {
        self.call.is_some()
    }

    /// Begins to read in a look through the folders, which is short where something `is_found` already.
    pub(super) fn begin(&mut self, is_found: bool) {
        let is_short = is_found && self.call.is_some();
        self.until = is_short.then(|| Instant::now() + LOOK);
        self.is_cut = false;
        self.looks += 1;
    }

    /// Leaves what is to be read to the next look, where that may be left: what has been found is to be done at once.
    pub(super) fn leave_the_rest(&mut self) {
        self.until = self.until.map(|_| Instant::now());
    }

    /// Whether a file that is to be read is left to the next look.
    pub(super) fn is_over(&mut self) -> bool {
        let is_over = self.until.is_some_and(|until| Instant::now() >= until);
        self.is_cut |= is_over;
        is_over
    }

    /// What there is to be said of a file that need not be opened for it.
    pub(super) fn unopened(&mut self, file: &SourceFile) -> Option<Read> {
        if let Some(failure) = self.failed.get_mut(&file.real) {
            let is_it = (failure.bytes, failure.changed) == (file.bytes, file.changed);
            if is_it && failure.again.is_none_or(|again| Instant::now() < again) {
                failure.is_met = true;
                return Some(Read::Failed(failure.reason.clone()));
            }
        }
        if !may_take_long(file) || self.call.is_none() {
            return None;
        }
        let at = self
            .aside
            .iter()
            .position(|aside| aside.file.0 == file.real);
        if let Some(at) = at {
            let aside = &mut self.aside[at];
            aside.is_met = true;
            if aside.is_running() {
                return Some(Read::Later);
            }
            if (aside.file.1, aside.file.2) == (file.bytes, file.modified) {
                return None;
            }
            // It has changed since: what came of it is of no use any more.
            self.aside.swap_remove(at);
        }
        (!self.has_room()).then_some(Read::Later)
    }

    /// Whether another file may be read aside.
    fn has_room(&mut self) -> bool {
        let running = self
            .aside
            .iter_mut()
            .filter_map(|aside| aside.is_running().then_some(()));
        running.count() < ASIDE && self.aside.len() < UNCLAIMED
    }

    /// Remembers that nothing could be kept of a file.
    pub(super) fn fail(&mut self, file: &SourceFile, reason: &str, is_final: bool) {
        // Where its inode was changed only just now, another change would look the same.
        if file.changed == 0 {
            return;
        }
        let failure = Failure {
            bytes: file.bytes,
            changed: file.changed,
            reason: reason.to_owned(),
            again: (!is_final).then(|| Instant::now() + RETRY),
            is_met: true,
        };
        self.failed.insert(file.real.clone(), failure);
    }

    /// Reads a file of this content, which has this hash.
    pub(super) fn read(&mut self, file: &SourceFile, bytes: Vec<u8>, hash: &[u8]) -> Read {
        if let Some(reason) = self.given_up.get(hash).cloned() {
            self.fail(file, &reason, true);
            return Read::Failed(reason);
        }
        let kind = file.kind;
        let cut = match self.call.clone().filter(|_| may_take_long(file)) {
            None => cut(kind, &bytes, &self.reader),
            Some(call) => match self.patiently(call, file, bytes, hash) {
                Some(cut) => cut,
                None => return Read::Later,
            },
        };
        let error = match cut {
            Ok((document, pieces)) => return Read::Whole(document, pieces),
            Err(error) => error,
        };
        match error.blame() {
            Blame::File => Read::Faulty(error.to_string()),
            Blame::Machine => {
                let reason = format!("cannot be read: {error}");
                self.fail(file, &reason, false);
                Read::Failed(reason)
            }
            Blame::Unclear => {
                let reason = format!("is left out until askd starts again: {error}");
                self.given_up.insert(hash.to_vec(), reason.clone());
                self.fail(file, &reason, true);
                Read::Failed(reason)
            }
        }
    }

    /// What a thread makes of a file; `None`: it is still at it, or all of them are at others.
    fn patiently(
        &mut self,
        call: Arc<dyn Fn() + Send + Sync>,
        file: &SourceFile,
        bytes: Vec<u8>,
        hash: &[u8],
    ) -> Option<Cut> {
        if let Some(at) = self.aside.iter().position(|aside| aside.hash == hash) {
            let aside = &mut self.aside[at];
            aside.is_met = true;
            if aside.is_running() {
                return None;
            }
            return self.aside.swap_remove(at).cut;
        }
        if !self.has_room() {
            return None;
        }
        let (said, end) = mpsc::sync_channel(1);
        let is_late = Arc::new(AtomicBool::new(false));
        let (reader, late) = (self.reader.clone(), is_late.clone());
        let kind = file.kind;
        let read = move || {
            let _ = said.send(cut(kind, &bytes, &reader));
            if late.load(Ordering::SeqCst) {
                call();
            }
        };
        let thread = thread::Builder::new().name("document".to_owned());
        if let Err(error) = thread.spawn(read) {
            return Some(Err(pdf::PdfError::Unstartable(error).into()));
        }
        if let Ok(cut) = end.recv_timeout(PATIENCE) {
            return Some(cut);
        }
        is_late.store(true, Ordering::SeqCst);
        let mut aside = Aside {
            file: (file.real.clone(), file.bytes, file.modified),
            hash: hash.to_vec(),
            end,
            cut: None,
            is_met: true,
        };
        // It may have ended just before it could see that it is late.
        if aside.is_running() {
            self.aside.push(aside);
            return None;
        }
        aside.cut
    }

    /// Ends a look through the folders. What a whole one has not met no file holds any more; one that was cut short calls
    /// for the next.
    pub(super) fn look_over(&mut self) {
        if self.is_cut {
            self.call.iter().for_each(|call| call());
            return;
        }
        self.waiting.clear();
        self.aside
            .retain_mut(|aside| std::mem::take(&mut aside.is_met));
        self.failed
            .retain(|_, failure| std::mem::take(&mut failure.is_met));
    }
}

impl Aside {
    fn is_running(&mut self) -> bool {
        if self.cut.is_none() {
            self.cut = match self.end.try_recv() {
                Ok(cut) => Some(cut),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(Err(broken())),
            };
        }
        self.cut.is_none()
    }
}

/// Whether a file may hold up others.
fn may_take_long(file: &SourceFile) -> bool {
    file.kind == Kind::Pdf || file.bytes >= LARGE
}

/// A file's passages.
fn cut(kind: Kind, bytes: &[u8], reader: &pdf::Reader) -> Cut {
    guarded(|| {
        let mut document = extract::document(kind, bytes, reader)?;
        let split = split::split(&document);
        if split.left_out {
            let first = split.pieces.len();
            let remedy = "split it, or give it fewer headings and tags";
            document.note(format!(
                "only its first {first} passages are used; {remedy}"
            ));
        }
        Ok((document, split.pieces))
    })
}

/// What is wrong with a file may be more than its reader was made for.
fn guarded(read: impl FnOnce() -> Cut) -> Cut {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(broken()))
}

fn broken() -> ExtractError {
    let fault = "its reader broke off, which is a fault of askd's; leave it out with `exclude`, and report it";
    ExtractError::Malformed(fault.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            real: path.into(),
            bytes: 4,
            modified: SystemTime::UNIX_EPOCH,
            changed: 1,
            kind: Kind::of(std::path::Path::new(path)).unwrap(),
        }
    }

    fn pdfs(script: &str) -> Reading {
        Reading::new(pdf::Reader {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            ..pdf::Reader::default()
        })
    }

    #[test]
    fn a_pdf_that_takes_long_is_read_aside_and_its_end_is_called_out() {
        let home = tempfile::tempdir().unwrap();
        let gate = home.path().join("gate");
        // It goes on when the test opens the other end.
        let made = std::process::Command::new("mkfifo").arg(&gate).status();
        assert!(made.unwrap().success());
        let script = format!("cat >/dev/null; cat {gate:?}");
        let mut reading = pdfs(&script);
        let (called, calls) = mpsc::channel();
        reading.go_on(move || called.send(()).unwrap());
        let pdf = file("a.pdf");
        let read = |reading: &mut Reading| reading.read(&pdf, b"%PDF".to_vec(), b"one");
        assert!(reading.unopened(&pdf).is_none());
        assert!(matches!(read(&mut reading), Read::Later));
        // It is not even opened again.
        assert!(matches!(reading.unopened(&pdf), Some(Read::Later)));
        // Nor if it has changed, before its reader has ended: else one would be begun for each change.
        let changed = SourceFile {
            bytes: 5,
            ..file("a.pdf")
        };
        assert!(matches!(reading.unopened(&changed), Some(Read::Later)));
        reading.look_over();
        // Another file is not held up.
        let text = reading.read(&file("b.txt"), b"A walrus.".to_vec(), b"two");
        assert!(matches!(text, Read::Whole(..)));
        std::fs::write(&gate, "Anchors.\u{c}").unwrap();
        calls.recv().unwrap();
        assert!(reading.unopened(&pdf).is_none());
        let Read::Whole(document, _) = read(&mut reading) else {
            panic!("it has been read")
        };
        assert_eq!(document.text, "Anchors.");
        assert!(reading.aside.is_empty());
    }

    #[test]
    fn a_large_file_of_any_kind_is_read_aside_too() {
        let mut text = file("a.txt");
        assert!(!may_take_long(&text));
        text.bytes = LARGE;
        assert!(may_take_long(&text) && may_take_long(&file("a.pdf")));
    }

    #[test]
    fn a_look_that_takes_too_long_is_cut_short_and_calls_for_the_next() {
        let mut reading = pdfs("exit 1");
        reading.begin(true);
        assert!(!reading.is_over(), "by hand all is read at once");
        let (called, calls) = mpsc::channel();
        reading.go_on(move || called.send(()).unwrap());
        reading.begin(true);
        reading.until = Some(Instant::now());
        assert!(reading.is_over());
        reading.look_over();
        calls.try_recv().unwrap();
        reading.begin(false);
        assert!(
            !reading.is_over(),
            "nothing can be found before the first is whole"
        );
        reading.look_over();
        calls.try_recv().unwrap_err();
    }

    #[test]
    fn a_fault_in_a_reader_is_the_files_and_nobody_elses() {
        let faulty = guarded(|| panic!("a file that nobody thought of"));
        let error = faulty.err().unwrap();
        assert_eq!(error.blame(), Blame::File);
        assert!(error.to_string().contains("fault of askd's"), "{error}");
    }

    #[test]
    fn what_came_to_nothing_is_opened_again_when_it_changed_when_a_while_is_over_and_under_no_other_clock()
     {
        let mut reading = pdfs("exit 1");
        let mut pdf = file("a.pdf");
        reading.fail(&pdf, "is left out", false);
        assert!(matches!(reading.unopened(&pdf), Some(Read::Failed(_))));
        assert!(reading.unopened(&file("b.pdf")).is_none());
        pdf.changed = 2;
        assert!(reading.unopened(&pdf).is_none());
        pdf.changed = 1;
        for failure in reading.failed.values_mut() {
            failure.again = Some(Instant::now());
        }
        assert!(reading.unopened(&pdf).is_none());
        pdf.changed = 0;
        reading.fail(&pdf, "is left out", true);
        assert!(reading.unopened(&pdf).is_none());
    }

    #[test]
    fn a_file_waits_since_a_look_has_found_it_changed_until_it_is_read() {
        let mut reading = pdfs("exit 1");
        let (log, other) = (file("a.txt"), file("b.txt"));
        reading.begin(true);
        assert_eq!(reading.since(&log), reading.since(&other));
        reading.done(&log);
        reading.begin(true);
        assert!(reading.since(&other) < reading.since(&log));
    }

    #[test]
    fn what_is_read_aside_is_forgotten_with_its_file() {
        let (_said, end) = mpsc::sync_channel(1);
        let mut reading = pdfs("exit 1");
        reading.aside.push(Aside {
            file: ("/d/a.pdf".into(), 4, SystemTime::UNIX_EPOCH),
            hash: b"gone".to_vec(),
            end,
            cut: None,
            is_met: true,
        });
        reading.look_over();
        assert_eq!(reading.aside.len(), 1);
        reading.look_over();
        assert!(reading.aside.is_empty());
    }

    #[test]
    fn a_pdf_whose_reader_was_killed_is_not_read_again_by_this_askd_and_is_by_the_next() {
        // By hand, and as the system does it when memory runs out.
        for signal in ["TERM", "KILL"] {
            let home = tempfile::tempdir().unwrap();
            let runs = home.path().join("runs");
            let mut reading = pdfs(&format!("echo >> {runs:?}; kill -{signal} $$"));
            for name in ["a.pdf", "copy.pdf"] {
                assert!(reading.unopened(&file(name)).is_none());
                let read = reading.read(&file(name), b"%PDF".to_vec(), b"one");
                let is_told = |read| match read {
                    Read::Failed(reason) => reason.contains("until askd starts again"),
                    _ => false,
                };
                assert!(is_told(read));
                assert!(is_told(reading.unopened(&file(name)).unwrap()));
            }
            assert_eq!(std::fs::read_to_string(runs).unwrap(), "\n");
        }
    }
}
