//! An answer's log as columns, and back: the same events with the same numbers.
//!
//! The texts are kept by channel, where a search and a person can read them. `marks` says how the log cuts them into
//! events: each is one number, its bytes of text (of sources, their basis) times eight plus its kind, written seven bits to a byte with the low
//! ones first. An event of a model that says a few letters at a time costs one byte.

use crate::answer::{Answer, Basis, Channel, End, Fault, Part, Source};

const SOURCES: u64 = 0;
const ANSWER: u64 = 1;
const REASONING: u64 = 2;
const ERROR: u64 = 3;
const END: u64 = 4;

/// A log as it is kept.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Coded {
    pub(super) marks: Vec<u8>,
    pub(super) answer: String,
    pub(super) reasoning: String,
    pub(super) sources: Vec<Source>,
    pub(super) fault: Option<Fault>,
    pub(super) end: Option<End>,
}

/// Takes a log apart.
pub(super) fn encode(log: &Answer) -> Coded {
    let mut coded = Coded {
        sources: log.sources().to_vec(),
        fault: log.fault().cloned(),
        end: log.end().cloned(),
        ..Coded::default()
    };
    each(log, &mut coded.marks, |channel, text| match channel {
        Channel::Answer => coded.answer.push_str(text),
        Channel::Reasoning => coded.reasoning.push_str(text),
    });
    coded
}

/// The marks of a piece of a log, and its text on all channels in the order of its arrival.
pub(super) fn encode_piece(events: &Answer) -> (Vec<u8>, String) {
    let (mut marks, mut body) = (Vec::new(), String::new());
    each(events, &mut marks, |_, text| body.push_str(text));
    (marks, body)
}

fn each(log: &Answer, marks: &mut Vec<u8>, mut take: impl FnMut(Channel, &str)) {
    for part in log.parts(crate::id::Seq::START) {
        let (kind, bytes) = match part {
            Part::Sources(basis, _) => (SOURCES, number_of(basis)),
            Part::Text(Channel::Answer, text) => (ANSWER, text.len()),
            Part::Text(Channel::Reasoning, text) => (REASONING, text.len()),
            Part::Error(_) => (ERROR, 0),
            Part::End(_) => (END, 0),
        };
        if let Part::Text(channel, text) = part {
            take(channel, text);
        }
        push(marks, (bytes as u64) << 3 | kind);
    }
}

/// Puts a log together again; `None`: the marks do not fit the texts.
pub(super) fn decode(coded: &Coded) -> Option<Answer> {
    let mut log = Answer::default();
    let (mut answer, mut reasoning) = (coded.answer.as_str(), coded.reasoning.as_str());
    let mut marks = coded.marks.as_slice();
    while let Some((kind, bytes)) = pop(&mut marks)? {
        match kind {
            SOURCES => log.push_sources(basis_of(bytes)?, coded.sources.clone()),
            ANSWER => log.push_text(Channel::Answer, cut(&mut answer, bytes)?),
            REASONING => log.push_text(Channel::Reasoning, cut(&mut reasoning, bytes)?),
            ERROR => log.push_fault(coded.fault.clone()?),
            END => log.push_end(coded.end.clone()?),
            _ => return None,
        }
        .ok()?;
    }
    (answer.is_empty() && reasoning.is_empty()).then_some(log)
}

/// Appends a piece to the log that it was cut from.
pub(super) fn append(
    log: &mut Answer,
    mut marks: &[u8],
    mut body: &str,
    sources: &[Source],
) -> Option<()> {
    while let Some((kind, bytes)) = pop(&mut marks)? {
        match kind {
            SOURCES => log.push_sources(basis_of(bytes)?, sources.to_vec()),
            ANSWER => log.push_text(Channel::Answer, cut(&mut body, bytes)?),
            REASONING => log.push_text(Channel::Reasoning, cut(&mut body, bytes)?),
            _ => return None,
        }
        .ok()?;
    }
    body.is_empty().then_some(())
}

/// How the answer of these marks stands to the documents, if they begin with sources, be there none in them.
pub(super) fn basis(mut marks: &[u8]) -> Option<Basis> {
    let (kind, number) = pop(&mut marks)??;
    (kind == SOURCES).then(|| basis_of(number))?
}

fn number_of(basis: Basis) -> usize {
    match basis {
        Basis::Cited => 0,
        Basis::Quoted => 1,
        Basis::Unsearched => 2,
    }
}

fn basis_of(number: usize) -> Option<Basis> {
    match number {
        0 => Some(Basis::Cited),
        1 => Some(Basis::Quoted),
        2 => Some(Basis::Unsearched),
        _ => None,
    }
}

/// How many events the marks stand for.
pub(super) fn count(marks: &[u8]) -> u64 {
    marks.iter().filter(|byte| **byte < 0x80).count() as u64
}

fn push(marks: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        marks.push(number as u8 | 0x80);
        number >>= 7;
    }
    marks.push(number as u8);
}

/// The next mark's kind and bytes; `Some(None)`: there is none, `None`: it is cut off or too large.
fn pop(marks: &mut &[u8]) -> Option<Option<(u64, usize)>> {
    if marks.is_empty() {
        return Some(None);
    }
    let mut number = 0;
    for shift in (0..42).step_by(7) {
        let (byte, rest) = marks.split_first()?;
        *marks = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(Some((number & 7, usize::try_from(number >> 3).ok()?)));
        }
    }
    None
}

fn cut<'t>(text: &mut &'t str, bytes: usize) -> Option<&'t str> {
    let (piece, rest) = text.split_at_checked(bytes)?;
    *text = rest;
    Some(piece)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::tests::any_answer, *};
    use crate::id::Seq;

    proptest! {
        #[test]
        fn a_log_is_the_same_after_the_columns(log in any_answer()) {
            let coded = encode(&log);
            prop_assert_eq!(count(&coded.marks), log.head().0);
            prop_assert_eq!(decode(&coded), Some(log));
        }

        #[test]
        fn pieces_make_the_log_again_up_to_its_end(log in any_answer(), mut cuts in proptest::collection::vec(0u64..80, 0..8)) {
            cuts.sort_unstable();
            let mut again = Answer::default();
            let mut at = Seq::START;
            for to in cuts.into_iter().chain([u64::MAX]) {
                let Some(mut piece) = log.since(at) else { break };
                if piece.last().0 > to {
                    // What a save that came earlier would have seen.
                    let mut seen = Answer::default();
                    for part in log.parts(Seq::START).take(usize::try_from(to).unwrap()) {
                        match part {
                            Part::Text(channel, text) => seen.push_text(channel, text).unwrap(),
                            Part::Sources(basis, sources) => seen.push_sources(basis, sources.to_vec()).unwrap(),
                            Part::Error(_) | Part::End(_) => break,
                        };
                    }
                    let Some(earlier) = seen.since(at) else { continue };
                    piece = earlier;
                }
                let (marks, body) = encode_piece(&piece.events);
                prop_assert_eq!(append(&mut again, &marks, &body, log.sources()), Some(()));
                at = piece.last();
            }
            prop_assert_eq!(again.head(), at);
            for (one, other) in again.parts(Seq::START).zip(log.parts(Seq::START)) {
                prop_assert_eq!(one, other);
            }
            prop_assert_eq!(log.since(at), None);
        }

        #[test]
        fn damaged_marks_are_refused_and_never_a_panic(marks: Vec<u8>, answer: String, reasoning: String) {
            let coded = Coded { marks, answer, reasoning, ..Coded::default() };
            if let Some(log) = decode(&coded) {
                prop_assert_eq!(encode(&log).answer, coded.answer);
            }
        }
    }
}
