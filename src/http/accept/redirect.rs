//! The answer of addresses that only lead to the page's own.

use url::Url;
use warp::{
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri, header,
        uri::{Authority, PathAndQuery},
    },
    reply::Response,
};

use super::{Listener, Speech};
use crate::http::reject;

/// Where those are led who come without TLS.
pub struct Redirect {
    /// The origin that people type, if the operator has named it; else it is the host that they asked for.
    origin: Option<String>,
    /// The port of the first listener that speaks TLS.
    port: u16,
}

impl Redirect {
    /// Leads to the public address, or to the first of these listeners that speaks TLS.
    pub fn new(public_url: Option<&Url>, listeners: &[Listener]) -> Self {
        let public = public_url.filter(|url| url.scheme() == "https");
        let ports = listeners.iter().filter_map(|listener| match listener {
            Listener::Tcp(listener, Speech::Tls) => listener.local_addr().ok(),
            _ => None,
        });
        Self {
            origin: public.map(|url| url.origin().ascii_serialization()),
            port: ports.map(|address| address.port()).next().unwrap_or(443),
        }
    }

    /// The response to a request for this address. It ends the connection: the next request goes elsewhere.
    pub fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        let mut response = match self.location(uri, headers) {
            Some(location) => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
                response.headers_mut().insert(header::LOCATION, location);
                response
            }
            None => {
                let message =
                    "This address only leads to the one with https, and the request names no host.";
                reject::error(StatusCode::BAD_REQUEST, "bad_request", message)
            }
        };
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        response
    }

    fn location(&self, uri: &Uri, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = match &self.origin {
            Some(origin) => origin.clone(),
            None => self.origin_of(headers)?,
        };
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        // `OPTIONS *` has none.
        let path = if path.starts_with('/') { path } else { "/" };
        HeaderValue::from_str(&format!("{origin}{path}")).ok()
    }

    /// The host that was asked for, with the port of TLS.
    fn origin_of(&self, headers: &HeaderMap) -> Option<String> {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        let host: Authority = host.parse().ok()?;
        // What stands before an @ would be shown to people as if it were the host.
        if host.host().is_empty() || host.as_str().contains('@') {
            return None;
        }
        Some(match self.port {
            443 => format!("https://{}", host.host()),
            port => format!("https://{}:{port}", host.host()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_without_tls_is_led_to_the_same_address_with_it() {
        let to = |origin: Option<&str>, port| Redirect {
            origin: origin.map(str::to_owned),
            port,
        };
        let own = || to(None, 443);
        let public = || to(Some("https://ask.example.org"), 8443);
        let cases = [
            (own(), "example.org", "/", Some("https://example.org/")),
            (
                own(),
                "example.org:80",
                "/c/x?a=b",
                Some("https://example.org/c/x?a=b"),
            ),
            (own(), "[::1]:8080", "/", Some("https://[::1]/")),
            (
                to(None, 8443),
                "example.org",
                "/",
                Some("https://example.org:8443/"),
            ),
            (
                own(),
                "example.org",
                "//evil.example/",
                Some("https://example.org//evil.example/"),
            ),
            (own(), "example.org@evil.example", "/", None),
            (own(), "", "/", None),
            (own(), "example.org/x", "/", None),
            (
                public(),
                "other.example",
                "/c",
                Some("https://ask.example.org/c"),
            ),
            (public(), "", "/", Some("https://ask.example.org/")),
        ];
        for (redirect, host, path, location) in cases {
            let headers = [(header::HOST, HeaderValue::from_static(host))];
            let answer = redirect.answer(&path.parse().unwrap(), &headers.into_iter().collect());
            let status = if location.is_some() { 308 } else { 400 };
            assert_eq!(answer.status(), status, "{host} {path}");
            let found = answer.headers().get(header::LOCATION);
            assert_eq!(
                found.map(|to| to.to_str().unwrap()),
                location,
                "{host} {path}"
            );
        }
        let none = own().answer(&"/".parse().unwrap(), &HeaderMap::new());
        assert_eq!(none.status(), 400);
    }
}
