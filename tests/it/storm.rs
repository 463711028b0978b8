//! Hundreds of readers leave at once, at random moments and in every way, and nothing of them stays.

use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    task::yield_now,
    time::interval,
};
use uuid::Uuid;

use crate::{
    client::Client,
    fake::{DeadEnd, Fake, Script},
    harness::{AT_REST, Seed, Server, alone, descriptors, soon},
};

/// What a turn waits for while its reader leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Window {
    Connecting,
    BeforeHeaders,
    BeforeFirstChunk,
    BetweenChunks,
    /// The finish reason has come, and `[DONE]` has not.
    BeforeSave,
}

impl Window {
    const ALL: [Self; 5] = [
        Self::Connecting,
        Self::BeforeHeaders,
        Self::BeforeFirstChunk,
        Self::BetweenChunks,
        Self::BeforeSave,
    ];

    fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    /// An answer that stays in this window for ever: nobody releases its gate.
    fn script(self, gate: &str) -> Script {
        match self {
            Self::Connecting => unreachable!("it asks the other endpoint"),
            Self::BeforeHeaders => Script::new().gate(gate).sse().text("never"),
            Self::BeforeFirstChunk => Script::new().sse().role().gate(gate).text("never"),
            Self::BetweenChunks => Script::new().sse().text("one").gate(gate).text("never"),
            Self::BeforeSave => Script::new()
                .sse()
                .text("one")
                .finish("stop")
                .gate(gate)
                .done(),
        }
    }
}

/// How a reader leaves.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Close,
    Reset,
    /// It neither reads nor answers any more, and its connection stays.
    HalfOpen,
}

impl Manner {
    const ALL: [Self; 3] = [Self::Close, Self::Reset, Self::HalfOpen];

    fn reason(self) -> &'static str {
        match self {
            Self::Close => "the client left",
            Self::Reset => "the connection was lost",
            Self::HalfOpen => "the client fell silent",
        }
    }
}

/// A reader who has left.
struct Gone {
    session: String,
    manner: Manner,
    /// Its question, if the endpoint must have heard of it.
    asked: Option<String>,
    /// What stays of a connection that is half open.
    _held: Option<Client>,
}

/// One reader asks, and leaves once its turn is in the window, or before, whenever luck has it.
async fn come_and_leave(server: &Server, fake: &Fake, number: usize, luck: u64) -> Gone {
    let mut rng = Rng::with_seed(luck ^ number as u64);
    let (window, manner) = (Window::of(number), *rng.choice(&Manner::ALL).unwrap());
    let question = format!("{luck} {number}");
    let mut client = server.connect().await;
    let session = client.status["session"].as_str().unwrap().to_owned();
    let endpoint = match window {
        Window::Connecting => "nowhere",
        _ => "fake",
    };
    let turn = Uuid::now_v7();
    client
        .send(json!({ "type": "question", "turn": turn, "text": question, "endpoint": endpoint }))
        .await;
    let patient = rng.u8(..4) > 0;
    if patient {
        client.expect("accepted").await;
        if window != Window::Connecting {
            client.until(fake.gate(&question).reached(1)).await;
        }
    }
    for _ in 0..rng.usize(..40) {
        yield_now().await;
    }
    let mut held = None;
    match manner {
        Manner::Close => client.leave(1001).await,
        Manner::Reset => client.reset(),
        Manner::HalfOpen => held = Some(client),
    }
    Gone {
        session,
        manner,
        asked: (patient && window != Window::Connecting).then_some(question),
        _held: held,
    }
}

/// Many readers come and leave at once; all of it is over when this returns.
async fn storm(server: &Server, fake: &Fake, readers: usize, luck: u64) -> Vec<Gone> {
    let leaving = (0..readers).map(|number| come_and_leave(server, fake, number, luck));
    let gone = join_all(leaving).await;
    server
        .until("empty", |counts| counts.sessions == 0 && counts.turns == 0)
        .await;
    let requests = fake.requests();
    for question in gone.iter().filter_map(|gone| gone.asked.as_ref()) {
        let asked = requests
            .iter()
            .filter(|request| request.question() == question);
        assert_eq!(asked.count(), 1, "{question} is asked once");
    }
    for request in requests {
        soon("closed upstream", request.closed()).await;
        assert!(!request.finished());
    }
    gone
}

/// Asks for the server's health again and again, for ever; each answer must be a good one.
async fn probe(server: &Server, times: &mut Vec<Duration>) {
    let mut pace = interval(Duration::from_millis(2));
    loop {
        pace.tick().await;
        let begin = Instant::now();
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let request = "GET /healthz HTTP/1.1\r\nhost: askd\r\nconnection: close\r\n\r\n";
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        times.push(begin.elapsed());
    }
}

#[test]
fn three_hundred_leave_in_every_window_and_nothing_of_them_stays() {
    if !alone("storm::three_hundred_leave_in_every_window_and_nothing_of_them_stays") {
        return;
    }
    rlimit::increase_nofile_limit(8192).unwrap();
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(three_hundred_leave());
}

async fn three_hundred_leave() {
    let seed = Seed::any();
    let (fake, nowhere) = (Fake::start().await, DeadEnd::hanging());
    fake.choose(|request| {
        let question = request.question();
        let number = question.split(' ').next_back().unwrap().parse().unwrap();
        Window::of(number).script(question)
    });
    let endpoint = |name, url| {
        format!(
            "[[endpoint]]\nname = \"{name}\"\nbase_url = \"{url}\"\nmodel = \"m\"\nconcurrency = 1000\n\
             retries = 0\nconnect_timeout = \"2m\"\n"
        )
    };
    let server = Server::start(&format!(
        "{}{}[server]\nmax_connections_per_client = 2000\nmax_sessions_per_client = 2000\n\
         [session]\non_leave = \"stop\"\nheartbeat = \"1s\"",
        endpoint("fake", fake.base_url()),
        endpoint("nowhere", nowhere.base_url()),
    ));

    // What is made once and kept is made now, and not counted.
    let mut gone = storm(&server, &fake, 15, seed.0).await;
    gone.iter_mut().for_each(|gone| drop(gone._held.take()));
    server
        .until("at rest", |counts| counts.tasks == AT_REST)
        .await;
    let before = settled(descriptors()).await;

    let mut times = Vec::new();
    let mut storm_gone = tokio::select! {
        gone = storm(&server, &fake, 300, seed.0.wrapping_add(1)) => gone,
        () = probe(&server, &mut times) => unreachable!("probing has no end"),
    };
    storm_gone
        .iter_mut()
        .for_each(|gone| drop(gone._held.take()));
    server
        .until("at rest", |counts| counts.tasks == AT_REST)
        .await;
    soon("as many descriptors as before", async {
        while descriptors() > before {
            yield_now().await;
        }
    })
    .await;

    gone.extend(storm_gone);
    let ends = server.log.lines("session ended");
    assert_eq!(ends.len(), 315);
    for Gone {
        session, manner, ..
    } in &gone
    {
        let own: Vec<_> = ends.iter().filter(|line| line.contains(session)).collect();
        assert_eq!(own.len(), 1, "{own:?}");
        assert!(own[0].contains(manner.reason()), "{manner:?}: {}", own[0]);
    }
    assert!(!times.is_empty());
    println!(
        "{} health checks, the slowest took {:?}",
        times.len(),
        times.iter().max().unwrap()
    );
    server.stop().await;
}

/// The smallest number of descriptors over a while in which everything that is ending ends.
async fn settled(mut least: usize) -> usize {
    for _ in 0..1000 {
        yield_now().await;
        least = least.min(descriptors());
    }
    least
}
