//! A running turn's task: the work, what may stop it, and the one end that it gets, whatever happens.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tracing::{field::display, info, warn};

use super::{
    Ids, Stop, Wanted, answer,
    cite::Citations,
    desk::{Inner, Live, Rules},
    faults::{restarting, unkept, unsettled},
    line::Ticket,
    progress::Progress,
    quota::{Bill, Grant, Moment},
    station::{Station, Task},
    stopped,
};
use crate::{
    answer::{Answer, Cause, Channel, End, ErrorCode, Fault, Outcome, Timing},
    id::OwnerId,
    metrics::Refusal,
    store::{Found, NewTurn, Place, Receipt, StoreError},
};

/// How long a cancelled answer's end waits for its readers to be told before it is written.
const TELLING: Duration = Duration::from_millis(10);

/// Bytes of a question's or an answer's text that are logged, when texts are.
const MAX_LOGGED: usize = 4 << 10;

/// A text's first part, for the log, whose queue counts lines and not bytes.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LOGGED)]
}

/// What a turn holds while it runs: a place in its endpoint's line, and leave of whose limits hold for it.
pub(super) struct Places {
    pub(super) ticket: Ticket,
    pub(super) grant: Grant,
}

/// A turn's task's own hold on the turn. However the task ends, the turn gets its one end.
pub(super) struct Running {
    desk: Arc<Inner>,
    live: Arc<Live>,
    /// For the log: who asked whom.
    ids: Ids,
    station: Arc<Station>,
    model: String,
    rules: Rules,
    begin: Instant,
    progress: Progress,
}

/// Why a question is not answered now.
enum Dismissed {
    /// It was answered before.
    Answered(Place, Arc<Answer>),
    /// It is not kept.
    Refused(Fault),
}

/// An end that is not shown yet.
struct Sealed {
    answer: Arc<Answer>,
    fault: Option<Fault>,
    end: End,
}

impl Running {
    /// A turn that begins now.
    pub(super) fn new(
        desk: Arc<Inner>,
        live: Arc<Live>,
        ids: Ids,
        (station, model): (Arc<Station>, String),
        rules: Rules,
    ) -> Self {
        let step = live.step.clone();
        let endpoint = desk.metrics.endpoint(&station.name);
        Self {
            desk,
            live,
            ids,
            station,
            model,
            rules,
            begin: Instant::now(),
            progress: Progress::of(ids, endpoint, step),
        }
    }

    /// Sees to it that the question is kept, then answers it, until the answer has ended or is stopped.
    pub(super) async fn run(
        mut self,
        new: NewTurn,
        Places { mut ticket, grant }: Places,
        wanted: watch::Receiver<Wanted>,
    ) {
        let (owner, question, sampling) = (new.owner, new.question.clone(), new.options);
        let place = match self.keep(new).await {
            Ok(place) => place,
            Err(dismissed) => {
                drop((ticket, grant));
                return self.dismiss(dismissed);
            }
        };
        if self.rules.log_texts {
            let Ids { session, turn } = self.ids;
            info!(%session, %turn, text = shortened(&question), "question");
        }
        self.begin = Instant::now();
        let (desk, log) = (self.desk.clone(), self.live.log.clone());
        log.accept(place);
        let task = Task {
            owner,
            parent: place.parent,
            question,
            model: self.model.clone(),
            sampling,
        };
        let (station, progress) = (&self.station, &mut self.progress);
        let work = async {
            let answerer = station.answerer(task, &desk.store).await.map_err(unkept)?;
            answer(answerer, &mut ticket, &log, progress).await
        };
        let ended = tokio::select! {
            biased;
            stop = stopped(wanted, self.rules.on_leave, &desk.shutdown) => Err(stop),
            done = work => Ok(done),
        };
        // The upstream's request has gone with the arm that lost; the slot goes before the end is told.
        let ended = ended.map_err(|(stop, since)| {
            let progress = &mut self.progress;
            progress.stopped = progress.step.has_asked().then(|| since.elapsed());
            if let Some(took) = progress.stopped.filter(|_| stop != Stop::Halted) {
                progress.endpoint.closed(took);
            }
            stop
        });
        ticket.finish();
        self.progress.flush(&log);
        let tokens = self.progress.tokens(matches!(ended, Ok(Err(_))));
        let bill = grant.spend(tokens, Moment::now());
        self.finish(ended).await;
        if let Some(bill) = bill {
            self.charge(bill).await;
        }
    }

