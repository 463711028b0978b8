//! Who may come in, by each of the three ways, and what ends that.

mod admin;
mod proxied;
mod roles;
mod signing;
mod tokens;

use std::{fmt::Write as _, net::SocketAddr};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use serde_json::{Value, json};

use crate::{
    client::{Browser, Client},
    harness::Server,
    http::{Reply, ask_at},
};

/// The passwords of the tests' users: the name, and this behind it.
const BEHIND: &str = "'s password";

/// The hash of a password, made with as little work as Argon2 allows.
fn hash(password: &str) -> String {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    cheap
        .hash_password(password.as_bytes())
        .unwrap()
        .to_string()
}

/// A configuration in which these sign in; the first is an admin.
pub fn passwords(names: &[&str], rest: &str) -> String {
    let mut toml = format!("[auth]\nmode = \"password\"\nadmins = [\"{}\"]\n", names[0]);
    for name in names {
        let hash = hash(&format!("{name}{BEHIND}"));
        let _ = writeln!(
            toml,
            "[[auth.user]]\nname = \"{name}\"\npassword_hash = \"{hash}\""
        );
    }
    toml + rest
}

/// Somebody who talks to the API, with what makes them known.
#[derive(Clone)]
pub struct Visitor {
    address: SocketAddr,
    /// Header lines that go with each request.
    pub lines: String,
}

impl Visitor {
    /// Nobody.
    fn unknown(server: &Server) -> Self {
        Self {
            address: server.address,
            lines: String::new(),
        }
    }

    /// Somebody whom these header lines make known.
    fn with(server: &Server, lines: &str) -> Self {
        Self {
            address: server.address,
            lines: lines.to_owned(),
        }
    }

    /// A browser of this user's, who has signed in.
    pub async fn signed_in(server: &Server, name: &str) -> Self {
        let reply = Self::unknown(server)
            .try_password(name, &format!("{name}{BEHIND}"))
            .await;
        assert_eq!(reply.status, 204, "{}", text(&reply));
        Self::with(server, &format!("Cookie: {}\r\n", cookie(&reply)))
    }

    async fn try_password(&self, name: &str, password: &str) -> Reply {
        let credentials = json!({ "name": name, "password": password });
        self.post("/sign-in", &credentials).await
    }

    /// Sends a request; the path is below `/api/v1`.
    async fn send(&self, method: &str, path: &str, lines: &str, body: &str) -> Reply {
        self.ask(method, &format!("/api/v1{path}"), lines, body)
            .await
    }

    async fn ask(&self, method: &str, path: &str, lines: &str, body: &str) -> Reply {
        let Self {
            address,
            lines: own,
        } = self;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: askd.localhost\r\n{own}{lines}Content-Length: {length}\r\n\r\n{body}"
        );
        ask_at(*address, &request).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        let kind = "Content-Type: application/json\r\n";
        self.send("POST", path, kind, &body.to_string()).await
    }

    /// What the server takes it for.
    async fn me(&self) -> Value {
        let reply = self.get("/me").await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
        reply.json()
    }

    /// A session of this browser's.
    pub async fn connect(&self, server: &Server) -> Client {
        let cookie = self.lines.trim_start_matches("Cookie: ").trim_end();
        Client::connect(server.address, &Browser::with(cookie)).await
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// The pair of name and value that a reply has the browser keep.
fn cookie(reply: &Reply) -> String {
    let given = reply.header("set-cookie").unwrap();
    given.split(';').next().unwrap().to_owned()
}
