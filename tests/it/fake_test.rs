//! What the other tests rely on in the scripted fake.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::fake::{DeadEnd, Fake, Script};

/// Sends one question over a connection of its own.
async fn ask(fake: &Fake, question: &str) -> TcpStream {
    let address = fake.base_url().replace("http://", "").replace("/v1", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    ask_on(&mut stream, question).await;
    stream
}

async fn ask_on(stream: &mut TcpStream, question: &str) {
    let body = format!(r#"{{"messages":[{{"role":"user","content":"{question}"}}]}}"#);
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: fake\r\nAuthorization: Bearer k\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until `end` has come, and returns all of it.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut all = Vec::new();
    while !all.ends_with(end.as_bytes()) {
        let read = stream.read_buf(&mut all).await.unwrap();
        assert_ne!(
            read,
            0,
            "the connection ended before {end:?}: {}",
            String::from_utf8_lossy(&all)
        );
    }
    String::from_utf8(all).unwrap()
}

/// The sizes of the HTTP chunks of a whole response.
fn chunk_sizes(response: &str) -> Vec<usize> {
    let (_, mut body) = response.split_once("\r\n\r\n").unwrap();
    let mut sizes = Vec::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        sizes.push(size);
        body = &rest[size + 2..];
    }
    assert_eq!(
        sizes.pop(),
        Some(0),
        "the last chunk says that the body is over"
    );
    sizes
}

#[tokio::test]
async fn a_request_is_recorded_as_it_was_sent() {
    let fake = Fake::start().await;
    let _stream = ask(&fake, "Why?").await;
    let request = fake.request(0).await;
    assert_eq!(
        (request.method(), request.path()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(request.header("authorization"), Some("Bearer k"));
    assert_eq!(request.json()["messages"][0]["role"], "user");
    assert_eq!(request.question(), "Why?");
    assert!(request.arrived() <= Instant::now());
}

#[tokio::test]
async fn a_close_during_a_stall_is_seen_within_milliseconds() {
    let fake = Fake::start().await;
    fake.always(Script::new().sse().text("a").stall());
    let mut waits = Vec::new();
    for number in 0..21 {
        let mut stream = ask(&fake, "?").await;
        read_until(&mut stream, "}\n\n\r\n").await;
        let request = fake.request(number).await;
        let left = Instant::now();
        drop(stream);
        waits.push(request.closed().await.duration_since(left));
        assert!(!request.finished());
    }
    waits.sort();
    assert!(
        waits[10] < Duration::from_millis(5),
        "median of the waits: {:?}",
        waits[10]
    );
    fake.until_running(0).await;
}

#[tokio::test]
async fn a_close_before_the_headers_is_seen() {
    let fake = Fake::start().await;
    fake.always(Script::new().gate("before-headers").sse().text("a"));
    let stream = ask(&fake, "?").await;
    fake.gate("before-headers").reached(1).await;
    assert_eq!(fake.running(), 1);
    drop(stream);
    let request = fake.request(0).await;
    request.closed().await;
    assert_eq!(request.chunks_written(), 0);
}

#[tokio::test]
async fn a_close_is_seen_while_a_write_waits_for_the_reader() {
    let fake = Fake::start().await;
    fake.always(
        Script::new()
            .sse()
            .burst((0..100_000).map(|number| format!("{number:100}")), 65_536)
            .gate("unreachable"),
    );
    let stream = ask(&fake, "?").await;
    let request = fake.request(0).await;
    drop(stream);
    request.closed().await;
    assert!(request.chunks_written() < 100_000);
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_gate_holds_the_response_until_it_is_released() {
    let fake = Fake::start().await;
    fake.always(
        Script::new()
            .sse()
            .text("a")
            .gate("middle")
            .text("b")
            .done(),
    );
    let mut stream = ask(&fake, "?").await;
    fake.gate("middle").reached(1).await;
    let request = fake.request(0).await;
    assert_eq!(request.chunks_written(), 1);
    let first = read_until(&mut stream, "}\n\n\r\n").await;
    assert!(!first.contains(r#""b""#));
    fake.gate("middle").release();
    let rest = read_until(&mut stream, "0\r\n\r\n").await;
    assert!(rest.contains(r#""b""#));
    fake.until_running(0).await;
    assert!(request.finished());
    assert_eq!(request.chunks_written(), 3);
}

#[tokio::test]
async fn events_are_split_where_the_script_says() {
    let fake = Fake::start().await;
    let table: [(&[usize], &[usize]); 3] = [(&[1], &[1; 14]), (&[5, 9], &[5, 9]), (&[8], &[8, 6])];
    assert_eq!(table.len(), 3);
    for (sizes, expected) in table {
        // "data: [DONE]" and two line ends are 14 bytes.
        fake.then(Script::new().split_at(sizes).sse().done());
        let mut stream = ask(&fake, "?").await;
        let response = read_until(&mut stream, "\r\n0\r\n\r\n").await;
        assert_eq!(chunk_sizes(&response), expected);
    }
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_its_close_ends_them_all() {
    let fake = Fake::start().await;
    fake.then(Script::overloaded(429, "3"));
    let mut stream = ask(&fake, "first").await;
    let refused = read_until(&mut stream, "}}").await;
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: 3\r\n"));
    ask_on(&mut stream, "second").await;
    let answered = read_until(&mut stream, "0\r\n\r\n").await;
    assert!(answered.contains(r#""content":null"#) && answered.contains("data: [DONE]\n\n"));
    assert_eq!(fake.connections(), 1);
    drop(stream);
    for (number, question) in ["first", "second"].into_iter().enumerate() {
        let request = fake.request(number).await;
        assert_eq!(request.question(), question);
        request.closed().await;
        assert!(request.finished());
    }
}

#[tokio::test]
async fn queued_scripts_come_first_and_in_order() {
    let fake = Fake::start().await;
    fake.always(Script::refuse(404, "always"));
    fake.then(Script::refuse(401, "one"));
    fake.then(Script::refuse(403, "two"));
    for expected in ["401", "403", "404", "404"] {
        let mut stream = ask(&fake, "?").await;
        let answer = read_until(&mut stream, "}}").await;
        assert_eq!(answer.split(' ').nth(1), Some(expected));
    }
}

#[tokio::test]
async fn a_cut_ends_the_body_without_its_end() {
    let fake = Fake::start().await;
    fake.always(Script::new().sse().text("half").cut());
    let mut stream = ask(&fake, "?").await;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.ends_with(b"}\n\n\r\n"));
}

#[tokio::test]
async fn a_reset_is_an_error_at_the_client() {
    let fake = Fake::start().await;
    fake.always(Script::new().sse().text("half").gate("read").reset());
    let mut stream = ask(&fake, "?").await;
    read_until(&mut stream, "}\n\n\r\n").await;
    fake.gate("read").release();
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_body_until_close_has_no_frames() {
    let fake = Fake::start().await;
    fake.always(
        Script::new()
            .until_close()
            .crlf()
            .sse()
            .bom()
            .comment("hi")
            .done_tight(),
    );
    let mut stream = ask(&fake, "?").await;
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    assert!(
        all.ends_with("\r\n\r\n\u{feff}: hi\r\n\r\ndata:[DONE]\r\n\r\n"),
        "{all:?}"
    );
}

#[tokio::test]
async fn bursts_and_made_events_carry_every_text_in_order() {
    let fake = Fake::start().await;
    let texts = (0..1000).map(|number| format!("{number};"));
    let script = Script::new()
        .sse()
        .burst(texts, 4096)
        .made(10, |number| format!("m{number};"))
        .done();
    fake.always(script);
    let mut stream = ask(&fake, "?").await;
    let response = read_until(&mut stream, "\r\n0\r\n\r\n").await;
    assert_eq!(chunk_sizes(&response).len(), 1011);
    let texts = response
        .split(r#""content":""#)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let expected: Vec<String> = (0..1000)
        .map(|number| format!("{number};"))
        .chain((0..10).map(|number| format!("m{number};")))
        .collect();
    assert_eq!(texts.collect::<Vec<_>>(), expected);
    fake.until_running(0).await;
    assert_eq!(fake.request(0).await.chunks_written(), 1011);
}

#[tokio::test]
async fn every_other_shape_is_written_as_named() {
    let fake = Fake::start().await;
    let script = Script::new()
        .wait(Duration::from_millis(1))
        .pace(Duration::from_millis(1))
        .sse()
        .reasoning_content("r1")
        .reasoning("r2")
        .text_and_finish("t", "length")
        .usage(3, 4)
        .error("broken")
        .oversized(3)
        .split(1)
        .bytes([0xff]);
    fake.always(script);
    let mut stream = ask(&fake, "?").await;
    let mut response = Vec::new();
    while !response.ends_with(b"0\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut response).await.unwrap(), 0);
    }
    let response = String::from_utf8_lossy(&response);
    for part in [
        r#""delta":{"reasoning_content":"r1"}"#,
        r#""delta":{"reasoning":"r2"}"#,
        r#""delta":{"content":"t"},"finish_reason":"length""#,
        r#""choices":[],"id":"fake","object":"chat.completion.chunk","usage":{"completion_tokens":4,"prompt_tokens":3"#,
        r#"{"error":{"code":500,"message":"broken"}}"#,
        r#""content":"xxx"#,
        "1\r\n\u{fffd}\r\n",
    ] {
        assert!(response.contains(part), "{part} is not in {response}");
    }
    fake.always(Script::html());
    let mut stream = ask(&fake, "?").await;
    assert!(
        read_until(&mut stream, "sign in.")
            .await
            .contains("content-type: text/html")
    );
}

#[tokio::test]
async fn dead_ends_refuse_or_hang() {
    let refusing = DeadEnd::refusing();
    let error = TcpStream::connect(refusing.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        refusing.base_url(),
        format!("http://{}/v1", refusing.address())
    );
    let hanging = DeadEnd::hanging();
    let connect = TcpStream::connect(hanging.address());
    tokio::time::timeout(Duration::from_millis(50), connect)
        .await
        .expect_err("the connection hangs");
}

#[tokio::test]
async fn dropping_the_fake_ends_its_connections() {
    let fake = Fake::start().await;
    fake.always(Script::new().sse().text("a").stall());
    let mut stream = ask(&fake, "?").await;
    read_until(&mut stream, "}\n\n\r\n").await;
    drop(fake);
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}
