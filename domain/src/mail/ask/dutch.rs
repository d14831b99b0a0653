//! The words of requests in Dutch.

use super::clause::Language;
use crate::mail::{
    AskKind::{Call, Cancel, Delivery, Document, Meeting, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
};

pub(super) static DUTCH: Language = Language {
    openings: Phrases::of(&[
        "kunt|kan|kun|zou|zoudt|wilt|wil u|je|jullie",
        "zouden jullie|u",
        "graag",
        "gelieve",
        "alstublieft|a.u.b|aub|svp",
        "verzoek|verzoeken|vraag|vragen wij|ik|u",
        "wij|ik|we verzoek|verzoeken|vraag|vragen u|je",
    ]),
    joints: Phrases::of(&["kunnen|zouden we|wij"]),
    idle: Phrases::of(&["gedaan|tot|aandacht|begrip|een fijne"]),
    verbs: Phrases::of(&[
        "sturen|stuur|stuurt|toesturen|toezenden|opsturen|mailen|zenden|zend|doorsturen|bellen|bel|terugbellen|bevestigen|bevestig|bevestiging|annuleren|annuleer|aanpassen|wijzigen|herzien|updaten|weten|leveren|offreren|aangeven|doorgeven|geven|plannen|inplannen|afspreken|ontvangen|ontvang|vervangen|controleren|reageren|maken|nakijken|laten|uitleggen",
    ]),
    imperatives: Phrases::of(&[
        "stuur|bel|bevestig|annuleer|mail|laat ons|mij|me|de|het",
        "bel mij|me|ons",
    ]),
    wishes: Table::of(&[(Cancel, "wij|we|ik willen|wil|moeten|moet ~ ~ annuleren")]),
    needs: Phrases::of(&["wij|we|ik ontvangen|ontvang graag", "wij|we|ik hebben|heb nog|dringend"]),
    questions: Table::of(&[
        (Status, "wat is de status|stand"),
        (Status, "waar blijft|is onze|mijn|de bestelling|zending|levering|order"),
        (Delivery, "wanneer ~ ~ gelever*|lever*|verzonden|aankom*|verwachten|ontvangen"),
        (Price, "wat kost|kosten"),
        (Price, "hoeveel kost|kosten"),
        (Price, "wat is de|uw beste? prijs"),
    ]),
    kinds: [
        (Cancel, Phrases::of(&["annul*"])),
        (Call, Phrases::of(&["bel|bellen|belt|terugbel*|telefonisch|telefoneren"])),
        (
            RevisedBid,
            Phrases::of(&[
                "nieuwe|herziene|aangepaste|bijgewerkte|gewijzigde offerte|aanbieding|prijsopgave",
                "offerte|aanbieding ~ aanpassen|herzien|wijzigen|updaten",
            ]),
        ),
        (
            Document,
            Phrases::of(&[
                "certifica*|factuur|facturen|contract|document*|pakbon|kopie|veiligheidsblad*|datasheet|verklaring|tekening*",
            ]),
        ),
        (Price, Phrases::of(&["prijs|prijzen|offerte|prijsopgave|korting|tarie*|prijslijst"])),
        (Status, Phrases::of(&["status|stand"])),
        (Delivery, Phrases::of(&["lever*|geleverd|verzend*|verzonden|levertijd"])),
        (Meeting, Phrases::of(&["afspraak|vergadering|bezoek|ontmoeten|overleg"])),
    ],
};
