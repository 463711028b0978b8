//! PDFs, read by the real binary in a process of its own.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use askd::knowledge::{
    document::MAX_TEXT_BYTES,
    extract::{self, Kind, pdf},
    split,
};
use flate2::{Compression, write::ZlibEncoder};

use crate::harness::PATIENCE;

fn reader() -> pdf::Reader {
    pdf::Reader {
        program: env!("CARGO_BIN_EXE_askd").into(),
        time: PATIENCE,
        ..pdf::Reader::default()
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A PDF whose pages have these contents, each packed as often as said.
fn pdf(pages: &[Vec<u8>], times: usize) -> Vec<u8> {
    let kids: String = (0..pages.len())
        .map(|page| format!("{} 0 R ", 4 + page * 2))
        .collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Count {}/Kids[{kids}]>>", pages.len()).into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    for (page, content) in pages.iter().enumerate() {
        objects.push(
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents {} 0 R>>",
                5 + page * 2
            )
            .into_bytes(),
        );
        let filters = "/FlateDecode ".repeat(times);
        let mut stream =
            format!("<</Length {}/Filter[{filters}]>>stream\n", content.len()).into_bytes();
        stream.extend_from_slice(content);
        stream.extend_from_slice(b"\nendstream");
        objects.push(stream);
    }
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    table += &format!(
        "trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF",
        objects.len() + 1
    );
    file.extend_from_slice(table.as_bytes());
    file
}

fn fault(pdf: &[u8]) -> String {
    let began = Instant::now();
    let fault = extract::document(Kind::Pdf, pdf, &reader()).unwrap_err();
    assert!(began.elapsed() < PATIENCE + Duration::from_secs(1));
    fault.to_string()
}

#[test]
fn a_pdf_gives_its_words_by_page() {
    let page = |words: &str| packed(format!("BT /F1 12 Tf 72 720 Td ({words}) Tj ET").as_bytes());
    let file = pdf(&[page("The first page."), page("The second.")], 1);
    let document = extract::document(Kind::Pdf, &file, &reader()).unwrap();
    assert_eq!(document.text, "The first page.\n\nThe second.");
    let pieces = split::split(&document).pieces;
    assert_eq!(pieces[1].anchor.as_deref(), Some("page=2"));
}

#[test]
fn a_page_that_is_broken_costs_itself_alone() {
    let good = packed(b"BT /F1 12 Tf 72 720 Td (Good.) Tj ET");
    let bad = packed(b"BT /Missing 12 Tf 72 720 Td (Bad.) Tj ET");
    let document = extract::document(Kind::Pdf, &pdf(&[bad, good], 1), &reader()).unwrap();
    assert_eq!(document.text, "Good.");
    assert_eq!(document.notes, ["1 of its 2 pages cannot be read"]);
}

#[test]
fn a_bomb_ends_at_a_limit_with_a_sentence() {
    // 1 GiB of spaces, packed twice.
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let blank = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        encoder.write_all(&blank).unwrap();
    }
    let bomb = packed(&encoder.finish().unwrap());
    let file = pdf(&[bomb], 2);
    assert!(file.len() < 100_000, "{}", file.len());
    let told = fault(&file);
    assert!(
        told.contains("512 MiB") || told.contains("seconds"),
        "{told}"
    );
}

#[test]
fn text_without_end_ends_at_a_limit_with_a_sentence() {
    let words = "word ".repeat(10_000);
    let show = format!(
        "BT /F1 12 Tf 72 720 Td {} ET",
        format!("({words}) Tj ").repeat(40)
    );
    let page = packed(show.as_bytes());
    let pages = vec![page; MAX_TEXT_BYTES / (words.len() * 40) + 2];
    let told = fault(&pdf(&pages, 1));
    assert!(
        told.contains("16 MiB of text") || told.contains("seconds"),
        "{told}"
    );
}

#[test]
fn what_is_no_pdf_is_said_to_be_none() {
    for file in [&b"%PDF-1.7\n"[..], b"no", b"", &b"[".repeat(100_000)] {
        let told = fault(file);
        assert!(told.contains("no PDF, or damaged"), "{told}");
    }
    // Lists in lists, where a parser keeps its place on the stack: it gives up, or its process ends.
    let deep = b"[".repeat(200_000);
    let told = fault(&pdf(&[packed(&deep)], 1));
    assert!(
        told.contains("1 of its 1 pages") || told.contains("signal"),
        "{told}"
    );
}
