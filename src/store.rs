//! Conversations and their turns, kept in one SQLite file.
//!
//! A conversation is a tree of turns: each names the one that it follows. All writing is done by one thread, which
//! joins what is waiting into one transaction; two others read. Nothing here ever blocks the runtime's threads. While
//! the file cannot be written, questions are refused, and what running answers bring is held in memory until it can
//! be written again.

mod asked;
mod backup;
mod claim;
mod codec;
mod credentials;
mod excerpt;
mod fault;
mod held;
mod import;
mod inbox;
mod keep;
mod kept;
mod parts;
mod pulse;
mod queue;
mod read;
mod schema;
mod script;
mod search;
mod spent;
mod sqlite;
mod takeover;
mod unwritten;
mod write;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

pub use self::{
    asked::{Exchange, Found, NewTurn, Options, Parent, Place},
    backup::{BackupError, backup},
    claim::{OwnerError, owner},
    credentials::{Credential, CredentialKind, SecretHash},
    fault::{OpenError, StoreError, UNAVAILABLE},
    import::Imported,
    inbox::Receipt,
    kept::{
        Conversation, ConversationHead, ConversationPage, Fragment, Hit, HitField, ListCursor, Turn,
    },
    parts::Rest,
    spent::{Spender, day, rest_of_day},
    unwritten::Unwritten,
};
use crate::{
    answer::{Answer, Piece},
    config,
    id::{ConversationId, OwnerId, TurnId},
    metrics::Writing,
};

/// Whether conversations can be kept just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// They can.
    Good,
    /// They cannot: what is in the way, where, and what to do, in a sentence for the operator. What readers are told is
    /// [`UNAVAILABLE`].
    Bad(Arc<str>),
}

/// 64 random bytes that this file's cookies are signed with; they cannot be printed.
#[derive(Clone)]
pub struct CookieKey([u8; 64]);

impl CookieKey {
    /// The bytes.
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

/// Milliseconds since the epoch, UTC.
pub fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// The conversations; clones share them.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<inbox::Shared>,
    readers: queue::Readers,
    key: CookieKey,
    credentials: Mutex<Vec<Credential>>,
    spent: Mutex<Vec<(Spender, u64)>>,
}

/// Without a [`Store::close`], the threads end by themselves once they have written what is waiting.
impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.close();
        self.readers.close();
    }
}

impl Store {
    /// Opens the store: makes the file or brings it to this version's form, ends as `interrupted` what a crash left
    /// running, and starts the threads.
    pub fn open(config: config::Store) -> Result<Self, OpenError> {
        let mut opened = sqlite::open(&config)?;
        let key = opened.key.clone();
        let credentials = Mutex::new(std::mem::take(&mut opened.credentials));
        let spent = Mutex::new(std::mem::take(&mut opened.spent));
        let shared = writer::start(opened, config)?;
        let readers = queue::Readers::start(&shared).inspect_err(|_| shared.close())?;
        Ok(Self(Arc::new(Inner {
            shared,
            readers,
            key,
            credentials,
            spent,
        })))
    }

    /// What the owners' cookies are signed with; the same as long as the file is kept.
    pub fn cookie_key(&self) -> &CookieKey {
        &self.0.key
    }

