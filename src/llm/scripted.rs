//! A deterministic model for the tests: it says what its script says, and waits where it is told to.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::sync::Semaphore;

use super::{ChatModel, ChatRequest, Delta, DeltaStream, Finish, LlmError, Message, Role};

/// One step of a script.
#[derive(Debug, Clone)]
pub enum Step {
    /// Yields this.
    Say(Result<Delta, LlmError>),
    /// Waits until a permit has been added to the gate.
    Wait(Arc<Semaphore>),
}

impl Step {
    /// Text of the answer.
    pub fn text(text: &str) -> Self {
        Self::Say(Ok(Delta::Text(text.to_owned())))
    }

    /// The ordinary end.
    pub fn stop() -> Self {
        Self::Say(Ok(Delta::Finish(Finish::Stop)))
    }
}

/// The model. Every request runs the same script; refusals come first, one a request.
#[derive(Clone)]
pub struct Scripted {
    steps: Vec<Step>,
    refusals: Arc<Mutex<VecDeque<LlmError>>>,
    asked: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    silent: bool,
    heard: Arc<Mutex<Option<ChatRequest>>>,
}

impl Scripted {
    /// Runs `steps` for each request.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::refusing([], steps)
    }

    /// Refuses the first requests with these errors.
    pub fn refusing(
        refusals: impl IntoIterator<Item = LlmError>,
        steps: impl IntoIterator<Item = Step>,
    ) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            refusals: Arc::new(Mutex::new(refusals.into_iter().collect())),
            asked: Arc::default(),
            open: Arc::default(),
            silent: false,
            heard: Arc::default(),
        }
    }

    /// Never answers.
    pub fn silent() -> Self {
        Self {
            silent: true,
            ..Self::new([])
        }
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    /// Answers that are being given now.
    pub fn open(&self) -> usize {
        self.open.load(SeqCst)
    }

    /// The newest request.
    pub fn heard(&self) -> Option<ChatRequest> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl ChatModel for Scripted {
    fn chat(&self, request: &ChatRequest) -> BoxFuture<'static, Result<DeltaStream, LlmError>> {
        self.asked.fetch_add(1, SeqCst);
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.clone());
        if self.silent {
            return std::future::pending().boxed();
        }
        if let Some(error) = self
            .refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
        {
            return std::future::ready(Err(error)).boxed();
        }
        self.open.fetch_add(1, SeqCst);
        let state = (self.steps.clone().into_iter(), Open(self.open.clone()));
        let deltas = stream::unfold(state, |(mut steps, open)| async move {
            loop {
                match steps.next()? {
                    Step::Say(said) => return Some((said, (steps, open))),
                    Step::Wait(gate) => gate.acquire().await.ok()?.forget(),
                }
            }
        });
        std::future::ready(Ok(deltas.boxed())).boxed()
    }
}

/// A request with one question.
pub fn question(text: &str) -> ChatRequest {
    ChatRequest {
        model: "scripted".to_owned(),
        messages: vec![Message {
            role: Role::User,
            content: text.to_owned(),
        }],
        temperature: None,
        max_tokens: None,
    }
}
