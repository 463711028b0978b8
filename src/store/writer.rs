//! The one thread that writes: it joins what is waiting into one transaction, and tells each caller after the commit.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tracing::{error, info};

use super::{
    Found, Health, OpenError, Place, StoreError,
    held::{Held, Taken},
    keep,
    sqlite::{self, Failure, Location, Opened},
    write,
};
use crate::{
    answer::{Answer, Piece},
    config,
    id::{OwnerId, TurnId},
};

/// Callers that wait for the writer; further ones wait for these.
const QUEUE: usize = 1024;
/// Callers, and turns beside them, that one transaction takes in.
const BATCH: usize = 256;
/// How often a storage that fails is tried again, and how seldom at the most when its file is damaged, which takes a
/// look at the whole of it.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_DAMAGED: Duration = Duration::from_secs(60);

/// What the writer shares with everybody else.
pub(super) struct Shared {
    pub(super) location: Location,
    config: config::Store,
    inbox: Mutex<Inbox>,
    wake: Condvar,
    room: Arc<Semaphore>,
    health: watch::Sender<Health>,
    ended: watch::Sender<bool>,
}

#[derive(Default)]
struct Inbox {
    jobs: VecDeque<Box<dyn Job>>,
    held: Held,
    /// A reader found the file damaged.
    damage: Option<Arc<str>>,
    closing: bool,
}

/// A unit of work with somebody who waits for it.
trait Job: Send {
    /// Does the work inside a savepoint.
    fn run(&mut self, db: &Connection) -> Result<(), Failure>;
    /// Tells the one who waits, once the transaction has been committed, or why it was not.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    _permit: OwnedSemaphorePermit,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), Failure> {
        if let Some(work) = self.work.take() {
            self.done = Some(work(db)?);
        }
        Ok(())
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        let told = match (committed, self.done) {
            (Ok(()), Some(done)) => Ok(done),
            (Ok(()), None) => Err(closed()),
            (Err(error), _) => Err(error),
        };
        // Whoever asked may have left.
        let _ = self.reply.send(told);
    }
}

/// What callers hear when the store is going down.
pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("The server is going down; ask again in a moment.".into())
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Does `work` in the writer's next transaction, and returns what it made once that is committed.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Health::Bad(sentence) = &*self.health.borrow() {
            return Err(StoreError::Unavailable(sentence.clone()));
        }
        let permit = self
            .room
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let (reply, told) = oneshot::channel();
        {
            let mut inbox = self.inbox();
            if inbox.closing {
                return Err(closed());
            }
            inbox.jobs.push_back(Box::new(Task {
                work: Some(work),
                done: None,
                reply,
                _permit: permit,
            }));
        }
        self.wake.notify_one();
        super::queue::told(told).await
    }

    pub(super) fn began(&self, owner: OwnerId, turn: TurnId, place: Place) {
        self.inbox().held.began(owner, turn, place);
    }

    pub(super) fn save(&self, turn: TurnId, piece: Piece) {
        self.inbox().held.save(turn, piece);
        self.wake.notify_one();
    }

    pub(super) fn finish(&self, turn: TurnId, answer: Arc<Answer>) {
        self.inbox().held.finish(turn, answer);
        self.wake.notify_one();
    }

    /// What memory alone knows of a turn; `None`: the disk is to be asked.
    pub(super) fn find(&self, owner: OwnerId, turn: TurnId) -> Option<Option<Found>> {
        let inbox = self.inbox();
        let (whose, place) = inbox.held.place(turn)?;
        let answer = inbox.held.answer(turn);
        Some((whose == owner).then_some(Found { place, answer }))
    }

    /// An answer that has ended and is not on the disk yet.
    pub(super) fn held(&self, turn: TurnId) -> Option<Arc<Answer>> {
        self.inbox().held.answer(turn)
    }

    /// A reader found the file damaged.
    pub(super) fn found_damage(&self, sentence: Arc<str>) {
        self.inbox().damage = Some(sentence);
        self.wake.notify_one();
    }

    /// All such answers.
    pub(super) fn held_answers(&self) -> HashMap<TurnId, Arc<Answer>> {
        self.inbox().held.answers()
    }

    /// Whether all that was handed over is on the disk.
    #[cfg(test)]
    pub(super) fn is_settled(&self) -> bool {
        self.inbox().held.is_empty()
    }

    /// Removes what is to leave, some at a time, so that others get their turn between.
    pub(super) async fn sweep(&self) {
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let sweep = keep::Sweep {
            now: super::now(),
            retention: self.config.retention.map(millis),
            bound: self.config.bound(),
        };
        // Where the storage fails, the next sweep goes on.
        while let Ok(true) = self.write(move |db| keep::sweep(db, sweep)).await {}
    }

    pub(super) fn close(&self) {
        self.inbox().closing = true;
        self.room.close();
        self.wake.notify_one();
    }

    pub(super) async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        // The sender lives as long as `self`.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// Starts the writer's thread.
