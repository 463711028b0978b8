//! `[page]`, checked: what the page says, and what of the operator's own it wears.

use std::fmt;

use bytes::Bytes;

use super::accent::Accent;

/// `[page]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The window's and the page's title.
    pub title: String,
    /// Shown before the first question; Markdown.
    pub welcome: String,
    /// Questions offered before the first one.
    pub suggestions: Vec<String>,
    /// Which of the two are the operator's own.
    pub said: Said,
    /// Origins of the sites that may show the page in a frame; empty: none may.
    pub embed_origins: Vec<String>,
    /// The tag of a language that the page has; `None`: what each reader's browser asks for.
    pub language: Option<&'static str>,
    /// Shown beside the title.
    pub logo: Option<OwnFile>,
    /// In the place of the page's own accent.
    pub accent: Option<Accent>,
    /// Where else the page leads: an imprint, privacy.
    pub footer: Vec<FooterLink>,
    /// A line below the composer.
    pub disclaimer: Option<String>,
    /// Rules that win over the page's own.
    pub css: Option<OwnFile>,
}

/// What of the greeting is the operator's own; the rest follows from what askd answers from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// `page.welcome`.
    pub welcome: bool,
    /// `page.suggestions`.
    pub suggestions: bool,
}

/// `[[page.footer]]`
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FooterLink {
    /// What it says.
    pub text: String,
    /// `http`, `https`, `mailto`, or a path on this host.
    pub url: String,
}

/// A file of the operator's, as it was when the configuration was read.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// What it is, by its content.
    pub kind: Kind,
    /// All of it.
    pub content: Bytes,
}

/// What a file of the operator's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A drawing, which may hold scripts: whoever sends it disarms it.
    Svg,
    /// A picture.
    Png,
    /// A picture.
    Webp,
    /// A stylesheet.
    Css,
}

/// Leaves the content out.
impl fmt::Debug for OwnFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.content.len())
    }
}
