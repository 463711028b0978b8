//! The line before an endpoint: so many answers at once, so many waiting, first come first served.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::pace::Pace;

/// The line has no place left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the line is full, about for another {wait:?}")]
pub struct LineFull {
    /// In what time somebody should move up.
    pub wait: Duration,
}

/// One endpoint's slots, and who waits for them.
pub struct Line {
    state: Mutex<State>,
    pace: Pace,
}

struct State {
    slots: usize,
    max_waiting: usize,
    /// Since when each has its slot.
    running: HashMap<u64, Instant>,
    next: u64,
    waiting: VecDeque<(u64, watch::Sender<usize>)>,
}

/// How a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Who has a slot.
    pub running: usize,
    /// Slots that there are.
    pub slots: usize,
    /// Who waits.
    pub waiting: usize,
    /// How many may wait.
    pub places: usize,
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
        let state = State {
            slots,
            max_waiting,
            running: HashMap::new(),
            next: 0,
            waiting: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            pace: Pace::default(),
        }
    }

    /// More or fewer from now on. Who has a slot or a place keeps it.
    pub fn resize(&self, slots: usize, max_waiting: usize) {
        let mut state = self.state();
        (state.slots, state.max_waiting) = (slots, max_waiting);
        state.move_up();
    }

    /// How it stands.
    pub fn counts(&self) -> Counts {
        let state = self.state();
        Counts {
            running: state.running.len(),
            slots: state.slots,
            waiting: state.waiting.len(),
            places: state.max_waiting,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have a slot, and how many wait.
    pub fn busy(&self) -> (usize, usize) {
        let state = self.state();
        (state.running.len(), state.waiting.len())
    }

    /// Takes a slot, or the last place in line.
    pub fn join(self: &Arc<Self>) -> Result<Ticket, LineFull> {
        let mut state = self.state();
        let number = state.next;
        let now = Instant::now();
        let position = if state.running.len() < state.slots {
            state.running.insert(number, now);
            watch::channel(0).1
        } else if state.waiting.len() < state.max_waiting {
            let (sender, position) = watch::channel(state.waiting.len() + 1);
            state.waiting.push_back((number, sender));
            position
        } else {
            let begun = state.running.values().copied();
            let wait = self.pace.until_one_ends(begun, now);
            return Err(LineFull { wait });
        };
        state.next += 1;
        Ok(Ticket {
            line: self.clone(),
            number,
            position,
        })
    }
}

impl State {
    /// Gives free slots to those who came first, and tells the others their places.
    fn move_up(&mut self) {
        while self.running.len() < self.slots
            && let Some((number, first)) = self.waiting.pop_front()
        {
            self.running.insert(number, Instant::now());
            first.send_replace(0);
        }
        for (at, (_, position)) in self.waiting.iter().enumerate() {
            position.send_if_modified(|now| std::mem::replace(now, at + 1) != at + 1);
        }
    }
}

impl Ticket {
    /// Its position in the line, from 1; 0 once it has its slot.
    pub fn position(&mut self) -> usize {
        *self.position.borrow_and_update()
    }

    /// Gives the slot back after an answer, whose time others are told their waiting by.
    pub fn finish(self) {
        let since = self.line.state().running.get(&self.number).copied();
        if let Some(since) = since {
            self.line.pace.took(since.elapsed());
        }
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
            None => drop(state.running.remove(&self.number)),
        }
        state.move_up();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test]
    async fn who_came_first_goes_first_and_all_move_up() {
        let line = Arc::new(Line::new(1, 3));
        let mut first = line.join().unwrap();
        let mut second = line.join().unwrap();
        let mut third = line.join().unwrap();
        let mut fourth = line.join().unwrap();
        assert!(line.join().is_err());
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
        assert!(line.state().running.is_empty());
        assert!(line.state().waiting.is_empty());
    }

    #[test]
    fn a_line_with_more_slots_lets_those_who_wait_in_and_one_with_fewer_lets_nobody_out() {
        let line = Arc::new(Line::new(1, 1));
        let (first, mut second) = (line.join().unwrap(), line.join().unwrap());
        line.resize(2, 1);
        assert_eq!(second.position(), 0);
        line.resize(1, 1);
        let mut third = line.join().unwrap();
        drop(first);
        assert_eq!(third.position(), 1);
        drop(second);
        assert_eq!(third.position(), 0);
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

    #[tokio::test(start_paused = true)]
    async fn a_full_line_tells_when_somebody_should_move_up() {
        let line = Arc::new(Line::new(1, 1));
        let first = line.join().unwrap();
        advance(Duration::from_secs(30)).await;
        first.finish();
        let (_second, waits) = (line.join().unwrap(), line.join().unwrap());
        advance(Duration::from_secs(10)).await;
        let wait = Duration::from_secs(20);
        assert_eq!(line.join().err(), Some(LineFull { wait }));
        // Who leaves the line has answered nothing, however long that took.
        waits.finish();
        let _last = line.join().unwrap();
        assert_eq!(line.join().err(), Some(LineFull { wait }));
    }
}
