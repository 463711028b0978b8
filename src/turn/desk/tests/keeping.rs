//! What is kept of a turn, and for whom.

use super::*;

#[tokio::test]
async fn a_stranger_hears_of_a_turn_what_it_hears_of_none() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    let ask = question("q");
    let mut reader = it.desk.ask(ask.clone()).await.unwrap();
    first_text(&mut reader).await;
    for running in [true, false] {
        if !running {
            gate.add_permits(1);
            assert_eq!(read(&mut reader).await.1, Outcome::Stop);
            it.shutdown.idle().await;
        }
        let told = [
            it.desk.follow(STRANGER, ask.turn, Seq::START).await.err(),
            it.desk.stop(STRANGER, ask.turn).await.err(),
            it.desk.stop(STRANGER, question("none").turn).await.err(),
        ];
        for fault in told {
            assert_eq!(fault, Some(unknown_turn()), "{running}");
        }
    }
    assert_eq!((it.model.asked(), it.desk.running()), (1, 0));
}

#[tokio::test]
async fn a_strangers_question_under_a_used_id_is_a_question_of_its_own() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    let ask = question("q");
    let mut reader = it.desk.ask(ask.clone()).await.unwrap();
    first_text(&mut reader).await;
    let strange = Ask {
        owner: STRANGER,
        ..ask.clone()
    };
    // The endpoint's one slot is taken: it stands at the desk beside the other.
    let mut stranger = it.desk.ask(strange).await.unwrap();
    assert_eq!(it.desk.running(), 2);
    it.desk.stop(STRANGER, ask.turn).await.unwrap();
    assert_eq!(read(&mut stranger).await.1, Outcome::Cancelled);
    gate.add_permits(1);
    assert_eq!(read(&mut reader).await.1, Outcome::Stop);
    it.shutdown.idle().await;
    assert_eq!(it.desk.running(), 0);
}

#[tokio::test]
async fn a_question_that_an_earlier_desk_has_answered_is_not_asked_again() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let ask = question("q");
    let mut reader = it.desk.ask(ask.clone()).await.unwrap();
    first_text(&mut reader).await;
    drop(reader);
    it.shutdown.idle().await;
    let later = Fixture {
        desk: Desk::new(
            vec![station(&it.model)],
            it.store.clone(),
            **it.desk.0.rules.load(),
            unlimited(),
            Metrics::new(),
            Shutdown::new(),
        ),
        ..it
    };
    // Also when it would not take new ones any more.
    for draining in [false, true] {
        if draining {
            later.desk.0.shutdown.drain();
        }
        let mut again = later.desk.ask(ask.clone()).await.unwrap();
        assert_eq!(
            read(&mut again).await,
            ("a".to_owned(), Outcome::Interrupted, None)
        );
    }
    assert_eq!(later.model.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_has_grown_is_saved_each_second_and_nothing_behind_the_end() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    it.shutdown
        .spawn_background("saver", it.desk.clone().save());
    let mut reader = it.desk.ask(question("q")).await.unwrap();
    first_text(&mut reader).await;
    let conversation = reader.place.conversation;
    let kept = async || {
        let kept = it.store.conversation(OWNER, conversation).await;
        let turn = kept.unwrap().unwrap().turns.remove(0);
        (turn.answer, turn.seq, turn.outcome)
    };
    // The writer's thread knows no paused clock: what the beat hands over is waited for.
    tokio::time::sleep(SAVE + SAVE / 10).await;
    it.store.settled().await;
    assert_eq!(kept().await, ("a".to_owned(), Seq(1), None));
    gate.add_permits(1);
    read(&mut reader).await;
    for _ in 0..3 {
        tokio::time::sleep(SAVE).await;
        assert_eq!(kept().await, ("ab".to_owned(), Seq(3), Some(Outcome::Stop)));
    }
}

