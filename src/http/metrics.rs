//! `GET /metrics`: what is counted, and what is the case now, for Prometheus.
//!
//! It is served at an address of its own, or, to who shows the token, beside the page. Who asks makes nobody wait: each part is
//! asked for a number or two under its lock, and the text is made away from the threads that serve.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Site, accept::Peer, health, page::get_or_head, reject};
use crate::{
    answer::ErrorCode,
    config::{self, Secret},
    knowledge::{Lack, Library, Size},
    metrics::{CONTENT_TYPE, Exposition, Process, Refusal, names},
    store::Health,
    turn::line::Counts,
};

/// Who may see the figures; it can change while askd serves.
pub struct Scraping {
    /// Whether there is an address for them alone.
    is_apart: bool,
    /// Whether they are shown there without a token, as long as there is none.
    is_open: bool,
    /// A hash of the token: whatever is compared with it takes as long.
    token: Option<[u8; 32]>,
}

impl Scraping {
    /// As configured; what it says of the address is that of the start.
    pub fn new(config: &config::Metrics) -> Self {
        let hash = |token: &Secret| hash(token.expose());
        Self {
            is_apart: config.listen.is_some(),
            is_open: config.is_open(),
            token: config.token.as_ref().map(hash),
        }
    }

    /// Whether they are served beside the page.
    fn is_here(&self) -> bool {
        !self.is_apart && self.token.is_some()
    }

    fn allows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return self.is_open;
        };
        let shown = headers.get(header::AUTHORIZATION);
        let shown = shown.and_then(|shown| shown.to_str().ok()).unwrap_or("");
        let (scheme, shown) = shown.split_once(' ').unwrap_or_default();
        scheme.eq_ignore_ascii_case("Bearer") && are_same(&hash(shown.trim()), token)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Compares all of it, wherever a difference is.
fn are_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let differences = one.iter().zip(other).map(|(one, other)| one ^ other);
    differences.fold(0, |all, one| all | one) == 0
}

/// The route among the page's own: there is nothing, unless it has a token and no other address.
pub fn route(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let here = site.clone();
    let is_here = move || {
        let is_here = here.front.load().scraping.is_here();
        async move { is_here.then_some(()).ok_or_else(warp::reject::not_found) }
    };
    warp::path!("metrics")
        .and_then(is_here)
        .untuple_one()
        .and(scrape(site))
}

/// All that is served at the address of their own.
pub fn alone(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let metrics = warp::path!("metrics").and(scrape(site));
    metrics.or(health::alive()).unify()
}

fn scrape(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    get_or_head()
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .then(move |headers: HeaderMap, peer: Option<Peer>| {
            let site = site.clone();
            async move { answer(site, &headers, peer).await }
        })
}

async fn answer(site: Arc<Site>, headers: &HeaderMap, peer: Option<Peer>) -> Response {
    let front = site.front.load_full();
    if !front
        .origins
        .know(headers, peer.is_some_and(|peer| peer.loopback))
    {
        site.metrics.refused(Refusal::Origin);
        let message = "The Host of this request is none that is known here; ask by the address, or by localhost.";
        return reject::error(StatusCode::FORBIDDEN, ErrorCode::BadField.as_str(), message);
    }
    if !front.scraping.allows(headers) {
        site.metrics.refused(Refusal::MetricsToken);
        let message =
            "The metrics are shown to who has their token: Authorization: Bearer …, metrics.token.";
        let mut response = reject::error(StatusCode::UNAUTHORIZED, "signed_out", message);
        let scheme = HeaderValue::from_static("Bearer realm=\"askd metrics\"");
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, scheme);
        return response;
    }
    // Listing the process's descriptors may take milliseconds.
    let text = tokio::task::spawn_blocking(move || exposition(&site).text());
    let Ok(text) = text.await else {
        let message = "This is a fault of the server's; its log says more.";
        let code = ErrorCode::Internal.as_str();
        return reject::error(StatusCode::INTERNAL_SERVER_ERROR, code, message);
    };
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What was counted, and how things stand.
fn exposition(site: &Site) -> Exposition {
    let mut all = site.metrics.exposition();
    let registry = site.sessions.registry();
    all.gauge(names::SESSIONS, registry.len() as u64);
    all.gauge(names::SESSIONS_MAX, registry.max() as u64);
    all.gauge(names::CONNECTIONS, site.connections.len() as u64);
    all.each(names::TASKS, "task", site.shutdown.stragglers());
    all.gauge(names::TURNS_RUNNING, site.desk.running() as u64);
    lines(site, &mut all);
    let is_healthy = *site.health.borrow() == Health::Good;
    all.gauge(names::STORE_HEALTHY, u64::from(is_healthy));
    all.gauge(names::STORE_WAITING, site.store.waiting() as u64);
    all.writing(site.store.writing());
    if let Some(library) = &site.documents {
        index(library, &mut all);
    }
    all.process(Process::now());
    all
}

