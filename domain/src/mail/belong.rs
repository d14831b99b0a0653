//! To whom and to what a message belongs: people, accounts, and what is being done with them.
//!
//! What lives here: which ties a message has to records that are known, why, and how sure each is.
//! What does not: looking records up, and storing the ties.
//!
//! A header is a claim, so what rests on who wrote weighs by whether a provider vouches for them.
//! A number that belongs to another account than the writer's ties loosely: whoever names somebody
//! else's order is either mistaken or trying.

use std::collections::{BTreeSet, HashMap};

use super::{Headers, Mention, MentionKind, Reading, SenderProof, Span, mention, sentence};
use crate::{
    id::{ClientId, ContactId, DealId, OrderId, QuoteId},
    named::named_enum,
};

named_enum! {
    /// Why a message belongs to a record.
    pub enum Tie, "tie" {
        /// It is from, or to, the address of a person.
        Address = "address",
        /// It names the record by its number.
        Number = "number",
        /// It answers a message that belongs there.
        Thread = "thread",
        /// The person is among those whom it goes to.
        Participant = "participant",
        /// It is from the domain of the account.
        Domain = "domain",
    }
}

/// A record that a message can belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person.
    Contact(ContactId),
    /// An account.
    Account(ClientId),
    /// A deal.
    Deal(DealId),
    /// An order.
    Order(OrderId),
    /// A quote.
    Quote(QuoteId),
}

/// A tie between a message and a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tied {
    /// The record.
    pub subject: Subject,
    /// Why it belongs there: the surest tie, if there are several.
    pub tie: Tie,
    /// How sure that is, in percent.
    pub confidence: u8,
}

/// A record with the account that it is of.
pub type Owned = (Subject, ClientId);

/// What is known of the records around some messages.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// People by their addresses in lower case.
    pub contacts: HashMap<String, (ContactId, ClientId)>,
    /// Accounts by their domains in lower case.
    pub domains: HashMap<String, ClientId>,
    /// What the messages with these Message-IDs belong to.
    pub messages: HashMap<String, Vec<Owned>>,
    /// Orders and quotes, and the deals behind them, by [`Mention::number`].
    pub numbers: HashMap<(MentionKind, String), Vec<Owned>>,
}

/// What a message names, and a directory has to know to tie it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The address at the other end: the sender, or whom we wrote to.
    pub other: Option<String>,
    /// Everybody else's addresses, without ours.
    pub participants: Vec<String>,
    /// The Message-IDs that it answers.
    pub answered: Vec<String>,
    /// Numbers in the subject and in what the sender wrote.
    pub numbers: Vec<(MentionKind, String)>,
    /// Whether we wrote it.
    pub is_ours: bool,
}

/// What a message names; `own` is the address of the mailbox that it came to.
///
/// A sender that failed its proof is not us, whatever the From header claims.
pub fn names(reading: &Reading, own: Option<&str>) -> Names {
    let headers = &reading.headers;
    let is_own = |address: &str| own.is_some_and(|own| is_of_house(address, own));
    let from = headers.from.as_ref().map(|from| from.address.clone());
    let is_failed = reading.findings.sender == SenderProof::Failed;
    let is_ours = !is_failed && from.as_deref().is_some_and(is_own);
    let mut others = headers.to.iter().chain(&headers.cc).map(|it| it.address.clone());
    let other = if is_ours { others.next() } else { from };
    let mut seen: BTreeSet<String> = other.iter().cloned().collect();
    let is_new = |address: &String| !is_own(address) && seen.insert(address.clone());
    let participants = others.filter(is_new).collect();
    let answered = headers.references.iter().chain(&headers.in_reply_to).cloned();
    let mut answered: Vec<String> = answered.collect();
    // The one that it answers is the nearest, and counts first.
    answered.reverse();
    Names { other, participants, answered, numbers: numbers(reading, headers), is_ours }
}

