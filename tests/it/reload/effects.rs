//! What takes effect, seen.

use serde_json::json;
use tokio::net::TcpStream;

use crate::{
    api::{Browser, conversation},
    binary::Binary,
    fake::{Fake, Script},
    harness::{Server, soon},
    http::{ask, ask_at, request},
};

/// A request for a session, up to the status.
async fn knock(server: &Server, headers: &str) -> u16 {
    let upgrade = format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n{headers}"
    );
    ask_at(server.address, &request("GET", "/ws", &upgrade))
        .await
        .status
}

#[tokio::test]
async fn fewer_sessions_hold_for_who_comes_and_end_none() {
    let server = Server::start("");
    let mut first = server.connect().await;
    server.reload("[server]\nmax_sessions = 1\n");
    assert_eq!(knock(&server, "").await, 503);
    first.ping().await;
    server.reload("[server]\nmax_sessions = 2\nmax_sessions_per_client = 1\n");
    assert_eq!(knock(&server, "").await, 429);
    server.reload("");
    let second = server.connect().await;
    drop((first, second));
    server.stop().await;
}

#[tokio::test]
async fn who_is_here_can_ask_though_newcomers_have_come_for_every_descriptor() {
    let fake = Fake::start().await;
    fake.always(Script::answer(&["an answer"]));
    let endpoint = format!(
        "[store]\npath = \":memory:\"\n[[endpoint]]\nbase_url = \"{}\"\nmodel = \"m\"\nretries = 0\n",
        fake.base_url()
    );
    let askd = Binary::start(&endpoint, &[]).await;
    let mut client = askd.connect().await;
    askd.limit_descriptors(DESCRIPTORS);
    askd.signal("HUP").await;
    let told = format!("may have {DESCRIPTORS}, so it takes ");
    askd.until_said(&told).await;
    let mut crowd = Vec::new();
    for _ in 0..DESCRIPTORS + 50 {
        crowd.push(TcpStream::connect(askd.address).await.unwrap());
    }
    // One of them is served when all that have a place are.
    ask(&mut crowd[0], &request("GET", "/healthz", "")).await;
    for _ in 0..3 {
        let turn = client.ask("a question").await;
        assert_eq!(client.read(turn).await.text, "an answer");
    }
    let said = askd.said();
    assert!(!said.contains("cannot be accepted"), "{said}");
}

/// Few, but more than askd takes for what is no connection.
const DESCRIPTORS: u64 = 150;

#[tokio::test]
async fn fewer_connections_have_newcomers_wait_until_enough_have_gone() {
    let server = Server::start("[server]\nmax_sessions = 1\nmax_connections = 3\n");
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        ask(&mut stream, &request("GET", "/healthz", "")).await;
        open.push(stream);
    }
    server.reload("[server]\nmax_sessions = 1\nmax_connections = 1\n");
    let healthz = request("GET", "/healthz", "");
    let newcomer = ask_at(server.address, &healthz);
    let mut newcomer = std::pin::pin!(newcomer);
    let mut last = open.pop().unwrap();
    open.clear();
    // Its answer comes behind the ends of the others.
    for _ in 0..20 {
        tokio::select! {
            biased;
            _ = newcomer.as_mut() => panic!("one of one place is taken"),
            _ = ask(&mut last, &healthz) => {}
        }
    }
    drop(last);
    assert_eq!(soon("a place", newcomer).await.status, 200);
    server.reload("[server]\nmax_sessions = 1\nmax_connections = 2\n");
    let _one = TcpStream::connect(server.address).await.unwrap();
    let two = ask_at(server.address, &request("GET", "/healthz", "")).await;
    assert_eq!(two.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn another_page_is_shown_and_offered_to_who_connects() {
    let server = Server::start("[page]\ntitle = \"Old\"\n");
    let old = server.connect().await.status["page"].clone();
    server.reload("[page]\ntitle = \"New\"\n");
    let page = ask_at(server.address, &request("GET", "/", "")).await;
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("<title>New</title>"));
    let new = server.connect().await.status["page"].clone();
    assert_ne!(old, new);
    assert!(page.contains(new.as_str().unwrap()));
    server.reload("[page]\ntitle = \"Old\"\n");
    assert_eq!(server.connect().await.status["page"], old);
    server.stop().await;
}

#[tokio::test]
async fn other_sites_may_frame_the_page_and_open_sessions() {
    let server = Server::start("");
    let embed = async || {
        ask_at(server.address, &request("GET", "/embed", ""))
            .await
            .status
    };
    let origin = "Origin: https://intranet.example.org\r\n";
    assert_eq!((embed().await, knock(&server, origin).await), (404, 403));
    server.reload(
        "[server]\nallowed_origins = [\"https://intranet.example.org\"]\n\
         [page]\nembed_origins = [\"https://docs.example.org\"]\n",
    );
    assert_eq!((embed().await, knock(&server, origin).await), (200, 101));
    server.stop().await;
}

