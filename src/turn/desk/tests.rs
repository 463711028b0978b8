use std::time::Duration;

use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use super::*;
use crate::{
    answer::{Event, Outcome},
    config::{self, Endpoint, Secret},
    llm::{
        Delta, LlmError, Role,
        scripted::{Scripted, Step},
    },
    turn::{line::Line, log::News, station::Backend},
};

const GRACE: Duration = Duration::from_secs(3);

fn endpoint(concurrency: usize, queue: usize) -> Endpoint {
    let minute = Duration::from_secs(60);
    Endpoint {
        name: "scripted".to_owned(),
        base_url: "http://localhost/".parse().unwrap(),
        models: vec!["small".to_owned(), "large".to_owned()],
        api_key: None::<Secret>,
        api_key_header: None,
        system_prompt: Some("be brief".to_owned()),
        temperature: None,
        max_tokens: Some(100),
        headers: vec![],
        extra_body: serde_json::Map::new(),
        usage: true,
        context: 1000,
        concurrency,
        queue,
        connect_timeout: minute,
        first_chunk_timeout: minute,
        chunk_timeout: minute,
        total_timeout: 10 * minute,
        retries: 0,
    }
}

struct Fixture {
    desk: Desk,
    model: Scripted,
    store: Arc<Store>,
    shutdown: Shutdown,
}

fn fixture(on_leave: OnLeave, model: Scripted) -> Fixture {
    let limits = crate::store::before::Limits {
        max_conversations: 100,
        max_memory: 1 << 20,
        retention: Duration::from_secs(3600),
    };
    let (store, shutdown) = (Arc::new(Store::new(limits)), Shutdown::new());
    let station = Station {
        name: "scripted".to_owned(),
        models: vec!["small".to_owned(), "large".to_owned()],
        line: Arc::new(Line::new(1, 1)),
        backend: Backend::Endpoint {
            config: Box::new(endpoint(1, 1)),
            model: Arc::new(model.clone()),
        },
    };
    let rules = Rules {
        on_leave,
        max_answer: 1000,
        log_texts: false,
    };
    let desk = Desk::new(vec![station], store.clone(), rules, shutdown.clone());
    Fixture {
        desk,
        model,
        store,
        shutdown,
    }
}

fn question(text: &str) -> Ask {
    Ask {
        session: SessionId::new(),
        turn: TurnId(Uuid::now_v7()),
        text: text.to_owned(),
        conversation: None,
        parent: Parent::Newest,
        endpoint: None,
        model: None,
        sampling: Sampling::default(),
    }
}

/// Says "a", waits at the gate, says "b" and ends.
fn gated() -> (Scripted, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let steps = [
        Step::text("a"),
        Step::Wait(gate.clone()),
        Step::text("b"),
        Step::stop(),
    ];
    (Scripted::new(steps), gate)
}

/// Reads to the end: the text, the outcome and the error's code.
async fn read(follower: &mut Follower) -> (String, Outcome, Option<ErrorCode>) {
    let (mut text, mut code) = (String::new(), None);
    loop {
        match follower.cursor.next(usize::MAX) {
            Some(News::Event(_, Event::Text { text: piece, .. })) => text.push_str(&piece),
            Some(News::Event(_, Event::Error(fault))) => code = Some(fault.code),
            Some(News::Event(_, Event::End(end))) => return (text, end.outcome, code),
            Some(_) => {}
            None => follower.cursor.changed().await,
        }
    }
}

async fn first_text(follower: &mut Follower) {
    while !matches!(follower.cursor.next(1), Some(News::Event(..))) {
        follower.cursor.changed().await;
    }
}

#[tokio::test]
async fn asking_twice_answers_once_and_both_follow() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let ask = question("q");
    let mut first = it.desk.start(ask.clone()).unwrap();
    let mut second = it.desk.start(ask.clone()).unwrap();
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
    let mut later = it.desk.start(ask).unwrap();
    assert_eq!(read(&mut later).await.0, "ab");
    assert_eq!(it.model.asked(), 1);
    assert_eq!(it.desk.running(), 0);
}

