//! The knowledge's embedder: the embeddings' endpoint, asked by threads that may wait.

use std::{sync::Arc, time::Duration};

use tokio::runtime::Handle;

use crate::{
    config,
    knowledge::{EmbedError, Embedder, Purpose},
    llm::{
        LlmError,
        embeddings::{Effort, Embeddings},
        openai::SetupError,
    },
    shutdown::Shutdown,
};

/// How long the vectors of one request's passages may take, and the further tries within it: a small machine makes some
/// ten a second.
const PASSAGES: Effort = Effort {
    within: Duration::from_secs(60),
    retries: 3,
};

struct OverHttp {
    endpoint: Embeddings,
    timeout: Duration,
    runtime: Handle,
    shutdown: Shutdown,
}

/// The embedder that a configuration names; its requests run on this runtime until the shutdown.
pub fn over_http(
    config: &config::Embeddings,
    runtime: Handle,
    shutdown: Shutdown,
) -> Result<Arc<dyn Embedder>, SetupError> {
    Ok(Arc::new(OverHttp {
        endpoint: Embeddings::new(config)?,
        timeout: config.timeout,
        runtime,
        shutdown,
    }))
}

impl Embedder for OverHttp {
    fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let effort = match purpose {
            Purpose::Question => Effort {
                within: self.timeout,
                retries: 0,
            },
            Purpose::Passages => PASSAGES,
        };
        let over = async {
            match purpose {
                Purpose::Question => self.shutdown.halted().await,
                Purpose::Passages => self.shutdown.draining().await,
            }
        };
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = over => Err(EmbedError::Stopped),
                made = self.endpoint.embed(texts, effort) => {
                    made.map_err(|error| fault(&error))
                }
            }
        })
    }
}

/// Whether it is the texts or the server. Some servers call a text that is too long a failure of their own.
fn fault(error: &LlmError) -> EmbedError {
    let is_the_texts = match error {
        LlmError::Refused { status, .. } => matches!(status, 400 | 413 | 422),
        LlmError::Failed { words, .. } => words.contains("too large") || words.contains("too long"),
        _ => false,
    };
    match is_the_texts {
        true => EmbedError::Refused(error.to_string()),
        false => EmbedError::Down(error.to_string()),
    }
}
