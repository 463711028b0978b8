//! `cargo bench --bench knowledge`: how long 100,000 passages take to be read and searched, and what memory they need.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

mod made;

use std::{fs, sync::Arc, thread, time::Instant};

use askd::{
    config::{self, StorePath},
    knowledge::{EmbedError, Embedder, Library, Purpose},
};

const FILES: usize = 10_000;
/// Searches of each kind and thread.
const SEARCHES: usize = 400;

fn main() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("documents");
    made::documents(&folder, FILES).unwrap();
    let config = config::Knowledge {
        folders: vec![folder.clone()],
        ..config::Config::default().knowledge
    };
    let store = StorePath::File(home.path().join("askd.db"));
    let library = Library::new(&config, &store).unwrap();
    let mut keeper = library.keep().unwrap();
    let before = resident();

    let begin = Instant::now();
    keeper.update(&mut |_, _| {}).unwrap().unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    let size = library.size().unwrap();
    let rate = size.passages as f64 / seconds;
    println!(
        "built       {} passages in {seconds:.1} s, {rate:.0} a second",
        size.passages
    );
    println!(
        "memory      {} bytes a passage in the postings; {} KiB resident more than before",
        size.bytes / size.passages,
        resident().saturating_sub(before)
    );

    fs::write(folder.join("00007.md"), "# Changed\n\nxylophone\n").unwrap();
    let begin = Instant::now();
    let report = keeper.update(&mut |_, _| {}).unwrap().unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    let found = library.search("xylophone", 1).unwrap();
    assert_eq!((report.read, found.len()), (1, 1));
    println!("one changed {seconds:.2} s until it is found");

    for words in [3, 10, 30] {
        for threads in [1, 2] {
            let (half, most) = timed(&library, words, threads);
            println!(
                "searched    {words:2} words, {threads} at once: p50 {half:.2} ms, p99 {most:.2} ms"
            );
        }
    }

    drop(keeper);
    hybrid(&config, &store);

    let again = Library::new(&config, &store).unwrap();
    let begin = Instant::now();
    again.load().unwrap();
    println!(
        "loaded      {:.1} s at a new start",
        begin.elapsed().as_secs_f64()
    );
}

/// Numbers of a vector.
const DIMENSIONS: usize = 256;

/// Makes vectors of nothing but luck, in no time: the server's is not what is measured.
struct Luck;

impl Embedder for Luck {
    fn embed(&self, texts: &[String], _: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let vector = |text: &String| -> Vec<f32> {
            let seed = text
                .bytes()
                .fold(1, |sum: u64, byte| sum * 31 % 0xffff_fffb + u64::from(byte));
            let mut luck = fastrand::Rng::with_seed(seed);
            let vector: Vec<f32> = (0..DIMENSIONS).map(|_| luck.f32() - 0.5).collect();
            let length = vector.iter().map(|one| one * one).sum::<f32>().sqrt();
            vector.iter().map(|one| one / length).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

/// The same passages with vectors, without the time that a real server takes for them.
fn hybrid(config: &config::Knowledge, store: &StorePath) {
    let toml = "[knowledge.embeddings]\nbase_url = \"http://localhost/v1\"\nmodel = \"luck\"\nbatch = 1000\n";
    let loaded = config::check("bench", toml, &config::Overrides::default(), &|_| None).unwrap();
    let embeddings = loaded.config.knowledge.embeddings;
    let config = config::Knowledge {
        embeddings,
        ..config.clone()
    };
    let library = Library::with(&config, store, Some(Arc::new(Luck))).unwrap();
    let mut keeper = library.keep().unwrap();
    keeper.load().unwrap();
    let begin = Instant::now();
    let embedded = keeper.embed(&mut |_, _| {}).unwrap().unwrap();
    let size = library.size().unwrap();
    println!(
        "embedded    {} passages of {DIMENSIONS} numbers in {:.1} s beside the server's time; {} bytes a passage",
        embedded.passages,
        begin.elapsed().as_secs_f64(),
        size.vector_bytes / size.passages
    );
    for words in [3, 10, 30] {
        for threads in [1, 2] {
            let (half, most) = timed(&library, words, threads);
            println!(
                "by both     {words:2} words, {threads} at once: p50 {half:.2} ms, p99 {most:.2} ms"
            );
        }
    }
}

/// The median and the 99th percentile of searches' milliseconds.
fn timed(library: &Library, words: usize, threads: usize) -> (f64, f64) {
    let mut times = thread::scope(|scope| {
        let search = || searches(library, words);
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(search)).collect();
        let times = running.into_iter().flat_map(|one| one.join().unwrap());
        times.collect::<Vec<_>>()
    });
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// Milliseconds that each of some searches takes.
fn searches(library: &Library, words: usize) -> Vec<f64> {
    let mut luck = fastrand::Rng::with_seed(words as u64);
    let search = |_| {
        let question = made::question(&mut luck, words);
        let begin = Instant::now();
        library.search(&question, 3).unwrap();
        begin.elapsed().as_secs_f64() * 1e3
    };
    (0..SEARCHES).map(search).collect()
}

/// KiB of memory that this process holds.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
