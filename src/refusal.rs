//! Who is refused for a limit: counted, and told in the log in a way that nobody can flood it by.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing::info;

use crate::{id::Client, metrics::Metrics};

/// How often the refusals of one address are told at the most.
const TOLD: Duration = Duration::from_secs(60);
/// Addresses whose last line is remembered; while there are more than these in a minute, the further ones are only counted.
const REMEMBERED: usize = 1_000;

/// Whose limit it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// One session's.
    Session,
    /// One user's, or one browser's where nobody signs in.
    User,
    /// One address's.
    Address,
    /// Of all together.
    All,
}

/// Of what there would have been too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Connections.
    Connections,
    /// Sessions.
    Sessions,
    /// Questions a minute.
    Questions,
    /// Answers at once.
    Answers,
    /// Questions that wait in an endpoint's line.
    Waiting,
    /// Tokens a day.
    Tokens,
}

/// A limit for which somebody was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Limit {
    /// Whose limit it was.
    pub scope: Scope,
    /// Of what.
    pub measure: Measure,
}

/// Each limit that there is.
const LIMITS: [Limit; 15] = [
    Limit::of(Scope::Session, Measure::Questions),
    Limit::of(Scope::User, Measure::Sessions),
    Limit::of(Scope::User, Measure::Questions),
    Limit::of(Scope::User, Measure::Answers),
    Limit::of(Scope::User, Measure::Tokens),
    Limit::of(Scope::Address, Measure::Connections),
    Limit::of(Scope::Address, Measure::Sessions),
    Limit::of(Scope::Address, Measure::Questions),
    Limit::of(Scope::Address, Measure::Answers),
    Limit::of(Scope::Address, Measure::Tokens),
    Limit::of(Scope::All, Measure::Sessions),
    Limit::of(Scope::All, Measure::Questions),
    Limit::of(Scope::All, Measure::Answers),
    Limit::of(Scope::All, Measure::Tokens),
    Limit::of(Scope::All, Measure::Waiting),
];

impl Limit {
    const fn of(scope: Scope, measure: Measure) -> Self {
        Self { scope, measure }
    }

    /// Its word among the reasons that Prometheus counts by: `user_questions`.
    pub fn word(self) -> String {
        format!("{}_{}", self.scope.as_str(), self.measure.as_str())
    }
}

impl Scope {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::User => "user",
            Self::Address => "address",
            Self::All => "all",
        }
    }
}

impl Measure {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Sessions => "sessions",
            Self::Questions => "questions",
            Self::Answers => "answers",
            Self::Waiting => "waiting",
            Self::Tokens => "tokens",
        }
    }
}

/// A wait as people are told it: in whole seconds below two minutes, and from there on in minutes, rounded up.
pub fn in_words(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    if seconds < 120 {
        return counted(seconds, "second");
    }
    let minutes = seconds.div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => counted(minutes, "minute"),
        (hours, 0) => counted(hours, "hour"),
        (hours, minutes) => format!("{} {}", counted(hours, "hour"), counted(minutes, "minute")),
    }
}

fn counted(count: u128, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Where refusals are noted.
pub struct Refusals {
    metrics: Metrics,
    told: Mutex<HashMap<Option<Client>, Told>>,
}

/// The last line about an address, and how many were refused since.
#[derive(Debug)]
struct Told {
    at: Instant,
    since: u64,
}

impl Refusals {
    /// None yet; they are counted there.
    pub fn new(metrics: Metrics) -> Self {
        for limit in LIMITS {
            metrics.know_limit(limit.word());
        }
        Self {
            metrics,
            told: Mutex::default(),
        }
    }

    /// Where others are counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Counts one, and tells it unless this address's were told within the last minute.
    pub fn note(&self, limit: Limit, client: Option<Client>) {
        self.metrics.refused_for(limit.word());
        let Limit { scope, measure } = limit;
        if let Some(untold) = self.is_due(client, Instant::now()) {
            let (scope, measure) = (scope.as_str(), measure.as_str());
            let address = client.map(tracing::field::display);
            info!(scope, measure, address, untold, "refused for a limit");
        }
    }

    /// How often somebody was refused for this.
    #[cfg(test)]
    pub fn count(&self, limit: Limit) -> u64 {
        self.metrics.refusals(&limit.word())
    }

    /// Whether a line is due, and then how many before it got none.
    fn is_due(&self, client: Option<Client>, now: Instant) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |told: &Told| now.saturating_duration_since(told.at) < TOLD;
        if let Some(told) = told.get_mut(&client) {
            if is_fresh(told) {
                told.since += 1;
                return None;
            }
            told.at = now;
            return Some(std::mem::take(&mut told.since));
        }
        if told.len() >= REMEMBERED {
            told.retain(|_, told| is_fresh(told));
        }
        if told.len() >= REMEMBERED {
            return None;
        }
        told.insert(client, Told { at: now, since: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn client(n: u32) -> Option<Client> {
        Some(Client::from(IpAddr::from(Ipv4Addr::from(n))))
    }

    #[test]
    fn an_address_is_told_once_a_minute_with_how_many_there_were_meanwhile() {
        let (refusals, begin) = (Refusals::new(Metrics::new()), Instant::now());
        assert_eq!(refusals.is_due(client(1), begin), Some(0));
        assert_eq!(refusals.is_due(client(2), begin), Some(0));
        for _ in 0..3 {
            assert_eq!(refusals.is_due(client(1), begin), None);
        }
        assert_eq!(refusals.is_due(client(1), begin + TOLD), Some(3));
        assert_eq!(refusals.is_due(client(1), begin + TOLD), None);
    }

    #[test]
    fn more_addresses_than_are_remembered_write_no_more_lines() {
        let (refusals, begin) = (Refusals::new(Metrics::new()), Instant::now());
        let many = REMEMBERED as u32;
        let lines = (0..2 * many).filter(|n| refusals.is_due(client(*n), begin).is_some());
        assert_eq!(lines.count(), REMEMBERED);
        assert!(refusals.is_due(client(3 * many), begin + TOLD).is_some());
    }

    #[test]
    fn a_wait_is_told_in_words_and_never_as_shorter_than_it_is() {
        for (millis, words) in [
            (0, "1 second"),
            (1_000, "1 second"),
            (1_001, "2 seconds"),
            (119_000, "119 seconds"),
            (120_000, "2 minutes"),
            (120_001, "3 minutes"),
            (3_600_000, "1 hour"),
            (5_460_000, "1 hour 31 minutes"),
            (86_399_000, "24 hours"),
        ] {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
    }
}
