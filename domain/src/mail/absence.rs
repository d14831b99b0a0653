//! Absences, as answering machines tell them: whether somebody is away, and when they are back.

use chrono::{Datelike, Days, Weekday};

use super::{
    Headers, Span,
    phrase::Phrases,
    sentence::{self, Sentence},
    when::{self, Expression, Lead, Present},
};
use crate::time::Date;

/// Somebody is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The first day on which they are back, where they are; none if they do not say.
    pub returns_on: Option<Date>,
    /// The sentence that says so, if it stands in the body and not in the subject.
    pub span: Option<Span>,
}

/// The absence that an answering machine tells of; none if it only says that a mail has arrived.
pub(super) fn find(headers: &Headers, body: &str, written: &[Span]) -> Option<Absence> {
    let present = Present::of(headers);
    let sentences = sentence::split(body, written);
    let subject = headers.subject.as_deref().unwrap_or_default();
    let titles = sentence::split(subject, &[Span::between(0, subject.len())]);
    let says_away = |sentence: &&Sentence| AWAY.stand(sentence) || BACK.stand(sentence);
    let away = sentences.iter().find(says_away);
    if away.is_none() && !titles.iter().any(|title| AWAY.stand(title)) {
        return None;
    }
    let dated = |all: &[Sentence]| {
        let present = present.as_ref()?;
        all.iter().find_map(|it| Some((back_on(it, present)?, it.span)))
    };
    let in_subject = || dated(&titles).map(|(day, _)| (day, None));
    let told = dated(&sentences).map(|(day, span)| (day, Some(span))).or_else(in_subject);
    Some(match told {
        Some((day, span)) => Absence { returns_on: Some(day), span },
        None => Absence { returns_on: None, span: away.map(|it| it.span) },
    })
}

/// The first day on which they are back, if a sentence says so: that day itself, or the one after
/// the last on which they are away.
fn back_on(sentence: &Sentence, present: &Present) -> Option<Date> {
    let is_away = AWAY.stand(sentence);
    let back = BACK.find(sentence, 0, sentence.words.len());
    if !is_away && back.is_none() {
        return None;
    }
    let is_back = back.is_some();
    let moments = when::find(sentence, present);
    let behind = back.and_then(|back| moments.iter().find(|it| back.start < it.start));
    if let Some(found) = behind.filter(|it| matches!(it.lead, Lead::On | Lead::From | Lead::By)) {
        return Some(found.when.day);
    }
    let of = |lead: Lead| moments.iter().find(|it| it.lead == lead);
    // "Ab Montag wieder erreichbar": they are back from then on.
    if let Some(first) = of(Lead::From).filter(|_| is_back) {
        return Some(first.when.day);
    }
    if let Some(last) = of(Lead::Through) {
        return after(last);
    }
    if let Some(first) = of(Lead::Until) {
        return Some(first.when.day);
    }
    // "3 March - 12 March", "on Monday": the last day named, unless they only say when it begins.
    let last = moments.last().filter(|it| it.lead == Lead::On && is_away)?;
    after(last)
}

/// The next day of work after one.
fn after(last: &Expression) -> Option<Date> {
    let next = last.when.day.checked_add_days(Days::new(1))?;
    let weekend = match next.weekday() {
        Weekday::Sat => 2,
        Weekday::Sun => 1,
        _ => 0,
    };
    next.checked_add_days(Days::new(weekend))
}

/// What those say who are away.
static AWAY: Phrases = Phrases::of(&[
    "out of the|my? office",
    "away from the|my? office|desk|work",
    "not in the|my? office",
    "on|taking annual|parental|maternity|paternity|sick|medical|family|personal|my|a? leave|vacation|\
        vacations|holiday|holidays|sabbatical|pto",
    "am|be|currently|i'm away|travelling|traveling|unavailable|absent",
    "limited|no|little|intermittent access to my|the|email*|e-mail*|mail*",
    "office is closed",
    "ooo|oof|vacation|out-of-office",
    "nicht im büro|haus",
    "außer haus",
    "abwesen*|urlaub*|elternzeit|dienstreise|betriebsferien|nicht erreichbar",
    "absent|absente|absence|congé|congés|vacances|déplacement",
    "vacaciones|ausente|ausencia",
    "fuera de la? oficina",
    "assente|assenza|ferie",
    "fuori ufficio|sede",
    "afwezig*|vakantie",
    "niet op kantoor",
    "férias",
    "fora do escritório",
    "semester|semesterledig|frånvar*|föräldraledig|tjänstledig",
    "fravær*|bortreist|permisjon|orlov",
    "urlop*|nieobecn*",
]);

