//! What keeping conversations costs: reading among a hundred thousand turns, memory, and the way of a chunk.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use askd::{
    answer::{Outcome, Timing},
    config::{self, StorePath, Synchronous},
    id::{ConversationId, OwnerId, Seq, TurnId},
    store::{Conversation, Options, Store, Turn},
};
use fastrand::Rng;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rusqlite::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::relay;
use crate::{
    Plan,
    client::Session,
    config::Setup,
    direct,
    process::Process,
    table::{Row, Unit},
    upstream::Upstream,
};

/// Turns of a conversation.
const TURNS: usize = 10;
/// What reading may take.
const READ: f64 = 20e6;
/// KiB that askd may take more with a full file than with an empty one: the caches of its connections, which are
/// bounded, and what the allocator keeps of a search.
const GROWTH: f64 = 8.0 * 1024.0;
/// Answers that run while their writes are counted.
const RUNNING: usize = 100;
/// Writes a second of each.
const WRITES: f64 = 2.0;
/// Words of the made texts: the first in every one, the others ever more seldom.
const WORDS: usize = 20_000;

/// All of it.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let mut rows = reading(plan).await?;
    rows.extend(relay::paced_by_store(plan, RUNNING).await?);
    rows.extend(writing(plan).await?);
    Ok(rows)
}

/// askd with this file for its conversations.
pub async fn askd_on(plan: &Plan, upstream: &Upstream, file: &Path) -> Result<Process> {
    let store = format!("path = {file:?}");
    let setup = Setup {
        upstream: &upstream.base_url(),
        store: &store,
        ..Setup::default()
    };
    Process::askd_with(plan, &setup).await
}

/// The times and the memory of reading.
async fn reading(plan: &Plan) -> Result<Vec<Row>> {
    let conversations = if plan.quick { 1_000 } else { 10_000 };
    let requests = if plan.quick { 100 } else { 400 };
    let upstream = Upstream::start().await?;
    let folder = tempfile::tempdir()?;
    let (full, empty) = (
        folder.path().join("full.db"),
        folder.path().join("empty.db"),
    );
    let mut memory = BTreeMap::new();
    let mut rows = Vec::new();
    for (name, file, conversations) in [("empty", &empty, 0), ("full", &full, conversations)] {
        let (cookie, ids) = fill(plan, &upstream, file, conversations).await?;
        let askd = askd_on(plan, &upstream, file).await?;
        let reader = Reader {
            http: direct::http()?,
            root: format!("http://{}/api/v1", askd.address()),
            cookie,
        };
        let times = reader.read(&ids, requests).await?;
        memory.insert(name, askd.settled_rss().await? as f64);
        if name == "full" {
            let turns = conversations * TURNS;
            for (what, times) in times {
                for (share, label) in [(0.5, "p50"), (0.99, "p99")] {
                    let name = format!("{turns} turns: {what}, {label}");
                    rows.push(Row::percentile(name, READ, share, &times, Unit::Ms));
                }
            }
            rows.push(Row::info(
                format!("{turns} turns: the file"),
                &[std::fs::metadata(file)?.len() as f64 / 1024.0],
                Unit::MiB,
            ));
        }
    }
    rows.push(Row::info(
        "read from an empty file: RSS",
        &[memory["empty"]],
        Unit::MiB,
    ));
    rows.push(Row::info(
        "read from the full file: RSS",
        &[memory["full"]],
        Unit::MiB,
    ));
    rows.push(Row::at_most(
        "read from the full file: RSS more than from an empty one",
        GROWTH,
        &[memory["full"] - memory["empty"]],
        Unit::MiB,
    ));
    Ok(rows)
}

/// A browser's cookie, and the ids of so many conversations of its own that are in the file now.
async fn fill(
    plan: &Plan,
    upstream: &Upstream,
    file: &Path,
    conversations: usize,
) -> Result<(String, Vec<ConversationId>)> {
    let mut askd = askd_on(plan, upstream, file).await?;
    let list = format!("http://{}/api/v1/conversations", askd.address());
    let response = direct::http()?.get(list).send().await?.error_for_status()?;
    let cookie = response
        .headers()
        .get("set-cookie")
        .context("a new browser gets a cookie")?;
    let cookie = cookie
        .to_str()?
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    askd.terminate()?;
    askd.ended(Duration::from_secs(10)).await?;
    // The signature comes before the id, which has a fixed length.
    let id = cookie.len().checked_sub(36).and_then(|at| cookie.get(at..));
    let owner = OwnerId(Uuid::parse_str(id.context("the cookie ends with an id")?)?);
    let store = Store::open(config::Store {
        path: StorePath::File(file.to_owned()),
        // Nothing of it has to outlive a power loss.
        synchronous: Synchronous::Normal,
        retention: None,
        max_size: 0,
    })?;
    let mut rng = Rng::with_seed(1);
    let made = (0..conversations).map(|n| made(n, &mut rng));
    // Many at once, which the store writes in one transaction.
    let ids = stream::iter(made)
        .map(|conversation| {
            let (id, store) = (conversation.id, store.clone());
            async move { store.import(owner, vec![conversation]).await.map(|_| id) }
        })
        .buffered(64)
        .try_collect()
        .await?;
    store.close().await;
    Ok((cookie, ids))
}

