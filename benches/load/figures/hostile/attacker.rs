//! An attacker's process: it is at it until it is asked to end, then prints how often it attacked, and how often it saw that it
//! was refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::attack::Ours;
use crate::client::Session;

/// Sessions that say nothing.
pub const SILENT: usize = 90;
/// Connections from one address.
pub const MANY: usize = 5_000;
/// Those who send bombs or come from another site, at once, and how long each pauses.
const AT_ONCE: usize = 8;
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes of headers in a bomb.
const BOMB: usize = 1 << 20;
/// Nobody waits longer for a refusal.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Default)]
struct Counts {
    made: AtomicU64,
    refused: AtomicU64,
}

/// Attacks this address.
pub async fn run(attack: &str, address: &str) -> Result<()> {
    let attack = Ours::of(attack)?;
    let counts = Arc::new(Counts::default());
    let mut tasks = JoinSet::new();
    let attackers = match attack {
        Ours::Silent | Ours::Many => 1,
        Ours::Bombs | Ours::Foreign => AT_ONCE,
    };
    for _ in 0..attackers {
        let (address, counts) = (address.to_owned(), counts.clone());
        tasks.spawn(async move {
            match attack {
                Ours::Silent => silent(&address, &counts).await,
                Ours::Many => many(&address, &counts).await,
                Ours::Bombs => loop {
                    bomb(&address).await?;
                    counts.made.fetch_add(1, Relaxed);
                    counts.refused.fetch_add(1, Relaxed);
                    sleep(PAUSE).await;
                },
                Ours::Foreign => loop {
                    foreign(&address).await?;
                    counts.made.fetch_add(1, Relaxed);
                    counts.refused.fetch_add(1, Relaxed);
                    sleep(PAUSE).await;
                },
            }
        });
    }
    tokio::select! {
        Some(ended) = tasks.join_next() => ended??,
        signal = crate::stopped() => drop(signal?),
    }
    // What is under way is broken off here, and not counted on either side.
    tasks.shutdown().await;
    println!(
        "{} {}",
        counts.made.load(Relaxed),
        counts.refused.load(Relaxed)
    );
    Ok(())
}

/// Opens sessions and never polls them: no ping is answered.
async fn silent(address: &str, counts: &Counts) -> Result<()> {
    let mut sessions = Vec::with_capacity(SILENT);
    for _ in 0..SILENT {
        sessions.push(Session::open(address).await?);
        counts.made.fetch_add(1, Relaxed);
    }
    std::future::pending::<()>().await;
    drop(sessions);
    Ok(())
}

/// Connects, and holds what is not reset.
async fn many(address: &str, counts: &Counts) -> Result<()> {
    let mut held = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        match TcpStream::connect(address).await {
            Ok(stream) => held.push(stream),
            Err(_) => drop(counts.refused.fetch_add(1, Relaxed)),
        }
        counts.made.fetch_add(1, Relaxed);
    }
    held.retain(|stream| {
        let is_reset = !matches!(stream.take_error(), Ok(None));
        counts.refused.fetch_add(is_reset.into(), Relaxed);
        !is_reset
    });
    std::future::pending::<()>().await;
    drop(held);
    Ok(())
}

/// Sends headers beyond every bound; they must be refused.
async fn bomb(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut sent = format!("GET / HTTP/1.1\r\nHost: {address}\r\n").into_bytes();
    while sent.len() < BOMB {
        sent.extend_from_slice(b"X-Bomb: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n");
    }
    // It ends as soon as askd has read enough.
    let _ = stream.write_all(&sent).await;
    let mut reply = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut reply))
        .await
        .context("a bomb is not refused")?;
    ensure!(
        reply.is_empty() || reply.starts_with(b"HTTP/1.1 431"),
        "a bomb was answered: {}",
        String::from_utf8_lossy(&reply)
    );
    Ok(())
}

/// Opens a session as a page of another site does; it must be refused.
async fn foreign(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Origin: https://evil.example\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut reply = [0; 64];
    let read = timeout(PATIENCE, stream.read(&mut reply)).await??;
    ensure!(
        reply[..read].starts_with(b"HTTP/1.1 403"),
        "a cross-site page was answered: {}",
        String::from_utf8_lossy(&reply[..read])
    );
    Ok(())
}
