//! `askd reload`, and what a running askd does upon it: it opens its log's file anew and reads its configuration again.

use std::{
    fs,
    io::{self, Write as _},
    process::ExitCode,
    sync::{Arc, Weak},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::task::spawn_blocking;

use super::{Cli, EXIT_CONFIG, EXIT_UNAVAILABLE, colour, complain};
use crate::{
    app::{
        Asked, Reloaded, Reloads,
        live::Live,
        machine::{Machine, Need},
        signals::Hangups,
        systemd,
    },
    config::{self, Change, Faults},
    shutdown::Shutdown,
    store, telemetry,
};

impl Cli {
    /// `askd reload`: tells the askd that has the configured conversations, or the one of this process id.
    pub fn reload(&self, pid: Option<i32>) -> ExitCode {
        let found = match pid {
            Some(pid) => listening(pid).map(|()| pid),
            None => {
                let env = |name: &str| std::env::var(name).ok();
                match config::load_store(self.config.as_deref(), &env) {
                    Ok(store) => store::owner(&store).map_err(|error| error.to_string()),
                    Err(faults) => {
                        complain(&faults.render(colour()));
                        return ExitCode::from(EXIT_CONFIG);
                    }
                }
            }
        };
        let told = found.and_then(|pid| {
            let told = kill_process(process(pid)?, Signal::HUP);
            told.map_err(|error| format!("the process {pid} cannot be told: {error}"))?;
            Ok(pid)
        });
        match told {
            Ok(pid) => {
                // Nobody is left to tell when standard output is closed.
                let _ = writeln!(
                    io::stdout(),
                    "askd (process {pid}) reads its configuration again; what took effect, what needs a restart \
                     and what is wrong with it stands in its log"
                );
                ExitCode::SUCCESS
            }
            Err(error) => {
                complain(&format!("error: {error}"));
                ExitCode::from(EXIT_UNAVAILABLE)
            }
        }
    }

    /// Reads the configuration again at each SIGHUP, and tells on the log what came of it; and for each admin who asks, who is
    /// told too.
    pub async fn follow(
        self,
        mut hangups: Hangups,
        live: Arc<Live>,
        mut reloads: Option<Reloads>,
        log: Weak<telemetry::Guard>,
        shutdown: Shutdown,
    ) {
        loop {
            let asked = tokio::select! {
                biased;
                () = shutdown.halted() => return,
                () = hangups.next() => None,
                asked = next(&mut reloads) => Some(asked),
            };
            let Some(log) = log.upgrade() else {
                return;
            };
            log.reopen();
            live.audit().reopen();
            if shutdown.is_draining() {
                // What goes down is not set up anew.
                tracing::info!("SIGHUP: the log's file is opened anew");
                continue;
            }
            systemd::reloading();
            match &asked {
                None => tracing::info!(
                    "SIGHUP: the log's file is opened anew, and the configuration read again"
                ),
                Some(asked) => tracing::info!(
                    user = %asked.by,
                    "an admin has the log's file opened anew, and the configuration read again"
                ),
            }
            let (cli, parts) = (self.clone(), live.clone());
            // Names are resolved and files read.
            let changed = spawn_blocking(move || cli.change(&parts, &log)).await;
            let reloaded = changed.unwrap_or_else(|error| {
                let fault = format!("the configuration could not be read again: {error}");
                tracing::error!("{fault}");
                failed(vec![fault])
            });
            systemd::ready();
            match asked {
                Some(asked) => asked.tell(reloaded),
                None => live.audit().note(reloaded.act(), None, None),
            }
        }
    }

    /// Reads it and has it take effect, or says why not.
    fn change(&self, live: &Live, log: &telemetry::Guard) -> Reloaded {
        let loaded = match self.read() {
            Ok(loaded) => loaded,
            Err(faults) => return tell_faults(&faults),
        };
        let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        let change = match live.change(&loaded.config) {
            Ok(change) => change,
            Err(error) => {
                tracing::error!("the configuration stays as it was: {error}");
                return failed(vec![error.to_string()]);
            }
        };
        for shortage in Need::of(&change.config).beyond(Machine::here()) {
            tracing::warn!("{shortage}");
        }
        // Under whichever of the two levels it can be seen.
        let before = tracing::enabled!(tracing::Level::INFO);
        if before {
            self.tell(&change);
        }
        log.set_level(&change.config.log.level);
        if !before {
            self.tell(&change);
        }
        Reloaded {
            took_effect: change.took_effect,
            need_restart: change.need_restart,
            warnings,
            faults: Vec::new(),
        }
    }

    fn tell(&self, change: &Change) {
        let Change {
            took_effect,
            need_restart,
            ..
        } = change;
        if !took_effect.is_empty() {
            tracing::info!("took effect: {}", took_effect.join(", "));
        }
        if !need_restart.is_empty() {
            tracing::warn!("needs a restart: {}", need_restart.join(", "));
        }
        if took_effect.is_empty() && need_restart.is_empty() {
            tracing::info!("no key of the configuration has changed");
        }
        let over = self.overrides();
        let kept = [
            ("server.listen", !over.listen.is_empty()),
            ("log.level", over.log_level.is_some()),
        ];
        let kept: Vec<_> = kept
            .iter()
            .filter(|(_, is)| *is)
            .map(|(key, _)| *key)
            .collect();
        if !kept.is_empty() {
            let kept = kept.join(", ");
            tracing::info!("as a flag or a variable says, whatever the file does: {kept}");
        }
    }
}

fn process(pid: i32) -> Result<Pid, String> {
    let process = (pid > 0).then_some(pid).and_then(Pid::from_raw);
    process.ok_or_else(|| format!("there is no process {pid}"))
}

/// Refuses a process that somebody named and that does not listen for SIGHUP: most die of it.
fn listening(pid: i32) -> Result<(), String> {
    let there = test_kill_process(process(pid)?);
    there.map_err(|error| format!("the process {pid} cannot be told: {error}"))?;
    let path = format!("/proc/{pid}/status");
    let unknown =
        |why: String| format!("nobody can see whether the process {pid} is an askd: {why}");
    let status = fs::read_to_string(&path).map_err(|error| unknown(format!("{path}: {error}")))?;
    match catches_hangup(&status) {
        Some(true) => Ok(()),
        Some(false) => Err(format!(
            "the process {pid} is no askd: a SIGHUP would end it"
        )),
        None => Err(unknown(format!("{path} has no SigCgt"))),
    }
}

/// What proc(5)'s status says; the signal 1 is the lowest bit.
fn catches_hangup(status: &str) -> Option<bool> {
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))?;
    let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
    Some(caught & 1 == 1)
}

/// Waits until an admin asks. Cancel safe.
async fn next(reloads: &mut Option<Reloads>) -> Asked {
    match reloads {
        Some(reloads) => reloads.next().await,
        None => std::future::pending().await,
    }
}

fn failed(faults: Vec<String>) -> Reloaded {
    Reloaded {
        faults,
        ..Reloaded::default()
    }
}

fn tell_faults(faults: &Faults) -> Reloaded {
    let told: Vec<_> = faults.0.iter().map(ToString::to_string).collect();
    for fault in &told {
        tracing::error!("{fault}");
    }
    let faults = told.len();
    tracing::error!(
        faults,
        "the configuration stays as it was: the file has faults"
    );
    failed(told)
}
