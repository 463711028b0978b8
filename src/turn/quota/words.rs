//! What is said to who has had all that they may.

use super::Lack;
use crate::{
    answer::{ErrorCode, Fault},
    config::Share,
    refusal::{Measure, Scope, in_words},
};

impl Lack {
    /// As a client is told it.
    pub(super) fn fault(self, scope: Scope, share: &Share) -> Fault {
        let wait = in_words(self.wait);
        let then = match self.measure {
            Measure::Tokens => format!("ask again in {wait}, when a new day begins (UTC)"),
            Measure::Answers => format!("ask again in about {wait}"),
            _ => format!("ask again in {wait}"),
        };
        let message = format!("{}; {then}.", self.words(scope, share));
        Fault::new(ErrorCode::RateLimited, message).retry_after(self.wait)
    }

    fn words(self, scope: Scope, share: &Share) -> String {
        match self.measure {
            Measure::Tokens => {
                let most = share.tokens_per_day;
                match scope {
                    Scope::User => format!("You have used up your {most} tokens of today"),
                    Scope::Address => {
                        format!("Your address has used up its {most} tokens of today")
                    }
                    _ => format!("This server has used up its {most} tokens of today"),
                }
            }
            Measure::Answers => {
                let running = match share.answers_at_once {
                    1 => "1 answer running".to_owned(),
                    most => format!("{most} answers running"),
                };
                let whose = match scope {
                    Scope::User => "You have",
                    Scope::Address => "Your address has",
                    _ => "This server has",
                };
                format!(
                    "{whose} {running} already, and may have no more until one ends or is stopped"
                )
            }
            _ => {
                let a_minute = match share.questions_per_minute {
                    1 => "1 question a minute".to_owned(),
                    most => format!("{most} questions a minute"),
                };
                match scope {
                    Scope::User => format!("You may ask at most {a_minute}"),
                    Scope::Address => format!("Your address may ask at most {a_minute}"),
                    _ => format!("All together may ask at most {a_minute}"),
                }
            }
        }
    }
}
