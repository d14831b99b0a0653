//! The mail of a town: real asks, and every kind of false one.

use domain::{
    mail::{AskKind, read},
    record::{Direction, MailboxKind},
};
use store::import::{MailboxRow, MessageRow, ThreadRow};

use super::{Builder, address_of, noon_days_ago};

/// The provider whose word on senders the town trusts.
const TRUSTED: &str = "mx.town.example";

/// Whether the provider vouches for a sender.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Proven,
    Unproven,
    Forged,
}

/// One mail of the town.
struct Mail {
    key: &'static str,
    /// Who wrote it, as a client and a contact; a stranger has neither.
    from: Option<(&'static str, &'static str)>,
    sender: Sender,
    days_ago: i64,
    direction: Direction,
    headers: &'static str,
    body: &'static str,
}

/// A request that a person of a client made in words that carry it.
pub struct Ask {
    /// The message's key.
    pub message: &'static str,
    /// The client's key.
    pub client: &'static str,
    /// What is asked for.
    pub kind: AskKind,
    /// The very words.
    pub words: &'static str,
}

/// Every request of the town that justifies a task, and there is no other.
pub const ASKS: &[Ask] = &[
    Ask {
        message: "M1",
        client: "C1",
        kind: AskKind::Call,
        words: "Please call me on Thursday about the pallets.",
    },
    Ask {
        message: "M9",
        client: "C2",
        kind: AskKind::Document,
        words: "Could you please send me the data sheet?",
    },
];

const fn mail(
    key: &'static str,
    from: Option<(&'static str, &'static str)>,
    sender: Sender,
    days_ago: i64,
    body: &'static str,
) -> Mail {
    Mail { key, from, sender, days_ago, direction: Direction::Inbound, headers: "", body }
}

const MAILS: &[Mail] = &[
    mail(
        "M1",
        Some(("C1", "P7")),
        Sender::Proven,
        1,
        "Hello Mara,\n\nPlease call me on Thursday about the pallets.\n\nOlga\n",
    ),
    mail(
        "M2",
        Some(("C1", "P8")),
        Sender::Unproven,
        1,
        "Hello,\n\nPlease send me a revised quote by Friday.\n\nPaul\n",
    ),
    mail(
        "M3",
        Some(("C1", "P6")),
        Sender::Proven,
        2,
        "All fine here, thank you.\n\nNils\n\n> On Monday you wrote:\n> Please call me back today.\n",
    ),
    mail(
        "M4",
        Some(("C2", "Q1")),
        Sender::Forged,
        40,
        "Please send us the price list and the contract today.\n",
    ),
    mail("M5", None, Sender::Proven, 1, "Please call me back today, it is urgent.\n"),
    mail("M6", Some(("C1", "P1")), Sender::Proven, 60, "Please call me about the rack.\n\nIda\n"),
    Mail {
        direction: Direction::Outbound,
        ..mail(
            "M7",
            Some(("C2", "Q2")),
            Sender::Proven,
            20,
            "Dear Sven,\n\nplease call us about your order.\n\nMara\n",
        )
    },
    Mail {
        headers: "Auto-Submitted: auto-replied\n",
        ..mail(
            "M8",
            Some(("C1", "P5")),
            Sender::Proven,
            1,
            "I am away. Please call my colleague.\n",
        )
    },
    mail(
        "M9",
        Some(("C2", "Q2")),
        Sender::Proven,
        19,
        "Hi,\n\nCould you please send me the data sheet?\n\nSven\n",
    ),
    mail(
        "M10",
        Some(("C8", "W1")),
        Sender::Proven,
        1,
        "Hello,\n\nWe would like to proceed with the pallets.\n\nYuri\n",
    ),
    mail(
        "M11",
        Some(("C8", "W1")),
        Sender::Proven,
        1,
        "Hello,\n\nWe went with another supplier for the boxes.\n\nYuri\n",
    ),
    mail(
        "M12",
        Some(("C9", "X1")),
        Sender::Proven,
        1,
        "Hello,\n\nWe would like to proceed with the pallets.\n\nWe went with another supplier \
         for the boxes.\n\nZoe\n",
    ),
    mail(
        "M13",
        Some(("C6", "U1")),
        Sender::Proven,
        1,
        "Hello,\n\nThe goods arrived damaged.\n\nWilli\n",
    ),
    mail(
        "M14",
        Some(("C7", "V1")),
        Sender::Proven,
        1,
        "Hello,\n\nOne of the chargers caught fire this morning.\n\nXenia\n",
    ),
    // From later than the opening: nobody may see it yet.
    mail(
        "M15",
        Some(("C1", "P1")),
        Sender::Proven,
        -9,
        "Please call me tomorrow about the offer.\n\nIda\n",
    ),
];

impl Builder<'_> {
    pub(super) async fn messages(&self) {
        let row = MailboxRow {
            kind: MailboxKind::Import,
            name: "archive".to_owned(),
            address: Some(format!("sales@{}.example", self.slug)),
            authserv_id: Some(TRUSTED.to_owned()),
        };
        let mailbox = self.scope.find_or_create_mailbox(&self.origin, &row).await;
        let mailbox = mailbox.expect("the mailbox is written").id;
        for mail in MAILS {
            let received_at = noon_days_ago(mail.days_ago);
            let (client, contact) = match mail.from {
                Some((client, contact)) => {
                    (Some(self.client(client).await), Some(self.contact(contact).await))
                }
                None => (None, None),
            };
            let thread = ThreadRow {
                provider_id: format!("thread of {}", mail.key),
                client,
                last_message_at: received_at,
            };
            let threads = self.scope.upsert_threads(&self.origin, mailbox, &[thread]).await;
            let threads = threads.expect("threads are written");
            let raw = self.raw(mail);
            let row = MessageRow {
                thread: threads[&format!("thread of {}", mail.key)],
                provider_id: mail.key.to_owned(),
                direction: mail.direction,
                client,
                contact,
                received_at,
                raw_sha256: format!("{:0>64}", mail.key),
                reading: read(raw.as_bytes(), Some(TRUSTED)).expect("it is a message"),
                raw: raw.into_bytes(),
            };
            let written = self.scope.upsert_messages(&self.origin, mailbox, vec![row]).await;
            written.expect("messages are written");
        }
    }

    fn raw(&self, mail: &Mail) -> String {
        let ours = format!("sales@{}.example", self.slug);
        let theirs = match mail.from {
            Some((_, contact)) => address_of(self.slug, contact),
            None => "somebody@stranger.example".to_owned(),
        };
        let domain = theirs.rsplit_once('@').map_or("", |(_, domain)| domain);
        let (from, to) = match mail.direction {
            Direction::Inbound => (&theirs, &ours),
            Direction::Outbound => (&ours, &theirs),
        };
        let proof = match mail.sender {
            Sender::Proven => {
                format!("Authentication-Results: {TRUSTED}; dmarc=pass header.from={domain}\n")
            }
            Sender::Unproven => String::new(),
            Sender::Forged => {
                format!("Authentication-Results: {TRUSTED}; dmarc=fail header.from={domain}\n")
            }
        };
        let headers = mail.headers;
        format!(
            "{proof}{headers}From: {from}\nTo: {to}\nSubject: {}\nMessage-ID: <{}@{}.example>\n\
             Content-Type: text/plain; charset=utf-8\n\n{}",
            mail.key, mail.key, self.slug, mail.body
        )
    }
}
