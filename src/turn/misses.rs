//! The questions that the knowledge has nothing on, written down for the operator: a file of questions and answers whose
//! answers are to be filled in.
//!
//! One thread has the file, so that no answer waits for a disk. It is opened anew for each question, since whoever edits it
//! may put another file in its place; what that holds is then read again.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
    time::SystemTime,
};

use serde::Serialize;
use serde_json::Value;

/// Lines and bytes of the file; further questions are not written down.
const MAX_LINES: usize = 10_000;
const MAX_BYTES: u64 = 4 << 20;
/// Bytes of a question; a longer one is no question that somebody else would ask again.
const MAX_QUESTION: usize = 2 << 10;
/// Questions that wait for the thread; further ones are not written down.
const WAITING: usize = 256;

/// The way to the thread that has the file. The thread ends with it.
pub struct Misses(SyncSender<String>);

impl Misses {
    /// Starts the thread.
    pub fn open(file: PathBuf) -> io::Result<Self> {
        let (questions, waiting) = sync_channel::<String>(WAITING);
        let mut book = Book {
            file,
            seen: None,
            known: HashSet::new(),
            lines: 0,
            complaint: None,
        };
        let run = move || {
            for question in waiting {
                book.take(&question);
            }
        };
        let thread = thread::Builder::new().name("misses".to_owned());
        thread.spawn(run)?;
        Ok(Self(questions))
    }

    /// Has a question written down; waits for nothing.
    pub(super) fn note(&self, question: &str) {
        if question.len() <= MAX_QUESTION {
            // One that finds no room will be asked again.
            let _ = self.0.try_send(question.trim().to_owned());
        }
    }
}

/// The questions that were written down last, the newest first, at most so many; and how many the file has.
pub fn last(file: &Path, most: usize) -> io::Result<(Vec<String>, usize)> {
    let mut bytes = Vec::new();
    match File::open(file) {
        Ok(file) => file.take(MAX_BYTES).read_to_end(&mut bytes)?,
        // None has found nothing yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&bytes);
    let asked = |line: &str| {
        let entry: Value = serde_json::from_str(line).ok()?;
        entry["question"].as_str().map(str::to_owned)
    };
    let mut all: Vec<_> = text.lines().filter_map(asked).collect();
    let count = all.len();
    all.drain(..count.saturating_sub(most));
    all.reverse();
    Ok((all, count))
}

/// A question that waits for its answer, as documents of questions and answers have them.
#[derive(Serialize)]
struct Unanswered<'a> {
    question: &'a str,
    answer: &'static str,
}

struct Book {
    file: PathBuf,
    /// The file's size and time when it was written or read last.
    seen: Option<(u64, SystemTime)>,
    known: HashSet<u64>,
    lines: usize,
    /// What was complained of last, so that it is told once.
    complaint: Option<String>,
}

impl Book {
    fn take(&mut self, question: &str) {
        let complaint = match self.write(question) {
            Ok(true) => None,
            Ok(false) => {
                Some("it is full: fill in its answers, and put another one in its place".to_owned())
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = complaint.as_ref().filter(|_| complaint != self.complaint) {
            let file = self.file.display();
            tracing::warn!(%file, why, "questions that found nothing are not written down");
        }
        self.complaint = complaint;
    }

    /// `false`: there is no room.
    fn write(&mut self, question: &str) -> io::Result<bool> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file)?;
        let mut line = String::new();
        if Some(state(&file)?) != self.seen {
            line.push_str(self.read(&mut file)?);
        }
        if self.known.contains(&key(question)) {
            return Ok(true);
        }
        let entry = Unanswered {
            question,
            answer: "",
        };
        line += &serde_json::to_string(&entry)?;
        line.push('\n');
        if self.lines >= MAX_LINES || file.metadata()?.len() + line.len() as u64 > MAX_BYTES {
            return Ok(false);
        }
        file.write_all(line.as_bytes())?;
        self.known.insert(key(question));
        self.lines += 1;
        self.seen = Some(state(&file)?);
        Ok(true)
    }

    /// Reads what the file has, and gives what its last line lacks.
    fn read(&mut self, file: &mut File) -> io::Result<&'static str> {
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        self.known.clear();
        self.lines = 0;
        for line in text.lines() {
            self.lines += 1;
            let entry: Option<Value> = serde_json::from_str(line).ok();
            let question = entry.as_ref().and_then(|entry| entry["question"].as_str());
            self.known.extend(question.map(key));
        }
        self.seen = Some(state(file)?);
        let is_whole = text.is_empty() || text.ends_with('\n');
        Ok(if is_whole { "" } else { "\n" })
    }
}

fn state(file: &File) -> io::Result<(u64, SystemTime)> {
    let told = file.metadata()?;
    Ok((told.len(), told.modified()?))
}

/// The same for questions that differ in case, blanks and the mark at the end.
fn key(question: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let folded = question.to_lowercase();
    for word in folded
        .trim_end_matches(['?', '.', '!', ' '])
        .split_whitespace()
    {
        word.hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether any are in the file, without reading it.
pub async fn any(file: &Path) -> bool {
    let told = tokio::fs::metadata(file).await;
    told.is_ok_and(|told| told.len() > 0)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn book(file: PathBuf) -> Book {
        Book {
            file,
            seen: None,
            known: HashSet::new(),
            lines: 0,
            complaint: None,
        }
    }

    #[test]
    fn a_question_is_written_once_for_askds_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("misses.jsonl");
        let mut first = book(file.clone());
        for question in ["Why \"so\"?", "why  \"SO\"", "And then?"] {
            assert!(first.write(question).unwrap());
        }
        let written = "{\"question\":\"Why \\\"so\\\"?\",\"answer\":\"\"}\n{\"question\":\"And then?\",\"answer\":\"\"}\n";
        assert_eq!(fs::read_to_string(&file).unwrap(), written);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );

        let (questions, count) = last(&file, 1).unwrap();
        assert_eq!((questions, count), (vec!["And then?".to_owned()], 2));

        // Somebody edits it, and another life of askd goes on.
        fs::write(&file, "{\"question\":\"Who?\",\"answer\":\"I.\"}").unwrap();
        first.write("who").unwrap();
        book(file.clone()).write("And then?").unwrap();
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "{\"question\":\"Who?\",\"answer\":\"I.\"}\n{\"question\":\"And then?\",\"answer\":\"\"}\n"
        );
    }

    #[test]
    fn a_full_file_takes_no_more_and_a_missing_folder_is_told() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("misses.jsonl");
        fs::write(&file, "\n".repeat(MAX_LINES)).unwrap();
        assert!(!book(file).write("Why?").unwrap());
        assert!(
            book(home.path().join("gone/misses.jsonl"))
                .write("Why?")
                .is_err()
        );
    }
}
