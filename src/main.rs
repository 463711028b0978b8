//! Arguments, configuration, exit code: as much of them as this branch needs.

use std::process::ExitCode;

use askd::cli::{Cli, Command};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command() {
        Command::Check => cli.check(),
        Command::Serve => match cli.load() {
            Ok(_) => ExitCode::SUCCESS,
            Err(code) => code,
        },
    }
}
