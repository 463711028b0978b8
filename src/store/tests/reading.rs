//! What is read: the model's memory, lists and searches.

use super::*;

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

/// Two exchanges, the older first, and its conversation.
async fn two_exchanges(store: &Store, owner: OwnerId) -> (TurnId, TurnId, ConversationId) {
    let staking = question(owner, None, "What is Staking?");
    let (old, place) = exchange(store, staking, "You lock naïve coins.").await;
    let lending = question(owner, None, "And lending?");
    let (new, _) = exchange(store, lending, "Others use your coins.").await;
    store.settled().await;
    (old, new, place.conversation)
}

/// Where a search finds something.
async fn places(store: &Store, owner: OwnerId, words: &str) -> Vec<(Option<TurnId>, HitField)> {
    let hits = store.search(owner, words.to_owned(), 10).await.unwrap();
    hits.into_iter().map(|hit| (hit.turn, hit.field)).collect()
}

#[tokio::test]
async fn a_search_finds_whole_words_and_the_beginning_of_the_last_and_marks_them() {
    let (store, owner) = (memory(), OwnerId::new());
    let (old, new, _) = two_exchanges(&store, owner).await;
    let both = [(Some(new), HitField::Answer), (Some(old), HitField::Answer)];
    assert_eq!(places(&store, owner, "COIN").await, both);
    assert_eq!(places(&store, owner, "coin your").await, []);
    assert_eq!(places(&store, owner, "naive").await, [both[1]]);
    assert_eq!(
        places(&store, owner, "stak").await,
        [(None, HitField::Title), (Some(old), HitField::Question)]
    );
    let fragment = |text: &str, marked| Fragment {
        text: text.to_owned(),
        marked,
    };
    let hits = store.search(owner, "lock".to_owned(), 10).await.unwrap();
    assert_eq!(
        hits[0].excerpt,
        [
            fragment("You ", false),
            fragment("lock", true),
            fragment(" naïve coins.", false)
        ]
    );
}

#[tokio::test]
async fn a_search_finds_chinese_and_japanese_within_a_run() {
    let (store, owner) = (memory(), OwnerId::new());
    let new = question(owner, None, "日本語のGPU性能は?");
    let (turn, _) = exchange(&store, new, "東京の天気は晴れです。").await;
    store.settled().await;
    let both = [(None, HitField::Title), (Some(turn), HitField::Question)];
    let answer = [(Some(turn), HitField::Answer)];
    for (words, expected) in [
        ("本語", &both[..]),
        ("日本語", &both),
        ("gpu 性能", &both),
        ("日語", &[]),
        ("天気", &answer),
        ("天", &answer),
        ("晴れで", &answer),
    ] {
        assert_eq!(places(&store, owner, words).await, expected, "{words}");
    }
    let hits = store.search(owner, "天気".to_owned(), 10).await.unwrap();
    let excerpt: Vec<_> = hits[0]
        .excerpt
        .iter()
        .map(|f| (f.text.as_str(), f.marked))
        .collect();
    assert_eq!(
        excerpt,
        [("東京の", false), ("天気", true), ("は晴れです。", false)]
    );
    sound(&store).await;
}

#[tokio::test]
async fn a_search_bears_whatever_a_person_types() {
    let (store, owner) = (memory(), OwnerId::new());
    two_exchanges(&store, owner).await;
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
        let found = store.search(owner, hostile.to_owned(), 10).await;
        assert!(found.is_ok(), "{hostile}: {found:?}");
    }
}

