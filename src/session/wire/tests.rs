#[path = "generate.rs"]
mod generate;
#[path = "../../../build/wire.rs"]
mod stamp;

use std::{fs, path::Path};

use serde_json::json;

use super::*;

#[test]
fn absent_and_null_parents_differ() {
    let turn = TurnId(uuid::Uuid::now_v7());
    let decode = |value: Value| ClientMessage::decode(&value.to_string()).unwrap();
    let parent = |message| match message {
        ClientMessage::Question { parent, .. } => parent,
        other => panic!("{other:?}"),
    };
    let absent = json!({ "type": "question", "turn": turn, "text": "q", "later": "field" });
    assert_eq!(parent(decode(absent)), None);
    let null = json!({ "type": "question", "turn": turn, "text": "q", "parent": null });
    assert_eq!(parent(decode(null)), Some(None));
    let given = json!({ "type": "question", "turn": turn, "text": "q", "parent": turn });
    assert_eq!(parent(decode(given)), Some(Some(turn)));
}

#[test]
fn what_is_wrong_is_named() {
    let turn = "018f0000-0000-7000-8000-000000000000";
    let cases = [
        ("{", ErrorCode::BadJson, "not JSON"),
        ("", ErrorCode::BadJson, "not JSON"),
        ("[]", ErrorCode::BadJson, "\"type\""),
        ("{}", ErrorCode::BadField, "\"type\""),
        (r#"{"type":3}"#, ErrorCode::BadField, "\"type\""),
        (r#"{"type":"ping"}"#, ErrorCode::UnknownType, "\"ping\""),
        (
            r#"{"type":"question"}"#,
            ErrorCode::BadField,
            "\"turn\" is missing",
        ),
        (
            r#"{"type":"cancel","turn":"x"}"#,
            ErrorCode::BadField,
            "\"turn\" is wrong",
        ),
        (
            &format!(r#"{{"type":"question","turn":"{turn}"}}"#),
            ErrorCode::BadField,
            "\"text\" is missing",
        ),
        (
            &format!(r#"{{"type":"question","turn":"{turn}","text":1}}"#),
            ErrorCode::BadField,
            "\"text\" is wrong",
        ),
        (
            &format!(r#"{{"type":"resume","turn":"{turn}"}}"#),
            ErrorCode::BadField,
            "\"after\" is missing",
        ),
        (
            &format!(r#"{{"type":"resume","turn":"{turn}","after":-1}}"#),
            ErrorCode::BadField,
            "\"after\" is wrong",
        ),
        (
            &format!(
                r#"{{"type":"question","turn":"{turn}","text":"q","options":{{"max_tokens":"x"}}}}"#
            ),
            ErrorCode::BadField,
            "\"options.max_tokens\" is wrong",
        ),
    ];
    for (text, code, words) in cases {
        let fault = ClientMessage::decode(text).unwrap_err();
        assert_eq!(fault.code, code, "{text}");
        assert!(fault.message.contains(words), "{text}: {}", fault.message);
    }
}

#[test]
fn frames_look_as_the_protocol_says() {
    let id = uuid::Uuid::parse_str("018f0000-0000-7000-8000-000000000000").unwrap();
    let turn = TurnId(id);
    let text = |channel| Event::Text {
        channel,
        text: "a\n".to_owned(),
    };
    let mut end = End::with(Outcome::ContentFilter);
    end.timing.total_ms = 7;
    let fault = Fault::new(ErrorCode::UpstreamFailed, "It broke.");
    let messages = [
        ServerMessage::Accepted {
            turn,
            conversation: ConversationId(id),
            parent: None,
            after: Seq(0),
        },
        ServerMessage::event(turn, Seq(4), text(Channel::Answer)),
        ServerMessage::event(turn, Seq(5), text(Channel::Reasoning)),
        ServerMessage::event(turn, Seq(6), Event::Error(fault.clone())),
        ServerMessage::event(turn, Seq(7), Event::End(end.clone())),
        ServerMessage::event(
            turn,
            Seq(8),
            Event::End(End {
                outcome: Outcome::Interrupted,
                cause: Some(Cause::Crashed),
                ..end
            }),
        ),
        ServerMessage::error(fault, None),
        ServerMessage::Status(Status::Draining {
            reconnect_after_ms: 500,
        }),
    ];
    let frames: Vec<_> = messages.iter().map(ServerMessage::encode).collect();
    let frames = frames
        .join("\n")
        .replace("018f0000-0000-7000-8000-000000000000", "T");
    insta::assert_snapshot!(frames, @r#"
    {"type":"accepted","turn":"T","conversation":"T","parent":null,"after":0}
    {"type":"chunk","turn":"T","seq":4,"text":"a\n"}
    {"type":"chunk","turn":"T","seq":5,"text":"a\n","channel":"reasoning"}
    {"type":"error","code":"upstream_failed","message":"It broke.","turn":"T"}
    {"type":"complete","turn":"T","seq":7,"outcome":"content_filter","timing":{"total_ms":7}}
    {"type":"complete","turn":"T","seq":8,"outcome":"interrupted","cause":"crashed","timing":{"total_ms":7}}
    {"type":"error","code":"upstream_failed","message":"It broke."}
    {"type":"status","state":"draining","reconnect_after_ms":500}
    "#);
}

#[test]
fn the_pages_types_are_generated_from_these() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join(stamp::GENERATED);
    let generated = stamp::stamped(root, &generate::wire_ts()).unwrap();
    if std::env::var_os("ASKD_WRITE_WIRE").is_some_and(|value| value == "1") {
        fs::write(&path, &generated).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == generated,
        "{} differs from the Rust types: run `make wire`",
        stamp::GENERATED
    );
}

/// The build refuses a page of other types; it sees only the files that it is told of.
#[test]
fn the_build_knows_every_file_with_a_type_of_the_wire() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && fs::read_to_string(&path).unwrap().contains("ts_rs::")
            {
                let within = path.strip_prefix(root).unwrap();
                found.push(within.to_str().unwrap().to_owned());
            }
        }
    }
    found.retain(|path| !path.ends_with("wire/tests.rs"));
    found.sort();
    assert_eq!(found, stamp::SOURCES);
    assert!(stamp::is_current(root).unwrap());
}
