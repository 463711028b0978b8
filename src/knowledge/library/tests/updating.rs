//! What is read again and what is not, what a search sees meanwhile, and who may write.

use std::{fs, thread};

use super::{super::progress::Telling, *};
use crate::knowledge::Start;

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
fn what_an_earlier_askd_read_is_searched_until_it_is_read_anew() {
    let case = Case::new();
    case.write("a.txt", "Ropes.");
    case.write("b.txt", "Anchors.");
    update(&mut case.keeper());
    let db = Connection::open(case.index()).unwrap();
    db.pragma_update(None, "user_version", 3).unwrap();
    drop(db);
    case.write("b.txt", "Compasses.");
    let mut keeper = case.keeper();
    let library = keeper.library();
    let original = library
        .original("a.txt")
        .unwrap()
        .expect("it has not changed");
    assert_eq!(original.bytes, b"Ropes.");
    assert_eq!(found(&library, "rope"), ["a.txt"]);
    assert_eq!(update(&mut keeper).read, 2);
    assert_eq!(found(&library, "rope"), ["a.txt"]);
    assert_eq!(found(&library, "compass"), ["b.txt"]);
    assert_eq!(update(&mut keeper).read, 0);
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
    assert!(report.folders[0].reason.contains("stays"), "{report:?}");
    let library = keeper.library();
    assert_eq!(found(&library, "chart"), ["a.txt"]);
    assert_eq!(library.lack(), Some(Lack::Changes));
    // Where a disk is not mounted lies an empty folder.
    fs::create_dir(case.home.path().join("docs")).unwrap();
    let report = update(&mut keeper);
    assert_eq!(report.gone, 0);
    assert!(report.folders[0].reason.contains("mount"), "{report:?}");
    assert_eq!(found(&library, "chart"), ["a.txt"]);
    case.write("b.txt", "Compass.");
    let report = update(&mut keeper);
    assert_eq!((report.gone, report.folders.len()), (1, 0));
    assert!(found(&library, "chart").is_empty());
    assert_eq!(library.lack(), None);
}

#[test]
fn a_folder_that_is_emptied_is_empty() {
    let case = Case::new();
    case.write("a.txt", "Charts.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    case.remove("a.txt");
    let report = update(&mut keeper);
    assert_eq!((report.gone, report.folders.len()), (1, 0));
    assert!(found(&keeper.library(), "chart").is_empty());
}

#[test]
fn a_change_of_the_same_length_under_the_old_date_is_noticed() {
    let case = Case::new();
    case.write("a.txt", "Anchors hold.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    let path = case.home.path().join("docs/a.txt");
    let date = fs::metadata(&path).unwrap().modified().unwrap();
    case.write("a.txt", "Harbour wall.");
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(date).unwrap();
    assert_eq!(update(&mut keeper).read, 1);
    assert_eq!(found(&keeper.library(), "harbour"), ["a.txt"]);
    assert!(found(&keeper.library(), "anchor").is_empty());
}

#[test]
fn a_file_of_questions_is_shown_and_not_handed_out() {
    let case = Case::new();
    let one = "{\"question\":\"How deep?\",\"answer\":\"Two fathoms.\"}";
    let open = "{\"question\":\"Who is the captain's secret friend?\",\"answer\":\"\"}";
    case.write("misses.jsonl", &format!("{one}\n{open}\n"));
    case.write("faq.csv", "question,answer\nHow wide?,A cable.\nHow so?,\n");
    case.write("tide.csv", "hour,height\n1,2.5\n");
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    for (path, is_handed_out) in [
        ("misses.jsonl", false),
        ("faq.csv", false),
        ("tide.csv", true),
    ] {
        let part = library.part(path, &Start::Place(0), 10).unwrap().unwrap();
        assert_eq!((part.file, part.total), (is_handed_out, 1), "{path}");
        assert_eq!(
            library.original(path).unwrap().is_some(),
            is_handed_out,
            "{path}"
        );
    }
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

#[test]
fn a_first_reading_tells_how_far_it_is_and_nothing_once_it_is_over() {
    let case = Case::new();
    case.write("a.txt", "Kettles boil.");
    case.write("b.txt", "Cups break.");
    let mut keeper = case.keeper();
    let library = keeper.library();
    let mut telling = Telling::new(library.clone(), Task::Reading);
    let mut seen = Vec::new();
    let read = keeper.update(&mut |done, of| {
        telling.tell(done, of);
        seen.extend(library.progress());
    });
    assert_eq!(read.unwrap().unwrap().read, 2);
    let at = |done| Progress {
        task: Task::Reading,
        done,
        of: 2,
    };
    assert_eq!(seen, [at(1), at(2)]);
    drop(telling);
    assert_eq!(library.progress(), None);
}
