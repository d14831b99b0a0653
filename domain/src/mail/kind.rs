//! Whether a person wrote a message, and if not, what sort of machine did.
//!
//! Reports are told by their parts and headers (RFC 3464, RFC 5965, RFC 8098), machines by the
//! marks that they should set (RFC 3834, RFC 2919); prose comes last, and never decides alone.
//! Which recipient failed and why is read elsewhere.

use super::{
    Address, Headers, MessageKind,
    bounce::notice,
    header::Fields,
    part::{ContentType, Part},
    structured::Structured,
};

/// A kind and one of the phrases of this file.
pub(super) type Verdict = (MessageKind, &'static str);

/// Everything that tells the kind of a message.
pub(super) struct Evidence<'a> {
    /// The raw header block.
    pub(super) fields: &'a Fields<'a>,
    /// The parts of the message.
    pub(super) parts: &'a [Part<'a>],
    /// The headers as read.
    pub(super) headers: &'a Headers,
    /// The visible text.
    pub(super) body: &'a str,
}

/// Decides the kind: reports first, because they too bear the marks of machines.
pub(super) fn tell(evidence: &Evidence<'_>) -> Verdict {
    service_notice(evidence)
        .or_else(|| report(evidence))
        .or_else(|| unsubscription(evidence))
        .or_else(|| prose_bounce(evidence))
        .or_else(|| answering_machine(evidence))
        .or_else(|| list(evidence.fields))
        .or_else(|| other_machine(evidence))
        .unwrap_or((MessageKind::Person, "nothing says that a machine wrote it"))
}

fn service_notice(evidence: &Evidence<'_>) -> Option<Verdict> {
    let kind = notice::kind(evidence.body).filter(|_| bears_mark(evidence))?;
    Some((kind, "a sending service reports it"))
}

/// Whether a program marked it as its own: what anybody may write is no report by its words alone.
fn bears_mark(evidence: &Evidence<'_>) -> bool {
    has_null_sender(evidence)
        || is_from_postmaster(evidence)
        || is_auto_submitted(evidence)
        || is_unattended(evidence)
}

/// A recipient's mail program asks in their name: it is no less a complaint than the button beside it.
fn unsubscription(evidence: &Evidence<'_>) -> Option<Verdict> {
    let is_asked = lower_subject(evidence).trim() == "unsubscribe" && is_auto_submitted(evidence);
    is_asked.then_some((MessageKind::Complaint, "a mail program asks to be left in peace"))
}

fn report(evidence: &Evidence<'_>) -> Option<Verdict> {
    let root = ContentType::of(evidence.fields, "text/plain");
    let report_type = root.report_type.as_deref().filter(|_| root.name == "multipart/report");
    let is_report =
        root.name == "multipart/report" || is_from_daemon(evidence) || has_null_sender(evidence);
    let part = |names: &[&str]| {
        let mut parts = evidence.parts.iter();
        parts.find(|part| is_report && names.contains(&part.content_type.name.as_str()))
    };
    if let Some(feedback) = part(&["message/feedback-report"]) {
        return Some(feedback_kind(&feedback.bytes()));
    }
    if report_type == Some("feedback-report") {
        return Some((MessageKind::Complaint, "it is a feedback report"));
    }
    if let Some(status) = part(&["message/delivery-status", "message/global-delivery-status"]) {
        return Some(status_kind(&status.bytes()));
    }
    let is_receipt = part(&["message/disposition-notification"]).is_some();
    if is_receipt || report_type == Some("disposition-notification") {
        return Some((MessageKind::DeliveryNotice, "it is a receipt of reading or deleting"));
    }
    if is_complaint_notice(evidence) {
        return Some((MessageKind::Complaint, "it passes on a recipient's complaint"));
    }
    if evidence.fields.has("x-failed-recipients") {
        return Some((MessageKind::Bounce, "it names failed recipients"));
    }
    (report_type == Some("delivery-status"))
        .then(|| bounce_or_delay(evidence, "it is a delivery report"))
}

