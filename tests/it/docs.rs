//! What is written for people leads where it says, and names all that there is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The generated types of the wire: its literals are the words on it.
const WIRE: &str = include_str!("../../assets/page/src/lib/wire.ts");
const EXAMPLE: &str = include_str!("../../config.example.toml");

#[test]
fn every_link_of_the_documents_leads_to_a_file_and_a_heading_of_it() {
    let mut followed = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            let here = document.display();
            assert!(
                target.exists(),
                "{here} leads to {link}, which is not there"
            );
            if !heading.is_empty() {
                let headings = headings(&fs::read_to_string(&target).unwrap());
                assert!(
                    headings.contains(heading),
                    "{here} leads to {link}; its headings are {headings:?}"
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 20, "the links are found: {followed}");
}

#[test]
fn the_protocol_tells_every_message_code_and_word_of_the_wire() {
    let protocol = fs::read_to_string(root().join("docs/protocol.md")).unwrap();
    let told: BTreeSet<&str> = protocol.split('`').skip(1).step_by(2).collect();
    let words: BTreeSet<&str> = WIRE
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|word| !["type", "state", "answer"].contains(word))
        .collect();
    let untold: Vec<_> = words.difference(&told).collect();
    assert!(untold.is_empty(), "not in docs/protocol.md: {untold:?}");
    assert!(words.len() > 40, "the words are found: {words:?}");
    for code in [1000, 1001, 1002, 1007, 1008, 1009, 1012, 1013] {
        let is_told = protocol
            .lines()
            .any(|line| line.starts_with("| 1") && line.contains(&code.to_string()));
        assert!(is_told, "the close code {code} is not in docs/protocol.md");
    }
}

#[test]
fn the_sections_of_the_configuration_are_all_told() {
    let told = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let sections: BTreeSet<&str> = EXAMPLE
        .lines()
        .map(|line| line.trim_start_matches('#'))
        .filter(|line| line.starts_with('[') && line.ends_with(']'))
        .collect();
    assert!(sections.len() > 8, "the sections are found: {sections:?}");
    for section in sections {
        assert!(
            told.contains(&format!("`{section}`")),
            "{section} is not in docs/configuration.md"
        );
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs")];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| is_markdown(path)).collect()
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

/// Where the links lead that do not leave the tree.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
        .filter(|link| !link.contains("://"))
        .collect()
}

/// The anchors that GitHub gives a document's headings.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}
