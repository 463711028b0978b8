//! The checked configuration: the types that the program runs on, one struct per part.
//!
//! `file` reads the TOML as an operator writes it, `section` hands it out key by key, and `check` turns
//! it into these types and reports every fault at once, each as a [`Fault`] that people can act on. Nothing outside this module ever sees an unchecked value, and each part of the program
//! is handed its own section alone.

mod accent;
mod auth;
mod change;
mod check;
mod colour;
mod echo;
mod fault;
mod file;
mod limits;
mod listen;
mod metrics;
mod page;
mod report;
mod secret;
mod section;
mod shown;
mod tls;
mod value;

use std::{fmt, path::PathBuf, time::Duration};

use url::Url;

pub use accent::Accent;
pub use auth::{Auth, AuthMode, MAX_USER_NAME, User, is_clear};
pub use change::{Change, KEYS, Key, When};
pub use check::{Env, Loaded, Overrides, check, load, load_store};
pub use colour::Colour;
pub use fault::{Fault, Faults, Place};
pub use limits::{Limits, Share};
pub use listen::{Listen, Proxy};
pub use metrics::Metrics;
pub use page::{FooterLink, Kind, OwnFile, Page, Said};
pub use secret::Secret;
pub use tls::Tls;

/// Everything the operator decides, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[[endpoint]]`, in the file's order; the first is the default. Empty: askd answers from its knowledge.
    pub endpoints: Vec<Endpoint>,
    /// `[auth]`
    pub auth: Auth,
    /// `[session]`
    pub session: Session,
    /// `[limits]`
    pub limits: Limits,
    /// `[knowledge]`
    pub knowledge: Knowledge,
    /// `[store]`
    pub store: Store,
    /// `[page]`
    pub page: Page,
    /// `[log]`
    pub log: Log,
    /// `[metrics]`
    pub metrics: Metrics,
}

/// `[server]`: where askd listens and how much it takes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// One listener each; at least one.
    pub listen: Vec<Listen>,
    /// The address people type, when a proxy stands in front. Its origin may open `/ws`.
    pub public_url: Option<Url>,
    /// Further origins (`https://example.org`) that may open `/ws`, beside the page's own.
    pub allowed_origins: Vec<String>,
    /// TCP and Unix connections open at once, of every kind; beyond it the kernel's backlog waits.
    pub max_connections: usize,
    /// Connections from one address; one more is reset. Unix sockets have no address and are not counted.
    pub max_connections_per_client: usize,
    /// WebSocket sessions open at once; beyond it `503`.
    pub max_sessions: usize,
    /// WebSocket sessions from one address; beyond it `429`. Unix sockets have no address and are not counted.
    pub max_sessions_per_client: usize,
    /// How long a client may take to send a request's headers.
    pub header_timeout: Duration,
    /// Whose word on who is behind them is taken.
    pub trusted_proxies: Vec<Proxy>,
    /// Whether such a proxy says by a header of the PROXY protocol, before each connection, whose it is.
    pub proxy_protocol: bool,
    /// How long going down may take; running answers may go on for all of it but a reserve (see `app`).
    pub shutdown_grace: Duration,
    /// `[server.tls]`: how the TCP listeners speak TLS; `None`: they do not.
    pub tls: Option<Tls>,
}

/// `[[endpoint]]`: one OpenAI-compatible server.
#[derive(Clone, PartialEq)]
pub struct Endpoint {
    /// Unique; what the page and the log call it. Not given: the address's host.
    pub name: String,
    /// Up to and without `/chat/completions`, and without a slash at the end of a path; a query string (Azure's
    /// `api-version`) is kept. Holds no user and no password.
    pub base_url: Url,
    /// The models on offer, the default first; at least one.
    pub models: Vec<String>,
    /// Sent as `Authorization: Bearer …`, or bare in `api_key_header`.
    pub api_key: Option<Secret>,
    /// The header that takes the bare key (Azure: `api-key`).
    pub api_key_header: Option<String>,
    /// Goes before the conversation, always.
    pub system_prompt: Option<String>,
    /// Sampling temperature, 0 to 2; absent: the endpoint's own.
    pub temperature: Option<f32>,
    /// Tokens of an answer; absent: the endpoint's own.
    pub max_tokens: Option<u32>,
    /// Further request headers; the values are treated as secrets.
    pub headers: Vec<(String, Secret)>,
    /// Further fields of the request's JSON body; they win over askd's own.
    pub extra_body: serde_json::Map<String, serde_json::Value>,
    /// Ask for token counts (`stream_options.include_usage`).
    pub usage: bool,
    /// Tokens (estimated) of system prompt, earlier turns and question that are sent.
    pub context: usize,
    /// Answers at once.
    pub concurrency: usize,
    /// Questions that may wait in line for a free slot; beyond it `queue_full`.
    pub queue: usize,
    /// To an established connection.
    pub connect_timeout: Duration,
    /// From the request to the first chunk, retries included.
    pub first_chunk_timeout: Duration,
    /// From one chunk to the next.
    pub chunk_timeout: Duration,
    /// From the request to the end of the answer.
    pub total_timeout: Duration,
    /// Further tries before the first chunk.
    pub retries: u32,
}

impl Endpoint {
    /// The address for people and logs: without the query string, which may hold a key.
    pub fn address(&self) -> String {
        without_query(&self.base_url)
    }
}

fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

/// Leaves out what may hold a key: the query string, and the values of `extra_body`.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .field("base_url", &self.address())
            .field("models", &self.models)
            .finish_non_exhaustive()
    }
}

