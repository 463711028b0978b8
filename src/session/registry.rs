//! Who is here: how many in all, from one client and of one owner. Membership is a guard whose drop ends it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    id::{Client, OwnerId},
    refusal::Scope,
};

/// Why somebody is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many as may be here are here.
    Full,
    /// As many as one client may have, it has.
    TooManyOfOne,
    /// As many as one owner may have, it has.
    TooManyOfOwner,
}

impl Refused {
    /// Whose cap it was.
    pub fn scope(self) -> Scope {
        match self {
            Self::Full => Scope::All,
            Self::TooManyOfOne => Scope::Address,
            Self::TooManyOfOwner => Scope::User,
        }
    }
}

/// A counted crowd with its caps.
pub struct Registry {
    present: Mutex<Present>,
}

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// In all.
    pub all: usize,
    /// From one client.
    pub client: usize,
    /// Of one owner; 0: no cap of its own.
    pub owner: usize,
}

struct Present {
    caps: Caps,
    all: usize,
    by_client: HashMap<Client, usize>,
    by_owner: HashMap<OwnerId, usize>,
}

impl Registry {
    /// Nobody, yet.
    pub fn new(caps: Caps) -> Arc<Self> {
        let present = Present {
            caps,
            all: 0,
            by_client: HashMap::new(),
            by_owner: HashMap::new(),
        };
        Arc::new(Self {
            present: Mutex::new(present),
        })
    }

    /// Other caps from now on. Nobody has to leave for them.
    pub fn set_caps(&self, caps: Caps) {
        self.present().caps = caps;
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits one more. A client without an address (a Unix socket) is not counted by it, and neither is a connection by
    /// its owner, who is not known yet.
    pub fn admit(
        self: &Arc<Self>,
        client: Option<Client>,
        owner: Option<OwnerId>,
    ) -> Result<Guard, Refused> {
        let mut present = self.present();
        if let Some(refused) = present.refuses(client, owner) {
            return Err(refused);
        }
        if let Some(client) = client {
            *present.by_client.entry(client).or_default() += 1;
        }
        if let Some(owner) = owner {
            *present.by_owner.entry(owner).or_default() += 1;
        }
        present.all += 1;
        Ok(Guard {
            registry: self.clone(),
            client,
            owner,
        })
    }

    /// Why one more would not be admitted now.
    pub fn refuses(&self, client: Option<Client>, owner: Option<OwnerId>) -> Option<Refused> {
        self.present().refuses(client, owner)
    }

    /// How many may be here.
    pub fn max(&self) -> usize {
        self.present().caps.all
    }

    /// How many are here.
    pub fn len(&self) -> usize {
        self.present().all
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Present {
    fn refuses(&self, client: Option<Client>, owner: Option<OwnerId>) -> Option<Refused> {
        let caps = self.caps;
        if self.all >= caps.all {
            return Some(Refused::Full);
        }
        if client.is_some_and(|client| count(&self.by_client, client) >= caps.client) {
            return Some(Refused::TooManyOfOne);
        }
        let is_full = |owner| caps.owner > 0 && count(&self.by_owner, owner) >= caps.owner;
        owner
            .is_some_and(is_full)
            .then_some(Refused::TooManyOfOwner)
    }
}

/// One who is here.
pub struct Guard {
    registry: Arc<Registry>,
    client: Option<Client>,
    owner: Option<OwnerId>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut present = self.registry.present();
        present.all -= 1;
        if let Some(client) = self.client {
            leave(&mut present.by_client, client);
        }
        if let Some(owner) = self.owner {
            leave(&mut present.by_owner, owner);
        }
    }
}

fn count<K: Hash + Eq>(counts: &HashMap<K, usize>, of: K) -> usize {
    counts.get(&of).copied().unwrap_or(0)
}

/// One less; who has none left is forgotten.
fn leave<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: K) {
    if let Some(count) = counts.get_mut(&of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&of);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn caps(all: usize, client: usize, owner: usize) -> Caps {
        Caps { all, client, owner }
    }

    fn registry(all: usize, client: usize, owner: usize) -> Arc<Registry> {
        Registry::new(caps(all, client, owner))
    }

    fn client(text: &str) -> Option<Client> {
        Some(Client::from(text.parse::<IpAddr>().unwrap()))
    }

    #[test]
    fn the_caps_hold_and_leaving_makes_room() {
        let registry = registry(3, 2, 0);
        let first = registry.admit(client("10.0.0.1"), None).unwrap();
        let _second = registry.admit(client("::ffff:10.0.0.1"), None).unwrap();
        assert_eq!(
            registry.admit(client("10.0.0.1"), None).err(),
            Some(Refused::TooManyOfOne)
        );
        let _third = registry.admit(None, None).unwrap();
        assert_eq!(
            registry.admit(client("10.0.0.2"), None).err(),
            Some(Refused::Full)
        );
        drop(first);
        let _fourth = registry.admit(client("10.0.0.1"), None).unwrap();
        assert_eq!(registry.len(), 3);
    }

    #[test]
    fn other_caps_hold_for_who_comes_from_then_on() {
        let registry = registry(1, 1, 0);
        let _first = registry.admit(client("10.0.0.1"), None).unwrap();
        registry.set_caps(caps(2, 2, 0));
        let second = registry.admit(client("10.0.0.1"), None).unwrap();
        registry.set_caps(caps(1, 1, 0));
        assert_eq!(registry.len(), 2);
        drop(second);
        let refused = registry.admit(client("10.0.0.2"), None).err();
        assert_eq!(refused, Some(Refused::Full));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }

    #[test]
    fn nobody_leaves_nothing_behind() {
        let registry = registry(3, 2, 0);
        drop(registry.admit(client("10.0.0.1"), None).unwrap());
        assert!(registry.is_empty());
        assert!(registry.present().by_client.is_empty());
    }

    #[test]
    fn an_owner_has_a_cap_of_its_own_wherever_it_comes_from() {
        let (registry, ada) = (registry(9, 9, 2), Some(OwnerId::new()));
        let first = registry.admit(client("10.0.0.1"), ada).unwrap();
        let _second = registry.admit(None, ada).unwrap();
        // Who only asks is told the same, and takes no place.
        assert_eq!(
            registry.refuses(client("10.0.0.2"), ada),
            Some(Refused::TooManyOfOwner)
        );
        assert_eq!(
            registry.refuses(client("10.0.0.2"), Some(OwnerId::new())),
            None
        );
        assert_eq!(registry.len(), 2);
        let third = registry.admit(client("10.0.0.2"), ada).err();
        assert_eq!(third, Some(Refused::TooManyOfOwner));
        let _another = registry
            .admit(client("10.0.0.2"), Some(OwnerId::new()))
            .unwrap();
        drop(first);
        let _again = registry.admit(client("10.0.0.2"), ada).unwrap();
        assert_eq!(registry.len(), 3);
        assert_eq!(registry.present().by_client.len(), 1);
    }
}
