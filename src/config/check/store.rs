//! `[store]`: where conversations are kept, how long, and how much.

use std::{path::PathBuf, time::Duration};

use toml::de::DeValue;

use super::super::{
    Config, Store, StorePath, Synchronous,
    report::{Draft, Report},
    section::Section,
    value::{self, Wrong},
};
use super::{Env, GIB, MIB, hours, secs};

/// Reads the section.
pub(super) fn read(report: &Report<'_>, section: Section<'_, '_>, env: Env<'_>) -> Store {
    let words = [("full", Synchronous::Full), ("normal", Synchronous::Normal)];
    let store = Store {
        path: match section.text("path") {
            Some(given) if given.value == ":memory:" => StorePath::Memory,
            Some(given) => StorePath::File(given.value.into()),
            None => usual_store(env).map_or_else(|| homeless(report, &section), StorePath::File),
        },
        synchronous: section
            .word("synchronous", &words)
            .unwrap_or(Synchronous::Full),
        retention: section
            .get("retention", retention)
            .and_then(|given| given.value),
        max_size: section.size("max_size", 0..=1024 * GIB).unwrap_or(0),
    };
    section.finish();
    store
}

/// systemd's directory, else the user's.
fn usual_store(env: Env<'_>) -> Option<PathBuf> {
    let variable = |name| env(name).filter(|value| !value.is_empty());
    // systemd joins several directories with colons; the first is the unit's own.
    let state =
        variable("STATE_DIRECTORY").and_then(|list| list.split(':').next().map(PathBuf::from));
    let users = || variable("XDG_STATE_HOME").map(|state| PathBuf::from(state).join("askd"));
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".local/state/askd"));
    let directory = state.or_else(users).or_else(home);
    directory.map(|path| path.join("askd.db"))
}

/// Nobody has asked for memory, which forgets: it is told.
fn homeless(report: &Report<'_>, section: &Section<'_, '_>) -> StorePath {
    let draft = section.draft(
        "path",
        "is not set, and no directory of a user's is known: conversations are kept in memory and are gone when askd ends",
    );
    report.warn(draft.help(
        "set path in [store] to a file, or to \":memory:\" if that is what is wanted; else STATE_DIRECTORY, \
         XDG_STATE_HOME or HOME says where",
    ));
    StorePath::Memory
}

fn retention(value: &DeValue<'_>) -> Result<Option<Duration>, Wrong> {
    if value.as_str() == Some("forever") {
        return Ok(None);
    }
    value::duration(value, &(secs(60)..=hours(24 * 3650)))
        .map(Some)
        .map_err(|wrong| Wrong {
            allowed: format!("\"forever\", or {}", wrong.allowed),
            ..wrong
        })
}

/// A store that cannot hold one question and its answer forgets what it has just promised to keep.
pub(super) fn one_turn_fits(report: &Report<'_>, root: &Section<'_, '_>, config: &Config) {
    let keys = [
        "store.max_size",
        "session.max_answer",
        "session.max_question",
    ];
    let turn = (config.session.max_question + config.session.max_answer) as u64;
    let fits = config.store.bound().is_none_or(|bound| bound >= turn);
    if fits || report.is_faulty(&keys) {
        return;
    }
    let (key, span) = root.first_within(&keys);
    let needed = turn.div_ceil(MIB);
    let draft = Draft::new(
        key,
        span,
        "does not fit: store.max_size cannot hold one question and one answer",
    );
    report.fault(
        draft
            .allowed(format!("store.max_size = \"{needed} MiB\" or more"))
            .help("raise store.max_size, or lower session.max_answer and session.max_question"),
    );
}
