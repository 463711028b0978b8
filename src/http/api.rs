//! The page's API: what can be done with conversations apart from asking, and the documents
//! that answers are from. `assets/openapi.json` describes it.
//!
//! Each address is a [`Route`]; [`handle`] answers each method of each. Whose conversations they are says the
//! cookie, and every read and write names that owner to the store: no code here looks at a conversation first and
//! decides then.

mod account;
mod admin;
mod body;
mod documents;
mod download;
mod markdown;
mod outgoing;
mod query;
mod refusal;
mod room;
mod route;
mod telling;
mod upload;
mod wire;

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    reply::Response,
};

pub use self::{admin::overview, outgoing::Outgoing, upload::Uploads};
use self::{
    body::Body,
    query::{Format, Query},
    refusal::Refusal,
    route::{Route, route},
    telling::{Begun, Reader},
};
use super::{Site, accept::Peer, access::SignedOut};
use crate::{
    auth::{User, audit::Act},
    id::{Client, ConversationId, OwnerId},
};

/// The API's description, as it is served.
const DESCRIPTION: &str = include_str!("../../assets/openapi.json");
/// Bytes of a small body: a title of which each letter is written as two escapes, and what stands around it.
const MAX_SMALL: usize = 4 << 10;
/// How long a small body may take.
const SMALL_TIME: Duration = Duration::from_secs(10);
/// Characters of a title.
const MAX_TITLE: usize = 200;
/// Conversations in a part of the list, unless another number is asked for.
const LISTED: usize = 50;
/// Finds of a search, unless another number is asked for.
const FOUND: usize = 20;

/// A request, apart from its address.
struct Call {
    site: Arc<Site>,
    owner: OwnerId,
    /// Who it is, where people sign in.
    user: Option<User>,
    /// What its sender is called in the log.
    peer: Option<Arc<str>>,
    /// Where it comes from, if anybody says.
    client: Option<Client>,
    headers: HeaderMap,
    query: Query,
    body: Body,
}

impl Call {
    /// Writes down what was done.
    fn note(&self, act: Act) {
        let user = self.user.as_ref().map(|user| &*user.name);
        self.site.audit.note(act, user, self.peer.as_deref());
    }

    /// Who is told what it asks for.
    fn reader(&self) -> Reader {
        Reader {
            site: self.site.clone(),
            owner: self.owner,
            client: self.client,
        }
    }

    /// Its small body, which is not there a second time.
    async fn small(&mut self) -> Result<BytesMut, Refusal> {
        let body = std::mem::replace(&mut self.body, Box::pin(stream::empty()));
        let read = body::json(&self.headers, body, MAX_SMALL, SMALL_TIME);
        while_signed_in(self.user.as_ref(), read).await
    }
}

/// Does what takes a while, unless the sign-in by which it was asked ends meanwhile.
async fn while_signed_in<T>(
    user: Option<&User>,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let Some(user) = user else {
        return work.await;
    };
    tokio::select! {
        biased;
        () = user.pass.ended() => Err(Refusal::signed_out()),
        done = work => done,
    }
}

/// Every address below `/api`.
pub fn routes(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    route()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::body::stream().map(body::pieces))
        .then(
            move |route, method, headers, peer: Option<Peer>, query: String, body| {
                let site = site.clone();
                let from = From {
                    method,
                    headers,
                    peer,
                    query,
                };
                answer(site, route, from, body)
            },
        )
}

/// What a request says beside its address and its body.
struct From {
    method: Method,
    headers: HeaderMap,
    peer: Option<Peer>,
    query: String,
}

async fn answer(site: Arc<Site>, route: Route, from: From, body: Body) -> Response {
    let (headers, peer) = (&from.headers, from.peer.as_ref());
    let (loopback, metrics) = (peer.is_none_or(|peer| peer.loopback), site.metrics.clone());
    let front = site.front.load_full();
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&from.method);
    let (answered, visitor) = if !front.origins.know(headers, loopback) {
        (Err(Refusal::foreign_host()), None)
    } else if !reads && !front.origins.allow(headers, loopback) {
        (Err(Refusal::foreign_origin()), None)
    } else {
        let visitor = front.access.of(headers, peer);
        match (route, from.method.as_str(), visitor) {
            (Route::Description, "GET" | "HEAD", Err(SignedOut)) => (Ok(description()), None),
            (Route::SignIn, "POST", _) => {
                (account::sign_in(&site, headers, peer, body).await, None)
            }
            (_, _, Err(SignedOut)) => (Err(Refusal::signed_out()), None),
            (route, _, Ok(visitor)) => {
                let route = match route {
                    // To everybody else there is nothing at these addresses.
                    Route::Admin(_) if !visitor.is_admin() => Route::Nothing,
                    route => route,
                };
                let call = Call {
                    site,
                    owner: visitor.owner,
                    user: visitor.user.clone(),
                    peer: peer.map(|peer| front.access.name(peer, headers)),
                    client: peer.and_then(|peer| front.access.client(peer, headers)),
                    headers: from.headers,
                    query: Query::parse(&from.query),
                    body,
                };
                (handle(route, &from.method, call).await, Some(visitor))
            }
        }
    };
    let refused = answered.as_ref().err().and_then(Refusal::counts_as);
    if let Some(why) = refused {
        metrics.refused(why);
    }
    let mut response = answered.unwrap_or_else(Refusal::into_response);
    let no_store = HeaderValue::from_static("no-store");
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, no_store);
    match visitor {
        Some(visitor) => visitor.mark(response),
        None => response,
    }
}

