//! A real LLM server: llama.cpp's own, with Gemma 3 270M, as `make llm` installs them.

use std::{path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    documents::folder,
    harness::{PATIENCE, Server},
};

/// A running server; it ends with its standard input, and so with this.
pub(crate) struct Llm {
    pub(crate) address: String,
    _child: Child,
}

impl Llm {
    async fn start(mode: &[&str]) -> Self {
        Self::with(".cache/llm/model.gguf", "make llm", mode).await
    }

    /// With another model, and what installs it.
    pub(crate) async fn with(model: &str, install: &str, mode: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (python, model) = (root.join(".cache/llm/bin/python"), root.join(model));
        assert!(python.exists(), "run `make llm` first");
        assert!(model.exists(), "run `{install}` first");
        let mut child = Command::new(python)
            .arg(root.join("tools/llm-server.py"))
            .arg(model)
            .args(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Loading takes seconds; on a machine that is busy with other tests, more of them.
        let address = timeout(6 * PATIENCE, lines.next_line())
            .await
            .expect("the model loads")
            .unwrap();
        Self {
            address: address.expect("the server prints its address"),
            _child: child,
        }
    }
}

#[tokio::test]
async fn a_real_llm_server_streams_is_cancelled_and_is_resumed() {
    let llm = Llm::start(&[]).await;
    let server = Server::start(&format!(
        "[[endpoint]]\nbase_url = \"{}/v1\"\nmodel = \"gemma\"\nmax_tokens = 24\nconcurrency = 1\n\
         extra_body = {{ ignore_eos = true }}\n",
        llm.address
    ));

    let mut client = server.connect().await;
    let turn = client.ask("Tell me about lighthouses.").await;
    let whole = client.read(turn).await;
    assert_eq!(whole.outcome, "length", "{whole:?}");
    assert!(whole.chunks >= 12, "it streams: {whole:?}");
    assert!(!whole.text.is_empty());
    assert_eq!(whole.complete["usage"]["completion_tokens"], 24);

    // Another session gets the same bytes from the log, from the middle too.
    let mut second = server.connect().await;
    second.resume(turn, 0).await;
    assert_eq!(second.read(turn).await.text, whole.text);
    second.resume(turn, whole.seq - 5).await;
    let rest = second.read(turn).await;
    assert!(whole.text.ends_with(&rest.text) && rest.text.len() < whole.text.len());

    // A cancelled answer gives its one slot to the next.
    let turn = client.ask_accepted("Tell me about ships.").await;
    client.expect("chunk").await;
    client.cancel(turn).await;
    assert_eq!(client.read(turn).await.outcome, "cancelled");
    let turn = client.ask("And about harbours?").await;
    assert_eq!(client.read(turn).await.outcome, "length");

    client.leave(1001).await;
    second.leave(1001).await;
    server.stop().await;
}

#[tokio::test]
async fn a_real_models_answer_from_documents_begins_with_its_sources() {
    let llm = Llm::start(&[]).await;
    let (_home, config) = folder();
    let server = Server::start(&format!(
        "[[endpoint]]\nbase_url = \"{}/v1\"\nmodel = \"gemma\"\nmax_tokens = 24\n{config}",
        llm.address
    ));
    let mut client = server.connect().await;
    let turn = client
        .ask_accepted("how many weeks of parental leave do I get")
        .await;
    let sources = client.expect("sources").await;
    assert_eq!(sources["items"][0]["title"], "Holidays");
    let answer = client.read(turn).await;
    assert!(
        ["stop", "length"].contains(&answer.outcome.as_str()),
        "{answer:?}"
    );
    assert!(!answer.text.is_empty());
    println!("{}", answer.text);
    client.leave(1001).await;
    server.stop().await;
}

/// The path and not the quality: a model that is made to write has vectors that mean little.
#[tokio::test]
async fn a_real_llm_server_embeds_documents_and_questions() {
    let llm = Llm::start(&["embeddings"]).await;
    let home = tempfile::tempdir().unwrap();
    let docs = home.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    for (name, text) in [
        ("sea.md", "A ship sails."),
        ("food.md", "Bread rises."),
        ("sky.md", "Rain falls."),
    ] {
        std::fs::write(docs.join(name), text).unwrap();
    }
    std::fs::write(
        home.path().join("askd.toml"),
        format!(
            "[knowledge]\nfolders = [{docs:?}]\n[knowledge.embeddings]\nbase_url = \"{}/v1\"\nmodel = \"gemma\"\n\
             dimensions = 256\ntimeout = \"1.5s\"\n[store]\npath = \"askd.db\"\n",
            llm.address
        ),
    )
    .unwrap();
    let askd = |arguments: &'static [&'static str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_askd"));
        command
            .args(arguments)
            .current_dir(home.path())
            .env_clear()
            .env("ASKD_CONFIG", "askd.toml");
        async move { String::from_utf8(command.output().await.unwrap().stdout).unwrap() }
    };
    let indexed = askd(&["index"]).await;
    assert!(
        indexed.contains("3 passages have vectors of 256 numbers; 3 texts"),
        "{indexed}"
    );
    // A busy machine takes longer for the question's vector than a reader would be kept waiting.
    let mut found = askd(&["search", "A ship sails."]).await;
    for _ in 0..10 {
        if !found.contains("meaning ") {
            found = askd(&["search", "A ship sails."]).await;
        }
    }
    assert!(found.contains("meaning "), "{found}");
    assert!(found.lines().next().unwrap().contains("sea"), "{found}");
}
