//! What comes through, what outlives silence, and what outlives the proxy.

use reqwest::{Version, header};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{
    Kind, PLACES, Site,
    servers::{Proxy, free_address},
};
use crate::{
    client::{Answer, Browser, Client},
    fake::{Fake, Script},
    harness::Server,
    http::{ask, request},
    tls::Authority,
};

#[tokio::test]
async fn the_page_its_files_and_the_api_come_through_each_proxy_at_the_root_and_below_a_path() {
    let fake = Fake::start().await;
    for kind in Kind::ALL {
        for place in PLACES {
            let site = Site::start(kind, place, &fake, "", &[]).await;
            let program = site.authority.program(site.name, site.address());
            let page = program.get(site.url("")).send().await.unwrap();
            assert_eq!(
                (page.version(), page.status().as_u16()),
                (Version::HTTP_2, 200),
                "{kind:?}"
            );
            let cookie = page.headers()[header::SET_COOKIE]
                .to_str()
                .unwrap()
                .to_owned();
            assert!(cookie.starts_with("__Host-askd_owner"), "{cookie}");
            let html = page.text().await.unwrap();
            let addresses: Vec<_> = html
                .split_whitespace()
                .filter_map(|part| part.strip_prefix("href=\"").or(part.strip_prefix("src=\"")))
                .filter_map(|part| part.split('"').next())
                .filter_map(|address| address.strip_prefix(site.path))
                .collect();
            assert!(addresses.len() > 4, "{html}");
            let unknown = format!("api/v1/conversations/{}", Uuid::now_v7());
            let more = [
                ("healthz", 200),
                ("api/v1/conversations?limit=1", 200),
                ("api/v1/export?format=json", 200),
                ("nothing%2Fhere", 404),
                (&unknown, 404),
            ];
            for (path, status) in addresses.into_iter().map(|path| (path, 200)).chain(more) {
                let reply = program.get(site.url(path)).send().await.unwrap();
                assert_eq!(
                    reply.status().as_u16(),
                    status,
                    "{kind:?} {}",
                    site.url(path)
                );
                reply.bytes().await.unwrap();
            }
            let own = site.url("").trim_end_matches(site.path).to_owned();
            for (origin, status) in [(&*own, 404), ("https://evil.example", 403)] {
                let request = program
                    .delete(site.url(&unknown))
                    .header(header::ORIGIN, origin);
                assert_eq!(
                    request.send().await.unwrap().status().as_u16(),
                    status,
                    "{kind:?}"
                );
            }
            // A part of an import, larger than what proxies take unasked.
            let request = program
                .post(site.url("api/v1/import"))
                .body(vec![b' '; 3 << 20]);
            let request = request.header(header::CONTENT_TYPE, "application/json");
            assert_eq!(
                request.send().await.unwrap().status().as_u16(),
                400,
                "{kind:?}"
            );
            drop(program);
            site.stop().await;
        }
    }
}

#[tokio::test]
async fn who_comes_without_tls_or_without_the_last_slash_is_led_to_the_page() {
    let fake = Fake::start().await;
    for kind in Kind::ALL {
        let site = Site::start(kind, PLACES[1], &fake, "", &[]).await;
        let program = site.authority.program(site.name, site.address());
        let bare = site.url("").trim_end_matches('/').to_owned();
        let reply = program.get(&bare).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), 308, "{kind:?}");
        let to = reply.headers()[header::LOCATION].to_str().unwrap();
        assert_eq!(reply.url().join(to).unwrap().path(), "/askd/", "{kind:?}");
        // Caddy does this by itself, on a port that no test may take.
        if kind != Kind::Caddy {
            let mut plain = TcpStream::connect(site.proxy.plain).await.unwrap();
            let asked = request("GET", "/c/x?q=1", "").replace("askd.localhost", "ask.example.org");
            let reply = ask(&mut plain, &asked).await;
            assert_eq!(reply.status, 308, "{kind:?}");
            assert_eq!(
                reply.header("location"),
                Some("https://ask.example.org/c/x?q=1")
            );
        }
        drop(program);
        site.stop().await;
    }
}

#[tokio::test]
async fn an_answer_comes_through_each_proxy_as_it_is_written() {
    let fake = Fake::start().await;
    for kind in Kind::ALL {
        for place in PLACES {
            let name = format!("{kind:?} {place:?}");
            let gated = Script::new().sse().role().text("one ").gate(&name);
            fake.always(gated.text("two").finish("stop").done());
            let site = Site::start(kind, place, &fake, "", &[]).await;
            let mut session = site.session(&Browser::default()).await;
            let turn = session.ask_accepted("How?").await;
            let mut answer = Answer::default();
            // The first word is here before there is a second one.
            assert!(!answer.take(&session.expect("chunk").await, turn));
            assert_eq!(answer.text, "one ");
            fake.gate(&name).release();
            while !answer.take(&session.next().await, turn) {}
            assert_eq!(
                (&*answer.text, &*answer.outcome),
                ("one two", "stop"),
                "{name}"
            );
            session.leave(1000).await;
            site.stop().await;
        }
    }
}

