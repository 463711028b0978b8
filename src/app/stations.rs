//! What can be asked, and what is searched for it.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::{BuildError, embedder};
use crate::{
    config::{self, StorePath},
    knowledge::{Keeper, Knowledge, Library, Set},
    llm::openai::OpenAi,
    shutdown::Shutdown,
    turn::{
        line::Line,
        search::Searcher,
        station::{Backend, Station},
    },
};

/// Questions answered from the knowledge at once, and in line; each takes some milliseconds.
pub(super) const KNOWLEDGE_SLOTS: usize = 16;
pub(super) const KNOWLEDGE_LINE: usize = 1024;

/// What is answered from, and who keeps it as its folders are.
pub(super) fn knowledge_of(
    endpoints: &[config::Endpoint],
    knowledge: &config::Knowledge,
    store: &StorePath,
    shutdown: &Shutdown,
) -> Result<(Option<Knowledge>, Option<Keeper>), BuildError> {
    if !knowledge.is_searched(!endpoints.is_empty()) {
        return Ok((None, None));
    }
    if knowledge.folders.is_empty() {
        let set = Knowledge::Set(Arc::new(Set::built_in()?));
        return Ok((Some(set), None));
    }
    let embedder = (knowledge.embeddings.as_ref())
        .map(|config| embedder::over_http(config, Handle::current(), shutdown.clone()))
        .transpose()
        .map_err(BuildError::Embeddings)?;
    let library = Library::with(knowledge, store, embedder)?;
    let keeper = library.keep()?;
    Ok((Some(Knowledge::Library(library)), Some(keeper)))
}

/// What can be asked: the endpoints, or without any the knowledge itself.
pub(super) fn stations(
    endpoints: Vec<config::Endpoint>,
    searcher: Option<Arc<Searcher>>,
    is_built_in: bool,
) -> Result<Vec<Station>, BuildError> {
    if let (Some(searcher), true) = (&searcher, endpoints.is_empty()) {
        let name = if is_built_in { "built-in" } else { "documents" };
        return Ok(vec![Station {
            name: "knowledge".to_owned(),
            models: vec![name.to_owned()],
            line: Arc::new(Line::new(KNOWLEDGE_SLOTS, KNOWLEDGE_LINE)),
            health: Arc::default(),
            backend: Backend::Knowledge(searcher.clone()),
        }]);
    }
    let build = |endpoint| station(endpoint, searcher.clone(), None);
    endpoints.into_iter().map(build).collect()
}

/// What stands before one endpoint; it takes over the line of the one that had its name, and what is known of that.
pub(super) fn station(
    config: config::Endpoint,
    searcher: Option<Arc<Searcher>>,
    before: Option<&Station>,
) -> Result<Station, BuildError> {
    let model = OpenAi::new(&config).map_err(|error| BuildError::Endpoint {
        name: config.name.clone(),
        error,
    })?;
    Ok(Station {
        name: config.name.clone(),
        models: config.models.clone(),
        line: before.map_or_else(
            || Arc::new(Line::new(config.concurrency, config.queue)),
            |before| before.line.clone(),
        ),
        health: before.map_or_else(Arc::default, |before| before.health.clone()),
        backend: Backend::Endpoint {
            config: Box::new(config),
            model: Arc::new(model),
            searcher,
        },
    })
}
