//! Who somebody is, where people sign in: by a password, by a token that they made, or by the word of a proxy.
//!
//! Who is signed in is held in memory, by the hashes of the secrets that browsers and programs show, and on the disk, so that
//! a restart signs nobody out. A look at it never waits. What ends a sign-in ends it for the requests that follow and, by its
//! [`Pass`], for the sessions that are open.

pub mod audit;
mod kept;
mod pass;
pub mod password;
mod slow;
mod tokens;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::info;
use uuid::{Builder, Uuid};

use self::{kept::Kept, slow::SlowDown};
pub use self::{
    kept::{MAX_TOKENS, TokenInfo},
    pass::Pass,
    password::Secret,
};
use crate::{
    config::{self, AuthMode},
    id::{Client, OwnerId},
    store::{Credential, CredentialKind, SecretHash, Store, StoreError, now},
};

/// Passwords that are checked at once: each takes tens of MiB and tens of milliseconds of a core.
const CHECKS: usize = 2;
/// How long a sign-in waits for its turn to be checked.
const CHECK_WAIT: Duration = Duration::from_secs(10);
/// Names that a proxy has said, of which it is remembered what is open by them. When there are more, that of the earlier ones goes on
/// until they leave.
const MAX_PROXIED: usize = 10_000;
/// Bytes of a password; more is refused as a wrong one.
const MAX_PASSWORD: usize = 1024;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ask, and keep conversations.
    User,
    /// See how the server is, too.
    Admin,
}

/// Somebody who is known.
#[derive(Debug, Clone)]
pub struct User {
    /// What they are called.
    pub name: Arc<str>,
    /// Whose conversations they may see.
    pub owner: OwnerId,
    /// What they may do.
    pub role: Role,
    /// How long that lasts.
    pub pass: Pass,
    /// The sign-in or token by which they came; a proxy's word is neither.
    pub by: Option<SecretHash>,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSignedIn {
    /// The name or the password is wrong; nobody learns which.
    Wrong,
    /// There were too many wrong ones; try again after this.
    TooOften(Duration),
    /// Too many sign in just now.
    Busy,
    /// What was checked cannot be kept.
    Unkept,
}

/// What there was of somebody who was shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutOut {
    /// Sign-ins that ended.
    pub sign_ins: usize,
    /// Tokens that ended.
    pub tokens: usize,
    /// Whether a proxy has named them.
    pub was_named: bool,
}

/// A sign-in that was made: what its browser is to show from now on, and for how long that counts.
pub struct SignedIn {
    /// Goes into the cookie.
    pub secret: Secret,
    /// Its life.
    pub lifetime: Duration,
}

/// Who may come in; clones share it.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    mode: AuthMode,
    users: Vec<config::User>,
    header: String,
    admins: HashSet<String>,
    lifetime: Duration,
    store: Store,
    kept: Mutex<Kept>,
    slow: Mutex<SlowDown>,
    /// By the names that a proxy has said: what ends the sessions that are open by them.
    proxied: Mutex<HashMap<Arc<str>, CancellationToken>>,
    checks: Arc<Semaphore>,
    /// What the password of a name that nobody has is compared with, so that it takes as long.
    nobody: config::Secret,
}

impl Auth {
    /// Takes over who was signed in when askd ended last; who is no longer in the configuration, or has another password, is
    /// not.
    pub fn new(config: config::Auth, store: Store) -> Self {
        let nobody = config.users.first().map(|user| user.password_hash.clone());
        let inner = Inner {
            kept: Mutex::default(),
            proxied: Mutex::default(),
            slow: Mutex::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            nobody: nobody.unwrap_or_else(|| config::Secret::new("")),
            mode: config.mode,
            users: config.users,
            header: config.user_header,
            admins: config.admins.into_iter().collect(),
            lifetime: config.session_lifetime,
            store,
        };
        let now = Instant::now();
        for credential in inner.store.take_credentials() {
            if inner.stands(&credential) {
                inner.kept().add(credential, now);
            }
        }
        Self(Arc::new(inner))
    }

    /// How people show who they are.
    pub fn mode(&self) -> AuthMode {
        self.0.mode
    }

