//! The web manifest, by which a browser installs the page. All addresses in it are seen from its own.

use serde_json::json;

use crate::config;

/// Where the page finds it.
pub const NAME: &str = "manifest.webmanifest";

/// Characters that a launcher has room for under an icon.
const SHORT: usize = 12;

/// The manifest's text. Colours are those of the page's ground in the light scheme: a manifest knows no other.
pub fn manifest(config: &config::Page) -> String {
    let icon = |name: &str, size: &str, purpose: &str| json!({ "src": name, "sizes": size, "type": "image/png", "purpose": purpose });
    json!({
        "name": config.title,
        "short_name": short(&config.title),
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#fbfaf7",
        "theme_color": "#fbfaf7",
        "icons": [
            icon("icon-192.png", "192x192", "any"),
            icon("icon-512.png", "512x512", "any"),
            icon("icon-maskable.png", "512x512", "maskable"),
        ],
    })
    .to_string()
}

/// As many of the title's first words as there is room for, of a longer word its beginning.
fn short(title: &str) -> String {
    let mut short = String::new();
    for word in title.split_whitespace() {
        let room = SHORT.saturating_sub(short.chars().count());
        if short.is_empty() {
            short.extend(word.chars().take(room));
        } else if word.chars().count() < room {
            short.push(' ');
            short.push_str(word);
        } else {
            break;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_of_whole_words_where_they_fit() {
        for (title, name) in [
            ("askd", "askd"),
            ("Ask the test", "Ask the test"),
            ("Ask the library", "Ask the"),
            ("Verwaltungsvorschriften", "Verwaltungsv"),
            ("  Fragen   Sie uns alle", "Fragen Sie"),
            ("", ""),
        ] {
            assert_eq!(short(title), name);
        }
    }
}
