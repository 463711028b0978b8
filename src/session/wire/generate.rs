//! Writes the page's types.

use ts_rs::{Config, TS};

use super::super::*;

/// The page's types, in the order in which a reader wants them.
pub fn wire_ts() -> String {
    let config = Config::default();
    let declared = [
        ClientMessage::decl(&config),
        Options::decl(&config),
        ServerMessage::decl(&config),
        Status::decl(&config),
        WireLimits::decl(&config),
        EndpointInfo::decl(&config),
        Source::decl(&config),
        Usage::decl(&config),
        Timing::decl(&config),
        Outcome::decl(&config),
        Cause::decl(&config),
        Channel::decl(&config),
        Basis::decl(&config),
        ErrorCode::decl(&config),
        TurnId::decl(&config),
        ConversationId::decl(&config),
        SessionId::decl(&config),
        Seq::decl(&config),
    ];
    let mut text =
        "// Generated from src/session/wire.rs by `make wire`; do not edit.\n".to_owned();
    for declaration in declared {
        text.push_str("\nexport ");
        text.push_str(&on_one_line(&declaration));
        text.push('\n');
    }
    text
}

/// Each field's comment on one line, and each field on its own.
fn on_one_line(declaration: &str) -> String {
    let fields = declaration
        .replace("\n/**\n * ", "\n  /** ")
        .replace("\n */\n", " */\n  ");
    fields
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}
