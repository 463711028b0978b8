//! `[page]`: what the page says, and what of the operator's own it wears. Its files are read here, once.

use std::{fs::File, io::Read, path::Path};

use toml::de::DeValue;
use url::Url;

use super::super::{
    Accent, Colour, Endpoint, FooterLink, Kind, Knowledge, OwnFile, Page, Said,
    report::{Draft, Report},
    section::Section,
    value::{self, Given, Wrong},
};
use super::{KIB, embed};

/// Bytes of a logo, and of a stylesheet: a reader waits for them.
const MAX_OWN: u64 = 256 * KIB;
/// Links in the footer.
const MAX_LINKS: usize = 10;
/// Letters of a link's text, and of the disclaimer: they stand on one line, or on a few of a telephone's.
const MAX_LINK: usize = 60;
const MAX_DISCLAIMER: usize = 300;

/// The tags of the languages that the page has; the build lists its message files.
const LANGUAGES: &str = env!("ASKD_PAGE_LANGUAGES");

/// Reads the section.
pub(super) fn read(
    report: &Report<'_>,
    section: Section<'_, '_>,
    knowledge: &Knowledge,
    endpoints: &[Endpoint],
) -> Page {
    let (welcome, suggestions) = greeting(knowledge, endpoints);
    let text = |key, default: &str| {
        section
            .text(key)
            .map_or_else(|| default.to_owned(), |given| given.value)
    };
    let mut page = Page {
        title: text("title", "askd"),
        welcome: text("welcome", welcome),
        suggestions: asked_first(report, &section)
            .unwrap_or_else(|| suggestions.iter().map(|&s| s.to_owned()).collect()),
        said: Said::default(),
        embed_origins: embed::origins(report, &section),
        language: language(&section),
        logo: own(&section, "logo", "an SVG, PNG or WebP file", picture),
        accent: section.get("accent", accent).map(|given| given.value),
        footer: footer(report, &section),
        disclaimer: section
            .get("disclaimer", |value| line(value, MAX_DISCLAIMER))
            .map(|given| given.value),
        css: own(&section, "css", "a CSS file", stylesheet),
    };
    page.said = Said {
        welcome: page.welcome != welcome,
        suggestions: page.suggestions != suggestions,
    };
    section.finish();
    page
}

/// What the page says before the first question, by what it is answered from.
fn greeting(
    knowledge: &Knowledge,
    endpoints: &[Endpoint],
) -> (&'static str, &'static [&'static str]) {
    match (endpoints.is_empty(), knowledge.folders.is_empty()) {
        (true, true) => (
            "Ask about decentralised finance: lending, exchanges, staking, stablecoins, risks. \
             The answers come from a small set that askd carries inside.",
            &[
                "What is impermanent loss?",
                "How does liquid staking work?",
                "How do lending protocols set interest rates?",
                "What keeps a stablecoin at its peg?",
            ],
        ),
        (true, false) => (
            "Ask a question. The answers are passages of the documents that askd has read.",
            &[],
        ),
        (false, _) => ("Ask a question to begin.", &[]),
    }
}

/// The suggestions as they are written, each once.
fn asked_first(report: &Report<'_>, section: &Section<'_, '_>) -> Option<Vec<String>> {
    let mut suggestions: Vec<String> = Vec::new();
    for Given { value, span } in section.texts("suggestions")? {
        if suggestions.contains(&value) {
            let found = format!("holds {value:?} twice");
            let draft = Draft::new("page.suggestions", Some(span), found);
            let allowed = draft.allowed("each suggestion once");
            report.fault(allowed.help("remove one of the two"));
        } else {
            suggestions.push(value);
        }
    }
    Some(suggestions)
}

fn language(section: &Section<'_, '_>) -> Option<&'static str> {
    let tags = LANGUAGES.split(',').map(|tag| (tag, Some(tag)));
    let words: Vec<_> = [("auto", None)].into_iter().chain(tags).collect();
    section.word("language", &words).flatten()
}

fn accent(value: &DeValue<'_>) -> Result<Accent, Wrong> {
    let written = value::text(value)?;
    let colour = Colour::parse(&written).map(Accent::new);
    colour.ok_or_else(|| {
        let allowed = "a colour such as \"#2c6152\" or \"#07a\"";
        let help = "write a # and three or six hexadecimal digits";
        Wrong::new(format_args!("{written:?}"), allowed, help)
    })
}

/// A text on one line.
fn line(value: &DeValue<'_>, most: usize) -> Result<String, Wrong> {
    let text = value::text(value)?;
    let letters = text.chars().count();
    let found = if text.trim().is_empty() {
        "blank".to_owned()
    } else if text.contains(char::is_control) {
        "a text of several lines".to_owned()
    } else if letters > most {
        format!("{letters} letters long")
    } else {
        return Ok(text);
    };
    let allowed = format!("one line, at most {most} letters");
    Err(Wrong::new(
        found,
        &allowed,
        "shorten it, or remove the line",
    ))
}

