//! Server-sent events: bytes in, the `data` of each event out, with a cap on what one event may hold.

use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sse_stream::SseByteStream;

/// Bytes that one event may take; the largest that a real endpoint was seen to send is a few KiB.
pub const MAX_EVENT: usize = 1 << 20;

/// Why a stream of events cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum SseError {
    /// The connection broke.
    #[error("{0}")]
    Body(#[source] Box<dyn Error + Send + Sync>),
    /// An event is larger than [`MAX_EVENT`].
    #[error("an event of more than {limit} bytes")]
    TooLarge {
        /// The cap.
        limit: usize,
    },
    /// An event's text is not UTF-8.
    #[error("text that is not UTF-8")]
    NotUtf8,
}

/// Decodes a body. Events without data are left out; an event that the end of the body cuts is too.
pub fn events<S, E>(body: S, limit: usize) -> impl Stream<Item = Result<String, SseError>>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Error + Send + Sync + 'static,
{
    let fed = Arc::new(AtomicUsize::new(0));
    let capped = Capped {
        body,
        limit,
        fed: fed.clone(),
        tripped: false,
    };
    SseByteStream::new(capped).filter_map(move |event| {
        fed.store(0, Relaxed);
        std::future::ready(match event {
            Ok(event) => event.data.map(Ok),
            Err(sse_stream::Error::Utf8Parse(_)) => Some(Err(SseError::NotUtf8)),
            Err(sse_stream::Error::Body(error)) => {
                Some(Err(match error.downcast::<Fed<E>>().map(|fed| *fed) {
                    Ok(Fed::TooLarge) => SseError::TooLarge { limit },
                    Ok(Fed::Body(error)) => SseError::Body(Box::new(error)),
                    Err(error) => SseError::Body(error),
                }))
            }
            Err(error) => Some(Err(SseError::Body(Box::new(error)))),
        })
    })
}

/// Counts the bytes that the decoder has taken since its last event, and stops feeding it past the limit.
struct Capped<S> {
    body: S,
    limit: usize,
    fed: Arc<AtomicUsize>,
    tripped: bool,
}

#[derive(Debug, thiserror::Error)]
enum Fed<E: Error + 'static> {
    #[error(transparent)]
    Body(E),
    #[error("an event is too large")]
    TooLarge,
}

impl<S, E> Stream for Capped<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Error + 'static,
{
    type Item = Result<Bytes, Fed<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.tripped {
            return Poll::Ready(None);
        }
        if self.fed.load(Relaxed) > self.limit {
            self.tripped = true;
            return Poll::Ready(Some(Err(Fed::TooLarge)));
        }
        self.body.poll_next_unpin(cx).map(|item| {
            item.map(|bytes| {
                let bytes = bytes.map_err(Fed::Body)?;
                self.fed.fetch_add(bytes.len(), Relaxed);
                Ok(bytes)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt, stream};
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: Vec<Vec<u8>>, limit: usize) -> Vec<Result<String, SseError>> {
        let body = stream::iter(
            pieces
                .into_iter()
                .map(|piece| Ok::<_, Infallible>(Bytes::from(piece))),
        );
        events(body, limit)
            .collect()
            .now_or_never()
            .expect("a body that never waits")
    }

    fn texts(pieces: Vec<Vec<u8>>) -> Vec<String> {
        decode(pieces, MAX_EVENT)
            .into_iter()
            .map(Result::unwrap)
            .collect()
    }

    const REAL: &str = "\u{feff}: hello\r\n\r\ndata:[one]\r\n\r\nevent: x\ndata: zw\u{f6}lf\n\n:\n\ndata: {\"a\":\"\u{1f600}\"}\ndata: b\n\ndata: cut";

    #[test]
    fn the_shapes_that_real_endpoints_send_are_read() {
        let expected = ["[one]", "zw\u{f6}lf", "{\"a\":\"\u{1f600}\"}\nb"];
        assert_eq!(texts(vec![REAL.as_bytes().to_vec()]), expected);
    }

    #[test]
    fn a_split_at_every_byte_changes_nothing() {
        let whole = texts(vec![REAL.as_bytes().to_vec()]);
        assert_eq!(texts(REAL.bytes().map(|byte| vec![byte]).collect()), whole);
        for at in 0..REAL.len() {
            let (head, tail) = REAL.as_bytes().split_at(at);
            assert_eq!(
                texts(vec![head.to_vec(), tail.to_vec()]),
                whole,
                "split at {at}"
            );
        }
    }

    #[test]
    fn an_event_without_an_end_stops_at_the_cap() {
        let endless = std::iter::once(b"data: ".to_vec())
            .chain((0..100).map(|_| vec![b'x'; 100]))
            .collect();
        let got = decode(endless, 1000);
        assert!(
            matches!(got.as_slice(), [Err(SseError::TooLarge { limit: 1000 })]),
            "{got:?}"
        );
    }

    #[test]
    fn many_events_together_may_be_larger_than_the_cap() {
        let many = (0..100)
            .map(|n| format!("data: {n}\n\n").into_bytes())
            .collect();
        assert!(decode(many, 20).iter().all(Result::is_ok));
    }

    #[test]
    fn what_is_not_utf8_is_said_to_be_so() {
        let got = decode(vec![b"data: \xff\xfe\n\n".to_vec()], MAX_EVENT);
        assert!(
            matches!(got.as_slice(), [Err(SseError::NotUtf8)]),
            "{got:?}"
        );
    }

    proptest! {
        #[test]
        fn garbage_never_panics(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let bytes: usize = pieces.iter().map(Vec::len).sum();
            prop_assert!(decode(pieces, 100).len() <= bytes);
        }
    }
}
