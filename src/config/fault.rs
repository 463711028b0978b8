//! What is wrong with a configuration, as a person reads it: file, line, column, key, the line itself with
//! a caret, what is allowed and what to do.
//!
//! A fault is made complete when it is found: its echo of the source line is masked already, so nothing
//! that is kept, printed or debugged here can hold a secret.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// One thing that is wrong, or doubtful, in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file's path, or what else the value came from: `--listen`, `ASKD_LOG`.
    pub origin: String,
    /// Where in the file; absent for what came from elsewhere.
    pub place: Option<Place>,
    /// The key's full name, `server.listen`; empty where the fault is not about one key.
    pub key: String,
    /// What was found.
    pub message: String,
    /// What is allowed instead, behind "allowed: "; shown beside the caret.
    pub allowed: String,
    /// What to do.
    pub help: String,
}

/// Where a fault is, with the line to show for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The line, with every secret in it masked and without its comment.
    pub echo: String,
    /// The bytes of `echo` that the caret goes under.
    pub caret: Range<usize>,
}

/// Characters of an "allowed: …" beyond which it gets a line of its own, below the caret's.
const LONG_LABEL: usize = 70;

/// How to begin a rendered fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Error,
    Warning,
}

impl Fault {
    /// The message as a warning for people, with colours if the terminal shows them.
    pub fn render_warning(&self, colour: bool) -> String {
        self.render(Severity::Warning, colour)
    }

    fn title(&self) -> String {
        match self.key.as_str() {
            "" => self.message.clone(),
            key => format!("`{key}` {}", self.message),
        }
    }

    fn render(&self, severity: Severity, colour: bool) -> String {
        let level = match severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let title = self.title();
        let mut group = Group::with_title(level.primary_title(title.as_str()));
        let allowed = match self.allowed.as_str() {
            "" => String::new(),
            allowed => format!("allowed: {allowed}"),
        };
        let long = allowed.chars().count() > LONG_LABEL;
        let label = if long { "" } else { allowed.as_str() };
        match &self.place {
            Some(place) => {
                let caret = AnnotationKind::Primary.span(place.caret.clone());
                let snippet = Snippet::source(place.echo.as_str())
                    .path(self.origin.as_str())
                    .line_start(place.line)
                    .annotation(caret.label((!label.is_empty()).then_some(label)));
                group = group.element(snippet);
            }
            None => group = group.element(Origin::path(self.origin.as_str())),
        }
        if !allowed.is_empty() && (long || self.place.is_none()) {
            group = group.element(Level::NOTE.message(allowed.as_str()));
        }
        if !self.help.is_empty() {
            group = group.element(Level::HELP.message(self.help.as_str()));
        }
        self.with_true_column(renderer.render(&[group]))
    }

    /// The renderer counts columns in the echo, where a mask may be shorter than its secret.
    fn with_true_column(&self, rendered: String) -> String {
        let Some(place) = &self.place else {
            return rendered;
        };
        let at = |column: usize| format!("{}:{}:{column}", self.origin, place.line);
        let echoed = place.echo[..place.caret.start].chars().count() + 1;
        rendered.replacen(&at(echoed), &at(place.column), 1)
    }
}

/// One line, for the log: where, what, what is allowed, and what to do.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(place) = &self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        write!(f, ": {}", self.title())?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

/// Every fault of one configuration, in the file's order; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// The whole report for people, with colours if the terminal shows them.
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        for fault in &self.0 {
            text.push_str(&fault.render(Severity::Error, colour));
            text.push_str("\n\n");
        }
        text.push_str(&match self.0.len() {
            1 => "1 fault; askd does not start with it".to_owned(),
            n => format!("{n} faults; askd does not start with them"),
        });
        text
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
