//! The real binary, serving: started on a free port, signalled, waited for, and killed when a test is over.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    client::{Browser, Client},
    harness::PATIENCE,
};

/// A running askd.
pub struct Binary {
    /// Where it serves.
    pub address: SocketAddr,
    /// Who its sessions are.
    pub browser: Browser,
    child: Child,
    home: TempDir,
}

/// How it ended.
pub struct Ended {
    /// The exit code; `None`: a signal killed it.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub said: String,
}

/// The file that takes its standard error, so that no pipe can fill up.
const SAID: &str = "said";

fn said(home: &TempDir) -> String {
    fs::read_to_string(home.path().join(SAID)).unwrap()
}

/// The binary with this configuration, and nothing of the tests' own environment.
fn command(home: &TempDir, toml: &str, environment: &[(&str, &str)]) -> Command {
    let path = home.path().join("askd.toml");
    fs::write(&path, toml).unwrap();
    let mut command = Command::new("/bin/sh");
    command
        .env_clear()
        .envs(environment.iter().copied())
        // A limit on files is to be an error to it, and not its end.
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_askd"))
        .arg("--config")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(home.path().join(SAID)).unwrap())
        .kill_on_drop(true);
    command
}

impl Binary {
    /// Starts it, and reads the line that says where it serves.
    pub async fn start(toml: &str, environment: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let environment = [&[("ASKD_LISTEN", "127.0.0.1:0")], environment].concat();
        let mut child = command(&home, toml, &environment).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        timeout(PATIENCE, stdout.read_line(&mut line))
            .await
            .expect("it says where it serves")
            .unwrap();
        let address = line.strip_prefix("askd serves http");
        let address = address.map(|rest| rest.trim_start_matches('s').trim_start_matches("://"));
        let Some(address) = address else {
            panic!("{line:?}: {}", said(&home));
        };
        Self {
            address: address.trim().parse().unwrap(),
            browser: Browser::default(),
            child,
            home,
        }
    }

    /// Runs it to its end, which comes by itself.
    pub async fn run(toml: &str, environment: &[(&str, &str)]) -> Ended {
        let home = TempDir::new().unwrap();
        let run = command(&home, toml, environment).status();
        let status = timeout(PATIENCE, run).await;
        let status = status.expect("it ends by itself").unwrap();
        Ended {
            code: status.code(),
            said: said(&home),
        }
    }

    /// A session.
    pub async fn connect(&self) -> Client {
        Client::connect(self.address, &self.browser).await
    }

    /// Lets its files grow to so many bytes and no further, as a full disk would; `None`: as they will.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let id = i32::try_from(self.child.id().expect("it runs")).unwrap();
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Pid::from_raw(id), Resource::Fsize, limit).unwrap();
    }

    /// Lets it have so many descriptors and no more, which it learns when it reads its configuration again.
    pub fn limit_descriptors(&self, most: u64) {
        let id = i32::try_from(self.child.id().expect("it runs")).unwrap();
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        prlimit(Pid::from_raw(id), Resource::Nofile, limit).unwrap();
    }

    /// Kills it, as power that goes would: without a word. Gives the moment.
    pub async fn kill(mut self) -> Instant {
        let moment = Instant::now();
        self.child.kill().await.unwrap();
        moment
    }

    /// Starts it, and kills it so soon that it may not have come to serve.
    pub async fn start_and_kill(toml: &str, after: Duration) {
        let home = TempDir::new().unwrap();
        let environment = [("ASKD_LISTEN", "127.0.0.1:0")];
        let mut child = command(&home, toml, &environment).spawn().unwrap();
        sleep(after).await;
        child.kill().await.unwrap();
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Where its configuration is.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("askd.toml")
    }

    /// Writes it another configuration, of which it knows nothing yet.
    pub fn configure(&self, toml: &str) {
        fs::write(self.config(), toml).unwrap();
    }

    /// Waits until it has said this; all that it has said.
    pub async fn until_said(&self, part: &str) -> String {
        let said = async {
            loop {
                let said = self.said();
                if said.contains(part) {
                    return said;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, said)
            .await
            .unwrap_or_else(|_| panic!("it never says {part:?}: {}", self.said()))
    }

    /// What it has said on standard error so far.
    pub fn said(&self) -> String {
        said(&self.home)
    }

    /// Sends a signal, by its name without SIG.
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs");
        let kill = format!("kill -{name} {pid}");
        let status = Command::new("sh")
            .args(["-c", &kill])
            .status()
            .await
            .unwrap();
        assert!(status.success(), "{kill}");
    }

    /// Waits for its end, for `limit` at the most.
    pub async fn ended(mut self, limit: Duration) -> Ended {
        let status = timeout(limit, self.child.wait()).await;
        let status = status
            .unwrap_or_else(|_| panic!("it still runs after {limit:?}"))
            .unwrap();
        Ended {
            code: status.code(),
            said: said(&self.home),
        }
    }
}