/// A feedback report is a complaint unless its type says otherwise (RFC 5965, §7.3; RFC 6591).
fn feedback_kind(report: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(report).to_ascii_lowercase();
    let kind = text.lines().find_map(|line| line.strip_prefix("feedback-type:")).map(str::trim);
    match kind {
        Some("not-spam") => (MessageKind::DeliveryNotice, "it reports that a message is not spam"),
        Some("auth-failure" | "dmarc") => {
            (MessageKind::DeliveryNotice, "it reports a failed authentication")
        }
        _ => (MessageKind::Complaint, "it is a feedback report"),
    }
}

/// One recipient that failed makes a bounce; otherwise nothing has failed yet (RFC 3464, §2.3.3).
fn status_kind(status: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(status).to_ascii_lowercase();
    let values = |field: &'static str| {
        text.lines().filter_map(move |line| line.trim_start().strip_prefix(field)).map(str::trim)
    };
    let actions: Vec<&str> = values("action:").collect();
    if actions.iter().any(|action| action.starts_with("fail")) {
        return (MessageKind::Bounce, "a delivery report says that a recipient failed");
    }
    let is_known = |action: &&str| {
        ["delay", "deliver", "relay", "expand"].into_iter().any(|known| action.starts_with(known))
    };
    let is_good = actions.is_empty() && values("status:").any(|code| code.starts_with('2'));
    if is_good || actions.iter().any(is_known) {
        return (MessageKind::DeliveryNotice, "a delivery report says that nothing has failed yet");
    }
    (MessageKind::Bounce, "it is a delivery report")
}

/// Two providers pass complaints on as plain mail with the message attached.
fn is_complaint_notice(evidence: &Evidence<'_>) -> bool {
    let subject = lower_subject(evidence);
    let has_message = evidence.parts.iter().any(|part| part.content_type.name == "message/rfc822");
    has_message
        && ["complaint about message from", "abuse report", "email feedback report"]
            .into_iter()
            .any(|opening| subject.starts_with(opening))
}

/// Bounces without a report: qmail, Exim, old Exchange and others write prose.
fn prose_bounce(evidence: &Evidence<'_>) -> Option<Verdict> {
    if is_from_daemon(evidence) && !begins_with_any(&lower_subject(evidence), AUTO_REPLY_SUBJECTS) {
        return Some(bounce_or_delay(evidence, "a mail system wrote it"));
    }
    let subject = lower_subject(evidence);
    let opening = opening(evidence.body);
    let says_subject = begins_with_any(&subject, BOUNCE_SUBJECTS);
    let says_text = BOUNCE_PHRASES.split('|').any(|phrase| opening.contains(phrase));
    let returns = || evidence.parts.iter().any(|part| part.content_type.name == "message/rfc822");
    // What nobody answers may as well be news about bounces: it has to show what came back.
    let is_from_system = has_null_sender(evidence)
        || is_from_postmaster(evidence)
        || is_auto_submitted(evidence)
        || is_unattended(evidence) && (returns() || says_subject && says_text);
    let is_bounce = (says_subject || says_text) && is_from_system;
    is_bounce.then(|| bounce_or_delay(evidence, "a mail system says that it could not deliver"))
}

fn bounce_or_delay(evidence: &Evidence<'_>, reason: &'static str) -> Verdict {
    let subject = lower_subject(evidence);
    let opening = opening(evidence.body);
    let is_delay = DELAY_SUBJECTS.split('|').any(|phrase| subject.contains(phrase))
        || DELAY_PHRASES.split('|').any(|phrase| opening.contains(phrase));
    if is_delay {
        (MessageKind::DeliveryNotice, "a mail system says that it is still trying")
    } else {
        (MessageKind::Bounce, reason)
    }
}

/// What answers for a person who is away.
fn answering_machine(evidence: &Evidence<'_>) -> Option<Verdict> {
    let fields = evidence.fields;
    if auto_submitted(fields) == "auto-replied" {
        return Some((MessageKind::AutoReply, "Auto-Submitted says so"));
    }
    let marks = ["x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply"];
    if marks.into_iter().any(|mark| fields.has_prefix(mark)) {
        return Some((MessageKind::AutoReply, "it bears the header of an answering machine"));
    }
    if precedence(fields) == "auto_reply" {
        return Some((MessageKind::AutoReply, "Precedence says so"));
    }
    begins_with_any(&lower_subject(evidence), AUTO_REPLY_SUBJECTS)
        .then_some((MessageKind::AutoReply, "its subject is that of an answering machine"))
}