pub(super) fn start(opened: Opened, config: config::Store) -> Result<Arc<Shared>, OpenError> {
    let shared = Arc::new(Shared {
        location: opened.location,
        config,
        inbox: Mutex::default(),
        wake: Condvar::new(),
        room: Arc::new(Semaphore::new(QUEUE)),
        health: watch::Sender::new(Health::Good),
        ended: watch::Sender::new(false),
    });
    let writer = Writer {
        shared: shared.clone(),
        db: Some(opened.db),
        trouble: None,
        lock: opened.lock,
    };
    super::queue::spawn("askd-store", move || writer.run())?;
    Ok(shared)
}

struct Writer {
    shared: Arc<Shared>,
    /// Open, unless the storage fails.
    db: Option<Connection>,
    trouble: Option<Trouble>,
    /// Held as long as this askd uses the file.
    lock: Option<File>,
}

/// The storage fails.
struct Trouble {
    sentence: Arc<str>,
    damaged: bool,
    next_try: Instant,
    wait: Duration,
}

/// What is to be written next.
enum Next {
    Write(Vec<Box<dyn Job>>, Vec<Taken>),
    Damage(Arc<str>),
    TryAgain,
    End,
}

impl Writer {
    fn run(mut self) {
        loop {
            match self.next() {
                Next::Write(jobs, taken) => self.write(jobs, &taken),
                Next::Damage(sentence) => self.fails(&sentence, true),
                Next::TryAgain => self.try_again(),
                Next::End => return self.end(),
            }
        }
    }

