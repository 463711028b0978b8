//! Restarts under load: a socket that is held open as systemd holds it, the real binary stopped and started on it
//! again and again, and pages that ask, lose their connection, come back and go on. The benchmarks use this file too.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{interval, timeout},
};

use super::{
    held::Held,
    page::{Board, Found, Page},
};

/// Longer than anything here takes; only what has failed waits for it.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// Short: who comes anew waits for it, and what it interrupts can be continued.
const GRACE: Duration = Duration::from_secs(1);
/// How often somebody new comes.
const KNOCK: Duration = Duration::from_millis(10);

/// What is to be driven.
#[derive(Clone, Copy)]
pub struct Load {
    /// Pages that are open all the time.
    pub sessions: usize,
    /// How many of them have a running answer at each restart.
    pub answers: usize,
    /// How often askd is stopped and started.
    pub restarts: usize,
}

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    /// Connections that were refused or reset, or ended without an answer: pages' and new visitors'.
    pub refused: usize,
    /// Bytes of answers that the store has and the page that asked has not.
    pub lost: usize,
    /// Bytes that this page has and the store has not.
    pub doubled: usize,
    /// Answers that were compared.
    pub compared: usize,
    /// Of these, how many a restart has interrupted.
    pub interrupted: usize,
    /// How long each page was away, each time.
    pub away: Vec<Duration>,
    /// How long each new visitor waited for an answer.
    pub waited: Vec<Duration>,
    /// From SIGTERM to the exit, each time.
    pub exits: Vec<Duration>,
    /// Warnings and errors in the log.
    pub complaints: Vec<String>,
}

/// Drives this load over askd, whose answers come from `base_url`; a question there is `paced COUNT MS`.
pub async fn drive(askd: &str, base_url: &str, load: Load) -> Result<Outcome> {
    let mut held = Held::open(askd, base_url, GRACE)?;
    held.start()?;
    let address = held.address();
    let cookie = Page::introduce(address).await?;
    let board = Arc::new(Board::default());
    let finish = watch::Sender::new(false);
    let mut pages = JoinSet::new();
    for number in 0..load.sessions {
        let page = Page::new(address, cookie.clone(), number < load.answers);
        pages.spawn(page.run(board.clone(), finish.subscribe()));
    }
    let open = Arc::new(AtomicBool::new(true));
    let mut visitors = JoinSet::new();
    visitors.spawn(visit(address, open.clone()));

    let mut outcome = Outcome::default();
    for restart in 0..load.restarts {
        let loaded = board.until(|here| here == (load.sessions, load.answers));
        tokio::select! {
            loaded = timeout(PATIENCE, loaded) => loaded.with_context(|| {
                format!("before restart {restart}: {:?} are here; {}", board.here(), held.said())
            })?,
            Some(ended) = pages.join_next() => {
                ended??;
                anyhow::bail!("a page has left before it was told to");
            }
        }
        outcome.exits.push(held.stop().await?);
        held.start()?;
    }
    let loaded = board.until(|(ready, _)| ready == load.sessions);
    timeout(PATIENCE, loaded)
        .await
        .with_context(|| format!("in the end {:?} are here; {}", board.here(), held.said()))?;
    finish.send_replace(true);
    while let Some(found) = timeout(PATIENCE, pages.join_next()).await? {
        outcome.add(found??);
    }
    open.store(false, Ordering::Relaxed);
    let (refused, waited) = visitors.join_next().await.context("it was begun")??;
    outcome.refused += refused;
    outcome.waited = waited;
    held.stop().await?;
    outcome.complaints = held.complaints();
    ensure!(!outcome.waited.is_empty(), "nobody new has come");
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, found: Found) {
        self.refused += found.refused;
        self.lost += found.lost;
        self.doubled += found.doubled;
        self.compared += found.compared;
        self.interrupted += found.interrupted;
        self.away.extend(found.away);
    }

    /// The longest that a page was away.
    pub fn longest_away(&self) -> Duration {
        self.away.iter().max().copied().unwrap_or_default()
    }
}

/// New visitors, one after another and several at once while they have to wait: who was refused, and how long the
/// others waited.
async fn visit(address: std::net::SocketAddr, open: Arc<AtomicBool>) -> (usize, Vec<Duration>) {
    let refused = Arc::new(AtomicUsize::new(0));
    let (mut beat, mut knocks, mut waited) = (interval(KNOCK), JoinSet::new(), Vec::new());
    while open.load(Ordering::Relaxed) {
        tokio::select! {
            _ = beat.tick() => {
                let refused = refused.clone();
                knocks.spawn(async move {
                    let begin = Instant::now();
                    if !timeout(PATIENCE, knock(address)).await.is_ok_and(|answered| answered.is_ok()) {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    begin.elapsed()
                });
            }
            Some(knocked) = knocks.join_next() => waited.extend(knocked.ok()),
        }
    }
    while let Some(knocked) = knocks.join_next().await {
        waited.extend(knocked.ok());
    }
    (refused.load(Ordering::Relaxed), waited)
}

async fn knock(address: std::net::SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
    Ok(())
}
