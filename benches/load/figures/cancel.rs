//! How soon a cancel is acknowledged, and the endpoint let go of, wherever the answer is.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

use super::window::{Asked, WINDOWS, Window, dead_endpoint};
use crate::{
    Plan,
    client::{Frame, Session},
    clock,
    config::Setup,
    fake::DeadEnd,
    process::Process,
    stream::Tally,
    table::{Row, Unit},
    upstream::{LONG, Upstream},
};

/// The receive buffer of a reader that takes nothing.
const WINDOW: u32 = 8 * 1024;

/// Samples in nanoseconds, from the sending of the cancel.
#[derive(Default)]
struct Waits {
    told: Vec<f64>,
    closed: Vec<f64>,
    /// Frames of the turn behind its `complete`.
    late: usize,
}

/// Readers cancel in every window, in line, and for a reader that has stopped reading.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let each = if plan.quick { 9 } else { 43 };
    let upstream = Upstream::start().await?;
    let dead = DeadEnd::hanging();
    let base_url = upstream.base_url();
    let more = format!(
        "{}\n[[endpoint]]\nname = \"narrow\"\nbase_url = \"{base_url}\"\nmodel = \"fake\"\nconcurrency = 1\n",
        dead_endpoint(&dead)
    );
    let setup = Setup {
        upstream: &base_url,
        more: &more,
        ..Setup::default()
    };
    let askd = Process::askd_with(plan, &setup).await?;

    let (mut windows, mut line, mut stuck) = (Waits::default(), Waits::default(), Waits::default());
    for _ in 0..each {
        for window in WINDOWS {
            in_window(&askd, &upstream, window, &mut windows)
                .await
                .with_context(|| format!("a cancel, {window:?}"))?;
        }
    }
    in_line(&askd, &upstream, each, &mut line)
        .await
        .context("a cancel in line")?;
    for _ in 0..each {
        of_stopped_reader(&askd, &upstream, &mut stuck)
            .await
            .context("a cancel of a stopped reader's turn")?;
    }
    let complaints = askd.log()?;
    let complaints = complaints.complaints();
    ensure!(
        complaints.is_empty(),
        "askd complained of cancels: {}",
        complaints.join("\n")
    );

    let mut table = rows("in the five windows", &windows);
    table.extend(rows_of_told("in line", &line));
    table.extend(rows("for a reader that stopped", &stuck));
    let late = windows.late + line.late + stuck.late;
    table.push(Row::at_most(
        "cancel: frames behind the complete",
        0.0,
        &[late as f64],
        Unit::Count,
    ));
    Ok(table)
}

async fn in_window(
    askd: &Process,
    upstream: &Upstream,
    window: Window,
    waits: &mut Waits,
) -> Result<()> {
    let Asked {
        mut session,
        turn,
        tag,
    } = window.open(askd, upstream).await?;
    let sent = clock::now_ns();
    session.cancel(turn).await?;
    cancelled(&mut session, turn, sent, waits).await?;
    if window.has_request() {
        let closed = upstream.closed(&tag).await?;
        waits.closed.push(closed.saturating_sub(sent) as f64);
    }
    waits.late += session.late().await?;
    Ok(())
}

/// One answer holds the only slot; the others are cancelled while they wait for it.
async fn in_line(
    askd: &Process,
    upstream: &Upstream,
    count: usize,
    waits: &mut Waits,
) -> Result<()> {
    let mut holder = Session::open(askd.address()).await?;
    let held = Uuid::now_v7().to_string();
    let holding = holder
        .ask_of("narrow", &format!("hold headers {held}"))
        .await?;
    upstream.began(&held).await?;
    for _ in 0..count {
        let mut session = Session::open(askd.address()).await?;
        let tag = Uuid::now_v7().to_string();
        let turn = session
            .ask_of("narrow", &format!("hold headers {tag}"))
            .await?;
        session.until("queued").await?;
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..5_000))).await;
        let sent = clock::now_ns();
        session.cancel(turn).await?;
        cancelled(&mut session, turn, sent, waits).await?;
        waits.late += session.late().await?;
        ensure!(!upstream.has(&tag), "the endpoint was asked nonetheless");
    }
    holder.cancel(holding).await?;
    Ok(())
}

/// One reader takes nothing; another, which has read all there is, cancels the turn for both.
async fn of_stopped_reader(askd: &Process, upstream: &Upstream, waits: &mut Waits) -> Result<()> {
    let mut stopped = Session::with_window(askd.address(), WINDOW).await?;
    let tag = Uuid::now_v7().to_string();
    let turn = stopped.ask(&format!("hold long {tag}")).await?;
    upstream.began(&tag).await?;
    let mut other = Session::open(askd.address()).await?;
    other.resume(turn, 0).await?;
    let mut tally = Tally::default();
    while tally.chunks < LONG as u64 {
        let frame = other.receive().await?;
        tally.take(&Frame::of(&frame)?.text)?;
    }
    let sent = clock::now_ns();
    other.cancel(turn).await?;
    cancelled(&mut other, turn, sent, waits).await?;
    let closed = upstream.closed(&tag).await?;
    waits.closed.push(closed.saturating_sub(sent) as f64);
    waits.late += other.late().await?;
    // When it reads again, it finds all that had come, and the same end.
    stopped.finish(turn, "cancelled").await?.complete(LONG)?;
    waits.late += stopped.late().await?;
    Ok(())
}

/// Waits for the turn's end, which must be a cancel's.
async fn cancelled(session: &mut Session, turn: Uuid, sent: u64, waits: &mut Waits) -> Result<()> {
    let outcome = session.outcome(turn).await?;
    waits.told.push(clock::now_ns().saturating_sub(sent) as f64);
    ensure!(outcome == "cancelled", "the outcome is {outcome:?}");
    Ok(())
}

fn rows(place: &str, waits: &Waits) -> Vec<Row> {
    let name = format!("{} cancel {place}: upstream closed", waits.closed.len());
    let mut rows = rows_of_told(place, waits);
    rows.push(Row::percentile(
        format!("{name}, p99"),
        2e6,
        0.99,
        &waits.closed,
        Unit::Ms,
    ));
    rows
}

fn rows_of_told(place: &str, waits: &Waits) -> Vec<Row> {
    let name = format!("{} cancel {place}: complete received", waits.told.len());
    vec![
        Row::percentile(format!("{name}, p50"), 2e6, 0.5, &waits.told, Unit::Ms),
        Row::percentile(format!("{name}, p99"), 2e6, 0.99, &waits.told, Unit::Ms),
    ]
}
