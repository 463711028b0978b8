//! Conversations that last: what is on the disk is as good as what runs, and each browser's is its own.

mod disk;
mod owners;
mod storage;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{fake::Fake, harness::Server};

/// A conversations' file that outlives the servers on it.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> String {
        self.0.path().join("askd.db").to_str().unwrap().to_owned()
    }

    /// A server on it that asks the fake; `endpoint` and `rest` are further lines of its section and of the file.
    fn serve(&self, fake: &Fake, endpoint: &str, rest: &str) -> Server {
        let store = format!("{rest}\n[store]\npath = {:?}", self.path());
        Server::with_fake(fake, endpoint, &store)
    }

    /// Another program that holds the file for itself: nothing is written before this is dropped.
    fn lock(&self) -> Connection {
        let other = Connection::open(self.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    }
}
