//! Export and import.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Browser, code, conversation, id, text, time};
use crate::{
    client::{self, Client},
    harness::Server,
};

/// A conversation in which everything is used: branches, both channels, sources, an error, options.
fn full() -> Value {
    let ids: Vec<_> = (0..4).map(|_| Uuid::new_v4()).collect();
    let turn = |n: usize, parent: Option<usize>| {
        json!({
            "id": ids[n], "parent": parent.map(|parent| ids[parent]),
            "question": format!("Question {n}\n\n> \"quoted\" \u{1f600}"), "asked": time(n as u64),
            "endpoint": "local", "model": "gemma", "options": {}, "running": false, "seq": 2,
            "answer": format!("Answer {n}\r\n```\nlet x = 1;\n```\n\u{0}\u{e000}"), "reasoning": "", "sources": [], "basis": null,
            "outcome": "stop", "cause": null, "error": null, "usage": null,
            "timing": { "first_chunk_ms": 3, "total_ms": 7 },
        })
    };
    let mut turns = vec![
        turn(0, None),
        turn(1, Some(0)),
        turn(2, Some(0)),
        turn(3, None),
    ];
    turns[0]["sources"] = json!([
        { "n": 1, "title": "Guide", "url": "https://example.org/", "heading": "Begin", "excerpt": "It.", "score": 0.5 },
        { "n": 2, "title": "Notes", "path": "a/b.md", "anchor": "c~2", "excerpt": "That.", "score": 0.25 },
    ]);
    turns[0]["basis"] = json!("cited");
    turns[1]["reasoning"] = json!("Hm.\nYes.");
    turns[1]["options"] = json!({ "temperature": 0.5, "max_tokens": 64 });
    turns[1]["usage"] = json!({ "prompt_tokens": 12, "completion_tokens": 34 });
    turns[2]["outcome"] = json!("failed");
    turns[2]["answer"] = json!("");
    turns[2]["error"] =
        json!({ "code": "upstream_timeout", "message": "Nothing came.", "retry_after_ms": null });
    turns[2]["timing"] = json!({ "total_ms": 7 });
    turns[3]["outcome"] = json!("interrupted");
    turns[3]["cause"] = json!("crashed");
    json!({
        "id": Uuid::now_v7(), "title": "Everything", "created": time(0), "updated": time(9), "turns": turns,
    })
}

/// What is to be the same wherever it is kept: everything but the numbers of a log's events.
fn lasting(conversation: &Value) -> Value {
    let mut conversation = conversation.clone();
    for turn in conversation["turns"].as_array_mut().unwrap() {
        turn.as_object_mut().unwrap().remove("seq");
    }
    conversation
}

#[tokio::test]
async fn what_was_exported_is_the_same_wherever_it_is_imported() {
    let (first, second) = (Server::start(""), Server::start(""));
    let (from, to) = (Browser::new(&first).await, Browser::new(&second).await);
    let full = full();
    from.has(&[full.clone(), conversation(1, "Second", &[("q", "a")])])
        .await;
    let path = format!("/conversations/{}", id(&full));
    assert_eq!(lasting(&from.read(&path).await), lasting(&full));

    let all = from.read("/export").await;
    assert_eq!(all["askd"], 1);
    let reply = to.json("POST", "/import", &all).await;
    assert_eq!(
        reply.json(),
        json!({ "imported": 2, "skipped": 0, "expired": 0 })
    );
    assert_eq!(lasting(&to.read(&path).await), lasting(&full));
    let there = to.read("/export").await["conversations"].clone();
    assert_eq!(there, all["conversations"]);
    assert_eq!(from.titles().await, to.titles().await);
    let found = to.read("/search?q=question").await;
    assert!(!found["hits"].as_array().unwrap().is_empty());

    let again = to.json("POST", "/import", &all).await;
    assert_eq!(
        again.json(),
        json!({ "imported": 0, "skipped": 2, "expired": 0 })
    );
    assert_eq!(to.read("/export").await["conversations"], there);
    let one = from.read(&format!("{path}/export")).await;
    assert_eq!(
        (
            one["askd"].clone(),
            one["conversations"].as_array().unwrap().len()
        ),
        (json!(1), 1)
    );
    assert_eq!(lasting(&one["conversations"][0]), lasting(&full));
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_conversation_of_any_number_of_turns_is_taken_in() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let long = conversation(1, "Long", &vec![("q", "a"); 5_000]);
    browser.has(std::slice::from_ref(&long)).await;
    let path = format!("/conversations/{}", id(&long));
    let file = browser.read(&format!("{path}/export")).await;
    let other = Browser::new(&server).await;
    let reply = other.json("POST", "/import", &file).await;
    assert_eq!(
        reply.json(),
        json!({ "imported": 1, "skipped": 0, "expired": 0 })
    );
    let back = other.read(&path).await;
    assert_eq!(lasting(&back), lasting(&file["conversations"][0]));
    server.stop().await;
}

