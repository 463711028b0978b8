//! What the store promises when a process, a disk or a file fails it.

mod backup;
mod faults;
mod files;

use std::{path::Path, sync::Arc};

use askd::{
    answer::{Answer, Channel, End, Outcome, Timing},
    config::{self, StorePath, Synchronous},
    id::{ConversationId, OwnerId, TurnId},
    store::{NewTurn, Options, Parent, Store, now},
};
use uuid::Uuid;

fn config(path: &Path) -> config::Store {
    config::Store {
        path: StorePath::File(path.to_owned()),
        synchronous: Synchronous::Full,
        retention: None,
        max_size: 0,
    }
}

fn question(owner: OwnerId, conversation: Option<ConversationId>, text: &str) -> NewTurn {
    NewTurn {
        owner,
        turn: TurnId(Uuid::now_v7()),
        conversation,
        parent: Parent::Newest,
        question: text.to_owned(),
        endpoint: "lab".to_owned(),
        model: "small".to_owned(),
        options: Options::default(),
        asked_at: now(),
    }
}

/// The first `events` pieces of what every answer here says.
fn text(events: usize) -> Answer {
    let mut answer = Answer::default();
    for n in 0..events {
        let channel = if n % 7 == 0 {
            Channel::Reasoning
        } else {
            Channel::Answer
        };
        answer.push_text(channel, &format!("word {n} ")).unwrap();
    }
    answer
}

fn ended(events: usize) -> Arc<Answer> {
    let mut answer = text(events);
    let timing = Timing {
        first_chunk_ms: None,
        total_ms: 0,
        stopped_us: None,
        first_word_ms: None,
    };
    answer
        .push_end(End {
            outcome: Outcome::Stop,
            cause: None,
            usage: None,
            timing,
        })
        .unwrap();
    Arc::new(answer)
}

/// SQLite's own judgement of a file that nobody uses.
fn integrity(path: &Path) -> String {
    let db = rusqlite::Connection::open(path).unwrap();
    db.query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}

async fn close(store: Store) {
    crate::harness::soon("closed", store.close()).await;
}
