//! What stands in the lines of a signature: name, title, firm, telephones and pages.

use super::{
    super::Span, BY_CONTACT, BY_MARK, BY_NAME_ALONE, Found, Line, Phone, Role, Signature, contact,
    line::Kind, links, words,
};

/// A piece of a line: what stands between commas, strokes and the like.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    span: Span,
    kind: Kind,
    /// It shares its line with another piece.
    is_part: bool,
}

/// Reads the lines of a signature that is so sure, in percent.
pub(super) fn read(lines: &[Line<'_>], confidence: u8) -> Signature {
    let words: Vec<&Line<'_>> = lines.iter().filter(|line| line.kind != Kind::Blank).collect();
    let pieces: Vec<Piece<'_>> = words.iter().flat_map(|line| pieces(line)).collect();
    let found =
        |piece: &Piece<'_>, most: u8| Found { span: piece.span, confidence: confidence.min(most) };
    let is = |wanted: Kind| move |piece: &&Piece<'_>| piece.kind == wanted;
    let own = pieces.iter().find(is(Kind::OwnName)).map(|it| found(it, confidence));
    let name = own.or_else(|| pieces.iter().find(is(Kind::Name)).map(|it| found(it, BY_CONTACT)));
    let is_after = |piece: &&Piece<'_>| name.is_none_or(|name| name.span < piece.span);
    let titled = pieces.iter().filter(is_after).find(is(Kind::Title));
    let title = titled.map(|it| found(it, BY_MARK));
    let is_other = |piece: &&Piece<'_>| {
        name.is_none_or(|name| name.span != piece.span)
            && title.is_none_or(|title| title.span != piece.span)
    };
    let of_firm = |piece: &&Piece<'_>| {
        matches!(piece.kind, Kind::Name | Kind::Capitals | Kind::Title)
            || piece.is_part && piece.kind == Kind::Prose
    };
    let firms = || pieces.iter().filter(is_after).filter(is_other).filter(of_firm);
    let company = firms().find(|it| names_firm(it.text)).map(|it| found(it, BY_MARK));
    let company = company.or_else(|| {
        let plain = firms().find(|it| it.kind != Kind::Title);
        plain.map(|it| found(it, BY_NAME_ALONE))
    });
    let mut phones = Vec::new();
    let mut urls = Vec::new();
    for line in &words {
        let within = |start: usize, end: usize| Span::between(line.start + start, line.start + end);
        phones.extend(
            contact::phones(line.text)
                .into_iter()
                .map(|it| Phone { span: within(it.start, it.end), e164: it.e164 }),
        );
        urls.extend(links(line.text).into_iter().map(|(start, end)| within(start, end)));
    }
    let span = match (words.first(), words.last()) {
        (Some(first), Some(last)) => Span { start: whole(first).start, end: whole(last).end },
        _ => Span::between(0, 0),
    };
    let number = |line: &&Line<'_>| u32::try_from(line.number).unwrap_or(u32::MAX);
    Signature {
        lines: words.iter().map(number).collect(),
        span,
        confidence,
        name,
        title,
        roles: titled.map(|it| Role::of_title(it.text)).unwrap_or_default(),
        company,
        phones,
        urls,
    }
}

/// Where the words of a line stand.
fn whole(line: &Line<'_>) -> Span {
    let text = line.text.trim();
    let start = line.start + (line.text.len() - line.text.trim_start().len());
    Span::between(start, start + text.len())
}

/// The pieces of a line: "Buyer, Engines Ltd" names what somebody does, and for whom.
fn pieces<'a>(line: &Line<'a>) -> Vec<Piece<'a>> {
    let alone =
        Piece { text: line.text.trim(), span: whole(line), kind: line.kind, is_part: false };
    if !matches!(line.kind, Kind::Title | Kind::Capitals | Kind::Name) {
        return vec![alone];
    }
    // A firm by its legal form is one, whatever its name has of a title: "Fennbrook Supply GmbH".
    let kind_of = |text: &str, kind: Kind| match kind {
        Kind::Title if names_company(text) && Role::of_title(text).len() < 2 => Kind::Capitals,
        other => other,
    };
    let parts = split(line.text);
    let says = |text: &str| {
        text.split(|it: char| !it.is_alphanumeric())
            .any(|word| words::ROLES.has(&word.to_lowercase()))
    };
    let is_split = 1 < parts.len()
        && line.kind == Kind::Title
        && parts.iter().any(|(_, text)| !says(text) || names_company(text));
    if !is_split {
        return vec![Piece { kind: kind_of(alone.text, alone.kind), ..alone }];
    }
    let piece = |(start, text): &(usize, &'a str)| {
        let span = Span::between(line.start + start, line.start + start + text.len());
        let kind = if says(text) { kind_of(text, Kind::Title) } else { Kind::Capitals };
        Piece { text, span, kind, is_part: true }
    };
    parts.iter().map(piece).collect()
}

/// A line at its commas, strokes and dashes: where each piece begins, and what it says.
fn split(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut at = 0;
    loop {
        let cuts = SEPARATORS.iter().filter_map(|mark| Some((rest.find(mark)?, mark.len())));
        let Some((end, length)) = cuts.min() else {
            parts.push((at, rest));
            break;
        };
        parts.push((at, &rest[..end]));
        rest = &rest[end + length..];
        at += end + length;
    }
    let trimmed = parts.into_iter().map(|(at, part): (usize, &str)| {
        let text = part.trim_matches([' ', '*', '\t']);
        (at + part.find(text).unwrap_or_default(), text)
    });
    trimmed.filter(|(_, text)| !text.is_empty()).collect()
}

/// What parts a title from a firm.
const SEPARATORS: [&str; 8] = [", ", " | ", " - ", " – ", " — ", " · ", " @ ", " at "];

/// Whether a text has a word by which firms are told.
fn names_firm(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split(|letter: char| letter.is_whitespace() || letter == ',');
    parts.any(|word| words::FIRMS.has(word.trim_end_matches('.')))
}

/// Whether a text ends in the legal form of a company.
fn names_company(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let last = lower.rsplit([' ', ',']).next().unwrap_or_default();
    words::LEGAL_FORMS.has(last.trim_end_matches('.'))
}
