//! An endpoint's API key: written in the file, or in a file, a variable or a systemd credential of its own.
//!
//! People paste the key itself where its place belongs (`api_key_env = "sk-…"`). So these three values are
//! shown only if they are plainly no key.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::super::{Secret, report::Report, section::Section, value::Given};
use super::Env;

/// The four ways to give a key.
const SOURCES: [&str; 4] = [
    "api_key",
    "api_key_file",
    "api_key_env",
    "api_key_credential",
];

/// A key is a line; more than this is another file.
const MAX_KEY: u64 = 64 * 1024;

/// Reads the endpoint's key from the one source that is given.
pub(super) fn read(report: &Report<'_>, section: &Section<'_, '_>, env: Env<'_>) -> Option<Secret> {
    section.raw_secret("api_key");
    let written = section.text("api_key");
    let file = reference(section, "api_key_file");
    let variable = reference(section, "api_key_env");
    let credential = reference(section, "api_key_credential");
    let given: Vec<&str> = SOURCES.into_iter().filter(|key| section.has(key)).collect();
    if let [_, second, ..] = given.as_slice() {
        let draft = section.draft(
            second,
            format!("is one source too many: {}", given.join(" and ")),
        );
        report.fault(
            draft
                .allowed("one source of the key")
                .help("keep one of them and remove the rest"),
        );
        return None;
    }
    if let Some(key) = written {
        return good_key(report, section, "api_key", &key.value);
    }
    if let Some(path) = file {
        return from_file(
            report,
            section,
            "api_key_file",
            Path::new(&path.value),
            &path.value,
        );
    }
    if let Some(name) = variable {
        return from_variable(report, section, &name.value, env);
    }
    from_credential(report, section, &credential?.value, env)
}

/// A value that says where the key is, masked in every echo unless it is plainly not the key.
fn reference(section: &Section<'_, '_>, key: &'static str) -> Option<Given<String>> {
    let value = section.raw(key)?;
    if !value.get_ref().as_str().is_some_and(is_plainly_a_name) {
        section.raw_secret(key);
    }
    section.text(key)
}

/// A path from a root or from here, or words without a digit: what keys do not look like.
fn is_plainly_a_name(value: &str) -> bool {
    let path = ["/", "./", "../"]
        .iter()
        .any(|start| value.starts_with(start));
    let words = |c: char| c.is_ascii_alphabetic() || "_-.".contains(c);
    path || value.chars().all(words)
}

/// How to name a value that may be a key.
fn named(value: &str) -> String {
    if is_plainly_a_name(value) {
        format!("{value:?}")
    } else {
        "the value".to_owned()
    }
}

fn from_file(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    key: &'static str,
    path: &Path,
    shown: &str,
) -> Option<Secret> {
    let name = named(shown);
    let fault = |what: String, help: &str| {
        report.fault(
            section
                .draft(key, what)
                .allowed("a readable file that holds the key")
                .help(help),
        );
    };
    let mut bytes = Vec::new();
    if let Err(error) = File::open(path).and_then(|f| f.take(MAX_KEY + 1).read_to_end(&mut bytes)) {
        fault(
            format!("cannot be read: {name}: {error}"),
            "write the path of a file that the user askd runs as can read; the key itself would go into api_key",
        );
        return None;
    }
    if bytes.len() as u64 > MAX_KEY {
        fault(
            format!("is no key: {name} is larger than 64 KiB"),
            "name the file that holds the key alone",
        );
        return None;
    }
    let Ok(text) = String::from_utf8(bytes) else {
        fault(
            format!("is no key: {name} is not a text"),
            "name the file that holds the key alone",
        );
        return None;
    };
    if is_readable_by_all(path) {
        let draft = section.draft(
            key,
            format!("can be read by every user of this machine: {name}"),
        );
        report.warn(
            draft
                .allowed("a file for askd's user alone")
                .help("give it to askd's user and chmod o-r; under systemd/askd.service use api_key_credential"),
        );
    }
    good_key(report, section, key, text.trim())
}

fn from_variable(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    name: &str,
    env: Env<'_>,
) -> Option<Secret> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(word) {
        let draft = section.draft("api_key_env", "is not the name of a variable");
        report.fault(
            draft
                .allowed("a name such as \"OPENAI_API_KEY\"")
                .help("write the variable's name; the key itself would go into api_key"),
        );
        return None;
    }
    let Some(value) = env(name) else {
        let shown = named(name);
        let draft = section.draft(
            "api_key_env",
            format!("names a variable that is not set: {shown}"),
        );
        report.fault(draft.allowed("a variable that askd is started with").help(
            "set it where askd is started; in a systemd unit: Environment= or EnvironmentFile=",
        ));
        return None;
    };
    good_key(report, section, "api_key_env", value.trim())
}

fn from_credential(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    name: &str,
    env: Env<'_>,
) -> Option<Secret> {
    let key = "api_key_credential";
    if name.contains('/') {
        let draft = section.draft(key, "is not the name of a credential");
        report.fault(
            draft
                .allowed("a name such as \"api-key\"")
                .help("for a path use api_key_file"),
        );
        return None;
    }
    let Some(directory) = env("CREDENTIALS_DIRECTORY") else {
        let draft = section.draft(key, "needs systemd, which did not start this askd");
        report.fault(draft.allowed("a credential that the unit loads").help(
            "start askd by its unit, or use api_key_file; $CREDENTIALS_DIRECTORY is not set",
        ));
        return None;
    };
    let path = PathBuf::from(directory).join(name);
    if !path.exists() {
        let draft = section.draft(
            key,
            format!("names a credential that is not loaded: {}", named(name)),
        );
        report.fault(draft.allowed("a credential that the unit loads").help(
            "write the key into the file that the unit's LoadCredential= names, and restart",
        ));
        return None;
    }
    from_file(report, section, key, &path, name)
}

/// A key that fits into a header.
fn good_key(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    from: &'static str,
    key: &str,
) -> Option<Secret> {
    let what = if key.is_empty() {
        "gives an empty key"
    } else if key.contains(['\n', '\r']) {
        "gives a key of more than one line"
    } else if key.contains(|c: char| !c.is_ascii_graphic() && c != ' ') {
        "gives a key with letters that no key has"
    } else {
        return Some(Secret::new(key));
    };
    let help = match from {
        "api_key_credential" => {
            "write the key into the file that the unit's LoadCredential= names, and restart"
        }
        _ => "copy the key again, without quotes, blanks or line ends",
    };
    report.fault(
        section
            .draft(from, what)
            .allowed("one line of plain ASCII")
            .help(help),
    );
    None
}

/// Whether the file mode lets everyone read it.
pub(super) fn is_readable_by_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}
