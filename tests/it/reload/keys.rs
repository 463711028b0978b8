//! Each key that there is, changed in turn: it takes effect, or is named as needing a restart; never a third thing.

use std::{collections::BTreeSet, fs};

use askd::config::{KEYS, When};
use tempfile::TempDir;

use crate::{binary::Binary, harness::soon};

/// Another value for each key, and the key of the base that it excludes. `DIR` is a folder of the test's.
const OTHER: [(&str, &str, &str, &str); 115] = [
    ("[server]", "listen", "[\"127.0.0.1:1\"]", ""),
    ("[server]", "public_url", "\"https://ask.example.org\"", ""),
    (
        "[server]",
        "allowed_origins",
        "[\"https://intranet.example.org\"]",
        "",
    ),
    ("[server]", "max_connections", "11000", ""),
    ("[server]", "max_connections_per_client", "50", ""),
    ("[server]", "max_sessions", "500", ""),
    ("[server]", "max_sessions_per_client", "50", ""),
    ("[server]", "header_timeout", "\"9s\"", ""),
    ("[server]", "shutdown_grace", "\"19s\"", ""),
    ("[server]", "trusted_proxies", "[\"127.0.0.2\"]", ""),
    ("[server]", "proxy_protocol", "true", ""),
    ("[server.tls]", "certificate", "\"DIR/second.pem\"", ""),
    ("[server.tls]", "key", "\"DIR/same.pem\"", ""),
    ("[server.tls]", "redirect", "[\"127.0.0.1:2\"]", ""),
    ("[server.tls]", "hsts", "\"1day\"", ""),
    ("[auth]", "mode", "\"password\"", ""),
    ("[auth]", "allow_open", "true", ""),
    ("[auth]", "admins", "[\"ada\"]", ""),
    ("[auth]", "session_lifetime", "\"1day\"", ""),
    ("[auth]", "user_header", "\"X-Who\"", ""),
    ("[auth]", "audit", "\"DIR/audit.jsonl\"", ""),
    ("[[auth.user]]", "name", "\"bob\"", ""),
    ("[[auth.user]]", "password_hash", OTHER_HASH, ""),
    ("[[endpoint]]", "name", "\"other\"", ""),
    ("[[endpoint]]", "base_url", "\"http://127.0.0.1:2/v1\"", ""),
    ("[[endpoint]]", "model", "\"other\"", ""),
    ("[[endpoint]]", "models", "[\"m\", \"n\"]", "model"),
    ("[[endpoint]]", "system_prompt", "\"Be brief.\"", ""),
    ("[[endpoint]]", "temperature", "0.5", ""),
    ("[[endpoint]]", "max_tokens", "100", ""),
    ("[[endpoint]]", "headers", "{ X-Team = \"s\" }", ""),
    ("[[endpoint]]", "extra_body", "{ top_p = 0.5 }", ""),
    ("[[endpoint]]", "usage", "false", ""),
    ("[[endpoint]]", "context", "5000", ""),
    ("[[endpoint]]", "concurrency", "3", ""),
    ("[[endpoint]]", "queue", "63", ""),
    ("[[endpoint]]", "connect_timeout", "\"6s\"", ""),
    ("[[endpoint]]", "first_chunk_timeout", "\"3m\"", ""),
    ("[[endpoint]]", "chunk_timeout", "\"61s\"", ""),
    ("[[endpoint]]", "total_timeout", "\"16m\"", ""),
    ("[[endpoint]]", "retries", "1", ""),
    ("[[endpoint]]", "api_key", "\"sk-other\"", ""),
    ("[[endpoint]]", "api_key_env", "\"ANOTHER_KEY\"", "api_key"),
    ("[[endpoint]]", "api_key_file", "\"DIR/key\"", "api_key"),
    ("[[endpoint]]", "api_key_credential", "\"key\"", "api_key"),
    ("[[endpoint]]", "api_key_header", "\"api-key\"", ""),
    ("[session]", "on_leave", "\"4s\"", ""),
    ("[session]", "heartbeat", "\"21s\"", ""),
    ("[session]", "send_timeout", "\"21s\"", ""),
    ("[session]", "idle_timeout", "\"2h\"", ""),
    ("[session]", "max_question", "\"33 KiB\"", ""),
    ("[session]", "max_answer", "\"2 MiB\"", ""),
    ("[session]", "questions_per_minute", "31", ""),
    ("[limits.user]", "sessions", "9", ""),
    ("[limits.user]", "questions_per_minute", "9", ""),
    ("[limits.user]", "answers_at_once", "9", ""),
    ("[limits.user]", "tokens_per_day", "9", ""),
    ("[limits.address]", "questions_per_minute", "9", ""),
    ("[limits.address]", "answers_at_once", "9", ""),
    ("[limits.address]", "tokens_per_day", "9", ""),
    ("[limits.all]", "questions_per_minute", "9", ""),
    ("[limits.all]", "answers_at_once", "9", ""),
    ("[limits.all]", "tokens_per_day", "9", ""),
    ("[knowledge]", "folders", "[\"DIR/more\"]", ""),
    ("[knowledge]", "include", "[\"*.md\"]", ""),
    ("[knowledge]", "exclude", "[\"drafts/\"]", ""),
    ("[knowledge]", "max_file", "\"31 MiB\"", ""),
    ("[knowledge]", "watch", "false", ""),
    ("[knowledge]", "language", "\"german\"", ""),
    ("[knowledge]", "built_in", "false", ""),
    ("[knowledge]", "passages", "4", ""),
    ("[knowledge]", "min_score", "0.6", ""),
    ("[knowledge]", "only", "true", ""),
    ("[knowledge]", "misses", "\"DIR/misses.jsonl\"", ""),
    (
        "[knowledge.embeddings]",
        "base_url",
        "\"http://127.0.0.1:2/v1\"",
        "",
    ),
    ("[knowledge.embeddings]", "model", "\"other\"", ""),
    ("[knowledge.embeddings]", "dimensions", "64", ""),
    ("[knowledge.embeddings]", "question_prefix", "\"q: \"", ""),
    ("[knowledge.embeddings]", "passage_prefix", "\"p: \"", ""),
    ("[knowledge.embeddings]", "batch", "31", ""),
    ("[knowledge.embeddings]", "max_input", "\"3 KiB\"", ""),
    ("[knowledge.embeddings]", "timeout", "\"900ms\"", ""),
    (
        "[knowledge.embeddings]",
        "headers",
        "{ X-Team = \"s\" }",
        "",
    ),
    ("[knowledge.embeddings]", "api_key", "\"sk-other\"", ""),
    (
        "[knowledge.embeddings]",
        "api_key_env",
        "\"ANOTHER_KEY\"",
        "api_key",
    ),
    (
        "[knowledge.embeddings]",
        "api_key_file",
        "\"DIR/key\"",
        "api_key",
    ),
    (
        "[knowledge.embeddings]",
        "api_key_credential",
        "\"key\"",
        "api_key",
    ),
    (
        "[knowledge.embeddings]",
        "api_key_header",
        "\"api-key\"",
        "",
    ),
    ("[store]", "path", "\"DIR/other.db\"", ""),
    ("[store]", "synchronous", "\"normal\"", ""),
    ("[store]", "retention", "\"90d\"", ""),
    ("[store]", "max_size", "\"1 GiB\"", ""),
    ("[page]", "title", "\"Other\"", ""),
    ("[page]", "welcome", "\"Hello\"", ""),
    ("[page]", "suggestions", "[\"Why?\"]", ""),
    ("[page]", "language", "\"de\"", ""),
    ("[page]", "logo", "\"DIR/logo.svg\"", ""),
    ("[page]", "accent", "\"#0b5cad\"", ""),
    (
        "[page]",
        "footer",
        "[{ text = \"Imprint\", url = \"/imprint\" }]",
        "",
    ),
    ("[page]", "disclaimer", "\"Check it.\"", ""),
    ("[page]", "css", "\"DIR/page.css\"", ""),
    (
        "[page]",
        "embed_origins",
        "[\"https://docs.example.org\"]",
        "",
    ),
    ("[log]", "level", "\"info,askd=debug\"", ""),
    ("[log]", "format", "\"json\"", ""),
    ("[log]", "directory", "\"DIR/logs\"", ""),
    ("[log]", "rotation", "\"hourly\"", ""),
    ("[log]", "max_size", "\"49 MiB\"", ""),
    ("[log]", "max_files", "8", ""),
    ("[log]", "texts", "true", ""),
    ("[metrics]", "listen", "\"127.0.0.1:3\"", ""),
    ("[metrics]", "allow_open", "true", ""),
    ("[metrics]", "token", "\"sk-another-token\"", ""),
    ("[metrics]", "token_env", "\"ANOTHER_TOKEN\"", "token"),
    ("[metrics]", "token_file", "\"DIR/token\"", "token"),
    ("[metrics]", "token_credential", "\"token\"", "token"),
];

