//! No secret is ever told: not in a message, not in the echo of a line, not in a debug print.

use proptest::prelude::*;

use super::*;

/// What must never be seen. It stands in for a key, a password, a token.
const SECRET: &str = "s3cr3t-Zq9";

/// Endpoint lines with the secret (`$`) in them, each faulty or beside a fault.
const LINES: [&str; 49] = [
    "api_key = \"$\"\nretries = 99",
    "api_key = \"$\", retries = 99",
    "api_key = \"$",
    "api_key = $",
    "api_key = '$'$",
    "api_key = \"\"\"\n$\n\"\"\"",
    "api_key = \"\"\"\n$",
    "api_key = '''\n$\nretries = 99 $\n''' x",
    "api_key = [\"$\"]",
    "api_key = [\n  \"$\",\n  \"$\"\n]",
    "api_key = { value = \"$\" }",
    "api_key = { value = \"$\" }, x = 1",
    "api_key : \"$\"",
    "api_key = \"$\"\napi_key = \"$\"",
    "api_key = \"a $ é\"",
    "api_key = \"$\\q\"",
    "api_key = \"$\" x # $",
    "api_key.x = \"$\"",
    "api_keys = \"$\"",
    "apikey = \"$\"",
    "token = \"$\"",
    "secret.deep = { a = [\"$\"] }",
    "api_key = \"$\"\napi_key_env = \"GOOD_KEY\"",
    "api_key_env = \"$\"",
    "api_key_file = \"$\"",
    "api_key_credential = \"$\"",
    "api_key_header = \"$ \"\napi_key_env = \"GOOD_KEY\"",
    "headers = \"$\"",
    "headers = { A = \"$\\n\" }",
    "headers = { A = 1, B = \"$\" }",
    "headers = { A = [\"$\"] }",
    "headers = { Content-Length = \"$\" }",
    "headers = { \"not a name\" = \"$\" }",
    "headers.Authorization = \"$\"\napi_key_env = \"GOOD_KEY\"",
    "headers = { \"Bearer $\" = \"x\" }",
    "\"$\" = 1",
    "$ = 1",
    "api_key.$ = 1",
    "extra_body = { deep = { stream = 1979-05-27, \"key\" = { a = [\"$\"] } } }",
    "headers = { A = \"$\" ",
    "headers = { A = \"$\"\nB = $ }",
    "extra_body = \"$\"",
    "extra_body = { api_key = \"$\", since = 2026-11-23 }",
    "extra_body = { deep = [{ Access-Token = \"$\" }], since = nan }",
    "extra_body = { password = \"$\", stream = true }",
    "retries = 99 # was: api_key = \"$\"",
    "retries = \"x\" # $ # $",
    "retries = 99O # $",
    "[endpoint.headers]\nA = \"$\"\nB = 7\n[log]\nlevel = \"loud\" # $",
];

/// Addresses with the secret in them, all faulty.
const ADDRESSES: [&str; 9] = [
    "http://u:$@host/v1",
    "http://$@host/v1",
    "https://host/v1/chat/completions?key=$",
    "https://host/v1?key=$#x",
    "https://host:port/v1?key=$",
    "u:$@host",
    "$",
    "http://ho st/$",
    "ftp://u:$@host",
];

/// Half a secret is one, too.
fn tells_a_secret(told: &str) -> bool {
    told.contains("s3cr3t") || told.contains("Zq9")
}

/// Everything that is ever said of a configuration.
fn all_that_is_told(text: &str) -> Result<String, String> {
    match load(text) {
        Ok(loaded) => Ok(format!("{loaded:?}")),
        Err(faults) => Err(format!(
            "{}{}{faults:?}{}",
            faults.render(true),
            faults.render(false),
            faults.0.iter().map(ToString::to_string).collect::<String>()
        )),
    }
}

#[test]
fn a_key_that_was_pasted_into_the_wrong_place_is_masked() {
    let key = "sk-proj4Zq9ExampleKey";
    for line in [
        format!("temperature = \"{key}\""),
        format!("model = [\"{key}\"]"),
        format!("extra_body = {{ stream = false, k = \"{key}\" }}"),
    ] {
        let told = load(&endpoint(&line)).unwrap_err().render(false);
        assert!(told.contains("***"), "{told}");
        assert!(!told.contains(key), "{told}");
    }
}

