//! The words by which servers give their reasons, in the order in which they are looked for.
//!
//! Each is what many systems write; a star stands for anything in between, and a bar parts one from
//! the next. All are in lower case, and what they are held against has neither codes nor addresses.

use std::{collections::BTreeSet, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::BounceReason;

/// Whether a text says this: its pieces between stars, in order.
pub(super) fn says(text: &str, saying: &str) -> bool {
    let mut rest = text;
    saying.split('*').all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// Whether a text says that there is no such recipient, in words that mean nothing else.
pub(super) fn says_for_sure(text: &str) -> bool {
    let told = LEXICON.openings.find_overlapping_iter(text).map(|found| {
        let (place, saying) = LEXICON.sayings[found.pattern().as_usize()];
        (BY_WORDS[place].0, saying)
    });
    let mut sure =
        told.filter(|(reason, it)| *reason == BounceReason::UserUnknown && !UNSURE.contains(it));
    sure.any(|(_, saying)| says(text, saying))
}

/// What is said of a recipient who may be there all the same.
const UNSURE: [&str; 9] = [
    "mailbox unavailable",
    "mailbox not available",
    "mailbox * unavailable",
    "user unavailable",
    "recipient unavailable",
    "unable to find",
    "recipient address rejected",
    "address rejected",
    "recipient rejected",
];

/// The first reason of the table that a text gives and that `counts`.
///
/// The text is gone through once, however many sayings there are.
pub(super) fn first_said(
    text: &str,
    counts: impl Fn(BounceReason) -> bool,
) -> Option<BounceReason> {
    let mut first = BY_WORDS.len();
    let mut tried = BTreeSet::new();
    for found in LEXICON.openings.find_overlapping_iter(text) {
        let (place, saying) = LEXICON.sayings[found.pattern().as_usize()];
        let is_nearer = place < first
            && counts(BY_WORDS[place].0)
            && stands_apart(text, saying, found.start(), found.end());
        // One in pieces is looked for once, however often it begins.
        if is_nearer
            && (!saying.contains('*') || tried.insert(found.pattern()) && says(text, saying))
        {
            first = place;
        }
    }
    BY_WORDS.get(first).map(|(reason, _)| *reason)
}

/// Whether words found in a text are words there too, and no piece of a longer one or of the name
/// of a host: "marble" says nothing of an RBL.
fn stands_apart(text: &str, saying: &str, start: usize, end: usize) -> bool {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let begins_word = saying.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    let ends_word = saying.len() <= SHORT_BYTES_MAX && !saying.contains(' ');
    let (before, after) = (text[..start].chars().next_back(), text[end..].chars().next());
    let goes_on =
        begins_word && before.is_some_and(is_of_word) || ends_word && after.is_some_and(is_of_word);
    !goes_on
}

/// Longest word that is found whole only, in bytes; longer ones say the same with any ending.
const SHORT_BYTES_MAX: usize = 5;

/// The sayings of the table, to be looked for together.
struct Lexicon {
    /// Finds how each saying begins, up to its first star.
    openings: AhoCorasick,
    /// Each saying, with the place of its reason in the table.
    sayings: Vec<(usize, &'static str)>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let sayings: Vec<(usize, &str)> = BY_WORDS
        .iter()
        .enumerate()
        .flat_map(|(place, (_, sayings))| sayings.split('|').map(move |saying| (place, saying)))
        .collect();
    let openings = sayings.iter().map(|(_, it)| it.split('*').next().unwrap_or(it));
    let openings = AhoCorasick::new(openings);
    Lexicon { openings: openings.expect("the table's words are few and short"), sayings }
});

/// Reasons with what is said for them. The first one that is said counts.
pub(super) const BY_WORDS: &[(BounceReason, &str)] = &[
    // What would be taken for something else by a word further down.
    (BounceReason::HostUnknown, "account or domain may not exist"),
    (BounceReason::UserUnknown, "recipient address rejected: access denied"),
    (BounceReason::SecurityError, "unauthenticated senders|recipient address rejected: security"),
    (BounceReason::OnHold, "recipient address rejected: on hold"),
    (
        BounceReason::Rejected,
        "sending to/from an address|domain is invalid. please provide a valid from",
    ),
    (BounceReason::VirusDetected, "virus|malware|trojan|infected|mcspamsignature"),
    (
        BounceReason::AuthFailure,
        "dmarc|unauthenticated email|unauthenticated mail|sender is unauthenticated|\
         does not have authentication information|fails to pass authentication|\
         authentication checks|not authenticated by|spf record|spf check|spf fail|\
         spf hard fail|spf validation|spf:|(spf)|spf policy|sender policy framework|\
         sender id (pra)|openspf.|dkim check|dkim signature fail|dkim verification|\
         no valid dkim|failed dkim",
    ),
    (
        BounceReason::RequirePtr,
        "reverse dns|reverse-dns|reverse lookup|reverse hostname|reverse host|reverse name|\
         reverse record|rdns|ptr record|ptr lookup|no ptr|missing ptr|without ptr|\
         ptr does not|cannot find your hostname|cannot resolve your|could not resolve your|\
         unable to resolve your|mismatches client ip|unverifyable sending ip|\
         host name lookup failed|hostname lookup failed|client ip address * not resolve|\
         ip name lookup failed|all hosts must have",
    ),
    (BounceReason::BadReputation, "reputation"),
    (
        BounceReason::TooManyConn,
        "too many connections|too many concurrent|too many simultaneous|too many sessions|\
         too many recipients|too many messages|too many mails|too many errors|too much mail|\
         too much load|too many rcpt|recipients limit|connection rate|connection frequency|\
         connection limit|frequency limited|rate limit|rate limited|rate that prevents|\
         rate exceeded|throttl|sending limit|exceeded the maximum number of connections|\
         exceeded * messages per|maximum number of recipients|slow down|\
         sender rejected. please see",
    ),
    (
        BounceReason::NotAccept,
        "domain does not accept mail|host does not accept mail|does not accept any mail|does not accept email|\
         doesn't accept mail|not accept smtp|null mx|no mx|couldn't find a mail exchanger|\
         no smtp service|nullmx|mx is invalid|no mail service|\
         smtp protocol returned a permanent error|invalid mx record|\
         email receiving is disabled",
    ),
    (
        BounceReason::HasMoved,
        "has moved|address has changed|has been replaced by|no longer on server|\
         new address is",
    ),
    (
        BounceReason::MailboxFull,
        "mailbox full|mailbox is full|mailbox * is full|mailbox size|mailbox exceeded|\
         mailbox exceeds|mailbox has exceeded|mailbox for user is full|mailbox over|\
         mailfolder is full|mail box full|mail folder is full|inbox is full|inbox full|\
         inbox is out of storage|out of storage|quota exceeded|over quota|overquota|\
         over the quota|over disk quota|over its quota|over his quota|exceeded * quota|\
         exceeds * quota|exceed the quota|exceeding * quota|quota has been exceeded|\
         quota violation|quota full|quota is full|disk quota|quota limit|exceeded storage|\
         exceeded its storage|storage allocation|storage quota|storage limit|storage space|\
         account is full|account is over|user is full|not enough space|not enough storage|\
         no space * mailbox|too much mail data|too many messages in this mailbox|\
         message limit exceeded on|maildir * full|volle mailbox|postfach voll|\
         postfach ist voll|boite pleine|boîte pleine|casella piena|buzón lleno|容量|\
         メールボックスがいっぱい|ボックスが一杯",
    ),
    (
        BounceReason::MesgTooBig,
        "message too large|message too big|message is too large|message is too big|\
         mail too big|mail too large|message size exceed|message size * exceed|\
         message length exceed|message file too big|size exceeds|size limit|exceeds size|\
         exceeds the size|exceeds the maximum|exceeds maximum message size|\
         exceeds fixed maximum|exceeded max message|maximum message size|max message size|\
         max size exceeded|line limit exceeded|larger than * limit",
    ),
    (
        BounceReason::Expired,
        "message expired|delivery time expired|retry time not reached|retry timeout exceeded",
    ),
    (
        BounceReason::Blocked,
        "blacklist|black list|blocklist|block list|blocked by|blocked using|blocked * ip|\
         ip * blocked|has been blocked|is blocked|banned|dnsbl|rbl|spamhaus|spamcop|sorbs|\
         barracudacentral|client host * blocked|client host rejected|client host * rejected|\
         client address rejected|host rejected|adresse ip source bloquee|\
         not accepting connections|connection refused|connection dropped|\
         connections from this|connection * reset by peer|connections will not be accepted|\
         service refused|refused to talk|helo command rejected|helo/ehlo|bad helo|\
         invalid helo|dynamic ip|dynamic address|dialup|dial-up|residential|generic host|\
         your ip * listed|ip address * listed|ip address * rejected|\
         ip address is not allowed|listed at|is listed in|may not be mail exchanger|\
         no access from mail server|open relay|my name was rejected|smtp server of your isp|\
         access from ip|access denied * ip|not allowed to connect|we do not accept mail from|\
         we don't accept mail from|refused your connection|\
         rejected because the sending mta or the sender has not passed validation",
    ),
    (
        BounceReason::SpamDetected,
        "spam|(ube)|ube,|unsolicited|junk mail|bulk mail|bulk email|message content rejected|\
         content rejected|suspected to be|looks like a bulk|high-scoring|phish",
    ),
    (
        BounceReason::NoRelaying,
        "relay access denied|relay denied|relaying denied|relaying not|relaying is not|\
         relaying prohibited|relay not permitted|relay not allowed|relay prohibited|\
         not permitted to relay|not allowed to relay|not configured to relay|unable to relay|\
         we do not relay|we don't relay|do not handle mail for|not a gateway|\
         email address is not verified|insecure mail relay|\
         mail server requires authentication when attempting to send to a non-local",
    ),
    (
        BounceReason::Rejected,
        "sender address rejected|sender rejected|sender denied|sender domain|\
         sender verify failed|sender verification|sender not pre-approved|sender is not|\
         domain of sender|domain of the sender|sender's domain|from domain|envelope sender|\
         invalid sender|bad sender|backscatter|rejected your address|\
         server rejected mail from|not a member of|may not have permission to post|\
         do not have permission to post|isn't set up to receive|groups.google.com|\
         valid from:|members only|not authorized to send|unexpected volume|user complaints|\
         recipient does not accept mails from",
    ),
    (
        BounceReason::HostUnknown,
        "host unknown|unknown host|host not found|host or domain name not found|\
         domain not found|no such domain|no such host|invalid domain|invalid host|\
         unknown domain|unknown mail domain|domain * does not exist|domain does not exist|\
         domain doesn't exist|domain must exist|domain name not found|\
         domain * could not be found|couldn't be found * domain|domain is not reachable|\
         domain could not be|name service error|name server: host not found|illegal host|\
         couldn't find any host|could not find any host|find any host named|\
         non-existent host|nonexistent domain|nxdomain|unrouteable mail domain|\
         unrouteable address|lookup failure: host|no valid hosts|\
         host lookup did not complete|recipient address rejected: unknown|bad destination",
    ),
    (
        BounceReason::Suspend,
        "suspended|temporary locked|temporarily locked|temporarily disabled|\
         temporarily suspended|account * disabled|account * inactive|account * locked|\
         account * deactivated|account * closed|account disabled|mailbox disabled|\
         mailbox is disabled|mailbox is inactive|mailbox * frozen|\
         mailbox unavailable or access denied|mailbox is currently|mailbox currently|\
         user is disabled|user disabled|recipient * disabled|recipient * suspended|\
         recipient suspend|disabled recipient|disabled due to|email account * inactive|\
         inactive email|inactive account|inactive user|is inactive|no longer active|\
         not active|vacationing",
    ),
    (
        BounceReason::UserUnknown,
        "user unknown|unknown user|unknown or illegal user|unknown mailbox|unknown recipient|\
         unknown address|unknown local|unknown account|recipient unknown|\
         recipient is unknown|recipient not found|recipnotfound|recipientnotfound|\
         recipient * not exist|recipient does not|recipient name is not recognized|\
         recipient no longer|recipient verify failed|recipient unavailable|\
         recipient verification|user not found|user not known|user * not found|\
         user * not exist|user does not exist|user doesn't|user unavailable|user invalid|\
         user is unknown|user mailbox|user has been|user path|not our customer|not listed in*directory|not listed in*address|\
         no such user|no such mailbox|no such recipient|no such address|no such account|\
         no such person|no such email|no such local|no such id|no account|no mailbox|no user|\
         no valid recipient|no local mailbox|mailbox unavailable|mailbox not found|\
         mailbox not available|mailbox does not exist|mailbox * not exist|\
         mailbox * doesn't exist|mailbox name not allowed|mailbox * unavailable|\
         address not found|address unknown|address error|address does not exist|\
         address invalid|address couldn't be found|address wasn't found|\
         address you entered couldn't be found|account * does not exist|account * not exist|\
         account not found|account that you tried to reach does not exist|does not have a*account|\
         doesn't have a*account|does not have an account|doesn't have an account|not a valid mailbox|\
         not a valid user|not a valid recipient|not a known user|isn't a known|\
         is not a known|invalid recipient|invalid mailbox|invalid user|invalid address|\
         invalid final delivery|invalid userid|invalid local|undeliverable address|\
         unroutable address|unable to find|said: no such|dosn't exist|doesn't exist|\
         does not exist|destinataire invalide|destinataire inconnu|utilisateur inconnu|\
         unbekannter empf|empfänger unbekannt|destinatario sconosciuto|\
         destinatario desconocido|usuario desconocido|usuário desconhecido|見つかりません|存在しません|\
         宛先不明|宛先が",
    ),
    (
        BounceReason::NetworkError,
        "too many hops|hop count|mail loop|mail forwarding loop|routing loop|loop detected|\
         loops back to myself|network is unreachable|network unreachable|no route to host|\
         network error|host is unreachable|malformed name server reply|\
         dns records for the destination computer could not be found|temporary dns|\
         dns failure|dns error",
    ),
    (
        BounceReason::ContentError,
        "8-bit data|8bit data|duplicate header|header size|headers too|malformed|mime error|\
         mime header|bare lf|bare cr|bare <lf>|improper use of|message format|missing header|\
         content type|attachment type|charset|content error",
    ),
    (
        BounceReason::PolicyViolation,
        "policy|policies|protocol violation|not allowed|prohibited|blocked because|\
         header error|message rejected by|due to security|attachment|\
         rejected by the recipient|unacceptable|forbidden|denied by|lpn000",
    ),
    (
        BounceReason::SecurityError,
        "authentication required|authentication failed|authentication failure|\
         authentication credentials|authenticated senders|unauthenticated senders|\
         authrequired|auth required|starttls|tls required|must use tls|encryption|\
         certificate|access denied|permission denied|insecure|executable files|security|\
         you are not authorized|not authorized|verification failure",
    ),
    (
        BounceReason::SystemFull,
        "no space left|insufficient system storage|insufficient disk|insufficient storage|\
         disk full",
    ),
    (
        BounceReason::SystemError,
        "system error|local error|internal error|server error|internal server|\
         transaction failed|could not load|service unavailable|service currently unavailable|\
         service temporarily unavailable|temporarily unavailable|server configuration|\
         configuration error|local configuration|operating system error|system not accepting|\
         cannot open|queue file write error|resources temporarily|temporary lookup failure|\
         interrupted system call|can't create|out of memory|server misconfiguration",
    ),
    (
        BounceReason::SyntaxError,
        "syntax error|improper sequence|bad sequence|out of sequence|command not recognized|\
         command unrecognized|unrecognized command|command not implemented|\
         unexpected command|nested mail",
    ),
    (
        BounceReason::MailerError,
        "pipe to |pipe to command|command died|command failed|command output|exit status|\
         exited with|exit code|mailer error|procmail|maildrop|local mailer|died on signal|\
         returned error code|x-unix",
    ),
    (
        BounceReason::Expired,
        "timed out|timeout|time out|too old|unable to connect to|requests to connect|\
         socket error|not reachable|too long|has expired|expired|could not be delivered for|\
         has not been delivered|not yet been delivered|has been delayed|delivery is delayed|\
         delayed|will continue to try|will be retried|will keep trying|still being retried|\
         still undelivered|deferred|retry|delivery temporarily suspended|\
         unable to deliver in|unable to deliver this message after|\
         was not reachable within the allowed|could not contact|couldn't be reached|\
         not responding|no answer from|connection was dropped|cannot connect|\
         couldn't connect|could not connect|unable to reach|was unreachable|giving up",
    ),
    // The rest of the sentence, if there is one, said nothing that is known.
    (BounceReason::UserUnknown, "recipient address rejected|address rejected|recipient rejected"),
];
