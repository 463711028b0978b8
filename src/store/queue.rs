//! The threads that read, and what waits for them.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::{
    OpenError, StoreError, UNAVAILABLE,
    fault::{self, Failure},
    inbox::{self, Shared},
};

/// Threads that read. SQLite lets any number read beside the one that writes; two keep a long search from holding up
/// everything else.
const READERS: usize = 2;
/// Callers that wait for a reader; further ones wait for these.
const QUEUE: usize = 256;
/// How long one read may take, from its beginning: a search for what is everywhere must not take a thread for itself.
const DEADLINE: Duration = Duration::from_secs(5);
/// Steps of SQLite's between two looks at the time.
const STEPS: i32 = 1000;

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
    shared: Arc<Shared>,
    deadline: Duration,
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
    /// Held by the one who waits.
    fn wanted(&self) -> &Weak<()>;
    /// Reads, tells the one who waits, and gives the connection back if it is still good.
    fn run(
        self: Box<Self>,
        db: rusqlite::Result<Connection>,
        shared: &Shared,
        limit: &Limit,
    ) -> Option<Connection>;
}

struct Task<T, F> {
    work: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
    wanted: Weak<()>,
    _permit: OwnedSemaphorePermit,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection, &Shared) -> Result<T, Failure> + Send,
{
    fn wanted(&self) -> &Weak<()> {
        &self.wanted
    }

    fn run(
        self: Box<Self>,
        db: rusqlite::Result<Connection>,
        shared: &Shared,
        limit: &Limit,
    ) -> Option<Connection> {
        let (read, db) = match db {
            Ok(db) => ((self.work)(&db, shared), Some(db)),
            Err(error) => (Err(error.into()), None),
        };
        let (told, db) = match read {
            Ok(found) => (Ok(found), db),
            Err(Failure::Refused(error)) => (Err(error), db),
            Err(Failure::Sqlite(_)) if limit.is_over() => (Err(StoreError::TooLong), db),
            Err(Failure::Sqlite(error)) => (Err(cannot_read(shared, &error)), None),
        };
        // Whoever asked may have left.
        let _ = self.reply.send(told);
        db
    }
}

/// What is told of a read that failed. Where the file is at fault, the writer is to know: else nobody would before the
/// next change.
fn cannot_read(shared: &Shared, error: &rusqlite::Error) -> StoreError {
    let reason = shared.location.sentence(error);
    tracing::error!(reason, "conversations could not be read");
    let code = error.sqlite_error_code();
    if fault::is_storage(error) && code != Some(ErrorCode::OutOfMemory) {
        // What cannot be read in one place may well be written in another.
        let is_partial = fault::is_damage(error) || code == Some(ErrorCode::SystemIoFailure);
        shared.found_fault(reason.into(), is_partial);
    }
    StoreError::Unavailable(UNAVAILABLE)
}

/// What ends a read from within: its deadline, or that nobody waits for it any more.
#[derive(Default)]
struct Limit(Mutex<Option<(Instant, Weak<()>)>>);

