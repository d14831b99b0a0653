//! Hours of a day: "3 PM", "15:30", "15 Uhr", "noon".

use chrono::NaiveTime;
use chrono_tz::Tz;

use super::words::ZONES;
use crate::mail::sentence::{Sentence, Word};

/// An hour at a word: what it is, in which zone if one is named, and the word after it.
pub(super) fn at(sentence: &Sentence, at: usize) -> Option<(NaiveTime, Option<Tz>, usize)> {
    let (time, end) = plain(sentence, at)?;
    let zone = sentence.words.get(end).filter(|word| word.mark.is_none_or(|mark| mark == '('));
    let named = zone.and_then(|word| ZONES.iter().find(|(short, _)| *short == word.text));
    match named.and_then(|(_, name)| name.parse::<Tz>().ok()) {
        Some(zone) => {
            let goes_on = sentence.words.get(end + 1).is_some_and(|word| word.text == "time");
            Some((time, Some(zone), end + 1 + usize::from(goes_on)))
        }
        None => Some((time, None, end)),
    }
}

fn plain(sentence: &Sentence, at: usize) -> Option<(NaiveTime, usize)> {
    let word = sentence.words.get(at)?;
    if word.is_one_of("noon|midday|mittags|midi|mediodía|mezzogiorno") {
        return Some((NaiveTime::from_hms_opt(12, 0, 0)?, at + 1));
    }
    let (digits, rest) = split(&word.text);
    let hour: u32 = digits.parse().ok().filter(|_| digits.len() <= 2)?;
    // "3pm", "15h", "15h30"
    match rest {
        "" => {}
        "pm" | "am" => return Some((clock(hour, 0, Some(rest))?, at + 1)),
        "h" => return Some((clock(hour, 0, None)?, at + 1)),
        _ => {
            let minutes: u32 = rest.strip_prefix('h').filter(|it| it.len() == 2)?.parse().ok()?;
            return Some((clock(hour, minutes, None)?, at + 1));
        }
    }
    let next = sentence.words.get(at + 1);
    let minutes = next.filter(|next| matches!(next.mark, Some(':' | '.')) && joins(word, next));
    let (minutes, half, end) = match minutes.map(|next| (split(&next.text), next.mark)) {
        Some(((digits, half @ ("" | "pm" | "am" | "h")), mark)) if digits.len() == 2 => {
            let half = Some(half).filter(|half| !half.is_empty());
            (digits.parse().ok()?, half.map(|half| (half, 0)), (at + 2, mark))
        }
        _ => (0, None, (at + 1, None)),
    };
    let (end, mark) = end;
    let said =
        half.or_else(|| half_of_day(sentence, end)).or_else(|| at_the_hour(sentence, at, end));
    match said {
        Some((half, more)) => Some((clock(hour, minutes, Some(half))?, end + more)),
        // Two numbers around a colon are an hour by themselves, around a full stop they are not.
        None if mark == Some(':') => Some((clock(hour, minutes, None)?, end)),
        None => None,
    }
}

/// "pm", "p.m." or "Uhr" at a word, and how many words it takes.
fn half_of_day(sentence: &Sentence, at: usize) -> Option<(&'static str, usize)> {
    let text = |at: usize| sentence.words.get(at).map(|word| word.text.as_str());
    match (text(at)?, text(at + 1)) {
        ("pm", _) => Some(("pm", 1)),
        ("am", next)
            if next.is_none_or(|next| !next.starts_with(|it: char| it.is_ascii_digit())) =>
        {
            // "15 Uhr am Montag" has a German "am", but no English hour before it.
            Some(("am", 1))
        }
        ("p", Some("m")) => Some(("pm", 2)),
        ("a", Some("m")) => Some(("am", 2)),
        ("uhr" | "h" | "hrs" | "heures" | "horas" | "uur" | "o'clock" | "ore", _) => Some(("", 1)),
        _ => None,
    }
}

/// "At 10", with nothing behind it that could be counted; from one to six that is after noon.
fn at_the_hour(sentence: &Sentence, at: usize, end: usize) -> Option<(&'static str, usize)> {
    let before = at.checked_sub(1).and_then(|before| sentence.words.get(before))?;
    let is_led = before.is_one_of("at|um|à|alle") && sentence.words[at].mark.is_none();
    let is_alone = sentence.words.get(end).is_none_or(|next| {
        next.mark.is_some() || next.is_one_of("on|or|and|sharp|am|tomorrow|today|to|if|please")
    });
    let is_early = matches!(sentence.words[at].text.as_str(), "1" | "2" | "3" | "4" | "5" | "6");
    let half = if is_early && before.text == "at" { "pm" } else { "" };
    (is_led && is_alone).then_some((half, 0))
}

/// Whether two words are parted by one mark and nothing else.
fn joins(word: &Word, next: &Word) -> bool {
    word.span.end + 1 == next.span.start
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn clock(hour: u32, minutes: u32, half: Option<&str>) -> Option<NaiveTime> {
    let hour = match half {
        Some("pm") if (1..12).contains(&hour) => hour + 12,
        Some("am") if hour == 12 => 0,
        Some("am" | "pm") if 12 < hour => return None,
        _ => hour,
    };
    NaiveTime::from_hms_opt(hour, minutes, 0)
}
