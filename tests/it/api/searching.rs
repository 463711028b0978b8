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

/// A browser with finds of walnuts in a question, in a title and in an answer.
struct Walnuts {
    server: Server,
    browser: Browser,
    asked: Value,
    titled: Value,
    answered: Value,
}

impl Walnuts {
    async fn new() -> Self {
        let server = Server::start("");
        let browser = Browser::new(&server).await;
        let asked = conversation(1, "Nuts", &[("Is a walnut a nut?", "A Walnut is a drupe.")]);
        let titled = conversation(2, "All about walnuts", &[("q", "a")]);
        let answered = conversation(3, "Oil", &[("Which oil?", "Oil of walnuts, or of résumé.")]);
        let all = [asked.clone(), titled.clone(), answered.clone()];
        browser.has(&all).await;
        Self {
            server,
            browser,
            asked,
            titled,
            answered,
        }
    }
}

#[tokio::test]
async fn a_search_finds_words_in_titles_questions_and_answers_and_marks_them() {
    let it = Walnuts::new().await;
    let found = hits(&it.browser, "walnut").await;
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
    let place = |conversation: &Value, field: &str, excerpt: &str| {
        let id = conversation["id"].clone();
        (id, json!(field), excerpt.to_owned())
    };
    let expected = [
        place(&it.titled, "title", "All about [walnuts]"),
        place(&it.answered, "answer", "Oil of [walnuts], or of résumé."),
        place(&it.asked, "question", "Is a [walnut] a nut?"),
    ];
    assert_eq!(places, expected);
    let (hit, turn) = (&found[1], &it.answered["turns"][0]);
    assert_eq!((&hit["title"], &hit["turn"]), (&json!("Oil"), &turn["id"]));
    assert_eq!(hit["asked"], turn["asked"]);
    it.server.stop().await;
}

#[tokio::test]
async fn all_words_must_be_there_and_the_last_may_be_a_beginning() {
    let it = Walnuts::new().await;
    for (words, count) in [
        ("WALNUT drupe", 1),
        ("drupe oil", 0),
        ("resume", 1),
        ("drup", 1),
        ("rupe", 0),
        ("drup walnut", 0),
        ("nothing", 0),
    ] {
        let found = hits(&it.browser, words).await;
        let mut conversations: Vec<_> = found
            .iter()
            .map(|hit| hit["conversation"].to_string())
            .collect();
        conversations.dedup();
        assert_eq!(conversations.len(), count, "{words}: {found:#?}");
    }
    it.server.stop().await;
}

#[tokio::test]
async fn the_newest_come_first_in_whatever_order_they_were_kept() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let when = [3, 9, 1, 7, 5];
    let kept: Vec<_> = when
        .into_iter()
        .map(|n| conversation(n, &format!("Walnut {n}"), &[("A walnut?", "a")]))
        .collect();
    browser.has(&kept).await;
    for limit in [10, 4] {
        let found = browser
            .read(&format!("/search?q=walnut&limit={limit}"))
            .await;
        let hits = found["hits"].as_array().unwrap();
        let titles: Vec<_> = hits.iter().map(|hit| hit["title"].clone()).collect();
        let expected = [9, 7, 5, 3, 1].map(|n| json!(format!("Walnut {n}")));
        let expected = &expected[..limit / 2];
        assert_eq!(titles, [expected, expected].concat());
    }
    server.stop().await;
}

#[tokio::test]
async fn it_is_told_whether_there_are_more_than_were_asked_for() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let titles: Vec<_> = (0..5)
        .map(|n| conversation(n, "Walnut", &[("q", "a")]))
        .collect();
    let turns = conversation(9, "Oil", &[("A walnut?", "a"), ("Two walnuts?", "b")]);
    browser.has(&titles).await;
    browser.has(&[turns]).await;
    for (words, limit, found, more) in [
        ("walnut", 8, 7, false),
        ("walnut", 7, 7, false),
        ("walnut", 6, 6, true),
        ("walnut", 1, 1, true),
        // The word as it is has one place in a turn, its beginning two.
        ("two walnut", 1, 1, false),
        ("nothing", 1, 0, false),
    ] {
        let query: String = byte_serialize(words.as_bytes()).collect();
        let told = browser
            .read(&format!("/search?q={query}&limit={limit}"))
            .await;
        let count = told["hits"].as_array().unwrap().len();
        let expected = (found, &json!(more));
        assert_eq!((count, &told["more"]), expected, "{words}, {limit}");
    }
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

/// What has a meaning to SQLite, to a shell, to nobody.
const ODD: &[&str] = &[
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
];

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
    let many = "a ".repeat(100);
    for words in ODD.iter().copied().chain([many.as_str()]) {
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
    server.stop().await;
}

#[tokio::test]
async fn a_search_without_words_or_beyond_its_bounds_is_refused() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
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

#[tokio::test]
async fn words_on_both_sides_of_a_nul_are_found() {
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let answer = "a walnut\u{0} and a hazel";
    browser
        .has(&[conversation(1, "Nuts", &[("q", answer)])])
        .await;
    for word in ["walnut", "hazel"] {
        let found = hits(&browser, word).await;
        let mark = format!("[{word}]");
        assert!(marked(&found[0]).contains(&mark), "{found:?}");
    }
    server.stop().await;
}
