//! The line of a file that a fault shows, with nothing secret on it. Pure.
//!
//! Only ever one line is shown, never its neighbours: those may hold a key.

use std::ops::Range;

use super::fault::Place;

/// What stands for a secret, whatever its length.
pub(super) const MASK: &str = "***";

/// A span of the source text, in bytes.
pub(super) type Span = Range<usize>;

/// The place of a fault in a text that parses. `secrets` are masked, and a comment is left out, because
/// anything may stand in one; `leaves` are the keys and values in which a `#` begins no comment.
pub(super) fn place(text: &str, span: &Span, leaves: &[Span], secrets: &[Span]) -> Place {
    let line = line_around(text, span.start);
    let covered = |at: usize, spans: &[Span]| spans.iter().any(|s| s.contains(&at));
    let comment = text[line.clone()]
        .match_indices('#')
        .map(|(offset, _)| line.start + offset)
        .find(|&at| !covered(at, leaves));
    let end = comment.unwrap_or(line.end);
    let shown = line.start..line.start + text[line.start..end].trim_end().len();
    placed(text, &line, &shown, |at| covered(at, secrets), span)
}

/// The place of a fault in a text that does not parse, where no value's borders are known: any word may be
/// part of a key. Shown are the name before the `=` and the signs that TOML is made of.
pub(super) fn place_unparsed(text: &str, span: &Span) -> Place {
    let boundary = |at: usize| text.floor_char_boundary(at.min(text.len()));
    let span = boundary(span.start)..boundary(span.end.max(span.start));
    let line = line_around(text, span.start);
    let name_ends = line.start + name_length(&text[line.clone()]);
    let before = &text[..line.start];
    let in_long_string = ["\"\"\"", "'''"]
        .iter()
        .any(|quotes| before.matches(quotes).count() % 2 == 1);
    let is_sign = |at: usize| b" \t=\"'[]{},".contains(&text.as_bytes()[at]);
    let is_secret = |at| in_long_string || (at >= name_ends && !is_sign(at));
    placed(text, &line, &line, is_secret, &span)
}

/// The line that holds a byte, without its end and the blanks before it.
fn line_around(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    let end = start + text[start..end].trim_end().len();
    start..end.max(at)
}

/// Shows `shown` of the text with what `is_secret` masked, and the caret under `span`.
fn placed(
    text: &str,
    line: &Span,
    shown: &Span,
    is_secret: impl Fn(usize) -> bool,
    span: &Span,
) -> Place {
    let mut echo = String::new();
    let mut caret = None;
    let mut caret_end = 0;
    let mut in_mask = false;
    for (offset, letter) in text[shown.clone()].char_indices() {
        let at = shown.start + offset;
        let secret = is_secret(at);
        let before = echo.len();
        match (secret, in_mask) {
            (true, true) => {}
            (true, false) => echo.push_str(MASK),
            (false, _) => echo.push(letter),
        }
        in_mask = secret;
        if at >= span.start && caret.is_none() {
            let inside_mask = echo.len() == before;
            caret = Some(if inside_mask {
                before - MASK.len()
            } else {
                before
            });
        }
        if at < span.end {
            caret_end = echo.len();
        }
    }
    let start = caret.unwrap_or(echo.len());
    let end = caret_end.max(start);
    Place {
        line: text[..line.start].matches('\n').count() + 1,
        column: text[line.start..span.start].chars().count() + 1,
        echo,
        caret: start..end,
    }
}

/// How many bytes of a line are a key's name or a section's header: small letters, which no secret is made
/// of alone.
fn name_length(line: &str) -> usize {
    let plain = |c: char| c.is_ascii_lowercase() || "._ []".contains(c);
    let name = match line.split_once('=') {
        Some((name, _)) => name,
        None if line.starts_with('[') => line,
        None => "",
    };
    if name.chars().all(plain) {
        name.len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(place: &Place) -> (&str, &str) {
        (&place.echo, &place.echo[place.caret.clone()])
    }

    #[test]
    fn a_secret_becomes_three_stars_and_the_caret_stays_with_its_value() {
        let text = "a = 1\nk = { key = 'sk-long-secret', n = 99 }\n";
        let secret = text.find("'sk").unwrap()..text.find(", n").unwrap();
        let n = text.find("99").unwrap();
        let place = place(text, &(n..n + 2), &[], &[secret]);
        assert_eq!(shown(&place), ("k = { key = ***, n = 99 }", "99"));
        assert_eq!((place.line, place.column), (2, n - 6 + 1));
    }

    #[test]
    fn a_caret_on_the_secret_itself_goes_under_the_stars() {
        let text = "key = 'sk-secret'";
        let place = place(text, &(6..17), &[], std::slice::from_ref(&(6..17)));
        assert_eq!(shown(&place), ("key = ***", "***"));
    }

    #[test]
    fn a_secret_over_several_lines_hides_each_of_them() {
        let text = "key = '''\nsk-secret\n''' # x";
        let secret = 6..text.rfind(" #").unwrap();
        let place = place(text, &(12..13), &[], &[secret]);
        assert_eq!(shown(&place), ("***", "***"));
    }

    #[test]
    fn a_comment_is_not_shown_but_a_hash_inside_a_string_is() {
        let text = "a = 'b # c' # old key: sk-1";
        let place = place(text, &(4..11), std::slice::from_ref(&(4..11)), &[]);
        assert_eq!(shown(&place), ("a = 'b # c'", "'b # c'"));
    }

    #[test]
    fn of_a_line_that_does_not_parse_only_the_name_and_the_signs_are_shown() {
        let rows = [
            ("max = 10O0", "max = ***"),
            ("api_key = 'sk-1", "api_key = '***"),
            ("max = 1 api_key = 'sk-1'", "max = *** *** = '***'"),
            ("max = 1 # sk-1", "max = *** *** ***"),
            ("listen = [\"a\", \"b\"", "listen = [\"***\", \"***\""),
            ("sk-1", "***"),
            ("'sk-1' = 3", "'***' = ***"),
            ("[endpoint.headers", "[endpoint.headers"),
            ("['sk-1'", "['***'"),
            ("x = \"\"\"\nmax = sk-1", "***"),
            ("x = \"\"\"\n\"\"\" \nmax = 2", "max = ***"),
        ];
        for (text, echo) in rows {
            let place = place_unparsed(text, &(text.len()..text.len()));
            assert_eq!(place.echo, echo, "{text}");
        }
        assert_eq!(rows.len(), 11);
    }

    #[test]
    fn a_place_outside_or_within_a_letter_is_shown_all_the_same() {
        let text = "max = 'é";
        for at in 0..20 {
            let place = place_unparsed(text, &(at..at + 3));
            assert_eq!(place.echo, "max = '***");
        }
    }
}
