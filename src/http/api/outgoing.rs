//! Texts on their way to whoever asked for them. Large ones share a room, so that memory does not grow with how many
//! are asked for and not taken.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::timeout,
};

use super::refusal::Refusal;

/// Bytes of all large texts that have not been taken yet. One that is larger than all of it has it for itself.
const ROOM: usize = 128 << 20;
/// Bytes up to which a text needs no room: the kernel takes as much of it.
const SMALL: usize = 64 << 10;
/// Texts that are made at once.
const AT_ONCE: usize = 2;
/// How long a text waits for room before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// The room, and the places where texts are made.
#[derive(Clone)]
pub struct Outgoing {
    room: Arc<Semaphore>,
    size: usize,
    small: usize,
    places: Arc<Semaphore>,
}

impl Outgoing {
    /// All of the room is free.
    pub fn new() -> Self {
        Self::of(ROOM, SMALL)
    }

    fn of(size: usize, small: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(size)),
            size,
            small,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// What `make` makes, with the room that it holds until it is sent or dropped, and what came with it. Who waits for
    /// room keeps no text: it is made again then.
    pub async fn text<F, T, E>(&self, mut make: impl FnMut() -> F) -> Result<Option<(Bytes, T)>, E>
    where
        F: Future<Output = Result<Option<(Vec<u8>, T)>, E>>,
        E: From<NoRoom>,
    {
        let mut held: Option<OwnedSemaphorePermit> = None;
        loop {
            let place: Result<SemaphorePermit<'_>, _> = self.places.acquire().await;
            let _place = place.map_err(|_| NoRoom)?;
            let Some((mut text, with)) = make().await? else {
                return Ok(None);
            };
            text.shrink_to_fit();
            if text.len() <= self.small {
                return Ok(Some((text.into(), with)));
            }
            let needed = text.len().min(self.size);
            let room = match held.take() {
                Some(held) if held.num_permits() >= needed => Some(held),
                // What grew meanwhile asks for all of its room anew.
                _ => self.take(needed),
            };
            if let Some(_room) = room {
                return Ok(Some((Bytes::from_owner(Held { text, _room }), with)));
            }
            drop((text, with, _place));
            let many = u32::try_from(needed).map_err(|_| NoRoom)?;
            let wait = timeout(PATIENCE, self.room.clone().acquire_many_owned(many));
            held = Some(wait.await.map_err(|_| NoRoom)?.map_err(|_| NoRoom)?);
        }
    }

    fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        self.room.clone().try_acquire_many_owned(bytes).ok()
    }
}

/// Others have not taken what they asked for.
#[derive(Debug, thiserror::Error)]
#[error("others have not taken what they asked for")]
pub struct NoRoom;

impl From<NoRoom> for Refusal {
    fn from(_: NoRoom) -> Self {
        Self::reading()
    }
}

/// A text and its room.
struct Held {
    text: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_taken_keeps_its_room_and_what_finds_none_is_refused() {
        let outgoing = Outgoing::of(100, 50);
        let ask = async |bytes: usize| {
            let made = async || Ok::<_, Refusal>(Some((vec![b'x'; bytes], ())));
            let asked = outgoing.text(made).await?;
            Ok::<_, Refusal>(asked.map(|(text, ())| text))
        };
        let first = ask(60).await.unwrap().unwrap();
        let piece = first.slice(..1);
        drop(first);
        let refused = ask(60).await.unwrap_err().into_response();
        assert_eq!(refused.status(), 503);
        // What is small, and what still fits, goes past it.
        assert_eq!(ask(50).await.unwrap().unwrap().len(), 50);
        drop(ask(40).await.unwrap());
        let (second, ()) = tokio::join!(ask(60), async {
            tokio::task::yield_now().await;
            drop(piece);
        });
        assert_eq!(second.unwrap().unwrap().len(), 60);
        // One that is larger than the room waits for all of it.
        assert_eq!(ask(1000).await.unwrap().unwrap().len(), 1000);
        assert_eq!(outgoing.room.available_permits(), 100);
    }
}
