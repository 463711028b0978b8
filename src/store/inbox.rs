//! What waits for the writer, and what everybody shares with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::{
    Found, Health, Place, StoreError, UNAVAILABLE,
    fault::Failure,
    held::{Held, Key, tell},
    keep,
    pulse::Pulse,
    sqlite::{FileId, Location},
    unwritten::{Questions, Unwritten},
};
use crate::{
    answer::{Answer, Piece},
    config,
    id::{OwnerId, TurnId},
    metrics::Writing,
};

/// Callers that wait for the writer; further ones wait for these.
const QUEUE: usize = 1024;
/// How long an end waits at the most for the disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the writer shares with everybody else.
pub(super) struct Shared {
    pub(super) location: Location,
    /// The file that is written to.
    file: Option<FileId>,
    /// Whose bounds hold now.
    pub(super) config: ArcSwap<config::Store>,
    pub(super) inbox: Mutex<Inbox>,
    pub(super) wake: Condvar,
    pub(super) room: Arc<Semaphore>,
    pub(super) health: watch::Sender<Health>,
    pub(super) ended: watch::Sender<bool>,
    pub(super) pulse: Pulse,
    pub(super) questions: Questions,
    pub(super) writing: Writing,
}

#[derive(Default)]
pub(super) struct Inbox {
    pub(super) jobs: VecDeque<Box<dyn Job>>,
    pub(super) held: Held,
    /// What a reader found.
    pub(super) fault: Option<Fault>,
    pub(super) closing: bool,
}

/// A reader could not read.
pub(super) struct Fault {
    pub(super) sentence: Arc<str>,
    /// Only a look at the whole file tells when it is over.
    pub(super) is_partial: bool,
}

/// Tells when the end of an answer is on the disk; one that is shown before may be another after a crash.
///
/// The writer takes up the end once this is waited for or dropped: who has something more urgent to do keeps it.
pub struct Receipt {
    written: oneshot::Receiver<()>,
    health: watch::Receiver<Health>,
    wake: Wake,
}

/// Wakes the writer when it is dropped.
struct Wake(Arc<Shared>);

impl Drop for Wake {
    fn drop(&mut self) {
        self.0.wake.notify_one();
    }
}

impl Receipt {
    /// Waits until the end is on the disk: not for long, and not while the storage fails.
    pub async fn written(self) {
        let Self {
            written,
            mut health,
            wake,
        } = self;
        drop(wake);
        // The sender is dropped, and nothing is ever sent. As for the thread, see `queue::told`.
        #[cfg(test)]
        let written = tokio::task::spawn_blocking(move || written.blocking_recv().ok());
        let _ = tokio::time::timeout(PATIENCE, async {
            tokio::select! {
                biased;
                _ = written => {}
                _ = health.wait_for(|health| *health != Health::Good) => {}
            }
        })
        .await;
    }
}

/// A unit of work with somebody who waits for it.
pub(super) trait Job: Send {
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
    StoreError::Unavailable("The server is going down; ask again in a moment.")
}

impl Shared {
    /// Nothing waits yet.
    pub(super) fn new(location: Location, config: config::Store) -> Arc<Self> {
        Arc::new(Self {
            file: location.file(),
            location,
            config: ArcSwap::from_pointee(config),
            inbox: Mutex::default(),
            wake: Condvar::new(),
            room: Arc::new(Semaphore::new(QUEUE)),
            health: watch::Sender::new(Health::Good),
            ended: watch::Sender::new(false),
            pulse: Pulse::new(),
            questions: Questions::default(),
            writing: Writing::default(),
        })
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that was opened at the start: where another is in its place, nothing in that is to be read or written.
    pub(super) fn file(&self) -> Option<FileId> {
        self.file
    }

    pub(super) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Does `work` in the writer's next transaction, and returns what it made once that is committed. While the disk
    /// hangs nobody waits, but what was handed over is done once it goes on.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        if *self.health.borrow() != Health::Good {
            return Err(StoreError::Unavailable(UNAVAILABLE));
        }
        tokio::select! {
            biased;
            told = self.hand_over(work) => told,
            () = self.pulse.stuck() => Err(StoreError::Stuck),
        }
    }

    async fn hand_over<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
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

    pub(super) fn began(&self, key: Key, place: Place) {
        self.inbox().held.began(key, place);
    }

    pub(super) fn save(&self, key: Key, piece: Piece) {
        let lost = self.inbox().held.save(key, piece);
        self.wake.notify_one();
        tell(&lost);
    }

    pub(super) fn finish(self: &Arc<Self>, key: Key, answer: Arc<Answer>) -> Receipt {
        let (written, lost) = self.inbox().held.finish(key, answer);
        tell(&lost);
        Receipt {
            written,
            health: self.health(),
            wake: Wake(self.clone()),
        }
    }

    /// What memory alone knows of a turn; `None`: the disk is to be asked.
    pub(super) fn find(&self, key: Key) -> Option<Found> {
        let inbox = self.inbox();
        let place = inbox.held.place(key)?;
        let answer = inbox.held.answer(key);
        Some(Found { place, answer })
    }

    /// An answer that has ended and is not on the disk yet.
    pub(super) fn held(&self, key: Key) -> Option<Arc<Answer>> {
        self.inbox().held.answer(key)
    }

    /// A reader could not read.
    pub(super) fn found_fault(&self, sentence: Arc<str>, is_partial: bool) {
        self.inbox().fault = Some(Fault {
            sentence,
            is_partial,
        });
        self.wake.notify_one();
    }

    /// All such answers of an owner.
    pub(super) fn held_answers(&self, owner: OwnerId) -> HashMap<TurnId, Arc<Answer>> {
        self.inbox().held.answers(owner)
    }

    /// How much is not on the disk yet: changes that somebody waits for, and turns.
    pub(super) fn waiting(&self) -> usize {
        let inbox = self.inbox();
        inbox.jobs.len() + inbox.held.len()
    }

    /// What is not on the disk yet.
    pub(super) fn unwritten(&self) -> Unwritten {
        Unwritten::of(&self.questions, self.inbox().held.all())
    }

    /// Whether all that was handed over is on the disk.
    #[cfg(test)]
    pub(super) fn is_settled(&self) -> bool {
        self.inbox().held.is_empty()
    }

    /// Removes what is to leave, some at a time, so that others get their turn between.
    pub(super) async fn sweep(&self) {
        let sweep = keep::Sweep {
            now: super::now(),
            oldest: self.oldest(),
            bound: self.config.load().bound(),
        };
        // Where the storage fails, the next sweep goes on.
        while let Ok(true) = self.write(move |db| keep::sweep(db, sweep)).await {}
    }

    /// When a conversation must have been touched last to be kept, in milliseconds since the epoch.
    pub(super) fn oldest(&self) -> u64 {
        let retention = self
            .config
            .load()
            .retention
            .map_or(u128::MAX, |age| age.as_millis());
        super::now().saturating_sub(u64::try_from(retention).unwrap_or(u64::MAX))
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
