//! The forms of a request in English.

use super::{Request, noun};
use crate::mail::{
    AskKind::{self, Call, Cancel, Delivery, Document, Meeting, Other, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
    sentence::{Sentence, Word},
};

/// Words between a request and its verb that are looked over if all of them are adverbs or dates.
const ADVERBS_MAX: usize = 8;
/// Words at the start of a sentence, such as a salutation, after which a bare imperative may stand.
const LEAD_IN_WORDS_MAX: usize = 4;
/// Longest sentence without a verb that is a request by its "please", in words.
const BARE_PLEASE_WORDS_MAX: usize = 12;

/// Every request that has the form of one, in order.
pub(super) fn requests(sentence: &Sentence) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut at = 0;
    while at < sentence.words.len() {
        let found = question(sentence, at)
            .or_else(|| addressed(sentence, at))
            .or_else(|| joint(sentence, at))
            .or_else(|| need(sentence, at))
            .or_else(|| imperative(sentence, at));
        let Some(request) = found else {
            at += 1;
            continue;
        };
        at = request.words.end.max(at + 1);
        let start = request.words.start;
        let second = second_thing(sentence, &request);
        requests.push(request);
        requests.extend(second);
        requests.extend(coordinated(sentence, start, at));
    }
    if requests.is_empty() {
        requests.extend(bare_please(sentence));
    }
    requests
}

/// What a verb of request wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Call,
    Talk,
    Cancel,
    Meet,
    Plan,
    /// Verbs that mean something only with their object: find a time, do ten percent.
    Light,
    Move,
    Revise,
    Quote,
    Give,
    Tell,
    Discount,
    Do,
}

/// Verbs, the first that matches counts.
static VERBS: Table<Act> = Table::of(&[
    (Act::Call, "give|giving|get me|us|him|her a? call|ring"),
    (Act::Call, "have|ask|get ~ call|phone|ring"),
    (Act::Call, "call|calling|phone|phoning|ring|ringing|telephone me|us|back|him|her"),
    (Act::Meet, "call|calling a|the|another meeting"),
    (Act::Call, "jump|hop on a call"),
    (Act::Call, "call|calling|phone|phoning|telephone"),
    (Act::Talk, "talk|talking|speak|speaking|chat"),
    (Act::Cancel, "cancel|cancelling|canceling|withdraw|withdrawing|annul|terminate"),
    (Act::Meet, "meet|visit|visiting"),
    (Act::Meet, "come by|over|round"),
    (
        Act::Plan,
        "schedule|scheduling|arrange|arranging|organise|organising|organize|organizing|book|\
            booking|plan|reserve",
    ),
    (Act::Plan, "set|setting up"),
    (Act::Light, "fix|find|have|having|do|hold|join|propose|suggest a|an|some|the|another"),
    (Act::Discount, "do ~ discount|better"),
    (
        Act::Move,
        "reschedule|postpone|expedite|ship|shipping|deliver|delivering|dispatch|delay|move|bring|\
            push|hold|speed",
    ),
    (
        Act::Revise,
        "revise|revising|requote|re-quote|resubmit|re-submit|rework|amend|adjust|update|updating|\
            improve|correct",
    ),
    (Act::Revise, "change|changing|modify"),
    (Act::Quote, "quote|quoting|bid"),
    (Act::Discount, "reduce|lower|match|beat|sharpen|discount|negotiate|offer"),
    (Act::Tell, "let me|us|him|her know"),
    (
        Act::Tell,
        "confirm|confirming|tell|telling|inform|advise|advising|check|checking|verify|clarify|\
            explain|notify|report",
    ),
    (Act::Tell, "indicate|specify|state|answer|respond|reply|revert|acknowledge"),
    (Act::Tell, "find out"),
    (
        Act::Give,
        "send|sending|provide|providing|share|sharing|forward|forwarding|submit|submitting|give|\
            giving|get|supply",
    ),
    (
        Act::Give,
        "email|emailing|e-mail|mail|issue|issuing|resend|resending|re-send|upload|attach|prepare|\
            return|pass|fax",
    ),
    (Act::Give, "show|draft|furnish|include"),
    (
        Act::Do,
        "help|assist|fix|repair|replace|replacing|exchange|refund|credit|sign|complete|fill|add|\
            remove|investigate",
    ),
    (
        Act::Do,
        "resolve|contact|process|approve|extend|review|reviewing|recommend|order|place|pay|\
            transfer|wire|collect",
    ),
    (
        Act::Do,
        "ensure|discuss|connect|introduce|test|register|proceed|follow|close|remind|consider|\
            reconsider|ask",
    ),
    (Act::Do, "make sure"),
    (Act::Do, "put ~ ~ on hold"),
    (Act::Do, "look|looking into|at"),
    (Act::Do, "reach|pick|sort|go out|up|ahead|to"),
]);
/// What makes a quotation a changed one.
static ANEW: Phrases = Phrases::of(&["again", "new|revised|updated"]);
/// Who is meant to give a thing, if it is not us.
static FROM_OTHERS: Phrases = Phrases::of(&["from|by our|my|their|his|her"]);
/// Verbs that belong to another phrase.
static NOT_VERBS: Phrases = Phrases::of(&[
    "call off|upon|for|it|attention|into",
    "call me|us a|an|crazy|old-fashioned",
    "consider the environment",
    "ask|asking for",
    "check out",
]);