#[tokio::test]
async fn a_long_conversation_is_told_in_parts_that_make_the_whole() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let answer = "Wörter. ".repeat(3_000);
    let mut long = conversation(1, "Long", &vec![("q", answer.as_str()); 40]);
    long["turns"][39]["parent"] = long["turns"][2]["id"].clone();
    browser.has(std::slice::from_ref(&long)).await;
    let path = format!("/conversations/{}", id(&long));
    let told = browser.read(&path).await;
    let turns = told["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 40);
    for (turn, original) in turns.iter().zip(long["turns"].as_array().unwrap()) {
        for key in ["id", "parent", "question", "answer"] {
            assert_eq!(turn[key], original[key], "{key}");
        }
    }
    for export in [format!("{path}/export"), "/export".to_owned()] {
        assert_eq!(browser.read(&export).await["conversations"], json!([told]));
        let reply = browser.get(&format!("{export}?format=markdown")).await;
        let markdown = text(&reply);
        for n in 1..=40 {
            assert!(markdown.contains(&format!("\n## Question {n}\n")), "{n}");
        }
        assert!(markdown.contains("A branch: it follows question 3."));
        assert!(reply.header("content-length").is_none(), "it is in parts");
    }
    server.stop().await;
}

#[tokio::test]
async fn whatever_was_asked_can_be_taken_in_again() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let known = client::Browser::with(&browser.cookie);
    let mut client = Client::connect(server.address, &known).await;
    let long = "word ".repeat(2_000);
    let questions = ["\u{1}", " \u{7f}\t\u{1} ", "\u{202e}\n\n", &long];
    for question in questions {
        let turn = client.ask(question).await;
        assert_eq!(client.read(turn).await.outcome, "stop", "{question:?}");
    }
    client.leave(1001).await;
    let file = browser.read("/export").await;
    for conversation in file["conversations"].as_array().unwrap() {
        let path = format!("/conversations/{}", id(conversation));
        assert_eq!(browser.send("DELETE", &path, "", "").await.status, 204);
    }
    let reply = browser.json("POST", "/import", &file).await;
    let expected = json!({ "imported": questions.len(), "skipped": 0, "expired": 0 });
    assert_eq!((reply.status, reply.json()), (200, expected));
    server.stop().await;
}

