//! How soon a reader is told in words that the endpoint has failed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use uuid::Uuid;

use crate::{
    Plan,
    client::{Frame, Session},
    clock,
    config::Setup,
    process::Process,
    table::{Row, Unit},
    upstream::Upstream,
};

/// What the endpoint does, and the code that the reader must be told.
const KINDS: [(&str, &str); 7] = [
    ("cut", "upstream_failed"),
    ("reset", "upstream_failed"),
    ("400", "upstream_refused"),
    ("500", "upstream_failed"),
    ("429", "upstream_overloaded"),
    ("html", "upstream_malformed"),
    ("oversized", "upstream_malformed"),
];
/// Nothing is said between two chunks for longer than this.
const CHUNK_TIMEOUT: Duration = Duration::from_millis(500);
/// From the fact to the words, in nanoseconds.
const BOUND: f64 = 100e6;

/// From the request's arrival, upon which the endpoint fails at once, to the error.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let each = if plan.quick { 20 } else { 100 };
    let upstream = Upstream::start().await?;
    let setup = Setup {
        upstream: &upstream.base_url(),
        endpoint: &format!("chunk_timeout = \"{}ms\"", CHUNK_TIMEOUT.as_millis()),
        ..Setup::default()
    };
    let askd = Process::askd_with(plan, &setup).await?;
    let mut rows = Vec::new();
    for (kind, code) in KINDS {
        let mut waits = Vec::with_capacity(each);
        for _ in 0..each {
            waits.push(told(&askd, &upstream, kind, code).await?);
        }
        let name = format!("{each} endpoints fail, {kind}: told after, p99");
        rows.push(Row::percentile(name, BOUND, 0.99, &waits, Unit::Ms));
    }
    let stalls = (0..each).map(|_| told(&askd, &upstream, "stall", "upstream_timeout"));
    let waits = try_join_all(stalls).await?;
    let limit = CHUNK_TIMEOUT.as_nanos() as f64;
    ensure!(
        waits.iter().all(|wait| *wait >= limit),
        "a stalled endpoint was given up before chunk_timeout"
    );
    let beyond: Vec<f64> = waits.iter().map(|wait| wait - limit).collect();
    let name = format!(
        "{each} endpoints stall: told beyond chunk_timeout ({} ms), p99",
        CHUNK_TIMEOUT.as_millis()
    );
    rows.push(Row::percentile(name, BOUND, 0.99, &beyond, Unit::Ms));
    Ok(rows)
}

/// Asks for a fault; how long after the request's arrival the error came, which must have this code.
async fn told(askd: &Process, upstream: &Upstream, kind: &str, code: &str) -> Result<f64> {
    let mut session = Session::open(askd.address()).await?;
    let tag = Uuid::now_v7().to_string();
    let turn = session.ask(&format!("fault {kind} {tag}")).await?;
    let heard = loop {
        let text = session.receive().await?;
        let frame = Frame::of(&text)?;
        if frame.kind == "error" {
            ensure!(
                frame.code == code && frame.turn == Some(turn) && !frame.message.is_empty(),
                "{kind} was told as {text}"
            );
            break clock::now_ns();
        }
        ensure!(frame.kind != "complete", "{kind} ended without an error");
    };
    let outcome = session.outcome(turn).await?;
    ensure!(outcome == "failed", "{kind}: the outcome is {outcome:?}");
    let fact = upstream
        .began(&tag)
        .await
        .with_context(|| format!("a fault, {kind}"))?;
    Ok(heard.saturating_sub(fact) as f64)
}
