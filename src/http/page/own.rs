//! The operator's own as files of the page: logo, accent and stylesheet, each under a name that holds its hash.

use std::{collections::HashMap, fmt::Write};

use bytes::Bytes;

use super::file::{File, HASHED, Variant, hash};
use crate::{
    config::{self, Accent, Kind},
    http::Base,
};

/// What a logo may do, should it be opened by its address: be drawn.
const DRAWN_ONLY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox; \
    frame-ancestors 'none'";

/// The files, and where each is found.
#[derive(Default)]
pub(super) struct Own {
    /// By their paths.
    pub(super) files: HashMap<String, File>,
    /// An address, as all of these.
    pub(super) logo: Option<String>,
    pub(super) accent: Option<String>,
    pub(super) css: Option<String>,
}

impl Own {
    pub(super) fn new(config: &config::Page, base: &Base) -> Self {
        let mut own = Self::default();
        let accent = config
            .accent
            .map(|accent| own.keep(base, Kind::Css, accented(&accent, ":root").into()));
        let mut keep = |file: &config::OwnFile| own.keep(base, file.kind, file.content.clone());
        let logo = config.logo.as_ref().map(&mut keep);
        let css = config.css.as_ref().map(keep);
        Self {
            logo,
            accent,
            css,
            ..own
        }
    }

    /// Keeps a file, and returns its address.
    fn keep(&mut self, base: &Base, kind: Kind, content: Bytes) -> String {
        let ending = match kind {
            Kind::Svg => "svg",
            Kind::Png => "png",
            Kind::Webp => "webp",
            Kind::Css => "css",
        };
        let mut path = format!("{HASHED}own-");
        for byte in hash(&content) {
            // Writing to a String cannot fail.
            let _ = write!(path, "{byte:02x}");
        }
        let path = format!("{path}.{ending}");
        let file = File {
            policy: (kind != Kind::Css).then_some(DRAWN_ONLY),
            variants: vec![Variant::plain(content)],
            ..File::named(&path)
        };
        let address = format!("{}{path}", base.as_str());
        self.files.insert(path, file);
        address
    }
}

/// Rules that put the accent in the place of the page's own, at what they hang on. On paper it is left out: there words are
/// black.
pub(super) fn accented(accent: &Accent, root: &str) -> String {
    let scheme = |accent, on| format!("{root}{{--accent:{accent};--on-accent:{on}}}");
    let [light, dark] = [
        scheme(accent.light, Accent::ON[0]),
        scheme(accent.dark, Accent::ON[1]),
    ];
    format!("@media screen{{{light}}}@media screen and (prefers-color-scheme:dark){{{dark}}}\n")
}
