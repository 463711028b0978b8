//! Bodies of requests, read whole within a bound and a time.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
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
    let room = Arc::new(Semaphore::new(most));
    let (body, _) = json_in(&room, headers, body, most, time).await?;
    Ok(body)
}

/// The same for large bodies, which share a room of bytes: each holds there what has come of it, so that one that
/// is slow keeps nobody out by that. What is given beside the body holds its room.
pub async fn json_in(
    shared: &Arc<Semaphore>,
    headers: &HeaderMap,
    body: Body,
    most: usize,
    time: Duration,
) -> Result<(BytesMut, OwnedSemaphorePermit), Refusal> {
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
    timeout(time, read(shared, body, most, room))
        .await
        .unwrap_or_else(|_| Err(Refusal::too_slow()))
}

async fn read(
    shared: &Arc<Semaphore>,
    mut body: Body,
    most: usize,
    room: usize,
) -> Result<(BytesMut, OwnedSemaphorePermit), Refusal> {
    let mut all = BytesMut::with_capacity(room);
    let mut held = hold(shared, 0)?;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Refusal::json("The request's body broke off."))?;
        if all.len() + piece.len() > most {
            return Err(Refusal::too_large(most));
        }
        held.merge(hold(shared, piece.len())?);
        all.extend_from_slice(&piece);
    }
    Ok((all, held))
}

fn hold(shared: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
    let bytes = u32::try_from(bytes).map_err(|_| Refusal::importing())?;
    let held = shared.clone().try_acquire_many_owned(bytes);
    held.map_err(|_| Refusal::importing())
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
        let shared = Arc::new(Semaphore::new(100));
        let take = async |sizes: &[usize]| {
            let pieces = sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size])));
            let body = Box::pin(stream::iter(pieces.collect::<Vec<_>>()));
            json_in(&shared, &headers(), body, 100, Duration::from_secs(10)).await
        };
        let (_, first) = take(&[50, 20]).await.unwrap();
        let (_, second) = take(&[30]).await.unwrap();
        let refusal = take(&[1]).await.unwrap_err();
        assert_eq!(refusal.into_response().status(), 503);
        drop(second);
        assert!(take(&[20, 11]).await.is_err());
        drop(take(&[20, 10]).await.unwrap());
        drop(first);
        assert_eq!(shared.available_permits(), 100);
    }
}
