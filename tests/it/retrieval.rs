//! How good the search is, on a public set with judgements, as `make retrieval` derives it: short texts of many fields
//! and the questions that they answer, of PyPI's `fitz-gov`, beside what a reference BM25 (`bm25s`) makes of them.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tokio::process::Command;

use crate::llm::Llm;

/// What the reference may be better by.
const WITHIN: f64 = 0.02;
/// How far what a score says may be from what is true, at the mean.
const CALIBRATED: f64 = 0.1;
/// Of the answerable questions, those that are asked of vectors too: each so many-th.
const EACH: usize = 12;
/// The documents that these are searched in. `make judge` asks all of all; here that would take too long.
const DOCUMENTS: usize = 1_050;

#[tokio::test]
async fn the_search_finds_as_well_as_a_reference_and_its_scores_say_how_often_it_is_right() {
    let home = derived();
    let reference = fs::read_to_string(home.join("reference.json")).unwrap();
    let reference: Value = serde_json::from_str(&reference).unwrap();
    let number = |key: &str| reference[key].as_u64().unwrap();
    assert!(number("documents") > 4_000 && number("questions") > 2_000 && number("foreign") > 500);

    let said = judged(&home.join("documents"), &home.join("questions.jsonl"), "").await;
    println!("{said}{reference}");
    let head = format!(
        "{} questions with right documents, {} without",
        number("questions"),
        number("foreign")
    );
    assert!(said.starts_with(&head), "{said}");
    let figures = figures(&said);
    let wanted = reference["ndcg_at_10"].as_f64().unwrap();
    assert!(wanted > 0.6, "the reference itself: {wanted}");
    assert!(
        figures["nDCG@10"] >= wanted * (1.0 - WITHIN),
        "{} against {wanted}",
        figures["nDCG@10"]
    );
    assert!(figures["calibration error"] <= CALIBRATED, "{said}");
}

#[tokio::test]
async fn words_and_vectors_together_find_better_than_either() {
    let home = derived();
    let place = tempfile::tempdir().unwrap();
    let (some, questions) = (place.path().join("some"), place.path().join("some.jsonl"));
    fs::create_dir(&some).unwrap();
    let mut asked = String::new();
    let mut chosen: BTreeSet<String> = BTreeSet::new();
    let all = fs::read_to_string(home.join("questions.jsonl")).unwrap();
    let right = |line: &str| -> Vec<String> {
        let question: Value = serde_json::from_str(line).unwrap();
        serde_json::from_value(question["documents"].clone()).unwrap()
    };
    let answerable = all.lines().filter(|line| !right(line).is_empty());
    for line in answerable.step_by(EACH) {
        writeln!(asked, "{line}").unwrap();
        chosen.extend(right(line));
    }
    fs::write(&questions, asked).unwrap();
    let names = fs::read_dir(home.join("documents")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in names.collect::<BTreeSet<_>>() {
        if chosen.len() == DOCUMENTS {
            break;
        }
        chosen.insert(name);
    }
    for name in &chosen {
        fs::copy(home.join("documents").join(name), some.join(name)).unwrap();
    }

    let embedder = Llm::with(
        ".cache/embedder/model.gguf",
        "make embedder",
        &["embeddings"],
    )
    .await;
    let endpoint = format!(
        "[knowledge.embeddings]\nbase_url = \"{}/v1\"\nmodel = \"minilm\"\ndimensions = 384\nmax_input = \"1.5 KiB\"\nbatch = 8\n",
        embedder.address
    );
    let said = judged(&some, &questions, &endpoint).await;
    println!("{said}");
    let (words, rest) = said.split_once("by vectors").expect(&said);
    let (vectors, both) = rest.split_once("by both").expect(&said);
    assert!(words.contains("\n200 questions"), "{said}");
    let [words, vectors, both] = [words, vectors, both].map(|part| figures(part)["nDCG@10"]);
    assert!(words > 0.5 && vectors > 0.5, "{said}");
    assert!(both > words && both > vectors, "{said}");
}

/// Where `make retrieval` has put the set.
fn derived() -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/retrieval");
    assert!(
        home.join("made.txt").exists(),
        "the set is not derived: run `make retrieval` first"
    );
    home
}

/// What `askd eval` prints of the questions, asked of the documents.
async fn judged(documents: &Path, questions: &Path, embeddings: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("askd.toml");
    let store = place.path().join("askd.db");
    fs::write(
        &config,
        format!("[knowledge]\nfolders = [{documents:?}]\n{embeddings}[store]\npath = {store:?}\n"),
    )
    .unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_askd"))
        .args(["eval".as_ref(), questions.as_os_str()])
        .args(["--config".as_ref(), config.as_os_str()])
        .env_clear()
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let complaints = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{complaints}");
    assert!(!complaints.contains("warning"), "{complaints}");
    String::from_utf8(said.stdout).unwrap()
}

/// The figures of a table, by their names.
fn figures(table: &str) -> HashMap<&str, f64> {
    table
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, figure)| Some((name, figure.parse().ok()?)))
        .collect()
}
