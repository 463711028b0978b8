//! Who may import whom, as ARCHITECTURE.md has it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each module with what it may import beside itself.
const MAY_IMPORT: [(&str, &[&str]); 19] = [
    ("id", &[]),
    ("answer", &["id"]),
    ("shutdown", &[]),
    ("tls", &["shutdown"]),
    ("config", &["tls"]),
    ("telemetry", &["config"]),
    ("metrics", &["answer"]),
    ("refusal", &["id", "metrics"]),
    ("llm", LEVEL_0),
    ("knowledge", LEVEL_0),
    ("store", LEVEL_0),
    (
        "turn",
        &[
            "id",
            "answer",
            "shutdown",
            "config",
            "metrics",
            "llm",
            "knowledge",
            "refusal",
            "store",
        ],
    ),
    ("auth", &["id", "config", "store"]),
    (
        "session",
        &[
            "id", "answer", "shutdown", "config", "metrics", "auth", "refusal", "turn",
        ],
    ),
    (
        "http",
        &[
            "id",
            "answer",
            "shutdown",
            "config",
            "metrics",
            "knowledge",
            "refusal",
            "store",
            "auth",
            "turn",
            "session",
            "tls",
        ],
    ),
    (
        "app",
        &[
            "auth",
            "config",
            "http",
            "knowledge",
            "llm",
            "metrics",
            "refusal",
            "session",
            "shutdown",
            "store",
            "tls",
            "turn",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "auth",
            "config",
            "knowledge",
            "shutdown",
            "store",
            "telemetry",
        ],
    ),
    (
        "main",
        &[
            "app",
            "cli",
            "config",
            "http",
            "knowledge",
            "shutdown",
            "telemetry",
        ],
    ),
    ("lib", &[]),
];

const LEVEL_0: &[&str] = &["id", "answer", "shutdown", "config", "metrics"];

#[test]
fn modules_import_only_what_lies_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    let mut imports = 0;
    for file in rust_files(&root) {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let module = module.trim_end_matches(".rs");
        let (_, allowed) = MAY_IMPORT
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{} has no line in this table", file.display()));
        seen.insert(module.to_owned());
        for imported in imported(&fs::read_to_string(&file).unwrap()) {
            imports += 1;
            let fine = imported == module || allowed.contains(&imported.as_str());
            assert!(
                fine,
                "{} imports {imported}, which is not below it",
                file.display()
            );
        }
    }
    assert_eq!(
        seen.len(),
        MAY_IMPORT.len(),
        "each line has its module: {seen:?}"
    );
    assert!(imports > 60, "the imports are found: {imports}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// The modules that a file names behind `crate::` (`askd::` in main), also in a braced list, before its tests.
fn imported(source: &str) -> BTreeSet<String> {
    let code: String = source
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = BTreeSet::new();
    for part in code
        .split("crate::")
        .skip(1)
        .chain(code.split("use askd::").skip(1))
    {
        match part.strip_prefix('{') {
            None => drop(names.insert(first_word(part))),
            Some(list) => {
                let mut depth = 0;
                let mut start = true;
                for (at, letter) in list.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        letter if start && letter.is_alphabetic() => {
                            names.insert(first_word(&list[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}
