//! Vectors beside the words, from a server of the tests' own.

use super::*;
use crate::knowledge::{EmbedError, Purpose};

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
        let mut keeper = library.keep().unwrap();
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
fn a_question_that_is_refused_is_no_outage() {
    let (case, words) = (Case::new(), Arc::new(Words::default()));
    three(&case);
    let mut keeper = case.embedding("m", &words);
    update(&mut keeper);
    embed(&mut keeper);
    let library = keeper.library();
    assert_eq!(found(&library, "unspeakable ships"), ["sea.md"]);
    assert_eq!(library.trouble(), None);
    assert_eq!(found(&library, "vessels")[0], "sea.md");
}

#[test]
fn an_outage_that_is_over_is_noticed_with_nothing_to_be_embedded() {
    let (case, words) = (Case::new(), Arc::new(Words::default()));
    three(&case);
    let mut keeper = case.embedding("m", &words);
    update(&mut keeper);
    embed(&mut keeper);
    let library = keeper.library();
    words.is_down.store(true, Ordering::Relaxed);
    found(&library, "ships");
    assert_eq!(library.lack(), Some(Lack::Vectors));
    assert!(keeper.embed(&mut |_, _| {}).is_err());
    words.is_down.store(false, Ordering::Relaxed);
    assert_eq!(embed(&mut keeper).asked, 0);
    assert_eq!(library.lack(), None);
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
