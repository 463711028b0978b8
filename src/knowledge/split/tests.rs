use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::knowledge::extract::{self, Kind, pdf};

fn read(kind: Kind, text: &str) -> Document {
    extract::document(kind, text.as_bytes(), &pdf::Reader::default()).unwrap()
}

fn pieces(kind: Kind, text: &str) -> Vec<Piece> {
    split(&read(kind, text)).pieces
}

/// Holds that the pieces have all of the document's text but white space and headings, once, in order.
fn covered(document: &Document) -> Result<(), TestCaseError> {
    let split = split(document);
    prop_assert!(!split.left_out);
    let mut wanted = String::new();
    for block in &document.blocks {
        if !matches!(block.kind, BlockKind::Heading { .. }) {
            wanted.extend(document.text[block.range.clone()].split_whitespace());
        }
    }
    let mut at = 0;
    let mut found = String::new();
    for piece in &split.pieces {
        prop_assert!(
            piece.range.start >= at && !piece.range.is_empty(),
            "{piece:?} after {at}"
        );
        at = piece.range.end;
        let own = &document.text[piece.range.clone()];
        prop_assert!(piece.text.contains(own));
        prop_assert!(
            tokens(&piece.text) <= MAX_TOKENS + TARGET_TOKENS / 2 + 2 || piece.title.is_some()
        );
        let lonely = piece.headings.last().is_some_and(|heading| heading == own);
        if !lonely {
            found.extend(own.split_whitespace());
        }
    }
    prop_assert_eq!(found, wanted);
    Ok(())
}

#[test]
fn a_heading_begins_a_passage_and_is_above_all_that_follows() {
    let text =
        "Before.\n\n# One\n\n## Two\n\nA.\n\nB.\n\n### Three\n\nC.\n\n## Four\n\n# Five\n\nD.\n";
    let found = pieces(Kind::Markdown, text);
    let shown: Vec<_> = found
        .iter()
        .map(|piece| {
            (
                piece.headings.join(" > "),
                piece.anchor.as_deref().unwrap_or("-"),
                piece.text.as_str(),
            )
        })
        .collect();
    let expected = [
        ("", "-", "Before."),
        ("One > Two", "two", "A.\n\nB."),
        ("One > Two > Three", "three", "C."),
        ("One > Four", "four", "Four"),
        ("Five", "five", "D."),
    ];
    assert_eq!(
        shown,
        expected.map(|(path, anchor, text)| (path.to_owned(), anchor, text))
    );
}

#[test]
fn blocks_fill_a_passage_up_and_stay_whole() {
    let paragraph = "word ".repeat(100);
    let found = pieces(Kind::Text, &format!("{paragraph}\n\n").repeat(5));
    let sizes: Vec<_> = found
        .iter()
        .map(|piece| piece.text.split_whitespace().count())
        .collect();
    assert_eq!(sizes, [200, 200, 100]);
    let whole = "word ".repeat(MAX_TOKENS * 4 / 5);
    assert_eq!(pieces(Kind::Text, &whole).len(), 1);
}

#[test]
fn a_list_too_long_is_cut_between_its_items() {
    let items: String = (0..100)
        .map(|n| format!("- the item {n}\n  with a second line\n"))
        .collect();
    let found = pieces(Kind::Markdown, &items);
    assert!(found.len() > 2);
    assert!(
        found
            .iter()
            .all(|piece| piece.text.starts_with("- the item")),
        "{found:?}"
    );
    let html = format!(
        "<ul>{}</ul>",
        "<li>a rather long item of a list".repeat(100)
    );
    let found = pieces(Kind::Html, &html);
    assert!(
        found.len() > 2
            && found
                .iter()
                .all(|piece| piece.text.starts_with("- a rather"))
    );
}

#[test]
fn a_table_too_long_repeats_its_head_and_code_its_fences() {
    let rows: String = (0..200).map(|n| format!("| row {n} | value |\n")).collect();
    let found = pieces(
        Kind::Markdown,
        &format!("| name | what |\n|---|---|\n{rows}"),
    );
    assert!(found.len() > 2);
    for piece in &found {
        assert!(
            piece.text.starts_with("| name | what |\n|---|---|\n| row "),
            "{}",
            piece.text
        );
    }
    let lines: String = (0..200).map(|n| format!("let x{n} = {n};\n")).collect();
    let found = pieces(Kind::Markdown, &format!("```rust\n{lines}```\n"));
    assert!(found.len() > 2);
    for piece in &found {
        assert!(
            piece.text.starts_with("```rust\nlet ") && piece.text.ends_with(";\n```"),
            "{}",
            piece.text
        );
    }
}

#[test]
fn prose_too_long_is_cut_after_a_sentence() {
    let prose = "A sentence\nthat is broken into lines. ".repeat(100);
    let found = pieces(Kind::Text, &prose);
    assert!(found.len() > 2);
    assert!(
        found
            .iter()
            .all(|piece| piece.text.starts_with("A sentence") && piece.text.ends_with("lines."))
    );
    let chinese = "这是一个很长的句子。".repeat(200);
    let found = pieces(Kind::Text, &chinese);
    assert!(found.len() > 5 && found.iter().all(|piece| piece.text.ends_with('。')));
}

#[test]
fn a_letter_is_never_parted_from_its_accents() {
    let text = "e\u{301}".repeat(5_000);
    let found = pieces(Kind::Text, &text);
    assert!(found.len() > 2 && found.iter().all(|piece| piece.text.starts_with('e')));
}

