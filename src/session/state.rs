//! What a client's message may do now. No I/O, no clock of its own: a decision, and the reasons against it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::wire::{ClientMessage, Options};
use crate::{
    answer::{ErrorCode, Fault},
    config,
    id::{Client, OwnerId, Seq, SessionId, TurnId},
    refusal::in_words,
    turn::{
        desk::{Ask, Parent},
        station::Sampling,
    },
};

/// Messages in a row that may be beyond understanding.
const MAX_FAULTY: u32 = 100;

/// What the session is to do.
#[derive(Debug, Clone)]
pub enum Action {
    /// Begin a turn, or follow it if it was begun before.
    Ask(Ask),
    /// Stop a turn.
    Cancel(TurnId),
    /// Follow a turn.
    Resume(TurnId, Seq),
}

/// What a session remembers of its client's asking.
#[derive(Debug)]
pub struct State {
    session: SessionId,
    owner: OwnerId,
    client: Option<Client>,
    user: Option<Arc<str>>,
    max_question: usize,
    rate: Rate,
    /// Messages beyond understanding since the last other one.
    faulty: u32,
    has_asked: bool,
}

impl State {
    /// A session that has asked nothing yet.
    pub fn new(
        session: SessionId,
        (owner, client, user): (OwnerId, Option<Client>, Option<Arc<str>>),
        config: &config::Session,
        now: Instant,
    ) -> Self {
        Self {
            session,
            owner,
            client,
            user,
            max_question: config.max_question,
            rate: Rate::new(config.questions_per_minute, now),
            faulty: 0,
            has_asked: false,
        }
    }

    /// Decides about a text frame; `running` is the running turn that the session follows.
    pub fn decide(
        &mut self,
        text: &str,
        running: Option<TurnId>,
        now: Instant,
    ) -> Result<Action, Fault> {
        match ClientMessage::decode(text)? {
            ClientMessage::Cancel { turn } => Ok(Action::Cancel(turn)),
            ClientMessage::Resume { turn, after } => {
                not_busy(turn, running)?;
                Ok(Action::Resume(turn, after))
            }
            ClientMessage::Question {
                turn,
                text,
                conversation,
                parent,
                endpoint,
                model,
                options,
            } => {
                not_busy(turn, running)?;
                self.check_text(&text)?;
                let sampling = checked(options.unwrap_or_default())?;
                self.rate.take(now)?;
                self.has_asked = true;
                let parent = match parent {
                    None => Parent::Newest,
                    Some(None) => Parent::Root,
                    Some(Some(turn)) => Parent::Turn(turn),
                };
                Ok(Action::Ask(Ask {
                    session: self.session,
                    owner: self.owner,
                    client: self.client,
                    user: self.user.clone(),
                    turn,
                    text,
                    conversation,
                    parent,
                    endpoint,
                    model,
                    sampling,
                }))
            }
        }
    }

    /// Whether a question was taken.
    pub fn has_asked(&self) -> bool {
        self.has_asked
    }

    /// Whether a client is heard further after a message, with what was wrong with it.
    pub fn bears(&mut self, fault: Option<&Fault>) -> bool {
        let faulty = fault.is_some_and(|fault| {
            matches!(
                fault.code,
                ErrorCode::BadJson
                    | ErrorCode::BadFrame
                    | ErrorCode::UnknownType
                    | ErrorCode::BadField
            )
        });
        self.faulty = if faulty { self.faulty + 1 } else { 0 };
        self.faulty <= MAX_FAULTY
    }

    fn check_text(&self, text: &str) -> Result<(), Fault> {
        if text.trim().is_empty() {
            return Err(Fault::new(
                ErrorCode::QuestionEmpty,
                "The question is empty.",
            ));
        }
        if text.len() > self.max_question {
            let message = format!(
                "The question has {} bytes; at most {} are taken.",
                text.len(),
                self.max_question
            );
            return Err(Fault::new(ErrorCode::QuestionTooLong, message));
        }
        // Nobody types one, and where it goes, into prompts and files, it ends texts for some and is nothing for others.
        // An answer keeps what it has: it is passed on byte for byte.
        if text.contains('\0') {
            let message = "The field \"text\" is wrong; it holds a NUL character, which no question may have.";
            return Err(Fault::new(ErrorCode::BadField, message));
        }
        Ok(())
    }
}

/// A session follows one running turn at a time; the same one again is no second.
fn not_busy(turn: TurnId, running: Option<TurnId>) -> Result<(), Fault> {
    if running.is_none_or(|running| running == turn) {
        return Ok(());
    }
    let message = "An answer is running in this session already; wait for its end, or cancel it.";
    Err(Fault::new(ErrorCode::Busy, message))
}

fn checked(options: Options) -> Result<Sampling, Fault> {
    let bad = |message: &str| Err(Fault::new(ErrorCode::BadField, message));
    if options
        .temperature
        .is_some_and(|temperature| !(0.0..=2.0).contains(&temperature))
    {
        return bad("The field \"options.temperature\" is wrong; it is a number from 0 to 2.");
    }
    if options.max_tokens == Some(0) {
        return bad("The field \"options.max_tokens\" is wrong; it is a whole number from 1.");
    }
    let Options {
        temperature,
        max_tokens,
    } = options;
    Ok(Sampling {
        temperature,
        max_tokens,
    })
}

/// A bucket that holds a minute's questions and fills evenly.
#[derive(Debug)]
struct Rate {
    per_minute: u32,
    left: f64,
    at: Instant,
}

