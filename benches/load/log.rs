//! What askd wrote down: its own word on when a session or a turn ended, where nobody else sees it.

use anyhow::{Context as _, Result};

use crate::clock;

/// askd's log so far.
pub struct Log(String);

impl Log {
    /// The text of a log file.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Lines that are warnings or errors.
    pub fn complaints(&self) -> Vec<&str> {
        let bad = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
        self.0.lines().filter(bad).collect()
    }

    /// How many lines say this.
    pub fn count(&self, words: &str) -> usize {
        self.0.lines().filter(|line| line.contains(words)).count()
    }

    /// The moment, on [`clock::now_ns`]'s clock, of the line that says this about the session or turn with this id.
    pub fn moment(&self, words: &str, id: &str) -> Result<u64> {
        let said = |line: &&str| line.contains(words) && line.contains(id);
        let line = self
            .0
            .lines()
            .find(said)
            .with_context(|| format!("no line of the log says {words:?} of {id}"))?;
        let time = line.split_whitespace().next().unwrap_or_default();
        let time = humantime::parse_rfc3339(time)
            .with_context(|| format!("no time begins the line {line:?}"))?;
        Ok(clock::ns_of_wall(time))
    }
}
