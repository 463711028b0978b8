//! Signing in and out with a password.

use serde_json::json;
use tempfile::TempDir;

use super::{Visitor, cookie, hash, passwords, text};
use crate::{
    harness::{Server, soon},
    http::{ask_at, request},
};

#[tokio::test]
async fn whoever_knows_the_password_is_let_in_and_nobody_else_is() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let nobody = Visitor::unknown(&server);
    for (name, password) in [
        ("ada", "bob's password"),
        ("ada", "Ada's password"),
        ("ada", ""),
        ("Ada", "ada's password"),
        ("eve", "eve's password"),
        ("", ""),
    ] {
        let reply = nobody.try_password(name, password).await;
        assert_eq!(reply.status, 401, "{name}");
        assert_eq!(reply.json()["error"]["code"], "wrong_password");
        assert_eq!(reply.header("set-cookie"), None);
    }
    let ada = Visitor::signed_in(&server, "ada").await;
    assert_eq!(
        ada.me().await,
        json!({ "name": "ada", "role": "admin", "sign_in": "password", "before": 0 })
    );
    let bob = Visitor::signed_in(&server, "bob").await;
    assert_eq!(bob.me().await["role"], "user");
    server.stop().await;
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_no_script_and_over_tls_for_this_host() {
    for (rest, start, end) in [
        ("", "askd_session=", "Max-Age=2592000"),
        (
            "[server]\npublic_url = \"https://askd.localhost\"\n",
            "__Host-askd_session=",
            "Secure; Path=/; Max-Age=2592000",
        ),
    ] {
        let server = Server::start(&passwords(&["ada"], rest));
        let reply = Visitor::unknown(&server)
            .try_password("ada", "ada's password")
            .await;
        let given = reply.header("set-cookie").unwrap();
        assert!(given.starts_with(start), "{given}");
        assert!(given.ends_with(end), "{given}");
        assert!(given.contains("HttpOnly; SameSite=Lax"), "{given}");
        assert!(!given.contains("Domain"), "{given}");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_page_itself_is_shown_to_those_who_have_signed_in() {
    let server = Server::start(&passwords(
        &["ada"],
        "[page]\nwelcome = \"For us alone\"\ntitle = \"Our askd\"\n",
    ));
    let (nobody, ada) = (
        Visitor::unknown(&server),
        Visitor::signed_in(&server, "ada").await,
    );
    for path in ["/", "/c/018f0000-0000-7000-8000-000000000000"] {
        let shut = nobody.ask("GET", path, "", "").await;
        assert_eq!(shut.status, 401, "{path}");
        assert_eq!(shut.header("cache-control"), Some("no-store"));
        assert!(text(&shut).contains("<title>Our askd</title>"));
        assert!(!text(&shut).contains("For us alone"), "{path}");
        let open = ada.ask("GET", path, "", "").await;
        assert_eq!(open.status, 200, "{path}");
        assert!(text(&open).contains("For us alone"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_sessions_of_that_browser_and_no_other() {
    let server = Server::start(&passwords(&["ada"], ""));
    let (here, there) = (
        Visitor::signed_in(&server, "ada").await,
        Visitor::signed_in(&server, "ada").await,
    );
    let (mut first, mut second) = (here.connect(&server).await, here.connect(&server).await);
    let mut other = there.connect(&server).await;
    let reply = here.post("/sign-out", &json!({})).await;
    assert_eq!(reply.status, 204);
    assert!(reply.header("set-cookie").unwrap().contains("Max-Age=0"));
    for session in [&mut first, &mut second] {
        assert_eq!(soon("closed", session.closed()).await, 1008);
    }
    other.ping().await;
    assert_eq!(here.get("/me").await.status, 401);
    assert_eq!(there.get("/me").await.status, 200);
    drop(other);
    server.stop().await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_of_a_users_sessions_and_nobody_elses() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let (here, there) = (
        Visitor::signed_in(&server, "ada").await,
        Visitor::signed_in(&server, "ada").await,
    );
    let bob = Visitor::signed_in(&server, "bob").await;
    let (mut first, mut second) = (here.connect(&server).await, there.connect(&server).await);
    let mut bobs = bob.connect(&server).await;
    let reply = here.post("/sign-out", &json!({ "everywhere": true })).await;
    assert_eq!(reply.status, 204);
    assert_eq!(soon("closed", first.closed()).await, 1008);
    assert_eq!(soon("closed", second.closed()).await, 1008);
    bobs.ping().await;
    assert_eq!(there.get("/me").await.status, 401);
    assert_eq!(bob.get("/me").await.status, 200);
    drop(bobs);
    server.stop().await;
}

#[tokio::test]
async fn a_sign_in_outlives_a_restart_and_ends_with_another_password() {
    let directory = TempDir::new().unwrap();
    let store = format!("[store]\npath = {:?}\n", directory.path().join("askd.db"));
    let toml = passwords(&["ada", "bob"], &store);
    let server = Server::start(&toml);
    let (ada, bob) = (
        Visitor::signed_in(&server, "ada").await,
        Visitor::signed_in(&server, "bob").await,
    );
    let gone = Visitor::signed_in(&server, "bob").await;
    assert_eq!(gone.post("/sign-out", &json!({})).await.status, 204);
    let server = server.restart(|| Server::start(&toml)).await;
    let at = |visitor: &Visitor, server: &Server| Visitor::with(server, &visitor.lines);
    for (visitor, status) in [(&ada, 200), (&bob, 200), (&gone, 401)] {
        assert_eq!(at(visitor, &server).get("/me").await.status, status);
    }
    // Bob's line is the second one with a hash.
    let (before, _) = toml.rsplit_once("password_hash").unwrap();
    let changed = format!(
        "{before}password_hash = \"{}\"\n{store}",
        hash("another password")
    );
    let server = server.restart(|| Server::start(&changed)).await;
    assert_eq!(at(&ada, &server).get("/me").await.status, 200);
    assert_eq!(at(&bob, &server).get("/me").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn wrong_passwords_are_answered_more_and_more_slowly_and_right_ones_then_too() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let nobody = Visitor::unknown(&server);
    for _ in 0..5 {
        assert_eq!(nobody.try_password("ada", "wrong").await.status, 401);
    }
    for password in ["wrong", "ada's password"] {
        let reply = nobody.try_password("ada", password).await;
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(text(&reply).contains("in 1 second."), "{}", text(&reply));
    }
    assert_eq!(
        nobody.try_password("bob", "bob's password").await.status,
        204
    );
    server.stop().await;
}

#[tokio::test]
async fn where_somebody_has_signed_in_wrong_passwords_tell_no_names_apart() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    Visitor::signed_in(&server, "ada").await;
    let nobody = Visitor::unknown(&server);
    // Each name has its free ones at any address; 20 are free for an address.
    for name in ["ada", "bob", "eve"] {
        for _ in 0..6 {
            assert_eq!(
                nobody.try_password(name, "wrong").await.status,
                401,
                "{name}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn who_signs_in_where_another_was_ends_that_sign_in() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let bob = Visitor::signed_in(&server, "bob").await;
    let credentials = json!({ "name": "ada", "password": "ada's password" });
    assert_eq!(bob.post("/sign-in", &credentials).await.status, 204);
    assert_eq!(bob.get("/me").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_wrong_and_not_remembered() {
    let server = Server::start(&passwords(&["ada"], ""));
    let nobody = Visitor::unknown(&server);
    let long = "a".repeat(201);
    // Of a name that is remembered some are answered with a wait.
    for _ in 0..30 {
        let reply = nobody.try_password(&long, "wrong").await;
        assert_eq!(reply.json()["error"]["code"], "wrong_password");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_signs_nobody_in_or_out() {
    let server = Server::start(&passwords(&["ada"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    let (kind, foreign) = (
        "Content-Type: application/json\r\n",
        "Origin: https://evil.example\r\n",
    );
    let credentials = json!({ "name": "ada", "password": "ada's password" }).to_string();
    for (path, body) in [
        ("/sign-in", credentials.as_str()),
        ("/sign-out", "{}"),
        ("/tokens", "{\"name\":\"mine\"}"),
    ] {
        let reply = ada
            .send("POST", path, &format!("{kind}{foreign}"), body)
            .await;
        assert_eq!(reply.status, 403, "{path}");
        assert_eq!(reply.header("set-cookie"), None, "{path}");
        // A form can send no other kind without being asked for it.
        let reply = ada
            .send("POST", path, "Content-Type: text/plain\r\n", body)
            .await;
        assert_eq!(reply.status, 415, "{path}");
    }
    assert_eq!(ada.get("/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn of_two_users_cookies_neither_is_believed() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let nobody = Visitor::unknown(&server);
    let mut cookies = Vec::new();
    for name in ["ada", "bob"] {
        let reply = nobody
            .try_password(name, &format!("{name}'s password"))
            .await;
        cookies.push(cookie(&reply));
    }
    let both = format!("Cookie: {}\r\n", cookies.join("; "));
    assert_eq!(Visitor::with(&server, &both).get("/me").await.status, 401);
    let once = format!("Cookie: {0}; {0}\r\n", cookies[0]);
    assert_eq!(Visitor::with(&server, &once).get("/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn without_a_sign_in_there_is_none_to_make_or_end() {
    let server = Server::start("");
    let anybody = Visitor::unknown(&server);
    let reply = anybody.try_password("ada", "ada's password").await;
    assert_eq!(reply.status, 404);
    assert_eq!(anybody.post("/sign-out", &json!({})).await.status, 404);
    assert_eq!(
        anybody.me().await,
        json!({ "name": null, "role": "user", "sign_in": "none", "before": 0 })
    );
    let page = ask_at(server.address, &request("GET", "/", "")).await;
    assert_eq!(page.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn the_log_says_who_signed_in_and_no_password_and_no_secret() {
    let server = Server::start(&passwords(&["ada"], ""));
    let nobody = Visitor::unknown(&server);
    nobody.try_password("my password by mistake", "ada").await;
    let reply = nobody.try_password("ada", "ada's password").await;
    let secret = cookie(&reply).split_once('=').unwrap().1.to_owned();
    assert_eq!(server.log.lines("signed in user=\"ada\"").len(), 1);
    assert_eq!(server.log.lines("a sign-in was refused").len(), 1);
    for hidden in ["password by mistake", "ada's password", secret.as_str()] {
        assert_eq!(server.log.lines(hidden), [""; 0], "{hidden}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_a_browser_had_before_can_be_taken_over_by_whoever_signs_in_there() {
    let directory = TempDir::new().unwrap();
    let store = format!("[store]\npath = {:?}\n", directory.path().join("askd.db"));
    let server = Server::start(&store);
    let mut session = server.connect().await;
    let turn = session.ask_accepted("What is staking?").await;
    session.read(turn).await;
    drop(session);
    let before = server.browser.cookie().await.unwrap();
    let toml = passwords(&["ada", "bob"], &store);
    let server = server.restart(|| Server::start(&toml)).await;
    let (ada, bob) = (
        Visitor::signed_in(&server, "ada").await,
        Visitor::signed_in(&server, "bob").await,
    );
    let there = |visitor: &Visitor| {
        let both = format!("{}; {before}\r\n", visitor.lines.trim_end());
        Visitor::with(&server, &both)
    };
    assert_eq!(ada.me().await["before"], 0);
    assert_eq!(there(&ada).me().await["before"], 1);
    let forged = before.replace('=', "=x");
    let lines = format!("{}; {forged}\r\n", bob.lines.trim_end());
    let forger = Visitor::with(&server, &lines);
    let reply = forger.post("/take-over", &json!({})).await;
    assert_eq!(reply.json(), json!({ "taken": 0 }));
    let reply = there(&ada).post("/take-over", &json!({})).await;
    assert_eq!(reply.json(), json!({ "taken": 1 }));
    let listed = ada.get("/conversations").await.json();
    assert_eq!(listed["conversations"][0]["title"], "What is staking?");
    let reply = there(&bob).post("/take-over", &json!({})).await;
    assert_eq!(reply.json(), json!({ "taken": 0 }));
    assert_eq!(
        there(&bob).get("/conversations").await.json()["conversations"],
        json!([])
    );
    server.stop().await;
}
