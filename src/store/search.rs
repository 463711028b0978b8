//! Searching.
use super::{Hit, StoreError, sqlite::Failure};
use crate::id::OwnerId;
use rusqlite::Connection;
pub(super) fn search(
    _db: &Connection,
    _owner: OwnerId,
    _words: &str,
    _limit: usize,
) -> Result<Vec<Hit>, Failure> {
    Err(StoreError::Unavailable("This part is not there yet.".into()).into())
}
