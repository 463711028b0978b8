//! What becomes of documents whose files are moved, excluded, half written or out of reach.

use std::{fs, os::unix::fs::MetadataExt as _, thread};

use super::*;

#[test]
fn what_is_moved_is_found_all_the_while_and_not_read_again() {
    let case = Case::new();
    let docs = case.home.path().join("docs");
    fs::create_dir(docs.join("guide")).unwrap();
    case.write("guide/a.txt", "Anchors.");
    case.write("guide/b.md", "Buoys.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    fs::rename(docs.join("guide"), docs.join("manual")).unwrap();
    assert_eq!(found(&library, "anchor"), ["guide/a.txt"]);
    let report = update(&mut keeper);
    assert_eq!((report.read, report.gone, report.waiting), (0, 0, 0));
    assert_eq!(found(&library, "anchor"), ["manual/a.txt"]);
    assert_eq!(found(&library, "buoy"), ["manual/b.md"]);
    drop(keeper);
    let mut keeper = case.keeper();
    assert_eq!(update(&mut keeper).read, 0);
    assert_eq!(found(&keeper.library(), "buoy"), ["manual/b.md"]);
}

#[test]
fn what_takes_the_place_of_another_as_large_and_as_old_is_read() {
    let case = Case::new();
    let docs = case.home.path().join("docs");
    let dated = |name: &str| {
        let file = File::options().write(true).open(docs.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
    };
    case.write("a.txt", "Anchors.");
    dated("a.txt");
    let mut keeper = case.keeper();
    update(&mut keeper);
    case.remove("a.txt");
    case.write("b.txt", "Compass.");
    dated("b.txt");
    let report = update(&mut keeper);
    assert_eq!((report.read, report.gone), (1, 1));
    assert_eq!(found(&keeper.library(), "anchors compass"), ["b.txt"]);
}

#[test]
fn a_folder_that_was_never_there_is_not_taken_for_an_empty_one() {
    let case = Case::new();
    let docs = case.home.path().join("docs");
    fs::remove_dir(&docs).unwrap();
    let mut keeper = case.keeper();
    let library = keeper.library();
    assert_eq!(update(&mut keeper).folders.len(), 1);
    assert!(library.is_unfinished() && library.lack() == Some(Lack::Documents));
    fs::create_dir(&docs).unwrap();
    update(&mut keeper);
    assert!(!library.is_unfinished() && library.lack().is_none());
}

#[test]
fn what_is_moved_back_and_forth_is_found_all_the_while() {
    let case = Case::new();
    let docs = case.home.path().join("docs");
    fs::create_dir(docs.join("guide")).unwrap();
    for n in 0..30 {
        case.write(&format!("guide/{n}.txt"), "Anchors.");
    }
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    thread::scope(|scope| {
        let moving = scope.spawn(|| {
            for _ in 0..200 {
                fs::rename(docs.join("guide"), docs.join("manual")).unwrap();
                thread::yield_now();
                fs::rename(docs.join("manual"), docs.join("guide")).unwrap();
            }
        });
        while !moving.is_finished() {
            let problems = update(&mut keeper).problems;
            assert_eq!(problems, []);
            assert!(library.search("anchor", 50).unwrap().len() >= 30);
        }
    });
}

#[test]
fn a_disk_that_is_nearly_full_is_left_to_the_conversations() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let mut library = case.library();
    Arc::get_mut(&mut library.0).unwrap().sources.crowded = |_| Some("the disk is full".to_owned());
    let mut keeper = library.keep().unwrap();
    let report = update(&mut keeper);
    assert_eq!((report.read, report.problems.len()), (0, 1));
    assert_eq!(report.problems[0].reason, "is left out: the disk is full");
    assert!(keeper.library().is_unfinished());
    drop((keeper, library));
    assert_eq!(update(&mut case.keeper()).read, 1);
}

#[test]
fn what_is_half_written_takes_nothing_from_what_was_read() {
    let case = Case::new();
    case.write(
        "a.json",
        "[{\"question\":\"Who?\",\"answer\":\"Anchors.\"}]",
    );
    let mut keeper = case.keeper();
    update(&mut keeper);
    case.write("a.json", "[{\"question\":");
    keeper.reading.go_on(|| {});
    let report = update(&mut keeper);
    assert_eq!((report.waiting, report.problems.len()), (1, 0));
    assert_eq!(found(&keeper.library(), "anchors"), ["a.json"]);
    // Once it has stayed so for a while it is what it is.
    let file = File::open(case.home.path().join("docs/a.json")).unwrap();
    while file.metadata().unwrap().ctime() + 3 > now() {
        thread::yield_now();
    }
    let report = update(&mut keeper);
    assert_eq!((report.waiting, report.problems.len()), (0, 1));
    assert!(found(&keeper.library(), "anchors").is_empty());
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs().cast_signed()
}

#[test]
fn what_is_excluded_is_not_found_from_the_first_moment_on_nor_elsewhere() {
    let case = Case::new();
    let docs = case.home.path().join("docs");
    fs::create_dir(docs.join("secret")).unwrap();
    case.write("secret/s.txt", "The walrus is the spy.");
    case.write("a.txt", "Anchors.");
    update(&mut case.keeper());
    let mut library = case.library();
    let inner = Arc::get_mut(&mut library.0).unwrap();
    inner.sources.globs = Globs::new(&[], &["secret/".to_owned()]).unwrap();
    let mut keeper = library.keep().unwrap();
    keeper.load().unwrap();
    assert_eq!(found(&library, "anchors walrus"), ["a.txt"]);
    assert!(library.original("secret/s.txt").unwrap().is_none());
    // What is moved out of there is wanted again, and read for that.
    fs::rename(docs.join("secret/s.txt"), docs.join("s.txt")).unwrap();
    assert_eq!(update(&mut keeper).read, 1);
    assert_eq!(found(&library, "walrus"), ["s.txt"]);
}

#[test]
fn a_folder_that_is_put_back_is_read_for_the_first_time() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let more = case.home.path().join("more");
    fs::create_dir(&more).unwrap();
    let with = |folders: Vec<PathBuf>| {
        let mut library = case.library();
        Arc::get_mut(&mut library.0).unwrap().sources.folders = folders;
        let mut keeper = library.keep().unwrap();
        keeper.load().unwrap();
        (library, keeper)
    };
    let docs = case.home.path().join("docs");
    for (folders, is_unread) in [
        (vec![docs.clone(), more.clone()], true),
        (vec![docs.clone(), more.clone()], false),
        (vec![docs.clone()], false),
        (vec![docs, more], true),
    ] {
        let (library, mut keeper) = with(folders);
        assert_eq!(library.is_unfinished(), is_unread);
        update(&mut keeper);
        assert!(!library.is_unfinished());
    }
}

#[test]
fn a_folder_that_is_out_of_reach_is_not_waited_for_where_there_are_others() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let mut library = case.library();
    let away = case.home.path().join("away");
    Arc::get_mut(&mut library.0)
        .unwrap()
        .sources
        .folders
        .push(away);
    let mut keeper = library.keep().unwrap();
    let before = library.edition();
    keeper.load().unwrap();
    assert!(library.is_unfinished());
    update(&mut keeper);
    assert!(!library.is_unfinished() && library.lack() == Some(Lack::Changes));
    assert!(library.edition() > before);
}
