//! Sentences that change how an account stands: complaints, dangers, lost bids and wishes to buy.
//!
//! Each is the first sentence that says so in plain words. A denial, a supposition or a quotation
//! is no signal; a danger that is only supposed still is one, because missing it is worse than
//! looking once too often.

use super::{Span, phrase::Phrases, sentence::Sentence};

/// Words before a phrase in which a denial of it stands.
const DENIAL_REACH: usize = 5;

/// The first sentence of each kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    /// Strong dissatisfaction.
    pub(super) complaint: Option<Span>,
    /// A danger to people.
    pub(super) safety: Option<Span>,
    /// Our bid lost.
    pub(super) quote_lost: Option<Span>,
    /// They want to buy.
    pub(super) buying_signal: Option<Span>,
    /// They think of leaving.
    pub(super) churn: Option<Span>,
}

/// Looks through a person's sentences.
pub(super) fn find(sentences: &[Sentence]) -> Signals {
    let first = |says: fn(&Sentence) -> bool| {
        sentences.iter().find(|sentence| says(sentence)).map(|sentence| sentence.span)
    };
    Signals {
        complaint: first(complains),
        safety: first(warns),
        quote_lost: first(turns_down),
        buying_signal: first(buys),
        churn: first(leaves),
    }
}

fn complains(sentence: &Sentence) -> bool {
    !sentence.is_mostly_quoted()
        && !is_supposed(sentence)
        && (says(sentence, &COMPLAINTS, true) || says(sentence, &DISSATISFIED, false))
}

fn warns(sentence: &Sentence) -> bool {
    says(sentence, &DANGERS, true)
}

fn turns_down(sentence: &Sentence) -> bool {
    let denied = says(sentence, &NOT_CHOSEN, false);
    !sentence.is_mostly_quoted()
        && !sentence.is_question
        && !is_supposed(sentence)
        && (denied || says(sentence, &LOST, true))
}

/// That somebody would leave if things went on so is all that they will say beforehand.
fn leaves(sentence: &Sentence) -> bool {
    !sentence.is_mostly_quoted()
        && (says(sentence, &LEAVING, true) || says(sentence, &NOT_STAYING, false))
}

fn buys(sentence: &Sentence) -> bool {
    !sentence.is_mostly_quoted()
        && !is_supposed(sentence)
        && says(sentence, &BUYING, true)
        && !RESERVATIONS.stand(sentence)
}

/// Whether a phrase stands unquoted, and where that matters not denied.
fn says(sentence: &Sentence, phrases: &Phrases, may_be_denied: bool) -> bool {
    (0..sentence.words.len()).any(|at| {
        phrases.at(sentence, at).is_some_and(|end| {
            let is_void = EXCEPTIONS.stand_in(sentence, at, end)
                || sentence.is_quoted(at, end)
                || may_be_denied && is_denied(sentence, at);
            !is_void
        })
    })
}

fn is_denied(sentence: &Sentence, at: usize) -> bool {
    let start = sentence.clause_start(at).max(at.saturating_sub(DENIAL_REACH));
    (start..at).any(|before| {
        sentence.words[before].is_negation()
            && sentence.matches(before, "not|nicht only|nur|just").is_none()
    })
}

fn is_supposed(sentence: &Sentence) -> bool {
    SUPPOSITIONS.stand(sentence)
}

static SUPPOSITIONS: Phrases = Phrases::of(&[
    "if|unless|whether|wenn|falls|sofern|ob",
    "in case",
    "were to",
    "should ~ be|arrive",
    "sollte|sollten",
]);

