//! What a person names: orders, quotes, invoices, articles and money.
//!
//! A number is one of these if a word before it says so, or its own first letters do. What only
//! looks like a number of an order is a quantity, a year or a telephone.

use serde::{Deserialize, Serialize};

use super::{
    MENTIONS_MAX, Span,
    phrase::Table,
    sentence::{Sentence, Word},
};
use crate::{
    money::{Currency, Money},
    named::named_enum,
};

named_enum! {
    /// What sort of thing is named.
    pub enum MentionKind, "mention kind" {
        /// An order, by its number.
        Order = "order",
        /// A quote or an offer, by its number.
        Quote = "quote",
        /// An invoice, by its number.
        Invoice = "invoice",
        /// An article, by its number.
        Product = "product",
        /// An amount in a currency.
        Money = "money",
    }
}

/// Something that a person names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mention {
    /// What it is.
    pub kind: MentionKind,
    /// The number or the amount itself.
    pub span: Span,
}

impl Mention {
    /// The form in which numbers are compared: in capitals, without a leading `#`.
    pub fn number(words: &str) -> String {
        words.trim_start_matches('#').to_uppercase()
    }

    /// The amount that some words stand for, if they are one.
    pub fn money(words: &str) -> Option<Money> {
        let is_figure =
            |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '\'' | ' ');
        let start = words.find(|letter: char| letter.is_ascii_digit())?;
        let end = words.rfind(|letter: char| letter.is_ascii_digit())? + 1;
        let figures = words.get(start..end).filter(|it| it.chars().all(is_figure))?;
        let around = format!("{} {}", words.get(..start)?, words.get(end..)?);
        let mut parts = around.split_whitespace();
        let currency = parts.find_map(currency)?;
        let thousand = around.split_whitespace().any(|part| part.eq_ignore_ascii_case("k"));
        let plain = plain_decimal(figures)?;
        let money = Money::parse(&plain, currency).ok()?;
        let times = if thousand { 1_000 } else { 1 };
        Some(Money::new(money.minor.checked_mul(times)?, currency))
    }
}

/// Everything that sentences name, in order.
pub(super) fn find(body: &str, sentences: &[Sentence]) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    for sentence in sentences {
        let mut at = 0;
        while at < sentence.words.len() && mentions.len() < MENTIONS_MAX {
            let found = labelled(body, sentence, at)
                .or_else(|| by_its_letters(sentence, at))
                .or_else(|| article(body, sentence, at))
                .or_else(|| money(body, sentence, at));
            at = found.map_or(at + 1, |(_, end)| end.max(at + 1));
            let mention = found.map(|(mention, _)| mention);
            mentions.extend(mention.filter(|it| !mentions.contains(it)));
        }
    }
    mentions
}

/// Words that say what number follows.
static LABELS: Table<MentionKind> = Table::of(&[
    (MentionKind::Order, "purchase|sales|your|our|work? order|orders|po|p-o"),
    (MentionKind::Order, "bestellung|auftrag|bestellnummer|auftragsnummer|bestell-nr|auftrags-nr"),
    (
        MentionKind::Order,
        "commande|pedido|ordine|bestelling|encomenda|beställning|ordre|zamówienie",
    ),
    (MentionKind::Quote, "quote|quotation|offer|proposal|bid|rfq|estimate"),
    (MentionKind::Quote, "angebot|angebotsnummer|angebots-nr|offerte|kostenvoranschlag"),
    (MentionKind::Quote, "devis|presupuesto|cotización|preventivo|offerta|orçamento|oferta"),
    (MentionKind::Invoice, "invoice|bill|credit note"),
    (MentionKind::Invoice, "invoice|invoices|rechnung|rechnungsnummer|rechnungs-nr|gutschrift"),
    (MentionKind::Invoice, "facture|factura|fattura|factuur|fatura|faktura"),
    (
        MentionKind::Product,
        "sku|item|part|article|model|artikel|artikelnummer|teilenummer|artikel-nr",
    ),
    (MentionKind::Product, "référence|referencia|articolo|artículo|artikelnr"),
]);

/// Words between what a number is of and the number.
const NUMBER_WORDS: &str = "number|numbers|no|nos|nr|num|nummer|numéro|número|numero|n|n°|id|ref|\
    reference|code|mit|der|avec|with|the";

