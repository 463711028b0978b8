//! The audit: who came in, who was refused, and what admins did, a JSON line each in a file of its own.
//!
//! One thread has the file, so that nobody waits for a disk; before it lie so many lines and no more. A line that finds no
//! room or cannot be written is lost, counted, told in the log, and told in the file once that can be written again.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use serde::Serialize;
use uuid::Uuid;

/// Lines that wait for the thread; each has a name or two, of 200 bytes at the most.
const WAITING: usize = 1024;
/// Between two lines of sign-ins that were slowed down: whoever hammers is not to fill the disk by it.
const SLOWED: Duration = Duration::from_secs(1);
/// How long the end waits for the last lines.
const FLUSH: Duration = Duration::from_millis(500);

/// What was done.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Somebody signed in.
    SignIn,
    /// A name or a password was wrong.
    SignInRefused,
    /// There were too many wrong ones, and a password was not even looked at.
    SignInSlowed {
        /// Further ones since the last such line, from anywhere.
        also: u64,
    },
    /// Somebody signed out.
    SignOut {
        /// On all devices.
        everywhere: bool,
    },
    /// A token was made.
    TokenMade {
        /// Its id.
        token: Uuid,
    },
    /// A token was taken back.
    TokenTakenBack {
        /// Its id.
        token: Uuid,
    },
    /// What a browser had became a user's.
    TakeOver {
        /// How many.
        conversations: usize,
    },
    /// An admin stopped an answer.
    TurnStopped {
        /// Which one.
        turn: Uuid,
    },
    /// An admin ended a user's sign-ins and tokens.
    UserSignedOut {
        /// Whose.
        of: String,
        /// How many.
        sign_ins: usize,
        /// And of these.
        tokens: usize,
    },
    /// An admin read the questions that found nothing.
    MissesRead,
    /// The configuration was read again, by a signal where no user is named.
    Reload {
        /// The keys that took effect.
        took_effect: Vec<&'static str>,
        /// The keys that wait for a restart.
        need_restart: Vec<&'static str>,
        /// How many faults kept it from being taken over.
        faults: usize,
    },
    /// Lines before this one are missing.
    LinesLost {
        /// How many.
        lines: u64,
    },
}

/// A line as it stands in the file.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    #[serde(flatten)]
    act: &'a Act,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
}

/// The way to the audit; clones share it. Without a file nothing is noted.
#[derive(Clone, Default)]
pub struct Audit(Option<Arc<Inner>>);

struct Inner {
    lines: SyncSender<Message>,
    state: Arc<State>,
    /// When a slowed sign-in was noted last, and how many came since.
    slowed: Mutex<(Option<Instant>, u64)>,
}

#[derive(Default)]
struct State {
    /// Lines lost that the file does not tell of yet.
    lost: AtomicU64,
    /// Somebody may have put the file aside.
    moved: AtomicBool,
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Audit {
    /// Opens the file, for askd's user alone where it has to be made, and starts the thread.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let state = Arc::<State>::default();
        let mut book = Book {
            file: Some(open(&path)?),
            path,
            state: state.clone(),
            is_torn: false,
            told: None,
        };
        let (lines, waiting) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("audit".to_owned());
        thread.spawn(move || book.run(&waiting))?;
        Ok(Self(Some(Arc::new(Inner {
            lines,
            state,
            slowed: Mutex::default(),
        }))))
    }

