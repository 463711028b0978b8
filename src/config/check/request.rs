//! What an endpoint's requests carry beside askd's own: `headers` and `extra_body`.

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Number, Value};
use toml::{
    Spanned,
    de::{DeString, DeValue},
};

use super::super::{Secret, echo::Span, report::Report, section::Section, value::Wrong};

/// Headers that belong to the connection or that askd writes.
const OWN_HEADERS: [&str; 5] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
];

/// Fields of the request without which no answer streams.
const OWN_FIELDS: [&str; 2] = ["messages", "stream"];

/// Parts of a name by which a value is taken for a secret.
const SECRET_NAMES: [&str; 6] = ["key", "token", "secret", "password", "auth", "credential"];

/// Reads `headers`; their names come out in small letters.
pub(super) fn headers(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<(String, Secret)> {
    let mut headers = Vec::new();
    let Some(raw) = section.raw_secret("headers") else {
        return headers;
    };
    let Some(table) = raw.get_ref().as_table() else {
        let help = "write headers = { X-Team = \"…\" }";
        section.refuse(
            "headers",
            raw.span(),
            Wrong::kind(raw.get_ref(), "a table of texts", help),
        );
        return headers;
    };
    for (name, value) in table {
        match header(name, value) {
            Ok(header) => headers.push(header),
            Err((span, wrong)) => {
                let shown = match HeaderName::try_from(name.get_ref().as_ref()) {
                    Ok(_) => name.get_ref(),
                    // What is no name may be a value in the wrong place.
                    Err(_) => report.mask_name(name.span()),
                };
                section.refuse(&format!("headers.{shown}"), span, wrong);
            }
        }
    }
    headers
}

fn header(
    name: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(String, Secret), (Span, Wrong)> {
    let key = name.get_ref().to_ascii_lowercase();
    let of_name = |wrong| (name.span(), wrong);
    let of_value = |wrong| (value.span(), wrong);
    if HeaderName::try_from(key.as_str()).is_err() {
        let allowed = "letters, digits and dashes";
        return Err(of_name(Wrong::new(
            "no name for a header",
            allowed,
            "correct the name",
        )));
    }
    if OWN_HEADERS.contains(&key.as_str()) {
        let found = "a header that askd writes itself";
        return Err(of_name(Wrong::new(found, "any other header", "remove it")));
    }
    let allowed = "one line of plain text, in quotes";
    let Some(text) = value.get_ref().as_str() else {
        let help = "put the value in quotes";
        return Err(of_value(Wrong::kind(value.get_ref(), allowed, help)));
    };
    if HeaderValue::from_str(text).is_err() {
        let help = "remove line ends and letters that are not ASCII";
        return Err(of_value(Wrong::new(
            "nothing that a header can carry",
            allowed,
            help,
        )));
    }
    Ok((key, Secret::new(text)))
}

/// Reads `extra_body` as JSON.
pub(super) fn extra_body(report: &Report<'_>, section: &Section<'_, '_>) -> Map<String, Value> {
    let mut fields = Map::new();
    let Some(raw) = section.raw("extra_body") else {
        return fields;
    };
    let Some(table) = raw.get_ref().as_table() else {
        report.mask(raw);
        let help = "write extra_body = { top_p = 0.9 }";
        section.refuse(
            "extra_body",
            raw.span(),
            Wrong::kind(raw.get_ref(), "a table", help),
        );
        return fields;
    };
    mask_secret_names(report, raw);
    for (name, value) in table {
        let name_text = name.get_ref().as_ref();
        let full = format!("extra_body.{name_text}");
        if OWN_FIELDS.contains(&name_text) {
            let found = "a field that askd writes itself";
            section.refuse(
                &full,
                name.span(),
                Wrong::new(found, "any other field", "remove it"),
            );
            continue;
        }
        match json(value) {
            Ok(json) => {
                fields.insert(name_text.to_owned(), json);
            }
            Err(span) => {
                let allowed = "texts, finite numbers, true, false, arrays and tables";
                let help = "write a date as a text, in quotes";
                let found = "nothing that JSON has a form for";
                section.refuse(&full, span, Wrong::new(found, allowed, help));
            }
        }
    }
    fields
}

/// Masks every value whose name, at any depth, sounds like a secret's.
fn mask_secret_names(report: &Report<'_>, value: &Spanned<DeValue<'_>>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (name, value) in table {
                let name = name.get_ref().to_ascii_lowercase();
                if SECRET_NAMES.iter().any(|secret| name.contains(secret)) {
                    report.mask(value);
                } else {
                    mask_secret_names(report, value);
                }
            }
        }
        DeValue::Array(items) => items.iter().for_each(|v| mask_secret_names(report, v)),
        _ => {}
    }
}

/// The JSON form of a TOML value, or the span of the part that has none.
fn json(value: &Spanned<DeValue<'_>>) -> Result<Value, Span> {
    let none = || value.span();
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            Value::Number(number.map_err(|_| none())?.into())
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or_else(none)?)
        }
        DeValue::Datetime(_) => return Err(none()),
        DeValue::Array(items) => Value::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let mut fields = Map::new();
            for (name, value) in table {
                fields.insert(name.get_ref().clone().into_owned(), json(value)?);
            }
            Value::Object(fields)
        }
    })
}
