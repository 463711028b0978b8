mod asking;
mod keeping;
mod leaving;

use std::time::Duration;

use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use super::*;
use crate::{
    answer::{Answer, Channel, End, ErrorCode, Event, Outcome},
    config::{self, Endpoint, Secret},
    llm::{
        Delta, LlmError, Role,
        scripted::{Scripted, Step},
    },
    refusal::Refusals,
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
        health: Arc::default(),
        backend: Backend::Endpoint {
            config: Box::new(endpoint(1, 1)),
            model: Arc::new(model.clone()),
            searcher: None,
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
        unlimited(),
        Metrics::new(),
        shutdown.clone(),
    );
    Fixture {
        desk,
        model,
        store,
        shutdown,
    }
}

/// Nobody has a limit.
fn unlimited() -> Arc<Quotas> {
    Quotas::new(
        config::Config::default().limits,
        vec![],
        Arc::new(Refusals::new(Metrics::new())),
    )
}

fn question(text: &str) -> Ask {
    Ask {
        session: SessionId::new(),
        owner: OWNER,
        client: None,
        user: None,
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