#[tokio::test]
async fn an_export_of_many_is_whole() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept: Vec<_> = (0..120)
        .map(|n| conversation(n, &format!("Number {n}."), &[("q", &"long ".repeat(1000))]))
        .collect();
    browser.has(&kept).await;
    let all = browser.read("/export").await;
    let all = all["conversations"].as_array().unwrap();
    let mut ids: Vec<_> = all.iter().map(id).collect();
    ids.sort();
    let mut expected: Vec<_> = kept.iter().map(id).collect();
    expected.sort();
    assert_eq!(ids, expected);
    let reply = browser.get("/export?format=markdown").await;
    let markdown = text(&reply);
    for n in 0..120 {
        assert_eq!(markdown.matches(&format!("# Number {n}.\n")).count(), 1);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_download_says_what_it_is_and_its_name() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept = conversation(
        1,
        "What \"is\"\u{202e} this/../?",
        &[("First?\nSecond line.", "# Answer")],
    );
    browser.has(std::slice::from_ref(&kept)).await;
    let path = format!("/conversations/{}/export", id(&kept));
    for (query, kind, name) in [
        ("", "application/json", "askd-what-is-this.json"),
        ("?format=json", "application/json", "askd-what-is-this.json"),
        (
            "?format=markdown",
            "text/markdown; charset=utf-8",
            "askd-what-is-this.md",
        ),
    ] {
        let reply = browser.get(&format!("{path}{query}")).await;
        let disposition = format!("attachment; filename=\"{name}\"");
        assert_eq!(reply.header("content-type"), Some(kind), "{query}");
        assert_eq!(
            reply.header("content-disposition"),
            Some(disposition.as_str()),
            "{query}"
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    let markdown = text(&browser.get(&format!("{path}?format=markdown")).await);
    for part in [
        "> First?\n> Second line.\n",
        "\n# Answer\n",
        "2023-11-14 22:13 UTC",
    ] {
        assert!(markdown.contains(part), "{part:?} in {markdown}");
    }
    let other = conversation(2, "什么是质押?", &[("q", "a")]);
    browser.has(std::slice::from_ref(&other)).await;
    let reply = browser
        .get(&format!("/conversations/{}/export", id(&other)))
        .await;
    let disposition = format!(
        "attachment; filename=\"askd-{}.json\"; \
         filename*=UTF-8''askd-%E4%BB%80%E4%B9%88%E6%98%AF%E8%B4%A8%E6%8A%BC.json",
        id(&other)
    );
    assert_eq!(
        reply.header("content-disposition"),
        Some(disposition.as_str())
    );
    for query in ["?format=html", "?format=", "?format=JSON"] {
        let reply = browser.get(&format!("{path}{query}")).await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (400, "bad_field"),
            "{query}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_file_is_refused_whole_with_what_is_wrong() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let good = conversation(1, "Good", &[("q", "a")]);
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut bad = conversation(2, "Bad", &[("q", "a"), ("r", "b")]);
        change(&mut bad);
        json!({ "askd": 1, "conversations": [good.clone(), bad] })
    };
    let files = [
        json!(null),
        json!([]),
        json!({}),
        json!({ "conversations": [] }),
        json!({ "askd": 2, "conversations": [] }),
        json!({ "askd": "1", "conversations": [] }),
        json!({ "askd": 1 }),
        json!({ "askd": 1, "conversations": {} }),
        json!({ "askd": 1, "conversations": [1] }),
        wrong(&|bad| bad["id"] = json!("x")),
        wrong(&|bad| bad["title"] = json!("")),
        wrong(&|bad| bad["title"] = json!("x".repeat(201))),
        wrong(&|bad| bad["created"] = json!(-1)),
        wrong(&|bad| bad["turns"] = json!([])),
        wrong(&|bad| bad["turns"][0]["id"] = json!(null)),
        wrong(&|bad| bad["turns"][0]["parent"] = json!(Uuid::new_v4())),
        wrong(&|bad| bad["turns"][0]["parent"] = bad["turns"][0]["id"].clone()),
        wrong(&|bad| bad["turns"][0]["parent"] = bad["turns"][1]["id"].clone()),
        wrong(&|bad| bad["turns"][1]["id"] = bad["turns"][0]["id"].clone()),
        wrong(&|bad| bad["turns"][0]["outcome"] = json!("x".repeat(5000))),
        wrong(&|bad| bad["turns"][0]["sources"] = json!([{ "n": 1 }])),
        wrong(&|bad| bad["turns"][0]["timing"] = json!({ "total_ms": 1.5 })),
    ];
    let count = files.len();
    for (at, file) in files.iter().enumerate() {
        let reply = browser.json("POST", "/import", file).await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (400, "bad_field"),
            "{at} of {count}: {file}"
        );
        assert!(reply.body.len() < 400, "{at}: {}", text(&reply));
    }
    assert_eq!(browser.titles().await, [""; 0]);
    server.stop().await;
}

/// Conversations that no server of so small bounds could have, each with words of what is wrong with it.
fn beyond_bounds() -> Vec<(Value, &'static str)> {
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut bad = conversation(1, "Bad", &[("q", "a"), ("r", "b")]);
        change(&mut bad["turns"][1]);
        bad
    };
    vec![
        (wrong(&|turn| turn["question"] = json!(" \n")), "is empty"),
        (wrong(&|turn| turn["question"] = json!("a\u{0}b")), "NUL"),
        (
            wrong(&|turn| turn["question"] = json!("q".repeat(1025))),
            "1025 bytes",
        ),
        (
            wrong(&|turn| {
                turn["answer"] = json!("a".repeat(2000));
                turn["reasoning"] = json!("r".repeat(49));
            }),
            "2049 bytes",
        ),
        (
            wrong(&|turn| turn["endpoint"] = json!("e".repeat(401))),
            "endpoint",
        ),
        (wrong(&|turn| turn["model"] = json!("m\u{0}")), "model"),
        (
            wrong(&|turn| {
                turn["outcome"] = json!("failed");
                turn["error"] = json!({ "code": "internal", "message": "m".repeat(1001) });
            }),
            "message",
        ),
        (
            wrong(&|turn| turn["outcome"] = json!("failed")),
            "without an error",
        ),
        (
            wrong(&|turn| turn["error"] = json!({ "code": "internal", "message": "m" })),
            "did not fail",
        ),
        (
            wrong(&|turn| {
                let source =
                    json!({ "n": 1, "title": "t".repeat(2001), "excerpt": "", "score": 1 });
                turn["sources"] = json!([source]);
            }),
            "title",
        ),
    ]
}

