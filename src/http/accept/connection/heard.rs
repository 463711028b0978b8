//! What has been heard of a connection: whether it owes a request, which says why it ended when its time was over.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio::io::AsyncRead;
use tokio_util::io::InspectReader;

use crate::metrics::Refusal;

/// Nothing has come yet.
const NOTHING: u8 = 0;
/// Something has come since the last whole request.
const BEGUN: u8 = 1;
/// All that has come has been answered, or is being answered.
const ANSWERED: u8 = 2;

/// What has been heard; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard(Arc<AtomicU8>);

impl Heard {
    /// The same socket; that something comes over it is noted.
    pub(super) fn over<S: AsyncRead>(
        &self,
        socket: S,
    ) -> InspectReader<S, impl FnMut(&[u8]) + use<S>> {
        let heard = self.clone();
        InspectReader::new(socket, move |bytes: &[u8]| {
            if !bytes.is_empty() {
                heard.0.store(BEGUN, Ordering::Relaxed);
            }
        })
    }

    /// A request has come whole, or what has come of it is answered: nothing is owed.
    pub(super) fn answered(&self) {
        self.0.store(ANSWERED, Ordering::Relaxed);
    }

    /// For what it is refused when the time for headers is over; `None`: it rests between two requests, and has had all that it
    /// wanted.
    pub(super) fn late(&self) -> Option<Refusal> {
        match self.0.load(Ordering::Relaxed) {
            NOTHING => Some(Refusal::NoRequest),
            BEGUN => Some(Refusal::SlowHeaders),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_connection_owes_its_first_request_and_each_that_it_has_begun() {
        let (mut client, socket) = duplex(64);
        let heard = Heard::default();
        let mut socket = heard.over(socket);
        let mut hear = async |bytes: &[u8]| {
            client.write_all(bytes).await.unwrap();
            socket.read_exact(&mut vec![0; bytes.len()]).await.unwrap();
        };
        assert_eq!(heard.late(), Some(Refusal::NoRequest));
        hear(b"GET").await;
        assert_eq!(heard.late(), Some(Refusal::SlowHeaders));
        heard.answered();
        assert_eq!(heard.late(), None);
        hear(b"G").await;
        assert_eq!(heard.late(), Some(Refusal::SlowHeaders));
    }
}
