//! Colours of the screen: as they are written, how well two can be told apart, and the nearest one that can be. Pure.

use std::fmt;

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// As in a stylesheet: `#rrggbb`.
impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A step of OKLCH's lightness: too small to be seen.
const STEP: f64 = 0.002;

/// Steps from a chroma to none, when one is looked for that a screen can show.
const CHROMA_STEPS: u32 = 100;

impl Colour {
    /// Reads `#rgb` and `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .strip_prefix('#')?
            .chars()
            .map(|digit| digit.to_digit(16)?.try_into().ok())
            .collect::<Option<_>>()?;
        match digits[..] {
            [red, green, blue] => Some(Self([red, green, blue].map(|digit| digit * 17))),
            [a, b, c, d, e, f] => Some(Self([a * 16 + b, c * 16 + d, e * 16 + f])),
            _ => None,
        }
    }

    /// The contrast of WCAG 2.2, 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The colour of the same hue that `does` and is nearest in lightness, darker or lighter; at the end black or white.
    pub(super) fn moved(self, darker: bool, does: impl Fn(Self) -> bool) -> Self {
        let (mut colour, [mut lightness, chroma, hue]) = (self, self.oklch());
        let by = if darker { -STEP } else { STEP };
        while !does(colour) && (0.0..=1.0).contains(&lightness) {
            lightness += by;
            colour = Self::shown(lightness.clamp(0.0, 1.0), chroma, hue);
        }
        colour
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|part| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        })
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Lightness, chroma and hue, by Ottosson's definition of OKLab.
    fn oklch(self) -> [f64; 3] {
        let lms = times(LINEAR_TO_LMS, self.linear()).map(f64::cbrt);
        let [lightness, a, b] = times(LMS_TO_LAB, lms);
        [lightness, a.hypot(b), b.atan2(a)]
    }

    /// The colour of this lightness and hue with as much of the chroma as a screen can show.
    fn shown(lightness: f64, chroma: f64, hue: f64) -> Self {
        let linear = |chroma: f64| {
            let lab = [lightness, chroma * hue.cos(), chroma * hue.sin()];
            times(
                LMS_TO_LINEAR,
                times(LAB_TO_LMS, lab).map(|part| part.powi(3)),
            )
        };
        let fits = |linear: &[f64; 3]| linear.iter().all(|part| (-1e-4..=1.0001).contains(part));
        let linear = (0..CHROMA_STEPS)
            .map(|step| linear(chroma * (1.0 - f64::from(step) / f64::from(CHROMA_STEPS))))
            .find(fits)
            .unwrap_or_else(|| linear(0.0));
        Self(linear.map(|part| {
            let part = match part.clamp(0.0, 1.0) {
                part if part <= 0.003_130_8 => part * 12.92,
                part => 1.055 * part.powf(1.0 / 2.4) - 0.055,
            };
            (part * 255.0).round() as u8
        }))
    }
}

type Matrix = [[f64; 3]; 3];

fn times(matrix: Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

// The matrices of OKLab's definition.

const LINEAR_TO_LMS: Matrix = [
    [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
    [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
    [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
];

const LMS_TO_LAB: Matrix = [
    [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
    [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
    [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
];

const LAB_TO_LMS: Matrix = [
    [1.0, 0.396_337_777_4, 0.215_803_757_3],
    [1.0, -0.105_561_345_8, -0.063_854_172_8],
    [1.0, -0.089_484_177_5, -1.291_485_548_0],
];

const LMS_TO_LINEAR: Matrix = [
    [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
    [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
    [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn a_colour_is_read_as_a_stylesheet_has_it() {
        assert_eq!(colour("#0aF").to_string(), "#00aaff");
        assert_eq!(colour("#2c6152").0, [0x2c, 0x61, 0x52]);
        for text in [
            "", "#", "#12", "#1234", "#12345", "#1234567", "2c6152", "#ggg", "#é", "red", "# 123",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_what_the_guidelines_say() {
        let near = |one, two, ratio: f64| {
            let found = colour(one).contrast(colour(two));
            assert!((found - ratio).abs() < 0.005, "{one} on {two}: {found}");
        };
        near("#000", "#fff", 21.0);
        near("#abc", "#abc", 1.0);
        // Greys that are known for being just enough, and just too little.
        near("#767676", "#fff", 4.54);
        near("#777", "#fff", 4.48);
        near("#fff", "#f00", 4.0);
    }

    #[test]
    fn a_colour_goes_through_oklch_and_comes_back_as_it_was() {
        for text in [
            "#2c6152", "#ff0000", "#0000ff", "#00ff00", "#ffffff", "#000000", "#808080",
        ] {
            let [lightness, chroma, hue] = colour(text).oklch();
            assert_eq!(Colour::shown(lightness, chroma, hue).to_string(), text);
        }
        let [lightness, chroma, hue] = colour("#ff0000").oklch();
        // As CSS Color 4 has it: oklch(62.8% 0.2577 29.23deg).
        assert!((lightness - 0.628).abs() < 0.001 && (chroma - 0.2577).abs() < 0.001);
        assert!((hue.to_degrees() - 29.23).abs() < 0.05);
    }

    #[test]
    fn what_does_is_left_alone_and_the_rest_is_moved_as_little_as_will_do() {
        let white = colour("#fff");
        let readable = |colour: Colour| colour.contrast(white) >= 4.5;
        assert_eq!(colour("#2c6152").moved(true, readable), colour("#2c6152"));
        let moved = colour("#ffee00").moved(true, readable);
        assert!(readable(moved) && moved.contrast(white) < 4.7, "{moved}");
        let hue = |colour: Colour| colour.oklch()[2].to_degrees();
        assert!((hue(moved) - hue(colour("#ffee00"))).abs() < 4.0, "{moved}");
        assert_eq!(colour("#f00").moved(true, |_| false), colour("#000"));
        assert_eq!(colour("#f00").moved(false, |_| false), white);
    }
}
