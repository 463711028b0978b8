//! The real binary and its signals: drained, halted, killed, and what systemd hears of it.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::{net::UnixDatagram, time::timeout};

use super::held;
use crate::{
    binary::{Binary, Ended},
    client::Client,
    fake::{Fake, Script},
    harness::PATIENCE,
};

const GRACE: Duration = Duration::from_secs(4);

fn toml(fake: &Fake, grace: Duration) -> String {
    let (url, grace) = (fake.base_url(), grace.as_secs());
    format!(
        "[server]\nshutdown_grace = \"{grace}s\"\n[[endpoint]]\nbase_url = \"{url}\"\nmodel = \"m\"\nconcurrency = 100\n"
    )
}

/// An askd with so many answers held in their midst, every second of which will never go on.
async fn busy(fake: &Fake, count: usize, grace: Duration) -> (Binary, Vec<(Client, uuid::Uuid)>) {
    fake.choose(|request| match request.question() {
        "ends" => held(),
        _ => Script::new().sse().text("begun").stall(),
    });
    let askd = Binary::start(&toml(fake, grace), &[]).await;
    let mut clients = Vec::new();
    for number in 0..count {
        let mut client = askd.connect().await;
        let question = if number % 2 == 0 { "ends" } else { "stays" };
        let turn = client.ask_accepted(question).await;
        assert_eq!(client.expect("chunk").await["text"], "begun");
        clients.push((client, turn));
    }
    (askd, clients)
}

/// All are told that askd goes down; then half of the answers end, and the others are interrupted.
async fn see_it_go_down(
    askd: Binary,
    fake: &Fake,
    clients: Vec<(Client, uuid::Uuid)>,
    signal: &str,
) -> Ended {
    let begin = Instant::now();
    askd.signal(signal).await;
    let mut told = Vec::new();
    for (mut client, turn) in clients {
        assert_eq!(client.expect("status").await["state"], "draining");
        told.push((client, turn));
    }
    fake.gate("on").release();
    for (number, (mut client, turn)) in told.into_iter().enumerate() {
        let answer = client.read(turn).await;
        let seen = (answer.text.as_str(), answer.outcome.as_str());
        let expected = if number % 2 == 0 {
            (", done", "stop")
        } else {
            ("", "interrupted")
        };
        assert_eq!(seen, expected, "client {number}");
        assert_eq!(client.closed().await, 1012, "client {number}");
    }
    askd.ended(GRACE.saturating_sub(begin.elapsed())).await
}

#[tokio::test]
async fn a_sigterm_with_fifty_answers_running_ends_each_in_order_within_the_grace() {
    let fake = Fake::start().await;
    let (askd, clients) = busy(&fake, 50, GRACE).await;
    let ended = see_it_go_down(askd, &fake, clients, "TERM").await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(
        ended.said.contains("everything has ended"),
        "{}",
        ended.said
    );
    let late = ended.said.lines().find(|line| line.contains("still busy"));
    let late = late.unwrap_or_else(|| panic!("{}", ended.said));
    assert!(
        late.contains("25 session") && late.contains("25 turn"),
        "{late}"
    );
    assert!(!ended.said.contains("given up"), "{}", ended.said);
}

#[tokio::test]
async fn a_sigint_is_as_good() {
    let fake = Fake::start().await;
    let (askd, clients) = busy(&fake, 2, GRACE).await;
    let ended = see_it_go_down(askd, &fake, clients, "INT").await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
}

#[tokio::test]
async fn without_work_it_ends_at_once() {
    let askd = Binary::start("[store]\npath = \":memory:\"\n", &[]).await;
    let mut idle = askd.connect().await;
    askd.signal("TERM").await;
    assert_eq!(idle.expect("status").await["state"], "draining");
    assert_eq!(idle.closed().await, 1012);
    drop(idle);
    let ended = askd.ended(PATIENCE).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(!ended.said.contains("WARN"), "{}", ended.said);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let fake = Fake::start().await;
    let (askd, mut clients) = busy(&fake, 2, Duration::from_secs(3600)).await;
    askd.signal("TERM").await;
    for (client, _) in &mut clients {
        assert_eq!(client.expect("status").await["state"], "draining");
    }
    askd.signal("INT").await;
    let ended = askd.ended(PATIENCE).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(ended.said.contains("a second signal"), "{}", ended.said);
    fake.until_running(0).await;
}

#[tokio::test]
async fn killed_it_is_simply_gone() {
    let fake = Fake::start().await;
    let (askd, mut clients) = busy(&fake, 2, GRACE).await;
    askd.signal("KILL").await;
    for (client, _) in &mut clients {
        let end = client.frame().await;
        assert!(matches!(end, None | Some(Err(_))), "{end:?}");
    }
    assert_eq!(askd.ended(PATIENCE).await.code, None);
    fake.until_running(0).await;
}

#[tokio::test]
async fn a_port_in_use_is_a_sentence_and_an_exit_code_that_may_pass() {
    let askd = Binary::start("", &[]).await;
    let address = askd.address.to_string();
    let ended = Binary::run("", &[("ASKD_LISTEN", &address)]).await;
    assert_eq!(ended.code, Some(69), "{}", ended.said);
    for part in [
        address.as_str(),
        "another program listens there",
        "server.listen",
    ] {
        assert!(ended.said.contains(part), "{part}: {}", ended.said);
    }
    assert!(!ended.said.contains("panicked"), "{}", ended.said);
}

#[tokio::test]
async fn a_bad_configuration_never_listens() {
    let ended = Binary::run(
        "[server]\nlisten = [\"127.0.0.1:0\"]\nmax_sessions = 0\n",
        &[],
    )
    .await;
    assert_eq!(ended.code, Some(78), "{}", ended.said);
    assert!(ended.said.contains("max_sessions"), "{}", ended.said);
}

#[tokio::test]
async fn systemd_hears_ready_status_watchdog_and_stopping() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    let hear = async |wanted: &str| {
        let mut message = [0; 4096];
        loop {
            let heard = timeout(PATIENCE, systemd.recv(&mut message)).await;
            let length = heard
                .unwrap_or_else(|_| panic!("{wanted} is never heard"))
                .unwrap();
            let message = String::from_utf8(message[..length].to_vec()).unwrap();
            if let Some(line) = message.lines().find(|line| line.starts_with(wanted)) {
                return line.to_owned();
            }
        }
    };
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "300000"),
    ];
    let askd = Binary::start("", &environment).await;
    hear("READY=1").await;
    assert_eq!(
        hear("STATUS=").await,
        "STATUS=serving: 0 sessions, 0 answers"
    );
    hear("WATCHDOG=1").await;
    hear("WATCHDOG=1").await;
    let session = askd.connect().await;
    while hear("STATUS=").await != "STATUS=serving: 1 sessions, 0 answers" {}
    askd.signal("TERM").await;
    hear("STOPPING=1").await;
    drop(session);
    assert_eq!(askd.ended(PATIENCE).await.code, Some(0));
}
