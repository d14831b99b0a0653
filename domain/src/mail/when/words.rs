//! The words of days and hours, in the languages of business mail.

use chrono::Weekday::{self, Fri, Mon, Sat, Sun, Thu, Tue, Wed};

use super::super::phrase::{Phrases, Table};

/// A day, told from the day on which somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relative {
    /// So many days on.
    Days(u8),
    /// The end of business, today.
    EndOfBusiness,
    /// The Friday of the week that is so many weeks on.
    Week(u8),
    /// The last day of the month that is so many months on.
    Month(u8),
    /// The last day of this quarter.
    Quarter,
    /// The last day of this year.
    Year,
}

pub(super) static RELATIVES: Table<Relative> = Table::of(&[
    (Relative::Days(2), "day after tomorrow"),
    (Relative::Days(2), "übermorgen|après-demain|dopodomani|overmorgen|pojutrze"),
    (Relative::Days(2), "pasado mañana"),
    (Relative::EndOfBusiness, "end|close of the? day|business|play|today"),
    (Relative::EndOfBusiness, "eod|cob"),
    (Relative::EndOfBusiness, "ende des tages|arbeitstages"),
    (Relative::Days(0), "today|tonight|heute|aujourd'hui|hoy|oggi|vandaag|hoje|idag|dzisiaj|dziś"),
    (Relative::Days(0), "this morning|afternoon|evening"),
    (Relative::Days(1), "tomorrow|tmrw|morgen|demain|mañana|domani|amanhã|imorgon|jutro"),
    (Relative::Week(1), "end of next week"),
    (Relative::Week(1), "ende nächster|kommender woche"),
    (Relative::Week(0), "end of the|this? week"),
    (Relative::Week(0), "this week|eow"),
    (Relative::Week(0), "eow|wochenende"),
    (Relative::Week(0), "ende der|dieser? woche"),
    (Relative::Week(0), "diese|dieser|cette|esta|questa|deze woche|semaine|semana|settimana|week"),
    (Relative::Week(0), "fin de la? semaine|semana"),
    (Relative::Week(1), "next week"),
    (Relative::Week(1), "nächste|nächster|kommende|kommender|volgende woche|week"),
    (Relative::Week(1), "semaine|settimana prochaine|prossima"),
    (Relative::Week(1), "próxima|prossima semana|settimana"),
    (Relative::Month(1), "end of next month"),
    (Relative::Month(1), "ende nächsten|kommenden monats"),
    (Relative::Month(0), "end of the|this? month"),
    (Relative::Month(0), "eom|month-end|monatsende"),
    (Relative::Month(0), "month end"),
    (Relative::Month(0), "ende des|dieses monats"),
    (Relative::Month(0), "fin du|de|del mois|mes"),
    (Relative::Month(0), "fine del? mese"),
    (Relative::Month(0), "einde van de maand"),
    (Relative::Month(0), "this month"),
    (Relative::Month(1), "next month"),
    (Relative::Month(1), "nächsten|kommenden|volgende monat|maand"),
    (Relative::Month(1), "mois|mes|mese prochain|próximo|prossimo"),
    (Relative::Quarter, "end of the|this? quarter"),
    (Relative::Quarter, "eoq|quartalsende"),
    (Relative::Quarter, "ende des|dieses quartals"),
    (Relative::Year, "end of the|this? year"),
    (Relative::Year, "eoy|year-end|jahresende"),
    (Relative::Year, "ende des|dieses jahres"),
    (Relative::Year, "fin de l'année|año"),
]);

/// What turns "morgen" and "mañana" into a morning.
pub(super) const MORNINGS: &str = "guten|schönen|heute|la|am|good|früh|montag|dienstag|mittwoch|\
    donnerstag|freitag|samstag|sonntag";

