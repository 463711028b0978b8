//! A restart that nobody notices: the sockets are held by somebody else, as systemd does for `askd.socket`, and handed
//! from one askd to the next.

pub mod drive;
pub mod held;
pub mod page;

use std::{
    fs::File,
    net::{TcpListener, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixListener},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

use drive::{Load, drive};
use held::Held;

use crate::{
    client::{Browser, Client},
    fake::{Fake, Script},
    harness::soon,
};

const ASKD: &str = env!("CARGO_BIN_EXE_askd");

/// A page that was there is there again after so long at the most.
const AWAY: Duration = Duration::from_secs(2);

/// What the benchmarks' endpoint says to `paced COUNT MS`.
fn paced(question: &str) -> Script {
    let words: Vec<&str> = question.split(' ').collect();
    let pace = Duration::from_millis(words[2].parse().unwrap());
    let script = Script::new().sse().pace(pace);
    let script = script.made(words[1].parse().unwrap(), |number| format!("{number};"));
    script.pace(Duration::ZERO).finish("stop").done()
}

#[tokio::test]
async fn restarts_under_load_refuse_nobody_and_lose_no_letter() {
    let fake = Fake::start().await;
    fake.choose(|request| paced(request.question()));
    let load = Load {
        sessions: 40,
        answers: 8,
        restarts: 3,
    };
    let outcome = drive(ASKD, &fake.base_url(), load).await.unwrap();
    let seen = (outcome.refused, outcome.lost, outcome.doubled);
    assert_eq!(seen, (0, 0, 0), "refused, lost, doubled");
    assert_eq!(outcome.complaints, [""; 0]);
    assert_eq!(outcome.away.len(), load.sessions * load.restarts);
    assert!(
        outcome.longest_away() <= AWAY,
        "{:?}",
        outcome.longest_away()
    );
    assert!(outcome.compared >= load.answers * load.restarts);
    assert!(outcome.interrupted > 0, "no answer ran at a restart");
}

/// Asks whether it is up, and gives the status line.
async fn healthz(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let answered = stream.read_to_string(&mut answer);
    soon("an answer", answered).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_comes_during_the_drain_waits_for_the_successor_and_who_is_there_stays_until_the_last_answer_ends()
 {
    let fake = Fake::start().await;
    let begun = Script::new().sse().text("begun").gate("on").text(", done");
    fake.always(begun.finish("stop").done());
    let grace = Duration::from_secs(3600);
    let mut held = Held::open(ASKD, &fake.base_url(), grace).unwrap();
    held.start().unwrap();
    let (address, browser) = (held.address(), Browser::default());
    let mut idle = Client::connect(address, &browser).await;
    let mut client = Client::connect(address, &browser).await;
    let turn = client.ask_accepted("q").await;
    client.expect("chunk").await;
    held.terminate().unwrap();
    for session in [&mut idle, &mut client] {
        assert_eq!(session.expect("status").await["state"], "draining");
    }
    let visitor = TcpStream::connect(address).await.unwrap();
    // Were it accepted, it would have its answer before the session has.
    let visitor = healthz(visitor);
    let mut visitor = std::pin::pin!(visitor);
    idle.ask("another").await;
    let refused = tokio::select! {
        biased;
        status = visitor.as_mut() => panic!("the one that goes down says {status}"),
        refused = idle.expect("error") => refused,
    };
    assert_eq!(refused["code"], "queue_full");
    idle.ping().await;
    fake.gate("on").release();
    assert_eq!(client.read(turn).await.text, ", done");
    for session in [&mut idle, &mut client] {
        assert_eq!(session.closed().await, 1012);
    }
    drop((idle, client));
    assert_eq!(held.ended().await.unwrap(), Some(0), "{}", held.said());
    held.start().unwrap();
    assert_eq!(visitor.await, "HTTP/1.1 200 OK");
    assert_eq!(held.complaints(), [""; 0]);
    held.stop().await.unwrap();
}

#[tokio::test]
async fn what_stands_in_the_configuration_is_not_bound_beside_an_inherited_socket_whose_file_stays()
{
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("askd.sock");
    let socket = UnixListener::bind(&path).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let config = format!("[server]\nlisten = [\"{listen}\"]\n");
    let mut held = Held::of(ASKD, socket, &config).unwrap();
    held.start().unwrap();
    let stream = UnixStream::connect(&path).await.unwrap();
    assert_eq!(healthz(stream).await, "HTTP/1.1 200 OK");
    held.stop().await.unwrap();
    assert!(path.exists());
    let said = held.said();
    assert!(said.contains("server.listen is not used"), "{said}");
    assert!(said.contains("askd.socket"), "{said}");
}

#[tokio::test]
async fn an_inherited_descriptor_that_is_no_listening_stream_socket_is_refused_in_words() {
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let descriptors: [OwnedFd; 3] = [
        File::open("/dev/null").unwrap().into(),
        UdpSocket::bind("127.0.0.1:0").unwrap().into(),
        bound.into(),
    ];
    for descriptor in descriptors {
        let mut held = Held::of(ASKD, descriptor, "").unwrap();
        held.start().unwrap();
        assert_eq!(held.ended().await.unwrap(), Some(69), "{}", held.said());
        let said = held.said();
        for part in [
            "descriptor 3",
            "\"askd.socket\"",
            "no listening stream socket",
            "Accept=no",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[tokio::test]
async fn variables_that_speak_of_another_process_are_none_of_ours() {
    let environment = [("LISTEN_FDS", "1"), ("LISTEN_PID", "1")];
    let askd = crate::binary::Binary::start("", &environment).await;
    assert!(!askd.said().contains("inherited"), "{}", askd.said());
    let stream = TcpStream::connect(askd.address).await.unwrap();
    assert_eq!(healthz(stream).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_socket_that_other_machines_reach_is_not_served_without_a_sign_in() {
    let socket = || TcpListener::bind("0.0.0.0:0").unwrap();
    let mut held = Held::of(ASKD, socket(), "").unwrap();
    held.start().unwrap();
    assert_eq!(held.ended().await.unwrap(), Some(78), "{}", held.said());
    assert!(
        held.said().contains("anybody there could ask"),
        "{}",
        held.said()
    );
    let mut held = Held::of(ASKD, socket(), "[auth]\nallow_open = true\n").unwrap();
    held.start().unwrap();
    let port = held.address().port();
    let asked = crate::http::request("GET", "/healthz", "");
    let there = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(crate::http::ask_at(there, &asked).await.status, 200);
    held.stop().await.unwrap();
}
