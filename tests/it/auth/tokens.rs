//! Tokens: what programs show.

use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, connect_async,
    tungstenite::{Error, client::IntoClientRequest},
};

use super::{Visitor, passwords, text};
use crate::{
    client::Client,
    harness::{Server, soon},
};

async fn token(visitor: &Visitor, name: &str) -> (String, String) {
    let reply = visitor.post("/tokens", &json!({ "name": name })).await;
    assert_eq!(reply.status, 201, "{}", text(&reply));
    let made = reply.json();
    let field = |name: &str| made[name].as_str().unwrap().to_owned();
    (field("id"), field("secret"))
}

fn program(server: &Server, secret: &str) -> Visitor {
    Visitor::with(server, &format!("Authorization: Bearer {secret}\r\n"))
}

/// A session of a program that shows this token.
async fn opened(server: &Server, secret: &str) -> Client<MaybeTlsStream<TcpStream>> {
    opened_by(server, "authorization", &format!("Bearer {secret}")).await
}

/// A session of whom this header makes known.
async fn opened_by(
    server: &Server,
    header: &'static str,
    value: &str,
) -> Client<MaybeTlsStream<TcpStream>> {
    let mut asked = format!("ws://{}/ws", server.address)
        .into_client_request()
        .unwrap();
    asked.headers_mut().insert(header, value.parse().unwrap());
    let (socket, _) = connect_async(asked).await.unwrap();
    let mut session = Client {
        socket,
        status: json!(null),
    };
    session.expect("status").await;
    session
}

