//! The page's API: what it does with conversations, and for whom.

mod described;
mod documents;
mod hostile;
mod listing;
mod moving;
mod owners;
mod running;
mod searching;
mod sharing;

use serde_json::{Value, json};
use std::net::SocketAddr;
use uuid::Uuid;

use crate::{
    harness::Server,
    http::{Reply, ask_at},
};

/// A browser: it sends the cookie that it was given.
pub struct Browser {
    address: SocketAddr,
    /// The cookie, `name=value`.
    pub cookie: String,
}

impl Browser {
    /// A new one, with its cookie.
    pub async fn new(server: &Server) -> Self {
        let mut browser = Self {
            address: server.address,
            cookie: String::new(),
        };
        let first = browser.get("/conversations").await;
        let cookie = first.header("set-cookie").expect("a new browser gets one");
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    /// One that sends this cookie, or none.
    pub fn with(server: &Server, cookie: &str) -> Self {
        Self {
            address: server.address,
            cookie: cookie.to_owned(),
        }
    }

    /// Sends a request with further header lines; the path is below `/api/v1`.
    pub async fn send(&self, method: &str, path: &str, lines: &str, body: &str) -> Reply {
        let mut request = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: askd.localhost\r\n");
        if !self.cookie.is_empty() {
            request.push_str(&format!("Cookie: {}\r\n", self.cookie));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        ask_at(self.address, &format!("{request}{lines}\r\n{body}")).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "").await
    }

    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        let kind = "Content-Type: application/json\r\n";
        self.send(method, path, kind, &body.to_string()).await
    }

    /// What a GET says that is to succeed.
    pub async fn read(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", text(&reply));
        reply.json()
    }

    /// Imports conversations, all of them new.
    pub async fn has(&self, conversations: &[Value]) {
        let file = json!({ "askd": 1, "conversations": conversations });
        let reply = self.json("POST", "/import", &file).await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
        let expected = json!({ "imported": conversations.len(), "skipped": 0, "expired": 0 });
        assert_eq!(reply.json(), expected);
    }

    /// Waits until the index has this document.
    pub async fn shows(&self, path: &str) {
        while self.get(&format!("/document?path={path}")).await.status == 404 {
            tokio::task::yield_now().await;
        }
    }

    /// The titles in the list's first part.
    pub async fn titles(&self) -> Vec<String> {
        let list = self.read("/conversations").await;
        let heads = list["conversations"].as_array().unwrap().iter();
        heads
            .map(|head| head["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A reply's body as text.
pub fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

/// The code of an error that is one as the API has them.
pub fn code(reply: &Reply) -> String {
    let error = reply.json();
    let message = error["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.len() > 10 && message.ends_with('.') && !message.contains('\n'),
        "a sentence: {error}"
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    error["error"]["code"].as_str().unwrap().to_owned()
}

/// A time of the past for the nth thing that happens.
pub fn time(n: u64) -> u64 {
    1_700_000_000_000 + n * 1000
}

/// A conversation of these questions and answers, each following the one before, last touched at `time(n)`.
pub fn conversation(n: u64, title: &str, turns: &[(&str, &str)]) -> Value {
    let ids: Vec<_> = turns.iter().map(|_| Uuid::new_v4()).collect();
    let turns = turns.iter().enumerate().map(|(at, (question, answer))| {
        json!({
            "id": ids[at],
            "parent": at.checked_sub(1).map(|before| ids[before]),
            "question": question,
            "asked": time(n),
            "endpoint": "local",
            "model": "m",
            "answer": answer,
            "outcome": "stop",
            "timing": { "first_chunk_ms": 5, "total_ms": 9 },
        })
    });
    json!({
        "id": Uuid::now_v7(),
        "title": title,
        "created": time(n),
        "updated": time(n),
        "turns": turns.collect::<Vec<_>>(),
    })
}

/// A conversation's id.
pub fn id(conversation: &Value) -> &str {
    conversation["id"].as_str().unwrap()
}