    /// Has what was spent written. It is handed over at the first poll, so that the halt need not wait for the disk; what a
    /// failing one does not take is counted until askd ends.
    async fn charge(&self, Bill { day, who, tokens }: Bill) {
        let turn = self.ids.turn;
        tokio::select! {
            biased;
            kept = self.desk.store.spend(day, who, tokens) => if let Err(error) = kept {
                warn!(%turn, tokens, %error, "the tokens of an answer are not written, and a restart forgets them");
            },
            () = self.desk.shutdown.halted() => {}
        }
    }

    /// Keeps the question. A cancel waits for it, so that it is never unknown whether there is a turn; only the halt
    /// does not, and a disk that hangs.
    async fn keep(&self, new: NewTurn) -> Result<Place, Dismissed> {
        let (store, turn, owner) = (&self.desk.store, self.ids.turn, new.owner);
        let error = tokio::select! {
            biased;
            asked = store.ask(new) => match asked {
                Ok(place) => return Ok(place),
                Err(error) => error,
            },
            () = self.desk.shutdown.halted() => {
                self.give_up(owner, Cause::Stopped);
                return Err(Dismissed::Refused(restarting()));
            }
        };
        if error == StoreError::Stuck {
            // Nor would the disk say now what it has.
            self.give_up(owner, Cause::Unkept);
            return Err(Dismissed::Refused(unkept(error)));
        }
        // The question may have been kept before, and answered.
        match store.find(owner, turn).await {
            Ok(Some(Found {
                place,
                answer: Some(answer),
            })) => Err(Dismissed::Answered(place, answer)),
            Ok(Some(Found { answer: None, .. })) if error == StoreError::Taken => {
                Err(Dismissed::Refused(unsettled()))
            }
            _ => Err(Dismissed::Refused(unkept(error))),
        }
    }

    /// A question that nobody waits for may be kept all the same, and then it has to have its end.
    fn give_up(&self, owner: OwnerId, cause: Cause) {
        let end = self.end(Outcome::Interrupted, Some(cause));
        if let Ok(answer) = self.live.log.seal(None, end) {
            // Nobody is shown this end.
            let _ = self.desk.store.finish(owner, self.ids.turn, answer);
        }
    }

    /// Leaves the desk without a turn of its own.
    fn dismiss(&self, dismissed: Dismissed) {
        // First, so that whoever asks again upon the refusal asks anew.
        self.desk.live().remove(&(self.live.owner, self.ids.turn));
        let Ids { session, turn } = self.ids;
        match dismissed {
            Dismissed::Answered(place, answer) => self.live.log.adopt(place, answer),
            Dismissed::Refused(fault) => {
                if fault.code == ErrorCode::StorageFailed {
                    self.desk.metrics.refused(Refusal::StorageFailed);
                }
                info!(%session, %turn, code = %fault.code, reason = fault.message, "question refused");
                self.live.log.refuse(fault);
            }
        }
    }

    /// Ends the turn once its end is on the disk, so that a crash makes no other of what was shown. A disk that is slow
    /// or fails holds it up for a moment only, the halt not at all. Nor does a cancel wait: whoever stops an answer is
    /// told at once, and a crash could only call it interrupted instead.
    async fn finish(&self, ended: Result<Result<Outcome, Fault>, Stop>) {
        let Some((sealed, receipt)) = self.seal(ended) else {
            return;
        };
        let halted = self.desk.shutdown.halted();
        if sealed.end.outcome == Outcome::Cancelled {
            self.show(&sealed);
            // A large answer is some milliseconds of work for the writer, which would have the core that tells the end.
            let _ = timeout(TELLING, halted).await;
            drop(receipt);
            return;
        }
        tokio::select! {
            biased;
            () = receipt.written() => {}
            () = halted => {}
        }
        self.show(&sealed);
    }

