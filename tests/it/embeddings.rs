//! The embeddings' endpoint over HTTP: what is sent, and what becomes of a server that fails.

use std::fs;

use serde_json::json;

use crate::{
    fake::{Fake, Request, Script},
    harness::{Server, soon},
    http::ready,
};

/// Vectors by which a text is about ships or about bread, in the wrong order and with their indices.
fn vectors(request: &Request) -> Script {
    let texts = request.json()["input"].as_array().unwrap();
    let vector = |(index, text): (usize, &serde_json::Value)| {
        let text = text.as_str().unwrap();
        let like =
            |words: [&str; 2]| f32::from(u8::from(words.iter().any(|w| text.contains(w)))) + 0.1;
        let vector = [like(["ship", "vessel"]), like(["bread", "loaf"])];
        json!({ "index": index, "embedding": vector })
    };
    let data: Vec<_> = texts.iter().enumerate().map(vector).rev().collect();
    let kind = [("content-type", "application/json")];
    Script::respond(200, &kind, json!({ "data": data }).to_string())
}

#[tokio::test]
async fn meaning_is_found_while_the_server_works_and_words_when_it_does_not() {
    let fake = Fake::start().await;
    fake.choose(vectors);
    fake.then(Script::overloaded(429, "0"));
    let home = tempfile::tempdir().unwrap();
    let docs = home.path().join("docs");
    fs::create_dir(&docs).unwrap();
    fs::write(docs.join("sea.md"), "A ship sails.\n").unwrap();
    fs::write(docs.join("food.md"), "Bread and more bread rises.\n").unwrap();
    let server = Server::start(&format!(
        "[knowledge]\nfolders = [{docs:?}]\nmin_score = 0.0\n[knowledge.embeddings]\nbase_url = {:?}\nmodel = \"e\"\n\
         api_key = \"sk-embed-1\"\n[session]\nquestions_per_minute = 0\n[store]\npath = \":memory:\"\n",
        fake.base_url()
    ));
    let sent = fake.request(1).await;
    assert_eq!(sent.path(), "/v1/embeddings");
    assert_eq!(sent.header("authorization"), Some("Bearer sk-embed-1"));
    assert_eq!(sent.json()["model"], "e");
    assert_eq!(sent.json()["encoding_format"], "float");
    assert_eq!(
        fake.requests()[0].json(),
        sent.json(),
        "429, and the same again"
    );

    let mut client = server.connect().await;
    // The vectors are swapped in a moment after they have come.
    let by_meaning = async {
        loop {
            let turn = client.ask("vessels").await;
            if client.read(turn).await.text == "A ship sails." {
                break;
            }
        }
    };
    soon("found by its meaning", by_meaning).await;
    assert!(ready(server.address, 200).await["detail"].is_null());
    // Down: with words, and not asked for each question.
    fake.always(Script::refuse(500, "no key sk-embed-1 here"));
    let asked = fake.requests().len();
    for _ in 0..3 {
        let turn = client.ask("bread").await;
        let read = client.read(turn).await;
        assert_eq!(read.text, "Bread and more bread rises.");
    }
    assert_eq!(fake.requests().len(), asked + 1);
    let state = ready(server.address, 200).await;
    assert_eq!(
        (&state["state"], &state["detail"]),
        (&json!("ready"), &json!("embeddings_down"))
    );
    client.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn how_far_the_documents_are_is_told_while_they_get_their_vectors() {
    let fake = Fake::start().await;
    // Work of less than a second is none to tell of.
    fake.then(Script::overloaded(429, "1"));
    let vector = json!({ "data": [{ "index": 0, "embedding": [1.0, 0.0] }] });
    let kind = [("content-type", "application/json")];
    fake.then(Script::respond(200, &kind, vector.to_string()));
    fake.always(Script::new().gate("held"));
    let home = tempfile::tempdir().unwrap();
    let docs = home.path().join("docs");
    fs::create_dir(&docs).unwrap();
    for name in ["bread", "ship", "tea"] {
        fs::write(docs.join(format!("{name}.txt")), name).unwrap();
    }
    let server = Server::start(&format!(
        "[knowledge]\nfolders = [{docs:?}]\n[knowledge.embeddings]\nbase_url = {:?}\nmodel = \"e\"\nbatch = 1\n\
         [store]\npath = \":memory:\"\n",
        fake.base_url()
    ));
    fake.gate("held").reached(1).await;
    let state = ready(server.address, 200).await;
    assert_eq!(
        state["progress"],
        json!({ "task": "embedding", "done": 1, "of": 3 })
    );
    assert!(state["detail"].is_null(), "{state}");
    server.stop().await;
}
