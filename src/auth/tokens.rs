//! The tokens that users make for their programs.

use std::time::Instant;

use uuid::Uuid;

use super::{Auth, MAX_TOKENS, Secret, TokenInfo, User};
use crate::store::{Credential, CredentialKind, StoreError, now};

impl Auth {
    /// The user's tokens, the oldest first.
    pub fn tokens(&self, name: &str) -> Vec<TokenInfo> {
        self.0.kept().tokens(name)
    }

    /// Makes a token; its secret is shown this once. `None`: the user has as many as there may be, or has been signed out meanwhile.
    pub async fn make_token(
        &self,
        user: &User,
        name: String,
    ) -> Result<Option<(Secret, TokenInfo)>, StoreError> {
        let secret = Secret::new();
        let credential = Credential {
            hash: secret.hash(),
            id: Uuid::new_v4(),
            kind: CredentialKind::Token,
            user: user.name.to_string(),
            name,
            created: now(),
            expires: None,
            proof: Vec::new(),
        };
        let info = TokenInfo::of(&credential);
        let (keep, hash) = (
            self.0.store.keep_credential(credential.clone()),
            credential.hash,
        );
        // First here, or others would be made meanwhile; and whoever leaves would leave one on the disk that nobody knows.
        let pushed_out = {
            let mut kept = self.0.kept();
            if user.pass.has_ended() || kept.tokens(&user.name).len() >= MAX_TOKENS {
                return Ok(None);
            }
            kept.add(credential, Instant::now())
        };
        let (kept, ()) = tokio::join!(keep, self.forget(pushed_out));
        if let Err(error) = kept {
            self.0.kept().remove(&hash);
            return Err(error);
        }
        let is_there = self.still_there(hash, CredentialKind::Token).await;
        Ok(is_there.then_some((secret, info)))
    }

    /// Takes a token back; `false`: the user has none of this id.
    pub async fn revoke(&self, user: &str, id: Uuid) -> Result<bool, StoreError> {
        let ended = self.0.kept().remove_token(user, id);
        let there_was = ended.is_some();
        self.forget_all(ended.into_iter().collect()).await?;
        Ok(there_was)
    }
}
