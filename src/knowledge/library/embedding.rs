//! The passages brought into vectors, after they can be searched by their words.
//!
//! What is made is written at once, so that a stop or a failure costs one request's worth. The search gets all of it
//! together at the end.

mod request;
mod work;

use hashbrown::HashMap as Slots;
use rusqlite::Connection;

pub(super) use self::request::Request;
use self::work::{Broken, Work};
use super::{Keeper, Library, LibraryError, State};
use crate::knowledge::{
    embed::{EmbedError, Purpose},
    file::vectors,
    lexical::Postings,
    vectors::Matrix,
};

/// What was embedded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Texts that the server was asked about.
    pub asked: usize,
    /// Of these, the ones that it took in no length.
    pub refused: usize,
    /// What the server said of the last of them.
    pub reason: Option<String>,
    /// Passages that have a vector now.
    pub passages: usize,
    /// Numbers of a vector.
    pub dimensions: usize,
}

impl Keeper {
    /// Makes the vectors that are missing; `told` hears how many passages are done, and of how many. `None`: no server
    /// is named, or it was told to stop, and what it has done by then is not done again.
    pub fn embed(
        &mut self,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Option<Embedded>, LibraryError> {
        let library = self.library.clone();
        let Some(space) = &library.0.space else {
            return Ok(None);
        };
        if self.is_lost() {
            // Another askd may be at what lies there by now.
            return Ok(None);
        }
        let mut done = Ok(());
        if let Some(length) = space.outgrown()
            && vectors::settled(&self.db, &space.name)? != Some(Some(length))
        {
            vectors::clear(&mut self.db, &space.name)?;
        }
        let mut work = Work::new(&library, space, &mut self.in_flight, told);
        // The second time is for a server that makes other vectors than it did.
        for _ in 0..2 {
            done = work.all(&mut self.db);
            match done {
                Err(Broken::Length) => vectors::clear(&mut self.db, &space.name)?,
                _ => break,
            }
        }
        let Work {
            asked,
            refused,
            reason,
            ..
        } = work;
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        match done {
            Ok(()) => {}
            Err(Broken::Stopped) => return Ok(None),
            Err(Broken::Sqlite(error)) => return Err(error.into()),
            Err(Broken::Down(why)) => return Err(LibraryError::Embeddings(why)),
            Err(Broken::NoRoom(why)) => return Err(LibraryError::NoRoom(why)),
            Err(Broken::Length) => {
                let why = "its vectors are not all of one length";
                space.fail(why);
                return Err(LibraryError::Embeddings(why.to_owned()));
            }
        }
        if asked == 0 && space.trouble().is_some() {
            // What was in the way may be over, which only asking tells.
            match space.works(Purpose::Passages) {
                Ok(()) | Err(EmbedError::Stopped) => {}
                Err(EmbedError::Refused(why) | EmbedError::Down(why)) => {
                    return Err(LibraryError::Embeddings(why));
                }
            }
        }
        vectors::sweep(&self.db)?;
        let (passages, dimensions) = library.take_vectors(&self.db)?;
        space.made(dimensions);
        Ok(Some(Embedded {
            asked,
            refused,
            reason,
            passages,
            dimensions,
        }))
    }
}

impl Library {
    /// Puts the file's vectors beside the postings: how many passages have one, and how long they are.
    fn take_vectors(&self, db: &Connection) -> Result<(usize, usize), LibraryError> {
        let Some(state) = self.state() else {
            return Ok((0, 0));
        };
        let matrix = self.matrix(db, &state.postings)?;
        let filled = |matrix: &Matrix| (matrix.filled(), matrix.dimensions());
        let size = matrix.as_ref().map_or((0, 0), filled);
        let postings = state.postings;
        self.replace(
            State {
                postings,
                matrix: matrix.map(Into::into),
            },
            || Ok(()),
        )?;
        Ok(size)
    }

    /// The file's vectors for these passages; `None`: there are none of the space that is wanted.
    pub(super) fn matrix(
        &self,
        db: &Connection,
        postings: &Postings,
    ) -> Result<Option<Matrix>, LibraryError> {
        let Some(space) = &self.0.space else {
            return Ok(None);
        };
        let Some(Some(dimensions)) = vectors::settled(db, &space.name)? else {
            return Ok(None);
        };
        let slots: Slots<i64, usize> = postings.ids().iter().copied().zip(0..).collect();
        let mut matrix = Matrix::new(dimensions, postings.len());
        vectors::each(db, |passage, numbers| {
            if let Some(slot) = slots.get(&passage) {
                matrix.set(*slot, numbers);
            }
        })?;
        Ok(Some(matrix))
    }
}
