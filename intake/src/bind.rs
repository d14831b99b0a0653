//! Where the columns of a kind stand in a file's header.

use std::{collections::HashMap, path::Path};

use domain::time::Tz;

use crate::{dates::Dates, error::IntakeError, map::TableMap, reject::OWN_COLUMNS, table::RawRow};

/// A file's header, understood.
pub(crate) struct Bound {
    /// How the file writes values.
    pub map: TableMap,
    /// How it writes dates.
    pub dates: Dates,
    header: Vec<String>,
    positions: HashMap<&'static str, usize>,
    own_cells: usize,
}

impl Bound {
    /// Finds the columns in the header, or says which are missing, unknown or there twice.
    pub fn new(
        path: &Path,
        map: TableMap,
        zone: Tz,
        first_row: &RawRow,
    ) -> Result<Self, IntakeError> {
        let header = read_header(path, &map, first_row)?;
        // A rejects file of ours is read again without the cells that we put in front of its rows.
        let is_rejects = OWN_COLUMNS.len() < header.len()
            && header.iter().zip(OWN_COLUMNS).all(|(name, own)| name == own);
        let own_cells = if is_rejects { OWN_COLUMNS.len() } else { 0 };
        let dates = Dates::new(zone, map.formats.clone());
        let mut bound = Self { map, dates, header, positions: HashMap::new(), own_cells };
        bound.find_columns(path)?;
        bound.refuse_unknown(path)?;
        Ok(bound)
    }

    /// How many cells a row has.
    pub fn width(&self) -> usize {
        self.header.len()
    }

    /// The cells of ours that stand before the file's own.
    pub fn own_cells(&self) -> usize {
        self.own_cells
    }

    /// The file's own header.
    pub fn file_header(&self) -> &[String] {
        &self.header[self.own_cells..]
    }

    /// The name of one of the file's columns, by its place from 0.
    pub fn header_at(&self, index: usize) -> Option<&str> {
        self.header.get(index).map(String::as_str)
    }

    /// Where a column of ours stands, from 0.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.positions.get(column).copied()
    }

    /// A column of ours as people find it: with the file's name for it, where that differs.
    pub fn label(&self, column: &str) -> String {
        match self.position(column).and_then(|index| self.header_at(index)) {
            Some(name) if name != column => format!("{column} ({name})"),
            _ => column.to_owned(),
        }
    }

    fn find_columns(&mut self, path: &Path) -> Result<(), IntakeError> {
        let mut missing = Vec::new();
        for column in self.map.columns {
            let named = self.map.names.get(column.name);
            let wanted = named.map_or(column.name, String::as_str);
            let is_wanted = |name: &&String| name.eq_ignore_ascii_case(wanted);
            let place = |index: usize| index + self.own_cells;
            let file_header = &self.header[self.own_cells..];
            match file_header.iter().filter(is_wanted).count() {
                0 if named.is_some() => {
                    missing.push(format!("{} ({wanted} in the map)", column.name))
                }
                0 if column.is_required && !self.map.constants.contains_key(column.name) => {
                    missing.push(column.name.to_owned());
                }
                0 => {}
                1 => {
                    let index = file_header.iter().position(|name| is_wanted(&name));
                    self.positions.extend(index.map(|index| (column.name, place(index))));
                }
                _ => {
                    let column = wanted.to_owned();
                    return Err(IntakeError::TwiceInHeader { path: path.to_owned(), column });
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let header = self.file_header().to_vec();
        Err(IntakeError::MissingColumns { path: path.to_owned(), missing, header })
    }

    fn refuse_unknown(&self, path: &Path) -> Result<(), IntakeError> {
        let unknown: Vec<String> = self
            .file_header()
            .iter()
            .enumerate()
            .filter(|(index, name)| {
                let place = index + self.own_cells;
                !self.positions.values().any(|used| *used == place) && !self.map.ignore.holds(name)
            })
            .map(|(_, name)| name.clone())
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let known = self.map.columns.iter().map(|column| column.name.to_owned()).collect();
        Err(IntakeError::UnknownColumns { path: path.to_owned(), unknown, known })
    }
}

fn read_header(
    path: &Path,
    map: &TableMap,
    first_row: &RawRow,
) -> Result<Vec<String>, IntakeError> {
    let names = first_row.cells().enumerate().map(|(index, cell)| {
        let name = std::str::from_utf8(cell).map_err(|_| IntakeError::HeaderEncoding {
            path: path.to_owned(),
            column: index + 1,
            encoding: map.encoding.name().to_owned(),
        })?;
        let name = name.trim();
        // A column without a name can still be left out, by its place.
        Ok(if name.is_empty() { format!("column {}", index + 1) } else { name.to_owned() })
    });
    names.collect()
}
