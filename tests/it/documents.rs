//! Answers from folders, without a model; and what an operator does with the documents by hand.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::harness::{Server, soon};

/// A folder with a few documents, and a configuration that names it.
pub fn folder() -> (TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let docs = home.path().join("handbook");
    fs::create_dir_all(docs.join("drafts")).unwrap();
    fs::write(
        docs.join("leave.md"),
        "---\ntitle: Holidays\nurl: https://example.org/leave\n---\n\n# Leave\n\n## Parental leave\n\n\
         Parents stay at home for **sixteen weeks** on full pay.\n\n## Sick leave\n\nTell your lead on the first day.\n",
    )
    .unwrap();
    fs::write(
        docs.join("travel.txt"),
        "Trains are booked in second class. <script>alert(1)</script>\n",
    )
    .unwrap();
    fs::write(
        docs.join("drafts/pay.md"),
        "Salaries are secret until May.\n",
    )
    .unwrap();
    fs::write(docs.join("broken.json"), "{\"question\":").unwrap();
    let store = home.path().join("askd.db");
    let config = format!(
        "[knowledge]\nfolders = [{docs:?}]\nexclude = [\"drafts/\"]\n[store]\npath = {store:?}\n"
    );
    (home, config)
}

#[tokio::test]
async fn a_question_is_answered_by_the_passage_that_fits_with_its_source() {
    let (_home, config) = folder();
    // The documents are read while it asks, again and again.
    let server = Server::start(&format!("{config}[session]\nquestions_per_minute = 0\n"));
    let mut client = server.connect().await;
    assert_eq!(client.status["endpoints"][0]["models"][0], "documents");
    assert_eq!(client.status["endpoints"][0]["takes_options"], false);
    let mut turn = client
        .ask("how many weeks of parental leave do I get")
        .await;
    let mut read = client.read(turn).await;
    let was_early = read.outcome == "failed";
    let answered = async {
        // Until the documents have been read it says so.
        while read.outcome == "failed" {
            turn = client
                .ask("how many weeks of parental leave do I get")
                .await;
            read = client.read(turn).await;
        }
    };
    soon("answered", answered).await;
    assert_eq!(read.outcome, "stop");
    assert_eq!(
        read.text,
        "Parents stay at home for **sixteen weeks** on full pay."
    );
    client.leave(1001).await;
    let told: &[&str] = if was_early {
        &["not all been read yet"]
    } else {
        &[]
    };
    server.stop_expecting(told).await;
}

/// Runs the binary on a configuration: what it said on both outputs, and its exit code.
fn askd(home: &Path, arguments: &[&str]) -> (String, String, i32) {
    let said = Command::new(env!("CARGO_BIN_EXE_askd"))
        .args(arguments)
        .args(["--config", "askd.toml"])
        .current_dir(home)
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(said.stdout),
        text(said.stderr),
        said.status.code().unwrap(),
    )
}

#[test]
fn documents_are_read_searched_and_judged_by_hand() {
    let (home, config) = folder();
    let home = home.path();
    fs::write(home.join("askd.toml"), config).unwrap();
    let (out, err, code) = askd(home, &["index"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with(
            "3 files, 3 of them new or changed; 0 documents are gone or replaced; 1 problems\n"
        ),
        "{out}"
    );
    assert!(out.contains("3 passages"), "{out}");
    assert!(err.starts_with("broken.json is left out: "), "{err}");
    let (out, _, _) = askd(home, &["index"]);
    assert!(
        out.starts_with("3 files, 0 of them new or changed"),
        "{out}"
    );

    let (out, _, code) = askd(home, &["search", "parental leave", "--limit", "1"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("  Holidays\n   leave.md#parental-leave  Leave › Parental leave\n"),
        "{out}"
    );
    assert!(
        out.contains("   Parents stay at home for sixteen weeks on full pay.\n"),
        "{out}"
    );
    let (out, _, _) = askd(home, &["search", "salaries"]);
    assert_eq!(out, "nothing has a word of it\n");

    fs::write(
        home.join("questions.jsonl"),
        "{\"question\":\"When must I report a sick day?\",\"documents\":[\"leave.md#sick-leave\"]}\n\
         {\"question\":\"Which class do we travel in on trains?\",\"documents\":[\"travel.txt\"]}\n\
         {\"question\":\"Who won the cup?\"}\n",
    )
    .unwrap();
    let (out, err, code) = askd(home, &["eval", "questions.jsonl"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with("2 questions with right documents, 1 without\n"),
        "{out}"
    );
    assert!(
        out.contains("right first 1.0000\n") && out.contains("refused of those without 1.0000\n"),
        "{out}"
    );
    assert_eq!(err, "");
    fs::write(
        home.join("moved.jsonl"),
        "{\"question\":\"When must I report a sick day?\",\"documents\":[\"moved.md#sick-leave\",\"leave.md\"]}\n",
    )
    .unwrap();
    let (_, err, _) = askd(home, &["eval", "moved.jsonl"]);
    assert_eq!(
        err,
        "warning: not in the index, and so never found: moved.md#sick-leave\n"
    );
    let (_, err, code) = askd(home, &["eval", "askd.toml"]);
    assert_eq!(code, 78);
    assert!(err.contains("askd.toml: line 1 is no question"), "{err}");

    let (out, _, _) = askd(home, &["check"]);
    assert!(
        out.contains("  answers by   ") && out.contains("handbook\n"),
        "{out}"
    );
}

#[test]
fn a_folder_that_is_missing_is_a_warning_and_no_folder_at_all_is_told() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(
        home.join("askd.toml"),
        "[knowledge]\nfolders = [\"gone\"]\n",
    )
    .unwrap();
    let (_, err, code) = askd(home, &["check"]);
    assert_eq!(code, 0);
    assert!(
        err.contains("knowledge.folders") && err.contains("is not there"),
        "{err}"
    );
    let (_, err, code) = askd(home, &["index"]);
    assert_eq!(code, 69);
    assert!(err.contains("gone cannot be opened"), "{err}");
    fs::write(home.join("askd.toml"), "").unwrap();
    let (_, err, code) = askd(home, &["index"]);
    assert_eq!(code, 78);
    assert!(err.contains("no folder is named"), "{err}");
}