impl Rate {
    fn new(per_minute: u32, at: Instant) -> Self {
        Self {
            per_minute,
            left: f64::from(per_minute),
            at,
        }
    }

    fn take(&mut self, now: Instant) -> Result<(), Fault> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let most = f64::from(self.per_minute);
        let per_second = most / 60.0;
        self.left = (self.left + (now - self.at).as_secs_f64() * per_second).min(most);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - self.left) / per_second);
        let message = format!(
            "At most {} questions a minute are taken; ask again in {}.",
            self.per_minute,
            in_words(wait)
        );
        Err(Fault::new(ErrorCode::RateLimited, message).retry_after(wait))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn config() -> config::Session {
        let hour = Duration::from_secs(3600);
        config::Session {
            on_leave: config::OnLeave::Stop,
            heartbeat: hour,
            send_timeout: hour,
            idle_timeout: hour,
            max_question: 10,
            max_answer: 10,
            questions_per_minute: 2,
        }
    }

    fn turn() -> TurnId {
        TurnId(Uuid::now_v7())
    }

    fn question(turn: TurnId, text: &str) -> String {
        json!({ "type": "question", "turn": turn, "text": text }).to_string()
    }

    fn code<T: std::fmt::Debug>(decided: Result<T, Fault>) -> ErrorCode {
        decided.unwrap_err().code
    }

    #[test]
    fn a_question_is_refused_for_its_text() {
        let now = Instant::now();
        let mut state = State::new(
            SessionId::new(),
            (OwnerId::new(), None, None),
            &config(),
            now,
        );
        assert_eq!(
            code(state.decide(&question(turn(), " \n"), None, now)),
            ErrorCode::QuestionEmpty
        );
        assert_eq!(
            code(state.decide(&question(turn(), "12345678901"), None, now)),
            ErrorCode::QuestionTooLong
        );
        assert_eq!(
            code(state.decide(&question(turn(), "a\0b"), None, now)),
            ErrorCode::BadField
        );
        assert!(matches!(
            state.decide(&question(turn(), "1234567890"), None, now),
            Ok(Action::Ask(_))
        ));
    }

    #[test]
    fn one_running_turn_at_a_time_and_the_same_again_is_no_second() {
        let now = Instant::now();
        let mut state = State::new(
            SessionId::new(),
            (OwnerId::new(), None, None),
            &config(),
            now,
        );
        let running = turn();
        assert_eq!(
            code(state.decide(&question(turn(), "q"), Some(running), now)),
            ErrorCode::Busy
        );
        assert!(
            state
                .decide(&question(running, "q"), Some(running), now)
                .is_ok()
        );
        let resume = |turn| json!({ "type": "resume", "turn": turn, "after": 3 }).to_string();
        assert_eq!(
            code(state.decide(&resume(turn()), Some(running), now)),
            ErrorCode::Busy
        );
        let cancel = json!({ "type": "cancel", "turn": running }).to_string();
        assert!(
            matches!(state.decide(&cancel, Some(running), now), Ok(Action::Cancel(it)) if it == running)
        );
    }

    #[test]
    fn questions_beyond_the_rate_are_told_when_to_come_again() {
        let now = Instant::now();
        let mut state = State::new(
            SessionId::new(),
            (OwnerId::new(), None, None),
            &config(),
            now,
        );
        assert!(state.decide(&question(turn(), "q"), None, now).is_ok());
        assert!(state.decide(&question(turn(), "q"), None, now).is_ok());
        let fault = state.decide(&question(turn(), "q"), None, now).unwrap_err();
        assert_eq!(
            (fault.code, fault.retry_after_ms),
            (ErrorCode::RateLimited, Some(30_000))
        );
        assert!(
            state
                .decide(&question(turn(), "q"), None, now + Duration::from_secs(30))
                .is_ok()
        );
    }

    #[test]
    fn faults_are_borne_a_hundred_times_in_a_row_and_a_good_message_begins_the_count_anew() {
        let now = Instant::now();
        let mut state = State::new(
            SessionId::new(),
            (OwnerId::new(), None, None),
            &config(),
            now,
        );
        let cancel = json!({ "type": "cancel", "turn": turn() }).to_string();
        let empty = question(turn(), "");
        let mut bears = |text: &str| {
            let decided = state.decide(text, None, now);
            state.bears(decided.err().as_ref())
        };
        let nul = question(turn(), "a\0");
        for good in [&cancel, &empty] {
            for text in ["", "{}", "{\"type\":\"x\"}", &nul].repeat(25) {
                assert!(bears(text));
            }
            // One that is understood counts as good, though it is refused.
            assert!(bears(good));
        }
        assert!((0..100).all(|_| bears("")));
        assert!(!bears(""));
    }

    #[test]
    fn options_have_ranges() {
        let now = Instant::now();
        let mut state = State::new(
            SessionId::new(),
            (OwnerId::new(), None, None),
            &config(),
            now,
        );
        for (options, ok) in [
            (json!({ "temperature": 2.0, "max_tokens": 1 }), true),
            (json!({ "temperature": 2.1 }), false),
            (json!({ "max_tokens": 0 }), false),
        ] {
            let text =
                json!({ "type": "question", "turn": turn(), "text": "q", "options": options })
                    .to_string();
            assert_eq!(state.decide(&text, None, now).is_ok(), ok, "{text}");
        }
    }
}
