//! The configuration of an askd under measurement: limits out of the way, and what a figure wants otherwise.

/// What a figure wants of askd; a key that stands here must not be among the ones of [`Setup::write`].
#[derive(Default)]
pub struct Setup<'a> {
    /// The endpoint's address.
    pub upstream: &'a str,
    /// More keys of `[server]`.
    pub server: &'a str,
    /// More keys of the endpoint, which is called "fake".
    pub endpoint: &'a str,
    /// More keys of `[session]`.
    pub session: &'a str,
    /// The keys of `[store]`; nothing: conversations live in memory.
    pub store: &'a str,
    /// Further sections.
    pub more: &'a str,
    /// Under the caps that askd has by itself, and not out of their way.
    pub capped: bool,
}

/// Caps that no figure comes near.
const UNCAPPED: &str = "max_connections = 12000
max_connections_per_client = 12000
max_sessions = 10000
max_sessions_per_client = 10000
";

impl Setup<'_> {
    /// The file.
    pub fn write(&self) -> String {
        let Self {
            upstream,
            server,
            endpoint,
            session,
            store,
            more,
            capped,
        } = self;
        let caps = if *capped { "" } else { UNCAPPED };
        let store = if store.is_empty() {
            "path = \":memory:\""
        } else {
            store
        };
        format!(
            r#"[server]
listen = ["127.0.0.1:0"]
{caps}
{server}

[[endpoint]]
name = "fake"
base_url = "{upstream}"
model = "fake"
concurrency = 1000
queue = 1000
retries = 0
{endpoint}

[session]
questions_per_minute = 0
{session}

[store]
{store}

{more}
"#
        )
    }
}