fn act_at(sentence: &Sentence, at: usize) -> Option<(Act, usize)> {
    if NOT_VERBS.at(sentence, at).is_some() {
        return None;
    }
    VERBS.at(sentence, at)
}

/// Where the object of a verb may stand: up to the next coordinated verb.
fn object_end(sentence: &Sentence, from: usize) -> usize {
    (from..sentence.words.len())
        .find(|at| {
            sentence.words[*at].is_one_of("and|then") && next_act(sentence, at + 1).is_some()
        })
        .unwrap_or(sentence.words.len())
}

/// What an act on its object asks for; `None` if that is nothing.
fn kind_of(sentence: &Sentence, act: Act, verb: usize, after: usize) -> Option<AskKind> {
    let end = object_end(sentence, after);
    // The article that belongs to a light verb's phrase belongs to its object too.
    let after = if act == Act::Light { verb + 1 } else { after };
    let telling = noun::most_telling(sentence, after, end);
    let is_about = |kind: &AskKind| noun::names(sentence, after, end, *kind);
    let kind = match act {
        Act::Call | Act::Talk => Call,
        Act::Cancel => Cancel,
        Act::Meet => Meeting,
        Act::Plan => [Call, Meeting, Delivery].into_iter().find(is_about).unwrap_or(Other),
        Act::Light => [Call, Meeting, RevisedBid].into_iter().find(is_about)?,
        Act::Move => moved(sentence, verb, after, end),
        Act::Revise if sentence.words[verb].is_one_of("requote|re-quote") => RevisedBid,
        Act::Revise if noun::names_bid(sentence, after, end) => RevisedBid,
        Act::Revise if sentence.matches(verb, "update|updating me|us").is_some() => {
            telling.unwrap_or(Status)
        }
        Act::Revise => [Delivery, Meeting, Price].into_iter().find(is_about).unwrap_or(Other),
        Act::Do => Other,
        Act::Quote if ANEW.stand_in(sentence, after, end) => RevisedBid,
        Act::Quote => Price,
        Act::Discount => telling.filter(|kind| *kind == RevisedBid).unwrap_or(Price),
        Act::Tell => noun::earliest(sentence, after, end).unwrap_or(Other),
        Act::Give => telling.unwrap_or(Other),
    };
    Some(kind)
}

fn moved(sentence: &Sentence, verb: usize, after: usize, end: usize) -> AskKind {
    let names = |kind| noun::names(sentence, after, end, kind);
    let is_shipping =
        sentence.words[verb].is_one_of("ship|shipping|deliver|delivering|dispatch|expedite");
    match () {
        () if names(RevisedBid) => RevisedBid,
        () if names(Meeting) => Meeting,
        () if names(Call) => Call,
        () if is_shipping || names(Delivery) => Delivery,
        () if sentence.find(after, end, "order|orders|goods").is_some() => Delivery,
        () => Other,
    }
}

