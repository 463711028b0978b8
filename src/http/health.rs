//! `/healthz` and `/readyz`, for whoever watches over the process.

use serde_json::json;
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::page::get_or_head;
use crate::shutdown::Shutdown;

/// Both routes.
pub fn routes(shutdown: Shutdown) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let healthz = warp::path!("healthz")
        .and(get_or_head())
        .map(|| state(true, "up"));
    let readyz =
        warp::path!("readyz")
            .and(get_or_head())
            .map(move || match shutdown.is_draining() {
                false => state(true, "ready"),
                true => state(false, "draining"),
            });
    healthz.or(readyz).unify()
}

fn state(ok: bool, state: &str) -> Response {
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({ "state": state, "server": env!("CARGO_PKG_VERSION") });
    let mut response = warp::reply::with_status(warp::reply::json(&body), status).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
