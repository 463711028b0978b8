//! A process that is killed keeps what it said that it had kept.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use askd::{answer::Outcome, id::Seq};
use tempfile::TempDir;

use super::*;
use crate::harness::Seed;

/// The file that the child is to write to.
const CHILD: &str = "ASKD_TEST_STORE";
const ANSWERS: usize = 20;
const OWNER: OwnerId = OwnerId(Uuid::from_u128(7));

/// Runs in a process of its own until it is killed: asks, and says so once it is kept; saves and ends answers.
#[tokio::test]
async fn child_that_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let store = Store::open(config(Path::new(&path))).unwrap();
    loop {
        let mut running = Vec::new();
        for _ in 0..ANSWERS {
            let new = question(OWNER, None, "will it be kept?");
            let turn = new.turn;
            store.ask(new).await.unwrap();
            println!("\nasked {turn}");
            running.push(turn);
        }
        for events in (0..60).step_by(6) {
            for turn in &running {
                if let Some(piece) = text(events + 6).since(Seq(events as u64)) {
                    store.save(OWNER, *turn, piece);
                }
            }
            // One that is written says that what came before it is too.
            store.ask(question(OWNER, None, "next")).await.unwrap();
            for turn in &running {
                println!("\nsaved {turn} {}", events + 6);
            }
        }
        for turn in running {
            store.finish(OWNER, turn, ended(61));
        }
    }
}

/// What the child said before it was killed, at a moment of luck's choosing.
fn killed(path: &Path, lines: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "store::crash::child_that_is_killed",
            "--exact",
            "--nocapture",
        ])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let wanted = |line: &String| line.starts_with("asked ") || line.starts_with("saved ");
    let mut heard: Vec<String> = said
        .by_ref()
        .map_while(Result::ok)
        .filter(wanted)
        .take(lines)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // The last line may be cut off.
    heard.extend(said.map_while(Result::ok).filter(wanted));
    heard.retain(|line| line.split(' ').nth(1).is_some_and(|id| id.len() == 36));
    heard
}

async fn check(path: &Path, heard: &[String], rng: u64) {
    let store = Store::open(config(path)).unwrap();
    for line in heard {
        let mut words = line.split(' ').skip(1);
        let turn = TurnId(words.next().unwrap().parse().unwrap());
        let saved: u64 = words.next().map_or(0, |seq| seq.parse().unwrap_or(0));
        let found = store.find(OWNER, turn).await.unwrap();
        let answer = found
            .unwrap_or_else(|| panic!("{line} is lost ({rng})"))
            .answer
            .expect("it has ended");
        let events = answer.head().0 - 1;
        match answer.end().unwrap().outcome {
            Outcome::Stop => assert_eq!(answer, ended(61)),
            Outcome::Interrupted => {
                assert!(events >= saved, "{line}: {events}");
                let whole = text(61);
                let mut expected = whole
                    .parts(Seq::START)
                    .take(usize::try_from(events).unwrap());
                assert!(
                    answer
                        .parts(Seq::START)
                        .take(usize::try_from(events).unwrap())
                        .eq(expected.by_ref())
                );
            }
            other => panic!("{line} ended with {other}"),
        }
    }
    close(store).await;
    assert_eq!(integrity(path), "ok");
}

#[tokio::test]
async fn a_killed_process_loses_no_question_and_no_save_and_each_turn_has_one_end() {
    let seed = Seed::any();
    let mut luck = fastrand::Rng::with_seed(seed.0);
    let directory = TempDir::new().unwrap();
    // One file through all of it, so that what a crash left is crashed upon again.
    let path = directory.path().join("askd.db");
    let mut heard = Vec::new();
    for _ in 0..12 {
        heard.extend(killed(&path, luck.usize(1..500)));
        check(&path, &heard, seed.0).await;
    }
    assert!(
        heard.len() > 100,
        "it was killed while it worked: {}",
        heard.len()
    );
}

#[tokio::test]
async fn a_log_that_lost_its_tail_gives_a_whole_file_of_an_earlier_moment() {
    let seed = Seed::any();
    let mut luck = fastrand::Rng::with_seed(seed.0);
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("askd.db");
    killed(&path, 300);
    let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    let whole = fs::read(wal(&path)).unwrap();
    assert!(whole.len() > 100_000, "{}", whole.len());
    for n in 0..20 {
        let copy = directory.path().join(format!("{n}.db"));
        fs::copy(&path, &copy).unwrap();
        fs::write(wal(&copy), &whole[..luck.usize(0..whole.len())]).unwrap();
        let store = Store::open(config(&copy)).unwrap();
        for id in store.export(OWNER).await.unwrap() {
            let conversation = store.conversation(OWNER, id).await.unwrap().unwrap();
            assert!(
                conversation.turns.iter().all(|turn| turn.outcome.is_some()),
                "{}",
                seed.0
            );
        }
        close(store).await;
        assert_eq!(integrity(&copy), "ok");
    }
}
