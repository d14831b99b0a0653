//! Lines by which mail programs set apart what the sender did not write.
//!
//! What lives here: telling one line, or a few joined ones, in the languages that our users'
//! clients write. What does not: deciding which stretch of a body follows from it; that is
//! [`super::written`].

use std::{collections::HashMap, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::listed::Listed;

/// How sure an attribution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribution {
    /// It announces history, whatever follows.
    Sure,
    /// It does if a quoted line follows.
    IfQuoteFollows,
}

/// Longest attribution, in bytes: a date, a name and an address, wrapped over a few lines.
const ATTRIBUTION_BYTES_MAX: usize = 400;

/// Reads a line, or a few that were wrapped, as "On … wrote:".
pub(super) fn attribution(text: &str) -> Option<Attribution> {
    let text = text.trim().trim_matches('*').trim_end();
    if ATTRIBUTION_BYTES_MAX < text.len() || !text.ends_with([':', '：', '>']) {
        return None;
    }
    let lower = text.to_lowercase();
    let has_digit = lower.contains(|letter: char| letter.is_ascii_digit());
    let has_address = lower.contains('@') || lower.contains('<');
    let has_verb = !lower.ends_with('>')
        && WROTE_ANYWHERE.is_match(&lower)
        && WROTE.split('|').any(|verb| has_word(&lower, verb));
    if has_verb && (has_digit || has_address) && (has_address || opens_attribution(&lower)) {
        return Some(Attribution::Sure);
    }
    let is_likely = has_digit && (has_verb || lower.contains('@'));
    is_likely.then_some(Attribution::IfQuoteFollows)
}

/// Whether a line may be the last of an attribution.
pub(super) fn may_end_attribution(line: &str) -> bool {
    line.trim_end().trim_end_matches('*').trim_end().ends_with([':', '：', '>'])
}

/// Whether a line may be the first of a wrapped attribution.
pub(super) fn may_open_attribution(line: &str) -> bool {
    let lower = line.trim_start().to_lowercase();
    opens_attribution(&lower) || lower.contains('<') || lower.contains('@')
}

fn opens_attribution(lower: &str) -> bool {
    OPENERS.split('|').any(|opener| lower.starts_with(opener))
}

/// Whether `text` contains `word` with no letter on either side.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Whether a line announces an original or forwarded message.
pub(super) fn is_separator(line: &str) -> bool {
    let trimmed = line.trim();
    let is_decorated = trimmed.starts_with(['-', '_', '=', '—', '–', '#', '*', '[', '<']);
    if !is_decorated && !trimmed.ends_with(':') && SEPARATOR_BYTES_MAX < trimmed.len() {
        return false;
    }
    let lower = trimmed.to_lowercase();
    let is_dash = |letter: char| matches!(letter, '-' | '_' | '=' | '—' | '–' | '*' | ' ');
    let core = lower.trim_start_matches(is_dash);
    let dashes = lower.len() - core.len();
    let is_dashed = 2 <= dashes && lower.starts_with(['-', '_', '=', '—', '–']);
    let announces = |phrase: &str| {
        core.strip_prefix(phrase).is_some_and(|rest| rest.is_empty() || rest.starts_with(is_dash))
    };
    let forwards = || lower.strip_suffix(':').is_some_and(|text| FORWARDS.has(text.trim_end()));
    is_dashed && !core.is_empty() && ORIGINALS.split('|').any(announces)
        || forwards()
        || lower.len() < SEPARATOR_BYTES_MAX && ABOVE.is_match(&lower)
}

/// Longest line that asks for an answer above it, in bytes; a longer one is a sentence.
const SEPARATOR_BYTES_MAX: usize = 70;

/// What a line of a quoted header block names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// The sender.
    From,
    /// When it was sent, in words that only mail programs use.
    Sent,
    /// A date.
    Date,
    /// Recipients.
    To,
    /// Recipients of a copy.
    Cc,
    /// The subject.
    Subject,
}

/// Longest label of a header line, in bytes.
const LABEL_BYTES_MAX: usize = 40;

/// Reads the label of a line such as `*Von:* Ada`.
pub(super) fn label(line: &str) -> Option<Label> {
    let line = line.trim_start().trim_start_matches('*');
    let (label, _) = line.split_once([':', '：'])?;
    if LABEL_BYTES_MAX < label.len() {
        return None;
    }
    let lower = label.trim().trim_end_matches('*').trim().to_lowercase();
    LABELS.into_iter().find(|(_, names)| names.has(&lower)).map(|(label, _)| label)
}

