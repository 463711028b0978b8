//! The configuration that askd runs on, written as TOML for whoever may see it: with the defaults, and without a secret.
//! Pure.

use std::{fmt::Display, path::Path, time::Duration};

use url::Url;

use super::{
    Auth, AuthMode, Config, Embeddings, Endpoint, Knowledge, Limits, Log, LogFormat, Metrics,
    OnLeave, OwnFile, Page, Proxy, Rotation, Secret, Server, Session, Share, Store, Synchronous,
    echo::MASK, report::looks_like_a_key,
};

/// Units of a size, the largest first.
const UNITS: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

impl Config {
    /// The configuration as TOML: every key that has a value, each secret as three stars. What was read from a file of its
    /// own is told by its kind and size.
    pub fn shown(&self) -> String {
        let mut text = Text(String::new());
        text.server(&self.server);
        text.auth(&self.auth);
        for endpoint in &self.endpoints {
            text.endpoint(endpoint);
        }
        text.session(&self.session);
        text.limits(&self.limits);
        text.metrics(&self.metrics);
        text.knowledge(&self.knowledge);
        text.store(&self.store);
        text.page(&self.page);
        text.log(&self.log);
        text.0
    }
}

/// The text so far.
struct Text(String);

impl Text {
    fn section(&mut self, header: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0 += header;
        self.0.push('\n');
    }

    fn line(&mut self, key: &str, value: &str) {
        self.0 += &format!("{key} = {value}\n");
    }

    /// A number or a flag.
    fn plain(&mut self, key: &str, value: impl Display) {
        self.line(key, &value.to_string());
    }

