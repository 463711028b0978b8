//! `[[endpoint]]`: one OpenAI-compatible server each.

use hyper::header::HeaderName;
use url::{Host, Url};

use super::super::{
    Endpoint, Secret,
    report::{Draft, Report},
    section::Section,
    value::Given,
};
use super::{Env, hours, key, request, secs, server::web_address};

/// Reads every `[[endpoint]]`.
pub(super) fn read(report: &Report<'_>, root: &Section<'_, '_>, env: Env<'_>) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for section in root.sections("endpoint") {
        let endpoint = one(report, &section, env);
        if endpoints.iter().any(|other| other.name == endpoint.name) {
            let draft = section.draft("name", format!("is {:?} once more", endpoint.name));
            report.fault(
                draft.allowed("a name that no other endpoint has").help(
                    "rename one of the two: the page and the log tell endpoints by their names",
                ),
            );
        }
        section.finish();
        endpoints.push(endpoint);
    }
    endpoints
}

fn one(report: &Report<'_>, section: &Section<'_, '_>, env: Env<'_>) -> Endpoint {
    let text = |key| section.text(key).map(|given| given.value);
    let base_url = base_url(report, section, "/chat/completions");
    let api_key = key::read(report, section, &key::API_KEY, env);
    let headers = request::headers(report, section);
    let endpoint = Endpoint {
        name: text("name").unwrap_or_else(|| base_url.host_str().unwrap_or_default().to_owned()),
        models: models(report, section),
        api_key_header: api_key_header(report, section),
        system_prompt: text("system_prompt"),
        temperature: section.fraction("temperature", 0.0..=2.0),
        max_tokens: section.number("max_tokens", 1..=10_000_000),
        extra_body: request::extra_body(report, section),
        usage: section.flag("usage").unwrap_or(true),
        context: section.number("context", 16..=100_000_000).unwrap_or(4096),
        concurrency: section.number("concurrency", 1..=10_000).unwrap_or(4),
        queue: section.number("queue", 0..=100_000).unwrap_or(64),
        connect_timeout: section
            .duration("connect_timeout", millis(1)..=secs(600))
            .unwrap_or(secs(5)),
        first_chunk_timeout: section
            .duration("first_chunk_timeout", millis(1)..=hours(24))
            .unwrap_or(secs(120)),
        chunk_timeout: section
            .duration("chunk_timeout", millis(1)..=hours(24))
            .unwrap_or(secs(60)),
        total_timeout: section
            .duration("total_timeout", millis(1)..=hours(24))
            .unwrap_or(secs(15 * 60)),
        retries: section.number("retries", 0..=10).unwrap_or(2),
        base_url,
        api_key,
        headers,
    };
    if section.has("api_key") || section.has("headers") {
        report.note_key();
    }
    timeouts_fit(report, section, &endpoint);
    let Endpoint {
        base_url,
        api_key,
        api_key_header,
        headers,
        ..
    } = &endpoint;
    let way = (api_key.is_some(), api_key_header.as_deref(), &**headers);
    way_is_good(report, section, base_url, way);
    endpoint
}

/// Stands in for an address that has a fault, until the faults are told.
fn no_url() -> Url {
    Url::parse("http://invalid.invalid").expect("a constant that is a URL")
}

/// The address up to `path`, which askd adds.
pub(super) fn base_url(report: &Report<'_>, section: &Section<'_, '_>, path: &str) -> Url {
    const EXAMPLE: &str = "\"http://127.0.0.1:11434/v1\"";
    // A password or a token can stand anywhere in what is not a plain URL.
    let plain = |url: &Url| url.query().is_none();
    let written = section
        .raw("base_url")
        .and_then(|raw| raw.get_ref().as_str());
    let checked = written.map(web_address);
    if !checked
        .as_ref()
        .is_some_and(|url| url.as_ref().is_ok_and(plain))
    {
        section.raw_secret("base_url");
    }
    match (section.text("base_url"), checked) {
        (None, None) if !section.has("base_url") => {
            let draft = section.draft("base_url", "is missing");
            report.fault(draft.help(format!("add base_url = {EXAMPLE}")));
        }
        (Some(_), Some(Err(help))) => {
            let draft = section.draft("base_url", "is not an address that askd can ask");
            report.fault(draft.allowed(EXAMPLE).help(help));
        }
        (Some(_), Some(Ok(url))) if url.path().contains(path) => {
            let draft = section.draft("base_url", "says too much");
            report.fault(
                draft
                    .allowed(EXAMPLE)
                    .help(format!("end it before {path}; askd adds that")),
            );
        }
        (Some(_), Some(Ok(mut url))) => {
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty();
            }
            return url;
        }
        // An empty text or another type: told when it was read.
        _ => {}
    }
    no_url()
}

