//! Trying again before the first chunk, within a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{ChatModel, ChatRequest, DeltaStream, LlmError, Stage};

/// The wait before the first retry; it doubles with each, up to [`MAX_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(8);

/// How patient to be with an endpoint before its first chunk.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Further tries.
    pub retries: u32,
    /// From the first try to the first chunk.
    pub first_chunk: Duration,
    /// When that is over.
    pub deadline: Instant,
}

/// Opens an answer, and tries again what may pass; see `patiently`.
pub async fn open(
    model: &dyn ChatModel,
    request: &ChatRequest,
    patience: Patience,
    tried_again: impl Fn(&LlmError, Duration),
) -> Result<DeltaStream, LlmError> {
    patiently(patience, tried_again, || model.chat(request)).await
}

/// Tries again what may pass: with the wait that the endpoint asked for, or with one that doubles; both with jitter, so
/// that turns that failed together do not come back together. `tried_again` is told of each error that is waited out.
pub(super) async fn patiently<T, F: Future<Output = Result<T, LlmError>>>(
    patience: Patience,
    tried_again: impl Fn(&LlmError, Duration),
    attempt: impl Fn() -> F,
) -> Result<T, LlmError> {
    let mut tries = 0;
    loop {
        let error = match timeout_at(patience.deadline, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => error,
            Err(_) => {
                return Err(LlmError::Timeout {
                    stage: Stage::FirstChunk,
                    limit: patience.first_chunk,
                });
            }
        };
        if tries == patience.retries || !error.may_pass() {
            return Err(error);
        }
        let wait = pause(tries, error.retry_after(), fastrand::f64());
        if Instant::now()
            .checked_add(wait)
            .is_none_or(|then| then >= patience.deadline)
        {
            return Err(error);
        }
        tries += 1;
        tried_again(&error, wait);
        sleep(wait).await;
    }
}

/// The wait before retry number `tries`, with `luck` from 0 to 1.
fn pause(tries: u32, asked: Option<Duration>, luck: f64) -> Duration {
    match asked {
        Some(asked) => asked.saturating_add((asked / 10).mul_f64(luck)),
        None => FIRST_BACKOFF
            .saturating_mul(1 << tries.min(16))
            .min(MAX_BACKOFF)
            .mul_f64(0.5 + luck / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::scripted::{Scripted, Step, question};

    fn overloaded(retry_after: Option<u64>) -> LlmError {
        let retry_after = retry_after.map(Duration::from_secs);
        LlmError::Overloaded {
            status: 429,
            words: "busy".to_owned(),
            retry_after,
        }
    }

    fn patience(retries: u32, seconds: u64) -> Patience {
        let first_chunk = Duration::from_secs(seconds);
        Patience {
            retries,
            first_chunk,
            deadline: Instant::now() + first_chunk,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_the_endpoint_asked_for_is_honoured() {
        let model = Scripted::refusing([overloaded(Some(7)), overloaded(None)], [Step::stop()]);
        let start = Instant::now();
        assert!(
            open(&model, &question("q"), patience(2, 60), |_, _| {})
                .await
                .is_ok()
        );
        assert!(start.elapsed() >= Duration::from_secs(7));
        assert!(start.elapsed() < Duration::from_secs(9));
        assert_eq!(model.asked(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let model = Scripted::refusing([overloaded(Some(120))], [Step::stop()]);
        let start = Instant::now();
        let error = open(&model, &question("q"), patience(2, 60), |_, _| {})
            .await
            .err();
        assert_eq!(error, Some(overloaded(Some(120))));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_pass_is_not_tried_again() {
        let refused = LlmError::Refused {
            status: 401,
            words: "no".to_owned(),
        };
        let model = Scripted::refusing([refused.clone()], [Step::stop()]);
        assert_eq!(
            open(&model, &question("q"), patience(5, 60), |_, _| {})
                .await
                .err(),
            Some(refused)
        );
        assert_eq!(model.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_before_the_headers_ends_at_the_deadline() {
        let model = Scripted::silent();
        let error = open(&model, &question("q"), patience(2, 60), |_, _| {})
            .await
            .err();
        let limit = Duration::from_secs(60);
        assert_eq!(
            error,
            Some(LlmError::Timeout {
                stage: Stage::FirstChunk,
                limit
            })
        );
    }

    #[test]
    fn the_wait_doubles_up_to_its_cap() {
        assert_eq!(pause(0, None, 1.0), FIRST_BACKOFF);
        assert_eq!(pause(1, None, 0.0), FIRST_BACKOFF);
        assert_eq!(pause(40, None, 1.0), MAX_BACKOFF);
    }
}