/// Every method of every address.
async fn handle(route: Route, method: &Method, call: Call) -> Result<Response, Refusal> {
    match (route, method.as_str()) {
        (Route::Nothing, _) => Err(Refusal::nothing_here()),
        (Route::Description, "GET" | "HEAD") => Ok(description()),
        (Route::SignOut, "POST") => account::sign_out(call).await,
        (Route::Me, "GET" | "HEAD") => account::me(call).await,
        (Route::TakeOver, "POST") => account::take_over(call).await,
        (Route::Tokens, "GET" | "HEAD") => account::tokens(&call),
        (Route::Tokens, "POST") => account::make_token(call).await,
        (Route::Token(id), "DELETE") => account::revoke(call, id).await,
        (Route::List, "GET" | "HEAD") => list(call).await,
        (Route::One(id), "GET" | "HEAD") => read(call, known(id)?).await,
        (Route::One(id), "PATCH") => rename(call, id).await,
        (Route::One(id), "DELETE") => delete(call, known(id)?).await,
        (Route::Restore(id), "POST") => restore(call, known(id)?).await,
        (Route::Search, "GET" | "HEAD") => search(call).await,
        (Route::ExportOne(id), "GET" | "HEAD") => {
            let format = call.query.format()?;
            download::one(&call.reader(), known(id)?, format).await
        }
        (Route::ExportAll, "GET" | "HEAD") => {
            let format = call.query.format()?;
            download::all(call.reader(), format).await
        }
        (Route::Document, "GET" | "HEAD") => documents::part(call).await,
        (Route::Original, "GET" | "HEAD") => documents::original(call).await,
        (Route::Import, "POST") => {
            let user = call.user.clone();
            json(&while_signed_in(user.as_ref(), upload::take(call)).await?)
        }
        (Route::Admin(route), method) => admin::handle(route, method, call).await,
        (route, _) => Err(Refusal::method(route.methods())),
    }
}

fn known(id: Option<ConversationId>) -> Result<ConversationId, Refusal> {
    id.ok_or_else(Refusal::unknown_conversation)
}

fn description() -> Response {
    let mut response = Response::new(Bytes::from_static(DESCRIPTION.as_bytes()).into());
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn list(call: Call) -> Result<Response, Refusal> {
    let limit = call.query.limit(LISTED)?;
    let before = call.query.get("before").map(|text| {
        text.parse()
            .map_err(|_| Refusal::field("\"before\" is the \"next\" of another answer."))
    });
    let store = &call.site.store;
    let page = store.list(call.owner, before.transpose()?, limit).await?;
    json(&wire::Page {
        conversations: page.conversations,
        next: page.next.map(|cursor| cursor.to_string()),
    })
}

async fn read(call: Call, id: ConversationId) -> Result<Response, Refusal> {
    let begun = telling::begin(&call.reader(), id, Format::Json).await?;
    let Begun { text, rest, .. } = begun.ok_or_else(Refusal::unknown_conversation)?;
    let response = match rest {
        None => Response::new(text.into()),
        Some(_) => {
            let parts = stream::iter([Ok(text)]).chain(telling::parts(rest));
            warp::reply::stream(parts).into_response()
        }
    };
    Ok(json_of(response))
}

async fn rename(mut call: Call, id: Option<ConversationId>) -> Result<Response, Refusal> {
    let body = call.small().await?;
    let wanted: wire::Rename = decode(&body)?;
    let title = title("title", &wanted.title)?;
    let store = &call.site.store;
    json(&store.rename(call.owner, known(id)?, title).await?)
}

/// Hides it, and ends what nobody is going to read.
async fn delete(call: Call, id: ConversationId) -> Result<Response, Refusal> {
    call.site.store.delete(call.owner, id).await?;
    call.site.desk.cancel_all(call.owner, id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn restore(call: Call, id: ConversationId) -> Result<Response, Refusal> {
    json(&call.site.store.restore(call.owner, id).await?)
}

/// A title, or what else `field` is called, on one line and without what cannot be seen.
fn title(field: &str, wanted: &str) -> Result<String, Refusal> {
    let seen: String = wanted
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let title = seen.trim();
    match title.chars().count() {
        0 => Err(Refusal::field(format!("\"{field}\" is empty."))),
        1..=MAX_TITLE => Ok(title.to_owned()),
        _ => Err(Refusal::field(format!(
            "\"{field}\" is too long; {MAX_TITLE} characters are taken."
        ))),
    }
}

async fn search(call: Call) -> Result<Response, Refusal> {
    let (words, limit) = (call.query.search()?, call.query.limit(FOUND)?);
    let store = &call.site.store;
    // One more than asked for says whether there are more.
    let found = store.search(call.owner, words.to_owned(), limit + 1);
    let mut hits = found.await?;
    let more = hits.len() > limit;
    hits.truncate(limit);
    json(&wire::SearchResult { hits, more })
}

/// Does what takes long with megabytes of text where nobody's answer waits for the thread.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "a call of the API broke off");
        Err(Refusal::internal())
    })
}

/// An answer of JSON.
fn json(value: &impl Serialize) -> Result<Response, Refusal> {
    written(value).map(|text| json_of(Response::new(text.into())))
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer of the API cannot be written");
        Refusal::internal()
    })
}

fn json_of(mut response: Response) -> Response {
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Reads a JSON object.
fn decode<T: DeserializeOwned>(body: &BytesMut) -> Result<T, Refusal> {
    let decoded = match body::is_object(body) {
        true => serde_json::from_slice(body),
        // A list would be taken for the fields in their order.
        false => match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => return Err(Refusal::field("This takes a JSON object.")),
            Err(error) => Err(error),
        },
    };
    decoded.map_err(|error| {
        let said = body::in_words(&error);
        match error.classify() {
            serde_json::error::Category::Data => {
                Refusal::field(format!("A field is wrong: {said}."))
            }
            _ => Refusal::json(format!("This is not JSON: {said}.")),
        }
    })
}
