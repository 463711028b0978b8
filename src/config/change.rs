//! What another configuration would change, key by key: each key either takes effect while askd runs or needs a
//! restart, and is named. A test holds that no key of `config.example.toml` is missing here.

use super::Config;

/// The first endpoint, or the last one that goes, for people.
const ENDPOINT: &str = "endpoint";

/// When another value of a key takes effect.
#[derive(Clone, Copy)]
pub enum When {
    /// At once, for what begins from then on; the function takes it over.
    Now(fn(&mut Config, &Config)),
    /// The same, while there is an endpoint before and after; the first one and the last one change what all the rest
    /// is built from.
    WithEndpoints,
    /// When askd starts again.
    Restart,
}

/// One decision of the operator's.
pub struct Key {
    /// The keys that say it; it is told by the first one.
    pub names: &'static [&'static str],
    /// When another value takes effect.
    pub when: When,
    same: fn(&Config, &Config) -> bool,
}

/// What another configuration has come to.
#[derive(Debug)]
pub struct Change {
    /// What askd runs on from now on: the old one with what takes effect.
    pub config: Config,
    /// The keys that took effect.
    pub took_effect: Vec<&'static str>,
    /// The keys that are otherwise in the file and wait for a restart.
    pub need_restart: Vec<&'static str>,
}

impl Change {
    /// From the configuration that askd runs on to the one that is wanted.
    pub fn between(running: &Config, wanted: &Config) -> Self {
        let mut change = Self {
            config: running.clone(),
            took_effect: Vec::new(),
            need_restart: Vec::new(),
        };
        let mut with_endpoints = false;
        let same_kind = running.endpoints.is_empty() == wanted.endpoints.is_empty();
        for key in KEYS.iter().filter(|key| !(key.same)(running, wanted)) {
            let name = key.names[0];
            match key.when {
                When::Now(take) => take(&mut change.config, wanted),
                When::WithEndpoints if same_kind => with_endpoints = true,
                // All of them at once, then.
                When::WithEndpoints => {
                    if !change.need_restart.contains(&ENDPOINT) {
                        change.need_restart.push(ENDPOINT);
                    }
                    continue;
                }
                When::Restart => {
                    change.need_restart.push(name);
                    continue;
                }
            }
            change.took_effect.push(name);
        }
        if with_endpoints {
            change.config.endpoints.clone_from(&wanted.endpoints);
        }
        change
    }
}

/// A key of a section that is always there, which takes effect at once.
macro_rules! now {
    ($section:ident.$field:ident) => {
        key!(
            When::Now(|into, from| into.$section.$field.clone_from(&from.$section.$field)),
            $section.$field
        )
    };
}

/// A key of a section that is always there, which needs a restart.
macro_rules! restart {
    ($section:ident.$field:ident) => {
        key!(When::Restart, $section.$field)
    };
}

macro_rules! key {
    ($when:expr, $section:ident.$field:ident) => {
        Key {
            names: &[concat!(stringify!($section), ".", stringify!($field))],
            when: $when,
            same: |one, other| one.$section.$field == other.$section.$field,
        }
    };
}

/// A key of `[[endpoint]]`, compared in all of them; what changes takes all of them over.
macro_rules! endpoint {
    ($field:ident, $($name:literal),+) => {
        Key {
            names: &[$(concat!("endpoint.", $name)),+],
            when: When::WithEndpoints,
            same: |one, other| {
                let ours = one.endpoints.iter().map(|endpoint| &endpoint.$field);
                ours.eq(other.endpoints.iter().map(|endpoint| &endpoint.$field))
            },
        }
    };
}

/// A key of the page's greeting. What is not the operator's own follows from the endpoints and folders, of which the first and the last
/// need a restart: so does what is said for them.
macro_rules! greeting {
    ($field:ident) => {
        Key {
            names: &[concat!("page.", stringify!($field))],
            when: When::Now(|into, from| {
                into.page.$field.clone_from(&from.page.$field);
                into.page.said.$field = from.page.said.$field;
            }),
            same: |one, other| {
                one.page.said.$field == other.page.said.$field
                    && (!one.page.said.$field || one.page.$field == other.page.$field)
            },
        }
    };
}

/// A key of `[server.tls]`.
macro_rules! tls {
    ($field:ident) => {
        Key {
            names: &[concat!("server.tls.", stringify!($field))],
            when: When::Restart,
            same: |one, other| {
                let ours = one.server.tls.as_ref().map(|tls| &tls.$field);
                ours == other.server.tls.as_ref().map(|tls| &tls.$field)
            },
        }
    };
}