#[tokio::test]
async fn the_last_reader_to_leave_stops_the_turn_and_what_came_is_kept() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut first = it.desk.start(question("q")).unwrap();
    let turn = first.turn;
    first_text(&mut first).await;
    let second = it.desk.follow(turn, Seq::START).unwrap();
    drop(first);
    assert_eq!(it.desk.running(), 1);
    drop(second);
    it.shutdown.idle().await;
    assert_eq!(it.model.open(), 0);
    let mut kept = it.desk.follow(turn, Seq::START).unwrap();
    assert_eq!(
        read(&mut kept).await,
        ("a".to_owned(), Outcome::Interrupted, None)
    );
}

#[tokio::test(start_paused = true)]
async fn within_the_grace_a_reader_may_come_back() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Grace(GRACE), model);
    let mut reader = it.desk.start(question("q")).unwrap();
    first_text(&mut reader).await;
    let (turn, at) = (reader.turn, reader.cursor.at());
    drop(reader);
    tokio::time::sleep(GRACE - Duration::from_millis(1)).await;
    let mut back = it.desk.follow(turn, at).unwrap();
    tokio::time::sleep(2 * GRACE).await;
    gate.add_permits(1);
    assert_eq!(read(&mut back).await, ("b".to_owned(), Outcome::Stop, None));
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_the_turn_is_interrupted() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Grace(GRACE), model);
    let reader = it.desk.start(question("q")).unwrap();
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
        let reader = it.desk.start(question("q")).unwrap();
        let mut other = it.desk.follow(reader.turn, Seq::START).unwrap();
        reader.goodbye();
        gate.add_permits(1);
        assert_eq!(read(&mut other).await.1, Outcome::Stop);

        let alone = it.desk.start(question("q")).unwrap();
        let turn = alone.turn;
        alone.goodbye();
        it.shutdown.idle().await;
        assert_eq!(
            read(&mut it.desk.follow(turn, Seq::START).unwrap()).await.1,
            Outcome::Interrupted
        );
    }
}

#[tokio::test]
async fn with_finish_an_answer_outlives_its_readers() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    let reader = it.desk.start(question("q")).unwrap();
    let turn = reader.turn;
    drop(reader);
    gate.add_permits(1);
    it.shutdown.idle().await;
    assert_eq!(
        read(&mut it.desk.follow(turn, Seq(1)).unwrap()).await,
        ("b".to_owned(), Outcome::Stop, None)
    );
}

#[tokio::test]
async fn a_cancel_is_heard_while_the_model_says_nothing() {
    let it = fixture(OnLeave::Finish, Scripted::silent());
    let mut reader = it.desk.start(question("q")).unwrap();
    it.desk.cancel(reader.turn).unwrap();
    assert_eq!(
        read(&mut reader).await,
        (String::new(), Outcome::Cancelled, None)
    );
    assert!(
        it.desk.cancel(reader.turn).is_ok(),
        "one that has ended stays as it is"
    );
    assert_eq!(
        it.desk.cancel(question("q").turn).unwrap_err().code,
        ErrorCode::UnknownTurn
    );
}

#[tokio::test]
async fn a_halt_interrupts_and_keeps_what_came() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Finish, model);
    let mut reader = it.desk.start(question("q")).unwrap();
    first_text(&mut reader).await;
    it.shutdown.drain();
    assert_eq!(
        it.desk.start(question("late")).err().unwrap().code,
        ErrorCode::QueueFull
    );
    it.shutdown.halt();
    assert_eq!(
        read(&mut reader).await,
        (String::new(), Outcome::Interrupted, None)
    );
    it.shutdown.finished().await;
}

