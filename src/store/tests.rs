//! The store from within: what no other part of askd can see of it.

mod leaving;
mod moving;
mod reading;
mod takeover;
mod turns;

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    answer::{Basis, Channel, End, ErrorCode, Fault, Outcome, Source, Timing, Usage},
    config::{StorePath, Synchronous},
    id::Seq,
};

/// A log with all that a log can hold, ended.
pub(super) fn any_answer() -> impl Strategy<Value = Answer> {
    let channel = prop_oneof![3 => Just(Channel::Answer), 1 => Just(Channel::Reasoning)];
    let text = prop_oneof![8 => ".{0,6}", 1 => "[a-zä\u{0}]{100,300}", 1 => Just(String::new())];
    let pieces = proptest::collection::vec((channel, text), 0..60);
    let source =
        ("\\PC{1,9}", proptest::option::of(".{0,9}"), 0f32..1.0).prop_map(|(title, url, score)| {
            Source {
                n: 1,
                title,
                url,
                path: None,
                anchor: None,
                heading: None,
                excerpt: "e".to_owned(),
                score,
            }
        });
    let basis = prop_oneof![
        Just(Basis::Cited),
        Just(Basis::Quoted),
        Just(Basis::Unsearched)
    ];
    let sources = proptest::option::of((basis, proptest::collection::vec(source, 0..4)));
    let fault = proptest::option::of((".{0,20}", proptest::option::of(0u64..1 << 40)));
    let usage = proptest::option::of((0u64..1 << 40, 0u64..1 << 40));
    let times = (proptest::option::of(0u64..1 << 40), 0u64..1 << 40);
    (sources, pieces, fault, usage, times).prop_map(|(sources, pieces, fault, usage, times)| {
        let mut answer = Answer::default();
        if let Some((basis, sources)) = sources {
            answer.push_sources(basis, sources).unwrap();
        }
        for (channel, text) in pieces {
            answer.push_text(channel, &text).unwrap();
        }
        let outcome = if fault.is_some() {
            Outcome::Failed
        } else {
            Outcome::ContentFilter
        };
        if let Some((message, retry_after_ms)) = fault {
            let code = ErrorCode::UpstreamOverloaded;
            answer
                .push_fault(Fault {
                    code,
                    message,
                    retry_after_ms,
                })
                .unwrap();
        }
        let usage = usage.map(|(prompt_tokens, completion_tokens)| Usage {
            prompt_tokens,
            completion_tokens,
        });
        let (first_chunk_ms, total_ms) = times;
        let timing = Timing {
            first_chunk_ms,
            total_ms,
            stopped_us: None,
            first_word_ms: None,
        };
        answer
            .push_end(End {
                outcome,
                cause: None,
                usage,
                timing,
            })
            .unwrap();
        answer
    })
}

/// An answer that says `text` in words.
fn said(text: &str) -> Answer {
    let mut answer = Answer::default();
    answer.push_text(Channel::Reasoning, "hm").unwrap();
    for word in text.split_inclusive(' ') {
        answer.push_text(Channel::Answer, word).unwrap();
    }
    answer.push_end(End::with(Outcome::Stop)).unwrap();
    answer
}

impl Store {
    /// A conversation with all its turns.
    pub(crate) async fn conversation(
        &self,
        owner: OwnerId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let Some((mut conversation, mut rest)) = self.begin(owner, id).await? else {
            return Ok(None);
        };
        while let Some(further) = rest {
            let (turns, left) = self.go_on(further).await?;
            conversation.turns.extend(turns);
            rest = left;
        }
        Ok(Some(conversation))
    }

    /// Holds the writer within a transaction, as a disk does that hangs, until what is returned is dropped.
    pub(crate) async fn hang(&self) -> std::sync::mpsc::Sender<()> {
        self.0.shared.pulse.hurry(Duration::MAX);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let blocks = self.write(move |_| {
            let _ = (begun.send(()), held.recv());
            Ok(())
        });
        tokio::select! {
            biased;
            _ = blocks => panic!("the writer is held"),
            begins = begins => begins.unwrap(),
        }
        release
    }

