//! What readers notice of clients that mean ill, and what those cost askd.
//!
//! Readers ask again and again from one address while attackers come from another, under the caps that askd has by itself.
//! Attacks are short windows between quiet ones; how long a first word takes in one is compared with how long it takes in the two
//! quiet ones around it, of which the second is compared with the first as well: that is the noise. Each attack has an askd of its
//! own.

mod attack;
mod attacker;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpSocket,
    task::JoinSet,
    time::{Instant, sleep},
};

use self::attack::{Attack, Attackers, Ours, Tally};
pub use self::{attack::ROLE as ATTACK_ROLE, attacker::run as attack};
use crate::{
    Plan,
    client::Session,
    config::Setup,
    direct,
    process::Process,
    table::{Row, Unit, percentile},
    upstream::Upstream,
};

/// Readers, who each ask as soon as they have read and paused: not all together, or all would wait for the same moment.
const READERS: usize = 20;
const PAUSE_MS: std::ops::Range<u64> = 20..80;
/// Where they come from; attackers come from 127.0.0.1.
const FROM: &str = "127.0.0.2:0";
/// How often it is attacked.
const ATTACKS: usize = 5;
/// How long attackers have before they are measured, and readers behind them.
const BEGINNING: Duration = Duration::from_secs(1);
/// The bound: a first word may take this much of what it takes when it is quiet.
const SHARE: f64 = 1.2;
/// What opens askd's metrics.
const TOKEN: &str = "the-token-of-the-benchmarks";
/// askd's memory while it is attacked, in KiB.
const MEMORY: f64 = 64.0 * 1024.0;

/// The slow ones.
pub async fn slow(plan: &Plan) -> Result<Vec<Row>> {
    measure(
        plan,
        &[
            Attack::Headers,
            Attack::Body,
            Attack::Read,
            Attack::Ours(Ours::Silent),
        ],
    )
    .await
}

/// The many ones.
pub async fn flood(plan: &Plan) -> Result<Vec<Row>> {
    measure(
        plan,
        &[Ours::Many, Ours::Bombs, Ours::Foreign].map(Attack::Ours),
    )
    .await
}

async fn measure(plan: &Plan, attacks: &[Attack]) -> Result<Vec<Row>> {
    let upstream = Upstream::start().await?;
    let mut rows = Vec::new();
    for attack in attacks {
        let name = attack.name();
        let seen = Seen::of(*attack, plan, &upstream).await;
        rows.extend(seen.with_context(|| name.clone())?.rows(&name));
    }
    Ok(rows)
}

/// What was seen of one attack.
#[derive(Default)]
struct Seen {
    /// How long the first words took, in nanoseconds, in each quiet window, and in each between two of them.
    quiet: Vec<Vec<f64>>,
    attacked: Vec<Vec<f64>>,
    /// askd's memory at the most, in KiB.
    rss: u64,
    tally: Tally,
    /// Refusals that askd has counted.
    counted: f64,
}

impl Seen {
    async fn of(attack: Attack, plan: &Plan, upstream: &Upstream) -> Result<Self> {
        let window = Duration::from_secs(if plan.quick { 1 } else { 3 });
        let setup = Setup {
            upstream: &upstream.base_url(),
            session: "heartbeat = \"1s\"",
            more: &format!("[metrics]\ntoken = \"{TOKEN}\""),
            capped: true,
            ..Setup::default()
        };
        let askd = Process::askd_with(plan, &setup).await?;
        let mut readers = Readers::open(&askd).await?;
        readers.listen(window).await?;
        let counted = refusals(&askd, attack).await?;
        let mut seen = Self::default();
        seen.quiet.push(readers.listen(window).await?);
        for _ in 0..ATTACKS {
            let attackers = Attackers::begin(attack, askd.address())?;
            sleep(BEGINNING).await;
            seen.attacked.push(readers.listen(window).await?);
            seen.rss = seen.rss.max(askd.rss()?);
            let tally = attackers.end().await?;
            seen.tally.made += tally.made;
            seen.tally.refused += tally.refused;
            sleep(BEGINNING).await;
            seen.quiet.push(readers.listen(window).await?);
        }
        seen.counted = refusals(&askd, attack).await? - counted;
        Ok(seen)
    }

