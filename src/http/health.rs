//! `/healthz` and `/readyz`, for whoever watches over the process.

use std::sync::Arc;

use serde_json::{Value, json};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Site, page::get_or_head};
use crate::{
    knowledge::{Lack, Library, Progress, Task},
    store::{Health, UNAVAILABLE},
};

/// Both routes.
pub fn routes(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let readyz = warp::path!("readyz")
        .and(get_or_head())
        .map(move || readiness(&site));
    alive().or(readyz).unify()
}

/// The first one alone.
pub fn alive() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("healthz")
        .and(get_or_head())
        .map(|| said(StatusCode::OK, told("up")))
}

fn readiness(site: &Site) -> Response {
    if site.shutdown.is_draining() {
        return said(StatusCode::SERVICE_UNAVAILABLE, told("draining"));
    }
    if let Health::Bad(_) = &*site.health.borrow() {
        // Why is for the operator, in the log; anybody may look here.
        let mut body = told("storage_failed");
        body["message"] = UNAVAILABLE.into();
        return said(StatusCode::SERVICE_UNAVAILABLE, body);
    }
    let mut body = told("ready");
    if let Some(lack) = site.documents.as_ref().and_then(Library::lack) {
        body["detail"] = match lack {
            Lack::Documents => "documents_unread",
            Lack::Changes => "documents_stale",
            Lack::Vectors => "embeddings_down",
        }
        .into();
    }
    if let Some(Progress { task, done, of }) = site.documents.as_ref().and_then(Library::progress) {
        let task = match task {
            Task::Reading => "reading",
            Task::Embedding => "embedding",
        };
        body["progress"] = json!({ "task": task, "done": done, "of": of });
    }
    said(StatusCode::OK, body)
}

fn told(state: &str) -> Value {
    json!({ "state": state, "server": env!("CARGO_PKG_VERSION") })
}

fn said(status: StatusCode, body: Value) -> Response {
    let mut response = warp::reply::with_status(warp::reply::json(&body), status).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
