//! What askd adds to the way of a chunk, and how many it carries, beside the bare relay in the same run.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::{task::JoinSet, time::Instant};

use super::store;
use crate::{
    Plan,
    client::Session,
    direct,
    process::Process,
    stream::Tally,
    table::{Row, Unit, median, percentile},
    upstream::Upstream,
};

/// One asker's way to the endpoint.
enum Way {
    /// Straight, over HTTP.
    Direct(reqwest::Client, String),
    /// Through a relay.
    Relayed(Box<Session>),
}

impl Way {
    async fn answer(&mut self, question: &str) -> Result<Tally> {
        match self {
            Self::Direct(http, base_url) => direct::ask(http, base_url, question).await,
            Self::Relayed(session) => session.answer(question).await,
        }
    }
}

/// Askers who all go the same way, and the process in between.
struct Side {
    name: &'static str,
    relay: Option<Process>,
    ways: Vec<Way>,
    rounds: Vec<Round>,
}

/// What one round gave.
struct Round {
    delays: Vec<f64>,
    chunks: f64,
    seconds: f64,
    cpu: f64,
}

impl Side {
    fn direct(upstream: &Upstream, streams: usize) -> Result<Self> {
        let way = (direct::http()?, upstream.base_url());
        let ways = (0..streams).map(|_| Way::Direct(way.0.clone(), way.1.clone()));
        Ok(Self {
            name: "direct",
            relay: None,
            ways: ways.collect(),
            rounds: Vec::new(),
        })
    }

    async fn through(name: &'static str, relay: Process, streams: usize) -> Result<Self> {
        let mut ways = Vec::with_capacity(streams);
        for _ in 0..streams {
            ways.push(Way::Relayed(Box::new(
                Session::open(relay.address()).await?,
            )));
        }
        Ok(Self {
            name,
            relay: Some(relay),
            ways,
            rounds: Vec::new(),
        })
    }

    /// All ask the same, the last one `spread` after the first; the round is kept.
    async fn round(&mut self, question: &str, expected: usize, spread: Duration) -> Result<()> {
        let round = self
            .measure(question, expected, spread)
            .await
            .context(self.name)?;
        self.rounds.push(round);
        Ok(())
    }

    async fn measure(
        &mut self,
        question: &str,
        expected: usize,
        spread: Duration,
    ) -> Result<Round> {
        let cpu = self.cpu()?;
        let begun = Instant::now();
        let count = self.ways.len();
        let mut tasks = JoinSet::new();
        for (number, mut way) in self.ways.drain(..).enumerate() {
            let question = question.to_owned();
            let start = begun + spread.mul_f64(number as f64 / count as f64);
            tasks.spawn(async move {
                tokio::time::sleep_until(start).await;
                let tally = way.answer(&question).await;
                (way, tally)
            });
        }
        let (mut delays, mut chunks) = (Vec::new(), 0.0);
        while let Some(done) = tasks.join_next().await {
            let (way, tally) = done?;
            let tally = tally?;
            tally.complete(expected)?;
            chunks += tally.chunks as f64;
            delays.extend(tally.delays.into_iter().map(|delay| delay as f64));
            self.ways.push(way);
        }
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Round {
            delays,
            chunks,
            seconds,
            cpu: self.cpu()? - cpu,
        })
    }

    fn cpu(&self) -> Result<f64> {
        self.relay.as_ref().map_or(Ok(0.0), Process::cpu)
    }

    /// One number of each round.
    fn each(&self, number: impl Fn(&Round) -> f64) -> Vec<f64> {
        self.rounds.iter().map(number).collect()
    }
}

impl Round {
    fn rate(&self) -> f64 {
        self.chunks / self.seconds
    }

    fn cpu_per_100_000(&self) -> f64 {
        self.cpu / self.chunks * 100_000.0
    }
}

