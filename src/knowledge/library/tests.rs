use std::{fs, path::PathBuf, thread};

use tempfile::TempDir;

use super::*;
use crate::knowledge::{EmbedError, Passage, Purpose};

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
        let keeper = self.library().keep().unwrap();
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

#[test]
fn only_what_has_changed_is_read_and_what_is_gone_is_not_found() {
    let case = Case::new();
    for n in 0..50 {
        case.write(&format!("{n}.txt"), &format!("Page {n} on lighthouses."));
    }
    let mut keeper = case.keeper();
    update(&mut keeper);
    case.write("7.txt", "Page 7 on harbours, a longer one.");
    case.remove("8.txt");
    case.write("new.txt", "Moorings.");
    let report = update(&mut keeper);
    assert_eq!((report.files, report.read, report.gone), (50, 2, 2));
    let library = keeper.library();
    assert_eq!(found(&library, "harbour"), ["7.txt"]);
    assert_eq!(found(&library, "mooring"), ["new.txt"]);
    let all = library.search("lighthouse", 100).unwrap();
    assert_eq!(all.len(), 48);
    assert_eq!(update(&mut keeper).read, 0);
    // What a new start makes of the file is the same.
    let before = library.search("page lighthouses", 100).unwrap();
    drop(keeper);
    let mut keeper = case.keeper();
    let again = keeper.library().search("page lighthouses", 100).unwrap();
    let scores = |passages: &[Passage]| {
        passages
            .iter()
            .map(|passage| passage.score)
            .collect::<Vec<_>>()
    };
    assert_eq!(scores(&again), scores(&before));
    assert_eq!(update(&mut keeper).read, 0);
}

#[test]
fn a_file_with_a_new_date_and_the_old_content_is_not_read_again() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    let file = File::options()
        .write(true)
        .open(case.home.path().join("docs/a.txt"))
        .unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(update(&mut keeper).read, 0);
    assert_eq!(found(&keeper.library(), "anchor"), ["a.txt"]);
}

#[test]
fn what_was_read_before_a_stop_is_neither_seen_nor_read_again() {
    let case = Case::new();
    for n in 0..10 {
        case.write(&format!("{n}.txt"), &format!("Buoy {n}."));
    }
    let mut keeper = case.keeper();
    let library = keeper.library();
    let stopped = keeper.update(&mut |done, _| {
        if done == 6 {
            library.stop();
        }
    });
    assert_eq!(stopped.unwrap(), None);
    assert!(matches!(
        library.search("buoy", 1),
        Err(LibraryError::Unread)
    ));
    drop(keeper);
    let mut keeper = case.keeper();
    assert!(keeper.library().size().is_none());
    let report = update(&mut keeper);
    assert_eq!((report.files, report.read), (10, 10));
    assert_eq!(found(&keeper.library(), "buoy").len(), 10);
    let rows: i64 = keeper
        .db
        .query_row("SELECT max(n) FROM document", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 10, "the six were taken as they were");
}

#[test]
fn a_search_sees_all_of_the_old_or_all_of_the_new() {
    let case = Case::new();
    let write = |round: usize| {
        for n in 0..20 {
            case.write(
                &format!("{n}.txt"),
                &format!("Tide table, edition {round:03}."),
            );
        }
    };
    write(0);
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut searches = 0;
            while !done.load(Ordering::Relaxed) || searches == 0 {
                let passages = library.search("tide table", 100).unwrap();
                let editions: HashSet<&str> =
                    passages.iter().map(|passage| &*passage.text).collect();
                assert_eq!((passages.len(), editions.len()), (20, 1), "{editions:?}");
                searches += 1;
            }
        });
        for round in 1..8 {
            write(round);
            update(&mut keeper);
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert!(
        library.search("edition", 1).unwrap()[0]
            .text
            .contains("007")
    );
}

