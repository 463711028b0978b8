//! What a request gets that no route takes.

use std::convert::Infallible;

use serde_json::{Value, json};
use warp::{
    Rejection, Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use crate::answer::Fault;

/// The protocol's error object as a response.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "type": "error", "code": code, "message": message });
    with_body(status, &body)
}

fn with_body(status: StatusCode, body: &Value) -> Response {
    let body = body.to_string();
    let mut response = warp::reply::with_status(body, status).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A fault as that, with the seconds after which trying again may help. It ends the connection: a client that is over
/// its cap is not to hold one for being told so.
pub fn for_now(status: StatusCode, fault: &Fault, seconds: u32) -> Response {
    let Fault {
        code,
        message,
        retry_after_ms,
    } = fault;
    let mut response = with_body(
        status,
        &json!({
            "type": "error", "code": code, "message": message, "retry_after_ms": retry_after_ms,
        }),
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Answers what no route has taken.
pub async fn explain(rejection: Rejection) -> Result<Response, Infallible> {
    Ok(
        if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
            let mut response = error(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Only GET and HEAD are understood here.",
            );
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        } else {
            error(
                StatusCode::NOT_FOUND,
                "not_found",
                "There is nothing at this address.",
            )
        },
    )
}
