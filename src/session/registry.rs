//! Who is here: how many in all and how many from one client. Membership is a guard whose drop ends it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::id::Client;

/// Why somebody is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many as may be here are here.
    Full,
    /// As many as one client may have, it has.
    TooManyOfOne,
}

/// A counted crowd with its caps.
pub struct Registry {
    present: Mutex<Present>,
}

struct Present {
    max: usize,
    max_per_client: usize,
    all: usize,
    by_client: HashMap<Client, usize>,
}

impl Registry {
    /// Nobody, yet.
    pub fn new(max: usize, max_per_client: usize) -> Arc<Self> {
        let present = Present {
            max,
            max_per_client,
            all: 0,
            by_client: HashMap::new(),
        };
        Arc::new(Self {
            present: Mutex::new(present),
        })
    }

    /// Other caps from now on. Nobody has to leave for them.
    pub fn set_caps(&self, max: usize, max_per_client: usize) {
        let mut present = self.present();
        (present.max, present.max_per_client) = (max, max_per_client);
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits one more. A client without an address (a Unix socket) is counted in all only.
    pub fn admit(self: &Arc<Self>, client: Option<Client>) -> Result<Guard, Refused> {
        let mut present = self.present();
        if present.all >= present.max {
            return Err(Refused::Full);
        }
        let most = present.max_per_client;
        if let Some(client) = client {
            let count = present.by_client.entry(client).or_default();
            if *count >= most {
                return Err(Refused::TooManyOfOne);
            }
            *count += 1;
        }
        present.all += 1;
        Ok(Guard {
            registry: self.clone(),
            client,
        })
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

/// One who is here.
pub struct Guard {
    registry: Arc<Registry>,
    client: Option<Client>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut present = self.registry.present();
        present.all -= 1;
        if let Some(client) = self.client
            && let Some(count) = present.by_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                present.by_client.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(text: &str) -> Option<Client> {
        Some(Client::from(text.parse::<IpAddr>().unwrap()))
    }

    #[test]
    fn the_caps_hold_and_leaving_makes_room() {
        let registry = Registry::new(3, 2);
        let first = registry.admit(client("10.0.0.1")).unwrap();
        let _second = registry.admit(client("::ffff:10.0.0.1")).unwrap();
        assert_eq!(
            registry.admit(client("10.0.0.1")).err(),
            Some(Refused::TooManyOfOne)
        );
        let _third = registry.admit(None).unwrap();
        assert_eq!(
            registry.admit(client("10.0.0.2")).err(),
            Some(Refused::Full)
        );
        drop(first);
        let _fourth = registry.admit(client("10.0.0.1")).unwrap();
        assert_eq!(registry.len(), 3);
    }

    #[test]
    fn other_caps_hold_for_who_comes_from_then_on() {
        let registry = Registry::new(1, 1);
        let _first = registry.admit(client("10.0.0.1")).unwrap();
        registry.set_caps(2, 2);
        let second = registry.admit(client("10.0.0.1")).unwrap();
        registry.set_caps(1, 1);
        assert_eq!(registry.len(), 2);
        drop(second);
        let refused = registry.admit(client("10.0.0.2")).err();
        assert_eq!(refused, Some(Refused::Full));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }

    #[test]
    fn nobody_leaves_nothing_behind() {
        let registry = Registry::new(3, 2);
        drop(registry.admit(client("10.0.0.1")).unwrap());
        assert!(registry.is_empty());
        assert!(registry.present().by_client.is_empty());
    }
}
