//! Where askd lies on its host: at the host's root, or below the path of `server.public_url`.
//!
//! A proxy may take that path off or pass it on: a request is understood either way, so that no route knows of it. What
//! the browser is told begins with it.

use std::sync::Arc;

use url::Url;
use warp::{
    Filter, Rejection,
    http::{HeaderValue, Request, StatusCode, Uri, header, uri::PathAndQuery},
    path::FullPath,
    reply::Response,
};

use super::{Site, page::get_or_head};

/// The path that all addresses begin with, as the browser sees them. It begins and ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(Arc<str>);

impl Base {
    /// The path of the address that people type; without one, the host's root.
    pub fn of(public_url: Option<&Url>) -> Self {
        let path = public_url.map_or("", |url| url.path().trim_matches('/'));
        Self(match path {
            "" => "/".into(),
            path => format!("/{path}/").into(),
        })
    }

    /// As the browser sees it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the base off what is asked for, if it is still on it.
    pub fn enter<B>(&self, request: &mut Request<B>) {
        if self.as_str() == "/" {
            return;
        }
        let asked = request.uri().path_and_query().map(PathAndQuery::as_str);
        let Some(rest) = asked.and_then(|asked| asked.strip_prefix(self.as_str())) else {
            return;
        };
        let Ok(inside) = PathAndQuery::try_from(format!("/{rest}")) else {
            return;
        };
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(inside);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}

/// Leads from the base without its last slash to the page: a proxy that passes the path on passes this on too.
pub fn route(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path::full()
        .and_then(move |path: FullPath| {
            let base = site.base.clone();
            async move {
                let bare = base
                    .as_str()
                    .strip_suffix('/')
                    .filter(|bare| !bare.is_empty());
                if bare == Some(path.as_str()) {
                    Ok(base)
                } else {
                    Err(warp::reject::not_found())
                }
            }
        })
        .and(get_or_head())
        .map(|base: Base| {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            let address = HeaderValue::from_str(base.as_str()).expect("the path of a URL is ASCII");
            response.headers_mut().insert(header::LOCATION, address);
            response
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(public_url: &str) -> Base {
        Base::of(Some(&Url::parse(public_url).unwrap()))
    }

    #[test]
    fn the_base_is_the_path_of_the_public_address_between_two_slashes() {
        assert_eq!(Base::of(None).as_str(), "/");
        for (url, path) in [
            ("https://example.org", "/"),
            ("https://example.org/", "/"),
            ("https://example.org/askd", "/askd/"),
            ("https://example.org/askd/", "/askd/"),
            ("https://example.org/tools/askd", "/tools/askd/"),
        ] {
            assert_eq!(base(url).as_str(), path, "{url}");
        }
    }

    #[test]
    fn what_is_asked_for_is_the_same_with_the_base_and_without() {
        for (asked, inside) in [
            ("/askd/", "/"),
            ("/askd/?q=1", "/?q=1"),
            ("/askd/c/x?document=a", "/c/x?document=a"),
            ("/askd/askd/", "/askd/"),
            ("/askd//c", "//c"),
            ("http://host/askd/ws", "http://host/ws"),
            ("/c/x", "/c/x"),
            ("/askd", "/askd"),
            ("/askdx/c", "/askdx/c"),
        ] {
            let mut request = Request::get(asked).body(()).unwrap();
            base("https://example.org/askd").enter(&mut request);
            assert_eq!(request.uri().to_string(), inside, "{asked}");
        }
        let mut request = Request::get("/askd/c").body(()).unwrap();
        Base::of(None).enter(&mut request);
        assert_eq!(request.uri(), "/askd/c");
    }
}
