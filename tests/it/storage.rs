//! The real binary and a disk that takes nothing more, or gives something else back.

use std::{fs, path::PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    binary::Binary,
    client::{Browser, Client},
    fake::{Fake, Script},
    harness::soon,
    http::{ask_at, ready, request},
};

/// Answers that run when the disk is full.
const RUNNING: usize = 5;

/// A file for conversations, and the endpoint that they are with.
struct Place {
    folder: TempDir,
    fake: Fake,
}

impl Place {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let fake = Fake::start().await;
        Self { folder, fake }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("askd.db")
    }

    fn toml(&self) -> String {
        let (url, path) = (self.fake.base_url(), self.path());
        format!(
            "[[endpoint]]\nbase_url = \"{url}\"\nmodel = \"m\"\nconcurrency = 20\n[store]\npath = {path:?}\n"
        )
    }

    async fn start(&self, browser: &Browser) -> Binary {
        let mut askd = Binary::start(&self.toml(), &[]).await;
        askd.browser = browser.clone();
        askd
    }

    /// Bytes of the largest of the files.
    fn size(&self) -> u64 {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
        sizes.max().unwrap()
    }
}

async fn refused(client: &mut Client) -> Value {
    client.ask("not now").await;
    let error = client.expect("error").await;
    assert_eq!(error["code"], "storage_failed", "{error}");
    assert_eq!(error["turn"], Value::Null, "it has left no trace");
    error
}

#[tokio::test]
async fn a_full_disk_stops_no_answer_and_what_it_kept_waiting_is_on_it_once_there_is_room() {
    let place = Place::new().await;
    let script = Script::in_two();
    place.fake.always(script);
    let browser = Browser::default();
    let askd = place.start(&browser).await;
    let mut readers = Vec::new();
    for _ in 0..RUNNING {
        let mut reader = askd.connect().await;
        let turn = reader.ask("q").await;
        let accepted = reader.expect("accepted").await;
        assert_eq!(reader.expect("chunk").await["text"], "one, ");
        readers.push((reader, turn, accepted["conversation"].clone()));
    }

    askd.limit_files(Some(place.size()));
    let mut other = askd.connect().await;
    refused(&mut other).await;
    let body = ready(askd.address, 503).await;
    assert_eq!(body["state"], "storage_failed");
    assert_eq!(refused(&mut other).await["message"], body["message"]);
    // Where and why is for the operator.
    let path = place.path().display().to_string();
    assert!(!body.to_string().contains(&path), "{body}");
    let told = |line: &str| line.contains(&path) && line.contains("askd goes on by itself");
    // Its line goes its own way to the log.
    let written = async {
        while !askd.said().lines().any(told) {
            tokio::task::yield_now().await;
        }
    };
    soon("told in the log", written).await;

    place.fake.gate("more").release();
    let cookie = format!("Cookie: {}\r\n", browser.cookie().await.unwrap());
    for (reader, turn, conversation) in &mut readers {
        let answer = reader.read(*turn).await;
        assert_eq!(
            (answer.text.as_str(), answer.outcome.as_str()),
            ("two", "stop")
        );
        // Whoever looks now finds the whole, though it is nowhere but in memory.
        other.resume(*turn, 0).await;
        assert_eq!(other.read(*turn).await.text, "one, two");
        let target = format!("/api/v1/conversations/{}", conversation.as_str().unwrap());
        let reply = ask_at(askd.address, &request("GET", &target, &cookie)).await;
        assert_eq!(reply.json()["turns"][0]["answer"], "one, two");
    }

    askd.limit_files(None);
    assert_eq!(ready(askd.address, 200).await["state"], "ready");
    // What is kept now is kept behind what had to wait.
    other.ask_accepted("now").await;
    askd.kill().await;
    let askd = place.start(&browser).await;
    let mut again = askd.connect().await;
    for (_, turn, _) in readers {
        again.resume(turn, 0).await;
        let answer = again.read(turn).await;
        assert_eq!(
            (answer.text.as_str(), answer.outcome.as_str()),
            ("one, two", "stop")
        );
    }
    askd.kill().await;
}

#[tokio::test]
async fn a_file_that_is_in_use_at_the_start_is_told_with_what_to_do_and_an_exit_code_that_may_pass()
{
    let place = Place::new().await;
    let listen = [("ASKD_LISTEN", "127.0.0.1:0")];
    let path = place.path().display().to_string();
    let askd = place.start(&Browser::default()).await;
    let second = Binary::run(&place.toml(), &listen).await;
    askd.kill().await;
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let beside = Binary::run(&place.toml(), &listen).await;
    for (ended, why) in [
        (second, "is in use by another askd"),
        (beside, "another program has locked it"),
    ] {
        assert_eq!(ended.code, Some(69), "{}", ended.said);
        for part in [&path, why, "store.path"] {
            assert!(ended.said.contains(part), "{part}: {}", ended.said);
        }
        assert!(!ended.said.contains("by itself"), "{}", ended.said);
    }
}

#[tokio::test]
async fn a_file_that_is_damaged_is_a_sentence_and_stays_as_it_is() {
    let place = Place::new().await;
    let askd = place.start(&Browser::default()).await;
    let mut client = askd.connect().await;
    let turn = client.ask("q").await;
    assert_eq!(client.read(turn).await.outcome, "stop");
    askd.signal("TERM").await;
    assert_eq!(askd.ended(crate::harness::PATIENCE).await.code, Some(0));

    let mut bytes = fs::read(place.path()).unwrap();
    bytes[..4096].fill(b'x');
    fs::write(place.path(), &bytes).unwrap();
    let ended = Binary::run(&place.toml(), &[("ASKD_LISTEN", "127.0.0.1:0")]).await;
    let path = place.path().display().to_string();
    for part in [path.as_str(), "the file is damaged", "askd backup"] {
        assert!(ended.said.contains(part), "{part}: {}", ended.said);
    }
    assert!(!ended.said.contains("panicked"), "{}", ended.said);
    assert!(ended.code.is_some_and(|code| code > 0), "{:?}", ended.code);
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
}
