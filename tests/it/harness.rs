//! A server in this process, and what must be true of it when a test is over.
//!
//! Tests run on one thread, so the log of everything that a test starts is the test's own. [`Server::stop`]
//! fails the test when something was left running, or when the log has a warning that the test did not expect.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use askd::{
    app::{App, Counts, Reloads, Watch, live::Live},
    config::{Change, Overrides, check},
    http::accept::Listener,
    shutdown::Shutdown,
    tls::Certificate,
};
use tokio::{net::TcpSocket, task::JoinHandle, time::timeout};
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _};

use crate::{
    client::{Browser, Client},
    fake::Fake,
};

/// Longer than anything here takes, also on a busy machine; only a test that has failed waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Tasks of a server at rest: the listener, the saver and the sweeper.
pub const AT_REST: usize = 3;

/// Waits for what must come; a test that waits for ever has failed.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    timeout(PATIENCE, event)
        .await
        .unwrap_or_else(|_| panic!("never {what}"))
}

/// Runs the test of this name again in a process of its own, where what is counted per process is the test's
/// alone; `true`: this is that process. nextest gives each test its own anyway.
pub fn alone(test: &str) -> bool {
    const ALONE: &str = "ASKD_TEST_ALONE";
    if [ALONE, "NEXTEST"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return true;
    }
    let run = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{errors}");
    assert!(said.contains("1 passed"), "no test has this name:\n{said}");
    println!("{said}");
    false
}

/// Descriptors that this process has open.
pub fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The seed of a test's luck: `ASKD_SEED`, or a new one. It is printed when the test fails.
pub struct Seed(pub u64);

impl Seed {
    /// The one that is asked for, or any.
    pub fn any() -> Self {
        let asked = std::env::var("ASKD_SEED").ok();
        Self(asked.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap()))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to see this again: ASKD_SEED={}", self.0);
        }
    }
}

/// Where to connect to for an address as people are told it.
pub fn socket_of(address: &str) -> SocketAddr {
    let (_, socket) = address.split_once("://").unwrap();
    socket.parse().unwrap()
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The addresses of all its listeners, as it tells them to people; that of the metrics is the last.
    pub addresses: Vec<String>,
    /// How it is told to go down.
    pub shutdown: Shutdown,
    /// What it logs.
    pub log: Log,
    /// Who its sessions are, unless a test says otherwise.
    pub browser: Browser,
    /// What it shows over TLS.
    pub certificate: Option<Certificate>,
    watch: Watch,
    live: Arc<Live>,
    overrides: Overrides,
    served: JoinHandle<()>,
    _subscriber: DefaultGuard,
}

/// What is in the log: also each session, however brief.
const LOGGED: &str = "info,askd::session=debug";

