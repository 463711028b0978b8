//! The one thread that writes: it joins what is waiting into one transaction, and tells each caller after the commit.

use std::{
    fs::File,
    sync::{Arc, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tracing::{error, info};

use super::{
    Health, OpenError, StoreError, UNAVAILABLE,
    fault::{self, Failure},
    held::{self, Loss, Taken},
    inbox::{Fault, Job, Shared, closed},
    keep,
    pulse::Pulse,
    sqlite::{self, FileId, Opened},
    write,
};
use crate::config;

/// Callers, and turns beside them, that one transaction takes in.
const BATCH: usize = 256;
/// How long room is made behind a commit at the least, where the bound is passed by far.
const HASTE: Duration = Duration::from_millis(50);
/// How often a storage that fails is tried again, and how seldom at the most when its file is damaged, which takes a
/// look at the whole of it.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_DAMAGED: Duration = Duration::from_secs(60);

/// Starts the writer's thread.
pub(super) fn start(opened: Opened, config: config::Store) -> Result<Arc<Shared>, OpenError> {
    let shared = Shared::new(opened.location, config);
    let writer = Writer {
        shared: shared.clone(),
        log: shared.location.log(),
        db: Some(opened.db),
        trouble: None,
        lock: opened.lock,
    };
    writer.tell_size();
    Pulse::watch(&shared)?;
    super::queue::spawn("askd-store", move || writer.run())?;
    Ok(shared)
}

struct Writer {
    shared: Arc<Shared>,
    /// Open, unless the storage fails.
    db: Option<Connection>,
    /// The write-ahead log that it writes to.
    log: Option<FileId>,
    trouble: Option<Trouble>,
    /// Held as long as this askd uses the file.
    lock: Option<File>,
}

/// The storage fails.
struct Trouble {
    damaged: bool,
    next_try: Instant,
    wait: Duration,
}

/// What is to be written next.
enum Next {
    Write(Vec<Box<dyn Job>>, Vec<Taken>),
    Fault(Fault),
    Lost(Vec<Loss>),
    TryAgain,
    End,
}

impl Writer {
    fn run(mut self) {
        loop {
            match self.next() {
                Next::Write(jobs, taken) => {
                    self.write(jobs, &taken);
                    self.rests();
                }
                Next::Fault(fault) => self.fails(&fault.sentence, fault.is_partial),
                Next::Lost(lost) => held::tell(&lost),
                Next::TryAgain => self.try_again(),
                Next::End => return self.end(),
            }
        }
    }

    fn next(&self) -> Next {
        let mut inbox = self.shared.inbox();
        loop {
            if let Some(trouble) = &self.trouble {
                // It is looked at again anyway.
                inbox.fault = None;
                let lost = inbox.held.drop_old();
                if !lost.is_empty() {
                    return Next::Lost(lost);
                }
                for job in inbox.jobs.drain(..) {
                    job.tell(Err(StoreError::Unavailable(UNAVAILABLE)));
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
            if let Some(fault) = inbox.fault.take() {
                return Next::Fault(fault);
            }
            if !inbox.jobs.is_empty() || !inbox.held.is_empty() {
                let many = inbox.jobs.len().min(BATCH);
                let jobs = inbox.jobs.drain(..many).collect();
                // The end of a turn may not overtake its question, which may be among those that still wait.
                let all = inbox.jobs.is_empty();
                return Next::Write(jobs, inbox.held.take(BATCH, all));
            }
            if inbox.closing {
                return Next::End;
            }
            let woken = self.shared.wake.wait(inbox);
            inbox = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>, taken: &[Taken]) {
        let begin = Instant::now();
        match self.transaction(&mut jobs, taken) {
            Ok(told) => {
                self.shared.inbox().held.written(taken);
                self.rests();
                let took = begin.elapsed();
                self.shared.writing.wrote(took);
                for (job, told) in jobs.into_iter().zip(told) {
                    job.tell(told);
                }
                self.make_room(took);
                self.tell_size();
            }
            Err(error) => {
                self.rescue();
                let sentence = self.shared.location.sentence(&error);
                self.fails(&sentence, fault::is_damage(&error));
                for job in jobs {
                    job.tell(Err(StoreError::Unavailable(UNAVAILABLE)));
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
        self.shared.pulse.begin();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut told = Vec::with_capacity(jobs.len());
        for job in jobs {
            let done = savepoint(&transaction, |db| job.run(db))?;
            told.push(done.map_err(|refusal| match refusal {
                Failure::Refused(error) => error,
                Failure::Sqlite(error) => {
                    error!(%error, "a change was not kept");
                    StoreError::Unavailable(UNAVAILABLE)
                }
            }));
        }
        for taken in taken {
            let kept = savepoint(&transaction, |db| {
                for piece in &taken.pieces {
                    write::save(db, taken.key, piece)?;
                }
                match &taken.answer {
                    Some(answer) => write::finish(db, taken.key, answer),
                    None if taken.is_lost => write::interrupt(db, taken.key),
                    None => Ok(()),
                }
            })?;
            if let Err(error) = kept {
                error!(turn = %taken.key.1, ?error, "what an answer brought was not kept");
                if taken.answer.is_some() {
                    // It is not tried again, and yet has to end.
                    let ended = savepoint(&transaction, |db| write::interrupt(db, taken.key))?;
                    if let Err(error) = ended {
                        error!(turn = %taken.key.1, ?error, "a turn could not be ended");
                    }
                }
            }
        }
        if location.file() != self.shared.file() {
            return Err(fault::moved());
        }
        if location.log() != self.log {
            return Err(fault::log_moved());
        }
        transaction.commit()?;
        Ok(told)
    }

    /// Whether the write-ahead log is another than the one that is written to, which nobody would find after a crash.
    fn has_lost_its_log(&self) -> bool {
        self.db.is_some() && self.shared.location.log() != self.log
    }

    /// What is in a write-ahead log that has been removed is in the file then, unless it is said to be not.
    fn rescue(&self) {
        let Some(db) = self.db.as_ref().filter(|_| self.has_lost_its_log()) else {
            return;
        };
        match sqlite::checkpoint(db) {
            Ok(true) => {}
            Ok(false) => error!(
                "another program reads what is in the write-ahead log that was removed; end it, or that is lost"
            ),
            Err(error) => error!(%error, "the removed log could not be joined to the file"),
        }
    }

    /// Refuses questions from now on, and holds what answers bring.
    fn fails(&mut self, sentence: &str, damaged: bool) {
        self.shared.writing.failed();
        let before = self.trouble.as_ref().map(|trouble| trouble.wait);
        let wait = match before {
            Some(before) if damaged => (2 * before).min(RETRY_DAMAGED),
            _ => RETRY,
        };
        self.trouble = Some(Trouble {
            damaged,
            next_try: Instant::now() + wait,
            wait,
        });
        let bad = Health::Bad(sentence.into());
        if self.shared.health.send_replace(bad.clone()) != bad {
            error!("{sentence}");
        }
    }

    fn try_again(&mut self) {
        match self.reopen() {
            Ok(()) => {
                self.trouble = None;
                self.works_again();
            }
            Err(error) => {
                // What was found damaged is so until all of it was looked at.
                let was = self.trouble.as_ref().is_some_and(|trouble| trouble.damaged);
                let damaged = was || fault::is_damage(&error);
                self.fails(&self.shared.location.sentence(&error), damaged);
            }
        }
    }

    /// Nothing is being written.
    fn rests(&self) {
        if self.shared.pulse.end() && self.trouble.is_none() {
            self.works_again();
        }
    }

    fn works_again(&self) {
        self.shared.health.send_replace(Health::Good);
        info!(path = %self.shared.location.name, "conversations can be kept again");
    }

    /// Opens the file anew and tries to write; what was damaged is looked at as a whole. Another file in its place is
    /// left alone: SQLite would take the first one's write-ahead log, which lies beside it, for this one's.
    fn reopen(&mut self) -> rusqlite::Result<()> {
        let (location, file) = (&self.shared.location, self.shared.file());
        if self.has_lost_its_log() {
            self.rescue();
            return Err(fault::log_moved());
        }
        if !location.is_memory() {
            self.db = None;
        }
        if location.has_lost(file) {
            return Err(fault::moved());
        }
        let db = match self.db.take() {
            Some(db) => db,
            None => location.writer()?,
        };
        self.log = location.log();
        let damaged = self.trouble.as_ref().is_some_and(|trouble| trouble.damaged);
        let tried = sqlite::works(&db, damaged);
        self.db = Some(db);
        tried
    }

    /// Says how much is kept, for whoever watches; what cannot be read now stays as it was.
    fn tell_size(&self) {
        let Some(db) = self.db.as_ref().filter(|_| self.trouble.is_none()) else {
            return;
        };
        self.shared.pulse.begin();
        if let Ok(bytes) = keep::size(db) {
            self.shared.writing.holds(bytes);
        }
    }

    /// Keeps to the bound between the sweeps too. `took`: what the writing took, which the room for it may take too.
    fn make_room(&mut self, took: Duration) {
        let (Some(bound), Some(db)) = (self.shared.config.load().bound(), &mut self.db) else {
            return;
        };
        if let Err(Failure::Sqlite(error)) =
            keep::make_room_within(db, &self.shared, bound, took.max(HASTE))
        {
            let sentence = self.shared.location.sentence(&error);
            self.fails(&sentence, fault::is_damage(&error));
        }
    }

    fn end(&mut self) {
        if self.has_lost_its_log() {
            // What is held goes through the log that is gone into the file, for nothing comes behind it.
            self.rescue();
            self.log = self.shared.location.log();
            self.trouble = None;
        }
        if self.trouble.is_some() {
            self.try_again();
        }
        if self.trouble.is_none() {
            let (jobs, taken) = {
                let mut inbox = self.shared.inbox();
                (
                    inbox.jobs.drain(..).collect(),
                    inbox.held.take(usize::MAX, true),
                )
            };
            self.write(jobs, &taken);
        }
        let lost = self.shared.inbox().held.drop_all();
        held::tell(&lost);
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
        self.shared.pulse.stop();
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

/// Runs `work` so that its failure undoes it alone. Failures of the storage itself are the outer result.
fn savepoint(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<(), Failure>,
) -> rusqlite::Result<Result<(), Failure>> {
    db.prepare_cached("SAVEPOINT job")?.execute([])?;
    let done = work(db);
    match done {
        Err(Failure::Sqlite(error)) if fault::is_storage(&error) => return Err(error),
        Err(_) => drop(db.prepare_cached("ROLLBACK TO job")?.execute([])?),
        Ok(()) => {}
    }
    db.prepare_cached("RELEASE job")?.execute([])?;
    Ok(done)
}
