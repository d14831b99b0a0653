//! Days: by name, by number, by date, and told from the present.

use chrono::{Datelike, Days, Months, NaiveTime, Timelike, Weekday};

use super::{
    Present,
    words::{
        COUNTS, MONTH_ENDS, MONTHS, MORNINGS, RELATIVES, Relative, UNITS, Unit, WEEKDAYS, WITHIN,
    },
};
use crate::{
    mail::sentence::{Sentence, Word},
    time::Date,
};

/// Days that a date without a year may lie behind and still be meant: later ones are of next year.
const BEHIND_DAYS: i64 = 60;
/// Most units of a length of time: "in 400 days" is no deadline.
const COUNT_MAX: u32 = 120;

/// A day at a word: which, an hour if the words give one, and the word after it.
pub(super) fn at(
    sentence: &Sentence,
    at: usize,
    present: &Present,
) -> Option<(Date, Option<NaiveTime>, usize)> {
    let today = present.local.date();
    let plain = |(day, end)| (day, None, end);
    if let Some((weekday, end)) = WEEKDAYS.at(sentence, at) {
        // "Thursday, 12 March" is the twelfth, whatever day that is.
        let skipped = end + usize::from(is_article(sentence, end));
        return date(sentence, skipped, present, true)
            .map(plain)
            .or_else(|| Some((named(sentence, at, weekday, today)?, None, end)));
    }
    date(sentence, at, present, is_led(sentence, at))
        .map(plain)
        .or_else(|| week(sentence, at, present).map(plain))
        .or_else(|| month_end(sentence, at, present).map(plain))
        .or_else(|| relative(sentence, at, present))
        .or_else(|| length(sentence, at, present))
}

fn is_article(sentence: &Sentence, at: usize) -> bool {
    sentence.words.get(at).is_some_and(|word| word.is_one_of("the|den|dem|der|le|el|il|de"))
}

/// Whether a word stands behind one that leads to a day, so that bare numbers may be one.
fn is_led(sentence: &Sentence, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| sentence.words.get(at));
    before.is_some_and(|word| {
        word.is_one_of(
            "by|on|until|till|before|from|to|through|since|am|bis|zum|vom|den|dem|ab|le|du|au|el|\
             al|hasta|il|dal|fino|op|tot|vanaf|of|dated|del|jusqu'au|und|and",
        )
    })
}

/// The next day of a name; "next Friday" is the one of next week.
fn named(sentence: &Sentence, at: usize, weekday: Weekday, today: Date) -> Option<Date> {
    let before = at.checked_sub(1).and_then(|at| sentence.words.get(at));
    let ahead = (7 + weekday.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
    let ahead = if ahead == 0 { 7 } else { ahead };
    let is_this_week = today.weekday().num_days_from_monday() < weekday.num_days_from_monday();
    let is_next = before.is_some_and(|word| word.is_one_of("next|nächsten|nächster|nächste"));
    let weeks = if is_next && is_this_week { 7 } else { 0 };
    today.checked_add_days(Days::new(u64::from(ahead + weeks)))
}

/// A date in any of its usual forms.
fn date(sentence: &Sentence, at: usize, present: &Present, is_led: bool) -> Option<(Date, usize)> {
    let word = sentence.words.get(at)?;
    if let Some(whole) = in_one_word(&word.text, present) {
        return Some((whole, at + 1));
    }
    if let Some((month, end)) = month_at(sentence, at) {
        // "March 12th, 2026"; "may 12" could be anything.
        let day = number(sentence.words.get(end)?, 31)?;
        let is_verb = word.text == "may" && !is_led && 0 < at && word.mark.is_none();
        return (!is_verb).then(|| with_year(sentence, end + 1, month, day, present))?;
    }
    let day = number(word, 31)?;
    if let Some((month, end)) = month_after(sentence, at + 1) {
        return with_year(sentence, end, month, day, present);
    }
    in_figures(sentence, at, present, is_led).or_else(|| {
        (is_led || is_article_before(sentence, at)).then(|| ordinal(word, at, present))?
    })
}

fn is_article_before(sentence: &Sentence, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_article(sentence, before))
}

fn month_at(sentence: &Sentence, at: usize) -> Option<(u32, usize)> {
    MONTHS.at(sentence, at)
}

/// A month behind its day: "12 March", "12th of March", "12 de marzo".
fn month_after(sentence: &Sentence, at: usize) -> Option<(u32, usize)> {
    let skipped = sentence.words.get(at)?.is_one_of("of|de|di|do");
    MONTHS.at(sentence, at + usize::from(skipped))
}

