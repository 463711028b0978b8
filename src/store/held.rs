//! What running answers brought that is not on the disk yet, bounded.
//!
//! All that `save` and `finish` are given passes through here: the writer takes copies, and only its commit removes
//! them. So while the disk refuses, nothing is lost until a bound is reached, and what has to go then is told.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    answer::{Answer, Piece},
    id::{OwnerId, TurnId},
};

use super::Place;

/// Turns that are held at once.
const MAX_TURNS: usize = 4096;
/// Bytes that are held at once.
const MAX_BYTES: usize = 64 << 20;
/// How long something is held.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);

/// A turn: another owner's may have the same id.
pub(super) type Key = (OwnerId, TurnId);

/// What is held, by turn.
#[derive(Default)]
pub(super) struct Held {
    turns: HashMap<Key, HeldTurn>,
    /// The turns that this askd began and that have not ended on the disk.
    places: HashMap<Key, Place>,
    /// Turns whose end had to be dropped: on the disk they still run.
    lost: Vec<Key>,
    bytes: usize,
}

struct HeldTurn {
    pieces: Vec<Arc<Piece>>,
    answer: Option<Arc<Answer>>,
    /// Dropped with the turn, which tells whoever waits for that.
    ended: Option<oneshot::Sender<()>>,
    since: Instant,
    bytes: usize,
}

/// What had to be dropped of a turn.
pub(super) struct Loss {
    turn: TurnId,
    bytes: usize,
    reason: &'static str,
}

/// Says in the log what is lost; not to be called where others wait.
pub(super) fn tell(lost: &[Loss]) {
    for Loss {
        turn,
        bytes,
        reason,
    } in lost
    {
        tracing::error!(%turn, bytes, reason, "what could not be written of an answer is lost");
    }
}

/// What the writer takes of a turn.
pub(super) struct Taken {
    pub(super) key: Key,
    pub(super) pieces: Vec<Arc<Piece>>,
    pub(super) answer: Option<Arc<Answer>>,
    /// Its end was dropped; it is to be `interrupted`.
    pub(super) is_lost: bool,
}

impl Held {
    pub(super) fn began(&mut self, key: Key, place: Place) {
        self.places.insert(key, place);
    }

    pub(super) fn place(&self, key: Key) -> Option<Place> {
        self.places.get(&key).copied()
    }

    pub(super) fn answer(&self, key: Key) -> Option<Arc<Answer>> {
        self.turns.get(&key)?.answer.clone()
    }

    /// This owner's answers that have ended.
    pub(super) fn answers(&self, whose: OwnerId) -> HashMap<TurnId, Arc<Answer>> {
        let ended = |((owner, turn), held): (&Key, &HeldTurn)| {
            let answer = held.answer.clone().filter(|_| *owner == whose)?;
            Some((*turn, answer))
        };
        self.turns.iter().filter_map(ended).collect()
    }

    /// All turns of which something is held, or whose end was dropped.
    pub(super) fn all(&self) -> HashSet<TurnId> {
        let held = self.turns.keys().chain(&self.lost);
        held.map(|(_, turn)| *turn).collect()
    }

    /// Turns of which something is held.
    pub(super) fn len(&self) -> usize {
        self.turns.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.lost.is_empty()
    }

    /// Gives back what had to go for it, to be told.
    #[must_use]
    pub(super) fn save(&mut self, key: Key, piece: Piece) -> Vec<Loss> {
        let bytes = piece.events.memory();
        let held = self.entry(key);
        if held.answer.is_some() {
            return Vec::new();
        }
        held.pieces.push(Arc::new(piece));
        held.bytes += bytes;
        self.bytes += bytes;
        self.keep_bounds()
    }

    /// The whole answer stands for its pieces. What is returned is closed once nothing of the turn is held,
    /// and what had to go for it.
    pub(super) fn finish(
        &mut self,
        key: Key,
        answer: Arc<Answer>,
    ) -> (oneshot::Receiver<()>, Vec<Loss>) {
        let bytes = answer.memory();
        let (ended, receipt) = oneshot::channel();
        let held = self.entry(key);
        if held.answer.is_some() {
            return (receipt, Vec::new());
        }
        held.ended = Some(ended);
        held.pieces.clear();
        held.answer = Some(answer);
        let before = std::mem::replace(&mut held.bytes, bytes);
        self.bytes = self.bytes + bytes - before;
        (receipt, self.keep_bounds())
    }

    fn entry(&mut self, key: Key) -> &mut HeldTurn {
        self.turns.entry(key).or_insert_with(|| HeldTurn {
            pieces: Vec::new(),
            answer: None,
            ended: None,
            since: Instant::now(),
            bytes: 0,
        })
    }

    /// Copies of what is to be written, of `limit` turns at the most; unless `all`, only of those whose questions are
    /// known to be on the disk.
    pub(super) fn take(&self, limit: usize, all: bool) -> Vec<Taken> {
        let take = |(key, held): (&Key, &HeldTurn)| Taken {
            key: *key,
            pieces: held.pieces.clone(),
            answer: held.answer.clone(),
            is_lost: false,
        };
        let lost = |key: &Key| Taken {
            key: *key,
            pieces: Vec::new(),
            answer: None,
            is_lost: true,
        };
        let lost = self.lost.iter().filter(|_| all).map(lost);
        self.turns
            .iter()
            .filter(|(key, _)| all || self.places.contains_key(*key))
            .map(take)
            .chain(lost)
            .take(limit)
            .collect()
    }

