//! The integration tests: one binary, a file per promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod binary;
mod client;
mod fake;
mod fake_test;
mod harness;

mod answering;
mod api;
mod architecture;
mod auth;
mod cancelling;
mod cli;
mod config;
mod crash;
mod docs;
mod documents;
mod embeddings;
mod grounded;
mod hostile;
mod http;
mod lasting;
mod leaving;
mod limits;
mod llm;
mod logs;
mod metrics;
mod pdf;
mod proxied;
mod proxy;
mod reload;
mod resuming;
mod retrieval;
mod shutdown;
mod stalling;
mod storage;
mod store;
mod storm;
mod successor;
mod systemd;
mod tls;
mod upstream;