/// Streams of a chunk every 20 ms: what a relay adds to its way.
pub async fn paced(plan: &Plan, streams: usize) -> Result<Vec<Row>> {
    let (rounds, chunks) = if plan.quick { (3, 50) } else { (5, 150) };
    let upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "").await?;
    let bare = Process::relay(&upstream).await?;
    let mut sides = [
        Side::direct(&upstream, streams)?,
        Side::through("bare relay", bare, streams).await?,
        Side::through("askd", askd, streams).await?,
    ];
    play(
        &mut sides,
        &format!("paced {chunks} 20"),
        chunks,
        rounds,
        Duration::from_millis(20),
    )
    .await?;

    let [direct, bare, askd] = &sides;
    let name = format!(
        "paced 20 ms, {streams} stream{}",
        if streams == 1 { "" } else { "s" }
    );
    let mut rows = Vec::new();
    for (share, label) in [(0.5, "p50"), (0.99, "p99")] {
        let of = |side: &Side| side.each(|round| percentile(&round.delays, share));
        let floor = of(direct);
        let added = |side: &Side| -> Vec<f64> {
            of(side)
                .iter()
                .zip(&floor)
                .map(|(all, floor)| all - floor)
                .collect()
        };
        let (bare, askd) = (added(bare), added(askd));
        rows.push(Row::info(
            format!("{name}: direct, {label}"),
            &floor,
            Unit::Ms,
        ));
        rows.push(Row::info(
            format!("{name}: bare relay adds, {label}"),
            &bare,
            Unit::Ms,
        ));
        let bound = 2.0 * median(&bare);
        rows.push(Row::at_most(
            format!("{name}: askd adds, {label}"),
            bound,
            &askd,
            Unit::Ms,
        ));
    }
    if streams > 1 {
        rows.extend(cpu_rows(&name, bare, askd, 3.5, 3.5 / 2.2));
    }
    rows.push(lost_row(&name));
    Ok(rows)
}

/// Between the first and the last question of [`paced_by_store`]. Questions that come close together are kept by one
/// commit, and their answers would then beat in time: what each chunk waits for is the others, and not the file. This
/// far apart each has a commit of its own, and a hundredth of it is no part of 20 ms, so that no two beat as one.
const SPREAD: Duration = Duration::from_millis(1010);

/// The same streams past an askd that keeps conversations in a file, and one that has them in memory: what the file
/// adds to the way of a chunk.
pub async fn paced_by_store(plan: &Plan, streams: usize) -> Result<Vec<Row>> {
    let (rounds, chunks) = if plan.quick { (3, 50) } else { (7, 100) };
    let upstream = Upstream::start().await?;
    let folder = tempfile::tempdir()?;
    let file = store::askd_on(plan, &upstream, &folder.path().join("askd.db")).await?;
    let memory = Process::askd(plan, &upstream.base_url(), "").await?;
    let mut sides = [
        Side::direct(&upstream, streams)?,
        Side::through("askd in memory", memory, streams).await?,
        Side::through("askd on a file", file, streams).await?,
    ];
    let question = format!("paced {chunks} 20");
    play(&mut sides, &question, chunks, rounds, SPREAD).await?;

    let name = format!("paced 20 ms, {streams} streams");
    let mut rows = Vec::new();
    for (share, label) in [(0.5, "p50"), (0.99, "p99")] {
        let [direct, memory, file] =
            [0, 1, 2].map(|side| sides[side].each(|round| percentile(&round.delays, share)));
        let added = |side: &[f64]| -> Vec<f64> {
            side.iter()
                .zip(&direct)
                .map(|(all, floor)| all - floor)
                .collect()
        };
        let (memory, file) = (added(&memory), added(&file));
        rows.push(Row::info(
            format!("{name}: askd in memory adds, {label}"),
            &memory,
            Unit::Ms,
        ));
        rows.push(Row::info(
            format!("{name}: askd on a file adds, {label}"),
            &file,
            Unit::Ms,
        ));
        if share == 0.5 {
            let shares = file.iter().zip(&memory).map(|(file, memory)| file / memory);
            rows.push(Row::at_most(
                format!("{name}: askd on a file by askd in memory, {label}"),
                1.1,
                &shares.collect::<Vec<_>>(),
                Unit::Percent,
            ));
        }
    }
    rows.push(lost_row(&name));
    Ok(rows)
}