fn models(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<String> {
    let one = section.text("model");
    let several = section.texts("models");
    if section.has("model") && section.has("models") {
        let draft = section.draft("models", "is given beside model");
        report.fault(
            draft
                .allowed("one of the two")
                .help("put every name into models, the default first"),
        );
        return Vec::new();
    }
    if !section.has("model") && !section.has("models") {
        let draft = section.draft("model", "is missing");
        report.fault(draft.help("add model = \"…\", the name that the endpoint knows it by"));
    }
    if several.as_ref().is_some_and(Vec::is_empty) && !report.is_faulty(&["endpoint.models"]) {
        let draft = section.draft("models", "is empty");
        report.fault(
            draft
                .allowed("at least one model")
                .help("write models = [\"…\"], the default first"),
        );
    }
    let mut models: Vec<String> = Vec::new();
    for Given { value, span } in several.into_iter().flatten().chain(one) {
        if models.contains(&value) {
            let draft = Draft::new(
                "endpoint.models",
                Some(span),
                format!("holds {value:?} twice"),
            );
            report.fault(
                draft
                    .allowed("each model once")
                    .help("remove one of the two"),
            );
        } else {
            models.push(value);
        }
    }
    models
}

pub(super) fn api_key_header(report: &Report<'_>, section: &Section<'_, '_>) -> Option<String> {
    let name = section.text("api_key_header")?;
    let keys = [
        "api_key",
        "api_key_file",
        "api_key_env",
        "api_key_credential",
    ];
    if HeaderName::try_from(name.value.as_str()).is_err() {
        section.raw_secret("api_key_header");
        let draft = section.draft("api_key_header", "is not the name of a header");
        report.fault(
            draft
                .allowed("a name such as \"api-key\"")
                .help("write the header's name; the key itself would go into api_key"),
        );
        return None;
    }
    if !keys.iter().any(|key| section.has(key)) {
        let draft = section.draft("api_key_header", "has no key to carry");
        report.fault(draft.allowed("only beside a key").help(
            "add api_key_file, api_key_env, api_key_credential or api_key, or remove this line",
        ));
    }
    Some(name.value)
}

fn timeouts_fit(report: &Report<'_>, section: &Section<'_, '_>, endpoint: &Endpoint) {
    let pairs = [
        (
            "connect_timeout",
            endpoint.connect_timeout,
            "first_chunk_timeout",
            endpoint.first_chunk_timeout,
        ),
        (
            "first_chunk_timeout",
            endpoint.first_chunk_timeout,
            "total_timeout",
            endpoint.total_timeout,
        ),
    ];
    for (short, shorter, long, longer) in pairs {
        let keys = [section.full(short), section.full(long)];
        if shorter <= longer || report.is_faulty(&keys.each_ref().map(String::as_str)) {
            continue;
        }
        let draft = section.draft(
            section.first_of(&[long, short]),
            format!("does not fit: {short} is longer than {long}, which it is a part of"),
        );
        report.fault(
            draft
                .allowed(format!("{short} <= {long}"))
                .help(format!("raise {long} or lower {short}")),
        );
    }
}

/// Whether there is a key, the header that takes it, and the further headers.
pub(super) type Way<'a> = (bool, Option<&'a str>, &'a [(String, Secret)]);

/// Checks that the key goes into a header of its own and does not cross a network in the clear.
pub(super) fn way_is_good(report: &Report<'_>, section: &Section<'_, '_>, url: &Url, way: Way<'_>) {
    let (has_key, key_header, headers) = way;
    let carrier = key_header.unwrap_or("authorization").to_ascii_lowercase();
    let twice = headers.iter().any(|(name, _)| *name == carrier);
    if twice && (has_key || key_header.is_some()) {
        let draft = section.draft(
            "headers",
            format!("sets {carrier}, and the key goes into the same header"),
        );
        report.fault(
            draft
                .allowed("one of the two")
                .help("remove the header, or the key; api_key_header gives the key another header"),
        );
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    };
    // What crosses a network in the clear is read by whoever stands on the way.
    if (has_key || !headers.is_empty()) && url.scheme() == "http" && !loopback {
        let draft = section.draft("base_url", "sends the key over the network in the clear");
        report.warn(
            draft
                .allowed("https://")
                .help("use https, or see to it that the network is yours alone"),
        );
    }
}

pub(super) const fn millis(millis: u64) -> std::time::Duration {
    std::time::Duration::from_millis(millis)
}