static LABELS: [(Label, &Listed); 6] = [
    (Label::From, &FROM),
    (Label::Sent, &SENT),
    (Label::Date, &DATE),
    (Label::To, &TO),
    (Label::Cc, &CC),
    (Label::Subject, &SUBJECT),
];

/// Whether a line has the shape of a header in any language: a short label, a colon, and something.
pub(super) fn is_labelled(line: &str) -> bool {
    let Some((label, value)) = line.trim().trim_start_matches('*').split_once([':', '：']) else {
        return false;
    };
    let label = label.trim_end_matches(['*', ' ']);
    label.len() <= LABEL_BYTES_MAX
        && label.split_whitespace().count() <= LABEL_WORDS_MAX
        && label.starts_with(char::is_alphabetic)
        && !value.trim().is_empty()
}

/// Most words of a label; the Portuguese one for a date has two.
const LABEL_WORDS_MAX: usize = 3;

/// Whether a line tells a time of day: digits around a colon or a full stop.
pub(super) fn has_time(line: &str) -> bool {
    line.as_bytes().windows(3).any(|three| {
        three[0].is_ascii_digit() && matches!(three[1], b':' | b'.') && three[2].is_ascii_digit()
    })
}

/// Whether a line is a rule and no words.
pub(super) fn is_rule(line: &str) -> bool {
    let line = line.trim();
    RULE_LETTERS_MIN <= line.chars().count()
        && line
            .chars()
            .all(|letter| matches!(letter, '-' | '_' | '=' | '*' | '—' | '–' | '─' | '#' | ' '))
}

/// Shorter ones are dashes in a text.
const RULE_LETTERS_MIN: usize = 5;

/// Whether a line begins a signature (RFC 3676, §4.3; many programs lose the blank).
pub(super) fn is_signature_mark(line: &str) -> bool {
    matches!(line.trim(), "--" | "—" | "–")
}

/// Whether a line is a telephone's "Sent from my …".
pub(super) fn is_sent_from(line: &str) -> bool {
    let line = line.trim();
    begins_with_any(line, &SENT_FROM_BY_FIRST)
        && line.split_whitespace().count() <= SENT_FROM_WORDS_MAX
        && !line.contains([',', ';'])
        && !line.ends_with(['.', '?', '!'])
}

/// Longer lines that begin this way are sentences.
const SENT_FROM_WORDS_MAX: usize = 9;

/// Whether a line begins a legal notice or the footer of a list, which goes on to the end.
pub(super) fn is_notice(line: &str) -> bool {
    begins_with_any(line, &NOTICES_BY_FIRST)
}

/// Whether two lines begin the footer of a mailing list: a rule, and the list's name.
pub(super) fn is_list_footer(line: &str, next: &str) -> bool {
    is_rule(line) && next.to_lowercase().contains("mailing list")
}

/// Whether a line begins a warning that the receiving system put above the text.
pub(super) fn is_banner(line: &str) -> bool {
    begins_with_any(line, &BANNERS_BY_FIRST)
}

fn begins_with_any(line: &str, openings: &Openings) -> bool {
    let line = line.trim_start_matches(['*', '[', ' ', '#', '_']);
    let Some(first) = line.chars().next() else { return false };
    let candidates = first.to_lowercase().next().and_then(|first| openings.0.get(&first));
    let Some(candidates) = candidates else { return false };
    let lower = line.to_lowercase();
    candidates.iter().any(|opening| lower.starts_with(opening))
}

/// How lines may begin, by their first letter: most lines begin otherwise, and are looked at no further.
struct Openings(HashMap<char, Vec<&'static str>>);

impl Openings {
    fn of(list: &'static str) -> Self {
        let mut by_first: HashMap<char, Vec<&'static str>> = HashMap::new();
        for opening in list.split('|') {
            if let Some(first) = opening.chars().next() {
                by_first.entry(first).or_default().push(opening);
            }
        }
        Self(by_first)
    }
}

/// Finds out quickly that a line has none of the verbs, as nearly all have not.
static WROTE_ANYWHERE: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(WROTE.split('|')).expect("the verbs are few and short"));
/// Finds the lines that ask for an answer above them.
static ABOVE: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(REPLY_ABOVE.split('|')).expect("they are few and short"));
static NOTICES_BY_FIRST: LazyLock<Openings> = LazyLock::new(|| Openings::of(NOTICES));
static BANNERS_BY_FIRST: LazyLock<Openings> = LazyLock::new(|| Openings::of(BANNERS));
static SENT_FROM_BY_FIRST: LazyLock<Openings> = LazyLock::new(|| Openings::of(SENT_FROM));

