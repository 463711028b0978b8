//! What `/metrics` tells: each figure after its thing has happened, to whom it may be told, and nothing of anybody's.

mod contrib;
mod counted;
mod served;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use tokio::task::yield_now;

use crate::{
    documents::folder,
    fake::{Fake, Script},
    harness::{Server, socket_of, soon},
    http::{ask_at, request},
};

/// Served at an address of their own.
pub const APART: &str = "[metrics]\nlisten = \"127.0.0.1:0\"\n";

/// One scrape.
pub struct Figures {
    text: String,
    series: Vec<(String, BTreeMap<String, String>, f64)>,
}

impl Figures {
    /// Reads what Prometheus reads.
    fn of(text: String) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (key, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = match key.split_once('{') {
                None => (key, ""),
                Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            };
            // No value of these tests has a comma or a quote.
            let labels = labels.split(',').filter(|label| !label.is_empty());
            let labels = labels.map(|label| {
                let (name, value) = label.split_once('=').unwrap();
                (name.to_owned(), value.trim_matches('"').to_owned())
            });
            (name.to_owned(), labels.collect(), value.parse().unwrap())
        });
        let series = series.collect();
        Self { text, series }
    }

    /// What an address tells to anybody.
    async fn at(address: SocketAddr) -> Self {
        let reply = ask_at(address, &request("GET", "/metrics", "")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        Self::of(String::from_utf8(reply.body).unwrap())
    }

    /// The sum of a metric's series that have this label; `""`: of all.
    pub fn sum(&self, name: &str, label: &str) -> f64 {
        let of_it = self.series.iter().filter(|(known, labels, _)| {
            let (key, value) = label.split_once('=').unwrap_or_default();
            known == name && (label.is_empty() || labels.get(key).is_some_and(|one| one == value))
        });
        let values: Vec<f64> = of_it.map(|(.., value)| *value).collect();
        assert!(!values.is_empty(), "no {name} with {label}:\n{}", self.text);
        values.iter().sum()
    }

    /// Whether there is such a series.
    fn has(&self, name: &str, label: &str) -> bool {
        let (key, value) = label.split_once('=').unwrap_or_default();
        let mut all = self.series.iter();
        all.any(|(known, labels, _)| {
            known == name && labels.get(key).is_some_and(|one| one == value)
        })
    }

    /// The labels of each metric.
    fn labels(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (name, labels, _) in &self.series {
            let known = all.entry(name.as_str()).or_default();
            known.extend(labels.keys().map(String::as_str));
        }
        all
    }
}

/// Where a server shows its metrics.
fn apart(server: &Server) -> SocketAddr {
    socket_of(server.addresses.last().unwrap())
}

/// The figures, once one of them is this.
pub async fn until(server: &Server, name: &str, label: &str, value: f64) -> Figures {
    let reached = async {
        loop {
            let figures = Figures::at(apart(server)).await;
            if (label.is_empty() || figures.has(name, label)) && figures.sum(name, label) == value {
                return figures;
            }
            yield_now().await;
        }
    };
    soon(&format!("{name} {label} {value}"), reached).await
}

/// A server with documents and an endpoint, of which something has been asked with success, and once without.
async fn experienced() -> Figures {
    let (_home, config) = folder();
    let fake = Fake::start().await;
    let server = Server::with_fake(&fake, "", &format!("{config}{APART}"));
    let mut client = server.connect().await;
    let turn = client
        .ask("how many weeks of parental leave do I get")
        .await;
    assert_eq!(client.read(turn).await.outcome, "stop");
    fake.then(Script::refuse(400, "no"));
    let turn = client.ask("why").await;
    assert_eq!(client.read(turn).await.outcome, "failed");
    client.leave(1001).await;
    let figures = until(&server, "askd_sessions_ended_total", "reason=left", 1.0).await;
    server.stop_expecting(&["turn failed"]).await;
    figures
}

/// Prometheus' own tool, unpacked by `tools/promtool`: whether it is content, and what it says.
fn promtool(arguments: &[&str], input: &str) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join(".cache/promtool/usr/bin/promtool");
    assert!(
        program.exists(),
        "promtool is not there: run tools/promtool"
    );
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(root.join("contrib"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may need none, and have ended by now.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.success(), String::from_utf8(said).unwrap())
}
