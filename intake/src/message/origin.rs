//! Where messages come from: an mbox, a single file, or a folder of files.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use domain::mail::MESSAGE_BYTES_MAX;

use super::mbox::{MboxReader, SEPARATOR};
use crate::{error::IntakeError, source::open_file};

/// The ending of a file that is one message.
const MESSAGE_ENDING: &str = "eml";
/// Files of one folder: their names are held in memory, to be read in the same order every time.
const FILES_MAX: usize = 1_000_000;

/// A message in a file.
pub(super) struct Found {
    /// The file.
    pub file: PathBuf,
    /// The line on which it begins; 0 for a file that is one message.
    pub line: u64,
    /// Its bytes.
    pub content: Content,
}

/// The bytes of a message, if they can be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// As they came.
    Bytes(Vec<u8>),
    /// More than a message may have.
    TooLarge,
    /// The system does not give them.
    Unreadable(String),
}

/// Messages, one after the other.
pub(super) enum MessageSource {
    /// Many in one file.
    Mbox { path: PathBuf, reader: MboxReader<File> },
    /// One in each file.
    Files { paths: std::vec::IntoIter<PathBuf>, bytes_read: u64 },
}

impl MessageSource {
    /// Looks at what the path is.
    pub fn open(path: &Path) -> Result<Self, IntakeError> {
        if path.is_dir() {
            let paths = messages_in(path)?.into_iter();
            return Ok(Self::Files { paths, bytes_read: 0 });
        }
        let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
        let mut start = Vec::new();
        let file = open_file(path)?;
        file.take(SEPARATOR.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
        if start == SEPARATOR {
            let reader = MboxReader::new(open_file(path)?, MESSAGE_BYTES_MAX);
            return Ok(Self::Mbox { path: path.to_owned(), reader });
        }
        Ok(Self::Files { paths: vec![path.to_owned()].into_iter(), bytes_read: 0 })
    }

    /// Bytes that were read so far.
    pub fn bytes_read(&self) -> u64 {
        match self {
            Self::Mbox { reader, .. } => reader.bytes_read(),
            Self::Files { bytes_read, .. } => *bytes_read,
        }
    }

    /// The next message.
    pub fn next(&mut self) -> Result<Option<Found>, IntakeError> {
        match self {
            Self::Mbox { path, reader } => {
                let found = reader
                    .next_message()
                    .map_err(|source| IntakeError::Unreadable { path: path.clone(), source })?;
                Ok(found.map(|(line, content)| Found { file: path.clone(), line, content }))
            }
            Self::Files { paths, bytes_read } => {
                let Some(file) = paths.next() else { return Ok(None) };
                let content = match read_message(&file) {
                    Ok(content) => content,
                    Err(error) => Content::Unreadable(error.to_string()),
                };
                if let Content::Bytes(bytes) = &content {
                    *bytes_read += bytes.len() as u64;
                }
                Ok(Some(Found { file, line: 0, content }))
            }
        }
    }
}

/// Reads a file that is one message, and no more of it than a message may have.
fn read_message(path: &Path) -> io::Result<Content> {
    let mut bytes = Vec::new();
    let limit = MESSAGE_BYTES_MAX as u64 + 1;
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(if MESSAGE_BYTES_MAX < bytes.len() { Content::TooLarge } else { Content::Bytes(bytes) })
}

/// The files of a folder that are messages, by name; folders within it are other mailboxes.
fn messages_in(folder: &Path) -> Result<Vec<PathBuf>, IntakeError> {
    let unreadable = |source| IntakeError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if !ending.eq_ignore_ascii_case(MESSAGE_ENDING) || path.is_dir() {
            continue;
        }
        if FILES_MAX <= paths.len() {
            let limit = format!("{FILES_MAX} messages");
            return Err(IntakeError::TooMuch { path: folder.to_owned(), limit });
        }
        paths.push(path);
    }
    if paths.is_empty() {
        return Err(IntakeError::Empty(folder.to_owned()));
    }
    paths.sort_unstable();
    Ok(paths)
}
