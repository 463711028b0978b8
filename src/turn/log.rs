//! The live log of one answer: one writer, any number of cursors.
//!
//! The head is a `watch`, so that a reader that looks away misses nothing: what it has not seen yet is what
//! lies behind its cursor. The lock is held for copying a piece in or out, never across a wait.

mod stamps;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::{sync::watch, time::Instant};

use self::stamps::Stamps;
use crate::{
    answer::{Answer, Basis, Channel, End, Ended, Event, Fault, Outcome, Piece, Source},
    id::Seq,
    metrics::Metrics,
    store::Place,
};

/// What moves while an answer grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Whether it is known if the question is kept; before that, there is nothing to be read.
    pub opened: bool,
    /// The newest event.
    pub seq: Seq,
    /// Its position in the endpoint's line, from 1; 0 once it has its slot.
    pub position: usize,
    /// Whether the newest event is the end; or the question was refused, and there will be none.
    pub ended: bool,
}

/// Why a text was not appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The answer has ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The answer would become larger than its cap.
    #[error("the answer has reached its cap")]
    Full,
}

/// One answer's log. It opens once, when the question is kept, or found to have been kept before, or refused.
pub struct Log {
    answer: Mutex<Arc<Answer>>,
    opening: OnceLock<Result<Place, Fault>>,
    head: watch::Sender<Head>,
    /// When events came; of an answer that had ended before nobody asks.
    stamps: Option<Stamps>,
    max_bytes: usize,
}

impl Log {
    /// An empty log that takes `max_bytes` of text.
    pub fn new(max_bytes: usize, metrics: Metrics) -> Self {
        Self {
            stamps: Some(Stamps::new(metrics)),
            max_bytes,
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            answer: Mutex::default(),
            opening: OnceLock::new(),
            head: watch::Sender::default(),
            stamps: None,
            max_bytes: 0,
        }
    }

    /// The log of an answer that has ended.
    pub fn finished(place: Place, answer: Arc<Answer>) -> Self {
        let log = Self::empty();
        log.adopt(place, answer);
        log
    }

    fn answer(&self) -> MutexGuard<'_, Arc<Answer>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens it: the question is kept, and its turn stands there.
    pub fn accept(&self, place: Place) {
        self.open(Ok(place), |head| head.opened = true);
    }

    /// Opens it with an answer that was kept before, whole.
    pub fn adopt(&self, place: Place, answer: Arc<Answer>) {
        let head = Head {
            opened: true,
            seq: answer.head(),
            position: 0,
            ended: true,
        };
        *self.answer() = answer;
        self.open(Ok(place), |now| *now = head);
    }

    /// Closes it unopened: the question is not kept, and there is no turn.
    pub fn refuse(&self, fault: Fault) {
        self.open(Err(fault), |head| {
            (head.opened, head.ended) = (true, true);
        });
    }

    fn open(&self, opening: Result<Place, Fault>, show: impl FnOnce(&mut Head)) {
        let first = self.opening.set(opening).is_ok();
        debug_assert!(first, "a log opens once");
        self.head.send_modify(show);
    }

    /// Where its turn stands; `None` before it has opened, and when it never will.
    pub fn place(&self) -> Option<Place> {
        self.opening.get()?.as_ref().ok().copied()
    }

    /// Runs `append` on the answer and shows what it added. Only the end shares the answer, and nothing is appended
    /// after it, so nothing is copied here.
    fn append<E>(&self, append: impl FnOnce(&mut Answer) -> Result<Seq, E>) -> Result<(), E> {
        let seq = append(Arc::make_mut(&mut self.answer()))?;
        if let Some(stamps) = &self.stamps {
            stamps.set(seq);
        }
        self.head.send_modify(|head| {
            debug_assert_eq!(
                seq.0,
                head.seq.0 + 1,
                "an answer has one writer and its numbers rise by one"
            );
            head.seq = seq;
        });
        Ok(())
    }

    /// Appends the sources.
    pub fn sources(&self, basis: Basis, sources: Vec<Source>) -> Result<(), Ended> {
        self.append(|answer| answer.push_sources(basis, sources))
    }

    /// Appends a piece of text, whole or not at all.
    pub fn text(&self, channel: Channel, text: &str) -> Result<(), AppendError> {
        self.append(|answer| {
            if answer.text_len() + text.len() > self.max_bytes {
                return Err(AppendError::Full);
            }
            Ok(answer.push_text(channel, text)?)
        })
    }

