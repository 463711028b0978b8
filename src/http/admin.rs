//! The page for admins. To everybody else there is nothing at its address, whatever they ask of it.

use std::sync::Arc;

use warp::{
    Filter, Rejection,
    http::{HeaderMap, Method},
    reply::Response,
};

use super::{Site, accept::Peer};

/// The route.
pub fn route(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("admin")
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .and_then(move |method, headers: HeaderMap, peer: Option<Peer>| {
            let front = site.front.load_full();
            async move {
                let visitor = front.access.of(&headers, peer.as_ref());
                match (visitor, method) {
                    (Ok(visitor), Method::GET | Method::HEAD) if visitor.is_admin() => {
                        Ok(visitor.mark(front.page.admin(&headers)))
                    }
                    _ => Err(warp::reject::not_found()),
                }
            }
        })
}
