//! Wrong passwords are answered more and more slowly, by name and by address.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

use crate::id::Client;

/// Wrong ones that cost nothing: people mistype.
const FREE_BY_NAME: u32 = 5;
const FREE_BY_CLIENT: u32 = 20;
/// The longest wait. A name's is short, for its owner may be the one who waits; an address's is not.
const LONGEST_BY_NAME: Duration = Duration::from_secs(30);
const LONGEST_BY_CLIENT: Duration = Duration::from_secs(15 * 60);
/// After so long without a wrong one all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Names, and addresses, that are remembered; then those go that failed longest ago.
const REMEMBERED: usize = 10_000;

/// Who has failed how often.
pub(super) struct SlowDown {
    names: Failures<String>,
    clients: Failures<Client>,
    /// From where somebody has signed in: there no name waits because somebody elsewhere tries it. It is so for all names, or what is
    /// answered there would tell which one it was.
    at_home: HashMap<Client, Instant>,
}

impl Default for SlowDown {
    fn default() -> Self {
        Self {
            names: Failures::new(FREE_BY_NAME, LONGEST_BY_NAME),
            clients: Failures::new(FREE_BY_CLIENT, LONGEST_BY_CLIENT),
            at_home: HashMap::new(),
        }
    }
}

impl SlowDown {
    /// Whether a password may be tried now, else after how long.
    pub(super) fn may_try(
        &self,
        name: &str,
        client: Option<Client>,
        now: Instant,
    ) -> Result<(), Duration> {
        let at_home = client.is_some_and(|at| self.at_home.contains_key(&at));
        let by_name = match at_home {
            true => Duration::ZERO,
            false => self.names.wait(&name.to_owned(), now),
        };
        let by_client = client.map_or(Duration::ZERO, |client| self.clients.wait(&client, now));
        match by_name.max(by_client) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// Notes one that is going to be checked as a wrong one: whoever leaves meanwhile has tried, too.
    pub(super) fn tried(&mut self, name: &str, client: Option<Client>, now: Instant) {
        self.names.add(name.to_owned(), now);
        if let Some(client) = client {
            self.clients.add(client, now);
        }
    }

    /// Takes back what was noted of one that was right. The other failures stay: whoever knows one password does not get to guess others
    /// by it, and a stranger does not learn from them that somebody has signed in.
    pub(super) fn succeeded(&mut self, name: &str, client: Option<Client>, now: Instant) {
        self.names.take_back(&name.to_owned());
        if let Some(client) = client {
            self.clients.take_back(&client);
            make_room(&mut self.at_home, |at| *at);
            self.at_home.insert(client, now);
        }
    }
}

/// Wrong ones, and when the last came.
#[derive(Debug, Clone, Copy)]
struct Count {
    times: u32,
    last: Instant,
}

struct Failures<K>(HashMap<K, Count>, u32, Duration);

impl<K: Hash + Eq + Clone> Failures<K> {
    fn new(free: u32, longest: Duration) -> Self {
        Self(HashMap::new(), free, longest)
    }

    fn wait(&self, key: &K, now: Instant) -> Duration {
        let Self(counts, free, longest) = self;
        let Some(count) = counts.get(key) else {
            return Duration::ZERO;
        };
        let Some(beyond) = count.times.checked_sub(*free) else {
            return Duration::ZERO;
        };
        // 1, 2, 4 … seconds from the last one on.
        let wait = Duration::from_secs(1 << beyond.min(20)).min(*longest);
        (count.last + wait).saturating_duration_since(now)
    }

    fn take_back(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            count.times = count.times.saturating_sub(1);
        }
    }

    fn add(&mut self, key: K, now: Instant) {
        let fresh = |count: &Count| now.saturating_duration_since(count.last) < FORGOTTEN;
        if let Some(count) = self.0.get_mut(&key).filter(|count| fresh(count)) {
            *count = Count {
                times: count.times.saturating_add(1),
                last: now,
            };
            return;
        }
        make_room(&mut self.0, |count| count.last);
        self.0.insert(
            key,
            Count {
                times: 1,
                last: now,
            },
        );
    }
}

