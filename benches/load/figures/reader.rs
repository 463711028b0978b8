//! What a reader costs that asks for a long answer and then takes nothing of it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::net::TcpSocket;
use uuid::Uuid;

use crate::{
    Plan,
    client::Session,
    process::{Process, send_queues},
    table::{Row, Unit},
    upstream::Upstream,
};

/// Readers at once: the memory of one alone would drown in the allocator's.
const READERS: usize = 20;
/// Chunks of 60 bytes: about 600 kB, more than all socket buffers take.
const CHUNKS: usize = 10_000;
const SEND_TIMEOUT: Duration = Duration::from_secs(3);

/// One askd with readers that read, one with readers that do not: the difference is theirs.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let upstream = Upstream::start().await?;
    let session = format!(
        "on_leave = \"stop\"\nsend_timeout = \"{}s\"",
        SEND_TIMEOUT.as_secs()
    );

    let reading = Process::askd(plan, &upstream.base_url(), &session).await?;
    let mut readers = ask_all(&reading).await?;
    for (reader, turn) in &mut readers {
        reader.finish(*turn, "stop").await?.complete(CHUNKS)?;
    }
    let with_readers = reading.rss()?;
    drop(readers);
    drop(reading);

    let stuck = Process::askd(plan, &upstream.base_url(), &session).await?;
    let asked = Instant::now();
    let readers = ask_all(&stuck).await?;
    let full = until_full(&stuck).await?;
    let with_stuck = stuck.rss()?;
    let queued = send_queues(
        stuck
            .address()
            .rsplit(':')
            .next()
            .context("an address has a port")?,
    )?;
    // Only the readers' own go away: the connections to the endpoint stay in their pool for longer than this takes.
    let descriptors = stuck.descriptors()?.saturating_sub(READERS);
    stuck
        .until_descriptors(descriptors, SEND_TIMEOUT * 3)
        .await
        .with_context(|| {
            format!("a reader that stopped is not closed; the kernel holds {queued} bytes for all")
        })?;
    let closed = asked.elapsed();
    drop(readers);

    let kernel = queued as f64 / 1024.0 / READERS as f64;
    let process = (with_stuck as f64 - with_readers as f64) / READERS as f64;
    let bound = SEND_TIMEOUT.as_secs_f64() + full.duration_since(asked).as_secs_f64() + 0.5;
    Ok(vec![
        Row::info("reader that stops: process memory", &[process], Unit::KiB),
        Row::info(
            "reader that stops: kernel's send queue",
            &[kernel],
            Unit::KiB,
        ),
        Row::at_most(
            "reader that stops: both",
            256.0,
            &[process + kernel],
            Unit::KiB,
        ),
        Row::at_most(
            "reader that stops: closed after (send_timeout 3 s)",
            bound,
            &[closed.as_secs_f64()],
            Unit::Seconds,
        ),
    ])
}

async fn ask_all(askd: &Process) -> Result<Vec<(Session, Uuid)>> {
    let address: SocketAddr = askd.address().parse()?;
    let mut readers = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        let socket = TcpSocket::new_v4()?;
        // A small window at the client: what does not fit waits at the server, where it is measured.
        socket.set_recv_buffer_size(8 * 1024)?;
        let stream = socket.connect(address).await?;
        let mut reader = Session::over(stream, askd.address(), 4096).await?;
        let turn = reader.ask(&format!("long {CHUNKS}")).await?;
        readers.push((reader, turn));
    }
    Ok(readers)
}

/// Waits until the kernel's send queues have stopped growing; the moment when they had.
async fn until_full(askd: &Process) -> Result<Instant> {
    let port = askd
        .address()
        .rsplit(':')
        .next()
        .context("an address has a port")?;
    let (mut last, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_millis(500) {
        let now = send_queues(port)?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(since)
}