#[tokio::test]
async fn no_import_brings_in_more_than_could_be_asked_and_answered_here() {
    let server = Server::start("[session]\nmax_question = \"1 KiB\"\nmax_answer = \"2 KiB\"");
    let browser = Browser::new(&server).await;
    for (bad, part) in beyond_bounds() {
        let good = conversation(2, "Good", &[("q", "a")]);
        let file = json!({ "askd": 1, "conversations": [good, bad] });
        let reply = browser.json("POST", "/import", &file).await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (400, "bad_field"),
            "{part}"
        );
        let said = text(&reply);
        assert!(
            said.contains(id(&bad)) && said.contains(part) && said.contains("turn 2"),
            "{said}"
        );
    }
    assert_eq!(browser.titles().await, [""; 0]);
    let most = ("q".repeat(1024), "a".repeat(2048));
    let most = conversation(3, "Most", &[(&most.0, &most.1)]);
    browser.has(&[most]).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_imported_is_no_newer_than_now_and_nothing_in_it_runs() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let mut kept = conversation(1, "From the future", &[("q", "a")]);
    let far = 4_000_000_000_000_u64;
    for key in ["created", "updated"] {
        kept[key] = json!(far);
    }
    let turn = &mut kept["turns"][0];
    turn["asked"] = json!(u64::MAX);
    turn["running"] = json!(true);
    turn["outcome"] = json!(null);
    browser.has(std::slice::from_ref(&kept)).await;
    let read = browser.read(&format!("/conversations/{}", id(&kept))).await;
    assert!(read["created"].as_u64() <= read["updated"].as_u64());
    assert!(
        read["updated"].as_u64().unwrap() < far
            && read["turns"][0]["asked"].as_u64().unwrap() < far
    );
    let turn = &read["turns"][0];
    assert_eq!(
        (&turn["running"], &turn["outcome"]),
        (&json!(false), &json!("interrupted"))
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_older_than_the_retention_is_not_taken_in_and_told() {
    let server = Server::start("[store]\npath = \":memory:\"\nretention = \"7d\"");
    let browser = Browser::new(&server).await;
    let mut new = conversation(2, "New", &[("q", "a")]);
    new["updated"] = json!(u64::MAX);
    let file = json!({ "askd": 1, "conversations": [conversation(1, "Old", &[("q", "a")]), new] });
    for (imported, skipped) in [(1, 0), (0, 1)] {
        let reply = browser.json("POST", "/import", &file).await;
        let expected = json!({ "imported": imported, "skipped": skipped, "expired": 1 });
        assert_eq!(reply.json(), expected);
        assert_eq!(browser.titles().await, ["New"]);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_conversation_comes_back_with_its_export() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    browser.has(&[conversation(1, "Kept", &[("q", "a")])]).await;
    let file = browser.read("/export").await;
    let path = format!("/conversations/{}", id(&file["conversations"][0]));
    assert_eq!(browser.send("DELETE", &path, "", "").await.status, 204);
    let reply = browser.json("POST", "/import", &file).await;
    assert_eq!(
        reply.json(),
        json!({ "imported": 1, "skipped": 0, "expired": 0 })
    );
    assert_eq!(browser.titles().await, ["Kept"]);
    // The deleted one may still be called back, and stands beside it then.
    let restored = browser
        .send("POST", &format!("{path}/restore"), "", "")
        .await;
    assert_eq!(restored.status, 200);
    assert_eq!(browser.titles().await, ["Kept", "Kept"]);
    assert_eq!(
        lasting(&browser.read(&path).await),
        lasting(&file["conversations"][0])
    );
    server.stop().await;
}
