//! A scripted OpenAI-compatible endpoint: raw HTTP/1.1 over TCP, so that a test decides every byte and every moment.
//!
//! Each request is answered by a [`Script`]: the ones queued with [`Fake::then`] first, in their order, and after
//! them what [`Fake::always`] or [`Fake::choose`] says. What was asked is kept in a [`Request`], together with the
//! moment when the client was seen to close the connection: the fake reads its socket all the while it answers,
//! stalls or waits at a [`Gate`], so nothing is polled for. The benchmarks use this file too.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::ReadHalf, tcp::WriteHalf},
    sync::watch,
    task::JoinSet,
};

#[path = "fake/dead_end.rs"]
mod dead_end;
#[path = "fake/request.rs"]
mod request;
#[path = "fake/script.rs"]
mod script;
#[path = "fake/step.rs"]
mod step;

pub use dead_end::DeadEnd;
pub use request::Request;
pub use script::Script;
use step::{After, Step};

/// Picks the script for a request.
type Chooser = Arc<dyn Fn(&Request) -> Script + Send + Sync>;

/// A running fake. Dropping it closes its listener and every connection.
pub struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// What the fake and its connections share.
struct Shared {
    queued: Mutex<VecDeque<Script>>,
    chooser: Mutex<Chooser>,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    requests: watch::Sender<Vec<Arc<Request>>>,
    connections: AtomicUsize,
    running: watch::Sender<usize>,
}

/// A named point in a script that holds every response until it is released, once and for good.
pub struct Gate {
    open: watch::Sender<bool>,
    arrivals: watch::Sender<usize>,
}

impl Gate {
    fn new() -> Self {
        Self {
            open: watch::Sender::new(false),
            arrivals: watch::Sender::new(0),
        }
    }

    /// Lets through the responses that wait here and all that come later.
    pub fn release(&self) {
        self.open.send_replace(true);
    }

    /// Returns once `count` responses have come as far as this gate, whether they still wait or not.
    pub async fn reached(&self, count: usize) {
        let mut arrivals = self.arrivals.subscribe();
        arrivals
            .wait_for(|seen| *seen >= count)
            .await
            .expect("the gate itself holds the sender");
    }

    async fn pass(&self) {
        self.arrivals.send_modify(|seen| *seen += 1);
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open)
            .await
            .expect("the gate itself holds the sender");
    }
}

impl Fake {
    /// A fake on a free port of the loopback that answers every request with a short ordinary answer.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("the loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener knows its address");
        let shared = Arc::new(Shared {
            queued: Mutex::default(),
            chooser: Mutex::new(Arc::new(|_| Script::answer(&["Hello", " there."]))),
            gates: Mutex::default(),
            requests: watch::Sender::new(Vec::new()),
            connections: AtomicUsize::new(0),
            running: watch::Sender::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _tasks: tasks,
        }
    }

    /// What belongs into `endpoint.base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on every request that finds no queued script gets this one.
    pub fn always(&self, script: Script) {
        self.choose(move |_| script.clone());
    }

    /// From now on every request that finds no queued script gets what `chooser` makes of it.
    pub fn choose(&self, chooser: impl Fn(&Request) -> Script + Send + Sync + 'static) {
        *lock(&self.shared.chooser) = Arc::new(chooser);
    }

    /// Queues a script for one request.
    pub fn then(&self, script: Script) {
        lock(&self.shared.queued).push_back(script);
    }

    /// The gate of this name; one that no script has reached yet may be named, and even released, beforehand.
    pub fn gate(&self, name: &str) -> Arc<Gate> {
        self.shared.gate(name)
    }

    /// All requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.shared.requests.borrow().clone()
    }

    /// The request with this number, counted from 0, once it has arrived.
    pub async fn request(&self, number: usize) -> Arc<Request> {
        let mut requests = self.shared.requests.subscribe();
        let seen = requests
            .wait_for(|seen| seen.len() > number)
            .await
            .expect("the fake itself holds the sender");
        Arc::clone(&seen[number])
    }

    /// TCP connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Requests that are being answered now: neither written to their end nor closed by the client.
    pub fn running(&self) -> usize {
        *self.shared.running.borrow()
    }

    /// Returns once exactly `count` requests are being answered.
    pub async fn until_running(&self, count: usize) {
        let mut running = self.shared.running.subscribe();
        running
            .wait_for(|now| *now == count)
            .await
            .expect("the fake itself holds the sender");
    }
}