/// A key of a section within `[limits]`.
macro_rules! limit {
    ($section:ident.$field:ident) => {
        limit!($section.$field, limits.$section.$field)
    };
    ($section:ident.$name:ident, limits.$($path:ident).+) => {
        Key {
            names: &[concat!(
                "limits.",
                stringify!($section),
                ".",
                stringify!($name)
            )],
            when: When::Now(|into, from| into.limits.$($path).+ = from.limits.$($path).+),
            same: |one, other| one.limits.$($path).+ == other.limits.$($path).+,
        }
    };
}

/// A key of `[[auth.user]]`, compared in all of them.
macro_rules! user {
    ($field:ident) => {
        Key {
            names: &[concat!("auth.user.", stringify!($field))],
            when: When::Restart,
            same: |one, other| {
                let ours = one.auth.users.iter().map(|user| &user.$field);
                ours.eq(other.auth.users.iter().map(|user| &user.$field))
            },
        }
    };
}

/// A key of `[knowledge.embeddings]`.
macro_rules! embeddings {
    ($field:ident, $($name:literal),+) => {
        Key {
            names: &[$(concat!("knowledge.embeddings.", $name)),+],
            when: When::Restart,
            same: |one, other| {
                let ours = one.knowledge.embeddings.as_ref().map(|made| &made.$field);
                ours == other.knowledge.embeddings.as_ref().map(|made| &made.$field)
            },
        }
    };
}

/// Every key that there is, in the order of `config.example.toml`.
pub const KEYS: &[Key] = &[
    restart!(server.listen),
    restart!(server.public_url),
    now!(server.allowed_origins),
    now!(server.max_connections),
    now!(server.max_connections_per_client),
    now!(server.max_sessions),
    now!(server.max_sessions_per_client),
    restart!(server.trusted_proxies),
    restart!(server.proxy_protocol),
    now!(server.header_timeout),
    now!(server.shutdown_grace),
    tls!(certificate),
    tls!(key),
    tls!(redirect),
    tls!(hsts),
    restart!(auth.mode),
    restart!(auth.allow_open),
    restart!(auth.admins),
    restart!(auth.session_lifetime),
    restart!(auth.user_header),
    restart!(auth.audit),
    user!(name),
    user!(password_hash),
    endpoint!(name, "name"),
    endpoint!(base_url, "base_url"),
    endpoint!(models, "model", "models"),
    endpoint!(system_prompt, "system_prompt"),
    endpoint!(temperature, "temperature"),
    endpoint!(max_tokens, "max_tokens"),
    endpoint!(headers, "headers"),
    endpoint!(extra_body, "extra_body"),
    endpoint!(usage, "usage"),
    endpoint!(context, "context"),
    endpoint!(concurrency, "concurrency"),
    endpoint!(queue, "queue"),
    endpoint!(connect_timeout, "connect_timeout"),
    endpoint!(first_chunk_timeout, "first_chunk_timeout"),
    endpoint!(chunk_timeout, "chunk_timeout"),
    endpoint!(total_timeout, "total_timeout"),
    endpoint!(retries, "retries"),
    endpoint!(
        api_key,
        "api_key",
        "api_key_env",
        "api_key_file",
        "api_key_credential"
    ),
    endpoint!(api_key_header, "api_key_header"),
    now!(session.on_leave),
    now!(session.heartbeat),
    now!(session.send_timeout),
    now!(session.idle_timeout),
    now!(session.max_question),
    now!(session.max_answer),
    now!(session.questions_per_minute),
    limit!(user.sessions, limits.user_sessions),
    limit!(user.questions_per_minute),
    limit!(user.answers_at_once),
    limit!(user.tokens_per_day),
    limit!(address.questions_per_minute),
    limit!(address.answers_at_once),
    limit!(address.tokens_per_day),
    limit!(all.questions_per_minute),
    limit!(all.answers_at_once),
    limit!(all.tokens_per_day),
    restart!(knowledge.folders),
    restart!(knowledge.include),
    restart!(knowledge.exclude),
    restart!(knowledge.max_file),
    restart!(knowledge.watch),
    restart!(knowledge.language),
    restart!(knowledge.built_in),
    restart!(knowledge.passages),
    restart!(knowledge.min_score),
    restart!(knowledge.only),
    restart!(knowledge.misses),
    embeddings!(base_url, "base_url"),
    embeddings!(model, "model"),
    embeddings!(dimensions, "dimensions"),
    embeddings!(question_prefix, "question_prefix"),
    embeddings!(passage_prefix, "passage_prefix"),
    embeddings!(batch, "batch"),
    embeddings!(max_input, "max_input"),
    embeddings!(timeout, "timeout"),
    embeddings!(headers, "headers"),
    embeddings!(
        api_key,
        "api_key",
        "api_key_env",
        "api_key_file",
        "api_key_credential"
    ),
    embeddings!(api_key_header, "api_key_header"),
    restart!(store.path),
    restart!(store.synchronous),
    now!(store.retention),
    now!(store.max_size),
    now!(page.title),
    greeting!(welcome),
    greeting!(suggestions),
    now!(page.language),
    now!(page.logo),
    now!(page.accent),
    now!(page.footer),
    now!(page.disclaimer),
    now!(page.css),
    now!(page.embed_origins),
    now!(log.level),
    restart!(log.format),
    restart!(log.directory),
    restart!(log.rotation),
    restart!(log.max_size),
    restart!(log.max_files),
    now!(log.texts),
    restart!(metrics.listen),
    restart!(metrics.allow_open),
    Key {
        names: &[
            "metrics.token",
            "metrics.token_env",
            "metrics.token_file",
            "metrics.token_credential",
        ],
        when: When::Now(|into, from| into.metrics.token.clone_from(&from.metrics.token)),
        same: |one, other| one.metrics.token == other.metrics.token,
    },
];

