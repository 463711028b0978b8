//! The log: to standard error and, where a directory is named, to files.
//!
//! Every line goes through a bounded queue and a thread of its own, so neither a full disk nor a standard
//! error that nobody reads ever holds an answer up. A line that finds its queue full is dropped, counted,
//! and told by [`Guard::tell_dropped`].

mod file;

use std::{
    env,
    fs::File,
    io::{self, IsTerminal, Write},
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer, Registry,
    field::RecordFields,
    filter::{ParseError, Targets},
    fmt::{
        self, FormatFields,
        format::{DefaultFields, Writer},
    },
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

use crate::config::{Log, LogFormat};
use file::{RotatingFile, Troubles};

/// Lines that may wait for each output; beyond it lines are dropped and counted.
const QUEUE: usize = 2048;

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The directory of the log files cannot be made or written to.
    #[error(
        "cannot write log files into {}: {source}; create the directory and give it to the user that askd \
         runs as, or change log.directory",
        path.display()
    )]
    Directory {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The configured level is not one; checked before, so this is a mistake of askd's.
    #[error("cannot read the log level: {0}")]
    Level(#[from] ParseError),
    /// Something else in this process logs already.
    #[error("cannot start the log: {0}")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// How the console's lines look.
#[derive(Debug, Clone, Copy)]
struct Look {
    colour: bool,
    /// journald writes down the time of each line itself.
    time: bool,
}

/// Starts the process's log. It ends, with what waits written, when the guard goes: drop it last.
pub fn start(log: &Log) -> Result<Guard, TelemetryError> {
    let colour = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let look = Look {
        colour: colour && io::stderr().is_terminal(),
        time: !is_the_journal(env::var("JOURNAL_STREAM").ok(), io::stderr()),
    };
    let (subscriber, guard) = build(log, io::stderr(), look, SystemTime::now)?;
    subscriber.try_init()?;
    Ok(guard)
}

/// The log of `start`, without making it the process's own.
fn build(
    log: &Log,
    console: impl Write + Send + 'static,
    look: Look,
    clock: impl Fn() -> SystemTime + Send + 'static,
) -> Result<(impl Subscriber + Send + Sync, Guard), TelemetryError> {
    let filter = filter(&log.level)?;
    let (filter, handle) = reload::Layer::new(filter);
    let troubles = Arc::new(Troubles::default());
    let (console, console_guard) = queue(Counting {
        inner: console,
        troubles: Arc::clone(&troubles),
    });
    let mut outputs = vec![Output::new(&console, console_guard)];
    let mut layers = vec![layer(console, log.format, look)];
    if let Some(directory) = &log.directory {
        let file =
            RotatingFile::open(directory, log, Arc::clone(&troubles), clock).map_err(|source| {
                TelemetryError::Directory {
                    path: directory.clone(),
                    source,
                }
            })?;
        let (file, file_guard) = queue(file);
        outputs.push(Output::new(&file, file_guard));
        let look = Look {
            colour: false,
            time: true,
        };
        layers.push(layer(file, log.format, look));
    }
    let guard = Guard {
        outputs,
        troubles,
        told_trouble: Mutex::default(),
        told_failed: AtomicU64::new(0),
        directory: log.directory.clone(),
        // It fails when the log has gone, and then there is nothing to be set.
        level: Level(Box::new(move |level| drop(handle.reload(level)))),
    };
    Ok((Registry::default().with(layers).with(filter), guard))
}

/// What is logged at `level`. Of each HTTP/2 client that resets too much h2 would warn, which is nothing that askd does, and a log that
/// anybody could fill; whoever writes `h2=` has it.
fn filter(level: &str) -> Result<Targets, ParseError> {
    format!("h2=error,{level}").parse()
}

fn queue(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .thread_name("askd-log")
        .finish(writer)
}

fn layer(
    writer: NonBlocking,
    format: LogFormat,
    look: Look,
) -> Box<dyn Layer<Registry> + Send + Sync> {
    let layer = fmt::layer()
        .with_writer(writer)
        .with_ansi(look.colour)
        .log_internal_errors(false);
    match (format, look.colour, look.time) {
        (LogFormat::Json, _, _) => layer.json().flatten_event(true).boxed(),
        (LogFormat::Text, true, true) => layer.boxed(),
        (LogFormat::Text, true, false) => layer.without_time().boxed(),
        (LogFormat::Text, false, true) => layer.fmt_fields(Plain).boxed(),
        (LogFormat::Text, false, false) => layer.fmt_fields(Plain).without_time().boxed(),
    }
}

/// Formats fields as the default does, under a type of its own. A span's fields are formatted once for each
/// type of formatter: were it one, the console's colours would get into the files.
struct Plain;

impl<'w> FormatFields<'w> for Plain {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> std::fmt::Result {
        DefaultFields::new().format_fields(writer, fields)
    }
}

/// Whether what is written to `output` goes to journald. systemd says in `JOURNAL_STREAM` which file that is,
/// and a process that inherits the variable may well write to another one.
fn is_the_journal(stream: Option<String>, output: impl AsFd) -> bool {
    let output = output.as_fd().try_clone_to_owned().map(File::from);
    let output = output.and_then(|output| output.metadata());
    stream.is_some_and(|stream| {
        output.is_ok_and(|output| stream == format!("{}:{}", output.dev(), output.ino()))
    })
}

/// A writer whose failures are counted and otherwise no matter: there is nobody left to tell them to.
struct Counting<W> {
    inner: W,
    troubles: Arc<Troubles>,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.inner.write_all(line).is_err() {
            self.troubles.lose_line();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// One output's queue.
#[derive(Debug)]
struct Output {
    dropped: ErrorCounter,
    told: AtomicU64,
    /// Writes what waits, when it goes.
    _worker: WorkerGuard,
}

impl Output {
    fn new(queue: &NonBlocking, worker: WorkerGuard) -> Self {
        Self {
            dropped: queue.error_counter(),
            told: AtomicU64::new(0),
            _worker: worker,
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.dropped_lines() as u64
    }
}

/// Sets another level.
struct Level(Box<dyn Fn(Targets) + Send + Sync>);

impl std::fmt::Debug for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Level")
    }
}

/// Keeps the log going, and knows what it lost.
#[derive(Debug)]
pub struct Guard {
    outputs: Vec<Output>,
    troubles: Arc<Troubles>,
    told_trouble: Mutex<Option<String>>,
    told_failed: AtomicU64,
    directory: Option<PathBuf>,
    level: Level,
}

impl Guard {
    /// Lines lost since the start, each output's counted by itself: the queue was full, or could not be
    /// written.
    pub fn dropped(&self) -> u64 {
        let full: u64 = self.outputs.iter().map(Output::dropped).sum();
        full + self.troubles.lost_lines()
    }

    /// Logs so much from now on; the level is one that was checked.
    pub fn set_level(&self, level: &str) {
        if let Ok(level) = filter(level) {
            (self.level.0)(level);
        }
    }

    /// Opens the log's file anew, for somebody may have moved it away. Does so with the next line.
    pub fn reopen(&self) {
        self.troubles.moved();
    }

    /// Tells on the log what was lost since the last call, and when the files begin or cease to fail. To be
    /// called every few seconds; says nothing when there is nothing new.
    pub fn tell_dropped(&self) {
        self.tell_trouble();
        let before: Vec<u64> = self.outputs.iter().map(Output::dropped).collect();
        let failed = self.troubles.lost_lines();
        let new = |now: u64, told: &AtomicU64| now.saturating_sub(told.load(Ordering::Relaxed));
        let outputs = self.outputs.iter().zip(&before);
        let full: u64 = outputs.map(|(output, now)| new(*now, &output.told)).sum();
        let lines = full + new(failed, &self.told_failed);
        if lines == 0 {
            return;
        }
        match lines {
            1 => tracing::warn!(lines, "1 log line was dropped"),
            _ => tracing::warn!(lines, "{lines} log lines were dropped"),
        }
        // An output that dropped this line too has not been told; it will be, when there is room.
        for (output, now) in self.outputs.iter().zip(before) {
            if output.dropped() == now {
                output.told.store(now, Ordering::Relaxed);
            }
        }
        self.told_failed.store(failed, Ordering::Relaxed);
    }

    fn tell_trouble(&self) {
        let now = self.troubles.current();
        let mut told = self
            .told_trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if now.is_some() == told.is_some() {
            return;
        }
        let directory = self.directory.as_deref().unwrap_or_else(|| "".as_ref());
        match &now {
            Some(error) => tracing::error!(
                directory = %directory.display(),
                error,
                "log files cannot be written as they should; trying again"
            ),
            None => tracing::info!(directory = %directory.display(), "log files are written again"),
        }
        *told = now;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.tell_dropped();
    }
}

#[cfg(test)]
mod tests;
