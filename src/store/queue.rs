//! The threads that read, and what waits for them.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::{
    OpenError, StoreError, UNAVAILABLE,
    fault::{self, Failure},
    inbox::{self, Shared},
    sqlite::Location,
};

/// Threads that read. SQLite lets any number read beside the one that writes; two keep a long search from holding up
/// everything else.
const READERS: usize = 2;
/// Callers that wait for a reader; further ones wait for these.
const QUEUE: usize = 256;

/// Starts a thread of the store's.
pub(super) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    let cannot = |error| OpenError::Storage(format!("cannot start the thread {name}: {error}"));
    started.map(drop).map_err(cannot)
}

/// What the writer or a reader answers.
pub(super) async fn told<T: Send + 'static>(
    reply: oneshot::Receiver<Result<T, StoreError>>,
) -> Result<T, StoreError> {
    // A paused clock runs on while nothing but another thread is waited for, unless that thread is tokio's own.
    #[cfg(test)]
    let reply = tokio::task::spawn_blocking(move || reply.blocking_recv());
    #[cfg(test)]
    let told = reply.await.expect("waiting cannot fail");
    #[cfg(not(test))]
    let told = reply.await;
    told.unwrap_or_else(|_| Err(inbox::closed()))
}

/// The reading threads.
pub(super) struct Readers(Arc<Pool>);

struct Pool {
    location: Location,
    queue: Mutex<Queue>,
    wake: Condvar,
    room: Arc<Semaphore>,
    running: watch::Sender<usize>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    closing: bool,
}

trait Job: Send {
    /// Reads, tells the one who waits, and gives the connection back if it is still good.
    fn run(
        self: Box<Self>,
        db: rusqlite::Result<Connection>,
        location: &Location,
    ) -> Option<Connection>;
}

struct Task<T, F> {
    work: F,
    shared: Arc<Shared>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    _permit: OwnedSemaphorePermit,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection, &Shared) -> Result<T, Failure> + Send,
{
    fn run(
        self: Box<Self>,
        db: rusqlite::Result<Connection>,
        location: &Location,
    ) -> Option<Connection> {
        if self.reply.is_closed() {
            return db.ok();
        }
        let (work, shared) = (self.work, self.shared);
        let (read, db) = match db {
            Ok(db) => (work(&db, &shared), Some(db)),
            Err(error) => (Err(error.into()), None),
        };
        let failure = match read {
            Ok(found) => {
                // Whoever asked may have left.
                let _ = self.reply.send(Ok(found));
                return db;
            }
            Err(failure) => failure,
        };
        let (told, db) = match failure {
            Failure::Refused(error) => (error, db),
            Failure::Sqlite(error) => {
                let reason = location.sentence(&error);
                tracing::error!(reason, "conversations could not be read");
                if fault::is_damage(&error) {
                    shared.found_damage(reason.into());
                }
                (StoreError::Unavailable(UNAVAILABLE), None)
            }
        };
        let _ = self.reply.send(Err(told));
        db
    }
}

impl Readers {
    /// Starts them.
    pub(super) fn start(location: &Location) -> Result<Self, OpenError> {
        let pool = Arc::new(Pool {
            location: location.clone(),
            queue: Mutex::default(),
            wake: Condvar::new(),
            room: Arc::new(Semaphore::new(QUEUE)),
            running: watch::Sender::new(READERS),
        });
        for n in 1..=READERS {
            let reader = Reader(pool.clone());
            spawn(&format!("askd-read-{n}"), move || reader.run())?;
        }
        Ok(Self(pool))
    }

    /// Does `work` on one of the reading connections.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        shared: Arc<Shared>,
        work: impl FnOnce(&Connection, &Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = &self.0;
        let permit = pool.room.clone().acquire_owned().await;
        let permit = permit.map_err(|_| inbox::closed())?;
        let (reply, told_here) = oneshot::channel();
        {
            let mut queue = pool.queue();
            if queue.closing {
                return Err(inbox::closed());
            }
            queue.jobs.push_back(Box::new(Task {
                work,
                shared,
                reply,
                _permit: permit,
            }));
        }
        pool.wake.notify_one();
        told(told_here).await
    }

    pub(super) fn close(&self) {
        self.0.queue().closing = true;
        self.0.room.close();
        self.0.wake.notify_all();
    }

    pub(super) async fn ended(&self) {
        let mut running = self.0.running.subscribe();
        // The sender lives as long as `self`.
        let _ = running.wait_for(|running| *running == 0).await;
    }
}

impl Pool {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closing {
                return None;
            }
            queue = self
                .wake
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Reader(Arc<Pool>);

impl Reader {
    fn run(self) {
        let location = &self.0.location;
        let (mut db, mut file) = (None, None);
        while let Some(job) = self.0.next() {
            let _turn = location.read_turn();
            let there = location.file();
            let open = match db.take() {
                Some(open) if file == there => Ok(open),
                _ => location.reader(),
            };
            file = there;
            // One that panics leaves its caller without an answer, and the next one a reader. A connection that failed
            // is opened anew.
            let run = panic::catch_unwind(AssertUnwindSafe(|| job.run(open, location)));
            db = run.unwrap_or_default();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}