/// A date whose year follows, or is the one that makes it the nearest to come.
fn with_year(
    sentence: &Sentence,
    at: usize,
    month: u32,
    day: u32,
    present: &Present,
) -> Option<(Date, usize)> {
    let skipped = usize::from(sentence.words.get(at).is_some_and(|it| it.is_one_of("de|del")));
    let year = sentence.words.get(at + skipped).and_then(year);
    match year {
        Some(year) => Some((Date::from_ymd_opt(year, month, day)?, at + skipped + 1)),
        None => Some((nearest(month, day, present)?, at)),
    }
}

fn nearest(month: u32, day: u32, present: &Present) -> Option<Date> {
    let today = present.local.date();
    let this = Date::from_ymd_opt(today.year(), month, day);
    match this {
        Some(this) if (today - this).num_days() <= BEHIND_DAYS => Some(this),
        _ => Date::from_ymd_opt(today.year() + 1, month, day),
    }
}

/// "12.03.2026", "12.03.", "3/12": numbers around marks.
fn in_figures(
    sentence: &Sentence,
    at: usize,
    present: &Present,
    is_led: bool,
) -> Option<(Date, usize)> {
    let (first, second) = (sentence.words.get(at)?, sentence.words.get(at + 1)?);
    let mark = second.mark.filter(|mark| matches!(mark, '.' | '/'))?;
    if first.span.end + 1 != second.span.start {
        return None;
    }
    let (one, other) = (number(first, 31)?, number(second, 31)?);
    let (day, month) = match (one, other) {
        (day, month @ ..=12) if 12 < day || mark == '.' => (day, month),
        (month @ ..=12, day) if 12 < day && mark == '/' => (day, month),
        (month, day) if present.is_american() && mark == '/' => (day, month),
        (day, month) => (day, month),
    };
    let third = sentence
        .words
        .get(at + 2)
        .filter(|third| third.mark == Some(mark) && second.span.end + 1 == third.span.start);
    match third.and_then(year) {
        Some(year) => Some((Date::from_ymd_opt(year, month, day)?, at + 3)),
        None if is_led && third.is_none() => Some((nearest(month, day, present)?, at + 2)),
        None => None,
    }
}

/// "2026-03-12", "12-03-2026", "12-Mar-2026".
fn in_one_word(text: &str, present: &Present) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let numbers = |text: &str| text.parse::<u32>().ok();
    if first.len() == 4 {
        return Date::from_ymd_opt(first.parse().ok()?, numbers(second)?, numbers(third)?);
    }
    let year: i32 = third.parse().ok()?;
    let year = if third.len() == 2 { 2_000 + year } else { year };
    let short = second.get(..3).unwrap_or_default();
    let named = MONTHS_SHORT.iter().position(|month| *month == short);
    let (day, month) = match (named, numbers(second)) {
        (Some(month), _) => (numbers(first)?, u32::try_from(month).ok()? + 1),
        (None, Some(other)) if 12 < other || present.is_american() && numbers(first)? <= 12 => {
            (other, numbers(first)?)
        }
        (None, Some(month)) => (numbers(first)?, month),
        (None, None) => return None,
    };
    Date::from_ymd_opt(year, month, day)
}

const MONTHS_SHORT: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// "The 12th": the next day of that number.
fn ordinal(word: &Word, at: usize, present: &Present) -> Option<(Date, usize)> {
    let is_ordinal = word.text.ends_with(|letter: char| letter.is_ascii_alphabetic());
    let day = number(word, 31).filter(|_| is_ordinal)?;
    let today = present.local.date();
    let months = (0..3).filter_map(|ahead| {
        today.with_day(1)?.checked_add_months(Months::new(ahead))?.with_day(day)
    });
    months.into_iter().find(|it| today <= *it).map(|it| (it, at + 1))
}

/// "End of March", "Ende März": the last day of a month by its name.
fn month_end(sentence: &Sentence, at: usize, present: &Present) -> Option<(Date, usize)> {
    let from = MONTH_ENDS.at(sentence, at)?;
    let (month, end) = MONTHS.at(sentence, from)?;
    let (first, end) = with_year(sentence, end, month, 1, present)?;
    let today = present.local.date();
    let is_over = first < today.with_day(1)?;
    let first = if is_over { first.with_year(first.year() + 1)? } else { first };
    Some((first.checked_add_months(Months::new(1))?.pred_opt()?, end))
}

/// The Friday of a week by its number (ISO 8601): "KW 12", "week 12".
fn week(sentence: &Sentence, at: usize, present: &Present) -> Option<(Date, usize)> {
    let is_week = sentence.words.get(at)?.is_one_of("kw|kalenderwoche|week|wk|vecka|uke|uge");
    let week = number(sentence.words.get(at + 1)?, 53).filter(|_| is_week)?;
    let today = present.local.date();
    let friday = |year| Date::from_isoywd_opt(year, week, Weekday::Fri);
    let this = friday(today.iso_week().year());
    let is_near = |day: &Date| (today - *day).num_days() <= BEHIND_DAYS;
    Some((this.filter(is_near).or_else(|| friday(today.year() + 1))?, at + 2))
}

