//! `[auth]`: who may come in, and who of them is an admin.

use std::{path::PathBuf, time::Duration};

use super::Secret;

/// Bytes of a user's name, whoever says it.
pub const MAX_USER_NAME: usize = 200;

/// Whether a name is what it looks like: no blanks around it, and no sign that cannot be seen or turns others round.
pub fn is_clear(name: &str) -> bool {
    let is_hidden = |sign: char| {
        sign.is_control()
            || matches!(
                sign,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            )
    };
    name.trim() == name && !name.contains(is_hidden)
}

/// `[auth]`
#[derive(Debug, Clone)]
pub struct Auth {
    /// How people show who they are.
    pub mode: AuthMode,
    /// Whether askd may listen where other machines reach it although nobody signs in.
    pub allow_open: bool,
    /// The names of those who are more than users.
    pub admins: Vec<String>,
    /// How long a sign-in lasts.
    pub session_lifetime: Duration,
    /// The header in which a proxy says who it is, in small letters.
    pub user_header: String,
    /// Where sign-ins and what admins do are written down; `None`: nowhere.
    pub audit: Option<PathBuf>,
    /// `[[auth.user]]`
    pub users: Vec<User>,
}

/// `auth.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// `"none"`: whoever reaches the address may ask, and is known by a cookie.
    None,
    /// `"password"`: the users, of whom there is at least one.
    Password,
    /// `"header"`: a proxy says who it is.
    Header,
}

/// `[[auth.user]]`
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Unique; compared letter by letter.
    pub name: String,
    /// Argon2id's, in the PHC form that `askd hash-password` prints.
    pub password_hash: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_sign_that_makes_it_look_like_another() {
        for clear in ["ada", "Ada Lovelace", "عائشة", "李", "ada@example.org"] {
            assert!(is_clear(clear), "{clear}");
        }
        for odd in [
            " ada",
            "ada\u{200b}",
            "\u{202e}ada",
            "a\u{2028}da",
            "ada\u{ad}",
            "a\tda",
        ] {
            assert!(!is_clear(odd), "{odd:?}");
        }
    }
}
