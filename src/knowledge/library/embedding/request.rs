//! A request for vectors, which changes of the folders do not wait for.

use std::{
    sync::{
        atomic::Ordering,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use crate::knowledge::{embed::EmbedError, library::Library};

/// How often it is looked whether the folders have changed while the server is at it.
const LOOK: Duration = Duration::from_millis(50);

/// What a server makes of texts.
type Answer = Result<Vec<Vec<f32>>, EmbedError>;

/// Texts that a thread has asked the server about.
pub(in crate::knowledge::library) struct Request {
    texts: Vec<String>,
    answer: Receiver<Answer>,
}

impl Request {
    pub(super) fn send(library: &Library, texts: &[String]) -> Result<Self, EmbedError> {
        if library.0.stop.load(Ordering::Relaxed) {
            return Err(EmbedError::Stopped);
        }
        let (said, answer) = mpsc::sync_channel(1);
        let (library, asked) = (library.clone(), texts.to_vec());
        let ask = move || {
            if let Some(space) = &library.0.space {
                // Nobody hears it where its texts are no longer wanted.
                let _ = said.send(space.passages(&asked));
            }
        };
        let thread = thread::Builder::new().name("embeddings".to_owned());
        match thread.spawn(ask) {
            Ok(_) => Ok(Self {
                texts: texts.to_vec(),
                answer,
            }),
            Err(error) => Err(EmbedError::Down(format!(
                "no thread could be started: {error}"
            ))),
        }
    }

    /// What it is about.
    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Waits for its answer. When the folders change meanwhile it comes back, to be waited for again.
    pub(super) fn wait(self, library: &Library) -> Result<Answer, Self> {
        loop {
            match self.answer.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(EmbedError::Down("its request broke off".to_owned())));
                }
                Err(RecvTimeoutError::Timeout) if library.0.stop.load(Ordering::Relaxed) => {
                    return Ok(Err(EmbedError::Stopped));
                }
                Err(RecvTimeoutError::Timeout) if library.0.bell.has_rung() => return Err(self),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
