//! `[metrics]`: where the figures are served, and that nobody shows them to other machines unawares.

use super::super::{
    Listen, Metrics, Secret,
    report::{Draft, Report},
    section::Section,
    value::Given,
};
use super::{
    Env,
    key::{self, TOKEN},
    server,
};

/// Bytes of a token at the least: nobody guesses that many.
const MIN_TOKEN: usize = 16;

/// Reads `[metrics]`; `served` is where askd itself is going to listen.
pub(super) fn read(
    report: &Report<'_>,
    section: Section<'_, '_>,
    served: &[Listen],
    env: Env<'_>,
) -> Metrics {
    let metrics = Metrics {
        listen: listen(report, &section, served),
        allow_open: section.flag("allow_open").unwrap_or(false),
        token: token(report, &section, env),
    };
    let is_given = TOKEN.keys().iter().any(|key| section.has(key));
    if let (Some(address), false, false) = (&metrics.listen, metrics.is_open(), is_given) {
        let message =
            format!("is {address}, which other machines can reach, and nobody needs a token there");
        report.fault(
            section
                .draft("listen", message)
                .allowed("the loopback, a token, or allow_open = true")
                .help(
                    "listen on 127.0.0.1; or give a token in [metrics]; or, if anybody may see the figures, write \
                     allow_open = true there",
                ),
        );
    }
    section.finish();
    metrics
}

fn listen(report: &Report<'_>, section: &Section<'_, '_>, served: &[Listen]) -> Option<Listen> {
    let Given { value, span } = section.text("listen")?;
    let full = section.full("listen");
    let draft = move |message: String| Draft::new(&full, Some(span), message);
    let one = server::each([(value, draft)].into_iter(), report).pop()?;
    if served.contains(&one) && !server::any_port(&one) {
        let draft = section.draft("listen", format!("has {one}, where askd serves its page"));
        report.fault(
            draft
                .allowed("an address that server.listen does not have")
                .help("choose another port; or remove it, and give a token: /metrics is among the page's addresses then"),
        );
        return None;
    }
    Some(one)
}

fn token(report: &Report<'_>, section: &Section<'_, '_>, env: Env<'_>) -> Option<Secret> {
    let token = key::read(report, section, &TOKEN, env)?;
    if token.expose().len() < MIN_TOKEN {
        let key = section.first_of(&TOKEN.keys());
        let draft = section.draft(key, "gives a token that could be guessed");
        report.fault(
            draft
                .allowed("16 letters and digits or more")
                .help("make one with `openssl rand -hex 32`"),
        );
    }
    Some(token)
}