/// Requests put to the reader; a verb follows.
static ADDRESSES: Phrases = Phrases::of(&[
    "could|can|would|will you be able|so to|kind|good as|and? to?",
    "are you able to",
    "would|do you mind",
    "could|can|would|will you",
    "is it possible for? you? to",
    "would|could it be possible for? you? to",
    "please|kindly|pls|plz can|could|would|will you",
    "please|kindly|pls|plz",
    "appreciate it? if you could|would|can",
    "would be great|good|nice|helpful|appreciated|kind|lovely|useful|grateful|thankful|glad|happy \
        if you could|would|can",
    "be|am|are grateful|thankful|glad|happy if you could|would|can",
    "wondering|wonder if|whether you could|can|would",
    "hoping you could|can|would",
    "could|can|would|will someone|somebody|anyone|anybody",
    "i|we would? also|really|now|still? need|want|like|require|ask|request you|someone|somebody to",
    "i'd|we'd also|really? like|ask|want you|someone|somebody to",
    "may|can|could|might i|we ask|request you to",
]);
/// Words between a request and its verb that change nothing.
static FILLERS: Phrases =
    Phrases::of(&["please|kindly|possibly|maybe|perhaps|also|just|then|now|both|still|\
    therefore|again|urgently|quickly|immediately|simply|at|by|on|until|before|today|tomorrow|\
    monday|tuesday|wednesday|thursday|friday|saturday|sunday|next|this|week|morning|afternoon|\
    evening|asap|soon|your|earliest|convenience|in|the|end|of|day|meantime|as|possible|first|once|\
    more|to|go|do|from|team|company|office|sales|support|there|either|if"]);

/// The verb after any adverbs.
fn next_act(sentence: &Sentence, from: usize) -> Option<(Act, usize, usize)> {
    for at in from..(from + ADVERBS_MAX).min(sentence.words.len()) {
        if let Some((act, after)) = act_at(sentence, at) {
            return Some((act, at, after));
        }
        let word = &sentence.words[at];
        let is_number = word.text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && FILLERS.at(sentence, at).is_none() {
            return None;
        }
    }
    None
}

/// "Could you …", "please …".
fn addressed(sentence: &Sentence, at: usize) -> Option<Request> {
    let after = ADDRESSES.at(sentence, at)?;
    let (act, verb, end) = next_act(sentence, after)?;
    Some(Request { kind: kind_of(sentence, act, verb, end)?, words: at..end })
}

/// What opens a request for something to do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// A proposal.
    Together,
    /// A wish.
    Wish,
    /// A need, which may be the writer's own business.
    Need,
}

/// Requests for something to do together, or to be allowed; fewer verbs make sense after them.
static JOINTS: Table<Joint> = Table::of(&[
    (Joint::Together, "could|can|may|might|shall|should i|we"),
    (Joint::Together, "let's|lets"),
    (Joint::Together, "let us"),
    (Joint::Together, "would it be possible for? us? to"),
    (Joint::Together, "is it possible for? us? to"),
    (Joint::Wish, "i|we would also|really|still|now|just? like|love to"),
    (Joint::Wish, "i'd|we'd also|really|still|now|just? like|love to"),
    (Joint::Need, "i|we still|also|now|really|urgently|unfortunately? need|want|wish|have to"),
]);

