//! Arguments -> configuration -> log -> runtime -> exit code.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::{Arc, Weak},
    time::Duration,
};

use anyhow::Context as _;
use askd::{
    app::{App, signals::Signals, systemd},
    cli::{Cli, Command, EXIT_UNAVAILABLE},
    config::Config,
    http::accept::Listener,
    knowledge::extract::pdf,
    shutdown::Shutdown,
    telemetry,
};
use clap::Parser;
use tokio::{runtime::Runtime, time::interval};

/// How often lost log lines are told of.
const TELL_DROPPED: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command() {
        Command::Check => return cli.check(),
        Command::Backup { file } => return cli.backup(&file),
        Command::HashPassword => return Cli::hash_password(),
        Command::Index => return cli.index(),
        Command::Search { question, limit } => return cli.search(&question, limit),
        Command::Eval { file } => return cli.eval(&file),
        Command::ReadPdf => return pdf::child(),
        Command::Serve => {}
    }
    let loaded = match cli.load() {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    // Held to the end of this function, so that the last lines are written too.
    let log = match Cli::start_log(&loaded) {
        Ok(log) => Arc::new(log),
        Err(code) => return code,
    };
    match run(loaded.config, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(EXIT_UNAVAILABLE)
        }
    }
}

fn run(config: Config, log: &Arc<telemetry::Guard>) -> anyhow::Result<()> {
    // Each session takes a descriptor, and each answer one more; the soft limit is often 1,024.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let served = runtime.block_on(serve(config, Arc::downgrade(log)));
    // What did not end in time is given up here.
    runtime.shutdown_background();
    served
}

async fn serve(config: Config, log: Weak<telemetry::Guard>) -> anyhow::Result<()> {
    let signals = Signals::new().context("cannot listen for signals")?;
    let listeners = Listener::all(&config.server, config.session.send_timeout)?;
    let shutdown = Shutdown::new();
    let app = App::new(config, shutdown.clone())?;
    for listener in &listeners {
        // Nobody is left to tell when standard output is closed.
        let _ = writeln!(io::stdout(), "askd {listener}");
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listeners = listeners.len(),
        "askd is up"
    );
    shutdown.spawn_background("systemd", systemd::report(app.watch(), shutdown.clone()));
    shutdown.spawn_background("log keeper", keep_log(log, shutdown.clone()));
    systemd::ready();
    tokio::select! {
        () = app.serve(listeners) => {}
        () = signals.twice(&shutdown) => {}
    }
    Ok(())
}

async fn keep_log(log: Weak<telemetry::Guard>, shutdown: Shutdown) {
    let mut beat = interval(TELL_DROPPED);
    loop {
        tokio::select! {
            biased;
            () = shutdown.halted() => return,
            _ = beat.tick() => match log.upgrade() {
                Some(log) => log.tell_dropped(),
                None => return,
            },
        }
    }
}
