//! The routes, in one list, and what every response carries.

pub mod accept;
mod api;
mod health;
pub mod owner;
mod page;
mod reject;
mod upgrade;

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use tokio::sync::watch;
use warp::{
    Filter, Reply,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    reply::Response,
};

pub use self::api::Uploads;
use crate::{
    config,
    session::Sessions,
    shutdown::Shutdown,
    store::{Health, Store},
    turn::desk::Desk,
};

/// What the routes answer from.
pub struct Site {
    sessions: Arc<Sessions>,
    desk: Desk,
    store: Store,
    uploads: Uploads,
    outgoing: api::Outgoing,
    origins: upgrade::Origins,
    owners: owner::Owners,
    page: page::Page,
    health: watch::Receiver<Health>,
    detail: OnceLock<Detail>,
    shutdown: Shutdown,
}

/// Says in a word what does not work that answers can do without.
pub type Detail = Box<dyn Fn() -> Option<&'static str> + Send + Sync>;

impl Site {
    /// Prepares the page, the list of origins and the cookies.
    pub fn new(
        server: &config::Server,
        page: &config::Page,
        uploads: Uploads,
        sessions: Arc<Sessions>,
        desk: &Desk,
        store: &Store,
        shutdown: Shutdown,
    ) -> Arc<Self> {
        let public = server.public_url.as_ref();
        let secure = public.is_some_and(|url| url.scheme() == "https");
        Arc::new(Self {
            sessions,
            desk: desk.clone(),
            store: store.clone(),
            uploads,
            outgoing: api::Outgoing::new(),
            origins: upgrade::Origins::new(server),
            owners: owner::Owners::new(store.cookie_key().expose(), secure),
            page: page::Page::new(page),
            health: store.health(),
            detail: OnceLock::new(),
            shutdown,
        })
    }

    /// Has `/readyz` tell this too, beside a state that stays what it is.
    pub fn look_at(&self, detail: Detail) {
        // There is one, and it is told once.
        let _ = self.detail.set(detail);
    }
}

/// Every route, each with its security headers.
///
/// | path | what it is |
/// |---|---|
/// | `GET /ws` | a session |
/// | `GET /healthz` | 200 while the process serves |
/// | `GET /readyz` | 200 while it takes questions, 503 once it drains or while it cannot keep them |
/// | `/api/v1/…` | conversations; `GET /api/v1/openapi.json` describes them |
/// | `GET /`, `GET /c/{conversation}` | the page, which says itself when there is no such conversation |
/// | `GET /…` | the page's files |
pub fn routes(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    upgrade::route(site.clone())
        .or(health::routes(site.clone()))
        .unify()
        .or(api::routes(site.clone()))
        .unify()
        .or(page::route(site))
        .unify()
        .recover(reject::explain)
        .with(warp::reply::with::headers(security_headers()))
        .map(Reply::into_response)
}

/// No inline script, no foreign host, no frame around the page; text becomes HTML only through the sanitiser's
/// and Svelte's policies.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; \
    base-uri 'none'; frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; \
    trusted-types dompurify svelte-trusted-html";

fn security_headers() -> HeaderMap {
    let headers: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ];
    headers
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}
