//! What people show that they are who they say: sign-ins of browsers, and tokens for programs. Of their secrets only the
//! hashes are kept.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{fault::Failure, write::time};

/// The SHA-256 of a secret: what is looked up, and what is of no use to a thief.
pub type SecretHash = [u8; 32];

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A browser's, made with a password.
    SignIn,
    /// A program's, made by its user.
    Token,
}

/// A sign-in or a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The hash of its secret.
    pub hash: SecretHash,
    /// What it is known by where the secret must not be.
    pub id: Uuid,
    /// What it is.
    pub kind: CredentialKind,
    /// Whose it is.
    pub user: String,
    /// What its user calls it; a sign-in has no name.
    pub name: String,
    /// When it was made, in milliseconds since the epoch.
    pub created: u64,
    /// When it ends, in milliseconds since the epoch; `None`: when it is taken back.
    pub expires: Option<u64>,
    /// The hash of what it was made with: with another password it no longer counts. Empty: it was made with none.
    pub proof: Vec<u8>,
}

impl CredentialKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Token => "token",
        }
    }
}

/// All that have not ended by `now`; those that have are removed.
pub(super) fn all(db: &Connection, now: u64) -> rusqlite::Result<Vec<Credential>> {
    db.execute("DELETE FROM credential WHERE expires <= ?1", [time(now)])?;
    let mut query = db.prepare(
        "SELECT hash, id, kind, user, name, created, expires, proof FROM credential ORDER BY created",
    )?;
    let found = query.query_map([], |row| {
        let kind: String = row.get(2)?;
        let millis = |time: i64| u64::try_from(time).unwrap_or_default();
        Ok(Credential {
            hash: row.get(0)?,
            id: row.get(1)?,
            kind: match kind == CredentialKind::SignIn.as_str() {
                true => CredentialKind::SignIn,
                false => CredentialKind::Token,
            },
            user: row.get(3)?,
            name: row.get(4)?,
            created: millis(row.get(5)?),
            expires: row.get::<_, Option<i64>>(6)?.map(millis),
            proof: row.get(7)?,
        })
    })?;
    found.collect()
}

/// Keeps one.
pub(super) fn keep(db: &Connection, new: &Credential) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO credential (hash, id, kind, user, name, created, expires, proof)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        new.hash,
        new.id,
        new.kind.as_str(),
        new.user,
        new.name,
        time(new.created),
        new.expires.map(time),
        new.proof,
    ])?;
    Ok(())
}

/// Removes those with these hashes; the others are not there any more.
pub(super) fn remove(db: &Connection, hashes: &[SecretHash]) -> Result<(), Failure> {
    let mut query = db.prepare_cached("DELETE FROM credential WHERE hash = ?1")?;
    for hash in hashes {
        query.execute([hash])?;
    }
    Ok(())
}