#[test]
fn an_entry_and_a_row_are_passages_of_their_own() {
    let entry = r#"{"title":"T","question":"Why?","answer":"So.","tags":["x"]}"#;
    let found = pieces(Kind::JsonLines, &format!("{entry}\n{entry}"));
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].title.as_deref(), found[0].headings.as_slice()),
        (Some("T"), &["Why?".to_owned()][..])
    );
    assert_eq!(found[1].text, "So.");
    assert_eq!(pieces(Kind::Csv, "a,b\n1,2\n3,4\n").len(), 2);
}

#[test]
fn a_page_is_where_a_passage_opens() {
    let found = split(&pdf::document("one\u{c}two\u{c}")).pieces;
    let anchors: Vec<_> = found.iter().map(|piece| piece.anchor.as_deref()).collect();
    assert_eq!(anchors, [Some("page=1"), Some("page=2")]);
}

#[test]
fn passages_without_end_are_left_out() {
    let entry = "{\"question\":\"Why?\",\"answer\":\"So.\"}\n";
    let split = split(&read(Kind::JsonLines, &entry.repeat(MAX_PASSAGES + 1)));
    assert_eq!((split.pieces.len(), split.left_out), (MAX_PASSAGES, true));
}

#[test]
fn what_stands_above_each_passage_cannot_fill_the_memory() {
    let tags = vec!["tag".repeat(500); 30].join(", ");
    let text = format!(
        "---\ntags: [{tags}]\n---\n{}",
        "## H\n\np\n\n".repeat(5_000)
    );
    let document = read(Kind::Markdown, &text);
    let split = split(&document);
    assert!(split.left_out && !split.pieces.is_empty());
    let searched = split
        .pieces
        .iter()
        .flat_map(|piece| piece.searched(&document));
    assert!(searched.map(str::len).sum::<usize>() <= MAX_SEARCHED_BYTES);
}

#[test]
fn a_hostile_file_of_each_kind_is_read_or_refused_in_its_time() {
    let reader = pdf::Reader {
        program: "/nonexistent".into(),
        ..pdf::Reader::default()
    };
    let seeds: [&[u8]; 12] = [
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"- ",
        b"<ul><li>",
        b"[",
        b"\"",
        b"\xc3",
        b"a,\"",
        b"# a\n",
    ];
    let mut read = 0;
    for seed in seeds {
        let bytes = seed.repeat(20_000);
        for kind in Kind::ALL {
            if let Ok(document) = extract::document(kind, &bytes, &reader) {
                covered(&document).unwrap();
                read += 1;
            }
        }
    }
    assert!(read > 20, "{read}");
    let large = vec![b'a'; usize::try_from(extract::MAX_FILE_BYTES).unwrap() + 1];
    for kind in Kind::ALL {
        assert!(extract::document(kind, &large, &reader).is_err());
    }
    assert_eq!(Kind::of(Path::new("a/B.HTM")), Some(Kind::Html));
}

fn structure() -> impl Strategy<Value = String> {
    let words = "[a-zé界 .!-]{1,80}";
    let block = prop_oneof![
        words.prop_map(|text| format!("{text}\n\n")),
        words.prop_map(|text| format!("## {text}\n\n")),
        ("[a-z ]{1,900}", 1_usize..9).prop_map(|(text, n)| format!("{}\n\n", text.repeat(n))),
        (words, 1_usize..150)
            .prop_map(|(text, n)| format!("{}\n", format!("- {text}\n").repeat(n))),
        (words, 1_usize..150).prop_map(|(text, n)| format!(
            "| a | b |\n|---|---|\n{}\n",
            format!("| x | {text} |\n").repeat(n)
        )),
        (words, 1_usize..150)
            .prop_map(|(text, n)| format!("```\n{}```\n\n", format!("{text}\n").repeat(n))),
        (words, 1_usize..20).prop_map(|(text, n)| format!(
            "<div>\n<b>{text}</b>\n</div>\n\n![{text}](x)\n\n{}",
            "> ".repeat(n)
        )),
    ];
    prop::collection::vec(block, 0..12).prop_map(|blocks| blocks.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_passages_of_a_text_have_all_its_words_once_and_in_order(text in structure()) {
        for kind in [Kind::Markdown, Kind::Text, Kind::Html] {
            if let Ok(document) = extract::document(kind, text.as_bytes(), &pdf::Reader::default()) {
                covered(&document)?;
                if kind == Kind::Text {
                    let words = |text: &str| text.split_whitespace().collect::<String>();
                    prop_assert_eq!(words(&document.text), words(&text));
                }
            }
        }
    }

    #[test]
    fn any_bytes_as_any_kind_stay_within_their_bounds(bytes in prop::collection::vec(any::<u8>(), 0..600), copies in 1_usize..40) {
        let bytes = bytes.repeat(copies);
        let reader = pdf::Reader { program: "/nonexistent".into(), ..pdf::Reader::default() };
        for kind in Kind::ALL {
            if let Ok(document) = extract::document(kind, &bytes, &reader) {
                prop_assert!(document.text.len() <= bytes.len() * 8);
                covered(&document)?;
            }
        }
    }

    #[test]
    fn any_marks_as_any_kind_stay_within_their_bounds(text in "([-*>#|`~<\\[\\]!(){}\":,/a\n\t é]|<ul>|<li>|</p>|<pre>|<tr><td>|---\n|\\{\"question\":){0,300}") {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Pdf) {
            if let Ok(document) = extract::document(kind, text.as_bytes(), &pdf::Reader::default()) {
                covered(&document)?;
            }
        }
    }
}
