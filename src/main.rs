//! Arguments, configuration, log, exit code: as much of them as this branch needs.

use std::process::ExitCode;

use askd::cli::{Cli, Command};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command() {
        Command::Check => cli.check(),
        Command::Serve => serve(&cli).unwrap_or_else(|code| code),
    }
}

fn serve(cli: &Cli) -> Result<ExitCode, ExitCode> {
    let loaded = cli.load()?;
    let _log = Cli::start_log(&loaded)?;
    for listen in &loaded.config.server.listen {
        tracing::info!(%listen, "would listen");
    }
    Ok(ExitCode::SUCCESS)
}
