//! How soon the endpoint is let go of when a reader has left, and that nothing of the reader stays.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use tokio::{sync::oneshot, task::JoinSet, time::MissedTickBehavior};
use uuid::Uuid;

use super::window::{WINDOWS, Window, dead_endpoint};
use crate::{
    Plan,
    client::{Leave, Session},
    clock, direct,
    fake::DeadEnd,
    log::Log,
    process::Process,
    table::{Row, Unit},
    upstream::Upstream,
};

const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often it is asked whether askd is well.
const PULSE: Duration = Duration::from_millis(5);
const PROMPT: [Leave; 3] = [Leave::Close, Leave::Fin, Leave::Reset];

/// A reader that has gone.
struct Left {
    session: String,
    turn: Uuid,
    /// The moment before it went.
    at: u64,
    /// When the endpoint saw its request closed, if there was one.
    closed: Option<u64>,
}

/// Readers leave in every window and every way, at random moments; `on_leave = "stop"`.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let each = if plan.quick { 3 } else { 15 };
    let upstream = Upstream::start().await?;
    let dead = DeadEnd::hanging();
    let setup = crate::config::Setup {
        upstream: &upstream.base_url(),
        session: &format!(
            "on_leave = \"stop\"\nheartbeat = \"{}s\"",
            HEARTBEAT.as_secs()
        ),
        more: &format!(
            "[log]\nlevel = \"info,askd::session=debug\"\n{}",
            dead_endpoint(&dead)
        ),
        ..Default::default()
    };
    let askd = Process::askd_with(plan, &setup).await?;
    let descriptors = askd.descriptors()?;

    let leaving = async {
        tokio::try_join!(
            prompt(&askd, &upstream, each),
            silent(&askd, &upstream, each)
        )
    };
    let ((prompt, silent), health) = with_pulse(askd.address(), leaving).await?;
    let count = prompt.len() + silent.len();
    askd.until_descriptors(descriptors, Duration::from_secs(5))
        .await?;
    let log = until_told(&askd, count).await?;
    let complaints = log.complaints();
    ensure!(
        complaints.is_empty(),
        "askd complained of leaving readers: {}",
        complaints.join("\n")
    );

    let mut rows = prompt_rows(&prompt, &log)?;
    rows.extend(silent_rows(&silent, &log)?);
    // A model that has finished is given two seconds for its token counts, and a half-open reader is noticed after
    // two heartbeats of one second: which comes first is chance, and either is right.
    let ended = (log.count("outcome=interrupted") + log.count("outcome=stop")) as f64;
    let open = log.count("session opened") as f64 - log.count("session ended") as f64;
    let name = format!("{count} leave");
    let asked = format!("{name}: {} answers of /healthz meanwhile", health.len());
    let all = count as f64;
    rows.extend([
        Row::at_least(
            format!("{name}: turns interrupted, or whole by then"),
            all,
            &[ended],
            Unit::Count,
        ),
        Row::percentile(format!("{asked}, p99"), 10e6, 0.99, &health, Unit::Ms),
        Row::percentile(format!("{asked}, slowest"), 10e6, 1.0, &health, Unit::Ms),
        Row::at_most(
            format!("{name}: sessions left over"),
            0.0,
            &[open],
            Unit::Count,
        ),
        Row::at_most(
            format!("{name}: warnings and errors in the log"),
            0.0,
            &[complaints.len() as f64],
            Unit::Count,
        ),
    ]);
    Ok(rows)
}

/// The readers whose leaving the kernel tells askd.
async fn prompt(askd: &Process, upstream: &Upstream, each: usize) -> Result<Vec<Left>> {
    let mut plan = Vec::new();
    for window in WINDOWS {
        for way in PROMPT {
            plan.extend(std::iter::repeat_n((window, way), each));
        }
    }
    fastrand::shuffle(&mut plan);
    let mut all = Vec::with_capacity(plan.len());
    for (window, way) in plan {
        let asked = window.open(askd, upstream).await?;
        let session = asked.session.id().to_owned();
        let at = asked.session.leave(way).await?;
        let closed = closed(upstream, window, &asked.tag)
            .await
            .with_context(|| format!("a leave by {way:?}, {window:?}"))?;
        all.push(Left {
            session,
            turn: asked.turn,
            at,
            closed,
        });
    }
    Ok(all)
}

/// The readers that vanish without a word: only the heartbeat tells. All are waited for at once.
async fn silent(askd: &Process, upstream: &Upstream, each: usize) -> Result<Vec<Left>> {
    let windows = WINDOWS
        .into_iter()
        .flat_map(|window| std::iter::repeat_n(window, each));
    try_join_all(windows.map(|window| vanish(askd, upstream, window))).await
}

