//! From the file as written to the checked [`Config`], telling every fault at once.
//!
//! Every key, its bounds and its default stand here (those of an endpoint in [`endpoint`]) and nowhere
//! else; `config.example.toml` is compared with them by a test.

mod auth;
mod embed;
mod embeddings;
mod endpoint;
mod key;
mod knowledge;
mod limits;
mod metrics;
mod page;
mod request;
mod server;
mod store;
mod tls;
mod written;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::de::{DeTable, DeValue};
use tracing_subscriber::filter::Targets;

use super::{
    Config, Log, LogFormat, OnLeave, Rotation, Session,
    fault::{Fault, Faults},
    file,
    report::{Draft, Report},
    section::Section,
    value::{self, Wrong},
};

/// Where a configuration is looked for when none is named, in this order.
const SEARCHED: [&str; 2] = ["askd.toml", "/etc/askd/askd.toml"];

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// What the command line and the environment say over the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--listen` or `ASKD_LISTEN`; empty: what the file says.
    pub listen: Vec<String>,
    /// `--log-level` or `ASKD_LOG`.
    pub log_level: Option<String>,
}

/// A configuration that is free of faults.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the program runs on.
    pub config: Config,
    /// The file that it came from; absent: askd runs on its defaults.
    pub file: Option<PathBuf>,
    /// What is doubtful, and starts all the same.
    pub warnings: Vec<Fault>,
}

/// Reads the environment; handed in, so that nothing here depends on the process.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Finds, reads and checks the configuration: the file at `path`, else the first one of the usual places
/// that exists, else the defaults alone.
pub fn load(path: Option<&Path>, overrides: &Overrides, env: Env<'_>) -> Result<Loaded, Faults> {
    let (origin, text, path) = found(path)?;
    checked(&origin, &text, path, overrides, env)
}

/// The same for `[store]` alone: whoever copies the conversations may have none of the keys and files that the rest of
/// the configuration speaks of.
pub fn load_store(path: Option<&Path>, env: Env<'_>) -> Result<super::Store, Faults> {
    let (origin, text, _) = found(path)?;
    let root = file::parse(&origin, &text)?;
    let report = Report::new(&origin, &text, root.get_ref());
    let store = store::read(
        &report,
        Section::root(&report, root.get_ref()).section("store"),
        env,
    );
    let (faults, _) = report.finish();
    if faults.is_empty() {
        Ok(store)
    } else {
        Err(Faults(faults))
    }
}

/// What the configuration is known as, its text, and its file, if there is one.
fn found(path: Option<&Path>) -> Result<(String, String, Option<&Path>), Faults> {
    let usual = || SEARCHED.iter().map(Path::new).find(|path| path.exists());
    let Some(path) = path.or_else(usual) else {
        return Ok(("the defaults".to_owned(), String::new(), None));
    };
    Ok((path.display().to_string(), file::read(path)?, Some(path)))
}

/// Checks a configuration's text; `origin` is what people know it as.
pub fn check(
    origin: &str,
    text: &str,
    overrides: &Overrides,
    env: Env<'_>,
) -> Result<Loaded, Faults> {
    checked(origin, text, None, overrides, env)
}

fn checked(
    origin: &str,
    text: &str,
    path: Option<&Path>,
    overrides: &Overrides,
    env: Env<'_>,
) -> Result<Loaded, Faults> {
    let root = file::parse(origin, text)?;
    let report = Report::new(origin, text, root.get_ref());
    let config = read(&report, root.get_ref(), overrides, env);
    if report.holds_key() && path.is_some_and(key::is_readable_by_all) {
        let draft = Draft::new(
            "",
            None,
            "every user of this machine can read the configuration",
        );
        report.warn(draft.help(format!(
            "it holds a key or headers: give it to askd's user and chmod o-r {origin}; under systemd/askd.service \
             keep the key as a credential"
        )));
    }
    let (faults, warnings) = report.finish();
    if faults.is_empty() {
        Ok(Loaded {
            config,
            file: path.map(Path::to_owned),
            warnings,
        })
    } else {
        Err(Faults(faults))
    }
}

/// The defaults, as an empty file gives them.
impl Default for Config {
    fn default() -> Self {
        check("the defaults", "", &Overrides::default(), &|_| None)
            .expect("a test holds that the defaults have no fault")
            .config
    }
}

fn read<'t>(
    report: &Report<'t>,
    root: &DeTable<'t>,
    overrides: &Overrides,
    env: Env<'_>,
) -> Config {
    let root = Section::root(report, root);
    let endpoints = endpoint::read(report, &root, env);
    let knowledge = knowledge::read(report, root.section("knowledge"), &endpoints, env);
    let server = server::read(report, root.section("server"), &overrides.listen);
    let config = Config {
        auth: auth::read(report, root.section("auth"), &server),
        metrics: metrics::read(report, root.section("metrics"), &server.listen, env),
        server,
        session: session(report, root.section("session")),
        limits: limits::read(report, root.section("limits")),
        store: store::read(report, root.section("store"), env),
        page: page::read(report, root.section("page"), &knowledge, &endpoints),
        knowledge,
        log: log(report, root.section("log"), overrides, env),
        endpoints,
    };
    store::one_turn_fits(report, &root, &config);
    root.finish();
    config
}