#[tokio::test]
async fn a_program_has_no_sign_in_to_end_and_keeps_its_token() {
    let server = Server::start(&passwords(&["ada"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    let (_, secret) = token(&ada, "script").await;
    let script = program(&server, &secret);
    let reply = script.post("/sign-out", &json!({})).await;
    assert_eq!(reply.status, 400, "{}", text(&reply));
    assert!(text(&reply).contains("/api/v1/tokens"), "{}", text(&reply));
    assert_eq!(script.me().await["name"], "ada");
    server.stop().await;
}

#[tokio::test]
async fn an_admin_takes_all_of_a_users_tokens_back_also_where_a_proxy_signs_in() {
    let file = TempDir::new().unwrap();
    let audit = file.path().join("audit.jsonl");
    let by_proxy = format!(
        "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n\
         [auth]\nmode = \"header\"\nadmins = [\"ada\"]\naudit = {audit:?}\n"
    );
    let server = Server::start(&by_proxy);
    let [ada, bob] =
        ["ada", "bob"].map(|name| Visitor::with(&server, &format!("Remote-User: {name}\r\n")));
    let (_, leaked) = token(&bob, "leaked").await;
    let (_, hers) = token(&ada, "hers").await;
    let mut session = opened(&server, &leaked).await;
    let mut by_word = opened_by(&server, "remote-user", "bob").await;
    let reply = ada.post("/admin/sign-out", &json!({ "name": "bob" })).await;
    assert_eq!(reply.json(), json!({ "sign_ins": 0, "tokens": 1 }));
    assert_eq!(soon("closed", session.closed()).await, 1008);
    assert_eq!(soon("closed", by_word.closed()).await, 1008);
    assert_eq!(program(&server, &leaked).get("/me").await.status, 401);
    assert_eq!(program(&server, &hers).get("/me").await.status, 200);
    // Whom the proxy names comes in as before.
    assert_eq!(bob.me().await["name"], "bob");
    server.stop().await;
    let written = std::fs::read_to_string(audit).unwrap();
    let last = written.lines().last().unwrap();
    for part in [
        r#""act":"user_signed_out""#,
        r#""of":"bob""#,
        r#""tokens":1"#,
    ] {
        assert!(last.contains(part), "{last}");
    }
}

#[tokio::test]
async fn a_token_opens_what_its_user_may_until_it_is_taken_back() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let bob = Visitor::signed_in(&server, "bob").await;
    let (id, secret) = token(&bob, " my script\n").await;
    let program = program(&server, &secret);
    assert_eq!(program.me().await["name"], "bob");
    let listed = bob.get("/tokens").await.json();
    assert_eq!(listed["tokens"][0]["name"], "my script");
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains(&secret), "it is shown once");

    let mut session = opened(&server, &secret).await;
    assert_eq!(
        bob.send("DELETE", &format!("/tokens/{id}"), "", "")
            .await
            .status,
        204
    );
    assert_eq!(soon("closed", session.closed()).await, 1008);
    assert_eq!(program.get("/me").await.status, 401);
    assert_eq!(bob.get("/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_token_outlives_restarts_and_signing_out_everywhere() {
    let directory = TempDir::new().unwrap();
    let store = format!("[store]\npath = {:?}\n", directory.path().join("askd.db"));
    let toml = passwords(&["ada"], &store);
    let server = Server::start(&toml);
    let ada = Visitor::signed_in(&server, "ada").await;
    let (_, secret) = token(&ada, "script").await;
    let out = ada.post("/sign-out", &json!({ "everywhere": true })).await;
    assert_eq!(out.status, 204);
    let server = server.restart(|| Server::start(&toml)).await;
    assert_eq!(program(&server, &secret).get("/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_cookie_is_no_token_and_a_token_no_cookie() {
    let server = Server::start(&passwords(&["ada"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    let (_, secret) = token(&ada, "script").await;
    let (_, signed_in) = ada.lines.trim_end().split_once('=').unwrap();
    for lines in [
        format!("Authorization: Bearer {signed_in}\r\n"),
        format!("Authorization: Basic {secret}\r\n"),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Cookie: askd_session={secret}\r\n"),
        // What is shown wrongly is not made good by what is right beside it.
        format!("Authorization: Bearer nonsense\r\n{}", ada.lines),
    ] {
        let reply = Visitor::with(&server, &lines).get("/me").await;
        assert_eq!(reply.status, 401, "{lines}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"askd\"")
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn anothers_token_is_refused_as_one_that_there_is_not() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let (ada, bob) = (
        Visitor::signed_in(&server, "ada").await,
        Visitor::signed_in(&server, "bob").await,
    );
    let (id, secret) = token(&bob, "script").await;
    let there_is_none = uuid::Uuid::new_v4().to_string();
    let mut replies = Vec::new();
    for id in [id.as_str(), &there_is_none, "nonsense"] {
        let reply = ada.send("DELETE", &format!("/tokens/{id}"), "", "").await;
        assert_eq!(reply.status, 404);
        replies.push(text(&reply));
    }
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    assert_eq!(ada.get("/tokens").await.json(), json!({ "tokens": [] }));
    assert_eq!(program(&server, &secret).get("/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_user_has_fifty_tokens_at_the_most() {
    let server = Server::start(&passwords(&["ada"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    for n in 0..50 {
        token(&ada, &format!("script {n}")).await;
    }
    let reply = ada.post("/tokens", &json!({ "name": "one more" })).await;
    assert_eq!(reply.status, 400);
    assert!(text(&reply).contains("50 tokens"), "{}", text(&reply));
    server.stop().await;
}

#[tokio::test]
async fn tokens_that_are_made_at_once_are_no_more_than_fifty() {
    let server = Server::start(&passwords(&["ada"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    let posts = (0..80).map(|n| {
        let ada = ada.clone();
        async move {
            ada.post("/tokens", &json!({ "name": format!("{n}") }))
                .await
                .status
        }
    });
    let told = futures_util::future::join_all(posts).await;
    assert_eq!(told.iter().filter(|status| **status == 201).count(), 50);
    let kept = ada.get("/tokens").await.json();
    assert_eq!(kept["tokens"].as_array().unwrap().len(), 50);
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_has_begun_makes_no_token_for_who_is_shut_out_meanwhile() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    let bob = Visitor::signed_in(&server, "bob").await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nHost: askd.localhost\r\n{}Content-Type: application/json\r\n\
         Content-Length: 14\r\nExpect: 100-continue\r\n\r\n",
        bob.lines
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body once it reads it.
    socket.readable().await.unwrap();
    let mut asked = [0; 64];
    let read = socket.read(&mut asked).await.unwrap();
    assert!(asked[..read].starts_with(b"HTTP/1.1 100"));
    ada.post("/admin/sign-out", &json!({ "name": "bob" })).await;
    // It is refused without it.
    let read = socket.read(&mut asked).await.unwrap();
    assert!(asked[..read].starts_with(b"HTTP/1.1 401"));
    server.stop().await;
}

#[tokio::test]
async fn a_session_is_refused_to_those_who_have_not_signed_in() {
    let server = Server::start(&passwords(&["ada"], ""));
    let refused = connect_async(format!("ws://{}/ws", server.address)).await;
    let Err(Error::Http(response)) = refused else {
        panic!("it was let in");
    };
    assert_eq!(response.status(), 401);
    server.stop().await;
}
