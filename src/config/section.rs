//! One table of the file, handed out key by key with the place of each.
//!
//! serde stops at the first fault; an operator wants all of them. So the file is read as a tree with spans,
//! and [`super::check`] asks each [`Section`] for each of its keys. What it asks for is what may be
//! written: whatever is left over is an unknown key, and no second list of names can go stale.

use std::{cell::RefCell, fmt::Display, ops::RangeInclusive, time::Duration};

use bytesize::ByteSize;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    echo::Span,
    report::{Draft, Report},
};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// Why a value is not what its key takes.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    /// Goes behind the key: "is 0", "is a string".
    pub(super) found: String,
    pub(super) allowed: String,
    pub(super) help: String,
}

impl Wrong {
    /// A value of another type.
    pub(super) fn kind(value: &DeValue<'_>, allowed: impl Into<String>) -> Self {
        let found = match value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        Self {
            found: format!("is {found}"),
            allowed: allowed.into(),
            help: String::new(),
        }
    }
}

/// One table of the file, present or not.
pub(super) struct Section<'r, 't> {
    report: &'r Report<'t>,
    name: &'static str,
    table: Option<&'r DeTable<'t>>,
    header: Option<Span>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'r, 't> Section<'r, 't> {
    /// The file's top level.
    pub(super) fn root(report: &'r Report<'t>, table: &'r DeTable<'t>) -> Self {
        Self::new(report, "", Some(table), None)
    }

    fn new(
        report: &'r Report<'t>,
        name: &'static str,
        table: Option<&'r DeTable<'t>>,
        header: Option<Span>,
    ) -> Self {
        Self {
            report,
            name,
            table,
            header,
            asked: RefCell::default(),
        }
    }

    /// A key's full name.
    pub(super) fn full(&self, key: &str) -> String {
        match self.name {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    /// Where the section begins.
    pub(super) fn header(&self) -> Option<Span> {
        self.header.clone()
    }

    /// Where a key's value stands; if it is not given, where its section begins.
    pub(super) fn span_of(&self, key: &str) -> Option<Span> {
        let value = self.table.and_then(|table| table.get(key));
        value.map(Spanned::span).or(self.header())
    }

    /// Whether the file says anything for this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// The first of these keys that the file gives; where none is given, the first.
    pub(super) fn first_of(&self, keys: &[&'static str]) -> &'static str {
        let given = keys.iter().find(|key| self.has(key));
        given.or(keys.first()).copied().unwrap_or_default()
    }

    /// A fault of one of this section's keys, at its value.
    pub(super) fn draft(&self, key: &str, message: impl Into<String>) -> Draft {
        Draft::new(&self.full(key), self.span_of(key), message)
    }

    /// The raw value of a key.
    pub(super) fn raw(&self, key: &'static str) -> Option<&'r Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table?.get(key)
    }

    /// The raw value of a key that holds secrets: it is masked wherever its line is shown.
    pub(super) fn raw_secret(&self, key: &'static str) -> Option<&'r Spanned<DeValue<'t>>> {
        let value = self.raw(key)?;
        self.report.mask(value);
        Some(value)
    }

    /// The value of a key as `convert` makes it. What it refuses becomes a fault.
    pub(super) fn get<T>(
        &self,
        key: &'static str,
        convert: impl FnOnce(&DeValue<'t>) -> Result<T, Wrong>,
    ) -> Option<Given<T>> {
        let raw = self.raw(key)?;
        match convert(raw.get_ref()) {
            Ok(value) => Some(Given {
                value,
                span: raw.span(),
            }),
            Err(wrong) => {
                let draft = self.draft(key, wrong.found);
                self.report
                    .fault(draft.allowed(wrong.allowed).help(wrong.help));
                None
            }
        }
    }

    /// A whole number within `range`.
    pub(super) fn number<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let allowed = format!("a whole number, {} to {}", range.start(), range.end());
        self.get(key, |value| {
            let Some(integer) = value.as_integer() else {
                return Err(Wrong::kind(value, allowed));
            };
            i64::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .and_then(|n| T::try_from(n).ok())
                .filter(|n| range.contains(n))
                .ok_or_else(|| Wrong {
                    found: format!("is {integer}"),
                    allowed,
                    ..Wrong::default()
                })
        })
        .map(|given| given.value)
    }

    /// A number with or without a point within `range`.
    pub(super) fn fraction(&self, key: &'static str, range: RangeInclusive<f32>) -> Option<f32> {
        let allowed = format!("a number, {} to {}", range.start(), range.end());
        self.get(key, |value| {
            let written = match value {
                DeValue::Float(float) => float.as_str(),
                DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
                other => return Err(Wrong::kind(other, allowed)),
            };
            let number = written.parse().ok().filter(|n| range.contains(n));
            number.ok_or_else(|| Wrong {
                found: format!("is {written}"),
                allowed,
                ..Wrong::default()
            })
        })
        .map(|given| given.value)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let read = |value: &DeValue<'t>| {
            let flag = value.as_bool();
            flag.ok_or_else(|| Wrong::kind(value, "true or false, without quotes"))
        };
        self.get(key, read).map(|given| given.value)
    }

    /// A duration such as `"1h 30m"` within `range`.
    pub(super) fn duration(
        &self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        self.get(key, |value| duration(value, &range))
            .map(|given| given.value)
    }

    /// A size such as `"32 KiB"` within `range`, in bytes.
    pub(super) fn size<T>(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<T>
    where
        T: TryFrom<u64>,
    {
        let of = |bytes: &u64| ByteSize(*bytes).display().iec().to_string();
        let allowed = format!(
            "a size, \"{}\" to \"{}\"",
            of(range.start()),
            of(range.end())
        );
        self.get(key, |value| {
            let Some(written) = value.as_str() else {
                return Err(Wrong::kind(value, allowed));
            };
            let size = written.parse::<ByteSize>().ok().map(|size| size.0);
            size.filter(|bytes| range.contains(bytes))
                .and_then(|bytes| T::try_from(bytes).ok())
                .ok_or_else(|| Wrong {
                    found: format!("is {written:?}"),
                    allowed,
                    help: "write a number and a unit: B, KiB, MiB or GiB".to_owned(),
                })
        })
        .map(|given| given.value)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<String> = words.iter().map(|(name, _)| format!("{name:?}")).collect();
        let allowed = names.join(" or ");
        self.get(key, |value| {
            let Some(written) = value.as_str() else {
                return Err(Wrong::kind(value, allowed));
            };
            let word = words.iter().find(|(name, _)| *name == written);
            word.map(|(_, meaning)| *meaning).ok_or_else(|| Wrong {
                found: format!("is {written:?}"),
                allowed,
                ..Wrong::default()
            })
        })
        .map(|given| given.value)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &'static str) -> Option<Given<String>> {
        self.get(key, text)
    }

    /// Several texts, none of them empty.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<Given<String>>> {
        let raw = self.raw(key)?;
        let Some(items) = raw.get_ref().as_array() else {
            let wrong = Wrong::kind(raw.get_ref(), "an array of strings: [\"…\", \"…\"]");
            let draft = self.draft(key, wrong.found);
            self.report.fault(draft.allowed(wrong.allowed));
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            match text(item.get_ref()) {
                Ok(value) => texts.push(Given {
                    value,
                    span: item.span(),
                }),
                Err(wrong) => {
                    let message = format!("holds what {}", wrong.found);
                    let draft = Draft::new(&self.full(key), Some(item.span()), message);
                    self.report.fault(draft.allowed(wrong.allowed));
                }
            }
        }
        Some(texts)
    }

    /// The section `[key]`.
    pub(super) fn section(&self, key: &'static str) -> Section<'r, 't> {
        let raw = self.raw(key);
        let table = raw.and_then(|raw| self.table_of(key, raw, format!("a table: [{key}]")));
        Section::new(self.report, key, table, raw.map(Spanned::span))
    }

    /// The sections `[[key]]`.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'r, 't>> {
        let allowed = || format!("tables under double brackets: [[{key}]]");
        let Some(raw) = self.raw(key) else {
            return Vec::new();
        };
        let Some(items) = raw.get_ref().as_array() else {
            self.table_fault(key, raw, allowed());
            return Vec::new();
        };
        let section = |item: &'r Spanned<DeValue<'t>>| {
            let table = self.table_of(key, item, allowed())?;
            Some(Section::new(
                self.report,
                key,
                Some(table),
                Some(item.span()),
            ))
        };
        items.iter().filter_map(section).collect()
    }

    fn table_of(
        &self,
        key: &str,
        raw: &'r Spanned<DeValue<'t>>,
        allowed: String,
    ) -> Option<&'r DeTable<'t>> {
        let table = raw.get_ref().as_table();
        if table.is_none() {
            self.table_fault(key, raw, allowed);
        }
        table
    }

    fn table_fault(&self, key: &str, raw: &Spanned<DeValue<'t>>, allowed: String) {
        self.report.mask(raw);
        let wrong = Wrong::kind(raw.get_ref(), allowed);
        let draft = Draft::new(&self.full(key), Some(raw.span()), wrong.found);
        self.report.fault(draft.allowed(wrong.allowed));
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(self) {
        let asked = self.asked.take();
        for (key, value) in self.table.into_iter().flatten() {
            if asked.contains(&key.get_ref().as_ref()) {
                continue;
            }
            self.report.mask(value);
            let unknown = Draft::new(
                &self.full(key.get_ref()),
                Some(key.span()),
                "is not a key that askd knows",
            );
            let near = asked
                .iter()
                .map(|name| (strsim::jaro_winkler(name, key.get_ref()), *name))
                .filter(|(likeness, _)| *likeness > 0.8)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let help = match near {
                Some((_, name)) => format!("did you mean `{name}`?"),
                None => "remove it".to_owned(),
            };
            let mut names = asked.clone();
            names.sort_unstable();
            self.report.fault(
                unknown
                    .allowed(format!("known here: {}", names.join(", ")))
                    .help(help),
            );
        }
    }
}

/// Reads a text that is not empty.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, Wrong> {
    match value.as_str() {
        Some("") => Err(Wrong {
            found: "is empty".to_owned(),
            allowed: "a text, in quotes".to_owned(),
            ..Wrong::default()
        }),
        Some(text) => Ok(text.to_owned()),
        None => Err(Wrong::kind(value, "a text, in quotes")),
    }
}

/// Reads a duration within `range`.
pub(super) fn duration(
    value: &DeValue<'_>,
    range: &RangeInclusive<Duration>,
) -> Result<Duration, Wrong> {
    let of = |duration: &Duration| humantime::format_duration(*duration).to_string();
    let allowed = format!(
        "a duration, \"{}\" to \"{}\"",
        of(range.start()),
        of(range.end())
    );
    let Some(written) = value.as_str() else {
        return Err(Wrong::kind(value, allowed));
    };
    let duration = humantime::parse_duration(written).ok();
    duration
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| Wrong {
            found: format!("is {written:?}"),
            allowed,
            help: "write numbers and units: \"500ms\", \"30s\", \"1h 30m\"".to_owned(),
        })
}