#[cfg(test)]
mod tests {
    use super::super::{Overrides, check};
    use super::*;

    fn config(toml: &str) -> Config {
        let loaded = check("", toml, &Overrides::default(), &|_| None);
        loaded.unwrap_or_else(|faults| panic!("{faults}")).config
    }

    const FIRST: &str = "[[endpoint]]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\n";

    #[test]
    fn what_takes_effect_is_run_on_and_what_waits_is_told_until_the_file_says_so_no_more() {
        let running = config("");
        let wanted = config("[server]\nmax_sessions = 5\nlisten = [\"127.0.0.1:1\"]\n");
        let change = Change::between(&running, &wanted);
        assert_eq!(change.took_effect, ["server.max_sessions"]);
        assert_eq!(change.need_restart, ["server.listen"]);
        assert_eq!(change.config.server.max_sessions, 5);
        assert_eq!(change.config.server.listen, running.server.listen);
        let again = Change::between(&change.config, &wanted);
        assert!(again.took_effect.is_empty());
        assert_eq!(again.need_restart, ["server.listen"]);
        let back = Change::between(&again.config, &running);
        assert_eq!(back.took_effect, ["server.max_sessions"]);
        assert!(back.need_restart.is_empty());
    }

    #[test]
    fn what_is_said_for_the_first_endpoint_or_folder_waits_with_it_and_what_the_file_says_does_not()
    {
        let running = config("");
        for (lines, waits) in [
            (FIRST, "endpoint"),
            ("[knowledge]\nfolders = [\"docs\"]\n", "knowledge.folders"),
        ] {
            let change = Change::between(&running, &config(lines));
            assert!(change.took_effect.is_empty(), "{:?}", change.took_effect);
            assert_eq!(change.need_restart, [waits]);
            assert_eq!(change.config.page, running.page);
        }
        let own = config(&format!("{FIRST}[page]\nwelcome = \"Ask!\"\n"));
        let change = Change::between(&running, &own);
        assert_eq!(change.took_effect, ["page.welcome"]);
        assert_eq!(change.config.page.welcome, "Ask!");
        assert_eq!(change.config.page.suggestions, running.page.suggestions);
        let back = Change::between(&change.config, &running);
        assert_eq!(back.config.page, running.page);
    }

    #[test]
    fn the_first_endpoint_needs_a_restart_and_a_second_one_does_not() {
        let one = config(FIRST);
        let second = FIRST.replace("model", "name = \"other\"\nmodel");
        let two = config(&format!("{FIRST}{second}"));
        let first = Change::between(&config(""), &one);
        assert_eq!(first.need_restart, ["endpoint"]);
        assert!(first.config.endpoints.is_empty());
        let further = Change::between(&one, &two);
        assert!(
            further.need_restart.is_empty(),
            "{:?}",
            further.need_restart
        );
        assert_eq!(further.config.endpoints.len(), 2);
    }

    #[test]
    fn a_key_that_is_another_is_told_by_its_name_alone() {
        let with = |key: &str| config(&format!("{FIRST}api_key = \"{key}\"\n"));
        let change = Change::between(&with("sk-one"), &with("sk-two"));
        assert_eq!(change.took_effect, ["endpoint.api_key"]);
        let told = format!("{:?}", change.took_effect);
        assert!(!told.contains("sk-"), "{told}");
    }
}
