//! Libraries in folders of their own: what is found in them, how they follow their folders, and their vectors.

mod embedding;
mod faults;
mod healing;
mod moving;
mod sources;
mod updating;
mod waiting;

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::knowledge::Passage;

/// A folder of documents, and where the index of it is kept.
struct Case {
    home: TempDir,
}

impl Case {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("docs")).unwrap();
        Self { home }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.home.path().join("docs").join(path), text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.home.path().join("docs").join(path)).unwrap();
    }

    fn index(&self) -> PathBuf {
        self.home.path().join("knowledge.db")
    }

    fn library(&self) -> Library {
        let folders = vec![self.home.path().join("docs")];
        let config = config::Knowledge {
            folders,
            ..config::Config::default().knowledge
        };
        let store = StorePath::File(self.home.path().join("askd.db"));
        Library::new(&config, &store).unwrap()
    }

    /// Another askd, started on the same file.
    fn keeper(&self) -> Keeper {
        let mut keeper = self.library().keep().unwrap();
        keeper.load().unwrap();
        keeper
    }
}

fn update(keeper: &mut Keeper) -> Report {
    keeper.update(&mut |_, _| {}).unwrap().unwrap()
}

fn found(library: &Library, question: &str) -> Vec<String> {
    let passages = library.search(question, 10).unwrap();
    passages
        .into_iter()
        .filter_map(|passage| passage.path)
        .collect()
}

#[test]
fn a_passage_is_found_and_says_where_it_stands() {
    let case = Case::new();
    case.write(
        "guide.md",
        "# Guide\n\n## Tea\n\nSteep it for three minutes.\n\n## Coffee\n\nGrind it.\n",
    );
    case.write("notes.txt", "Kettles <boil> *water*.\n");
    case.write("faq.jsonl", "{\"question\":\"How is cocoa made?\",\"answer\":\"With **milk**.\",\"url\":\"https://e.org/c\"}\n");
    let mut keeper = case.keeper();
    let library = keeper.library();
    assert!(matches!(
        library.search("tea", 1),
        Err(LibraryError::Unread)
    ));
    let report = update(&mut keeper);
    assert_eq!(
        (
            report.files,
            report.read,
            report.gone,
            report.problems.len()
        ),
        (3, 3, 0, 0)
    );
    let first = |question| library.search(question, 1).unwrap().remove(0);
    let tea = first("steeping tea");
    assert_eq!(tea.heading.as_deref(), Some("Guide › Tea"));
    assert_eq!(
        (tea.path.as_deref(), tea.anchor.as_deref()),
        (Some("guide.md"), Some("tea"))
    );
    assert_eq!(
        (&*tea.title, &*tea.text),
        ("Guide", "Steep it for three minutes.")
    );
    let kettle = first("kettle");
    assert_eq!(
        (&*kettle.title, &*kettle.excerpt),
        ("notes.txt", "Kettles <boil> water.")
    );
    assert_eq!(kettle.text, "Kettles \\<boil\\> \\*water\\*\\.");
    let cocoa = first("cocoa");
    assert_eq!(cocoa.heading.as_deref(), Some("How is cocoa made?"));
    assert_eq!(
        (&*cocoa.text, cocoa.url.as_deref()),
        ("With **milk**.", Some("https://e.org/c"))
    );
    assert!(tea.score > 0.5 && tea.score <= 1.0, "{}", tea.score);
}