/// Verbs of attributions: English, German, French, Spanish, Italian, Dutch, Portuguese, Swedish,
/// Danish, Norwegian, Polish, Czech, Finnish, Hungarian, Romanian, Turkish, Russian, Chinese,
/// Japanese.
const WROTE: &str = "wrote|writes|schrieb|geschrieben|a écrit|escribió|escribio|ha scritto|\
    schreef|heeft geschreven|het volgende geschreven|escreveu|skrev|napisał|napisała|napisał(a)|\
    pisze|napsal|napsal(a)|kirjoitti|írta|a scris|yazdı|написал|написал(а)|написала|пишет|写道|\
    のメッセージ|wrote the following";
/// How attributions begin in these languages: with a date.
const OPENERS: &str = "on |am |le |el |il |op |em |den |d. |w dniu |dnia |dne |în |pe |tarihinde |\
    mon|tue|wed|thu|fri|sat|sun|0|1|2|3|4|5|6|7|8|9";
/// What stands between the dashes.
const ORIGINALS: &str = "original message|original mail|original email|reply message|\
    forwarded message|forwarded by|ursprüngliche nachricht|ursprungliche nachricht|\
    original-nachricht|originalnachricht|weitergeleitete nachricht|message d'origine|\
    message d’origine|message original|message transféré|message transmis|mensaje original|\
    mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|\
    origineel bericht|doorgestuurd bericht|mensagem original|mensagem encaminhada|\
    ursprungligt meddelande|originalmeddelande|vidarebefordrat meddelande|oprindelig meddelelse|\
    original meddelelse|videresendt meddelelse|opprinnelig melding|videresendt melding|\
    oryginalna wiadomość|wiadomość oryginalna|wiadomość przekazana|przekazana wiadomość|\
    treść przekazanej wiadomości|původní zpráva|alkuperäinen viesti|eredeti üzenet|mesaj original|\
    исходное сообщение|пересылаемое сообщение|пересланное сообщение|原始邮件|转发的邮件";
/// Lines that announce a forwarded message without dashes, before the colon.
static FORWARDS: Listed = Listed::of(
    "begin forwarded message|forwarded message|\
    anfang der weitergeleiteten nachricht|weitergeleitete nachricht|début du message réexpédié|\
    début du message transféré|inicio del mensaje reenviado|inizio messaggio inoltrato|\
    begin doorgestuurd bericht|início da mensagem reencaminhada|início da mensagem encaminhada|\
    vidarebefordrat brev|påbörjat vidarebefordrat brev|start på videresendt besked|\
    videresendt melding|początek przekazywanej wiadomości",
);
const REPLY_ABOVE: &str = "reply above this line|your reply above this line|\
    antwort über dieser zeile|répondez au-dessus de cette ligne";
static FROM: Listed = Listed::of(
    "from|von|de|da|van|från|fra|od|lähettäjä|от|от кого|kimden|feladó|expéditeur|\
    remitente|mittente|afzender|发件人|差出人",
);
static SENT: Listed = Listed::of(
    "sent|gesendet|envoyé|envoye|enviado|enviado el|enviada em|enviado em|inviato|\
    verzonden|skickat|sendt|wysłano|wysłane|lähetetty|odesláno|elküldve|trimis|отправлено|\
    gönderildi|发送时间|送信日時",
);
static DATE: Listed = Listed::of("date|datum|fecha|data|dato|päivä|дата|dátum|日期");
static TO: Listed = Listed::of(
    "to|an|à|a|para|aan|till|til|do|komu|vastaanottaja|кому|kime|címzett|\
    destinataire|destinatario|către|收件人|宛先",
);
static CC: Listed = Listed::of("cc|kopie|kopia|copie|copia|kopi|копия|抄送");
static SUBJECT: Listed = Listed::of(
    "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|temat|\
    aihe|předmět|tárgy|subiect|тема|konu|主题|件名",
);
const SENT_FROM: &str = "sent from |sent with |sent via |sent on the go|get outlook for |\
    von meinem |gesendet von |gesendet mit |gesendet über |envoyé de |envoyé depuis |\
    enviado desde |enviado de |enviado do |enviado a partir do |inviato da |inviato dal |\
    verzonden vanaf |verzonden met |verstuurd vanaf |skickat från |sendt fra |wysłane z |\
    wysłano z |odesláno z |lähetetty |отправлено с |отправлено из ";