    /// The sign-ins and tokens that were kept when the store was opened, the oldest first; whoever takes them holds them from
    /// then on.
    pub fn take_credentials(&self) -> Vec<Credential> {
        let mut kept = self
            .0
            .credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept)
    }

    /// The tokens that were spent on the day on which the store was opened; whoever takes them counts on from there.
    pub fn take_spent(&self) -> Vec<(Spender, u64)> {
        let mut spent = self.0.spent.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut spent)
    }

    /// Keeps what each of these has spent more on a day: it is handed over at the first poll.
    pub async fn spend(&self, day: u64, who: Vec<Spender>, tokens: u64) -> Result<(), StoreError> {
        self.write(move |db| spent::add(db, day, &who, tokens))
            .await
    }

    /// Keeps a sign-in or a token: it is on the disk when this returns.
    pub async fn keep_credential(&self, new: Credential) -> Result<(), StoreError> {
        self.write(move |db| credentials::keep(db, &new)).await
    }

    /// Forgets those with these hashes.
    pub async fn remove_credentials(&self, hashes: Vec<SecretHash>) -> Result<(), StoreError> {
        self.write(move |db| credentials::remove(db, &hashes)).await
    }

    /// Whether conversations can be kept, now and from now on.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.0.shared.health()
    }

    /// How much is not on the disk yet: changes that somebody waits for, and turns.
    pub fn waiting(&self) -> usize {
        self.0.shared.waiting()
    }

    /// What was written, how long it took and how often it failed.
    pub fn writing(&self) -> &Writing {
        &self.0.shared.writing
    }

    /// Keeps a question: it is on the disk when this returns. Whoever drops the future before must still
    /// [`finish`](Self::finish) the turn, which may have been kept; and so must who is told [`StoreError::Stuck`].
    pub async fn ask(&self, new: NewTurn) -> Result<Place, StoreError> {
        let (owner, turn) = (new.owner, new.turn);
        // It waits until it is told, whoever still hears that.
        let waits = self.0.shared.questions.begin(turn);
        let kept = self.write(move |db| Ok((write::ask(db, &new)?, waits)));
        let (place, _) = kept.await?;
        self.0.shared.began((owner, turn), place);
        Ok(place)
    }

    /// Keeps what was appended to a running answer since it was saved last. Never waits.
    pub fn save(&self, owner: OwnerId, turn: TurnId, piece: Piece) {
        self.0.shared.save((owner, turn), piece);
    }

    /// Keeps the whole answer of a turn, once: a turn that has ended stays as it is. Never waits, and
    /// [`find`](Self::find) knows it at once. The receipt tells when it is on the disk.
    pub fn finish(&self, owner: OwnerId, turn: TurnId, answer: Arc<Answer>) -> Receipt {
        self.0.shared.finish((owner, turn), answer)
    }

    /// A turn of this owner.
    pub async fn find(&self, owner: OwnerId, turn: TurnId) -> Result<Option<Found>, StoreError> {
        match self.0.shared.find((owner, turn)) {
            Some(found) => Ok(Some(found)),
            None => {
                self.read(move |db, held| read::find(db, held, owner, turn))
                    .await
            }
        }
    }

    /// The finished turns from `turn` back towards the conversation's beginning, newest first, as long as `fits` says
    /// that there is room for one more, and a thousand turns back at the most.
    pub async fn history(
        &self,
        owner: OwnerId,
        turn: Option<TurnId>,
        fits: impl FnMut(&Exchange) -> bool + Send + 'static,
    ) -> Result<Vec<Exchange>, StoreError> {
        let Some(turn) = turn else {
            return Ok(Vec::new());
        };
        self.read(move |db, held| read::history(db, held, owner, turn, fits))
            .await
    }

    /// The owner's conversations, the last touched first, from behind `before`, `limit` at the most.
    pub async fn list(
        &self,
        owner: OwnerId,
        before: Option<ListCursor>,
        limit: usize,
    ) -> Result<ConversationPage, StoreError> {
        self.read(move |db, held| read::list(db, held, owner, before, limit))
            .await
    }

    /// A conversation with its first turns in the order of their asking; [`go_on`](Self::go_on) reads what they leave.
    pub async fn begin(
        &self,
        owner: OwnerId,
        id: ConversationId,
    ) -> Result<Option<(Conversation, Option<Rest>)>, StoreError> {
        self.read(move |db, held| parts::begin(db, held, owner, id))
            .await
    }

    /// The next turns of a conversation, which is [unknown](StoreError::UnknownConversation) when it is gone.
    pub async fn go_on(&self, rest: Rest) -> Result<(Vec<Turn>, Option<Rest>), StoreError> {
        self.read(move |db, held| parts::go_on(db, held, rest))
            .await
    }

    /// The ids of all the owner's conversations, the oldest first. An export [begins](Self::begin) them one by one, so
    /// that its memory does not grow with what is exported.
    pub async fn export(&self, owner: OwnerId) -> Result<Vec<ConversationId>, StoreError> {
        self.read(move |db, _| read::ids(db, owner)).await
    }

    /// Takes in what was exported, each conversation whole or not at all. One whose id this owner has already is
    /// skipped, and so is one that is older than the retention; turns whose id is taken get a new one; a turn that was
    /// running is `interrupted`.
    pub async fn import(
        &self,
        owner: OwnerId,
        conversations: Vec<Conversation>,
    ) -> Result<Imported, StoreError> {
        import::import(&self.0.shared, owner, conversations).await
    }

    /// How many conversations an owner has.
    pub async fn count(&self, owner: OwnerId) -> Result<usize, StoreError> {
        self.read(move |db, _| takeover::count(db, owner)).await
    }

    /// Gives the conversations of one owner to another, one by one, so that others get their turn between them; says how many went.
    /// One that is being answered stays, and so does one whose id the other has already.
    pub async fn take_over(&self, from: OwnerId, to: OwnerId) -> Result<usize, StoreError> {
        let mut taken = 0;
        while self
            .write(move |db| takeover::take_one(db, from, to))
            .await?
        {
            taken += 1;
        }
        Ok(taken)
    }

    /// Gives a conversation a title of its owner's.
    pub async fn rename(
        &self,
        owner: OwnerId,
        id: ConversationId,
        title: String,
    ) -> Result<ConversationHead, StoreError> {
        self.write(move |db| write::rename(db, owner, id, &title))
            .await
    }

    /// Hides a conversation; for ten minutes it can be restored, then a sweep removes it.
    pub async fn delete(&self, owner: OwnerId, id: ConversationId) -> Result<(), StoreError> {
        self.write(move |db| write::delete(db, owner, id, now()))
            .await
    }

    /// Shows a conversation again that was deleted less than ten minutes ago.
    pub async fn restore(
        &self,
        owner: OwnerId,
        id: ConversationId,
    ) -> Result<ConversationHead, StoreError> {
        self.write(move |db| write::restore(db, owner, id, now()))
            .await
    }

    /// Where titles, questions and answers hold all these words, the newest first. `words` is what a person types:
    /// nothing in it is syntax, and the last word may be the beginning of one.
    pub async fn search(
        &self,
        owner: OwnerId,
        words: String,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        self.read(move |db, _| search::search(db, owner, &words, limit))
            .await
    }

    /// Removes what is older than the retention, what was deleted ten minutes ago, and what goes beyond the bound.
    pub async fn sweep(&self) {
        self.0.shared.sweep().await;
    }

    /// What is not on the disk yet: lost, where the process ends before [`close`](Self::close).
    pub fn unwritten(&self) -> Unwritten {
        self.0.shared.unwritten()
    }

    /// Writes what is waiting and closes the file. What cannot be written is told in the log.
    pub async fn close(self) {
        self.0.readers.close();
        self.0.shared.close();
        self.0.readers.ended().await;
        self.0.shared.ended().await;
    }

    /// Bytes of the conversations, without what is free in their file.
    pub async fn size(&self) -> Result<u64, StoreError> {
        self.read(|db, _| Ok(keep::used(db)?)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, fault::Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.shared.write(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection, &inbox::Shared) -> Result<T, fault::Failure>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        self.0.readers.read(work).await
    }
}

#[cfg(test)]
mod tests;