#[test]
fn no_fault_tells_a_secret() {
    let mut faulty = 0;
    let files = LINES.iter().map(|lines| endpoint(lines));
    let addresses = ADDRESSES.iter().map(|address| {
        format!("[[endpoint]]\nbase_url = \"{address}\"\nmodel = \"m\"\nretries = 99\n")
    });
    let sections = [
        "[server]\napi_key = \"$\"",
        "api_key = \"$\"",
        "endpoint = \"$\"",
        "endpoint = [\"$\"]",
    ];
    let all = files.chain(addresses).chain(sections.map(str::to_owned));
    for text in all.map(|text| text.replace('$', SECRET)) {
        let told = all_that_is_told(&text).expect_err(&text);
        assert!(!tells_a_secret(&told), "{text}\n\nis told as\n\n{told}");
        faulty += 1;
    }
    assert_eq!(faulty, LINES.len() + ADDRESSES.len() + 4);
}

#[test]
fn no_fault_of_the_embeddings_tells_a_secret() {
    let start = "[knowledge]\nfolders = [\"docs\"]\n[knowledge.embeddings]\nmodel = \"m\"\n";
    let keys = LINES
        .iter()
        .map(|lines| format!("{start}base_url = \"http://127.0.0.1:1/v1\"\n{lines}\n"));
    let addresses = ADDRESSES
        .iter()
        .map(|address| format!("{start}base_url = \"{address}\"\nretries = 99\n"));
    let mut faulty = 0;
    for text in keys.chain(addresses).map(|text| text.replace('$', SECRET)) {
        let told = all_that_is_told(&text).expect_err(&text);
        assert!(!tells_a_secret(&told), "{text}\n\nis told as\n\n{told}");
        faulty += 1;
    }
    assert_eq!(faulty, LINES.len() + ADDRESSES.len());
}

#[test]
fn no_debug_print_of_a_good_configuration_tells_a_secret() {
    let text = endpoint("api_key = \"$\"\nheaders = { A = \"$\" }\nextra_body = { user = \"$\" }");
    let text = text.replace("/v1", "/v1?key=$").replace('$', SECRET);
    let told = all_that_is_told(&text).unwrap();
    assert!(!tells_a_secret(&told), "{told}");
    assert_eq!(
        good(&text).endpoints[0].api_key.as_ref().unwrap().expose(),
        SECRET
    );
}

#[test]
fn a_variable_with_two_lines_is_refused_without_being_shown() {
    let told = all_that_is_told(&endpoint("api_key_env = \"TWO_LINES\"")).unwrap_err();
    assert!(told.contains("more than one line"), "{told}");
    assert!(!told.contains("sk-leak"), "{told}");
}

/// A good file with secrets where they belong.
fn with_secrets() -> String {
    let text = endpoint(
        "api_key = \"$\"\nheaders = { A = \"$\", \"B\" = '$' }\nextra_body = { token = \"$\" }\n\
         retries = 3\n[session]\nheartbeat = \"5s\"\n[page]\ntitle = \"\"\"\nx\"\"\"",
    );
    text.replace("/v1", "/v1?key=$").replace('$', SECRET)
}

#[test]
fn a_good_file_that_loses_any_stretch_of_itself_tells_no_secret() {
    let text = with_secrets();
    assert!(load(&text).is_ok());
    let mut faulty = 0;
    for start in 0..text.len() {
        for length in [1, 2, 3, 7, 20] {
            let end = (start + length).min(text.len());
            let broken = format!("{}{}", &text[..start], &text[end..]);
            if let Err(told) = all_that_is_told(&broken) {
                assert!(!tells_a_secret(&told), "{broken}\n\nis told as\n\n{told}");
                faulty += 1;
            }
        }
    }
    assert!(faulty > 300, "{faulty}");
}

proptest! {
    #[test]
    fn a_good_file_with_anything_put_in_anywhere_tells_no_secret(
        at in 0usize..400,
        put in "[\\[\\]{}=\"'#,.\\\\\n\r\t a-z0-9é-]{1,6}",
    ) {
        let text = with_secrets();
        let at = at.min(text.len());
        let broken = format!("{}{put}{}", &text[..at], &text[at..]);
        if let Err(told) = all_that_is_told(&broken) {
            prop_assert!(!tells_a_secret(&told), "{}\n\nis told as\n\n{}", broken, told);
        }
    }

    #[test]
    fn no_text_whatever_makes_the_check_panic(text in "\\PC{0,200}", toml in "[\\[\\]{}=\"'#,.\n a-z0-9é-]{0,80}") {
        let _ = load(&text);
        let _ = load(&toml);
    }
}
