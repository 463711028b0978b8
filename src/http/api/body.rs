//! Bodies of requests, read whole within a bound and a time.

use std::{pin::Pin, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::{sync::Semaphore, time::timeout};
use warp::http::{HeaderMap, header};

use super::{
    refusal::Refusal,
    room::{Full, Held, Room},
};

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
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    check_kind(headers)?;
    if length.is_some_and(|length| length > most) {
        return Err(Refusal::too_large(most));
    }
    // Its own room, in which its last piece has its place too.
    let room = Room::new(Semaphore::MAX_PERMITS);
    let mut parts = Parts::of(room.enter(None), headers, body)?;
    let ended = parts.read(most + 1, time).await?;
    if ended && parts.here.len() <= most {
        Ok(parts.here)
    } else {
        Err(Refusal::too_large(most))
    }
}

/// A body of JSON of any length, which is read and worked on a part at a time. What is here of it holds room that all
/// such bodies share, so that one that is slow keeps nobody out by what has not come of it.
pub struct Parts {
    /// What has come and was not worked on yet.
    pub here: BytesMut,
    body: Body,
    held: Held,
}

impl Parts {
    /// Nothing of it has been read yet, and nothing is held for it.
    pub fn of(held: Held, headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        check_kind(headers)?;
        Ok(Self {
            here: BytesMut::new(),
            body,
            held,
        })
    }

    /// Reads on until at least `enough` bytes are here or the body ends, which is to come within `time`; `true`: it has
    /// ended.
    pub async fn read(&mut self, enough: usize, time: Duration) -> Result<bool, Refusal> {
        let read = async {
            while self.here.len() < enough {
                let Some(piece) = self.body.next().await else {
                    return Ok(true);
                };
                let piece = piece.map_err(|_| Refusal::json("The request's body broke off."))?;
                self.held.grow(self.here.len() + piece.len())?;
                self.here.extend_from_slice(&piece);
            }
            Ok(false)
        };
        let read = timeout(time, read).await;
        read.unwrap_or_else(|_| Err(Refusal::too_slow()))
    }

    /// Keeps no more room than for what is still here.
    pub fn shrink(&mut self) {
        self.held.shrink(self.here.len());
    }
}

impl From<Full> for Refusal {
    fn from(_: Full) -> Self {
        Self::importing()
    }
}

/// Refuses a body that is not said to be JSON. No form of a foreign page can say that without the browser asking first.
fn check_kind(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return Err(Refusal::not_json());
    };
    let kind = kind.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal::not_json())
    }
}

/// Whether it can be a JSON object by how it begins.
pub fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}

/// What is wrong with it, without Rust's names, and not growing with the body that it quotes.
pub fn in_words(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = match said.rsplit_once("expected struct ") {
        Some((what, name)) => {
            let place = name.rfind(" at line ").map_or("", |at| &name[at..]);
            format!("{what}expected an object{place}")
        }
        None => said,
    };
    said.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use warp::http::HeaderValue;

    use super::*;

    fn headers() -> HeaderMap {
        let kind = HeaderValue::from_static("application/json");
        [(header::CONTENT_TYPE, kind)].into_iter().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up() {
        let begun = stream::iter([Ok(Bytes::from_static(b"{"))]);
        let body = Box::pin(begun.chain(stream::pending()));
        let time = Duration::from_secs(10);
        let begin = tokio::time::Instant::now();
        let refusal = json(&headers(), body, 100, time).await.unwrap_err();
        assert_eq!(refusal.into_response().status(), 408);
        assert_eq!(begin.elapsed(), time);
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_bound_and_no_further() {
        for (sizes, taken) in [
            (vec![], true),
            (vec![50, 50], true),
            (vec![50, 51], false),
            (vec![101], false),
        ] {
            let pieces = sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size])));
            let body = Box::pin(stream::iter(pieces.collect::<Vec<_>>()));
            let read = json(&headers(), body, 100, Duration::from_secs(10)).await;
            let length = read.ok().map(|body| body.len());
            assert_eq!(length, taken.then_some(sizes.iter().sum()), "{sizes:?}");
        }
    }

    #[tokio::test]
    async fn bodies_share_their_room_by_what_has_come_of_them() {
        let shared = Room::new(100);
        let take = async |sizes: &[usize]| {
            let pieces = sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size])));
            let body = Box::pin(stream::iter(pieces.collect::<Vec<_>>()));
            let mut parts = Parts::of(shared.enter(None), &headers(), body)?;
            let ended = parts.read(100, Duration::from_secs(10)).await?;
            Ok::<_, Refusal>((parts, ended))
        };
        let (mut first, ended) = take(&[50, 20]).await.unwrap();
        assert!(ended);
        let (second, _) = take(&[30]).await.unwrap();
        let refusal = take(&[1]).await.err().unwrap();
        assert_eq!(refusal.into_response().status(), 503);
        drop(second);
        assert!(take(&[20, 11]).await.is_err());
        drop(take(&[20, 10]).await.unwrap());
        first.here.truncate(5);
        first.shrink();
        assert_eq!(shared.left().0, 95);
        drop(first);
        assert_eq!(shared.left().0, 100);
    }
}
