//! Exports that are taken in again.

use std::pin::{Pin, pin};

use super::*;

#[tokio::test]
async fn an_import_leaves_a_deleted_conversation_alone_while_its_answer_runs() {
    let (store, owner) = (memory(), OwnerId::new());
    let new = question(owner, None, "q");
    let turn = new.turn;
    let id = store.ask(new).await.unwrap().conversation;
    let exported = store.conversation(owner, id).await.unwrap().unwrap();
    store.delete(owner, id).await.unwrap();
    let imported = store.import(owner, vec![exported]).await.unwrap();
    assert_eq!((imported.imported, imported.skipped), (1, 0));
    store
        .finish(owner, turn, Arc::new(said("a")))
        .written()
        .await;
    store.restore(owner, id).await.unwrap();
    let conversation = store.conversation(owner, id).await.unwrap().unwrap();
    let turns: Vec<_> = conversation.turns.iter().collect();
    assert_eq!((turns.len(), turns[0].outcome), (1, Some(Outcome::Stop)));
}

/// A conversation of three turns, the last beside the second.
async fn branched(store: &Store, owner: OwnerId) -> Conversation {
    let (first, place) = exchange(store, question(owner, None, "q1"), "a1 and more").await;
    let there = Some(place.conversation);
    exchange(store, question(owner, there, "q2"), "a2").await;
    let beside = NewTurn {
        parent: Parent::Turn(first),
        ..question(owner, there, "q3")
    };
    exchange(store, beside, "a3").await;
    store.settled().await;
    let found = store.conversation(owner, place.conversation).await;
    found.unwrap().unwrap()
}

/// Which turn each one follows.
fn parents(conversation: &Conversation) -> Vec<Option<usize>> {
    let place = |id| conversation.turns.iter().position(|turn| turn.id == id);
    let turns = conversation.turns.iter();
    turns.map(|turn| turn.parent.and_then(place)).collect()
}

#[tokio::test]
async fn what_was_exported_comes_back_the_same() {
    let (store, owner, other) = (memory(), OwnerId::new(), OwnerId::new());
    let original = branched(&store, owner).await;
    let json = serde_json::to_string(&[&original]).unwrap();
    let exported: Vec<Conversation> = serde_json::from_str(&json).unwrap();
    let again = store.import(owner, exported.clone()).await.unwrap();
    assert_eq!((again.imported, again.skipped), (0, 1));

    let elsewhere = memory();
    elsewhere.import(other, exported).await.unwrap();
    let copy = elsewhere.conversation(other, original.id).await;
    let plain = |mut conversation: Conversation| {
        for turn in &mut conversation.turns {
            turn.seq = Seq::START;
        }
        conversation
    };
    assert_eq!(plain(copy.unwrap().unwrap()), plain(original.clone()));

    let mut broken = original;
    broken.turns.reverse();
    assert_eq!(
        store.import(other, vec![broken]).await,
        Err(StoreError::UnknownParent)
    );
}

#[tokio::test]
async fn what_was_exported_is_kept_beside_the_original_too() {
    let (store, owner, other) = (memory(), OwnerId::new(), OwnerId::new());
    let original = branched(&store, owner).await;
    let beside = store.import(other, vec![original.clone()]).await.unwrap();
    assert_eq!((beside.imported, beside.skipped), (1, 0));
    let copy = store.conversation(other, original.id).await;
    let copy = copy.unwrap().unwrap();
    assert_eq!(parents(&copy), parents(&original));
    assert_eq!(parents(&copy), [None, Some(0), Some(0)]);
    let hits = store.search(other, "more".to_owned(), 9).await.unwrap();
    assert_eq!(hits.len(), 1);
    sound(&store).await;
}

/// Lets an import go on by one slice at the most: it does nothing unless it is polled.
async fn step<T>(import: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    tokio::select! {
        biased;
        done = import => Some(done),
        () = std::future::ready(()) => None,
    }
}

/// Lets an import go on until some of it is in; gives the number of its turns.
async fn half_in<T>(
    store: &Store,
    before: i64,
    mut import: Pin<&mut impl Future<Output = T>>,
) -> i64 {
    loop {
        assert!(step(import.as_mut()).await.is_none(), "it is whole");
        let some = rows(store).await - before;
        if some > 0 {
            return some;
        }
    }
}

/// Nothing of what is being taken in is to be seen.
async fn unseen(store: &Store, owner: OwnerId, long: &Conversation) {
    assert_eq!(store.export(owner).await, Ok(vec![]));
    assert_eq!(store.conversation(owner, long.id).await, Ok(None));
    assert_eq!(store.find(owner, long.turns[0].id).await, Ok(None));
    assert_eq!(store.search(owner, "word".to_owned(), 9).await, Ok(vec![]));
    let list = store.list(owner, None, 9).await.unwrap();
    assert_eq!(list.conversations, []);
}

