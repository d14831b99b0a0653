//! The lines of a file, held as they stand until their order comes.

use std::collections::HashMap;

use crate::table::RawRow;

/// Most bytes of cells that are held: some ten million lines.
pub(super) const BYTES_MAX: usize = 512 * 1024 * 1024;

/// Lines by order, their cells in one long buffer: a line costs little more than its text.
#[derive(Default)]
pub(super) struct HeldLines {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    rows: Vec<HeldRow>,
    groups: HashMap<Box<str>, Group>,
}

/// Where one line's cells are.
struct HeldRow {
    line: u64,
    bytes: std::ops::Range<usize>,
    ends: std::ops::Range<usize>,
}

/// The lines of one order.
#[derive(Default)]
pub(super) struct Group {
    /// Which ones, in the order of the file.
    pub rows: Vec<u32>,
    /// How many there are; beyond the limit of an order they are counted and not held.
    pub count: usize,
    /// How many were refused before they could be held.
    pub refused: u64,
}

impl HeldLines {
    /// Holds a line; `false` when there is no room for it.
    pub fn hold(&mut self, order: &str, raw: &RawRow, order_lines_max: usize) -> bool {
        let group = match self.groups.get_mut(order) {
            Some(group) => group,
            None => self.groups.entry(order.into()).or_default(),
        };
        group.count += 1;
        if order_lines_max < group.count {
            return true;
        }
        let (bytes, ends) = raw.parts();
        let Ok(index) = u32::try_from(self.rows.len()) else { return false };
        if BYTES_MAX < self.bytes.len() + bytes.len() {
            return false;
        }
        let (bytes_at, ends_at) = (self.bytes.len(), self.ends.len());
        self.bytes.extend_from_slice(bytes);
        self.ends.extend(ends.iter().map(|end| u32::try_from(*end).unwrap_or(u32::MAX)));
        self.rows.push(HeldRow {
            line: raw.line,
            bytes: bytes_at..self.bytes.len(),
            ends: ends_at..self.ends.len(),
        });
        group.rows.push(index);
        true
    }

    /// Notes that an order has a line that cannot be read.
    pub fn taint(&mut self, order: &str) {
        self.groups.entry(order.into()).or_default().refused += 1;
    }

    /// Gives up the lines of an order.
    pub fn take(&mut self, order: &str) -> Option<Group> {
        self.groups.remove(order)
    }

    /// Puts a held line's cells into `raw`.
    pub fn fill(&self, row: u32, raw: &mut RawRow) {
        let Some(held) = usize::try_from(row).ok().and_then(|row| self.rows.get(row)) else {
            return;
        };
        // A row has less than a megabyte, so its ends fit.
        let ends = self.ends[held.ends.clone()].iter().map(|end| *end as usize);
        raw.set(held.line, &self.bytes[held.bytes.clone()], ends);
    }

    /// The lines that nobody took, each with its order, in the order of the file.
    pub fn rest(&self) -> Vec<(String, u32)> {
        let mut rest: Vec<(String, u32)> = self
            .groups
            .iter()
            .flat_map(|(order, group)| group.rows.iter().map(|row| (order.to_string(), *row)))
            .collect();
        rest.sort_by_key(|(_, row)| *row);
        rest
    }
}
