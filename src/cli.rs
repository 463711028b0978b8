//! The command line: `askd [serve]`, `askd check`, `askd backup FILE`, and what is done with the documents by hand.
//!
//! Only what is said before anything runs is printed here; a running askd speaks through its log.

mod judging;
mod knowledge;
mod password;
mod reload;

use std::{
    env,
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use bytesize::ByteSize;
use clap::{Parser, Subcommand};

use crate::{
    app::machine::{Machine, Need},
    config::{self, Config, Faults, Loaded, Metrics, Overrides, Page, StorePath},
    knowledge::extract::pdf::COMMAND as READ_PDF,
    store, telemetry,
};

/// The exit code for a configuration that askd cannot start with (`EX_CONFIG` of sysexits).
pub const EXIT_CONFIG: u8 = 78;
/// The exit code when the machine does not give askd what it needs, a free port above all (`EX_UNAVAILABLE` of
/// sysexits). Unlike a faulty configuration this may pass, so systemd tries again.
pub const EXIT_UNAVAILABLE: u8 = 69;

/// A chat page for your LLM endpoint: one binary, one TOML file.
#[derive(Debug, Clone, Parser)]
#[command(name = "askd", version)]
pub struct Cli {
    /// What to do; serve, if nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The configuration; else ./askd.toml, else /etc/askd/askd.toml, else the defaults
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ASKD_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,

    /// Listen here instead: 127.0.0.1:8080, 0.0.0.0:80 or unix:/path; may come several times
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        env = "ASKD_LISTEN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub listen: Vec<String>,

    /// Log so much: error, warn, info, debug, trace, or directives such as info,askd=debug
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "ASKD_LOG",
        hide_env_values = true
    )]
    pub log_level: Option<String>,
}

/// What askd can be told to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve the page and its answers (the default)
    Serve,
    /// Check the configuration, tell every fault in it, and start nothing
    Check,
    /// Copy the conversations into a new file, also while askd runs
    Backup {
        /// The copy; it must not exist
        file: PathBuf,
    },
    /// Turn a password into the hash that [[auth.user]] takes
    HashPassword,
    /// Have a running askd read its configuration again, and open its log's file anew
    Reload {
        /// The process; else the one that has the configured conversations open
        #[arg(long, value_name = "PID")]
        pid: Option<i32>,
    },
    /// Read what is new in the documents' folders, and tell what could not be read
    Index,
    /// Show the passages that match a question, with how sure each match is
    Search {
        /// The question
        question: String,
        /// Passages at the most
        #[arg(long, default_value_t = 10, value_name = "N")]
        limit: usize,
    },
    /// Judge the search by questions whose right documents are known
    Eval {
        /// A JSON object a line: {"question": "…", "documents": ["guide.md"]}; without documents, nothing answers it
        file: PathBuf,
    },
    /// Read a PDF from standard input; askd starts itself so, see `knowledge::extract::pdf`
    #[command(name = READ_PDF, hide = true)]
    ReadPdf,
}

impl Cli {
    /// What to do.
    pub fn command(&self) -> Command {
        self.command.clone().unwrap_or(Command::Serve)
    }

    /// Prints the hash of a password.
    pub fn hash_password() -> ExitCode {
        password::hash()
    }

    /// Loads the configuration. What is wrong with it is printed, and the exit code is returned.
    pub fn load(&self) -> Result<Loaded, ExitCode> {
        self.read().map_err(|faults| {
            complain(&faults.render(colour()));
            ExitCode::from(EXIT_CONFIG)
        })
    }

    fn read(&self) -> Result<Loaded, Faults> {
        let env = |name: &str| env::var(name).ok();
        config::load(self.config.as_deref(), &self.overrides(), &env)
    }

    /// What wins over the file.
    fn overrides(&self) -> Overrides {
        // An empty variable says as much as none.
        let said = |text: &&String| !text.is_empty();
        Overrides {
            listen: self.listen.iter().filter(said).cloned().collect(),
            log_level: self.log_level.as_ref().filter(said).cloned(),
        }
    }

    /// Starts the log that a configuration asks for, and repeats its warnings there. What is in the way is
    /// printed, and the exit code is returned.
    pub fn start_log(loaded: &Loaded) -> Result<telemetry::Guard, ExitCode> {
        let guard = telemetry::start(&loaded.config.log).map_err(|error| {
            complain(&format!("error: {error}"));
            ExitCode::from(EXIT_CONFIG)
        })?;
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        if let Some(accent) = loaded.config.page.accent {
            tracing::info!("page.accent is {accent}");
        }
        Ok(guard)
    }