/// "tomorrow", "end of the month".
fn relative(
    sentence: &Sentence,
    at: usize,
    present: &Present,
) -> Option<(Date, Option<NaiveTime>, usize)> {
    let (relative, end) = RELATIVES.at(sentence, at)?;
    let today = present.local.date();
    let before = at.checked_sub(1).and_then(|at| sentence.words.get(at));
    let is_morning = relative == Relative::Days(1)
        && sentence.words[at].is_one_of("morgen|mañana")
        && before.is_some_and(|word| word.is_one_of(MORNINGS));
    if is_morning {
        return None;
    }
    let first_of_month = today.with_day(1)?;
    let month_end =
        |months: u32| first_of_month.checked_add_months(Months::new(months + 1))?.pred_opt();
    let friday = |weeks: u64| {
        let monday = today.week(Weekday::Mon).checked_first_day()?;
        let friday = monday.checked_add_days(Days::new(4 + 7 * weeks))?;
        // Who says on a Saturday "this week" does not mean yesterday.
        if friday < today { friday.checked_add_days(Days::new(7)) } else { Some(friday) }
    };
    let day = match relative {
        Relative::Days(days) => today.checked_add_days(Days::new(u64::from(days)))?,
        Relative::EndOfBusiness => today,
        Relative::Week(weeks) => friday(u64::from(weeks))?,
        Relative::Month(months) => month_end(u32::from(months))?,
        Relative::Quarter => month_end(2 - today.month0() % 3)?,
        Relative::Year => Date::from_ymd_opt(today.year(), 12, 31)?,
    };
    let time = match relative {
        Relative::EndOfBusiness => NaiveTime::from_hms_opt(BUSINESS_ENDS, 0, 0),
        _ => None,
    };
    Some((day, time, end))
}

/// The hour at which business ends, where nobody says another.
const BUSINESS_ENDS: u32 = 17;

/// "in two weeks", "within 48 hours".
fn length(
    sentence: &Sentence,
    at: usize,
    present: &Present,
) -> Option<(Date, Option<NaiveTime>, usize)> {
    let from = WITHIN.at(sentence, at)?;
    let word = sentence.words.get(from)?;
    let by_figures = || word.text.parse::<u32>().ok().map(|count| (count, from + 1));
    let by_word = || COUNTS.at(sentence, from).map(|(count, end)| (u32::from(count), end));
    let (count, end) = by_figures().or_else(by_word).filter(|(count, _)| *count <= COUNT_MAX)?;
    let skipped = usize::from(sentence.words.get(end).is_some_and(|word| word.text == "of"));
    let (unit, end) = UNITS.at(sentence, end + skipped)?;
    let today = present.local.date();
    let days = |days: u32| today.checked_add_days(Days::new(u64::from(days)));
    let day = match unit {
        Unit::Hours => {
            let then = present.local.checked_add_signed(chrono::TimeDelta::hours(count.into()))?;
            return Some((then.date(), then.time().with_nanosecond(0), end));
        }
        Unit::Days => days(count)?,
        Unit::BusinessDays => after_business_days(today, count)?,
        Unit::Weeks => days(7 * count)?,
        Unit::Months => today.checked_add_months(Months::new(count))?,
    };
    Some((day, None, end))
}

fn after_business_days(today: Date, count: u32) -> Option<Date> {
    let is_business = |day: &Date| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    match count.checked_sub(1) {
        Some(before) => {
            today.iter_days().skip(1).filter(is_business).nth(usize::try_from(before).ok()?)
        }
        None => Some(today),
    }
}

/// A number up to a bound, with or without the ending of an ordinal.
fn number(word: &Word, most: u32) -> Option<u32> {
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = word.text.split_at(digits);
    let is_ordinal = matches!(rest, "" | "st" | "nd" | "rd" | "th" | "er" | "º" | "ª" | "°" | "e");
    let number = digits.parse().ok().filter(|_| is_ordinal && digits.len() <= 2)?;
    (1..=most).contains(&number).then_some(number)
}

/// A year of four figures, or of two behind a mark.
fn year(word: &Word) -> Option<i32> {
    let year: i32 = word.text.parse().ok()?;
    match word.text.len() {
        4 => (2_000..2_100).contains(&year).then_some(year),
        2 if matches!(word.mark, Some('.' | '/')) => Some(2_000 + year),
        _ => None,
    }
}
