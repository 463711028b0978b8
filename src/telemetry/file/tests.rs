//! The promises of the log files, with a clock of their own.

use std::{
    cell::Cell,
    os::unix::fs::{PermissionsExt as _, symlink},
    rc::Rc,
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::Config;

/// 2026-11-23T10:00:00Z.
const START: u64 = 1_795_428_000;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A log directory with a clock that stands still until it is set.
struct Logs {
    directory: TempDir,
    now: Rc<Cell<u64>>,
    log: Log,
    troubles: Arc<Troubles>,
}

impl Logs {
    fn new(rotation: Rotation, max_size: u64, max_files: usize) -> Self {
        let log = Log {
            rotation,
            max_size,
            max_files,
            ..Config::default().log
        };
        Self {
            directory: TempDir::new().unwrap(),
            now: Rc::new(Cell::new(START)),
            log,
            troubles: Arc::default(),
        }
    }

    fn open(&self) -> RotatingFile<impl Fn() -> SystemTime + use<>> {
        let now = Rc::clone(&self.now);
        let clock = move || at(now.get());
        let directory = self.directory.path();
        let troubles = Arc::clone(&self.troubles);
        RotatingFile::open(directory, &self.log, troubles, clock).unwrap()
    }

    fn pass(&self, seconds: u64) {
        self.now.set(self.now.get() + seconds);
    }

    fn current(&self) -> PathBuf {
        self.directory.path().join(CURRENT)
    }

    /// Every file's name and text, in the names' order.
    fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        files.sort();
        files
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn a_new_day_begins_a_new_file_named_after_the_last_line_of_the_old_one() {
    let logs = Logs::new(Rotation::Daily, 1_000_000, 7);
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    logs.pass(13 * HOUR + 59 * 60);
    file.write_all(b"two\n").unwrap();
    logs.pass(60);
    file.write_all(b"three\n").unwrap();
    assert_eq!(
        logs.files(),
        [
            pair("askd-2026-11-23T23-59-00.log", "one\ntwo\n"),
            pair("askd.log", "three\n"),
        ]
    );
}

#[test]
fn a_new_hour_begins_a_new_file_only_where_rotation_is_hourly() {
    let rows = [
        (Rotation::Hourly, 2),
        (Rotation::Daily, 1),
        (Rotation::Never, 1),
    ];
    for (rotation, files) in rows {
        let logs = Logs::new(rotation, 1_000_000, 7);
        let mut file = logs.open();
        file.write_all(b"one\n").unwrap();
        logs.pass(HOUR);
        file.write_all(b"two\n").unwrap();
        assert_eq!(logs.files().len(), files, "{rotation:?}");
    }
}

#[test]
fn a_full_file_is_followed_by_another_and_no_line_is_split() {
    let logs = Logs::new(Rotation::Daily, 10, 7);
    let mut file = logs.open();
    for line in ["12345\n", "678\n", "9\n", "longer than a file\n", "z\n"] {
        file.write_all(line.as_bytes()).unwrap();
    }
    assert_eq!(
        logs.files(),
        [
            pair("askd-2026-11-23T10-00-00.2.log", "9\n"),
            pair("askd-2026-11-23T10-00-00.3.log", "longer than a file\n"),
            pair("askd-2026-11-23T10-00-00.log", "12345\n678\n"),
            pair("askd.log", "z\n"),
        ]
    );
}

#[test]
fn only_max_files_are_kept_and_the_oldest_go() {
    let logs = Logs::new(Rotation::Hourly, 1_000_000, 3);
    let mut file = logs.open();
    for n in 0..6 {
        file.write_all(format!("{n}\n").as_bytes()).unwrap();
        logs.pass(HOUR);
    }
    assert_eq!(
        logs.files(),
        [
            pair("askd-2026-11-23T13-00-00.log", "3\n"),
            pair("askd-2026-11-23T14-00-00.log", "4\n"),
            pair("askd.log", "5\n"),
        ]
    );
}

#[test]
fn of_files_that_ended_in_one_second_the_lowest_number_is_the_oldest() {
    let logs = Logs::new(Rotation::Never, 2, 3);
    let mut file = logs.open();
    for n in 0..15 {
        file.write_all(format!("{n:x}\n").as_bytes()).unwrap();
    }
    let mut texts: Vec<String> = logs.files().into_iter().map(|(_, text)| text).collect();
    texts.sort();
    assert_eq!(texts, ["c\n", "d\n", "e\n"]);
}

#[test]
fn files_of_others_survive_whatever_their_names_resemble() {
    let logs = Logs::new(Rotation::Hourly, 1_000_000, 1);
    let others = [
        "askd-audit.log",
        "askd-2026-11-23.log",
        "askd-2026-11-23T10-00-00.log.gz",
        "askd-2026-11-23T10-00-00.1.log",
        "askd-2026-11-23T10-00-00.02.log",
        "askd-2026-11-23T10-00-00.5.5.log",
        "askd-2026-13-23T10-00-00.log",
        "my-askd-2026-11-23T10-00-00.log",
        "askd.log.1",
        "askd2.log",
    ];
    for name in others {
        fs::write(logs.directory.path().join(name), "not askd's").unwrap();
    }
    let mut file = logs.open();
    for n in 0..6 {
        file.write_all(format!("{n}\n").as_bytes()).unwrap();
        logs.pass(HOUR);
    }
    let files = logs.files();
    for name in others {
        assert!(files.contains(&pair(name, "not askd's")), "{name} is gone");
    }
    assert_eq!(files.len(), others.len() + 1);
}

#[test]
fn a_directory_with_a_rotated_files_name_is_left_alone() {
    let logs = Logs::new(Rotation::Hourly, 1_000_000, 1);
    let directory = logs.directory.path().join("askd-2020-01-01T00-00-00.log");
    fs::create_dir(&directory).unwrap();
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    logs.pass(HOUR);
    file.write_all(b"two\n").unwrap();
    assert!(directory.is_dir());
    assert_eq!(logs.troubles.current(), None);
}

#[test]
fn a_restart_goes_on_with_the_file_of_today_and_puts_yesterdays_aside() {
    let logs = Logs::new(Rotation::Daily, 1_000_000, 7);
    let set_age = |seconds| {
        let file = File::options().append(true).open(logs.current()).unwrap();
        file.set_modified(at(seconds)).unwrap();
    };
    fs::write(logs.current(), "old\n").unwrap();
    set_age(START - DAY);
    logs.open().write_all(b"new\n").unwrap();
    set_age(START);
    logs.open().write_all(b"newer\n").unwrap();
    assert_eq!(
        logs.files(),
        [
            pair("askd-2026-11-22T10-00-00.log", "old\n"),
            pair("askd.log", "new\nnewer\n"),
        ]
    );
}

#[test]
fn a_full_disk_loses_counts_and_tells_and_is_tried_again_a_second_later() {
    let logs = Logs::new(Rotation::Never, 1_000_000, 7);
    symlink("/dev/full", logs.current()).unwrap();
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    file.write_all(b"two\n").unwrap();
    assert_eq!(logs.troubles.lost_lines(), 2);
    let trouble = logs.troubles.current().unwrap();
    assert!(trouble.contains("No space left"), "{trouble}");
    fs::remove_file(logs.current()).unwrap();
    file.write_all(b"three\n").unwrap();
    assert_eq!(logs.troubles.lost_lines(), 3, "within the pause");
    logs.pass(1);
    file.write_all(b"four\n").unwrap();
    assert_eq!(logs.troubles.lost_lines(), 3);
    assert_eq!(logs.troubles.current(), None);
    assert_eq!(logs.files(), [pair(CURRENT, "four\n")]);
}

#[test]
fn a_line_that_was_torn_does_not_run_into_the_next() {
    let logs = Logs::new(Rotation::Never, 1_000_000, 7);
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    // As a disk that fills up within a line leaves it.
    file.whole = Some(4);
    file.open = None;
    fs::write(logs.current(), "one\ntw").unwrap();
    file.write_all(b"three\n").unwrap();
    file.write_all(b"four\n").unwrap();
    assert_eq!(logs.files(), [pair(CURRENT, "one\ntw\nthree\nfour\n")]);
}

#[test]
fn a_directory_that_goes_and_comes_back_is_written_to_again_and_loses_nothing() {
    let parent = TempDir::new().unwrap();
    let logs = Logs {
        directory: TempDir::new_in(&parent).unwrap(),
        ..Logs::new(Rotation::Hourly, 1_000_000, 7)
    };
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    let (here, away) = (logs.directory.path(), parent.path().join("away"));
    fs::rename(here, &away).unwrap();
    logs.pass(HOUR);
    // Renaming fails, and the old file takes the line.
    file.write_all(b"two\n").unwrap();
    assert!(logs.troubles.current().is_some());
    fs::rename(&away, here).unwrap();
    logs.pass(HOUR);
    file.write_all(b"three\n").unwrap();
    assert_eq!(logs.troubles.current(), None);
    assert_eq!(logs.troubles.lost_lines(), 0);
    let texts: Vec<String> = logs.files().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one\ntwo\n", "three\n"]);
}

#[test]
fn a_clock_that_is_set_back_does_not_silence_the_log() {
    let logs = Logs::new(Rotation::Never, 1_000_000, 7);
    symlink("/dev/full", logs.current()).unwrap();
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    fs::remove_file(logs.current()).unwrap();
    logs.now.set(START - DAY);
    file.write_all(b"two\n").unwrap();
    assert_eq!(logs.files(), [pair(CURRENT, "two\n")]);
}

#[test]
fn a_file_from_before_1970_or_from_the_year_10000_has_a_name_too() {
    let early = Rotated::new(UNIX_EPOCH - Duration::from_secs(1), 1);
    assert_eq!(early.name(), "askd-1970-01-01T00-00-00.log");
    let late = Rotated::new(at(u64::from(u32::MAX) * 1000), 1);
    assert_eq!(late.name(), "askd-9999-12-31T23-59-59.log");
}

proptest! {
    #[test]
    fn a_rotated_name_is_read_back_as_it_was_made(second in 0..=MAX_SECOND, number in 1u32..50) {
        let rotated = Rotated { second, number };
        prop_assert_eq!(Rotated::parse(&rotated.name()), Some(rotated));
    }

    #[test]
    fn a_name_of_another_form_is_never_taken_for_askds_own(name in "askd-[-.0-9T]{19,24}(log)?") {
        if let Some(rotated) = Rotated::parse(&name) {
            prop_assert_eq!(rotated.name(), name);
        }
    }
}

#[test]
fn what_comes_once_the_file_was_moved_away_goes_into_a_new_one() {
    let logs = Logs::new(Rotation::Never, 1000, 7);
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    let aside = logs.directory.path().join("askd.log.1");
    fs::rename(logs.current(), aside).unwrap();
    file.write_all(b"two\n").unwrap();
    logs.troubles.moved();
    file.write_all(b"three\n").unwrap();
    let expected = [
        pair("askd.log", "three\n"),
        pair("askd.log.1", "one\ntwo\n"),
    ];
    assert_eq!(logs.files(), expected);
    assert_eq!(logs.troubles.current(), None);
}

#[test]
fn while_there_can_be_no_new_file_the_moved_one_takes_the_lines() {
    let logs = Logs::new(Rotation::Never, 1000, 7);
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    let aside = logs.directory.path().join("askd.log.1");
    fs::rename(logs.current(), &aside).unwrap();
    fs::create_dir(logs.current()).unwrap();
    logs.troubles.moved();
    file.write_all(b"two\n").unwrap();
    assert!(logs.troubles.current().is_some());
    fs::remove_dir(logs.current()).unwrap();
    file.write_all(b"three\n").unwrap();
    assert_eq!(logs.troubles.current(), None);
    let expected = [
        pair("askd.log", "three\n"),
        pair("askd.log.1", "one\ntwo\n"),
    ];
    assert_eq!(logs.files(), expected);
    assert_eq!(logs.troubles.lost_lines(), 0);
}

#[test]
fn a_file_that_was_copied_and_emptied_is_not_full() {
    let logs = Logs::new(Rotation::Never, 10, 7);
    let mut file = logs.open();
    file.write_all(b"123456\n").unwrap();
    File::options()
        .write(true)
        .open(logs.current())
        .unwrap()
        .set_len(0)
        .unwrap();
    file.write_all(b"abcdef\n").unwrap();
    assert_eq!(logs.files(), [pair("askd.log", "abcdef\n")]);
    file.write_all(b"ABCDEF\n").unwrap();
    assert_eq!(logs.files().len(), 2);
}

#[test]
fn no_file_can_be_read_by_everybody_be_it_the_first_or_after_a_rotation() {
    let logs = Logs::new(Rotation::Daily, 1_000_000, 7);
    let mut file = logs.open();
    file.write_all(b"one\n").unwrap();
    logs.pass(DAY);
    file.write_all(b"two\n").unwrap();
    let names: Vec<_> = logs.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["askd-2026-11-23T10-00-00.log", "askd.log"]);
    for name in names {
        let metadata = fs::metadata(logs.directory.path().join(&name)).unwrap();
        let mode = metadata.permissions().mode();
        assert_eq!(mode & 0o027, 0, "{name}: {mode:o}");
    }
}
