//! A storage that fails is told of, is waited for, and works again without a restart.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::Command,
};

use askd::store::{Health, StoreError, UNAVAILABLE};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
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

/// While it fails: the operator is told why in words that name the file, and whoever asks is not; what answers bring is
/// held and found.
async fn bears_it(store: &Store, owner: OwnerId, running: TurnId, path: &Path, words: &str) {
    let refused = store.ask(question(owner, None, "q")).await.unwrap_err();
    assert_eq!(refused, StoreError::Unavailable(UNAVAILABLE));
    let sentence = is_bad(store).await;
    assert!(
        sentence.contains(words) && sentence.contains(path.to_str().unwrap()),
        "{sentence}"
    );
    store.save(owner, running, text(3).since(askd::id::Seq::START).unwrap());
    store.finish(owner, running, ended(5));
    let found = store.find(owner, running).await.unwrap().unwrap();
    assert_eq!(found.answer, Some(ended(5)));
}

/// While it fails: what has ended is not said to run.
async fn shows_the_end(store: &Store, owner: OwnerId) {
    let list = store.list(owner, None, 10).await.unwrap().conversations;
    let running: Vec<_> = list.iter().map(|head| head.running).collect();
    assert_eq!(running, [false]);
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
    shows_the_end(&store, owner).await;
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    is_back(store, owner, turn, &path).await;
}

/// Says to a process of [`elsewhere`] that it is one.
const ELSEWHERE: &str = "ASKD_TEST_ELSEWHERE";

/// Runs a test of this file in a process of its own; `false`: this is that process.
fn elsewhere(test: &str, prepare: impl FnOnce(&mut Command)) -> bool {
    if std::env::var_os(ELSEWHERE).is_some() {
        return false;
    }
    // The signal that comes with a limit of a file's size must be ignored, and only a parent can arrange that here.
    let mut run = Command::new("sh");
    run.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        // Another user may not be let through to where the file is.
        .arg("/proc/self/fd/0")
        .stdin(File::open(std::env::current_exe().unwrap()).unwrap())
        .args([&format!("store::faults::{test}"), "--exact", "--nocapture"])
        .env(ELSEWHERE, "1");
    prepare(&mut run);
    let run = run.output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}\n{errors}"
    );
    true
}

