//! The forms of a request in German, as far as the first reader goes.
//!
//! German verbs stand at the end, so a request is its opening and the most telling word of the
//! clause behind it.

use super::Request;
use crate::mail::{
    AskKind::{self, Call, Cancel, Delivery, Document, Meeting, Other, Price, RevisedBid, Status},
    sentence::Sentence,
};

/// Words after an opening in which its verb and its object stand.
const CLAUSE_WORDS_MAX: usize = 25;

/// Words at the start of a sentence, such as a salutation, after which an imperative may stand.
const LEAD_IN_WORDS_MAX: usize = 4;

/// Every request that has the form of one, in order.
pub(super) fn requests(sentence: &Sentence) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    for at in 0..sentence.words.len() {
        let is_inside = requests.last().is_some_and(|request| at < request.words.end);
        if is_inside {
            continue;
        }
        requests.extend(
            question(sentence, at)
                .or_else(|| addressed(sentence, at))
                .or_else(|| need(sentence, at)),
        );
    }
    requests
}

const ADDRESSES: &[&str] = &[
    "könnten|können|würden sie|ihr|wir",
    "könntest|kannst|würdest du",
    "bitte um|darum",
    "ich|wir bitte|bitten sie? um|darum?",
    "bitte",
];
/// What often follows a "bitte" that asks for nothing.
const IDLE: &[&str] = &[
    "sehr|schön|beachten|beachte|entschuldigen|entschuldige|wenden|finden|um verständnis|\
        entschuldigung|verständnis|geduld",
    "beachten|entschuldigen|wenden|finden|zögern",
    "um entschuldigung|verständnis|geduld|nachsicht|beachtung|kenntnisnahme",
];
const VERBS: &str = "send*|schick*|übersend*|zusend*|zuschick*|zuzusenden|zuzuschicken|zukommen|\
    übermittel*|weiterleit*|weiterzuleiten|anruf*|anzurufen|ruf|rufe|rufen|zurückruf*|\
    zurückzurufen|telefonier*|bestätig*|mitteil*|mitzuteilen|teilen|stornier*|storno|annullier*|\
    vereinbar*|prüf*|klär*|melden|melde|geben|gib|nennen|nenne|sagen|wissen|liefer*|versend*|\
    erstell*|überarbeit*|anpassen|anzupassen|aktualisier*|korrigier*|änder*|verschieb*|antwort*|\
    unterschreib*|bereitstell*|stellen|treffen|ersetz*|austausch*|reparier*|machen|anbieten|\
    unterbreiten|bestellen|rückruf|rückmeldung|zusendung|übersendung|angebot|bestätigung|\
    stornierung|terminvorschlag|auskunft|information|informier*";

fn addressed(sentence: &Sentence, at: usize) -> Option<Request> {
    let address = ADDRESSES.iter().find_map(|phrase| sentence.matches(at, phrase));
    let after = address.or_else(|| is_imperative(sentence, at).then_some(at))?;
    if IDLE.iter().any(|phrase| sentence.matches(after, phrase).is_some()) {
        return None;
    }
    let end = clause_end(sentence, after);
    let verb = sentence.find(after, end, VERBS)?;
    // "nicht" may stand anywhere in a German clause, and turns all of it around.
    if sentence.words[after..end].iter().any(super::super::sentence::Word::is_negation) {
        return None;
    }
    let kind = kind(sentence, after, end);
    let is_joint = sentence.matches(at, "können|könnten wir").is_some();
    if is_joint && !matches!(kind, Some(Call | Meeting | Delivery | Cancel)) {
        return None;
    }
    Some(Request { kind: kind.unwrap_or(Other), words: at..verb.end })
}

/// "Rufen Sie mich an": a verb at the start of a statement, which a question would share.
fn is_imperative(sentence: &Sentence, at: usize) -> bool {
    let begins = sentence.clause_start(at) == at && at <= LEAD_IN_WORDS_MAX;
    let has_verb = sentence.words.get(at).is_some_and(|word| word.is_one_of(VERBS));
    begins && has_verb && !sentence.is_question && sentence.matches(at + 1, "sie").is_some()
}

/// "Wir möchten … stornieren": wishes that name what they want done at their end.
const WISHES: &[(AskKind, &str)] = &[
    (Cancel, "ich|wir möchte|möchten|will|wollen|muss|müssen ~ ~ stornieren|annullieren"),
    (Meeting, "ich|wir möchte|möchten|würde|würden ~ ~ termin|treffen ~ vereinbaren|ausmachen"),
    (Call, "ich|wir möchte|möchten|würde|würden ~ ~ telefonieren"),
];

