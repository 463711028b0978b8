//! A turn from its question to its one end.

use super::*;

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
    store.settled().await;
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
    store.finish(owner, turn, Arc::new(said("second")));
    store.settled().await;
    store.finish(owner, turn, Arc::new(said("third")));
    store.settled().await;
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
    let (owner, turn) = (new.owner, new.turn);
    store.ask(new).await.unwrap();
    store
        .finish(owner, turn, Arc::new(said("a")))
        .written()
        .await;
    let db = rusqlite::Connection::open(directory.path().join("askd.db")).unwrap();
    let ended = "SELECT outcome FROM turn WHERE id = ?1";
    let outcome: String = db.query_row(ended, [turn.0], |row| row.get(0)).unwrap();
    assert_eq!(outcome, "stop");
}

#[tokio::test]
async fn an_end_waits_for_its_own_question_and_not_for_all_who_ask_meanwhile() {
    const MANY: usize = 300;
    let (store, owner) = (memory(), OwnerId::new());
    let (known, new) = (question(owner, None, "q"), question(owner, None, "q"));
    let (first, second) = (known.turn, new.turn);
    store.ask(known).await.unwrap();
    let (release, held) = std::sync::mpsc::channel();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let blocks = store.write(move |_| {
        let _ = begun.send(());
        held.recv().expect("it is released");
        Ok(())
    });
    let ended = "SELECT outcome IS NOT NULL FROM turn WHERE id = ?1";
    let asks = async {
        begins.await.unwrap();
        let asks = (0..MANY).map(|_| {
            store.write(move |db| Ok(db.query_row(ended, [first.0], |row| row.get::<_, bool>(0))?))
        });
        futures_util::future::join_all(asks).await
    };
    let waiting = || store.0.shared.inbox().jobs.len();
    let last = async {
        while waiting() < MANY {
            tokio::task::yield_now().await;
        }
        {
            let mut asked = std::pin::pin!(store.ask(new));
            while waiting() == MANY {
                tokio::select! {
                    biased;
                    _ = &mut asked => panic!("the writer is held"),
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        for turn in [first, second] {
            drop(store.finish(owner, turn, Arc::new(said("a"))));
        }
        release.send(()).unwrap();
    };
    let (_, seen, ()) = tokio::join!(blocks, asks, last);
    let seen = seen.into_iter().filter(|seen| *seen == Ok(true)).count();
    assert!((1..MANY).contains(&seen), "{seen}");
    store.settled().await;
    sound(&store).await;
    for turn in [first, second] {
        let found = store.find(owner, turn).await.unwrap().unwrap();
        assert_eq!(found.answer.as_deref(), Some(&said("a")));
    }
}

#[tokio::test]
async fn while_the_disk_hangs_nobody_waits_for_it_and_what_was_handed_over_is_done_later() {
    let (store, owner) = (memory(), OwnerId::new());
    let mut health = store.health();
    let release = store.hang().await;
    let new = question(owner, None, "q");
    let turn = new.turn;
    let (asked, ()) = tokio::join!(store.ask(new), store.hangs_for_long());
    assert_eq!(asked, Err(StoreError::Stuck));
    let told = health.wait_for(|health| *health != Health::Good).await;
    let Health::Bad(sentence) = told.unwrap().clone() else {
        panic!("it is bad");
    };
    assert!(
        sentence.contains(":memory:") && sentence.contains("disk"),
        "{sentence}"
    );
    let refused = store.ask(question(owner, None, "q")).await;
    assert_eq!(refused, Err(StoreError::Unavailable(UNAVAILABLE)));
    drop(store.finish(owner, turn, Arc::new(said("a"))));
    let unwritten = |questions, answers, turns| Unwritten {
        questions,
        answers,
        turns,
    };
    assert_eq!(store.unwritten(), unwritten(1, 1, vec![turn]));
    drop(release);
    health
        .wait_for(|health| *health == Health::Good)
        .await
        .unwrap();
    store.settled().await;
    while store.unwritten() != unwritten(0, 0, Vec::new()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(rows(&store).await, 1);
    let found = store.find(owner, turn).await.unwrap().unwrap();
    assert_eq!(found.answer.as_deref(), Some(&said("a")));
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
    store.save(owner, turn, some.since(Seq::START).unwrap());
    store.settled().await;
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

    store.finish(owner, turn, Arc::new(whole.clone()));
    let found = store.find(owner, turn).await.unwrap().unwrap();
    assert_eq!(found.answer.as_deref(), Some(&whole));
    store.settled().await;
    let found = store.find(owner, turn).await.unwrap().unwrap();
    assert_eq!(
        (found.place, found.answer.as_deref()),
        (place, Some(&whole))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_answer_read_from_the_disk_is_the_same_log_and_a_crash_keeps_whole_events(
        log in any_answer(), saves in proptest::collection::vec(1u64..20, 0..6)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
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
                        crate::answer::Part::Sources(basis, sources) => so_far.push_sources(basis, sources.to_vec()).unwrap(),
                        _ => break,
                    };
                }
                let Some(piece) = so_far.since(at) else { break };
                at = piece.last();
                store.save(owner, ended_id, piece.clone());
                store.save(owner, crashed_id, piece);
            }
            store.finish(owner, ended_id, Arc::new(log.clone()));
            store.settled().await;
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

#[tokio::test]
async fn an_id_that_another_owner_has_used_is_as_good_as_any() {
    let (store, mine, other) = (memory(), OwnerId::new(), OwnerId::new());
    let new = question(mine, None, "my question");
    let turn = new.turn;
    let anothers = NewTurn {
        owner: other,
        question: "another's question".to_owned(),
        ..new.clone()
    };
    let place = store.ask(new).await.unwrap();
    let elsewhere = store.ask(anothers.clone()).await.unwrap();
    assert_ne!(place.conversation, elsewhere.conversation);
    assert_eq!(store.ask(anothers).await, Err(StoreError::Taken));
    let mut some = Answer::default();
    some.push_text(Channel::Answer, "half").unwrap();
    store.save(mine, turn, some.since(Seq::START).unwrap());
    store.finish(other, turn, Arc::new(said("another's answer")));
    store.settled().await;
    let conversation = store.conversation(mine, place.conversation).await;
    let half = &conversation.unwrap().unwrap().turns[0];
    assert_eq!((half.running, half.answer.as_str()), (true, "half"));
    store.finish(mine, turn, Arc::new(said("my answer")));
    store.settled().await;
    for (owner, place, text) in [
        (mine, place, "my answer"),
        (other, elsewhere, "another's answer"),
    ] {
        let found = store.find(owner, turn).await.unwrap().unwrap();
        assert_eq!(found.place, place);
        assert_eq!(found.answer.as_deref(), Some(&said(text)));
        let history = store.history(owner, Some(turn), |_| true).await.unwrap();
        assert_eq!(history[0].answer, text);
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_kept_takes_no_other_along_and_is_an_end_all_the_same() {
    let (store, owner) = (memory(), OwnerId::new());
    let refuse = "CREATE TRIGGER refuses BEFORE UPDATE OF outcome ON turn WHEN NEW.outcome = 'stop'
        BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    let (bad, good) = (question(owner, None, "q"), question(owner, None, "q"));
    let turns = (bad.turn, good.turn);
    store.ask(bad).await.unwrap();
    store.ask(good).await.unwrap();
    let mut half = Answer::default();
    half.push_text(Channel::Answer, "half").unwrap();
    store.save(owner, turns.0, half.since(Seq::START).unwrap());
    store.settled().await;
    store
        .write(move |db| Ok(db.execute_batch(refuse)?))
        .await
        .unwrap();
    let mut other = half.clone();
    other.push_end(End::with(Outcome::Cancelled)).unwrap();
    store.finish(owner, turns.0, Arc::new(said("half and more")));
    store.finish(owner, turns.1, Arc::new(other));
    store.settled().await;
    assert_eq!(*store.health().borrow(), Health::Good);
    for (turn, outcome) in [
        (turns.0, Outcome::Interrupted),
        (turns.1, Outcome::Cancelled),
    ] {
        let found = store.find(owner, turn).await.unwrap().unwrap();
        let answer = found.answer.unwrap();
        assert_eq!(answer.text(Channel::Answer), "half");
        assert_eq!(answer.end().unwrap().outcome, outcome);
    }
}
