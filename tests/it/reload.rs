//! The configuration read again while askd serves: what can take effect does, what cannot is named, and a faulty file
//! changes nothing.

mod effects;
mod keys;

use std::{
    fs,
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tokio::net::UnixDatagram;

use crate::{
    binary::Binary,
    harness::soon,
    http::{ask_at, request},
};

const MEMORY: &str = "[store]\npath = \":memory:\"\n";

fn titled(title: &str) -> String {
    format!("[page]\ntitle = \"{title}\"\n{MEMORY}")
}

async fn page(askd: &Binary) -> String {
    let answer = ask_at(askd.address, &request("GET", "/", "")).await;
    String::from_utf8(answer.body).unwrap()
}

#[tokio::test]
async fn a_faulty_file_changes_nothing_and_says_in_the_log_what_is_wrong() {
    let askd = Binary::start(&titled("before"), &[]).await;
    askd.configure("[server]\nmax_sessions = 0\n[page]\ntitle = \"after\"\n");
    askd.signal("HUP").await;
    let said = askd.until_said("stays as it was").await;
    assert!(said.contains("askd.toml:2:"), "{said}");
    assert!(said.contains("server.max_sessions"), "{said}");
    assert!(page(&askd).await.contains("<title>before</title>"));
    askd.configure(&titled("after"));
    askd.signal("HUP").await;
    askd.until_said("took effect: page.title").await;
    assert!(page(&askd).await.contains("<title>after</title>"));
}

#[tokio::test]
async fn the_log_says_from_then_on_as_much_as_the_new_level_has() {
    let level = |level: &str| format!("[log]\nlevel = \"{level}\"\n{MEMORY}");
    let askd = Binary::start(&level("error"), &[]).await;
    drop(askd.connect().await);
    askd.configure(&level("debug"));
    askd.signal("HUP").await;
    let said = askd.until_said("took effect: log.level").await;
    assert!(!said.contains("session opened"), "{said}");
    drop(askd.connect().await);
    askd.until_said("session opened").await;
    askd.configure(&level("error"));
    askd.signal("HUP").await;
    let again = async {
        while askd.said().matches("took effect: log.level").count() < 2 {
            tokio::task::yield_now().await;
        }
    };
    soon("told again", again).await;
}

#[tokio::test]
async fn what_a_variable_says_stays_and_is_named() {
    let askd = Binary::start(MEMORY, &[("ASKD_LOG", "info")]).await;
    askd.configure(&format!("[log]\nlevel = \"debug\"\n{MEMORY}"));
    askd.signal("HUP").await;
    askd.until_said("whatever the file does: server.listen, log.level")
        .await;
}

#[tokio::test]
async fn systemd_hears_of_the_reloading_and_of_its_end() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    let hear = async || {
        let mut message = [0; 4096];
        loop {
            let length = soon("a notification", systemd.recv(&mut message))
                .await
                .unwrap();
            let heard = String::from_utf8(message[..length].to_vec()).unwrap();
            if !heard.starts_with("STATUS=") {
                return heard;
            }
        }
    };
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap())];
    let askd = Binary::start(MEMORY, &environment).await;
    assert!(hear().await.contains("READY=1"));
    for file in [MEMORY, "faulty"] {
        askd.configure(file);
        askd.signal("HUP").await;
        let reloading = hear().await;
        assert!(reloading.contains("RELOADING=1"), "{reloading}");
        let since = reloading
            .lines()
            .find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(since.unwrap().parse::<u64>().unwrap() > 0);
        assert!(hear().await.contains("READY=1"));
    }
}

/// `askd reload`, as somebody at a terminal has it: its exit code, and what it says.
fn reload(arguments: &[&str]) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_askd"))
        .env_clear()
        .arg("reload")
        .args(arguments)
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    (run.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn the_command_finds_the_askd_that_has_the_conversations_open() {
    let folder = TempDir::new().unwrap();
    let store = format!("[store]\npath = {:?}\n", folder.path().join("askd.db"));
    let askd = Binary::start(&store, &[]).await;
    askd.configure(&format!("{store}[page]\ntitle = \"new\"\n"));
    let config = askd.config().to_str().unwrap().to_owned();
    let (code, said) = reload(&["--config", &config]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stands in its log"), "{said}");
    askd.until_said("took effect: page.title").await;
    let ended = folder.path().join("config.toml");
    fs::write(&ended, &store).unwrap();
    askd.kill().await;
    let (code, said) = reload(&["--config", ended.to_str().unwrap()]);
    assert_eq!(code, Some(69), "{said}");
    assert!(
        said.contains("no askd has") && said.contains("--pid"),
        "{said}"
    );
}

#[tokio::test]
async fn the_command_takes_a_process_where_conversations_are_in_memory() {
    let askd = Binary::start(MEMORY, &[]).await;
    let config = askd.config().to_str().unwrap().to_owned();
    let (code, said) = reload(&["--config", &config]);
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("--pid"), "{said}");
    let (code, said) = reload(&["--pid", &askd.id().to_string()]);
    assert_eq!(code, Some(0), "{said}");
    askd.until_said("no key of the configuration has changed")
        .await;
    for pid in ["0", "-1", "999999999"] {
        let (code, said) = reload(&[&format!("--pid={pid}")]);
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains(pid), "{said}");
    }
}

#[test]
fn the_command_leaves_a_process_alone_that_would_die_of_it() {
    let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let id = other.id();
    let (code, said) = reload(&["--pid", &id.to_string()]);
    assert_eq!(code, Some(69), "{said}");
    let told = format!("the process {id} is no askd: a SIGHUP would end it");
    assert!(said.contains(&told), "{said}");
    // It ends by itself, once there is nothing more to read.
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
}
