use proptest::prelude::*;

use super::*;

impl End {
    /// One of which nothing else matters.
    pub(crate) fn with(outcome: Outcome) -> Self {
        Self {
            outcome,
            cause: None,
            usage: None,
            timing: Timing {
                first_chunk_ms: None,
                total_ms: 1,
                stopped_us: None,
                first_word_ms: None,
            },
        }
    }
}

#[test]
fn nothing_follows_the_end() {
    let mut answer = Answer::default();
    answer.push_text(Channel::Answer, "a").unwrap();
    assert_eq!(answer.push_end(End::with(Outcome::Stop)), Ok(Seq(2)));
    assert_eq!(answer.push_text(Channel::Answer, "b"), Err(Ended));
    assert_eq!(answer.push_end(End::with(Outcome::Failed)), Err(Ended));
    assert_eq!(
        answer.push_fault(Fault::new(ErrorCode::Internal, "x")),
        Err(Ended)
    );
    assert_eq!(answer.text(Channel::Answer), "a");
    assert_eq!(answer.head(), Seq(2));
}

#[test]
fn reading_behind_the_head_gives_nothing() {
    let mut answer = Answer::default();
    assert_eq!(answer.read(Seq::START, 10), None);
    answer.push_text(Channel::Answer, "a").unwrap();
    assert_eq!(answer.read(Seq(1), 10), None);
    assert_eq!(answer.read(Seq(u64::MAX), 10), None);
}

fn pieces() -> impl Strategy<Value = Vec<(Channel, String)>> {
    let channel = prop_oneof![3 => Just(Channel::Answer), 1 => Just(Channel::Reasoning)];
    proptest::collection::vec((channel, "\\PC{0,6}"), 0..60)
}

proptest! {
    #[test]
    fn a_cursor_from_anywhere_gets_every_byte_once(
        pieces in pieces(), from in 0usize..70, budget in 0usize..40
    ) {
        let mut answer = Answer::default();
        for (channel, text) in &pieces {
            answer.push_text(*channel, text).unwrap();
        }
        answer.push_end(End::with(Outcome::Stop)).unwrap();

        let from = from.min(pieces.len());
        let mut at = Seq(from as u64);
        let (mut said, mut thought, mut ends) = (String::new(), String::new(), 0);
        while let Some((next, event)) = answer.read(at, budget) {
            prop_assert!(next > at);
            at = next;
            match event {
                Event::Text { channel: Channel::Answer, text } => said.push_str(&text),
                Event::Text { channel: Channel::Reasoning, text } => thought.push_str(&text),
                Event::End(_) => ends += 1,
                other => prop_assert!(false, "unexpected {other:?}"),
            }
        }
        let expected = |wanted| -> String {
            pieces[from..].iter().filter(|(c, _)| *c == wanted).map(|(_, t)| t.as_str()).collect()
        };
        prop_assert_eq!(said, expected(Channel::Answer));
        prop_assert_eq!(thought, expected(Channel::Reasoning));
        prop_assert_eq!(ends, 1);
        prop_assert_eq!(at, answer.head());
    }
}