#[tokio::test]
async fn a_session_keeps_what_it_began_with_and_the_next_one_has_the_new() {
    let server = Server::start("[session]\nmax_question = \"1 KiB\"\n");
    let mut before = server.connect().await;
    server.reload("[session]\nmax_question = \"16 B\"\non_leave = \"finish\"\n");
    let mut after = server.connect().await;
    assert_eq!(before.status["limits"]["question_bytes"], 1024);
    assert_eq!(after.status["limits"]["question_bytes"], 16);
    assert_eq!(after.status["on_leave"], "finish");
    let long = "what is impermanent loss, and what is staking?";
    before.ask_accepted(long).await;
    after.ask(long).await;
    assert_eq!(after.expect("error").await["code"], "question_too_long");
    drop((before, after));
    server.stop().await;
}

#[tokio::test]
async fn a_running_answer_keeps_its_endpoint_and_the_next_question_goes_to_the_new_one() {
    let (old, new) = (Fake::start().await, Fake::start().await);
    let held = Script::new().sse().text("old").gate("on").text(" end");
    old.always(held.finish("stop").done());
    new.always(Script::answer(&["new"]));
    let toml = |fake: &Fake, name: &str| {
        format!(
            "[[endpoint]]\nname = \"{name}\"\nbase_url = \"{}\"\nmodel = \"m\"\nretries = 0\n",
            fake.base_url()
        )
    };
    let server = Server::start(&toml(&old, "old"));
    let mut client = server.connect().await;
    let running = client.ask_accepted("q").await;
    client.expect("chunk").await;
    let change = server.reload(&toml(&new, "new"));
    assert_eq!(change.took_effect, ["endpoint.name", "endpoint.base_url"]);
    let mut next = server.connect().await;
    assert_eq!(next.status["endpoints"][0]["name"], json!("new"));
    let turn = next.ask_accepted("q").await;
    assert_eq!(next.read(turn).await.text, "new");
    old.gate("on").release();
    let answer = client.read(running).await;
    assert_eq!(
        (answer.text.as_str(), answer.outcome.as_str()),
        (" end", "stop")
    );
    drop((client, next));
    server.stop().await;
}

#[tokio::test]
async fn more_slots_let_those_who_wait_in() {
    let fake = Fake::start().await;
    let held = Script::new().sse().text("begun").gate("on");
    fake.always(held.finish("stop").done());
    let toml = |slots: u32| {
        let url = fake.base_url();
        format!("[[endpoint]]\nbase_url = \"{url}\"\nmodel = \"m\"\nconcurrency = {slots}\n")
    };
    let server = Server::start(&toml(1));
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    first.ask_accepted("q").await;
    first.expect("chunk").await;
    second.ask_accepted("q").await;
    assert_eq!(second.expect("queued").await["position"], 1);
    server.reload(&toml(2));
    while second.next().await["type"] != "chunk" {}
    fake.gate("on").release();
    drop((first, second));
    server.stop().await;
}

#[tokio::test]
async fn another_grace_is_the_one_that_it_goes_down_by() {
    let fake = Fake::start().await;
    fake.always(Script::new().sse().text("begun").stall());
    let url = fake.base_url();
    let toml = |grace: &str| {
        format!(
            "[server]\nshutdown_grace = \"{grace}\"\n[[endpoint]]\nbase_url = \"{url}\"\nmodel = \"m\"\n"
        )
    };
    let server = Server::start(&toml("1h"));
    let mut client = server.connect().await;
    client.ask_accepted("q").await;
    client.expect("chunk").await;
    server.reload(&toml("3s"));
    server.shutdown.drain();
    while client.next().await["type"] != "complete" {}
    assert_eq!(client.closed().await, 1012);
    server
        .stop_expecting(&["still busy at the end of the grace"])
        .await;
}

#[tokio::test]
async fn imports_keep_to_the_new_bounds_of_age_and_size() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let old = conversation(1, "Old", &[("question", "answer")]);
    let file = json!({ "askd": 1, "conversations": [old] });
    let taken = browser.json("POST", "/import", &file).await.json();
    assert_eq!(taken["imported"], 1);
    server.reload("[store]\nretention = \"7d\"\n");
    let expired = browser.json("POST", "/import", &file).await.json();
    assert_eq!(
        (&expired["imported"], &expired["expired"]),
        (&json!(0), &json!(1))
    );
    let long = conversation(2, "Long", &[(&"q".repeat(17), "a")]);
    let file = json!({ "askd": 1, "conversations": [long] });
    server.reload("[session]\nmax_question = \"16 B\"\n");
    assert_eq!(browser.json("POST", "/import", &file).await.status, 400);
    server.reload("");
    assert_eq!(browser.json("POST", "/import", &file).await.status, 200);
    server.stop().await;
}