/// Whether it answers for a person who is away, and not only comes from a machine.
pub(super) fn is_answering_machine(evidence: &Evidence<'_>) -> bool {
    answering_machine(evidence).is_some()
}

fn list(fields: &Fields<'_>) -> Option<Verdict> {
    if ["list-id", "list-unsubscribe", "list-post"].into_iter().any(|name| fields.has(name)) {
        return Some((MessageKind::List, "it bears the headers of a list"));
    }
    matches!(precedence(fields).as_str(), "bulk" | "list" | "junk")
        .then_some((MessageKind::List, "Precedence says so"))
}

fn other_machine(evidence: &Evidence<'_>) -> Option<Verdict> {
    if is_auto_submitted(evidence) {
        return Some((MessageKind::AutoReply, "Auto-Submitted says so"));
    }
    if evidence.fields.has("x-auto-response-suppress") {
        return Some((MessageKind::AutoReply, "it asks other machines not to answer"));
    }
    if has_null_sender(evidence) {
        return Some((MessageKind::AutoReply, "its return path is empty"));
    }
    if is_unattended(evidence) {
        return Some((MessageKind::AutoReply, "nobody reads the address that it came from"));
    }
    let local = letters_of_sender(evidence);
    // People do write from the address of their firm, and when they answer us it shows.
    let answers = evidence.headers.in_reply_to.is_some() || !evidence.headers.references.is_empty();
    (is_listed(&local, ROLES) && !answers)
        .then_some((MessageKind::AutoReply, "it came unasked from a role address"))
}

/// Whether nobody reads the address that it came from.
fn is_unattended(evidence: &Evidence<'_>) -> bool {
    let local = letters_of_sender(evidence);
    is_listed(&local, UNATTENDED) || local.starts_with("noreply") || local.starts_with("donotreply")
}

/// Letters and digits of the sender's local part.
fn letters_of_sender(evidence: &Evidence<'_>) -> String {
    let local = evidence.headers.from.as_ref().map(Address::local_part).unwrap_or_default();
    local.chars().filter(|letter| letter.is_ascii_alphanumeric()).collect()
}

fn auto_submitted(fields: &Fields<'_>) -> String {
    Structured::parse(&fields.first("auto-submitted").unwrap_or_default()).head()
}

fn is_auto_submitted(evidence: &Evidence<'_>) -> bool {
    !matches!(auto_submitted(evidence.fields).as_str(), "" | "no")
}

