//! `[page]`: the operator's own, as the page takes it.

use askd::config::{FooterLink, Kind};

use super::*;

#[test]
fn what_is_not_given_is_the_pages_own() {
    let page = good("").page;
    assert_eq!((page.language, page.logo, page.accent), (None, None, None));
    assert_eq!(
        (page.footer, page.disclaimer, page.css),
        (vec![], None, None)
    );
}

#[test]
fn the_operators_own_is_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    // Its name does not say what it is.
    let logo = file("logo.svg", b"\x89PNG\r\n\x1a\n");
    let css = file("own.css", b"h1 { color: red }");
    let page = good(&format!(
        "[page]\nlanguage = \"de\"\nlogo = {logo:?}\naccent = \"#fe0\"\ncss = {css:?}\ndisclaimer = \"Mind it.\"\n\
         footer = [{{ text = \"Imprint\", url = \"https://example.org/a#b\" }}, {{ text = \"Mail\", url = \"mailto:a@example.org\" }}]\n\
         [[endpoint]]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\n"
    ))
    .page;
    assert_eq!(page.language, Some("de"));
    assert_eq!(page.logo.unwrap().kind, Kind::Png);
    assert_eq!(page.css.unwrap().content, "h1 { color: red }");
    let accent = page.accent.unwrap();
    assert_eq!(accent.given.to_string(), "#ffee00");
    assert_eq!(accent.dark, accent.given);
    assert_ne!(accent.light, accent.given);
    assert_eq!(page.disclaimer.as_deref(), Some("Mind it."));
    let link = |text: &str, url: &str| FooterLink {
        text: text.to_owned(),
        url: url.to_owned(),
    };
    assert_eq!(
        page.footer,
        [
            link("Imprint", "https://example.org/a#b"),
            link("Mail", "mailto:a@example.org")
        ]
    );
}

#[test]
fn links_in_sections_of_their_own_are_links_and_ten_are_enough() {
    let links = |many: usize| "[[page.footer]]\ntext = \"a\"\nurl = \"/a\"\n".repeat(many);
    assert_eq!(good(&links(10)).page.footer.len(), 10);
    let faults = load(&links(11)).unwrap_err();
    assert_eq!(faults.0.len(), 1);
    assert_eq!(faults.0[0].key, "page.footer");
}
