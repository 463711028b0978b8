//! Front matter: the few lines before a Markdown text that say its title, its address and its tags.
//!
//! Between `+++` lines it is TOML. Between `---` lines it is a plain subset of YAML, for all of YAML costs more than
//! these three keys are worth: `key: value` from the line's start, the value bare or in quotes; tags as `[a, b]`,
//! as `a, b`, or as lines of `- a`. Other keys, and lines that are indented under them, mean nothing here.

use crate::knowledge::document::Document;

/// Bytes of front matter at most. A mark that is not closed by then was a rule, and the text begins with it.
const MAX_BYTES: usize = 64 << 10;

/// Takes the front matter off a text, into the document, and returns what follows.
pub(super) fn take<'a>(document: &mut Document, text: &'a str) -> &'a str {
    let Some((mark, inside, after)) = part(text) else {
        if seems_open(text) {
            document.note("its front matter is not closed, and is read as text".to_owned());
        }
        return text;
    };
    match mark {
        "+++" => toml(document, inside),
        _ => yaml(document, inside),
    }
    after
}

/// The mark, what stands between its lines, and what follows.
fn part(text: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = text.split_once('\n')?;
    let mark = first.trim_end();
    if mark != "---" && mark != "+++" {
        return None;
    }
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        let closes = line.trim_end() == mark || (mark == "---" && line.trim_end() == "...");
        if closes {
            let inside = &rest[..at];
            return speaks(inside).then(|| (mark, inside, &rest[at + line.len()..]));
        }
        at += line.len();
        if at > MAX_BYTES {
            return None;
        }
    }
    None
}

/// Whether the first line that says something is a key: two rules with prose between them are no front matter.
fn speaks(inside: &str) -> bool {
    let mut lines = inside.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_none_or(|line| {
        let key = line.split([':', '=']).next().unwrap_or_default();
        key.len() < line.len() && !key.trim().contains(char::is_whitespace) || line.starts_with('[')
    })
}

/// Whether a text begins like front matter with one of its keys; where that has no end, somebody has forgotten it.
fn seems_open(text: &str) -> bool {
    let mut lines = text.lines();
    let is_mark = lines
        .next()
        .is_some_and(|line| matches!(line.trim_end(), "---" | "+++"));
    let key = lines.next().and_then(|line| line.split([':', '=']).next());
    is_mark && key.is_some_and(|key| matches!(key.trim_end(), "title" | "url" | "tags"))
}

fn toml(document: &mut Document, inside: &str) {
    let table: toml::Table = match toml::from_str(inside) {
        Ok(table) => table,
        Err(error) => {
            document.note(format!("its front matter is not TOML: {}", error.message()));
            return;
        }
    };
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
    document.offer_title(text("title").unwrap_or_default());
    document.offer_url(text("url").unwrap_or_default());
    let tags = table.get("tags").and_then(toml::Value::as_array);
    document.offer_tags(tags.into_iter().flatten().filter_map(toml::Value::as_str));
    document.offer_tags(text("tags").unwrap_or_default().split(','));
}

fn yaml(document: &mut Document, inside: &str) {
    let mut in_tags = false;
    for line in inside.lines() {
        let item = line.trim_start().strip_prefix("- ");
        if let Some(item) = item.filter(|_| in_tags) {
            document.offer_tags([scalar(item).as_str()].into_iter());
            continue;
        }
        if line.starts_with([' ', '\t', '#', '-']) || line.is_empty() {
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        in_tags = key == "tags" && value.is_empty();
        if matches!(key, "title" | "url") && value.starts_with(['|', '>', '&', '*', '!', '{', '['])
        {
            document.note(format!(
                "its front matter's `{key}` is not text on one line"
            ));
            continue;
        }
        match key {
            "title" => document.offer_title(&scalar(value)),
            "url" => document.offer_url(&scalar(value)),
            "tags" => {
                let list = value.strip_prefix('[');
                let list = list
                    .and_then(|list| list.rsplit_once(']'))
                    .map(|(list, _)| list);
                let list = list.map_or_else(|| scalar(value), str::to_owned);
                let items: Vec<String> = list.split(',').map(scalar).collect();
                document.offer_tags(items.iter().map(String::as_str));
            }
            _ => {}
        }
    }
}

/// A value without its quotes, or without the comment behind it.
fn scalar(value: &str) -> String {
    let value = value.trim();
    if let Some(quoted) = value.strip_prefix('"') {
        let mut text = String::new();
        let mut chars = quoted.chars();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            text.extend(match c {
                '\\' => chars.next().map(|escaped| match escaped {
                    'n' | 'r' | 't' => ' ',
                    other => other,
                }),
                c => Some(c),
            });
        }
        return text;
    }
    if let Some(quoted) = value.strip_prefix('\'') {
        let end = quoted
            .replace("''", "\0\0")
            .find('\'')
            .unwrap_or(quoted.len());
        return quoted[..end].replace("''", "'");
    }
    let end = value.find(" #").unwrap_or(value.len());
    value[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Document, String) {
        let mut document = Document::default();
        let rest = take(&mut document, text).to_owned();
        (document, rest)
    }

    #[test]
    fn yaml_gives_title_address_and_tags_in_each_of_its_usual_forms() {
        let (document, rest) = read(
            "---\n# note\ntitle: \"The \\\"big\\\" plan\" # mine\nurl: https://example.org/plan # here\nauthor:\n  - title: no\n\
             tags: [one, 'it''s', \"three\"]\n---\n# Text\n",
        );
        assert_eq!(document.title.as_deref(), Some("The \"big\" plan"));
        assert_eq!(document.url.as_deref(), Some("https://example.org/plan"));
        assert_eq!(document.tags, ["one", "it's", "three"]);
        assert_eq!((rest.as_str(), document.notes.len()), ("# Text\n", 0));
        assert_eq!(
            read("---\ntags:\n- a\n  - b c\ntitle: 'x'\n...\n").0.tags,
            ["a", "b c"]
        );
        assert_eq!(read("---\ntags: a, b\n---\n").0.tags, ["a", "b"]);
        let lines = read("---\ntitle: \"one\\ntwo\"\n---\n");
        assert_eq!(lines.0.title.as_deref(), Some("one two"));
    }

    #[test]
    fn toml_gives_the_same() {
        let (document, rest) = read("+++\ntitle = \"Plan\"\ntags = [\"a\", \"b\"]\n+++\nText");
        assert_eq!(
            (document.title.as_deref(), document.tags.len()),
            (Some("Plan"), 2)
        );
        assert_eq!(rest, "Text");
        let (broken, rest) = read("+++\ntitle = \n+++\nText");
        assert!(broken.notes[0].contains("not TOML"));
        assert_eq!(rest, "Text");
    }

    #[test]
    fn a_rule_is_not_front_matter() {
        for text in [
            "---\nA sentence of prose.\n---\nMore.",
            "---\ntitle: never closed\n",
            "text\n---\na: b\n---\n",
        ] {
            let (document, rest) = read(text);
            assert_eq!((document.title, rest.as_str()), (None, text));
        }
    }

    #[test]
    fn front_matter_without_an_end_is_told() {
        let notes = |text| read(text).0.notes.len();
        assert_eq!(notes("---\ntitle: never closed\n\nText.\n"), 1);
        assert_eq!(notes("---\nNote: a rule\n"), 0);
    }

    #[test]
    fn what_the_subset_does_not_know_is_said() {
        let (document, _) = read("---\ntitle: >\n  folded\n---\n");
        assert_eq!(document.title, None);
        assert!(document.notes[0].contains("`title`"));
    }
}
