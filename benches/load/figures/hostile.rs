//! What readers notice of clients that mean ill, and what those cost askd.
//!
//! Readers ask again and again from one address while attackers come from another, under the caps that askd has by itself.
//! Each attack is a window between two quiet ones, three times; how long a first word takes in it is compared with how long
//! it takes in the quiet windows around it, of which both halves are compared as well: that is the noise. The attackers share the cores with askd, so what
//! they cost themselves is in the ratio too.

mod attack;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpSocket,
    task::JoinSet,
    time::{Instant, sleep},
};

use self::attack::{Attack, Attackers};
use crate::{
    Plan,
    client::Session,
    config::Setup,
    direct,
    process::Process,
    table::{Row, Unit, percentile},
    upstream::Upstream,
};

/// Readers, who each ask as soon as they have read and paused.
const READERS: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);
/// Where they come from; attackers come from 127.0.0.1.
const FROM: &str = "127.0.0.2:0";
/// How long attackers have before they are measured.
const BEGINNING: Duration = Duration::from_millis(500);
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
        &[Attack::Headers, Attack::Body, Attack::Read, Attack::Silent],
    )
    .await
}

/// The many ones.
pub async fn flood(plan: &Plan) -> Result<Vec<Row>> {
    measure(plan, &[Attack::Many, Attack::Bombs, Attack::Foreign]).await
}

async fn measure(plan: &Plan, attacks: &[Attack]) -> Result<Vec<Row>> {
    let window = Duration::from_secs(if plan.quick { 1 } else { 3 });
    let upstream = Upstream::start().await?;
    let setup = Setup {
        upstream: &upstream.base_url(),
        session: "heartbeat = \"2s\"",
        more: &format!("[metrics]\ntoken = \"{TOKEN}\""),
        capped: true,
        ..Setup::default()
    };
    let askd = Process::askd_with(plan, &setup).await?;
    let mut readers = Readers::open(&askd).await?;
    readers.listen(window).await?;
    let mut rows = Vec::new();
    for attack in attacks {
        let mut attacked = Vec::new();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut most = askd.rss()?;
        let (counted, mut refused) = (refusals(&askd).await?, 0);
        for _ in 0..3 {
            before.extend(readers.listen(window).await?);
            let attackers = Attackers::begin(*attack, askd.address()).await?;
            sleep(BEGINNING).await;
            attacked.extend(readers.listen(window).await?);
            most = most.max(askd.rss()?);
            refused += attackers.end().await.with_context(|| attack.name())?;
            after.extend(readers.listen(window).await?);
        }
        let of = |samples: &[f64]| percentile(samples, 0.99);
        let noise = of(&after) / of(&before);
        let quiet: Vec<f64> = before.into_iter().chain(after).collect();
        let name = attack.name();
        let p99 = [of(&quiet), of(&attacked)];
        rows.push(Row::info(
            format!("{name}: first word when quiet, p99"),
            &p99[..1],
            Unit::Ms,
        ));
        rows.push(Row::info(
            format!("{name}: quiet after by quiet before, p99"),
            &[noise],
            Unit::Percent,
        ));
        rows.push(Row::at_most(
            format!("{name}: first word by quiet, p99"),
            SHARE,
            &[p99[1] / p99[0]],
            Unit::Percent,
        ));
        rows.push(Row::at_most(
            format!("{name}: RSS at the most"),
            MEMORY,
            &[most as f64],
            Unit::MiB,
        ));
        let counted = refusals(&askd).await? - counted;
        rows.push(Row::info(
            format!("{name}: refusals that askd has counted"),
            &[counted],
            Unit::Count,
        ));
        rows.push(Row::at_most(
            format!("{name}: refusals that attackers saw, and askd did not count"),
            0.0,
            &[(refused as f64 - counted).max(0.0)],
            Unit::Count,
        ));
    }
    Ok(rows)
}

/// How many refusals askd has counted, whatever for: what is cut off for its slowness among them.
async fn refusals(askd: &Process) -> Result<f64> {
    let address = format!("http://{}/metrics", askd.address());
    let reply = direct::http()?
        .get(address)
        .bearer_auth(TOKEN)
        .send()
        .await?;
    let text = reply.error_for_status()?.text().await?;
    let counts = text
        .lines()
        .filter(|line| line.starts_with("askd_refusals_total{"))
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
                while Instant::now() < end {
                    let begun = Instant::now();
                    let turn = session.ask("burst 1").await?;
                    session.until("chunk").await?;
                    waits.push(begun.elapsed().as_nanos() as f64);
                    session.outcome(turn).await?;
                    sleep(PAUSE).await;
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