    /// Lets go of what is on the disk now.
    pub(super) fn written(&mut self, taken: &[Taken]) {
        for Taken {
            key,
            pieces,
            answer,
            is_lost,
        } in taken
        {
            if *is_lost {
                self.lost.retain(|lost| lost != key);
                continue;
            }
            let Some(held) = self.turns.get_mut(key) else {
                continue;
            };
            // An answer that came meanwhile has taken the place of the pieces.
            if held.answer.is_none() {
                let written = pieces.len().min(held.pieces.len());
                let bytes: usize = held
                    .pieces
                    .drain(..written)
                    .map(|piece| piece.events.memory())
                    .sum();
                held.bytes -= bytes;
                self.bytes -= bytes;
            }
            if answer.is_some() {
                self.places.remove(key);
            }
            if answer.is_some() || (held.answer.is_none() && held.pieces.is_empty()) {
                self.remove(*key);
            }
        }
    }

    /// Drops what has been held for too long.
    #[must_use]
    pub(super) fn drop_old(&mut self) -> Vec<Loss> {
        self.lose_while("it was held for 15 minutes", |_, oldest| {
            oldest.since.elapsed() > MAX_AGE
        })
    }

    /// Drops everything: askd ends, and the disk still refuses.
    #[must_use]
    pub(super) fn drop_all(&mut self) -> Vec<Loss> {
        self.lose_while("askd ends", |_, _| true)
    }

    fn keep_bounds(&mut self) -> Vec<Loss> {
        self.lose_while("too much waits for the disk", |held, _| {
            held.turns.len() > MAX_TURNS || held.bytes > MAX_BYTES
        })
    }

    /// Drops the oldest as long as `goes` says so of it.
    fn lose_while(
        &mut self,
        reason: &'static str,
        goes: impl Fn(&Self, &HeldTurn) -> bool,
    ) -> Vec<Loss> {
        let mut lost = Vec::new();
        while let Some((key, _)) = self.oldest().filter(|(_, oldest)| goes(self, oldest)) {
            let Some(gone) = self.remove(key) else { break };
            if gone.answer.is_some() {
                self.places.remove(&key);
                self.lost.push(key);
            }
            lost.push(Loss {
                turn: key.1,
                bytes: gone.bytes,
                reason,
            });
        }
        lost
    }

    fn oldest(&self) -> Option<(Key, &HeldTurn)> {
        let oldest = self.turns.iter().min_by_key(|(_, held)| held.since);
        oldest.map(|(key, held)| (*key, held))
    }

    fn remove(&mut self, key: Key) -> Option<HeldTurn> {
        let gone = self.turns.remove(&key)?;
        self.bytes -= gone.bytes;
        Some(gone)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        answer::{Channel, End, Outcome},
        id::Seq,
    };

    fn answer(bytes: usize) -> Answer {
        let mut answer = Answer::default();
        answer
            .push_text(Channel::Answer, &"x".repeat(bytes))
            .unwrap();
        answer
    }

    fn ended(bytes: usize) -> Arc<Answer> {
        let mut answer = answer(bytes);
        answer.push_end(End::with(Outcome::Stop)).unwrap();
        Arc::new(answer)
    }

    #[test]
    fn what_is_held_is_bounded_and_what_had_to_go_is_to_be_interrupted() {
        let mut held = Held::default();
        let turns: Vec<_> = (0..20)
            .map(|_| (OwnerId::new(), TurnId(Uuid::now_v7())))
            .collect();
        let mut told = 0;
        for turn in &turns {
            told += held.finish(*turn, ended(8 << 20)).1.len();
            assert!(held.bytes <= MAX_BYTES);
        }
        assert!(held.answer(turns[0]).is_none());
        assert!(held.answer(turns[19]).is_some());
        let taken = held.take(usize::MAX, true);
        let lost = taken.iter().filter(|taken| taken.is_lost).count();
        assert_eq!((taken.len(), lost, told), (20, 13, 13));
        held.written(&taken);
        assert!(held.is_empty());
        assert_eq!(held.bytes, 0);
    }

    #[test]
    fn what_comes_while_the_disk_is_written_stays() {
        let mut held = Held::default();
        let turn = (OwnerId::new(), TurnId(Uuid::now_v7()));
        assert!(
            held.save(turn, answer(10).since(Seq::START).unwrap())
                .is_empty()
        );
        let first = held.take(9, true);
        assert!(
            held.save(turn, answer(20).since(Seq::START).unwrap())
                .is_empty()
        );
        held.written(&first);
        let second = held.take(9, true);
        assert_eq!(second[0].pieces[0].events.text_len(), 20);
        drop(held.finish(turn, ended(30)));
        held.written(&second);
        let third = held.take(9, true);
        assert!(third[0].pieces.is_empty() && third[0].answer.is_some());
        held.written(&third);
        assert!(held.is_empty());
        assert_eq!(held.bytes, 0);
    }
}
