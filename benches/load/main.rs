//! The load driver: measures the real askd beside a bare relay and the direct way, and prints one table.
//!
//! `cargo bench --bench load -- [--quick] [--binary PATH] [figure …]` starts everything itself and ends by itself.
//! The endpoint, the bare relay and askd are processes of their own, so that the kernel's books tell what each
//! of them costs; for the first two this binary runs itself again in a role. A figure over its bound is printed as
//! such and is no failure: the exit code is for what did not work. BENCHMARKS.md says what each figure means.

mod client;
mod clock;
mod config;
mod direct;
#[path = "../../tests/it/fake.rs"]
#[expect(
    dead_code,
    reason = "the tests use more of the fake than the benchmarks do"
)]
mod fake;
mod figures;
mod log;
#[path = "../made.rs"]
mod made;
mod process;
mod relay;
mod story;
mod stream;
#[path = "../../tests/it/successor"]
#[expect(dead_code, reason = "the tests use more of it than the benchmarks do")]
mod successor {
    pub mod drive;
    pub mod held;
    pub mod page;
}
mod table;
mod upstream;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// What every figure is given.
pub struct Plan {
    /// Smaller numbers, for a look rather than for the record.
    pub quick: bool,
    /// The askd to measure.
    pub askd: PathBuf,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    // The children inherit it: a session takes a descriptor at both of its ends.
    rlimit::increase_nofile_limit(u64::MAX)?;
    // reqwest is built without a provider of its own; that one is there already is no fault.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [process::UPSTREAM_ROLE] => runtime.block_on(upstream::run()).map(|()| true),
        [process::RELAY_ROLE, base_url] => runtime.block_on(relay::run(base_url)).map(|()| true),
        [figures::ATTACK_ROLE, attack, address] => runtime
            .block_on(figures::attack(attack, address))
            .map(|()| true),
        _ => runtime.block_on(async {
            tokio::select! {
                result = measure(&arguments) => result,
                // Ends by value, so that no process is left behind.
                signal = stopped() => bail!("stopped by {}", signal?),
            }
        }),
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn stopped() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// Runs the figures that were asked for; `false` when one of them did not work.
async fn measure(arguments: &[String]) -> Result<bool> {
    let mut plan = Plan {
        quick: false,
        askd: PathBuf::from(env!("CARGO_BIN_EXE_askd")),
    };
    let mut wanted: Vec<&str> = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // What cargo itself passes to every benchmark.
            "--bench" => {}
            "--quick" => plan.quick = true,
            "--binary" => plan.askd = arguments.next().context("--binary needs a path")?.into(),
            name if figures::NAMES.contains(&name) => wanted.push(name),
            other => bail!(
                "no figure is called {other:?}; there are: {}",
                figures::NAMES.join(", ")
            ),
        }
    }
    if wanted.is_empty() {
        wanted = figures::NAMES.to_vec();
    }
    let begun = Instant::now();
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for name in wanted {
        eprintln!("measuring {name} …");
        match tokio::time::timeout(figures::DEADLINE, figures::measure(name, &plan)).await {
            Ok(Ok(figure)) => rows.extend(figure),
            Ok(Err(error)) => failures.push(format!("{name}: {error:#}")),
            Err(_) => failures.push(format!("{name}: not done after {:?}", figures::DEADLINE)),
        }
    }
    table::print(&rows);
    println!(
        "\n{:.0} s on {} cores",
        begun.elapsed().as_secs_f64(),
        std::thread::available_parallelism()?
    );
    for failure in &failures {
        println!("DID NOT WORK  {failure}");
    }
    Ok(failures.is_empty())
}
