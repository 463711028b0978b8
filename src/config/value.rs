//! A single value of the file: where it stands, what is wrong with it, and how the common kinds are read.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use bytesize::ByteSize;
use toml::de::DeValue;

use super::echo::Span;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// Why a value is not what its key takes.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Goes behind the key: "is 0", "is a string".
    pub(super) found: String,
    /// Goes behind "allowed: ".
    pub(super) allowed: String,
    /// What to do.
    pub(super) help: String,
}

impl Wrong {
    /// A value of the right type that does not do.
    pub(super) fn new(found: impl Display, allowed: &str, help: &str) -> Self {
        Self {
            found: format!("is {found}"),
            allowed: allowed.to_owned(),
            help: help.to_owned(),
        }
    }

    /// A value of another type. The value itself is not told: it may be anything.
    pub(super) fn kind(value: &DeValue<'_>, allowed: &str, help: &str) -> Self {
        let found = match value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        Self::new(found, allowed, help)
    }
}

/// Reads a text that is not empty.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, Wrong> {
    let allowed = "a text, in quotes";
    match value.as_str() {
        Some("") => Err(Wrong::new(
            "empty",
            allowed,
            "write a text or remove the line",
        )),
        Some(text) => Ok(text.to_owned()),
        None => Err(Wrong::kind(value, allowed, "put the value in quotes")),
    }
}

/// Reads `true` or `false`.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, Wrong> {
    let help = "write true or false without quotes";
    value
        .as_bool()
        .ok_or_else(|| Wrong::kind(value, "true or false", help))
}

/// Reads a whole number within `range`.
pub(super) fn whole<T>(value: &DeValue<'_>, range: &RangeInclusive<T>) -> Result<T, Wrong>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    let allowed = format!("a whole number, {} to {}", range.start(), range.end());
    let Some(integer) = value.as_integer() else {
        return Err(Wrong::kind(value, &allowed, "write digits without quotes"));
    };
    i64::from_str_radix(integer.as_str(), integer.radix())
        .ok()
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| Wrong::new(integer, &allowed, IN_RANGE))
}

/// What to do about a number outside its range.
const IN_RANGE: &str = "choose a number in that range, or remove the line for the default";

/// Reads a number, with or without a point, within `range`.
pub(super) fn fraction(value: &DeValue<'_>, range: &RangeInclusive<f32>) -> Result<f32, Wrong> {
    let allowed = format!("a number, {} to {}", range.start(), range.end());
    let written = match value {
        DeValue::Float(float) => float.as_str(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        other => return Err(Wrong::kind(other, &allowed, "write digits without quotes")),
    };
    let number = written.parse().ok().filter(|n| range.contains(n));
    number.ok_or_else(|| Wrong::new(written, &allowed, IN_RANGE))
}

/// Reads a duration within `range`.
pub(super) fn duration(
    value: &DeValue<'_>,
    range: &RangeInclusive<Duration>,
) -> Result<Duration, Wrong> {
    let of =
        |duration: &Duration| format!("{:?}", humantime::format_duration(*duration).to_string());
    let allowed = format!("a duration, {} to {}", of(range.start()), of(range.end()));
    let help = "write numbers and units in quotes: \"500ms\", \"30s\", \"1h 30m\"";
    let Some(written) = value.as_str() else {
        return Err(Wrong::kind(value, &allowed, help));
    };
    let duration = humantime::parse_duration(written).ok();
    duration
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| Wrong::new(format_args!("{written:?}"), &allowed, help))
}

/// Reads a size in bytes within `range`.
pub(super) fn size<T>(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Result<T, Wrong>
where
    T: TryFrom<u64>,
{
    let of = |bytes: &u64| {
        let size = ByteSize(*bytes).display().iec().to_string();
        format!("{:?}", size.replace(".0 ", " "))
    };
    let allowed = format!("a size, {} to {}", of(range.start()), of(range.end()));
    let help = "write a number and a unit in quotes: \"512 B\", \"32 KiB\", \"64 MiB\"";
    let Some(written) = value.as_str() else {
        return Err(Wrong::kind(value, &allowed, help));
    };
    let size = written.parse::<ByteSize>().ok().map(|size| size.0);
    size.filter(|bytes| range.contains(bytes))
        .and_then(|bytes| T::try_from(bytes).ok())
        .ok_or_else(|| Wrong::new(format_args!("{written:?}"), &allowed, help))
}

/// Reads one of a few words.
pub(super) fn word<T: Copy>(value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, Wrong> {
    let names: Vec<String> = words.iter().map(|(name, _)| format!("{name:?}")).collect();
    let allowed = names.join(" or ");
    let help = "choose one of these, in quotes";
    let Some(written) = value.as_str() else {
        return Err(Wrong::kind(value, &allowed, help));
    };
    let word = words.iter().find(|(name, _)| *name == written);
    word.map(|(_, meaning)| *meaning)
        .ok_or_else(|| Wrong::new(format_args!("{written:?}"), &allowed, help))
}
