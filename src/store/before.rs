//! STAND-IN until the desk speaks to the asynchronous store: the store that lived in memory. It goes with that merge.
//!
//! A conversation is a tree of turns: each names the one that it follows. What leaves first is the
//! conversation that has gone untouched for longest; one with a running turn never leaves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use crate::{
    answer::{Answer, Channel, ErrorCode},
    id::{ConversationId, TurnId},
};

/// Turns that are looked at for a model's memory, those without an answer included.
const MAX_HISTORY: usize = 1000;

pub use super::Parent;

/// Its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Conversations kept.
    pub max_conversations: usize,
    /// Bytes kept.
    pub max_memory: usize,
    /// A conversation untouched for so long is forgotten.
    pub retention: std::time::Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_conversations: 10_000,
            max_memory: 64 << 20,
            retention: std::time::Duration::from_secs(86_400),
        }
    }
}

/// A turn to be kept.
#[derive(Debug, Clone)]
pub struct NewTurn {
    /// Its key; it must not be kept already.
    pub turn: TurnId,
    /// Where it belongs; `None` begins a new conversation, and so does an id that is not known yet.
    pub conversation: Option<ConversationId>,
    /// What it follows.
    pub parent: Parent,
    /// The question.
    pub question: String,
}

pub use super::{Exchange, Place};

/// Why a turn was not kept. The texts are complete sentences for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It names a parent in a conversation that is not kept.
    #[error("This conversation is no longer kept here; ask again in a new one.")]
    UnknownConversation,
    /// Its parent is not in its conversation.
    #[error("The turn to follow is not in this conversation.")]
    UnknownParent,
    /// Every conversation that could make room has a running turn.
    #[error("No more can be kept just now; ask again in a moment.")]
    Full,
}

impl StoreError {
    /// Its code on the wire.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::UnknownConversation => ErrorCode::UnknownConversation,
            Self::UnknownParent => ErrorCode::UnknownTurn,
            Self::Full => ErrorCode::StorageFailed,
        }
    }
}

/// The conversations.
pub struct Store {
    limits: Limits,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    conversations: HashMap<ConversationId, Conversation>,
    turns: HashMap<TurnId, Turn>,
    bytes: usize,
}

struct Conversation {
    turns: Vec<TurnId>,
    touched: Instant,
    running: usize,
    bytes: usize,
}

struct Turn {
    conversation: ConversationId,
    parent: Option<TurnId>,
    question: String,
    answer: Option<Arc<Answer>>,
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a question; from here on it is not lost while askd runs.
    pub fn ask(&self, new: NewTurn) -> Result<Place, StoreError> {
        let mut kept = self.kept();
        let conversation = new.conversation.unwrap_or_default();
        let parent = match (kept.conversations.get(&conversation), new.parent) {
            (None, Parent::Turn(_)) => return Err(StoreError::UnknownConversation),
            (None, _) | (Some(_), Parent::Root) => None,
            (Some(known), Parent::Newest) => known.turns.last().copied(),
            (Some(_), Parent::Turn(id)) => match kept.turns.get(&id) {
                Some(turn) if turn.conversation == conversation => Some(id),
                _ => return Err(StoreError::UnknownParent),
            },
        };
        let bytes = size_of::<Turn>() + new.question.capacity();
        self.make_room(&mut kept, conversation, bytes)?;
        let turn = Turn {
            conversation,
            parent,
            question: new.question,
            answer: None,
        };
        kept.turns.insert(new.turn, turn);
        let known = kept
            .conversations
            .entry(conversation)
            .or_insert_with(|| Conversation {
                turns: Vec::new(),
                touched: Instant::now(),
                running: 0,
                bytes: 0,
            });
        known.turns.push(new.turn);
        known.running += 1;
        known.bytes += bytes;
        known.touched = Instant::now();
        kept.bytes += bytes;
        Ok(Place {
            conversation,
            parent,
        })
    }

