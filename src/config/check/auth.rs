//! `[auth]`: who may come in, and that nobody is let in unawares.

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt as _, path::Path};

use argon2::{Params, PasswordHash};
use ipnet::IpNet;
use url::{Host, Url};
use warp::http::HeaderName;

use super::super::{
    Auth, AuthMode, Listen, MAX_USER_NAME, Proxy, Secret, Server, User, is_clear,
    report::{Draft, Report},
    section::Section,
    value::Given,
};
use super::{hours, secs, written::written_file};

/// KiB that checking one password may take; two are checked at once.
const MAX_MEMORY: u32 = 256 << 10;
/// The header that most proxies with a sign-in of their own send (Authelia, Caddy's and nginx' examples).
const USUAL_HEADER: &str = "remote-user";

/// Reads `[auth]`, for what is going to listen.
pub(super) fn read(report: &Report<'_>, section: Section<'_, '_>, server: &Server) -> Auth {
    let (listen, proxies) = (&*server.listen, &*server.trusted_proxies);
    let words = [
        ("none", AuthMode::None),
        ("password", AuthMode::Password),
        ("header", AuthMode::Header),
    ];
    let word = section.word("mode", &words).unwrap_or(AuthMode::None);
    let allow_open = section.flag("allow_open").unwrap_or(false);
    let users = users(report, &section);
    let header = header(&section);
    let admins = section.texts("admins").unwrap_or_default();
    if !section.has("mode") && (section.has("user") || section.has("admins")) {
        let message = "is missing, and there are users or admins: nobody would have to sign in";
        let draft = section.draft("mode", message);
        report.fault(draft.help(
            "write mode = \"password\" or \"header\" in [auth], or \"none\" if nobody is to sign in",
        ));
    }
    match word {
        AuthMode::None if !allow_open => nobody_unawares(report, &section, server),
        AuthMode::Password if users.is_empty() && !section.has("user") => {
            let draft = section.draft("mode", "is \"password\", and there is no user");
            report.fault(draft.allowed("at least one [[auth.user]]").help(
                "make a hash with `askd hash-password`, and write [[auth.user]] with name and password_hash",
            ));
        }
        AuthMode::Header
            if proxies.is_empty() && !report.is_faulty(&["server.trusted_proxies"]) =>
        {
            let draft = section.draft("mode", "is \"header\", and no proxy is believed");
            report.fault(draft.allowed("server.trusted_proxies").help(
                "name the proxy's address in server.trusted_proxies, such as [\"127.0.0.1\"]",
            ));
        }
        AuthMode::Header if proxies.iter().any(is_everybody) => {
            let message = "is \"header\", and server.trusted_proxies believes whoever comes: anybody is whoever they say";
            let draft = section.draft("mode", message);
            report.fault(draft.allowed("proxies that are named").help(
                "name the proxy's own address or network in server.trusted_proxies, such as [\"127.0.0.1\"]",
            ));
        }
        AuthMode::Header if proxies.contains(&Proxy::Unix) => by_anybody(report, &section, listen),
        _ => {}
    }
    if word != AuthMode::Header && proxies.iter().any(is_everybody) {
        let message =
            "believes whoever comes: anybody may say from where, and limits by address hold nobody";
        let draft = Draft::new("server.trusted_proxies", None, message);
        report.warn(draft.help("name the proxy's own address or network, such as [\"127.0.0.1\"]"));
    }
    if word == AuthMode::Password {
        known_admins(report, &section, &admins, &users);
        in_the_clear(report, &section, server);
    }
    let auth = Auth {
        mode: word,
        allow_open,
        users,
        user_header: header,
        audit: written_file(report, &section, "audit", "/var/log/askd/audit.jsonl"),
        admins: admins.into_iter().map(|given| given.value).collect(),
        session_lifetime: section
            .duration("session_lifetime", secs(60)..=hours(24 * 400))
            .unwrap_or(hours(24 * 30)),
    };
    section.finish();
    auth
}

/// Whether it is so much of the world that it can be no network of anybody's: IPv4's largest are a /8, IPv6's own ones a /7.
fn is_everybody(proxy: &Proxy) -> bool {
    match proxy {
        Proxy::Network(IpNet::V4(network)) => network.prefix_len() < 8,
        Proxy::Network(IpNet::V6(network)) => network.prefix_len() < 7,
        Proxy::Unix => false,
    }
}

/// A Unix socket takes whoever reaches its folder, and who is believed there is whoever they say: that is told where all of this
/// machine reach one.
fn by_anybody(report: &Report<'_>, section: &Section<'_, '_>, listen: &[Listen]) {
    let is_open = |path: &Path| {
        path.parent().is_some_and(|folder| {
            let mut above = folder.ancestors();
            above.all(|folder| mode_of(folder).is_some_and(|mode| mode & 0o001 != 0))
        })
    };
    let open = listen.iter().find(|one| match one {
        Listen::Unix(path) => is_open(path),
        Listen::Tcp(_) => false,
    });
    let Some(open) = open else {
        return;
    };
    let draft = section.draft(
        "mode",
        format!(
            "is \"header\", server.trusted_proxies has \"unix\", and every user of this machine can reach {open}: they could be \
             whoever they say"
        ),
    );
    report.warn(draft.help(
        "put the socket into a folder of its own with mode 0750 and the proxy's group; docs/reverse-proxies.md says how",
    ));
}

/// `None`: there is no such folder yet, or it cannot be seen from here.
fn mode_of(folder: &Path) -> Option<u32> {
    Some(fs::metadata(folder).ok()?.permissions().mode())
}