    /// The same, where there is one.
    fn some_plain(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.plain(key, value);
        }
    }

    fn text(&mut self, key: &str, value: impl Display) {
        self.line(key, &quoted(&value.to_string()));
    }

    fn some_text(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn path(&mut self, key: &str, value: Option<&Path>) {
        self.some_text(key, value.map(Path::display));
    }

    fn texts<T: Display>(&mut self, key: &str, values: &[T]) {
        let values: Vec<_> = values
            .iter()
            .map(|value| quoted(&value.to_string()))
            .collect();
        self.line(key, &format!("[{}]", values.join(", ")));
    }

    fn time(&mut self, key: &str, value: Duration) {
        self.text(key, humantime::format_duration(value));
    }

    fn size(&mut self, key: &str, bytes: u64) {
        let unit = UNITS
            .iter()
            .find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
        let size = unit.map_or_else(
            || format!("{bytes} B"),
            |(name, unit)| format!("{} {name}", bytes / unit),
        );
        self.text(key, size);
    }

    fn secret(&mut self, key: &str, value: Option<&Secret>) {
        self.some_text(key, value.map(|_| MASK));
    }

    /// Names with values that are secret, or may be.
    fn secrets<'n>(&mut self, key: &str, names: impl Iterator<Item = &'n str>) {
        let pairs: Vec<_> = names
            .map(|name| format!("{} = \"{MASK}\"", quoted(name)))
            .collect();
        if !pairs.is_empty() {
            self.line(key, &format!("{{ {} }}", pairs.join(", ")));
        }
    }

    /// A query string may hold a key.
    fn url(&mut self, key: &str, url: &Url) {
        let mut shown = url.clone();
        shown.set_query(url.query().map(|_| MASK));
        self.line(key, &unmasked(shown.as_str()));
    }

    fn own(&mut self, key: &str, file: Option<&OwnFile>) {
        if let Some(file) = file {
            self.0 += &format!("# {key}: {file:?}\n");
        }
    }

    fn server(&mut self, server: &Server) {
        self.section("[server]");
        self.texts("listen", &server.listen);
        self.some_text("public_url", server.public_url.as_ref());
        self.texts("allowed_origins", &server.allowed_origins);
        self.plain("max_connections", server.max_connections);
        let most = server.max_connections_per_client;
        self.plain("max_connections_per_client", most);
        self.plain("max_sessions", server.max_sessions);
        let most = server.max_sessions_per_client;
        self.plain("max_sessions_per_client", most);
        let proxies = server.trusted_proxies.iter().map(|proxy| match proxy {
            Proxy::Network(network) => network.to_string(),
            Proxy::Unix => "unix".to_owned(),
        });
        self.texts("trusted_proxies", &proxies.collect::<Vec<_>>());
        self.plain("proxy_protocol", server.proxy_protocol);
        self.time("header_timeout", server.header_timeout);
        self.time("shutdown_grace", server.shutdown_grace);
        if let Some(tls) = &server.tls {
            self.section("[server.tls]");
            self.path("certificate", Some(&tls.certificate));
            self.path("key", Some(&tls.key));
            self.texts("redirect", &tls.redirect);
            self.some_text("hsts", tls.hsts.map(humantime::format_duration));
        }
    }

    fn auth(&mut self, auth: &Auth) {
        self.section("[auth]");
        let mode = match auth.mode {
            AuthMode::None => "none",
            AuthMode::Password => "password",
            AuthMode::Header => "header",
        };
        self.text("mode", mode);
        self.plain("allow_open", auth.allow_open);
        self.texts("admins", &auth.admins);
        self.time("session_lifetime", auth.session_lifetime);
        self.text("user_header", &auth.user_header);
        self.path("audit", auth.audit.as_deref());
        for user in &auth.users {
            self.section("[[auth.user]]");
            self.text("name", &user.name);
            self.secret("password_hash", Some(&user.password_hash));
        }
    }

    fn endpoint(&mut self, endpoint: &Endpoint) {
        self.section("[[endpoint]]");
        self.text("name", &endpoint.name);
        self.url("base_url", &endpoint.base_url);
        self.texts("models", &endpoint.models);
        self.secret("api_key", endpoint.api_key.as_ref());
        self.some_text("api_key_header", endpoint.api_key_header.as_ref());
        self.some_text("system_prompt", endpoint.system_prompt.as_ref());
        let temperature = endpoint.temperature.map(|number| format!("{number:?}"));
        self.some_plain("temperature", temperature);
        self.some_plain("max_tokens", endpoint.max_tokens);
        let headers = endpoint.headers.iter().map(|(name, _)| name.as_str());
        self.secrets("headers", headers);
        self.secrets("extra_body", endpoint.extra_body.keys().map(String::as_str));
        self.plain("usage", endpoint.usage);
        self.plain("context", endpoint.context);
        self.plain("concurrency", endpoint.concurrency);
        self.plain("queue", endpoint.queue);
        self.time("connect_timeout", endpoint.connect_timeout);
        self.time("first_chunk_timeout", endpoint.first_chunk_timeout);
        self.time("chunk_timeout", endpoint.chunk_timeout);
        self.time("total_timeout", endpoint.total_timeout);
        self.plain("retries", endpoint.retries);
    }

    fn session(&mut self, session: &Session) {
        self.section("[session]");
        match session.on_leave {
            OnLeave::Stop => self.text("on_leave", "stop"),
            OnLeave::Finish => self.text("on_leave", "finish"),
            OnLeave::Grace(grace) => self.time("on_leave", grace),
        }
        self.time("heartbeat", session.heartbeat);
        self.time("send_timeout", session.send_timeout);
        self.time("idle_timeout", session.idle_timeout);
        self.size("max_question", session.max_question as u64);
        self.size("max_answer", session.max_answer as u64);
        let most = session.questions_per_minute;
        self.plain("questions_per_minute", most);
    }

    fn limits(&mut self, limits: &Limits) {
        self.section("[limits.user]");
        self.plain("sessions", limits.user_sessions);
        self.share(&limits.user);
        self.section("[limits.address]");
        self.share(&limits.address);
        self.section("[limits.all]");
        self.share(&limits.all);
    }

    fn share(&mut self, share: &Share) {
        let Share {
            questions_per_minute,
            answers_at_once,
            tokens_per_day,
        } = share;
        self.plain("questions_per_minute", questions_per_minute);
        self.plain("answers_at_once", answers_at_once);
        self.plain("tokens_per_day", tokens_per_day);
    }

    fn metrics(&mut self, metrics: &Metrics) {
        self.section("[metrics]");
        self.some_text("listen", metrics.listen.as_ref());
        self.plain("allow_open", metrics.allow_open);
        self.secret("token", metrics.token.as_ref());
    }

    fn knowledge(&mut self, knowledge: &Knowledge) {
        self.section("[knowledge]");
        self.some_plain("built_in", knowledge.built_in);
        let folders = knowledge.folders.iter().map(|path| path.display());
        self.texts("folders", &folders.collect::<Vec<_>>());
        self.texts("include", &knowledge.include);
        self.texts("exclude", &knowledge.exclude);
        self.size("max_file", knowledge.max_file);
        self.plain("watch", knowledge.watch);
        let language = format!("{:?}", knowledge.language).to_lowercase();
        self.text("language", language);
        self.plain("passages", knowledge.passages);
        self.plain("min_score", format!("{:?}", knowledge.min_score));
        self.plain("only", knowledge.only);
        self.path("misses", knowledge.misses.as_deref());
        if let Some(embeddings) = &knowledge.embeddings {
            self.embeddings(embeddings);
        }
    }

    fn embeddings(&mut self, embeddings: &Embeddings) {
        self.section("[knowledge.embeddings]");
        self.url("base_url", &embeddings.base_url);
        self.text("model", &embeddings.model);
        self.secret("api_key", embeddings.api_key.as_ref());
        self.some_text("api_key_header", embeddings.api_key_header.as_ref());
        let headers = embeddings.headers.iter().map(|(name, _)| name.as_str());
        self.secrets("headers", headers);
        self.some_plain("dimensions", embeddings.dimensions);
        self.plain("batch", embeddings.batch);
        self.size("max_input", embeddings.max_input as u64);
        self.text("question_prefix", &embeddings.question_prefix);
        self.text("passage_prefix", &embeddings.passage_prefix);
        self.time("timeout", embeddings.timeout);
    }

    fn store(&mut self, store: &Store) {
        self.section("[store]");
        self.text("path", &store.path);
        let synchronous = match store.synchronous {
            Synchronous::Full => "full",
            Synchronous::Normal => "normal",
        };
        self.text("synchronous", synchronous);
        match store.retention {
            Some(retention) => self.time("retention", retention),
            None => self.text("retention", "forever"),
        }
        self.size("max_size", store.max_size);
    }

    fn page(&mut self, page: &Page) {
        self.section("[page]");
        self.text("title", &page.title);
        self.text("welcome", &page.welcome);
        self.texts("suggestions", &page.suggestions);
        self.texts("embed_origins", &page.embed_origins);
        self.text("language", page.language.unwrap_or("auto"));
        self.own("logo", page.logo.as_ref());
        self.some_text("accent", page.accent.map(|accent| accent.given));
        self.some_text("disclaimer", page.disclaimer.as_ref());
        self.own("css", page.css.as_ref());
        for link in &page.footer {
            self.section("[[page.footer]]");
            self.text("text", &link.text);
            self.text("url", &link.url);
        }
    }

    fn log(&mut self, log: &Log) {
        self.section("[log]");
        self.text("level", &log.level);
        let format = match log.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        self.text("format", format);
        self.path("directory", log.directory.as_deref());
        let rotation = match log.rotation {
            Rotation::Daily => "daily",
            Rotation::Hourly => "hourly",
            Rotation::Never => "never",
        };
        self.text("rotation", rotation);
        self.size("max_size", log.max_size);
        self.plain("max_files", log.max_files);
        self.plain("texts", log.texts);
    }
}