const NEEDS: &[&str] = &[
    "ich|wir benötige|benötigen|brauche|brauchen|bräuchte|bräuchten|erbitte|erbitten",
    "ich|wir hätte|hätten gern|gerne",
    "benötige|benötigen|brauche|brauchen|bräuchte|bräuchten ich|wir",
];

fn need(sentence: &Sentence, at: usize) -> Option<Request> {
    let wish =
        WISHES.iter().find_map(|(kind, phrase)| Some((*kind, sentence.matches(at, phrase)?)));
    if let Some((kind, end)) = wish {
        return Some(Request { kind, words: at..end });
    }
    let after = NEEDS.iter().find_map(|phrase| sentence.matches(at, phrase))?;
    let end = clause_end(sentence, after);
    if sentence.words[after..end].iter().any(super::super::sentence::Word::is_negation) {
        return None;
    }
    kind(sentence, after, end).map(|kind| Request { kind, words: at..after })
}

const QUESTIONS: &[(AskKind, &str)] = &[
    (Status, "wie ist|lautet der|ist? aktuelle|genaue? stand|status|bearbeitungsstand"),
    (Status, "wie weit|steht ist|sind|es ~ bestellung|auftrag|lieferung"),
    (
        Status,
        "wo bleibt|ist|bleiben|sind unsere|meine|die bestellung|lieferung|ware|sendung|palette*",
    ),
    (Status, "gibt es ~ neuigkeiten|neues|updates|update"),
    (
        Delivery,
        "wann ~ ~ geliefert|liefern|lieferung|kommt|kommen|versendet|versandt|eintreffen|rechnen|\
            verschickt|liefertermin",
    ),
    (Delivery, "wie lang|lange|lautet|hoch ~ ~ lieferzeit|lieferung|liefertermin|lieferfrist"),
    (Price, "was kostet|kosten|würde|würden"),
    (Price, "wie hoch|teuer ist|sind|wäre|wären"),
    (Price, "wie viel|wieviel kostet|kosten"),
];

fn question(sentence: &Sentence, at: usize) -> Option<Request> {
    if !sentence.is_question {
        return None;
    }
    let found =
        QUESTIONS.iter().find_map(|(kind, phrase)| Some((*kind, sentence.matches(at, phrase)?)));
    found.map(|(kind, end)| Request { kind, words: at..end })
}

fn clause_end(sentence: &Sentence, from: usize) -> usize {
    sentence.words.len().min(from + CLAUSE_WORDS_MAX)
}

/// The most telling word of a clause decides.
fn kind(sentence: &Sentence, from: usize, to: usize) -> Option<AskKind> {
    let names = |phrases: &[&str]| sentence.has_any(from, to, phrases);
    KINDS.iter().find(|(_, phrases)| names(phrases)).map(|(kind, _)| *kind)
}

const KINDS: &[(AskKind, &[&str])] = &[
    (Cancel, &["stornier*|storno|annullier*|kündig*"]),
    (
        Call,
        &[
            "anruf*|anzurufen|zurückruf*|zurückzurufen|rückruf|telefonier*|telefonat|\
                telefontermin|telefonisch",
            "ruf|rufe|rufen ~ ~ an|zurück",
        ],
    ),
    (
        RevisedBid,
        &[
            "überarbeitet*|aktualisiert*|angepasst*|geändert*|korrigiert*|neue|neues|revidiert*|\
                verbessert* angebot*|offerte*|kostenvoranschlag",
            "angebot|offerte|kostenvoranschlag ~ überarbeit*|anpassen|aktualisier*|änder*|\
                korrigier*",
        ],
    ),
    (
        Document,
        &[
            "zertifikat*|bescheinigung*|nachweis*|unterlage*|dokument*|rechnung|rechnungen|\
                rechnungskopie|lieferschein*",
            "datenblatt|datenblätter|sicherheitsdatenblatt|vertrag|vertrages|verträge|formular*|\
                zeugnis*|kopie|prüfbericht*",
        ],
    ),
    (Price, &["preis*|kosten|rabatt*|angebot*|offerte*|kostenvoranschlag|konditionen"]),
    (Status, &["status|stand|bearbeitungsstand|sachstand"]),
    (
        Delivery,
        &["liefer*|geliefert|ausgeliefert|versand|versenden|versendet|sendung|zustellung|\
            anlieferung"],
    ),
    (Meeting, &["termin*|treffen|besprechung*|meeting*|besuch*|besuchen"]),
];
