//! `/healthz` and `/readyz`, for whoever watches over the process.

use std::sync::Arc;

use serde_json::{Value, json};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{
    Site,
    accept::Peer,
    api::overview::{self, Knowledge, StoreState},
    page::get_or_head,
};
use crate::{
    knowledge::{Library, Progress, Task},
    store::{Health, UNAVAILABLE},
};

/// Both routes.
pub fn routes(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let readyz = warp::path!("readyz")
        .and(get_or_head())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .map(move |headers: HeaderMap, peer: Option<Peer>| {
            let visitor = site.front.load().access.of(&headers, peer.as_ref());
            let is_admin = visitor.is_ok_and(|visitor| visitor.is_admin());
            let (status, mut body) = readiness(&site);
            if is_admin {
                details(&site, &mut body);
            }
            said(status, body)
        });
    alive().or(readyz).unify()
}

/// The first one alone.
pub fn alive() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("healthz")
        .and(get_or_head())
        .map(|| said(StatusCode::OK, told("up")))
}

fn readiness(site: &Site) -> (StatusCode, Value) {
    if site.shutdown.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, told("draining"));
    }
    if let Health::Bad(_) = &*site.health.borrow() {
        // Why is for the operator, in the log; anybody may look here.
        let mut body = told("storage_failed");
        body["message"] = UNAVAILABLE.into();
        return (StatusCode::SERVICE_UNAVAILABLE, body);
    }
    let mut body = told("ready");
    if let Some(lack) = site.documents.as_ref().and_then(Library::lack) {
        body["detail"] = lack.as_str().into();
    }
    if let Some(Progress { task, done, of }) = site.documents.as_ref().and_then(Library::progress) {
        let task = match task {
            Task::Reading => "reading",
            Task::Embedding => "embedding",
        };
        body["progress"] = json!({ "task": task, "done": done, "of": of });
    }
    (StatusCode::OK, body)
}

/// What admins are told besides.
fn details(site: &Site, body: &mut Value) {
    body["sessions"] = site.sessions.registry().len().into();
    body["turns"] = site.desk.running().into();
    body["endpoints"] = json!(overview::endpoints(site));
    body["store"] = json!(StoreState::of(site));
    body["knowledge"] = json!(site.documents.as_ref().map(Knowledge::of));
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