const HASH: &str =
    "\"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"";
const OTHER_HASH: &str =
    "\"$argon2id$v=19$m=8,t=1,p=1$c29tZSBvdGhlciBzYWx0$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"";

/// What askd runs on.
const BASE: [(&str, &str, &str); 16] = [
    ("[server]", "listen", "[\"127.0.0.1:0\"]"),
    ("[server]", "trusted_proxies", "[\"127.0.0.3\"]"),
    ("[server.tls]", "certificate", "\"DIR/first.pem\""),
    ("[server.tls]", "key", "\"DIR/key.pem\""),
    ("[auth]", "mode", "\"none\""),
    ("[[auth.user]]", "name", "\"ada\""),
    ("[[auth.user]]", "password_hash", HASH),
    ("[[endpoint]]", "base_url", "\"http://127.0.0.1:1/v1\""),
    ("[[endpoint]]", "model", "\"m\""),
    ("[[endpoint]]", "api_key", "\"sk-base\""),
    ("[knowledge]", "folders", "[\"DIR/docs\"]"),
    (
        "[knowledge.embeddings]",
        "base_url",
        "\"http://127.0.0.1:1/v1\"",
    ),
    ("[knowledge.embeddings]", "model", "\"m\""),
    ("[knowledge.embeddings]", "api_key", "\"sk-base\""),
    ("[store]", "path", "\"DIR/askd.db\""),
    ("[metrics]", "token", "\"sk-the-base-token\""),
];

