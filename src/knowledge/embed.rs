//! Who makes vectors of texts, seen from here; and whether it does.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{file::Kept, vectors::Direction};
use crate::config;

/// How long a server that failed is left alone by searches; then one of them tries it.
const REST: Duration = Duration::from_secs(5);

/// A refusal that comes within this leaves the time to ask whether anything else is refused too.
const AT_ONCE: Duration = Duration::from_millis(300);

/// A text that every server takes that works.
const PLAIN: &str = "A ship sails.";

/// What a vector is for, and so how long it may be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody waits: one try, within the configured time.
    Question,
    /// Nobody does: minutes, and further tries.
    Passages,
}

/// Why there are no vectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The server works, and does not take one of these texts; it may be too long.
    #[error("{0}")]
    Refused(String),
    /// The server does not work.
    #[error("{0}")]
    Down(String),
    /// Nobody waits for it any more.
    #[error("askd goes down")]
    Stopped,
}

/// Makes vectors of texts. It blocks.
pub trait Embedder: Send + Sync + 'static {
    /// A vector of length 1 for each of the texts, in their order; all of them equally long.
    fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// An embedder with the way texts are written down for it.
pub(super) struct Space {
    embedder: Arc<dyn Embedder>,
    config: config::Embeddings,
    /// What makes its vectors others than another's.
    pub(super) name: String,
    pulse: Mutex<Pulse>,
}

/// Whether the server works, as far as is known.
#[derive(Default)]
struct Pulse {
    /// Why not.
    trouble: Option<String>,
    /// Searches leave it alone until then.
    rest: Option<Instant>,
    /// The length of questions' vectors, where the passages' have another.
    outgrown: Option<usize>,
    /// The passages' came out with another length than the questions' once more: it is of no use to make them again.
    is_odd: bool,
}

impl Space {
    pub(super) fn new(config: &config::Embeddings, embedder: Arc<dyn Embedder>) -> Self {
        let config::Embeddings {
            model,
            dimensions,
            max_input,
            passage_prefix,
            ..
        } = config;
        let dimensions = dimensions.unwrap_or_default();
        Self {
            embedder,
            name: format!("{model}\n{dimensions}\n{max_input}\n{passage_prefix}"),
            config: config.clone(),
            pulse: Mutex::default(),
        }
    }

    /// Texts in one request at the most.
    pub(super) fn batch(&self) -> usize {
        self.config.batch
    }

    /// What is embedded of a passage: what says what it is about, and its text.
    pub(super) fn text(&self, kept: &Kept) -> String {
        let mut text = self.config.passage_prefix.clone();
        let headings = (!kept.headings.is_empty()).then(|| kept.headings.join(" › "));
        // A document's title is often its first heading.
        let title = kept.title.as_ref();
        let title = title.filter(|title| kept.headings.first() != Some(title));
        for line in title.into_iter().chain(&headings) {
            text += line;
            text.push('\n');
        }
        text += &kept.text;
        self.cut(text)
    }

    fn cut(&self, mut text: String) -> String {
        text.truncate(text.floor_char_boundary(self.config.max_input));
        text
    }

    /// The vectors of passages' texts.
    pub(super) fn passages(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.heard(self.embedder.embed(texts, Purpose::Passages))
    }

    /// A vector for each of these questions; none while the server does not work.
    pub(super) fn questions(&self, questions: &[&str]) -> Option<Vec<Direction>> {
        let is_empty = |question: &&str| question.trim().is_empty();
        if questions.iter().any(is_empty) || self.pulse().outgrown.is_some() || !self.may_ask() {
            return None;
        }
        let prefix = &self.config.question_prefix;
        let text = |question: &&str| self.cut(format!("{prefix}{question}"));
        let texts: Vec<String> = questions.iter().map(text).collect();
        let begin = Instant::now();
        let made = self.embedder.embed(&texts, Purpose::Question);
        if matches!(made, Err(EmbedError::Refused(_))) {
            // Somebody waits, so that there is time for one slow answer and not for two.
            if begin.elapsed() < AT_ONCE {
                let _ = self.works(Purpose::Question);
            }
            return None;
        }
        let made = self.heard(made).ok()?;
        Some(made.iter().map(|vector| Direction::of(vector)).collect())
    }