fn labelled(body: &str, sentence: &Sentence, at: usize) -> Option<(Mention, usize)> {
    let (kind, mut from) = LABELS.at(sentence, at)?;
    let mut is_announced = false;
    while sentence.words.get(from).is_some_and(|word| word.is_one_of(NUMBER_WORDS)) {
        is_announced |= !sentence.words[from].is_one_of("mit|der|avec|with|the");
        from += 1;
        if at + LABEL_WORDS_MAX < from {
            return None;
        }
    }
    let (span, end) = identifier(sentence, from)?;
    let first = sentence.words.get(from)?;
    let words = span.of(body)?;
    let digits = words.chars().filter(char::is_ascii_digit).count();
    let is_marked = matches!(first.mark, Some('#' | ':' | '°' | 'º'));
    let has_letters = words.contains(|letter: char| letter.is_ascii_alphabetic());
    let is_mixed = has_letters && 2 <= digits && !is_measure(words);
    // A bare number behind "order" may be how many: it is the number of one if nothing is counted.
    let is_long = BARE_DIGITS_MIN <= digits && !counts_something(sentence, end);
    let is_number = is_marked && 2 <= digits || is_announced && 0 < digits || is_mixed || is_long;
    (is_number && first.mark != Some('/')).then_some((Mention { kind, span }, end))
}

/// Words from the label to its number.
const LABEL_WORDS_MAX: usize = 5;
/// Digits of a number that stands without anything that says so.
const BARE_DIGITS_MIN: usize = 4;

/// Whether a noun follows, of which the number before may be how many.
fn counts_something(sentence: &Sentence, at: usize) -> bool {
    sentence.words.get(at).is_some_and(|next| {
        next.mark.is_none()
            && !next.is_one_of(
                "is|was|has|have|from|of|dated|for|and|or|on|by|in|to|at|as|we|i|please|should|will|\
                 would|can|could|arrived|with|which|that|still|yet|again|today|now|vom|ist|wurde|und|\
                 zu|für|bitte|hat|noch|du|est|del|es|è|van",
            )
    })
}

/// "40mm", "3kg", "2nd", "10am": a measure, not a number of something.
fn is_measure(words: &str) -> bool {
    let digits = words.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &words[digits..];
    0 < digits && rest.chars().all(char::is_alphabetic) && rest.chars().count() <= 3
}

/// A number with its letters, and the word after it: "2026/0042" is one.
fn identifier(sentence: &Sentence, from: usize) -> Option<(Span, usize)> {
    let first = sentence.words.get(from)?;
    let mut end = from + 1;
    while let (Some(before), Some(next)) = (sentence.words.get(end - 1), sentence.words.get(end)) {
        let is_joined = matches!(next.mark, Some('/' | '_' | '.' | '-'))
            && before.span.end + 1 == next.span.start;
        if !is_joined {
            break;
        }
        end += 1;
    }
    let last = sentence.words.get(end - 1)?;
    let has_digit = |word: &Word| word.text.contains(|letter: char| letter.is_ascii_digit());
    let words = sentence.words.get(from..end)?;
    let span = Span { start: first.span.start, end: last.span.end };
    (words.iter().any(has_digit)
        && usize::try_from(span.end - span.start).ok()? <= NUMBER_BYTES_MAX)
        .then_some((span, end))
}

/// Longest number of an order or an article, in bytes.
const NUMBER_BYTES_MAX: usize = 40;

/// Numbers that say themselves what they are of: "PO-4711", "INV2026-17".
fn by_its_letters(sentence: &Sentence, at: usize) -> Option<(Mention, usize)> {
    let word = sentence.words.get(at)?;
    let letters = word.text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, rest) = word.text.split_at(letters);
    let kind = match letters {
        "po" | "so" | "ord" | "order" | "ab" => MentionKind::Order,
        "inv" | "invoice" | "rg" | "re" => MentionKind::Invoice,
        "q" | "qt" | "qu" | "quo" | "quote" | "rfq" | "ang" => MentionKind::Quote,
        "sku" | "art" | "pn" => MentionKind::Product,
        _ => return None,
    };
    let (span, end) = identifier(sentence, at)?;
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let is_parted = rest.starts_with('-');
    let is_number = if is_parted { 2 <= digits } else { BARE_DIGITS_MIN <= digits };
    is_number.then_some((Mention { kind, span }, end))
}