impl Shared {
    fn gate(&self, name: &str) -> Arc<Gate> {
        let mut gates = lock(&self.gates);
        Arc::clone(
            gates
                .entry(name.to_owned())
                .or_insert_with(|| Arc::new(Gate::new())),
        )
    }

    fn script_for(&self, request: &Request) -> Script {
        if let Some(script) = lock(&self.queued).pop_front() {
            return script;
        }
        let chooser = Arc::clone(&lock(&self.chooser));
        chooser(request)
    }
}

/// A test that panicked while it held the lock has failed already; the others may go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // A descriptor limit that is reached shows as a client's timeout, not as a fake that is gone.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        shared.connections.fetch_add(1, Ordering::Relaxed);
        connections.spawn(serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection, one after another, until either side ends it.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    stream
        .set_nodelay(true)
        .expect("an accepted socket takes options");
    // Dropped without a value when the fake ends the connection: `Request::closed` tells the two apart.
    let (closed, seen_closed) = watch::channel(None);
    let mut input = BytesMut::new();
    loop {
        let (mut reader, mut writer) = stream.split();
        let Some(parts) = request::read(&mut reader, &mut input).await else {
            closed.send_replace(Some(Instant::now()));
            return;
        };
        let request = Arc::new(Request::new(parts, seen_closed.clone()));
        let script = shared.script_for(&request);
        let running = Running::new(&shared);
        shared
            .requests
            .send_modify(|seen| seen.push(Arc::clone(&request)));
        // Biased towards the client's end: a write that fails because of it is no news.
        let after = tokio::select! {
            biased;
            () = until_closed(&mut reader, &mut input) => None,
            after = play(&script, &mut writer, &request, &shared) => after,
        };
        let now = Instant::now();
        drop(running);
        match after {
            Some(After::Next) => {}
            Some(After::Close) => return,
            Some(After::Reset) => {
                // Lingering for no time makes the kernel send RST instead of FIN.
                socket2::SockRef::from(&stream)
                    .set_linger(Some(std::time::Duration::ZERO))
                    .expect("an accepted socket takes options");
                return;
            }
            None => {
                closed.send_replace(Some(now));
                return;
            }
        }
    }
}

/// Reads on until the client ends the connection. What it sends meanwhile waits in `input` for its turn.
async fn until_closed(reader: &mut ReadHalf<'_>, input: &mut BytesMut) {
    while matches!(reader.read_buf(input).await, Ok(1..)) {}
}

/// Writes one response; `None` when the client is found to be gone.
async fn play(
    script: &Script,
    writer: &mut WriteHalf<'_>,
    request: &Request,
    shared: &Shared,
) -> Option<After> {
    let mut due = tokio::time::Instant::now();
    for step in script.steps() {
        match step {
            Step::Write { wire, events } => {
                writer.write_all(wire).await.ok()?;
                request.count(*events);
            }
            Step::Due(pace) => {
                due += *pace;
                tokio::time::sleep_until(due).await;
            }
            Step::Made { count, pace, make } => {
                for number in 0..*count {
                    due += *pace;
                    tokio::time::sleep_until(due).await;
                    writer.write_all(&make(number)).await.ok()?;
                    request.count(1);
                }
            }
            Step::Gate(name) => {
                shared.gate(name).pass().await;
                due = tokio::time::Instant::now();
            }
            Step::Yield => tokio::task::yield_now().await,
            Step::Stall => std::future::pending().await,
            Step::Cut => return Some(After::Close),
            Step::Reset => return Some(After::Reset),
        }
    }
    if let Some(tail) = script.tail() {
        writer.write_all(tail).await.ok()?;
    }
    request.finish();
    Some(script.after())
}

/// Counts a request among those being answered for as long as it lives.
struct Running<'a>(&'a Shared);

impl<'a> Running<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.running.send_modify(|now| *now += 1);
        Self(shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.send_modify(|now| *now -= 1);
    }
}
