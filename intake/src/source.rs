//! A file as a stream of UTF-8, whatever it was written in.
//!
//! What lives here: opening, byte order marks, decoding, and counting what was read.
//! What does not: rows and cells.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use crate::error::IntakeError;

/// Bytes read at a time: large enough that the system's calls do not count, small enough for a cache.
const READ_BYTES: usize = 64 * 1024;
/// Room that decoding needs beyond its input: no encoding we know trebles more than its own length.
const DECODED_BYTES_MAX: usize = READ_BYTES * 3 + 64;
/// Stands for bytes that the encoding does not know. No UTF-8 has this byte, so the check of the cell finds it.
const UNDECODABLE: u8 = 0xff;
/// The longest byte order mark.
const MARK_BYTES_MAX: u64 = 3;

/// A file that is read as UTF-8.
pub(crate) struct Source {
    file: File,
    decoder: Option<Decoder>,
    raw: Box<[u8]>,
    raw_at: usize,
    raw_end: usize,
    decoded: Vec<u8>,
    decoded_at: usize,
    is_ended: bool,
    bytes_read: u64,
}

impl Source {
    /// Opens a file and steps over its byte order mark. A mark tells the encoding better than a map can.
    pub fn open(path: &Path, encoding: &'static Encoding) -> Result<Self, IntakeError> {
        let mut file = open_file(path)?;
        let unreadable = |source| IntakeError::Unreadable { path: path.to_owned(), source };
        let (encoding, mark_bytes) = match read_mark(&mut file).map_err(unreadable)? {
            Some((marked, bytes)) => (marked, bytes),
            None => (encoding, 0),
        };
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        Ok(Self {
            file,
            decoder,
            raw: vec![0; READ_BYTES].into_boxed_slice(),
            raw_at: 0,
            raw_end: 0,
            decoded: Vec::new(),
            decoded_at: 0,
            is_ended: false,
            bytes_read: mark_bytes,
        })
    }

    /// Bytes of the file that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next stretch; empty at the end.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        if self.decoder.is_none() {
            if self.raw_at == self.raw_end {
                self.read_more()?;
            }
            return Ok(&self.raw[self.raw_at..self.raw_end]);
        }
        while self.decoded_at == self.decoded.len() {
            if self.is_ended {
                return Ok(&[]);
            }
            self.decode_more()?;
        }
        Ok(&self.decoded[self.decoded_at..])
    }

    /// Marks bytes of the last stretch as used.
    pub fn consume(&mut self, bytes: usize) {
        if self.decoder.is_none() {
            self.raw_at += bytes;
        } else {
            self.decoded_at += bytes;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        self.raw_at = 0;
        self.raw_end = self.file.read(&mut self.raw)?;
        self.bytes_read += self.raw_end as u64;
        Ok(())
    }

    fn decode_more(&mut self) -> io::Result<()> {
        self.read_more()?;
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        self.decoded.clear();
        self.decoded.resize(DECODED_BYTES_MAX, 0);
        self.decoded_at = 0;
        let is_last = self.raw_end == 0;
        let mut filled = 0;
        loop {
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                &self.raw[self.raw_at..self.raw_end],
                &mut self.decoded[filled..],
                is_last,
            );
            self.raw_at += read;
            filled += written;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::Malformed(..) => {
                    self.decoded[filled] = UNDECODABLE;
                    filled += 1;
                }
                DecoderResult::OutputFull => {
                    self.decoded.resize(self.decoded.len() + DECODED_BYTES_MAX, 0);
                }
            }
            if filled == self.decoded.len() {
                self.decoded.resize(filled + DECODED_BYTES_MAX, 0);
            }
        }
        self.decoded.truncate(filled);
        self.is_ended = is_last;
        Ok(())
    }
}

/// Opens a file that has something in it.
pub(crate) fn open_file(path: &Path) -> Result<File, IntakeError> {
    if file_bytes(path)? == Some(0) {
        return Err(IntakeError::Empty(path.to_owned()));
    }
    File::open(path).map_err(|source| IntakeError::Unreadable { path: path.to_owned(), source })
}

/// The size of a file; `None` for a pipe, which has none.
pub(crate) fn file_bytes(path: &Path) -> Result<Option<u64>, IntakeError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(IntakeError::IsDirectory(path.to_owned())),
        Ok(found) => Ok(found.is_file().then_some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(IntakeError::NotFound(path.to_owned()))
        }
        Err(source) => Err(IntakeError::Unreadable { path: path.to_owned(), source }),
    }
}

/// Reads a byte order mark if there is one, and leaves the file behind it.
fn read_mark(file: &mut File) -> io::Result<Option<(&'static Encoding, u64)>> {
    // A pipe cannot be wound back; nobody pipes a mark.
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut start = Vec::new();
    file.take(MARK_BYTES_MAX).read_to_end(&mut start)?;
    let mark = Encoding::for_bom(&start).map(|(encoding, bytes)| (encoding, bytes as u64));
    file.seek(SeekFrom::Start(mark.map_or(0, |(_, bytes)| bytes)))?;
    Ok(mark)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, UTF_16LE, WINDOWS_1252};

    use super::*;

    fn read(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let mut source = Source::open(&path, encoding).unwrap();
        let mut text = Vec::new();
        loop {
            let stretch = source.fill().unwrap().to_vec();
            if stretch.is_empty() {
                assert_eq!(source.bytes_read(), bytes.len() as u64);
                return text;
            }
            source.consume(stretch.len());
            text.extend(stretch);
        }
    }

    #[test]
    fn encodings_become_utf_8() {
        assert_eq!(read("Müller".as_bytes(), UTF_8), "Müller".as_bytes());
        assert_eq!(read(b"M\xfcller", WINDOWS_1252), "Müller".as_bytes());
        assert_eq!(read(b"a\0\xfc\0", UTF_16LE), "aü".as_bytes());
        let long = "ü".repeat(200_000);
        let (bytes, _, _) = WINDOWS_1252.encode(&long);
        assert_eq!(read(&bytes, WINDOWS_1252), long.as_bytes());
    }

    #[test]
    fn a_byte_order_mark_decides_and_is_no_text() {
        assert_eq!(read(b"\xef\xbb\xbfa", WINDOWS_1252), b"a");
        assert_eq!(read(b"\xff\xfea\0", UTF_8), b"a");
    }

    #[test]
    fn bytes_that_mean_nothing_stay_recognisable() {
        assert_eq!(read(b"a\x81\xffb", SHIFT_JIS), b"a\xffb");
        assert_eq!(read(b"M\xfcller", UTF_8), b"M\xfcller");
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("empty"), b"").unwrap();
        assert!(matches!(Source::open(&path("none"), UTF_8), Err(IntakeError::NotFound(_))));
        assert!(matches!(Source::open(&path("empty"), UTF_8), Err(IntakeError::Empty(_))));
        assert!(matches!(Source::open(folder.path(), UTF_8), Err(IntakeError::IsDirectory(_))));
    }
}
