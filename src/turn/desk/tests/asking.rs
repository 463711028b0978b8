//! What is asked of a model, in which order, and what becomes of a fault.

use super::*;
use crate::turn::search::tests::unread;

#[tokio::test]
async fn who_waits_sees_its_place_and_a_full_line_refuses() {
    let (model, gate) = gated();
    let it = fixture(OnLeave::Stop, model);
    let mut first = it.desk.ask(question("1")).await.unwrap();
    let mut second = it.desk.ask(question("2")).await.unwrap();
    let fault = it.desk.ask(question("3")).await.err().unwrap();
    assert_eq!(fault.code, ErrorCode::QueueFull);
    assert!(fault.retry_after_ms.is_some(), "{fault:?}");
    assert!(fault.message.contains("; ask again in about "), "{fault:?}");
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

/// A desk whose model is to answer from documents that nobody reads.
fn without_documents(model: &Scripted) -> Desk {
    let mut station = station(model);
    if let Backend::Endpoint { searcher, .. } = &mut station.backend {
        *searcher = Some(Arc::new(unread()));
    }
    let rules = Rules {
        on_leave: OnLeave::Stop,
        max_answer: 1000,
        log_texts: false,
    };
    let store = store(config::StorePath::Memory);
    Desk::new(
        vec![station],
        store,
        rules,
        unlimited(),
        Metrics::new(),
        Shutdown::new(),
    )
}

#[tokio::test(start_paused = true)]
async fn documents_that_cannot_be_searched_cost_the_sources_and_never_the_answer() {
    let model = Scripted::new([Step::text("a [1]"), Step::stop()]);
    let desk = without_documents(&model);
    let mut follower = desk.ask(question("why")).await.unwrap();
    let ended = read(&mut follower).await;
    assert_eq!(ended, ("a".to_owned(), Outcome::Stop, None));
    let heard = model.heard().unwrap().messages;
    let last = &heard.last().unwrap().content;
    assert!(last.starts_with("(The documents cannot be searched") && last.ends_with("why"));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_the_wait_for_the_documents_and_the_model_is_not_asked() {
    let model = Scripted::new([Step::text("a"), Step::stop()]);
    let desk = without_documents(&model);
    let ask = question("why");
    let turn = ask.turn;
    let mut follower = desk.ask(ask).await.unwrap();
    desk.stop(OWNER, turn).await.unwrap();
    assert_eq!(read(&mut follower).await.1, Outcome::Cancelled);
    assert_eq!(model.asked(), 0);
}