/// A number as catalogues have them: capitals, a hyphen and figures, such as `HY-2014`.
fn article(body: &str, sentence: &Sentence, at: usize) -> Option<(Mention, usize)> {
    let word = sentence.words.get(at)?;
    let (letters, figures) = word.text.split_once('-')?;
    let is_short = (1..=5).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !NORMS.split('|').any(|it| it == letters);
    let is_number = 3 <= figures.len()
        && figures.starts_with(|letter: char| letter.is_ascii_digit())
        && figures.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let words = word.span.of(body)?;
    let is_capital = !words.contains(|letter: char| letter.is_lowercase());
    let mention = Mention { kind: MentionKind::Product, span: word.span };
    (is_short && is_number && is_capital).then_some((mention, at + 1))
}

/// What has numbers of the same form and is no article.
const NORMS: &str = "iso|din|en|iec|ul|ce|ral|astm|ansi|rfc|utf|covid|cas|reach|mil";

/// An amount at a word: its figures, with the currency in front or behind.
fn money(body: &str, sentence: &Sentence, at: usize) -> Option<(Mention, usize)> {
    let word = sentence.words.get(at)?;
    if !word.text.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let mut end = at + 1;
    while let (Some(before), Some(next)) = (sentence.words.get(end - 1), sentence.words.get(end)) {
        let is_group = matches!(next.mark, Some('.' | ',' | '\'' | '’'))
            && before.span.end + 1 == next.span.start
            && next.text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_group {
            break;
        }
        end += 1;
    }
    let figures = Span { start: word.span.start, end: sentence.words.get(end - 1)?.span.end };
    let (start, stop, end) = with_currency(body, sentence, at, end, figures)?;
    let span = Span { start, end: stop };
    Mention::money(span.of(body)?)?;
    Some((Mention { kind: MentionKind::Money, span }, end))
}

fn with_currency(
    body: &str,
    sentence: &Sentence,
    at: usize,
    end: usize,
    figures: Span,
) -> Option<(u32, u32, usize)> {
    let before = body.get(..usize::try_from(figures.start).ok()?)?.trim_end_matches(' ');
    let after = body.get(usize::try_from(figures.end).ok()?..)?;
    let gap = after.len() - after.trim_start_matches(' ').len();
    if let Some(sign) = before.chars().next_back().filter(|it| SIGNS.contains(*it)) {
        let start = before.len() - sign.len_utf8();
        return Some((u32::try_from(start).ok()?, figures.end, end));
    }
    if let Some(sign) =
        after.trim_start_matches(' ').chars().next().filter(|it| SIGNS.contains(*it))
    {
        let stop = figures.end + u32::try_from(gap + sign.len_utf8()).ok()?;
        return Some((figures.start, stop, end));
    }
    let is_code = |word: &&Word| currency(&word.text).is_some() && word.mark.is_none();
    if let Some(code) = sentence.words.get(end).filter(is_code) {
        return Some((figures.start, code.span.end, end + 1));
    }
    let code = at.checked_sub(1).and_then(|at| sentence.words.get(at))?;
    let is_beside = code.span.end + 1 == figures.start;
    (currency(&code.text).is_some() && is_beside).then_some((code.span.start, figures.end, end))
}

/// Signs of currencies.
const SIGNS: &str = "€$£¥₹";

/// The currency of a sign, a code or a word.
fn currency(text: &str) -> Option<Currency> {
    let code = match text.to_lowercase().as_str() {
        "€" | "euro" | "euros" => "EUR".to_owned(),
        "$" | "us$" | "dollar" | "dollars" => "USD".to_owned(),
        "£" | "pounds" => "GBP".to_owned(),
        "¥" => "JPY".to_owned(),
        "₹" => "INR".to_owned(),
        "franken" | "sfr" => "CHF".to_owned(),
        // "ALL", "TRY" and "TOP" are words first.
        "all" | "try" | "top" | "mop" | "cup" | "pen" | "lak" | "bam" | "mad" | "ars" | "gel"
        | "sos" | "amd" | "ron" => return None,
        other => other.to_uppercase(),
    };
    Currency::parse(&code).ok()
}

