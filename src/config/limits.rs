//! `[limits]`: what one user, one address and all together may take.

/// `[limits]`. Of sessions, those of an address and of all have their keys in `[server]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions of one user at once; beyond it `429`. 0: no limit of its own.
    pub user_sessions: usize,
    /// `[limits.user]`: of one user, or of one browser where nobody signs in.
    pub user: Share,
    /// `[limits.address]`: of one address, of IPv6 a /64. Who comes without one, over a Unix socket, is in all only.
    pub address: Share,
    /// `[limits.all]`
    pub all: Share,
}

/// What questions may take; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Questions a minute.
    pub questions_per_minute: u32,
    /// Answers at once, those that wait in line included.
    pub answers_at_once: usize,
    /// Tokens of an endpoint's a day (UTC), those of prompts included.
    pub tokens_per_day: u64,
}
