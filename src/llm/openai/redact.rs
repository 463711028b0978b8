//! Taking the secrets out of what an endpoint says.

use url::Url;

use crate::config::{Endpoint, Secret};

/// Shorter values are no secrets, and masking them would make holes into ordinary words.
const SHORTEST: usize = 6;
/// Characters of an endpoint's words that are passed on.
const MAX_WORDS: usize = 400;

/// The values that must never be passed on.
pub struct Redact(Vec<Secret>);

impl Redact {
    /// The key, the headers' values and the parts of the address that may be keys.
    pub fn of(endpoint: &Endpoint) -> Self {
        let key = endpoint.api_key.as_ref();
        Self::new(&endpoint.base_url, key, &endpoint.headers)
    }

    /// The same, of whatever is asked over HTTP.
    pub fn new(address: &Url, key: Option<&Secret>, headers: &[(String, Secret)]) -> Self {
        let query = address.query_pairs().map(|(_, value)| Secret::new(value));
        let mut secrets: Vec<Secret> = key
            .into_iter()
            .chain(headers.iter().map(|(_, value)| value))
            .cloned()
            .chain(query)
            .chain(address.password().map(Secret::new))
            .filter(|secret| secret.expose().len() >= SHORTEST)
            .collect();
        // The longest first, or a key that begins like another would leave its rest behind.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// `words` on one line, without the secrets and what nobody can read, and not too long.
    pub fn clean(&self, words: &str) -> String {
        let mut clean = words.to_owned();
        for secret in &self.0 {
            clean = clean.replace(secret.expose(), "***");
        }
        let unseen = |letter: char| letter.is_whitespace() || letter.is_control();
        let words = clean.split(unseen).filter(|word| !word.is_empty());
        let mut line = words.collect::<Vec<_>>().join(" ");
        if let Some((at, _)) = line.char_indices().nth(MAX_WORDS) {
            line.truncate(at);
            line.push('…');
        }
        line
    }
}
