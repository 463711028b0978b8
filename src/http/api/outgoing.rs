//! Texts on their way to whoever asked for them. Large ones share a room, so that memory does not grow with how many
//! are asked for and not taken.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    refusal::Refusal,
    room::{Full, Held, Room},
};
use crate::id::Client;

/// Bytes of all large texts that have not been taken yet. One that is larger than what somebody may hold of it has all of
/// that for itself.
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
    room: Room,
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
            room: Room::new(size),
            small,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// What `make` makes for somebody at this address, with the room that it holds until it is sent or dropped, and what
    /// came with it. Who waits for room keeps no text: it is made again then.
    pub async fn text<F, T, E>(
        &self,
        client: Option<Client>,
        mut make: impl FnMut() -> F,
    ) -> Result<Option<(Bytes, T)>, E>
    where
        F: Future<Output = Result<Option<(Vec<u8>, T)>, E>>,
        E: From<NoRoom>,
    {
        let mut held = self.room.enter(client);
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
            let needed = text.len().min(held.most());
            if held.grow(needed).is_ok() {
                let text = Housed { text, _room: held };
                return Ok(Some((Bytes::from_owner(text), with)));
            }
            drop((text, with, _place));
            // What grew meanwhile asks for all of its room anew: nobody waits who holds any.
            held.shrink(0);
            let wait = timeout(PATIENCE, held.wait(needed));
            wait.await.map_err(|_| NoRoom)?.map_err(NoRoom::from)?;
        }
    }
}

/// Others have not taken what they asked for.
#[derive(Debug, thiserror::Error)]
#[error("others have not taken what they asked for")]
pub struct NoRoom;

impl From<Full> for NoRoom {
    fn from(_: Full) -> Self {
        Self
    }
}

impl From<NoRoom> for Refusal {
    fn from(_: NoRoom) -> Self {
        Self::reading()
    }
}

/// A text and its room.
struct Housed {
    text: Vec<u8>,
    _room: Held,
}

impl AsRef<[u8]> for Housed {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_taken_keeps_its_room_and_what_finds_none_is_refused() {
        let outgoing = Outgoing::of(100, 50);
        let ask = async |bytes: usize| {
            let made = async || Ok::<_, Refusal>(Some((vec![b'x'; bytes], ())));
            let asked = outgoing.text(None, made).await?;
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
        assert_eq!(outgoing.room.left(), (100, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_at_one_address_leaves_others_their_room() {
        let outgoing = Outgoing::of(100, 10);
        let ask = async |last: u8, bytes: usize| {
            let made = async || Ok::<_, Refusal>(Some((vec![b'x'; bytes], ())));
            let client = Client::from(IpAddr::from([127, 0, 0, last]));
            let asked = outgoing.text(Some(client), made).await?;
            Ok::<_, Refusal>(asked.map(|(text, ())| text))
        };
        let first = ask(1, 30).await.unwrap().unwrap();
        let refused = ask(1, 30).await.unwrap_err().into_response();
        assert_eq!(refused.status(), 503);
        // Also one that is larger than an address's share is told, and has all of that.
        let other = ask(2, 1000).await.unwrap().unwrap();
        assert_eq!(other.len(), 1000);
        assert_eq!(outgoing.room.left(), (20, 2));
        drop((first, other));
        assert_eq!(outgoing.room.left(), (100, 0));
    }
}
