//! Addresses as reports write them: bare, in brackets, with a type, or in the middle of a line.

use super::super::address;

/// The address in the value of a field such as `rfc822; <ada@good.example>`.
pub(super) fn of_field(value: &str) -> Option<String> {
    let value = value.rsplit(';').next().unwrap_or(value);
    in_text(value).into_iter().next()
}

/// Every address in a text, in order and once each, lower-cased.
pub(super) fn in_text(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@') {
        if ADDRESSES_MAX <= found.len() {
            break;
        }
        let before = &text[..at];
        let start = before
            .char_indices()
            .rev()
            .take(LOCAL_PART_CHARS_MAX)
            .take_while(|(_, letter)| is_of_local_part(*letter))
            .last()
            .map_or(at, |(start, _)| start);
        let after = &text[at + 1..];
        let length: usize = after
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '-'))
            .map(char::len_utf8)
            .sum();
        let domain = after[..length].trim_end_matches(['.', '-']);
        let local = text[start..at].trim_start_matches(['.', '\'', '-']);
        let candidate = format!("{local}@{domain}");
        let lower = candidate.to_ascii_lowercase();
        if domain.contains('.') && address::is_address(&lower) && !found.contains(&lower) {
            found.push(lower);
        }
    }
    found
}

/// Most addresses that are taken from one text.
const ADDRESSES_MAX: usize = 200;
/// Longest local part, in characters: RFC 5321, §4.5.3.1.1 allows as many bytes.
const LOCAL_PART_CHARS_MAX: usize = 64;

/// Whether a character may stand in a local part without quotation marks (RFC 5321, §4.1.2; RFC 6531).
fn is_of_local_part(letter: char) -> bool {
    letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_fields_and_in_text() {
        assert_eq!(of_field("rfc822; Ada@Good.example").as_deref(), Some("ada@good.example"));
        assert_eq!(of_field("rfc822;<ada@good.example>").as_deref(), Some("ada@good.example"));
        assert_eq!(of_field("rfc822; ada"), None);
        assert_eq!(
            in_text(
                "<ada@good.example>: said (a.b+c@x.example). 'bob@y.example', ada@good.example"
            ),
            ["ada@good.example", "a.b+c@x.example", "bob@y.example"]
        );
        assert_eq!(in_text("@ a@ @b x@y"), Vec::<String>::new());
    }
}
