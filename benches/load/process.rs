//! The processes that are measured: how they start, what the kernel says that they cost, and their end.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::{
    param::clock_ticks_per_second,
    process::{Pid, Signal, kill_process},
};
use tokio::sync::oneshot;

use crate::{Plan, config::Setup, log::Log, upstream::Upstream};

/// The argument that makes this binary the endpoint.
pub const UPSTREAM_ROLE: &str = "role:upstream";
/// The argument that makes this binary the bare relay.
pub const RELAY_ROLE: &str = "role:relay";

/// Nothing that is measured here takes so long to start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A running process that serves HTTP. Dropping it kills it.
pub struct Process {
    child: Child,
    address: String,
    /// The configuration and the log of askd; empty for the others.
    folder: tempfile::TempDir,
}

impl Process {
    /// The bare relay in front of an endpoint.
    pub async fn relay(upstream: &Upstream) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([RELAY_ROLE, &upstream.base_url()]);
        Self::start(command, tempfile::tempdir()?, |_| {})
            .await
            .context("the bare relay did not start")
    }

    /// The endpoint; each line that it prints after its address goes to `on_line`.
    pub async fn upstream(on_line: impl FnMut(&str) + Send + 'static) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(UPSTREAM_ROLE);
        Self::start(command, tempfile::tempdir()?, on_line)
            .await
            .context("the endpoint did not start")
    }

    /// askd in front of an endpoint, with `[session]` keys of the figure's own.
    pub async fn askd(plan: &Plan, upstream: &str, session: &str) -> Result<Self> {
        let setup = Setup {
            upstream,
            session,
            ..Setup::default()
        };
        Self::askd_with(plan, &setup).await
    }

    /// askd, set up as the figure wants it.
    pub async fn askd_with(plan: &Plan, setup: &Setup<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("askd.toml");
        fs::write(&config, setup.write())?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut command = Command::new(&plan.askd);
        // A cleared environment: no key of the operator's and no proxy belongs into a measurement.
        command.env_clear().arg("--config").arg(&config).stderr(log);
        let log = folder.path().join("log");
        Self::start(command, folder, |_| {}).await.with_context(|| {
            let said = fs::read_to_string(log).unwrap_or_default();
            format!("{} did not start; it said: {said}", plan.askd.display())
        })
    }

    /// Starts the command and waits for the line with its address.
    async fn start(
        mut command: Command,
        folder: tempfile::TempDir,
        mut on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
        let mut process = Self {
            child,
            address: String::new(),
            folder,
        };
        let (sender, address) = oneshot::channel();
        // The thread ends with the process, whose end closes the pipe.
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            for line in output.lines().map_while(Result::ok) {
                let address = line
                    .split_whitespace()
                    .find_map(|word| word.strip_prefix("http://"));
                match (address, sender.take()) {
                    // Nobody waits any more when the process has been given up.
                    (Some(address), Some(sender)) => {
                        drop(sender.send(address.trim_end_matches('/').to_owned()))
                    }
                    (_, still) => {
                        sender = still;
                        on_line(&line);
                    }
                }
            }
        });
        let address = tokio::time::timeout(START_LIMIT, address).await;
        let address =
            address.with_context(|| format!("no address on its stdout after {START_LIMIT:?}"))?;
        process.address = address.context("it ended without an address on its stdout")?;
        Ok(process)
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// CPU time so far, of user and system, in seconds. The kernel counts in hundredths.
    pub fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        // The second field is the name in brackets, and may hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat has a name")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(ticks as f64 / clock_ticks_per_second() as f64)
    }

    /// Resident memory in KiB.
    pub fn rss(&self) -> Result<u64> {
        // `status` rounds by the number of cores; this file is exact.
        let rollup = fs::read_to_string(self.proc("smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
        let size = line
            .and_then(|line| line.split_whitespace().next())
            .context("smaps_rollup has Rss")?;
        Ok(size.parse()?)
    }

    /// Resident memory in KiB once it has stopped changing.
    pub async fn settled_rss(&self) -> Result<u64> {
        let mut last = self.rss()?;
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = self.rss()?;
            if now == last {
                return Ok(now);
            }
            last = now;
        }
        Ok(last)
    }

    /// Bytes that it has given to the disk so far.
    pub fn written(&self) -> Result<u64> {
        let io = fs::read_to_string(self.proc("io"))?;
        let line = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes:"));
        Ok(line.context("/proc/…/io has write_bytes")?.trim().parse()?)
    }

    /// Open descriptors.
    pub fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(self.proc("fd"))?.count())
    }

    /// Waits until so many descriptors are open at the most.
    pub async fn until_descriptors(&self, most: usize, patience: Duration) -> Result<()> {
        let deadline = tokio::time::Instant::now() + patience;
        while self.descriptors()? > most {
            let now = tokio::time::Instant::now();
            ensure!(
                now < deadline,
                "{} descriptors are open, {most} were expected",
                self.descriptors()?
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// What askd has logged.
    pub fn log(&self) -> Result<Log> {
        let text = fs::read_to_string(self.folder.path().join("log"))?;
        Ok(Log::new(text))
    }

    /// Asks it to end.
    pub fn terminate(&self) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        Ok(kill_process(pid, Signal::TERM)?)
    }

    /// Waits for its end.
    pub async fn ended(&mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(
                Instant::now() < deadline,
                "it has not ended after {patience:?}"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bytes that the kernel holds for what `port` has sent and its peers have not read.
pub fn send_queues(port: &str) -> Result<u64> {
    let listed = Command::new("ss")
        .args(["-tmnH", "state", "established"])
        .arg(format!("( sport = :{port} )"))
        .output();
    let listed =
        listed.context("`ss` lists the sockets' memory; install Debian's package iproute2")?;
    if !listed.status.success() {
        bail!("ss: {}", String::from_utf8_lossy(&listed.stderr).trim());
    }
    // `skmem:(r0,rb131072,t0,tb2626560,f0,w0,…`: `w` is what is queued for sending, with the kernel's overhead.
    let text = String::from_utf8_lossy(&listed.stdout);
    let queued = text.split("skmem:(").skip(1).filter_map(|rest| {
        rest.split([',', ')'])
            .find_map(|field| field.strip_prefix('w')?.parse::<u64>().ok())
    });
    Ok(queued.sum())
}

/// Bytes of a file.
pub fn size_of(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)
        .with_context(|| format!("{} cannot be read", path.display()))?
        .len())
}
