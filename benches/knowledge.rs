//! `cargo bench --bench knowledge`: how long 100,000 passages take to be read and searched, and what memory they need.
//!
//! The documents are made up: words by Zipf's law out of 200,000, so that there are common and rare ones as in any
//! language, in Markdown files of ten passages of 150 words.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

use std::{fs, path::Path, thread, time::Instant};

use askd::{
    config::{self, StorePath},
    knowledge::Library,
};

const FILES: usize = 10_000;
const PASSAGES: usize = 10;
const WORDS: usize = 150;
const VOCABULARY: f64 = 200_000.0;
/// Searches of each kind and thread.
const SEARCHES: usize = 400;

fn main() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("documents");
    write(&folder);
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
            let mut times = thread::scope(|scope| {
                let search = || searches(&library, words);
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(search)).collect();
                running
                    .into_iter()
                    .flat_map(|one| one.join().unwrap())
                    .collect::<Vec<_>>()
            });
            times.sort_by(f64::total_cmp);
            let at = |share: usize| times[times.len() * share / 100];
            println!(
                "searched    {words:2} words, {threads} at once: p50 {:.2} ms, p99 {:.2} ms",
                at(50),
                at(99)
            );
        }
    }

    let again = Library::new(&config, &store).unwrap();
    let begin = Instant::now();
    again.load().unwrap();
    println!(
        "loaded      {:.1} s at a new start",
        begin.elapsed().as_secs_f64()
    );
}

/// Milliseconds that each of some searches takes.
fn searches(library: &Library, words: usize) -> Vec<f64> {
    let mut luck = fastrand::Rng::with_seed(words as u64);
    let search = |_| {
        let question: Vec<String> = (0..words).map(|_| word(&mut luck)).collect();
        let begin = Instant::now();
        library.search(&question.join(" "), 3).unwrap();
        begin.elapsed().as_secs_f64() * 1e3
    };
    (0..SEARCHES).map(search).collect()
}

fn write(folder: &Path) {
    let mut luck = fastrand::Rng::with_seed(1);
    fs::create_dir(folder).unwrap();
    for file in 0..FILES {
        let mut text = format!("# File {file}\n");
        for _ in 0..PASSAGES {
            text += &format!("\n## {}\n\n", word(&mut luck));
            for at in 1..=WORDS {
                text += &word(&mut luck);
                text += if at % 12 == 0 { ".\n" } else { " " };
            }
            text += "\n";
        }
        fs::write(folder.join(format!("{file:05}.md")), text).unwrap();
    }
}

/// A word of a rank that is as frequent as its rank is low.
fn word(luck: &mut fastrand::Rng) -> String {
    let mut rank = VOCABULARY.powf(luck.f64()) as usize + 30;
    let mut word = String::new();
    while rank > 0 {
        word.push(char::from(b'a' + (rank % 26) as u8));
        word.push(['a', 'e', 'i', 'o', 'u'][rank % 5]);
        rank /= 26;
    }
    word
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