/// `[session]`: one browser's connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What becomes of a running answer when its last reader has gone.
    pub on_leave: OnLeave,
    /// Between pings; a client silent for two is gone.
    pub heartbeat: Duration,
    /// A reader that takes nothing for so long is closed with 1013.
    pub send_timeout: Duration,
    /// A session that asks nothing for so long, with no answer running, is closed with 1001.
    pub idle_timeout: Duration,
    /// Bytes of one question.
    pub max_question: usize,
    /// Bytes of one answer, thinking included; the answer ends there with `length`.
    pub max_answer: usize,
    /// Questions a minute and session; 0: no limit.
    pub questions_per_minute: u32,
}

/// `session.on_leave`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLeave {
    /// `"stop"`: abort the endpoint's request in the same breath.
    Stop,
    /// A duration: go on for so long, in case the reader comes back.
    Grace(Duration),
    /// `"finish"`: go on to the end.
    Finish,
}

/// `[knowledge]`: what askd answers from, with an endpoint's words or by itself.
#[derive(Debug, Clone)]
pub struct Knowledge {
    /// Use the set that ships inside the binary, where no folder is named; `None`: only where there is no endpoint either.
    pub built_in: Option<bool>,
    /// The folders whose documents are searched, absolute; no two have the same last name, and none lies in another.
    pub folders: Vec<PathBuf>,
    /// Globs of the files that are read; empty: all of a kind that askd reads.
    pub include: Vec<String>,
    /// Globs of the files and folders that are left out.
    pub exclude: Vec<String>,
    /// Bytes of a file; a larger one is left out.
    pub max_file: u64,
    /// Whether changes in the folders are followed.
    pub watch: bool,
    /// Whose endings are cut off words.
    pub language: Language,
    /// Entries shown as sources at the most.
    pub passages: usize,
    /// 0 to 1; a best match below it is no match.
    pub min_score: f32,
    /// Refuse what the knowledge has nothing on, also where a model could answer.
    pub only: bool,
    /// Where questions are written down that the knowledge has nothing on.
    pub misses: Option<PathBuf>,
    /// Who turns the passages into vectors; `None`: they are found by their words alone.
    pub embeddings: Option<Embeddings>,
}

impl Knowledge {
    /// Whether a question is searched for, by whomever it is answered then.
    pub fn is_searched(&self, has_endpoint: bool) -> bool {
        !self.folders.is_empty() || self.built_in.unwrap_or(!has_endpoint)
    }
}

/// `[knowledge.embeddings]`: an OpenAI-compatible server that turns texts into vectors.
#[derive(Clone)]
pub struct Embeddings {
    /// Up to and without `/embeddings`; as that of an [`Endpoint`].
    pub base_url: Url,
    /// The model, as the server names it.
    pub model: String,
    /// Sent as `Authorization: Bearer …`, or bare in `api_key_header`.
    pub api_key: Option<Secret>,
    /// The header that takes the bare key.
    pub api_key_header: Option<String>,
    /// Further request headers; the values are treated as secrets.
    pub headers: Vec<(String, Secret)>,
    /// Numbers of a vector; longer ones are cut to it. Absent: as many as the model makes.
    pub dimensions: Option<usize>,
    /// Passages in one request at the most.
    pub batch: usize,
    /// Bytes of a text that are sent.
    pub max_input: usize,
    /// What goes before each question, and before each passage, where the model wants it so.
    pub question_prefix: String,
    /// See there.
    pub passage_prefix: String,
    /// How long a search waits for its question's vector.
    pub timeout: Duration,
}

impl Embeddings {
    /// The address for people and logs: without the query string, which may hold a key.
    pub fn address(&self) -> String {
        without_query(&self.base_url)
    }
}

/// Leaves out what may hold a key.
impl fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embeddings")
            .field("base_url", &self.address())
            .field("model", &self.model)
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}

/// `knowledge.language`: those whose endings the stemmer knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says all there is to say")]
pub enum Language {
    /// Words are taken as they are.
    None,
    Arabic,
    Danish,
    Dutch,
    English,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
}

/// `[store]`: where conversations are kept, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// The file, or memory.
    pub path: StorePath,
    /// What a power loss may take.
    pub synchronous: Synchronous,
    /// A conversation untouched for so long is removed; `None`: never.
    pub retention: Option<Duration>,
    /// Bytes of the file; beyond it the conversation untouched for longest goes. 0: no bound for a file, and
    /// [`Store::MEMORY`] in memory.
    pub max_size: u64,
}

impl Store {
    /// The bound in memory when none is set.
    pub const MEMORY: u64 = 64 << 20;

    /// Bytes that may be kept, if that is bounded.
    pub fn bound(&self) -> Option<u64> {
        match (&self.path, self.max_size) {
            (StorePath::File(_), 0) => None,
            (StorePath::Memory, 0) => Some(Self::MEMORY),
            (_, bytes) => Some(bytes),
        }
    }
}

/// `store.path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePath {
    /// `":memory:"`: gone when askd ends.
    Memory,
    /// An SQLite file.
    File(PathBuf),
}

/// As the operator writes it.
impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// `store.synchronous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// What is told to be kept outlives a power loss.
    Full,
    /// A power loss may take what was kept last, and never damages the file.
    Normal,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// A level, or directives as `tracing-subscriber`'s `Targets` reads them.
    pub level: String,
    /// How lines look, on the console and in the files.
    pub format: LogFormat,
    /// Where files are written; `None`: no files.
    pub directory: Option<PathBuf>,
    /// When a new file begins.
    pub rotation: Rotation,
    /// Bytes after which a new file begins too.
    pub max_size: u64,
    /// Files kept, the current one included.
    pub max_files: usize,
    /// Log the texts of questions and answers too.
    pub texts: bool,
}

/// `log.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `log.rotation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// At midnight, UTC.
    Daily,
    /// At each full hour, UTC.
    Hourly,
    /// By size alone.
    Never,
}