    /// The name, if the configuration has such a user: what else is typed as one may be a password.
    pub fn known<'n>(&self, name: &'n str) -> Option<&'n str> {
        self.0.hash_of_user(name).map(|_| name)
    }

    /// The header in which a proxy says who it is.
    pub fn header(&self) -> &str {
        &self.0.header
    }

    /// The user whom a proxy names.
    pub fn by_name(&self, name: &str) -> User {
        let pass = Pass::until(self.0.passed_by_proxy(name), None);
        self.0.user(name, pass, None)
    }

    /// The user who shows this secret of a sign-in or token.
    pub fn by_secret(&self, kind: CredentialKind, secret: &str) -> Option<User> {
        let hash = password::hash_of(secret);
        let (name, pass) = self.0.kept().find(&hash, kind, Instant::now())?;
        Some(self.0.user(&name, pass, Some(hash)))
    }

    /// Signs in whoever knows a user's password. A wrong name takes as long as a wrong password.
    pub async fn sign_in(
        &self,
        name: &str,
        given: &str,
        client: Option<Client>,
    ) -> Result<SignedIn, NotSignedIn> {
        // Nobody is called so, and what is remembered of wrong ones has a bound.
        if name.len() > config::MAX_USER_NAME {
            return Err(NotSignedIn::Wrong);
        }
        self.0.may_try(name, client)?;
        let turn = tokio::time::timeout(CHECK_WAIT, self.0.checks.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(NotSignedIn::Busy);
        };
        // Whoever tries many at once has failed with some of them meanwhile.
        self.0.may_try(name, client)?;
        let (hash, is_known) = self.0.compared(name);
        let proof = password::hash_of(hash.expose()).to_vec();
        self.0.slow().tried(name, client, Instant::now());
        let (is_right, turn) = check(hash, given, turn).await?;
        if !(is_known && is_right) {
            return Err(NotSignedIn::Wrong);
        }
        drop(turn);
        self.0.slow().succeeded(name, client, Instant::now());
        let secret = Secret::new();
        let created = now();
        let lifetime = u64::try_from(self.0.lifetime.as_millis()).unwrap_or(u64::MAX);
        let credential = Credential {
            hash: secret.hash(),
            id: Uuid::new_v4(),
            kind: CredentialKind::SignIn,
            user: name.to_owned(),
            name: String::new(),
            created,
            expires: Some(created.saturating_add(lifetime)),
            proof,
        };
        let (keep, hash) = (
            self.0.store.keep_credential(credential.clone()),
            credential.hash,
        );
        // First here, and then on the disk, both at once: who leaves meanwhile leaves nothing behind that nobody knows.
        let pushed_out = self.0.kept().add(credential, Instant::now());
        let (kept, ()) = tokio::join!(keep, self.forget(pushed_out));
        if kept.is_err() {
            self.0.kept().remove(&hash);
            return Err(NotSignedIn::Unkept);
        }
        self.still_there(hash, CredentialKind::SignIn).await;
        Ok(SignedIn {
            secret,
            lifetime: self.0.lifetime,
        })
    }

    /// Ends one sign-in, and the sessions that are open by it.
    pub async fn sign_out(&self, by: &SecretHash) -> Result<(), StoreError> {
        let ended = self.0.kept().remove(by);
        self.forget_all(ended.into_iter().collect()).await
    }

    /// Ends all sign-ins of a user, and says how many. Tokens stay: they are taken back one by one.
    pub async fn sign_out_everywhere(&self, name: &str) -> Result<usize, StoreError> {
        let ended = self.0.kept().remove_sign_ins(name);
        let count = ended.len();
        self.forget_all(ended).await?;
        Ok(count)
    }

    /// Ends all sign-ins and all tokens of a user, and what is open by these or by a proxy's word.
    pub async fn shut_out(&self, name: &str) -> Result<ShutOut, StoreError> {
        let proxied = self.0.proxied().remove(name);
        let was_named = proxied.inspect(CancellationToken::cancel).is_some();
        let (mut ended, tokens) = self.0.kept().remove_all(name);
        let shut_out = ShutOut {
            sign_ins: ended.len(),
            tokens: tokens.len(),
            was_named,
        };
        ended.extend(tokens);
        self.forget_all(ended).await?;
        Ok(shut_out)
    }

    /// Whether what was just written has not ended meanwhile; else it may have come onto the disk behind its own end.
    async fn still_there(&self, hash: SecretHash, kind: CredentialKind) -> bool {
        let is_there = self.0.kept().find(&hash, kind, Instant::now()).is_some();
        if !is_there {
            self.forget(vec![hash]).await;
        }
        is_there
    }

    /// Removes from the disk what is over already.
    async fn forget_all(&self, ended: Vec<SecretHash>) -> Result<(), StoreError> {
        match ended.is_empty() {
            true => Ok(()),
            false => self.0.store.remove_credentials(ended).await,
        }
    }

    async fn forget(&self, ended: Vec<SecretHash>) {
        if let Err(error) = self.forget_all(ended).await {
            info!(%error, "an older sign-in that made room stays on the disk until it ends");
        }
    }
}