const NOTICES: &str = "this e-mail and any|this email and any|this message and any|\
    this e-mail may contain|this email may contain|this message may contain|\
    this e-mail contains confidential|this email contains confidential|\
    this message contains confidential|this e-mail is confidential|this email is confidential|\
    this message is confidential|this e-mail is intended|this email is intended|\
    this message is intended|this communication is|the information contained in this|\
    the contents of this e|confidentiality notice|confidentiality:|confidential:|disclaimer|\
    legal notice|if you are not the intended|if you have received this|\
    please consider the environment|think before you print|you received this message because|\
    to unsubscribe|unsubscribe:|diese e-mail enthält|diese e-mail kann|diese nachricht enthält|\
    diese nachricht ist vertraulich|der inhalt dieser e-mail|bitte prüfen sie, ob diese|\
    ce message et|ce courriel|este mensaje|este correo|questo messaggio|dit bericht|deze e-mail|\
    esta mensagem|ta wiadomość";
const BANNERS: &str = "caution: this email|caution: external|external email|external sender|\
    external]|extern]|warning: this email|this email originated from outside|\
    this message originated from outside|you don't often get email from|\
    you don’t often get email from|some people who received this message don|\
    achtung: diese e-mail|sie erhalten nicht oft";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_are_told_in_many_languages() {
        for line in [
            "On Mon, 2 Mar 2026 at 10:15, Ada Byron <ada@x.example> wrote:",
            "On 02/03/26 7:07 PM, Ada Byron wrote:",
            "Am 02.03.2026 um 10:15 schrieb Ada Byron <ada@x.example>:",
            "Ada Byron <ada@x.example> schrieb am Mo., 2. März 2026, 10:15:",
            "Am 2. März 2026 hat Ada Byron geschrieben:",
            "Le lun. 2 mars 2026 à 10:15, Ada Byron <ada@x.example> a écrit :",
            "El lun, 2 mar 2026 a las 10:15, Ada Byron (<ada@x.example>) escribió:",
            "Il giorno lun 2 mar 2026 alle ore 10:15 Ada Byron <ada@x.example> ha scritto:",
            "Op ma 2 mrt 2026 om 10:15 schreef Ada Byron <ada@x.example>:",
            "Em seg., 2 de mar. de 2026 às 10:15, Ada Byron <ada@x.example> escreveu:",
            "Den mån 2 mars 2026 kl 10:15 skrev Ada Byron <ada@x.example>:",
            "Den man. 2. mar. 2026 kl. 10.15 skrev Ada Byron <ada@x.example>:",
            "man. 2. mars 2026 kl. 10:15 skrev Ada Byron <ada@x.example>:",
            "pon., 2 mar 2026 o 10:15 Ada Byron <ada@x.example> napisał(a):",
            "W dniu 2.03.2026 o 10:15, Ada Byron pisze:",
            "02.03.2026 10:15 пользователь <ada@x.example> написал:",
        ] {
            assert_eq!(attribution(line), Some(Attribution::Sure), "{line}");
        }
        for line in ["26.03.2026, 14:41, \"Ada\" <ada@x.example>:", "2026/3/2 Ada <ada@x.example>"]
        {
            assert_eq!(attribution(line), Some(Attribution::IfQuoteFollows), "{line}");
        }
        for line in
            ["On Monday we wrote to you.", "Please note the following:", "He wrote:", "", ":"]
        {
            assert_eq!(attribution(line), None, "{line}");
        }
    }

    #[test]
    fn separators_are_told_from_sentences() {
        for line in [
            "-----Original Message-----",
            "----- Original Message -----",
            "-------- Weitergeleitete Nachricht --------",
            "________ Message d'origine ________",
            "---------- Forwarded message ---------",
            "Begin forwarded message:",
            "-----Mensaje original-----",
            "-----Oorspronkelijk bericht-----",
            "##- Reply above this line -##",
            "-----Wiadomość oryginalna-----",
            "---- Original Message ---- From: x",
        ] {
            assert!(is_separator(line), "{line}");
        }
        for line in [
            "Original message",
            "- forwarded messages are lost",
            "See the original message:",
            "-----",
            "",
        ] {
            assert!(!is_separator(line), "{line}");
        }
    }

    #[test]
    fn small_print_is_told_from_words() {
        assert!(is_sent_from("Sent from my iPhone") && is_sent_from("Von meinem iPhone gesendet"));
        assert!(!is_sent_from("Sent from my desk, is much easier than my telephone."));
        assert!(is_signature_mark("-- ") && is_signature_mark("--") && !is_signature_mark("-- x"));
        assert!(
            is_rule("_________") && is_rule(" ------ ") && !is_rule("---") && !is_rule("a-----")
        );
        assert!(
            is_notice("This email and any attachments are …")
                && !is_notice("This email is to confirm …")
        );
        assert!(is_banner("[EXTERNAL] hello") && is_banner("CAUTION: This email originated …"));
        assert_eq!(label("*Von:* Ada"), Some(Label::From));
        assert_eq!(label("Subject : x"), Some(Label::Subject));
        assert_eq!(label("Delivery: Monday"), None);
    }
}