#[test]
fn a_file_of_another_form_is_begun_anew_and_another_programs_is_left_alone() {
    let case = Case::new();
    case.write("a.txt", "Ropes.");
    update(&mut case.keeper());
    let db = Connection::open(case.index()).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    let mut keeper = case.keeper();
    assert!(keeper.library().size().is_none());
    assert_eq!(update(&mut keeper).read, 1);
    assert_eq!(found(&keeper.library(), "rope"), ["a.txt"]);
    drop(keeper);

    fs::remove_file(case.index()).unwrap();
    let db = Connection::open(case.index()).unwrap();
    db.execute_batch("CREATE TABLE theirs (n)").unwrap();
    drop(db);
    let before = fs::read(case.index()).unwrap();
    let refused = case.library().keep().err().unwrap();
    assert!(
        matches!(refused, LibraryError::File(FileError::Foreign { .. })),
        "{refused}"
    );
    assert_eq!(fs::read(case.index()).unwrap(), before);
}

#[test]
fn one_askd_writes_and_another_may_read() {
    let case = Case::new();
    case.write("a.txt", "Sails.");
    let mut keeper = case.keeper();
    let other = case.library();
    assert!(matches!(other.load(), Err(LibraryError::Unread)));
    update(&mut keeper);
    let refused = other.keep().err().unwrap();
    assert!(
        matches!(refused, LibraryError::File(FileError::InUse { .. })),
        "{refused}"
    );
    other.load().unwrap();
    assert_eq!(found(&other, "sail"), ["a.txt"]);
}

#[test]
fn a_broken_file_is_told_by_name_and_hides_nothing_else() {
    let case = Case::new();
    case.write("good.md", "Compass.");
    case.write("bad.json", "{\"question\":");
    fs::write(case.home.path().join("docs/bin.txt"), [0_u8; 64]).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", case.home.path().join("docs/out.txt")).unwrap();
    let mut keeper = case.keeper();
    for _ in 0..2 {
        // The second time they are told from the file, and not read again.
        let report = update(&mut keeper);
        let mut paths: Vec<&str> = report
            .problems
            .iter()
            .map(|problem| &*problem.path)
            .collect();
        paths.sort_unstable();
        assert_eq!(
            paths,
            ["bad.json", "bin.txt", "out.txt"],
            "{:?}",
            report.problems
        );
    }
    assert_eq!(found(&keeper.library(), "compass"), ["good.md"]);
}

