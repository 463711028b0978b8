//! `[metrics]`: who may see what askd counts, and where.

use super::{Listen, Secret};

/// `[metrics]`. With neither an address nor a token there is no `/metrics`.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// Where `/metrics` is served, and nothing else of askd's; `None`: where all is, to who shows the token.
    pub listen: Option<Listen>,
    /// An address beyond the loopback serves also without a token.
    pub allow_open: bool,
    /// Shown as `Authorization: Bearer …`, wherever `/metrics` is served.
    pub token: Option<Secret>,
}

impl Metrics {
    /// Whether they may be read without a token: at an address of their own that only this machine reaches, or that was opened
    /// on purpose.
    pub fn is_open(&self) -> bool {
        match &self.listen {
            None => false,
            Some(listen) => self.allow_open || !listen.is_beyond(),
        }
    }
}