    /// Keeps the whole answer of a turn, once.
    pub fn finish(&self, turn: TurnId, answer: Arc<Answer>) {
        let mut kept = self.kept();
        let kept = &mut *kept;
        let Some(open) = kept
            .turns
            .get_mut(&turn)
            .filter(|turn| turn.answer.is_none())
        else {
            return;
        };
        let (conversation, bytes) = (open.conversation, answer.memory());
        open.answer = Some(answer);
        kept.bytes += bytes;
        if let Some(known) = kept.conversations.get_mut(&conversation) {
            known.running -= 1;
            known.bytes += bytes;
            known.touched = Instant::now();
        }
        // It is over the bound only until older conversations have made room; it may be that none can.
        let _ = self.make_room(kept, conversation, 0);
    }

    /// Where a turn stands, and its answer once it has ended.
    pub fn find(&self, turn: TurnId) -> Option<(Place, Option<Arc<Answer>>)> {
        let mut kept = self.kept();
        let kept = &mut *kept;
        let found = kept.turns.get(&turn)?;
        if let Some(known) = kept.conversations.get_mut(&found.conversation) {
            known.touched = Instant::now();
        }
        let place = Place {
            conversation: found.conversation,
            parent: found.parent,
        };
        Some((place, found.answer.clone()))
    }

    /// The finished turns from `turn` back towards the conversation's beginning, newest first, as long as
    /// `fits` says that there is room for one more, and a thousand turns back at the most.
    pub fn history(
        &self,
        turn: Option<TurnId>,
        mut fits: impl FnMut(&Exchange) -> bool,
    ) -> Vec<Exchange> {
        let kept = self.kept();
        let first = turn.and_then(|turn| kept.turns.get(&turn));
        std::iter::successors(first, |turn| kept.turns.get(&turn.parent?))
            .take(MAX_HISTORY)
            .filter_map(|turn| {
                let answer = turn.answer.as_ref()?.text(Channel::Answer);
                let question = turn.question.clone();
                (!answer.is_empty()).then_some(Exchange { question, answer })
            })
            .take_while(|exchange| fits(exchange))
            .collect()
    }

    /// Forgets what has gone untouched for longer than the retention.
    pub fn sweep(&self) {
        let mut kept = self.kept();
        let old: Vec<_> = kept
            .conversations
            .iter()
            .filter(|(_, known)| {
                known.running == 0 && known.touched.elapsed() > self.limits.retention
            })
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            kept.forget(id);
        }
    }

    /// Conversations kept, and the bytes that they hold.
    pub fn size(&self) -> (usize, usize) {
        let kept = self.kept();
        (kept.conversations.len(), kept.bytes)
    }

    fn make_room(
        &self,
        kept: &mut Kept,
        keep: ConversationId,
        bytes: usize,
    ) -> Result<(), StoreError> {
        loop {
            let new = usize::from(!kept.conversations.contains_key(&keep));
            let too_many = kept.conversations.len() + new > self.limits.max_conversations;
            if !too_many && kept.bytes + bytes <= self.limits.max_memory {
                return Ok(());
            }
            let oldest = kept
                .conversations
                .iter()
                .filter(|(id, known)| **id != keep && known.running == 0)
                .min_by_key(|(_, known)| known.touched)
                .map(|(id, _)| *id);
            kept.forget(oldest.ok_or(StoreError::Full)?);
        }
    }
}