    /// `askd check`: prints what the configuration means, or what is wrong with it.
    pub fn check(&self) -> ExitCode {
        match self.load() {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    complain(&format!("{}\n", warning.render_warning(colour())));
                }
                for shortage in Need::of(&loaded.config).beyond(Machine::here()) {
                    complain(&format!("warning: {shortage}\n"));
                }
                // Nobody is left to tell when standard output is closed.
                let _ = io::stdout().write_all(summary(&loaded).as_bytes());
                ExitCode::SUCCESS
            }
            Err(code) => code,
        }
    }

    /// `askd backup FILE`: copies the conversations that the configuration names, or prints what is in the way.
    pub fn backup(&self, file: &Path) -> ExitCode {
        let env = |name: &str| env::var(name).ok();
        let store = match config::load_store(self.config.as_deref(), &env) {
            Ok(store) => store,
            Err(faults) => {
                complain(&faults.render(colour()));
                return ExitCode::from(EXIT_CONFIG);
            }
        };
        match store::backup(&store, file) {
            Ok(()) => {
                // Nobody is left to tell when standard output is closed.
                let _ = writeln!(
                    io::stdout(),
                    "{} is a copy of {}",
                    file.display(),
                    store.path
                );
                ExitCode::SUCCESS
            }
            Err(error) => {
                complain(&format!("error: {error}"));
                ExitCode::from(EXIT_UNAVAILABLE)
            }
        }
    }
}

/// Prints to standard error, and bears that it may be closed.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether the terminal behind standard error wants colours.
fn colour() -> bool {
    let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    wanted && io::stderr().is_terminal()
}

/// A few lines on what a configuration makes askd do; nothing secret.
fn summary(loaded: &Loaded) -> String {
    let Config {
        server,
        endpoints,
        log,
        store,
        knowledge,
        page,
        metrics,
        ..
    } = &loaded.config;
    let file = match &loaded.file {
        Some(path) => path.display().to_string(),
        None => "no configuration file, the defaults".to_owned(),
    };
    let mut text = format!("{file}: ok\n");
    for listen in &server.listen {
        // Writing to a String cannot fail.
        let tls = match (&server.tls, listen) {
            (Some(_), config::Listen::Tcp(_)) => " (TLS)",
            _ => "",
        };
        let _ = writeln!(text, "  listens on   {listen}{tls}");
    }
    for address in server.tls.iter().flat_map(|tls| &tls.redirect) {
        let _ = writeln!(text, "  leads there from {address}");
    }
    for endpoint in endpoints {
        let models = endpoint.models.join(", ");
        let address = endpoint.address();
        let _ = writeln!(
            text,
            "  answers by   {} at {address}: {models}",
            endpoint.name
        );
    }
    if endpoints.is_empty() && knowledge.folders.is_empty() {
        text.push_str("  answers by   its built-in knowledge\n");
    }
    let by = if endpoints.is_empty() {
        "answers by  "
    } else {
        "answers from"
    };
    for folder in &knowledge.folders {
        let _ = writeln!(text, "  {by} {}", folder.display());
    }
    if let Some(file) = &knowledge.misses {
        let _ = writeln!(text, "  misses go to {}", file.display());
    }
    let place = match &store.path {
        // As it is from here: another directory may be another start's.
        StorePath::File(path) => std::path::absolute(path)
            .unwrap_or_else(|_| path.clone())
            .display()
            .to_string(),
        StorePath::Memory => "memory, until askd ends".to_owned(),
    };
    let _ = writeln!(text, "  keeps in     {place}");
    if let Some(directory) = &log.directory {
        let _ = writeln!(text, "  logs into    {}", directory.display());
    }
    match metrics {
        Metrics {
            listen: Some(listen),
            ..
        } => drop(writeln!(text, "  metrics at   {listen}")),
        Metrics { token: Some(_), .. } => {
            text.push_str("  metrics at   /metrics, to who has the token\n")
        }
        Metrics { .. } => {}
    }
    text + &look(page)
}

/// What the page wears of the operator's own.
fn look(page: &Page) -> String {
    let mut text = String::new();
    if let Some(language) = page.language {
        let _ = writeln!(text, "  speaks       {language}");
    }
    for (what, file) in [("logo", &page.logo), ("css", &page.css)] {
        if let Some(file) = file {
            let size = ByteSize(file.content.len() as u64).display().iec();
            let _ = writeln!(text, "  wears        {what}, {size}");
        }
    }
    if let Some(accent) = page.accent {
        let _ = writeln!(text, "  coloured in  {accent}");
    }
    text
}
