//! The table of faults. Its groups are functions, so that each can be read at once.

use std::time::Duration;

use serde_json::json;

use super::{KEY, Row};
use crate::fake::{DeadEnd, Script};

/// Further tries with a wait that no test notices.
const SOON: &str = "0.01";

#[tokio::test]
async fn each_fault_of_an_endpoint_is_told_in_words_and_what_came_before_it_stays() {
    let (refusing, hanging) = (DeadEnd::refusing(), DeadEnd::hanging());
    let groups = [
        breaks(),
        refusals(),
        overloads(),
        nonsense(),
        silences(),
        unreachable(&refusing, &hanging),
        oddities(),
    ];
    assert_eq!(
        groups.iter().map(Vec::len).collect::<Vec<_>>(),
        [9, 9, 11, 9, 6, 4, 13]
    );
    for row in groups.into_iter().flatten() {
        row.check().await;
    }
}

fn json_body(status: u16, body: serde_json::Value) -> Script {
    Script::respond(
        status,
        &[("content-type", "application/json")],
        body.to_string(),
    )
}

/// The connection ends before the answer does.
fn breaks() -> Vec<Row> {
    let begun = || Script::new().sse().role().text("kept \u{1f600}");
    let half = r#"data: {"choices":[{"delta":{"content":"lo"#;
    let fails = |name, script| {
        Row::fails(name, [script], "upstream_failed", "broke off")
            .text("kept \u{1f600}")
            .lines("retries = 2")
    };
    vec![
        Row::fails(
            "cut before the headers",
            [Script::new().cut()],
            "upstream_failed",
            "without an answer",
        ),
        Row::fails(
            "reset before the headers",
            [Script::new().reset()],
            "upstream_failed",
            "without an answer",
        ),
        Row::fails(
            "cut before the first chunk",
            [Script::new().sse().cut()],
            "upstream_failed",
            "broke off: its connection was closed in the middle of it.",
        ),
        fails("cut between chunks", begun().cut()),
        fails("reset between chunks", begun().reset()),
        fails("cut inside an event", begun().bytes(half).cut()),
        fails("ended inside an event", begun().bytes(half)),
        fails(
            "an error inside the stream",
            begun().error(&format!("out of memory, {KEY}")),
        ),
        fails("no finish reason", begun()),
    ]
}

/// A status that says no.
fn refusals() -> Vec<Row> {
    let echo = format!("the key {KEY} is no good");
    let refused = |name, script, part| {
        Row::fails(name, [script], "upstream_refused", part).lines("retries = 2")
    };
    let field = json!({ "detail": [{ "loc": ["body", "model"], "msg": "field required", "type": "missing" }] });
    vec![
        refused(
            "400",
            Script::refuse(400, &echo),
            "(400): the key *** is no good",
        ),
        refused(
            "401",
            Script::refuse(401, &echo),
            "(401): the key *** is no good",
        ),
        refused(
            "404",
            json_body(404, json!({ "message": echo })),
            "(404): the key *** is no good",
        ),
        refused(
            "422 with words",
            json_body(422, json!({ "detail": "no such model" })),
            "(422): no such model",
        ),
        refused(
            "422 with a list",
            json_body(422, field),
            "(422): field required",
        ),
        refused(
            "403 in HTML",
            Script::respond(403, &[("content-type", "text/html")], "<p>no"),
            "(403): Forbidden",
        ),
        refused(
            "a redirect",
            Script::respond(302, &[("location", "/login")], ""),
            "(302)",
        ),
        Row::fails(
            "500",
            [Script::refuse(500, &echo)],
            "upstream_failed",
            "(500): the key *** is no good",
        )
        .lines("retries = 2"),
        Row::fails(
            "500 without a body",
            [Script::respond(500, &[], "")],
            "upstream_failed",
            "Internal Server Error",
        ),
    ]
}

