//! What the writer does to the database.
use super::{ConversationHead, NewTurn, Place, StoreError, sqlite::Failure};
use crate::{
    answer::{Answer, Piece},
    id::{ConversationId, OwnerId, TurnId},
};
use rusqlite::Connection;
fn later<T>() -> Result<T, Failure> {
    Err(StoreError::Unavailable("This part is not there yet.".into()).into())
}
pub(super) fn ask(_db: &Connection, _new: &NewTurn) -> Result<Place, Failure> {
    later()
}
pub(super) fn save(_db: &Connection, _turn: TurnId, _piece: &Piece) -> Result<(), Failure> {
    later()
}
pub(super) fn finish(_db: &Connection, _turn: TurnId, _answer: &Answer) -> Result<(), Failure> {
    later()
}
pub(super) fn rename(
    _db: &Connection,
    _owner: OwnerId,
    _id: ConversationId,
    _title: &str,
) -> Result<ConversationHead, Failure> {
    later()
}
pub(super) fn delete(
    _db: &Connection,
    _owner: OwnerId,
    _id: ConversationId,
    _now: u64,
) -> Result<(), Failure> {
    later()
}
pub(super) fn restore(
    _db: &Connection,
    _owner: OwnerId,
    _id: ConversationId,
    _now: u64,
) -> Result<ConversationHead, Failure> {
    later()
}
pub(super) fn interrupt_running(_db: &mut Connection) -> rusqlite::Result<usize> {
    Ok(0)
}
