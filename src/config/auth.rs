//! `[auth]`: who may come in, and who of them is an admin.

use std::time::Duration;

use super::Secret;

/// `[auth]`
#[derive(Debug, Clone)]
pub struct Auth {
    /// How people show who they are.
    pub mode: AuthMode,
    /// The names of those who are more than users.
    pub admins: Vec<String>,
    /// How long a sign-in lasts, and how long the address from which it was made is remembered.
    pub session_lifetime: Duration,
}

/// `auth.mode`, with what it needs.
#[derive(Debug, Clone)]
pub enum AuthMode {
    /// `"none"`: whoever reaches the address may ask, and is known by a cookie.
    None,
    /// `"password"`: `[[auth.user]]`; at least one.
    Password(Vec<User>),
    /// `"header"`: a proxy says who it is.
    Header {
        /// The header's name, in small letters.
        name: String,
    },
}

/// `[[auth.user]]`
#[derive(Debug, Clone)]
pub struct User {
    /// Unique; compared letter by letter.
    pub name: String,
    /// Argon2id's, in the PHC form that `askd hash-password` prints.
    pub password_hash: Secret,
}

impl Auth {
    /// Whether anybody may ask who reaches the address.
    pub fn is_open(&self) -> bool {
        matches!(self.mode, AuthMode::None)
    }
}