    /// Notes what was done, by whom and from where, as far as that is known; waits for nothing.
    pub fn note(&self, act: Act, user: Option<&str>, peer: Option<&str>) {
        let Some(inner) = &self.0 else {
            return;
        };
        let mut line = line(&act, user, peer);
        line.push(b'\n');
        if inner.lines.try_send(Message::Line(line)).is_err() {
            inner.state.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a sign-in was slowed down, once a second and with the number of the others.
    pub fn note_slowed(&self, user: Option<&str>, peer: Option<&str>) {
        let Some(inner) = &self.0 else {
            return;
        };
        let now = Instant::now();
        let also = {
            let mut slowed = inner.slowed.lock().unwrap_or_else(PoisonError::into_inner);
            if slowed.0.is_some_and(|last| now - last < SLOWED) {
                slowed.1 += 1;
                return;
            }
            slowed.0 = Some(now);
            std::mem::take(&mut slowed.1)
        };
        self.note(Act::SignInSlowed { also }, user, peer);
    }

    /// Has the file opened anew with the next line, for somebody may have put it aside.
    pub fn reopen(&self) {
        if let Some(inner) = &self.0 {
            inner.state.moved.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until what was noted is written, for a moment at the most.
    pub fn flush(&self) {
        let Some(inner) = &self.0 else {
            return;
        };
        let (done, written) = sync_channel(1);
        if inner.lines.try_send(Message::Flush(done)).is_ok() {
            // A disk that hangs is not waited for.
            let _ = written.recv_timeout(FLUSH);
        }
    }
}

fn line(act: &Act, user: Option<&str>, peer: Option<&str>) -> Vec<u8> {
    let at = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let line = Line {
        at,
        act,
        user,
        peer,
    };
    serde_json::to_vec(&line).expect("names and numbers are JSON")
}

fn open(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

struct Book {
    path: PathBuf,
    file: Option<File>,
    state: Arc<State>,
    /// Whether the file may end within a line.
    is_torn: bool,
    /// What the log was told last.
    told: Option<String>,
}

impl Book {
    fn run(&mut self, waiting: &Receiver<Message>) {
        for message in waiting {
            match message {
                Message::Line(line) => self.take(&line),
                // Who waits may have gone.
                Message::Flush(done) => drop(done.try_send(())),
            }
        }
    }

    fn take(&mut self, line: &[u8]) {
        let written = self.write(line);
        let path = self.path.display();
        match written {
            Ok(0) => self.told = None,
            Ok(lost) => {
                tracing::warn!(%path, lost, "the audit is written again; some of its lines are lost");
                self.told = None;
            }
            Err(error) => {
                self.state.lost.fetch_add(1, Ordering::Relaxed);
                (self.file, self.is_torn) = (None, true);
                let why = error.to_string();
                if self.told.as_ref() != Some(&why) {
                    tracing::error!(%path, why, "the audit cannot be written; its lines are lost");
                    self.told = Some(why);
                }
            }
        }
    }

    /// Writes a line, and before it how many are missing; that is returned.
    fn write(&mut self, line: &[u8]) -> io::Result<u64> {
        if self.state.moved.swap(false, Ordering::Relaxed) {
            (self.file, self.is_torn) = (None, false);
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&self.path)?),
        };
        let lost = self.state.lost.load(Ordering::Relaxed);
        let mut text = Vec::new();
        if self.is_torn && file.metadata()?.len() > 0 {
            text.push(b'\n');
        }
        if lost > 0 {
            text.extend(self::line(&Act::LinesLost { lines: lost }, None, None));
            text.push(b'\n');
        }
        text.extend_from_slice(line);
        file.write_all(&text)?;
        self.is_torn = false;
        self.state.lost.fetch_sub(lost, Ordering::Relaxed);
        Ok(lost)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use serde_json::Value;

    use super::*;

    fn lines(file: &Path) -> Vec<Value> {
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_says_when_what_who_and_whence_for_askds_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("audit.jsonl");
        let audit = Audit::open(file.clone()).unwrap();
        audit.note(Act::SignIn, Some("ada"), Some("10.0.0.1"));
        audit.note(Act::SignOut { everywhere: true }, Some("a\"b\n"), None);
        audit.flush();
        let lines = lines(&file);
        assert_eq!(lines[0]["act"], "sign_in");
        assert_eq!(lines[0]["user"], "ada");
        assert_eq!(lines[0]["peer"], "10.0.0.1");
        assert!(lines[0]["at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(lines[1]["user"], "a\"b\n");
        assert_eq!(lines[1]["everywhere"], true);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_put_aside_is_begun_anew() {
        let home = tempfile::tempdir().unwrap();
        let (file, old) = (home.path().join("audit"), home.path().join("old"));
        let audit = Audit::open(file.clone()).unwrap();
        audit.note(Act::SignIn, None, None);
        audit.flush();
        fs::rename(&file, &old).unwrap();
        audit.reopen();
        audit.note(Act::SignInRefused, None, None);
        audit.flush();
        assert_eq!((lines(&old).len(), lines(&file).len()), (1, 1));
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_told_in_the_file_once_it_can() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let file = folder.join("audit");
        let audit = Audit::open(file.clone()).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        audit.reopen();
        audit.note(Act::SignIn, None, None);
        audit.note(Act::SignIn, None, None);
        audit.flush();
        fs::create_dir(&folder).unwrap();
        audit.note(Act::SignInRefused, None, None);
        audit.flush();
        let lines = lines(&file);
        assert_eq!(lines[0]["act"], "lines_lost");
        assert_eq!(lines[0]["lines"], 2);
        assert_eq!(lines[1]["act"], "sign_in_refused");
    }

    #[test]
    fn slowed_sign_ins_that_come_at_once_are_one_line() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("audit");
        let audit = Audit::open(file.clone()).unwrap();
        for _ in 0..10 {
            audit.note_slowed(None, Some("10.0.0.1"));
        }
        audit.flush();
        assert_eq!(lines(&file).len(), 1);
    }
}
