//! What a person explicitly asks us to do.
//!
//! An ask moves the agent, so the rules prefer silence: a sentence counts only if it is a request
//! by its form, and is neither denied, supposed, reported of somebody else, nor quoted. The forms
//! of each language stand in a file of their own; what disqualifies a request stands here.

mod clause;
mod dutch;
mod english;
mod french;
mod german;
mod italian;
mod noun;
mod spanish;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::clause::Language;
use super::{
    ASKS_MAX, Ask, AskKind, Span,
    phrase::Phrases,
    sentence::Sentence,
    when::{self, Expression, Lead, Present, When},
};

/// Words after a request in which a denial turns it around: "please send no more".
const DENIAL_REACH: usize = 3;
/// Words before a verb of speech in which its subject stands.
const SUBJECT_REACH: usize = 3;

/// The asks of a person's sentences, in order, at most [`ASKS_MAX`]; by when counts from their
/// present, if it is known.
pub(super) fn find(sentences: &[Sentence], present: Option<&Present>) -> Vec<Ask> {
    let mut asks: Vec<Ask> = Vec::new();
    let mut previous: Option<Span> = None;
    for sentence in sentences {
        if is_retraction(sentence) {
            asks.retain(|ask| Some(ask.span) != previous);
        } else if !sentence.is_mostly_quoted() {
            let found = of(sentence, present);
            if found.is_empty() {
                add_deadline(&mut asks, previous, sentence, present);
            }
            asks.extend(found);
        }
        previous = Some(sentence.span);
        if ASKS_MAX <= asks.len() {
            asks.truncate(ASKS_MAX);
            break;
        }
    }
    asks
}

/// The languages that are read alike.
static LANGUAGES: [&Language; 5] =
    [&german::GERMAN, &french::FRENCH, &spanish::SPANISH, &italian::ITALIAN, &dutch::DUTCH];

/// The different things that one sentence asks for.
fn of(sentence: &Sentence, present: Option<&Present>) -> Vec<Ask> {
    let mut requests: Vec<Request> = Vec::new();
    let others = LANGUAGES.iter().flat_map(|language| language.requests(sentence));
    for request in english::requests(sentence).into_iter().chain(others) {
        let is_new = requests.iter().all(|known| known.kind != request.kind);
        if is_new && request.stands(sentence) {
            requests.push(request);
        }
    }
    // A request for something unknown beside a known one is usually the same request, read twice.
    if 1 < requests.len() {
        requests.retain(|request| request.kind != AskKind::Other);
    }
    if requests.is_empty() {
        return Vec::new();
    }
    let moments = present.map(|present| when::find(sentence, present)).unwrap_or_default();
    let ends = requests.iter().skip(1).map(|next| next.words.start).chain([sentence.words.len()]);
    let asks = requests.iter().zip(ends).map(|(request, end)| Ask {
        kind: request.kind,
        span: sentence.span,
        by: deadline(&moments, request.words.start, end),
    });
    asks.collect()
}

/// By when, of the moments that a sentence names: one that says so before one that does not, one
/// behind the request before one in front of it.
fn deadline(moments: &[Expression], start: usize, end: usize) -> Option<When> {
    let is_due = |it: &&Expression| !matches!(it.lead, Lead::From | Lead::Of);
    let says_by = |it: &&Expression| matches!(it.lead, Lead::By | Lead::Until | Lead::Through);
    let behind = || moments.iter().filter(|it| (start..end).contains(&it.start)).filter(is_due);
    let in_front = moments.iter().filter(|it| it.start < start).find(says_by);
    let found = behind().find(says_by).or_else(|| behind().next()).or(in_front);
    found.map(|it| it.when)
}

