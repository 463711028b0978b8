//! What a session costs that only waits.

use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpStream;

use crate::{
    Plan,
    client::{self, Session},
    config::Setup,
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

    let sessions = open(&askd, count).await?;
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

/// The user of [`everything`], and her password; the hash is `askd hash-password`'s.
const USER: (&str, &str) = ("ada", "a long password for the bench");
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$UVTbNZT50H+KsoEjN5Zd6w$1ItCkk1Tj0haVzg6R7PfXUQiyAmDQcB3+UN7YBlSSyY";
/// Memory of the whole with as many sessions as there may be, in KiB.
const BOUND: f64 = 90.0 * 1024.0;

/// As many sessions as there may be, with a sign-in, conversations in a file and metrics at an address of their own: the whole memory.
pub async fn everything(plan: &Plan) -> Result<Vec<Row>> {
    let count = if plan.quick { 1_000 } else { 10_000 };
    let folder = tempfile::tempdir()?;
    let upstream = Upstream::start().await?;
    let setup = Setup {
        upstream: &upstream.base_url(),
        session: "heartbeat = \"10m\"",
        store: &format!("path = \"{}\"", folder.path().join("askd.db").display()),
        more: &format!(
            "[auth]\nmode = \"password\"\n\n[[auth.user]]\nname = \"{}\"\npassword_hash = \"{HASH}\"\n\n[metrics]\nlisten = \"127.0.0.1:0\"\n",
            USER.0
        ),
        ..Setup::default()
    };
    let askd = Process::askd_with(plan, &setup).await?;
    client::sign_in(askd.address(), USER.0, USER.1).await?;
    let sessions = open(&askd, count).await?;
    let full = askd.settled_rss().await?;
    drop(sessions);
    Ok(vec![Row::at_most(
        format!("{count} idle sessions with everything on: RSS of the whole"),
        BOUND,
        &[full as f64],
        Unit::MiB,
    )])
}

async fn open(askd: &Process, count: usize) -> Result<Vec<Session>> {
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let stream = TcpStream::connect(askd.address()).await?;
        // The client's own buffers are small, for there are many and nothing more comes.
        sessions.push(Session::over(stream, askd.address(), 1024).await?);
    }
    Ok(sessions)
}
