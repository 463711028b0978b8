//! The threads that read, and what waits for them.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
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
/// How much longer it may seem to take before its thread counts as stuck in the system, which nothing can stop.
const GRACE: Duration = Duration::from_secs(1);
/// What is told then.
const HANGS: &str = "The storage does not answer just now; look again in a moment.";
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
    /// Since when each reader reads; `None`: it waits for something to read.
    reading: [Option<Instant>; READERS],
    closing: bool,
}

/// A read that somebody waits for, as long as they hold it.
#[derive(Default)]
struct Wanted {
    /// When it began.
    begun: OnceLock<Instant>,
}

trait Job: Send {
    /// Held by the one who waits.
    fn wanted(&self) -> &Weak<Wanted>;
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
    wanted: Weak<Wanted>,
    _permit: OwnedSemaphorePermit,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection, &Shared) -> Result<T, Failure> + Send,
{
    fn wanted(&self) -> &Weak<Wanted> {
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
struct Limit(Mutex<Option<(Instant, Weak<Wanted>)>>);

impl Limit {
    fn set(&self, limit: Option<(Instant, Weak<Wanted>)>) {
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

fn has_left(wanted: &Weak<Wanted>) -> bool {
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
        for n in 0..READERS {
            let reader = Reader(pool.clone(), n);
            spawn(&format!("askd-read-{}", n + 1), move || reader.run())?;
        }
        Ok(Self(pool))
    }

    /// Does `work` on one of the reading connections, which is stopped when it takes too long or this future is dropped.
    /// Nobody waits for a thread that cannot be stopped, because the disk hangs.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = &self.0;
        let waits = Arc::new(Wanted::default());
        tokio::select! {
            biased;
            () = pool.hangs(&waits) => {
                tracing::error!(path = %pool.shared.location.name, "the disk does not answer; nothing could be read");
                Err(StoreError::Unavailable(HANGS))
            }
            told = self.hand_over(&waits, work) => told,
        }
    }

    async fn hand_over<T: Send + 'static>(
        &self,
        waits: &Arc<Wanted>,
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
                reply,
                wanted: Arc::downgrade(waits),
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
    /// Waits until the read hangs, or every reader does before it begins.
    async fn hangs(&self, read: &Wanted) {
        loop {
            let since = read
                .begun
                .get()
                .copied()
                .unwrap_or_else(|| self.all_read_since());
            let left = (self.deadline + GRACE).saturating_sub(since.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    /// Since when no reader waits for something to read.
    fn all_read_since(&self) -> Instant {
        let now = Instant::now();
        let reading = self.queue().reading;
        let since = reading.into_iter().map(|since| since.unwrap_or(now));
        since.max().unwrap_or(now)
    }

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

struct Reader(Arc<Pool>, usize);

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
            // Opening and looking for the file may hang too.
            let begun = Instant::now();
            self.reads(Some(begun));
            if let Some(wanted) = job.wanted().upgrade() {
                let _ = wanted.begun.set(begun);
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
            self.reads(None);
        }
    }

    fn reads(&self, since: Option<Instant>) {
        self.0.queue().reading[self.1] = since;
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

    use futures_util::FutureExt as _;

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
    async fn nobody_waits_for_a_disk_that_hangs_while_it_is_read() {
        let store = memory();
        let readers = Readers::with_deadline(&store.0.shared, Duration::ZERO).unwrap();
        let hang = || {
            let (release, held) = mpsc::channel::<()>();
            let read = readers.read(move |_, _| {
                let _ = held.recv();
                Ok(())
            });
            (release, read)
        };
        let hangs = Err(StoreError::Unavailable(HANGS));
        let (first, read) = hang();
        assert_eq!(read.await, hangs);
        // The other one reads on.
        assert_eq!(readers.read(|_, _| Ok(())).await, Ok(()));
        let (second, read) = hang();
        assert_eq!(read.await, hangs);
        let at_once = readers.read(|_, _| Ok(())).now_or_never();
        assert_eq!(at_once, Some(hangs));
        drop((first, second));
        while readers.0.queue().reading != [None; READERS] {
            tokio::task::yield_now().await;
        }
        assert_eq!(readers.read(|_, _| Ok(())).await, Ok(()));
        readers.close();
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
