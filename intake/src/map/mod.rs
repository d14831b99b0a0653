//! A map: how somebody else's file names its columns and writes its values.
//!
//! What lives here: the TOML as it is written (docs/import.md explains it), and its check against the columns
//! of a kind.
//! What does not: the header that the names are looked for in.

mod settled;
mod written;

use std::{collections::HashMap, path::Path};

use domain::{import::ImportKind, money::BasisPoints};
use encoding_rs::{Encoding, UTF_8};

use crate::{
    column::Column,
    dates::{DateFormat, FORMAT_KEY},
    request::{columns_of, line_columns_of},
};

use settled::SHARE_COLUMNS;
pub(crate) use settled::{Numbers, ShareStyle, TableMap};
use written::{Section, plain, truths};

/// Largest map, in bytes: a table of names and words, not data.
const MAP_BYTES_MAX: u64 = 1024 * 1024;
/// Why a map cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the map{}: {message}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct MapError {
    /// The line of the map, from 1, if it can be told.
    pub line: Option<usize>,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// How a file names its columns and writes its values. The default is our own way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnMap {
    text: String,
    section: Section,
}

impl ColumnMap {
    /// Reads a map from TOML.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let section = toml::from_str(text).map_err(|error| MapError {
            line: error.span().map(|span| text[..span.start].matches('\n').count() + 1),
            message: error.message().to_owned(),
        })?;
        Ok(Self { text: text.to_owned(), section })
    }

    /// Reads a map from a file.
    pub fn load(path: &Path) -> Result<Self, MapError> {
        let refused = |because: String| MapError {
            line: None,
            message: format!("{} {because}", path.display()),
        };
        let found =
            std::fs::metadata(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
        if MAP_BYTES_MAX < found.len() {
            return Err(refused(format!("has more than {MAP_BYTES_MAX} bytes: is it a map?")));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| refused(format!("cannot be read: {error}")))?;
        Self::parse(&text)
    }

    /// The part for the file itself, checked against the columns of its kind.
    pub(crate) fn for_file(&self, kind: ImportKind) -> Result<TableMap, MapError> {
        if self.section.lines.is_some() && kind != ImportKind::Orders {
            return Err(self.error("lines", "[lines] is for the second file of orders".to_owned()));
        }
        if self.section.policy.is_some() && kind != ImportKind::Products {
            return Err(self.error(
                "policy",
                "[policy] is for products, whose list prices it is about".to_owned(),
            ));
        }
        self.settle(&self.section, columns_of(kind), &Section::default())
    }

    /// The part for the lines of orders. What it leaves open is as in the first file.
    pub(crate) fn for_lines(&self, kind: ImportKind) -> Result<TableMap, MapError> {
        let nothing = Section::default();
        let lines = self.section.lines.as_deref().unwrap_or(&nothing);
        if lines.lines.is_some() || lines.policy.is_some() {
            return Err(self.error("lines", "[lines] holds neither lines nor policy".to_owned()));
        }
        self.settle(lines, line_columns_of(kind), &self.section)
    }

    /// The authorised discount that the map gives along with list prices.
    pub(crate) fn discount_max(&self) -> Result<Option<BasisPoints>, MapError> {
        let Some(policy) = &self.section.policy else { return Ok(None) };
        let text = plain(&policy.discount_max).unwrap_or_default();
        let share = ShareStyle::Fraction.read(&text);
        share.map(Some).map_err(|error| self.error("discount_max", error.to_string()))
    }

    fn settle(
        &self,
        section: &Section,
        columns: &'static [Column],
        fallback: &Section,
    ) -> Result<TableMap, MapError> {
        let known = |key: &str| {
            columns.iter().find(|column| column.name == key).map(|column| column.name).ok_or_else(
                || {
                    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
                    self.error(
                        key,
                        format!("`{key}` is not a column here: use one of {}", names.join(", ")),
                    )
                },
            )
        };
        let mut names = HashMap::new();
        for (column, header) in &section.columns {
            names.insert(known(column)?, header.trim().to_owned());
        }
        let mut constants = HashMap::new();
        for (column, value) in &section.constants {
            let text = plain(value).ok_or_else(|| {
                self.error(
                    column,
                    format!("`{column}` needs a text, a number, a date, true or false"),
                )
            })?;
            constants.insert(known(column)?, text);
        }
        let mut values = HashMap::new();
        for (column, words) in &section.values {
            values.insert(known(column)?, words.clone().into_iter().collect());
        }
        Ok(TableMap {
            columns,
            names,
            constants,
            values,
            encoding: self.encoding(section, fallback)?,
            delimiter: self.delimiter(section, fallback)?,
            nulls: match section.null.as_ref().or(fallback.null.as_ref()) {
                Some(words) => words.iter().map(|word| word.trim().to_owned()).collect(),
                None => Vec::new(),
            },
            ignore: section.ignore.clone().unwrap_or_default(),
            formats: self.formats(section, fallback, columns)?,
            numbers: self.numbers(section, fallback, columns)?,
            truths: truths(section.booleans.as_ref().or(fallback.booleans.as_ref())),
        })
    }

    fn encoding(
        &self,
        section: &Section,
        fallback: &Section,
    ) -> Result<&'static Encoding, MapError> {
        let Some(label) = section.encoding.as_ref().or(fallback.encoding.as_ref()) else {
            return Ok(UTF_8);
        };
        Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            let message = format!(
                "`{label}` is not an encoding: use one such as utf-8, windows-1252, iso-8859-15 or utf-16le"
            );
            self.error("encoding", message)
        })
    }

    fn delimiter(&self, section: &Section, fallback: &Section) -> Result<u8, MapError> {
        let Some(text) = section.delimiter.as_ref().or(fallback.delimiter.as_ref()) else {
            return Ok(b',');
        };
        match text.as_bytes() {
            [one] if one.is_ascii() && !b"\"\r\n".contains(one) && !one.is_ascii_alphanumeric() => {
                Ok(*one)
            }
            _ => {
                let message =
                    format!("`{text}` cannot divide cells: use one such as `,`, `;` or a tab");
                Err(self.error("delimiter", message))
            }
        }
    }

    fn formats(
        &self,
        section: &Section,
        fallback: &Section,
        columns: &[Column],
    ) -> Result<HashMap<String, DateFormat>, MapError> {
        let mut formats = HashMap::new();
        let shared = fallback.dates.get_key_value(FORMAT_KEY);
        for (column, format) in shared.into_iter().chain(&section.dates) {
            let is_known = column == FORMAT_KEY || columns.iter().any(|known| known.name == column);
            if !is_known {
                let message =
                    format!("`{column}` under [dates] is neither `{FORMAT_KEY}` nor a column here");
                return Err(self.error(column, message));
            }
            let read = DateFormat::new(format).ok_or_else(|| {
                self.error(
                    column,
                    format!("`{format}` is not a format of dates: use one such as %d.%m.%Y"),
                )
            })?;
            formats.insert(column.clone(), read);
        }
        Ok(formats)
    }

    fn numbers(
        &self,
        section: &Section,
        fallback: &Section,
        columns: &[Column],
    ) -> Result<Numbers, MapError> {
        let mut numbers =
            Numbers { decimal_mark: '.', thousands_mark: None, shares: HashMap::new() };
        let marks = fallback.numbers.iter().filter(|(key, _)| key.ends_with("_mark"));
        for (key, value) in marks.chain(&section.numbers) {
            let mark = || match value.chars().collect::<Vec<_>>()[..] {
                [one] if !one.is_alphanumeric() && !['+', '-'].contains(&one) => Ok(one),
                _ => Err(self.error(
                    key,
                    format!("`{value}` is not a mark: use one character, such as `,`"),
                )),
            };
            match key.as_str() {
                "decimal_mark" => numbers.decimal_mark = mark()?,
                "thousands_mark" => numbers.thousands_mark = Some(mark()?),
                column => {
                    let share = SHARE_COLUMNS.iter().find(|(name, _)| *name == column);
                    let Some((name, _)) =
                        share.filter(|_| columns.iter().any(|it| it.name == column))
                    else {
                        let message = format!(
                            "`{column}` under [numbers] is neither decimal_mark, thousands_mark nor a share here"
                        );
                        return Err(self.error(column, message));
                    };
                    let style = ShareStyle::parse(value).ok_or_else(|| {
                        self.error(column, format!("`{value}` is neither `fraction` nor `percent`"))
                    })?;
                    numbers.shares.insert(name, style);
                }
            }
        }
        if numbers.thousands_mark == Some(numbers.decimal_mark) {
            let message =
                "decimal_mark and thousands_mark are the same: no number could be read".to_owned();
            return Err(self.error("thousands_mark", message));
        }
        Ok(numbers)
    }

    /// An error at the first line that sets a key.
    fn error(&self, key: &str, message: String) -> MapError {
        let sets_key = |line: &str| {
            let line = line.trim_start().trim_start_matches('[').trim_start_matches(['"', '\'']);
            let rest = line
                .rsplit_once(&format!(".{key}"))
                .map(|(_, rest)| rest)
                .or(line.strip_prefix(key));
            rest.is_some_and(|rest| {
                rest.trim_start_matches(['"', '\'']).trim_start().starts_with(['=', ']', '.'])
            })
        };
        MapError { line: self.text.lines().position(sets_key).map(|at| at + 1), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ImportKind, text: &str) -> String {
        let map = match ColumnMap::parse(text) {
            Ok(map) => map,
            Err(error) => return error.to_string(),
        };
        let result = map.for_file(kind).and_then(|_| map.for_lines(kind)).map(|_| ());
        result.and_then(|()| map.discount_max().map(|_| ())).unwrap_err().to_string()
    }

    #[test]
    fn a_map_is_read_with_everything_in_it() {
        let map = ColumnMap::parse(
            "encoding = \"latin1\"\ndelimiter = \";\"\nnull = [\"NULL\", \"\"]\nignore = \"*\"\n\
             [columns]\nexternal_id = \"OrderID\"\n[constants]\ncurrency = \"USD\"\nis_bill = true\n\
             [dates]\nformat = \"%d.%m.%y\"\n[numbers]\ndecimal_mark = \",\"\nthousands_mark = \".\"\n\
             [booleans]\ntrue = [\"Ja\"]\n[values.currency]\nDollar = \"USD\"\n\
             [lines]\nignore = [\"Rabatt\"]\n[lines.columns]\norder = \"OrderID\"\n\
             [lines.numbers]\ndiscount = \"percent\"\n",
        )
        .unwrap();
        let head = map.for_file(ImportKind::Orders).unwrap();
        assert_eq!(head.encoding.name(), "windows-1252");
        assert_eq!(head.constants["is_bill"], "true");
        assert!(head.truths["ja"]);
        assert!(head.ignore.holds("anything"));
        let lines = map.for_lines(ImportKind::Orders).unwrap();
        assert_eq!((lines.delimiter, lines.encoding.name()), (b';', "windows-1252"));
        assert_eq!(lines.numbers.plain("1.234,50").as_deref(), Ok("1234.50"));
        assert_eq!(lines.numbers.share_style("discount"), ShareStyle::Percent);
        assert!(lines.ignore.holds("rabatt") && !lines.ignore.holds("anything"));
    }

    #[test]
    fn an_authorised_discount_is_a_share() {
        for text in ["\"0.25\"", "0.25", "\"25 %\""] {
            let map = ColumnMap::parse(&format!("[policy]\ndiscount_max = {text}")).unwrap();
            assert_eq!(map.discount_max(), Ok(Some(BasisPoints(2_500))), "{text}");
        }
    }

    #[test]
    fn a_bad_map_names_its_line() {
        let table = [
            ("[columns]\nname = \n", "line 2"),
            ("[columns]\nname = 3\n", "line 2"),
            ("colums = 3\n", "line 1"),
            ("\n[columns]\nNAME = \"x\"\n", "line 3: `NAME` is not a column here"),
            ("encoding = \"klingon\"\n", "line 1: `klingon` is not an encoding"),
            ("delimiter = \"ab\"\n", "line 1: `ab` cannot divide cells"),
            ("[dates]\nformat = \"%Q\"\n", "line 2: `%Q` is not a format"),
            ("[dates]\ndue = \"%d\"\n", "line 2: `due` under [dates]"),
            ("[numbers]\ndiscount = \"percent\"\n", "line 2: `discount` under [numbers]"),
            ("[values.colour]\nred = \"r\"\n", "line 1: `colour` is not a column here"),
            ("[policy]\ndiscount_max = \"0.1\"\n", "line 1: [policy] is for products"),
            ("[lines.columns]\norder = \"x\"\n", "line 1: [lines] is for the second file"),
        ];
        for (text, expected) in table {
            let found = error(ImportKind::Clients, text);
            assert!(found.contains(expected), "{text:?}: {found}");
        }
        let found = error(ImportKind::Products, "[policy]\ndiscount_max = \"3\"\n");
        assert!(found.contains("line 2: `3` is too large"), "{found}");
        let found = error(ImportKind::Orders, "[lines.columns]\nnumber = \"x\"\n");
        assert!(found.contains("line 2: `number` is not a column here"), "{found}");
    }

    #[test]
    fn the_example_maps_fit_their_kinds() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/maps"));
        let table = [
            ("northwind-customers-as-clients", ImportKind::Clients),
            ("northwind-customers-as-contacts", ImportKind::Contacts),
            ("northwind-products", ImportKind::Products),
            ("northwind-orders", ImportKind::Orders),
            ("crm-opportunities-accounts", ImportKind::Clients),
            ("crm-opportunities-deals", ImportKind::Deals),
        ];
        assert_eq!(
            std::fs::read_dir(folder).unwrap().count(),
            table.len(),
            "a map is missing here"
        );
        for (name, kind) in table {
            let map = ColumnMap::load(&folder.join(format!("{name}.toml"))).unwrap();
            map.for_file(kind).unwrap();
            map.for_lines(kind).unwrap();
        }
    }
}
