//! The attacks, and the processes that make them.
//!
//! Attackers have machines of their own. Here they share two cores with what they attack, and slowhttptest alone spins on one of them;
//! so they get what the others leave (`SCHED_IDLE`), which is most of both cores. How often they could attack is in the table.

use std::{path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::attacker::{MANY, SILENT};

/// The argument that makes this binary an attacker.
pub const ROLE: &str = "role:attack";
/// Debian's, as `tools/slowhttptest` unpacks it.
const SLOWHTTPTEST: &str = ".cache/slowhttptest/usr/bin/slowhttptest";

/// What they do.
#[derive(Clone, Copy)]
pub enum Attack {
    /// Headers that never end.
    Headers,
    /// Bodies that never end.
    Body,
    /// Responses that are read byte by byte.
    Read,
    /// One of those that are made here.
    Ours(Ours),
}

/// The attacks of this binary in the role of an attacker.
#[derive(Clone, Copy)]
pub enum Ours {
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
            Self::Headers => "slow headers".to_owned(),
            Self::Body => "slow bodies".to_owned(),
            Self::Read => "slow readers".to_owned(),
            Self::Ours(Ours::Silent) => format!("{SILENT} half-open sessions"),
            Self::Ours(Ours::Many) => format!("{MANY} connections from one address"),
            Self::Ours(Ours::Bombs) => "header bombs".to_owned(),
            Self::Ours(Ours::Foreign) => "cross-site page".to_owned(),
        }
    }

    /// For what askd refuses it, as its metrics say it: connections beyond the cap, or what is done over those within it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Headers | Self::Body | Self::Read | Self::Ours(Ours::Many) => {
                "address_connections"
            }
            Self::Ours(Ours::Silent) => "silent",
            Self::Ours(Ours::Bombs) => "malformed",
            Self::Ours(Ours::Foreign) => "origin",
        }
    }

    /// The program of its attackers, with its arguments.
    fn command(self, address: &str) -> Result<Command> {
        // As slowhttptest's manual shows each of them, but for the path, and the verb of a body: one that askd knows.
        let (path, options) = match self {
            Self::Headers => ("/", "-H -c 1000 -r 200 -i 10 -x 24 -t GET"),
            Self::Body => (
                "/api/v1/import",
                "-B -c 3000 -r 200 -i 110 -x 10 -s 8192 -t POST -f application/json",
            ),
            Self::Read => (
                "/api/v1/openapi.json",
                "-X -c 8000 -r 200 -w 512 -y 1024 -n 5 -z 32 -k 3",
            ),
            Self::Ours(ours) => {
                let mut command = at_rest(&std::env::current_exe()?);
                command.args([ROLE, ours.argument(), address]);
                command.stdin(Stdio::null()).stdout(Stdio::piped());
                return Ok(command);
            }
        };
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(SLOWHTTPTEST);
        ensure!(
            program.exists(),
            "{} is not there; run tools/slowhttptest",
            program.display()
        );
        let mut command = at_rest(&program);
        command
            .args(options.split(' '))
            // It ends with its window, long before that.
            .args(["-l", "60", "-u"])
            .arg(format!("http://{address}{path}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command)
    }
}

impl Ours {
    /// What the attacker's process is told.
    pub fn argument(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Many => "many",
            Self::Bombs => "bombs",
            Self::Foreign => "foreign",
        }
    }

    /// The other way round.
    pub fn of(argument: &str) -> Result<Self> {
        [Self::Silent, Self::Many, Self::Bombs, Self::Foreign]
            .into_iter()
            .find(|ours| ours.argument() == argument)
            .with_context(|| format!("{argument} is no attack"))
    }
}

/// A command that gets what others leave of the cores.
fn at_rest(program: &Path) -> Command {
    let mut command = Command::new("chrt");
    command.args(["--idle", "0"]).arg(program);
    command.kill_on_drop(true);
    command
}

/// What attackers know of their attack; slowhttptest does not tell.
#[derive(Default)]
pub struct Tally {
    /// How often they attacked.
    pub made: u64,
    /// How often they saw that they were refused.
    pub refused: u64,
}

/// They are at it until they are dropped.
pub struct Attackers {
    process: Child,
    ours: bool,
}

impl Attackers {
    /// Begins.
    pub fn begin(attack: Attack, address: &str) -> Result<Self> {
        let process = attack.command(address)?.spawn();
        let process =
            process.context("`chrt` runs the attackers; install Debian's package util-linux")?;
        let ours = matches!(attack, Attack::Ours(_));
        Ok(Self { process, ours })
    }

    /// Ends; an error when they gave up early, or one of them was not treated as it has to be, which it has printed.
    pub async fn end(mut self) -> Result<Tally> {
        let gave_up = self.process.try_wait()?.is_some();
        ensure!(!gave_up, "the attackers have given up early");
        if !self.ours {
            self.process.kill().await?;
            return Ok(Tally::default());
        }
        let pid = self.process.id().and_then(|pid| Pid::from_raw(pid as i32));
        kill_process(pid.context("it has not ended")?, Signal::TERM)?;
        let ended = self.process.wait_with_output().await?;
        ensure!(ended.status.success(), "the attackers have failed");
        let said = String::from_utf8(ended.stdout)?;
        let counts: Vec<u64> = said
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [made, refused] = counts[..] else {
            bail!("the attackers said {said:?}");
        };
        Ok(Tally { made, refused })
    }
}