/// A status that says later.
fn overloads() -> Vec<Row> {
    let well = || Script::answer(&["at last"]);
    let soon = |status| Script::overloaded(status, SOON);
    let overloaded = |name, scripts: Vec<Script>| {
        Row::fails(name, scripts, "upstream_overloaded", "too many requests")
    };
    vec![
        Row::ends(
            "429 twice",
            [soon(429), soon(429), well()],
            "stop",
            "at last",
        )
        .lines("retries = 2")
        .not_before(20),
        Row::ends(
            "503 twice",
            [soon(503), soon(503), well()],
            "stop",
            "at last",
        )
        .lines("retries = 2")
        .not_before(20),
        Row::ends(
            "429 without a time",
            [Script::refuse(429, "busy"), well()],
            "stop",
            "at last",
        )
        .lines("retries = 1"),
        Row::ends(
            "502",
            [Script::refuse(502, "busy"), well()],
            "stop",
            "at last",
        )
        .lines("retries = 1"),
        Row::ends(
            "504",
            [Script::refuse(504, "busy"), well()],
            "stop",
            "at last",
        )
        .lines("retries = 1"),
        overloaded("429 once too often", vec![soon(429), soon(429)])
            .lines("retries = 1")
            .retry_after_ms(10),
        overloaded("503 once too often", vec![soon(503), soon(503), soon(503)])
            .lines("retries = 2")
            .retry_after_ms(10),
        overloaded(
            "a wait longer than the limit",
            vec![Script::overloaded(429, "3600")],
        )
        .lines("retries = 2")
        .retry_after_ms(3_600_000),
        // A day is the longest that is believed.
        overloaded(
            "a wait longer than the world",
            vec![Script::overloaded(429, "18000000000000000000")],
        )
        .lines("retries = 2")
        .retry_after_ms(86_400_000),
        Row::fails(
            "429 without tries",
            [Script::refuse(429, "busy")],
            "upstream_overloaded",
            "(429): busy",
        ),
        Row::fails(
            "502 without tries",
            [Script::refuse(502, "busy")],
            "upstream_failed",
            "(502): busy",
        ),
    ]
}

