//! Log files: `askd.log`, which grows, and what became of its predecessors, by time and by size.
//!
//! A file that is full, or of yesterday, is renamed after the moment of its last line:
//! `askd-2026-11-23T23-59-58.log`, with `.2` and so on before the end if several end in one second. Only
//! files whose whole name is of this form are ever deleted; `askd-audit.log` is somebody else's.
//!
//! Somebody else may put the file aside as well: whoever moves it says so ([`Troubles::moved`]), and the next line begins
//! a new one; whoever copies and empties it need not.
//!
//! Failing is part of the job: a full disk loses lines and counts them, is told by whoever asks
//! [`Troubles`], and is tried again a second later.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::config::{Log, Rotation};

/// The file that grows.
const CURRENT: &str = "askd.log";

/// Who may read a new file: askd's user and its group. With `log.texts` questions are in it.
const MODE: u32 = 0o640;

/// How long a directory that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// The last second of the year 9999.
const MAX_SECOND: u64 = 253_402_300_799;

/// What goes wrong with the log, shared between those who write it and the one who tells.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    lost: AtomicU64,
    moved: AtomicBool,
    current: Mutex<Option<String>>,
}

impl Troubles {
    /// Somebody may have moved the file away: the next line is to go to where its name is.
    pub(super) fn moved(&self) {
        self.moved.store(true, Ordering::Relaxed);
    }

    /// Counts a line that could not be written.
    pub(super) fn lose_line(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Lines that could not be written so far.
    pub(super) fn lost_lines(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// What is wrong with the files now, in the system's words.
    pub(super) fn current(&self) -> Option<String> {
        let current = self.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what is wrong now, or that nothing is.
    pub(super) fn set(&self, trouble: Option<String>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// A writer of whole lines that begins a new file when it is time, or when the old one is full. It never
/// fails: what it cannot write, it counts.
pub(super) struct RotatingFile<C> {
    directory: PathBuf,
    rotation: Rotation,
    max_size: u64,
    max_files: usize,
    clock: C,
    troubles: Arc<Troubles>,
    open: Option<Open>,
    /// The size before a write that failed: what came on top of it is a torn line.
    whole: Option<u64>,
    /// Nothing is tried before.
    pause_until: Option<SystemTime>,
}

/// The file that grows.
struct Open {
    file: File,
    size: u64,
    last_line: SystemTime,
}

impl<C: Fn() -> SystemTime> RotatingFile<C> {
    /// Makes the directory if need be, and opens the current file in it.
    pub(super) fn open(
        directory: &Path,
        log: &Log,
        troubles: Arc<Troubles>,
        clock: C,
    ) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut this = Self {
            directory: directory.to_owned(),
            rotation: log.rotation,
            max_size: log.max_size,
            max_files: log.max_files,
            clock,
            troubles,
            open: None,
            whole: None,
            pause_until: None,
        };
        this.open = Some(this.open_current()?);
        if let Err(error) = this.prune() {
            // Old files that stay are no reason not to start.
            this.troubles.set(Some(error.to_string()));
        }
        Ok(this)
    }

    fn open_current(&self) -> io::Result<Open> {
        let path = self.directory.join(CURRENT);
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(MODE);
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        Ok(Open {
            size: metadata.len(),
            last_line: metadata.modified()?,
            file,
        })
    }

    /// Writes one line, rotating before it where that is due. A rotation that fails is a trouble, and the
    /// line goes into the old file all the same.
    fn append(&mut self, line: &[u8], now: SystemTime) -> io::Result<()> {
        let mut trouble = None;
        if self.troubles.moved.swap(false, Ordering::Relaxed) {
            trouble = self.reopen().err();
        }
        if self.is_rotation_due(line.len() as u64, now) {
            trouble = self.rotate().err();
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open_current()?,
        };
        if self.whole.take().is_some_and(|whole| whole != open.size) {
            open.file.write_all(b"\n")?;
        }
        self.whole = Some(open.size);
        open.file.write_all(line)?;
        self.whole = None;
        open.size += line.len() as u64;
        open.last_line = now;
        self.open = Some(open);
        self.troubles.set(trouble.map(|error| error.to_string()));
        Ok(())
    }

    /// Goes on in the file of this name. While that cannot be had, the old one takes the lines, wherever it is now.
    fn reopen(&mut self) -> io::Result<()> {
        let opened = self.open_current();
        match opened {
            Ok(open) => {
                (self.open, self.whole) = (Some(open), None);
                Ok(())
            }
            Err(error) => {
                self.troubles.moved();
                Err(error)
            }
        }
    }

    fn is_rotation_due(&mut self, more: u64, now: SystemTime) -> bool {
        let max_size = self.max_size;
        self.open.as_mut().is_some_and(|open| {
            if open.size + more > max_size
                && let Ok(metadata) = open.file.metadata()
            {
                // Somebody may have emptied it.
                open.size = metadata.len();
            }
            let old = period(open.last_line, self.rotation) != period(now, self.rotation);
            open.size > 0 && (old || open.size + more > max_size)
        })
    }

    fn rotate(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let mut aside = Rotated::new(open.last_line, 1);
        for old in self.rotated()? {
            // One more than the highest, not the first that is free: an older one may have been deleted.
            if old.second == aside.second {
                aside.number = aside.number.max(old.number + 1);
            }
        }
        let target = self.directory.join(aside.name());
        fs::rename(self.directory.join(CURRENT), target)?;
        self.open = None;
        self.prune()
    }

    /// Deletes the oldest files beyond `max_files`.
    fn prune(&self) -> io::Result<()> {
        let mut rotated = self.rotated()?;
        rotated.sort();
        let keep = self.max_files.saturating_sub(1);
        let excess = rotated.len().saturating_sub(keep);
        for old in &rotated[..excess] {
            fs::remove_file(self.directory.join(old.name()))?;
        }
        Ok(())
    }

    /// The files that were put aside and are still there.
    fn rotated(&self) -> io::Result<Vec<Rotated>> {
        let mut rotated = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                rotated.extend(name.to_str().and_then(Rotated::parse));
            }
        }
        Ok(rotated)
    }
}

impl<C: Fn() -> SystemTime> Write for RotatingFile<C> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let now = (self.clock)();
        // A clock that was set back must not silence the log for longer than the pause.
        let paused = self
            .pause_until
            .is_some_and(|until| now < until && until <= now + PAUSE);
        if paused {
            self.troubles.lose_line();
            return Ok(line.len());
        }
        self.pause_until = None;
        if let Err(error) = self.append(line, now) {
            self.pause_until = Some(now + PAUSE);
            self.troubles.set(Some(error.to_string()));
            self.troubles.lose_line();
        }
        Ok(line.len())
    }

