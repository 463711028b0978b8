//! One table of the file, handed out key by key with the place of each.
//!
//! serde stops at the first fault; an operator wants all of them. So the file is read as a tree with spans,
//! and [`mod@super::check`] asks each [`Section`] for each of its keys. What it asks for is what may be
//! written: whatever is left over is an unknown key, and no second list of names can go stale.

use std::{cell::RefCell, fmt::Display, ops::RangeInclusive, time::Duration};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    echo::Span,
    report::{Draft, Report, is_plain_name},
    value::{self, Given, Wrong},
};

/// From this likeness on, 0 to 1, an unknown key is taken for a mistyped one.
const LIKE: f64 = 0.85;

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

    /// The first of these keys, each `section.key`, that the file gives, and where; else the first.
    pub(super) fn first_within<'k>(&self, keys: &[&'k str]) -> (&'k str, Option<Span>) {
        let given = keys.iter().find_map(|full| {
            let (section, key) = full.split_once('.')?;
            let section = self.table?.get(section)?.get_ref().as_table()?;
            Some((*full, Some(section.get(key)?.span())))
        });
        given.unwrap_or((keys.first().copied().unwrap_or_default(), None))
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
        let span = raw.span();
        match convert(raw.get_ref()) {
            Ok(value) => Some(Given { value, span }),
            Err(wrong) => {
                self.refuse(key, span, wrong);
                None
            }
        }
    }

    /// A whole number within `range`.
    pub(super) fn number<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let given = self.get(key, |value| value::whole(value, &range))?;
        Some(given.value)
    }

    /// A number with or without a point within `range`.
    pub(super) fn fraction(&self, key: &'static str, range: RangeInclusive<f32>) -> Option<f32> {
        let given = self.get(key, |value| value::fraction(value, &range))?;
        Some(given.value)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        Some(self.get(key, value::flag)?.value)
    }

    /// A duration such as `"1h 30m"` within `range`.
    pub(super) fn duration(
        &self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let given = self.get(key, |value| value::duration(value, &range))?;
        Some(given.value)
    }

    /// A size such as `"32 KiB"` within `range`, in bytes.
    pub(super) fn size<T>(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<T>
    where
        T: TryFrom<u64>,
    {
        let given = self.get(key, |value| value::size(value, &range))?;
        Some(given.value)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let given = self.get(key, |value| value::word(value, words))?;
        Some(given.value)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &'static str) -> Option<Given<String>> {
        self.get(key, value::text)
    }

    /// Several texts, none of them empty.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<Given<String>>> {
        let raw = self.raw(key)?;
        let Some(items) = raw.get_ref().as_array() else {
            let help = "put the texts in brackets: [\"…\", \"…\"]";
            self.refuse(
                key,
                raw.span(),
                Wrong::kind(raw.get_ref(), "an array of texts", help),
            );
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            let span = item.span();
            match value::text(item.get_ref()) {
                Ok(value) => texts.push(Given { value, span }),
                Err(wrong) => {
                    let found = format!("holds a value that {}", wrong.found);
                    self.refuse(key, span, Wrong { found, ..wrong });
                }
            }
        }
        Some(texts)
    }

    /// Tells that a value does not do.
    pub(super) fn refuse(&self, key: &str, span: Span, wrong: Wrong) {
        let draft = Draft::new(&self.full(key), Some(span), wrong.found);
        self.report
            .fault(draft.allowed(wrong.allowed).help(wrong.help));
    }

    /// The section `[key]`.
    pub(super) fn section(&self, key: &'static str) -> Section<'r, 't> {
        let raw = self.raw(key);
        let table = raw.and_then(|raw| self.table_of(key, raw, &format!("[{key}]")));
        Section::new(self.report, key, table, raw.map(Spanned::span))
    }

    /// The section `[name]`, which is this one's `key`; `None` where the file has none.
    pub(super) fn part(&self, key: &'static str, name: &'static str) -> Option<Section<'r, 't>> {
        let raw = self.raw(key)?;
        let table = self.table_of(key, raw, &format!("[{name}]"))?;
        Some(Section::new(
            self.report,
            name,
            Some(table),
            Some(raw.span()),
        ))
    }

    /// The sections `[[key]]`.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'r, 't>> {
        self.parts(key, key)
    }

    /// The sections `[[name]]`, which are this one's `key`.
    pub(super) fn parts(&self, key: &'static str, name: &'static str) -> Vec<Section<'r, 't>> {
        let header = format!("[[{name}]]");
        let Some(raw) = self.raw(key) else {
            return Vec::new();
        };
        let Some(items) = raw.get_ref().as_array() else {
            self.not_a_table(key, raw, &header);
            return Vec::new();
        };
        let section = |item: &'r Spanned<DeValue<'t>>| {
            let table = self.table_of(key, item, &header)?;
            Some(Section::new(
                self.report,
                name,
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
        header: &str,
    ) -> Option<&'r DeTable<'t>> {
        let table = raw.get_ref().as_table();
        if table.is_none() {
            self.not_a_table(key, raw, header);
        }
        table
    }

    fn not_a_table(&self, key: &str, raw: &Spanned<DeValue<'t>>, header: &str) {
        self.report.mask(raw);
        let help = format!("write {header} on a line of its own, and the keys below it");
        let wrong = Wrong::kind(raw.get_ref(), &format!("a section {header}"), &help);
        self.refuse(key, raw.span(), wrong);
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(self) {
        let mut known = self.asked.take();
        known.sort_unstable();
        known.dedup();
        for (key, value) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            self.report.mask(value);
            let shown = if is_plain_name(name) {
                name
            } else {
                self.report.mask_name(key.span())
            };
            let near = known
                .iter()
                .map(|known| (strsim::jaro_winkler(known, name), *known))
                .filter(|(likeness, _)| *likeness > LIKE)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let help = match near {
                Some((_, known)) => format!("did you mean `{known}`?"),
                None => "remove it, or move it to the section that it belongs to".to_owned(),
            };
            let unknown = Draft::new(
                &self.full(shown),
                Some(key.span()),
                "is not a key that askd knows",
            );
            self.report
                .fault(unknown.allowed(known.join(", ")).help(help));
        }
    }
}
