//! Gathers the faults of one file while it is read, and places them when all is known.
//!
//! Placing waits for the end because the echo of a line must mask every secret on it, and which values are
//! secrets is known for certain only when every key has been asked for: a value that nobody asked for is
//! masked as well, since it may be a key under a mistyped name.

use std::cell::{Cell, RefCell};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    echo::{self, Span},
    fault::Fault,
};

/// The faults, the warnings and the secrets found so far.
pub(super) struct Report<'t> {
    origin: String,
    text: &'t str,
    /// Keys and values that have no parts: what lies between them is punctuation and comments.
    leaves: Vec<Span>,
    secrets: RefCell<Vec<Span>>,
    holds_key: Cell<bool>,
    faults: RefCell<Vec<Draft>>,
    warnings: RefCell<Vec<Draft>>,
}

/// A fault on its way: all but the place and the origin are final.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    span: Option<Span>,
    fault: Fault,
}

impl Draft {
    /// A fault of `key` (its full name), at a span of the file if it has one there.
    pub(super) fn new(key: &str, span: Option<Span>, message: impl Into<String>) -> Self {
        Self {
            span,
            fault: Fault {
                origin: String::new(),
                place: None,
                key: key.to_owned(),
                message: message.into(),
                allowed: String::new(),
                help: String::new(),
            },
        }
    }

    /// Says what would be right; a few words.
    pub(super) fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.fault.allowed = allowed.into();
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.fault.help = help.into();
        self
    }

    /// Says where the value came from, when it was not the file.
    pub(super) fn origin(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.fault.origin);
        self
    }
}

impl<'t> Report<'t> {
    /// A report on `text`, which people know as `origin` and which holds `root`.
    pub(super) fn new(origin: &str, text: &'t str, root: &DeTable<'_>) -> Self {
        let (mut leaves, mut secrets) = (Vec::new(), Vec::new());
        collect_leaves(root, &mut leaves, &mut secrets);
        Self {
            origin: origin.to_owned(),
            text,
            leaves,
            secrets: RefCell::new(secrets),
            holds_key: Cell::default(),
            faults: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// Takes a fault.
    pub(super) fn fault(&self, draft: Draft) {
        self.faults.borrow_mut().push(draft);
    }

    /// Takes a warning: the program starts all the same.
    pub(super) fn warn(&self, draft: Draft) {
        self.warnings.borrow_mut().push(draft);
    }

    /// Whether one of these keys (full names) has a fault already: what follows from it is not told again.
    pub(super) fn is_faulty(&self, keys: &[&str]) -> bool {
        let faults = self.faults.borrow();
        faults.iter().any(|f| keys.contains(&f.fault.key.as_str()))
    }

    /// Masks a value, and whatever it holds, in every echo.
    pub(super) fn mask(&self, value: &Spanned<DeValue<'_>>) {
        let mut secrets = self.secrets.borrow_mut();
        collect_values(value, &mut secrets);
    }

    /// Masks a name in every echo, and returns what stands for it.
    pub(super) fn mask_name(&self, name: Span) -> &'static str {
        self.secrets.borrow_mut().push(name);
        echo::MASK
    }

    /// Notes that the file itself holds what only askd should read.
    pub(super) fn note_key(&self) {
        self.holds_key.set(true);
    }

    /// Whether [`Self::note_key`] was called.
    pub(super) fn holds_key(&self) -> bool {
        self.holds_key.get()
    }

    /// The faults and the warnings, placed, in the file's order.
    pub(super) fn finish(self) -> (Vec<Fault>, Vec<Fault>) {
        let faults = self.placed(&self.faults.borrow());
        let warnings = self.placed(&self.warnings.borrow());
        (faults, warnings)
    }

    fn placed(&self, drafts: &[Draft]) -> Vec<Fault> {
        let mut drafts = drafts.to_vec();
        drafts.sort_by_key(|d| d.span.as_ref().map_or(usize::MAX, |s| s.start));
        drafts
            .into_iter()
            .map(|Draft { span, mut fault }| {
                if fault.origin.is_empty() {
                    fault.origin.clone_from(&self.origin);
                    let secrets = self.secrets.borrow();
                    fault.place = span.map(|s| echo::place(self.text, &s, &self.leaves, &secrets));
                }
                fault
            })
            .collect()
    }
}

/// The spans of all keys and of all values that have no parts; those that look like keys are secrets, wherever
/// they were pasted.
fn collect_leaves(table: &DeTable<'_>, leaves: &mut Vec<Span>, secrets: &mut Vec<Span>) {
    for (key, value) in table {
        leaves.push(key.span());
        each_leaf(value, leaves, secrets);
    }
}

fn each_leaf(value: &Spanned<DeValue<'_>>, leaves: &mut Vec<Span>, secrets: &mut Vec<Span>) {
    match value.get_ref() {
        DeValue::Table(table) => collect_leaves(table, leaves, secrets),
        DeValue::Array(items) => items
            .iter()
            .for_each(|item| each_leaf(item, leaves, secrets)),
        _ => {
            leaves.push(value.span());
            if value.get_ref().as_str().is_some_and(looks_like_a_key) {
                secrets.push(value.span());
            }
        }
    }
}

/// Whether a text has the look of an API key: a long word of letters and digits. It errs towards masking; the
/// names of models are spared, because their parts between dashes are short.
pub(super) fn looks_like_a_key(text: &str) -> bool {
    let of_a_key = |c: char| c.is_ascii_alphanumeric() || "_-.+/=".contains(c);
    let long = |part: &str| part.len() >= 12 && part.contains(|c: char| c.is_ascii_digit());
    text.len() >= 16 && text.chars().all(of_a_key) && text.split(['-', '_', '.', '/']).any(long)
}

/// The spans of the plain values in a value, and of its keys that may be more than names.
fn collect_values(value: &Spanned<DeValue<'_>>, values: &mut Vec<Span>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                if !is_plain_name(key.get_ref()) {
                    values.push(key.span());
                }
                collect_values(value, values);
            }
        }
        DeValue::Array(items) => items.iter().for_each(|v| collect_values(v, values)),
        _ => values.push(value.span()),
    }
}

/// Whether a name is no secret that was pasted in where a name belongs: none is made of letters alone.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '-';
    name.chars().all(plain)
}
