//! How soon the endpoint is let go of when nobody wants its answer any more.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

use crate::{
    Plan,
    client::Session,
    clock,
    process::Process,
    table::{Row, Unit},
    upstream::Upstream,
};

/// Readers leave at random moments, one way after another; `on_leave = "stop"`.
pub async fn leave(plan: &Plan) -> Result<Vec<Row>> {
    let count = if plan.quick { 60 } else { 300 };
    let mut upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "on_leave = \"stop\"").await?;
    let descriptors = askd.descriptors()?;
    let mut waits = Vec::with_capacity(count);
    for number in 0..count {
        let (session, _, tag) = answering(&askd, &mut upstream).await?;
        let left = match number % 3 {
            // A process that ends: FIN, without a WebSocket goodbye.
            0 => {
                let stream = session.into_stream();
                let left = clock::now_ns();
                drop(stream);
                left
            }
            // A network that breaks: RST.
            1 => {
                let stream = session.into_stream();
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                let left = clock::now_ns();
                drop(stream);
                left
            }
            // A tab that is closed.
            _ => {
                let left = clock::now_ns();
                session.leave().await?;
                left
            }
        };
        let closed = closed(&mut upstream, &tag)
            .await
            .with_context(|| format!("leave {number}"))?;
        waits.push(closed.saturating_sub(left) as f64);
    }
    askd.until_descriptors(descriptors, Duration::from_secs(5))
        .await?;
    let complaints = askd.complaints()?;
    ensure!(
        complaints.is_empty(),
        "askd complained of leaving readers: {}",
        complaints.join("\n")
    );
    let name = format!("{count} leave: upstream closed");
    Ok(vec![
        Row::percentile(format!("{name}, p50"), 2e6, 0.5, &waits, Unit::Ms),
        Row::percentile(format!("{name}, p99"), 2e6, 0.99, &waits, Unit::Ms),
        Row::at_most(
            "they leave: warnings and errors in the log",
            0.0,
            &[0.0],
            Unit::Count,
        ),
    ])
}

/// Readers cancel at random moments.
pub async fn cancel(plan: &Plan) -> Result<Vec<Row>> {
    let count = if plan.quick { 60 } else { 300 };
    let mut upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "").await?;
    let (mut told, mut waits) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for number in 0..count {
        let (mut session, turn, tag) = answering(&askd, &mut upstream).await?;
        let sent = clock::now_ns();
        session.cancel(turn).await?;
        session
            .finish(turn, "cancelled")
            .await
            .with_context(|| format!("cancel {number}"))?;
        told.push(clock::now_ns().saturating_sub(sent) as f64);
        let closed = closed(&mut upstream, &tag)
            .await
            .with_context(|| format!("cancel {number}"))?;
        waits.push(closed.saturating_sub(sent) as f64);
        // Whatever comes late of the cancelled turn is an error in this answer.
        session.answer("burst 3").await?.complete(3)?;
    }
    Ok(vec![
        Row::percentile(
            format!("{count} cancel: complete received, p50"),
            2e6,
            0.5,
            &told,
            Unit::Ms,
        ),
        Row::percentile(
            format!("{count} cancel: complete received, p99"),
            2e6,
            0.99,
            &told,
            Unit::Ms,
        ),
        Row::percentile(
            format!("{count} cancel: upstream closed, p50"),
            2e6,
            0.5,
            &waits,
            Unit::Ms,
        ),
        Row::percentile(
            format!("{count} cancel: upstream closed, p99"),
            2e6,
            0.99,
            &waits,
            Unit::Ms,
        ),
    ])
}

/// A session whose answer runs, at a random moment: from before the headers to between two chunks.
async fn answering(askd: &Process, upstream: &mut Upstream) -> Result<(Session, Uuid, String)> {
    let mut session = Session::open(askd.address()).await?;
    let tag = Uuid::now_v7().to_string();
    let turn = session.ask(&format!("endless {tag}")).await?;
    upstream.began(&tag).await?;
    tokio::time::sleep(Duration::from_micros(fastrand::u64(0..40_000))).await;
    Ok((session, turn, tag))
}

/// When the endpoint saw its request closed; an error when it has not within a second.
async fn closed(upstream: &mut Upstream, tag: &str) -> Result<u64> {
    let seen = tokio::time::timeout(Duration::from_secs(1), upstream.closed(tag)).await;
    seen.context("the endpoint's request is still open after a second")?
}
