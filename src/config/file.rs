//! The TOML file as an operator writes it: read and parsed, or the reason why not.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use toml::{Spanned, de::DeTable};

use super::{
    echo,
    fault::{Fault, Faults},
};

/// A configuration is a page of text; a file beyond this is something else.
const MAX_FILE: u64 = 1024 * 1024;

/// Syntax faults told at once; one missing quote can cause dozens.
const MAX_SYNTAX_FAULTS: usize = 5;

/// Reads a configuration file.
pub(super) fn read(path: &Path) -> Result<String, Faults> {
    let origin = path.display().to_string();
    let fail = |message: String, help: &str| {
        Faults(vec![Fault {
            origin: origin.clone(),
            place: None,
            key: String::new(),
            message,
            allowed: String::new(),
            help: help.to_owned(),
        }])
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let help = match error.kind() {
                io::ErrorKind::NotFound => "create it, or name another with --config",
                io::ErrorKind::PermissionDenied => "let the user that askd runs as read it",
                _ => "name a readable file with --config",
            };
            fail(format!("the configuration cannot be read: {error}"), help)
        })?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(fail(
            "the configuration is larger than 1 MiB".to_owned(),
            "name askd's own TOML file with --config",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|b| *b == b'\n').count();
        fail(
            format!("line {line} of the configuration is not UTF-8"),
            "save the file as UTF-8",
        )
    })
}

/// Parses a configuration, or tells what keeps it from being TOML.
pub(super) fn parse<'t>(origin: &str, text: &'t str) -> Result<Spanned<DeTable<'t>>, Faults> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let place = echo::place_unparsed(text, &span);
        let last_line = faults.last().and_then(|f| f.place.as_ref()).map(|p| p.line);
        if last_line == Some(place.line) || faults.len() == MAX_SYNTAX_FAULTS {
            continue;
        }
        faults.push(Fault {
            origin: origin.to_owned(),
            place: Some(place),
            key: String::new(),
            message: format!("this is not TOML: {}", error.message()),
            allowed: String::new(),
            help: "texts stand in quotes, each key has a line of its own, and no key comes twice"
                .to_owned(),
        });
    }
    if faults.is_empty() {
        Ok(root)
    } else {
        Err(Faults(faults))
    }
}
