//! Bytes to text, whatever encoding an editor of the last thirty years has left them in.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::ExtractError;

/// Bytes that are looked at to guess an encoding, and for the encoding that HTML names at its head.
const SAMPLE_BYTES: usize = 256 << 10;
const HTML_HEAD_BYTES: usize = 1024;
/// Valid letters of several bytes for each invalid byte, from which on a text is UTF-8 with scratches rather than
/// one in another encoding: there, the odds of a valid sequence by chance are far below this.
const VALID_PER_FAULT: usize = 10;

/// A text, and what had to be mended for it.
pub(super) struct Decoded {
    pub text: String,
    pub note: Option<String>,
}

/// Decodes a file. A byte order mark decides, then whether it is UTF-8, then what HTML says of itself, then a guess.
/// Lines end with `\n` afterwards, and control characters are gone.
pub(super) fn decode(bytes: &[u8], html: bool) -> Result<Decoded, ExtractError> {
    let (encoding, body) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None => (guess(bytes, html), bytes),
    };
    let (text, faulty) = encoding.decode_without_bom_handling(body);
    // A text may be scratched, but it has no zeros in it.
    if text.contains('\0') {
        return Err(ExtractError::Binary);
    }
    let note = faulty.then(|| {
        let name = encoding.name();
        format!("some bytes of it are not valid {name} and show as \u{fffd}")
    });
    Ok(Decoded {
        text: tidy(text),
        note,
    })
}

fn guess(bytes: &[u8], html: bool) -> &'static Encoding {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    if let Some(encoding) = wide(sample) {
        return encoding;
    }
    if mostly_utf8(bytes) {
        return UTF_8;
    }
    if let Some(encoding) = html.then(|| named_in_html(bytes)).flatten() {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

/// UTF-16 without its mark: every other byte of Western text is zero, and no other encoding of text has zeros.
fn wide(sample: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| {
        let halves = sample.iter().skip(from).step_by(2);
        halves.filter(|byte| **byte == 0).count()
    };
    let (high, low) = (zeros(0), zeros(1));
    let many = sample.len() / 8;
    match (high > many, low > many) {
        (true, false) if low == 0 => Some(UTF_16BE),
        (false, true) if high == 0 => Some(UTF_16LE),
        _ => None,
    }
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut letters, mut faults) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        // Each letter of several bytes has exactly one byte that begins it.
        letters += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    faults == 0 || letters >= faults * VALID_PER_FAULT
}

/// The `charset` that the head of an HTML file names.
fn named_in_html(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HTML_HEAD_BYTES)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (_, after) = head.split_once("charset")?;
    let after = after.trim_start().strip_prefix('=')?;
    let label: String = after
        .trim_start_matches([' ', '"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_:".contains(*c))
        .collect();
    Encoding::for_label(label.as_bytes())
}

/// Ends every line with `\n`, and puts spaces for control characters, which no reader is meant to see.
pub(super) fn tidy(text: Cow<'_, str>) -> String {
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(odd) {
        return text.into_owned();
    }
    let mut tidied = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{c}' | '\u{85}' => tidied.push('\n'),
            c if odd(c) => tidied.push(' '),
            c => tidied.push(c),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        decode(bytes, false).ok().unwrap().text
    }

    fn utf16(text: &str, to: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to).collect()
    }

    #[test]
    fn a_mark_decides_and_is_no_part_of_the_text() {
        assert_eq!(text("\u{feff}Grüße".as_bytes()), "Grüße");
        assert_eq!(text(&utf16("\u{feff}Grüße", u16::to_le_bytes)), "Grüße");
        assert_eq!(text(&utf16("\u{feff}Grüße", u16::to_be_bytes)), "Grüße");
    }

    #[test]
    fn utf_16_is_seen_without_a_mark_too() {
        assert_eq!(
            text(&utf16("Plain words.", u16::to_le_bytes)),
            "Plain words."
        );
        assert_eq!(
            text(&utf16("Plain words.", u16::to_be_bytes)),
            "Plain words."
        );
    }

    #[test]
    fn old_encodings_are_guessed_or_believed() {
        assert_eq!(
            text(b"Stra\xdfe nach K\xf6ln \xfcber M\xfcnchen"),
            "Straße nach Köln über München"
        );
        let (russian, _, _) =
            encoding_rs::WINDOWS_1251.encode("Вопросы и ответы о договорах страхования");
        assert_eq!(text(&russian), "Вопросы и ответы о договорах страхования");
        let page = b"<meta charset=\"iso-8859-7\"><p>\xc1\xc2";
        assert!(decode(page, true).ok().unwrap().text.ends_with("ΑΒ"));
    }

    #[test]
    fn one_bad_byte_does_not_turn_a_whole_text_into_another_alphabet() {
        let mut bytes = "Größenänderungen für Schüler, Türen, Böden, Räume, Gänge, Höfe"
            .as_bytes()
            .to_vec();
        bytes.push(0xff);
        let decoded = decode(&bytes, false).ok().unwrap();
        assert!(decoded.text.starts_with("Größenänderungen") && decoded.text.ends_with('\u{fffd}'));
        assert!(decoded.note.unwrap().contains("UTF-8"));
    }

    #[test]
    fn lines_end_in_one_way_and_control_characters_are_gone() {
        assert_eq!(text(b"a\r\nb\rc\nd\x1b[1m\te"), "a\nb\nc\nd [1m\te");
    }

    #[test]
    fn what_holds_zeros_is_no_text() {
        assert!(matches!(
            decode(b"\x7fELF\0\0\0\x01\x02ab", false),
            Err(ExtractError::Binary)
        ));
    }
}
