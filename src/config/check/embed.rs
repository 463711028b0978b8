//! `page.embed_origins`: the sites that may show the page in a frame. They become a part of a header, in which more signs
//! mean something than in an address.

use url::{Host, Url};

use super::{
    super::{report::Report, section::Section},
    server,
};

/// How many sites: all of them stand in one header.
const MAX_SITES: usize = 50;

/// Reads the key.
pub(super) fn origins(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<String> {
    const KEY: &str = "embed_origins";
    let origins = server::origins(report, section, KEY, site);
    if origins.len() > MAX_SITES {
        let draft = section.draft(KEY, format!("names {} sites", origins.len()));
        report.fault(
            draft
                .allowed(format!("up to {MAX_SITES} origins"))
                .help("name those alone that have the button"),
        );
    }
    origins
}

fn site(text: &str) -> Result<String, &'static str> {
    if text.contains('*') {
        return Err("name each site: behind a * anybody's page could show this one as its own");
    }
    let origin = server::origin(text)?;
    let url = Url::parse(&origin);
    match url.as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) if name.bytes().all(is_of_name) => Ok(origin),
        Some(Host::Ipv4(_)) => Ok(origin),
        Some(Host::Ipv6(_)) => Err("browsers take no IPv6 address here: write the host's name"),
        _ => Err("a host's name has letters, digits, - and . alone"),
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}