/// Phrases that begin like a signal and are something else.
static EXCEPTIONS: Phrases = Phrases::of(&[
    "fire safety|door|doors|extinguisher*|alarm*|rated|rating|drill|protection|resistan*|\
        certificate*",
    "smoke detector*|alarm*|test*|extraction|control",
    "recall that|this|how|when|our|your",
    "recall the call|meeting|conversation|discussion",
    "contamination control",
    "hazardous|dangerous goods|waste|material|materials",
    "injury|accident prevention|report|insurance",
    "damaged goods policy",
    "feuer und flamme",
]);
static COMPLAINTS: Phrases = Phrases::of(&[
    "unacceptable|inacceptable|intolerable|appalling|disgraceful|outrageous",
    "damaged|defective|faulty|broken|cracked|unusable|leaking",
    "wrong|incorrect item|items|product|products|goods|part|parts|article|articles",
    "wrong|incorrect size|sizes|colour|color|quantity|quantities|model|order|material",
    "very|extremely|deeply|really|bitterly|so|highly|most|utterly disappointed|disappointing",
    "very|extremely|deeply|really|so|highly|most dissatisfied|unhappy|frustrated|upset|annoyed",
    "we|i are|am|were|remain disappointed|dissatisfied|unhappy|frustrated",
    "disappointed|dissatisfied|unhappy with|by|about|at",
    "want|wish|like|need|have|writing|forced|going to complain",
    "file|lodge|raise|make|submit a|an|this formal|official? complaint",
    "formal|official|serious complaint",
    "complaint about|regarding|concerning",
    "complain about",
    "fed up",
    "poor|terrible|awful|horrible|bad quality|service|experience|workmanship",
    "let us|me down",
    "a disgrace|disaster|nightmare",
    "demand|want|expect a|our|my refund|money",
    "items|parts|boxes|pallets|pieces are|were missing",
    "inakzeptabel|unzumutbar|untragbar|unverschämt|frechheit|mangelhaft|beschädigt*|defekt*",
    "falsche|falschen ware|artikel|teile|produkte|größe|menge|lieferung",
    "sehr|äußerst|wirklich|zutiefst enttäuscht|unzufrieden|verärgert",
    "enttäuscht|unzufrieden mit|von|über",
    "reklamieren|reklamation|beschwerde|beschweren",
]);
/// Complaints that deny something themselves.
static DISSATISFIED: Phrases = Phrases::of(&[
    "not acceptable|satisfied",
    "isn't acceptable",
    "not|isn't good enough",
    "not what we|i ordered|agreed|asked|expected",
    "never again",
    "not happy|pleased|impressed with|about|at",
    "nicht akzeptabel|hinnehmbar|zufrieden",
]);
static DANGERS: Phrases = Phrases::of(&[
    "injur*|electrocut*|concussion",
    "hurt himself|herself|themselves|badly|somebody|someone",
    "was|were|been|got ~ hurt|burned|burnt|hospitalised|hospitalized|poisoned",
    "caught|catch|catches|catching|on|a|open fire",
    "the fire damaged|destroyed|spread|was|is|brigade|department",
    "fire broke|started|in|at|hazard|risk",
    "smoke coming|came|from|in|poured|rising",
    "started|began smoking|smoldering|smouldering",
    "electric|electrical shock",
    "product|safety|urgent|voluntary recall",
    "recall notice|campaign|of",
    "recalled|recalling the|all|our|these|those|products|batch*|units",
    "recall the|all|these|those|this product|products|batch*|units|lot|lots",
    "recall the|this|that batch*|product|lot|unit|shipment",
    "been recalled",
    "contaminat*|salmonella|listeria|legionella",
    "allergic reaction*",
    "undeclared allergen*",
    "unsafe|life-threatening|dangerous|hazardous",
    "gas leak*",
    "leak|leaking gas|acid|chemical*|fuel",
    "carbon monoxide",
    "explod*|explosion*",
    "overheat*",
    "toxic|poison*",
    "safety concern*|hazard*|issue*|incident*|defect*|problem*|risk*",
    "accidents",
    "an|the|bad|serious|minor|fatal accident",
    "accident at|in|on|with|happened|occurred",
    "glass|metal fragments|splinters|shards",
    "verletz*|unfall|unfälle",
    "produktrückruf*|rückrufaktion*|sicherheitsrückruf*",
    "brand|feuer ausgebrochen|entstanden|im|in|gefangen",
    "rauch|rauchentwicklung aus|im|in|trat",
    "kontaminiert*|verunreinigt*|vergiftet*|vergiftung",
    "allergische|allergischen reaktion*",
    "gasleck|gasaustritt|explosion|explodiert|stromschlag|lebensgefährlich",
    "sicherheitsmangel|sicherheitsrisiko|gefährlich",
]);
static LOST: Phrases = Phrases::of(&[
    "went|gone|going|go with|for another|different supplier|vendor|company|provider|bidder",
    "went|gone|going|go with|for another|different offer|quote|bid|contractor|firm|manufacturer",
    "went|gone|going with|for a|the different|competing|other|cheaper supplier|vendor|company",
    "went|gone|going with|for a|the different|competing|other|cheaper provider|bid|offer|quote",
    "went|gone|going with|for a|your|one? of? your? competitor|competitors",
    "went|gone|going with|for somebody|someone else",
    "chosen|chose|selected|picked|appointed ~ another|different|other|competing supplier|vendor",
    "chosen|chose|selected|picked|appointed ~ another|different|other|competing company|provider",
    "chosen|chose|selected|picked|appointed ~ another|different|other|competing bidder|bid|offer",
    "awarded|award ~ ~ to another|someone|somebody|others",
    "awarded ~ ~ to a|one different|competing|competitor",
    "decided|chosen|chose|opted against your|the bid|quote|quotation|offer|proposal|tender",
    "your|the bid|quote|quotation|offer|proposal|tender was|is|has|have been? unsuccessful",
    "your bid|quote|quotation|offer|proposal|tender was|is|has|have been? rejected|declined",
    "reject|decline|rejected|declined|rejecting|declining your bid|quote|quotation|offer|proposal",
    "unsuccessful on this occasion",
    "für einen|ein|den anderen|anderes anbieter|lieferanten|angebot",
    "für einen mitbewerber|wettbewerber",
    "anderweitig vergeben|beauftragt|entschieden",
    "gegen ihr angebot",
    "lehnen ihr angebot",
]);
/// Losses that deny something themselves.
static NOT_CHOSEN: Phrases = Phrases::of(&[
    "decided|chosen|opted not to proceed",
    "decided|chosen|opted not to go|move ahead|forward",
    "decided|chosen|opted not to accept|pursue|take|continue ~ bid|quote|offer|proposal",
    "not|won't be? proceed|proceeding|moving|going|move|go forward|ahead? with your bid|quote|\
        offer",
    "not|won't be? proceed|proceeding|moving|going|move|go forward|ahead? with your proposal|\
        tender",
    "bid|quote|quotation|offer|proposal|tender was|is|has not been? successful|selected|accepted",
    "bid|quote|quotation|offer|proposal|tender was|is|has not been? chosen|shortlisted",
    "bid|quote|quotation|offer|proposal|tender wasn't|hasn't been? successful|selected|accepted",
    "you have? not been successful|selected",
    "angebot ~ ~ nicht ~ berücksichtig*|annehmen|angenommen",
]);
static BUYING: Phrases = Phrases::of(&[
    "would|i'd|we'd ~ like|love to proceed|order|buy|purchase",
    "would|i'd|we'd ~ like|love to go|move ahead|forward",
    "would|i'd|we'd ~ like|love to place an|the|our|this order",
    "would|i'd|we'd ~ like|love to accept|sign your|the quote|bid|offer|proposal|contract",
    "ready|happy|keen|delighted|pleased to order|proceed|sign|buy|purchase",
    "ready|happy|keen|delighted|pleased to go|move ahead|forward",
    "ready|happy|keen|delighted|pleased to place an|the|our order",
    "want to proceed|order|buy|purchase",
    "want to go|move ahead|forward",
    "want to place an|the|our order",
    "please send|forward|prepare me|us|over|through? the|a|your|over? contract|agreement|proforma",
    "please send|forward me|us? the|a|an|your order form",
    "let's|lets go|move ahead|forward",
    "let's|lets proceed|order",
    "we|i hereby|gladly|happily? accept your|the bid|quote|quotation|offer|proposal",
    "happy|pleased|glad to accept your|the bid|quote|quotation|offer|proposal",
    "please go ahead",
    "please proceed with the|our|this|your order|quote|delivery|production|offer|proposal",
    "please ~ place|book|enter the|our|an|this order",
    "we|i have approved your|the bid|quote|quotation|offer|proposal",
    "attached ~ our|the purchase order",
    "our|the purchase order is attached",
    "möchten|möchte|würden|würde ~ ~ bestellen|beauftragen|kaufen",
    "nehmen|nehme ihr angebot",
    "erteilen|erteile ~ ~ auftrag",
    "bitte senden|schicken sie uns|mir den vertrag",
    "bestellen wir|hiermit",
    "hiermit bestellen|beauftragen",
]);
static LEAVING: Phrases = Phrases::of(&[
    "looking|look|shopping at|for|into|around other|another|alternative|new|different supplier*|\
        vendor*|provider*|manufacturer*|source*",
    "evaluating|considering|exploring|reviewing|comparing other|another|alternative|new|different \
        supplier*|vendor*|provider*|option|options|manufacturer*|source*",
    "switch|switching|move|moving|change|changing to another|a|other|different|new supplier*|\
        vendor*|provider*|competitor*",
    "switch|switching|change|changing supplier*|vendor*|provider*",
    "switch|switching|move|moving|go|going to one|a of? your? competitor*",
    "take|taking|move|moving|place|placing our|my business|orders|custom elsewhere",
    "buy|buying|order|ordering|source|sourcing elsewhere",
    "terminate|terminating|end|ending our|the|this contract|agreement|relationship|partnership|\
        cooperation|subscription|account",
    "cancel|cancelling|canceling|close|closing our|my|the account|subscription|contract|agreement",
    "reconsider|reconsidering|rethink|rethinking our|the relationship|partnership|cooperation|\
        contract|choice",
    "our|the|my last order with|from you",
    "cheaper|better|lower elsewhere|offer|price from? another|your|a? competitor*",
    "phase|phasing out your products",
    "anderen|andere|neuen|neue|alternativen|alternative lieferant*|anbieter*",
    "lieferanten|anbieter wechseln",
    "vertrag|zusammenarbeit|abo kündigen|beenden|kündige",
    "kündigen hiermit|wir|unseren|den",
    "changer de fournisseur|prestataire",
    "cambiar de proveedor",
]);
/// Leaving that denies something itself.
static NOT_STAYING: Phrases = Phrases::of(&[
    "not|won't|cannot|can't be? renew|renewing|extend|extending|continue|continuing|ordering",
    "no longer order|buy|work|need your|with|from",
    "never order|buy again|from",
    "nicht|nicht mehr? verlängern|weiterführen|fortsetzen",
]);
/// Words that turn a wish to buy into a condition or its opposite.
static RESERVATIONS: Phrases = Phrases::of(&[
    "but|however|unfortunately|until|once|before|when|after|aber|leider|sobald|bevor|erst",
    "cancel*|cancellation|return|returns|refund|complain*|claim|complaint|stornier*|reklam*",
    "not|cannot|can't|won't|don't|nicht|kein|keine|keinen",
]);
