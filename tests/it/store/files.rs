//! Which files askd opens, and what it says of the others.

use std::fs;

use askd::{
    answer::{Cause, Outcome},
    store::HitField,
};
use rusqlite::functions::FunctionFlags;
use tempfile::TempDir;

use super::*;

/// A file as the first version made it, with rows.
const SCHEMA_1: &str = include_str!("schema_1.sql");

fn refusal(path: &Path) -> String {
    let refused = Store::open(config(path)).map(drop).unwrap_err().to_string();
    assert!(
        refused.contains(path.parent().unwrap().to_str().unwrap()),
        "{refused}"
    );
    refused
}

fn made_by(path: &Path, sql: &str) {
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[tokio::test]
async fn a_file_of_the_first_version_is_read_and_what_ran_in_it_is_interrupted() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    made_by(&path, SCHEMA_1);
    let store = Store::open(config(&path)).unwrap();
    let owner = OwnerId(Uuid::from_u128(1));
    let page = store.list(owner, None, 10).await.unwrap();
    assert_eq!(page.conversations.len(), 1);
    let id = page.conversations[0].id;
    let (conversation, rest) = store.begin(owner, id).await.unwrap().unwrap();
    assert!(rest.is_none());
    let turns: Vec<_> = conversation
        .turns
        .iter()
        .map(|t| (t.answer.as_str(), t.outcome, t.seq.0))
        .collect();
    assert_eq!(
        turns,
        [
            ("An answer.", Some(Outcome::Stop), 4),
            ("So ", Some(Outcome::Interrupted), 2)
        ]
    );
    let causes = conversation.turns.iter().map(|turn| turn.cause);
    assert_eq!(causes.collect::<Vec<_>>(), [None, Some(Cause::Crashed)]);
    assert_eq!(conversation.turns[1].parent, Some(conversation.turns[0].id));
    assert_eq!(conversation.turns[0].sources[0].title, "A source");
    let hits = store.search(owner, "answ".to_owned(), 9).await.unwrap();
    assert_eq!(
        hits.iter().map(|hit| hit.field).collect::<Vec<_>>(),
        [HitField::Answer]
    );
    assert_eq!(store.cookie_key().expose(), &[7; 64]);
    close(store).await;
    assert_eq!(integrity(&path), "ok");
}

#[tokio::test]
async fn the_cookie_key_is_random_and_stays() {
    let directory = TempDir::new().unwrap();
    let paths = [directory.path().join("a.db"), directory.path().join("b.db")];
    let mut keys = Vec::new();
    for path in [&paths[0], &paths[0], &paths[1]] {
        let store = Store::open(config(path)).unwrap();
        keys.push(*store.cookie_key().expose());
        close(store).await;
    }
    assert!(keys[0] == keys[1] && keys[0] != keys[2] && keys[0] != [0; 64]);
}

#[test]
fn a_newer_file_and_another_programs_are_refused_and_stay_as_they_are() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    for (sql, words) in [
        (
            "PRAGMA application_id = 0x61736b64; PRAGMA user_version = 9; CREATE TABLE t (a)",
            "was written by a newer askd (its form is 9, this one knows up to 4)",
        ),
        ("CREATE TABLE t (a)", "is a database of another program"),
        (
            "PRAGMA application_id = 7",
            "is a database of another program",
        ),
    ] {
        made_by(&path, sql);
        let before = fs::read(&path).unwrap();
        let said = refusal(&path);
        assert!(said.contains(words), "{said}");
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::remove_file(&path).unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_with_its_path_and_a_remedy() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(
        path("text.db"),
        "this is no database at all, however long it goes on and on".repeat(100),
    )
    .unwrap();
    assert!(refusal(&path("text.db")).contains("put back a copy"));
    fs::write(path("file"), "").unwrap();
    assert!(refusal(&path("file/askd.db")).contains("set store.path"));
    fs::create_dir(path("dir.db")).unwrap();
    assert!(refusal(&path("dir.db")).contains("it is no file"));
    assert!(!path("dir.db.lock").exists());
    let store = Store::open(config(&path("askd.db"))).unwrap();
    close(store).await;
    fs::create_dir(path("askd.db-wal")).unwrap();
    assert!(refusal(&path("askd.db")).contains("cannot be opened"));
    fs::remove_dir(path("askd.db-wal")).unwrap();
    let store = Store::open(config(&path("askd.db"))).unwrap();
    assert!(refusal(&path("askd.db")).contains("in use by another askd"));
    std::os::unix::fs::symlink(path("askd.db"), path("link.db")).unwrap();
    assert!(refusal(&path("link.db")).contains("in use by another askd"));
    fs::hard_link(path("askd.db"), path("hard.db")).unwrap();
    assert!(refusal(&path("hard.db")).contains("has 2 names (hard links)"));
    close(store).await;
    assert!(refusal(&path("askd.db")).contains("has 2 names (hard links)"));
    fs::remove_file(path("hard.db")).unwrap();
    let locked = rusqlite::Connection::open(path("askd.db")).unwrap();
    locked
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    assert!(refusal(&path("askd.db")).contains("another program has locked it"));
}

#[tokio::test]
async fn the_check_of_debian_12s_sqlite_knows_all_that_a_file_asks_for() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    let store = Store::open(config(&path)).unwrap();
    let owner = OwnerId::new();
    store.ask(question(owner, None, "größer")).await.unwrap();
    close(store).await;
    let db = rusqlite::Connection::open(&path).unwrap();
    // It came with SQLite 3.43, and Debian 12 has 3.40.
    db.create_scalar_function(
        "octet_length",
        1,
        FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS,
        |_| Err::<i64, _>(rusqlite::Error::InvalidQuery),
    )
    .unwrap();
    let checked: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(checked, "ok");
    let bytes: i64 = db
        .query_row("SELECT bytes FROM turn", [], |row| row.get(0))
        .unwrap();
    assert_eq!(bytes, 256 + 8);
}
