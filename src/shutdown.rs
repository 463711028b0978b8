//! Going down: who is told, who is waited for, and who is still busy.
//!
//! Every task of the program is started by [`Shutdown::spawn`] under a name, so that a shutdown can wait for
//! all of them and say which ones it is waiting for. There are two phases: *draining* (nothing new begins,
//! running answers go on) and *halt* (everything ends now).

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A handle on the program's going down; clones share it.
#[derive(Clone, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Default)]
struct Inner {
    has_successor: bool,
    draining: CancellationToken,
    halt: CancellationToken,
    work: TaskTracker,
    background: TaskTracker,
    busy: Mutex<BTreeMap<(Kind, &'static str), usize>>,
}

/// Whether a drain waits for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Work,
    Background,
}

impl Shutdown {
    /// A program that is up.
    pub fn new() -> Self {
        Self::default()
    }

    /// A program that is up, and whose sockets stay open for another one when it goes down: whoever connects then
    /// waits for that one. So nobody is refused and no session ends before the halt, but the drain waits for answers
    /// alone.
    pub fn for_successor() -> Self {
        Self(Arc::new(Inner {
            has_successor: true,
            ..Inner::default()
        }))
    }

    /// Whether another one takes the sockets over.
    pub fn has_successor(&self) -> bool {
        self.0.has_successor
    }

    /// Begins the first phase: nothing new is taken on.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Begins the second phase: what is still running ends now.
    pub fn halt(&self) {
        self.0.draining.cancel();
        self.0.halt.cancel();
    }

    /// Whether the first phase has begun.
    pub fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// Waits for the first phase. Cancel safe.
    pub async fn draining(&self) {
        self.0.draining.cancelled().await;
    }

    /// Waits for the second phase. Cancel safe.
    pub async fn halted(&self) {
        self.0.halt.cancelled().await;
    }

    /// Runs `task`, a piece of the work that a drain waits for. The caller sees to it that it hears a halt.
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.start(Kind::Work, name, task)
    }

    /// Runs `task`, a session: a piece of the work, unless a successor waits for it too.
    pub fn spawn_session<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let kind = match self.has_successor() {
            true => Kind::Background,
            false => Kind::Work,
        };
        self.start(kind, "session", task);
    }

    /// Runs `task`, which serves the others and so ends only at the halt.
    pub fn spawn_background<F>(&self, name: &'static str, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.start(Kind::Background, name, task)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts a task: it names and tracks it"
    )]
    fn start<F>(&self, kind: Kind, name: &'static str, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let tracker = match kind {
            Kind::Work => &self.0.work,
            Kind::Background => &self.0.background,
        };
        let busy = Busy::new(self.0.clone(), (kind, name));
        // An `async` block around it would hold the task twice: as what it was given, and as what it awaits.
        tokio::spawn(tracker.track_future(task.inspect(move |_| drop(busy))))
    }

    /// The names of the running pieces of work, each with how many there are.
    pub fn busy(&self) -> Vec<(&'static str, usize)> {
        let mut tasks = self.running();
        tasks.retain(|((kind, _), _)| *kind == Kind::Work);
        tasks
            .into_iter()
            .map(|((_, name), count)| (name, count))
            .collect()
    }

    /// The same of all running tasks.
    pub fn stragglers(&self) -> Vec<(&'static str, usize)> {
        let tasks = self.running().into_iter();
        tasks.map(|((_, name), count)| (name, count)).collect()
    }

    fn running(&self) -> Vec<((Kind, &'static str), usize)> {
        let busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.iter().map(|(task, count)| (*task, *count)).collect()
    }

    /// How many tasks are running, of both kinds.
    pub fn tasks(&self) -> usize {
        self.0.work.len() + self.0.background.len()
    }

    /// Waits until the work has ended. Cancel safe.
    pub async fn idle(&self) {
        self.0.work.close();
        self.0.work.wait().await;
    }

    /// Waits until every task has ended. Cancel safe.
    pub async fn finished(&self) {
        self.idle().await;
        self.0.background.close();
        self.0.background.wait().await;
    }
}

/// Counts a task under its name for as long as it lives, also when it panics.
struct Busy {
    inner: Arc<Inner>,
    task: (Kind, &'static str),
}

impl Busy {
    fn new(inner: Arc<Inner>, task: (Kind, &'static str)) -> Self {
        *inner
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(task)
            .or_default() += 1;
        Self { inner, task }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(
                task = self.task.1,
                "a task panicked; this is a fault of askd's own"
            );
        }
        let mut busy = self
            .inner
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = busy.get_mut(&self.task) {
            *count -= 1;
            if *count == 0 {
                busy.remove(&self.task);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_running_task_is_named_and_waited_for() {
        let shutdown = Shutdown::new();
        let task = shutdown.spawn("waiter", {
            let shutdown = shutdown.clone();
            async move { shutdown.halted().await }
        });
        assert_eq!(shutdown.busy(), [("waiter", 1)]);
        shutdown.drain();
        assert!(shutdown.is_draining());
        assert!(!task.is_finished());
        shutdown.halt();
        shutdown.finished().await;
        assert_eq!(shutdown.busy(), []);
        assert_eq!(shutdown.tasks(), 0);
    }

    #[tokio::test]
    async fn a_drain_does_not_wait_for_the_background() {
        let shutdown = Shutdown::new();
        let background = shutdown.clone();
        shutdown.spawn_background("server", async move { background.halted().await });
        shutdown.drain();
        shutdown.idle().await;
        assert_eq!(shutdown.busy(), []);
        assert_eq!(shutdown.stragglers(), [("server", 1)]);
        shutdown.halt();
        shutdown.finished().await;
    }

    #[tokio::test]
    async fn a_task_that_panics_is_no_longer_busy() {
        let shutdown = Shutdown::new();
        let task = shutdown.spawn("broken", async { panic!("on purpose") });
        assert!(task.await.is_err());
        assert_eq!(shutdown.busy(), []);
    }
}