/// Lets the older half go where there are as many as there may be, so that looking for them is rare.
fn make_room<K: Hash + Eq + Clone, V>(map: &mut HashMap<K, V>, when: impl Fn(&V) -> Instant) {
    if map.len() < REMEMBERED {
        return;
    }
    let mut times: Vec<Instant> = map.values().map(&when).collect();
    let (_, median, _) = times.select_nth_unstable(REMEMBERED / 2);
    let median = *median;
    map.retain(|_, value| when(value) > median);
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(text: &str) -> Option<Client> {
        Some(Client::from(text.parse::<IpAddr>().unwrap()))
    }

    #[test]
    fn a_name_waits_longer_with_each_wrong_password_and_never_more_than_half_a_minute() {
        let (mut slow, begin) = (SlowDown::default(), Instant::now());
        let mut waits = Vec::new();
        for n in 0..12 {
            // Each from another address, so that none of these waits.
            let client = at(&format!("10.0.{n}.1"));
            let wait = slow.may_try("ada", client, begin).err();
            waits.push(wait.unwrap_or_default().as_secs());
            slow.tried("ada", client, begin);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30]);
        assert!(slow.may_try("bob", at("10.0.0.1"), begin).is_ok());
        let later = begin + Duration::from_secs(30);
        assert!(slow.may_try("ada", at("10.1.0.1"), later).is_ok());
    }

    #[test]
    fn an_address_waits_whatever_the_names_and_a_network_of_ipv6_is_one() {
        let (mut slow, begin) = (SlowDown::default(), Instant::now());
        for n in 0..FREE_BY_CLIENT {
            let client = at(&format!("2001:db8::{n:x}"));
            assert!(slow.may_try(&format!("name {n}"), client, begin).is_ok());
            slow.tried(&format!("name {n}"), client, begin);
        }
        let again = slow.may_try("yet another", at("2001:db8::ffff"), begin);
        assert_eq!(again, Err(Duration::from_secs(1)));
        assert!(
            slow.may_try("yet another", at("2001:db8:0:1::1"), begin)
                .is_ok()
        );
    }

    #[test]
    fn where_somebody_has_signed_in_they_do_not_wait_for_a_stranger() {
        let (mut slow, begin) = (SlowDown::default(), Instant::now());
        slow.succeeded("ada", at("10.0.0.1"), begin);
        for n in 0..20 {
            slow.tried("ada", at(&format!("10.1.{n}.1")), begin);
        }
        assert!(slow.may_try("ada", at("10.0.0.1"), begin).is_ok());
        assert!(slow.may_try("ada", at("10.0.1.1"), begin).is_err());
    }

    #[test]
    fn a_right_password_is_no_failure_and_forgives_none() {
        let (mut slow, begin) = (SlowDown::default(), Instant::now());
        for n in 0..30 {
            slow.tried("ada", at("10.0.0.1"), begin);
            slow.succeeded("ada", at("10.0.0.1"), begin);
            slow.tried(&format!("name {n}"), at("10.0.0.2"), begin);
            slow.tried("bob", at(&format!("10.1.{n}.1")), begin);
        }
        assert!(slow.may_try("ada", at("10.2.0.1"), begin).is_ok());
        slow.tried("bob", at("10.0.0.1"), begin);
        slow.succeeded("bob", at("10.0.0.1"), begin);
        slow.succeeded("name 0", at("10.0.0.2"), begin);
        assert!(slow.may_try("bob", at("10.2.0.1"), begin).is_err());
        assert!(slow.may_try("carol", at("10.0.0.2"), begin).is_err());
    }

    #[test]
    fn an_hour_without_a_wrong_one_forgets_all() {
        let (mut slow, begin) = (SlowDown::default(), Instant::now());
        for _ in 0..20 {
            slow.tried("ada", None, begin);
        }
        let later = begin + FORGOTTEN;
        slow.tried("ada", None, later);
        assert!(slow.may_try("ada", None, later).is_ok());
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_the_oldest_go() {
        let (mut slow, begin) = (SlowDown::default(), Instant::now());
        let names = u32::try_from(REMEMBERED).unwrap() + 1;
        for n in 0..names {
            slow.tried(
                &format!("name {n}"),
                None,
                begin + Duration::from_millis(n.into()),
            );
        }
        assert!(slow.names.0.len() <= REMEMBERED);
        assert!(!slow.names.0.contains_key("name 0"));
        assert!(slow.names.0.contains_key(&format!("name {}", names - 1)));
    }
}