    fn rows(self, name: &str) -> Vec<Row> {
        let p99 = |samples: &[f64]| percentile(samples, 0.99);
        let quiet: Vec<f64> = self.quiet.iter().map(|window| p99(window)).collect();
        let noise: Vec<f64> = quiet.windows(2).map(|two| two[1] / two[0]).collect();
        let around = self.quiet.windows(2).map(|two| p99(&two.concat()));
        let attacked = self.attacked.iter().zip(around);
        let by_quiet: Vec<f64> = attacked
            .map(|(window, quiet)| p99(window) / quiet)
            .collect();
        let mut rows = vec![
            Row::info(
                format!("{name}: first word when quiet, p99"),
                &quiet,
                Unit::Ms,
            ),
            Row::info(
                format!("{name}: a quiet window by the one before, p99"),
                &noise,
                Unit::Percent,
            ),
            Row::at_most(
                format!("{name}: first word by quiet, p99"),
                SHARE,
                &by_quiet,
                Unit::Percent,
            ),
            Row::at_most(
                format!("{name}: RSS at the most"),
                MEMORY,
                &[self.rss as f64],
                Unit::MiB,
            ),
        ];
        if self.tally.made > 0 {
            let made = self.tally.made as f64;
            rows.push(Row::info(
                format!("{name}: how often"),
                &[made],
                Unit::Count,
            ));
        }
        // Where attackers do not tell what they saw, at least something was refused.
        rows.push(Row::at_least(
            format!("{name}: refusals that askd has counted, of those that attackers saw"),
            self.tally.refused.max(1) as f64,
            &[self.counted],
            Unit::Count,
        ));
        rows
    }
}

/// How many refusals askd has counted for what this attack is refused for.
async fn refusals(askd: &Process, attack: Attack) -> Result<f64> {
    let address = format!("http://{}/metrics", askd.address());
    let reply = direct::http()?
        .get(address)
        .bearer_auth(TOKEN)
        .send()
        .await?;
    let counter = format!("askd_refusals_total{{reason=\"{}\"}}", attack.reason());
    let text = reply.error_for_status()?.text().await?;
    let counts = text
        .lines()
        .filter(|line| line.starts_with(&counter))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(counts.sum())
}

/// Readers with a session each.
struct Readers {
    sessions: Vec<Session>,
}

impl Readers {
    async fn open(askd: &Process) -> Result<Self> {
        let address: SocketAddr = askd.address().parse()?;
        let mut sessions = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let socket = TcpSocket::new_v4()?;
            socket.bind(FROM.parse()?)?;
            let stream = socket.connect(address).await?;
            sessions.push(Session::over(stream, askd.address(), 4096).await?);
        }
        Ok(Self { sessions })
    }

    /// Asks for so long; how long each first word took, in nanoseconds.
    async fn listen(&mut self, window: Duration) -> Result<Vec<f64>> {
        let end = Instant::now() + window;
        let mut tasks = JoinSet::new();
        for mut session in self.sessions.drain(..) {
            tasks.spawn(async move {
                let mut waits = Vec::new();
                pause().await;
                while Instant::now() < end {
                    let begun = Instant::now();
                    let turn = session.ask("burst 1").await?;
                    session.until("chunk").await?;
                    waits.push(begun.elapsed().as_nanos() as f64);
                    session.outcome(turn).await?;
                    pause().await;
                }
                anyhow::Ok((session, waits))
            });
        }
        let mut all = Vec::new();
        while let Some(done) = tasks.join_next().await {
            let (session, waits) = done?.context("a reader was hindered")?;
            self.sessions.push(session);
            all.extend(waits);
        }
        Ok(all)
    }
}

async fn pause() {
    sleep(Duration::from_millis(fastrand::u64(PAUSE_MS))).await;
}
