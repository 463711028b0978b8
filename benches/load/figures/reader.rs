//! What a reader costs that asks for a long answer and then takes nothing of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::{
    Plan,
    client::Session,
    process::{Process, send_queues},
    table::{Row, Unit, median},
    upstream::{LONG, Upstream},
};

/// Readers at once: the memory of one alone would drown in the allocator's.
const READERS: usize = 50;
/// 240 kB, more than a session's socket buffers take.
const CHUNKS: usize = LONG;
/// The receive buffer of a reader that takes nothing: what does not fit waits at the server, where it is measured.
const WINDOW: u32 = 8 * 1024;
const SEND_TIMEOUT: Duration = Duration::from_secs(3);
/// What askd gives a goodbye that nobody takes either, and half a second for the machine.
const SLACK: Duration = Duration::from_millis(1_500);

/// Whose memory an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It still runs when memory is measured, so that it is in memory whether it is read or not.
    Runs,
    /// It has ended. Once it is read it is with the store alone; a reader that stands in it keeps it in memory.
    Ended,
}

/// What one reader cost.
struct Cost {
    process: f64,
    kernel: f64,
    /// From the first question to the end of the last session, and what that may be.
    closed: f64,
    limit: f64,
}

impl Cost {
    /// A reader that stops can spare the process buffers that reading takes; that is not set against the kernel's.
    fn both(&self) -> f64 {
        self.process.max(0.0) + self.kernel
    }
}

/// Readers that take nothing, against readers that take everything.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let (mut costs, mut with_answers) = (Vec::new(), Vec::new());
    for _ in 0..if plan.quick { 1 } else { 3 } {
        costs.push(round(plan, Answer::Runs).await?);
        with_answers.push(round(plan, Answer::Ended).await?.process);
    }
    let each = |number: fn(&Cost) -> f64| costs.iter().map(number).collect::<Vec<_>>();
    let name = "reader that stops";
    let closed = format!(
        "{name}: closed after (send_timeout {} s)",
        SEND_TIMEOUT.as_secs()
    );
    let limit = median(&each(|cost| cost.limit));
    Ok(vec![
        Row::info(
            format!("{name}: process memory"),
            &each(|cost| cost.process),
            Unit::KiB,
        ),
        Row::info(
            format!("{name}: kernel's send queue"),
            &each(|cost| cost.kernel),
            Unit::KiB,
        ),
        Row::at_most(format!("{name}: both"), 256.0, &each(Cost::both), Unit::KiB),
        Row::at_most(closed, limit, &each(|cost| cost.closed), Unit::Seconds),
        Row::info(
            format!("{name}: process memory with its ended answer of 240 kB"),
            &with_answers,
            Unit::KiB,
        ),
    ])
}

/// One askd with readers that read, one with readers that do not: the difference is theirs.
async fn round(plan: &Plan, answer: Answer) -> Result<Cost> {
    let upstream = Upstream::start().await?;
    let session = format!(
        "on_leave = \"stop\"\nsend_timeout = \"{}s\"",
        SEND_TIMEOUT.as_secs()
    );

    let reading = Process::askd(plan, &upstream.base_url(), &session).await?;
    let mut readers = ask_all(&reading, answer, None).await?;
    let reads = readers.iter_mut().map(async |(reader, turn)| match answer {
        Answer::Runs => reader.read(CHUNKS).await,
        Answer::Ended => reader.finish(*turn, "stop").await?.complete(CHUNKS),
    });
    try_join_all(reads).await?;
    let with_readers = reading.settled_rss().await?;
    drop((readers, reading));

    let stuck = Process::askd(plan, &upstream.base_url(), &session).await?;
    let asked = Instant::now();
    let readers = ask_all(&stuck, answer, Some(WINDOW)).await?;
    let full = until_full(&stuck).await?;
    let with_stuck = stuck.settled_rss().await?;
    let queued = send_queues(port(&stuck)?)?;
    // Only the readers' own go away: the connections to the endpoint stay in their pool for longer than this takes.
    let descriptors = stuck.descriptors()?.saturating_sub(READERS);
    stuck
        .until_descriptors(descriptors, SEND_TIMEOUT * 5)
        .await
        .with_context(|| {
            format!("a reader that stopped is not closed; the kernel holds {queued} bytes for all")
        })?;
    let closed = asked.elapsed();
    drop(readers);

    let limit = SEND_TIMEOUT + full.duration_since(asked) + SLACK;
    Ok(Cost {
        process: (with_stuck as f64 - with_readers as f64) / READERS as f64,
        kernel: queued as f64 / 1024.0 / READERS as f64,
        closed: closed.as_secs_f64(),
        limit: limit.as_secs_f64(),
    })
}

async fn ask_all(
    askd: &Process,
    answer: Answer,
    window: Option<u32>,
) -> Result<Vec<(Session, Uuid)>> {
    let mut readers = Vec::with_capacity(READERS);
    for number in 0..READERS {
        let mut reader = match window {
            Some(window) => Session::with_window(askd.address(), window).await?,
            None => {
                let stream = TcpStream::connect(askd.address()).await?;
                Session::over(stream, askd.address(), 4096).await?
            }
        };
        let question = match answer {
            Answer::Runs => format!("hold long {number}"),
            Answer::Ended => format!("long {CHUNKS}"),
        };
        let turn = reader.ask(&question).await?;
        readers.push((reader, turn));
    }
    Ok(readers)
}

/// Waits until the kernel's send queues have stopped growing; the moment when they had.
async fn until_full(askd: &Process) -> Result<Instant> {
    let (mut last, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_millis(500) {
        let now = send_queues(port(askd)?)?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(since)
}

fn port(askd: &Process) -> Result<&str> {
    askd.address()
        .rsplit(':')
        .next()
        .context("an address has a port")
}