    fn next(&self) -> Next {
        let mut inbox = self.shared.inbox();
        loop {
            if let Some(trouble) = &self.trouble {
                inbox.held.drop_old();
                for job in inbox.jobs.drain(..) {
                    job.tell(Err(StoreError::Unavailable(trouble.sentence.clone())));
                }
                let wait = trouble.next_try.saturating_duration_since(Instant::now());
                if inbox.closing {
                    return Next::End;
                }
                if wait.is_zero() {
                    return Next::TryAgain;
                }
                let woken = self.shared.wake.wait_timeout(inbox, wait);
                inbox = woken.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            if let Some(sentence) = inbox.damage.take() {
                return Next::Damage(sentence);
            }
            if !inbox.jobs.is_empty() || !inbox.held.is_empty() {
                let many = inbox.jobs.len().min(BATCH);
                let jobs = inbox.jobs.drain(..many).collect();
                // The end of a turn may not overtake its question.
                let turns = if inbox.jobs.is_empty() { BATCH } else { 0 };
                return Next::Write(jobs, inbox.held.take(turns));
            }
            if inbox.closing {
                return Next::End;
            }
            let woken = self.shared.wake.wait(inbox);
            inbox = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>, taken: &[Taken]) {
        match self.transaction(&mut jobs, taken) {
            Ok(told) => {
                self.shared.inbox().held.written(taken);
                for (job, told) in jobs.into_iter().zip(told) {
                    job.tell(told);
                }
                self.make_room();
            }
            Err(error) => {
                let sentence = self.shared.location.sentence(&error);
                self.fails(&sentence, sqlite::is_damage(&error));
                let sentence: Arc<str> = sentence.into();
                for job in jobs {
                    job.tell(Err(StoreError::Unavailable(sentence.clone())));
                }
            }
        }
    }

    /// All of it or nothing; but a job that is refused takes no other along.
    fn transaction(
        &mut self,
        jobs: &mut [Box<dyn Job>],
        taken: &[Taken],
    ) -> rusqlite::Result<Vec<Result<(), StoreError>>> {
        let location = &self.shared.location;
        let Some(db) = &mut self.db else {
            return Ok(jobs.iter().map(|_| Err(closed())).collect());
        };
        let _turn = location.write_turn();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut told = Vec::with_capacity(jobs.len());
        for job in jobs {
            let done = savepoint(&transaction, |db| job.run(db))?;
            told.push(done.map_err(|refusal| match refusal {
                Failure::Refused(error) => error,
                Failure::Sqlite(error) => {
                    error!(%error, "a change was not kept");
                    StoreError::Unavailable(location.sentence(&error).into())
                }
            }));
        }
        for taken in taken {
            let kept = savepoint(&transaction, |db| {
                for piece in &taken.pieces {
                    write::save(db, taken.turn, piece)?;
                }
                match &taken.answer {
                    Some(answer) => write::finish(db, taken.turn, answer),
                    None if taken.is_lost => write::interrupt(db, taken.turn),
                    None => Ok(()),
                }
            })?;
            if let Err(error) = kept {
                error!(turn = %taken.turn, ?error, "what an answer brought was not kept");
            }
        }
        transaction.commit()?;
        Ok(told)
    }

    /// Refuses questions from now on, and holds what answers bring.
    fn fails(&mut self, sentence: &str, damaged: bool) {
        let before = self.trouble.as_ref().map(|trouble| trouble.wait);
        let wait = match before {
            Some(before) if damaged => (2 * before).min(RETRY_DAMAGED),
            _ => RETRY,
        };
        let sentence: Arc<str> = sentence.into();
        self.trouble = Some(Trouble {
            sentence: sentence.clone(),
            damaged,
            next_try: Instant::now() + wait,
            wait,
        });
        let bad = Health::Bad(sentence.clone());
        if self.shared.health.send_replace(bad.clone()) != bad {
            error!("{sentence}");
        }
    }

    fn try_again(&mut self) {
        match self.reopen() {
            Ok(()) => {
                self.trouble = None;
                self.shared.health.send_replace(Health::Good);
                info!(path = %self.shared.location.name, "conversations can be kept again");
            }
            Err(error) => {
                let damaged = sqlite::is_damage(&error);
                self.fails(&self.shared.location.sentence(&error), damaged);
            }
        }
    }

    /// Opens the file anew and tries to write; what was damaged is looked at as a whole.
    fn reopen(&mut self) -> rusqlite::Result<()> {
        if !self.shared.location.is_memory() {
            self.db = None;
        }
        let db = match self.db.take() {
            Some(db) => db,
            None => self.shared.location.writer()?,
        };
        let damaged = self.trouble.as_ref().is_some_and(|trouble| trouble.damaged);
        let tried = sqlite::works(&db, damaged);
        self.db = Some(db);
        tried
    }

    /// Keeps to the bound between the sweeps too, some conversations a commit.
    fn make_room(&mut self) {
        let (Some(bound), Some(db)) = (self.shared.config.bound(), &mut self.db) else {
            return;
        };
        if let Err(Failure::Sqlite(error)) = make_room(db, &self.shared.location, bound) {
            let sentence = self.shared.location.sentence(&error);
            self.fails(&sentence, sqlite::is_damage(&error));
        }
    }

    fn end(&mut self) {
        if self.trouble.is_some() {
            self.try_again();
        }
        if self.trouble.is_none() {
            let (jobs, taken) = {
                let mut inbox = self.shared.inbox();
                (inbox.jobs.drain(..).collect(), inbox.held.take(usize::MAX))
            };
            self.write(jobs, &taken);
        }
        self.shared.inbox().held.drop_all();
        if let Some(db) = self.db.take() {
            // The last connection to close does the same; this one says what is in the way.
            if let Err(error) = sqlite::checkpoint(&db) {
                error!(%error, "the write-ahead log could not be joined to the file; the next start does it");
            }
        }
    }
}

/// Whatever ends the writer, nobody waits for it in vain.
impl Drop for Writer {
    fn drop(&mut self) {
        self.db = None;
        self.lock = None;
        self.shared.room.close();
        {
            let mut inbox = self.shared.inbox();
            inbox.closing = true;
            inbox.jobs.clear();
        }
        if thread::panicking() {
            let sentence = "A fault of askd's own has stopped the storage; start askd again.";
            self.shared
                .health
                .send_replace(Health::Bad(sentence.into()));
        }
        self.shared.ended.send_replace(true);
    }
}

fn make_room(db: &mut Connection, location: &Location, bound: u64) -> Result<(), Failure> {
    let _turn = location.write_turn();
    if keep::used(db)? <= bound {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    keep::make_room(&transaction, bound)?;
    Ok(transaction.commit()?)
}

/// Runs `work` so that its failure undoes it alone. Failures of the storage itself are the outer result.
fn savepoint(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<(), Failure>,
) -> rusqlite::Result<Result<(), Failure>> {
    db.prepare_cached("SAVEPOINT job")?.execute([])?;
    let done = work(db);
    match done {
        Err(Failure::Sqlite(error)) if sqlite::is_storage(&error) => return Err(error),
        Err(_) => drop(db.prepare_cached("ROLLBACK TO job")?.execute([])?),
        Ok(()) => {}
    }
    db.prepare_cached("RELEASE job")?.execute([])?;
    Ok(done)
}
