//! The words of requests in German.

use super::clause::Language;
use crate::mail::{
    AskKind::{Call, Cancel, Delivery, Document, Meeting, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
};

pub(super) static GERMAN: Language = Language {
    openings: Phrases::of(&[
        "könnten|können|würden sie|ihr",
        "könntest|kannst|würdest du",
        "bitte um|darum",
        "ich|wir bitte|bitten sie? um|darum?",
        "bitte",
    ]),
    joints: Phrases::of(&["können|könnten wir"]),
    idle: Phrases::of(&[
        "sehr|schön|beachten|beachte|entschuldigen|entschuldige|wenden|finden|um verständnis|\
        entschuldigung|verständnis|geduld",
        "beachten|entschuldigen|wenden|finden|zögern",
        "um entschuldigung|verständnis|geduld|nachsicht|beachtung|kenntnisnahme",
    ]),
    verbs: Phrases::of(&[
        "send*|schick*|übersend*|zusend*|zuschick*|zuzusenden|zuzuschicken|zukommen|\
    übermittel*|weiterleit*|weiterzuleiten|anruf*|anzurufen|ruf|rufe|rufen|zurückruf*|\
    zurückzurufen|telefonier*|bestätig*|mitteil*|mitzuteilen|teilen|stornier*|storno|annullier*|\
    vereinbar*|prüf*|klär*|melden|melde|geben|gib|nennen|nenne|sagen|wissen|liefer*|versend*|\
    erstell*|überarbeit*|anpassen|anzupassen|aktualisier*|korrigier*|änder*|verschieb*|antwort*|\
    unterschreib*|bereitstell*|stellen|treffen|ersetz*|austausch*|reparier*|machen|anbieten|\
    unterbreiten|bestellen|rückruf|rückmeldung|zusendung|übersendung|angebot|bestätigung|\
    stornierung|terminvorschlag|auskunft|information|informier*",
    ]),
    imperatives: Phrases::of(&[
        "senden|schicken|übersenden|rufen|bestätigen|teilen|geben|nennen|übermitteln|stornieren|prüfen|melden|leiten|ändern|überarbeiten|aktualisieren|liefern|erstellen|machen|sagen|vereinbaren|verschieben|telefonieren|ersetzen|tauschen|klären sie",
    ]),
    wishes: Table::of(&[
        (Cancel, "ich|wir möchte|möchten|will|wollen|muss|müssen ~ ~ stornieren|annullieren"),
        (Meeting, "ich|wir möchte|möchten|würde|würden ~ ~ termin|treffen ~ vereinbaren|ausmachen"),
        (Call, "ich|wir möchte|möchten|würde|würden ~ ~ telefonieren"),
    ]),
    needs: Phrases::of(&[
        "ich|wir benötige|benötigen|brauche|brauchen|bräuchte|bräuchten|erbitte|erbitten",
        "ich|wir hätte|hätten gern|gerne",
        "benötige|benötigen|brauche|brauchen|bräuchte|bräuchten ich|wir",
    ]),
    questions: Table::of(&[
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
    ]),
    kinds: [
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
    ],
};