/// Fifty streams as fast as they go.
pub async fn burst(plan: &Plan) -> Result<Vec<Row>> {
    let streams = 50;
    let (rounds, chunks) = if plan.quick { (3, 2_000) } else { (7, 6_000) };
    let upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "").await?;
    let bare = Process::relay(&upstream).await?;
    let mut sides = [
        Side::through("bare relay", bare, streams).await?,
        Side::through("askd", askd, streams).await?,
    ];
    play(
        &mut sides,
        &format!("burst {chunks}"),
        chunks,
        rounds,
        Duration::ZERO,
    )
    .await?;

    let [bare, askd] = &sides;
    let name = "back to back, 50 streams";
    let (by_bare, by_askd) = (bare.each(Round::rate), askd.each(Round::rate));
    let shares: Vec<f64> = by_bare
        .iter()
        .zip(&by_askd)
        .map(|(bare, askd)| askd / bare)
        .collect();
    let mut rows = vec![
        Row::info(
            format!("{name}: bare relay, chunks/s"),
            &by_bare,
            Unit::Count,
        ),
        Row::info(format!("{name}: askd, chunks/s"), &by_askd, Unit::Count),
        Row::at_least(
            format!("{name}: askd's share of the bare relay's rate"),
            0.6,
            &shares,
            Unit::Percent,
        ),
    ];
    rows.extend(cpu_rows(name, bare, askd, 1.0, 1.0 / 0.58));
    rows.push(lost_row(name));
    Ok(rows)
}

/// A round of each side that does not count, and then the rounds, in an order that turns round each time: whoever
/// comes later may find a warmer machine.
async fn play(
    sides: &mut [Side],
    question: &str,
    chunks: usize,
    rounds: usize,
    spread: Duration,
) -> Result<()> {
    for side in &mut *sides {
        let (question, chunks) = if spread.is_zero() {
            (question, chunks)
        } else {
            ("paced 10 20", 10)
        };
        side.measure(question, chunks, spread)
            .await
            .context(side.name)?;
    }
    for _ in 0..rounds {
        for side in &mut *sides {
            side.round(question, chunks, spread).await?;
        }
        sides.reverse();
    }
    // After an odd number of rounds they are in reverse.
    if rounds % 2 == 1 {
        sides.reverse();
    }
    Ok(())
}

/// `seconds` is the bound in the plan's own figures, and `ratio` what that was of its bare relay's: a slower machine,
/// on which the bare relay costs more, can be told by the ratio alone.
fn cpu_rows(name: &str, bare: &Side, askd: &Side, seconds: f64, ratio: f64) -> [Row; 3] {
    let [by_bare, by_askd] = [bare, askd].map(|side| side.each(Round::cpu_per_100_000));
    let ratios: Vec<f64> = by_bare
        .iter()
        .zip(&by_askd)
        .map(|(bare, askd)| askd / bare)
        .collect();
    [
        Row::info(
            format!("{name}: bare relay, CPU per 100,000 chunks"),
            &by_bare,
            Unit::Seconds,
        ),
        Row::at_most(
            format!("{name}: askd, CPU per 100,000 chunks"),
            seconds,
            &by_askd,
            Unit::Seconds,
        ),
        Row::at_most(
            format!("{name}: askd's CPU by the bare relay's"),
            ratio,
            &ratios,
            Unit::Percent,
        ),
    ]
}

/// A lost chunk is an error in the midst of its round: a figure that comes as far as its rows has lost none.
fn lost_row(name: &str) -> Row {
    Row::at_most(format!("{name}: chunks lost"), 0.0, &[0.0], Unit::Count)
}
