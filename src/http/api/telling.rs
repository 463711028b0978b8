//! A conversation as a text, some turns at a time: each part is read and written when the one before has been taken, so
//! that memory does not grow with what is asked for. Where the storage fails on the way, or others do not take what
//! they asked for, the text breaks off, and the connection with it, so that nobody takes the part for the whole.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::{
    Site,
    markdown::{self, Numbers},
    outgoing::NoRoom,
    query::Format,
    refusal::Refusal,
};
use crate::{
    id::{Client, ConversationId, OwnerId},
    store::{Conversation, Rest, StoreError, Turn},
};

/// How the JSON of a conversation ends, behind its turns.
const END: &[u8] = b"]}";

/// Why a text breaks off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The storage fails, or what was begun is gone.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others have not taken what they asked for.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// A fault of askd's own.
    #[error("it cannot be written as a text")]
    Unwritten,
}

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Store(error) => error.into(),
            Broken::NoRoom(error) => error.into(),
            Broken::Unwritten => Self::internal(),
        }
    }
}

/// To whom it is told.
#[derive(Clone)]
pub struct Reader {
    /// Where it is kept, and the room for it.
    pub site: Arc<Site>,
    /// Whose it is.
    pub owner: OwnerId,
    /// Whose share of the room it takes.
    pub client: Option<Client>,
}

/// A conversation of which the first part is told.
pub struct Begun {
    /// Its title.
    pub title: String,
    /// The first part.
    pub text: Bytes,
    /// The others; `None`: there are none.
    pub rest: Option<Telling>,
}

/// What is left to be told of a conversation.
pub struct Telling {
    reader: Reader,
    format: Format,
    numbers: Arc<Mutex<Numbers>>,
    rest: Rest,
}

/// Begins to tell a conversation; `None`: it is not there.
pub async fn begin(
    reader: &Reader,
    id: ConversationId,
    format: Format,
) -> Result<Option<Begun>, Broken> {
    let numbers = Arc::<Mutex<Numbers>>::default();
    let make = async || {
        let Some((found, rest)) = reader.site.store.begin(reader.owner, id).await? else {
            return Ok(None);
        };
        let (numbers, whole) = (numbers.clone(), rest.is_none());
        let written = aside(move || {
            let text = first(&found, format, whole, &numbers)?;
            Ok((text, found.title))
        });
        let (text, title) = written.await?;
        Ok::<_, Broken>(Some((text, (title, rest))))
    };
    let begun = reader.site.outgoing.text(reader.client, make).await?;
    Ok(begun.map(|(text, (title, rest))| Begun {
        title,
        text,
        rest: rest.map(|rest| Telling {
            reader: reader.clone(),
            format,
            numbers,
            rest,
        }),
    }))
}

impl Telling {
    /// Tells the next part.
    async fn next(mut self) -> Result<(Bytes, Option<Self>), Broken> {
        let make = async || {
            let (turns, rest) = self.reader.site.store.go_on(self.rest).await?;
            let (format, last, numbers) = (self.format, rest.is_none(), self.numbers.clone());
            let written = aside(move || further(&turns, format, last, &numbers));
            Ok::<_, Broken>(Some((written.await?, rest)))
        };
        let outgoing = &self.reader.site.outgoing;
        let told = outgoing.text(self.reader.client, make).await?;
        let (text, rest) = told.ok_or(Broken::Unwritten)?;
        let left = rest.map(|rest| {
            self.rest = rest;
            self
        });
        Ok((text, left))
    }
}

/// All that is left, a part when the one before has been taken.
pub fn parts(rest: Option<Telling>) -> impl Stream<Item = Result<Bytes, Broken>> + Send + Sync {
    stream::try_unfold(rest, async |rest| match rest {
        Some(telling) => Ok(Some(telling.next().await?)),
        None => Ok(None),
    })
}

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Broken> {
    // What went wrong is in the log.
    super::aside(work).await.map_err(|_| Broken::Unwritten)
}

fn first(
    conversation: &Conversation,
    format: Format,
    whole: bool,
    numbers: &Mutex<Numbers>,
) -> Result<Vec<u8>, Refusal> {
    match format {
        Format::Json => {
            let mut text = super::written(conversation)?;
            if !whole {
                text.truncate(text.len() - END.len());
            }
            Ok(text)
        }
        Format::Markdown => {
            let mut numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(markdown::conversation(conversation, &mut numbers).into_bytes())
        }
    }
}

fn further(
    turns: &[Turn],
    format: Format,
    last: bool,
    numbers: &Mutex<Numbers>,
) -> Result<Vec<u8>, Refusal> {
    match format {
        Format::Json => {
            let mut text = super::written(&turns)?;
            // The list's brackets: it goes on with another turn, and ends with the conversation.
            text[0] = b',';
            text.pop();
            if last {
                text.extend_from_slice(END);
            }
            Ok(text)
        }
        Format::Markdown => {
            let mut numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(markdown::turns(turns, &mut numbers).into_bytes())
        }
    }
}
