//! The tokens of a day, by who spent them, so that a restart does not give a new day.

use std::net::IpAddr;

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{fault::Failure, write::time};
use crate::id::{Client, OwnerId};

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1000;
/// Those of a day that are read at the start, the ones who spent most.
const READ: i64 = 20_000;

/// Who spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spender {
    /// One user, or one browser where nobody signs in.
    User(OwnerId),
    /// One address.
    Address(Client),
    /// All together.
    All,
}

impl Spender {
    /// As the file has it: a letter, and the bytes.
    fn key(self) -> Vec<u8> {
        match self {
            Self::User(owner) => [b"u", owner.0.as_bytes().as_slice()].concat(),
            Self::Address(client) => match client.address() {
                IpAddr::V4(address) => [b"a", address.octets().as_slice()].concat(),
                IpAddr::V6(address) => [b"a", address.octets().as_slice()].concat(),
            },
            Self::All => b"*".to_vec(),
        }
    }

    fn of_key(key: &[u8]) -> Option<Self> {
        let (kind, bytes) = key.split_first()?;
        match kind {
            b'u' => Some(Self::User(OwnerId(Uuid::from_slice(bytes).ok()?))),
            b'a' => {
                let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
                let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
                Some(Self::Address(Client::from(address.ok()?)))
            }
            b'*' => Some(Self::All),
            _ => None,
        }
    }
}

/// The day of a moment, both since the epoch: days go by UTC.
pub fn day(millis: u64) -> u64 {
    millis / DAY
}

/// Milliseconds until the next day.
pub fn rest_of_day(millis: u64) -> u64 {
    DAY - millis % DAY
}

/// What was spent on a day.
pub(super) fn of_day(db: &Connection, day: u64) -> rusqlite::Result<Vec<(Spender, u64)>> {
    let mut query =
        db.prepare("SELECT who, tokens FROM spent WHERE day = ?1 ORDER BY tokens DESC LIMIT ?2")?;
    let rows = query.query_map(params![time(day), READ], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
    })?;
    let spent = rows.filter_map(|row| {
        let known = |(key, tokens): (Vec<u8>, i64)| {
            Some((Spender::of_key(&key)?, u64::try_from(tokens).ok()?))
        };
        row.map(known).transpose()
    });
    spent.collect()
}

/// Adds to what was spent on a day.
pub(super) fn add(db: &Connection, day: u64, who: &[Spender], tokens: u64) -> Result<(), Failure> {
    let mut query = db.prepare_cached(
        "INSERT INTO spent (day, who, tokens) VALUES (?1, ?2, ?3)
         ON CONFLICT (day, who) DO UPDATE SET tokens = tokens + excluded.tokens",
    )?;
    for spender in who {
        query.execute(params![time(day), spender.key(), time(tokens)])?;
    }
    Ok(())
}

/// Forgets the days before.
pub(super) fn forget(db: &Connection, before: u64) -> Result<(), Failure> {
    db.prepare_cached("DELETE FROM spent WHERE day < ?1")?
        .execute([time(before)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spender_is_known_again_by_its_key() {
        let client = |text: &str| Spender::Address(Client::from(text.parse::<IpAddr>().unwrap()));
        for spender in [
            Spender::All,
            Spender::User(OwnerId::new()),
            client("10.0.0.1"),
            client("2001:db8::1"),
        ] {
            assert_eq!(Spender::of_key(&spender.key()), Some(spender));
        }
        assert_eq!(Spender::of_key(b""), None);
        assert_eq!(Spender::of_key(b"u12"), None);
    }

    #[test]
    fn a_day_goes_from_midnight_to_midnight() {
        assert_eq!((day(DAY - 1), day(DAY)), (0, 1));
        assert_eq!((rest_of_day(DAY - 1), rest_of_day(DAY)), (1, DAY));
    }
}
