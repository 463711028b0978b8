//! A running turn's task: the work, what may stop it, and the one end that it gets, whatever happens.

use std::sync::Arc;

use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use super::{
    Answerer, Ids, Progress, Stop, Wanted, answer,
    desk::{Inner, Live},
    line::Ticket,
    stopped,
};
use crate::answer::{Answer, Channel, End, ErrorCode, Fault, Outcome, Timing};

/// Bytes of a question's or an answer's text that are logged, when texts are.
const MAX_LOGGED: usize = 4 << 10;

/// A text's first part, for the log, whose queue counts lines and not bytes.
pub(super) fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LOGGED)]
}

/// A turn's task's own hold on the turn. However the task ends, the turn gets its one end.
pub(super) struct Running {
    desk: Arc<Inner>,
    live: Arc<Live>,
    /// For the log: who asked whom.
    ids: Ids,
    station: String,
    model: String,
    begin: Instant,
    progress: Progress,
}

impl Running {
    /// A turn that begins now.
    pub(super) fn new(
        desk: Arc<Inner>,
        live: Arc<Live>,
        ids: Ids,
        station: String,
        model: String,
    ) -> Self {
        Self {
            desk,
            live,
            ids,
            station,
            model,
            begin: Instant::now(),
            progress: Progress {
                ids,
                first_chunk: None,
                chunks: 0,
                usage: None,
            },
        }
    }

    /// Answers, until the answer has ended or is stopped.
    pub(super) async fn run(
        mut self,
        answerer: Answerer,
        mut ticket: Ticket,
        wanted: watch::Receiver<Wanted>,
    ) {
        let log = self.live.log.clone();
        let (on_leave, shutdown) = (self.desk.rules.on_leave, self.desk.shutdown.clone());
        let ended = tokio::select! {
            biased;
            stop = stopped(wanted, on_leave, &shutdown) => Err(stop),
            done = answer(answerer, &mut ticket, &log, &mut self.progress) => Ok(done),
        };
        // The upstream's request has gone with the arm that lost; the slot goes before the end is told.
        drop(ticket);
        self.finish(ended);
    }

    fn finish(&self, ended: Result<Result<Outcome, Fault>, Stop>) {
        let (outcome, fault) = match ended {
            Ok(Ok(outcome)) => (outcome, None),
            Ok(Err(fault)) => (Outcome::Failed, Some(fault)),
            Err(Stop::Cancelled) => (Outcome::Cancelled, None),
            Err(Stop::Left | Stop::Halted) => (Outcome::Interrupted, None),
        };
        let millis = |at: Instant| u64::try_from((at - self.begin).as_millis()).unwrap_or(u64::MAX);
        let timing = Timing {
            first_chunk_ms: self.progress.first_chunk.map(millis),
            total_ms: millis(Instant::now()),
        };
        let end = End {
            outcome,
            usage: self.progress.usage,
            timing,
        };
        if let Some(answer) = self.seal(fault.clone(), end.clone()) {
            self.tell(&answer, fault.as_ref(), &end);
        }
    }

    /// Ends the log, keeps the answer, shows the end, and leaves the desk, in this order: at no moment is the turn
    /// nowhere, and a question that is asked upon the end finds the answer in its history.
    fn seal(&self, fault: Option<Fault>, end: End) -> Option<Arc<Answer>> {
        let sealed = self.live.log.seal(fault, end).ok()?;
        self.desk.store.finish(self.ids.turn, sealed.clone());
        self.live.log.publish_end();
        self.desk.live().remove(&self.ids.turn);
        Some(sealed)
    }

    fn tell(&self, answer: &Answer, fault: Option<&Fault>, end: &End) {
        let Self {
            station,
            model,
            progress,
            ..
        } = self;
        let Ids { session, turn } = self.ids;
        let (prompt_tokens, completion_tokens) = end
            .usage
            .map(|usage| (usage.prompt_tokens, usage.completion_tokens))
            .unzip();
        let Timing {
            first_chunk_ms,
            total_ms,
        } = end.timing;
        let (outcome, chunks, conversation) =
            (end.outcome, progress.chunks, self.live.place.conversation);
        match fault {
            None => info!(
                %session, %turn, %conversation, endpoint = station, model, %outcome, first_chunk_ms, total_ms,
                chunks, prompt_tokens, completion_tokens, "turn ended"
            ),
            Some(Fault { code, message, .. }) => warn!(
                %session, %turn, %conversation, endpoint = station, model, %outcome, first_chunk_ms, total_ms,
                chunks, prompt_tokens, completion_tokens, %code, reason = message, "turn failed"
            ),
        }
        if self.desk.rules.log_texts {
            info!(%session, %turn, text = shortened(&answer.text(Channel::Answer)), "answer");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A panic gets here with the log open, and a runtime that is given up; followers must not wait for ever.
        if !self.live.log.has_ended() {
            self.finish(if std::thread::panicking() {
                let message = "A fault of askd's own stopped this answer.";
                Ok(Err(Fault::new(ErrorCode::Internal, message)))
            } else {
                Err(Stop::Halted)
            });
        }
    }
}