/// A word; the higher its number, the rarer it is.
fn word(rng: &mut Rng) -> String {
    let share = rng.f64().powi(3);
    format!("w{}", (share * WORDS as f64) as usize)
}

fn words(count: usize, rng: &mut Rng) -> String {
    let words: Vec<String> = (0..count).map(|_| word(rng)).collect();
    format!("everywhere {}", words.join(" "))
}

/// A conversation of ten turns, each some hundred letters long.
fn made(n: usize, rng: &mut Rng) -> Conversation {
    let time = 1_700_000_000_000 + n as u64 * 60_000;
    let mut parent = None;
    let turns = (0..TURNS).map(|at| {
        let id = TurnId(Uuid::new_v4());
        Turn {
            id,
            parent: parent.replace(id),
            question: words(10, rng),
            asked: time + at as u64,
            endpoint: "fake".to_owned(),
            model: "fake".to_owned(),
            options: Options::default(),
            running: false,
            seq: Seq::START,
            answer: words(60, rng),
            reasoning: String::new(),
            sources: Vec::new(),
            basis: None,
            outcome: Some(Outcome::Stop),
            cause: None,
            error: None,
            usage: None,
            timing: Some(Timing {
                first_chunk_ms: Some(1),
                total_ms: 2,
                stopped_us: None,
                first_word_ms: None,
            }),
        }
    });
    Conversation {
        turns: turns.collect(),
        id: ConversationId(Uuid::new_v4()),
        title: words(5, rng),
        created: time,
        updated: time + TURNS as u64,
    }
}

/// Who reads over HTTP, over one kept connection.
struct Reader {
    http: reqwest::Client,
    root: String,
    cookie: String,
}

impl Reader {
    /// The times of each kind of request, in nanoseconds, in an order in which they take turns.
    async fn read(
        &self,
        ids: &[ConversationId],
        requests: usize,
    ) -> Result<BTreeMap<&'static str, Vec<f64>>> {
        let mut rng = Rng::with_seed(2);
        let mut times = BTreeMap::<_, Vec<f64>>::new();
        for _ in 0..requests {
            let id = rng.choice(ids).copied().unwrap_or_default();
            let found = !ids.is_empty();
            let rare = format!("/search?q={}", word(&mut rng));
            let kinds = [
                ("the first list", "/conversations".to_owned(), true),
                (
                    "one conversation",
                    format!("/conversations/{}", id.0),
                    found,
                ),
                ("a search for some word", rare, true),
                (
                    "a search for a word of all",
                    "/search?q=everywhere".to_owned(),
                    true,
                ),
                ("a search while typing", "/search?q=every".to_owned(), true),
            ];
            for (kind, path, found) in kinds {
                let begun = Instant::now();
                let request = self.http.get(format!("{}{path}", self.root));
                let response = request.header("cookie", &self.cookie).send().await?;
                let ok = response.status().is_success();
                let bytes = response.bytes().await?;
                ensure!(ok == found, "{path}: {}", String::from_utf8_lossy(&bytes));
                let took = begun.elapsed().as_nanos() as f64;
                times.entry(kind).or_default().push(took);
            }
        }
        Ok(times)
    }
}

/// How often the file is written for an answer that runs.
async fn writing(plan: &Plan) -> Result<Vec<Row>> {
    let seconds = if plan.quick { 3 } else { 8 };
    let upstream = Upstream::start().await?;
    let folder = tempfile::tempdir()?;
    let file: PathBuf = folder.path().join("askd.db");
    let askd = askd_on(plan, &upstream, &file).await?;
    let (chunks, begun) = ((seconds + 2) * 50, Instant::now());
    let mut answers = JoinSet::new();
    for _ in 0..RUNNING {
        let mut session = Session::open(askd.address()).await?;
        answers.spawn(async move { session.answer(&format!("paced {chunks} 20")).await });
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    // While an answer runs, each of its saves is a row.
    let saves: i64 =
        Connection::open(&file)?.query_row("SELECT count(*) FROM piece", [], |row| row.get(0))?;
    let each = saves as f64 / RUNNING as f64 / begun.elapsed().as_secs_f64();
    let bytes = askd.written()? as f64 / 1024.0 / RUNNING as f64 / begun.elapsed().as_secs_f64();
    while let Some(answer) = answers.join_next().await {
        answer??.complete(usize::try_from(chunks)?)?;
    }
    let name = format!("{RUNNING} answers of 50 chunks a second");
    Ok(vec![
        Row::at_most(
            format!("{name}: saves a second of each"),
            WRITES,
            &[each],
            Unit::Rate,
        ),
        Row::info(
            format!("{name}: written a second for each"),
            &[bytes],
            Unit::KiB,
        ),
    ])
}
