//! What admins see and do, and that to everybody else there is nothing of it.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Visitor, passwords, text};
use crate::{
    binary::Binary,
    fake::{Fake, Script},
    harness::{PATIENCE, Server},
};

/// Every address for admins, with its method.
const ADDRESSES: [(&str, &str); 6] = [
    ("GET", "/admin/overview"),
    ("GET", "/admin/config"),
    ("GET", "/admin/misses"),
    (
        "POST",
        "/admin/turns/01890000-0000-7000-8000-000000000000/cancel",
    ),
    ("POST", "/admin/sign-out"),
    ("POST", "/admin/reload"),
];

async fn overview(admin: &Visitor) -> Value {
    let reply = admin.get("/admin/overview").await;
    assert_eq!(reply.status, 200, "{}", text(&reply));
    reply.json()
}

fn with_endpoint(fake: &Fake) -> String {
    let url = fake.base_url();
    let endpoint = format!(
        "[[endpoint]]\nname = \"fake\"\nbase_url = \"{url}\"\nmodel = \"m\"\nretries = 0\n"
    );
    passwords(&["ada", "bob"], &endpoint)
}

#[tokio::test]
async fn an_admin_sees_a_running_turn_and_no_letter_of_it_and_stops_it() {
    let fake = Fake::start().await;
    let server = Server::start(&with_endpoint(&fake));
    let ada = Visitor::signed_in(&server, "ada").await;
    let bob = Visitor::signed_in(&server, "bob").await;
    let mut session = bob.connect(&server).await;
    let before = overview(&ada).await;
    assert_eq!(before["sessions"]["total"], 1);
    let seat = &before["sessions"]["list"][0];
    assert_eq!(
        (&seat["user"], &seat["turn"]),
        (&json!("bob"), &Value::Null)
    );
    assert_eq!(before["endpoints"][0]["began"], Value::Null);

    fake.then(Script::in_two());
    let turn = session.ask_accepted("a walnut").await;
    session.expect("chunk").await;
    let now = overview(&ada).await;
    let running = &now["turns"]["list"][0];
    assert_eq!(running["id"], turn.to_string());
    assert_eq!(running["stage"], "writing");
    assert_eq!(running["bytes"], "one, ".len());
    assert_eq!(running["endpoint"], "fake");
    assert_eq!(now["sessions"]["list"][0]["turn"], turn.to_string());
    assert_eq!(now["endpoints"][0]["running"], 1);
    assert!(now["endpoints"][0]["began"].is_u64());
    let all = now.to_string();
    assert!(!all.contains("walnut") && !all.contains("one, "), "{all}");

    let stop = format!("/admin/turns/{turn}/cancel");
    assert_eq!(ada.post(&stop, &json!({})).await.status, 204);
    let answer = session.read(turn).await;
    assert_eq!(answer.outcome, "interrupted");
    assert_eq!(answer.complete["cause"], "admin");
    server.until("at rest", |now| now.turns == 0).await;
    let reply = ada.post(&stop, &json!({})).await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["error"]["code"], "unknown_turn");
    session.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn readiness_has_its_details_for_admins_alone() {
    let fake = Fake::start().await;
    let server = Server::start(&with_endpoint(&fake));
    let ada = Visitor::signed_in(&server, "ada").await;
    let bob = Visitor::signed_in(&server, "bob").await;
    let nobody = Visitor::unknown(&server);
    let session = bob.connect(&server).await;
    let told = ada.ask("GET", "/readyz", "", "").await.json();
    assert_eq!(
        (&told["state"], &told["sessions"]),
        (&json!("ready"), &json!(1))
    );
    assert_eq!(told["endpoints"][0]["name"], "fake");
    assert_eq!(told["store"], json!({ "state": "good" }));
    assert_eq!(
        (&told["turns"], &told["knowledge"]),
        (&json!(0), &Value::Null)
    );
    let told = whole(&bob, "GET", "/readyz").await;
    assert_eq!(told, whole(&nobody, "GET", "/readyz").await);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        told.2,
        json!({ "state": "ready", "server": version }).to_string()
    );
    session.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn an_endpoints_failures_are_counted_until_it_answers_again() {
    let fake = Fake::start().await;
    let server = Server::start(&with_endpoint(&fake));
    let ada = Visitor::signed_in(&server, "ada").await;
    let mut session = ada.connect(&server).await;
    for _ in 0..2 {
        fake.then(Script::refuse(400, "no"));
        let turn = session.ask_accepted("q").await;
        session.read(turn).await;
    }
    let failed = overview(&ada).await["endpoints"][0].clone();
    assert_eq!(failed["failures"], 2);
    assert_eq!(failed["failed"]["code"], "upstream_refused");
    fake.then(Script::answer(&["well"]));
    let turn = session.ask_accepted("q").await;
    session.read(turn).await;
    let well = overview(&ada).await["endpoints"][0].clone();
    assert_eq!(well["failures"], 0);
    assert_eq!(well["failed"]["at"], failed["failed"]["at"]);
    session.leave(1001).await;
    server.stop_expecting(&["turn failed"; 2]).await;
}

