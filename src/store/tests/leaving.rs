//! What leaves the store, when, and in which steps.

use super::*;

#[tokio::test]
async fn what_was_deleted_goes_for_good_after_ten_minutes() {
    let (store, owner) = (memory(), OwnerId::new());
    let (turn, Place { conversation, .. }) =
        exchange(&store, question(owner, None, "q word"), "a").await;
    store.settled().await;
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
    store.settled().await;
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
    store.settled().await;
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
        store.settled().await;
        last = Some(exchange(&store, question(owner, None, "q"), &text).await.0);
    }
    store.settled().await;
    store.close().await;
    let path = directory.path().join("askd.db");
    assert!(std::fs::metadata(&path).unwrap().len() > 2 * bound);

    let store = Store::open(bounded).unwrap();
    let again = question(owner, None, "again");
    store.ask(again).await.unwrap();
    store.sweep().await;
    assert!(store.find(owner, last.unwrap()).await.unwrap().is_some());
    assert_eq!(store.find(owner, still).await, Ok(None));
    let kept = store.export(owner).await.unwrap().len();
    assert!((10..60).contains(&kept), "{kept}");
    sound(&store).await;
    store.close().await;
    assert!(std::fs::metadata(&path).unwrap().len() < bound + (1 << 20));
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
        store.settled().await;
    }
    store.settled().await;
    let used = store.write(|db| Ok(keep::used(db)?)).await.unwrap();
    assert!(used < (2 << 20) + (200 << 10), "{used}");
    assert!(store.export(owner).await.unwrap().len() > 5);
}

#[tokio::test]
async fn a_bound_is_kept_to_while_much_is_written() {
    let bound = 4 << 20;
    let store = Store::open(config::Store {
        max_size: bound,
        ..config(StorePath::Memory)
    })
    .unwrap();
    let text = "lorem ipsum dolor ".repeat(1500);
    let writing = async || {
        let owner = OwnerId::new();
        for _ in 0..40 {
            let new = question(owner, None, "q");
            let turn = new.turn;
            store.ask(new).await.unwrap();
            let ended = Arc::new(said(&text));
            store.finish(owner, turn, ended).written().await;
        }
    };
    let mut most = 0;
    let watching = async {
        loop {
            let used = store.write(|db| Ok(keep::used(db)?)).await.unwrap();
            most = most.max(used);
        }
    };
    tokio::select! {
        _ = futures_util::future::join_all((0..8).map(|_| writing())) => {}
        () = watching => {}
    }
    assert!((bound..bound + bound / 4).contains(&most), "{most}");
    sound(&store).await;
}

#[tokio::test]
async fn room_is_made_by_the_one_who_keeps_most() {
    let store = Store::open(config::Store {
        max_size: 2 << 20,
        ..config(StorePath::Memory)
    })
    .unwrap();
    let (modest, greedy) = (OwnerId::new(), OwnerId::new());
    let (old, _) = exchange(&store, question(modest, None, "q"), "an old answer").await;
    store.settled().await;
    let text = "lorem ipsum dolor ".repeat(2000);
    let mut last = old;
    for _ in 0..100 {
        (last, _) = exchange(&store, question(greedy, None, "q"), &text).await;
        store.settled().await;
    }
    store.sweep().await;
    assert!(store.export(greedy).await.unwrap().len() < 60);
    assert!(store.find(modest, old).await.unwrap().is_some());
    assert!(store.find(greedy, last).await.unwrap().is_some());
    sound(&store).await;
}

/// The turns that are left after each step of a sweep for all that is old.
async fn leave(store: &Store, watched: ConversationId, owner: OwnerId) -> Vec<i64> {
    let sweep = keep::Sweep {
        now: now() + 1000,
        oldest: now() + 999,
        bound: None,
    };
    let mut left = vec![rows(store).await];
    while store.write(move |db| keep::sweep(db, sweep)).await.unwrap() {
        left.push(rows(store).await);
        let shown = store.conversation(owner, watched).await.unwrap();
        assert!(shown.is_none(), "{left:?}");
    }
    assert_eq!(left.last(), Some(&0));
    sound(store).await;
    left
}

#[tokio::test]
async fn a_long_conversation_leaves_in_parts_and_is_hidden_from_the_first_on() {
    let (store, owner) = (memory(), OwnerId::new());
    let long = exported(&store, 600, "a word").await;
    let id = long.id;
    store.import(owner, vec![long]).await.unwrap();
    let left = leave(&store, id, owner).await;
    let steps = left.windows(2).map(|two| two[0] - two[1]);
    assert!(steps.max() <= Some(256), "{left:?}");
}

#[tokio::test]
async fn a_conversation_of_long_texts_leaves_in_smaller_parts() {
    let (store, owner) = (memory(), OwnerId::new());
    let large = exported(&store, 20, &"a word ".repeat(12 << 10)).await;
    let id = large.id;
    store.import(owner, vec![large]).await.unwrap();
    let left = leave(&store, id, owner).await;
    let steps = left.windows(2).map(|two| two[0] - two[1]);
    assert!(steps.max() <= Some(2), "{left:?}");
}