impl Kept {
    fn forget(&mut self, id: ConversationId) {
        let Some(gone) = self.conversations.remove(&id) else {
            return;
        };
        self.bytes -= gone.bytes;
        for turn in &gone.turns {
            self.turns.remove(turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::answer::{End, Outcome, Timing};

    fn store(max_conversations: usize, max_memory: usize) -> Store {
        Store::new(Limits {
            max_conversations,
            max_memory,
            retention: Duration::from_secs(60),
        })
    }

    fn turn() -> TurnId {
        TurnId(Uuid::now_v7())
    }

    fn ask(
        store: &Store,
        conversation: Option<ConversationId>,
        parent: Parent,
        question: &str,
    ) -> (TurnId, Place) {
        let turn = turn();
        let new = NewTurn {
            turn,
            conversation,
            parent,
            question: question.to_owned(),
        };
        (turn, store.ask(new).unwrap())
    }

    fn finish(store: &Store, turn: TurnId, text: &str) {
        let mut answer = Answer::default();
        answer.push_text(Channel::Reasoning, "hm").unwrap();
        answer.push_text(Channel::Answer, text).unwrap();
        let timing = Timing {
            first_chunk_ms: None,
            total_ms: 0,
        };
        answer
            .push_end(End {
                outcome: Outcome::Stop,
                usage: None,
                timing,
            })
            .unwrap();
        store.finish(turn, Arc::new(answer));
    }

    #[test]
    fn the_history_follows_the_branch_and_stops_at_the_budget() {
        let store = store(10, 1 << 20);
        let (first, place) = ask(&store, None, Parent::Newest, "q1");
        finish(&store, first, "a1");
        let there = Some(place.conversation);
        let (second, _) = ask(&store, there, Parent::Newest, "q2");
        finish(&store, second, "a2");
        let (beside, at) = ask(&store, there, Parent::Turn(first), "q2 again");
        finish(&store, beside, "a2 again");
        assert_eq!(at.parent, Some(first));

        let all = store.history(Some(beside), |_| true);
        let questions: Vec<_> = all.iter().map(|e| e.question.as_str()).collect();
        assert_eq!(questions, ["q2 again", "q1"]);
        assert_eq!(all[1].answer, "a1");
        assert_eq!(store.history(Some(beside), |e| e.question != "q1").len(), 1);
        assert_eq!(store.history(None, |_| true), []);
    }

    #[test]
    fn what_is_untouched_for_longest_makes_room_and_a_running_turn_never_does() {
        let store = store(2, 1 << 20);
        let (running, _) = ask(&store, None, Parent::Newest, "runs");
        let (old, _) = ask(&store, None, Parent::Newest, "old");
        finish(&store, old, "a");
        let (new, _) = ask(&store, None, Parent::Newest, "new");
        assert!(store.find(old).is_none());
        assert!(store.find(running).is_some());
        assert!(store.find(new).is_some());
        let refused = store.ask(NewTurn {
            turn: turn(),
            conversation: None,
            parent: Parent::Newest,
            question: "no room".to_owned(),
        });
        assert_eq!(refused, Err(StoreError::Full));
    }

    #[test]
    fn memory_is_bounded_and_comes_back_to_nothing() {
        let store = store(1000, 50_000);
        for _ in 0..100 {
            let (turn, _) = ask(&store, None, Parent::Newest, "q");
            finish(&store, turn, &"x".repeat(2_000));
            assert!(store.size().1 <= 50_000);
        }
        assert!(store.size().0 > 5);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_the_retention_is_forgotten() {
        let store = store(10, 1 << 20);
        let (done, _) = ask(&store, None, Parent::Newest, "q");
        finish(&store, done, "a");
        let (running, _) = ask(&store, None, Parent::Newest, "q");
        tokio::time::advance(Duration::from_secs(61)).await;
        store.sweep();
        assert!(store.find(done).is_none());
        assert!(store.find(running).is_some());
        finish(&store, running, "a");
        tokio::time::advance(Duration::from_secs(61)).await;
        store.sweep();
        assert_eq!(store.size(), (0, 0));
    }

    #[test]
    fn a_parent_must_be_in_the_conversation() {
        let store = store(10, 1 << 20);
        let (_, place) = ask(&store, None, Parent::Newest, "q");
        let stray = |conversation| {
            let new = NewTurn {
                turn: turn(),
                conversation,
                parent: Parent::Turn(turn()),
                question: "q".to_owned(),
            };
            store.ask(new)
        };
        assert_eq!(
            stray(Some(place.conversation)),
            Err(StoreError::UnknownParent)
        );
        assert_eq!(stray(None), Err(StoreError::UnknownConversation));
    }
}