fn precedence(fields: &Fields<'_>) -> String {
    fields.first("precedence").unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the envelope has no sender, as reports must (RFC 3834, §3.3; RFC 5321, §4.5.5).
fn has_null_sender(evidence: &Evidence<'_>) -> bool {
    let path = evidence.fields.first("return-path").map(|path| path.trim().to_ascii_lowercase());
    // Some systems leave the sender empty where people look for it, too.
    let from = evidence.fields.first("from");
    path.is_some_and(|path| matches!(path.as_str(), "<>" | "<mailer-daemon>"))
        || from.is_some_and(|from| from.trim() == "<>")
}

/// Whether the message is from the program that delivers mail; such senders often have no proper
/// address.
fn is_from_daemon(evidence: &Evidence<'_>) -> bool {
    match &evidence.headers.from {
        Some(from) => is_listed(from.local_part(), DAEMONS),
        None => {
            let raw = evidence.fields.first("from").unwrap_or_default().to_ascii_lowercase();
            DAEMONS.split('|').any(|daemon| raw.trim_start_matches(['<', '"']).starts_with(daemon))
        }
    }
}

fn is_from_postmaster(evidence: &Evidence<'_>) -> bool {
    let Some(from) = &evidence.headers.from else { return false };
    let name = from.name.as_deref().unwrap_or_default().to_lowercase();
    matches!(from.local_part(), "postmaster" | "post_master") || name.starts_with("mail delivery s")
}

fn lower_subject(evidence: &Evidence<'_>) -> String {
    evidence.headers.subject.as_deref().unwrap_or_default().to_lowercase()
}

/// The first lines of a body, lower-cased and on one line: a report says at once what it is.
fn opening(body: &str) -> String {
    let start = super::header::clip(body, OPENING_BYTES).to_lowercase();
    start.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How far a report is read for what it is. Further down begins the original message.
const OPENING_BYTES: usize = 700;

fn begins_with_any(text: &str, openings: &str) -> bool {
    openings.split('|').any(|opening| text.starts_with(opening))
}

fn is_listed(text: &str, list: &str) -> bool {
    list.split('|').any(|listed| listed == text)
}

/// Local parts of programs that deliver mail.
const DAEMONS: &str = "mailer-daemon|mail-daemon|mailer_daemon|mailerdaemon|mdaemon|double-bounce";
/// Local parts, letters and digits only, behind which no person sits.
const UNATTENDED: &str = "alert|alerts|automailer|autoreply|bounce|bounces|mailer|nepasrepondre|\
    nichtantworten|notification|notifications|robot";
/// Local parts that stand for a whole firm or its announcements.
const ROLES: &str = "info|mailing|marketing|news|newsletter|updates";

/// How subjects of reports begin, lower-cased. A person who passes one on writes `Fwd:` before it.
const BOUNCE_SUBJECTS: &str = "bounced mail|could not send message|delayed mail|delivery delayed|\
    delivery failure|delivery has failed|delivery notification|delivery report|delivery status|\
    email delivery failure|error sending your mail|failed delivery|failed mail|failure delivery|\
    failure notice|mail could not be delivered|mail delivery|mail failed|mail failure|\
    mail not delivered|mail system error|message delivery has failed|message not delivered|\
    message undeliverable|non delivery report|non remis|non recapitabile|nondeliverable mail|\
    notice: mail delivery status|onbestelbaar|permanent delivery failure|returned mail|\
    there was an error sending your mail|undeliverable|undelivered mail|unzustellbar|\
    warning: could not send|warning: message|no se puede entregar|niet te bezorgen|não entregue|\
    nie można dostarczyć|ej levererat|недоставленное сообщение|не доставлено|rejected mail|\
    mail rejected";
/// What reports say in their first lines, lower-cased.
const BOUNCE_PHRASES: &str = "could not be delivered|couldn't be delivered|was not delivered to|\
    wasn't delivered to|did not reach the following recipient|did not reach some or all|\
    unable to deliver|not able to deliver|wasn't able to deliver|\
    delivery to the following recipient|delivery has failed|delivery failed|\
    the following addresses had|permanent fatal errors|trouble delivering your message|\
    address couldn't be found|error delivering your mail|error while trying to deliver|\
    konnte nicht zugestellt werden|n'a pas pu être remis|no se pudo entregar|user unknown|\
    mailbox is full|undeliverable message|error has occurred while attempting to deliver|\
    has not yet been delivered|could not send message for|returned message|undelivered message|\
    no such user|invalid user|could not be delivered to|メールボックスが一杯|送信できませんでした";
const DELAY_SUBJECTS: &str = "delayed|(delay)|delivery delay|still being retried|\
    could not send message for past|could not send message for the past|verzögert|retardé|\
    warning: message";
const DELAY_PHRASES: &str = "has not yet been delivered|will continue to try|will keep trying|\
    still being retried|delivery has been delayed|delivery is delayed|warning message only|\
    this is a warning only|you do not need to resend";
/// How subjects of answering machines begin, lower-cased, in the languages of our users' clients.
const AUTO_REPLY_SUBJECTS: &str = "automatic reply|automated reply|automatic response|auto reply|\
    auto-reply|autoreply|auto response|auto-response|autoresponse|out of office|out-of-office|\
    out of the office|ooo:|oof:|vacation reply|away from the office|automatische antwort|\
    automatische rückantwort|abwesenheitsnotiz|abwesenheitsnachricht|abwesenheitsmeldung|\
    abwesend:|nicht im büro|réponse automatique|reponse automatique|absence du bureau|\
    absent du bureau|absente du bureau|message d'absence|respuesta automática|\
    respuesta automatica|fuera de la oficina|fuera de oficina|risposta automatica|fuori sede|\
    fuori ufficio|assente:|automatisch antwoord|afwezigheidsbericht|afwezig:|niet op kantoor|\
    resposta automática|resposta automatica|fora do escritório|autosvar|automatiskt svar|\
    automatisk svar|frånvaromeddelande|fraværsbesked|fraværsmelding|fravær:|automaattinen vastaus|\
    poissaoloviesti|automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|nieobecność:|\
    automatická odpověď|automatikus válasz|răspuns automat|автоответ|автоматический ответ|\
    otomatik yanıt|αυτόματη απάντηση|自動応答|自動返信|自动答复|自动回复|自動回覆|자동 회신";

#[cfg(test)]
mod tests {
    use super::super::{MessageKind, read};

    fn kind(raw: &str) -> MessageKind {
        read(raw.as_bytes(), None).unwrap().findings.kind
    }

    #[test]
    fn machines_are_told_by_their_headers() {
        use MessageKind::{AutoReply, Bounce, DeliveryNotice, List, Person};
        let table = [
            ("", Person),
            ("Auto-Submitted: no", Person),
            ("Auto-Submitted: no (a person)", Person),
            ("Auto-Submitted: auto-replied (vacation)", AutoReply),
            ("Auto-Submitted: auto-generated; x=y", AutoReply),
            ("X-Autoreply: yes", AutoReply),
            ("X-Autorespond-To: x", AutoReply),
            ("X-Auto-Response-Suppress: All", AutoReply),
            ("Precedence: AUTO_REPLY", AutoReply),
            ("Precedence: bulk", List),
            ("Precedence: first-class", Person),
            ("List-Id: <x.list.example>", List),
            ("List-Unsubscribe: <https://list.example/u>", List),
            ("Return-Path: <>", AutoReply),
            ("Return-Path: <ada@good.example>", Person),
            ("X-Failed-Recipients: x@gone.example", Bounce),
            ("Return-Path: <>\nSubject: Undeliverable: your bid", Bounce),
            ("Auto-Submitted: auto-replied\nSubject: Mail delivery failed", Bounce),
            ("Return-Path: <>\nSubject: Warning: message 1 delayed 24 hours", DeliveryNotice),
            ("Subject: Undeliverable: your bid", Person),
            ("Subject: Fwd: Mail delivery failed", Person),
        ];
        for (headers, expected) in table {
            let raw = format!("From: Ada <ada@good.example>\n{headers}\n\nHello\n")
                .replace("\n\n\n", "\n\n");
            assert_eq!(kind(&raw), expected, "{headers}");
        }
    }

    #[test]
    fn words_alone_are_no_report() {
        let of = |head: &str, body: &str| kind(&format!("{head}\nTo: us@us.example\n\n{body}\n"));
        let failed = "Your message could not be delivered: user unknown.";
        let ada = "From: Ada <ada@good.example>\nSubject: Undeliverable: your bid";
        assert_eq!(of(ada, failed), MessageKind::Person);
        let json = r#"{"notificationType":"Bounce","bounce":{"bouncedRecipients":[]}}"#;
        assert_eq!(of("From: Ada <ada@good.example>", json), MessageKind::Person);
        assert_eq!(of("From: no-reply@service.example", json), MessageKind::Bounce);
        assert_eq!(of("From: <>\nSubject: Delivery status", failed), MessageKind::Bounce);
        let news = "From: notifications@service.example\nSubject: What to do about bounces";
        assert_eq!(of(news, failed), MessageKind::AutoReply);
    }

    #[test]
    fn answering_machines_are_told_by_their_subjects() {
        for subject in [
            "Automatic reply: your bid",
            "OOO: Ada",
            "Out of Office",
            "Automatische Antwort: Angebot",
            "Abwesenheitsnotiz",
            "=?utf-8?q?R=C3=A9ponse_automatique_:_devis?=",
            "Respuesta automática: oferta",
            "Risposta automatica: x",
            "Automatisch antwoord: x",
            "Autosvar: x",
            "Resposta automática: x",
            "Automatyczna odpowiedź: x",
        ] {
            let raw = format!("From: ada@good.example\nSubject: {subject}\n\nBack on Monday.\n");
            assert_eq!(kind(&raw), MessageKind::AutoReply, "{subject}");
        }
        assert_eq!(
            kind("From: ada@good.example\nSubject: Re: Out of Office\n\nHi\n"),
            MessageKind::Person
        );
    }

    #[test]
    fn addresses_that_nobody_reads_are_machines() {
        let table = [
            ("no-reply@good.example", "", MessageKind::AutoReply),
            ("DoNotReply@good.example", "In-Reply-To: <x@y.example>\n", MessageKind::AutoReply),
            ("info@good.example", "", MessageKind::AutoReply),
            ("info@good.example", "In-Reply-To: <x@y.example>\n", MessageKind::Person),
            ("purchasing@good.example", "", MessageKind::Person),
            ("MAILER-DAEMON@mx.good.example", "", MessageKind::Bounce),
            ("MAILER-DAEMON <>", "", MessageKind::Bounce),
            ("Postmaster <postmaster@good.example>", "", MessageKind::Person),
            ("postmaster@good.example", "Subject: Undeliverable: x\n", MessageKind::Bounce),
        ];
        for (from, headers, expected) in table {
            assert_eq!(
                kind(&format!("From: {from}\n{headers}\nHello\n")),
                expected,
                "{from} {headers}"
            );
        }
    }

    #[test]
    fn reports_are_told_by_their_parts() {
        use MessageKind::{Bounce, Complaint, DeliveryNotice};
        let report = |kind: &str, part: &str, text: &str| {
            format!(
                "From: x@mx.example\nContent-Type: multipart/report; report-type=\"{kind}\"; \
                    boundary=b\n\n--b\n\n\
                 Something.\n--b\nContent-Type: {part}\n\n{text}\n--b--\n"
            )
        };
        let status = "message/delivery-status";
        let table = [
            (
                "delivery-status",
                status,
                "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1",
                Bounce,
            ),
            ("delivery-status", status, "X: y\n\nAction: delayed\n\nAction: failed (x)", Bounce),
            ("delivery-status", status, "X: y\n\nAction: delayed\nStatus: 4.4.7", DeliveryNotice),
            ("delivery-status", status, "X: y\n\nACTION: Delivered", DeliveryNotice),
            ("delivery-status", status, "X: y\n\nStatus: 5.0.0", Bounce),
            ("delivery-status", "text/plain", "nothing", Bounce),
            ("feedback-report", "message/feedback-report", "Feedback-Type: abuse", Complaint),
            (
                "feedback-report",
                "message/feedback-report",
                "Feedback-Type: not-spam",
                DeliveryNotice,
            ),
            ("feedback-report", "text/plain", "nothing", Complaint),
            (
                "disposition-notification",
                "message/disposition-notification",
                "Disposition: x",
                DeliveryNotice,
            ),
        ];
        for (kind_of_report, part, text, expected) in table {
            assert_eq!(kind(&report(kind_of_report, part, text)), expected, "{part} {text}");
        }
        let passed_on =
            report("x", status, "Action: failed").replace("multipart/report", "multipart/mixed");
        assert_eq!(kind(&passed_on), MessageKind::Person);
    }

    #[test]
    fn a_message_inside_a_message_does_not_make_it_a_report() {
        let raw = "From: ada@good.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n\
            See this.\n--b\n\
            Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@x.example\nX-Failed-Recipients: \
            a@b.example\n\
            Content-Type: multipart/report; report-type=delivery-status; boundary=c\n\n--c\n\nx\n\
            --c--\n--b--\n";
        assert_eq!(kind(raw), MessageKind::Person);
    }
}