/// Figures as a plain decimal: "1.250,00", "1,250.00", "1'250" and "1250" are all understood.
fn plain_decimal(figures: &str) -> Option<String> {
    let marks: Vec<(usize, char)> =
        figures.char_indices().filter(|(_, letter)| !letter.is_ascii_digit()).collect();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let Some((last, mark)) = marks.last().copied() else { return Some(figures.to_owned()) };
    let behind = figures.len() - last - mark.len_utf8();
    let is_alone = marks.iter().filter(|(_, other)| *other == mark).count() == 1;
    let is_decimal = matches!(mark, '.' | ',') && is_alone && (behind == 1 || behind == 2);
    if is_decimal {
        return Some(format!("{}.{}", digits(&figures[..last]), digits(&figures[last..])));
    }
    // Every other mark parts thousands.
    let groups: Vec<&str> = figures.split(|letter: char| !letter.is_ascii_digit()).collect();
    groups.iter().skip(1).all(|group| group.len() == 3).then(|| digits(figures))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::sentence::split;

    fn named(text: &str) -> Vec<(MentionKind, &str)> {
        let sentences = split(text, &[Span::between(0, text.len())]);
        find(text, &sentences).into_iter().map(|it| (it.kind, it.span.of(text).unwrap())).collect()
    }

    #[test]
    fn numbers_are_told_by_the_words_before_them() {
        use MentionKind::{Invoice, Order, Product, Quote};
        for (text, kind, number) in [
            ("Where is order 4711?", Order, "4711"),
            ("Your order #42 has arrived.", Order, "42"),
            ("purchase order number: 4500012345", Order, "4500012345"),
            ("Please see PO-2026-0042.", Order, "PO-2026-0042"),
            ("our PO 2026/0042 of Monday", Order, "2026/0042"),
            ("Bestellung Nr. 4711 ist da", Order, "4711"),
            ("zu Ihrem Angebot AN-1234", Quote, "AN-1234"),
            ("your quotation Q-1001 is fine", Quote, "Q-1001"),
            ("We have paid invoice INV-77.", Invoice, "INV-77"),
            ("Rechnungsnummer 2026-0815", Invoice, "2026-0815"),
            ("la facture n° 2026-17", Invoice, "2026-17"),
            ("article no. 88-120", Product, "88-120"),
            ("SKU PUMP-200X", Product, "PUMP-200X"),
            ("a quote for 400 cartons PK-3002?", Product, "PK-3002"),
        ] {
            assert_eq!(named(text), [(kind, number)], "{text}");
        }
        for text in [
            "We order 12 pumps.",
            "We would like to order 5000 pumps.",
            "The order from 2026 is late.",
            "Part 2 of the offer",
            "an order of 40mm pipes",
            "Our offer stands; call 555 0100.",
            "In order to be there in time",
            "by ISO-9001 and mid-2026",
            "Call 261-3388 or 3-5280.",
        ] {
            assert_eq!(named(text), [], "{text}");
        }
    }

    #[test]
    fn amounts_are_read_with_their_currencies() {
        for (text, words, amount) in [
            ("It costs € 1.250,00 net.", "€ 1.250,00", "1250.00 EUR"),
            ("a budget of $50,000", "$50,000", "50000.00 USD"),
            ("for 99.90 EUR each", "99.90 EUR", "99.90 EUR"),
            ("CHF 1'250.50 as agreed", "CHF 1'250.50", "1250.50 CHF"),
            ("wir zahlen 300 Euro", "300 Euro", "300.00 EUR"),
            ("£12 per piece", "£12", "12.00 GBP"),
            ("12,50€", "12,50€", "12.50 EUR"),
        ] {
            assert_eq!(named(text), [(MentionKind::Money, words)], "{text}");
            assert_eq!(Mention::money(words).unwrap().to_string(), amount, "{text}");
        }
        for text in ["1,25,00 pumps", "We try 12 times", "12 all in all", "50 pieces"] {
            assert_eq!(named(text), [], "{text}");
        }
        assert_eq!(Mention::number("#a-1"), "A-1");
    }

    #[test]
    fn no_more_than_a_list_is_named() {
        let text: String = (0..500).map(|it| format!("order #{it:04}. ")).collect();
        assert_eq!(named(&text).len(), MENTIONS_MAX);
    }
}
