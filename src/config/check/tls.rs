//! `[server.tls]`: the certificate and its key, read here so that a pair that cannot be served never starts.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::super::{
    Listen, Tls,
    report::{Draft, Report},
    section::Section,
    value::Given,
};
use super::{key::is_readable_by_all, secs, server};
use crate::tls::pair::{Pair, PairError, Part, SOON, Wrong};

/// The longest that browsers may be bound for: two years.
const MAX_HSTS: Duration = secs(63_115_200);

/// Reads the section, if the file has it; `listen` is what speaks TLS then.
pub(super) fn read(
    report: &Report<'_>,
    server: &Section<'_, '_>,
    listen: &[Listen],
) -> Option<Tls> {
    let section = server.part("tls", "server.tls")?;
    let files = ["certificate", "key"].map(|key| {
        let given = section.text(key).map(|given| PathBuf::from(given.value));
        if !section.has(key) {
            let draft = section.draft(key, "is missing");
            report.fault(draft.help(format!("add {key} = \"…\", the path of a file in PEM")));
        }
        given
    });
    let tls = Tls {
        redirect: redirect(report, &section, listen),
        hsts: section.duration("hsts", Duration::ZERO..=MAX_HSTS),
        certificate: files[0].clone().unwrap_or_default(),
        key: files[1].clone().unwrap_or_default(),
    };
    if let [Some(certificate), Some(key)] = &files {
        look_at(report, &section, certificate, key);
    }
    if !listen.iter().any(|one| matches!(one, Listen::Tcp(_))) {
        let draft = Draft::new("server.tls", section.header(), "serves nobody");
        let help =
            "Unix sockets stay plain: add a TCP address to server.listen, or remove the section";
        report.warn(draft.help(help));
    }
    section.finish();
    Some(tls)
}

/// Tells what is wrong with the files, or will be soon.
fn look_at(report: &Report<'_>, section: &Section<'_, '_>, certificate: &Path, key: &Path) {
    let pair = match Pair::read(certificate, key) {
        Ok(pair) => pair,
        Err(PairError { part, path, wrong }) => {
            let name = match part {
                Part::Certificate => "certificate",
                Part::Key => "key",
            };
            let draft = section.draft(name, format!("cannot be used: {} {wrong}", path.display()));
            return report.fault(draft.help(wrong.help()));
        }
    };
    let (now, until) = (SystemTime::now(), pair.until);
    if until < now + SOON {
        let when = match until < now {
            true => Wrong::Expired(until).to_string(),
            false => format!("expires on {}", httpdate::fmt_http_date(until)),
        };
        let draft = section.draft("certificate", format!("{when}: {}", certificate.display()));
        report.warn(draft.help("have it renewed; askd takes the new one up by itself"));
    }
    if is_readable_by_all(key) {
        let message = format!(
            "can be read by every user of this machine: {}",
            key.display()
        );
        let draft = section.draft("key", message);
        let help = "give it to a group of askd's (SupplementaryGroups= in the unit) and chmod o-r";
        report.warn(draft.allowed("a file for askd's user alone").help(help));
    }
}

fn redirect(report: &Report<'_>, section: &Section<'_, '_>, listen: &[Listen]) -> Vec<SocketAddr> {
    let full = section.full("redirect");
    let given = section.texts("redirect").unwrap_or_default();
    let addresses = given.into_iter().map(|Given { value, span }| {
        let full = full.clone();
        let draft = move |message: String| Draft::new(&full, Some(span), message);
        (value, draft)
    });
    let refuse = |message: String, help: &str| {
        let allowed = "addresses of TCP that server.listen does not have";
        report.fault(
            section
                .draft("redirect", message)
                .allowed(allowed)
                .help(help),
        );
    };
    let mut redirect = Vec::new();
    for one in server::each(addresses, report) {
        match one {
            Listen::Unix(_) => refuse(format!("has {one}"), "Unix sockets stay plain: remove it"),
            Listen::Tcp(address) if address.port() != 0 && listen.contains(&one) => refuse(
                format!("has {address}, where askd speaks TLS"),
                "remove it here, or in server.listen",
            ),
            Listen::Tcp(address) => redirect.push(address),
        }
    }
    redirect
}
