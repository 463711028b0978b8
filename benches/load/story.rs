//! Random answers in random pieces, which the endpoint tells and the driver knows: both make them from one seed.

use fastrand::Rng;

/// Letters of one to four bytes, and some that JSON and SSE escape or split at.
const LETTERS: [&str; 12] = [
    "a", "b", " ", "\n", "\r", "\"", "\\", "\t", "ß", "→", "字", "🦀",
];

/// What the endpoint says, and how it writes it.
pub struct Story {
    /// The chunks.
    pub pieces: Vec<String>,
    /// Sizes of the writes that the events are cut into.
    pub cuts: Vec<usize>,
    /// Milliseconds before each event.
    pub pace: u64,
}

impl Story {
    /// The same for the same seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut piece = || {
            let letters = (0..rng.usize(1..24)).map(|_| LETTERS[rng.usize(..LETTERS.len())]);
            letters.collect::<String>()
        };
        let pieces = (0..40).map(|_| piece()).collect();
        Self {
            pieces,
            cuts: (0..rng.usize(1..5)).map(|_| rng.usize(1..300)).collect(),
            pace: rng.u64(1..4),
        }
    }
}