#[tokio::test]
async fn a_unix_socket_between_a_proxy_and_askd_does_as_well() {
    let fake = Fake::start().await;
    for (kind, change) in [
        (Kind::Nginx, ("server 127.0.0.1:8080", "server unix:SOCKET")),
        (
            Kind::Caddy,
            ("reverse_proxy 127.0.0.1:8080", "reverse_proxy unix/SOCKET"),
        ),
        (
            Kind::Apache,
            ("http://127.0.0.1:8080/", "unix:SOCKET|http://localhost/"),
        ),
    ] {
        for place in PLACES {
            let site = Site::start(kind, place, &fake, "", &[change]).await;
            let mut session = site.session(&Browser::default()).await;
            let who = site.server.log.lines("peer=unix");
            assert!(
                !who.is_empty(),
                "{kind:?}: {:?}",
                site.server.log.lines("peer=")
            );
            let turn = session.ask("How?").await;
            assert_eq!(session.read(turn).await.outcome, "stop", "{kind:?}");
            session.leave(1000).await;
            site.stop().await;
        }
    }
}

/// nginx's and Apache's patience, 150 s, as 2 s; askd's heartbeat, 20 s, as 1 s: the clock runs faster, and what is
/// shorter stays shorter. Caddy has no such patience to run out.
#[tokio::test]
async fn a_session_outlives_a_silence_longer_than_the_proxys_patience() {
    let fake = Fake::start().await;
    let heartbeat = "[session]\nheartbeat = \"1s\"\n";
    for (kind, times) in [
        (Kind::Nginx, &[("150s", "2s")][..]),
        (Kind::Apache, &[("timeout=150", "timeout=2")]),
    ] {
        let site = Site::start(kind, PLACES[0], &fake, heartbeat, times).await;
        let mut session = site.session(&Browser::default()).await;
        // Four heartbeats, and so four seconds, in which nobody says anything.
        for _ in 0..4 {
            match session.frame().await {
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{kind:?}: a ping should come, not {other:?}"),
            }
        }
        let turn = session.ask("Still there?").await;
        assert_eq!(session.read(turn).await.outcome, "stop", "{kind:?}");
        session.leave(1000).await;
        site.stop().await;
    }
}

#[tokio::test]
async fn without_heartbeats_the_proxy_would_have_ended_the_session() {
    let fake = Fake::start().await;
    let site = Site::start(Kind::Nginx, PLACES[0], &fake, "", &[("150s", "1s")]).await;
    let mut session = site.session(&Browser::default()).await;
    // No goodbye of askd's: the connection is cut.
    assert!(matches!(session.frame().await, None | Some(Err(_))));
    site.stop().await;
}

#[tokio::test]
async fn after_the_proxys_restart_an_answer_goes_on_without_a_lost_or_doubled_byte() {
    let fake = Fake::start().await;
    let leaving = "[session]\non_leave = \"60s\"\n";
    for kind in Kind::ALL {
        let name = format!("restart of {kind:?}");
        let before = Script::new()
            .sse()
            .role()
            .text("a→")
            .text("b🦀")
            .gate(&name);
        fake.always(before.text("c").text("dé").finish("stop").done());
        let mut site = Site::start(kind, PLACES[1], &fake, leaving, &[]).await;
        let browser = Browser::default();
        let mut session = site.session(&browser).await;
        let turn = session.ask_accepted("How?").await;
        let mut answer = Answer::default();
        while answer.text != "a→b🦀" {
            assert!(!answer.take(&session.expect("chunk").await, turn));
        }
        site.proxy.restart().await;
        assert!(
            matches!(session.frame().await, None | Some(Err(_))),
            "{kind:?}"
        );
        let left = site.server.until("left", |counts| counts.sessions == 0);
        left.await;
        // The endpoint writes on meanwhile.
        fake.gate(&name).release();
        let mut session = site.session(&browser).await;
        session.resume(turn, answer.seq).await;
        assert_eq!(session.expect("accepted").await["after"], answer.seq);
        while !answer.take(&session.next().await, turn) {}
        assert_eq!(
            (&*answer.text, &*answer.outcome),
            ("a→b🦀cdé", "stop"),
            "{kind:?}"
        );
        session.leave(1000).await;
        site.stop().await;
    }
}

#[tokio::test]
async fn nginx_that_passes_connections_on_says_whose_they_are_before_tls() {
    let authority = Authority::new();
    let proxied = "[server]\nproxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let server = Server::start(&format!("{proxied}{}", authority.toml("")));
    let proxy = Proxy::pass_on(free_address(), server.address).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.9.9.9:0".parse().unwrap()).unwrap();
    let socket = socket.connect(proxy.address).await.unwrap();
    let from = socket.local_addr().unwrap();
    let socket = authority.over(socket, "localhost", &["http/1.1"]).await;
    let at = format!("wss://localhost:{}/ws", proxy.address.port());
    let session = Client::at(&at, socket, &Browser::default()).await;
    let opened = server.log.lines("session opened");
    assert!(opened[0].contains(&format!("peer={from}")), "{opened:?}");
    session.leave(1000).await;
    server.stop().await;
}
