//! Letters as files: one `.eml` per intent, named by its id, so that writing it twice is writing it once.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use domain::id::OutboundId;
use mail_builder::{MessageBuilder, headers::raw::Raw};

use super::{MailError, MailTransport, OutgoingMail, Whereabouts};

/// A disk that takes longer than this for one letter is as good as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Writes letters into a folder.
#[derive(Clone, Debug)]
pub struct FileTransport {
    folder: PathBuf,
}

impl FileTransport {
    /// Letters go into `folder`, which is made when the first one leaves.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, intent: OutboundId) -> PathBuf {
        self.folder.join(format!("{intent}.eml"))
    }
}

#[async_trait]
impl MailTransport for FileTransport {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let (folder, path) = (self.folder.clone(), self.path(mail.intent));
        let bytes = compose(mail).map_err(|error| MailError::Refused(error.to_string()))?;
        let reference = path.display().to_string();
        let written = tokio::task::spawn_blocking(move || write_whole(&folder, &path, &bytes));
        match tokio::time::timeout(WRITE_TIMEOUT, written).await {
            Err(_) => Err(MailError::Unanswered("writing took longer than 10 s".to_owned())),
            Ok(Err(join)) => Err(MailError::Unanswered(join.to_string())),
            Ok(Ok(Err(error))) => Err(MailError::Unavailable(error.to_string())),
            Ok(Ok(Ok(()))) => Ok(reference),
        }
    }

    async fn find(&self, intent: OutboundId) -> Result<Whereabouts, MailError> {
        let path = self.path(intent);
        match tokio::time::timeout(WRITE_TIMEOUT, tokio::fs::try_exists(&path)).await {
            Ok(Ok(true)) => Ok(Whereabouts::Sent { reference: path.display().to_string() }),
            // The file appears whole or not at all, so its absence is certain.
            Ok(Ok(false)) => Ok(Whereabouts::NotSent),
            Ok(Err(error)) => Err(MailError::Unavailable(error.to_string())),
            Err(_) => Err(MailError::Unanswered("looking took longer than 10 s".to_owned())),
        }
    }
}

/// The letter as RFC 5322, marked as what it is: a machine's, so that other machines do not answer it (RFC 3834).
fn compose(mail: &OutgoingMail) -> io::Result<Vec<u8>> {
    let domain = mail.from_address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    MessageBuilder::new()
        .from((mail.from_name.as_str(), mail.from_address.as_str()))
        .to(mail.to_address.as_str())
        .subject(mail.subject.as_str())
        .date(mail.date.timestamp())
        .message_id(format!("{}@{domain}", mail.intent))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .text_body(mail.body.as_str())
        .write_to_vec()
}

/// Writes beside, flushes, and renames: a reader sees the whole letter or none.
fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("part");
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{Id, uuid_v7};

    fn letter() -> OutgoingMail {
        OutgoingMail {
            intent: Id::from_uuid(uuid_v7(1, [7; 10])),
            from_name: "Ada Beispiel".to_owned(),
            from_address: "ada@sender.example".to_owned(),
            to_address: "bo@client.example".to_owned(),
            subject: "Grüße".to_owned(),
            body: "Hello Bo,\n\nall well?\n".to_owned(),
            date: domain::time::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_letter_is_one_file_however_often_it_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(folder.path().join("outbox"));
        let mail = letter();
        assert_eq!(transport.find(mail.intent).await.unwrap(), Whereabouts::NotSent);
        let reference = transport.send(&mail).await.unwrap();
        assert_eq!(transport.send(&mail).await.unwrap(), reference);
        assert_eq!(transport.find(mail.intent).await.unwrap(), Whereabouts::Sent { reference });
        assert_eq!(fs::read_dir(folder.path().join("outbox")).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_letter_says_that_a_machine_sent_it() {
        let folder = tempfile::tempdir().unwrap();
        let reference = FileTransport::new(folder.path()).send(&letter()).await.unwrap();
        let text = fs::read_to_string(reference).unwrap();
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
        assert!(text.contains("=?utf-8?"), "{text}");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_an_error_and_not_a_loss() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, b"").unwrap();
        let transport = FileTransport::new(blocked.join("outbox"));
        assert!(matches!(transport.send(&letter()).await, Err(MailError::Unavailable(_))));
    }
}
