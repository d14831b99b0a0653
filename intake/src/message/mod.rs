//! Mail from files: mbox, one `.eml`, or a folder of them.
//!
//! What lives here: finding the messages in the files, placing them among people and threads, and the batch.
//! What does not: what a message says, which is `domain::mail`'s.

mod mbox;
mod origin;
mod place;

use std::{collections::HashSet, path::PathBuf};

use domain::{
    mail::{MESSAGE_BYTES_MAX, Reading, read},
    proposal::hex,
    record::MailboxKind,
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use store::import::{MailboxRow, StoredMailbox};

use crate::{
    error::IntakeError, fault::Fault, kind::table::begin, ledger::Session, reject::Rejects,
    table::RawRow,
};

use origin::{Content, Found, MessageSource};

/// Messages of one transaction.
const BATCH_MESSAGES: usize = 500;
/// Raw bytes of one transaction: messages are large, and a batch is held in memory.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// A message on its way into the store.
struct Arrived {
    file: PathBuf,
    line: u64,
    raw: Vec<u8>,
    sha256: String,
    received_at: Timestamp,
    reading: Reading,
}

/// Imports the messages of a session.
pub(crate) async fn run(session: &mut Session<'_>) -> Result<(), IntakeError> {
    let mut source = MessageSource::open(&session.request.file)?;
    let mailbox = open_mailbox(session).await?;
    let mut rejects = Rejects::new(session.request.rejects_path(), Vec::new(), b',');
    let mut batch = Batch::default();
    while let Some(found) = source.next()? {
        session.count_row(&session.request.file)?;
        let (file, line) = (found.file.clone(), found.line);
        match understand(found, &mailbox) {
            Ok(arrived) => {
                note_dates(session, &arrived);
                batch.take(session, arrived);
            }
            Err(fault) => {
                session.report.rejected += 1;
                rejects.add(
                    &file,
                    std::slice::from_ref(&fault),
                    &RawRow::without_cells(line),
                    0,
                )?;
                session.list_problems(&file, line, vec![fault]);
            }
        }
        if batch.is_full() {
            batch.write(session, &mailbox, source.bytes_read()).await?;
        }
    }
    batch.write(session, &mailbox, source.bytes_read()).await?;
    session.report.rejects_file = rejects.finish()?;
    Ok(())
}

/// Finds the mailbox of the request, or makes it.
async fn open_mailbox(session: &Session<'_>) -> Result<StoredMailbox, IntakeError> {
    let request = session.request;
    let lower = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_lowercase());
    let row = MailboxRow {
        kind: MailboxKind::Import,
        name: request.mailbox_name(),
        address: lower(&request.options.address),
        authserv_id: lower(&request.options.authserv_id),
    };
    let unit = begin(session).await?;
    let mailbox = unit.scope().find_or_create_mailbox(&session.origin(), &row).await;
    let mailbox = mailbox.map_err(|error| session.failed(error))?;
    unit.commit().await.map_err(|error| session.failed(error))?;
    Ok(mailbox)
}

/// Reads a message, or says why it cannot be kept.
fn understand(found: Found, mailbox: &StoredMailbox) -> Result<Arrived, Fault> {
    let refused = |reason: String, way_out: &str| Fault::new("message", reason, way_out);
    let raw = match found.content {
        Content::Bytes(raw) => raw,
        Content::TooLarge => {
            let reason = format!("is larger than {MESSAGE_BYTES_MAX} bytes");
            return Err(refused(reason, "leave it out, or remove its attachments"));
        }
        Content::Unreadable(because) => {
            return Err(refused(
                format!("cannot be read: {because}"),
                "check the file's permissions",
            ));
        }
    };
    let reading = read(&raw, mailbox.authserv_id.as_deref())
        .map_err(|error| refused(error.to_string(), "export it again as a raw message"))?;
    let received_at = place::received_at(&raw).or(reading.headers.sent_at).ok_or_else(|| {
        let reason = "has neither a readable Received nor a readable Date header";
        Fault::new(
            "Date",
            reason,
            "a message without a time cannot be placed among others: leave it out",
        )
    })?;
    Ok(Arrived {
        file: found.file,
        line: found.line,
        sha256: hex(&Sha256::digest(&raw)),
        reading: place::storable(reading),
        raw,
        received_at,
    })
}

/// Says what is odd about the times of a message.
fn note_dates(session: &mut Session<'_>, arrived: &Arrived) {
    let oddity = place::odd_date(arrived.reading.headers.sent_at, arrived.received_at, session.now);
    if let Some(message) = oddity {
        session.warn(&arrived.file, arrived.line, "Date", message);
    }
}

/// Messages that are read and not yet written.
#[derive(Default)]
struct Batch {
    arrived: Vec<Arrived>,
    keys: HashSet<String>,
    bytes: usize,
}

impl Batch {
    /// Takes a message; one that is in the batch already changes nothing.
    fn take(&mut self, session: &mut Session<'_>, arrived: Arrived) {
        if !self.keys.insert(arrived.sha256.clone()) {
            session.report.unchanged += 1;
            return;
        }
        self.bytes += arrived.raw.len();
        self.arrived.push(arrived);
    }

    fn is_full(&self) -> bool {
        BATCH_MESSAGES <= self.arrived.len() || BATCH_BYTES <= self.bytes
    }

    async fn write(
        &mut self,
        session: &mut Session<'_>,
        mailbox: &StoredMailbox,
        bytes_read: u64,
    ) -> Result<(), IntakeError> {
        let arrived = std::mem::take(self).arrived;
        if arrived.is_empty() {
            session.tell(bytes_read);
            return Ok(());
        }
        let unit = begin(session).await?;
        let written = place::write(&unit.scope(), &session.origin(), mailbox, arrived).await;
        let count = written.map_err(|error| session.failed(error))?;
        unit.commit().await.map_err(|error| session.failed(error))?;
        session.keep(count, bytes_read);
        Ok(())
    }
}