fn footer(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<FooterLink> {
    let mut links = Vec::new();
    for link in section.parts("footer", "page.footer") {
        let required = |key| {
            if !link.has(key) {
                let draft = link.draft(key, "is missing");
                report.fault(draft.allowed(LINK).help("give each link both"));
            }
        };
        required("text");
        required("url");
        let text = link.get("text", |value| line(value, MAX_LINK));
        let url = link.get("url", address);
        if links.len() == MAX_LINKS {
            let draft = section.draft("footer", format!("has more than {MAX_LINKS} links"));
            let help = "keep those that people look for, and name the rest on a page of yours";
            report.fault(draft.allowed(format!("at most {MAX_LINKS}")).help(help));
            break;
        }
        if let (Some(text), Some(url)) = (text, url) {
            let (text, url) = (text.value, url.value);
            links.push(FooterLink { text, url });
        }
        link.finish();
    }
    links
}

const LINK: &str = "{ text = \"Imprint\", url = \"https://example.org/imprint\" }";

/// Where a link may lead. What has no scheme is a path of this host, or it would mean another one on each of the page's addresses.
fn address(value: &DeValue<'_>) -> Result<String, Wrong> {
    let written = value::text(value)?;
    let taken = match Url::parse(&written) {
        Ok(url) => ["http", "https", "mailto"].contains(&url.scheme()),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            written.starts_with('/') && !written.starts_with("//") && !written.contains('\\')
        }
        Err(_) => false,
    };
    if taken {
        return Ok(written);
    }
    let allowed = "\"https://…\", \"mailto:…\", or a path such as \"/imprint\"";
    let help = "write the whole address, or the path from the host on";
    Err(Wrong::new(format_args!("{written:?}"), allowed, help))
}

/// Reads a file of the operator's, which must be what `kind_of` takes.
fn own(
    section: &Section<'_, '_>,
    key: &'static str,
    allowed: &str,
    kind_of: fn(&[u8]) -> Option<Kind>,
) -> Option<OwnFile> {
    let Given { value: path, span } = section.text(key)?;
    let allowed = format!("{allowed} of at most {} KiB", MAX_OWN / KIB);
    let refuse = |found: String, help: &str| {
        let allowed = allowed.clone();
        let help = help.to_owned();
        section.refuse(
            key,
            span.clone(),
            Wrong {
                found,
                allowed,
                help,
            },
        );
        None
    };
    let mut content = Vec::new();
    let read = File::open(Path::new(&path))
        .and_then(|file| file.take(MAX_OWN + 1).read_to_end(&mut content));
    if let Err(error) = read {
        let help = "write the path of a file that the user askd runs as can read";
        return refuse(format!("cannot be read: {path:?}: {error}"), help);
    }
    if content.len() as u64 > MAX_OWN {
        let found = format!("is too large: {path:?} has more than {} KiB", MAX_OWN / KIB);
        return refuse(
            found,
            "make the file smaller: each reader's first visit loads it",
        );
    }
    let Some(kind) = kind_of(&content) else {
        let help = "name a file of that kind; what it is, its content says, not its name";
        return refuse(format!("is of no kind that the page takes: {path:?}"), help);
    };
    let content = content.into();
    Some(OwnFile { kind, content })
}

fn picture(content: &[u8]) -> Option<Kind> {
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(Kind::Png);
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Some(Kind::Webp);
    }
    let text = str::from_utf8(content).ok()?;
    root_of(text.trim_start_matches('\u{feff}'))
        .is_some_and(|root| root == "svg")
        .then_some(Kind::Svg)
}

/// The name of an XML document's root element, behind what may stand before it.
fn root_of(mut text: &str) -> Option<&str> {
    loop {
        text = text.trim_start();
        let end = match text {
            comment if comment.starts_with("<!--") => "-->",
            instruction if instruction.starts_with("<?") => "?>",
            // Editors of drawings declare entities within brackets.
            doctype if doctype.starts_with("<!") => {
                let (before, _) = doctype.split_once('>')?;
                if before.contains('[') { "]>" } else { ">" }
            }
            root => {
                let name = root.strip_prefix('<')?;
                return name
                    .split(|c: char| c.is_whitespace() || "/>".contains(c))
                    .next();
            }
        };
        text = text.split_once(end)?.1;
    }
}

fn stylesheet(content: &[u8]) -> Option<Kind> {
    // A picture or an archive under this key would silently do nothing.
    let text = str::from_utf8(content).ok()?;
    (!text.contains('\0') && !text.trim_start().starts_with('<')).then_some(Kind::Css)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_content() {
        let drawing = "<?xml version=\"1.0\"?>\n<!-- by hand -->\n<!DOCTYPE svg [ <!ENTITY a \"b\"> ]>\n<svg/>";
        for (content, kind) in [
            (b"\x89PNG\r\n\x1a\nrest".as_slice(), Some(Kind::Png)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(Kind::Webp)),
            (
                b"<svg xmlns=\"http://www.w3.org/2000/svg\">",
                Some(Kind::Svg),
            ),
            (b"\xef\xbb\xbf<svg>", Some(Kind::Svg)),
            (drawing.as_bytes(), Some(Kind::Svg)),
            (b"<html><svg></svg></html>", None),
            (b"<svgs>", None),
            (b"<!-- <svg>", None),
            (b"GIF89a", None),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"", None),
        ] {
            assert_eq!(picture(content), kind, "{}", content.escape_ascii());
        }
    }

    #[test]
    fn the_languages_are_the_pages_message_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/page/src/messages");
        let mut tags: Vec<String> = folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(".ts").unwrap().to_owned())
            .collect();
        tags.sort();
        assert_eq!(LANGUAGES.split(',').collect::<Vec<_>>(), tags);
        assert!(tags.contains(&"de".to_owned()));
    }
}
