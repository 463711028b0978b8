//! What goes wrong for a while, and is over: nothing of it stays.

use std::{sync::atomic::AtomicUsize, time::Duration};

use super::{super::watch::Call, *};
use crate::knowledge::{EmbedError, Purpose, Start};

/// An embeddings server of moods.
struct Moody {
    refuses: AtomicBool,
    length: AtomicUsize,
}

impl Embedder for Moody {
    fn embed(&self, texts: &[String], _: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(EmbedError::Refused("no model is loaded".to_owned()));
        }
        let mut one = vec![0.0; self.length.load(Ordering::Relaxed)];
        one[0] = 1.0;
        Ok(vec![one; texts.len()])
    }
}

fn moody() -> Arc<Moody> {
    Arc::new(Moody {
        refuses: AtomicBool::new(false),
        length: AtomicUsize::new(3),
    })
}

fn pages(case: &Case, count: usize) {
    for n in 0..count {
        case.write(&format!("{n}.txt"), &format!("Page {n} on lighthouses."));
    }
}

fn embedding(case: &Case, moody: &Arc<Moody>) -> Keeper {
    let toml = format!(
        "[knowledge]\nfolders = [{:?}]\n[knowledge.embeddings]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\n",
        case.home.path().join("docs")
    );
    let loaded = config::check("t", &toml, &config::Overrides::default(), &|_| None).unwrap();
    let store = StorePath::File(case.home.path().join("askd.db"));
    let embedder: Arc<dyn Embedder> = moody.clone();
    let library = Library::with(&loaded.config.knowledge, &store, Some(embedder)).unwrap();
    let mut keeper = library.keep().unwrap();
    keeper.load().unwrap();
    keeper
}

#[test]
fn passages_that_a_server_refused_with_all_others_are_tried_again() {
    let (case, moody) = (Case::new(), moody());
    pages(&case, 30);
    let mut keeper = embedding(&case, &moody);
    update(&mut keeper);
    moody.refuses.store(true, Ordering::Relaxed);
    for _ in 0..4 {
        assert!(keeper.embed(&mut |_, _| {}).is_err());
        assert!(keeper.library().trouble().is_some());
    }
    moody.refuses.store(false, Ordering::Relaxed);
    let embedded = keeper.embed(&mut |_, _| {}).unwrap().unwrap();
    assert_eq!((embedded.passages, embedded.refused), (30, 0));
    assert_eq!(keeper.library().trouble(), None);
}

#[test]
fn vectors_of_another_length_are_noticed_once_and_all_made_anew() {
    let (case, moody) = (Case::new(), moody());
    pages(&case, 3);
    let mut keeper = embedding(&case, &moody);
    update(&mut keeper);
    keeper.embed(&mut |_, _| {}).unwrap();
    let library = keeper.library();
    assert!(!library.0.bell.has_rung());
    moody.length.store(5, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(library.search("lighthouses", 3).unwrap().len(), 3);
        assert!(library.trouble().unwrap().contains("another length"));
        assert!(library.0.bell.has_rung());
    }
    assert_eq!(library.0.bell.wait(Duration::ZERO), Call::Ring);
    let embedded = keeper.embed(&mut |_, _| {}).unwrap().unwrap();
    assert_eq!((embedded.asked, embedded.dimensions), (3, 5));
    let found = library.find("lighthouses", 1, By::Both).unwrap();
    assert!(found[0].cosine.is_some());
    assert_eq!(library.trouble(), None);
}

#[test]
fn a_pdf_whose_reader_could_not_run_is_tried_again() {
    let case = Case::new();
    case.write("a.pdf", "%PDF");
    let with = |program: &str, script: &str| {
        let mut library = case.library();
        let reader = &mut Arc::get_mut(&mut library.0).unwrap().reader;
        reader.program = program.into();
        reader.arguments = vec!["-c".into(), script.into()];
        library
    };
    let mut keeper = with("/nonexistent", "").keep().unwrap();
    keeper.load().unwrap();
    for _ in 0..2 {
        let problems = update(&mut keeper).problems;
        assert_eq!(problems.len(), 1);
        assert!(problems[0].reason.contains("its reader cannot be run"));
    }
    drop(keeper);
    let library = with("/bin/sh", "cat >/dev/null; echo Anchors");
    let mut keeper = library.keep().unwrap();
    keeper.load().unwrap();
    assert!(update(&mut keeper).problems.is_empty());
    assert_eq!(found(&library, "anchors"), ["a.pdf"]);
}

#[test]
fn a_source_under_a_heading_whose_id_is_there_twice_opens_at_its_own() {
    let case = Case::new();
    let sections = ["One</h2><p>Lighthouses shine.", "Two</h2><p>Anchors hold."];
    let html: String = sections
        .map(|section| format!("<h2 id=x>{section}</p>"))
        .concat();
    case.write("a.html", &html);
    let mut keeper = case.keeper();
    update(&mut keeper);
    let library = keeper.library();
    let best = library.search("anchors hold", 1).unwrap().remove(0);
    let start = Start::At(best.fragment.unwrap());
    let part = library.part("a.html", &start, 50).unwrap().unwrap();
    let at = part.at.unwrap() - part.first;
    assert!(part.passages[at].text.contains("Anchors"));
}
