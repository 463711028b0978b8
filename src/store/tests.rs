use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    answer::{Channel, End, ErrorCode, Fault, Outcome, Source, Timing, Usage},
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
                heading: None,
                excerpt: "e".to_owned(),
                score,
            }
        });
    let sources = proptest::option::of(proptest::collection::vec(source, 1..4));
    let fault = proptest::option::of((".{0,20}", proptest::option::of(0u64..1 << 40)));
    let usage = proptest::option::of((0u64..1 << 40, 0u64..1 << 40));
    let times = (proptest::option::of(0u64..1 << 40), 0u64..1 << 40);
    (sources, pieces, fault, usage, times).prop_map(|(sources, pieces, fault, usage, times)| {
        let mut answer = Answer::default();
        if let Some(sources) = sources {
            answer.push_sources(sources).unwrap();
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
    let timing = Timing {
        first_chunk_ms: Some(1),
        total_ms: 2,
    };
    let end = End {
        outcome: Outcome::Stop,
        cause: None,
        usage: None,
        timing,
    };
    answer.push_end(end).unwrap();
    answer
}

fn config(path: StorePath) -> config::Store {
    config::Store {
        path,
        synchronous: Synchronous::Normal,
        retention: None,
        max_size: 0,
    }
}

fn memory() -> Store {
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
    let turn = new.turn;
    let place = store.ask(new).await.unwrap();
    store.finish(turn, Arc::new(said(answer)));
    (turn, place)
}

/// Whatever was handed over before is on the disk after this.
async fn settled(store: &Store) {
    while !store.0.shared.is_settled() {
        store.write(|_| Ok(())).await.unwrap();
    }
}

#[tokio::test]
async fn the_history_follows_the_branch_and_stops_at_the_budget() {
    let (store, owner) = (memory(), OwnerId::new());
    let (first, place) = exchange(&store, question(owner, None, "q1"), "a1").await;
    let there = Some(place.conversation);
    exchange(&store, question(owner, there, "q2"), "a2").await;
    let again = NewTurn {
        parent: Parent::Turn(first),
        ..question(owner, there, "q2 again")
    };
    let (beside, at) = exchange(&store, again, "a2 again").await;
    assert_eq!(at.parent, Some(first));

    let all = store.history(owner, Some(beside), |_| true).await.unwrap();
    let texts: Vec<_> = all
        .iter()
        .map(|e| (e.question.as_str(), e.answer.as_str()))
        .collect();
    assert_eq!(texts, [("q2 again", "a2 again"), ("q1", "a1")]);
    let some = store
        .history(owner, Some(beside), |e| e.question != "q1")
        .await;
    assert_eq!(some.unwrap().len(), 1);
    assert_eq!(store.history(owner, None, |_| true).await.unwrap(), []);
    assert_eq!(
        store
            .history(OwnerId::new(), Some(beside), |_| true)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_parent_must_be_in_the_conversation_and_an_id_serves_once() {
    let (store, owner) = (memory(), OwnerId::new());
    let new = question(owner, None, "q");
    let place = store.ask(new.clone()).await.unwrap();
    let stray = |conversation| NewTurn {
        parent: Parent::Turn(turn_id()),
        ..question(owner, conversation, "q")
    };
    assert_eq!(
        store.ask(stray(Some(place.conversation))).await,
        Err(StoreError::UnknownParent)
    );
    assert_eq!(
        store.ask(stray(None)).await,
        Err(StoreError::UnknownConversation)
    );
    assert_eq!(store.ask(new.clone()).await, Err(StoreError::Taken));
    let anothers = NewTurn {
        owner: OwnerId::new(),
        ..new
    };
    assert_eq!(store.ask(anothers).await, Err(StoreError::Taken));
    assert_eq!(
        store
            .list(owner, None, 10)
            .await
            .unwrap()
            .conversations
            .len(),
        1
    );
}

#[tokio::test]
async fn nothing_of_one_owner_is_there_for_another() {
    let (store, owner, other) = (memory(), OwnerId::new(), OwnerId::new());
    let (turn, Place { conversation, .. }) = exchange(
        &store,
        question(owner, None, "secret word"),
        "secret answer",
    )
    .await;
    settled(&store).await;
    assert_eq!(store.find(other, turn).await, Ok(None));
    assert_eq!(store.conversation(other, conversation).await, Ok(None));
    assert_eq!(store.list(other, None, 10).await.unwrap().conversations, []);
    assert_eq!(store.export(other).await, Ok(vec![]));
    assert_eq!(
        store.search(other, "secret".to_owned(), 10).await,
        Ok(vec![])
    );
    let unknown = Err(StoreError::UnknownConversation);
    assert_eq!(
        store
            .rename(other, conversation, "mine".to_owned())
            .await
            .map(drop),
        unknown
    );
    assert_eq!(store.delete(other, conversation).await, unknown);
    store.delete(owner, conversation).await.unwrap();
    assert_eq!(store.restore(other, conversation).await.map(drop), unknown);
    store.restore(owner, conversation).await.unwrap();
    // The same id under another owner is another conversation.
    let stray = NewTurn {
        parent: Parent::Turn(turn),
        ..question(other, Some(conversation), "q")
    };
    assert_eq!(store.ask(stray).await, Err(StoreError::UnknownConversation));
    store
        .ask(question(other, Some(conversation), "q"))
        .await
        .unwrap();
    assert_eq!(
        store
            .conversation(owner, conversation)
            .await
            .unwrap()
            .unwrap()
            .turns
            .len(),
        1
    );
}

#[tokio::test]
async fn the_first_end_counts_and_a_later_one_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let owner = OwnerId::new();
    let store = Store::open(file(&directory)).unwrap();
    let (turn, _) = exchange(&store, question(owner, None, "q"), "first").await;
    store.finish(turn, Arc::new(said("second")));
    settled(&store).await;
    store.finish(turn, Arc::new(said("third")));
    settled(&store).await;
    store.close().await;
    let store = Store::open(file(&directory)).unwrap();
    let found = store.find(owner, turn).await.unwrap().unwrap();
    assert_eq!(found.answer.as_deref(), Some(&said("first")));
}

#[tokio::test]
async fn a_receipt_tells_when_the_end_is_on_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(file(&directory)).unwrap();
    let new = question(OwnerId::new(), None, "q");
    let turn = new.turn;
    store.ask(new).await.unwrap();
    store.finish(turn, Arc::new(said("a"))).written().await;
    let db = rusqlite::Connection::open(directory.path().join("askd.db")).unwrap();
    let ended = "SELECT outcome FROM turn WHERE id = ?1";
    let outcome: String = db.query_row(ended, [turn.0], |row| row.get(0)).unwrap();
    assert_eq!(outcome, "stop");
}

#[tokio::test]
async fn an_answer_is_found_at_once_and_a_running_one_has_what_was_saved() {
    let (store, owner) = (memory(), OwnerId::new());
    let new = question(owner, None, "q");
    let turn = new.turn;
    let place = store.ask(new).await.unwrap();
    let whole = said("one two three");
    let mut some = Answer::default();
    some.push_text(Channel::Reasoning, "hm").unwrap();
    some.push_text(Channel::Answer, "one ").unwrap();
    store.save(turn, some.since(Seq::START).unwrap());
    settled(&store).await;
    let running = store
        .conversation(owner, place.conversation)
        .await
        .unwrap()
        .unwrap();
    let turns = &running.turns;
    assert_eq!(
        (turns[0].running, turns[0].seq, turns[0].answer.as_str()),
        (true, Seq(2), "one ")
    );
    assert!(store.list(owner, None, 1).await.unwrap().conversations[0].running);
    assert_eq!(store.find(owner, turn).await.unwrap().unwrap().answer, None);

    store.finish(turn, Arc::new(whole.clone()));
    let found = store.find(owner, turn).await.unwrap().unwrap();
    assert_eq!(found.answer.as_deref(), Some(&whole));
    settled(&store).await;
    let found = store.find(owner, turn).await.unwrap().unwrap();
    assert_eq!(
        (found.place, found.answer.as_deref()),
        (place, Some(&whole))
    );
}

#[tokio::test]
async fn pages_of_the_list_have_each_conversation_once_also_while_new_ones_come() {
    let (store, owner) = (memory(), OwnerId::new());
    let mut asked = Vec::new();
    for n in 0..25 {
        // Several of the same moment.
        let new = NewTurn {
            asked_at: 1000 + n / 4,
            ..question(owner, None, "q")
        };
        asked.push(store.ask(new).await.unwrap().conversation);
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.list(owner, before, 7).await.unwrap();
        seen.extend(page.conversations.iter().map(|head| head.id));
        let Some(next) = page.next else { break };
        before = Some(next.to_string().parse().unwrap());
        store.ask(question(owner, None, "new")).await.unwrap();
    }
    asked.reverse();
    assert_eq!(seen, asked);
    assert!("x".parse::<ListCursor>().is_err() && "1-2-3".parse::<ListCursor>().is_err());
}

#[tokio::test]
async fn a_search_finds_whole_words_and_the_beginning_of_the_last_and_marks_them() {
    let (store, owner) = (memory(), OwnerId::new());
    let (old, place) = exchange(
        &store,
        question(owner, None, "What is Staking?"),
        "You lock naïve coins.",
    )
    .await;
    let (new, _) = exchange(
        &store,
        question(owner, None, "And lending?"),
        "Others use your coins.",
    )
    .await;
    settled(&store).await;
    let find = async |words: &str| -> Vec<_> {
        let hits = store.search(owner, words.to_owned(), 10).await.unwrap();
        hits.into_iter()
            .map(|hit| (hit.turn, hit.field, hit.excerpt))
            .collect()
    };
    let turns = |hits: Vec<(Option<TurnId>, HitField, _)>| {
        hits.into_iter()
            .map(|hit| (hit.0, hit.1))
            .collect::<Vec<_>>()
    };
    let both = [(Some(new), HitField::Answer), (Some(old), HitField::Answer)];
    assert_eq!(turns(find("COIN").await), both);
    assert_eq!(turns(find("coin your").await), []);
    assert_eq!(turns(find("naive").await), [both[1]]);
    assert_eq!(
        turns(find("stak").await),
        [(None, HitField::Title), (Some(old), HitField::Question)]
    );
    for hostile in [
        "\"",
        "a OR",
        "NEAR(",
        "coins*",
        "owner : x",
        "-",
        "(",
        "{a} : b",
        "\0",
        "o\u{e000}",
    ] {
        find(hostile).await;
    }
    let fragment = |text: &str, marked| Fragment {
        text: text.to_owned(),
        marked,
    };
    let excerpt = &find("lock").await[0].2;
    assert_eq!(
        excerpt,
        &[
            fragment("You ", false),
            fragment("lock", true),
            fragment(" naïve coins.", false)
        ]
    );

    store
        .rename(owner, place.conversation, "Earning".to_owned())
        .await
        .unwrap();
    assert_eq!(turns(find("earning").await), [(None, HitField::Title)]);
    assert_eq!(turns(find("stak").await), [(Some(old), HitField::Question)]);
    store.delete(owner, place.conversation).await.unwrap();
    assert_eq!(turns(find("coins").await), [both[0]]);
    store.restore(owner, place.conversation).await.unwrap();
    assert_eq!(turns(find("coins").await), both);
}

#[tokio::test]
async fn what_was_deleted_goes_for_good_after_ten_minutes() {
    let (store, owner) = (memory(), OwnerId::new());
    let (turn, Place { conversation, .. }) =
        exchange(&store, question(owner, None, "q word"), "a").await;
    settled(&store).await;
    let before = now() - 10 * 60 * 1000;
    store
        .write(move |db| write::delete(db, owner, conversation, before + 5000))
        .await
        .unwrap();
    store.sweep().await;
    store.restore(owner, conversation).await.unwrap();
    store
        .write(move |db| write::delete(db, owner, conversation, before))
        .await
        .unwrap();
    assert_eq!(
        store.restore(owner, conversation).await.map(drop),
        Err(StoreError::UnknownConversation)
    );
    assert_eq!(store.find(owner, turn).await, Ok(None));
    store.sweep().await;
    let rows = store
        .write(|db| Ok(db.query_row("SELECT count(*) FROM turn", [], |row| row.get::<_, i64>(0))?))
        .await;
    assert_eq!(rows, Ok(0));
    sound(&store).await;
}

/// The file is whole, and the search's index says what the texts say.
async fn sound(store: &Store) {
    let checked = store.write(|db| {
        let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        assert_eq!(whole, "ok");
        let ended = "SELECT (SELECT count(*) FROM turn WHERE outcome IS NOT NULL) - (SELECT count(*) FROM search_docsize)";
        assert_eq!(db.query_row(ended, [], |row| row.get::<_, i64>(0))?, 0);
        db.execute("INSERT INTO search (search) VALUES ('integrity-check')", [])?;
        db.execute("INSERT INTO search_title (search_title) VALUES ('integrity-check')", [])?;
        Ok(())
    });
    checked.await.unwrap();
}

#[tokio::test]
async fn what_is_older_than_the_retention_goes_and_a_running_turn_stays() {
    let retention = Some(Duration::from_secs(60));
    let store = Store::open(config::Store {
        retention,
        ..config(StorePath::Memory)
    })
    .unwrap();
    let owner = OwnerId::new();
    let long_ago = now() - 61_000;
    let old = NewTurn {
        asked_at: long_ago,
        ..question(owner, None, "old")
    };
    let running = NewTurn {
        asked_at: long_ago,
        ..question(owner, None, "runs")
    };
    let (old, still) = (old, running.turn);
    store.ask(running).await.unwrap();
    let (gone, place) = exchange(&store, old, "a").await;
    settled(&store).await;
    store
        .write(move |db| {
            Ok(db.execute(
                "UPDATE conversation SET updated = ?1",
                [write::time(long_ago)],
            )?)
        })
        .await
        .unwrap();
    let (new, _) = exchange(&store, question(owner, None, "new"), "a").await;
    settled(&store).await;
    store.sweep().await;
    assert_eq!(
        store.conversation(owner, place.conversation).await,
        Ok(None)
    );
    assert_eq!(store.find(owner, gone).await, Ok(None));
    assert!(store.find(owner, still).await.unwrap().is_some());
    assert!(store.find(owner, new).await.unwrap().is_some());
    sound(&store).await;
}

#[tokio::test]
async fn beyond_its_size_what_is_untouched_for_longest_goes_and_the_file_shrinks() {
    let directory = tempfile::tempdir().unwrap();
    let bound = 2 << 20;
    let unbounded = file(&directory);
    let bounded = config::Store {
        max_size: bound,
        ..unbounded.clone()
    };
    let owner = OwnerId::new();
    let store = Store::open(unbounded).unwrap();
    let text = "lorem ipsum dolor ".repeat(2000);
    let running = question(owner, None, "runs");
    let still = running.turn;
    store.ask(running).await.unwrap();
    let mut last = None;
    for _ in 0..100 {
        settled(&store).await;
        last = Some(exchange(&store, question(owner, None, "q"), &text).await.0);
    }
    settled(&store).await;
    store.close().await;
    let path = directory.path().join("askd.db");
    assert!(std::fs::metadata(&path).unwrap().len() > 2 * bound);

    let store = Store::open(bounded).unwrap();
    let again = question(owner, None, "again");
    store.ask(again).await.unwrap();
    store.sweep().await;
    assert!(store.find(owner, last.unwrap()).await.unwrap().is_some());
    let kept = store.export(owner).await.unwrap().len();
    assert!((10..60).contains(&kept), "{kept}");
    sound(&store).await;
    store.close().await;
    assert!(std::fs::metadata(&path).unwrap().len() < bound + (1 << 20));
    let _ = still;
}

#[tokio::test]
async fn memory_is_bounded_between_the_sweeps_too() {
    let store = Store::open(config::Store {
        max_size: 2 << 20,
        ..config(StorePath::Memory)
    })
    .unwrap();
    let owner = OwnerId::new();
    let text = "lorem ipsum dolor ".repeat(2000);
    for _ in 0..100 {
        exchange(&store, question(owner, None, "q"), &text).await;
        settled(&store).await;
    }
    settled(&store).await;
    let used = store.write(|db| Ok(keep::used(db)?)).await.unwrap();
    assert!(used < (2 << 20) + (200 << 10), "{used}");
    assert!(store.export(owner).await.unwrap().len() > 5);
}

#[tokio::test]
async fn an_import_leaves_a_deleted_conversation_alone_while_its_answer_runs() {
    let (store, owner) = (memory(), OwnerId::new());
    let new = question(owner, None, "q");
    let turn = new.turn;
    let id = store.ask(new).await.unwrap().conversation;
    let exported = store.conversation(owner, id).await.unwrap().unwrap();
    store.delete(owner, id).await.unwrap();
    let imported = store.import(owner, vec![exported]).await.unwrap();
    assert_eq!((imported.imported, imported.skipped), (0, 1));
    store.finish(turn, Arc::new(said("a"))).written().await;
    store.restore(owner, id).await.unwrap();
    let conversation = store.conversation(owner, id).await.unwrap().unwrap();
    let turns: Vec<_> = conversation.turns.iter().collect();
    assert_eq!((turns.len(), turns[0].outcome), (1, Some(Outcome::Stop)));
}

#[tokio::test]
async fn a_read_that_panics_takes_no_reader_along() {
    let store = memory();
    for _ in 0..3 {
        let broken = store.read(|_, _| -> Result<(), fault::Failure> { panic!("a fault") });
        assert!(broken.await.is_err());
    }
    assert!(store.export(OwnerId::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_conversation_leaves_in_parts_and_is_hidden_from_the_first_on() {
    let store = memory();
    let owner = OwnerId::new();
    let (_, place) = exchange(&store, question(owner, None, "q"), "a word").await;
    settled(&store).await;
    let id = place.conversation;
    let mut long = store.conversation(owner, id).await.unwrap().unwrap();
    long.id = ConversationId(Uuid::now_v7());
    long.turns = vec![long.turns[0].clone(); 600];
    for turn in &mut long.turns {
        turn.id = turn_id();
    }
    let long_id = long.id;
    store.import(owner, vec![long]).await.unwrap();
    let sweep = keep::Sweep {
        now: now() + 1000,
        retention: Some(1),
        bound: None,
    };
    let turns = "SELECT count(*) FROM turn";
    let mut left = vec![];
    while store.write(move |db| keep::sweep(db, sweep)).await.unwrap() {
        let counted =
            store.write(move |db| Ok(db.query_row(turns, [], |row| row.get::<_, i64>(0))?));
        left.push(counted.await.unwrap());
        let shown = store.conversation(owner, long_id).await.unwrap();
        assert!(shown.is_none() || left == [600], "{left:?}");
    }
    assert!(
        left.windows(2).all(|two| two[0] - two[1] <= 256),
        "{left:?}"
    );
    assert_eq!(left.last(), Some(&0));
    sound(&store).await;
}

#[tokio::test]
async fn what_was_exported_comes_back_the_same_also_beside_the_original() {
    let (store, owner, other) = (memory(), OwnerId::new(), OwnerId::new());
    let (first, place) = exchange(&store, question(owner, None, "q1"), "a1 and more").await;
    let there = Some(place.conversation);
    exchange(&store, question(owner, there, "q2"), "a2").await;
    exchange(
        &store,
        NewTurn {
            parent: Parent::Turn(first),
            ..question(owner, there, "q3")
        },
        "a3",
    )
    .await;
    settled(&store).await;
    let original = store
        .conversation(owner, place.conversation)
        .await
        .unwrap()
        .unwrap();
    let json = serde_json::to_string(&[&original]).unwrap();
    let exported: Vec<Conversation> = serde_json::from_str(&json).unwrap();

    let again = store.import(owner, exported.clone()).await.unwrap();
    assert_eq!(
        again,
        Imported {
            imported: 0,
            skipped: 1
        }
    );
    let elsewhere = memory();
    elsewhere.import(other, exported.clone()).await.unwrap();
    let copy = elsewhere
        .conversation(other, place.conversation)
        .await
        .unwrap()
        .unwrap();
    let plain = |mut conversation: Conversation| {
        for turn in &mut conversation.turns {
            turn.seq = Seq::START;
        }
        conversation
    };
    assert_eq!(plain(copy), plain(original.clone()));

    let beside = store.import(other, exported).await.unwrap();
    assert_eq!(
        beside,
        Imported {
            imported: 1,
            skipped: 0
        }
    );
    let copy = store
        .conversation(other, place.conversation)
        .await
        .unwrap()
        .unwrap();
    let parents = |conversation: &Conversation| -> Vec<_> {
        let place = |id| conversation.turns.iter().position(|turn| turn.id == id);
        conversation
            .turns
            .iter()
            .map(|turn| turn.parent.and_then(place))
            .collect()
    };
    assert_eq!(parents(&copy), parents(&original));
    assert_eq!(parents(&copy), [None, Some(0), Some(0)]);
    assert_eq!(
        store
            .search(other, "more".to_owned(), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    sound(&store).await;

    let mut broken = original;
    broken.turns.reverse();
    assert_eq!(
        store.import(other, vec![broken]).await,
        Err(StoreError::UnknownParent)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_answer_read_from_the_disk_is_the_same_log_and_a_crash_keeps_whole_events(
        log in any_answer(), saves in proptest::collection::vec(1u64..20, 0..6)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let owner = OwnerId::new();
            let store = Store::open(file(&directory)).unwrap();
            let (ended, crashed) = (question(owner, None, "q"), question(owner, None, "q"));
            let (ended_id, crashed_id) = (ended.turn, crashed.turn);
            store.ask(ended).await.unwrap();
            store.ask(crashed).await.unwrap();
            let mut at = Seq::START;
            for many in saves {
                // What has come by now.
                let mut so_far = Answer::default();
                for part in log.parts(Seq::START).take(usize::try_from(at.0 + many).unwrap()) {
                    match part {
                        crate::answer::Part::Text(channel, text) => so_far.push_text(channel, text).unwrap(),
                        crate::answer::Part::Sources(sources) => so_far.push_sources(sources.to_vec()).unwrap(),
                        _ => break,
                    };
                }
                let Some(piece) = so_far.since(at) else { break };
                at = piece.last();
                store.save(ended_id, piece.clone());
                store.save(crashed_id, piece);
            }
            store.finish(ended_id, Arc::new(log.clone()));
            settled(&store).await;
            store.close().await;

            let store = Store::open(file(&directory)).unwrap();
            let found = store.find(owner, ended_id).await.unwrap().unwrap().answer.unwrap();
            prop_assert_eq!(&*found, &log);
            let found = store.find(owner, crashed_id).await.unwrap().unwrap().answer.unwrap();
            prop_assert_eq!(found.head(), Seq(at.0 + 1));
            prop_assert_eq!(found.end().unwrap().outcome, Outcome::Interrupted);
            let kept = usize::try_from(at.0).unwrap();
            for (one, other) in found.parts(Seq::START).zip(log.parts(Seq::START)).take(kept) {
                prop_assert_eq!(one, other);
            }
            sound(&store).await;
            store.close().await;
            Ok(())
        })?;
    }
}
