//! askd: a chat page for an LLM endpoint, or for what askd itself knows, in one binary.
//!
//! **An answer is an append-only log; a session is a cursor on it.** A turn (one question, one answer) runs as
//! its own task and appends numbered events to its log. A session (one WebSocket) reads that log from a
//! position and owns its socket alone. Resume, a second tab and a slow reader are the same thing: a cursor
//! that is behind.
//!
//! The modules, in reading order:
//!
//! - [`answer`]: the log as data, and the events in it. [`id`]: the names of things.
//! - [`llm`], [`knowledge`]: who answers. [`store`]: what is kept.
//! - [`auth`]: who somebody is. [`refusal`]: whom a limit keeps out.
//! - [`turn`]: one answer's story, and the desk where turns are begun, followed and stopped.
//! - [`session`]: the loop over receive, outbound and shutdown, and the wire.
//! - [`http`]: the routes and the accept loop under them.
//! - [`app`]: the parts put together, once; going up and coming down.
//! - [`config`], [`cli`], [`telemetry`], [`metrics`], [`tls`], [`shutdown`]: what the parts are handed.

pub mod answer;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod http;
pub mod id;
pub mod knowledge;
pub mod llm;
pub mod metrics;
pub mod refusal;
pub mod session;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod turn;
