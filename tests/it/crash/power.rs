//! Power that goes: what the kernel had not written to the disk yet is lost, from any byte on.
//!
//! A running store's files are copied at random moments, the copy of the write-ahead log loses a random part of its
//! end, of the pages that were joined to the file in the last moment each is there or not, and a store is opened on what
//! is left. A reading transaction is held while the copy is made: under it SQLite only appends to the log and joins what
//! is behind the transaction's beginning, so that the copy is a state in which a disk could have been.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use askd::{
    answer::{Answer, Channel, End, Outcome, Timing},
    config::{self, StorePath, Synchronous},
    id::{OwnerId, Seq, TurnId},
    store::{NewTurn, Options, Parent, Store, now},
};
use fastrand::Rng;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::{beside, check_integrity};
use crate::harness::Seed;

/// Stores that lose their power, and at how many bytes.
const STORES: usize = 20;
const CUTS: usize = 3;
/// Writers at once.
const WRITERS: usize = 20;
/// Milliseconds until the power goes: most within the first log, and some behind the moment when SQLite has joined it
/// to the file and begins anew.
const MOMENT: std::ops::Range<u64> = 0..500;
/// Milliseconds before that in which what is written may not have reached the disk.
const TAIL: std::ops::Range<u64> = 0..50;
/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

#[tokio::test]
async fn a_power_loss_takes_nothing_that_was_kept_with_synchronous_full() {
    lose_power(Synchronous::Full).await;
}

#[tokio::test]
async fn a_power_loss_takes_no_more_than_the_logs_end_with_synchronous_normal() {
    lose_power(Synchronous::Normal).await;
}

/// A turn as its writer knows it.
struct Known {
    answer: Answer,
    /// Bytes of the log when so many of its events, and perhaps its end, were known to be kept.
    kept: Vec<(u64, Seq)>,
}

type Ledger = Arc<Mutex<HashMap<TurnId, Known>>>;

async fn lose_power(synchronous: Synchronous) {
    let seed = Seed::any();
    let mut rng = Rng::with_seed(seed.0);
    let (mut cut_short, mut interrupted) = (0, 0);
    for _ in 0..STORES {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("askd.db");
        let store = Store::open(config(&path, synchronous)).unwrap();
        let (owner, ledger) = (OwnerId::new(), Ledger::default());
        let fresh = fs::read(&path).unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let rng = rng.fork();
            writers.spawn(write(
                store.clone(),
                path.clone(),
                owner,
                ledger.clone(),
                rng,
            ));
        }
        sleep(Duration::from_millis(rng.u64(MOMENT))).await;
        let loss = Loss::of(&path, &ledger, Duration::from_millis(rng.u64(TAIL))).await;
        writers.shutdown().await;
        store.close().await;
        // What was joined to the file had been synced in the log before, whatever `synchronous` says.
        let joined = loss.db != fresh;
        let least = match synchronous {
            Synchronous::Normal if !joined => 0,
            _ => loss.log_before,
        };
        for _ in 0..CUTS {
            let cut = rng.usize(least..=loss.log.len());
            cut_short += usize::from(cut < loss.log.len());
            interrupted += loss
                .restart(cut, least == 0, synchronous, owner, &mut rng)
                .await;
        }
    }
    println!("{cut_short} logs cut short, {interrupted} answers interrupted");
    assert!(cut_short > 0 && interrupted > 0);
}

fn config(path: &Path, synchronous: Synchronous) -> config::Store {
    config::Store {
        path: StorePath::File(path.to_owned()),
        synchronous,
        retention: None,
        max_size: 0,
    }
}

/// Asks, answers some events at a time, and ends, until it is dropped.
async fn write(store: Store, path: PathBuf, owner: OwnerId, ledger: Ledger, mut rng: Rng) {
    let (mut running, mut ended): (Option<TurnId>, Option<TurnId>) = (None, None);
    loop {
        let new = NewTurn {
            owner,
            turn: TurnId(Uuid::now_v7()),
            conversation: None,
            parent: Parent::Newest,
            question: "power ".repeat(rng.usize(1..50)),
            endpoint: "lab".to_owned(),
            model: "small".to_owned(),
            options: Options::default(),
            asked_at: now(),
        };
        let turn = new.turn;
        store.ask(new).await.unwrap();
        let log = fs::metadata(beside(&path)).unwrap().len();
        let mut ledger = ledger.lock().unwrap();
        let known = Known {
            answer: Answer::default(),
            kept: vec![(log, Seq::START)],
        };
        ledger.insert(turn, known);
        // What was handed over before a question that is kept, is kept with it.
        for before in running.into_iter().chain(ended.take()) {
            let known = of(&mut ledger, before);
            known.kept.push((log, known.answer.head()));
        }
        let Some(before) = running else {
            running = Some(turn);
            continue;
        };
        let known = of(&mut ledger, before);
        let head = known.answer.head();
        for _ in 0..rng.usize(1..20) {
            let text = rng.choice(["one ", "zwei ", "три "]).unwrap();
            known.answer.push_text(Channel::Answer, text).unwrap();
        }
        if rng.u8(..3) == 0 {
            known.answer.push_end(end()).unwrap();
            store.finish(owner, before, Arc::new(known.answer.clone()));
            (running, ended) = (Some(turn), Some(before));
        } else {
            store.save(owner, before, known.answer.since(head).unwrap());
        }
    }
}