/// A text in quotes; what looks like a key was pasted into the wrong place, and is not shown either.
fn quoted(text: &str) -> String {
    unmasked(if looks_like_a_key(text) { MASK } else { text })
}

fn unmasked(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::{Change, KEYS, Overrides, check};
    use super::*;

    fn config(toml: &str) -> Config {
        let loaded = check("", toml, &Overrides::default(), &|_| None);
        loaded.unwrap_or_else(|faults| panic!("{faults}")).config
    }

    const ALL: &str = r##"
[server]
public_url = "https://example.org/ask"
trusted_proxies = ["unix", "10.0.0.0/8"]
[auth]
mode = "password"
audit = "/tmp/audit.jsonl"
[[auth.user]]
name = "ada"
password_hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$Iy8O1V4rrGS4Bd4aZGZuy8cUzZrTJtcWHpvv6fdDp08"
[[endpoint]]
base_url = "http://localhost/v1?sig=hushhushhush"
model = "m"
api_key = "hushhushhush"
api_key_header = "api-key"
system_prompt = "Be \"brief\".\nAlways."
temperature = 0.5
max_tokens = 7
headers = { X-Team = "hushhushhush" }
extra_body = { user = "hushhushhush" }
[metrics]
listen = "127.0.0.1:9464"
token = "hushhushhushhushhush"
[knowledge]
folders = ["FOLDER"]
built_in = false
misses = "/tmp/misses.jsonl"
[knowledge.embeddings]
base_url = "http://localhost/v1"
model = "e"
dimensions = 64
api_key = "hushhushhush"
api_key_header = "api-key"
headers = { X-Team = "hushhushhush" }
[page]
accent = "#306040"
disclaimer = "May err."
[[page.footer]]
text = "Imprint"
url = "/imprint"
[log]
directory = "/tmp/log"
"##;

    #[test]
    fn the_defaults_as_they_are_shown_are_the_defaults() {
        let default = config("");
        let change = Change::between(&default, &config(&default.shown()));
        assert_eq!(change.took_effect, [""; 0]);
        assert_eq!(change.need_restart, [""; 0]);
    }

    #[test]
    fn every_key_is_shown_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = config(&ALL.replace("FOLDER", folder.path().to_str().unwrap()));
        all.server.tls = Some(super::super::Tls {
            certificate: "/etc/cert.pem".into(),
            key: "/etc/key.pem".into(),
            redirect: Vec::new(),
            hsts: Some(Duration::from_secs(60)),
        });
        let own = OwnFile {
            kind: super::super::Kind::Png,
            content: bytes::Bytes::from_static(b"png"),
        };
        (all.page.logo, all.page.css) = (Some(own.clone()), Some(own));
        let shown = all.shown();
        for key in KEYS {
            let is_shown = key.names.iter().any(|name| {
                let (section, key) = name.rsplit_once('.').unwrap();
                let header = shown.find(&format!("[{section}]"));
                let part = &shown[header.unwrap_or(0)..];
                part.contains(&format!("\n{key} = "))
                    || part.contains(&format!("\n# {key}: "))
                    || part.contains(&format!("[{section}.{key}]"))
            });
            assert!(is_shown, "{:?} in\n{shown}", key.names);
        }
        assert!(!shown.contains("hush"), "{shown}");
        assert!(!shown.contains("argon2"), "{shown}");
        let parsed: toml::Table = shown.parse().unwrap();
        assert_eq!(parsed["endpoint"][0]["api_key"].as_str(), Some(MASK));
    }
}
