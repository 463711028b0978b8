//! Signing in and out, who somebody is, and the tokens that people make for their programs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use warp::{
    Reply,
    http::{HeaderMap, StatusCode, header},
    reply::Response,
};

use super::{Call, MAX_SMALL, SMALL_TIME, body, body::Body, decode, json, refusal::Refusal, title};
use crate::{
    answer::Fault,
    auth::{MAX_TOKENS, NotSignedIn, Role, TokenInfo, User, audit::Act},
    config::AuthMode,
    http::{
        Site,
        accept::Peer,
        access::{Access, bearer},
        upgrade,
    },
};

/// What `POST /sign-in` takes.
#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

/// What `POST /sign-out` takes; an empty body says the same as `{}`.
#[derive(Deserialize, Default)]
struct SignOut {
    #[serde(default)]
    everywhere: bool,
}

/// What `POST /tokens` takes.
#[derive(Deserialize)]
struct NewToken {
    name: String,
}

#[derive(Serialize)]
struct Me<'a> {
    name: Option<&'a str>,
    role: &'static str,
    sign_in: &'static str,
    /// Conversations that this browser had before, and that can be taken over.
    before: usize,
    /// For what a new session of theirs would be refused now.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_refused: Option<Fault>,
}

#[derive(Serialize)]
struct Taken {
    taken: usize,
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<TokenInfo>,
}

#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    info: TokenInfo,
    secret: String,
}

/// `POST /sign-in`: the one call of those who are nobody yet.
pub(super) async fn sign_in(
    site: &Site,
    headers: &HeaderMap,
    peer: Option<&Peer>,
    body: Body,
) -> Result<Response, Refusal> {
    let access = &site.front.load_full().access;
    let auth = access.auth();
    if auth.mode() != AuthMode::Password {
        return Err(Refusal::nothing_here());
    }
    let body = body::json(headers, body, MAX_SMALL, SMALL_TIME).await?;
    let Credentials { name, password } = decode(&body)?;
    let client = peer.and_then(|peer| access.client(peer, headers));
    let from = peer.map_or_else(|| "?".into(), |peer| access.name(peer, headers));
    let note = |act| site.audit.note(act, auth.known(&name), Some(&from));
    match auth.sign_in(&name, &password, client).await {
        Ok(made) => {
            leave(access, headers, &name).await;
            tracing::info!(user = name, peer = %from, "signed in");
            note(Act::SignIn);
            let mut response = StatusCode::NO_CONTENT.into_response();
            let cookie = access.cookie_of(&made);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(NotSignedIn::Wrong) => {
            // The name may be a password that was typed in the wrong place.
            tracing::info!(peer = %from, "a sign-in was refused");
            note(Act::SignInRefused);
            Err(Refusal::wrong_password())
        }
        Err(NotSignedIn::TooOften(wait)) => {
            site.audit.note_slowed(auth.known(&name), Some(&from));
            Err(Refusal::too_often(wait))
        }
        Err(NotSignedIn::Busy) => Err(Refusal::busy()),
        Err(NotSignedIn::Unkept) => Err(Refusal::unkept()),
    }
}

/// Ends the sign-in of whoever has left this browser to another user.
async fn leave(access: &Access, headers: &HeaderMap, to: &str) {
    let before = access.by_cookie(headers).filter(|user| &*user.name != to);
    if let Some(secret) = before.and_then(|user| user.by)
        && let Err(error) = access.auth().sign_out(&secret).await
    {
        tracing::info!(%error, "a sign-in that was left stays on the disk until it ends");
    }
}

/// `POST /sign-out`: here, or everywhere.
pub(super) async fn sign_out(mut call: Call) -> Result<Response, Refusal> {
    let access = &call.site.front.load_full().access;
    let auth = access.auth();
    let user = named(&call)?.clone();
    let body = call.small().await?;
    let SignOut { everywhere } = decode(&body)?;
    let by = user.by.ok_or_else(Refusal::by_proxy)?;
    if !everywhere && bearer(&call.headers).is_some() {
        return Err(Refusal::by_token());
    }
    match everywhere {
        true => drop(auth.sign_out_everywhere(&user.name).await?),
        false => auth.sign_out(&by).await?,
    }
    call.note(Act::SignOut { everywhere });
    tracing::info!(user = %user.name, everywhere, "signed out");
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cookie = access.no_cookie();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /me`.
pub(super) async fn me(call: Call) -> Result<Response, Refusal> {
    let user = call.user.as_ref();
    let before = match (user, call.site.front.load().access.before(&call.headers)) {
        (Some(_), Some(owner)) => call.site.store.count(owner).await?,
        _ => 0,
    };
    json(&Me {
        name: user.map(|user| &*user.name),
        role: match user.map(|user| user.role) {
            Some(Role::Admin) => "admin",
            _ => "user",
        },
        sign_in: match call.site.auth.mode() {
            AuthMode::None => "none",
            AuthMode::Password => "password",
            AuthMode::Header => "header",
        },
        before,
        session_refused: upgrade::refusal(&call.site, call.client, call.owner),
    })
}

/// `POST /take-over`: what this browser had before its reader signed in becomes the reader's.
pub(super) async fn take_over(call: Call) -> Result<Response, Refusal> {
    let user = named(&call)?;
    let taken = match call.site.front.load_full().access.before(&call.headers) {
        Some(before) => call.site.store.take_over(before, user.owner).await?,
        None => 0,
    };
    call.note(Act::TakeOver {
        conversations: taken,
    });
    tracing::info!(user = %user.name, conversations = taken, "took over what the browser had");
    json(&Taken { taken })
}

/// `GET /tokens`.
pub(super) fn tokens(call: &Call) -> Result<Response, Refusal> {
    let user = named(call)?;
    let tokens = call.site.auth.tokens(&user.name);
    json(&Tokens { tokens })
}

/// `POST /tokens`.
pub(super) async fn make_token(mut call: Call) -> Result<Response, Refusal> {
    let user = named(&call)?.clone();
    let body = call.small().await?;
    let NewToken { name } = decode(&body)?;
    let name = title("name", &name)?;
    let auth = &call.site.auth;
    let made = auth.make_token(&user, name).await?;
    let Some((secret, info)) = made else {
        if user.pass.has_ended() {
            return Err(Refusal::signed_out());
        }
        return Err(Refusal::field(format!(
            "You have {MAX_TOKENS} tokens, and no more can be made; take back one that you no longer need."
        )));
    };
    call.note(Act::TokenMade { token: info.id });
    tracing::info!(user = %user.name, token = %info.id, "a token was made");
    let mut response = json(&Made {
        info,
        secret: secret.expose().to_owned(),
    })?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// `DELETE /tokens/{id}`.
pub(super) async fn revoke(call: Call, id: Option<Uuid>) -> Result<Response, Refusal> {
    let user = named(&call)?;
    let id = id.ok_or_else(Refusal::unknown_token)?;
    match call.site.auth.revoke(&user.name, id).await? {
        true => {
            call.note(Act::TokenTakenBack { token: id });
            tracing::info!(user = %user.name, token = %id, "a token was taken back");
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        false => Err(Refusal::unknown_token()),
    }
}

/// Where nobody signs in there are no tokens.
fn named(call: &Call) -> Result<&User, Refusal> {
    call.user.as_ref().ok_or_else(Refusal::nothing_here)
}