#[tokio::test]
async fn who_waits_sees_its_place_and_a_full_line_refuses() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut first = it.desk.start(question("1")).unwrap();
    let mut second = it.desk.start(question("2")).unwrap();
    assert_eq!(
        it.desk.start(question("3")).err().unwrap().code,
        ErrorCode::QueueFull
    );
    second.cursor.changed().await;
    assert_eq!(second.cursor.next(1), Some(News::Position(1)));
    gate.add_permits(2);
    assert_eq!(read(&mut first).await.1, Outcome::Stop);
    assert_eq!(read(&mut second).await.1, Outcome::Stop);
}

#[tokio::test]
async fn a_refused_question_leaves_nothing_behind() {
    let (model, _gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut stray = question("q");
    stray.endpoint = Some("other".to_owned());
    assert_eq!(
        it.desk.start(stray).err().unwrap().code,
        ErrorCode::UnknownEndpoint
    );
    let mut stray = question("q");
    stray.model = Some("other".to_owned());
    assert_eq!(
        it.desk.start(stray).err().unwrap().code,
        ErrorCode::UnknownEndpoint
    );
    let mut stray = question("q");
    stray.parent = Parent::Turn(question("x").turn);
    assert_eq!(
        it.desk.start(stray).err().unwrap().code,
        ErrorCode::UnknownConversation
    );
    assert_eq!((it.desk.running(), it.store.size().0), (0, 0));
    // The slot that was taken for it is free again.
    assert!(it.desk.start(question("q")).is_ok());
}

#[tokio::test]
async fn the_model_hears_system_text_history_and_question() {
    let it = fixture(
        OnLeave::Stop,
        Scripted::new([Step::text("a"), Step::stop()]),
    );
    let mut first = it.desk.start(question("q1")).unwrap();
    read(&mut first).await;
    it.shutdown.idle().await;
    let mut ask = question("q2");
    (ask.conversation, ask.model, ask.sampling.max_tokens) = (
        Some(first.place.conversation),
        Some("large".to_owned()),
        Some(1000),
    );
    read(&mut it.desk.start(ask).unwrap()).await;
    let heard = it.model.heard().unwrap();
    let texts: Vec<_> = heard
        .messages
        .iter()
        .map(|m| (m.role, m.content.as_str()))
        .collect();
    let expected = [
        (Role::System, "be brief"),
        (Role::User, "q1"),
        (Role::Assistant, "a"),
        (Role::User, "q2"),
    ];
    assert_eq!(texts, expected);
    assert_eq!(
        (heard.model.as_str(), heard.max_tokens),
        ("large", Some(100))
    );
}

#[tokio::test]
async fn a_broken_answer_is_failed_and_never_whole() {
    let broken = LlmError::Broken("cut".to_owned());
    let it = fixture(
        OnLeave::Stop,
        Scripted::new([Step::text("half"), Step::Say(Err(broken))]),
    );
    let read_all = read(&mut it.desk.start(question("q")).unwrap()).await;
    assert_eq!(
        read_all,
        (
            "half".to_owned(),
            Outcome::Failed,
            Some(ErrorCode::UpstreamFailed)
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_told_at_its_limit_with_its_stage() {
    let never = Arc::new(Semaphore::new(0));
    let it = fixture(
        OnLeave::Stop,
        Scripted::new([Step::text("a"), Step::Wait(never)]),
    );
    let begin = Instant::now();
    let read_all = read(&mut it.desk.start(question("q")).unwrap()).await;
    assert_eq!(
        read_all,
        (
            "a".to_owned(),
            Outcome::Failed,
            Some(ErrorCode::UpstreamTimeout)
        )
    );
    assert_eq!(begin.elapsed(), Duration::from_secs(60));
}

#[tokio::test]
async fn an_answer_larger_than_its_cap_ends_there_with_length() {
    let piece = || Step::Say(Ok(Delta::Text("x".repeat(400))));
    let it = fixture(
        OnLeave::Stop,
        Scripted::new([piece(), piece(), piece(), Step::stop()]),
    );
    let (text, outcome, _) = read(&mut it.desk.start(question("q")).unwrap()).await;
    assert_eq!((text.len(), outcome), (800, Outcome::Length));
}
