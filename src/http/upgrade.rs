//! `GET /ws`: from an HTTP request to a session.
//!
//! The upgrade is our own, because warp's takes 131 kB a session and has no knob for it. Everything that can
//! be refused is refused before it, in plain HTTP.

use std::{sync::Arc, time::Duration};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};
use tracing::debug;
use url::{Host, Url};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Site, accept::Peer, reject};
use crate::{
    answer::{ErrorCode, Fault},
    config,
    id::{Client, OwnerId},
    metrics::Refusal,
    refusal::in_words,
    session::{Meter, Metered, Who, registry::Refused, wire::SUBPROTOCOL},
};

/// Seconds after which a refused client may try again.
const RETRY_AFTER: u32 = 5;

/// Who may open a session from a browser's page: the page's own origin, and the operator's list.
pub struct Origins {
    listed: Vec<String>,
    /// The page comes over askd's own TLS: one that did not, under the same name, is another's.
    tls: bool,
}

impl Origins {
    /// The list of the configuration.
    pub fn new(server: &config::Server) -> Self {
        let public = server
            .public_url
            .as_ref()
            .map(|url| url.origin().ascii_serialization());
        let listed = server.allowed_origins.iter().cloned();
        Self {
            listed: listed.chain(public).collect(),
            tls: server.tls.is_some(),
        }
    }

    /// Whether a request may go on. Programs that are no browsers send no `Origin`.
    ///
    /// Over the loopback, the page's own origin is not believed by its name alone: any name can be made to
    /// resolve to 127.0.0.1, and then a foreign page would be "the page's own" here.
    pub(super) fn allow(&self, headers: &HeaderMap, loopback: bool) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return true;
        };
        let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
            return false;
        };
        let is_own = || same_host(origin, headers) && (!self.tls || origin.starts_with("https://"));
        self.listed.iter().any(|allowed| allowed == origin)
            || is_own() && (!loopback || is_local(origin))
    }

    /// Whether a request may read what needs no cookie. A foreign page whose name was made to resolve to 127.0.0.1 sends no
    /// `Origin` with what it reads, only the name: over the loopback it must be one that nobody else can have, or one that
    /// the operator has written down.
    pub(super) fn know(&self, headers: &HeaderMap, loopback: bool) -> bool {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let Some(host) = host.filter(|_| loopback) else {
            return true;
        };
        is_local(&format!("http://{host}"))
            || self.listed.iter().any(|known| same_host(known, headers))
    }
}

/// Whether the origin's host and port are those that the request was sent to.
fn same_host(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let (Some(host), Ok(origin)) = (host, Url::parse(origin)) else {
        return false;
    };
    // Parsed with the origin's scheme, so that a default port may be written or left out.
    let Ok(here) = Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    origin.host().is_some() && here.host() == origin.host() && here.port() == origin.port()
}

/// Whether an origin is an address or `localhost`, which nobody else can be.
fn is_local(origin: &str) -> bool {
    let origin = Url::parse(origin);
    match origin.as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

/// The route.
pub fn route(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("ws")
        .and(warp::get())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<Peer>())
        .map(
            move |headers: HeaderMap, upgrade: Option<OnUpgrade>, peer: Option<Peer>| {
                answer(&site, &headers, upgrade, peer)
            },
        )
}

