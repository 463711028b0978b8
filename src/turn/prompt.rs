//! What is sent to the model: the system text, the earlier turns that fit, the question.

use super::{
    cite,
    grounding::{Grounds, RULES},
};
use crate::{
    llm::{Message, Role},
    store::Exchange,
};

/// Bytes that one token stands for. OpenAI's rule of thumb is four characters of English; other scripts take
/// more bytes a character and fewer characters a token, so bytes serve them about as well.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens that a message costs beside its text: role and separators, as OpenAI's cookbook counts them.
const TOKENS_PER_MESSAGE: usize = 4;

/// About how many tokens a message with this text takes.
pub(super) fn tokens(text: &str) -> usize {
    pieces(text.len()) + TOKENS_PER_MESSAGE
}

/// The same of bytes that are no message of their own.
pub(super) fn pieces(bytes: usize) -> usize {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// The same of a message.
pub(super) fn cost(message: &Message) -> usize {
    tokens(&message.content)
}

/// What is left of an endpoint's `context` once system text and question have their part.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    /// The tokens that earlier turns may take.
    pub fn new(context: usize, system: Option<&str>, question: &str) -> Self {
        Self(context.saturating_sub(system.map_or(0, tokens) + tokens(question)))
    }

    /// Takes an earlier turn in, whole, if there is room for it.
    pub fn fits(&mut self, exchange: &Exchange) -> bool {
        let cost = tokens(&exchange.question) + tokens(&exchange.answer);
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// What a request is made of before it is known what its question is answered from.
#[derive(Debug)]
pub struct Draft {
    /// The operator's text.
    pub system: Option<String>,
    /// Tokens that all of it may take.
    pub context: usize,
    /// The earlier turns, newest first.
    pub history: Vec<Exchange>,
    /// The question.
    pub question: String,
}

impl Draft {
    /// The tokens that passages and earlier turns may share.
    pub(super) fn room(&self) -> usize {
        let system = self.system.as_deref();
        let beside = Budget::new(self.context, system, &self.question);
        beside.0.saturating_sub(tokens(RULES))
    }

    /// The messages, of which the passages take their part first and the earlier turns what is left.
    pub(super) fn messages(self, grounds: &Grounds, mark: impl FnMut() -> u32) -> Vec<Message> {
        let Self {
            mut system,
            context,
            mut history,
            question,
        } = self;
        let is_searched = *grounds != Grounds::None;
        if is_searched {
            let rules = |text: String| format!("{text}\n\n{RULES}");
            system = Some(system.map_or_else(|| RULES.to_owned(), rules));
        }
        let mut budget = Budget::new(context, system.as_deref(), &question);
        budget.0 = budget.0.saturating_sub(grounds.tokens());
        let fitting = history.iter().take_while(|exchange| budget.fits(exchange));
        history.truncate(fitting.count());
        if is_searched {
            // Their numbers are those of other sources.
            for exchange in &mut history {
                exchange.answer = cite::without(&exchange.answer);
            }
        }
        messages(system.as_deref(), history, grounds.question(question, mark))
    }
}

/// The messages of a request; `history` comes newest first and goes out oldest first.
pub fn messages(system: Option<&str>, history: Vec<Exchange>, question: String) -> Vec<Message> {
    let message = |role, content: String| Message { role, content };
    let mut messages = Vec::with_capacity(2 + 2 * history.len());
    messages.extend(system.map(|text| message(Role::System, text.to_owned())));
    for Exchange { question, answer } in history.into_iter().rev() {
        messages.push(message(Role::User, question));
        messages.push(message(Role::Assistant, answer));
    }
    messages.push(message(Role::User, question));
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(question: &str, answer: &str) -> Exchange {
        Exchange {
            question: question.to_owned(),
            answer: answer.to_owned(),
        }
    }

    #[test]
    fn the_system_text_is_first_and_the_question_last() {
        let history = vec![exchange("q2", "a2"), exchange("q1", "a1")];
        let sent = messages(Some("be kind"), history, "q3".to_owned());
        let texts: Vec<_> = sent.iter().map(|m| (m.role, m.content.as_str())).collect();
        let (user, assistant) = (Role::User, Role::Assistant);
        let expected = [
            (Role::System, "be kind"),
            (user, "q1"),
            (assistant, "a1"),
            (user, "q2"),
            (assistant, "a2"),
            (user, "q3"),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn whole_turns_are_taken_until_the_budget_is_used() {
        // The question costs 5, each earlier turn 10.
        let mut budget = Budget::new(26, None, "q");
        let turn = exchange("q", "a");
        assert!(budget.fits(&turn));
        assert!(!budget.fits(&exchange("q", &"a".repeat(100))));
        assert!(budget.fits(&turn));
        assert!(!budget.fits(&turn));
    }

    #[test]
    fn a_question_larger_than_the_context_leaves_no_room_and_still_goes() {
        let mut budget = Budget::new(10, Some("system"), &"q".repeat(100));
        assert!(!budget.fits(&exchange("", "")));
    }
}