/// What those say who tell when they are back.
static BACK: Phrases = Phrases::of(&[
    "back",
    "return|returning|returns",
    "available|reachable again",
    "resume|resuming",
    "zurück|zurückkehren|zurückkomme",
    "wieder",
    "de|mon|sera retour",
    "retour|reprendrai|reviens|reviendrai",
    "vuelta|regreso|vuelvo|regresaré|volveré|reincorpor*",
    "rientro|rientrerò|ritorno|tornerò|sarò",
    "terug|weer",
    "volta|regresso|retorno|regressarei",
    "åter|tillbaka|tilbage|tilbake",
    "wracam|powrót|wrócę",
]);

#[cfg(test)]
mod tests {
    use super::super::read;

    fn told(subject: &str, body: &str) -> Option<Option<String>> {
        let raw = format!(
            "From: Ada <ada@good.example>\nAuto-Submitted: auto-replied\nSubject: {subject}\n\
             Date: Wed, 4 Mar 2026 10:15:00 +0100\n\
             Content-Type: text/plain; charset=utf-8\n\n{body}\n"
        );
        let reading = read(raw.as_bytes(), None).unwrap();
        reading.absence.map(|it| it.returns_on.map(|day| day.to_string()))
    }

    #[test]
    fn the_day_of_return_is_told_in_many_ways() {
        for (body, day) in [
            ("I am out of the office until Monday, March 9.", "2026-03-09"),
            ("I will be away through Friday.", "2026-03-09"),
            ("I am on annual leave from 2 March to 13 March 2026.", "2026-03-16"),
            ("I am out of office and will return on 16 March.", "2026-03-16"),
            ("I'm on vacation. I'll be back on Tuesday.", "2026-03-10"),
            ("I am away this week, returning Monday.", "2026-03-09"),
            ("Out of office: 03.03.2026 - 12.03.2026", "2026-03-13"),
            ("I am out of the office tomorrow.", "2026-03-06"),
            ("Ich bin bis zum 13.03.2026 nicht im Büro.", "2026-03-16"),
            ("Ich bin im Urlaub und ab Montag, 16. März wieder erreichbar.", "2026-03-16"),
            ("Je suis absente jusqu'au 12 mars inclus.", "2026-03-13"),
            ("Je serai de retour le 16 mars.", "2026-03-16"),
            ("Estaré de vacaciones hasta el 12 de marzo.", "2026-03-13"),
            ("Sono in ferie fino al 12 marzo.", "2026-03-13"),
            ("Ik ben afwezig tot en met 12 maart.", "2026-03-13"),
            ("Jag har semester till och med 12 mars.", "2026-03-13"),
        ] {
            assert_eq!(told("Automatic reply", body), Some(Some(day.to_owned())), "{body}");
        }
        assert_eq!(
            told("Out of office until 12 March", "Thank you for your mail."),
            Some(Some("2026-03-12".to_owned()))
        );
    }

    #[test]
    fn who_does_not_say_when_is_away_all_the_same() {
        assert_eq!(told("Automatic reply", "I am out of the office."), Some(None));
        assert_eq!(told("Automatic reply", "I am away from 10 March."), Some(None));
        assert_eq!(
            told("Automatic reply", "I am on leave. For urgent orders write to Bob by Friday."),
            Some(None)
        );
    }

    #[test]
    fn a_receipt_is_no_absence() {
        assert_eq!(told("We have your request", "Ticket 4711 will be answered by Friday."), None);
    }
}