/// The lines of the log.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The lines that hold `part`.
    pub fn lines(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .filter(|line| line.contains(part))
            .map(str::to_owned)
            .collect()
    }

    /// Warnings and errors.
    pub fn complaints(&self) -> Vec<String> {
        let mut lines = self.lines(" WARN ");
        lines.extend(self.lines("ERROR "));
        lines
    }
}

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Server {
    /// Serves with this configuration on a free port of the loopback.
    pub fn start(toml: &str) -> Self {
        Self::start_on(&["127.0.0.1:0"], toml)
    }

    /// Serves on these addresses; the first is of TCP.
    pub fn start_on(listen: &[&str], toml: &str) -> Self {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::DEBUG)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish()
            .with(LOGGED.parse::<Targets>().unwrap());
        let subscriber = tracing::subscriber::set_default(subscriber);
        let overrides = Overrides {
            listen: listen.iter().map(|&address| address.to_owned()).collect(),
            ..Overrides::default()
        };
        let loaded = check("test.toml", toml, &overrides, &|_| None)
            .unwrap_or_else(|faults| panic!("{faults}"));
        let mut listeners = Listener::all(&loaded.config.server).unwrap();
        listeners.extend(Listener::metrics(&loaded.config.metrics).unwrap());
        let addresses: Vec<_> = listeners.iter().map(Listener::address).collect();
        let address = socket_of(&addresses[0]);
        let shutdown = Shutdown::new();
        let app = App::new(loaded.config, shutdown.clone()).unwrap();
        let (watch, certificate, live) = (app.watch(), app.certificate(), app.live());
        #[expect(
            clippy::disallowed_methods,
            reason = "the harness waits for this one itself"
        )]
        let served = tokio::spawn(app.serve(listeners));
        Self {
            address,
            addresses,
            shutdown,
            log,
            browser: Browser::default(),
            certificate,
            watch,
            live,
            overrides,
            served,
            _subscriber: subscriber,
        }
    }

    /// Serves with one endpoint, the fake, which never tries again; `endpoint` and `rest` are further lines of
    /// its section and of the file.
    pub fn with_fake(fake: &Fake, endpoint: &str, rest: &str) -> Self {
        Self::with_fake_on(&["127.0.0.1:0"], fake, endpoint, rest)
    }

    /// The same on these addresses; the first is of TCP.
    pub fn with_fake_on(listen: &[&str], fake: &Fake, endpoint: &str, rest: &str) -> Self {
        let url = fake.base_url();
        let toml = format!(
            "[[endpoint]]\nname = \"fake\"\nbase_url = \"{url}\"\nmodel = \"m\"\nretries = 0\n{endpoint}\n{rest}"
        );
        Self::start_on(listen, &toml)
    }

    /// A session, its `status` read.
    pub async fn connect(&self) -> Client {
        Client::connect(self.address, &self.browser).await
    }

    /// The same, with as little room for what it does not read as the kernel grants.
    pub async fn connect_with_little_room(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2 << 10).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        Client::over(stream, self.address, &self.browser).await
    }

    /// The next life of the same server, whose sessions are this browser's.
    pub async fn restart(self, start: impl FnOnce() -> Self) -> Self {
        let browser = self.browser.clone();
        self.stop().await;
        start().with(browser)
    }

    /// The same, its sessions being this browser's.
    pub fn with(self, browser: Browser) -> Self {
        Self { browser, ..self }
    }

    /// Where admins ask for the configuration to be read again; to be taken before anything is waited for.
    pub fn reloads(&self) -> Reloads {
        self.live.reloads().unwrap()
    }

    /// Takes over what can be taken over of another configuration.
    pub fn reload(&self, toml: &str) -> Change {
        let loaded = check("test.toml", toml, &self.overrides, &|_| None)
            .unwrap_or_else(|faults| panic!("{faults}"));
        self.live.change(&loaded.config).unwrap()
    }

    /// What is going on now.
    pub fn counts(&self) -> Counts {
        self.watch.counts()
    }

    /// Returns once `so` is true of the counts; they are looked at whenever the runtime has nothing better to do.
    pub async fn until(&self, what: &str, so: impl Fn(Counts) -> bool) {
        let reached = async {
            while !so(self.counts()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("never {what}: {:?}", self.counts()));
    }

    /// Goes down, and checks that all has ended and nothing was complained of.
    pub async fn stop(self) {
        self.stop_expecting(&[]).await;
    }

    /// The same, when each complaint of the log holds one of these texts, and each text is found.
    pub async fn stop_expecting(self, expected: &[&str]) {
        self.shutdown.drain();
        timeout(PATIENCE, self.served)
            .await
            .expect("the server goes down")
            .unwrap();
        let Counts {
            sessions,
            turns,
            tasks,
        } = self.watch.counts();
        assert_eq!(
            (sessions, turns, tasks),
            (0, 0, 0),
            "still busy: {:?}",
            self.shutdown.busy()
        );
        let complaints = self.log.complaints();
        let stray: Vec<_> = complaints
            .iter()
            .filter(|line| !expected.iter().any(|text| line.contains(text)))
            .collect();
        assert!(stray.is_empty(), "complaints: {stray:#?}");
        for text in expected {
            assert!(
                complaints.iter().any(|line| line.contains(text)),
                "no complaint of {text:?}: {complaints:#?}"
            );
        }
    }
}
