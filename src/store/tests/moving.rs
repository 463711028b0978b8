//! Exports that are taken in again.

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
    assert_eq!((imported.imported, imported.skipped), (0, 1));
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
    settled(store).await;
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
