//! Days and hours as people write them.

use super::*;
use crate::mail::{Headers, sentence::split};

/// Wednesday, 4 March 2026, a quarter past ten, somewhere east of Greenwich.
fn present(offset_hours: i32) -> Present {
    let headers = Headers {
        sent_at: Some(
            "2026-03-04T10:15:00Z".parse::<Timestamp>().unwrap()
                - TimeDelta::hours(i64::from(offset_hours)),
        ),
        sent_offset_seconds: 3_600 * offset_hours,
        ..Headers::default()
    };
    Present::of(&headers).unwrap()
}

fn told(text: &str, offset_hours: i32) -> Vec<String> {
    let sentences = split(text, &[Span::between(0, text.len())]);
    let moments = sentences.iter().flat_map(|it| find(it, &present(offset_hours)));
    moments
        .map(|it| {
            let time = it.when.time.map(|time| time.format(" %H:%M").to_string());
            format!("{}{} {:?}", it.when.day, time.unwrap_or_default(), it.lead)
        })
        .collect()
}

#[test]
fn days_are_read_as_they_are_written() {
    for (text, expected) in [
        ("Call me on Thursday.", "2026-03-05 On"),
        ("by Wednesday", "2026-03-11 By"),
        ("no later than Friday", "2026-03-06 By"),
        ("next Friday", "2026-03-13 On"),
        ("next Tuesday", "2026-03-10 On"),
        ("before Thursday 12 March", "2026-03-12 By"),
        ("Monday, March 9th, 2026", "2026-03-09 On"),
        ("by the 12th of March", "2026-03-12 By"),
        ("March 12", "2026-03-12 On"),
        ("12th March 2027", "2027-03-12 On"),
        ("by 2 January", "2027-01-02 By"),
        ("2026-04-01", "2026-04-01 On"),
        ("12.03.2026", "2026-03-12 On"),
        ("until 12.03.", "2026-03-12 Until"),
        ("bis zum 12.03.26", "2026-03-12 Through"),
        ("by 3/12", "2026-12-03 By"),
        ("by 25/3", "2026-03-25 By"),
        ("on 12-Mar-2026", "2026-03-12 On"),
        ("by the 15th", "2026-03-15 By"),
        ("by the 2nd", "2026-04-02 By"),
        ("tomorrow", "2026-03-05 On"),
        ("the day after tomorrow", "2026-03-06 On"),
        ("by the end of the week", "2026-03-06 By"),
        ("by the end of next week", "2026-03-13 By"),
        ("by end of month", "2026-03-31 By"),
        ("by the end of the quarter", "2026-03-31 By"),
        ("next month", "2026-04-30 On"),
        ("within 3 days", "2026-03-07 By"),
        ("in two weeks", "2026-03-18 On"),
        ("within five business days", "2026-03-11 By"),
        ("bis Donnerstag", "2026-03-05 Through"),
        ("am 12. März", "2026-03-12 On"),
        ("spätestens morgen", "2026-03-05 By"),
        ("bis Monatsende", "2026-03-31 Through"),
        ("in den nächsten zwei Wochen", "2026-03-18 On"),
        ("by the end of March", "2026-03-31 By"),
        ("bis Ende April", "2026-04-30 Through"),
        ("by end of January 2027", "2027-01-31 By"),
        ("avant fin mai", "2026-05-31 By"),
        ("bis Ende KW 12", "2026-03-20 Through"),
        ("in week 14", "2026-04-03 On"),
        ("avant le 12 mars", "2026-03-12 By"),
        ("jusqu'au lundi 9 mars", "2026-03-09 Through"),
        ("hasta el 12 de marzo de 2026", "2026-03-12 Through"),
        ("entro venerdì", "2026-03-06 By"),
        ("tot 12 maart", "2026-03-12 Through"),
        ("your invoice dated 12 March", "2026-03-12 Of"),
    ] {
        assert_eq!(told(text, 1), [expected], "{text}");
    }
    assert_eq!(told("by 3/12", -5), ["2026-03-12 By"], "an American month comes first");
}

#[test]
fn hours_are_read_with_their_days_and_zones() {
    for (text, expected) in [
        ("by 3 PM", "2026-03-04 15:00 By"),
        ("by 9am", "2026-03-05 09:00 By"),
        ("by 3:30 p.m. on Thursday", "2026-03-05 15:30 By"),
        ("on Thursday at 15:00", "2026-03-05 15:00 On"),
        ("bis 15 Uhr", "2026-03-04 15:00 Through"),
        ("morgen um 9.30 Uhr", "2026-03-05 09:30 On"),
        ("tomorrow at noon", "2026-03-05 12:00 On"),
        ("demain à 15h30", "2026-03-05 15:30 On"),
        ("by end of business tomorrow", "2026-03-04 17:00 By"),
        ("by close of business", "2026-03-04 17:00 By"),
        ("on Thursday at 10?", "2026-03-05 10:00 On"),
        ("tomorrow at 3, please", "2026-03-05 15:00 On"),
        ("am Freitag um 8", "2026-03-06 08:00 On"),
        ("within 48 hours", "2026-03-06 10:15 By"),
    ] {
        assert_eq!(told(text, 1).first().map(String::as_str), Some(expected), "{text}");
    }
    let at = |text: &str, offset| {
        let sentence = split(text, &[Span::between(0, text.len())]).remove(0);
        find(&sentence, &present(offset))[0].when.at.to_rfc3339()
    };
    assert_eq!(at("by 3 PM", 1), "2026-03-04T14:00:00+00:00", "where the writer is");
    assert_eq!(at("by 3 PM", -8), "2026-03-04T23:00:00+00:00");
    assert_eq!(at("by 3 PM EST", 1), "2026-03-04T20:00:00+00:00", "where they say");
    assert_eq!(at("by Thursday", 1), "2026-03-05T22:59:59+00:00", "the day lasts until its end");
}

#[test]
fn numbers_that_are_no_days_stay_numbers() {
    for text in [
        "We need 12 pumps and 1/2 inch pipes.",
        "Order 4711 of 3 pieces",
        "It may 12 times",
        "Version 1.2 and 10.15",
        "Last Friday it arrived, as it did yesterday.",
        "Guten Morgen",
        "Room 15 h2o",
        "99/99/2026 and 2026-13-45",
        "in 400 days",
        "We looked at 10 pumps at 5 bar.",
    ] {
        let of: Vec<String> = told(text, 1).into_iter().filter(|it| !it.ends_with("Of")).collect();
        assert_eq!(of, Vec::<String>::new(), "{text}");
    }
}
