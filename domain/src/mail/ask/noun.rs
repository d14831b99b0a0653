//! The things that requests are about, in English.

use crate::mail::{AskKind, phrase::Phrases, sentence::Sentence};

/// Words after a verb in which its object stands.
const OBJECT_REACH: usize = 12;

/// The most telling thing named in a range: a revised bid before a document, a document before a
/// price, and so on.
///
/// "Send the delivery documents" is about documents, so a verb of giving takes this.
pub(super) fn most_telling(sentence: &Sentence, from: usize, to: usize) -> Option<AskKind> {
    let to = to.min(from + OBJECT_REACH);
    NOUNS.iter().find(|(kind, _)| first(sentence, from, to, *kind).is_some()).map(|(kind, _)| *kind)
}

/// The first thing named in a range: "confirm the price before delivery" is about the price.
pub(super) fn earliest(sentence: &Sentence, from: usize, to: usize) -> Option<AskKind> {
    let to = to.min(from + OBJECT_REACH);
    let named =
        NOUNS.iter().filter_map(|(kind, _)| Some((first(sentence, from, to, *kind)?, *kind)));
    // Of two that begin at one word, such as "delivery note", the table's order decides.
    named.min_by_key(|(at, _)| *at).map(|(_, kind)| kind)
}

/// Whether a range names a thing of a kind.
pub(super) fn names(sentence: &Sentence, from: usize, to: usize, kind: AskKind) -> bool {
    first(sentence, from, to.min(from + OBJECT_REACH), kind).is_some()
}

/// Whether a range names any bid, new or changed.
pub(super) fn names_bid(sentence: &Sentence, from: usize, to: usize) -> bool {
    BID.stand_in(sentence, from, to.min(from + OBJECT_REACH))
}

fn first(sentence: &Sentence, from: usize, to: usize, kind: AskKind) -> Option<usize> {
    let (_, phrases) = NOUNS.iter().find(|(listed, _)| *listed == kind)?;
    (from..to.min(sentence.words.len()))
        .find(|at| phrases.at(sentence, *at).is_some() && NOT_THOSE.at(sentence, *at).is_none())
}

static BID: Phrases =
    Phrases::of(&["bid|bids|quote|quotes|quotation|quotations|offer|offers|proposal|proposals|\
    estimate|estimates|tender|tenders"]);

/// Phrases for each kind, the most telling first.
static NOUNS: [(AskKind, Phrases); 7] = [
    (
        AskKind::RevisedBid,
        Phrases::of(&[
            "revised|updated|new|amended|corrected|adjusted|improved|better|lower|changed|\
                modified|another|fresh price|pricing|commercial|formal|written|final? bid|bids|\
                quote|quotes|quotation|quotations|offer|offers|proposal|proposals|estimate|\
                estimates|tender",
            "revision of|to the|your? bid|quote|quotation|offer|proposal|estimate",
            "requote|re-quote|re-quotation",
        ]),
    ),
    (
        AskKind::Document,
        Phrases::of(&[
            "certificate*|certification*|document*|datasheet*|invoice|invoices|contract|contracts|\
                agreement|agreements|msds|sds",
            "w-9|w9|brochure*|catalog*|drawing|drawings|manual|manuals|form|forms|specification*|\
                paperwork|statement",
            "nda|coa|coc|data|spec|safety|product sheet|sheets",
            "packing|parts list|lists",
            "delivery|credit note|notes",
            "delivery|shipping document*",
            "proof of",
            "copy|copies of",
            "test|inspection report|reports",
            "declaration",
        ]),
    ),
    (
        AskKind::Price,
        Phrases::of(&[
            "price|prices|pricing|cost|costs|rate|rates|discount*|rebate*",
            "bid|bids|quote|quotes|quotation|quotations|offer|offers|proposal|proposals|estimate|\
                estimates|tender|tenders",
        ]),
    ),
    (
        AskKind::Status,
        Phrases::of(&[
            "status|progress|update|updates|latest",
            "where our|my|the order|shipment|parcel|goods",
        ]),
    ),
    (
        AskKind::Delivery,
        Phrases::of(&[
            "delivery|deliveries|deliver|delivers|delivered|delivering|shipment*|shipping|ship|\
                ships|shipped|eta|dispatch*",
            "lead time|times",
            "leadtime*|tracking|arrival|arrive|arrives",
            "when ~ receive|expect",
        ]),
    ),
    (
        AskKind::Meeting,
        Phrases::of(&[
            "meeting|meetings|appointment*|visit|demo|workshop|walkthrough",
            "in person",
            "face to face",
            "to meet",
        ]),
    ),
    (
        AskKind::Call,
        Phrases::of(&[
            "a|the|our|your|my|this|that|another|quick|short|brief|phone|telephone|video|\
                conference|zoom|teams|return call|calls",
            "callback|call-back",
            "call|phone|ring me|us|back",
        ]),
    ),
];
/// Phrases that only look like those.
static NOT_THOSE: Phrases = Phrases::of(&[
    "delivery|shipping address|addresses|terms|contact",
    "price|rate list? of? exchange",
    "offer help|support",
    "form of",
    "copy of? in",
    "document* how|that",
]);