    /// What was appended behind `after`, for keeping it; `None` when that is nothing.
    pub fn since(&self, after: Seq) -> Option<Piece> {
        // Most that are looked at have grown, but one that waits for its endpoint has not.
        if self.head.borrow().seq == after {
            return None;
        }
        self.answer().since(after)
    }

    /// Appends the end, behind its fault if there is one, and gives the whole answer. Readers see neither before
    /// [`Log::publish_end`], so that whoever reads them finds the answer kept.
    pub fn seal(&self, fault: Option<Fault>, end: End) -> Result<Arc<Answer>, Ended> {
        let mut answer = self.answer();
        let sealed = Arc::make_mut(&mut answer);
        if let Some(fault) = fault {
            sealed.push_fault(fault)?;
        }
        sealed.push_end(end)?;
        Ok(answer.clone())
    }

    /// Shows readers the end, and its fault.
    pub fn publish_end(&self) {
        let seq = self.answer().head();
        self.head.send_modify(|head| {
            *head = Head {
                opened: true,
                seq,
                position: 0,
                ended: true,
            }
        });
    }

    /// Says where the turn stands in its endpoint's line.
    pub fn set_position(&self, position: usize) {
        self.head
            .send_if_modified(|head| std::mem::replace(&mut head.position, position) != position);
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.head.borrow().ended
    }

    /// How far it is.
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Bytes of text in it.
    pub fn text_len(&self) -> usize {
        self.answer().text_len()
    }

    fn was_interrupted(&self) -> bool {
        let end = |answer: &Answer| answer.end().map(|end| end.outcome);
        self.has_ended() && end(&self.answer()) == Some(Outcome::Interrupted)
    }
}

/// A reader's position in a log.
pub struct Cursor {
    log: Arc<Log>,
    head: watch::Receiver<Head>,
    at: Seq,
    position: usize,
    pace: Pace,
}

/// How a reader keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// It reads what has been there, or what came while it was busy.
    Behind,
    /// It waits for what comes.
    Waiting,
    /// It has read what it waited for, and that came then; it is not written yet.
    Read(Instant),
}

/// What a reader has not seen yet.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The turn's position in the line has changed.
    Position(usize),
    /// An event, and the number that it reaches to.
    Event(Seq, Event),
}

impl Cursor {
    /// Reads `log` from behind `after`, or from its beginning when it does not reach that far, once it has opened;
    /// gives the refusal of one that never will. Cancel safe.
    ///
    /// An answer that was interrupted is also read from its beginning by who stands at its very end: the number of
    /// the end may be that of a text which that reader has, and which a crash has lost.
    pub async fn open(log: Arc<Log>, after: Seq) -> Result<(Place, Self), Fault> {
        let mut head = log.head.subscribe();
        // It cannot fail: the sender lives in the log that is held here.
        let reach = head.wait_for(|head| head.opened).await.map(|head| head.seq);
        let opening = log.opening.get();
        let place = opening
            .expect("a head that says so has its opening")
            .clone()?;
        let at = match reach {
            Ok(reach) if after < reach => after,
            Ok(reach) if after == reach && !log.was_interrupted() => after,
            _ => Seq::START,
        };
        let cursor = Self {
            log,
            head,
            at,
            position: 0,
            pace: Pace::Behind,
        };
        Ok((place, cursor))
    }

    /// Where it stands.
    pub fn at(&self) -> Seq {
        self.at
    }

    /// Whether the answer has ended and all of it has been read.
    pub fn is_done(&self) -> bool {
        let head = self.head.borrow();
        head.ended && head.seq == self.at
    }

    /// Whether the answer has ended, read or not.
    pub fn has_ended(&self) -> bool {
        self.head.borrow().ended
    }

