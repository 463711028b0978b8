//! `[server]`: listeners, origins and limits.

use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
};

use ipnet::IpNet;
use url::Url;

use super::super::{
    Listen, Proxy, Server,
    report::{Draft, Report},
    section::Section,
    value::{Given, Wrong},
};
use super::{secs, tls};

/// Bytes that the kernel takes for a Unix socket's path (`sun_path`, with its closing zero).
const MAX_UNIX_PATH: usize = 107;

/// What to listen on when nobody says.
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Where people override `server.listen`.
const FLAG: &str = "--listen or ASKD_LISTEN";

/// Reads `[server]`; `over` replaces `listen` where it is not empty.
pub(super) fn read(report: &Report<'_>, section: Section<'_, '_>, over: &[String]) -> Server {
    let listen = listen(report, &section, over);
    let server = Server {
        public_url: public_url(report, &section),
        allowed_origins: allowed_origins(report, &section),
        max_connections: section
            .number("max_connections", 1..=1_000_000)
            .unwrap_or(12_000),
        max_connections_per_client: section
            .number("max_connections_per_client", 1..=1_000_000)
            .unwrap_or(300),
        max_sessions: section
            .number("max_sessions", 1..=1_000_000)
            .unwrap_or(10_000),
        max_sessions_per_client: section
            .number("max_sessions_per_client", 1..=1_000_000)
            .unwrap_or(100),
        header_timeout: section
            .duration("header_timeout", secs(1)..=secs(600))
            .unwrap_or(secs(10)),
        trusted_proxies: trusted_proxies(report, &section),
        proxy_protocol: section.flag("proxy_protocol").unwrap_or(false),
        shutdown_grace: section
            .duration("shutdown_grace", secs(0)..=secs(3600))
            .unwrap_or(secs(20)),
        tls: tls::read(report, &section, &listen),
        listen,
    };
    let keys = ["server.max_sessions", "server.max_connections"];
    if server.max_sessions > server.max_connections && !report.is_faulty(&keys) {
        let key = section.first_of(&["max_sessions", "max_connections"]);
        let draft = section.draft(key, "does not fit: each session needs a connection");
        report.fault(
            draft
                .allowed("max_sessions <= max_connections")
                .help(format!(
                    "raise server.max_connections to {}, or lower server.max_sessions to {}",
                    server.max_sessions, server.max_connections
                )),
        );
    }
    if server.proxy_protocol
        && server.trusted_proxies.is_empty()
        && !report.is_faulty(&["server.trusted_proxies"])
    {
        let message = "needs a proxy that is believed: every other connection is closed";
        let draft = section.draft("proxy_protocol", message);
        report.fault(
            draft
                .allowed("true beside server.trusted_proxies")
                .help("name the proxy in server.trusted_proxies, or remove this line"),
        );
    }
    let public = server.public_url.as_ref();
    if server.tls.is_some() && public.is_some_and(|url| url.scheme() == "http") {
        let message = "does not fit [server.tls]: readers come over https";
        let draft = section.draft("public_url", message);
        report.fault(draft.help("begin it with https://, or remove [server.tls]"));
    }
    section.finish();
    server
}

fn listen(report: &Report<'_>, section: &Section<'_, '_>, over: &[String]) -> Vec<Listen> {
    // The file's own value is checked even where it is replaced: its faults do not wait for the day when
    // the flag goes.
    let written = section.texts("listen");
    if section.has("listen") && written.as_ref().is_some_and(Vec::is_empty) {
        let draft = section.draft("listen", "is empty");
        report.fault(
            draft
                .allowed("at least one address")
                .help(format!("write listen = [\"{DEFAULT_LISTEN}\"]")),
        );
    }
    let written = written.unwrap_or_default();
    let file = each(
        written.into_iter().map(|Given { value, span }| {
            let full = section.full("listen");
            (value, move |message: String| {
                Draft::new(&full, Some(span), message)
            })
        }),
        report,
    );
    let flag = each(
        over.iter().map(|value| {
            let draft = |message: String| {
                Draft::new("", None, format!("the address {message}")).origin(FLAG)
            };
            (value.clone(), draft)
        }),
        report,
    );
    if !flag.is_empty() {
        flag
    } else if !file.is_empty() {
        file
    } else {
        parse(DEFAULT_LISTEN).into_iter().collect()
    }
}

/// Parses addresses, and tells those that cannot be or come twice.
pub(super) fn each<D: FnOnce(String) -> Draft>(
    addresses: impl Iterator<Item = (String, D)>,
    report: &Report<'_>,
) -> Vec<Listen> {
    let mut listen = Vec::new();
    for (address, draft) in addresses {
        match parse(&address) {
            Err(wrong) => {
                report.fault(draft(wrong.found).allowed(wrong.allowed).help(wrong.help));
            }
            Ok(one) if listen.contains(&one) && !any_port(&one) => {
                report.fault(
                    draft(format!("is {address:?} once more")).help("remove one of the two"),
                );
            }
            Ok(one) => listen.push(one),
        }
    }
    listen
}

/// Port 0 is another port each time.
pub(super) fn any_port(listen: &Listen) -> bool {
    matches!(listen, Listen::Tcp(address) if address.port() == 0)
}

