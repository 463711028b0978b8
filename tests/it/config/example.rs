//! `config.example.toml` says what the code does.

use std::collections::BTreeSet;

use super::*;
use crate::tls::{Authority, CERTIFICATE, KEY};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// Keys with a default, in `[sections]` that are always there and in `[[endpoint]]`.
const DEFAULTS: (usize, usize) = (49, 9);

/// The sections and `key = value` settings of a TOML text, a value over several lines as one.
fn settings(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if open {
            let last = settings.last_mut().unwrap();
            last.1 += line;
            open = line != "]";
        } else if line.starts_with('[') {
            section = line.to_owned();
        } else if !line.is_empty() && !line.starts_with("# ") && line != "#" {
            settings.push((section.clone(), line.to_owned()));
            open = line.ends_with('[');
        }
    }
    settings
}

/// The example with everything in it that is commented out, and with a key file that exists; unless `all`, without the
/// further sources of one key.
fn uncommented(key_file: &str, all: bool) -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    });
    // A key has one source: where all four stand in one section the first one stays.
    let mut has_four = false;
    let lines = lines.filter(|line| {
        if line.starts_with('[') {
            has_four = ["[knowledge.embeddings]", "[metrics]"].contains(line);
        }
        let others = [
            "api_key ",
            "api_key_file ",
            "api_key_credential ",
            "token ",
            "token_file ",
            "token_credential ",
        ];
        all || !has_four || !others.iter().any(|key| line.starts_with(key))
    });
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    assert!(text.contains("/etc/askd/azure.key"));
    text.replace("/etc/askd/azure.key", key_file)
}

fn key(setting: &str) -> &str {
    setting.split(" = ").next().unwrap()
}

/// All that a configuration holds but its endpoints, for comparing.
fn parts(config: &Config) -> String {
    format!("{config:#?}")
}

/// All that an endpoint holds which has a default, for comparing.
fn endpoint_parts(config: &Config) -> String {
    let e = &config.endpoints[0];
    format!(
        "{:#?}",
        (
            (e.usage, e.context, e.concurrency, e.queue, e.retries),
            (
                e.connect_timeout,
                e.first_chunk_timeout,
                e.chunk_timeout,
                e.total_timeout
            ),
            (
                &e.name,
                &e.models,
                e.temperature,
                e.max_tokens,
                &e.system_prompt
            ),
            (&e.headers, &e.extra_body, e.base_url.as_str(), &e.api_key),
        )
    )
}

#[test]
fn the_example_as_it_stands_is_the_defaults() {
    assert_eq!(parts(&good(EXAMPLE)), parts(&good("")));
}

#[test]
fn each_default_that_the_example_shows_is_the_codes_own() {
    let defaults = parts(&good(""));
    let mut compared = 0;
    for (section, setting) in settings(EXAMPLE) {
        if setting.starts_with('#') {
            continue;
        }
        let alone = parts(&good(&format!("{section}\n{setting}\n")));
        assert_eq!(alone, defaults, "{section} {setting}");
        compared += 1;
    }
    assert_eq!(compared, DEFAULTS.0);
}

#[test]
fn each_default_of_an_endpoint_that_the_example_shows_is_the_codes_own() {
    let needed = "[[endpoint]]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\n";
    let defaults = endpoint_parts(&good(needed));
    let without_default = [
        "base_url",
        "model",
        "models",
        "system_prompt",
        "temperature",
        "max_tokens",
        "headers",
        "extra_body",
        "api_key",
        "api_key_file",
        "api_key_env",
        "api_key_credential",
        "api_key_header",
        "name",
    ];
    let mut compared = 0;
    for (section, setting) in settings(&uncommented("/", true)) {
        if section != "[[endpoint]]" || without_default.contains(&key(&setting)) {
            continue;
        }
        let alone = endpoint_parts(&good(&format!("{needed}{setting}\n")));
        assert_eq!(alone, defaults, "{setting}");
        compared += 1;
    }
    assert_eq!(compared, DEFAULTS.1);
}