/// A process that may not let a file grow gets from the system what a quota gives.
#[tokio::test]
async fn a_disk_that_takes_no_more_is_waited_for() {
    if elsewhere("a_disk_that_takes_no_more_is_waited_for", |_| ()) {
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
    shows_the_end(&store, owner).await;
    setrlimit(Resource::Fsize, limit).unwrap();
    is_back(store, owner, turn, &path).await;
}

/// Permissions do not bind root.
fn as_nobody(run: &mut Command) {
    const NOBODY: u32 = 65534;
    if geteuid().is_root() {
        run.uid(NOBODY).gid(NOBODY);
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_file_that_is_read_only_is_refused_and_while_it_is_used_waited_for() {
    let test = "a_file_that_is_read_only_is_refused_and_while_it_is_used_waited_for";
    if elsewhere(test, as_nobody) {
        return;
    }
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    close(Store::open(config(&path)).unwrap()).await;
    let refused = || {
        let refused = Store::open(config(&path)).map(drop).unwrap_err();
        refused.to_string()
    };
    allow(&path, 0o400);
    let said = refused();
    assert!(said.contains("askd.db: the file is read-only"), "{said}");
    allow(&path, 0o600);
    allow(directory.path(), 0o500);
    let said = refused();
    assert!(
        said.contains("its directory; then start askd again"),
        "{said}"
    );
    allow(directory.path(), 0o700);

    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    let running = question(owner, None, "runs");
    let turn = running.turn;
    store.ask(running).await.unwrap();
    // An open file is written to whatever its permissions say. So it goes, and comes back read-only.
    let aside = directory.path().join("aside.db");
    fs::rename(&path, &aside).unwrap();
    store.ask(question(owner, None, "q")).await.unwrap_err();
    allow(&aside, 0o400);
    fs::rename(&aside, &path).unwrap();
    let mut health = store.health();
    let read_only =
        |health: &Health| matches!(health, Health::Bad(said) if said.contains("read-only"));
    soon("read-only", health.wait_for(read_only)).await.unwrap();
    bears_it(&store, owner, turn, &path, "the file is read-only").await;
    allow(&path, 0o600);
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
    assert_eq!(refused, StoreError::Unavailable(UNAVAILABLE));
    let sentence = is_bad(&store).await;
    assert!(sentence.contains("the file is damaged"), "{sentence}");
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
async fn a_sweep_notices_that_the_file_is_gone_where_nobody_asks_anything() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let store = Store::open(config(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    store.sweep().await;
    assert!(is_bad(&store).await.contains("removed or replaced"));
    close(store).await;
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
    assert_eq!(refused, StoreError::Unavailable(UNAVAILABLE));
    assert!(is_bad(&store).await.contains("removed or replaced"));
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
    assert_eq!(refused, StoreError::Unavailable(UNAVAILABLE));
    let sentence = is_bad(&store).await;
    assert!(sentence.contains("removed or replaced"), "{sentence}");
    assert!(store.export(owner).await.is_err());
    fs::rename(&aside, &path).unwrap();
    is_good(&store).await;
    store.ask(question(owner, None, "third")).await.unwrap();
    assert_eq!(store.export(owner).await.unwrap().len(), 2);
    close(store).await;
}

/// What askd says of it shows that it has tried again.
async fn tries_again(store: &Store, owner: OwnerId) {
    for _ in 0..2 {
        let mut health = store.health();
        health.mark_unchanged();
        soon("told again", health.changed()).await.unwrap();
        assert!(store.export(owner).await.is_err());
    }
}

#[tokio::test]
async fn a_copy_put_in_place_while_askd_runs_is_not_touched_and_the_file_itself_goes_on() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    let owner = OwnerId::new();
    let store = Store::open(config(&path("askd.db"))).unwrap();
    store.ask(question(owner, None, "kept")).await.unwrap();
    let other = Store::open(config(&path("copy.db"))).unwrap();
    close(other).await;
    let copy = fs::read(path("copy.db")).unwrap();
    fs::rename(path("askd.db"), path("aside.db")).unwrap();
    fs::rename(path("copy.db"), path("askd.db")).unwrap();
    let refused = store.ask(question(owner, None, "lost")).await.unwrap_err();
    assert_eq!(refused, StoreError::Unavailable(UNAVAILABLE));
    let sentence = is_bad(&store).await;
    assert!(sentence.contains("askd.db-wal"), "{sentence}");

    tries_again(&store, owner).await;
    assert!(store.ask(question(owner, None, "lost")).await.is_err());
    assert_eq!(is_bad(&store).await, sentence);
    assert!(fs::read(path("askd.db")).unwrap() == copy);

    fs::rename(path("aside.db"), path("askd.db")).unwrap();
    is_good(&store).await;
    store.ask(question(owner, None, "kept")).await.unwrap();
    close(store).await;
    assert_eq!(integrity(&path("askd.db")), "ok");
    let store = Store::open(config(&path("askd.db"))).unwrap();
    assert_eq!(store.export(owner).await.unwrap().len(), 2);
    close(store).await;
}

#[tokio::test]
async fn a_file_made_anew_under_the_number_of_one_that_was_removed_is_another() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let store = Store::open(config(&path)).unwrap();
    let owner = OwnerId::new();
    fs::remove_file(&path).unwrap();
    assert!(store.export(owner).await.is_err());
    tries_again(&store, owner).await;
    fs::write(&path, "").unwrap();
    tries_again(&store, owner).await;
    assert_eq!(fs::read(&path).unwrap(), b"");
    close(store).await;
    assert_eq!(fs::read(&path).unwrap(), b"");
}

/// What has been written since SQLite last joined the log to the file stands in the log alone.
#[tokio::test]
async fn a_write_ahead_log_that_is_removed_takes_nothing_along_and_is_told_of() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    let (first, running) = (question(owner, None, "kept"), question(owner, None, "runs"));
    let (kept, runs) = (first.turn, running.turn);
    store.ask(first).await.unwrap();
    store.ask(running).await.unwrap();
    fs::remove_file(directory.path().join("askd.db-wal")).unwrap();
    store
        .ask(question(owner, None, "too late"))
        .await
        .unwrap_err();
    let sentence = is_bad(&store).await;
    assert!(sentence.contains("askd.db-wal was removed"), "{sentence}");
    // As a crash would leave it.
    let crashed = directory.path().join("crashed.db");
    fs::copy(&path, &crashed).unwrap();
    assert_eq!(integrity(&crashed), "ok");
    let copy = Store::open(config(&crashed)).unwrap();
    for turn in [kept, runs] {
        assert!(copy.find(owner, turn).await.unwrap().is_some());
    }
    close(copy).await;
    // What an answer brought meanwhile is kept when it is stopped.
    store.finish(owner, runs, ended(9));
    close(store).await;
    let again = Store::open(config(&path)).unwrap();
    assert_eq!(
        again.find(owner, runs).await.unwrap().unwrap().answer,
        Some(ended(9))
    );
    again.ask(question(owner, None, "goes on")).await.unwrap();
    close(again).await;
    assert_eq!(integrity(&path), "ok");
}

#[tokio::test]
async fn a_file_that_lost_its_tables_is_damaged_and_nothing_more_is_promised() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    store.ask(question(owner, None, "q")).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'conversation'")
        .unwrap();
    drop(other);
    store.list(owner, None, 9).await.unwrap_err();
    let sentence = is_bad(&store).await;
    assert!(sentence.contains("damaged"), "{sentence}");
    close(store).await;
}
