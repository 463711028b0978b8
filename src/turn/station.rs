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
    id::TurnId,
    knowledge::Knowledge,
    llm::{ChatModel, ChatRequest},
    store::before::Store,
};

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
        /// The entries.
        knowledge: Arc<Knowledge>,
        /// Entries shown at the most.
        passages: usize,
        /// 0 to 1; a best match below it is no match.
        min_score: f32,
    },
}

/// What a question wants of the model that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sampling {
    /// Sampling temperature; `None`: the endpoint's.
    pub temperature: Option<f32>,
    /// Tokens of the answer; `None`: the endpoint's, which is also the most.
    pub max_tokens: Option<u32>,
}

/// The station and the model of these names; the first ones where none is named.
pub fn choose<'a>(
    stations: &'a [Station],
    endpoint: Option<&str>,
    model: Option<&str>,
) -> Result<(&'a Station, &'a str), Fault> {
    let unknown = |message| Fault::new(ErrorCode::UnknownEndpoint, message);
    let station = match endpoint {
        None => stations.first(),
        Some(name) => stations.iter().find(|station| station.name == name),
    };
    let station = station.ok_or_else(|| unknown("There is no such endpoint here.".to_owned()))?;
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

impl Station {
    /// What is to be done for a question that follows the turn `parent`.
    pub(super) fn answerer(
        &self,
        model_name: String,
        question: String,
        sampling: Sampling,
        parent: Option<TurnId>,
        store: &Store,
    ) -> Answerer {
        match &self.backend {
            Backend::Knowledge {
                knowledge,
                passages,
                min_score,
            } => Answerer::Knowledge {
                knowledge: knowledge.clone(),
                question,
                passages: *passages,
                min_score: *min_score,
            },
            Backend::Endpoint { config, model } => {
                let system = config.system_prompt.as_deref();
                let mut budget = Budget::new(config.context, system, &question);
                let history = store.history(parent, |exchange| budget.fits(exchange));
                let request = ChatRequest {
                    model: model_name,
                    messages: prompt::messages(system, history, question),
                    temperature: sampling.temperature.or(config.temperature),
                    max_tokens: sampling
                        .max_tokens
                        .into_iter()
                        .chain(config.max_tokens)
                        .min(),
                };
                let limits = Limits {
                    retries: config.retries,
                    first_chunk: config.first_chunk_timeout,
                    between_chunks: config.chunk_timeout,
                    total: config.total_timeout,
                };
                Answerer::Model {
                    model: model.clone(),
                    request,
                    limits,
                }
            }
        }
    }
}