pub(super) static WEEKDAYS: Table<Weekday> = Table::of(&[
    (Mon, "monday|mon|mondays|montag|lundi|lunes|lunedì|maandag|segunda-feira|måndag|mandag"),
    (Mon, "poniedziałek|poniedziałku"),
    (Tue, "tuesday|tue|tues|dienstag|mardi|martes|martedì|dinsdag|terça-feira|tisdag|tirsdag"),
    (Tue, "wtorek|wtorku"),
    (Wed, "wednesday|wed|weds|mittwoch|mercredi|miércoles|mercoledì|woensdag|quarta-feira|onsdag"),
    (Wed, "środa|środę|środy"),
    (Thu, "thursday|thu|thur|thurs|donnerstag|jeudi|jueves|giovedì|donderdag|quinta-feira|torsdag"),
    (Thu, "czwartek|czwartku"),
    (Fri, "friday|fri|freitag|vendredi|viernes|venerdì|vrijdag|sexta-feira|fredag"),
    (Fri, "piątek|piątku"),
    (Sat, "saturday|samstag|sonnabend|samedi|sábado|sabato|zaterdag|lördag|lørdag|sobota|sobotę"),
    (Sun, "sunday|sonntag|dimanche|domingo|domenica|zondag|söndag|søndag|niedziela|niedzielę"),
]);

/// Months by how their names begin: "mar" is March in most languages, and "mai" May in some.
pub(super) static MONTHS: Table<u32> = Table::of(&[
    (1, "jan|january|januar|jänner|janvier|janv|enero|ene|gennaio|gen|januari|janeiro|januari"),
    (1, "stycznia|styczeń"),
    (2, "feb|february|februar|feber|février|févr|febrero|febbraio|februari|fevereiro|fev|lutego"),
    (3, "mar|march|märz|mär|mars|marzo|maart|mrt|março|marca|marzec"),
    (4, "apr|april|avril|avr|abril|abr|aprile|kwietnia"),
    (5, "may|mai|mayo|maggio|mag|mei|maio|maj|maja"),
    (6, "jun|june|juni|juin|junio|giugno|giu|junho|czerwca"),
    (7, "jul|july|juli|juillet|juil|julio|luglio|lug|julho|lipca"),
    (8, "aug|august|août|aout|agosto|ago|augustus|augusti|sierpnia"),
    (9, "sep|sept|september|septembre|septiembre|settembre|set|setembro|września"),
    (10, "oct|october|okt|oktober|octobre|octubre|ottobre|ott|outubro|out|października"),
    (11, "nov|november|novembre|noviembre|novembro|listopada"),
    (12, "dec|december|dez|dezember|décembre|déc|diciembre|dic|dicembre|dezembro|grudnia"),
]);

/// What stands before the month whose end is meant.
pub(super) static MONTH_ENDS: Phrases =
    Phrases::of(&["end|close of", "ende|eind|fin|fine|finales de|di|du?", "einde van"]);

/// Lengths of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Hours,
    Days,
    BusinessDays,
    Weeks,
    Months,
}

pub(super) static UNITS: Table<Unit> = Table::of(&[
    (Unit::Hours, "hour|hours|hrs|stunde|stunden|heure|heures|hora|horas|ora|ore|uur"),
    (Unit::BusinessDays, "business|working|work day|days"),
    (
        Unit::BusinessDays,
        "werktag|werktage|werktagen|arbeitstag|arbeitstage|arbeitstagen|werkdagen",
    ),
    (Unit::BusinessDays, "jours ouvrés|ouvrables"),
    (Unit::BusinessDays, "días hábiles"),
    (Unit::BusinessDays, "giorni lavorativi"),
    (Unit::Days, "day|days|tag|tage|tagen|jour|jours|día|días|giorno|giorni|dag|dagen|dias"),
    (
        Unit::Weeks,
        "week|weeks|woche|wochen|semaine|semaines|semana|semanas|settimana|settimane|weken",
    ),
    (Unit::Months, "month|months|monat|monate|monaten|mois|mes|meses|mese|mesi|maand|maanden"),
]);

