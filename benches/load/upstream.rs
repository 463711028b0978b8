//! The endpoint as a process of its own: the tests' fake, told by each question what to answer.
//!
//! | question | answer |
//! |---|---|
//! | `paced COUNT MS` | so many chunks with their moment of sending, one every so many milliseconds |
//! | `burst COUNT` | so many chunks, as fast as they are taken |
//! | `long COUNT` | likewise, with 60 bytes in each |
//! | `story SEED` | a random answer in random writes, see [`Story`] |
//! | `hold WHERE TAG` | as far as there, and no further: `headers` before them, `first` before the first chunk, `between` chunks (one every 5 ms, for ever), `end` behind the finish reason, `long` behind 240 kB |
//! | `fault KIND TAG` | a broken answer, at once |
//!
//! For the last two it prints `began TAG NANOSECONDS`, when the request had come; for a held one also `closed TAG
//! NANOSECONDS`, when it saw the connection closed.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::{
    clock,
    fake::{Fake, Request, Script},
    process::Process,
    story::Story,
};

/// Chunks of 60 bytes before `hold long` holds.
pub const LONG: usize = 4_000;
/// Far more than anything here takes, half-open sessions included.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than askd takes for one event.
const OVERSIZED: usize = 1_100_000;

/// Serves for ever.
pub async fn run() -> Result<()> {
    let fake = Fake::start().await;
    // A burst is built once: its bytes are then only written.
    let built: Mutex<HashMap<String, Script>> = Mutex::default();
    fake.choose(move |request| {
        let mut built = built.lock().expect("building a script does not panic");
        built
            .entry(kind(request))
            .or_insert_with(|| script(asked(request)))
            .clone()
    });
    println!("{}", fake.base_url());
    let mut watched = JoinSet::new();
    for number in 0.. {
        let request = fake.request(number).await;
        let words: Vec<&str> = request.question().split(' ').collect();
        if let ["hold" | "fault", _, tag] = words[..] {
            println!("began {tag} {}", clock::ns_of(request.arrived()));
        }
        if let ["hold", _, tag] = words[..] {
            let tag = tag.to_owned();
            watched.spawn(async move {
                let at = clock::ns_of(request.closed().await);
                println!("closed {tag} {at}");
            });
        }
        while watched.try_join_next().is_some() {}
    }
    Ok(())
}

/// The question without the sources that askd puts before it, and without the word by which it goes on from another.
fn asked(request: &Request) -> &str {
    let message = request.question();
    let question = message
        .rsplit_once("\n\n")
        .map_or(message, |(_, question)| question);
    question.strip_prefix("and ").unwrap_or(question)
}

/// The part of a question that decides its script.
fn kind(request: &Request) -> String {
    let question = asked(request);
    match question.rsplit_once(' ') {
        Some((kind, _tag)) if kind.starts_with("hold ") || kind.starts_with("fault ") => {
            kind.to_owned()
        }
        _ => question.to_owned(),
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
        Some("story") => {
            let story = Story::of(number(1));
            let shaped = started
                .split_at(&story.cuts)
                .pace(Duration::from_millis(story.pace));
            let told = story.pieces.iter();
            told.fold(shaped, |script, piece| script.text(piece))
                .finish("stop")
                .done()
        }
        Some("hold") => held(words.get(1).copied().unwrap_or_default(), started),
        Some("fault") => fault(words.get(1).copied().unwrap_or_default(), started),
        _ => Script::refuse(400, "this endpoint answers the benchmark's questions only"),
    }
}

/// An answer that goes no further than this.
fn held(place: &str, started: Script) -> Script {
    match place {
        "headers" => Script::new(),
        "first" => started,
        "between" => started
            .pace(Duration::from_millis(5))
            .made(usize::MAX, stamped),
        "long" => started.burst((0..LONG).map(|n| format!("{n:59};")), 16 * 1024),
        _ => started.text("0;").finish("stop"),
    }
    .stall()
}

/// A broken answer. What breaks in the midst does so behind a first chunk.
fn fault(kind: &str, started: Script) -> Script {
    let begun = started.text("0;");
    match kind {
        "cut" => begun.cut(),
        "reset" => begun.reset(),
        "stall" => begun.stall(),
        "oversized" => begun.oversized(OVERSIZED).stall(),
        "html" => Script::html(),
        "429" => Script::overloaded(429, "1"),
        "500" => Script::refuse(500, "scripted"),
        _ => Script::refuse(400, "scripted"),
    }
}

fn stamped(number: usize) -> String {
    format!("{number}:{};", clock::now_ns())
}

/// What the endpoint has seen of a tagged request, on [`clock::now_ns`]'s clock.
#[derive(Clone, Copy, Default)]
struct Seen {
    began: Option<u64>,
    closed: Option<u64>,
}

/// The process, seen from the driver.
pub struct Upstream {
    process: Process,
    seen: watch::Receiver<HashMap<String, Seen>>,
}

impl Upstream {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let (sender, seen) = watch::channel(HashMap::new());
        let process = Process::upstream(move |line| {
            let words: Vec<&str> = line.split(' ').collect();
            if let [what, tag, at] = words[..] {
                let at = at.parse().ok();
                sender.send_modify(|seen: &mut HashMap<String, Seen>| {
                    let seen = seen.entry(tag.to_owned()).or_default();
                    match what {
                        "began" => seen.began = at,
                        _ => seen.closed = at,
                    }
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

    /// Whether a request with this tag has come.
    pub fn has(&self, tag: &str) -> bool {
        self.seen.borrow().contains_key(tag)
    }

    /// Waits for the request with this tag; when it came.
    pub async fn began(&self, tag: &str) -> Result<u64> {
        let moment = self.moment(tag, |seen| seen.began).await;
        moment.context("the request has not come after a while")
    }

    /// Waits until the held request with this tag was closed; when that was.
    pub async fn closed(&self, tag: &str) -> Result<u64> {
        let moment = self.moment(tag, |seen| seen.closed).await;
        moment.context("the endpoint's request is still open after a while")
    }

    async fn moment(&self, tag: &str, of: impl Fn(&Seen) -> Option<u64>) -> Result<u64> {
        let mut all = self.seen.clone();
        let seen = all.wait_for(|all| all.get(tag).and_then(&of).is_some());
        let all = timeout(PATIENCE, seen)
            .await?
            .context("the endpoint has ended")?;
        all.get(tag)
            .and_then(of)
            .context("the wait was for a moment")
    }
}