fn numbers(reading: &Reading, headers: &Headers) -> Vec<(MentionKind, String)> {
    let subject = headers.subject.as_deref().unwrap_or_default();
    let titles = sentence::split(subject, &[Span::between(0, subject.len())]);
    let of_subject = mention::find(subject, &titles);
    let named = |text: &str, mentions: &[Mention]| -> Vec<(MentionKind, String)> {
        let number = |it: &Mention| Some((it.kind, Mention::number(it.span.of(text)?)));
        mentions.iter().filter(|it| it.kind != MentionKind::Money).filter_map(number).collect()
    };
    let mut numbers = named(subject, &of_subject);
    for number in named(&reading.body, &reading.findings.mentions) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Everything that a message belongs to, the surest first.
pub fn belong(names: &Names, proof: SenderProof, directory: &Directory) -> Vec<Tied> {
    let mut ties = Ties::default();
    // What we wrote is ours by our own word; a stranger's word is worth what vouches for it.
    let weigh = |sure: u8| match proof {
        _ if names.is_ours => sure,
        SenderProof::Authenticated => sure,
        SenderProof::Unauthenticated => sure - sure / 8,
        SenderProof::Failed => sure / 3,
    };
    let known = |address: &String| directory.contacts.get(address).copied();
    let other = names.other.as_ref().and_then(known);
    let domain = names.other.as_ref().map(|address| domain_of(address));
    let of_domain = domain.filter(|it| is_company_domain(it));
    let of_domain = of_domain.and_then(|domain| directory.domains.get(domain)).copied();
    if let Some((contact, account)) = other {
        ties.add(Subject::Contact(contact), Tie::Address, weigh(BY_ADDRESS));
        ties.add(Subject::Account(account), Tie::Address, weigh(BY_ADDRESS));
    } else if let Some(account) = of_domain {
        ties.add(Subject::Account(account), Tie::Domain, weigh(BY_DOMAIN));
    }
    let account = other.map(|(_, account)| account).or(of_domain);
    // The nearest message that is known is the one whose records count.
    let answered = names.answered.iter().find_map(|id| directory.messages.get(id));
    for (subject, owner) in answered.into_iter().flatten() {
        ties.add(*subject, Tie::Thread, weigh(agreed(account, *owner, BY_THREAD)));
    }
    for number in &names.numbers {
        for (subject, owner) in directory.numbers.get(number).into_iter().flatten() {
            let sure = agreed(account, *owner, BY_NUMBER);
            ties.add(*subject, Tie::Number, weigh(sure));
            ties.add(Subject::Account(*owner), Tie::Number, weigh(sure / 2));
        }
    }
    for (contact, owner) in names.participants.iter().filter_map(known) {
        ties.add(Subject::Contact(contact), Tie::Participant, weigh(BY_PARTICIPANT));
        let sure = agreed(account, owner, BY_PARTICIPANT);
        ties.add(Subject::Account(owner), Tie::Participant, weigh(sure));
    }
    ties.sorted()
}

/// How sure a tie is by what it rests on, in percent, where a provider vouches for the sender.
const BY_ADDRESS: u8 = 98;
const BY_NUMBER: u8 = 95;
const BY_THREAD: u8 = 85;
const BY_DOMAIN: u8 = 75;
const BY_PARTICIPANT: u8 = 60;

/// How sure a tie is to a record of `owner`, for somebody of `account`.
fn agreed(account: Option<ClientId>, owner: ClientId, sure: u8) -> u8 {
    match account {
        Some(account) if account == owner => sure,
        None => sure - sure / 3,
        Some(_) => sure / 4,
    }
}

#[derive(Default)]
struct Ties(Vec<Tied>);

impl Ties {
    /// Keeps the surest tie to each record.
    fn add(&mut self, subject: Subject, tie: Tie, confidence: u8) {
        match self.0.iter_mut().find(|it| it.subject == subject) {
            Some(known) if known.confidence < confidence => {
                (known.tie, known.confidence) = (tie, confidence);
            }
            Some(_) => {}
            None => self.0.push(Tied { subject, tie, confidence }),
        }
    }

    fn sorted(mut self) -> Vec<Tied> {
        self.0.sort_by_key(|it| std::cmp::Reverse(it.confidence));
        self.0
    }
}

/// Whether an address is one's own, or a colleague's.
pub fn is_of_house(address: &str, own: &str) -> bool {
    let domain = domain_of(own);
    address == own || is_company_domain(domain) && domain_of(address) == domain
}

/// The domain of an address.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Whether a domain, in lower case, tells where somebody works.
pub fn is_company_domain(domain: &str) -> bool {
    !domain.is_empty() && !PUBLIC_DOMAINS.contains(&domain)
}

/// Domains where anybody has an address: sharing one says nothing about where a person works.
const PUBLIC_DOMAINS: &[&str] = &[
    "163.com",
    "aol.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "icloud.com",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "t-online.de",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.ru",
];

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{id::Id, mail::read};

    fn id<K>(number: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(number))
    }

    const ADA: &str = "From: Ada <ada@good.example>\nTo: us@us.example, bob@good.example\n\
        Cc: eve@other.example\nSubject: Order #42\nIn-Reply-To: <m2@us.example>\n\
        References: <m1@us.example> <m2@us.example>\n\nWhere is order 4711? Thanks for Q-1001.\n";

    fn directory() -> Directory {
        let (good, other) = (id(1), id(2));
        let order = |number| vec![(Subject::Order(id(number)), good)];
        Directory {
            contacts: [
                ("ada@good.example".to_owned(), (id(11), good)),
                ("bob@good.example".to_owned(), (id(12), good)),
                ("eve@other.example".to_owned(), (id(13), other)),
            ]
            .into(),
            domains: [("good.example".to_owned(), good)].into(),
            messages: [
                ("m1@us.example".to_owned(), vec![(Subject::Deal(id(21)), other)]),
                ("m2@us.example".to_owned(), vec![(Subject::Deal(id(22)), good)]),
            ]
            .into(),
            numbers: [
                ((MentionKind::Order, "42".to_owned()), order(42)),
                ((MentionKind::Order, "4711".to_owned()), order(4711)),
                (
                    (MentionKind::Quote, "Q-1001".to_owned()),
                    vec![(Subject::Quote(id(1001)), other)],
                ),
            ]
            .into(),
        }
    }

    fn ties(raw: &str, proof: SenderProof) -> Vec<(Subject, Tie, u8)> {
        let reading = read(raw.as_bytes(), None).unwrap();
        let names = names(&reading, Some("us@us.example"));
        let tied = belong(&names, proof, &directory());
        tied.into_iter().map(|it| (it.subject, it.tie, it.confidence)).collect()
    }

    #[test]
    fn a_message_belongs_where_its_names_lead() {
        let tied = ties(ADA, SenderProof::Authenticated);
        for expected in [
            (Subject::Contact(id(11)), Tie::Address, 98),
            (Subject::Account(id(1)), Tie::Address, 98),
            (Subject::Order(id(42)), Tie::Number, 95),
            (Subject::Order(id(4711)), Tie::Number, 95),
            (Subject::Deal(id(22)), Tie::Thread, 85),
            (Subject::Contact(id(12)), Tie::Participant, 60),
            (Subject::Contact(id(13)), Tie::Participant, 60),
            (Subject::Quote(id(1001)), Tie::Number, 23),
        ] {
            assert!(tied.contains(&expected), "{expected:?} in {tied:?}");
        }
        assert!(tied.is_sorted_by(|one, next| next.2 <= one.2));
        let others = tied.iter().find(|it| it.0 == Subject::Account(id(2))).unwrap();
        assert!(others.2 < 25, "another account's number ties loosely");
    }

    #[test]
    fn a_forged_sender_ties_loosely_and_a_public_domain_not_at_all() {
        let forged = ties(ADA, SenderProof::Failed);
        assert!(forged.iter().all(|it| it.2 < 35), "{forged:?}");
        let unknown = ADA.replace("ada@good", "new@good");
        let by_domain = ties(&unknown, SenderProof::Authenticated);
        assert!(by_domain.contains(&(Subject::Account(id(1)), Tie::Domain, 75)), "{by_domain:?}");
        let public = "From: ada@gmail.com\nSubject: Hi\n\nHello\n";
        assert_eq!(ties(public, SenderProof::Authenticated), []);
    }

    #[test]
    fn what_we_wrote_belongs_to_whom_we_wrote_to() {
        let raw = "From: Us <us@us.example>\nTo: ada@good.example, sales@us.example\n\nHello\n";
        let reading = read(raw.as_bytes(), None).unwrap();
        let names = names(&reading, Some("us@us.example"));
        assert!(names.is_ours && names.participants.is_empty(), "{names:?}");
        assert_eq!(names.other.as_deref(), Some("ada@good.example"));
    }

    #[test]
    fn colleagues_are_of_the_house_and_users_of_a_public_provider_are_not() {
        assert!(is_of_house("bob@ours.example", "ada@ours.example"));
        assert!(!is_of_house("bob@gmail.com", "ada@gmail.com"));
        assert!(is_of_house("ada@gmail.com", "ada@gmail.com"));
        assert!(!is_of_house("bob@theirs.example", "ada@ours.example"));
    }
}