#[tokio::test]
async fn a_search_follows_what_is_renamed_deleted_and_restored() {
    let (store, owner) = (memory(), OwnerId::new());
    let (old, new, conversation) = two_exchanges(&store, owner).await;
    let title = "Earning".to_owned();
    store.rename(owner, conversation, title).await.unwrap();
    assert_eq!(
        places(&store, owner, "earning").await,
        [(None, HitField::Title)]
    );
    assert_eq!(
        places(&store, owner, "stak").await,
        [(Some(old), HitField::Question)]
    );
    let both = [(Some(new), HitField::Answer), (Some(old), HitField::Answer)];
    store.delete(owner, conversation).await.unwrap();
    assert_eq!(places(&store, owner, "coins").await, both[..1]);
    store.restore(owner, conversation).await.unwrap();
    assert_eq!(places(&store, owner, "coins").await, both);
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

/// A store, a turn behind another in it, and what removes both from elsewhere.
async fn vanishing(
    directory: &tempfile::TempDir,
    owner: OwnerId,
) -> (Store, TurnId, impl FnMut() + Send + use<>) {
    let store = Store::open(file(directory)).unwrap();
    let (_, place) = exchange(&store, question(owner, None, "q1"), "a1").await;
    let next = question(owner, Some(place.conversation), "q2");
    let (turn, _) = exchange(&store, next, "a2").await;
    store.settled().await;
    let path = directory.path().join("askd.db");
    let remove = move || {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch("DELETE FROM turn; DELETE FROM conversation")
            .unwrap();
    };
    (store, turn, remove)
}

#[tokio::test]
async fn a_history_is_whole_though_it_leaves_while_it_is_read() {
    let (directory, owner) = (tempfile::tempdir().unwrap(), OwnerId::new());
    let (store, turn, mut remove) = vanishing(&directory, owner).await;
    let history = store.history(owner, Some(turn), move |_| {
        remove();
        true
    });
    assert_eq!(history.await.unwrap().len(), 2);
    let history = store.history(owner, Some(turn), |_| true).await;
    assert_eq!(history, Ok(vec![]));
    assert_eq!(*store.health().borrow(), Health::Good);
}

#[tokio::test]
async fn a_turn_is_found_whole_though_it_leaves_while_it_is_read() {
    use rusqlite::hooks::{AuthAction, Authorization};

    let (directory, owner) = (tempfile::tempdir().unwrap(), OwnerId::new());
    let (store, turn, remove) = vanishing(&directory, owner).await;
    let remove = Mutex::new(remove);
    let found = store.read(move |_, held| {
        let mut db = held.location.reader()?;
        // The second of the two queries is about to be prepared.
        db.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
            if let AuthAction::Read {
                column_name: "marks",
                ..
            } = context.action
            {
                remove.lock().unwrap()();
            }
            Authorization::Allow
        }))?;
        read::find(&db, held, owner, turn)
    });
    let found = found.await.unwrap().unwrap();
    assert_eq!(found.answer.as_deref(), Some(&said("a2")));
    assert_eq!(store.find(owner, turn).await, Ok(None));
}

#[tokio::test]
async fn a_conversation_is_read_in_parts_that_do_not_grow_with_it() {
    let (store, owner) = (memory(), OwnerId::new());
    let mut long = exported(&store, 40, &"word ".repeat(4_000)).await;
    long.turns[7].answer = "x".repeat(1 << 20);
    store.import(owner, vec![long.clone()]).await.unwrap();
    let (begun, mut rest) = store.begin(owner, long.id).await.unwrap().unwrap();
    let mut parts = vec![begun.turns];
    while let Some(further) = rest {
        // What is asked meanwhile is not in what was begun before.
        exchange(&store, question(owner, Some(long.id), "q"), "a").await;
        let (turns, left) = store.go_on(further).await.unwrap();
        parts.push(turns);
        rest = left;
    }
    assert_eq!(parts.len(), 10, "four answers of 20 kB a part");
    for part in &parts {
        let (_, but_last) = part.split_last().unwrap();
        let bytes: usize = but_last.iter().map(|turn| turn.answer.len()).sum();
        assert!(bytes < 64 << 10, "{bytes}");
    }
    let ids = |turns: &[Turn]| turns.iter().map(|turn| turn.id).collect::<Vec<_>>();
    assert_eq!(ids(&parts.concat()), ids(&long.turns));
}

#[tokio::test]
async fn what_is_removed_while_it_is_read_is_never_read_to_an_end() {
    let (store, owner) = (memory(), OwnerId::new());
    let long = exported(&store, 40, &"word ".repeat(4_000)).await;
    store.import(owner, vec![long.clone()]).await.unwrap();
    let (_, rest) = store.begin(owner, long.id).await.unwrap().unwrap();
    let rest = rest.unwrap();
    // What may still be restored is still there.
    store.delete(owner, long.id).await.unwrap();
    assert!(store.go_on(rest).await.unwrap().1.is_some());
    beyond_recall(&store, long.id).await;
    // Another one takes its place, and its rows too.
    let mut other = long.clone();
    for turn in &mut other.turns {
        turn.id = turn_id();
    }
    let imported = store.import(owner, vec![other]).await.unwrap();
    assert_eq!(imported.imported, 1);
    let gone = store.go_on(rest).await.unwrap_err();
    assert_eq!(gone, StoreError::UnknownConversation);
}