/// Whether a password is right, checked beside the runtime's threads. The turn stays with the check, which goes on also where its
/// client has gone.
async fn check(
    hash: config::Secret,
    given: &str,
    turn: OwnedSemaphorePermit,
) -> Result<(bool, OwnedSemaphorePermit), NotSignedIn> {
    if given.len() > MAX_PASSWORD {
        return Ok((false, turn));
    }
    let given = config::Secret::new(given);
    let checked = tokio::task::spawn_blocking(move || (password::is_right(&hash, &given), turn));
    checked.await.map_err(|_| NotSignedIn::Busy)
}

impl Inner {
    /// Whether a password may be tried now.
    fn may_try(&self, name: &str, client: Option<Client>) -> Result<(), NotSignedIn> {
        let tried = self.slow().may_try(name, client, Instant::now());
        tried.map_err(NotSignedIn::TooOften)
    }

    /// What ends what somebody has open whom a proxy names.
    fn passed_by_proxy(&self, name: &str) -> CancellationToken {
        let mut proxied = self.proxied();
        if let Some(ends) = proxied.get(name) {
            return ends.clone();
        }
        if proxied.len() >= MAX_PROXIED {
            proxied.clear();
        }
        let ends = CancellationToken::new();
        proxied.insert(name.into(), ends.clone());
        ends
    }

    fn proxied(&self) -> MutexGuard<'_, HashMap<Arc<str>, CancellationToken>> {
        self.proxied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slow(&self) -> MutexGuard<'_, SlowDown> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a password for this name is compared with, and whether there is such a user: a name that nobody has costs as much.
    fn compared(&self, name: &str) -> (config::Secret, bool) {
        match self.hash_of_user(name) {
            Some(hash) => (hash.clone(), true),
            None => (self.nobody.clone(), false),
        }
    }

    fn hash_of_user(&self, name: &str) -> Option<&config::Secret> {
        let user = self.users.iter().find(|user| user.name == name)?;
        Some(&user.password_hash)
    }

    /// Whether a credential still counts under this configuration.
    fn stands(&self, credential: &Credential) -> bool {
        match (self.mode, credential.kind) {
            (AuthMode::None, _) => false,
            (AuthMode::Header, kind) => kind == CredentialKind::Token,
            (AuthMode::Password, kind) => {
                let hash = self.hash_of_user(&credential.user);
                hash.is_some_and(|hash| {
                    kind == CredentialKind::Token
                        || credential.proof == password::hash_of(hash.expose())
                })
            }
        }
    }

    fn user(&self, name: &str, pass: Pass, by: Option<SecretHash>) -> User {
        User {
            name: name.into(),
            owner: self.owner(name),
            role: match self.admins.contains(name) {
                true => Role::Admin,
                false => Role::User,
            },
            pass,
            by,
        }
    }

    /// The same for the same name as long as the conversations' file is kept, however people sign in.
    fn owner(&self, name: &str) -> OwnerId {
        let digest = Sha256::new()
            .chain_update(self.store.cookie_key().expose())
            .chain_update("user:")
            .chain_update(name)
            .finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        OwnerId(Builder::from_custom_bytes(half).into_uuid())
    }
}

#[cfg(test)]
mod tests;