/// The base with another value for one key.
fn file(folder: &TempDir, other: Option<(&str, &str, &str, &str)>) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    let (section, key, value, excluded) = other.unwrap_or_default();
    for (of, name, value) in BASE {
        if of != section || (name != key && name != excluded) {
            lines.push((of, format!("{name} = {value}\n")));
        }
    }
    if !section.is_empty() {
        lines.push((section, format!("{key} = {value}\n")));
    }
    // In the order of the sections, one of which lies within another.
    lines.sort_by_key(|(section, _)| *section);
    let mut text = String::new();
    let mut before = "";
    for (section, line) in lines {
        if section != before {
            text += &format!("{section}\n");
        }
        before = section;
        text += &line;
    }
    text.replace("DIR", folder.path().to_str().unwrap())
}

fn full_name(section: &str, key: &str) -> String {
    format!("{}.{key}", section.trim_matches(['[', ']']))
}

/// What the log says between two moments.
async fn after_a_reload(askd: &Binary, file: &str) -> String {
    let before = askd.said().len();
    askd.configure(file);
    askd.signal("HUP").await;
    let ends = [
        "took effect: ",
        "needs a restart: ",
        "no key of the",
        "stays as it was",
    ];
    let told = async {
        loop {
            let said = askd.said().split_off(before);
            if ends.iter().any(|end| said.contains(end)) && said.ends_with('\n') {
                return said;
            }
            tokio::task::yield_now().await;
        }
    };
    soon("told", told).await
}

/// The keys that a line of the log names.
fn named<'s>(said: &'s str, what: &str) -> Vec<&'s str> {
    let line = said.lines().find_map(|line| line.split_once(what));
    line.map_or(vec![], |(_, keys)| keys.trim().split(", ").collect())
}

#[tokio::test]
async fn each_key_that_is_changed_takes_effect_or_is_named_as_needing_a_restart() {
    let folder = TempDir::new().unwrap();
    for name in ["docs", "more", "logs"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let files = [
        ("key", "sk-file"),
        ("token", "sk-token-of-a-file"),
        ("logo.svg", "<svg/>"),
        ("page.css", "h1 {}"),
    ];
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let key = rcgen::KeyPair::generate().unwrap();
    for name in ["first.pem", "second.pem"] {
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.path().join(name), certificate.pem()).unwrap();
    }
    for name in ["key.pem", "same.pem"] {
        fs::write(folder.path().join(name), key.serialize_pem()).unwrap();
    }
    let environment = [
        ("ASKD_LISTEN", ""),
        ("ANOTHER_KEY", "sk-environment"),
        ("ANOTHER_TOKEN", "sk-environments-token"),
        ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap()),
    ];
    let base = file(&folder, None);
    let askd = Binary::start(&base, &environment).await;
    let (mut took_effect, mut need_restart) = (0, 0);
    for other in OTHER {
        let name = full_name(other.0, other.1);
        let key = KEYS.iter().find(|key| key.names.contains(&name.as_str()));
        let key = key.unwrap_or_else(|| panic!("{name} is in no table"));
        let said = after_a_reload(&askd, &file(&folder, Some(other))).await;
        let (now, later) = (
            named(&said, "took effect: "),
            named(&said, "needs a restart: "),
        );
        let back = after_a_reload(&askd, &base).await;
        if let When::Restart = key.when {
            assert_eq!((now, later), (vec![], vec![key.names[0]]), "{name}: {said}");
            assert!(
                back.contains("no key of the configuration has changed"),
                "{back}"
            );
            need_restart += 1;
        } else {
            assert_eq!((now, later), (vec![key.names[0]], vec![]), "{name}: {said}");
            assert_eq!(named(&back, "took effect: "), [key.names[0]], "{back}");
            took_effect += 1;
        }
        assert!(!said.contains("sk-"), "{said}");
    }
    assert_eq!((took_effect, need_restart), (65, 50));
}

#[test]
fn every_key_of_the_example_has_its_line_in_both_tables() {
    let example = include_str!("../../../config.example.toml");
    let mut section = "";
    let mut shown = BTreeSet::new();
    for line in example.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if line.starts_with('[') {
            section = line;
        } else if let Some((key, _)) = line.split_once(" = ")
            && key
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_')
        {
            shown.insert(full_name(section, key));
        }
    }
    let of_keys = KEYS.iter().flat_map(|key| key.names);
    assert_eq!(
        of_keys
            .map(|name| name.to_string())
            .collect::<BTreeSet<_>>(),
        shown
    );
    let of_others = OTHER
        .iter()
        .map(|(section, key, ..)| full_name(section, key));
    assert_eq!(of_others.collect::<BTreeSet<_>>(), shown);
    assert_eq!(shown.len(), OTHER.len());
}