    /// Ends the log and keeps the answer; the turn stays on the desk, so that at no moment it is nowhere.
    fn seal(&self, ended: Result<Result<Outcome, Fault>, Stop>) -> Option<(Sealed, Receipt)> {
        let (outcome, cause, fault) = match ended {
            Ok(Ok(outcome)) => (outcome, None, None),
            Ok(Err(fault)) => (Outcome::Failed, None, Some(fault)),
            Err(Stop::Cancelled) => (Outcome::Cancelled, None, None),
            Err(Stop::Left) => (Outcome::Interrupted, Some(Cause::Left), None),
            Err(Stop::ByAdmin) => (Outcome::Interrupted, Some(Cause::Admin), None),
            Err(Stop::Halted) => (Outcome::Interrupted, Some(Cause::Stopped), None),
        };
        let end = self.end(outcome, cause);
        self.live.close();
        let answer = self.live.log.seal(fault.clone(), end.clone()).ok()?;
        let code = fault.as_ref().map(|fault| fault.code);
        self.progress.endpoint.ended(outcome, code, end.timing);
        let receipt = self
            .desk
            .store
            .finish(self.live.owner, self.ids.turn, answer.clone());
        Some((Sealed { answer, fault, end }, receipt))
    }

    /// Shows the end, then leaves the desk: a question that is asked upon the end finds the answer in its history.
    fn show(&self, sealed: &Sealed) {
        self.leave();
        self.tell(&sealed.answer, sealed.fault.as_ref(), &sealed.end);
    }

    fn leave(&self) {
        self.live.log.publish_end();
        self.desk.live().remove(&(self.live.owner, self.ids.turn));
    }

    fn end(&self, outcome: Outcome, cause: Option<Cause>) -> End {
        let millis = |at: Instant| u64::try_from((at - self.begin).as_millis()).unwrap_or(u64::MAX);
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        End {
            outcome,
            cause,
            usage: self.progress.usage,
            timing: Timing {
                first_chunk_ms: self.progress.first_chunk.map(millis),
                total_ms: millis(Instant::now()),
                stopped_us: self.progress.stopped.map(micros),
                first_word_ms: self.progress.thought_until().map(millis),
            },
        }
    }

    fn tell(&self, answer: &Answer, fault: Option<&Fault>, end: &End) {
        let Self {
            model, progress, ..
        } = self;
        let station = &self.station.name;
        let Ids { session, turn } = self.ids;
        let (prompt_tokens, completion_tokens) = end
            .usage
            .map(|usage| (usage.prompt_tokens, usage.completion_tokens))
            .unzip();
        let Timing {
            first_chunk_ms,
            total_ms,
            stopped_us,
            ..
        } = end.timing;
        let (outcome, chunks) = (end.outcome, progress.chunks);
        let dropped = progress.citations.as_ref().map(Citations::dropped);
        let dropped_citations = dropped.filter(|dropped| *dropped > 0);
        let (place, cause) = (self.live.log.place(), end.cause.map(Cause::as_str));
        let conversation = place.map(|place| display(place.conversation));
        match fault {
            None => info!(
                %session, %turn, conversation, endpoint = station, model, %outcome, cause, first_chunk_ms, total_ms, stopped_us,
                chunks, prompt_tokens, completion_tokens, dropped_citations, "turn ended"
            ),
            Some(Fault { code, message, .. }) => warn!(
                %session, %turn, conversation, endpoint = station, model, %outcome, first_chunk_ms, total_ms,
                chunks, prompt_tokens, completion_tokens, %code, reason = message, "turn failed"
            ),
        }
        if self.rules.log_texts {
            info!(%session, %turn, text = shortened(&answer.text(Channel::Answer)), "answer");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A panic gets here with the log open, and a runtime that is given up; followers must not wait for ever.
        if self.live.log.has_ended() {
            return;
        }
        let fault = std::thread::panicking().then(|| {
            let message = "A fault of askd's own stopped this answer.";
            Fault::new(ErrorCode::Internal, message)
        });
        match (self.live.log.place(), fault) {
            (Some(_), fault) => {
                let ended = fault.map_or(Err(Stop::Halted), |fault| Ok(Err(fault)));
                match self.seal(ended) {
                    Some((sealed, _)) => self.show(&sealed),
                    // Its end was waiting for the disk.
                    None => self.leave(),
                }
            }
            (None, fault) => {
                self.dismiss(Dismissed::Refused(fault.unwrap_or_else(restarting)));
            }
        }
    }
}
