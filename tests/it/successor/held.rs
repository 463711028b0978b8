//! A listening socket as systemd holds one, and the askd that it is handed to.

use std::{
    fs::{self, File},
    net::SocketAddr,
    os::fd::OwnedFd,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, SockRef, Socket, Type};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::drive::PATIENCE;

/// Puts the socket, which comes as standard input, where systemd puts it, and names its own process, which askd
/// becomes: what systemd does between fork and exec.
const HAND_OVER: &str = "exec 3<&0 0</dev/null; export LISTEN_PID=$$; exec \"$@\"";
/// As systemd's own default.
const BACKLOG: i32 = 4096;

/// The socket, and the askd of the moment.
pub struct Held {
    socket: OwnedFd,
    askd: String,
    child: Option<Child>,
    folder: TempDir,
}

impl Held {
    /// Whatever descriptor it is, and this configuration beside a file for the conversations.
    pub fn of(askd: &str, socket: impl Into<OwnedFd>, config: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let store = folder.path().join("askd.db");
        let config = format!("{config}\n[store]\npath = {store:?}\n");
        fs::write(folder.path().join("askd.toml"), config)?;
        Ok(Self {
            socket: socket.into(),
            askd: askd.to_owned(),
            child: None,
            folder,
        })
    }

    /// A socket on a free port of the loopback, and a configuration with this endpoint.
    pub fn open(askd: &str, base_url: &str, grace: Duration) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        socket.listen(BACKLOG)?;
        let grace = grace.as_millis();
        let config = format!(
            r#"[server]
max_connections_per_client = 12000
max_sessions_per_client = 10000
shutdown_grace = "{grace}ms"
[[endpoint]]
base_url = {base_url:?}
model = "m"
concurrency = 1000
[session]
questions_per_minute = 0
"#
        );
        Self::of(askd, socket, &config)
    }

    /// Where the socket is.
    pub fn address(&self) -> SocketAddr {
        let address = SockRef::from(&self.socket).local_addr();
        let address = address.ok().and_then(|address| address.as_socket());
        address.expect("a bound socket has one")
    }

    /// Starts askd on the socket, and does not wait until it serves.
    pub fn start(&mut self) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))?;
        let child = Command::new("/bin/sh")
            .env_clear()
            .envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "askd.socket")])
            .args(["-c", HAND_OVER, "sh", &self.askd, "--config"])
            .arg(self.folder.path().join("askd.toml"))
            .stdin(Stdio::from(self.socket.try_clone()?))
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// Tells it to end, as systemd does.
    pub fn terminate(&self) -> Result<()> {
        let child = self.child.as_ref().context("it runs")?;
        let pid = i32::try_from(child.id().context("it still runs")?)?;
        Ok(kill_process(
            Pid::from_raw(pid).context("a pid")?,
            Signal::TERM,
        )?)
    }

    /// Waits for its end; the exit code.
    pub async fn ended(&mut self) -> Result<Option<i32>> {
        let mut child = self.child.take().context("it was started")?;
        Ok(timeout(PATIENCE, child.wait()).await??.code())
    }

    /// Ends it, and waits until it has ended; how long that took.
    pub async fn stop(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        self.terminate()?;
        let code = self.ended().await?;
        ensure!(code == Some(0), "it ended with {code:?}: {}", self.said());
        Ok(begin.elapsed())
    }

    /// All that it has said.
    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What it complained of, but for answers that had to be interrupted.
    pub fn complaints(&self) -> Vec<String> {
        let said = self.said();
        let complaint = |line: &&str| line.contains(" WARN ") || line.contains("ERROR ");
        let lines = said.lines().filter(complaint);
        let stray = lines.filter(|line| !line.contains("still busy at the end of the grace"));
        stray.map(str::to_owned).collect()
    }
}