#[test]
fn the_example_loads_with_everything_in_it_switched_on() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["azure.key", "api-key"] {
        std::fs::write(directory.path().join(name), format!("sk-{name}\n")).unwrap();
    }
    for (name, content) in [("logo.svg", "<svg/>"), ("page.css", "h1 { color: red }")] {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    let path = directory.path().to_str().unwrap();
    let env = |name: &str| match name {
        "ASKD_METRICS_TOKEN" => Some("sixteen-letters-or-more".to_owned()),
        "EMBEDDINGS_API_KEY" => Some("sk-embed".to_owned()),
        "OPENROUTER_API_KEY" => Some("sk-or".to_owned()),
        "CREDENTIALS_DIRECTORY" => Some(path.to_owned()),
        _ => None,
    };
    let text = uncommented(&format!("{path}/azure.key"), false);
    let authority = Authority::new();
    authority.pair().write(directory.path());
    let files = ["logo.svg", "page.css", CERTIFICATE, KEY];
    let text = files.iter().fold(text, |text, name| {
        text.replace(&format!("/etc/askd/{name}"), &format!("{path}/{name}"))
    });
    let loaded = check("example", &text, &Overrides::default(), &env);
    let config = loaded.unwrap_or_else(|faults| panic!("{faults}")).config;
    let keys = config
        .endpoints
        .iter()
        .map(|e| e.api_key.as_ref().map(|key| key.expose()));
    assert_eq!(
        keys.collect::<Vec<_>>(),
        [
            None,
            Some("sk-or"),
            Some("sk-azure.key"),
            Some("sk-api-key"),
            Some("write-the-key-here")
        ]
    );
}

#[test]
fn the_example_shows_every_key_that_askd_knows_with_a_line_above_it() {
    let text = uncommented("/", true);
    let mut shown: BTreeSet<(String, String)> = BTreeSet::new();
    for (section, setting) in settings(&text) {
        shown.insert((
            section.trim_matches(['[', ']']).to_owned(),
            key(&setting).to_owned(),
        ));
    }
    // A section within another is a key of that.
    shown.insert(("knowledge".to_owned(), "embeddings".to_owned()));
    shown.insert(("auth".to_owned(), "user".to_owned()));
    shown.insert(("server".to_owned(), "tls".to_owned()));
    for scope in ["user", "address", "all"] {
        shown.insert(("limits".to_owned(), scope.to_owned()));
    }
    // What askd knows, it says itself when it is asked for what it does not know.
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    let sections = [
        "server",
        "auth",
        "[auth.user]",
        "server.tls",
        "[endpoint]",
        "session",
        "limits",
        "limits.user",
        "limits.address",
        "limits.all",
        "knowledge",
        "knowledge.embeddings",
        "store",
        "page",
        "log",
        "metrics",
    ];
    for section in sections {
        let faults = load(&format!("[{section}]\nnonsense = 1\n")).unwrap_err();
        let fault = faults
            .0
            .iter()
            .find(|f| f.key.ends_with(".nonsense"))
            .unwrap();
        let section = section.trim_matches(['[', ']']);
        known.extend(
            fault
                .allowed
                .split(", ")
                .map(|key| (section.to_owned(), key.to_owned())),
        );
    }
    assert_eq!(shown, known);
    assert_eq!(known.len(), 121);
}

#[test]
fn the_example_says_a_line_on_each_key() {
    // In the further endpoints only what is new is told.
    let told_before = ["name", "base_url", "model"];
    let text = uncommented("/", true);
    let mut above = "";
    let mut told = BTreeSet::new();
    for line in text.lines() {
        let key = key(line);
        let is_key = line.contains(" = ") && !line.starts_with(['#', ' ']);
        if is_key && !above.starts_with("# ") {
            let again = told_before.contains(&key) && told.contains(key) || key == "models";
            assert!(again, "nothing is said on {line}");
        }
        if is_key {
            told.insert(key.to_owned());
        }
        above = line;
    }
    assert_eq!(told.len(), 95);
}