/// Passwords and cookies that anybody on the way can read.
fn in_the_clear(report: &Report<'_>, section: &Section<'_, '_>, server: &Server) {
    let is_said = server
        .public_url
        .as_ref()
        .map(|url| url.scheme() == "https");
    let open = server.listen.iter().find(|one| one.is_beyond());
    if let (Some(open), None, None | Some(false)) = (open, &server.tls, is_said) {
        let message = format!(
            "is \"password\", and {open} speaks plain HTTP: passwords can be read on their way"
        );
        report.warn(section.draft("mode", message).help(
            "give a certificate in [server.tls]; or put a proxy with TLS before askd, and write its https:// address as server.public_url",
        ));
    }
}

/// Without a sign-in, whoever reaches the address may ask: that is to be said.
fn nobody_unawares(report: &Report<'_>, section: &Section<'_, '_>, server: &Server) {
    let Some(open) = server.listen.iter().find(|one| one.is_beyond()) else {
        behind_a_proxy_unawares(report, section, server);
        return;
    };
    let draft = section.draft(
        "mode",
        format!(
            "is \"none\", and {open} can be reached from other machines: anybody there could ask"
        ),
    );
    report.fault(
        draft
            .allowed("a sign-in, the loopback, or allow_open = true")
            .help(
                "set mode in [auth] to \"password\" or \"header\"; or listen on 127.0.0.1; or, if anybody may ask, write \
                 allow_open = true in [auth]",
            ),
    );
}

/// The same, where a proxy leads others there.
fn behind_a_proxy_unawares(report: &Report<'_>, section: &Section<'_, '_>, server: &Server) {
    let public = server.public_url.as_ref().and_then(Url::host);
    let is_here = match public {
        None | Some(Host::Domain("localhost")) => true,
        Some(Host::Domain(_)) => false,
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
    };
    if !is_here {
        let message = "is \"none\", and server.public_url is for others: whoever reaches the page there may ask";
        report.warn(section.draft("mode", message).help(
            "set mode in [auth] to \"password\" or \"header\"; or, if the proxy keeps others out or anybody may ask, write allow_open = true",
        ));
    }
}

fn users(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<User> {
    let mut users = Vec::new();
    let mut names = HashSet::new();
    for part in section.parts("user", "auth.user") {
        let name = part.text("name");
        part.raw_secret("password_hash");
        let hash = part.text("password_hash");
        for key in ["name", "password_hash"] {
            if !part.has(key) {
                let draft = part.draft(key, "is missing");
                report.fault(draft.help("each [[auth.user]] has a name and a password_hash"));
            }
        }
        let name = name.filter(|given| {
            let fault = match given.value.as_str() {
                long if long.len() > MAX_USER_NAME => Some("is longer than 200 bytes"),
                odd if !is_clear(odd) => Some("has blanks around it, or signs that cannot be seen"),
                twice if !names.insert(twice.to_owned()) => {
                    Some("is the name of another [[auth.user]] too")
                }
                _ => None,
            };
            if let Some(fault) = fault {
                let draft = part.draft("name", fault);
                report.fault(draft.help("choose another name"));
            }
            fault.is_none()
        });
        let hash = hash.filter(|given| is_hash(report, &part, given));
        if let (Some(name), Some(hash)) = (name, hash) {
            users.push(User {
                name: name.value,
                password_hash: Secret::new(hash.value),
            });
        }
        part.finish();
    }
    users
}

/// Whether it is Argon2id's, in a form that this machine can check.
fn is_hash(report: &Report<'_>, part: &Section<'_, '_>, given: &Given<String>) -> bool {
    let parsed = PasswordHash::new(&given.value).ok();
    let whole = parsed.filter(|hash| hash.salt.is_some() && hash.hash.is_some());
    let params = whole.as_ref().and_then(|hash| Params::try_from(hash).ok());
    let wrong = match (whole, params) {
        (Some(hash), Some(params)) if hash.algorithm.as_str() == "argon2id" => {
            if params.m_cost() <= MAX_MEMORY {
                return true;
            }
            "takes more than 256 MiB to check"
        }
        _ => "is no hash of Argon2id",
    };
    let draft = part.draft("password_hash", wrong);
    report.fault(
        draft
            .allowed("\"$argon2id$v=19$m=…,t=…,p=…$…$…\"")
            .help("make it with `askd hash-password`; the password itself belongs in no file"),
    );
    false
}

fn header(section: &Section<'_, '_>) -> String {
    let Some(given) = section.text("user_header") else {
        return USUAL_HEADER.to_owned();
    };
    match HeaderName::try_from(&given.value) {
        Ok(name) => name.as_str().to_owned(),
        Err(_) => {
            let wrong = super::super::value::Wrong::new(
                format_args!("{:?}", given.value),
                "a header's name, such as \"Remote-User\"",
                "write the name alone, without a colon",
            );
            section.refuse("user_header", given.span, wrong);
            USUAL_HEADER.to_owned()
        }
    }
}

/// In the file stands who there is, so an admin who is nobody is a name mistyped.
fn known_admins(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    admins: &[Given<String>],
    users: &[User],
) {
    for Given { value, span } in admins {
        if users.iter().any(|user| user.name == *value)
            || report.is_faulty(&["auth.user.name", "auth.user.password_hash"])
        {
            continue;
        }
        let message = format!("names {value:?}, and no [[auth.user]] is called so");
        let draft = Draft::new(&section.full("admins"), Some(span.clone()), message);
        report.fault(draft.help("write the name as it stands in [[auth.user]], or remove it"));
    }
}