/// A reply as it comes, but for the time and what a cookie says.
async fn whole(visitor: &Visitor, method: &str, path: &str) -> (u16, String, String) {
    let kind = "Content-Type: application/json\r\n";
    let reply = visitor.ask(method, path, kind, "{\"name\":\"bob\"}").await;
    let headers = reply.headers().map(|(name, value)| match name {
        "date" | "set-cookie" => name.to_owned(),
        _ => format!("{name}: {value}"),
    });
    let headers: Vec<_> = headers.collect();
    (reply.status, headers.join("\n"), text(&reply))
}

#[tokio::test]
async fn to_everybody_else_an_address_for_admins_is_one_that_there_is_not() {
    let open = Server::start("");
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let visitors = [
        Visitor::unknown(&open),
        Visitor::unknown(&server),
        Visitor::signed_in(&server, "bob").await,
    ];
    for visitor in &visitors {
        for (method, path) in ADDRESSES {
            for method in [method, "HEAD", "GET", "POST", "DELETE", "OPTIONS"] {
                let shown = whole(visitor, method, &format!("/api/v1{path}")).await;
                let nothing = whole(visitor, method, "/api/v1/nonsense").await;
                assert_eq!(shown, nothing, "{method} {path}");
            }
        }
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            let shown = whole(visitor, method, "/admin").await;
            let nothing = whole(visitor, method, "/nonsense").await;
            assert_eq!(shown, nothing, "{method} /admin");
        }
    }
    let ada = Visitor::signed_in(&server, "ada").await;
    for (method, path) in ADDRESSES {
        let shown = whole(&ada, method, &format!("/api/v1{path}")).await;
        let nothing = whole(&ada, method, "/api/v1/nonsense").await;
        assert_ne!(shown, nothing, "{method} {path}");
    }
    server.stop().await;
    open.stop().await;
}