fn parse(address: &str) -> Result<Listen, Wrong> {
    let allowed = "\"127.0.0.1:8080\", \"[::]:80\" or \"unix:/run/askd.sock\"";
    let wrong = |help: &str| Wrong::new(format_args!("{address:?}"), allowed, help);
    if let Some(path) = address.strip_prefix("unix:") {
        if !path.starts_with('/') {
            return Err(wrong(
                "write the socket's whole path: unix:/run/askd/askd.sock",
            ));
        }
        if path.len() > MAX_UNIX_PATH {
            return Err(wrong(
                "the kernel takes at most 107 bytes: choose a shorter path",
            ));
        }
        return Ok(Listen::Unix(PathBuf::from(path)));
    }
    if let Ok(numeric) = address.parse::<SocketAddr>() {
        return Ok(Listen::Tcp(numeric));
    }
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(wrong("name a host and a port, with a colon between them"));
    };
    if port.parse::<u16>().is_err() {
        return Err(wrong("the port is a number, 0 to 65535"));
    }
    if host.is_empty() || host == "*" {
        return Err(wrong(
            "for all addresses write [::] or 0.0.0.0 before the port",
        ));
    }
    let resolved: Vec<SocketAddr> = address
        .to_socket_addrs()
        .map_err(|error| {
            wrong(&format!(
                "write the host as numbers; its name is not known here: {error}"
            ))
        })?
        .collect();
    // A name such as `localhost` has several addresses; people and proxies try the IPv4 one most often.
    let first = resolved.iter().find(|a| a.is_ipv4()).or(resolved.first());
    first
        .map(|address| Listen::Tcp(*address))
        .ok_or_else(|| wrong("write the host as numbers; its name has no address"))
}

fn trusted_proxies(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<Proxy> {
    let mut proxies = Vec::new();
    for Given { value, span } in section.texts("trusted_proxies").unwrap_or_default() {
        let network = || value.parse::<IpNet>().ok();
        let address = || value.parse::<IpAddr>().ok().map(IpNet::from);
        match value.as_str() {
            "unix" => proxies.push(Proxy::Unix),
            _ => match network().or_else(address) {
                Some(network) => proxies.push(Proxy::Network(network.trunc())),
                None => {
                    let draft = Draft::new(
                        &section.full("trusted_proxies"),
                        Some(span),
                        "holds what is no address",
                    );
                    report.fault(
                        draft
                            .allowed("\"127.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\" or \"unix\"")
                            .help("write addresses or networks as numbers; \"unix\" is whoever comes over a Unix socket"),
                    );
                }
            },
        }
    }
    proxies
}

fn public_url(report: &Report<'_>, section: &Section<'_, '_>) -> Option<Url> {
    let given = section.text("public_url")?;
    match web_address(&given.value).and_then(based) {
        Ok(url) => Some(url),
        Err(help) => {
            let draft = section.draft("public_url", "cannot be the page's address");
            report.fault(draft.allowed("\"https://ask.example.org\"").help(help));
            None
        }
    }
}

/// Names that stand first in askd's own addresses. Below such a path an address without it could be one with it.
const OWN: [&str; 9] = [
    "admin", "api", "assets", "c", "embed", "healthz", "metrics", "readyz", "ws",
];

/// An address whose path may stand before all of askd's own.
fn based(url: Url) -> Result<Url, &'static str> {
    if url.query().is_some() {
        return Err("remove the ? and what follows it");
    }
    let path = url.path().trim_matches('/');
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    let mut segments = path.split('/');
    if !path.is_empty() && !segments.all(|part| !part.is_empty() && part.chars().all(plain)) {
        return Err("keep to letters, digits and -._~ between the slashes of the path");
    }
    match path.split('/').next() {
        Some(first) if OWN.contains(&first) => {
            Err("choose another path: askd has addresses of its own that begin so")
        }
        _ => Ok(url),
    }
}

fn allowed_origins(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<String> {
    let any = "name each origin: with * any page on the web could use this server";
    origins(report, section, "allowed_origins", |value| match value {
        "*" => Err(any),
        _ => origin(value),
    })
}

/// The origins that a key names, as `read` makes each.
pub(super) fn origins(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    key: &'static str,
    read: impl Fn(&str) -> Result<String, &'static str>,
) -> Vec<String> {
    let mut origins = Vec::new();
    for Given { value, span } in section.texts(key).unwrap_or_default() {
        match read(&value) {
            Ok(origin) => origins.push(origin),
            Err(help) => {
                let message = "holds what is not an origin";
                let draft = Draft::new(&section.full(key), Some(span), message);
                report.fault(draft.allowed("\"https://example.org\"").help(help));
            }
        }
    }
    origins
}

/// An address of the web that ends behind the host or the port, as browsers write it.
pub(super) fn origin(text: &str) -> Result<String, &'static str> {
    let url = web_address(text)?;
    match url.path() {
        "/" if url.query().is_none() => Ok(url.origin().ascii_serialization()),
        _ => Err("an origin ends behind the host or the port: remove the path"),
    }
}

/// An `http` or `https` URL that names a server and nobody's password.
pub(super) fn web_address(text: &str) -> Result<Url, &'static str> {
    const SCHEME: &str = "begin with http:// or https:// and the host";
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return Err(SCHEME);
    }
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::EmptyHost => "name the host behind the //",
        url::ParseError::InvalidPort => "the port is a number, 1 to 65535",
        url::ParseError::InvalidIpv4Address | url::ParseError::InvalidIpv6Address => {
            "the host looks like an IP address, and is none"
        }
        _ => SCHEME,
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("remove the user and the password before the @");
    }
    if url.fragment().is_some() {
        return Err("remove the # and what follows it");
    }
    Ok(url)
}