fn joint(sentence: &Sentence, at: usize) -> Option<Request> {
    let (opening, after) = JOINTS.at(sentence, at)?;
    let from = skip_fillers(sentence, after);
    if let Some(end) =
        sentence.matches(from, "know|understand").filter(|_| opening != Joint::Together)
    {
        let kind = noun::earliest(sentence, end, sentence.words.len())?;
        return Some(Request { kind, words: at..end });
    }
    if let Some(end) = sentence.matches(from, "have|get|receive|obtain|request|ask|see for?") {
        // "We have to get a certificate" is the writer's own business.
        let kind = noun::most_telling(sentence, end, object_end(sentence, end))?;
        return (opening != Joint::Need).then_some(Request { kind, words: at..end });
    }
    let (act, end) = act_at(sentence, from)?;
    let kind = kind_of(sentence, act, from, end)?;
    // "Shall we cancel?" asks for advice.
    let asks_advice = sentence.words[at].is_one_of("shall|should|might");
    let is_shared = match act {
        Act::Talk | Act::Meet => true,
        Act::Call => sentence.matches(from, "jump|hop").is_some(),
        Act::Plan | Act::Light => matches!(kind, Call | Meeting),
        Act::Cancel => !asks_advice,
        Act::Move | Act::Revise => !asks_advice && kind != Other,
        Act::Quote | Act::Give | Act::Tell | Act::Discount | Act::Do => false,
    };
    is_shared.then_some(Request { kind, words: at..end })
}

fn skip_fillers(sentence: &Sentence, from: usize) -> usize {
    let is_filler =
        |at: &usize| sentence.words[*at].text != "do" && FILLERS.at(sentence, *at).is_some();
    from + (from..sentence.words.len()).take(ADVERBS_MAX).take_while(is_filler).count()
}

/// "We need the certificate": a thing that only we can give.
static NEEDS: Phrases = Phrases::of(&[
    "i|we still|also|urgently|now|really|just|only|therefore? need|require|want",
    "i|we do|will also|still? need|require",
    "i'll|we'll also|still? need|require",
    "i|we would also|really? like|appreciate",
    "i'd|we'd also|really? like|appreciate",
]);

fn need(sentence: &Sentence, at: usize) -> Option<Request> {
    let after = NEEDS.at(sentence, at)?;
    if sentence.matches(after, "to|you|it|someone|somebody|more|that").is_some() {
        return None;
    }
    let end = (after + NEED_REACH).min(sentence.words.len());
    let kind = noun::most_telling(sentence, after, end)?;
    let comes_from_others = FROM_OTHERS.stand_in(sentence, after, sentence.words.len());
    (!comes_from_others).then_some(Request { kind, words: at..after })
}

/// Words after "we need" in which the thing stands.
const NEED_REACH: usize = 6;

/// Questions that can only be answered by doing something.
static QUESTIONS: Table<AskKind> = Table::of(&[
    (Call, "are|would you be? free|available ~ ~ call|chat"),
    (Meeting, "are|would you be? free|available ~ ~ meeting|visit|meet"),
    (Call, "do|would you have time|availability ~ ~ call|chat"),
    (Meeting, "do|would you have time|availability ~ ~ meeting|visit|meet"),
    (Status, "what is|are|about the current|latest? status|progress"),
    (Status, "what's the current|latest? status|progress|latest"),
    (Status, "what is the latest"),
    (Status, "any|an updates|update|news on|about|regarding|for?"),
    (Status, "where is|are|'s our|my|the? order|orders|shipment|delivery|parcel|goods|pallets"),
    (Status, "where are we|you with|on"),
    (Status, "where's our|my|the? order|shipment|delivery|parcel"),
    (Status, "how is our|my|the? order|shipment|project coming|going|progressing?"),
    (Status, "what happened to|with our|my|the order|shipment|delivery"),
    (
        Delivery,
        "has|have our|my|the order|goods|shipment|pallets been? shipped|dispatched|left|sent",
    ),
    (
        Delivery,
        "when will|can|do|does|would|should|is|are ~ ~ deliver*|ship|shipped|ships|arrive|arrives|\
            arriving|receive|expect",
    ),
    (Delivery, "when is|will ~ delivery|shipment|dispatch"),
    (
        Delivery,
        "what is|are|'s the|your expected|estimated|current? delivery|shipping|lead date|dates|\
            time|times",
    ),
    (
        Delivery,
        "what's the|your expected|estimated|current? delivery|shipping|lead date|time|times",
    ),
    (Delivery, "what is|'s the eta"),
    (Delivery, "how long ~ ~ deliver*|shipping|ship|lead"),
    (Price, "what is|are|would|'s ~ price|prices|cost|rate|rates"),
    (Price, "what's the|your best|current|unit|lowest? price|cost|rate"),
    (Price, "what would|does|do|will ~ cost"),
    (Price, "how much is|are|does|do|would|will|for"),
    (
        Document,
        "do|would you have a|an|the|your|any|current|valid? ~ certificate*|datasheet*|brochure*|\
            catalog*|drawing*",
    ),
    (RevisedBid, "when will|can|could ~ ~ revised|updated|new bid|quote|quotation|offer|proposal"),
    (Price, "when will|can|could ~ ~ bid|quote|quotation|offer|proposal"),
]);