/// "We need it by Friday." behind a request says by when, and asks for nothing new.
fn add_deadline(
    asks: &mut [Ask],
    previous: Option<Span>,
    sentence: &Sentence,
    present: Option<&Present>,
) {
    let Some(present) = present.filter(|_| DEADLINES.stand(sentence)) else { return };
    let moments = when::find(sentence, present);
    let says_by = |it: &&Expression| !matches!(it.lead, Lead::From | Lead::Of);
    let Some(found) = moments.iter().find(says_by) else { return };
    for ask in asks.iter_mut().filter(|ask| Some(ask.span) == previous && ask.by.is_none()) {
        ask.by = Some(found.when);
    }
}

/// What speaks of the request before.
static DEADLINES: Phrases = Phrases::of(&[
    "need|needed|require|required it|this|that|them|these|those",
    "it|this|that is needed|required|due|urgent",
    "deadline",
    "due date",
    "brauchen|benötigen|bräuchten|brauche|benötige wir|ich? es|das|sie|dies",
    "frist",
]);

/// A request by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    kind: AskKind,
    /// The words that make it a request, from the first to the verb or noun.
    words: Range<usize>,
}

impl Request {
    fn stands(&self, sentence: &Sentence) -> bool {
        let may_be_idle = matches!(self.kind, AskKind::Call | AskKind::Other);
        let is_void = sentence.is_quoted(self.words.start, self.words.end)
            || is_denied(sentence, &self.words)
            || is_supposed(sentence, &self.words)
            || is_reported(sentence, self.words.start)
            || may_be_idle && is_courtesy(sentence);
        !is_void
    }
}

/// "Never mind" takes back what was just asked.
fn is_retraction(sentence: &Sentence) -> bool {
    RETRACTIONS.stand(sentence)
}

static RETRACTIONS: Phrases = Phrases::of(&[
    "never mind",
    "nevermind",
    "scratch|forget|ignore|disregard that|this",
    "actually no",
    "no longer needed|necessary",
    "on second thoughts?|thought",
    "hat sich erledigt",
    "nicht mehr nötig",
]);

/// Whether the clause denies the request, before it, in it, or right after it, or leaves it open
/// with a "might".
fn is_denied(sentence: &Sentence, request: &Range<usize>) -> bool {
    let start = sentence.clause_start(request.start);
    let end = (request.end + DENIAL_REACH).min(sentence.words.len());
    let clause = sentence.words[..request.end].last().map(|word| word.clause);
    (start..end).any(|at| {
        if request.end <= at && Some(sentence.words[at].clause) != clause {
            return false;
        }
        let is_limit = LIMITS.at(sentence, at).is_some();
        let is_maybe =
            at != request.start && at < request.end && sentence.words[at].is_one_of("might|may");
        sentence.words[at].is_negation() && !is_limit || is_maybe
    })
}

/// "No later than" limits and does not deny.
static LIMITS: Phrases = Phrases::of(&[
    "no|not|nicht later|earlier|sooner|before|after|until|später|vor|nach",
    "no|not more|less|longer than",
    "not only",
    "nicht nur",
]);

/// Whether the sentence only supposes: an "if" that is more than a courtesy.
fn is_supposed(sentence: &Sentence, request: &Range<usize>) -> bool {
    (0..sentence.words.len()).filter(|at| !request.contains(at)).any(|at| {
        let matches = |phrases: &Phrases| phrases.at(sentence, at).is_some();
        if !matches(&CONDITIONS) {
            return false;
        }
        let is_whether = request.end <= at && asks_whether(sentence, at) && !matches(&IDLE_OFFERS);
        let is_aside = sentence
            .matches(at, ASIDE)
            .is_some_and(|end| sentence.words.get(end).is_none_or(|next| next.mark.is_some()));
        !matches(&COURTESIES) && !is_whether && !is_aside
    })
}

/// Whether the sentence offers help, as the last line of many mails does.
fn is_courtesy(sentence: &Sentence) -> bool {
    CLOSING_LINES.stand(sentence)
}

