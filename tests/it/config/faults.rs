//! What is said of each fault, word for word.

use std::{
    fmt::Write,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

use super::*;

/// Faults of a file, each with a name.
const FILES: [(&str, &str); 137] = [
    // Limits.
    (
        "a limit that is no number, and a key of no scope",
        "[limits.user]\ntokens_per_day = \"much\"\nquestions_per_minut = 3\n[limits.everybody]\nsessions = 1\n",
    ),
    (
        "a cap of sessions that another key says",
        "[limits.address]\nsessions = 3\n[limits.all]\nsessions = 9\n",
    ),
    // Who may see the figures.
    (
        "metrics for anybody who reaches them, which nobody has decided",
        "[metrics]\nlisten = \"0.0.0.0:9464\"\n",
    ),
    (
        "metrics where the page is",
        "[server]\nlisten = [\"127.0.0.1:8080\"]\n[metrics]\nlisten = \"127.0.0.1:8080\"\n",
    ),
    (
        "an address of the metrics without a port",
        "[metrics]\nlisten = \"127.0.0.1\"\n",
    ),
    (
        "a token that is soon guessed",
        "[metrics]\ntoken = \"secret\"\n",
    ),
    (
        "two tokens",
        "[metrics]\ntoken = \"sk-one-and-a-half-dozen\"\ntoken_env = \"METRICS\"\n",
    ),
    (
        "a variable without a token",
        "[metrics]\ntoken_env = \"NO_SUCH_TOKEN\"\n",
    ),
    (
        "the PROXY protocol and nobody who may speak it",
        "[server]\nproxy_protocol = true\n",
    ),
    // Who may come in.
    (
        "an address that anybody can reach, and no sign-in",
        "[server]\nlisten = [\"127.0.0.1:80\", \"[::]:80\"]\n[auth]\nmode = \"none\"\n",
    ),
    (
        "a password and nobody who has one",
        "[auth]\nmode = \"password\"\n",
    ),
    (
        "a proxy's word and no proxy that is believed",
        "[auth]\nmode = \"header\"\n",
    ),
    (
        "a user without a name and one without a hash",
        "[auth]\nmode = \"password\"\n[[auth.user]]\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n[[auth.user]]\nname = \"ada\"\n",
    ),
    (
        "a password in the place of its hash",
        "[[auth.user]]\nname = \"ada\"\npassword_hash = \"correct horse\"\n",
    ),
    (
        "a hash of another kind",
        "[[auth.user]]\nname = \"ada\"\npassword_hash = \"$2b$12$abcdefghijklmnopqrstuuJ\"\n",
    ),
    (
        "a hash that takes a machine's memory",
        "[[auth.user]]\nname = \"ada\"\npassword_hash = \"$argon2id$v=19$m=1048576,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHk\"\n",
    ),
    (
        "two users of one name, and one with a blank",
        "[[auth.user]]\nname = \"ada\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n[[auth.user]]\nname = \"ada\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n[[auth.user]]\nname = \" bob\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n",
    ),
    (
        "an admin who is no user",
        "[auth]\nmode = \"password\"\nadmins = [\"Ada\"]\n[[auth.user]]\nname = \"ada\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n",
    ),
    (
        "a header that can be none",
        "[auth]\nuser_header = \"Remote User:\"\n",
    ),
    (
        "a user whose hash is none is an admin",
        "[auth]\nmode = \"password\"\nadmins = [\"ada\"]\n[[auth.user]]\nname = \"ada\"\npassword_hash = \"secret\"\n",
    ),
    (
        "users, and nobody said how they sign in",
        "[[auth.user]]\nname = \"ada\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n",
    ),
    (
        "a proxy's word that is believed of half the world at a time",
        "[server]\ntrusted_proxies = [\"0.0.0.0/1\", \"128.0.0.0/1\"]\n[auth]\nmode = \"header\"\n",
    ),
    (
        "a proxy's word that is believed of whoever comes",
        "[server]\ntrusted_proxies = [\"127.0.0.1\", \"0.0.0.0/0\"]\n[auth]\nmode = \"header\"\n",
    ),
    (
        "a proxy that is no address",
        "[server]\ntrusted_proxies = [\"127.0.0.1\", \"proxy.example.org\"]\n",
    ),
    // What is not TOML.
    (
        "a value without quotes",
        "[server]\nlisten = 127.0.0.1:8080\n",
    ),
    (
        "a quote that is not closed",
        "[page]\ntitle = \"askd\nwelcome = \"Hello\"\n",
    ),
    (
        "a section's bracket that is not closed",
        "[server\nmax_sessions = 1\n",
    ),
    (
        "a key twice",
        "[session]\nheartbeat = \"1s\"\nheartbeat = \"2s\"\n",
    ),
    ("a section twice", "[session]\n[page]\n[session]\n"),
    ("a letter too much", "[server]\nmax_sessions = 10O\n"),
    ("a word alone", "serve please\n"),
    // Names.
    (
        "a section that does not exist",
        "[sever]\nlisten = [\"127.0.0.1:1\"]\n",
    ),
    ("a mistyped key", "[session]\nheart_beat = \"20s\"\n"),
    ("a key far from all others", "[session]\nzzz = 1\n"),
    (
        "an endpoint under one bracket",
        "[endpoint]\nname = \"a\"\n",
    ),
    ("a section that is a value", "server = 8080\n"),
    // Types and ranges.
    ("a number in quotes", "[server]\nmax_sessions = \"many\"\n"),
    ("a number out of range", "[server]\nmax_sessions = 0\n"),
    (
        "a number below zero",
        "[session]\nquestions_per_minute = -1\n",
    ),
    (
        "a number beyond any",
        "[server]\nmax_sessions = 99999999999999999999\n",
    ),
    ("a fraction out of range", "[knowledge]\nmin_score = 1.5\n"),
    (
        "a fraction that is no number",
        "[knowledge]\nmin_score = nan\n",
    ),
    (
        "a duration without a unit",
        "[session]\nheartbeat = \"20\"\n",
    ),
    ("a duration that is a number", "[session]\nheartbeat = 20\n"),
    ("a duration out of range", "[session]\nheartbeat = \"0s\"\n"),
    (
        "a size with an unknown unit",
        "[session]\nmax_question = \"32 KiBi\"\n",
    ),
    (
        "a size that is a number",
        "[session]\nmax_question = 32768\n",
    ),
    ("a flag in quotes", "[log]\ntexts = \"yes\"\n"),
    (
        "a word that is none of the few",
        "[log]\nformat = \"xml\"\n",
    ),
    ("an empty text", "[page]\ntitle = \"\"\n"),
    ("a text that is a date", "[page]\ntitle = 2026-11-23\n"),
    (
        "texts that are one text",
        "[server]\nlisten = \"127.0.0.1:8080\"\n",
    ),
    (
        "texts of which one is a number",
        "[page]\nsuggestions = [\"Why?\", 42]\n",
    ),
    (
        "a suggestion twice",
        "[page]\nsuggestions = [\"Why?\", \"How?\", \"Why?\"]\n",
    ),
    ("another leaving", "[session]\non_leave = \"sometimes\"\n"),
    // [server]
    ("nothing to listen on", "[server]\nlisten = []\n"),
    (
        "an address without a port",
        "[server]\nlisten = [\"127.0.0.1\"]\n",
    ),
    (
        "an address without a host",
        "[server]\nlisten = [\":8080\"]\n",
    ),
    (
        "a port too high",
        "[server]\nlisten = [\"127.0.0.1:80800\"]\n",
    ),
    (
        "an address twice",
        "[server]\nlisten = [\"127.0.0.1:80\", \"[::1]:80\", \"127.0.0.1:80\"]\n",
    ),
    (
        "a socket's path that is not whole",
        "[server]\nlisten = [\"unix:askd.sock\"]\n",
    ),
    (
        "a public address without a scheme",
        "[server]\npublic_url = \"ask.example.org\"\n",
    ),
    (
        "a public address with a path of odd letters",
        "[server]\npublic_url = \"https://example.org/ask me/\"\n",
    ),
    (
        "a public address with a path of askd's own",
        "[server]\npublic_url = \"https://example.org/api/askd\"\n",
    ),
    (
        "a public address with a query",
        "[server]\npublic_url = \"https://example.org/?askd\"\n",
    ),
    ("TLS without its files", "[server.tls]\n"),
    (
        "TLS with files that are not there",
        "[server.tls]\ncertificate = \"/no/such/fullchain.pem\"\nkey = \"/no/such/privkey.pem\"\n",
    ),
    (
        "a certificate's file without a certificate",
        "[server.tls]\ncertificate = \"/dev/null\"\nkey = \"/dev/null\"\n",
    ),
    (
        "a certificate without end",
        "[server.tls]\ncertificate = \"/dev/zero\"\nkey = \"/dev/null\"\n",
    ),
    (
        "a redirect from where TLS is spoken",
        "[server]\nlisten = [\"127.0.0.1:443\"]\ntls.redirect = [\"[::]:80\", \"127.0.0.1:443\"]\n",
    ),
    (
        "a redirect from a socket's file",
        "[server.tls]\nredirect = [\"unix:/run/askd.sock\"]\n",
    ),
    (
        "a redirect from nowhere",
        "[server.tls]\nredirect = [\":80\"]\n",
    ),
    ("HSTS for ever", "[server.tls]\nhsts = \"100years\"\n"),
    ("HSTS as a switch", "[server.tls]\nhsts = true\n"),
    (
        "a plain public address beside TLS",
        "[server]\npublic_url = \"http://ask.example.org\"\n[server.tls]\nkey = \"/dev/null\"\n",
    ),
    (
        "a frame in any site",
        "[page]\nembed_origins = [\"https://*.example.org\"]\n",
    ),
    (
        "a frame in a page",
        "[page]\nembed_origins = [\"https://example.org/docs\"]\n",
    ),
    (
        "a frame in a site whose name says more to browsers",
        "[page]\nembed_origins = [\"https://example.org;a\"]\n",
    ),
    (
        "a frame in a site without a name",
        "[page]\nembed_origins = [\"http://[::1]:8080\"]\n",
    ),
    ("any origin", "[server]\nallowed_origins = [\"*\"]\n"),
    (
        "an origin with a path",
        "[server]\nallowed_origins = [\"https://example.org/chat\"]\n",
    ),
    (
        "more sessions than connections",
        "[server]\nmax_sessions = 20000\n",
    ),
    // [[endpoint]]
    ("an empty endpoint", "[[endpoint]]\n"),
    (
        "an address of another scheme",
        "[[endpoint]]\nbase_url = \"ftp://host/v1\"\nmodel = \"m\"\n",
    ),
    (
        "an address without a host behind the scheme",
        "[[endpoint]]\nbase_url = \"http://\"\nmodel = \"m\"\n",
    ),
    (
        "an address that says too much",
        "[[endpoint]]\nbase_url = \"http://host/v1/chat/completions\"\nmodel = \"m\"\n",
    ),
    (
        "model and models",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nmodels = [\"n\"]\n",
    ),
    (
        "no models",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodels = []\n",
    ),
    (
        "a model twice",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodels = [\"m\", \"m\"]\n",
    ),
    (
        "a name twice",
        "[[endpoint]]\nname = \"a\"\nbase_url = \"http://h/v1\"\nmodel = \"m\"\n[[endpoint]]\nname = \"a\"\nbase_url = \"http://i/v1\"\nmodel = \"m\"\n",
    ),
    (
        "a variable that is not set",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_env = \"NOT_SET\"\n",
    ),
    (
        "a variable that is empty",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_env = \"EMPTY\"\n",
    ),
    (
        "a key file that is not there",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_file = \"/nonexistent/key\"\n",
    ),
    (
        "a key file that is a directory",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_file = \"/\"\n",
    ),
    (
        "a credential without systemd",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_credential = \"api-key\"\n",
    ),
    (
        "a key's header without a key",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_header = \"api-key\"\n",
    ),
    (
        "a header twice",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_env = \"GOOD_KEY\"\nheaders = { Authorization = \"Basic abc\" }\n",
    ),
    (
        "a header of askd's own",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nheaders = { Content-Type = \"text/plain\" }\n",
    ),
    (
        "a field of askd's own",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nextra_body = { stream = false }\n",
    ),
    (
        "a date for JSON",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\n[endpoint.extra_body.deep]\nsince = 2026-11-23\n",
    ),
    (
        "a connect timeout beyond the first chunk's",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nconnect_timeout = \"3m\"\n",
    ),
    (
        "an address that is a number",
        "[[endpoint]]\nbase_url = 80\nmodel = \"m\"\n",
    ),
    (
        "two sources of a key",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key = \"sk-1\"\napi_key_env = \"GOOD_KEY\"\n",
    ),
    (
        "a key that is a number",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key = 12345\n",
    ),
    (
        "the key where a variable's name belongs",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\napi_key_env = \"sk-abc123\"\n",
    ),
    (
        "a header's name with a blank",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nheaders = { \"X Team\" = \"a\" }\n",
    ),
    (
        "headers that are a text",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nheaders = \"X-Team: a\"\n",
    ),
    (
        "fields that are a text",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nextra_body = \"{}\"\n",
    ),
    (
        "a first chunk beyond the total",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\nfirst_chunk_timeout = \"20m\"\n",
    ),
    (
        "a store that holds no turn",
        "[session]\nmax_answer = \"64 MiB\"\n",
    ),
    // What fits nothing else.
    (
        "a heartbeat beyond the idle timeout",
        "[session]\nidle_timeout = \"10s\"\n",
    ),
    ("nothing to answer from", "[knowledge]\nbuilt_in = false\n"),
    (
        "nothing to be searched alone",
        "[[endpoint]]\nbase_url = \"http://h/v1\"\nmodel = \"m\"\n[knowledge]\nonly = true\n",
    ),
    ("an audit into a folder", "[auth]\naudit = \"/tmp\"\n"),
    (
        "questions into a folder",
        "[knowledge]\nmisses = \"/tmp\"\n",
    ),
    (
        "a folder that is a file",
        "[knowledge]\nfolders = [\"/etc/hostname\"]\n",
    ),
    (
        "a folder within another",
        "[knowledge]\nfolders = [\"/nowhere/a\", \"/nowhere/a/b\"]\n",
    ),
    (
        "a glob that is none",
        "[knowledge]\ninclude = [\"*.md\", \"[a\"]\n",
    ),
    (
        "a glob that takes back",
        "[knowledge]\nexclude = [\"!drafts/\"]\n",
    ),
    (
        "a language without endings",
        "[knowledge]\nlanguage = \"klingon\"\n",
    ),
    // [page]
    (
        "a language that the page has not",
        "[page]\nlanguage = \"tlh\"\n",
    ),
    ("a colour by its name", "[page]\naccent = \"teal\"\n"),
    ("a colour of five digits", "[page]\naccent = \"#12345\"\n"),
    (
        "a logo that is not there",
        "[page]\nlogo = \"/nonexistent/logo.svg\"\n",
    ),
    ("a logo that is a folder", "[page]\nlogo = \"/\"\n"),
    (
        "a logo that is no picture",
        "[page]\nlogo = \"Cargo.toml\"\n",
    ),
    ("a logo too large", "[page]\nlogo = \"/dev/zero\"\n"),
    ("a stylesheet too large", "[page]\ncss = \"/dev/zero\"\n"),
    (
        "a stylesheet that is a page",
        "[page]\ncss = \"assets/page/index.html\"\n",
    ),
    ("a link alone", "[page]\nfooter = [\"/imprint\"]\n"),
    (
        "a link that says nothing",
        "[page]\nfooter = [{ url = \"/imprint\" }]\n",
    ),
    (
        "a link to nowhere",
        "[page]\n[[page.footer]]\ntext = \"Imprint\"\n",
    ),
    (
        "a link that runs",
        "[page]\nfooter = [{ text = \"Run\", url = \"javascript:alert(1)\" }]\n",
    ),
    (
        "a link from where one is",
        "[page]\nfooter = [{ text = \"Imprint\", url = \"imprint.html\" }]\n",
    ),
    (
        "a link with a mistyped key",
        "[page]\nfooter = [{ text = \"Imprint\", url = \"/imprint\", titel = \"x\" }]\n",
    ),
    (
        "a disclaimer on two lines",
        "[page]\ndisclaimer = \"Mind\\nit\"\n",
    ),
    ("a mistyped level", "[log]\nlevel = \"infos\"\n"),
];

#[test]
fn each_fault_names_file_line_column_key_and_remedy() {
    let mut told = String::new();
    for (name, text) in FILES {
        let Err(faults) = load(text) else {
            panic!("{name}: no fault was found");
        };
        for fault in &faults.0 {
            assert!(fault.place.is_some(), "{name}: {fault:?}");
            assert!(!fault.help.is_empty(), "{name}: {fault:?}");
        }
        writeln!(told, "## {name}\n\n{faults}\n").unwrap();
    }
    assert_eq!(FILES.len(), 137);
    insta::assert_snapshot!(told);
}

#[test]
fn every_fault_of_a_file_is_told_at_once_in_the_files_order() {
    let text = "[server]\nlisten = [\"x\"]\nmax_session = 1\n[session]\nheartbeat = 3\n\
                [[endpoint]]\nmodel = 5\nretries = 99\n[log]\nlevel = \"loud\"\n";
    let faults = load(text).unwrap_err();
    let told: Vec<(usize, &str)> = faults
        .0
        .iter()
        .map(|fault| (fault.place.as_ref().unwrap().line, fault.key.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (2, "server.listen"),
            (3, "server.max_session"),
            (5, "session.heartbeat"),
            (6, "endpoint.base_url"),
            (7, "endpoint.model"),
            (8, "endpoint.retries"),
            (10, "log.level"),
        ]
    );
}

#[test]
fn what_follows_from_a_fault_is_not_told_as_another() {
    let faults = load("[session]\nheartbeat = \"2h\"\nidle_timeout = \"5s\"\n").unwrap_err();
    let keys: Vec<&str> = faults.0.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["session.heartbeat"]);
}

#[test]
fn a_fault_of_a_flag_names_the_flag() {
    let overrides = Overrides {
        listen: vec!["8080".to_owned()],
        log_level: Some("loud".to_owned()),
    };
    let faults = check("askd.toml", "", &overrides, &env).unwrap_err();
    insta::assert_snapshot!(faults);
}

#[test]
fn flags_win_over_the_file() {
    let overrides = Overrides {
        listen: vec!["127.0.0.1:1".to_owned(), "unix:/x".to_owned()],
        log_level: Some("debug".to_owned()),
    };
    let text = "[server]\nlisten = [\"127.0.0.1:2\"]\n[log]\nlevel = \"warn\"\n";
    let config = check("askd.toml", text, &overrides, &env).unwrap().config;
    let listen: Vec<String> = config
        .server
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(listen, ["127.0.0.1:1", "unix:/x"]);
    assert_eq!(config.log.level, "debug");
}

#[test]
fn a_duration_a_size_and_a_leaving_mean_what_they_say() {
    use askd::config::OnLeave;
    use std::time::Duration;
    let config = good("[session]\nidle_timeout = \"1h 30m\"\nmax_answer = \"1.5 MiB\"\n");
    assert_eq!(config.session.idle_timeout, Duration::from_secs(5400));
    assert_eq!(config.session.max_answer, 1_572_864);
    let rows = [
        ("stop", OnLeave::Stop),
        ("0s", OnLeave::Stop),
        ("finish", OnLeave::Finish),
        ("250ms", OnLeave::Grace(Duration::from_millis(250))),
    ];
    for (text, on_leave) in rows {
        let config = good(&format!("[session]\non_leave = \"{text}\"\n"));
        assert_eq!(config.session.on_leave, on_leave);
    }
}

#[test]
fn an_endpoint_is_read_whole() {
    let text = endpoint(
        "api_key_env = \"GOOD_KEY\"\napi_key_header = \"api-key\"\nheaders = { X-Team = \"a\" }\n\
         temperature = 1\nextra_body = { top_p = 0.5, stop = [\"x\"], deep = { n = 0x10 } }\nretries = 0\n",
    );
    let config = good(&text.replace("/v1", "/v1?api-version=1"));
    let endpoint = &config.endpoints[0];
    assert_eq!(endpoint.name, "127.0.0.1");
    assert_eq!(
        endpoint.base_url.as_str(),
        "http://127.0.0.1:1/v1?api-version=1"
    );
    assert_eq!(endpoint.address(), "http://127.0.0.1:1/v1");
    assert_eq!(endpoint.models, ["m"]);
    assert_eq!(
        endpoint.api_key.as_ref().unwrap().expose(),
        "sk-from-the-environment"
    );
    assert_eq!(endpoint.headers[0].0, "x-team");
    assert_eq!(endpoint.headers[0].1.expose(), "a");
    assert_eq!(endpoint.temperature, Some(1.0));
    assert_eq!(endpoint.retries, 0);
    let extra = serde_json::to_string(&endpoint.extra_body).unwrap();
    assert_eq!(extra, r#"{"deep":{"n":16},"stop":["x"],"top_p":0.5}"#);
    assert_eq!(config.page.suggestions, [""; 0]);
    let slash = good(&text.replace("/v1", "/v1/"));
    assert_eq!(
        slash.endpoints[0].base_url.as_str(),
        "http://127.0.0.1:1/v1"
    );
}

#[test]
fn a_key_over_plain_http_to_another_machine_is_a_warning_and_to_this_one_none() {
    let endpoint = |line| format!("[store]\npath = \":memory:\"\n{}", endpoint(line));
    let near = [
        "http://127.0.0.1:1/v1",
        "http://[::1]/v1",
        "http://localhost/v1",
        "https://far.example/v1",
    ];
    for address in near {
        let text = endpoint("api_key_env = \"GOOD_KEY\"");
        let text = text.replace("http://127.0.0.1:1/v1", address);
        assert_eq!(load(&text).unwrap().warnings, [], "{address}");
    }
    let text = endpoint("api_key_env = \"GOOD_KEY\"").replace("127.0.0.1:1", "192.168.1.7:8000");
    let loaded = load(&text).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    insta::assert_snapshot!(loaded.warnings[0].render_warning(false));
}

#[test]
fn a_socket_that_everybody_reaches_is_told_where_its_clients_are_whoever_they_say() {
    // Unlike a new folder of the system's own, it can be entered by all.
    let folder = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let warned = |trusted: &str, mode: &str| {
        let socket = folder.path().join("askd.sock");
        let text = format!(
            "[server]\nlisten = [\"unix:{}\"]\ntrusted_proxies = [\"{trusted}\"]\n[auth]\nmode = \"{mode}\"\n",
            socket.display()
        );
        let mut warnings = load(&text).unwrap().warnings;
        warnings.retain(|warning| warning.key == "auth.mode");
        warnings
    };
    assert_eq!(warned("unix", "none"), []);
    assert_eq!(warned("127.0.0.1", "header"), []);
    let told = warned("unix", "header");
    assert_eq!(told.len(), 1);
    let told = told[0].render_warning(false);
    for words in [
        "auth.mode",
        "askd.sock: they could be whoever they say",
        "mode 0750",
    ] {
        assert!(told.contains(words), "{told}");
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o750)).unwrap();
    assert_eq!(warned("unix", "header"), []);
}

#[test]
fn what_lets_more_people_in_than_the_operator_may_think_is_told() {
    let users = "mode = \"password\"\n[[auth.user]]\nname = \"ada\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vIHJlYWw\"\n";
    let open = "listen = [\"0.0.0.0:80\"]";
    let [public, https] = ["http://a.example/", "https://a.example/"]
        .map(|url| format!("{open}\npublic_url = \"{url}\""));
    for (server, auth, told) in [
        ("", "", None),
        ("public_url = \"http://localhost/\"", "", None),
        ("public_url = \"https://a.example/\"", "", Some("may ask")),
        (
            "public_url = \"https://a.example/\"",
            "allow_open = true",
            None,
        ),
        ("trusted_proxies = [\"10.0.0.0/8\"]", "", None),
        ("trusted_proxies = [\"::/1\"]", "", Some("believes whoever")),
        ("", users, None),
        (open, users, Some("plain HTTP")),
        (&public, users, Some("plain HTTP")),
        (&https, users, None),
    ] {
        let text = format!("[server]\n{server}\n[auth]\n{auth}\n");
        let warnings = load(&text).unwrap().warnings;
        let told_of = warnings.iter().filter(|warning| {
            ["auth.mode", "server.trusted_proxies"].contains(&warning.key.as_str())
        });
        let messages: Vec<_> = told_of.map(|warning| &*warning.message).collect();
        match told {
            None => assert!(messages.is_empty(), "{text}: {messages:?}"),
            Some(words) => assert!(
                messages.iter().any(|said| said.contains(words)),
                "{text}: {messages:?}"
            ),
        }
    }
}