fn question(sentence: &Sentence, at: usize) -> Option<Request> {
    let is_asked =
        sentence.is_question || sentence.clause_start(at) == at && at <= LEAD_IN_WORDS_MAX;
    if !is_asked {
        return None;
    }
    QUESTIONS.at(sentence, at).map(|(kind, end)| Request { kind, words: at..end })
}

/// Bare imperatives, clear enough to stand without a "please".
static IMPERATIVES: Phrases = Phrases::of(&[
    "call|phone|ring|telephone me|us",
    "give me|us a call|ring",
    "cancel our|my|the|this|that|order|po|it",
    "let me|us know",
    "send|email|e-mail|mail|forward|get|resend me|us|over|through|the|your|a",
    "schedule|arrange|book|set up? a|the",
    "confirm the|your|our|delivery",
    "requote|re-quote",
    "update|revise your|the|me|us",
]);

fn imperative(sentence: &Sentence, at: usize) -> Option<Request> {
    let leads = sentence.clause_start(at) == at && at <= LEAD_IN_WORDS_MAX;
    let lead_in = &sentence.words[..at.min(sentence.words.len())];
    let has_subject =
        lead_in.iter().any(|word| word.is_one_of("i|we|they|he|she|it|you|who|which|that|when|to"));
    if !leads || has_subject || IMPERATIVES.at(sentence, at).is_none() {
        return None;
    }
    let (act, end) = act_at(sentence, at)?;
    let kind = kind_of(sentence, act, at, end)?;
    (kind != Other).then_some(Request { kind, words: at..end })
}

/// A second verb after "and" under the same request.
fn coordinated(sentence: &Sentence, start: usize, from: usize) -> Vec<Request> {
    let mut requests = Vec::new();
    for at in from..sentence.words.len() {
        if !sentence.words[at].is_one_of("and|then|plus") {
            continue;
        }
        let Some((act, verb, end)) = next_act(sentence, at + 1) else { continue };
        let kind = kind_of(sentence, act, verb, end).filter(|_| act != Act::Do);
        if !sentence.is_quoted(start, end) {
            requests.extend(kind.map(|kind| Request { kind, words: verb..end }));
        }
    }
    requests
}

/// "… the revised bid and the certificate": a second thing under the same verb.
fn second_thing(sentence: &Sentence, request: &Request) -> Option<Request> {
    let (one, other) = (RevisedBid, Document);
    let wanted = match request.kind {
        kind if kind == one => other,
        kind if kind == other => one,
        _ => return None,
    };
    let end = object_end(sentence, request.words.end);
    let joint = sentence.find(request.words.end, end, "and|plus the|a|an|your|our|any? ~")?;
    noun::names(sentence, joint.start, end.min(joint.start + NEED_REACH), wanted)
        .then(|| Request { kind: wanted, words: request.words.clone() })
}

/// "A revised bid by three, please."
fn bare_please(sentence: &Sentence) -> Option<Request> {
    let count = sentence.words.len();
    let last = count.checked_sub(1)?;
    let starts_plainly = !sentence.words[0].is_one_of("i|we|they|he|she|it|you|thanks|thank|yes");
    let is_bare = count <= BARE_PLEASE_WORDS_MAX
        && starts_plainly
        && sentence.words[last].is_one_of("please|pls");
    let has_denial = sentence.words.iter().any(Word::is_negation);
    if !is_bare || has_denial {
        return None;
    }
    noun::most_telling(sentence, 0, last).map(|kind| Request { kind, words: 0..count })
}
