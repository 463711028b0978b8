//! What admins see of the server and may do to it. Whoever is none has been told before that there is nothing here.

pub mod overview;

use serde::{Deserialize, Serialize};
use warp::{
    Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{
    Call, aside, decode, json,
    refusal::Refusal,
    route::{Admin, Route},
};
use crate::{
    auth::{ShutOut, audit::Act},
    id::TurnId,
    turn::misses,
};

/// Questions that found nothing, in one answer.
const MISSES: usize = 200;

/// What `POST /admin/sign-out` takes.
#[derive(Deserialize)]
struct SignOut {
    name: String,
}

#[derive(Serialize)]
struct SignedOut {
    sign_ins: usize,
    tokens: usize,
}

#[derive(Serialize)]
struct Misses {
    /// Whether they are written down at all.
    kept: bool,
    /// The newest first.
    questions: Vec<String>,
    /// How many there are in the file.
    total: usize,
}

/// Every method of every address for admins.
pub(super) async fn handle(route: Admin, method: &str, call: Call) -> Result<Response, Refusal> {
    match (route, method) {
        (Admin::Overview, "GET" | "HEAD") => json(&overview::of(&call.site).await),
        (Admin::Config, "GET" | "HEAD") => Ok(config(&call)),
        (Admin::Misses, "GET" | "HEAD") => misses(call).await,
        (Admin::Cancel(turn), "POST") => cancel(&call, turn),
        (Admin::SignOut, "POST") => sign_out(call).await,
        (Admin::Reload, "POST") => reload(call).await,
        _ => Err(Refusal::method(Route::Admin(route).methods())),
    }
}

/// `GET /admin/config`.
fn config(call: &Call) -> Response {
    let mut response = Response::new(call.site.shown.load().to_string().into());
    let kind = HeaderValue::from_static("application/toml");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// `GET /admin/misses`.
async fn misses(call: Call) -> Result<Response, Refusal> {
    let Some(file) = call.site.misses.clone() else {
        return json(&Misses {
            kept: false,
            questions: Vec::new(),
            total: 0,
        });
    };
    let read = move || {
        misses::last(&file, MISSES).map_err(|error| Refusal::unreadable("knowledge.misses", &error))
    };
    let (questions, total) = aside(read).await?;
    call.note(Act::MissesRead);
    json(&Misses {
        kept: true,
        questions,
        total,
    })
}

/// `POST /admin/turns/{id}/cancel`.
fn cancel(call: &Call, turn: Option<TurnId>) -> Result<Response, Refusal> {
    let turn = turn.ok_or_else(Refusal::unknown_turn)?;
    if !call.site.desk.end_any(turn) {
        return Err(Refusal::unknown_turn());
    }
    call.note(Act::TurnStopped { turn: turn.0 });
    tracing::info!(%turn, "an admin stops an answer");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /admin/sign-out`: all of a user's sign-ins and tokens. Whom a proxy names it may name again; their tokens are askd's.
async fn sign_out(mut call: Call) -> Result<Response, Refusal> {
    let body = call.small().await?;
    let SignOut { name } = decode(&body)?;
    let ShutOut {
        sign_ins,
        tokens,
        was_named,
    } = call.site.auth.shut_out(&name).await?;
    // Where there is none it may be anything that was typed.
    if sign_ins + tokens > 0 || was_named || call.site.auth.known(&name).is_some() {
        call.note(Act::UserSignedOut {
            of: name,
            sign_ins,
            tokens,
        });
    }
    json(&SignedOut { sign_ins, tokens })
}

/// `POST /admin/reload`.
async fn reload(call: Call) -> Result<Response, Refusal> {
    let by = call.user.as_ref().map(|user| user.name.clone());
    let asked = call.site.reloader.ask(by.unwrap_or_default()).await;
    let reloaded = asked.ok_or_else(Refusal::not_reloaded)?;
    call.note(reloaded.act());
    json(&reloaded)
}
