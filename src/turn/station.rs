//! What can be asked: an endpoint or askd's own knowledge, with the line before it.

use std::sync::Arc;

use super::{
    Answerer, Limits,
    health::Health,
    line::Line,
    prompt::{Budget, Draft},
    search::Searcher,
};
use crate::{
    answer::{ErrorCode, Fault},
    config::Endpoint,
    id::{OwnerId, TurnId},
    knowledge::follow::EARLIER,
    llm::{ChatModel, ChatRequest},
    store::{Exchange, Store, StoreError},
};

/// What a question wants of the model that answers it, beside the endpoint's own settings.
pub use crate::store::Options as Sampling;

/// One thing that answers, with the line before it.
pub struct Station {
    /// What the page calls it.
    pub name: String,
    /// What it offers, the default first.
    pub models: Vec<String>,
    /// Its slots.
    pub line: Arc<Line>,
    /// How it has done.
    pub health: Arc<Health>,
    /// What stands behind it.
    pub backend: Backend,
}

/// What stands behind a [`Station`].
pub enum Backend {
    /// An endpoint.
    Endpoint {
        /// Its section of the configuration.
        config: Box<Endpoint>,
        /// The way to it.
        model: Arc<dyn ChatModel>,
        /// What it is to answer from, if anything.
        searcher: Option<Arc<Searcher>>,
    },
    /// askd's own knowledge, in its own words.
    Knowledge(Arc<Searcher>),
}

/// The station and the model of these names; the first ones where none is named.
pub fn choose<'a>(
    stations: &'a [Arc<Station>],
    endpoint: Option<&str>,
    model: Option<&str>,
) -> Result<(&'a Arc<Station>, &'a str), Fault> {
    let unknown = |message| Fault::new(ErrorCode::UnknownEndpoint, message);
    let station = stations
        .iter()
        .find(|station| endpoint.is_none_or(|name| station.name == name))
        .ok_or_else(|| unknown("There is no such endpoint here.".to_owned()))?;
    let model = match model {
        None => station.models.first(),
        Some(name) => station.models.iter().find(|offered| *offered == name),
    };
    match model {
        Some(model) => Ok((station, model)),
        None => {
            let message = format!("The endpoint {} has no such model here.", station.name);
            Err(unknown(message))
        }
    }
}

/// A question that is kept and now to be answered.
pub(super) struct Task {
    /// Whose it is.
    pub(super) owner: OwnerId,
    /// The turn that it follows.
    pub(super) parent: Option<TurnId>,
    /// The question.
    pub(super) question: String,
    /// Which of the station's models.
    pub(super) model: String,
    /// How it is to answer.
    pub(super) sampling: Sampling,
}

impl Station {
    /// Whether a question is looked for in documents before it is answered.
    pub fn searches(&self) -> bool {
        match &self.backend {
            Backend::Endpoint { searcher, .. } => searcher.is_some(),
            Backend::Knowledge(_) => true,
        }
    }

    /// What is to be done for a question; the model's memory is read for it.
    pub(super) async fn answerer(&self, task: Task, store: &Store) -> Result<Answerer, StoreError> {
        let Task {
            owner,
            parent,
            question,
            model: name,
            sampling,
        } = task;
        match &self.backend {
            Backend::Knowledge(searcher) => {
                let mut left = EARLIER;
                let fits =
                    move |_: &Exchange| left.checked_sub(1).map(|less| left = less).is_some();
                let history = store.history(owner, parent, fits).await?;
                Ok(Answerer::Knowledge {
                    searcher: searcher.clone(),
                    earlier: questions(&history),
                    question,
                })
            }
            Backend::Endpoint {
                config,
                model,
                searcher,
            } => {
                let system = config.system_prompt.clone();
                let mut budget = Budget::new(config.context, system.as_deref(), &question);
                // A search takes the question before this one also where the answer has no room.
                let mut is_wanted = searcher.is_some();
                let fits =
                    move |exchange: &_| budget.fits(exchange) | std::mem::take(&mut is_wanted);
                let history = store.history(owner, parent, fits).await?;
                let most = sampling.max_tokens.into_iter().chain(config.max_tokens);
                let request = ChatRequest {
                    model: name,
                    messages: Vec::new(),
                    temperature: sampling.temperature.or(config.temperature),
                    max_tokens: most.min(),
                };
                let limits = Limits {
                    retries: config.retries,
                    first_chunk: config.first_chunk_timeout,
                    between_chunks: config.chunk_timeout,
                    total: config.total_timeout,
                };
                let draft = Draft {
                    system,
                    context: config.context,
                    history,
                    question,
                };
                Ok(Answerer::Model {
                    model: model.clone(),
                    request,
                    draft,
                    searcher: searcher.clone(),
                    limits,
                    health: self.health.clone(),
                })
            }
        }
    }
}

/// The questions of some earlier turns, the newest first.
pub(super) fn questions(history: &[Exchange]) -> Vec<String> {
    let newest = history.iter().take(EARLIER);
    newest.map(|exchange| exchange.question.clone()).collect()
}