#[tokio::test]
async fn who_asked_is_known_also_when_their_session_has_gone() {
    let fake = Fake::start().await;
    let config = format!("{}[session]\non_leave = \"finish\"\n", with_endpoint(&fake));
    let server = Server::start(&config);
    let ada = Visitor::signed_in(&server, "ada").await;
    let bob = Visitor::signed_in(&server, "bob").await;
    fake.then(Script::in_two());
    let mut session = bob.connect(&server).await;
    session.ask_accepted("q").await;
    session.leave(1001).await;
    server.until("left", |now| now.sessions == 0).await;
    let now = overview(&ada).await;
    assert_eq!(now["sessions"]["total"], 0);
    assert_eq!(now["turns"]["list"][0]["user"], "bob");
    fake.gate("more").release();
    server.until("at rest", |now| now.turns == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn an_admin_ends_a_users_sign_ins_and_the_sessions_that_are_open_by_them() {
    let server = Server::start(&passwords(&["ada", "bob"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    let bob = Visitor::signed_in(&server, "bob").await;
    let mut session = bob.connect(&server).await;
    let reply = ada.post("/admin/sign-out", &json!({ "name": "bob" })).await;
    assert_eq!(reply.json(), json!({ "sign_ins": 1, "tokens": 0 }));
    assert_eq!(session.closed().await, 1008);
    assert_eq!(bob.get("/me").await.status, 401);
    assert_eq!(ada.get("/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn the_questions_that_found_nothing_are_shown_the_newest_first() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("misses.jsonl");
    let lines: String = (0..250)
        .map(|n| format!("{{\"question\":\"q{n}\",\"answer\":\"\"}}\n"))
        .collect();
    fs::write(&file, lines).unwrap();
    let server = Server::start(&passwords(
        &["ada"],
        &format!("[knowledge]\nmisses = {file:?}\n"),
    ));
    let ada = Visitor::signed_in(&server, "ada").await;
    assert_eq!(overview(&ada).await["misses"], "some");
    let misses = ada.get("/admin/misses").await.json();
    assert_eq!(
        (&misses["kept"], &misses["total"]),
        (&json!(true), &json!(250))
    );
    assert_eq!(misses["questions"].as_array().unwrap().len(), 200);
    assert_eq!(misses["questions"][0], "q249");
    // Where there is nothing to read it is said without reading.
    fs::remove_file(&file).unwrap();
    assert_eq!(overview(&ada).await["misses"], "none");
    server.stop().await;
    let server = Server::start(&passwords(&["ada"], ""));
    let ada = Visitor::signed_in(&server, "ada").await;
    assert_eq!(overview(&ada).await["misses"], "unkept");
    server.stop().await;
}

#[tokio::test]
async fn the_configuration_is_shown_without_its_secrets() {
    let fake = Fake::start().await;
    let server = Server::start(
        &with_endpoint(&fake).replace("model = \"m\"", "model = \"m\"\napi_key = \"sk-hush\""),
    );
    let ada = Visitor::signed_in(&server, "ada").await;
    let reply = ada.get("/admin/config").await;
    assert_eq!(reply.header("content-type"), Some("application/toml"));
    let shown = text(&reply);
    assert!(shown.contains("api_key = \"***\""), "{shown}");
    assert!(
        !shown.contains("hush") && !shown.contains("argon2"),
        "{shown}"
    );
    server.stop().await;
}

#[tokio::test]
async fn an_admin_has_the_configuration_read_again_and_is_told_what_came_of_it() {
    let home = TempDir::new().unwrap();
    let audit = home.path().join("audit.jsonl");
    let users = passwords(&["ada"], "[store]\npath = \":memory:\"\n[page]\n");
    let users = users.replacen("[auth]\n", &format!("[auth]\naudit = {audit:?}\n"), 1);
    let toml = |page: &str| format!("{users}{page}\n");
    let askd = Binary::start(&toml("title = \"before\""), &[]).await;
    let nobody = Visitor {
        address: askd.address,
        lines: String::new(),
    };
    let reply = nobody.try_password("ada", "ada's password").await;
    let ada = Visitor {
        lines: format!("Cookie: {}\r\n", super::cookie(&reply)),
        ..nobody
    };
    askd.configure(&toml("title = \"after\""));
    let reloaded = ada.post("/admin/reload", &json!({})).await.json();
    assert_eq!(reloaded["took_effect"], json!(["page.title"]));
    assert_eq!(reloaded["need_restart"], json!([]));
    let shown = text(&ada.get("/admin/config").await);
    assert!(shown.contains("title = \"after\""), "{shown}");
    askd.configure("[page]\ntitle = 7\n");
    let reloaded = ada.post("/admin/reload", &json!({})).await.json();
    assert_eq!(reloaded["took_effect"], json!([]));
    let fault = reloaded["faults"][0].as_str().unwrap();
    assert!(fault.contains("page.title"), "{fault}");
    askd.signal("TERM").await;
    askd.ended(PATIENCE).await;
    let acts: Vec<_> = lines(&audit)
        .iter()
        .map(|line| line["act"].clone())
        .collect();
    assert_eq!(acts, ["sign_in", "reload", "reload"]);
}

fn lines(file: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_audit_says_who_came_in_who_was_refused_and_what_was_done() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("audit.jsonl");
    let users = passwords(&["ada", "bob"], "");
    let server =
        Server::start(&users.replacen("[auth]\n", &format!("[auth]\naudit = {file:?}\n"), 1));
    let nobody = Visitor::unknown(&server);
    nobody.try_password("bob's password", "bob").await;
    nobody.try_password("bob", "wrong").await;
    let bob = Visitor::signed_in(&server, "bob").await;
    let ada = Visitor::signed_in(&server, "ada").await;
    let made = bob.post("/tokens", &json!({ "name": "mine" })).await.json();
    let token = made["id"].as_str().unwrap();
    bob.send("DELETE", &format!("/tokens/{token}"), "", "")
        .await;
    bob.post("/take-over", &json!({})).await;
    ada.post("/admin/sign-out", &json!({ "name": "bob" })).await;
    ada.post("/sign-out", &json!({ "everywhere": true })).await;
    for _ in 0..9 {
        nobody.try_password("bob", "wrong").await;
    }
    server.stop().await;
    let lines = lines(&file);
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["act"].as_str().unwrap(), line["user"].as_str()))
        .collect();
    let (ada, bob) = (Some("ada"), Some("bob"));
    let expected = [
        // What was typed as a name may be a password.
        ("sign_in_refused", None),
        ("sign_in_refused", bob),
        ("sign_in", bob),
        ("sign_in", ada),
        ("token_made", bob),
        ("token_taken_back", bob),
        ("take_over", bob),
        ("user_signed_out", ada),
        ("sign_out", ada),
    ];
    assert_eq!(told[..expected.len()], expected);
    // From where bob has signed in the name does not wait, and the address not yet.
    let rest = &told[expected.len()..];
    assert_eq!(rest, [("sign_in_refused", bob); 9]);
    let is_here = |line: &Value| line["peer"].as_str().unwrap().starts_with("127.0.0.1");
    assert!(lines.iter().all(is_here));
    assert_eq!(lines[7]["of"], "bob");
    assert_eq!(lines[8]["everywhere"], true);
    let all = fs::read_to_string(&file).unwrap();
    assert!(!all.contains("password"), "{all}");
    assert!(!all.contains(made["secret"].as_str().unwrap()), "{all}");
    assert!(Uuid::try_parse(lines[4]["token"].as_str().unwrap()).is_ok());
}
