//! Thinking that a model writes into its answer: `<think>…</think>` at the very beginning, once or several times.
//!
//! Servers that do not tell thinking from answers themselves (Ollama, llama.cpp and vLLM without a parser for it) pass on
//! what DeepSeek R1, QwQ and their like write. However it is cut into pieces, the same comes out. Further on in an answer
//! the tag is text: an answer may be about it. Blanks behind the tags are the tags', so that empty thinking is none; those that
//! come before the first one are passed on as they come, for nobody knows yet whether one follows. The tag may be written
//! `<thinking>` and in capitals. A `</think>` that nothing has opened stays in the text: what came before it is with its readers
//! already, and the page folds it.

use std::{collections::VecDeque, mem};

use crate::llm::Delta;

const OPENING: [&str; 2] = ["<think>", "<thinking>"];
const CLOSING: [&str; 2] = ["</think>", "</thinking>"];
/// Between the first thinking and the next.
const BETWEEN: &str = "\n\n";

/// Bytes of blanks before the tag; behind more of them it is text.
const MAX_BLANKS: usize = 64;

/// What tells the two apart in one answer. It holds back no more than a part of a tag, and the blanks before it that came with
/// it.
#[derive(Debug, Default)]
pub(super) struct Think {
    state: State,
    held: String,
    /// What is held of the beginning, as it came: without a tag each piece is passed on as one.
    pieces: Vec<String>,
    /// Bytes of blanks that were passed on.
    blanks: usize,
    /// Thinking was passed on: what comes next of it is another one.
    has_thought: bool,
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
        if self.state == State::Beginning || !self.pieces.is_empty() {
            self.pieces.push(piece.to_owned());
        }
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
        match self.state {
            State::Beginning | State::Text => self.let_go(into),
            State::Opened | State::Thinking => {
                push(into, Delta::Reasoning, mem::take(&mut self.held))
            }
            State::Closed => self.let_go(into),
        }
    }

    /// Passes on as text what is held.
    fn let_go(&mut self, into: &mut VecDeque<Delta>) {
        let held = mem::take(&mut self.held);
        if self.pieces.is_empty() {
            return push(into, Delta::Text, held);
        }
        for piece in self.pieces.drain(..) {
            push(into, Delta::Text, piece);
        }
    }

    /// Goes one state further; no, where that is for the next piece to say.
    fn step(&mut self, into: &mut VecDeque<Delta>) -> bool {
        let next = match self.state {
            State::Beginning => self.begin(into),
            State::Opened => self.open(into),
            State::Closed => self.close(),
            State::Thinking => self.think(into),
            State::Text => {
                self.let_go(into);
                None
            }
        };
        let Some(next) = next else { return false };
        self.state = next;
        true
    }

    fn begin(&mut self, into: &mut VecDeque<Delta>) -> Option<State> {
        let words = self.held.trim_start();
        let blanks = self.held.len() - words.len();
        if self.blanks + blanks > MAX_BLANKS {
            return Some(State::Text);
        }
        if words.is_empty() {
            self.blanks += blanks;
            self.let_go(into);
            return None;
        }
        self.opened(blanks)
    }

    /// What a text that begins behind so many blanks begins: thinking or an answer; none, where that cannot be said yet.
    fn opened(&mut self, blanks: usize) -> Option<State> {
        let words = self.held.get(blanks..).unwrap_or_default();
        if let Some(tag) = OPENING.iter().find(|tag| begins(words, tag)) {
            self.held.drain(..blanks + tag.len());
            self.pieces.clear();
            return Some(State::Opened);
        }
        let may_open = OPENING.iter().any(|tag| begins(tag, words));
        (!may_open).then_some(State::Text)
    }

    /// Takes the blanks before the next word, and says whether there is one.
    fn skip_blanks(&mut self) -> bool {
        let blanks = self.held.len() - self.held.trim_start().len();
        self.held.drain(..blanks);
        !self.held.is_empty()
    }

    fn open(&mut self, into: &mut VecDeque<Delta>) -> Option<State> {
        if !self.skip_blanks() {
            return None;
        }
        // Where it is empty there is nothing to be told from the first.
        let is_empty = CLOSING.iter().any(|tag| begins(&self.held, tag));
        let may_be_empty = CLOSING.iter().any(|tag| begins(tag, &self.held));
        if may_be_empty && !is_empty {
            return None;
        }
        if !is_empty && mem::replace(&mut self.has_thought, true) {
            push(into, Delta::Reasoning, BETWEEN.to_owned());
        }
        Some(State::Thinking)
    }

    fn close(&mut self) -> Option<State> {
        match self.skip_blanks() {
            true => self.opened(0),
            false => None,
        }
    }

    fn think(&mut self, into: &mut VecDeque<Delta>) -> Option<State> {
        let ends =
            (self.held.bytes().enumerate()).filter_map(|(at, byte)| (byte == b'<').then_some(at));
        for at in ends {
            let rest = &self.held[at..];
            if let Some(tag) = CLOSING.iter().find(|tag| begins(rest, tag)) {
                let rest = self.held.split_off(at + tag.len());
                self.held.truncate(at);
                push(into, Delta::Reasoning, mem::replace(&mut self.held, rest));
                return Some(State::Closed);
            }
            if CLOSING.iter().any(|tag| begins(tag, rest)) {
                let begun = self.held.split_off(at);
                push(into, Delta::Reasoning, mem::replace(&mut self.held, begun));
                return None;
            }
        }
        push(into, Delta::Reasoning, mem::take(&mut self.held));
        None
    }
}

