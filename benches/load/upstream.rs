//! The endpoint as a process of its own: the tests' fake, told by each question what to answer.
//!
//! | question | answer |
//! |---|---|
//! | `paced COUNT MS` | so many chunks with their moment of sending, one every so many milliseconds |
//! | `burst COUNT` | so many chunks, as fast as they are taken |
//! | `long COUNT` | likewise, with 60 bytes in each |
//! | `endless TAG` | 10 ms until the headers, 10 ms until the first chunk, then one every 5 ms, for ever |
//!
//! For an `endless` one it prints `began TAG` when the request has come, and `closed TAG NANOSECONDS` when it saw its
//! connection closed.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    clock,
    fake::{Fake, Request, Script},
    process::Process,
};

/// Serves for ever.
pub async fn run() -> Result<()> {
    let fake = Fake::start().await;
    // A burst is built once: its bytes are then only written.
    let built: Mutex<HashMap<String, Script>> = Mutex::default();
    fake.choose(move |request| {
        let mut built = built.lock().expect("building a script does not panic");
        built
            .entry(kind(request))
            .or_insert_with(|| script(request.question()))
            .clone()
    });
    println!("{}", fake.base_url());
    let mut watched = JoinSet::new();
    for number in 0.. {
        let request = fake.request(number).await;
        if let Some(tag) = request.question().strip_prefix("endless ") {
            let tag = tag.to_owned();
            println!("began {tag}");
            watched.spawn(async move {
                let at = clock::ns_of(request.closed().await);
                println!("closed {tag} {at}");
            });
        }
        while watched.try_join_next().is_some() {}
    }
    Ok(())
}

/// The part of a question that decides its script.
fn kind(request: &Request) -> String {
    match request.question().split_once(' ') {
        Some(("endless", _)) => "endless".to_owned(),
        _ => request.question().to_owned(),
    }
}

fn script(question: &str) -> Script {
    let words: Vec<&str> = question.split(' ').collect();
    let number = |at: usize| {
        words
            .get(at)
            .and_then(|word| word.parse::<u64>().ok())
            .unwrap_or_default()
    };
    let count = usize::try_from(number(1)).unwrap_or_default();
    let started = Script::new().sse().role();
    match words.first().copied() {
        Some("paced") => {
            let pace = Duration::from_millis(number(2));
            started
                .pace(pace)
                .made(count, stamped)
                .pace(Duration::ZERO)
                .finish("stop")
                .done()
        }
        Some("burst") => started
            .burst((0..count).map(|n| format!("{n};")), 16 * 1024)
            .finish("stop")
            .done(),
        Some("long") => started
            .burst((0..count).map(|n| format!("{n:59};")), 16 * 1024)
            .finish("stop")
            .done(),
        Some("endless") => {
            let before = Duration::from_millis(10);
            let forever = Duration::from_millis(5);
            Script::new()
                .wait(before)
                .sse()
                .wait(before)
                .pace(forever)
                .made(usize::MAX, stamped)
        }
        _ => Script::refuse(400, "this endpoint answers the benchmark's questions only"),
    }
}

fn stamped(number: usize) -> String {
    format!("{number}:{};", clock::now_ns())
}

/// The process, seen from the driver.
pub struct Upstream {
    process: Process,
    seen: watch::Receiver<HashMap<String, Option<u64>>>,
}

impl Upstream {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let (sender, seen) = watch::channel(HashMap::new());
        let process = Process::upstream(move |line| {
            let mut words = line.split(' ').skip(1);
            if let Some(tag) = words.next() {
                let closed = words.next().and_then(|at| at.parse().ok());
                sender.send_modify(|seen: &mut HashMap<String, Option<u64>>| {
                    seen.insert(tag.to_owned(), closed);
                });
            }
        });
        Ok(Self {
            process: process.await?,
            seen,
        })
    }

    /// What belongs into `endpoint.base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.process.address())
    }

    /// Waits for the request of an `endless` question.
    pub async fn began(&mut self, tag: &str) -> Result<()> {
        self.seen
            .wait_for(|seen| seen.contains_key(tag))
            .await
            .context("the endpoint has ended")?;
        Ok(())
    }

    /// Waits until the request of an `endless` question was closed; when that was, on [`clock::now_ns`]'s clock.
    pub async fn closed(&mut self, tag: &str) -> Result<u64> {
        let seen = self
            .seen
            .wait_for(|seen| matches!(seen.get(tag), Some(Some(_))))
            .await;
        let seen = seen.context("the endpoint has ended")?;
        seen.get(tag)
            .copied()
            .flatten()
            .context("the wait was for a moment")
    }
}
