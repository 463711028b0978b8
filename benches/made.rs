//! Documents of made-up words: by Zipf's law out of 200,000, so that there are common and rare ones as in any language,
//! in Markdown files of ten passages of 150 words.

use std::{fs, io, path::Path};

use fastrand::Rng;

/// Passages of a file.
pub const PASSAGES: usize = 10;
const WORDS: usize = 150;
const VOCABULARY: f64 = 200_000.0;

/// Makes the folder with so many files in it; the same ones each time.
pub fn documents(folder: &Path, files: usize) -> io::Result<()> {
    let mut luck = Rng::with_seed(1);
    fs::create_dir(folder)?;
    for file in 0..files {
        let mut text = format!("# File {file}\n");
        for _ in 0..PASSAGES {
            text += &format!("\n## {}\n\n", word(&mut luck));
            for at in 1..=WORDS {
                text += &word(&mut luck);
                text += if at % 12 == 0 { ".\n" } else { " " };
            }
            text += "\n";
        }
        fs::write(folder.join(format!("{file:05}.md")), text)?;
    }
    Ok(())
}

/// A question of so many words.
pub fn question(luck: &mut Rng, words: usize) -> String {
    let words: Vec<String> = (0..words).map(|_| word(luck)).collect();
    words.join(" ")
}

/// A word of a rank that is as frequent as its rank is low.
fn word(luck: &mut Rng) -> String {
    let mut rank = VOCABULARY.powf(luck.f64()) as usize + 30;
    let mut word = String::new();
    while rank > 0 {
        word.push(char::from(b'a' + (rank % 26) as u8));
        word.push(['a', 'e', 'i', 'o', 'u'][rank % 5]);
        rank /= 26;
    }
    word
}