async fn vanish(askd: &Process, upstream: &Upstream, window: Window) -> Result<Left> {
    // Each at its own time: sessions of the same moment would all be found silent in the same millisecond.
    tokio::time::sleep(HEARTBEAT.mul_f64(fastrand::f64())).await;
    let session = Session::open(askd.address()).await?;
    // At any moment between two heartbeats.
    tokio::time::sleep(HEARTBEAT.mul_f64(0.1 + 0.8 * fastrand::f64())).await;
    let asked = window.reach(session, upstream).await?;
    let at = clock::now_ns();
    // Nobody reads the connection from here on, so that no ping is answered; it stays open until it is over.
    let closed = closed(upstream, window, &asked.tag)
        .await
        .with_context(|| format!("a half-open leave, {window:?}"))?;
    if !window.has_request() {
        tokio::time::sleep(HEARTBEAT * 3).await;
    }
    Ok(Left {
        session: asked.session.id().to_owned(),
        turn: asked.turn,
        at,
        closed,
    })
}

async fn closed(upstream: &Upstream, window: Window, tag: &str) -> Result<Option<u64>> {
    match window.has_request() {
        true => upstream.closed(tag).await.map(Some),
        false => Ok(None),
    }
}

fn prompt_rows(prompt: &[Left], log: &Log) -> Result<Vec<Row>> {
    let (mut waits, mut given_up) = (Vec::new(), Vec::new());
    for left in prompt {
        match left.closed {
            Some(closed) => waits.push(closed.saturating_sub(left.at) as f64),
            None => {
                let ended = log.moment("turn ended", &left.turn.to_string())?;
                given_up.push(ended.saturating_sub(left.at) as f64);
            }
        }
    }
    let name = format!("{} leave by close, FIN, RST: upstream closed", waits.len());
    let connecting = format!("{} leave while it connects: turn ended", given_up.len());
    Ok(vec![
        Row::percentile(format!("{name}, p50"), 2e6, 0.5, &waits, Unit::Ms),
        Row::percentile(format!("{name}, p99"), 2e6, 0.99, &waits, Unit::Ms),
        Row::percentile(format!("{connecting}, p99"), 2e6, 0.99, &given_up, Unit::Ms),
    ])
}

fn silent_rows(silent: &[Left], log: &Log) -> Result<Vec<Row>> {
    let (mut noticed, mut waits) = (Vec::new(), Vec::new());
    for left in silent {
        let ended = log.moment("session ended", &left.session)?;
        noticed.push(ended.saturating_sub(left.at) as f64 / 1e9);
        let over = match left.closed {
            Some(closed) => closed,
            None => log.moment("turn ended", &left.turn.to_string())?,
        };
        waits.push(over.saturating_sub(ended) as f64);
    }
    let (count, beat) = (silent.len(), HEARTBEAT.as_secs());
    // Two heartbeats, and a tenth of a second for the machine.
    let limit = 2.0 * HEARTBEAT.as_secs_f64() + 0.1;
    Ok(vec![
        Row::percentile(
            format!("{count} half-open: noticed after (heartbeat {beat} s), p99"),
            limit,
            0.99,
            &noticed,
            Unit::Seconds,
        ),
        Row::percentile(
            format!("{count} half-open: upstream closed after that, p99"),
            2e6,
            0.99,
            &waits,
            Unit::Ms,
        ),
    ])
}

/// Waits until the log, which a thread of its own writes, tells of all ends.
async fn until_told(askd: &Process, count: usize) -> Result<Log> {
    for _ in 0..500 {
        let log = askd.log()?;
        if log.count("session ended") >= count && log.count("turn ended") >= count {
            return Ok(log);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let log = askd.log()?;
    anyhow::bail!(
        "of {count} that left the log tells the ends of {} sessions and {} turns",
        log.count("session ended"),
        log.count("turn ended")
    )
}

/// Asks `/healthz` again and again while `work` goes on; how long each answer took.
async fn with_pulse<T>(
    address: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<(T, Vec<f64>)> {
    let (stop, mut stopped) = oneshot::channel::<()>();
    let (http, url) = (direct::http()?, format!("http://{address}/healthz"));
    // A task of its own, so that the driver's work does not count.
    let mut pulse = JoinSet::new();
    pulse.spawn(async move {
        let mut beat = tokio::time::interval(PULSE);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut times = Vec::new();
        loop {
            tokio::select! {
                biased;
                _ = &mut stopped => return Ok(times),
                _ = beat.tick() => {}
            }
            let asked = clock::now_ns();
            let answer = http.get(&url).send().await?.error_for_status()?;
            answer.bytes().await?;
            times.push((clock::now_ns() - asked) as f64);
        }
    });
    let done = work.await?;
    drop(stop);
    let times: Result<Vec<f64>> = pulse.join_next().await.context("the pulse was begun")??;
    Ok((done, times?))
}
