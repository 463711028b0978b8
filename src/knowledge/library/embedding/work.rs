//! The vectors that are missing: which texts they are of, what the server makes of these, and what it refuses.

use std::{collections::HashMap, mem, sync::atomic::Ordering};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::Request;
use crate::knowledge::{
    embed::{EmbedError, Purpose, Space},
    file::{self, vectors},
    library::Library,
    vectors::Packed,
};

/// Bytes of texts in one request at the most.
const REQUEST: usize = 256 << 10;
/// How often a text that is refused is tried at half its length.
const HALVINGS: usize = 2;
/// Texts that are refused one after another, from which on it is asked whether that is the texts' fault.
const DOUBTFUL: usize = 8;
/// Passages that get vectors that are there already, in one transaction.
const LINKED: usize = 1_000;

/// What ends the embedding early.
pub(super) enum Broken {
    Sqlite(rusqlite::Error),
    Down(String),
    NoRoom(String),
    /// The server makes vectors of this length, and those that are there have another.
    Length,
    Stopped,
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// What a text's vector is kept under.
fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// A text that has no vector, and the passages that consist of it.
struct Wanted {
    hash: Vec<u8>,
    text: String,
    passages: Vec<i64>,
}

/// Vectors in the making.
pub(super) struct Work<'a> {
    library: &'a Library,
    space: &'a Space,
    in_flight: &'a mut Option<Request>,
    told: &'a mut dyn FnMut(usize, usize),
    dimensions: Option<usize>,
    pub(super) asked: usize,
    pub(super) refused: usize,
    pub(super) reason: Option<String>,
    in_a_row: usize,
    /// Passages of texts that were refused, before it is known whose fault that is.
    doubtful: Vec<i64>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        library: &'a Library,
        space: &'a Space,
        in_flight: &'a mut Option<Request>,
        told: &'a mut dyn FnMut(usize, usize),
    ) -> Self {
        Self {
            library,
            space,
            in_flight,
            told,
            dimensions: None,
            asked: 0,
            refused: 0,
            reason: None,
            in_a_row: 0,
            doubtful: Vec::new(),
        }
    }

    pub(super) fn all(&mut self, db: &mut Connection) -> Result<(), Broken> {
        self.dimensions = vectors::settle(db, &self.space.name)?;
        self.doubtful.clear();
        self.late(db)?;
        let missing = vectors::missing(db)?;
        let mut batch: Vec<Wanted> = Vec::new();
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let (mut bytes, mut linked) = (0, 0);
        db.execute_batch("BEGIN")?;
        for (passage, done) in missing.iter().zip(0..) {
            if self.library.0.stop.load(Ordering::Relaxed) {
                db.execute_batch("COMMIT")?;
                return Err(Broken::Stopped);
            }
            // The file is this thread's to change, so it is there.
            let Some(kept) = file::passage(db, *passage)? else {
                continue;
            };
            let text = self.space.text(&kept);
            let hash = hash(&text);
            if let Some(at) = known.get(&hash) {
                batch[*at].passages.push(*passage);
                continue;
            }
            if vectors::link(db, *passage, &hash)? {
                linked += 1;
                if linked % LINKED == 0 {
                    db.execute_batch("COMMIT; BEGIN")?;
                }
                continue;
            }
            if batch.len() >= self.space.batch() || bytes + text.len() > REQUEST {
                db.execute_batch("COMMIT")?;
                self.make(db, mem::take(&mut batch))?;
                db.execute_batch("BEGIN")?;
                (self.told)(done, missing.len());
                known.clear();
                bytes = 0;
            }
            known.insert(hash.clone(), batch.len());
            bytes += text.len();
            batch.push(Wanted {
                hash,
                text,
                passages: vec![*passage],
            });
        }
        db.execute_batch("COMMIT")?;
        self.make(db, batch)?;
        self.settle_doubt(db)
    }

    /// Has the vectors of a batch made; what is refused is tried in halves, down to the one text that it is about.
    fn make(&mut self, db: &mut Connection, batch: Vec<Wanted>) -> Result<(), Broken> {
        let mut batches = vec![batch];
        while let Some(mut batch) = batches.pop() {
            if batch.is_empty() {
                continue;
            }
            if let Some(why) = (self.library.0.sources.crowded)(db) {
                return Err(Broken::NoRoom(why));
            }
            let texts: Vec<String> = batch.iter().map(|one| one.text.clone()).collect();
            self.asked += texts.len();
            match self.ask(&texts) {
                Ok(made) => {
                    self.keep(db, &batch, &made)?;
                    // Changes of the folders come first. Behind the request, so that it goes on however often they change.
                    if self.library.0.bell.has_rung() {
                        return Err(Broken::Stopped);
                    }
                }
                Err(EmbedError::Down(why)) => return Err(Broken::Down(why)),
                Err(EmbedError::Stopped) => return Err(Broken::Stopped),
                Err(EmbedError::Refused(_)) if batch.len() > 1 => {
                    self.asked -= texts.len();
                    let behind = batch.split_off(batch.len() / 2);
                    batches.extend([behind, batch]);
                }
                Err(EmbedError::Refused(why)) => self.shorten(db, &batch[0], &why)?,
            }
        }
        Ok(())
    }

    /// Has vectors made, one request at a time. When the folders change meanwhile it is waited for later: see [`Work::late`].
    fn ask(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.answer(Request::send(self.library, texts)?)
    }

    fn answer(&mut self, request: Request) -> Result<Vec<Vec<f32>>, EmbedError> {
        match request.wait(self.library) {
            Ok(answer) => answer,
            Err(request) => {
                *self.in_flight = Some(request);
                Err(EmbedError::Stopped)
            }
        }
    }

    /// Waits for the request that the last look left behind, and keeps what has come of it. What failed is asked again.
    fn late(&mut self, db: &mut Connection) -> Result<(), Broken> {
        let Some(request) = self.in_flight.take() else {
            return Ok(());
        };
        let texts = request.texts().to_vec();
        match self.answer(request) {
            Ok(made) => {
                // Which passages they are of is found out as for all that is there already.
                let wanted = texts.into_iter().map(|text| Wanted {
                    hash: hash(&text),
                    text,
                    passages: Vec::new(),
                });
                self.keep(db, &wanted.collect::<Vec<_>>(), &made)
            }
            Err(EmbedError::Stopped) => Err(Broken::Stopped),
            Err(EmbedError::Down(why)) => Err(Broken::Down(why)),
            Err(EmbedError::Refused(_)) => Ok(()),
        }
    }

    /// Tries one text that is refused at half its length, and then doubts it.
    fn shorten(&mut self, db: &mut Connection, one: &Wanted, why: &str) -> Result<(), Broken> {
        let mut text = one.text.clone();
        for _ in 0..HALVINGS {
            text.truncate(text.floor_char_boundary(text.len() / 2));
            if text.trim().is_empty() {
                break;
            }
            match self.ask(&[text.clone()]) {
                Ok(made) => return self.keep(db, std::slice::from_ref(one), &made),
                Err(EmbedError::Down(why)) => return Err(Broken::Down(why)),
                Err(EmbedError::Stopped) => return Err(Broken::Stopped),
                Err(EmbedError::Refused(_)) => {}
            }
        }
        self.refused += 1;
        self.reason = Some(why.to_owned());
        self.in_a_row += 1;
        self.doubtful.extend(&one.passages);
        match self.in_a_row >= DOUBTFUL {
            true => self.settle_doubt(db),
            false => Ok(()),
        }
    }

    /// Gives up the passages whose texts were refused, if the server takes another: else it is the server's fault, and they
    /// are tried again.
    fn settle_doubt(&mut self, db: &Connection) -> Result<(), Broken> {
        if self.doubtful.is_empty() {
            return Ok(());
        }
        match self.space.works(Purpose::Passages) {
            Ok(()) => self.give_up(db)?,
            Err(EmbedError::Refused(why) | EmbedError::Down(why)) => {
                return Err(Broken::Down(why));
            }
            Err(EmbedError::Stopped) => return Err(Broken::Stopped),
        }
        self.in_a_row = 0;
        Ok(())
    }

    fn give_up(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for passage in self.doubtful.drain(..) {
            vectors::refuse(db, passage)?;
        }
        Ok(())
    }

    fn keep(
        &mut self,
        db: &mut Connection,
        batch: &[Wanted],
        made: &[Vec<f32>],
    ) -> Result<(), Broken> {
        let length = made.first().map_or(0, Vec::len);
        if self.dimensions.is_some_and(|known| known != length) {
            return Err(Broken::Length);
        }
        let transaction = db.transaction()?;
        if self.dimensions.replace(length).is_none() {
            vectors::measure(&transaction, length)?;
        }
        for (one, vector) in batch.iter().zip(made) {
            vectors::insert(&transaction, &one.hash, &Packed::of(vector).to_bytes())?;
            for passage in &one.passages {
                vectors::link(&transaction, *passage, &one.hash)?;
            }
        }
        self.give_up(&transaction)?;
        transaction.commit()?;
        self.in_a_row = 0;
        Ok(())
    }
}