/// What is no answer.
fn nonsense() -> Vec<Row> {
    let begun = || Script::new().sse().text("kept");
    let malformed = |name, script, part| {
        Row::fails(name, [script], "upstream_malformed", part).lines("retries = 2")
    };
    vec![
        malformed("200 with HTML", Script::html(), "text/html"),
        malformed(
            "200 with JSON",
            json_body(200, json!({ "choices": [] })),
            "application/json",
        ),
        malformed("garbage", begun().data("]{").done(), "not the JSON").text("kept"),
        malformed(
            "another JSON",
            begun().data(r#"{"choices":"none"}"#).done(),
            "not the JSON",
        )
        .text("kept"),
        malformed(
            "garbage with the key",
            begun().data(&format!("{{\"choices\":\"{KEY}\"}}")),
            "***",
        )
        .text("kept"),
        malformed(
            "an event without an end",
            begun().oversized(2 << 20).stall(),
            "more than 1048576 bytes",
        )
        .text("kept"),
        malformed(
            "text that is not UTF-8",
            begun().bytes(b"data: \xff\xfe\n\n").done(),
            "UTF-8",
        )
        .text("kept"),
        Row::fails(
            "nothing",
            [Script::new().sse()],
            "upstream_failed",
            "without saying that it was complete",
        ),
        Row::fails(
            "comments alone",
            [Script::new().sse().comment("hi")],
            "upstream_failed",
            "broke off",
        ),
    ]
}

/// Silence, told at its limit. The limits are such that a busy machine keeps those that are not meant.
fn silences() -> Vec<Row> {
    const FIRST: &str = "connect_timeout = \"200ms\"\nfirst_chunk_timeout = \"200ms\"\nretries = 2";
    const BETWEEN: &str = "chunk_timeout = \"120ms\"\nretries = 2";
    const TOTAL: &str =
        "connect_timeout = \"600ms\"\nfirst_chunk_timeout = \"600ms\"\ntotal_timeout = \"600ms\"";
    let silent = |name, script, part| Row::fails(name, [script], "upstream_timeout", part);
    let first = "200ms while waiting for the first chunk";
    let between = "120ms while waiting between chunks";
    let begun = || Script::new().sse().role().text("kept");
    let paced = begun().pace(Duration::from_millis(5));
    let alive = (0..200).fold(paced, |script, _| script.comment("alive"));
    let refusal = Script::new().head(401, &[("content-length", "9")]).stall();
    vec![
        silent("before the headers", Script::new().stall(), first)
            .lines(FIRST)
            .not_before(200),
        silent(
            "before the first chunk",
            Script::new().sse().role().stall(),
            first,
        )
        .lines(FIRST)
        .not_before(200),
        silent("between chunks", begun().stall(), between)
            .lines(BETWEEN)
            .text("kept")
            .not_before(120),
        silent("but for comments", alive, between)
            .lines(BETWEEN)
            .text("kept")
            .not_before(120),
        silent(
            "in all",
            begun().stall(),
            "600ms while completing the answer",
        )
        .lines(TOTAL)
        .text("kept")
        .not_before(600),
        Row::fails(
            "inside the words of a refusal",
            [refusal],
            "upstream_refused",
            "(401): Unauthorized",
        ),
    ]
}

/// No connection, or none that lasts to the first chunk.
fn unreachable(refusing: &DeadEnd, hanging: &DeadEnd) -> Vec<Row> {
    vec![
        Row::fails("nobody listens", [], "upstream_unreachable", "refused").at(refusing.base_url()),
        Row::fails(
            "nobody listens twice",
            [],
            "upstream_unreachable",
            "refused",
        )
        .at(refusing.base_url())
        .lines("retries = 1"),
        Row::fails(
            "nobody accepts",
            [],
            "upstream_timeout",
            "50ms while establishing the connection",
        )
        .at(hanging.base_url())
        .lines("connect_timeout = \"50ms\"")
        .not_before(50),
        Row::fails(
            "a request that may have been worked on is not sent twice",
            [Script::new().cut()],
            "upstream_failed",
            "without an answer",
        )
        .lines("retries = 1"),
    ]
}

/// What looks wrong and is not.
fn oddities() -> Vec<Row> {
    let said = || Script::new().sse().role().text("all of it");
    vec![
        Row::ends(
            "a finish reason without [DONE]",
            [said().finish("stop")],
            "stop",
            "all of it",
        ),
        Row::ends(
            "a finish reason, then cut",
            [said().finish("stop").cut()],
            "stop",
            "all of it",
        ),
        Row::ends(
            "a finish reason, then silence",
            [said().finish("stop").stall()],
            "stop",
            "all of it",
        ),
        Row::ends(
            "[DONE] without a finish reason",
            [said().done()],
            "stop",
            "all of it",
        ),
        Row::ends(
            "[DONE], then an open connection",
            [said().finish("stop").done().stall()],
            "stop",
            "all of it",
        ),
        Row::ends(
            "garbage behind the finish reason",
            [said().finish("stop").data("{").done()],
            "stop",
            "all of it",
        ),
        Row::ends(
            "an error behind the finish reason",
            [said().finish("stop").error("too late")],
            "stop",
            "all of it",
        ),
        Row::ends(
            "silence behind the finish reason, longer than between chunks",
            [said().finish("stop").stall()],
            "stop",
            "all of it",
        )
        .lines("chunk_timeout = \"50ms\""),
        Row::ends(
            "usage in floating point",
            [said()
                .finish("stop")
                .data(r#"{"choices":[],"usage":{"prompt_tokens":3.0,"completion_tokens":4.0}}"#)],
            "stop",
            "all of it",
        )
        .usage(3, 4),
        Row::ends(
            "usage behind the finish reason",
            [said().finish("stop").usage(3, 4).done()],
            "stop",
            "all of it",
        )
        .usage(3, 4),
        Row::ends(
            "a length",
            [said().finish("length").done()],
            "length",
            "all of it",
        ),
        Row::ends(
            "a filter",
            [said().finish("content_filter").done_tight()],
            "content_filter",
            "all of it",
        ),
        Row::ends(
            "a body that ends with the connection",
            [Script::new()
                .until_close()
                .crlf()
                .sse()
                .bom()
                .text("all of it")
                .finish("stop")
                .done()],
            "stop",
            "all of it",
        ),
    ]
}
