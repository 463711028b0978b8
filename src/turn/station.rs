//! What can be asked: an endpoint or askd's own knowledge, with the line before it.

use std::sync::Arc;

use super::{
    Answerer, Limits,
    line::Line,
    prompt::{self, Budget},
};
use crate::{
    answer::{ErrorCode, Fault},
    config::Endpoint,
    id::{OwnerId, TurnId},
    knowledge::Knowledge,
    llm::{ChatModel, ChatRequest},
    store::{Store, StoreError},
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
    },
    /// askd's own knowledge.
    Knowledge {
        /// The entries or documents.
        knowledge: Knowledge,
        /// Entries shown at the most.
        passages: usize,
        /// 0 to 1; a best match below it is no match.
        min_score: f32,
    },
}

/// The place of the station and the model of these names; the first ones where none is named.
pub fn choose<'a>(
    stations: &'a [Station],
    endpoint: Option<&str>,
    model: Option<&str>,
) -> Result<(usize, &'a str), Fault> {
    let unknown = |message| Fault::new(ErrorCode::UnknownEndpoint, message);
    let at = stations
        .iter()
        .position(|station| endpoint.is_none_or(|name| station.name == name))
        .ok_or_else(|| unknown("There is no such endpoint here.".to_owned()))?;
    let station = &stations[at];
    let model = match model {
        None => station.models.first(),
        Some(name) => station.models.iter().find(|offered| *offered == name),
    };
    match model {
        Some(model) => Ok((at, model)),
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
            Backend::Knowledge {
                knowledge,
                passages,
                min_score,
            } => Ok(Answerer::Knowledge {
                knowledge: knowledge.clone(),
                question,
                passages: *passages,
                min_score: *min_score,
            }),
            Backend::Endpoint { config, model } => {
                let system = config.system_prompt.as_deref();
                let mut budget = Budget::new(config.context, system, &question);
                let fits = move |exchange: &_| budget.fits(exchange);
                let history = store.history(owner, parent, fits).await?;
                let most = sampling.max_tokens.into_iter().chain(config.max_tokens);
                let request = ChatRequest {
                    model: name,
                    messages: prompt::messages(system, history, question),
                    temperature: sampling.temperature.or(config.temperature),
                    max_tokens: most.min(),
                };
                let limits = Limits {
                    retries: config.retries,
                    first_chunk: config.first_chunk_timeout,
                    between_chunks: config.chunk_timeout,
                    total: config.total_timeout,
                };
                Ok(Answerer::Model {
                    model: model.clone(),
                    request,
                    limits,
                })
            }
        }
    }
}
