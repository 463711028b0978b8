//! A storage that fails is told of, is waited for, and works again without a restart.

use std::{
    fs::{self, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    process::Command,
};

use askd::store::{Health, StoreError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use super::*;
use crate::harness::soon;

async fn is_bad(store: &Store) -> String {
    let mut health = store.health();
    let bad = soon("bad", health.wait_for(|health| *health != Health::Good)).await;
    match &*bad.unwrap() {
        Health::Bad(sentence) => sentence.to_string(),
        Health::Good => unreachable!(),
    }
}

async fn is_good(store: &Store) {
    let mut health = store.health();
    soon(
        "good again",
        health.wait_for(|health| *health == Health::Good),
    )
    .await
    .unwrap();
}

/// While it fails: a question is refused in words that name the file; what answers bring is held and found.
async fn bears_it(store: &Store, owner: OwnerId, running: TurnId, path: &Path, words: &str) {
    let refused = store.ask(question(owner, None, "q")).await.unwrap_err();
    let StoreError::Unavailable(sentence) = &refused else {
        panic!("{refused:?}");
    };
    assert!(
        sentence.contains(words) && sentence.contains(path.to_str().unwrap()),
        "{sentence}"
    );
    assert_eq!(is_bad(store).await, **sentence);
    store.save(owner, running, text(3).since(askd::id::Seq::START).unwrap());
    store.finish(owner, running, ended(5));
    let found = store.find(owner, running).await.unwrap().unwrap();
    assert_eq!(found.answer, Some(ended(5)));
    let list = store.list(owner, None, 10).await.unwrap().conversations;
    assert_eq!(list.iter().filter(|head| head.running).count(), 0);
    assert_eq!(list.len(), 1);
}

/// Once it works again: questions are kept, and so is what was held.
async fn is_back(store: Store, owner: OwnerId, running: TurnId, path: &Path) {
    is_good(&store).await;
    store.ask(question(owner, None, "q")).await.unwrap();
    close(store).await;
    let store = Store::open(config(path)).unwrap();
    let found = store.find(owner, running).await.unwrap().unwrap();
    assert_eq!(found.answer, Some(ended(5)));
    close(store).await;
    assert_eq!(integrity(path), "ok");
}

#[tokio::test]
async fn a_file_that_another_process_locks_is_waited_for() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    let running = question(owner, None, "runs");
    let turn = running.turn;
    store.ask(running).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    bears_it(&store, owner, turn, &path, "another program has locked it").await;
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    is_back(store, owner, turn, &path).await;
}

/// A process that may not let a file grow gets from the system what a quota gives.
#[tokio::test]
async fn a_disk_that_takes_no_more_is_waited_for() {
    const HERE: &str = "ASKD_TEST_FULL";
    if std::env::var_os(HERE).is_none() {
        // The signal that comes with this limit must be ignored, and only a parent can arrange that here.
        let run = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args([
                "store::faults::a_disk_that_takes_no_more_is_waited_for",
                "--exact",
                "--nocapture",
            ])
            .env(HERE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(
            run.status.success() && said.contains("1 passed"),
            "{said}\n{errors}"
        );
        return;
    }
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    let running = question(owner, None, "runs");
    let turn = running.turn;
    store.ask(running).await.unwrap();
    let limit = getrlimit(Resource::Fsize);
    let tight = Rlimit {
        current: Some(64 << 10),
        ..limit
    };
    setrlimit(Resource::Fsize, tight).unwrap();
    bears_it(
        &store,
        owner,
        turn,
        &path,
        "the disk does not do what it is told",
    )
    .await;
    setrlimit(Resource::Fsize, limit).unwrap();
    is_back(store, owner, turn, &path).await;
}

/// Overwrites `bytes` at `at`, and gives back what was there.
fn overwrite(path: &Path, at: u64, bytes: &[u8]) -> Vec<u8> {
    let before = fs::read(path).unwrap();
    let from = usize::try_from(at).unwrap();
    let was = before[from..from + bytes.len()].to_vec();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
    was
}

#[tokio::test]
async fn a_file_that_is_damaged_while_it_is_used_is_told_of_and_good_again_once_mended() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    for _ in 0..50 {
        let new = question(owner, None, &"long ".repeat(200));
        let turn = new.turn;
        store.ask(new).await.unwrap();
        store.finish(owner, turn, ended(100));
    }
    close(store).await;
    // The page of the conversations' table.
    let db = rusqlite::Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'conversation_listed'";
    let page: u64 = db
        .query_row(root, [], |row| row.get::<_, i64>(0))
        .unwrap()
        .try_into()
        .unwrap();
    drop(db);
    let at = (page - 1) * 4096;
    let was = overwrite(&path, at, &[0x5a; 4096]);

    let store = Store::open(config(&path)).unwrap();
    let refused = store.list(owner, None, 10).await.unwrap_err();
    assert!(
        refused.to_string().contains("the file is damaged"),
        "{refused}"
    );
    assert_eq!(is_bad(&store).await, refused.to_string());
    let refused = store.ask(question(owner, None, "q")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)));
    overwrite(&path, at, &was);
    is_good(&store).await;
    assert_eq!(
        store
            .list(owner, None, 100)
            .await
            .unwrap()
            .conversations
            .len(),
        50
    );
    close(store).await;
    assert_eq!(integrity(&path), "ok");
}

#[tokio::test]
async fn a_file_that_another_has_replaced_is_not_read() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    let owner = OwnerId::new();
    let other = Store::open(config(&path("other.db"))).unwrap();
    other.ask(question(owner, None, "another")).await.unwrap();
    close(other).await;
    let store = Store::open(config(&path("askd.db"))).unwrap();
    assert_eq!(store.export(owner).await, Ok(vec![]));
    fs::rename(path("askd.db"), path("aside.db")).unwrap();
    fs::rename(path("other.db"), path("askd.db")).unwrap();
    let refused = store.export(owner).await.unwrap_err();
    assert!(
        refused.to_string().contains("removed or replaced"),
        "{refused}"
    );
    assert_eq!(is_bad(&store).await, refused.to_string());
    fs::rename(path("askd.db"), path("other.db")).unwrap();
    fs::rename(path("aside.db"), path("askd.db")).unwrap();
    is_good(&store).await;
    assert_eq!(store.export(owner).await, Ok(vec![]));
    close(store).await;
}

#[tokio::test]
async fn a_file_that_vanishes_is_noticed_and_goes_on_when_it_is_back() {
    let directory = TempDir::new().unwrap();
    let (path, aside) = (
        directory.path().join("askd.db"),
        directory.path().join("aside.db"),
    );
    let store = Store::open(config(&path)).unwrap();
    let owner = OwnerId::new();
    store.ask(question(owner, None, "first")).await.unwrap();
    fs::rename(&path, &aside).unwrap();
    // A read notices it as well as a change does.
    assert!(store.export(owner).await.is_err());
    assert!(is_bad(&store).await.contains("removed or replaced"));
    let refused = store
        .ask(question(owner, None, "second"))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("removed or replaced"),
        "{refused}"
    );
    assert!(store.export(owner).await.is_err());
    fs::rename(&aside, &path).unwrap();
    is_good(&store).await;
    store.ask(question(owner, None, "third")).await.unwrap();
    assert_eq!(store.export(owner).await.unwrap().len(), 2);
    close(store).await;
}
