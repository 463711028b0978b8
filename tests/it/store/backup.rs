//! `askd backup FILE`.

use std::{
    fs,
    process::{Command, Output},
};

use tempfile::TempDir;

use super::*;

fn backup(home: &TempDir, toml: &str, to: &Path) -> (Option<i32>, String) {
    let file = home.path().join("askd.toml");
    fs::write(&file, toml).unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_askd"))
        .env_clear()
        .arg("--config")
        .arg(file)
        .arg("backup")
        .arg(to)
        .output()
        .unwrap();
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
    assert!(said.contains("exists"), "{said}");
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

#[test]
fn what_cannot_be_copied_is_told_and_leaves_no_file() {
    let home = TempDir::new().unwrap();
    let to = home.path().join("copy.db");
    for (path, words) in [
        ("/nowhere/askd.db", "/nowhere/askd.db"),
        (":memory:", "live in memory"),
    ] {
        let (code, said) = backup(&home, &format!("[store]\npath = {path:?}\n"), &to);
        assert_eq!(code, Some(69));
        assert!(said.contains(words), "{said}");
        assert!(!to.exists());
    }
}
