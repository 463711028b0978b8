//! Readers that come and go, and what stops an answer.

use super::*;

#[tokio::test]
async fn asking_twice_answers_once_and_both_follow() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let ask = question("q");
    let mut first = it.desk.ask(ask.clone()).await.unwrap();
    let mut second = it.desk.ask(ask.clone()).await.unwrap();
    gate.add_permits(1);
    assert_eq!(
        read(&mut first).await,
        ("ab".to_owned(), Outcome::Stop, None)
    );
    assert_eq!(
        read(&mut second).await,
        ("ab".to_owned(), Outcome::Stop, None)
    );
    it.shutdown.idle().await;
    let mut later = it.desk.ask(ask).await.unwrap();
    assert_eq!(read(&mut later).await.0, "ab");
    assert_eq!(it.model.asked(), 1);
    assert_eq!(it.desk.running(), 0);
}

#[tokio::test]
async fn the_last_reader_to_leave_stops_the_turn_and_what_came_is_kept() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut first = it.desk.ask(question("q")).await.unwrap();
    let turn = first.turn;
    first_text(&mut first).await;
    let second = it.desk.resume(turn, Seq::START).await.unwrap();
    drop(first);
    assert_eq!(it.desk.running(), 1);
    drop(second);
    it.shutdown.idle().await;
    assert_eq!(it.model.open(), 0);
    let mut kept = it.desk.resume(turn, Seq::START).await.unwrap();
    assert_eq!(
        read(&mut kept).await,
        ("a".to_owned(), Outcome::Interrupted, None)
    );
}

#[tokio::test(start_paused = true)]
async fn within_the_grace_a_reader_may_come_back() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Grace(GRACE), model);
    let mut reader = it.desk.ask(question("q")).await.unwrap();
    first_text(&mut reader).await;
    let (turn, at) = (reader.turn, reader.cursor.at());
    drop(reader);
    tokio::time::sleep(GRACE - Duration::from_millis(1)).await;
    let mut back = it.desk.resume(turn, at).await.unwrap();
    tokio::time::sleep(2 * GRACE).await;
    gate.add_permits(1);
    assert_eq!(read(&mut back).await, ("b".to_owned(), Outcome::Stop, None));
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_the_turn_is_interrupted() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Grace(GRACE), model);
    let reader = it.desk.ask(question("q")).await.unwrap();
    let left = Instant::now();
    drop(reader);
    it.shutdown.idle().await;
    assert_eq!(left.elapsed(), GRACE);
    assert_eq!(it.model.open(), 0);
}

#[tokio::test]
async fn a_goodbye_stops_at_once_whatever_on_leave_says_unless_somebody_else_reads() {
    for on_leave in [
        OnLeave::Stop,
        OnLeave::Grace(Duration::MAX),
        OnLeave::Finish,
    ] {
        let (model, gate) = gated();
        let it = fixture(on_leave, model);
        let reader = it.desk.ask(question("q")).await.unwrap();
        let mut other = it.desk.resume(reader.turn, Seq::START).await.unwrap();
        reader.goodbye();
        gate.add_permits(1);
        assert_eq!(read(&mut other).await.1, Outcome::Stop);

        let alone = it.desk.ask(question("q")).await.unwrap();
        let turn = alone.turn;
        alone.goodbye();
        it.shutdown.idle().await;
        assert_eq!(
            read(&mut it.desk.resume(turn, Seq::START).await.unwrap())
                .await
                .1,
            Outcome::Interrupted
        );
    }
}

#[tokio::test]
async fn with_finish_an_answer_outlives_its_readers() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    let reader = it.desk.ask(question("q")).await.unwrap();
    let turn = reader.turn;
    drop(reader);
    gate.add_permits(1);
    it.shutdown.idle().await;
    assert_eq!(
        read(&mut it.desk.resume(turn, Seq(1)).await.unwrap()).await,
        ("b".to_owned(), Outcome::Stop, None)
    );
}

#[tokio::test]
async fn a_cancel_is_heard_while_the_model_says_nothing() {
    let it = fixture(OnLeave::Finish, Scripted::silent());
    let mut reader = it.desk.ask(question("q")).await.unwrap();
    it.desk.stop(OWNER, reader.turn).await.unwrap();
    assert_eq!(
        read(&mut reader).await,
        (String::new(), Outcome::Cancelled, None)
    );
    assert!(
        it.desk.stop(OWNER, reader.turn).await.is_ok(),
        "one that has ended stays as it is"
    );
    assert_eq!(
        it.desk
            .stop(OWNER, question("q").turn)
            .await
            .unwrap_err()
            .code,
        ErrorCode::UnknownTurn
    );
}

#[tokio::test]
async fn a_halt_interrupts_and_keeps_what_came() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    let mut reader = it.desk.ask(question("q")).await.unwrap();
    first_text(&mut reader).await;
    it.shutdown.drain();
    assert_eq!(
        it.desk.ask(question("late")).await.err().unwrap().code,
        ErrorCode::QueueFull
    );
    it.shutdown.halt();
    assert_eq!(
        read(&mut reader).await,
        (String::new(), Outcome::Interrupted, None)
    );
    it.shutdown.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_requests_end_is_timed_from_when_it_was_wanted_no_more_and_the_grace_is_no_part_of_it() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Grace(GRACE), model);
    let mut reader = it.desk.ask(question("q")).await.unwrap();
    first_text(&mut reader).await;
    drop(reader);
    it.shutdown.idle().await;
    let told = it.desk.0.metrics.exposition().text();
    let closed = "askd_upstream_closed_seconds";
    // The clock stands still but for sleeping, which only the grace does.
    assert!(
        told.contains(&format!("{closed}_bucket{{le=\"0.005\"}} 1\n")),
        "{told}"
    );
    assert!(told.contains(&format!("{closed}_count 1\n")), "{told}");
}