impl Limit {
    fn set(&self, limit: Option<(Instant, Weak<()>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    fn is_over(&self) -> bool {
        let limit = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((deadline, wanted)) = &*limit else {
            return false;
        };
        has_left(wanted) || Instant::now() >= *deadline
    }
}

fn has_left(wanted: &Weak<()>) -> bool {
    wanted.strong_count() == 0
}

impl Readers {
    /// Starts them.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, OpenError> {
        Self::with_deadline(shared, DEADLINE)
    }

    fn with_deadline(shared: &Arc<Shared>, deadline: Duration) -> Result<Self, OpenError> {
        let pool = Arc::new(Pool {
            shared: shared.clone(),
            deadline,
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

    /// Does `work` on one of the reading connections, which is stopped when it takes too long or this future is dropped.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = &self.0;
        let permit = pool.room.clone().acquire_owned().await;
        let permit = permit.map_err(|_| inbox::closed())?;
        let (reply, told_here) = oneshot::channel();
        let waits = Arc::new(());
        {
            let mut queue = pool.queue();
            if queue.closing {
                return Err(inbox::closed());
            }
            queue.jobs.push_back(Box::new(Task {
                work,
                reply,
                wanted: Arc::downgrade(&waits),
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
        let Pool {
            shared, deadline, ..
        } = &*self.0;
        let location = &shared.location;
        let limit = Arc::new(Limit::default());
        let (mut db, mut file) = (None, None);
        while let Some(job) = self.0.next() {
            if has_left(job.wanted()) {
                continue;
            }
            // In memory the writer waits for it: as long as a read may take, and no longer, for it goes before the next.
            let _turn = location.read_turn();
            let there = location.file();
            let open = match db.take() {
                _ if there != shared.file() => Err(fault::moved()),
                Some(open) if file == there => Ok(open),
                _ => open(shared, &limit),
            };
            file = there;
            limit.set(Some((Instant::now() + *deadline, job.wanted().clone())));
            // One that panics leaves its caller without an answer, and the next one a reader. A connection that failed
            // is opened anew.
            let run = panic::catch_unwind(AssertUnwindSafe(|| job.run(open, shared, &limit)));
            limit.set(None);
            db = run.unwrap_or_default();
        }
    }
}

/// A reading connection that stops where `limit` says.
fn open(shared: &Shared, limit: &Arc<Limit>) -> rusqlite::Result<Connection> {
    let mut db = shared.location.reader()?;
    let limit = limit.clone();
    db.progress_handler(STEPS, Some(move || limit.is_over()))?;
    Ok(db)
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{
        id::OwnerId,
        store::{
            Health, search,
            tests::{exported, memory},
        },
    };

    /// Counts until it is stopped.
    fn endless(db: &Connection) -> Result<i64, Failure> {
        let forever =
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT max(n) FROM n";
        Ok(db.query_row(forever, [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_stopped_and_the_storage_is_well() {
        let store = memory();
        let shared = &store.0.shared;
        let readers = Readers::with_deadline(shared, Duration::from_millis(20)).unwrap();
        for _ in 0..3 {
            let stopped = readers.read(|db, _| endless(db)).await;
            assert_eq!(stopped, Err(StoreError::TooLong));
        }
        let quick = readers.read(|db, _| Ok(db.query_row("SELECT 1", [], |row| row.get(0))?));
        assert_eq!(quick.await, Ok(1));
        assert_eq!(*store.health().borrow(), Health::Good);
        readers.close();
    }

    #[tokio::test]
    async fn a_search_that_takes_too_long_is_no_fault_of_the_storage() {
        let (store, owner) = (memory(), OwnerId::new());
        let long = exported(&store, 1500, &"some words here ".repeat(20)).await;
        store.import(owner, vec![long]).await.unwrap();
        let shared = &store.0.shared;
        for (deadline, stopped) in [(Duration::ZERO, true), (DEADLINE, false)] {
            let readers = Readers::with_deadline(shared, deadline).unwrap();
            for words in ["words", "w", "some words here w"] {
                let found = readers.read(move |db, _| search::search(db, owner, words, 1000));
                assert_eq!(
                    found.await.is_err_and(|e| e == StoreError::TooLong),
                    stopped
                );
            }
            readers.close();
        }
        assert_eq!(*store.health().borrow(), Health::Good);
    }

    #[tokio::test]
    async fn a_word_that_fills_a_text_is_found_within_the_deadline() {
        let (store, owner) = (memory(), OwnerId::new());
        let mut full = exported(&store, 1, "a").await;
        full.turns[0].answer = "word ".repeat(500_000);
        store.import(owner, vec![full]).await.unwrap();
        let found = store.search(owner, "word".to_owned(), 10).await.unwrap();
        assert_eq!(
            found[0].excerpt.iter().filter(|part| part.marked).count(),
            24
        );
    }

    #[tokio::test]
    async fn a_read_that_nobody_waits_for_any_more_is_stopped() {
        const HOUR: Duration = Duration::from_secs(3600);
        let store = memory();
        let readers = Readers::with_deadline(&store.0.shared, HOUR).unwrap();
        for _ in 0..2 * READERS {
            let (begun, begins) = mpsc::channel();
            let read = readers.read(move |db, _| {
                begun.send(()).expect("it is waited for");
                endless(db)
            });
            let begins = tokio::task::spawn_blocking(move || begins.recv());
            tokio::select! {
                biased;
                _ = read => panic!("it is endless"),
                begins = begins => begins.unwrap().unwrap(),
            }
        }
        let quick = readers.read(|_, _| Ok(()));
        let quick = tokio::time::timeout(Duration::from_secs(20), quick).await;
        assert_eq!(quick, Ok(Ok(())));
        readers.close();
    }
}
