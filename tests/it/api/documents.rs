//! Documents that answers are from: what is shown of them, and what is not shown to anybody.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::Value;
use tempfile::TempDir;
use url::form_urlencoded::byte_serialize;

use super::{Browser, code, text};
use crate::{
    harness::{Server, soon},
    http::{Reply, ask_at},
};

fn server(folders: &[&Path]) -> Server {
    let exclude = "exclude = [\"drafts/\"]";
    Server::start(&format!("[knowledge]\nfolders = {folders:?}\n{exclude}\n"))
}

fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let file = home.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    home
}

async fn part(browser: &Browser, path: &str, more: &str) -> Value {
    let path: String = byte_serialize(path.as_bytes()).collect();
    let reply = browser.get(&format!("/document?path={path}{more}")).await;
    assert_eq!(reply.status, 200, "{path}: {}", text(&reply));
    reply.json()
}

async fn file(browser: &Browser, path: &str) -> Reply {
    let path: String = byte_serialize(path.as_bytes()).collect();
    browser.get(&format!("/document/file?path={path}")).await
}

#[tokio::test]
async fn a_document_is_shown_from_the_passage_that_a_source_is() {
    let long = "A sentence that fills a passage with its many words. ".repeat(30);
    let markdown = format!(
        "---\ntitle: Guide\nurl: https://example.org/g\n---\n\n# Guide\n\nIntro.\n\n## Risks\n\n\
         {long}\n\n{long}\n\n{long}\n\n## End\n\nThe *last* words.\n"
    );
    let entries = "{\"question\":\"What is a pear?\",\"answer\":\"A **fruit**.\",\"title\":\"Pears\",\"url\":\"https://example.org/p\"}\n";
    let home = home(&[
        ("guide.md", &markdown),
        ("faq.jsonl", entries),
        ("a.txt", "Stars *stay* stars.\n"),
    ]);
    let server = server(&[home.path()]);
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("guide.md")).await;
    let whole = part(&browser, "guide.md", "").await;
    assert_eq!(
        (&whole["title"], &whole["url"]),
        (&"Guide".into(), &"https://example.org/g".into())
    );
    let passages = whole["passages"].as_array().unwrap();
    assert_eq!(whole["total"], passages.len());
    let risks: Vec<usize> = (0..passages.len())
        .filter(|at| passages[*at]["anchor"] == "risks")
        .collect();
    assert!(risks.len() > 2, "{whole:#}");
    assert_eq!(
        passages[risks[0]]["headings"],
        serde_json::json!(["Guide", "Risks"])
    );
    for (fragment, at) in [
        ("risks", Some(risks[0])),
        ("risks~2", Some(risks[1])),
        ("risks~99", Some(risks[0])),
        ("~1", Some(0)),
        ("~0", None),
        ("~9999999", None),
        ("risks~x", None),
        ("nothing", None),
        ("end", Some(passages.len() - 1)),
    ] {
        let shown = part(&browser, "guide.md", &format!("&at={fragment}&limit=100")).await;
        assert_eq!(shown["at"].as_u64(), at.map(|at| at as u64), "{fragment}");
        let first = shown["first"].as_u64().unwrap() as usize;
        assert_eq!(first, at.unwrap_or(0).saturating_sub(3), "{fragment}");
        assert_eq!(shown["passages"][0], passages[first], "{fragment}");
    }
    let second = part(&browser, "guide.md", "&from=1&limit=1").await;
    assert_eq!(second["passages"], serde_json::json!([passages[1]]));
    let behind = part(&browser, "guide.md", "&from=4294967295").await;
    assert_eq!(behind["passages"], serde_json::json!([]));

    let entry = &part(&browser, "faq.jsonl", "").await["passages"][0];
    assert_eq!(
        (&entry["title"], &entry["headings"][0], &entry["markdown"]),
        (&"Pears".into(), &"What is a pear?".into(), &true.into())
    );
    let plain = part(&browser, "a.txt", "").await;
    assert_eq!(plain["title"], "a.txt");
    assert_eq!(plain["passages"][0]["markdown"], false);
    assert_eq!(plain["passages"][0]["text"], "Stars *stay* stars.");
    server.stop().await;
}

