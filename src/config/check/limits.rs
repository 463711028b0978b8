//! `[limits]`: every key is a number, and 0 is no limit.

use super::super::{Limits, Share, report::Report, section::Section};

/// The largest number of tokens that may be written: more than any endpoint makes in a day.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// Reads `[limits]` and the sections in it.
pub(super) fn read(report: &Report<'_>, section: Section<'_, '_>) -> Limits {
    let user = section.part("user", "limits.user");
    let sessions = (user.as_ref()).and_then(|user| user.number("sessions", 0..=1_000_000));
    let address = section.part("address", "limits.address");
    elsewhere(report, address.as_ref(), "server.max_sessions_per_client");
    let all = section.part("all", "limits.all");
    elsewhere(report, all.as_ref(), "server.max_sessions");
    section.finish();
    Limits {
        user_sessions: sessions.unwrap_or(0),
        user: share(user),
        address: share(address),
        all: share(all),
    }
}

/// Names the key that says it, where somebody looks for the cap of sessions here.
fn elsewhere(report: &Report<'_>, section: Option<&Section<'_, '_>>, key: &str) {
    let Some(section) = section.filter(|section| section.has("sessions")) else {
        return;
    };
    // Asked for, so that it is not told a second time as unknown.
    let _ = section.raw("sessions");
    let draft = section.draft("sessions", "is said by another key");
    report.fault(
        draft
            .allowed(key)
            .help(format!("write the number at {key}, and remove this line")),
    );
}

fn share(section: Option<Section<'_, '_>>) -> Share {
    let Some(section) = section else {
        return Share::default();
    };
    let share = Share {
        questions_per_minute: section
            .number("questions_per_minute", 0..=60_000)
            .unwrap_or(0),
        answers_at_once: section
            .number("answers_at_once", 0..=1_000_000)
            .unwrap_or(0),
        tokens_per_day: section
            .number("tokens_per_day", 0..=MOST_TOKENS)
            .unwrap_or(0),
    };
    section.finish();
    share
}
