//! What is counted while askd serves, and how it is told to Prometheus.
//!
//! What happens is counted where it happens, by the [`Metrics`] that parts get with their constructor. What is a state, such as
//! who is here and what waits, is known to the part that has it, and asked for when somebody scrapes: `http::metrics` does.
//!
//! Labels come from short lists and from the configuration: no name, address, id or text of anybody's is ever one.

pub mod names;
mod process;
mod refusal;

use std::{
    borrow::Cow,
    fmt::{Debug, Display},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    encoding::{EncodeGaugeValue, EncodeMetric, prometheus_text},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::Registry,
};

use self::names::Name;
pub use self::{process::Process, refusal::Refusal};
use crate::answer::{ErrorCode, Outcome, Timing};

/// How the text that [`Exposition::text`] makes is called.
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// Seconds of what takes as long as an answer does.
const LONG: [f64; 12] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// Seconds of what takes some milliseconds.
const SHORT: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0,
];

/// How an answer may end.
const OUTCOMES: [Outcome; 6] = [
    Outcome::Stop,
    Outcome::Length,
    Outcome::ContentFilter,
    Outcome::Cancelled,
    Outcome::Interrupted,
    Outcome::Failed,
];

/// A metric's labels.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// What is counted; clones share it.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    started: SystemTime,
    refusals: Counters<1>,
    sessions_ended: Counters<1>,
    turns: Counters<2>,
    failures: Counters<2>,
    retries: Counters<1>,
    first_chunk: Histograms,
    turn: Histograms,
    chunk_lag: Histogram,
    upstream_closed: Histogram,
    searches: Counters<1>,
    search: Histogram,
    /// Says how many lines the log has lost.
    dropped: OnceLock<Box<dyn Fn() -> u64 + Send + Sync>>,
}

impl Default for Inner {
    fn default() -> Self {
        let refusals = Counters::default();
        for refusal in Refusal::ALL {
            drop(refusals.get_or_create(&[("reason", refusal.as_str().into())]));
        }
        let searches = Counters::default();
        for found in [Searched::Found, Searched::Nothing, Searched::Failed] {
            drop(searches.get_or_create(&[("outcome", found.as_str().into())]));
        }
        let long: fn() -> Histogram = || Histogram::new(LONG);
        Self {
            started: SystemTime::now(),
            refusals,
            sessions_ended: Family::default(),
            turns: Family::default(),
            failures: Family::default(),
            retries: Family::default(),
            first_chunk: Family::new_with_constructor(long),
            turn: Family::new_with_constructor(long),
            chunk_lag: Histogram::new(SHORT),
            upstream_closed: Histogram::new(SHORT),
            searches,
            search: Histogram::new(SHORT),
            dropped: OnceLock::new(),
        }
    }
}

/// What came of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Searched {
    /// Passages that match well enough.
    Found,
    /// None.
    Nothing,
    /// It could not be searched.
    Failed,
}

impl Searched {
    fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Nothing => "nothing",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody was refused.
    pub fn refused(&self, why: Refusal) {
        let labels = [("reason", why.as_str().into())];
        self.0.refusals.get_or_create(&labels).inc();
    }

    /// Somebody may be refused for this limit, and it is told from now on.
    pub fn know_limit(&self, limit: String) {
        let labels = [("reason", limit.into())];
        drop(self.0.refusals.get_or_create(&labels));
    }

    /// Somebody was refused for a limit; its word is one of a short list.
    pub fn refused_for(&self, limit: String) {
        let labels = [("reason", limit.into())];
        self.0.refusals.get_or_create(&labels).inc();
    }

    /// How often somebody was refused for this.
    #[cfg(test)]
    pub fn refusals(&self, reason: &str) -> u64 {
        let labels = [("reason", reason.to_owned().into())];
        self.0.refusals.get_or_create(&labels).get()
    }

    /// A session ended; `reason` is one of a short list.
    pub fn session_ended(&self, reason: &'static str) {
        let labels = [("reason", reason.into())];
        self.0.sessions_ended.get_or_create(&labels).inc();
    }

    /// A piece of an answer was written to a reader who keeps up, so long after it had come.
    pub fn chunk_lagged(&self, lag: Duration) {
        self.0.chunk_lag.observe(lag.as_secs_f64());
    }

    /// A search ended.
    pub fn searched(&self, found: Searched, took: Duration) {
        let labels = [("outcome", found.as_str().into())];
        self.0.searches.get_or_create(&labels).inc();
        self.0.search.observe(took.as_secs_f64());
    }

