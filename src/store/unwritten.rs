//! What has been handed over and is not on the disk yet: told when askd ends without having written it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::id::TurnId;

/// Turns that are named; there may be thousands.
const NAMED: usize = 10;

/// What is not on the disk yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// Questions, of which nobody was told that they are kept.
    pub questions: usize,
    /// Answers, or what they have grown by.
    pub answers: usize,
    /// Their turns, ten at the most.
    pub turns: Vec<TurnId>,
}

impl Unwritten {
    pub(super) fn of(questions: &Questions, answers: HashSet<TurnId>) -> Self {
        let questions = questions.all().clone();
        let all = questions.union(&answers);
        Self {
            questions: questions.len(),
            answers: answers.len(),
            turns: all.take(NAMED).copied().collect(),
        }
    }
}

/// The questions that wait for the writer.
#[derive(Clone, Default)]
pub(super) struct Questions(Arc<Mutex<HashSet<TurnId>>>);

/// One of them, until this is dropped.
pub(super) struct Waits {
    questions: Questions,
    turn: TurnId,
}

impl Questions {
    /// A question comes, to be kept.
    pub(super) fn begin(&self, turn: TurnId) -> Waits {
        self.all().insert(turn);
        Waits {
            questions: self.clone(),
            turn,
        }
    }

    fn all(&self) -> MutexGuard<'_, HashSet<TurnId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.questions.all().remove(&self.turn);
    }
}