static CLOSING_LINES: Phrases = Phrases::of(&[
    "any|further|other|more|additional questions|concerns|problems|queries|issues|enquiries",
    "questions or|and concerns|comments",
    "for any|more|further|additional? information|details|help|assistance|support|questions",
    "need|require anything|assistance|help",
    "bei fragen|rückfragen|problemen",
    "weitere|noch fragen",
    "toute|toutes|autre|autres question|questions|information|informations|renseignement|demande",
    "cualquier|alguna|más duda|dudas|pregunta|preguntas|consulta|información",
    "ulteriori|eventuali|qualsiasi domande|informazioni|domanda|chiarimenti",
    "vragen of|heeft|hebt",
    "n'hésitez pas",
]);

/// "Let us know if …" asks whether something is so.
fn asks_whether(sentence: &Sentence, at: usize) -> bool {
    let from = at.saturating_sub(SUBJECT_REACH - 1);
    sentence.words[from..at].iter().any(|word| {
        word.is_one_of(
            "know|confirm|check|tell|see|ask|advise|verify|sure|wonder|wondering|wissen|bescheid|\
                prüfen|sagen|mitteilen|mit",
        )
    })
}

static CONDITIONS: Phrases = Phrases::of(&[
    "if|unless|assuming|supposing|provided|whenever|wenn|falls|sofern|angenommen",
    "in case",
    "in the event",
    "were to",
    "im falle?",
    "should you|we|i|it|there|anything|any",
    "si|s'il|s'ils|indien|caso",
    "se ha|avete|hai|dovesse|doveste|non|houver|tiver",
    "mocht|mochten u|je|er|het",
    "sollten|sollte sie|wir|ich|es",
]);
static COURTESIES: Phrases = Phrases::of(&[
    "if at? all? possible|feasible|convenient|available",
    "if you could|can|would please|kindly",
    "if you don't|wouldn't mind",
    "if it|that is possible|ok|okay|fine|convenient",
    "if it's|that's possible|ok|okay|fine|convenient",
    "if it's|that's not too much|late",
    "if that works",
    "if i|we may",
    "wenn|falls|sofern möglich",
    "wenn es ihnen? möglich|geht|passt|recht",
    "s'il vous|te plaît|plait",
    "si possible|posible",
    "si es|fuera posible",
    "si vous le? pouvez|voulez",
    "indien mogelijk",
    "se possibile",
]);
/// "Please call me if you can." is a courtesy only if nothing follows: "… if you can not deliver".
const ASIDE: &str = "if|wenn you|sie can|could|would|können|könnten";
/// Offers of help that ask for nothing.
static IDLE_OFFERS: Phrases = Phrases::of(&[
    "if you have|need|require|want",
    "if there's|anything|any|something",
    "if there is|are any|anything",
    "wenn|falls sie noch? fragen|etwas|weitere",
]);

/// Whether the request is what somebody said, rather than what the writer asks now.
fn is_reported(sentence: &Sentence, request_start: usize) -> bool {
    (0..request_start).any(|at| {
        if SPEECH.at(sentence, at).is_none() {
            return false;
        }
        let before = &sentence.words[at.saturating_sub(SUBJECT_REACH)..at];
        if before.iter().any(|word| word.is_one_of("as|wie")) {
            return false;
        }
        let own =
            before.iter().any(|word| word.is_one_of("i|we|you|i've|we've|you've|ich|wir|sie"));
        let between = &sentence.words[at + 1..=request_start];
        let has_mark = |mark| between.iter().any(|word| word.mark == Some(mark));
        !(own && has_mark(',') && !has_mark(':'))
    })
}

static SPEECH: Phrases = Phrases::of(&[
    "said|says|asked|asks|asking|told|tells|wrote|writes|mentioned|mentions|\
    requested|requests|wanted|wants|insisted|insists|demanded|demands|suggested|suggests|claimed|\
    claims|thinks|thought|replied|replies|according|sagte|sagt|meinte|meint|bat|bittet|fragte|\
    fragt|demandé|dit|écrit|pidió|dijo|chiesto|detto|vroeg|zei|gevraagd|schrieb|schreibt|verlangte|verlangt|wollte|gesagt|gebeten|gefragt|geschrieben",
]);