    /// Lets the patience with a disk that hangs end once somebody waits for it.
    pub(crate) async fn hangs_for_long(&self) {
        while self.0.shared.inbox().jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        self.0.shared.pulse.hurry(Duration::ZERO);
        self.0.shared.pulse.stuck().await;
        self.0.shared.pulse.hurry(Duration::MAX);
    }

    /// Whatever was handed over before is on the disk after this.
    pub(crate) async fn settled(&self) {
        while !self.0.shared.is_settled() {
            self.write(|_| Ok(())).await.unwrap();
        }
    }
}

fn config(path: StorePath) -> config::Store {
    config::Store {
        path,
        synchronous: Synchronous::Normal,
        retention: None,
        max_size: 0,
    }
}

pub(super) fn memory() -> Store {
    Store::open(config(StorePath::Memory)).unwrap()
}

fn file(directory: &tempfile::TempDir) -> config::Store {
    config(StorePath::File(directory.path().join("askd.db")))
}

fn turn_id() -> TurnId {
    TurnId(Uuid::now_v7())
}

fn question(owner: OwnerId, conversation: Option<ConversationId>, text: &str) -> NewTurn {
    NewTurn {
        owner,
        turn: turn_id(),
        conversation,
        parent: Parent::Newest,
        question: text.to_owned(),
        endpoint: "lab".to_owned(),
        model: "small".to_owned(),
        options: Options {
            temperature: Some(0.5),
            max_tokens: None,
        },
        asked_at: now(),
    }
}

/// Asks and answers.
async fn exchange(store: &Store, new: NewTurn, answer: &str) -> (TurnId, Place) {
    let (owner, turn) = (new.owner, new.turn);
    let place = store.ask(new).await.unwrap();
    store.finish(owner, turn, Arc::new(said(answer)));
    (turn, place)
}

/// The rows of all turns.
async fn rows(store: &Store) -> i64 {
    let all = "SELECT count(*) FROM turn";
    let counted = store.write(move |db| Ok(db.query_row(all, [], |row| row.get(0))?));
    counted.await.unwrap()
}

/// A conversation as an export has it.
pub(super) async fn exported(store: &Store, turns: usize, answer: &str) -> Conversation {
    let owner = OwnerId::new();
    let (_, place) = exchange(store, question(owner, None, "q"), answer).await;
    store.settled().await;
    let id = place.conversation;
    let mut long = store.conversation(owner, id).await.unwrap().unwrap();
    store.delete(owner, id).await.unwrap();
    long.id = ConversationId(Uuid::now_v7());
    long.turns = vec![long.turns[0].clone(); turns];
    for turn in &mut long.turns {
        turn.id = turn_id();
    }
    long
}

/// The file is whole, its indices say what the texts say, and the shares are right.
async fn sound(store: &Store) {
    let checked = store.write(|db| {
        let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        assert_eq!(whole, "ok");
        let ended = "SELECT (SELECT count(*) FROM turn WHERE outcome IS NOT NULL) - (SELECT count(*) FROM search_docsize)";
        assert_eq!(db.query_row(ended, [], |row| row.get::<_, i64>(0))?, 0);
        let shares = "SELECT count(*) FROM (SELECT owner, sum(bytes) AS bytes FROM turn GROUP BY owner) AS turns
            FULL JOIN share ON share.owner = turns.owner WHERE share.bytes IS NOT turns.bytes";
        assert_eq!(db.query_row(shares, [], |row| row.get::<_, i64>(0))?, 0);
        db.execute("INSERT INTO search (search) VALUES ('integrity-check')", [])?;
        db.execute("INSERT INTO search_title (search_title) VALUES ('integrity-check')", [])?;
        Ok(())
    });
    checked.await.unwrap();
}

/// Lets the time pass in which a deleted conversation can be restored.
async fn beyond_recall(store: &Store, id: ConversationId) {
    let sql = "UPDATE conversation SET deleted = 1 WHERE id = ?1 AND deleted IS NOT NULL";
    let passed = store.write(move |db| Ok(db.execute(sql, [id.0])?));
    assert_eq!(passed.await.unwrap(), 1);
}
