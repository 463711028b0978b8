//! The part of an answer that is most about a question, short enough for a source's card.

/// Characters of an excerpt at most, its ellipsis included.
pub(super) const MAX_CHARS: usize = 200;
/// Bytes of a link at most; what is longer is shown as it is written.
const MAX_LINK: usize = 512;

/// Picks the sentence that weighs most, the earliest of equals, and reads on from there as far as there is room.
pub(super) fn excerpt(markdown: &str, weight: impl Fn(&str) -> f32) -> String {
    let sentences = sentences(markdown);
    let (mut start, mut heaviest) = (0, 0.0);
    for (at, sentence) in sentences.iter().enumerate() {
        let weight = weight(sentence);
        if weight > heaviest {
            (start, heaviest) = (at, weight);
        }
    }
    shorten(&sentences[start..].join(" "))
}

/// The prose of a Markdown text as plain sentences. Code and tables are left out, for torn from their lines they
/// cannot be read; a text of nothing else is taken as it is.
fn sentences(markdown: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut in_code = false;
    for line in markdown.lines().map(str::trim) {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if !in_code && !line.starts_with('|') {
            let plain = plain(line.trim_start_matches(['#', '-', '*', '>', ' ']));
            let ends = plain
                .match_indices(['.', '?', '!', ';'])
                .map(|(at, _)| at + 1);
            let ends =
                ends.filter(|end| plain[*end..].starts_with(' ') && !is_number(&plain[..*end]));
            let mut from = 0;
            for end in ends.chain([plain.len()]) {
                sentences.push(plain[from..end].trim().to_owned());
                from = end;
            }
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    if sentences.is_empty() {
        // Of rows and of lines of code each says something by itself.
        sentences.extend(markdown.lines().map(row));
        sentences.retain(|sentence| !sentence.is_empty());
    }
    sentences
}

/// A line of a table or of code, its cells one after another; of the line below a table's head nothing.
fn row(line: &str) -> String {
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(cells) = words.strip_prefix('|') else {
        return words;
    };
    let cells = cells.strip_suffix('|').unwrap_or(cells);
    if cells
        .chars()
        .all(|letter| matches!(letter, '|' | '-' | ':' | ' '))
    {
        return String::new();
    }
    let cells = cells.split('|').map(|cell| plain(cell.trim()));
    cells
        .filter(|cell| !cell.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

/// A line without the marks within it: of a link its words stay, and what a backslash hides is no mark.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '\\' if rest.starts_with(|next: char| next.is_ascii_punctuation()) => {
                plain.push_str(&rest[..1]);
                rest = &rest[1..];
            }
            '*' | '`' => {}
            '[' => match link(rest) {
                Some((words, behind)) => {
                    plain.push_str(&self::plain(words));
                    rest = behind;
                }
                None => plain.push('['),
            },
            letter => plain.push(letter),
        }
    }
    plain
}

/// What a link says that begins behind this bracket, and what stands behind it.
fn link(text: &str) -> Option<(&str, &str)> {
    let near = &text[..text.floor_char_boundary(MAX_LINK)];
    let (words, address) = near.split_once("](")?;
    let address = &address[..address_end(address)?];
    let behind = &text[words.len() + address.len() + 3..];
    let is_one = !words.contains(['[', ']']) && !address.contains(char::is_whitespace);
    is_one.then_some((words, behind))
}

/// Where the bracket is that closes a link's address, which may hold pairs of its own.
fn address_end(text: &str) -> Option<usize> {
    let mut open = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => open += 1,
            ')' if open == 0 => return Some(at),
            ')' => open -= 1,
            _ => {}
        }
    }
    None
}

/// Whether this is only the number of a list's item: its point ends no sentence.
fn is_number(text: &str) -> bool {
    text.trim_end_matches('.')
        .chars()
        .all(|c| c.is_ascii_digit())
}

/// Cuts at a word's end and says so.
fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    // One character is for the ellipsis, and the one after the last that fits tells whether a word ends there.
    let room: String = text.chars().take(MAX_CHARS).collect();
    let cut = room.rfind(char::is_whitespace).unwrap_or(0);
    let whole = room[..cut].trim_end_matches([' ', ',', ';', ':', '(']);
    if whole.is_empty() {
        // One word longer than the room: there is no better place to cut.
        return text.chars().take(MAX_CHARS - 1).chain(['…']).collect();
    }
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holding(word: &str) -> impl Fn(&str) -> f32 {
        move |sentence| if sentence.contains(word) { 1.0 } else { 0.0 }
    }

    #[test]
    fn the_heaviest_sentence_comes_first() {
        let answer = "Pools hold tokens.\n\n- **Fees** go to depositors. Nobody else.\n\n```\nFees = 1\n```\n| Fees |\n";
        assert_eq!(
            excerpt(answer, holding("Fees")),
            "Fees go to depositors. Nobody else."
        );
        assert_eq!(
            excerpt(answer, |_| 0.0),
            "Pools hold tokens. Fees go to depositors. Nobody else."
        );
        assert_eq!(
            excerpt("1. First. 2.5 per cent.", holding("First")),
            "1. First. 2.5 per cent."
        );
    }

    #[test]
    fn what_is_hidden_by_a_backslash_and_where_links_lead_is_not_told() {
        let text =
            r"Press \*here\* [or *there*](https://e.org/a_b) \<b> in C:\temp, not [1] [x](y z).";
        assert_eq!(
            excerpt(text, |_| 0.0),
            r"Press *here* or there <b> in C:\temp, not [1] [x](y z)."
        );
        assert_eq!(
            excerpt("See [x](f(y(1))) and [z](a(b.", |_| 0.0),
            "See x and [z](a(b."
        );
    }

    #[test]
    fn of_a_table_the_row_is_told_that_weighs_most() {
        let table = "| Day | Food |\n|---|:--|\n| Monday | *Soup* |\n| Tuesday | Bread |\n";
        assert_eq!(excerpt(table, holding("Bread")), "Tuesday · Bread");
        assert_eq!(
            excerpt(table, |_| 0.0),
            "Day · Food Monday · Soup Tuesday · Bread"
        );
    }

    #[test]
    fn a_text_of_code_alone_is_taken_as_it_is() {
        assert_eq!(excerpt("```\nx * y = k\n```", |_| 1.0), "``` x * y = k ```");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_short_and_of_whole_words(text in "[a-zé ]{0,500}") {
            let excerpt = excerpt(&text, |_| 0.0);
            prop_assert!(excerpt.chars().count() <= MAX_CHARS);
            let words: Vec<&str> = text.split_whitespace().collect();
            if let Some(cut) = excerpt.strip_suffix('…') && words.iter().all(|word| word.len() < 100) {
                prop_assert!(cut.split_whitespace().zip(&words).all(|(a, b)| a == *b));
            }
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            prop_assert!(excerpt(&text, |sentence| sentence.len() as f32).chars().count() <= MAX_CHARS);
        }
    }
}