/// Whether a text begins with these letters, however they are written.
fn begins(text: &str, with: &str) -> bool {
    let start = text.as_bytes().get(..with.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
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
            assert!(think.held.len() < MAX_BLANKS + OPENING[1].len());
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

    fn opens(words: &str) -> bool {
        OPENING.iter().any(|tag| begins(words, tag))
    }

    /// Whether what was told of a text is what was wanted, but for blanks before the tag that were passed on before it came.
    fn is_told(told: &(String, String), wanted: &(String, String), text: &str) -> bool {
        let words = text.trim_start();
        let blanks = match opens(words) {
            true => &text[..text.len() - words.len()],
            false => "",
        };
        let passed_on = told.1.strip_suffix(wanted.1.as_str());
        told.0 == wanted.0 && passed_on.is_some_and(|passed_on| blanks.starts_with(passed_on))
    }

    const CASES: [(&str, &str, &str); 22] = [
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
        ("<thinking>hm</thinking>\nYes.", "hm", "Yes."),
        ("<Think>hm</THINK>Yes.", "hm", "Yes."),
        ("<thinking>a </th> b</think>Yes.", "a </th> b", "Yes."),
        ("<think>a</think>\n<think>b</think>\nc", "a\n\nb", "c"),
        ("<think></think><think>b</think>c", "b", "c"),
        ("<think>a</think><think> </think>c", "a", "c"),
        ("<think>a</think><thi", "a", "<thi"),
        (
            "<think>a<think>b</think>c</think>",
            "a<think>b",
            "c</think>",
        ),
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
                assert!(is_told(&told([one, two]), &wanted, text), "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn what_is_no_thinking_is_passed_on_at_once_and_piece_by_piece() {
        let (mut think, mut deltas) = (Think::default(), VecDeque::new());
        for piece in ["\n", " \t", "A", " <think>", "b"] {
            think.take(piece, &mut deltas);
            assert_eq!(deltas.pop_front(), Some(Delta::Text(piece.to_owned())));
        }
        let (mut think, mut deltas) = (Think::default(), VecDeque::new());
        for piece in [" <", "th", "is"] {
            assert!(deltas.is_empty());
            think.take(piece, &mut deltas);
        }
        let told: Vec<_> = [" <", "th", "is"]
            .map(|piece| Delta::Text(piece.to_owned()))
            .into();
        assert_eq!(Vec::from(deltas), told);
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
                "<think>", "</think>", "<Thinking>", "</THINKING>", "ing", "<", "/", "think", ">", " ", "\n", "a", "é", "</",
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
            prop_assert!(is_told(&told(pieces.iter().map(String::as_str)), &whole, &text));
            if !opens(text.trim_start()) {
                prop_assert_eq!(whole, (String::new(), text));
            }
        }
    }
}
