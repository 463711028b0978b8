//! Thinking that a model writes into its answer: `<think>…</think>` at the very beginning.
//!
//! Servers that do not tell thinking from answers themselves (Ollama, llama.cpp and vLLM without a parser for it) pass on
//! what DeepSeek R1, QwQ and their like write. However it is cut into pieces, the same comes out. Further on in an answer
//! the tag is text: an answer may be about it. Blanks around the tags are the tags', so that empty thinking is none.

use std::{collections::VecDeque, mem};

use crate::llm::Delta;

const OPENING: &str = "<think>";
const CLOSING: &str = "</think>";

/// Bytes of blanks before the tag; behind more of them it is text.
const MAX_BLANKS: usize = 64;

/// What tells the two apart in one answer. It holds back no more than [`MAX_BLANKS`] and a part of a tag.
#[derive(Debug, Default)]
pub(super) struct Think {
    state: State,
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum State {
    /// Nothing but blanks and a part of the tag has come.
    #[default]
    Beginning,
    /// Behind the opening tag, before the first word.
    Opened,
    Thinking,
    /// Behind the closing tag, before the first word.
    Closed,
    Text,
}

impl Think {
    /// Takes a piece of the answer.
    pub(super) fn take(&mut self, piece: &str, into: &mut VecDeque<Delta>) {
        self.held.push_str(piece);
        while self.step(into) {}
    }

    /// The endpoint tells thinking from answers itself: the tag is text.
    pub(super) fn stand_down(&mut self) {
        if self.state == State::Beginning {
            self.state = State::Text;
        }
    }

    /// Nothing more comes: what was held back is what it looked like.
    pub(super) fn end(&mut self, into: &mut VecDeque<Delta>) {
        let rest = mem::take(&mut self.held);
        match self.state {
            State::Beginning | State::Text => push(into, Delta::Text, rest),
            State::Thinking => push(into, Delta::Reasoning, rest),
            // Nothing is held back there: blanks go at once.
            State::Opened | State::Closed => {}
        }
    }

    /// Goes one state further; no, where that is for the next piece to say.
    fn step(&mut self, into: &mut VecDeque<Delta>) -> bool {
        let next = match self.state {
            State::Beginning => self.begin(),
            State::Opened | State::Closed => self.skip_blanks(),
            State::Thinking => self.think(into),
            State::Text => {
                push(into, Delta::Text, mem::take(&mut self.held));
                None
            }
        };
        let Some(next) = next else { return false };
        self.state = next;
        true
    }

    fn begin(&mut self) -> Option<State> {
        let words = self.held.trim_start();
        let blanks = self.held.len() - words.len();
        if blanks > MAX_BLANKS {
            return Some(State::Text);
        }
        if words.starts_with(OPENING) {
            self.held.drain(..blanks + OPENING.len());
            return Some(State::Opened);
        }
        (!OPENING.starts_with(words)).then_some(State::Text)
    }

    fn skip_blanks(&mut self) -> Option<State> {
        let blanks = self.held.len() - self.held.trim_start().len();
        self.held.drain(..blanks);
        if self.held.is_empty() {
            return None;
        }
        Some(match self.state {
            State::Opened => State::Thinking,
            _ => State::Text,
        })
    }

    fn think(&mut self, into: &mut VecDeque<Delta>) -> Option<State> {
        if let Some(at) = self.held.find(CLOSING) {
            let rest = self.held.split_off(at + CLOSING.len());
            self.held.truncate(at);
            push(into, Delta::Reasoning, mem::replace(&mut self.held, rest));
            return Some(State::Closed);
        }
        let begun = (1..CLOSING.len())
            .rev()
            .find(|&length| self.held.ends_with(&CLOSING[..length]));
        let rest = self.held.split_off(self.held.len() - begun.unwrap_or(0));
        push(into, Delta::Reasoning, mem::replace(&mut self.held, rest));
        None
    }
}

fn push(into: &mut VecDeque<Delta>, delta: fn(String) -> Delta, text: String) {
    if !text.is_empty() {
        into.push_back(delta(text));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The thinking and the answer of a text that comes in such pieces.
    fn told<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let (mut think, mut deltas) = (Think::default(), VecDeque::new());
        for piece in pieces {
            think.take(piece, &mut deltas);
            assert!(think.held.len() < MAX_BLANKS + OPENING.len());
        }
        think.end(&mut deltas);
        assert!(think.held.is_empty());
        let mut told = (String::new(), String::new());
        for delta in deltas {
            match delta {
                Delta::Reasoning(text) => told.0 += &text,
                Delta::Text(text) => told.1 += &text,
                other => panic!("{other:?}"),
            }
        }
        told
    }

    const CASES: [(&str, &str, &str); 15] = [
        ("<think>\nhm\n</think>\n\nYes.", "hm\n", "Yes."),
        ("\n <think>hm</think>Yes.", "hm", "Yes."),
        ("<think>\n\n</think>\n\nYes.", "", "Yes."),
        ("<think></think>Yes.", "", "Yes."),
        ("<think>hm, and no end </thin", "hm, and no end </thin", ""),
        ("<think>", "", ""),
        ("<think> ", "", ""),
        ("<think>a < b </ c </think>d", "a < b </ c ", "d"),
        (
            "<think>a</think> b <think>c</think>",
            "a",
            "b <think>c</think>",
        ),
        ("Use <think>it</think>.", "", "Use <think>it</think>."),
        ("<thinking>hm</thinking>", "", "<thinking>hm</thinking>"),
        ("<thi", "", "<thi"),
        ("  \n", "", "  \n"),
        ("  indented", "", "  indented"),
        ("", "", ""),
    ];

    #[test]
    fn thinking_is_told_from_the_answer_wherever_it_is_cut() {
        for (text, thinking, answer) in CASES {
            let wanted = (thinking.to_owned(), answer.to_owned());
            assert_eq!(told([text]), wanted, "{text:?}");
            for at in 0..=text.len() {
                let (one, two) = text.split_at(at);
                assert_eq!(told([one, two]), wanted, "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn behind_more_blanks_than_are_held_back_the_tag_is_text() {
        let within = format!("{}<think>a</think>b", " ".repeat(MAX_BLANKS));
        assert_eq!(told([within.as_str()]), ("a".to_owned(), "b".to_owned()));
        let beyond = format!(" {within}");
        for at in 0..=beyond.len() {
            let (one, two) = beyond.split_at(at);
            assert_eq!(told([one, two]), (String::new(), beyond.clone()));
        }
    }

    proptest! {
        #[test]
        fn however_an_answer_is_cut_the_same_is_told(
            parts in prop::collection::vec(prop::sample::select(vec![
                "<think>", "</think>", "<", "/", "think", ">", " ", "\n", "a", "é", "</",
            ]), 0..24),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let text = parts.concat();
            let letters: Vec<char> = text.chars().collect();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(letters.len() + 1)).collect();
            at.extend([0, letters.len()]);
            at.sort_unstable();
            let pieces: Vec<String> = at.windows(2).map(|cut| letters[cut[0]..cut[1]].iter().collect()).collect();
            let whole = told([text.as_str()]);
            prop_assert_eq!(told(pieces.iter().map(String::as_str)), whole.clone());
            if !text.trim_start().starts_with(OPENING) {
                prop_assert_eq!(whole, (String::new(), text));
            }
        }
    }
}