    /// The next piece of news, texts joined up to about `budget` bytes; `None` when it has seen all.
    pub fn next(&mut self, budget: usize) -> Option<News> {
        let was_waiting = self.pace == Pace::Waiting;
        if was_waiting {
            self.pace = Pace::Behind;
        }
        let head = *self.head.borrow_and_update();
        if head.position != self.position {
            self.position = head.position;
            if head.position > 0 {
                return Some(News::Position(head.position));
            }
        }
        if head.seq == self.at {
            return None;
        }
        let (seq, event) = self.log.answer().read(self.at, budget)?;
        let first = Seq(self.at.0 + 1);
        if let (Some(stamps), true) = (&self.log.stamps, was_waiting) {
            self.pace = stamps.of(first, head.seq).map_or(Pace::Behind, Pace::Read);
        }
        self.at = seq;
        Some(News::Event(seq, event))
    }

    /// Waits until there may be news. Cancel safe.
    pub async fn changed(&mut self) {
        // It cannot fail: the sender lives in the log that this cursor holds.
        let _ = self.head.changed().await;
        self.pace = Pace::Waiting;
    }

    /// What was read last has been written, `at_once` or after the reader was waited for: only the first says how fast askd is.
    pub fn written(&mut self, at_once: bool) {
        let Pace::Read(came) = self.pace else {
            return;
        };
        self.pace = Pace::Behind;
        if let (Some(stamps), true) = (&self.log.stamps, at_once) {
            stamps.written(came);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{answer::ErrorCode, id::ConversationId};

    fn text(seq: u64, text: &str) -> Option<News> {
        Some(News::Event(
            Seq(seq),
            Event::Text {
                channel: Channel::Answer,
                text: text.to_owned(),
            },
        ))
    }

    fn place() -> Place {
        Place {
            conversation: ConversationId::new(),
            parent: None,
        }
    }

    fn accepted(max_bytes: usize) -> Arc<Log> {
        let log = Log::new(max_bytes, Metrics::new());
        log.accept(place());
        Arc::new(log)
    }

    fn cursor(log: &Arc<Log>, after: Seq) -> Cursor {
        let opened = Cursor::open(log.clone(), after).now_or_never();
        opened.unwrap().unwrap().1
    }

    #[tokio::test]
    async fn who_stands_at_the_end_of_an_interrupted_answer_begins_anew() {
        for (outcome, begins) in [(Outcome::Stop, Seq(2)), (Outcome::Interrupted, Seq::START)] {
            let mut answer = Answer::default();
            answer.push_text(Channel::Answer, "a").unwrap();
            answer.push_end(End::with(outcome)).unwrap();
            let log = Arc::new(Log::finished(place(), Arc::new(answer)));
            assert_eq!(cursor(&log, Seq(2)).at(), begins);
            assert_eq!(cursor(&log, Seq(1)).at(), Seq(1));
        }
    }

    #[tokio::test]
    async fn a_follower_behind_gets_every_byte_once() {
        let log = accepted(100);
        let mut cursor = cursor(&log, Seq::START);
        log.text(Channel::Answer, "a").unwrap();
        log.text(Channel::Answer, "b").unwrap();
        cursor.changed().await;
        assert_eq!(cursor.next(100), text(2, "ab"));
        assert_eq!(cursor.next(100), None);
        log.text(Channel::Answer, "c").unwrap();
        cursor.changed().await;
        assert_eq!(cursor.next(100), text(3, "c"));
        let whole = log.seal(None, End::with(Outcome::Stop)).unwrap();
        assert_eq!(whole.head(), Seq(4));
        assert_eq!(
            cursor.next(100),
            None,
            "the end is shown when the answer is kept"
        );
        log.publish_end();
        assert!(cursor.has_ended() && !cursor.is_done());
        assert_eq!(
            cursor.next(100),
            Some(News::Event(Seq(4), Event::End(End::with(Outcome::Stop))))
        );
        assert!(cursor.is_done());
    }

    #[test]
    fn an_error_is_shown_with_the_end_and_not_before_it_is_kept() {
        let log = accepted(100);
        log.text(Channel::Answer, "a").unwrap();
        let mut cursor = cursor(&log, Seq(1));
        let fault = Fault::new(ErrorCode::UpstreamFailed, "It broke.");
        let failed = End::with(Outcome::Failed);
        let kept = log.seal(Some(fault.clone()), failed.clone()).unwrap();
        assert_eq!((kept.fault(), kept.head()), (Some(&fault), Seq(3)));
        assert_eq!(cursor.next(100), None);
        log.publish_end();
        for (seq, event) in [(2, Event::Error(fault)), (3, Event::End(failed))] {
            assert_eq!(cursor.next(100), Some(News::Event(Seq(seq), event)));
        }
        assert!(cursor.is_done());
    }

    #[test]
    fn a_cursor_beyond_the_head_begins_again() {
        let log = accepted(100);
        log.text(Channel::Answer, "a").unwrap();
        assert_eq!(cursor(&log, Seq(1)).at(), Seq(1));
        assert_eq!(cursor(&log, Seq(2)).at(), Seq::START);
    }

    #[test]
    fn a_cursor_at_the_end_of_what_a_crash_left_begins_again() {
        let kept = |outcome| {
            let mut answer = Answer::default();
            answer.push_text(Channel::Answer, "a").unwrap();
            answer.push_end(End::with(outcome)).unwrap();
            Arc::new(Log::finished(place(), Arc::new(answer)))
        };
        // The lost text had the number that the end has now.
        let lost = kept(Outcome::Interrupted);
        assert_eq!(cursor(&lost, Seq(2)).at(), Seq::START);
        assert_eq!(cursor(&lost, Seq(1)).at(), Seq(1));
        assert_eq!(cursor(&kept(Outcome::Stop), Seq(2)).at(), Seq(2));
    }

    #[test]
    fn an_answer_stops_at_its_cap() {
        let log = Log::new(3, Metrics::new());
        log.text(Channel::Answer, "ab").unwrap();
        assert_eq!(log.text(Channel::Reasoning, "cd"), Err(AppendError::Full));
        log.text(Channel::Answer, "c").unwrap();
        let answer = log.seal(None, End::with(Outcome::Stop)).unwrap();
        assert_eq!(answer.text(Channel::Answer), "abc");
        assert_eq!(
            log.text(Channel::Answer, ""),
            Err(AppendError::Ended(Ended))
        );
    }

    #[test]
    fn a_position_is_news_until_the_slot_is_had() {
        let log = accepted(3);
        let mut cursor = cursor(&log, Seq::START);
        log.set_position(2);
        assert_eq!(cursor.next(9), Some(News::Position(2)));
        assert_eq!(cursor.next(9), None);
        log.set_position(1);
        log.set_position(0);
        assert_eq!(cursor.next(9), None);
    }

    #[tokio::test]
    async fn nothing_is_read_before_it_is_known_that_the_question_is_kept() {
        let log = Arc::new(Log::new(3, Metrics::new()));
        let mut early = Box::pin(Cursor::open(log.clone(), Seq::START));
        assert!(early.as_mut().now_or_never().is_none());
        let at = place();
        log.accept(at);
        assert_eq!(early.await.unwrap().0, at);

        let log = Arc::new(Log::new(3, Metrics::new()));
        let early = Cursor::open(log.clone(), Seq::START);
        let fault = Fault::new(ErrorCode::StorageFailed, "The disk is full.");
        log.refuse(fault.clone());
        assert_eq!(early.await.err(), Some(fault));
        assert!(log.has_ended() && log.place().is_none());
    }

    #[tokio::test]
    async fn an_answer_that_was_kept_before_is_read_from_where_its_reader_stands() {
        let first = accepted(9);
        first.text(Channel::Answer, "a").unwrap();
        first.text(Channel::Answer, "b").unwrap();
        let kept = first.seal(None, End::with(Outcome::Stop)).unwrap();
        for (after, at) in [(0, 0), (1, 1), (3, 3), (4, 0)] {
            let log = Arc::new(Log::new(9, Metrics::new()));
            let early = Cursor::open(log.clone(), Seq(after));
            log.adopt(place(), kept.clone());
            let (_, mut cursor) = early.await.unwrap();
            assert_eq!(cursor.at(), Seq(at), "{after}");
            while cursor.next(100).is_some() {}
            assert!(cursor.is_done());
        }
    }

    #[test]
    fn what_is_saved_is_what_was_appended_since() {
        let log = accepted(9);
        assert_eq!(log.since(Seq::START), None);
        log.text(Channel::Answer, "a").unwrap();
        log.text(Channel::Reasoning, "b").unwrap();
        let piece = log.since(Seq(1)).unwrap();
        assert_eq!((piece.first, piece.last()), (Seq(2), Seq(2)));
        assert_eq!(piece.events.text(Channel::Reasoning), "b");
        assert_eq!(log.since(Seq(2)), None);
    }
}
