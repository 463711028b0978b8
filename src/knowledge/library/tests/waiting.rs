//! What takes long holds up nothing else: a PDF, a server that makes vectors, a folder that is not there yet.

use std::{
    os::unix::fs::symlink,
    process::Command,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use super::*;
use crate::knowledge::{EmbedError, Purpose};

/// A library whose PDFs are all read only once something is written into the pipe that comes with it.
fn held(case: &Case) -> (Library, PathBuf) {
    let gate = case.home.path().join("gate");
    assert!(
        Command::new("mkfifo")
            .arg(&gate)
            .status()
            .unwrap()
            .success()
    );
    let mut library = case.library();
    let reader = &mut Arc::get_mut(&mut library.0).unwrap().reader;
    reader.program = "/bin/sh".into();
    let script = format!("cat >/dev/null; cat {gate:?}");
    reader.arguments = vec!["-c".into(), script.into()];
    (library, gate)
}

/// Returns once this is found, or no longer.
fn until(library: &Library, question: &str, is_found: bool) {
    let finds = || library.search(question, 1).map(|found| !found.is_empty());
    while finds().unwrap_or(false) != is_found {
        thread::yield_now();
    }
}

#[test]
fn a_slow_pdf_holds_up_no_other_document() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let (library, gate) = held(&case);
    library.keep().unwrap().start();
    until(&library, "anchors", true);
    while library.lack().is_some() {
        thread::yield_now();
    }
    case.write("a.pdf", "%PDF");
    case.write("b.txt", "Walrus.");
    until(&library, "walrus", true);
    fs::write(gate, "Slow lighthouses.\u{c}").unwrap();
    until(&library, "lighthouses", true);
    library.stop();
}

#[test]
fn what_changed_what_is_new_and_pdfs_take_turns() {
    let case = Case::new();
    let mut library = case.library();
    let reader = &mut Arc::get_mut(&mut library.0).unwrap().reader;
    reader.program = "/bin/sh".into();
    reader.arguments = vec!["-c".into(), "cat >/dev/null; printf 'Pages.\\f'".into()];
    let mut keeper = library.keep().unwrap();
    case.write("y.pdf", "%PDF");
    case.write("z.txt", "Anchors.");
    update(&mut keeper);
    for (path, text) in [
        ("a.pdf", "%PDF 1"),
        ("b.md", "Buoys."),
        ("c.md", "Cranes."),
        ("y.pdf", "%PDF 2"),
        ("z.txt", "Walrus."),
    ] {
        case.write(path, text);
    }
    update(&mut keeper);
    let mut query = keeper
        .db
        .prepare("SELECT path FROM document ORDER BY n")
        .unwrap();
    let read = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let read: Vec<String> = read.map(Result::unwrap).collect();
    assert_eq!(read, ["z.txt", "b.md", "y.pdf", "c.md", "a.pdf"]);
}

/// A first reading of which all but a PDF is done, and the pipe that this waits for.
fn half_read(case: &Case) -> (Library, PathBuf) {
    case.write("a.txt", "Anchors.");
    case.write("a.pdf", "%PDF");
    let (library, gate) = held(case);
    library.keep().unwrap().start();
    until(&library, "anchors", true);
    (library, gate)
}

#[test]
fn a_first_reading_is_not_over_while_a_pdf_is_being_read() {
    let case = Case::new();
    let (library, gate) = half_read(&case);
    assert!(library.is_unfinished() && library.lack() == Some(Lack::Documents));
    fs::write(gate, "Slow lighthouses.\u{c}").unwrap();
    until(&library, "lighthouses", true);
    while library.is_unfinished() {
        thread::yield_now();
    }
    assert_eq!(library.lack(), None);
    library.stop();
}

#[test]
fn what_is_only_read_anew_does_not_keep_a_first_reading_from_its_end() {
    let case = Case::new();
    case.write("a.pdf", "%PDF");
    let (library, gate) = held(&case);
    let mut keeper = library.keep().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| fs::write(&gate, "Slow lighthouses.\u{c}").unwrap());
        update(&mut keeper);
    });
    // As if the rest of the folder had been read since, and while this one had changed.
    keeper.db.execute("DELETE FROM folder", []).unwrap();
    keeper.reading.go_on(|| {});
    case.write("a.pdf", "%PDF changed");
    let report = update(&mut keeper);
    assert_eq!((report.waiting, report.unread), (1, 0));
    assert!(!library.is_unfinished());
    fs::write(gate, "").unwrap();
}

