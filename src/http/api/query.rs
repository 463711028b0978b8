//! What stands behind the `?`, with the bounds of each value.

use url::form_urlencoded;

use super::refusal::Refusal;

/// Conversations or hits in one answer.
const MAX_LIMIT: usize = 100;
/// Characters of a search.
const MAX_SEARCH: usize = 200;

/// The pairs of a query string.
pub struct Query(Vec<(String, String)>);

/// What a download is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Can be imported again.
    Json,
    /// Is to be read.
    Markdown,
}

impl Query {
    /// Takes a query string apart; any text is one.
    pub fn parse(raw: &str) -> Self {
        Self(
            form_urlencoded::parse(raw.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// A value by its name; of several, the first.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// How many there may be in one answer.
    pub fn limit(&self, default: usize) -> Result<usize, Refusal> {
        let Some(text) = self.get("limit") else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| {
                Refusal::field(format!(
                    "\"limit\" is a whole number from 1 to {MAX_LIMIT}."
                ))
            })
    }

    /// Which passage of a document is to come first.
    pub fn from(&self) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.get("from") else {
            return Ok(None);
        };
        // A number that no place can have is behind the end of every document.
        match text.parse::<u32>() {
            Ok(from) => Ok(Some(from as usize)),
            Err(_) => Err(Refusal::field("\"from\" is a whole number.")),
        }
    }

    /// What a download is to be made of.
    pub fn format(&self) -> Result<Format, Refusal> {
        match self.get("format") {
            None | Some("json") => Ok(Format::Json),
            Some("markdown") => Ok(Format::Markdown),
            Some(_) => Err(Refusal::field("\"format\" is json or markdown.")),
        }
    }

    /// What is searched for.
    pub fn search(&self) -> Result<&str, Refusal> {
        let words = self.get("q").unwrap_or_default();
        match words.chars().count() {
            1..=MAX_SEARCH => Ok(words),
            0 => Err(Refusal::field(
                "\"q\" is missing; it is what is searched for.",
            )),
            _ => Err(Refusal::field(format!(
                "\"q\" is too long; {MAX_SEARCH} characters are taken."
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_bounds() {
        let cases = [
            ("", Some(50)),
            ("limit=1", Some(1)),
            ("limit=100&limit=0", Some(100)),
            ("limit=0", None),
            ("limit=101", None),
            ("limit=-1", None),
            ("limit=", None),
            ("limit=1e1", None),
            ("limit=99999999999999999999999", None),
        ];
        for (raw, limit) in cases {
            assert_eq!(Query::parse(raw).limit(50).ok(), limit, "{raw}");
        }
        assert!(Query::parse("").search().is_err());
        assert!(Query::parse("q=").search().is_err());
        assert_eq!(Query::parse("q=a+b%26").search().ok(), Some("a b&"));
        assert_eq!(Query::parse("q=%ff").search().ok(), Some("\u{fffd}"));
        let longest = "%C3%A4".repeat(MAX_SEARCH);
        assert!(Query::parse(&format!("q={longest}")).search().is_ok());
        assert!(Query::parse(&format!("q={longest}a")).search().is_err());
        assert_eq!(Query::parse("").format().ok(), Some(Format::Json));
        assert!(Query::parse("format=html").format().is_err());
    }
}