#[tokio::test]
async fn a_question_that_a_hanging_disk_may_keep_is_refused_and_has_its_end() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut health = it.store.health();
    let release = it.store.hang().await;
    let ask = question("q");
    let turn = ask.turn;
    let (refused, ()) = tokio::join!(it.desk.ask(ask), it.store.hangs_for_long());
    let refused = refused.map(drop).unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageFailed);
    drop(release);
    let good = health.wait_for(|health| *health == Health::Good);
    assert!(good.await.is_ok());
    loop {
        let found = it.store.find(OWNER, turn).await.unwrap();
        if let Some(answer) = found.and_then(|found| found.answer) {
            assert_eq!(answer.end().unwrap().outcome, Outcome::Interrupted);
            break;
        }
    }
}

#[tokio::test]
async fn a_question_whose_conversation_is_deleted_before_its_turn_has_opened_is_cancelled() {
    // A store that is very quick lets the turn open first; then it is tried again.
    while !is_cancelled_before_it_opens().await {}
}

/// Whether the turn had not opened when its conversation was gone; then it is cancelled.
async fn is_cancelled_before_it_opens() -> bool {
    let (model, gate) = gated();
    gate.add_permits(1);
    let it = fixture(OnLeave::Finish, model);
    let mut first = it.desk.ask(question("q")).await.unwrap();
    read(&mut first).await;
    it.shutdown.idle().await;
    let conversation = first.place.conversation;
    let mut ask = question("and then?");
    ask.conversation = Some(conversation);
    let turn = ask.turn;
    let opening = it.desk.start(ask);
    // Its task hands the question to the store.
    tokio::task::yield_now().await;
    // The store keeps it and deletes the conversation while this thread, the only one on which the task can hear of
    // that, waits.
    let store = it.store.clone();
    let deleted = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            while store.find(OWNER, turn).await.unwrap().is_none() {}
            store.delete(OWNER, conversation).await.unwrap();
        });
    });
    deleted.join().unwrap();
    let place = it.desk.0.live()[&(OWNER, turn)].log.place();
    if place.is_some() {
        return false;
    }
    it.desk.cancel_all(OWNER, conversation);
    let mut reader = opening.await.unwrap().unwrap();
    assert_eq!(
        read(&mut reader).await,
        (String::new(), Outcome::Cancelled, None)
    );
    assert_eq!(it.model.asked(), 1, "the endpoint never hears of it");
    true
}

#[tokio::test]
async fn a_turn_whose_end_was_lost_is_not_unknown_and_is_interrupted_once_the_storage_works() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("askd.db");
    let kept = store(config::StorePath::File(path.clone()));
    let it = fixture_on(kept, OnLeave::Stop, Scripted::silent());
    let turn = question("q").turn;
    let new = NewTurn {
        owner: OWNER,
        turn,
        conversation: None,
        parent: Parent::Newest,
        question: "q".to_owned(),
        endpoint: "scripted".to_owned(),
        model: "small".to_owned(),
        options: Sampling::default(),
        asked_at: 1,
    };
    it.store.ask(new).await.unwrap();
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // More than is held for a storage that fails.
    let mut answer = Answer::default();
    let text = "x".repeat(65 << 20);
    answer.push_text(Channel::Answer, &text).unwrap();
    answer.push_end(End::with(Outcome::Stop)).unwrap();
    drop(it.store.finish(OWNER, turn, Arc::new(answer)));
    let again = Ask {
        turn,
        ..question("q")
    };
    for told in [
        it.desk.resume(turn, Seq::START).await.err(),
        it.desk.ask(again).await.err(),
    ] {
        assert_eq!(told.map(|fault| fault.code), Some(ErrorCode::StorageFailed));
    }
    drop(other);
    let settled = async {
        loop {
            if let Ok(follower) = it.desk.resume(turn, Seq::START).await {
                return follower;
            }
        }
    };
    let mut reader = settled.await;
    assert_eq!(read(&mut reader).await.1, Outcome::Interrupted);
}
