//! The requests of one HTTP/2 connection: a task each, counted, and ended when nothing moves.
//!
//! Over HTTP/1.1 hyper's timer for headers ends an idle connection, and the kernel one whose client takes nothing. Here
//! neither does: a client can answer pings for ever, and take no byte of what it asked for.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use hyper::rt::Executor;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    metrics::{Metrics, Refusal},
    shutdown::Shutdown,
};

/// How long a request may go without a step: longer than any may take by itself, an import's 120 s among them.
const STILL: Duration = Duration::from_secs(150);
/// How long a connection may go without a request, after its first one.
const UNUSED: Duration = Duration::from_secs(60);

/// Runs a connection's requests; clones count together.
#[derive(Clone)]
pub struct Streams {
    open: watch::Sender<usize>,
    shutdown: Shutdown,
    metrics: Metrics,
}

impl Streams {
    /// None yet. Those that are ended for standing still are counted there.
    pub fn new(shutdown: Shutdown, metrics: Metrics) -> Self {
        Self {
            open: watch::Sender::new(0),
            shutdown,
            metrics,
        }
    }

    /// Returns when there has been no request for a while, with whether there was any before; the first one has to come within
    /// `first`.
    pub async fn unused(&self, first: Duration) -> bool {
        let mut had_any = false;
        let mut open = self.open.subscribe();
        let mut patience = first;
        // The sender lives in `self`.
        while timeout(patience, open.wait_for(|open| *open > 0))
            .await
            .is_ok()
        {
            let _ = open.wait_for(|open| *open == 0).await;
            (had_any, patience) = (true, UNUSED);
        }
        had_any
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let open = Open::new(self.open.clone());
        let metrics = self.metrics.clone();
        self.shutdown.spawn_background("stream", async move {
            let _open = open;
            if !unless_still(stream).await {
                // Bodies have less time: what stands still for so long is a response that nobody takes.
                metrics.refused(Refusal::SlowReader);
            }
        });
    }
}

/// Counts a request for as long as it lives.
struct Open(watch::Sender<usize>);

impl Open {
    fn new(open: watch::Sender<usize>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// Runs a stream until it ends, or, with `false`, until nothing has woken it for too long: no byte came, and none could go.
/// Dropping it resets it.
async fn unless_still(stream: impl Future<Output = ()>) -> bool {
    let (mut stream, mut end) = (pin!(stream), pin!(sleep(STILL)));
    poll_fn(|context| {
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        if end.as_mut().poll(context).is_ready() {
            return Poll::Ready(false);
        }
        end.as_mut().reset(Instant::now() + STILL);
        end.as_mut().poll(context).map(|()| false)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{sync::Notify, time::advance};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_unused_when_no_request_comes_or_none_follows_for_long() {
        let streams = Streams::new(Shutdown::new(), Metrics::new());
        let begin = Instant::now();
        assert!(!streams.unused(Duration::from_secs(3)).await);
        assert_eq!(begin.elapsed().as_secs(), 3);
        let (one, begin) = (Open::new(streams.open.clone()), Instant::now());
        let unused = streams.unused(Duration::from_secs(3));
        let ending = async {
            sleep(Duration::from_secs(1000)).await;
            drop(one);
        };
        assert!(tokio::join!(unused, ending).0);
        assert_eq!(begin.elapsed().as_secs(), 1060);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_moves_goes_on_and_one_that_does_not_is_ended_and_no_longer_counts() {
        let shutdown = Shutdown::new();
        let metrics = Metrics::new();
        let streams = Streams::new(shutdown.clone(), metrics.clone());
        let step = Arc::new(Notify::new());
        let moved = step.clone();
        streams.execute(async move {
            loop {
                moved.notified().await;
            }
        });
        for _ in 0..4 {
            advance(STILL - Duration::from_secs(1)).await;
            step.notify_one();
            tokio::task::yield_now().await;
            assert_eq!(*streams.open.borrow(), 1);
        }
        let begin = Instant::now();
        shutdown.finished().await;
        assert_eq!((begin.elapsed(), *streams.open.borrow()), (STILL, 0));
        assert_eq!(metrics.refusals(Refusal::SlowReader.as_str()), 1);
    }
}
