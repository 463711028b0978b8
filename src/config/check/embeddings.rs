//! `[knowledge.embeddings]`: who turns texts into vectors.

use super::super::{Embeddings, report::Report, section::Section};
use super::{
    Env, KIB,
    endpoint::{self, millis},
    key, request,
};

/// How long a search may wait for its vector at the most: the whole search is given up after 2 s.
const MAX_TIMEOUT: u64 = 1500;

/// Reads the section, if the file has it.
pub(super) fn read(
    report: &Report<'_>,
    knowledge: &Section<'_, '_>,
    env: Env<'_>,
) -> Option<Embeddings> {
    let section = knowledge.part("embeddings", "knowledge.embeddings")?;
    let text = |key| section.text(key).map(|given| given.value);
    let model = text("model");
    if !section.has("model") {
        let draft = section.draft("model", "is missing");
        report.fault(draft.help("add model = \"…\", the name that the server knows it by"));
    }
    let embeddings = Embeddings {
        base_url: endpoint::base_url(report, &section, "/embeddings"),
        model: model.unwrap_or_default(),
        api_key: key::read(report, &section, &key::API_KEY, env),
        api_key_header: endpoint::api_key_header(report, &section),
        headers: request::headers(report, &section),
        dimensions: section.number("dimensions", 8..=8192),
        batch: section.number("batch", 1..=2048).unwrap_or(32),
        max_input: section
            .size("max_input", 64..=64 * KIB)
            .unwrap_or(2 * KIB as usize),
        question_prefix: text("question_prefix").unwrap_or_default(),
        passage_prefix: text("passage_prefix").unwrap_or_default(),
        timeout: section
            .duration("timeout", millis(10)..=millis(MAX_TIMEOUT))
            .unwrap_or(millis(1000)),
    };
    if section.has("api_key") || section.has("headers") {
        report.note_key();
    }
    let header = embeddings.api_key_header.as_deref();
    let way = (embeddings.api_key.is_some(), header, &*embeddings.headers);
    endpoint::way_is_good(report, &section, &embeddings.base_url, way);
    section.finish();
    Some(embeddings)
}
