//! The words of requests in Italian.

use super::clause::Language;
use crate::mail::{
    AskKind::{Call, Cancel, Delivery, Document, Meeting, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
};

pub(super) static ITALIAN: Language = Language {
    openings: Phrases::of(&[
        "potrebbe|potreste|può|potete|potresti|puoi",
        "per favore|cortesia|piacere",
        "la|vi prego|preghiamo di?",
        "le|vi chiedo|chiediamo|chiederei di|cortesemente?",
        "si prega di",
        "gradirei|gradiremmo|vorrei|vorremmo|desidero|desideriamo",
        "sarebbe|è possibile",
        "cortesemente",
    ]),
    joints: Phrases::of(&["possiamo|potremmo"]),
    idle: Phrases::of(&["trovare|notare|scusare|essere", "non|di non"]),
    verbs: Phrases::of(&[
        "invi*|mand*|sped*|trasm*|forn*|chiam*|richiam*|telefon*|conferm*|annull*|aggiorn*|rived*|modific*|indic*|comunic*|inform*|verific*|consegn*|quot*|fissar*|organizz*|incontr*|sostitu*|rispond*|dirci|dirmi|farci|farmi|avere|ricevere|dare|inoltr*",
    ]),
    imperatives: Phrases::of(&[
        "inviateci|inviatemi|mandateci|mandatemi|mi chiami|chiamatemi|chiamateci|confermateci|annullate|comunicateci|fateci|mandaci|inviaci",
    ]),
    wishes: Table::of(&[(Cancel, "vogliamo|voglio|dobbiamo|devo|desideriamo annullare|disdire")]),
    needs: Phrases::of(&[
        "abbiamo|ho|avremmo|avrei bisogno",
        "ci|mi serve|servono|servirebbe|occorre|occorrono",
    ]),
    questions: Table::of(&[
        (Status, "a che punto"),
        (Status, "qual è lo stato"),
        (Status, "dov'è|dove il|il|la|nostro|nostra ordine|spedizione"),
        (Delivery, "quando ~ ~ consegn*|arriv*|spedi*|ricever*"),
        (Price, "quanto costa|costano|costerebbe"),
        (Price, "qual è il|vostro prezzo"),
    ]),
    kinds: [
        (Cancel, Phrases::of(&["annull*|disdi*"])),
        (Call, Phrases::of(&["chiam*|richiam*|telefon*"])),
        (
            RevisedBid,
            Phrases::of(&[
                "offerta|preventivo|proposta|l'offerta aggiornat*|rivist*|modificat*|corrett*",
                "nuova|nuovo|un'altra offerta|preventivo|proposta",
                "aggiorn*|rived*|modific* ~ offerta|preventivo|l'offerta|proposta",
            ]),
        ),
        (
            Document,
            Phrases::of(&[
                "certificat*|fattur*|contratto|document*|scheda|schede|bolla|ddt|copia|dichiarazione|disegn*",
            ]),
        ),
        (
            Price,
            Phrases::of(&[
                "prezz*|preventivo|offerta|l'offerta|un'offerta|sconto|quotazione|listino|costo",
            ]),
        ),
        (
            Status,
            Phrases::of(&["stato|avancement|avanzamento dell'ordine|della|del|dei", "avanzamento"]),
        ),
        (Delivery, Phrases::of(&["consegn*|spedizion*|tempi"])),
        (Meeting, Phrases::of(&["riunione|appuntamento|incontr*|visita"])),
    ],
};