    /// From now on the log is asked how many lines it has lost; the first one who is named stays.
    pub fn ask_log(&self, dropped: impl Fn() -> u64 + Send + Sync + 'static) {
        // The log is the process's own: there is one.
        let _ = self.0.dropped.set(Box::new(dropped));
    }

    /// What happens at an endpoint of the configuration. All that it may come to is told from then on, at 0.
    pub fn endpoint(&self, name: &str) -> Endpoint {
        let endpoint = Endpoint {
            metrics: self.clone(),
            name: Cow::Owned(name.to_owned()),
        };
        let inner = &self.0;
        for outcome in OUTCOMES {
            drop(inner.turns.get_or_create(&endpoint.and("outcome", outcome)));
        }
        drop(inner.retries.get_or_create(&endpoint.alone()));
        drop(inner.first_chunk.get_or_create(&endpoint.alone()));
        drop(inner.turn.get_or_create(&endpoint.alone()));
        endpoint
    }

    /// All that was counted, ready for the states beside it.
    pub fn exposition(&self) -> Exposition {
        let inner = &self.0;
        let mut all = Exposition(Registry::default());
        let version = [("version", env!("CARGO_PKG_VERSION").into())];
        all.gauges(names::BUILD_INFO, [(version, 1)]);
        all.add(names::REFUSALS, inner.refusals.clone());
        all.add(names::SESSIONS_ENDED, inner.sessions_ended.clone());
        all.add(names::TURNS, inner.turns.clone());
        all.add(names::TURN_FAILURES, inner.failures.clone());
        all.add(names::UPSTREAM_RETRIES, inner.retries.clone());
        all.add(names::FIRST_CHUNK, inner.first_chunk.clone());
        all.add(names::TURN, inner.turn.clone());
        all.add(names::CHUNK_LAG, inner.chunk_lag.clone());
        all.add(names::UPSTREAM_CLOSED, inner.upstream_closed.clone());
        all.add(names::SEARCHES, inner.searches.clone());
        all.add(names::SEARCH, inner.search.clone());
        let dropped = inner.dropped.get().map_or(0, |dropped| dropped());
        all.add(names::LOG_DROPPED, ConstCounter::new(dropped));
        let since = inner.started.duration_since(UNIX_EPOCH);
        all.gauge(
            names::START_TIME,
            since.map_or(0.0, |since| since.as_secs_f64()),
        );
        all
    }
}

/// What happens at one endpoint.
#[derive(Clone)]
pub struct Endpoint {
    metrics: Metrics,
    name: Cow<'static, str>,
}

impl Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Endpoint").field(&self.name).finish()
    }
}

impl Endpoint {
    fn alone(&self) -> Labels<1> {
        [("endpoint", self.name.clone())]
    }

    fn and(&self, label: &'static str, value: impl Display) -> Labels<2> {
        let [endpoint] = self.alone();
        [endpoint, (label, value.to_string().into())]
    }

    /// An answer ended.
    pub fn ended(&self, outcome: Outcome, code: Option<ErrorCode>, timing: Timing) {
        let all = &self.metrics.0;
        let seconds = |millis: u64| Duration::from_millis(millis).as_secs_f64();
        all.turns.get_or_create(&self.and("outcome", outcome)).inc();
        if let Some(code) = code {
            all.failures.get_or_create(&self.and("code", code)).inc();
        }
        let labels = self.alone();
        all.turn
            .get_or_create(&labels)
            .observe(seconds(timing.total_ms));
        if let Some(first) = timing.first_chunk_ms {
            all.first_chunk
                .get_or_create(&labels)
                .observe(seconds(first));
        }
    }

    /// It was asked once more.
    pub fn asked_again(&self) {
        let retries = &self.metrics.0.retries;
        retries.get_or_create(&self.alone()).inc();
    }

    /// Its request has ended, so long after nobody wanted it any more.
    pub fn closed(&self, took: Duration) {
        let closed = &self.metrics.0.upstream_closed;
        closed.observe(took.as_secs_f64());
    }
}

/// What happens in the storage, which has it and is asked for it. Clones share it.
#[derive(Debug, Clone)]
pub struct Writing {
    seconds: Histogram,
    failures: Counter,
    bytes: Gauge,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            seconds: Histogram::new(SHORT),
            failures: Counter::default(),
            bytes: Gauge::default(),
        }
    }
}

impl Writing {
    /// A transaction was committed.
    pub fn wrote(&self, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
    }

    /// All that is kept takes so many bytes now.
    pub fn holds(&self, bytes: u64) {
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The storage failed.
    pub fn failed(&self) {
        self.failures.inc();
    }
}

/// A text for Prometheus in the making.
pub struct Exposition(Registry);

impl Exposition {
    fn add(
        &mut self,
        Name { name, help }: Name,
        metric: impl EncodeMetric + Debug + Send + Sync + 'static,
    ) {
        self.0.register(name, help, metric);
    }

