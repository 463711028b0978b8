//! What a request is for: an address at one host. A proxy and askd that each took another of two hosts would mean two sites, and an
//! address without a path is none that a route could have.

use hyper::{Request, Version};
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::Response;

use crate::http::reject;

/// Why there can be no answer to such a request.
pub(super) fn fault<B>(request: &Request<B>) -> Option<Response> {
    let message = if request.uri().path_and_query().is_none() {
        "A request is for an address that begins with a slash; askd is no proxy."
    } else if !names_one_host(request) {
        "A request names one host: send one Host header, and no other host in the address."
    } else {
        return None;
    };
    Some(reject::error(
        StatusCode::BAD_REQUEST,
        "bad_request",
        message,
    ))
}

fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let authority = request.uri().authority();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => false,
        (Some(host), None) => authority.is_none_or(|authority| {
            let host = host.to_str().unwrap_or_default();
            authority.as_str().eq_ignore_ascii_case(host)
        }),
        // HTTP/2 names it in the address, and HTTP/1.0 need not.
        (None, None) => {
            request.version() != Version::HTTP_11 && {
                request.version() != Version::HTTP_2 || authority.is_some()
            }
        }
    }
}

/// HTTP/2 names the host in the address; here all look for it in the header, where HTTP/1.1 has it.
pub(super) fn name_host<B>(request: &mut Request<B>) {
    if request.version() != Version::HTTP_2 {
        return;
    }
    let authority = request.uri().authority().map(|host| host.as_str());
    if let Some(Ok(host)) = authority.map(HeaderValue::from_str) {
        request.headers_mut().insert(header::HOST, host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_a_path_at_one_host() {
        let [h10, h11, h2] = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2];
        for (version, uri, hosts, is_fine) in [
            (h11, "/", &["a"][..], true),
            (h11, "/", &[], false),
            (h11, "/", &["a", "a"], false),
            (h11, "http://a/x", &["A"], true),
            (h11, "http://b/x", &["a"], false),
            (h11, "a:1", &["a:1"], false),
            (h11, "*", &["a"], true),
            (h10, "/", &[], true),
            (h10, "/", &["a", "b"], false),
            (h2, "https://a/", &[], true),
            (h2, "https://a/", &["a"], true),
            (h2, "https://a/", &["b"], false),
            (h2, "https://a/", &["a", "a"], false),
            (h2, "/", &[], false),
            (h2, "a:1", &[], false),
        ] {
            let mut request = Request::builder().version(version).uri(uri);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            let fault = fault(&request.body(()).unwrap());
            assert_eq!(fault.is_none(), is_fine, "{version:?} {uri} {hosts:?}");
        }
    }
}
