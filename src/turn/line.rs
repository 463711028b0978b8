//! The line before an endpoint: so many answers at once, so many waiting, first come first served.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// The line has no place left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the line is full")]
pub struct LineFull;

/// One endpoint's slots, and who waits for them.
pub struct Line {
    slots: usize,
    max_waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: usize,
    next: u64,
    waiting: VecDeque<(u64, watch::Sender<usize>)>,
}

/// A place in the line, and then a slot; given back when it is dropped.
pub struct Ticket {
    line: Arc<Line>,
    number: u64,
    position: watch::Receiver<usize>,
}

impl Line {
    /// `slots` answers at once, `max_waiting` more in line.
    pub fn new(slots: usize, max_waiting: usize) -> Self {
        Self {
            slots,
            max_waiting,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot, or the last place in line.
    pub fn join(self: &Arc<Self>) -> Result<Ticket, LineFull> {
        let mut state = self.state();
        let number = state.next;
        let position = if state.running < self.slots {
            state.running += 1;
            watch::channel(0).1
        } else if state.waiting.len() < self.max_waiting {
            let (sender, position) = watch::channel(state.waiting.len() + 1);
            state.waiting.push_back((number, sender));
            position
        } else {
            return Err(LineFull);
        };
        state.next += 1;
        Ok(Ticket {
            line: self.clone(),
            number,
            position,
        })
    }
}

impl Ticket {
    /// Its position in the line, from 1; 0 once it has its slot.
    pub fn position(&mut self) -> usize {
        *self.position.borrow_and_update()
    }

    /// Waits until the position has changed. Cancel safe.
    pub async fn moved(&mut self) {
        if self.position.changed().await.is_err() {
            // It has its slot, and its position will never change again.
            std::future::pending().await
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.line.state();
        match state
            .waiting
            .iter()
            .position(|(number, _)| *number == self.number)
        {
            Some(at) => drop(state.waiting.remove(at)),
            None => state.running -= 1,
        }
        while state.running < self.line.slots
            && let Some((_, first)) = state.waiting.pop_front()
        {
            state.running += 1;
            first.send_replace(0);
        }
        for (at, (_, position)) in state.waiting.iter().enumerate() {
            position.send_if_modified(|now| std::mem::replace(now, at + 1) != at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_came_first_goes_first_and_all_move_up() {
        let line = Arc::new(Line::new(1, 3));
        let mut first = line.join().unwrap();
        let mut second = line.join().unwrap();
        let mut third = line.join().unwrap();
        let mut fourth = line.join().unwrap();
        assert_eq!(line.join().err(), Some(LineFull));
        let places = [
            first.position(),
            second.position(),
            third.position(),
            fourth.position(),
        ];
        assert_eq!(places, [0, 1, 2, 3]);
        drop(third);
        fourth.moved().await;
        assert_eq!((second.position(), fourth.position()), (1, 2));
        drop(first);
        second.moved().await;
        assert_eq!((second.position(), fourth.position()), (0, 1));
        drop(second);
        assert_eq!(fourth.position(), 0);
        drop(fourth);
        assert_eq!(line.state().running, 0);
        assert!(line.state().waiting.is_empty());
    }

    #[test]
    fn a_slot_is_not_taken_past_those_who_wait() {
        let line = Arc::new(Line::new(2, 5));
        let (one, two) = (line.join().unwrap(), line.join().unwrap());
        let mut waits = line.join().unwrap();
        drop(one);
        let mut late = line.join().unwrap();
        assert_eq!((waits.position(), late.position()), (0, 1));
        drop(two);
        assert_eq!(late.position(), 0);
    }
}
