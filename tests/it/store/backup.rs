//! `askd backup FILE`.

use std::{
    fs,
    process::{Command, Output},
};

use tempfile::TempDir;

use super::*;

fn command(home: &TempDir, toml: &str, to: &Path) -> Command {
    let file = home.path().join("askd.toml");
    fs::write(&file, toml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_askd"));
    command.env_clear().arg("--config").arg(file);
    command.arg("backup").arg(to);
    command
}

fn backup(home: &TempDir, toml: &str, to: &Path) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(home, toml, to).output().unwrap();
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_copy_made_while_answers_run_is_whole_and_holds_them() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("askd.db");
    let toml = format!("[store]\npath = {:?}\n", path.to_str().unwrap());
    let to = home.path().join("copy of it?.db");
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    let (done, running) = (question(owner, None, "done"), question(owner, None, "runs"));
    let ids = (done.turn, running.turn);
    store.ask(done).await.unwrap();
    store.finish(owner, ids.0, ended(9));
    store.ask(running).await.unwrap();

    let (code, said) = backup(&home, &toml, &to);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    let (code, said) = backup(&home, &toml, &to);
    assert_eq!(code, Some(69));
    assert!(said.contains("there is a file"), "{said}");
    store.finish(owner, ids.1, ended(9));
    close(store).await;

    assert_eq!(integrity(&to), "ok");
    let copy = Store::open(config(&to)).unwrap();
    assert_eq!(
        copy.find(owner, ids.0).await.unwrap().unwrap().answer,
        Some(ended(9))
    );
    let interrupted = copy
        .find(owner, ids.1)
        .await
        .unwrap()
        .unwrap()
        .answer
        .unwrap();
    assert_eq!(interrupted.end().unwrap().outcome, Outcome::Interrupted);
    close(copy).await;
}

/// As in a root's shell, which has neither the service's credentials nor its variables.
#[tokio::test]
async fn a_copy_needs_none_of_the_keys_that_the_configuration_speaks_of() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("askd.db");
    close(Store::open(config(&path)).unwrap()).await;
    for (n, key) in [
        "api_key_credential = \"api-key\"",
        "api_key_env = \"THE_KEY\"",
        "api_key_file = \"/nowhere/key\"",
    ]
    .into_iter()
    .enumerate()
    {
        let endpoint =
            "[[endpoint]]\nname = \"a\"\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"";
        let toml = format!(
            "{endpoint}\n{key}\n[store]\npath = {:?}\n",
            path.to_str().unwrap()
        );
        let to = home.path().join(format!("copy-{n}.db"));
        let (code, said) = backup(&home, &toml, &to);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(integrity(&to), "ok");
    }
    let (code, said) = backup(&home, "[store]\npaht = \"askd.db\"\n", &path);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("store.paht"), "{said}");
}

#[test]
fn what_cannot_be_copied_is_told_and_leaves_no_file() {
    let home = TempDir::new().unwrap();
    let to = home.path().join("copy.db");
    let empty = home.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    for (path, words) in [
        ("/nowhere/askd.db", "/nowhere/askd.db"),
        (":memory:", "live in memory"),
        (empty.to_str().unwrap(), "empty.db is empty"),
    ] {
        let (code, said) = backup(&home, &format!("[store]\npath = {path:?}\n"), &to);
        assert_eq!(code, Some(69));
        assert!(said.contains(words), "{said}");
        assert!(!to.exists());
    }
}

#[tokio::test]
async fn a_copy_that_is_broken_off_has_not_got_its_name_and_is_not_taken_for_one() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("askd.db");
    let toml = format!("[store]\npath = {:?}\n", path.to_str().unwrap());
    let (to, part) = (
        home.path().join("copy.db"),
        home.path().join("copy.db.part"),
    );
    let (store, owner) = (Store::open(config(&path)).unwrap(), OwnerId::new());
    store.ask(question(owner, None, "kept")).await.unwrap();
    close(store).await;
    let locked = rusqlite::Connection::open(&path).unwrap();
    locked
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();

    // It waits for the lock for two seconds.
    let mut copying = command(&home, &toml, &to).spawn().unwrap();
    while !to.exists() && !part.exists() {
        assert_eq!(copying.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
    copying.kill().unwrap();
    copying.wait().unwrap();
    drop(locked);
    assert!(!to.exists() && part.exists());

    let (code, said) = backup(&home, &toml, &to);
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("copy.db.part is there"), "{said}");
    fs::rename(&part, home.path().join("copy.db.part-journal")).unwrap();
    let (code, said) = backup(&home, &toml, &to);
    assert_eq!(code, Some(0), "{said}");
    let beside: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
    let named = |ending: &str| {
        let mut names = beside.iter().map(|file| file.as_ref().unwrap().file_name());
        names.any(|name| name.to_str().unwrap().ends_with(ending))
    };
    assert!(named("copy.db") && !named(".part") && !named("-journal"));
    let copy = Store::open(config(&to)).unwrap();
    assert_eq!(copy.export(owner).await.unwrap().len(), 1);
    close(copy).await;
}

#[test]
fn a_database_that_is_not_this_askds_is_not_copied() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("askd.db");
    let toml = format!("[store]\npath = {:?}\n", path.to_str().unwrap());
    for (sql, words) in [
        (
            "CREATE TABLE t (a)",
            "askd.db is a database of another program",
        ),
        (
            "PRAGMA application_id = 0x61736b64; PRAGMA user_version = 9",
            "askd.db was written by a newer askd",
        ),
    ] {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let (code, said) = backup(&home, &toml, &home.path().join("copy.db"));
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "{said}");
    }
}
