//! Room in memory that many share, in bytes. One address has at most half of it at once: whoever takes all that they may
//! keeps nobody elsewhere out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::id::Client;

/// The room.
#[derive(Clone)]
pub struct Room {
    all: Arc<Semaphore>,
    bytes: usize,
    shares: Shares,
}

/// The addresses that hold something, or wait for it.
type Shares = Arc<Mutex<HashMap<Client, Weak<Share>>>>;

/// What one address may hold.
struct Share {
    left: Semaphore,
    client: Client,
    shares: Shares,
}

/// There is no room, or no more for this address.
#[derive(Debug, thiserror::Error)]
#[error("there is no room")]
pub struct Full;

impl Room {
    /// All of it is free.
    pub fn new(bytes: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(bytes)),
            bytes,
            shares: Shares::default(),
        }
    }

    /// For somebody at this address, who holds nothing yet; where nobody says the address, nothing is kept from them.
    pub fn enter(&self, client: Option<Client>) -> Held {
        Held {
            all: self.all.clone(),
            share: client.map(|client| self.share(client)),
            most: if client.is_some() {
                self.bytes / 2
            } else {
                self.bytes
            },
            bytes: 0,
        }
    }

    fn share(&self, client: Client) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shares.get(&client).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let share = Arc::new(Share {
                left: Semaphore::new(self.bytes / 2),
                client,
                shares: self.shares.clone(),
            });
            shares.insert(client, Arc::downgrade(&share));
            share
        })
    }

    /// Bytes that are free, and addresses that are known.
    #[cfg(test)]
    pub fn left(&self) -> (usize, usize) {
        let shares = self.shares.lock().unwrap();
        (self.all.available_permits(), shares.len())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody at this address may have come anew meanwhile.
        if shares
            .get(&self.client)
            .is_some_and(|share| share.strong_count() == 0)
        {
            shares.remove(&self.client);
        }
    }
}

/// What somebody holds of it, until it is dropped.
pub struct Held {
    all: Arc<Semaphore>,
    share: Option<Arc<Share>>,
    most: usize,
    bytes: usize,
}

impl Held {
    /// What can be held at the most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Holds at least so many bytes, if there is room for them at once.
    pub fn grow(&mut self, to: usize) -> Result<(), Full> {
        let more = more(self.bytes, to)?;
        let own = self.share.as_ref();
        let own = own.map(|share| share.left.try_acquire_many(more));
        let own = own.transpose().map_err(|_| Full)?;
        let all = self.all.try_acquire_many(more).map_err(|_| Full)?;
        own.into_iter().for_each(SemaphorePermit::forget);
        all.forget();
        self.bytes += more as usize;
        Ok(())
    }

    /// Holds at least so many bytes once there is room for them. Who waits for their own share is in nobody's way.
    pub async fn wait(&mut self, to: usize) -> Result<(), Full> {
        let more = more(self.bytes, to)?;
        let own = match &self.share {
            Some(share) => Some(share.left.acquire_many(more).await.map_err(|_| Full)?),
            None => None,
        };
        let all = self.all.acquire_many(more).await.map_err(|_| Full)?;
        own.into_iter().for_each(SemaphorePermit::forget);
        all.forget();
        self.bytes += more as usize;
        Ok(())
    }

    /// Holds no more than so many bytes.
    pub fn shrink(&mut self, to: usize) {
        let less = self.bytes.saturating_sub(to);
        self.bytes -= less;
        self.all.add_permits(less);
        if let Some(share) = &self.share {
            share.left.add_permits(less);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

fn more(held: usize, to: usize) -> Result<u32, Full> {
    u32::try_from(to.saturating_sub(held)).map_err(|_| Full)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(last: u8) -> Option<Client> {
        Some(Client::from(IpAddr::from([127, 0, 0, last])))
    }

    #[test]
    fn one_address_has_half_of_the_room_and_leaves_the_rest_to_others() {
        let room = Room::new(100);
        let (mut first, mut second) = (room.enter(client(1)), room.enter(client(1)));
        first.grow(30).unwrap();
        first.grow(40).unwrap();
        assert!(second.grow(11).is_err());
        second.grow(10).unwrap();
        let (mut other, mut unnamed) = (room.enter(client(2)), room.enter(None));
        assert_eq!((other.most(), unnamed.most()), (50, 100));
        assert!(other.grow(51).is_err());
        other.grow(20).unwrap();
        assert!(unnamed.grow(31).is_err());
        unnamed.grow(30).unwrap();
        assert!(other.grow(21).is_err());
        // What did not fit has taken nothing of its share.
        first.shrink(10);
        other.grow(50).unwrap();
        assert_eq!(room.left(), (0, 2));
        first.shrink(50);
        drop((first, unnamed));
        assert_eq!(room.left(), (40, 2));
        drop((second, other));
        assert_eq!(room.left(), (100, 0));
    }

    #[tokio::test]
    async fn who_waits_for_their_own_share_is_in_nobodys_way() {
        let room = Room::new(100);
        let mut first = room.enter(client(1));
        first.grow(50).unwrap();
        let mut second = room.enter(client(1));
        let waiting = async {
            second.wait(50).await.unwrap();
            second
        };
        let others = async {
            tokio::task::yield_now().await;
            room.enter(client(2)).grow(50).unwrap();
            room.enter(None).grow(50).unwrap();
            drop(first);
        };
        let (second, ()) = tokio::join!(waiting, others);
        assert_eq!(room.left(), (50, 1));
        drop(second);
        assert_eq!(room.left(), (100, 0));
    }
}
