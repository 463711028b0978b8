//! The routes, in one list, and what every response carries.

pub mod accept;
mod access;
mod admin;
mod api;
mod base;
mod embed;
mod health;
mod metrics;
pub mod owner;
mod page;
mod proxies;
mod reject;
mod reload;
mod upgrade;

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use warp::{
    Filter, Reply,
    http::{HeaderName, HeaderValue, header},
    reply::Response,
};

pub use self::{
    api::Uploads,
    base::Base,
    page::Page,
    proxies::Proxies,
    reload::{Asked, Reloaded, Reloader, Reloads, channel as reload_channel},
};
use crate::{
    auth::{Auth, audit::Audit},
    config::Config,
    knowledge::Library,
    metrics::Metrics,
    session::{Sessions, registry::Registry},
    shutdown::Shutdown,
    store::{self, Health, Store},
    turn::desk::Desk,
};

/// What the routes answer from.
pub struct Site {
    base: Base,
    sessions: Arc<Sessions>,
    desk: Desk,
    store: Store,
    documents: Option<Library>,
    uploads: Uploads,
    outgoing: api::Outgoing,
    handed_out: api::Outgoing,
    auth: Auth,
    audit: Audit,
    reloader: Reloader,
    misses: Option<PathBuf>,
    /// The configuration that runs, for admins.
    shown: ArcSwap<String>,
    /// When it went up, in milliseconds since the epoch.
    since: u64,
    front: ArcSwap<Front>,
    connections: Arc<Registry>,
    metrics: Metrics,
    health: watch::Receiver<Health>,
    shutdown: Shutdown,
}

/// What is shown, to whom; it can change while askd serves.
struct Front {
    origins: upgrade::Origins,
    access: access::Access,
    framing: embed::Framing,
    scraping: metrics::Scraping,
    page: Page,
}

impl Front {
    fn new(config: &Config, page: Page, store: &Store, auth: &Auth) -> Self {
        let server = &config.server;
        let base = Base::of(server.public_url.as_ref());
        let (key, secure) = (store.cookie_key().expose(), server.is_secure());
        let owners = owner::Owners::new(key, secure, &base, !page.sites().is_empty());
        let proxies = Proxies::new(&server.trusted_proxies);
        Self {
            origins: upgrade::Origins::new(server),
            access: access::Access::new(owners, auth.clone(), proxies, &base, secure),
            framing: embed::Framing::new(page.sites()),
            scraping: metrics::Scraping::new(&config.metrics),
            page,
        }
    }
}

/// What stands behind the routes.
pub struct Parts<'a> {
    /// Where sessions begin.
    pub sessions: Arc<Sessions>,
    /// The running turns.
    pub desk: &'a Desk,
    /// The conversations.
    pub store: &'a Store,
    /// Who may come in.
    pub auth: Auth,
    /// Where it is written down who came in.
    pub audit: Audit,
    /// How admins have the configuration read again.
    pub reloader: Reloader,
    /// The questions that found nothing, if they are written down.
    pub misses: Option<PathBuf>,
    /// The configuration as admins see it.
    pub shown: String,
    /// The documents that sources are of, if there are any.
    pub documents: Option<Library>,
    /// What is shown to who comes with a browser.
    pub page: Page,
    /// What imports keep to.
    pub uploads: Uploads,
    /// The connections that there are.
    pub connections: Arc<Registry>,
    /// What is counted.
    pub metrics: Metrics,
    /// How it goes down.
    pub shutdown: Shutdown,
}

impl Site {
    /// Prepares the list of origins and the cookies.
    pub fn new(config: &Config, parts: Parts<'_>) -> Arc<Self> {
        let Parts {
            sessions,
            desk,
            store,
            auth,
            audit,
            reloader,
            misses,
            shown,
            documents,
            page,
            uploads,
            connections,
            metrics,
            shutdown,
        } = parts;
        Arc::new(Self {
            sessions,
            desk: desk.clone(),
            store: store.clone(),
            documents,
            uploads,
            outgoing: api::Outgoing::new(),
            handed_out: api::Outgoing::new(),
            front: ArcSwap::from_pointee(Front::new(config, page, store, &auth)),
            base: Base::of(config.server.public_url.as_ref()),
            auth,
            connections,
            metrics,
            audit,
            reloader,
            misses,
            shown: ArcSwap::from_pointee(shown),
            since: store::now(),
            health: store.health(),
            shutdown,
        })
    }

    /// Shows another page from now on, and lets others in.
    pub fn set(&self, config: &Config, page: Page) {
        let front = Front::new(config, page, &self.store, &self.auth);
        self.front.store(Arc::new(front));
        self.uploads.set(&config.session);
        self.shown.store(Arc::new(config.shown()));
    }
}

/// Every route, each with its security headers.
///
/// | path | what it is |
/// |---|---|
/// | `GET /ws` | a session |
/// | `GET /healthz` | 200 while the process serves |
/// | `GET /readyz` | 200 while it takes questions, 503 once it drains or while it cannot keep them |
/// | `GET /metrics` | what is counted, to who shows its token; unless that has an address of its own |
/// | `/api/v1/…` | conversations, and the documents that answers are from; `GET /api/v1/openapi.json` describes them |
/// | `GET /`, `GET /c/{conversation}` | the page, which says itself when there is no such conversation |
/// | `GET /embed`, `GET /embed.js` | the page for other sites' frames, and the script that places it there |
/// | `GET /admin` | the page for admins; to everybody else there is nothing |
/// | `GET /…` | the page's files |
///
/// Each is also below the path of `server.public_url`, and that path without a slash behind it leads to the page.
pub fn routes(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    upgrade::route(site.clone())
        .or(health::routes(site.clone()))
        .unify()
        .or(metrics::route(site.clone()))
        .unify()
        .or(api::routes(site.clone()))
        .unify()
        .or(base::route(site.clone()))
        .unify()
        .or(embed::route(site.clone()))
        .unify()
        .or(admin::route(site.clone()))
        .unify()
        .or(page::route(site))
        .unify()
        .recover(reject::explain)
        .map(guarded)
}

/// What is served at the address of the metrics alone.
pub fn metrics_alone(
    site: Arc<Site>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    metrics::alone(site).recover(reject::explain).map(guarded)
}

/// With the security headers, but for those that the route has set itself because it allows less.
fn guarded(reply: impl Reply) -> Response {
    let mut response = reply.into_response();
    let may_be_framed = response.extensions().get::<embed::MayBeFramed>().is_some();
    for (name, value) in SECURITY_HEADERS {
        // It can name nobody, and some browsers heed it beside a policy that does.
        if may_be_framed && name == header::X_FRAME_OPTIONS {
            continue;
        }
        let headers = response.headers_mut();
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// No inline script, no foreign host, no frame around the page; text becomes HTML only where Svelte makes the page's own
/// elements, and where a sign's name (`&auml;`) is looked up.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; \
    base-uri 'none'; frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; \
    trusted-types svelte-trusted-html askd-references askd-worker";

const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
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
