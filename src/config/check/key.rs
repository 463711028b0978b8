//! An endpoint's API key, or another secret that is a line: written in the file, or in a file, a variable or a systemd
//! credential of its own.
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

/// The four ways to give a key, and what it is called.
pub(super) struct Sources {
    value: &'static str,
    file: &'static str,
    env: &'static str,
    credential: &'static str,
    what: &'static str,
    /// What a variable and a credential of it may be called.
    examples: [&'static str; 2],
}

/// An endpoint's key.
pub(super) const API_KEY: Sources = Sources {
    value: "api_key",
    file: "api_key_file",
    env: "api_key_env",
    credential: "api_key_credential",
    what: "key",
    examples: ["OPENAI_API_KEY", "api-key"],
};

/// A token that others show to askd.
pub(super) const TOKEN: Sources = Sources {
    value: "token",
    file: "token_file",
    env: "token_env",
    credential: "token_credential",
    what: "token",
    examples: ["METRICS_TOKEN", "metrics-token"],
};

impl Sources {
    /// Their keys in the file.
    pub(super) fn keys(&self) -> [&'static str; 4] {
        [self.value, self.file, self.env, self.credential]
    }
}

/// A key is a line; more than this is another file.
const MAX_KEY: u64 = 64 * 1024;

/// Reads the key from the one source that is given.
pub(super) fn read(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    from: &Sources,
    env: Env<'_>,
) -> Option<Secret> {
    section.raw_secret(from.value);
    let written = section.text(from.value);
    let file = reference(section, from.file);
    let variable = reference(section, from.env);
    let credential = reference(section, from.credential);
    let keys = from.keys().into_iter();
    let given: Vec<&str> = keys.filter(|key| section.has(key)).collect();
    if let [_, second, ..] = given.as_slice() {
        let draft = section.draft(
            second,
            format!("is one source too many: {}", given.join(" and ")),
        );
        report.fault(
            draft
                .allowed(format!("one source of the {}", from.what))
                .help("keep one of them and remove the rest"),
        );
        return None;
    }
    if let Some(key) = written {
        return good_key(report, section, from, from.value, &key.value);
    }
    if let Some(path) = file {
        let at = Path::new(&path.value);
        return from_file(report, section, from, from.file, at, &path.value);
    }
    if let Some(name) = variable {
        return from_variable(report, section, from, &name.value, env);
    }
    from_credential(report, section, from, &credential?.value, env)
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
    from: &Sources,
    key: &'static str,
    path: &Path,
    shown: &str,
) -> Option<Secret> {
    let name = named(shown);
    let Sources {
        what,
        value,
        credential,
        ..
    } = from;
    let alone = format!("name the file that holds the {what} alone");
    let fault = |found: String, help: &str| {
        report.fault(
            section
                .draft(key, found)
                .allowed(format!("a readable file that holds the {what}"))
                .help(help),
        );
    };
    // To open a pipe would wait for whoever writes to it.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        fault(format!("is no file: {name}"), &alone);
        return None;
    }
    let mut bytes = Vec::new();
    if let Err(error) = File::open(path).and_then(|f| f.take(MAX_KEY + 1).read_to_end(&mut bytes)) {
        let help = format!(
            "write the path of a file that the user askd runs as can read; the {what} itself would go into {value}"
        );
        fault(format!("cannot be read: {name}: {error}"), &help);
        return None;
    }
    if bytes.len() as u64 > MAX_KEY {
        let found = format!("is no {what}: {name} is larger than 64 KiB");
        fault(found, &alone);
        return None;
    }
    let Ok(text) = String::from_utf8(bytes) else {
        fault(format!("is no {what}: {name} is not a text"), &alone);
        return None;
    };
    if is_readable_by_all(path) {
        let draft = section.draft(
            key,
            format!("can be read by every user of this machine: {name}"),
        );
        report.warn(draft.allowed("a file for askd's user alone").help(format!(
            "give it to askd's user and chmod o-r; under systemd/askd.service use {credential}"
        )));
    }
    good_key(report, section, from, key, text.trim())
}

fn from_variable(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    from: &Sources,
    name: &str,
    env: Env<'_>,
) -> Option<Secret> {
    let (key, what) = (from.env, from.what);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(word) {
        let draft = section.draft(key, "is not the name of a variable");
        report.fault(
            draft
                .allowed(format!("a name such as {:?}", from.examples[0]))
                .help(format!(
                    "write the variable's name; the {what} itself would go into {}",
                    from.value
                )),
        );
        return None;
    }
    let Some(value) = env(name) else {
        let shown = named(name);
        let draft = section.draft(key, format!("names a variable that is not set: {shown}"));
        report.fault(draft.allowed("a variable that askd is started with").help(
            "set it where askd is started; in a systemd unit: Environment= or EnvironmentFile=",
        ));
        return None;
    };
    good_key(report, section, from, key, value.trim())
}

fn from_credential(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    from: &Sources,
    name: &str,
    env: Env<'_>,
) -> Option<Secret> {
    let (key, what) = (from.credential, from.what);
    if name.contains('/') {
        let draft = section.draft(key, "is not the name of a credential");
        report.fault(
            draft
                .allowed(format!("a name such as {:?}", from.examples[1]))
                .help(format!("for a path use {}", from.file)),
        );
        return None;
    }
    let Some(directory) = env("CREDENTIALS_DIRECTORY") else {
        let draft = section.draft(key, "needs systemd, which did not start this askd");
        report.fault(
            draft
                .allowed("a credential that the unit loads")
                .help(format!(
                    "start askd by its unit, or use {}; $CREDENTIALS_DIRECTORY is not set",
                    from.file
                )),
        );
        return None;
    };
    let path = PathBuf::from(directory).join(name);
    if !path.exists() {
        let draft = section.draft(
            key,
            format!("names a credential that is not loaded: {}", named(name)),
        );
        report.fault(draft.allowed("a credential that the unit loads").help(
            format!("write the {what} into the file that the unit's LoadCredential= names, and restart"),
        ));
        return None;
    }
    from_file(report, section, from, key, &path, name)
}

/// A key that fits into a header; `by` is the source that gave it.
fn good_key(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    from: &Sources,
    by: &'static str,
    key: &str,
) -> Option<Secret> {
    let what = from.what;
    let found = if key.is_empty() {
        format!("gives an empty {what}")
    } else if key.contains(['\n', '\r']) {
        format!("gives a {what} of more than one line")
    } else if key.contains(|c: char| !c.is_ascii_graphic() && c != ' ') {
        format!("gives a {what} with letters that no {what} has")
    } else {
        return Some(Secret::new(key));
    };
    let help = if by == from.credential {
        format!("write the {what} into the file that the unit's LoadCredential= names, and restart")
    } else {
        format!("copy the {what} again, without quotes, blanks or line ends")
    };
    report.fault(
        section
            .draft(by, found)
            .allowed("one line of plain ASCII")
            .help(help),
    );
    None
}

/// Whether the file mode lets everyone read it.
pub(super) fn is_readable_by_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}
