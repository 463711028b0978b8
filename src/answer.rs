//! An answer, as an append-only log of numbered events.
//!
//! This is the data that everything else handles: a turn appends to it, sessions read it from a cursor, the
//! store keeps it. All text lives in one buffer in the order of its arrival, and each event is a mark on that
//! buffer, so that an event costs eight bytes beside its text and any position can be read without a search.

mod event;

pub use event::{
    Basis, Cause, Channel, End, ErrorCode, Event, Fault, Outcome, Source, Timing, Usage,
};

use crate::id::Seq;

/// What a mark's event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sources,
    Text(Channel),
    Error,
    End,
}

/// One event: its kind, and where the text buffer ended after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    kind: Kind,
    end: u32,
}

/// The answer has its end; nothing can follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer has ended already")]
pub struct Ended;

/// The log of one answer. Sequence numbers rise by one from 1; there is at most one end, and nothing after it.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Answer {
    body: String,
    marks: Vec<Mark>,
    basis: Basis,
    sources: Vec<Source>,
    fault: Option<Fault>,
    end: Option<End>,
}

/// One event as the log holds it, nothing joined and nothing copied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part<'a> {
    /// The passages that the answer rests on, and how.
    Sources(Basis, &'a [Source]),
    /// One piece of text.
    Text(Channel, &'a str),
    /// Why the answer failed.
    Error(&'a Fault),
    /// How it ended.
    End(&'a End),
}

/// What was appended to a running answer behind a position: a log of its own, to be kept beside earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The number that its first event has in the answer.
    pub first: Seq,
    /// The events; at least one, neither error nor end among them.
    pub events: Answer,
}

impl Piece {
    /// The number that its last event has in the answer.
    pub fn last(&self) -> Seq {
        Seq(self.first.0 + self.events.head().0 - 1)
    }
}

impl Answer {
    /// The number of the newest event; [`Seq::START`] when there is none.
    pub fn head(&self) -> Seq {
        Seq(self.marks.len() as u64)
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Why it failed, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Bytes of text on all channels.
    pub fn text_len(&self) -> usize {
        self.body.len()
    }

    /// Bytes of memory that it holds, near enough to bound a store by.
    pub fn memory(&self) -> usize {
        let sources: usize = self.sources.iter().map(Source::memory).sum();
        size_of::<Self>()
            + self.body.capacity()
            + self.marks.capacity() * size_of::<Mark>()
            + sources
    }

    /// The passages that it rests on.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The events behind `after`, one by one.
    pub fn parts(&self, after: Seq) -> impl Iterator<Item = Part<'_>> {
        let first = usize::try_from(after.0).unwrap_or(usize::MAX);
        let marks = self.marks.get(first..).unwrap_or_default();
        let mut start = self.start_of(first);
        marks.iter().filter_map(move |mark| {
            let text = start..mark.end as usize;
            start = mark.end as usize;
            Some(match mark.kind {
                Kind::Text(channel) => Part::Text(channel, &self.body[text]),
                Kind::Sources => Part::Sources(self.basis, &self.sources),
                Kind::Error => Part::Error(self.fault.as_ref()?),
                Kind::End => Part::End(self.end.as_ref()?),
            })
        })
    }

    /// What was appended behind `after`, up to the error or the end; `None` when that is nothing.
    pub fn since(&self, after: Seq) -> Option<Piece> {
        let mut events = Self::default();
        for part in self.parts(after) {
            let pushed = match part {
                Part::Text(channel, text) => events.push_text(channel, text),
                Part::Sources(basis, sources) => events.push_sources(basis, sources.to_vec()),
                Part::Error(_) | Part::End(_) => break,
            };
            debug_assert!(pushed.is_ok(), "a log without an end takes every event");
        }
        let first = Seq(after.0 + 1);
        (events.head() > Seq::START).then_some(Piece { first, events })
    }

    /// Where the text of the mark at `index` begins in the body.
    fn start_of(&self, index: usize) -> usize {
        let before = index
            .checked_sub(1)
            .and_then(|before| self.marks.get(before));
        before.map_or(0, |mark| mark.end as usize)
    }

    /// Everything that was said on one channel.
    pub fn text(&self, channel: Channel) -> String {
        let mut start = 0;
        let mut text = String::new();
        for mark in &self.marks {
            if mark.kind == Kind::Text(channel) {
                text.push_str(&self.body[start..mark.end as usize]);
            }
            start = mark.end as usize;
        }
        text
    }

    /// Appends the passages that the answer rests on.
    pub fn push_sources(&mut self, basis: Basis, sources: Vec<Source>) -> Result<Seq, Ended> {
        let seq = self.mark(Kind::Sources)?;
        (self.basis, self.sources) = (basis, sources);
        Ok(seq)
    }

    /// Appends a piece of text.
    pub fn push_text(&mut self, channel: Channel, text: &str) -> Result<Seq, Ended> {
        if self.end.is_some() {
            return Err(Ended);
        }
        self.body.push_str(text);
        self.mark(Kind::Text(channel))
    }

    /// Appends the fault that the end will call `failed`.
    pub fn push_fault(&mut self, fault: Fault) -> Result<Seq, Ended> {
        let seq = self.mark(Kind::Error)?;
        self.fault = Some(fault);
        Ok(seq)
    }

    /// Appends the end. It gives back the memory that growing had reserved.
    pub fn push_end(&mut self, end: End) -> Result<Seq, Ended> {
        let seq = self.mark(Kind::End)?;
        self.end = Some(end);
        self.body.shrink_to_fit();
        self.marks.shrink_to_fit();
        Ok(seq)
    }

    fn mark(&mut self, kind: Kind) -> Result<Seq, Ended> {
        if self.end.is_some() {
            return Err(Ended);
        }
        let end = u32::try_from(self.body.len())
            .expect("session.max_answer keeps answers far below 4 GiB");
        self.marks.push(Mark { kind, end });
        Ok(self.head())
    }

    /// The event behind `after`, and the number that a cursor stands at once it has been read.
    ///
    /// Neighbouring pieces of text on one channel come joined, up to about `budget` bytes; a piece larger than
    /// that comes whole.
    pub fn read(&self, after: Seq, budget: usize) -> Option<(Seq, Event)> {
        let first = usize::try_from(after.0).ok()?;
        let mark = self.marks.get(first)?;
        let event = match mark.kind {
            Kind::Text(channel) => return Some(self.read_text(first, channel, budget)),
            Kind::Sources => Event::Sources(self.basis, self.sources.clone()),
            Kind::Error => Event::Error(self.fault.clone()?),
            Kind::End => Event::End(self.end.clone()?),
        };
        Some((Seq(after.0 + 1), event))
    }

    fn read_text(&self, first: usize, channel: Channel, budget: usize) -> (Seq, Event) {
        let start = self.start_of(first);
        let run = self.marks[first + 1..]
            .iter()
            .take_while(|mark| {
                mark.kind == Kind::Text(channel) && mark.end as usize - start <= budget
            })
            .count();
        let last = first + run;
        let text = self.body[start..self.marks[last].end as usize].to_owned();
        (Seq(last as u64 + 1), Event::Text { channel, text })
    }
}

#[cfg(test)]
mod tests;