fn of(ledger: &mut HashMap<TurnId, Known>, turn: TurnId) -> &mut Known {
    ledger.get_mut(&turn).expect("it was asked")
}

fn end() -> End {
    End {
        outcome: Outcome::Stop,
        cause: None,
        usage: None,
        timing: Timing {
            first_chunk_ms: None,
            total_ms: 1,
            stopped_us: None,
            first_word_ms: None,
        },
    }
}

/// What was there when the power went.
struct Loss {
    db: Vec<u8>,
    /// The file a moment before: what has been written to it since may have reached the disk or not.
    db_before: Vec<u8>,
    log: Vec<u8>,
    /// Bytes of the log just before.
    log_before: usize,
    /// What was known just before, of each turn.
    known: Vec<(TurnId, Vec<(u64, Seq)>)>,
    ledger: Ledger,
}

impl Loss {
    async fn of(path: &Path, ledger: &Ledger, tail: Duration) -> Self {
        let reader = Connection::open(path).unwrap();
        let known = {
            let known = ledger.lock().unwrap();
            let known = known.iter();
            known
                .map(|(turn, known)| (*turn, known.kept.clone()))
                .collect()
        };
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM meta")
            .unwrap();
        let log_before = fs::metadata(beside(path)).unwrap().len();
        let db_before = fs::read(path).unwrap();
        sleep(tail).await;
        Self {
            db: fs::read(path).unwrap(),
            db_before,
            log: fs::read(beside(path)).unwrap(),
            log_before: usize::try_from(log_before).unwrap(),
            known,
            ledger: ledger.clone(),
        }
    }

    /// Begins anew on the first `cut` bytes of the log; `cut_decides`: what was known is only owed where the log
    /// still reaches that far. Gives the number of interrupted answers.
    async fn restart(
        &self,
        cut: usize,
        cut_decides: bool,
        synchronous: Synchronous,
        owner: OwnerId,
        rng: &mut Rng,
    ) -> usize {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("askd.db");
        fs::write(&path, self.file(rng)).unwrap();
        fs::write(beside(&path), self.remains(cut, rng)).unwrap();
        check_integrity(&path);
        let store = Store::open(config(&path, synchronous)).unwrap();
        let mut interrupted = 0;
        for (turn, kept) in &self.known {
            let owed = kept.iter().rev();
            let owed = owed
                .copied()
                .find(|(log, _)| !cut_decides || *log <= cut as u64);
            let found = store.find(owner, *turn).await.unwrap();
            let Some(found) = found else {
                assert_eq!(
                    owed, None,
                    "a question is lost that was kept at {kept:?} of {cut}"
                );
                continue;
            };
            let answer = found.answer.expect("nothing runs behind a restart");
            interrupted += usize::from(self.check(*turn, &answer, owed));
        }
        store.close().await;
        check_integrity(&path);
        interrupted
    }

    /// The file with some of what was written to it last: the log still holds all of that.
    fn file(&self, rng: &mut Rng) -> Vec<u8> {
        let mut file = self.db.clone();
        for (at, before) in self.db_before.chunks(SECTOR).enumerate() {
            let sector = file[at * SECTOR..].iter_mut().zip(before);
            if rng.bool() {
                sector.for_each(|(now, before)| *now = *before);
            }
        }
        file
    }

    /// The log's beginning, and sometimes more of it with a hole in between: a disk keeps no order.
    fn remains(&self, cut: usize, rng: &mut Rng) -> Vec<u8> {
        if rng.bool() {
            return self.log[..cut].to_vec();
        }
        let mut log = self.log.clone();
        let end = log.len().min(cut + SECTOR);
        log[cut..end].fill(0);
        log
    }

    /// Whether the answer is one that was interrupted; in each case it is what was written, as far as is owed.
    fn check(&self, turn: TurnId, answer: &Answer, owed: Option<(u64, Seq)>) -> bool {
        let ledger = self.ledger.lock().unwrap();
        let known = &ledger[&turn];
        let ended = answer.end().expect("it has an end").outcome;
        let events = match ended {
            Outcome::Stop => answer.head().0,
            Outcome::Interrupted => answer.head().0 - 1,
            other => panic!("{other}"),
        };
        if let Some((_, owed)) = owed {
            assert!(events >= owed.0, "{events} events of {owed:?}");
        }
        let events = usize::try_from(events).unwrap();
        let written: Vec<_> = known.answer.parts(Seq::START).take(events).collect();
        let kept: Vec<_> = answer.parts(Seq::START).take(events).collect();
        assert_eq!(kept, written);
        ended == Outcome::Interrupted
    }
}
