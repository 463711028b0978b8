//! Arguments -> configuration -> log -> runtime -> exit code.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::{Arc, Weak},
    time::Duration,
};

use anyhow::Context as _;
use askd::{
    app::{
        App,
        machine::{Machine, Need},
        signals::{Hangups, Signals},
        systemd,
    },
    cli::{Cli, Command, EXIT_CONFIG, EXIT_UNAVAILABLE},
    config::Config,
    http::accept::{InheritError, Inherited, Listener, Speech},
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
        Command::Reload { pid } => return cli.reload(pid),
        Command::Index => return cli.index(),
        Command::Search { question, limit } => return cli.search(&question, limit),
        Command::Eval { file } => return cli.eval(&file),
        Command::ReadPdf => return pdf::child(),
        Command::Serve => {}
    }
    // First, while there is no other thread.
    let inherited = match Inherited::take() {
        Ok(inherited) => inherited,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error}");
            return ExitCode::from(EXIT_UNAVAILABLE);
        }
    };
    let loaded = match cli.load() {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    // Held to the end of this function, so that the last lines are written too.
    let log = match Cli::start_log(&loaded) {
        Ok(log) => Arc::new(log),
        Err(code) => return code,
    };
    match run(cli, loaded.config, inherited, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            // What stands in a file does not get better by trying again.
            let is_said = matches!(error.downcast_ref(), Some(InheritError::Open { .. }));
            ExitCode::from(if is_said {
                EXIT_CONFIG
            } else {
                EXIT_UNAVAILABLE
            })
        }
    }
}

fn run(
    cli: Cli,
    config: Config,
    inherited: Inherited,
    log: &Arc<telemetry::Guard>,
) -> anyhow::Result<()> {
    for shortage in Need::of(&config).beyond(Machine::here()) {
        tracing::warn!("{shortage}");
    }
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let served = runtime.block_on(serve(cli, config, inherited, Arc::downgrade(log)));
    // What did not end in time is given up here.
    runtime.shutdown_background();
    served
}

async fn serve(
    cli: Cli,
    config: Config,
    inherited: Inherited,
    log: Weak<telemetry::Guard>,
) -> anyhow::Result<()> {
    let signals = Signals::new().context("cannot listen for signals")?;
    let hangups = Hangups::new().context("cannot listen for signals")?;
    let (listeners, shutdown) = listen(&config, inherited)?;
    let app = App::new(config, shutdown.clone())?;
    let lost = log.clone();
    app.metrics()
        .ask_log(move || lost.upgrade().map_or(0, |log| log.dropped()));
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
    shutdown.spawn_background("log keeper", keep_log(log.clone(), shutdown.clone()));
    // Before it serves: who asks is heard from the beginning.
    let (live, reloads) = (app.live(), app.live().reloads());
    let reloader = cli.follow(hangups, live, reloads, log, shutdown.clone());
    shutdown.spawn_background("reloader", reloader);
    systemd::ready();
    tokio::select! {
        () = app.serve(listeners) => {}
        () = signals.twice(&shutdown) => {}
    }
    Ok(())
}

/// The sockets that were handed over, or else those of `server.listen`, and behind them that of the metrics, which is always
/// askd's own; and how askd goes down with them.
fn listen(config: &Config, inherited: Inherited) -> anyhow::Result<(Vec<Listener>, Shutdown)> {
    let (mut listeners, shutdown) = serve_at(config, inherited)?;
    listeners.extend(Listener::metrics(&config.metrics)?);
    Ok((listeners, shutdown))
}

fn serve_at(config: &Config, inherited: Inherited) -> anyhow::Result<(Vec<Listener>, Shutdown)> {
    if inherited.is_empty() {
        return Ok((Listener::all(&config.server)?, Shutdown::new()));
    }
    tracing::info!(
        sockets = inherited.names(),
        "serving the inherited sockets; server.listen is not used"
    );
    let speech = Speech::of(&config.server);
    Ok((
        inherited.listen(speech, &config.auth)?,
        Shutdown::for_successor(),
    ))
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
