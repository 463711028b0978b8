//! Where a page's tags are.

use html5gum::{DefaultEmitter, Emitter, State, Token, emitters::ForwardingEmitter};

/// Tells the tokenizer that what stands in a script and the like is no tag.
pub(super) struct Tags {
    tags: DefaultEmitter,
    /// Whether any element may close itself, and whether this one does: then nothing stands in it.
    is_xml: bool,
    is_closed: bool,
}

impl Tags {
    pub(super) fn of(is_xml: bool) -> Self {
        let mut tags = DefaultEmitter::default();
        tags.naively_switch_states(true);
        Self {
            tags,
            is_xml,
            is_closed: false,
        }
    }
}

impl ForwardingEmitter for Tags {
    type Token = Token;

    fn inner(&mut self) -> &mut impl Emitter<Token = Self::Token> {
        &mut self.tags
    }

    fn init_start_tag(&mut self) {
        self.is_closed = false;
        self.inner().init_start_tag();
    }

    fn set_self_closing(&mut self) {
        self.is_closed = self.is_xml;
        self.inner().set_self_closing();
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let within = self.inner().emit_current_tag();
        within.filter(|_| !self.is_closed)
    }
}