fn session(report: &Report<'_>, section: Section<'_, '_>) -> Session {
    let session = Session {
        on_leave: section
            .get("on_leave", on_leave)
            .map_or(OnLeave::Grace(secs(3)), |given| given.value),
        heartbeat: section
            .duration("heartbeat", secs(1)..=hours(1))
            .unwrap_or(secs(20)),
        send_timeout: section
            .duration("send_timeout", secs(1)..=hours(1))
            .unwrap_or(secs(20)),
        idle_timeout: section
            .duration("idle_timeout", secs(1)..=hours(24 * 365))
            .unwrap_or(hours(1)),
        max_question: section
            .size("max_question", 16..=16 * MIB)
            .unwrap_or(32 * KIB as usize),
        max_answer: section
            .size("max_answer", KIB..=64 * MIB)
            .unwrap_or(MIB as usize),
        questions_per_minute: section
            .number("questions_per_minute", 0..=60_000)
            .unwrap_or(30),
    };
    let keys = ["session.heartbeat", "session.idle_timeout"];
    if session.heartbeat > session.idle_timeout && !report.is_faulty(&keys) {
        let key = section.first_of(&["heartbeat", "idle_timeout"]);
        let draft = section.draft(
            key,
            "does not fit: the heartbeat is longer than the idle_timeout",
        );
        report.fault(
            draft
                .allowed("heartbeat <= idle_timeout")
                .help("raise session.idle_timeout or lower session.heartbeat"),
        );
    }
    section.finish();
    session
}

fn on_leave(value: &DeValue<'_>) -> Result<OnLeave, Wrong> {
    match value.as_str() {
        Some("stop") => Ok(OnLeave::Stop),
        Some("finish") => Ok(OnLeave::Finish),
        _ => match value::duration(value, &(Duration::ZERO..=hours(24))) {
            Ok(Duration::ZERO) => Ok(OnLeave::Stop),
            Ok(grace) => Ok(OnLeave::Grace(grace)),
            Err(wrong) => Err(Wrong {
                allowed: "\"stop\", \"finish\", or a duration up to \"24h\"".to_owned(),
                ..wrong
            }),
        },
    }
}

fn log(report: &Report<'_>, section: Section<'_, '_>, overrides: &Overrides, env: Env<'_>) -> Log {
    let written = section.get("level", |value| directives(&value::text(value)?));
    let over = overrides.log_level.as_ref().and_then(|level| {
        let fault = |wrong: Wrong| {
            let draft = Draft::new("", None, format!("the log level {}", wrong.found));
            report.fault(
                draft
                    .origin("--log-level or ASKD_LOG")
                    .allowed(wrong.allowed)
                    .help(wrong.help),
            );
        };
        directives(level).map_err(fault).ok()
    });
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let rotations = [
        ("daily", Rotation::Daily),
        ("hourly", Rotation::Hourly),
        ("never", Rotation::Never),
    ];
    let log = Log {
        level: over
            .or(written.map(|given| given.value))
            .unwrap_or_else(|| "info".to_owned()),
        format: section.word("format", &formats).unwrap_or(LogFormat::Text),
        directory: section
            .text("directory")
            .map(|given| given.value)
            .or_else(|| env("LOGS_DIRECTORY").filter(|path| !path.is_empty()))
            .map(PathBuf::from),
        rotation: section
            .word("rotation", &rotations)
            .unwrap_or(Rotation::Daily),
        max_size: section
            .size("max_size", 4 * KIB..=1024 * GIB)
            .unwrap_or(50 * MIB),
        max_files: section.number("max_files", 1..=10_000).unwrap_or(7),
        texts: section.flag("texts").unwrap_or(false),
    };
    if log
        .directory
        .as_deref()
        .is_some_and(|path| path.exists() && !path.is_dir())
    {
        let draft = section.draft("directory", "is no directory");
        report.fault(
            draft
                .allowed("a directory that askd may write to, or one to be made")
                .help("name a directory, or remove the line"),
        );
    }
    section.finish();
    log
}

/// The directives without the blanks around them. Refuses what `Targets` refuses, and a bare word that is no
/// level: `Targets` takes a mistyped `infos` for the name of a module, and then logs nothing else.
fn directives(level: &str) -> Result<String, Wrong> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| levels.contains(&word.to_ascii_lowercase().as_str());
    let directives: Vec<&str> = level.split(',').map(str::trim).collect();
    let joined = directives.join(",");
    let fine = directives
        .iter()
        .all(|directive| directive.contains('=') || is_level(directive));
    if fine && joined.parse::<Targets>().is_ok() {
        return Ok(joined);
    }
    Err(Wrong::new(
        format_args!("{level:?}"),
        &levels.join(", "),
        "write a level, or directives such as \"info,askd=debug\"",
    ))
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}