#[test]
fn a_first_reading_that_broke_off_is_not_over_for_the_next_askd() {
    let case = Case::new();
    let (library, gate) = half_read(&case);
    library.stop();
    let next = case.library();
    let mut keeper = loop {
        match next.keep() {
            Ok(keeper) => break keeper,
            Err(_) => thread::yield_now(),
        }
    };
    keeper.load().unwrap();
    assert_eq!(found(&next, "anchors"), ["a.txt"]);
    assert_eq!(next.lack(), Some(Lack::Documents));
    // The first one's reader goes too.
    fs::write(gate, "").unwrap();
}

#[test]
fn what_is_excluded_now_is_not_found_while_others_are_read() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    case.write("secret.txt", "The walrus is the spy.");
    let mut keeper = case.keeper();
    update(&mut keeper);
    drop(keeper);
    case.write("a.pdf", "%PDF");
    let (mut library, gate) = held(&case);
    let inner = Arc::get_mut(&mut library.0).unwrap();
    inner.sources.globs = Globs::new(&[], &["secret.txt".to_owned()]).unwrap();
    library.keep().unwrap().start();
    until(&library, "anchors", true);
    until(&library, "walrus", false);
    fs::write(gate, "Slow lighthouses.\u{c}").unwrap();
    until(&library, "lighthouses", true);
    library.stop();
}

#[test]
fn a_folder_that_comes_late_is_read_though_changes_are_not_followed() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let (docs, away) = (case.home.path().join("docs"), case.home.path().join("away"));
    fs::rename(&docs, &away).unwrap();
    let mut library = case.library();
    Arc::get_mut(&mut library.0).unwrap().watch = false;
    library.keep().unwrap().start();
    // It has been looked for.
    while library.size().is_none() {
        thread::yield_now();
    }
    fs::rename(&away, &docs).unwrap();
    // Stands for the time after which it is looked for again.
    library.0.bell.ring();
    until(&library, "anchors", true);
    library.stop();
}

#[test]
fn a_link_that_is_led_elsewhere_while_askd_runs_is_followed_there() {
    let case = Case::new();
    let [docs, one, two] = ["docs", "one", "two"].map(|name| case.home.path().join(name));
    fs::rename(&docs, &one).unwrap();
    fs::create_dir(&two).unwrap();
    fs::write(one.join("a.txt"), "Anchors.").unwrap();
    fs::write(two.join("b.txt"), "Walrus.").unwrap();
    symlink(&one, &docs).unwrap();
    let library = case.library();
    library.keep().unwrap().start();
    until(&library, "anchors", true);
    // As a deployment does it: at no moment is there none.
    let next = case.home.path().join("next");
    symlink(&two, &next).unwrap();
    fs::rename(&next, &docs).unwrap();
    until(&library, "walrus", true);
    until(&library, "anchors", false);
    library.stop();
}

/// An embeddings server that is at a request until somebody lets it go.
struct Hanging {
    asked: Sender<Vec<String>>,
    go: Mutex<Receiver<()>>,
}

impl Embedder for Hanging {
    fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        if purpose == Purpose::Question {
            return Err(EmbedError::Down("busy".to_owned()));
        }
        self.asked.send(texts.to_vec()).unwrap();
        let go = self.go.lock().unwrap();
        match go.recv() {
            Ok(()) => Ok(vec![vec![1.0, 0.0]; texts.len()]),
            Err(_) => Err(EmbedError::Stopped),
        }
    }
}

#[test]
fn a_slow_embeddings_server_holds_up_no_change_and_is_asked_nothing_twice() {
    let case = Case::new();
    case.write("a.txt", "Anchors.");
    let toml = format!(
        "[knowledge]\nfolders = [{:?}]\n[knowledge.embeddings]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\n",
        case.home.path().join("docs")
    );
    let loaded = config::check("t", &toml, &config::Overrides::default(), &|_| None).unwrap();
    let store = StorePath::File(case.home.path().join("askd.db"));
    let ((asked, asks), (goes, go)) = (mpsc::channel(), mpsc::channel());
    let go = Mutex::new(go);
    let embedder = Arc::new(Hanging { asked, go });
    let library = Library::with(&loaded.config.knowledge, &store, Some(embedder)).unwrap();
    library.keep().unwrap().start();
    let first = asks.recv().unwrap();
    case.write("b.txt", "Walrus.");
    until(&library, "walrus", true);
    goes.send(()).unwrap();
    goes.send(()).unwrap();
    let second = asks.recv().unwrap();
    assert!(
        first.iter().all(|text| !second.contains(text)),
        "{second:?}"
    );
    while library.size().unwrap().vectors < 2 {
        thread::yield_now();
    }
    library.stop();
}