/// What opens a length of time that ends in the future.
pub(super) static WITHIN: Phrases = Phrases::of(&[
    "in|within|innerhalb|innert|binnen the|den|der|von? next|coming|nächsten|kommenden?",
    "over the next",
    "dans|sous|en|entro|em les|los|i? prochains|próximos|prossimi?",
]);

pub(super) static COUNTS: Table<u8> = Table::of(&[
    (1, "a|an|one|ein|eine|einem|einer|un|une|una|uno|een|um|uma"),
    (2, "two|zwei|deux|dos|due|twee|dois|couple"),
    (3, "three|drei|trois|tres|tre|drie|três"),
    (4, "four|vier|quatre|cuatro|quattro|quatro"),
    (5, "five|fünf|cinq|cinco|cinque|vijf"),
    (6, "six|sechs|seis|sei|zes"),
    (7, "seven|sieben|sept|siete|sette|zeven|sete"),
    (8, "eight|acht|huit|ocho|otto|oito"),
    (10, "ten|zehn|dix|diez|dieci|tien|dez"),
    (14, "fourteen|vierzehn|quinze|quince"),
]);

/// How a moment is bound to what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// No later.
    By,
    /// Up to this day, and perhaps not with it.
    Until,
    /// Up to and with this day.
    Through,
    /// From then on.
    From,
    /// It tells which one of several things is meant, or of what was.
    Of,
    /// Then, or nothing is said.
    On,
}

pub(super) static LEADS: Table<Lead> = Table::of(&[
    (Lead::By, "no|not later|after than"),
    (Lead::By, "by|before|spätestens|latest|avant|antes|entro|vóór|voor|uiterlijk|senast|przed"),
    (Lead::By, "within|innerhalb|binnen"),
    (Lead::Through, "tot|till en|och met|med"),
    (Lead::Through, "through|thru|to|bis|jusqu'au|jusqu'à|hasta|fino|tot|até|fram|do|including"),
    (Lead::Until, "until|till|til"),
    (Lead::Of, "of|dated|last|previous|vom|letzten|letzte|letzter|vergangenen|du|del|dernier|van"),
    (Lead::Of, "every|each|jeden|chaque|cada|ogni"),
    (Lead::From, "from|since|starting|beginning|as|ab|seit|depuis|dès|desde|dal|dalla|sinds|vanaf"),
    (Lead::From, "von|od"),
    (Lead::On, "on|at|am|um|le|el|il|op|em|den|w|after|nach|after"),
]);

/// Words that may stand between a moment and what leads to it, and between a day and an hour.
pub(super) const JOINERS: &str = "the|on|at|am|um|at|around|about|approximately|circa|gegen|dem|den|\
    der|zum|le|la|el|il|les|las|los|op|de|à|a|alle|às|ore|next|this|coming|upcoming|nächsten|\
    kommenden|nächste|diesen|dieser|kommende|ende|date|and|und|including|einschließlich|einschl";

/// Zones by what people write behind an hour. Those that stand for several are left out.
pub(super) const ZONES: &[(&str, &str)] = &[
    ("utc", "UTC"),
    ("gmt", "UTC"),
    ("z", "UTC"),
    ("bst", "Europe/London"),
    ("cet", "Europe/Berlin"),
    ("cest", "Europe/Berlin"),
    ("mez", "Europe/Berlin"),
    ("mesz", "Europe/Berlin"),
    ("eet", "Europe/Helsinki"),
    ("eest", "Europe/Helsinki"),
    ("et", "America/New_York"),
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("eastern", "America/New_York"),
    ("ct", "America/Chicago"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("central", "America/Chicago"),
    ("mst", "America/Denver"),
    ("mdt", "America/Denver"),
    ("mountain", "America/Denver"),
    ("pt", "America/Los_Angeles"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("pacific", "America/Los_Angeles"),
    ("jst", "Asia/Tokyo"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
];
