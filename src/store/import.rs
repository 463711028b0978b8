//! Taking in what was exported.
use super::{Conversation, StoreError, sqlite::Failure};
use crate::id::OwnerId;
use rusqlite::Connection;
/// What became of the conversations of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Imported {
    /// Conversations that are kept now.
    pub imported: u64,
    /// Conversations that were there already.
    pub skipped: u64,
}
impl Imported {
    pub(super) fn count(&mut self, new: bool) {
        *(if new {
            &mut self.imported
        } else {
            &mut self.skipped
        }) += 1;
    }
}
pub(super) fn is_a_tree(_conversation: &Conversation) -> bool {
    true
}
pub(super) fn import(
    _db: &Connection,
    _owner: OwnerId,
    _conversation: &Conversation,
) -> Result<bool, Failure> {
    Err(StoreError::Unavailable("This part is not there yet.".into()).into())
}
