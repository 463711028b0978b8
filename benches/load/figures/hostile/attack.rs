//! The attackers.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
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

use crate::client::Session;

/// Debian's, as `tools/slowhttptest` unpacks it.
const SLOWHTTPTEST: &str = ".cache/slowhttptest/usr/bin/slowhttptest";
/// Connections that it tries to hold.
const SLOW: &str = "1000";
/// Sessions that say nothing.
const SILENT: usize = 90;
/// Connections from one address.
const MANY: usize = 5_000;
/// Those who send bombs or come from another site, at once, and how long each pauses.
const AT_ONCE: usize = 8;
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes of headers in a bomb.
const BOMB: usize = 1 << 20;
/// Nobody waits longer for a refusal.
const PATIENCE: Duration = Duration::from_secs(15);

/// What they do.
#[derive(Clone, Copy)]
pub enum Attack {
    /// Headers that never end.
    Headers,
    /// Bodies that never end.
    Body,
    /// Responses that are read byte by byte.
    Read,
    /// Sessions of clients that are gone, and nobody has said so: no ping is answered, nothing is read.
    Silent,
    /// Connections that do nothing.
    Many,
    /// Headers of a megabyte.
    Bombs,
    /// A page of another site that opens sessions.
    Foreign,
}

impl Attack {
    /// For people.
    pub fn name(self) -> String {
        match self {
            Self::Headers => format!("{SLOW} slow headers"),
            Self::Body => format!("{SLOW} slow bodies"),
            Self::Read => format!("{SLOW} slow readers"),
            Self::Silent => format!("{SILENT} half-open sessions"),
            Self::Many => format!("{MANY} connections from one address"),
            Self::Bombs => "header bombs".to_owned(),
            Self::Foreign => "cross-site page".to_owned(),
        }
    }

    /// What slowhttptest calls it, and the path and verb that it goes to.
    fn mode(self) -> Option<[&'static str; 3]> {
        match self {
            Self::Headers => Some(["-H", "/", "GET"]),
            Self::Body => Some(["-B", "/api/v1/import", "POST"]),
            Self::Read => Some(["-X", "/api/v1/openapi.json", "GET"]),
            _ => None,
        }
    }
}

/// They are at it until they are dropped.
pub enum Attackers {
    /// slowhttptest.
    Program(Child),
    /// Tasks here, which count how often they are refused.
    Tasks(JoinSet<Result<()>>, Arc<AtomicU64>),
}

impl Attackers {
    /// Begins.
    pub async fn begin(attack: Attack, address: &str) -> Result<Self> {
        if let Some(mode) = attack.mode() {
            return program(mode, address).map(Self::Program);
        }
        let mut tasks = JoinSet::new();
        let refused = Arc::new(AtomicU64::new(0));
        match attack {
            Attack::Silent => {
                let mut sessions = Vec::with_capacity(SILENT);
                for _ in 0..SILENT {
                    sessions.push(Session::open(address).await?);
                }
                // Held and never polled: no ping is answered.
                tasks.spawn(async move {
                    std::future::pending::<()>().await;
                    drop(sessions);
                    Ok(())
                });
            }
            Attack::Many => {
                let address = address.to_owned();
                let refused = refused.clone();
                tasks.spawn(async move { many(&address, &refused).await });
            }
            _ => {
                for _ in 0..AT_ONCE {
                    let (address, refused) = (address.to_owned(), refused.clone());
                    tasks.spawn(async move {
                        loop {
                            match attack {
                                Attack::Bombs => bomb(&address).await?,
                                _ => foreign(&address, &refused).await?,
                            }
                            sleep(PAUSE).await;
                        }
                    });
                }
            }
        }
        Ok(Self::Tasks(tasks, refused))
    }

    /// Ends; how often they saw that they were refused, and an error when one of them was not treated as it has to be.
    pub async fn end(self) -> Result<u64> {
        match self {
            Self::Program(mut child) => {
                ensure!(
                    child.try_wait()?.is_none(),
                    "slowhttptest has given up early"
                );
                child.kill()?;
                child.wait()?;
                Ok(0)
            }
            Self::Tasks(mut tasks, refused) => {
                while let Some(ended) = tasks.try_join_next() {
                    ended??;
                }
                // What is under way is broken off here, and not counted on either side.
                tasks.shutdown().await;
                Ok(refused.load(Relaxed))
            }
        }
    }
}

fn program([mode, path, verb]: [&str; 3], address: &str) -> Result<Child> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(SLOWHTTPTEST);
    let child = Command::new(&program)
        .args([
            mode, "-c", SLOW, "-r", SLOW, "-i", "1", "-l", "60", "-t", verb,
        ])
        .args(["-f", "application/json", "-u"])
        .arg(format!("http://{address}{path}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.with_context(|| format!("{} is not there; run tools/slowhttptest", program.display()))
}

/// Connects, and holds what is not reset.
async fn many(address: &str, refused: &AtomicU64) -> Result<()> {
    let mut held = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        match TcpStream::connect(address).await {
            Ok(stream) => held.push(stream),
            Err(_) => drop(refused.fetch_add(1, Relaxed)),
        }
    }
    held.retain(|stream| {
        let is_reset = !matches!(stream.take_error(), Ok(None));
        refused.fetch_add(is_reset.into(), Relaxed);
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
async fn foreign(address: &str, refused: &AtomicU64) -> Result<()> {
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
    refused.fetch_add(1, Relaxed);
    Ok(())
}