    /// Nothing is held back: each line is written at once.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The number of the day or the hour, UTC; one for all time where only the size counts.
fn period(time: SystemTime, rotation: Rotation) -> u64 {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    match rotation {
        Rotation::Daily => seconds / (24 * 3600),
        Rotation::Hourly => seconds / 3600,
        Rotation::Never => 0,
    }
}

/// A file that was put aside. Older ones are less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rotated {
    /// Of its last line, since 1970.
    second: u64,
    /// From 1, for those that ended in one second.
    number: u32,
}

impl Rotated {
    fn new(last_line: SystemTime, number: u32) -> Self {
        // A time before 1970 or after 9999 has no name; a file can have either.
        let second = last_line.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            second: second.as_secs().min(MAX_SECOND),
            number,
        }
    }

    /// `askd-2026-11-23T23-59-58.log`, and `askd-2026-11-23T23-59-58.2.log` for the second of that second.
    fn name(self) -> String {
        let time = UNIX_EPOCH + Duration::from_secs(self.second);
        let time = humantime::format_rfc3339_seconds(time).to_string();
        let time = time.trim_end_matches('Z').replace(':', "-");
        match self.number {
            1 => format!("askd-{time}.log"),
            n => format!("askd-{time}.{n}.log"),
        }
    }

    /// Reads back what [`Self::name`] made; `None` for every other name.
    fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_prefix("askd-")?.strip_suffix(".log")?;
        let (time, number) = match stem.split_once('.') {
            Some((time, number)) => (time, number.parse().ok()?),
            None => (stem, 1),
        };
        let (date, clock) = time.split_once('T')?;
        let time = format!("{date}T{}Z", clock.replace('-', ":"));
        let this = Self::new(humantime::parse_rfc3339(&time).ok()?, number);
        // What parses and is written otherwise (a fraction of a second, say) is not ours.
        (this.name() == name).then_some(this)
    }
}

#[cfg(test)]
mod tests;
