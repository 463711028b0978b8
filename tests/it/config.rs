//! A bad configuration never starts, and what is told of it names file, line, key and remedy, all at once,
//! and no secret. The example is the truth.

mod example;
mod faults;
mod knowledge;
mod page;
mod secrets;
mod store;
mod tls;

use std::collections::HashMap;

use askd::config::{Config, Faults, Loaded, Overrides, check};

/// What is in the environment of these tests.
fn env(name: &str) -> Option<String> {
    let set = HashMap::from([
        ("GOOD_KEY", "sk-from-the-environment"),
        ("EMPTY", ""),
        ("TWO_LINES", "sk-leak-1\nsk-leak-2"),
    ]);
    set.get(name).map(|&value| value.to_owned())
}

fn load(text: &str) -> Result<Loaded, Faults> {
    check("askd.toml", text, &Overrides::default(), &env)
}

fn good(text: &str) -> Config {
    load(text)
        .unwrap_or_else(|faults| panic!("{faults}"))
        .config
}

/// An endpoint with these further lines.
fn endpoint(lines: &str) -> String {
    format!("[[endpoint]]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n{lines}\n")
}
