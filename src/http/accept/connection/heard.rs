//! What has been heard of a connection: whether it owes a request, which says why it ended when its time was over.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// A socket that notes that something comes.
pub(super) struct Listened<S> {
    socket: S,
    heard: Heard,
}

impl<S> Listened<S> {
    /// Notes it there.
    pub(super) fn new(socket: S, heard: Heard) -> Self {
        Self { socket, heard }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heard.0.store(BEGUN, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
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
        let mut socket = Listened::new(socket, heard.clone());
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