#[test]
fn a_folder_that_cannot_be_reached_keeps_what_was_read_of_it() {
    let case = Case::new();
    case.write("a.txt", "Charts.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    fs::rename(case.home.path().join("docs"), case.home.path().join("away")).unwrap();
    let report = update(&mut keeper);
    assert!(
        report.problems[0].reason.contains("stays"),
        "{:?}",
        report.problems
    );
    assert_eq!(found(&keeper.library(), "chart"), ["a.txt"]);
    fs::create_dir(case.home.path().join("docs")).unwrap();
    assert_eq!(update(&mut keeper).gone, 1);
    assert!(found(&keeper.library(), "chart").is_empty());
}

#[test]
fn in_memory_all_of_it_works_the_same() {
    let case = Case::new();
    case.write("a.txt", "Oars.");
    let config = config::Knowledge {
        folders: vec![case.home.path().join("docs")],
        ..config::Config::default().knowledge
    };
    let library = Library::new(&config, &StorePath::Memory).unwrap();
    let mut keeper = library.keep().unwrap();
    update(&mut keeper);
    case.write("b.txt", "More oars.");
    update(&mut keeper);
    assert_eq!(found(&library, "oar").len(), 2);
    assert!(!case.index().exists());
}

/// Asks until the documents answer as they should; a hang ends with the test's time.
fn until(library: &Library, question: &str, expected: &[&str]) {
    while !library.search(question, 10).is_ok_and(|found| {
        let paths = found.iter().filter_map(|passage| passage.path.as_deref());
        paths.eq(expected.iter().copied())
    }) {
        thread::yield_now();
    }
}

#[test]
fn changes_are_followed_in_files_and_folders() {
    let case = Case::new();
    case.write("tea.md", "Tea steeps.\n");
    let keeper = case.keeper();
    let library = keeper.library();
    keeper.start();
    until(&library, "tea", &["tea.md"]);
    case.write("more.md", "Cocoa simmers.\n");
    until(&library, "cocoa", &["more.md"]);
    case.write("tea.md", "Coffee drips.\n");
    until(&library, "coffee", &["tea.md"]);
    until(&library, "tea", &[]);
    fs::create_dir(case.home.path().join("docs/deeper")).unwrap();
    case.write("deeper/new.md", "Lemonade fizzes.\n");
    until(&library, "lemonade", &["deeper/new.md"]);
    case.remove("more.md");
    until(&library, "cocoa", &[]);
    library.stop();
}

/// Makes vectors of what texts have of each of three words, and can be told to do otherwise.
#[derive(Default)]
struct Words {
    sent: Mutex<Vec<String>>,
    /// Numbers behind those of the words.
    more: Mutex<usize>,
    is_down: AtomicBool,
}

impl Embedder for Words {
    fn embed(&self, texts: &[String], _: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(EmbedError::Down("it is down".to_owned()));
        }
        if texts.iter().any(|text| text.contains("unspeakable")) {
            return Err(EmbedError::Refused("no".to_owned()));
        }
        self.sent.lock().unwrap().extend_from_slice(texts);
        let more = *self.more.lock().unwrap();
        let vector = |text: &String| {
            let text = text.to_lowercase();
            let like = [["ship", "vessel"], ["bread", "loaf"], ["rain", "shower"]];
            let count = |words: &[&str; 2]| {
                let found = words.iter().any(|word| text.contains(word));
                f32::from(u8::from(found)) + 0.1
            };
            let mut vector: Vec<f32> = like.iter().map(count).collect();
            vector.resize(3 + more, 0.0);
            let length = vector.iter().map(|one| one * one).sum::<f32>().sqrt();
            vector.iter().map(|one| one / length).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

impl Words {
    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

impl Case {
    /// A library that embeds by this model.
    fn embedding(&self, model: &str, words: &Arc<Words>) -> Keeper {
        let toml = format!(
            "[knowledge]\nfolders = [{:?}]\n[knowledge.embeddings]\nbase_url = \"http://localhost/v1\"\n\
             model = {model:?}\nbatch = 2\n",
            self.home.path().join("docs")
        );
        let loaded = config::check("t", &toml, &config::Overrides::default(), &|_| None);
        let store = StorePath::File(self.home.path().join("askd.db"));
        let embedder: Arc<dyn Embedder> = words.clone();
        let library =
            Library::with(&loaded.unwrap().config.knowledge, &store, Some(embedder)).unwrap();
        let keeper = library.keep().unwrap();
        keeper.load().unwrap();
        keeper
    }
}

fn embed(keeper: &mut Keeper) -> Embedded {
    keeper.embed(&mut |_, _| {}).unwrap().unwrap()
}

fn three(case: &Case) {
    case.write("sea.md", "# Sea\n\nA ship sails.\n");
    case.write(
        "food.md",
        "# Food\n\nBread rises.\n\n## Oven\n\nIt is hot.\n",
    );
    case.write("sky.md", "# Sky\n\nRain falls.\n");
}

#[test]
fn what_has_no_word_of_the_question_is_found_by_its_meaning() {
    let (case, words) = (Case::new(), Arc::new(Words::default()));
    three(&case);
    let mut keeper = case.embedding("m", &words);
    update(&mut keeper);
    let library = keeper.library();
    assert!(
        found(&library, "vessels").is_empty(),
        "by words alone until there are vectors"
    );
    assert!(words.sent().is_empty(), "and nobody is asked");
    let embedded = embed(&mut keeper);
    assert_eq!(
        (embedded.passages, embedded.asked, embedded.dimensions),
        (4, 4, 3)
    );
    assert!(words.sent().contains(&"Food › Oven\nIt is hot.".to_owned()));
    let best = library.find("vessels", 1, By::Both).unwrap().remove(0);
    assert_eq!(best.passage.path.as_deref(), Some("sea.md"));
    assert!(best.words == 0.0 && best.cosine.unwrap() > 0.9, "{best:?}");
    assert!(library.find("vessels", 1, By::Words).unwrap().is_empty());
    assert_eq!(library.size().unwrap().vectors, 4);
    // A new start has them from the file, and asks for the question's alone.
    drop(keeper);
    words.sent();
    let keeper = case.embedding("m", &words);
    assert_eq!(found(&keeper.library(), "vessels")[0], "sea.md");
    assert_eq!(words.sent(), ["vessels"]);
}

#[test]
fn only_texts_that_are_new_are_embedded_and_another_model_begins_anew() {
    let (case, words) = (Case::new(), Arc::new(Words::default()));
    three(&case);
    let mut keeper = case.embedding("m", &words);
    update(&mut keeper);
    embed(&mut keeper);
    words.sent();
    case.write(
        "food.md",
        "# Food\n\nA loaf rises.\n\n## Oven\n\nIt is hot.\n",
    );
    case.write("copy.md", "# Sky\n\nRain falls.\n");
    update(&mut keeper);
    assert_eq!(embed(&mut keeper).passages, 5);
    assert_eq!(words.sent(), ["Food\nA loaf rises."]);
    let vectors = |keeper: &Keeper| -> i64 {
        let sql = "SELECT count(*) FROM vector";
        keeper.db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        vectors(&keeper),
        4,
        "the old text's is gone, and one serves two passages"
    );
    drop(keeper);
    let mut keeper = case.embedding("another", &words);
    assert_eq!(keeper.library().size().unwrap().vectors, 0);
    assert_eq!((embed(&mut keeper).asked, vectors(&keeper)), (4, 4));
    // The same model's name, and other vectors.
    *words.more.lock().unwrap() = 2;
    case.write("new.md", "Showers.\n");
    update(&mut keeper);
    let embedded = embed(&mut keeper);
    assert_eq!((embedded.passages, embedded.dimensions), (6, 5));
}

#[test]
fn a_server_that_is_down_costs_no_answer_and_is_left_alone_for_a_while() {
    let (case, words) = (Case::new(), Arc::new(Words::default()));
    three(&case);
    let mut keeper = case.embedding("m", &words);
    update(&mut keeper);
    words.is_down.store(true, Ordering::Relaxed);
    let failed = keeper.embed(&mut |_, _| {});
    assert!(matches!(failed, Err(LibraryError::Embeddings(_))));
    let library = keeper.library();
    assert_eq!(library.trouble().as_deref(), Some("it is down"));
    assert_eq!(found(&library, "ships"), ["sea.md"]);
    words.is_down.store(false, Ordering::Relaxed);
    embed(&mut keeper);
    assert_eq!(library.trouble(), None);
    assert_eq!(found(&library, "vessels")[0], "sea.md");
    words.is_down.store(true, Ordering::Relaxed);
    assert_eq!(found(&library, "ships"), ["sea.md"]);
    assert!(library.trouble().is_some());
    words.is_down.store(false, Ordering::Relaxed);
    words.sent();
    assert!(found(&library, "vessels").is_empty() && words.sent().is_empty());
}

#[test]
fn a_text_that_is_refused_keeps_no_other_from_its_vector() {
    let (case, words) = (Case::new(), Arc::new(Words::default()));
    three(&case);
    case.write("bad.md", &"unspeakable ships ".repeat(8));
    for n in 0..20 {
        case.write(&format!("{n}.md"), &format!("Page {n} on rain.\n"));
    }
    let mut keeper = case.embedding("m", &words);
    update(&mut keeper);
    let embedded = embed(&mut keeper);
    assert_eq!((embedded.passages, embedded.refused), (24, 1));
    assert_eq!(embedded.reason.as_deref(), Some("no"));
    assert_eq!(embed(&mut keeper).asked, 0);
    assert!(found(&keeper.library(), "unspeakable").contains(&"bad.md".to_owned()));
}
