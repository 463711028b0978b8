use std::time::Duration;

use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use super::*;
use crate::{
    answer::{Answer, Channel, End, Event, Outcome, Timing},
    config::{self, Endpoint, Secret},
    llm::{
        Delta, LlmError, Role,
        scripted::{Scripted, Step},
    },
    store::Health,
    turn::{line::Line, log::News, station::Backend},
};

const GRACE: Duration = Duration::from_secs(3);
const OWNER: OwnerId = OwnerId(Uuid::nil());
const STRANGER: OwnerId = OwnerId(Uuid::max());

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

impl Desk {
    /// Begins a turn, and waits until its question is kept.
    async fn ask(&self, ask: Ask) -> Result<Follower, Fault> {
        Ok(self.start(ask).await?.expect("a question has an answer"))
    }

    async fn resume(&self, turn: TurnId, after: Seq) -> Result<Follower, Fault> {
        let followed = self.follow(OWNER, turn, after).await?;
        Ok(followed.expect("a turn that is followed has an answer"))
    }

    /// Stops a turn; whether there is one is waited for.
    async fn stop(&self, owner: OwnerId, turn: TurnId) -> Result<(), Fault> {
        match self.cancel(owner, turn) {
            None => Ok(()),
            Some(looked_up) => looked_up.await.map(|none| assert!(none.is_none())),
        }
    }
}

struct Fixture {
    desk: Desk,
    model: Scripted,
    store: Store,
    shutdown: Shutdown,
}

fn store(path: config::StorePath) -> Store {
    let config = config::Store {
        path,
        synchronous: config::Synchronous::Full,
        retention: None,
        max_size: 0,
    };
    Store::open(config).unwrap()
}

fn station(model: &Scripted) -> Station {
    Station {
        name: "scripted".to_owned(),
        models: vec!["small".to_owned(), "large".to_owned()],
        line: Arc::new(Line::new(1, 1)),
        backend: Backend::Endpoint {
            config: Box::new(endpoint(1, 1)),
            model: Arc::new(model.clone()),
        },
    }
}

fn fixture(on_leave: OnLeave, model: Scripted) -> Fixture {
    fixture_on(store(config::StorePath::Memory), on_leave, model)
}

fn fixture_on(store: Store, on_leave: OnLeave, model: Scripted) -> Fixture {
    let shutdown = Shutdown::new();
    let rules = Rules {
        on_leave,
        max_answer: 1000,
        log_texts: false,
    };
    let desk = Desk::new(
        vec![station(&model)],
        store.clone(),
        rules,
        shutdown.clone(),
    );
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
        owner: OWNER,
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

#[tokio::test]
async fn who_waits_sees_its_place_and_a_full_line_refuses() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut first = it.desk.ask(question("1")).await.unwrap();
    let mut second = it.desk.ask(question("2")).await.unwrap();
    assert_eq!(
        it.desk.ask(question("3")).await.err().unwrap().code,
        ErrorCode::QueueFull
    );
    let news = loop {
        match second.cursor.next(1) {
            Some(news) => break news,
            None => second.cursor.changed().await,
        }
    };
    assert_eq!(news, News::Position(1));
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
        it.desk.ask(stray).await.err().unwrap().code,
        ErrorCode::UnknownEndpoint
    );
    let mut stray = question("q");
    stray.model = Some("other".to_owned());
    assert_eq!(
        it.desk.ask(stray).await.err().unwrap().code,
        ErrorCode::UnknownEndpoint
    );
    let mut stray = question("q");
    stray.parent = Parent::Turn(question("x").turn);
    assert_eq!(
        it.desk.ask(stray).await.err().unwrap().code,
        ErrorCode::UnknownConversation
    );
    assert_eq!(it.desk.running(), 0);
    let kept = it.store.list(OWNER, None, 1).await.unwrap();
    assert_eq!(kept.conversations, []);
    // The slot that was taken for it is free again.
    assert!(it.desk.ask(question("q")).await.is_ok());
}

#[tokio::test]
async fn the_model_hears_system_text_history_and_question() {
    let it = fixture(
        OnLeave::Stop,
        Scripted::new([Step::text("a"), Step::stop()]),
    );
    let mut first = it.desk.ask(question("q1")).await.unwrap();
    read(&mut first).await;
    it.shutdown.idle().await;
    let mut ask = question("q2");
    (ask.conversation, ask.model, ask.sampling.max_tokens) = (
        Some(first.place.conversation),
        Some("large".to_owned()),
        Some(1000),
    );
    read(&mut it.desk.ask(ask).await.unwrap()).await;
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
    let read_all = read(&mut it.desk.ask(question("q")).await.unwrap()).await;
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
    let read_all = read(&mut it.desk.ask(question("q")).await.unwrap()).await;
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
    let (text, outcome, _) = read(&mut it.desk.ask(question("q")).await.unwrap()).await;
    assert_eq!((text.len(), outcome), (800, Outcome::Length));
}

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
            it.desk.0.rules,
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
    assert_eq!(place, None, "the turn has not heard of it");
    it.desk.cancel_all(OWNER, conversation);
    let mut reader = opening.await.unwrap().unwrap();
    assert_eq!(
        read(&mut reader).await,
        (String::new(), Outcome::Cancelled, None)
    );
    assert_eq!(it.model.asked(), 1, "the endpoint never hears of it");
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
    let timing = Timing {
        first_chunk_ms: None,
        total_ms: 1,
    };
    let end = End {
        outcome: Outcome::Stop,
        cause: None,
        usage: None,
        timing,
    };
    answer.push_end(end).unwrap();
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