fn lines(site: &Site, all: &mut Exposition) {
    let stations = site.desk.stations();
    let counts: Vec<_> = stations
        .iter()
        .map(|station| (station.name.clone(), station.line.counts()))
        .collect();
    let mut each = |name, count: fn(&Counts) -> usize| {
        let values = counts
            .iter()
            .map(|(name, counts)| (name.clone(), count(counts)));
        all.each(name, "endpoint", values);
    };
    each(names::LINE_RUNNING, |counts| counts.running);
    each(names::LINE_SLOTS, |counts| counts.slots);
    each(names::LINE_WAITING, |counts| counts.waiting);
    each(names::LINE_PLACES, |counts| counts.places);
}

fn index(library: &Library, all: &mut Exposition) {
    let size = library.size();
    let of = |number: fn(&Size) -> usize| size.as_ref().map_or(0, number) as u64;
    all.gauge(names::INDEX_DOCUMENTS, library.documents() as u64);
    all.gauge(names::INDEX_UNREAD, library.unread() as u64);
    all.gauge(names::INDEX_PASSAGES, of(|size| size.passages));
    all.gauge(names::INDEX_VECTORS, of(|size| size.vectors));
    all.gauge(
        names::INDEX_MEMORY,
        of(|size| size.bytes + size.vector_bytes),
    );
    let lack = library.lack();
    let lacks = [
        ("documents", Lack::Documents),
        ("changes", Lack::Changes),
        ("vectors", Lack::Vectors),
    ];
    let lacks = lacks.map(|(word, one)| (word, usize::from(lack == Some(one))));
    all.each(names::INDEX_LACKS, "what", lacks);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scraping(listen: &str, allow_open: bool, token: Option<&str>) -> Scraping {
        Scraping::new(&config::Metrics {
            listen: (!listen.is_empty()).then(|| config::Listen::Tcp(listen.parse().unwrap())),
            allow_open,
            token: token.map(Secret::new),
        })
    }

    fn with(authorization: &'static str) -> HeaderMap {
        let value = HeaderValue::from_static(authorization);
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }

    #[test]
    fn where_there_is_a_token_it_is_asked_for_whatever_the_address() {
        for listen in ["", "127.0.0.1:1", "0.0.0.0:1"] {
            for allow_open in [false, true] {
                let scraping = scraping(listen, allow_open, Some("right"));
                for (shown, allowed) in [
                    ("Bearer right", true),
                    ("bearer  right ", true),
                    ("Bearer wrong", false),
                    ("Bearer ", false),
                    ("Basic right", false),
                    ("right", false),
                ] {
                    assert_eq!(scraping.allows(&with(shown)), allowed, "{listen} {shown:?}");
                }
                assert!(!scraping.allows(&HeaderMap::new()));
            }
        }
    }

    #[test]
    fn without_a_token_they_are_open_to_this_machine_alone_unless_that_was_decided() {
        for (listen, allow_open, open) in [
            ("127.0.0.1:1", false, true),
            ("[::1]:1", false, true),
            ("0.0.0.0:1", false, false),
            ("0.0.0.0:1", true, true),
            ("", true, false),
        ] {
            let scraping = scraping(listen, allow_open, None);
            assert_eq!(scraping.allows(&HeaderMap::new()), open, "{listen:?}");
        }
    }

    #[test]
    fn they_are_in_one_place() {
        assert!(scraping("", false, Some("token")).is_here());
        assert!(!scraping("127.0.0.1:1", false, Some("token")).is_here());
        assert!(!scraping("", true, None).is_here());
    }
}
