//! An index that is damaged or removed: it is made again, whoever notices.

use std::{fs, io::Write as _, os::unix::fs::FileExt as _, thread};

use super::*;
use crate::knowledge::Start;

fn pages(case: &Case) {
    for n in 0..5 {
        case.write(&format!("{n}.txt"), &format!("Page {n} on lighthouses."));
    }
}

fn aside(case: &Case) -> PathBuf {
    case.home.path().join("knowledge.db.damaged")
}

/// Spoils a passage's text, as a bad sector would.
fn spoil(db: &Connection) {
    let spoilt = "UPDATE passage SET text = CAST(x'ff' AS TEXT) WHERE n = 2";
    assert_eq!(db.execute(spoilt, []).unwrap(), 1);
}

/// The pages, found and shown as the followed library has them in the end; a hang ends with the test's time.
fn until_whole(library: &Library) {
    let shown = || library.part("2.txt", &Start::Place(0), 10);
    while !library
        .search("lighthouses", 10)
        .is_ok_and(|found| found.len() == 5)
        || !shown().is_ok_and(|part| part.is_some())
    {
        thread::yield_now();
    }
}

#[test]
fn a_file_that_is_no_index_any_more_is_put_aside_and_another_one_made() {
    let case = Case::new();
    pages(&case);
    fs::write(
        case.index(),
        "not a database, but perhaps of use to somebody",
    )
    .unwrap();
    let mut keeper = case.keeper();
    let why = keeper.healed().unwrap();
    assert!(
        why.contains("damaged") && why.contains("knowledge.db.damaged"),
        "{why}"
    );
    assert_eq!(update(&mut keeper).read, 5);
    assert_eq!(found(&keeper.library(), "lighthouses").len(), 5);
    assert!(
        fs::read_to_string(aside(&case))
            .unwrap()
            .starts_with("not a database")
    );
    assert_eq!(keeper.healed(), None);
}

#[test]
fn damage_anywhere_in_the_file_costs_no_more_than_reading_anew() {
    for page in 0..12_u64 {
        let case = Case::new();
        pages(&case);
        update(&mut case.keeper());
        let file = File::options().write(true).open(case.index()).unwrap();
        let at = page * 4096;
        if at >= file.metadata().unwrap().len() {
            break;
        }
        file.write_all_at(&[0xa5; 4096], at).unwrap();
        let mut keeper = case.keeper();
        let report = update(&mut keeper);
        assert_eq!(report.files, 5, "page {page}");
        assert_eq!(
            found(&keeper.library(), "lighthouses").len(),
            5,
            "page {page}"
        );
    }
}

#[test]
fn a_file_cut_short_is_read_anew() {
    let case = Case::new();
    pages(&case);
    update(&mut case.keeper());
    let file = File::options().write(true).open(case.index()).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let mut keeper = case.keeper();
    update(&mut keeper);
    assert_eq!(found(&keeper.library(), "lighthouses").len(), 5);
    assert!(aside(&case).exists());
}

#[test]
fn an_index_that_cannot_be_loaded_is_not_taken_for_an_empty_one() {
    let case = Case::new();
    pages(&case);
    let mut keeper = case.keeper();
    update(&mut keeper);
    spoil(&keeper.db);
    drop(keeper);
    let mut keeper = case.keeper();
    assert!(keeper.healed().is_some_and(|why| why.contains("damaged")));
    let report = update(&mut keeper);
    assert_eq!((report.read, report.gone), (5, 0));
    assert_eq!(found(&keeper.library(), "lighthouses").len(), 5);
}

#[test]
fn damage_that_a_search_meets_is_mended_while_it_goes_on() {
    let case = Case::new();
    pages(&case);
    let keeper = case.keeper();
    let library = keeper.library();
    keeper.start();
    until_whole(&library);
    spoil(&Connection::open(case.index()).unwrap());
    assert!(matches!(
        library.search("page 1 lighthouses", 10),
        Err(LibraryError::Unread)
    ));
    until_whole(&library);
    assert!(aside(&case).exists());
    library.stop();
}

#[test]
fn an_index_that_is_removed_is_made_again_while_it_goes_on() {
    let case = Case::new();
    pages(&case);
    let keeper = case.keeper();
    let library = keeper.library();
    keeper.start();
    until_whole(&library);
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(case.home.path().join(format!("knowledge.db{ending}")));
    }
    assert!(library.part("2.txt", &Start::Place(0), 10).is_err());
    until_whole(&library);
    assert!(case.index().exists());
    library.stop();
}

#[test]
fn without_watching_an_index_that_is_removed_is_made_again_too() {
    let case = Case::new();
    pages(&case);
    let mut library = case.library();
    Arc::get_mut(&mut library.0).unwrap().watch = false;
    library.keep().unwrap().start();
    until_whole(&library);
    fs::remove_file(case.index()).unwrap();
    assert!(library.original("2.txt").is_err());
    until_whole(&library);
    library.stop();
}

#[test]
fn by_hand_the_keeper_notices_it_itself() {
    let case = Case::new();
    pages(&case);
    let mut keeper = case.keeper();
    update(&mut keeper);
    fs::remove_file(case.index()).unwrap();
    // Another one in its place is taken as it is, if it is one.
    assert_eq!(update(&mut keeper).read, 5);
    let why = keeper.healed().unwrap();
    assert!(why.contains("removed"), "{why}");
    fs::remove_file(case.index()).unwrap();
    let mut other = File::create(case.index()).unwrap();
    other.write_all(&[7; 8192]).unwrap();
    assert_eq!(update(&mut keeper).read, 5);
    assert!(keeper.healed().unwrap().contains("damaged"));
    assert_eq!(found(&keeper.library(), "lighthouses").len(), 5);
}

#[test]
fn a_lock_that_is_removed_with_the_index_is_taken_again_and_keeps_others_away() {
    let case = Case::new();
    pages(&case);
    let mut keeper = case.keeper();
    update(&mut keeper);
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(case.home.path().join(format!("knowledge.db{ending}")));
    }
    assert_eq!(update(&mut keeper).read, 5);
    assert!(matches!(
        case.library().keep(),
        Err(LibraryError::File(FileError::InUse { .. }))
    ));
    // With its lock alone nothing is begun anew.
    fs::remove_file(case.home.path().join("knowledge.db.lock")).unwrap();
    assert_eq!(update(&mut keeper).read, 0);
    assert!(case.library().keep().is_err());
}