fn answer(
    site: &Arc<Site>,
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
    peer: Option<Peer>,
) -> Response {
    let has = |name, wanted: &str| {
        let values = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(wanted))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let asked = has(header::UPGRADE, "websocket") && has(header::SEC_WEBSOCKET_VERSION, "13");
    let (Some(upgrade), Some(key), Some(peer), true) = (upgrade, key, peer, asked) else {
        return upgrade_required();
    };
    let front = site.front.load();
    if !front.origins.allow(headers, peer.loopback) {
        site.metrics.refused(Refusal::Origin);
        let message = "The Origin of this page may not open a session here; \
            the operator can name it in server.public_url or server.allowed_origins.";
        return reject::error(StatusCode::FORBIDDEN, ErrorCode::BadField.as_str(), message);
    }
    let Ok(visitor) = front.access.of(headers, Some(&peer)) else {
        site.metrics.refused(Refusal::SignedOut);
        return signed_out();
    };
    let client = front.access.client(&peer, headers);
    let guard = match site.sessions.admit(client, visitor.owner) {
        Ok(guard) => guard,
        Err(refused) => return refuse(site, refused),
    };
    let accept = derive_accept_key(key.as_bytes());
    let sessions = site.sessions.clone();
    let who = Who {
        owner: visitor.owner,
        client,
        user: visitor.user.as_ref().map(|user| user.name.clone()),
        pass: visitor.pass(),
        peer: front.access.name(&peer, headers),
        meter: Meter::default(),
    };
    site.shutdown.spawn_session(async move {
        // The whole of it, or the block would take the name alone and the connection's place would be free.
        let peer = peer;
        match upgrade.await {
            Ok(upgraded) => {
                let config = sessions.socket_config();
                let message = config.max_message_size.unwrap_or(usize::MAX / 4);
                let io = Metered::new(TokioIo::new(upgraded), who.meter.clone(), message);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                sessions.run(socket, guard, who).await;
            }
            Err(error) => debug!(%error, peer = %peer.name, "a client left during the upgrade"),
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let out = response.headers_mut();
    out.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    out.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        out.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if has(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        out.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    visitor.mark(response)
}

/// What somebody is told who asks for no WebSocket, or for one of another version.
fn upgrade_required() -> Response {
    let mut response = reject::error(
        StatusCode::UPGRADE_REQUIRED,
        ErrorCode::BadField.as_str(),
        "This address takes WebSocket connections (RFC 6455, version 13) only.",
    );
    let out = response.headers_mut();
    out.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    out.insert(
        header::SEC_WEBSOCKET_VERSION,
        HeaderValue::from_static("13"),
    );
    response
}

/// What somebody is told who has to sign in first.
fn signed_out() -> Response {
    reject::error(
        StatusCode::UNAUTHORIZED,
        "signed_out",
        "Sign in to use this server, or send a token: Authorization: Bearer ….",
    )
}

fn refuse(site: &Site, refused: Refused) -> Response {
    if site.sessions.is_going_down() {
        site.metrics.refused(Refusal::Draining);
    }
    let status = match refused {
        Refused::TooManyOfOne | Refused::TooManyOfOwner => StatusCode::TOO_MANY_REQUESTS,
        Refused::Full => StatusCode::SERVICE_UNAVAILABLE,
    };
    reject::for_now(status, &said(site, refused), RETRY_AFTER)
}

/// What a new session would be refused for now: browsers hide the answer to a refused upgrade from their pages, which ask for
/// it at `/api/v1/me`.
pub(super) fn refusal(site: &Site, client: Option<Client>, owner: OwnerId) -> Option<Fault> {
    let refused = site.sessions.refuses(client, owner)?;
    Some(said(site, refused))
}

/// As a client is told it.
fn said(site: &Site, refused: Refused) -> Fault {
    let (code, message) = match refused {
        Refused::TooManyOfOne => (
            ErrorCode::RateLimited,
            "Your address has as many sessions open as it may, until one is closed",
        ),
        Refused::TooManyOfOwner => (
            ErrorCode::RateLimited,
            "You have as many sessions open as you may, until you close a tab",
        ),
        Refused::Full if site.sessions.is_going_down() => {
            (ErrorCode::QueueFull, "The server is restarting")
        }
        Refused::Full => (
            ErrorCode::QueueFull,
            "The server has as many sessions open as it takes",
        ),
    };
    let wait = Duration::from_secs(RETRY_AFTER.into());
    let message = format!("{message}; ask again in {}.", in_words(wait));
    Fault::new(code, message).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(listed: &str, tls: bool) -> Origins {
        Origins {
            listed: vec![listed.to_owned()],
            tls,
        }
    }

    #[test]
    fn over_tls_a_page_of_the_same_name_without_it_is_anothers() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("example.org"));
        for (origin, tls, allowed) in [
            ("https://example.org", true, true),
            ("http://example.org", true, false),
            ("http://example.org", false, true),
            ("http://listed.example.org", true, true),
        ] {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            let origins = origins("http://listed.example.org", tls);
            assert_eq!(origins.allow(&headers, false), allowed, "{origin}");
        }
    }

    #[test]
    fn only_the_pages_own_origin_and_the_listed_ones_may_open_a_session() {
        let origins = origins("https://docs.example.org", false);
        let cases = [
            (None, "example.org", true),
            (Some("http://example.org"), "example.org", true),
            (Some("http://example.org"), "example.org:80", true),
            (Some("https://example.org"), "example.org:443", true),
            (Some("http://127.0.0.1:8080"), "127.0.0.1:8080", true),
            (Some("http://[::1]:8080"), "[::1]:8080", true),
            (Some("https://docs.example.org"), "example.org", true),
            (Some("http://docs.example.org"), "example.org", false),
            (Some("http://example.org:81"), "example.org", false),
            (Some("http://evil.example"), "example.org", false),
            (
                Some("http://example.org.evil.example"),
                "example.org",
                false,
            ),
            (Some("null"), "example.org", false),
            (Some(""), "example.org", false),
            (Some("file://"), "example.org", false),
        ];
        for (origin, host, allowed) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(
                origins.allow(&headers, false),
                allowed,
                "{origin:?} to {host}"
            );
        }
    }

    #[test]
    fn a_name_that_was_made_to_mean_this_machine_opens_nothing() {
        let origins = origins("https://ask.example.org", false);
        let cases = [
            ("http://evil.example:8080", "evil.example:8080", false),
            (
                "http://localhost.evil.example",
                "localhost.evil.example",
                false,
            ),
            ("http://localhost:8080", "localhost:8080", true),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("https://ask.example.org", "ask.example.org", true),
        ];
        for (origin, host, allowed) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            assert_eq!(origins.allow(&headers, true), allowed, "{origin}");
        }
    }
}
