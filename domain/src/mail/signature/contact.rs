//! Telephone numbers and links in a line.

use super::super::listed::Listed;

/// Most digits of an internal number, such as `x-37059`.
pub(super) const EXTENSION_DIGITS_MAX: usize = 6;
/// Fewest and most digits of a telephone number with its area (E.164 allows fifteen).
const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 15;

/// A telephone number in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// Where it begins and ends, in bytes of the line.
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many digits it has.
    pub(super) digits: usize,
    /// In the form of E.164, if its country is written with it.
    pub(super) e164: Option<String>,
}

/// The telephone numbers of a line: digits with the usual signs between them, or an extension.
pub(super) fn phones(line: &str) -> Vec<Number> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_start = matches!(bytes[at], b'+' | b'(' | b'0'..=b'9' | b'x' | b'X' | b'#');
        let follows_word =
            0 < at && (bytes[at - 1].is_ascii_alphanumeric() || b"@/_.$=".contains(&bytes[at - 1]));
        if !is_start || follows_word {
            at += 1;
            continue;
        }
        let (end, stop) = number_end(bytes, at);
        let number =
            number(line, at, end).filter(|it| it.e164.is_some() || !is_reference(line, at));
        if let Some(number) = number {
            at = number.end;
            found.push(number);
        } else {
            // Signs without a digit among them are looked at once.
            at = if end == at { stop.max(at + 1) } else { end };
        }
    }
    found
}

/// Whether the word before a number says that it is one of an order, an account or the like.
fn is_reference(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default().to_lowercase();
    let mut words = before
        .split(|letter: char| !letter.is_alphanumeric())
        .rev()
        .filter(|word| !word.is_empty());
    let is_count = |word: &&str| COUNTS.has(word);
    let last = words.next();
    match last.filter(is_count).and_then(|_| words.next()) {
        Some(what) => !PHONES.has(what),
        None => last.is_some_and(|what| REFERENCES.has(what)),
    }
}

/// Words that only say that a number follows: what it counts stands before them.
static COUNTS: Listed = Listed::of("number|no|nr|num|nummer|numéro|número|numero|id|code");
/// What is dialled.
static PHONES: Listed = Listed::of(
    "phone|ph|tel|telephone|telefon|téléphone|teléfono|telefono|telefoon|telefone|mobile|mob|mobil|\
     cell|cellular|handy|fax|telefax|office|direct|main|home|pager|rufnummer|contact|hotline",
);
/// What has numbers as long as a telephone's.
static REFERENCES: Listed = Listed::of(
    "po|order|orders|invoice|quote|quotation|ref|reference|account|acct|case|ticket|item|part|sku|\
     contract|customer|supplier|vendor|deal|iban|vat|ein|abn|siret|siren|hrb|ust|bestellung|\
     auftrag|rechnung|angebot|konto|kunde|bestellnummer|auftragsnummer|rechnungsnummer|\
     kundennummer|kontonummer|commande|facture|devis|compte|pedido|factura|cuenta|ordine|fattura",
);

/// The end of the last digit among digits and signs that begin at a place, and of them all.
fn number_end(bytes: &[u8], start: usize) -> (usize, usize) {
    let mut end = start;
    let mut blanks = 0;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'0'..=b'9' => {
                end = at + 1;
                blanks = 0;
            }
            b' ' | b'\t' if at != start && blanks == 0 => blanks += 1,
            b'+' | b'x' | b'X' | b'#' if at == start => {}
            b'(' | b')' | b'-' | b'.' | b'/' => blanks = 0,
            _ => return (end, at),
        }
    }
    (end, bytes.len())
}

