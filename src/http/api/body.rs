//! Bodies of requests, read whole within a bound and a time.

use std::{pin::Pin, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;
use warp::http::{HeaderMap, header};

use super::refusal::Refusal;

/// What is given in advance to a body that says how long it is; one that lies about that is not to cost more.
const FIRST_ROOM: usize = 64 << 10;

/// A body that has not been read yet.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// The body of a request, in pieces.
pub fn pieces<S, B>(body: S) -> Body
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf,
{
    Box::pin(body.map(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining()))))
}

/// Reads JSON of at most `most` bytes that comes within `time`.
pub async fn json(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    time: Duration,
) -> Result<BytesMut, Refusal> {
    if !is_json(headers) {
        return Err(Refusal::not_json());
    }
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(Refusal::too_large(most));
    }
    let room = length.unwrap_or_default().min(FIRST_ROOM);
    timeout(time, read(body, most, room))
        .await
        .unwrap_or_else(|_| Err(Refusal::too_slow()))
}

async fn read(mut body: Body, most: usize, room: usize) -> Result<BytesMut, Refusal> {
    let mut all = BytesMut::with_capacity(room);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Refusal::json("The request's body broke off."))?;
        if all.len() + piece.len() > most {
            return Err(Refusal::too_large(most));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// Whether the body is said to be JSON. No form of a foreign page can say that without the browser asking first.
fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return false;
    };
    let kind = kind.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
