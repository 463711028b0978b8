//! askd, as far as this branch needs it.

pub mod cli;
pub mod config;
pub mod telemetry;
