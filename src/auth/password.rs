//! Passwords, which are hashed slowly, and secrets that are random, which need no more than a digest.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use sha2::{Digest as _, Sha256};

use crate::{config, store::SecretHash};

/// A random secret of 256 bits, in hexadecimal digits; it cannot be printed by accident.
pub struct Secret(config::Secret);

impl Secret {
    /// A new one.
    pub(super) fn new() -> Self {
        use std::fmt::Write as _;
        let mut bytes = [0u8; 32];
        let random = rustls::crypto::ring::default_provider().secure_random;
        random
            .fill(&mut bytes)
            .expect("the kernel gives random bytes once it runs");
        let mut text = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Self(config::Secret::new(text))
    }

    /// The secret itself, for the one answer that hands it out.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(super) fn hash(&self) -> SecretHash {
        hash_of(self.expose())
    }
}

/// The digest by which a secret is looked up.
pub(super) fn hash_of(secret: &str) -> SecretHash {
    Sha256::digest(secret).into()
}

/// Whether a password is the one of which this is the hash. It takes as long as the hash says.
pub(super) fn is_right(hash: &config::Secret, given: &config::Secret) -> bool {
    let given = given.expose().as_bytes();
    Argon2::default()
        .verify_password(given, hash.expose())
        .is_ok()
}

/// The hash of a password as the configuration takes it: Argon2id with 19 MiB, two passes and one lane, which is what OWASP's
/// Password Storage Cheat Sheet names first.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default()
        .hash_password(password.as_bytes())?
        .to_string())
}