#[tokio::test]
async fn others_get_their_turn_while_a_long_conversation_is_taken_in_unseen() {
    let (store, owner) = (memory(), OwnerId::new());
    let long = exported(&store, 1000, "a word").await;
    let before = rows(&store).await;
    let mut import = pin!(store.import(owner, vec![long.clone()]));
    let mut seen = vec![0];
    let imported = loop {
        if let Some(imported) = step(import.as_mut()).await {
            break imported;
        }
        seen.push(rows(&store).await - before);
        if seen.last() < Some(&1000) {
            unseen(&store, owner, &long).await;
        }
    };
    assert_eq!(imported.unwrap().imported, 1);
    let slices = seen.windows(2).map(|two| two[1] - two[0]);
    assert!(slices.max() == Some(256), "{seen:?}");
    let kept = store.conversation(owner, long.id).await.unwrap().unwrap();
    let ids = |conversation: &Conversation| -> Vec<_> {
        conversation.turns.iter().map(|turn| turn.id).collect()
    };
    assert_eq!(ids(&kept), ids(&long));
    sound(&store).await;
}

#[tokio::test]
async fn an_import_that_ends_in_the_middle_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(file(&directory)).unwrap();
    let owner = OwnerId::new();
    let long = exported(&store, 1000, "a word").await;
    let before = rows(&store).await;
    {
        let import = pin!(store.import(owner, vec![long.clone()]));
        assert!(half_in(&store, before, import).await < 1000);
    }
    unseen(&store, owner, &long).await;
    store.close().await;

    let store = Store::open(file(&directory)).unwrap();
    unseen(&store, owner, &long).await;
    let again = store.import(owner, vec![long.clone()]).await.unwrap();
    assert_eq!(again.imported, 1);
    let sweep = keep::Sweep {
        now: now() + write::RESTORABLE + 1000,
        oldest: 0,
        bound: None,
    };
    while store.write(move |db| keep::sweep(db, sweep)).await.unwrap() {}
    assert_eq!(rows(&store).await, 1000);
    let kept = store.conversation(owner, long.id).await.unwrap().unwrap();
    assert_eq!(kept.turns.len(), 1000);
    sound(&store).await;
}

#[tokio::test]
async fn an_import_stands_beside_a_deleted_conversation_that_can_still_be_restored() {
    let (store, owner) = (memory(), OwnerId::new());
    let (_, place) = exchange(&store, question(owner, None, "old"), "a").await;
    let id = place.conversation;
    store.settled().await;
    let older = store.conversation(owner, id).await.unwrap().unwrap();
    exchange(&store, question(owner, Some(id), "newer words"), "b").await;
    store.delete(owner, id).await.unwrap();
    let imported = store.import(owner, vec![older]).await.unwrap();
    assert_eq!((imported.imported, imported.skipped), (1, 0));
    assert_eq!(store.restore(owner, id).await.unwrap().turns, 2);
    let listed = store.list(owner, None, 9).await.unwrap().conversations;
    let turns: Vec<_> = listed.iter().map(|head| head.turns).collect();
    assert_eq!(turns.len(), 2);
    assert_eq!(turns.iter().sum::<u64>(), 3);
    sound(&store).await;
}

#[tokio::test]
async fn an_import_takes_the_place_of_a_conversation_that_is_deleted_for_good_whole() {
    let (store, owner) = (memory(), OwnerId::new());
    let long = exported(&store, 600, "a word").await;
    let before = rows(&store).await;
    store.import(owner, vec![long.clone()]).await.unwrap();
    store.delete(owner, long.id).await.unwrap();
    beyond_recall(&store, long.id).await;
    let again = store.import(owner, vec![long.clone()]).await.unwrap();
    assert_eq!(again.imported, 1);
    let kept = store.conversation(owner, long.id).await.unwrap().unwrap();
    assert_eq!(kept.turns.len(), 600);
    assert_eq!(kept.turns[599].id, long.turns[599].id);
    assert_eq!(rows(&store).await, before + 600);
    sound(&store).await;
}

#[tokio::test]
async fn an_import_gives_way_to_what_began_under_its_id_meanwhile() {
    let (store, owner) = (memory(), OwnerId::new());
    let long = exported(&store, 1000, "a word").await;
    let before = rows(&store).await;
    let mut import = pin!(store.import(owner, vec![long.clone()]));
    half_in(&store, before, import.as_mut()).await;
    let new = question(owner, Some(long.id), "q");
    let place = store.ask(new).await.unwrap();
    assert_eq!(import.await.unwrap().skipped, 1);
    let kept = store.conversation(owner, long.id).await.unwrap().unwrap();
    assert_eq!((kept.id, kept.turns.len()), (place.conversation, 1));
    store.sweep().await;
    assert_eq!(rows(&store).await, before + 1);
    sound(&store).await;
}
