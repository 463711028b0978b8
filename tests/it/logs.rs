//! The log: where it cannot be written, where somebody else puts its file aside, and who would fill it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{
    binary::Binary,
    harness::{Server, soon},
};

/// The log directory of an askd, and what an operator's logrotate does there.
struct Logs(TempDir);

impl Logs {
    async fn of_an_askd() -> (Self, Binary) {
        let logs = Self(TempDir::new().unwrap());
        let toml = format!(
            "[log]\nlevel = \"info,askd::session=debug\"\ndirectory = {:?}\n[store]\npath = \":memory:\"\n",
            logs.0.path()
        );
        let askd = Binary::start(&toml, &[]).await;
        Self::until(&logs.current(), "askd is up").await;
        (logs, askd)
    }

    fn current(&self) -> PathBuf {
        self.0.path().join("askd.log")
    }

    /// Waits until a file, which a thread of askd's writes, holds this.
    async fn until(path: &Path, part: &str) {
        let there = async {
            while !fs::read_to_string(path).is_ok_and(|text| text.contains(part)) {
                tokio::task::yield_now().await;
            }
        };
        soon(part, there).await;
    }
}

#[test]
fn a_log_directory_that_cannot_be_used_never_starts_and_is_named_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    let config = home.path().join("askd.toml");
    let directory = home.path().join("file/logs");
    fs::write(&config, format!("[log]\ndirectory = {directory:?}\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_askd"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(directory.to_str().unwrap()), "{said}");
    assert!(said.contains("change log.directory"), "{said}");
}

#[tokio::test]
async fn a_log_that_was_moved_away_begins_anew_at_sighup() {
    let (logs, askd) = Logs::of_an_askd().await;
    let aside = logs.0.path().join("askd.log.1");
    fs::rename(logs.current(), &aside).unwrap();
    askd.signal("HUP").await;
    Logs::until(&logs.current(), "SIGHUP").await;
    let before = fs::read_to_string(&aside).unwrap();
    assert!(
        before.contains("askd is up") && !before.contains("SIGHUP"),
        "{before}"
    );
    drop(askd.connect().await);
    Logs::until(&logs.current(), "session opened").await;
    assert_eq!(fs::read_to_string(&aside).unwrap(), before);
}

#[tokio::test]
async fn a_log_that_was_copied_and_emptied_goes_on_from_its_beginning() {
    let (logs, askd) = Logs::of_an_askd().await;
    let aside = logs.0.path().join("askd.log.1");
    fs::copy(logs.current(), &aside).unwrap();
    let emptied = File::options().write(true).open(logs.current()).unwrap();
    emptied.set_len(0).unwrap();
    drop(askd.connect().await);
    Logs::until(&logs.current(), "session opened").await;
    let text = fs::read_to_string(logs.current()).unwrap();
    assert!(
        !text.contains('\0') && !text.contains("askd is up"),
        "{text}"
    );
}

#[tokio::test]
async fn who_opens_sessions_and_leaves_them_cannot_fill_the_log() {
    let server = Server::start("");
    for _ in 0..3 {
        server.connect().await.leave(1001).await;
    }
    let mut client = server.connect().await;
    let turn = client.ask("What is a pool?").await;
    client.read(turn).await;
    client.leave(1001).await;
    let ended = |level: &str| {
        let lines = server.log.lines("session ended");
        lines.iter().filter(|line| line.contains(level)).count()
    };
    let told = |_| ended("DEBUG ") + ended(" INFO ") == 4;
    server.until("all have ended", told).await;
    assert_eq!((ended("DEBUG "), ended(" INFO ")), (3, 1));
    let opened = server.log.lines("session opened");
    assert_eq!(opened.len(), 4);
    assert!(opened.iter().all(|line| line.contains("DEBUG ")));
    server.stop().await;
}
