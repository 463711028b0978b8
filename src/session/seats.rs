//! The open sessions by name, as an admin sees them.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use crate::id::SessionId;

/// A session that is open.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Whose it is, where people sign in.
    pub user: Option<Arc<str>>,
    /// What its client is called in the log.
    pub peer: Arc<str>,
    /// When it was opened.
    pub since: SystemTime,
}

/// All of them; some hundred bytes each.
#[derive(Default)]
pub(super) struct Seats(Mutex<HashMap<SessionId, Seat>>);

/// A session's place among them, which it leaves when this is dropped.
pub(super) struct Seated<'a> {
    seats: &'a Seats,
    id: SessionId,
}

impl Seats {
    fn taken(&self) -> MutexGuard<'_, HashMap<SessionId, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one.
    pub(super) fn take(&self, id: SessionId, seat: Seat) -> Seated<'_> {
        self.taken().insert(id, seat);
        Seated { seats: self, id }
    }

    /// The newest, and before them those that are `first`; at most so many.
    pub(super) fn list(
        &self,
        first: impl Fn(&SessionId) -> bool,
        most: usize,
    ) -> Vec<(SessionId, Seat)> {
        let taken = self.taken();
        let order = |(id, seat): &(&SessionId, &Seat)| (!first(id), Reverse(seat.since), **id);
        let mut all: Vec<_> = taken.iter().collect();
        if all.len() > most {
            // The few that are wanted are put in order, not the thousands.
            all.select_nth_unstable_by_key(most, order);
            all.truncate(most);
        }
        all.sort_by_key(order);
        let shown = all.into_iter().map(|(id, seat)| (*id, seat.clone()));
        shown.collect()
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.remove(&self.id);
        if taken.len() * 4 < taken.capacity() {
            // After a storm its room is given back.
            let room = taken.len() * 2;
            taken.shrink_to(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_newest_are_listed_behind_those_that_come_first_and_who_leaves_is_gone() {
        let seats = Seats::default();
        let ids: Vec<_> = (0..5).map(|_| SessionId::new()).collect();
        let seated: Vec<_> = (0..)
            .zip(&ids)
            .map(|(n, id)| {
                let seat = Seat {
                    user: None,
                    peer: "here".into(),
                    since: UNIX_EPOCH + Duration::from_secs(n),
                };
                seats.take(*id, seat)
            })
            .collect();
        let listed = |most| {
            let list = seats.list(|id| *id == ids[1], most).into_iter();
            list.map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(listed(3), [ids[1], ids[4], ids[3]]);
        assert_eq!(listed(9), [ids[1], ids[4], ids[3], ids[2], ids[0]]);
        assert!(listed(0).is_empty());
        drop(seated);
        assert!(listed(9).is_empty());
        assert!(seats.taken().capacity() < 5);
    }
}
