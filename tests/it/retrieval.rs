//! How good the search is, on a public set with judgements, as `make retrieval` derives it: short texts of many fields
//! and the questions that they answer, of PyPI's `fitz-gov`, beside what a reference BM25 (`bm25s`) makes of them.

use std::{collections::HashMap, fs, path::Path, process::Command};

use serde_json::Value;

/// What the reference may be better by.
const WITHIN: f64 = 0.02;
/// How far what a score says may be from what is true, at the mean.
const CALIBRATED: f64 = 0.08;

#[test]
fn the_search_finds_as_well_as_a_reference_and_its_scores_say_how_often_it_is_right() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/retrieval");
    let reference = fs::read_to_string(home.join("reference.json"))
        .expect("the set is not derived: run `make retrieval` first");
    let reference: Value = serde_json::from_str(&reference).unwrap();
    let number = |key: &str| reference[key].as_u64().unwrap();
    assert!(number("documents") > 4_000 && number("questions") > 2_000 && number("foreign") > 500);

    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("askd.toml");
    let (store, documents) = (place.path().join("askd.db"), home.join("documents"));
    fs::write(
        &config,
        format!("[knowledge]\nfolders = [{documents:?}]\n[store]\npath = {store:?}\n"),
    )
    .unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_askd"))
        .args(["eval".as_ref(), home.join("questions.jsonl").as_os_str()])
        .args(["--config".as_ref(), config.as_os_str()])
        .env_clear()
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let said = String::from_utf8(said.stdout).unwrap();
    println!("{said}{reference}");
    let head = format!(
        "{} questions with right documents, {} without",
        number("questions"),
        number("foreign")
    );
    assert!(said.starts_with(&head), "{said}");
    let figures: HashMap<&str, f64> = said
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, figure)| Some((name, figure.parse().ok()?)))
        .collect();
    let wanted = reference["ndcg_at_10"].as_f64().unwrap();
    assert!(wanted > 0.6, "the reference itself: {wanted}");
    assert!(
        figures["nDCG@10"] >= wanted * (1.0 - WITHIN),
        "{} against {wanted}",
        figures["nDCG@10"]
    );
    assert!(figures["calibration error"] <= CALIBRATED, "{said}");
}
