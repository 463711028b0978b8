//! The search: a person's words, and where they are.

use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{Browser, code, conversation, id};
use crate::harness::Server;

async fn hits(browser: &Browser, words: &str) -> Vec<Value> {
    let query: String = byte_serialize(words.as_bytes()).collect();
    let found = browser.read(&format!("/search?q={query}")).await;
    found["hits"].as_array().unwrap().clone()
}

/// An excerpt with what is marked in brackets.
fn marked(hit: &Value) -> String {
    let fragments = hit["excerpt"].as_array().unwrap().iter();
    fragments
        .map(|fragment| {
            let text = fragment["text"].as_str().unwrap();
            match fragment["marked"].as_bool().unwrap() {
                true => format!("[{text}]"),
                false => text.to_owned(),
            }
        })
        .collect()
}

#[tokio::test]
async fn a_search_finds_words_in_titles_questions_and_answers_and_marks_them() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let old = conversation(1, "Nuts", &[("Is a walnut a nut?", "A Walnut is a drupe.")]);
    let titled = conversation(2, "All about walnuts", &[("q", "a")]);
    let new = conversation(3, "Oil", &[("Which oil?", "Oil of walnuts, or of résumé.")]);
    browser
        .has(&[old.clone(), titled.clone(), new.clone()])
        .await;

    let found = hits(&browser, "walnut").await;
    let places: Vec<_> = found
        .iter()
        .map(|hit| {
            (
                hit["conversation"].clone(),
                hit["field"].clone(),
                marked(hit),
            )
        })
        .collect();
    for (conversation, field, excerpt) in [
        (&old, "question", "Is a [walnut] a nut?"),
        (&titled, "title", "All about [walnuts]"),
        (&new, "answer", "Oil of [walnuts], or of résumé."),
    ] {
        let wanted = (conversation["id"].clone(), json!(field), excerpt.to_owned());
        assert!(places.contains(&wanted), "{wanted:?} in {places:#?}");
    }
    let turn = &new["turns"][0];
    let hit = found.iter().find(|hit| hit["field"] == "answer").unwrap();
    assert_eq!((&hit["title"], &hit["turn"]), (&json!("Oil"), &turn["id"]));
    assert_eq!(hit["asked"], turn["asked"]);

    for (words, count) in [
        ("WALNUT drupe", 1),
        ("drupe oil", 0),
        ("resume", 1),
        ("drup", 1),
        ("rupe", 0),
        ("drup walnut", 0),
        ("nothing", 0),
    ] {
        let found = hits(&browser, words).await;
        let mut conversations: Vec<_> = found
            .iter()
            .map(|hit| hit["conversation"].to_string())
            .collect();
        conversations.dedup();
        assert_eq!(conversations.len(), count, "{words}: {found:#?}");
    }
    let one = browser.read("/search?q=walnut&limit=1").await;
    assert_eq!(one["hits"].as_array().unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_new_title_is_found_and_the_old_one_is_not() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept = conversation(1, "Walnuts", &[("q", "a")]);
    browser.has(std::slice::from_ref(&kept)).await;
    let path = format!("/conversations/{}", id(&kept));
    browser
        .json("PATCH", &path, &json!({ "title": "Hazel" }))
        .await;
    assert_eq!(hits(&browser, "walnuts").await.len(), 0);
    assert_eq!(hits(&browser, "hazel").await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn no_words_are_syntax() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let kept = conversation(
        1,
        "C++",
        &[("is a \"quoted\" AND not NEAR b*", "yes OR title:no")],
    );
    browser.has(&[kept]).await;
    let ab = "a ".repeat(100);
    for words in [
        "\"",
        "\"\"",
        "\"quoted",
        "quoted\"",
        "AND",
        "AND AND",
        "NOT a",
        "OR",
        "NEAR(",
        "NEAR(a b, 2)",
        "title:no",
        "question:quoted",
        "{title}",
        "-a",
        "^is",
        "a*",
        "*",
        "b*",
        "(",
        ")",
        "a)",
        "+",
        "C++",
        "a + b",
        "'",
        "';--",
        "%",
        "\\",
        "\u{0}",
        "a\u{0}b",
        "\u{e000}a\u{e001}",
        "\u{202e}",
        "😀",
        "é\u{301}",
        ".",
        "…",
        " ",
        "\t\n",
        ab.as_str(),
    ] {
        for hit in hits(&browser, words).await {
            assert_eq!(hit["title"], "C++", "{words:?}");
        }
    }
    for (words, found) in [
        ("\"quoted\"", true),
        ("quoted AND", true),
        ("quoted title:no", true),
        ("quoted no:title", false),
        ("-is", true),
        ("yes OR", true),
        ("yes XOR", false),
        ("NEAR(b", true),
    ] {
        assert_eq!(!hits(&browser, words).await.is_empty(), found, "{words}");
    }
    for query in [
        "",
        "?q=",
        "?limit=5",
        "?q=a&limit=0",
        "?q=a&limit=101",
        "?q=a&limit=x",
    ] {
        let reply = browser.get(&format!("/search{query}")).await;
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (400, "bad_field"),
            "{query}"
        );
    }
    let long = browser.get(&format!("/search?q={}", "x".repeat(201))).await;
    assert_eq!((long.status, code(&long).as_str()), (400, "bad_field"));
    server.stop().await;
}

#[tokio::test]
async fn a_text_can_mark_nothing_in_its_own_excerpt() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let forged = "A \u{e000}forged\u{e001} walnut";
    browser
        .has(&[conversation(1, "Nuts", &[(forged, "a")])])
        .await;
    let found = hits(&browser, "walnut").await;
    assert_eq!(marked(&found[0]), "A \u{e000}forged\u{e001} [walnut]");
    server.stop().await;
}
