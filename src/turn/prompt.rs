//! What is sent to the model: the system text, the earlier turns that fit, the question.

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
fn tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE
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
