//! The forms of a request in German, as far as the first reader goes.
//!
//! German verbs stand at the end, so a request is its opening and the most telling word of the
//! clause behind it.

use super::Request;
use crate::mail::{
    AskKind::{self, Call, Cancel, Delivery, Document, Meeting, Other, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
    sentence::{Sentence, Word},
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

static ADDRESSES: Phrases = Phrases::of(&[
    "könnten|können|würden sie|ihr|wir",
    "könntest|kannst|würdest du",
    "bitte um|darum",
    "ich|wir bitte|bitten sie? um|darum?",
    "bitte",
]);
/// What often follows a "bitte" that asks for nothing.
static IDLE: Phrases = Phrases::of(&[
    "sehr|schön|beachten|beachte|entschuldigen|entschuldige|wenden|finden|um verständnis|\
        entschuldigung|verständnis|geduld",
    "beachten|entschuldigen|wenden|finden|zögern",
    "um entschuldigung|verständnis|geduld|nachsicht|beachtung|kenntnisnahme",
]);
static VERBS: Phrases =
    Phrases::of(&["send*|schick*|übersend*|zusend*|zuschick*|zuzusenden|zuzuschicken|zukommen|\
    übermittel*|weiterleit*|weiterzuleiten|anruf*|anzurufen|ruf|rufe|rufen|zurückruf*|\
    zurückzurufen|telefonier*|bestätig*|mitteil*|mitzuteilen|teilen|stornier*|storno|annullier*|\
    vereinbar*|prüf*|klär*|melden|melde|geben|gib|nennen|nenne|sagen|wissen|liefer*|versend*|\
    erstell*|überarbeit*|anpassen|anzupassen|aktualisier*|korrigier*|änder*|verschieb*|antwort*|\
    unterschreib*|bereitstell*|stellen|treffen|ersetz*|austausch*|reparier*|machen|anbieten|\
    unterbreiten|bestellen|rückruf|rückmeldung|zusendung|übersendung|angebot|bestätigung|\
    stornierung|terminvorschlag|auskunft|information|informier*"]);

fn addressed(sentence: &Sentence, at: usize) -> Option<Request> {
    let after = ADDRESSES.at(sentence, at).or_else(|| is_imperative(sentence, at).then_some(at))?;
    if IDLE.at(sentence, after).is_some() {
        return None;
    }
    let end = clause_end(sentence, after);
    let verb = VERBS.find(sentence, after, end)?;
    // "nicht" may stand anywhere in a German clause, and turns all of it around.
    if sentence.words[after..end].iter().any(Word::is_negation) {
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
    let has_verb = VERBS.at(sentence, at).is_some();
    begins && has_verb && !sentence.is_question && sentence.matches(at + 1, "sie").is_some()
}

/// "Wir möchten … stornieren": wishes that name what they want done at their end.
static WISHES: Table<AskKind> = Table::of(&[
    (Cancel, "ich|wir möchte|möchten|will|wollen|muss|müssen ~ ~ stornieren|annullieren"),
    (Meeting, "ich|wir möchte|möchten|würde|würden ~ ~ termin|treffen ~ vereinbaren|ausmachen"),
    (Call, "ich|wir möchte|möchten|würde|würden ~ ~ telefonieren"),
]);

static NEEDS: Phrases = Phrases::of(&[
    "ich|wir benötige|benötigen|brauche|brauchen|bräuchte|bräuchten|erbitte|erbitten",
    "ich|wir hätte|hätten gern|gerne",
    "benötige|benötigen|brauche|brauchen|bräuchte|bräuchten ich|wir",
]);

fn need(sentence: &Sentence, at: usize) -> Option<Request> {
    if let Some((kind, end)) = WISHES.at(sentence, at) {
        return Some(Request { kind, words: at..end });
    }
    let after = NEEDS.at(sentence, at)?;
    let end = clause_end(sentence, after);
    if sentence.words[after..end].iter().any(Word::is_negation) {
        return None;
    }
    kind(sentence, after, end).map(|kind| Request { kind, words: at..after })
}

static QUESTIONS: Table<AskKind> = Table::of(&[
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
]);

fn question(sentence: &Sentence, at: usize) -> Option<Request> {
    if !sentence.is_question {
        return None;
    }
    QUESTIONS.at(sentence, at).map(|(kind, end)| Request { kind, words: at..end })
}

fn clause_end(sentence: &Sentence, from: usize) -> usize {
    sentence.words.len().min(from + CLAUSE_WORDS_MAX)
}

/// The most telling word of a clause decides.
fn kind(sentence: &Sentence, from: usize, to: usize) -> Option<AskKind> {
    let named = KINDS.iter().find(|(_, phrases)| phrases.stand_in(sentence, from, to));
    named.map(|(kind, _)| *kind)
}

static KINDS: [(AskKind, Phrases); 8] = [
    (Cancel, Phrases::of(&["stornier*|storno|annullier*|kündig*"])),
    (
        Call,
        Phrases::of(&[
            "anruf*|anzurufen|zurückruf*|zurückzurufen|rückruf|telefonier*|telefonat|\
                telefontermin|telefonisch",
            "ruf|rufe|rufen ~ ~ an|zurück",
        ]),
    ),
    (
        RevisedBid,
        Phrases::of(&[
            "überarbeitet*|aktualisiert*|angepasst*|geändert*|korrigiert*|neue|neues|revidiert*|\
                verbessert* angebot*|offerte*|kostenvoranschlag",
            "angebot|offerte|kostenvoranschlag ~ überarbeit*|anpassen|aktualisier*|änder*|\
                korrigier*",
        ]),
    ),
    (
        Document,
        Phrases::of(&[
            "zertifikat*|bescheinigung*|nachweis*|unterlage*|dokument*|rechnung|rechnungen|\
                rechnungskopie|lieferschein*",
            "datenblatt|datenblätter|sicherheitsdatenblatt|vertrag|vertrages|verträge|formular*|\
                zeugnis*|kopie|prüfbericht*",
        ]),
    ),
    (
        Price,
        Phrases::of(&["preis*|kosten|rabatt*|angebot*|offerte*|kostenvoranschlag|konditionen"]),
    ),
    (Status, Phrases::of(&["status|stand|bearbeitungsstand|sachstand"])),
    (
        Delivery,
        Phrases::of(&["liefer*|geliefert|ausgeliefert|versand|versenden|versendet|sendung|\
            zustellung|anlieferung"]),
    ),
    (Meeting, Phrases::of(&["termin*|treffen|besprechung*|meeting*|besuch*|besuchen"])),
];
