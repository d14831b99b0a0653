//! A CSV file as a stream of rows, each with the physical line it begins on.
//!
//! What lives here: RFC 4180, the limit of a row, and quotes that are never closed.
//! What does not: what the cells mean.

use std::io;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::source::Source;

/// Largest row, in bytes of UTF-8. A row of an order or a person has a few hundred; what is a thousand times
/// larger is a quote that was never closed, and must not fill the memory.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;
/// Most cells of a row: four times what a spreadsheet of a careful person has columns.
pub(crate) const ROW_CELLS_MAX: usize = 4_096;

/// One row's cells, unquoted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawRow {
    /// The physical line on which it begins, from 1.
    pub line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl RawRow {
    /// Stands for something that begins on a line and has no cells.
    pub fn without_cells(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// One cell's bytes, by its place from 0.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.bytes.get(start..end)
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// All cells one after the other, and where each ends.
    pub fn parts(&self) -> (&[u8], &[usize]) {
        (&self.bytes, &self.ends)
    }

    /// Becomes a row from the parts of another.
    pub fn set(&mut self, line: u64, bytes: &[u8], ends: impl Iterator<Item = usize>) {
        self.line = line;
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.ends.clear();
        self.ends.extend(ends);
    }

    /// Whether no cell says anything, as the rows below a spreadsheet's table.
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }
}

/// What the next row turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A row.
    Row,
    /// More than a row may be; it was stepped over to its end, and its cells up to the limit were kept.
    TooLarge {
        /// The cell in which the limit was reached, from 0.
        cell: usize,
    },
    /// A quote was opened and the file ended before it was closed.
    Unclosed,
    /// No more rows.
    End,
}

/// Reads rows from a source.
pub(crate) struct TableReader {
    source: Source,
    core: Reader,
    bytes: Box<[u8]>,
    ends: Box<[usize]>,
    line: u64,
}

impl TableReader {
    pub fn new(source: Source, delimiter: u8) -> Self {
        Self {
            source,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            bytes: vec![0; ROW_BYTES_MAX].into_boxed_slice(),
            ends: vec![0; ROW_CELLS_MAX].into_boxed_slice(),
            line: 1,
        }
    }

    /// Bytes of the file that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    /// Reads the next row into `row`.
    pub fn read(&mut self, row: &mut RawRow) -> io::Result<Found> {
        self.skip_line_ends()?;
        row.line = self.line;
        row.bytes.clear();
        row.ends.clear();
        let (mut filled, mut ended) = (0, 0);
        let (mut quotes, mut breaks) = (0_usize, 0_u64);
        let mut overflow = None;
        loop {
            let input = self.source.fill()?;
            let is_end = input.is_empty();
            let (result, used, written, new_ends) =
                self.core.read_record(input, &mut self.bytes[filled..], &mut self.ends[ended..]);
            for byte in &input[..used] {
                quotes += usize::from(*byte == b'"');
                breaks += u64::from(*byte == b'\n');
            }
            self.source.consume(used);
            filled += written;
            ended += new_ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    if overflow.is_none() {
                        overflow = Some(ended);
                        let whole_cells = &self.ends[..ended];
                        row.ends.extend_from_slice(whole_cells);
                        let whole_bytes = whole_cells.last().copied().unwrap_or(0);
                        row.bytes.extend_from_slice(&self.bytes[..whole_bytes]);
                    }
                    // From here on cells are written over each other: only the row's end is looked for.
                    (filled, ended) = (0, 0);
                }
                ReadRecordResult::End => return Ok(Found::End),
                ReadRecordResult::Record => {
                    self.line += breaks;
                    if let Some(cell) = overflow {
                        return Ok(Found::TooLarge { cell });
                    }
                    row.bytes.extend_from_slice(&self.bytes[..filled]);
                    row.ends.extend_from_slice(&self.ends[..ended]);
                    let is_unclosed = is_end && quotes % 2 == 1 && 0 < breaks;
                    return Ok(if is_unclosed { Found::Unclosed } else { Found::Row });
                }
            }
        }
    }

    /// Steps over empty lines, so that a row's line is the one it begins on.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.source.fill()?;
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.line += input[..ends].iter().filter(|byte| **byte == b'\n').count() as u64;
            let is_text_next = ends < input.len() || input.is_empty();
            self.source.consume(ends);
            if is_text_next {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<(Found, u64, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.csv");
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, encoding_rs::UTF_8).unwrap();
        let mut reader = TableReader::new(source, b',');
        let mut row = RawRow::default();
        let mut found = Vec::new();
        loop {
            let what = reader.read(&mut row).unwrap();
            if what == Found::End {
                return found;
            }
            let cells = row.cells().map(|cell| String::from_utf8_lossy(cell).into_owned());
            found.push((what, row.line, cells.collect()));
        }
    }

    fn row(line: u64, cells: &[&str]) -> (Found, u64, Vec<String>) {
        (Found::Row, line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn rows_have_the_line_they_begin_on() {
        let found = rows(b"a,b\r\n\"one\r\ntwo\",\"say \"\"hi\"\"\"\r\n\r\n\r\nlast,\n");
        let expected =
            [row(1, &["a", "b"]), row(2, &["one\r\ntwo", "say \"hi\""]), row(6, &["last", ""])];
        assert_eq!(found, expected);
        assert_eq!(rows(b"a\nb"), [row(1, &["a"]), row(2, &["b"])]);
        assert_eq!(rows(b"\n\na"), [row(3, &["a"])]);
    }

    #[test]
    fn a_row_beyond_the_limit_is_stepped_over() {
        let mut text = b"a,b\n1,\"".to_vec();
        text.extend(std::iter::repeat_n(b'x', ROW_BYTES_MAX));
        text.extend(b"\nstill inside\"\n2,y\n");
        let found = rows(&text);
        assert_eq!(found[1], (Found::TooLarge { cell: 1 }, 2, vec!["1".to_owned()]));
        assert_eq!(found[2], row(4, &["2", "y"]));
        let commas = [vec![b','; ROW_CELLS_MAX + 3], b"\nz\n".to_vec()].concat();
        let found = rows(&commas);
        assert!(matches!(found[0].0, Found::TooLarge { .. }));
        assert_eq!(found[1], row(2, &["z"]));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_noticed() {
        let found = rows(b"a,b\n1,\"open\n2,y\n3,z\n");
        assert_eq!((found[1].0, found[1].1), (Found::Unclosed, 2));
        assert_eq!(found.len(), 2);
        // An inch sign in a cell without quotes is only a character.
        assert_eq!(rows(b"1,5\" pipe"), [row(1, &["1", "5\" pipe"])]);
    }

    #[test]
    fn a_row_that_spans_two_reads_is_whole() {
        let long = "y".repeat(100_000);
        let text = format!("a,{long}\nb,c\n");
        assert_eq!(rows(text.as_bytes()), [row(1, &["a", &long]), row(2, &["b", "c"])]);
    }
}
