//! What a session costs that only waits.

use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpStream;

use crate::{
    Plan,
    client::Session,
    process::Process,
    table::{Row, Unit},
    upstream::Upstream,
};

/// Memory at rest, with many idle sessions, and after them.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let count = if plan.quick { 1_000 } else { 5_000 };
    let upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "heartbeat = \"10m\"").await?;
    let rest = askd.settled_rss().await?;
    let descriptors = askd.descriptors()?;

    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let stream = TcpStream::connect(askd.address()).await?;
        // The client's own buffers are small, for there are many and nothing more comes.
        sessions.push(Session::over(stream, askd.address(), 1024).await?);
    }
    let full = askd.settled_rss().await?;
    drop(sessions);
    askd.until_descriptors(descriptors, Duration::from_secs(10))
        .await?;
    let after = askd.settled_rss().await?;

    let each = full.saturating_sub(rest) as f64 / count as f64;
    Ok(vec![
        Row::at_most("at rest: RSS", 12.0 * 1024.0, &[rest as f64], Unit::MiB),
        Row::info(
            format!("{count} idle sessions: RSS"),
            &[full as f64],
            Unit::MiB,
        ),
        Row::at_most(
            format!("{count} idle sessions: RSS of each"),
            8.0,
            &[each],
            Unit::KiB,
        ),
        Row::info("after they have closed: RSS", &[after as f64], Unit::MiB),
        Row::at_most(
            "after they have closed: descriptors more than before",
            0.0,
            &[0.0],
            Unit::Count,
        ),
    ])
}
