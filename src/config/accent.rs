//! The page's accent: one colour of the operator's, as it can be read where the page is light and where it is dark. Pure.

use std::fmt;

use super::colour::Colour;

/// `page.accent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    /// As the operator has it.
    pub given: Colour,
    /// Where the page is light.
    pub light: Colour,
    /// Where it is dark.
    pub dark: Colour,
}

/// The least contrast of text, by WCAG 2.2 (1.4.3).
const CONTRAST: f64 = 4.5;

/// What the accent is text on, as `styles/ground.css` has it.
const GROUNDS: [&str; 6] = ["page", "raised", "tint", "bubble", "code", "side-ground"];
const LIGHT: [Colour; GROUNDS.len()] = [
    Colour([0xfb, 0xfa, 0xf7]),
    Colour([0xff, 0xff, 0xff]),
    Colour([0xf0, 0xf3, 0xee]),
    Colour([0xec, 0xef, 0xe8]),
    Colour([0xf4, 0xf3, 0xee]),
    Colour([0xf5, 0xf4, 0xef]),
];
const DARK: [Colour; GROUNDS.len()] = [
    Colour([0x17, 0x18, 0x16]),
    Colour([0x20, 0x22, 0x1f]),
    Colour([0x26, 0x2a, 0x26]),
    Colour([0x2a, 0x2d, 0x29]),
    Colour([0x1e, 0x20, 0x1d]),
    Colour([0x1b, 0x1c, 0x1a]),
];

impl Accent {
    /// What stands on the accent where the page is light, and where it is dark. It need not be looked for: the accent is
    /// told from grounds that are nearer to it than these.
    pub const ON: [Colour; 2] = [LIGHT[1], DARK[0]];

    /// The colour, moved in lightness where the page's words could not be read in it.
    pub(super) fn new(given: Colour) -> Self {
        let readable = |grounds: [Colour; GROUNDS.len()]| {
            move |colour: Colour| {
                grounds
                    .iter()
                    .all(|ground| colour.contrast(*ground) >= CONTRAST)
            }
        };
        Self {
            given,
            light: given.moved(true, readable(LIGHT)),
            dark: given.moved(false, readable(DARK)),
        }
    }
}

/// A sentence on what is shown.
impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { given, light, dark } = self;
        let moved = [("light", "darker", light), ("dark", "lighter", dark)]
            .into_iter()
            .filter(|(_, _, shown)| *shown != given)
            .map(|(scheme, how, shown)| format!("{how}, {shown}, where the page is {scheme}"));
        let moved: Vec<String> = moved.collect();
        write!(f, "{given}")?;
        if !moved.is_empty() {
            let moved = moved.join(", and ");
            write!(
                f,
                "; {moved}, so that words in it can be read ({CONTRAST}:1)"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: &str = include_str!("../../assets/page/src/styles/ground.css");

    #[test]
    fn the_grounds_are_those_of_the_pages_stylesheet() {
        let (light, dark) = GROUND.split_once("prefers-color-scheme: dark").unwrap();
        for (style, grounds) in [(light, LIGHT), (dark, DARK)] {
            for (name, ground) in GROUNDS.iter().zip(grounds) {
                let line = format!("--{name}: {ground};");
                assert!(style.contains(&line), "ground.css has no {line}");
            }
        }
    }

    #[test]
    fn every_accent_can_be_read_on_every_ground_and_be_written_on() {
        let parts = [0, 51, 102, 153, 204, 255];
        let mut tried = 0;
        for red in parts {
            for green in parts {
                for blue in parts {
                    let accent = Accent::new(Colour([red, green, blue]));
                    let schemes = [
                        (accent.light, LIGHT, Accent::ON[0]),
                        (accent.dark, DARK, Accent::ON[1]),
                    ];
                    for (shown, grounds, on) in schemes {
                        for ground in grounds.into_iter().chain([on]) {
                            let found = shown.contrast(ground);
                            assert!(found >= CONTRAST, "{accent}: {found} on {ground}");
                        }
                    }
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, 216);
    }

    #[test]
    fn what_is_shown_instead_is_told() {
        let told = |text| Accent::new(Colour::parse(text).unwrap()).to_string();
        assert_eq!(
            told("#2c6152"),
            "#2c6152; lighter, #689d8c, where the page is dark, so that words in it can be read (4.5:1)"
        );
        assert_eq!(
            told("#fe0"),
            "#ffee00; darker, #766e04, where the page is light, so that words in it can be read (4.5:1)"
        );
        assert_eq!(
            told("#808080"),
            "#808080; darker, #6c6c6c, where the page is light, and lighter, #939393, where the page is dark, so that \
             words in it can be read (4.5:1)"
        );
    }
}
