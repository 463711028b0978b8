//! The integration tests: one binary, a file per promise.

mod cli;
mod config;
mod logs;
mod systemd;
