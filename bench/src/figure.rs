//! A figure, its aim, and the line it is printed on.
//!
//! What lives here: the shape of the output. What does not: measuring.

use std::io::{self, Write};

use serde_json::json;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Aim {
    /// Whether a value reaches the aim.
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => limit <= value,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(limit) => format!("≤ {}", shown(limit)),
            Self::AtLeast(limit) => format!("≥ {}", shown(limit)),
        }
    }
}

/// One measured number.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The suite it belongs to.
    pub suite: &'static str,
    /// What was measured.
    pub measure: String,
    /// The number; none if it is measured by hand.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: &'static str,
    /// What it should be; none if it is only for information.
    pub aim: Option<Aim>,
}

/// Prints figures as they are measured.
pub struct Printer {
    json: bool,
}

/// Width of the longest suite's name.
const SUITE_WIDTH: usize = 6;
/// Width of the longest measure.
const MEASURE_WIDTH: usize = 58;
/// Width of the largest value.
const VALUE_WIDTH: usize = 11;
/// Width of the longest unit.
const UNIT_WIDTH: usize = 11;
/// Width of the longest aim.
const AIM_WIDTH: usize = 8;

impl Printer {
    /// A printer of text, or of JSON, one object per line.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a figure.
    pub fn print(&self, figure: &Figure) -> io::Result<()> {
        let line = if self.json { json_line(figure) } else { text_line(figure) };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        // Suites take minutes, and whoever reads through a pipe wants to see how far they are.
        out.flush()
    }
}

fn verdict(figure: &Figure) -> Option<bool> {
    Some(figure.aim?.is_met_by(figure.value?))
}

fn json_line(figure: &Figure) -> String {
    let (at_most, at_least) = match figure.aim {
        Some(Aim::AtMost(limit)) => (Some(limit), None),
        Some(Aim::AtLeast(limit)) => (None, Some(limit)),
        None => (None, None),
    };
    json!({
        "suite": figure.suite,
        "measure": figure.measure,
        "value": figure.value,
        "unit": figure.unit,
        "aim_at_most": at_most,
        "aim_at_least": at_least,
        "met": verdict(figure),
    })
    .to_string()
}

fn text_line(figure: &Figure) -> String {
    let Figure { suite, measure, unit, .. } = figure;
    let value = figure.value.map_or_else(|| "by hand".to_owned(), shown);
    let aim = figure.aim.map(Aim::text).unwrap_or_default();
    let verdict = match verdict(figure) {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "",
    };
    let line = format!(
        "{suite:SUITE_WIDTH$}  {measure:MEASURE_WIDTH$}  {value:>VALUE_WIDTH$} {unit:UNIT_WIDTH$}  \
         {aim:AIM_WIDTH$}  {verdict}"
    );
    line.trim_end().to_owned()
}

/// From here on fractions say nothing.
const WHOLE_FROM: f64 = 100.0;
/// From here on one decimal is enough.
const ONE_DECIMAL_FROM: f64 = 10.0;

/// A number with three digits that matter, and with its thousands apart.
pub fn shown(value: f64) -> String {
    if WHOLE_FROM <= value {
        return grouped(&format!("{value:.0}"));
    }
    let decimals = if ONE_DECIMAL_FROM <= value { 1 } else { 3 };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Digits between two commas.
const GROUP_DIGITS: usize = 3;

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(GROUP_DIGITS) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: Option<f64>, aim: Option<Aim>) -> Figure {
        Figure { suite: "clocks", measure: "next 10".to_owned(), value, unit: "ms", aim }
    }

    #[test]
    fn numbers_are_shown_with_what_matters() {
        for (value, text) in [
            (0.0, "0"),
            (0.0456, "0.046"),
            (5.0, "5"),
            (12.34, "12.3"),
            (80.0, "80"),
            (999.6, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(shown(value), text);
        }
    }

    #[test]
    fn a_line_says_what_was_wanted_and_whether_it_was_reached() {
        let missed = text_line(&figure(Some(7.0), Some(Aim::AtMost(5.0))));
        assert!(missed.contains("7 ms") && missed.ends_with("≤ 5       MISSED"), "{missed}");
        let met = text_line(&figure(Some(7.0), Some(Aim::AtLeast(5.0))));
        assert!(met.ends_with("≥ 5       met"), "{met}");
        assert!(text_line(&figure(Some(7.0), None)).ends_with("ms"));
        assert!(text_line(&figure(None, Some(Aim::AtMost(8.0)))).contains("by hand"));
    }

    #[test]
    fn json_holds_the_same() {
        let line = json_line(&figure(Some(4.5), Some(Aim::AtMost(5.0))));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["value"], 4.5);
        assert_eq!(value["aim_at_most"], 5.0);
        assert_eq!(value["aim_at_least"], serde_json::Value::Null);
        assert_eq!(value["met"], true);
    }
}
