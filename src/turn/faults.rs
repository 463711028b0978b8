//! What is said of a turn that cannot be had.

use std::time::Duration;

use crate::refusal::in_words;
use crate::{
    answer::{ErrorCode, Fault},
    store::StoreError,
};

/// When to ask again while the server restarts.
const RESTARTING: Duration = Duration::from_secs(1);

/// What is said of a turn that is not here, and of one that is another owner's.
pub(super) fn unknown_turn() -> Fault {
    Fault::new(
        ErrorCode::UnknownTurn,
        "This answer is not kept here, or no longer.",
    )
}

/// What is said of a turn that is kept and neither runs nor has its end: what came of it had to be dropped while the
/// storage failed, and the disk, once it works, will end it as interrupted. To call it unknown would lose it for good.
pub(super) fn unsettled() -> Fault {
    let message =
        "How this answer ended cannot be told while the storage fails; try again in a moment.";
    Fault::new(ErrorCode::StorageFailed, message).retry_after(RESTARTING)
}

/// The server goes down.
pub(super) fn restarting() -> Fault {
    let message = "The server is restarting; ask again in a moment.";
    Fault::new(ErrorCode::QueueFull, message).retry_after(RESTARTING)
}

/// Nobody more may wait for this endpoint; in about so long somebody moves up.
pub(super) fn line_full(endpoint: &str, wait: Duration) -> Fault {
    let message = format!(
        "Too many questions are waiting for {endpoint} already; ask again in about {}.",
        in_words(wait)
    );
    Fault::new(ErrorCode::QueueFull, message).retry_after(wait)
}

/// What the store refuses, as a client is told it.
pub(super) fn unkept(error: StoreError) -> Fault {
    match error {
        StoreError::Taken => unknown_turn(),
        error => Fault::new(error.code(), error.to_string()),
    }
}
