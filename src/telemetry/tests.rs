//! The promises of the log as a whole: two outputs, bounded queues, nothing lost in silence.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::{Duration, UNIX_EPOCH},
};

use super::*;
use crate::config::Config;

const PLAIN: Look = Look {
    colour: false,
    time: false,
};

/// A console whose text can be read.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A console that nobody reads until the sender has gone; tells when it is first written to.
struct Stuck {
    page: Page,
    reached: SyncSender<()>,
    free: Receiver<()>,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.reached.send(());
        let _ = self.free.recv();
        self.page.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log() -> Log {
    Config::default().log
}

fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_428_000)
}

/// Runs `speak` with a log, and returns what the console showed when all was over.
fn console(log: &Log, look: Look, speak: impl FnOnce(&Guard)) -> String {
    let page = Page::default();
    let (subscriber, guard) = build(log, page.clone(), look, clock).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        speak(&guard);
        drop(guard);
    });
    page.text()
}

#[test]
fn a_line_on_the_console_is_plain_text() {
    let text = console(&log(), PLAIN, |_| {
        tracing::info!(session = 7, "session opened")
    });
    assert_eq!(
        text,
        " INFO askd::telemetry::tests: session opened session=7\n"
    );
}

#[test]
fn a_line_begins_with_its_time_unless_the_journal_writes_that_down() {
    let timed = Look {
        time: true,
        ..PLAIN
    };
    let text = console(&log(), timed, |_| tracing::info!("x"));
    assert!(text.starts_with("20"), "{text}");
    assert!(text.contains("Z  INFO"), "{text}");
}

#[test]
fn json_is_one_object_a_line_with_the_fields_and_the_spans() {
    let json = Log {
        format: LogFormat::Json,
        ..log()
    };
    let text = console(&json, PLAIN, |_| {
        let _span = tracing::info_span!("turn", turn = "t1").entered();
        tracing::info!(chunks = 3, "turn ended");
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["message"], "turn ended");
    assert_eq!(line["chunks"], 3);
    assert_eq!(line["span"]["turn"], "t1");
    assert_eq!(line["level"], "INFO");
    assert!(line["timestamp"].is_string());
}

#[test]
fn the_level_decides_and_directives_can_be_given() {
    let debug = Log {
        level: "warn,askd=debug".to_owned(),
        ..log()
    };
    let speak = |_: &Guard| {
        tracing::debug!("ours");
        tracing::info!(target: "hyper", "theirs");
    };
    let text = console(&log(), PLAIN, speak);
    assert!(!text.contains("ours") && text.contains("theirs"), "{text}");
    let text = console(&debug, PLAIN, speak);
    assert!(text.contains("ours") && !text.contains("theirs"), "{text}");
}

#[test]
fn what_http_2_would_warn_of_its_clients_fills_no_log_unless_it_is_asked_for() {
    let asked = Log {
        level: "info,h2=warn".to_owned(),
        ..log()
    };
    let speak = |_: &Guard| tracing::warn!(target: "h2::proto::streams::recv", "resets");
    assert_eq!(console(&log(), PLAIN, speak), "");
    assert!(console(&asked, PLAIN, speak).contains("resets"));
}

#[test]
fn the_file_gets_every_line_with_its_time_and_without_the_consoles_colours() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log {
        directory: Some(directory.path().join("deep/logs")),
        ..log()
    };
    let colours = Look {
        colour: true,
        time: false,
    };
    let text = console(&log, colours, |_| {
        let _span = tracing::info_span!("turn", turn = "t1").entered();
        tracing::info!(chunks = 3, "turn ended");
    });
    assert!(text.contains("\x1b["), "the console is coloured: {text:?}");
    let file = std::fs::read_to_string(directory.path().join("deep/logs/askd.log")).unwrap();
    assert!(!file.contains('\x1b'), "{file:?}");
    assert!(file.starts_with("20"), "{file:?}");
    assert!(
        file.ends_with("INFO turn{turn=\"t1\"}: askd::telemetry::tests: turn ended chunks=3\n"),
        "{file:?}"
    );
}

#[test]
fn a_console_that_nobody_reads_holds_nobody_up_and_its_dropped_lines_are_told() {
    let page = Page::default();
    // Room for every line, so that telling never waits.
    let (reached, is_reached) = sync_channel(2 * QUEUE);
    let (release, free) = sync_channel(0);
    let stuck = Stuck {
        page: page.clone(),
        reached,
        free,
    };
    let (subscriber, guard) = build(&log(), stuck, PLAIN, clock).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("the line that is stuck");
        is_reached.recv().unwrap();
        for _ in 0..QUEUE + 5 {
            tracing::info!("line");
        }
        assert_eq!(guard.dropped(), 5);
        guard.tell_dropped();
        assert_eq!(guard.dropped(), 6, "there was no room for telling either");
        drop(release);
        // The queue has room once the worker has come to its end.
        while is_reached.recv().is_ok() && page.text().lines().count() < QUEUE {}
        guard.tell_dropped();
        guard.tell_dropped();
        drop(guard);
    });
    let text = page.text();
    let told: Vec<&str> = text.lines().filter(|l| l.contains("dropped")).collect();
    assert_eq!(
        told,
        [" WARN askd::telemetry: 6 log lines were dropped lines=6"]
    );
    assert_eq!(text.lines().count(), 1 + QUEUE + 1);
}

#[test]
fn a_console_that_is_closed_is_counted() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (subscriber, guard) = build(&log(), Closed, PLAIN, clock).unwrap();
    let troubles = Arc::clone(&guard.troubles);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("one");
        tracing::info!("two");
    });
    drop(guard);
    assert!(troubles.lost_lines() >= 2);
}

#[test]
fn files_that_cannot_be_written_are_told_once_when_it_begins_and_once_when_it_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log {
        directory: Some(directory.path().to_owned()),
        ..log()
    };
    let text = console(&log, PLAIN, |guard| {
        guard.tell_dropped();
        guard
            .troubles
            .set(Some("No space left on device".to_owned()));
        guard.troubles.lose_line();
        guard.tell_dropped();
        guard.tell_dropped();
        guard.troubles.set(None);
        guard.tell_dropped();
        guard.tell_dropped();
    });
    let text = text.replace(&directory.path().display().to_string(), "DIR");
    insta::assert_snapshot!(text, @r#"
    ERROR askd::telemetry: log files cannot be written as they should; trying again directory=DIR error="No space left on device"
     WARN askd::telemetry: 1 log line was dropped lines=1
     INFO askd::telemetry: log files are written again directory=DIR
    "#);
}

#[test]
fn a_directory_that_cannot_be_made_is_named_with_what_to_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = Log {
        directory: Some(file.path().join("logs")),
        ..log()
    };
    let result = build(&log, Page::default(), PLAIN, clock);
    let error = result.err().unwrap().to_string();
    let error = error.replace(&file.path().display().to_string(), "FILE");
    insta::assert_snapshot!(error, @"cannot write log files into FILE/logs: Not a directory (os error 20); create the directory and give it to the user that askd runs as, or change log.directory");
}

#[test]
fn only_the_file_that_systemd_names_is_the_journal() {
    let (journal, other) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let metadata = journal.metadata().unwrap();
    let stream = Some(format!("{}:{}", metadata.dev(), metadata.ino()));
    assert!(is_the_journal(stream.clone(), &journal));
    assert!(!is_the_journal(stream, &other));
    assert!(!is_the_journal(Some("nonsense".to_owned()), &journal));
    assert!(!is_the_journal(None, &journal));
}