    /// Asks for what every server makes that works; one that refuses that does not.
    pub(super) fn works(&self, purpose: Purpose) -> Result<(), EmbedError> {
        let made = self.heard(self.embedder.embed(&[PLAIN.to_owned()], purpose));
        if let Err(EmbedError::Refused(why)) = &made {
            self.fail(why);
        }
        made.map(drop)
    }

    /// Notes whether the server works; the log hears of it once, and once more when it works again.
    fn heard<T>(&self, heard: Result<T, EmbedError>) -> Result<T, EmbedError> {
        match &heard {
            Err(EmbedError::Down(why)) => self.fail(why),
            // What is refused says nothing on what else would be.
            Err(EmbedError::Stopped | EmbedError::Refused(_)) => {}
            Ok(_) => {
                let mut pulse = self.pulse();
                pulse.rest = None;
                if pulse.trouble.take().is_some() {
                    tracing::info!("the embeddings' server works again");
                }
            }
        }
        heard
    }

    /// Notes that it does not work.
    pub(super) fn fail(&self, why: &str) {
        let mut pulse = self.pulse();
        pulse.rest = Some(Instant::now() + REST);
        if pulse.trouble.replace(why.to_owned()).is_none() {
            tracing::warn!(
                server = self.config.address(),
                "the documents are searched by their words alone until the embeddings' server works: {why}"
            );
        }
    }

    /// Notes that questions' vectors have this length and the passages' another, so that neither is of use before these
    /// have been made anew; whether that is news.
    pub(super) fn outgrow(&self, length: usize) -> bool {
        self.fail(
            "it makes vectors of another length than those of the passages, which are made anew",
        );
        self.pulse().outgrown.replace(length).is_none()
    }

    /// The length that the passages' vectors are to have, if they have another.
    pub(super) fn outgrown(&self) -> Option<usize> {
        self.pulse().outgrown
    }

    /// Notes that all passages' vectors have this length now.
    pub(super) fn made(&self, length: usize) {
        let mut pulse = self.pulse();
        let Some(wanted) = pulse.outgrown else {
            return;
        };
        pulse.is_odd |= wanted != length;
        pulse.outgrown = pulse.is_odd.then_some(length);
    }

    /// Whether a search may ask now. Of those that come when the rest is over, one does.
    fn may_ask(&self) -> bool {
        let mut pulse = self.pulse();
        let now = Instant::now();
        match pulse.rest {
            Some(rest) if now < rest => false,
            Some(_) => {
                pulse.rest = Some(now + REST);
                true
            }
            None => true,
        }
    }

    /// Why the server does not work, if it does not.
    pub(super) fn trouble(&self) -> Option<String> {
        self.pulse().trouble.clone()
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::*;

    /// Fails when it is told to.
    #[derive(Default)]
    struct Moody(AtomicBool);

    impl Embedder for Moody {
        fn embed(&self, texts: &[String], _: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
            match self.0.load(Ordering::Relaxed) {
                true => Err(EmbedError::Down("it sleeps".to_owned())),
                false => Ok(vec![vec![1.0]; texts.len()]),
            }
        }
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn count(&self, words: &str) -> usize {
            let bytes = self.0.lock().unwrap();
            std::str::from_utf8(&bytes).unwrap().matches(words).count()
        }
    }

    #[test]
    fn each_outage_of_the_server_is_told_once_and_its_end_once() {
        let toml = "[knowledge]\nfolders = [\"docs\"]\n[knowledge.embeddings]\nmodel = \"m\"\n\
                    base_url = \"http://localhost/v1\"\n";
        let loaded = config::check("t", toml, &config::Overrides::default(), &|_| None).unwrap();
        let config = loaded.config.knowledge.embeddings.unwrap();
        let moody = Arc::new(Moody::default());
        let space = Space::new(&config, moody.clone());
        let (log, texts) = (Log::default(), ["text".to_owned()]);
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let told = || (log.count("it sleeps"), log.count("works again"));
        let ask = |is_down| {
            moody.0.store(is_down, Ordering::Relaxed);
            for _ in 0..3 {
                assert_eq!(space.passages(&texts).is_err(), is_down);
            }
            told()
        };
        tracing::subscriber::with_default(subscriber, || {
            assert_eq!(ask(false), (0, 0));
            assert_eq!(ask(true), (1, 0));
            assert_eq!(ask(false), (1, 1));
            assert_eq!(ask(true), (2, 1));
            assert_eq!(ask(false), (2, 2));
        });
    }
}
