//! `/healthz` and `/readyz`, for whoever watches over the process.

use std::sync::Arc;

use serde_json::json;
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Site, page::get_or_head};
use crate::{
    knowledge::{Lack, Library},
    store::{Health, UNAVAILABLE},
};

/// Both routes.
pub fn routes(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let healthz = warp::path!("healthz")
        .and(get_or_head())
        .map(|| state(true, "up", None, None));
    let readyz =
        warp::path!("readyz")
            .and(get_or_head())
            .map(move || match &*site.health.borrow() {
                _ if site.shutdown.is_draining() => state(false, "draining", None, None),
                Health::Good => {
                    let lack = site.documents.as_ref().and_then(Library::lack);
                    let detail = lack.map(|lack| match lack {
                        Lack::Documents => "documents_unread",
                        Lack::Changes => "documents_stale",
                        Lack::Vectors => "embeddings_down",
                    });
                    state(true, "ready", None, detail)
                }
                // Why is for the operator, in the log; anybody may look here.
                Health::Bad(_) => state(false, "storage_failed", Some(UNAVAILABLE), None),
            });
    healthz.or(readyz).unify()
}

fn state(ok: bool, state: &str, reason: Option<&str>, detail: Option<&str>) -> Response {
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut body = json!({ "state": state, "server": env!("CARGO_PKG_VERSION") });
    if let Some(reason) = reason {
        body["message"] = reason.into();
    }
    if let Some(detail) = detail {
        body["detail"] = detail.into();
    }
    let mut response = warp::reply::with_status(warp::reply::json(&body), status).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