#[tokio::test]
async fn a_sources_anchor_opens_the_very_passage() {
    let filler = "Words about nothing in particular fill this place well. ".repeat(25);
    let markdown = format!(
        "# Top\n\n## Part\n\n{filler}\n\n{filler}\n\nThe walrus sleeps here. {filler}\n\n{filler}\n"
    );
    let home = home(&[
        ("a.md", &markdown),
        (
            "b.txt",
            &format!("{filler}\n\nA heron stands there. {filler}\n"),
        ),
    ]);
    let server = server(&[home.path()]);
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("a.md")).await;
    for (word, path) in [("walrus", "a.md"), ("heron", "b.txt")] {
        let mut client = server.connect().await;
        let turn = client.ask(&format!("{word}?")).await;
        let read = client.read(turn).await;
        let source = serde_json::to_value(&read.sources[0]).unwrap();
        assert_eq!(source["path"], path);
        let anchor: String =
            byte_serialize(source["anchor"].as_str().unwrap().as_bytes()).collect();
        let shown = part(&browser, path, &format!("&at={anchor}")).await;
        let at = shown["at"].as_u64().unwrap() - shown["first"].as_u64().unwrap();
        assert!(at > 0 || path == "b.txt", "{shown:#}");
        let text = shown["passages"][at as usize]["text"].as_str().unwrap();
        assert!(text.contains(word), "{text}");
        client.leave(1001).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_index_is_the_same_404_whatever_it_is() {
    let home = home(&[
        ("docs/a.md", "Apples.\n"),
        ("docs/sub/b.md", "Bears.\n"),
        ("docs/.hidden.md", "Hidden.\n"),
        ("docs/drafts/c.md", "Drafts.\n"),
        ("docs/broken.json", "{\"question\":"),
        ("docs/image.png", "PNG"),
        ("secret.md", "Secret.\n"),
    ]);
    let docs = home.path().join("docs");
    symlink(home.path().join("secret.md"), docs.join("link.md")).unwrap();
    fs::write(docs.join("li\nne.md"), "Line.\n").unwrap();
    let server = server(&[&docs]);
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("a.md")).await;
    let secret = home.path().join("secret.md");
    let mut unknown = browser.get("/document?path=none.md").await.body;
    for path in [
        "",
        "/",
        ".",
        "..",
        "none.md",
        "../secret.md",
        "sub/../../secret.md",
        "sub/../a.md",
        "./a.md",
        "/a.md",
        "a.md/",
        "a.md\0",
        "A.md",
        "sub%2fb.md",
        "%2e%2e/secret.md",
        "..\\secret.md",
        ".hidden.md",
        "drafts/c.md",
        "broken.json",
        "image.png",
        "link.md",
        "li\nne.md",
        secret.to_str().unwrap(),
        "/etc/passwd",
        &"a".repeat(5000),
    ] {
        let name: String = byte_serialize(path.as_bytes()).collect();
        for address in ["/document", "/document/file"] {
            let reply = browser.get(&format!("{address}?path={name}")).await;
            assert_eq!(
                (reply.status, code(&reply)),
                (404, "unknown_document".to_owned()),
                "{path:?}"
            );
            assert_eq!(reply.body, unknown, "{path:?}");
            unknown = reply.body;
        }
    }
    for path in [
        "/document/a.md",
        "/document/../document",
        "/document/file/a.md",
        "/document%2ffile?path=a.md",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    // Written as an address may write it, a path is the one that it stands for.
    assert_eq!(browser.get("/document?path=sub%2Fb%2emd").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_file_is_handed_out_only_as_it_was_read_and_never_as_a_page() {
    let html = "<h1>Hi</h1><script>alert(1)</script><p>Words.</p>";
    let odd = "Größe \"x\"; y.md";
    let home = home(&[
        ("docs/page.html", html),
        ("docs/a.md", "Apples.\n"),
        ("docs/b.md", "Bears.\n"),
        ("docs/.hidden.md", "Hidden.\n"),
        (&format!("docs/{odd}"), "Odd.\n"),
        ("secret.md", "Secret.\n"),
    ]);
    let docs = home.path().join("docs");
    let server = server(&[&docs]);
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("a.md")).await;
    let page = file(&browser, "page.html").await;
    assert_eq!((page.status, text(&page)), (200, html.to_owned()));
    for (header, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-disposition", "attachment; filename=\"page.html\""),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.header(header), Some(value), "{header}");
    }
    let policies = page
        .headers()
        .filter(|(name, _)| *name == "content-security-policy");
    assert_eq!(policies.count(), 1, "the page's own allows more");
    let named = file(&browser, odd).await;
    assert_eq!(
        named.header("content-disposition"),
        Some(
            "attachment; filename=\"Gr__e__x___y.md\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%22x%22%3B%20y.md"
        )
    );
    // Since it was read, something else has come to lie in its place.
    for put in [
        &(|path: &Path| symlink(home.path().join("secret.md"), path).unwrap()) as &dyn Fn(&Path),
        &|path| symlink(docs.join(".hidden.md"), path).unwrap(),
        &|path| fs::write(path, "Beers.\n").unwrap(),
        &|path| fs::create_dir(path).unwrap(),
    ] {
        let path = docs.join("b.md");
        assert_eq!(file(&browser, "b.md").await.status, 200);
        fs::remove_file(&path).unwrap();
        put(&path);
        let reply = file(&browser, "b.md").await;
        assert_eq!(
            (reply.status, code(&reply)),
            (404, "unknown_document".to_owned())
        );
        // What was read of it is still what answers quote.
        assert_eq!(
            part(&browser, "b.md", "").await["passages"][0]["text"],
            "Bears."
        );
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        fs::write(&path, "Bears.\n").unwrap();
    }
    // A folder on the way has become a link to another one with the same file in it.
    let away = home.path().join("away");
    fs::rename(&docs, &away).unwrap();
    assert_eq!(file(&browser, "b.md").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn over_the_loopback_nothing_is_read_under_a_name_that_anybody_may_have() {
    let home = home(&[("docs/a.md", "Apples.\n")]);
    let docs = home.path().join("docs");
    let server = Server::start(&format!(
        "[server]\npublic_url = \"https://ask.example.org\"\n[knowledge]\nfolders = [{docs:?}]\n\
         [store]\npath = \":memory:\"\n"
    ));
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("a.md")).await;
    for path in [
        "document?path=a.md",
        "document/file?path=a.md",
        "conversations",
    ] {
        for (host, status) in [
            ("ask.example.org", 200),
            ("localhost:1", 200),
            ("[::1]", 200),
            ("evil.example", 403),
            ("ask.example.org.evil.example", 403),
        ] {
            let request = format!("GET /api/v1/{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let reply = ask_at(server.address, &request).await;
            assert_eq!(reply.status, status, "{path} {host}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn of_several_folders_each_shows_its_own_and_without_any_there_is_nothing() {
    let one = home(&[("x/a.md", "Apples.\n")]);
    let two = home(&[("y/a.md", "Bears.\n"), ("y/b.md", "More.\n")]);
    let server = server(&[&one.path().join("x"), &two.path().join("y")]);
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("x/a.md")).await;
    for (path, words) in [("x/a.md", "Apples."), ("y/a.md", "Bears.")] {
        let shown = part(&browser, path, "").await;
        assert_eq!(shown["passages"][0]["text"], words);
        assert_eq!(shown["path"], path);
        assert_eq!(file(&browser, path).await.status, 200);
    }
    // A source of a time when there was one folder.
    let shown = part(&browser, "b.md", "").await;
    assert_eq!(shown["passages"][0]["text"], "More.");
    for path in ["c.md", "x/b.md", "z/a.md", "x", "x/../y/b.md"] {
        assert_eq!(
            browser.get(&format!("/document?path={path}")).await.status,
            404,
            "{path}"
        );
    }
    server.stop().await;
    let server = Server::start("");
    let browser = Browser::new(&server).await;
    let reply = browser.get("/document?path=a.md").await;
    assert_eq!(
        (reply.status, code(&reply)),
        (404, "unknown_document".to_owned())
    );
    server.stop().await;
}

#[tokio::test]
async fn a_part_of_a_large_document_is_bounded_and_the_parts_are_all_of_it() {
    let text: String = (0..4000)
        .map(|n| format!("Line {n} of a long text that goes on and on.\n\n"))
        .collect();
    let home = home(&[("long.txt", &text)]);
    let server = server(&[home.path()]);
    let browser = Browser::new(&server).await;
    soon("read", browser.shows("long.txt")).await;
    let (mut from, mut read) = (0, String::new());
    loop {
        let shown = part(&browser, "long.txt", &format!("&from={from}&limit=100")).await;
        let passages = shown["passages"].as_array().unwrap();
        let bytes: usize = passages
            .iter()
            .map(|passage| passage["text"].as_str().unwrap().len())
            .sum();
        assert!(bytes < 70 << 10, "{bytes}");
        for passage in passages {
            read.push_str(passage["text"].as_str().unwrap());
            read.push_str("\n\n");
        }
        from += passages.len();
        if shown["total"] == from {
            break;
        }
    }
    assert_eq!(read, text);
    server.stop().await;
}
