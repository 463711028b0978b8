//! What the readers read.
use super::{
    Conversation, ConversationPage, Exchange, Found, ListCursor, StoreError, sqlite::Failure,
    writer::Shared,
};
use crate::id::{ConversationId, OwnerId, TurnId};
use rusqlite::Connection;
fn later<T>() -> Result<T, Failure> {
    Err(StoreError::Unavailable("This part is not there yet.".into()).into())
}
pub(super) fn find(
    _db: &Connection,
    _held: &Shared,
    _owner: OwnerId,
    _turn: TurnId,
) -> Result<Option<Found>, Failure> {
    later()
}
pub(super) fn history(
    _db: &Connection,
    _held: &Shared,
    _owner: OwnerId,
    _turn: TurnId,
    _fits: impl FnMut(&Exchange) -> bool,
) -> Result<Vec<Exchange>, Failure> {
    later()
}
pub(super) fn list(
    _db: &Connection,
    _owner: OwnerId,
    _before: Option<ListCursor>,
    _limit: usize,
) -> Result<ConversationPage, Failure> {
    later()
}
pub(super) fn conversation(
    _db: &Connection,
    _held: &Shared,
    _owner: OwnerId,
    _id: ConversationId,
) -> Result<Option<Conversation>, Failure> {
    later()
}
pub(super) fn ids(_db: &Connection, _owner: OwnerId) -> Result<Vec<ConversationId>, Failure> {
    later()
}
