//! The rows of the result, and the small statistics behind them.

/// One line of the table.
pub struct Row {
    figure: String,
    bound: String,
    measured: String,
    noise: String,
    over: bool,
}

impl Row {
    /// A figure for comparison, without a bound.
    pub fn info(figure: impl Into<String>, rounds: &[f64], unit: Unit) -> Self {
        let (middle, low, high) = (median(rounds), least(rounds), most(rounds));
        let noise = if rounds.len() > 1 {
            format!("{} .. {}", unit.show(low), unit.show(high))
        } else {
            String::new()
        };
        Self {
            figure: figure.into(),
            bound: String::new(),
            measured: unit.show(middle),
            noise,
            over: false,
        }
    }

    /// A figure that must not be over `bound`. Its value is the median of its rounds.
    pub fn at_most(figure: impl Into<String>, bound: f64, rounds: &[f64], unit: Unit) -> Self {
        let row = Self::info(figure, rounds, unit);
        Self {
            bound: format!("<= {}", unit.show(bound)),
            over: !at_most(median(rounds), bound),
            ..row
        }
    }

    /// A figure that must not be under `bound`.
    pub fn at_least(figure: impl Into<String>, bound: f64, rounds: &[f64], unit: Unit) -> Self {
        let row = Self::info(figure, rounds, unit);
        Self {
            bound: format!(">= {}", unit.show(bound)),
            over: !at_most(bound, median(rounds)),
            ..row
        }
    }

    /// A percentile of many samples, with their least and most as its noise.
    pub fn percentile(
        figure: impl Into<String>,
        bound: f64,
        share: f64,
        samples: &[f64],
        unit: Unit,
    ) -> Self {
        let row = Self::at_most(figure, bound, &[percentile(samples, share)], unit);
        Self {
            noise: format!(
                "{} .. {}",
                unit.show(least(samples)),
                unit.show(most(samples))
            ),
            ..row
        }
    }
}

/// How a number is written.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Nanoseconds, written as milliseconds.
    Ms,
    /// Seconds.
    Seconds,
    /// KiB.
    KiB,
    /// KiB, written as MiB.
    MiB,
    /// Bytes, written in full.
    Bytes,
    /// A share of 1, written in percent.
    Percent,
    /// A plain count.
    Count,
    /// So many a second.
    Rate,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Ms => format!("{:.3} ms", value / 1e6),
            Self::Seconds => format!("{value:.2} s"),
            Self::KiB => format!("{value:.1} KiB"),
            Self::MiB => format!("{:.1} MiB", value / 1024.0),
            Self::Bytes => format!("{value:.0} B"),
            Self::Percent => format!("{:.0} %", value * 100.0),
            Self::Count => format!("{value:.0}"),
            Self::Rate => format!("{value:.2}"),
        }
    }
}

/// The value below which this share of the samples lies; NaN of none.
pub fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// The one in the middle.
pub fn median(samples: &[f64]) -> f64 {
    percentile(samples, 0.5)
}

/// False also for a value that is no number, which therefore is never within a bound.
fn at_most(value: f64, bound: f64) -> bool {
    value <= bound
}

fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Prints the table; columns as wide as their widest cell.
pub fn print(rows: &[Row]) {
    let head = ["figure", "bound", "measured", "noise (min .. max)", ""].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let verdict = match (row.bound.is_empty(), row.over) {
            (true, _) => "",
            (false, false) => "ok",
            (false, true) => "OVER THE BOUND",
        };
        [
            row.figure.clone(),
            row.bound.clone(),
            row.measured.clone(),
            row.noise.clone(),
            verdict.to_owned(),
        ]
    });
    let lines: Vec<[String; 5]> = std::iter::once(head).chain(cells).collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    println!();
    for line in &lines {
        let padded = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    }
}
