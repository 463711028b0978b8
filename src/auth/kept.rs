//! The sign-ins and tokens that count now.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Pass;
use crate::store::{Credential, CredentialKind, SecretHash, now};

/// Sign-ins of one user; the oldest goes for a new one.
const MAX_SIGN_INS: usize = 50;
/// Tokens of one user.
pub const MAX_TOKENS: usize = 50;

/// What is told of a token: all but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// What it is taken back by.
    pub id: Uuid,
    /// What its user calls it.
    pub name: String,
    /// When it was made, in milliseconds since the epoch.
    pub created_ms: u64,
}

impl TokenInfo {
    pub(super) fn of(credential: &Credential) -> Self {
        Self {
            id: credential.id,
            name: credential.name.clone(),
            created_ms: credential.created,
        }
    }
}

struct Entry {
    info: TokenInfo,
    kind: CredentialKind,
    user: Arc<str>,
    taken_back: CancellationToken,
    ends: Option<Instant>,
}

/// By their hashes, and the hashes by user in the order of making.
#[derive(Default)]
pub(super) struct Kept {
    by_hash: HashMap<SecretHash, Entry>,
    by_user: HashMap<Arc<str>, Vec<SecretHash>>,
}

impl Kept {
    /// Takes one in. Where its user has as many sign-ins as there may be, the oldest ends; so do those that are over. What has
    /// ended is returned.
    pub(super) fn add(&mut self, credential: Credential, at: Instant) -> Vec<SecretHash> {
        let user: Arc<str> = credential.user.as_str().into();
        let mut ended = self.of_user(&user, |entry| entry.ends.is_some_and(|end| end <= at));
        if credential.kind == CredentialKind::SignIn {
            let standing = self.of_user(&user, |entry| {
                entry.kind == CredentialKind::SignIn && entry.ends.is_none_or(|end| end > at)
            });
            let surplus = (standing.len() + 1).saturating_sub(MAX_SIGN_INS);
            ended.extend(standing.into_iter().take(surplus));
        }
        for hash in &ended {
            self.remove(hash);
        }
        let left = |end: u64| Duration::from_millis(end.saturating_sub(now()));
        let entry = Entry {
            info: TokenInfo::of(&credential),
            kind: credential.kind,
            user: user.clone(),
            taken_back: CancellationToken::new(),
            ends: credential.expires.map(|end| at + left(end)),
        };
        self.by_hash.insert(credential.hash, entry);
        self.by_user.entry(user).or_default().push(credential.hash);
        ended
    }

    /// Whose secret has this hash, and how long that counts.
    pub(super) fn find(
        &self,
        hash: &SecretHash,
        kind: CredentialKind,
        at: Instant,
    ) -> Option<(Arc<str>, Pass)> {
        let entry = self.by_hash.get(hash)?;
        let counts = entry.kind == kind && entry.ends.is_none_or(|end| end > at);
        counts.then(|| {
            let pass = Pass::until(entry.taken_back.clone(), entry.ends);
            (entry.user.clone(), pass)
        })
    }

    /// Ends one; its hash, if it was there.
    pub(super) fn remove(&mut self, hash: &SecretHash) -> Option<SecretHash> {
        let entry = self.by_hash.remove(hash)?;
        entry.taken_back.cancel();
        if let Some(hashes) = self.by_user.get_mut(&entry.user) {
            hashes.retain(|other| other != hash);
            if hashes.is_empty() {
                self.by_user.remove(&entry.user);
            }
        }
        Some(*hash)
    }

    /// Ends all sign-ins of a user.
    pub(super) fn remove_sign_ins(&mut self, user: &str) -> Vec<SecretHash> {
        let hashes = self.of_user(user, |entry| entry.kind == CredentialKind::SignIn);
        hashes.iter().filter_map(|hash| self.remove(hash)).collect()
    }

    /// Ends all sign-ins and tokens of a user, and gives the hashes of either kind.
    pub(super) fn remove_all(&mut self, user: &str) -> (Vec<SecretHash>, Vec<SecretHash>) {
        let sign_ins = self.remove_sign_ins(user);
        let hashes = self.of_user(user, |_| true);
        let tokens = hashes.iter().filter_map(|hash| self.remove(hash));
        (sign_ins, tokens.collect())
    }

    /// Ends a token of this user.
    pub(super) fn remove_token(&mut self, user: &str, id: Uuid) -> Option<SecretHash> {
        let found = self.of_user(user, |entry| {
            entry.kind == CredentialKind::Token && entry.info.id == id
        });
        self.remove(found.first()?)
    }

    /// The tokens of a user, the oldest first.
    pub(super) fn tokens(&self, user: &str) -> Vec<TokenInfo> {
        let hashes = self.of_user(user, |entry| entry.kind == CredentialKind::Token);
        let entries = hashes.iter().filter_map(|hash| self.by_hash.get(hash));
        entries.map(|entry| entry.info.clone()).collect()
    }

    fn of_user(&self, user: &str, which: impl Fn(&Entry) -> bool) -> Vec<SecretHash> {
        let hashes = self.by_user.get(user).into_iter().flatten();
        let wanted = |hash: &&SecretHash| self.by_hash.get(*hash).is_some_and(&which);
        hashes.filter(wanted).copied().collect()
    }
}