fn number(line: &str, start: usize, end: usize) -> Option<Number> {
    let text = line.get(start..end)?;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let count = digits.len();
    let follows_letter =
        line.as_bytes().get(end).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'%');
    let is_extension = text.starts_with(['x', 'X'])
        || (3..=EXTENSION_DIGITS_MAX).contains(&count) && is_internal(text);
    if is_extension && (3..=EXTENSION_DIGITS_MAX + 1).contains(&count) && !follows_letter {
        return Some(Number { start, end, digits: count, e164: None });
    }
    let is_written_out = (DIGITS_MIN..=DIGITS_MAX).contains(&count) && !follows_letter;
    if !is_written_out || is_date_or_amount(text) {
        return None;
    }
    let international = text.strip_prefix('+').is_some() || text.starts_with("00") && 10 < count;
    // The zero in brackets is dialled within the country only.
    let bare: String = text.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    let bare = if text.starts_with("00") { bare.trim_start_matches("00").to_owned() } else { bare };
    let e164 = international
        .then(|| format!("+{bare}"))
        .filter(|it| it.len() <= DIGITS_MAX + 1 && DIGITS_MIN < it.len());
    Some(Number { start, end, digits: count, e164 })
}

/// A number within a house, such as `3-7060`.
fn is_internal(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(first), Some(second), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    first.len() == 1 && second.len() == 4
}

/// Digits in the shape of a date, an amount, an address of a host, or a long plain number.
fn is_date_or_amount(text: &str) -> bool {
    let groups: Vec<&str> =
        text.split(|letter: char| !letter.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
    let lengths: Vec<usize> = groups.iter().map(|it| it.len()).collect();
    let is_date = matches!(lengths.as_slice(), [1 | 2, 1 | 2, 2 | 4] | [4, 1 | 2, 1 | 2]);
    let is_plain = lengths.len() == 1 && !text.starts_with(['+', '0', '(']) && lengths[0] != 10;
    let is_host = lengths.len() == 4
        && text.matches('.').count() == 3
        && lengths.iter().all(|it| *it <= 3)
        && lengths.iter().sum::<usize>() < 10;
    is_date || is_plain || is_host
}

/// Links of a line: where each begins and ends.
pub(in super::super) fn links(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in line.split_inclusive([' ', '\t', '<', '>', '|', '(', ')']) {
        let bare = word.trim_end_matches([' ', '\t', '<', '>', '|', '(', ')', ',', ';', '.']);
        let lower = bare.to_lowercase();
        if lower.starts_with("http://")
            || lower.starts_with("https://")
            || lower.starts_with("www.")
        {
            found.push((at, at + bare.len()));
        }
        at += word.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(line: &str) -> Vec<(&str, Option<String>)> {
        phones(line).into_iter().map(|it| (&line[it.start..it.end], it.e164)).collect()
    }

    #[test]
    fn numbers_are_found_as_people_write_them() {
        let plain = |text| vec![(text, None)];
        assert_eq!(raw("Phone: 406-497-2806"), plain("406-497-2806"));
        assert_eq!(raw("(403) 974-6721"), plain("(403) 974-6721"));
        assert_eq!(raw("713.446.9307 cell"), plain("713.446.9307"));
        assert_eq!(raw("x-37059"), plain("x-37059"));
        assert_eq!(raw("3-7060"), plain("3-7060"));
        assert_eq!(
            raw("+49 (0)30 / 123 456-78"),
            [("+49 (0)30 / 123 456-78", Some("+493012345678".to_owned()))]
        );
        assert_eq!(
            raw("0044 20 7946 0958"),
            [("0044 20 7946 0958", Some("+442079460958".to_owned()))]
        );
        assert_eq!(raw("Phone number: 4064972806"), plain("4064972806"));
        assert_eq!(raw("tel: 202-715-7098 * fax: 202-715-4953").len(), 2);
        for line in [
            "12.03.2026",
            "2026-03-12",
            "192.0.2.17",
            "deal #369260",
            "$1,250,000",
            "10:15",
            "1234567",
            "A4",
            "PO Number 4500012345",
            "Order no. 4500012345",
            "Invoice 450-001-2345",
            "Rechnungsnummer: 4500012345",
        ] {
            assert_eq!(raw(line), [], "{line}");
        }
    }

    #[test]
    fn links_are_found_with_their_ends() {
        let line = "gary@w.example * http://www.w.example, www.x.example.";
        let found: Vec<&str> =
            links(line).into_iter().map(|(start, end)| &line[start..end]).collect();
        assert_eq!(found, ["http://www.w.example", "www.x.example"]);
    }
}