    /// A state.
    pub fn gauge<V>(&mut self, name: Name, value: V)
    where
        V: EncodeGaugeValue + Debug + Send + Sync + 'static,
    {
        self.add(name, ConstGauge::new(value));
    }

    /// A state for each set of labels.
    fn gauges<const N: usize>(
        &mut self,
        name: Name,
        values: impl IntoIterator<Item = (Labels<N>, usize)>,
    ) {
        let family = Family::<Labels<N>, Gauge>::default();
        for (labels, value) in values {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            family.get_or_create(&labels).set(value);
        }
        self.add(name, family);
    }

    /// A state for each value of a label.
    pub fn each<L: Into<Cow<'static, str>>>(
        &mut self,
        name: Name,
        label: &'static str,
        values: impl IntoIterator<Item = (L, usize)>,
    ) {
        let values = values.into_iter();
        self.gauges(
            name,
            values.map(|(of, value)| ([(label, of.into())], value)),
        );
    }

    /// What happened in the storage.
    pub fn writing(&mut self, writing: &Writing) {
        self.add(names::STORE_WRITE, writing.seconds.clone());
        self.add(names::STORE_FAILURES, writing.failures.clone());
        self.add(names::STORE_SIZE, writing.bytes.clone());
    }

    /// What the system says of the process.
    pub fn process(&mut self, process: Process) {
        let known = [
            (names::RESIDENT_MEMORY, process.resident),
            (names::OPEN_FDS, process.descriptors),
            (names::MAX_FDS, process.most_descriptors),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                self.gauge(name, value);
            }
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0).expect("a String takes all");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(metrics: &Metrics) -> String {
        metrics.exposition().text()
    }

    #[test]
    fn what_is_yet_to_happen_is_told_at_0() {
        let metrics = Metrics::new();
        metrics.endpoint("local");
        let text = text_of(&metrics);
        for line in [
            "askd_refusals_total{reason=\"draining\"} 0",
            "askd_turns_total{endpoint=\"local\",outcome=\"failed\"} 0",
            "askd_upstream_retries_total{endpoint=\"local\"} 0",
            "askd_first_chunk_seconds_count{endpoint=\"local\"} 0",
            "askd_searches_total{outcome=\"found\"} 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        assert_eq!(
            text.matches("askd_refusals_total{").count(),
            Refusal::ALL.len()
        );
    }

    #[test]
    fn what_happens_is_counted_where_it_belongs() {
        let metrics = Metrics::new();
        let endpoint = metrics.endpoint("a \"quoted\" name");
        let timing = Timing {
            first_chunk_ms: Some(300),
            total_ms: 2000,
            stopped_us: None,
            first_word_ms: None,
        };
        endpoint.ended(Outcome::Stop, None, timing);
        let never_began = Timing {
            first_chunk_ms: None,
            total_ms: 10,
            stopped_us: None,
            first_word_ms: None,
        };
        endpoint.ended(
            Outcome::Failed,
            Some(ErrorCode::UpstreamFailed),
            never_began,
        );
        endpoint.closed(Duration::from_micros(700));
        metrics.refused(Refusal::Origin);
        metrics.ask_log(|| 7);
        let text = text_of(&metrics);
        let name = "endpoint=\"a \\\"quoted\\\" name\"";
        for line in [
            format!("askd_turns_total{{{name},outcome=\"stop\"}} 1"),
            format!("askd_turn_failures_total{{{name},code=\"upstream_failed\"}} 1"),
            format!("askd_turn_seconds_count{{{name}}} 2"),
            format!("askd_first_chunk_seconds_sum{{{name}}} 0.3"),
            "askd_upstream_closed_seconds_bucket{le=\"0.0005\"} 0".to_owned(),
            "askd_upstream_closed_seconds_bucket{le=\"0.001\"} 1".to_owned(),
            "askd_refusals_total{reason=\"origin\"} 1".to_owned(),
            "askd_log_lines_dropped_total 7".to_owned(),
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }

    #[test]
    fn each_name_is_there_once_and_ends_in_its_unit_as_prometheus_wants_it() {
        for (at, Name { name, help }) in names::ALL.iter().enumerate() {
            assert!(names::ALL[..at].iter().all(|other| other.name != *name));
            assert!(!name.ends_with("_total") && !help.ends_with('.'), "{name}");
            let known = ["askd_", "process_"]
                .iter()
                .any(|begin| name.starts_with(begin));
            assert!(known, "{name}");
        }
    }
}
