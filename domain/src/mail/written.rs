//! Which stretches of a body the sender wrote.
//!
//! Quoted history, forwarded mail, signatures and small print are not theirs, and an order found
//! there was given by somebody else, or long ago, or by an attacker who wrote first. Answers
//! between quoted lines are theirs. Where a mark is unclear, text is left out rather than taken in.

use super::{
    Span,
    quote::{self, Attribution, Label},
};

/// Lines over which an attribution may be wrapped.
const ATTRIBUTION_LINES_MAX: usize = 4;
/// Lines, blank ones included, within which a quoted header block must show what it is.
const HEADER_BLOCK_LINES_MAX: usize = 10;
/// Longest line that is looked at for marks, in bytes: a mark at the start of a longer one still
/// shows.
const MARK_BYTES_MAX: usize = 1_000;

/// The stretches of `body` that its sender wrote, by whose its lines are: sorted, disjoint, trimmed
/// and not empty.
pub(super) fn spans(body: &str, roles: &[Whose]) -> Vec<Span> {
    let lines = Lines::of(body);
    let mut spans = Vec::new();
    let mut stretch: Option<(usize, usize)> = None;
    for (line, role) in lines.lines.iter().zip(roles) {
        if *role != Whose::Own {
            spans.extend(stretch.take().map(|(start, end)| Span::between(start, end)));
            continue;
        }
        let words = line.text.trim();
        if words.is_empty() {
            continue;
        }
        let start = line.start + (line.text.len() - line.text.trim_start().len());
        let end = start + words.len();
        stretch = Some((stretch.map_or(start, |(first, _)| first), end));
    }
    spans.extend(stretch.map(|(start, end)| Span::between(start, end)));
    spans
}

/// Whose a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The sender's own words, or a blank line between them.
    Own,
    /// A mark, a signature behind one, small print, or a warning of the receiving system.
    Apart,
    /// Quoted, forwarded, or the announcement of that.
    Theirs,
}

/// Whose each line of a body is.
pub(super) fn roles(body: &str) -> Vec<Whose> {
    Lines::of(body).roles()
}

struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl Line<'_> {
    /// The beginning of the line, as far as a mark could reach.
    fn mark(&self) -> &str {
        super::header::clip(self.text, MARK_BYTES_MAX)
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn is_quoted(&self) -> bool {
        self.text.trim_start().starts_with('>')
    }
}

struct Lines<'a> {
    lines: Vec<Line<'a>>,
}

/// What the lines being read belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    /// The sender's own words.
    Own,
    /// A warning that the receiving system put above the text, up to a blank line.
    Banner,
    /// A signature or small print, up to the next quotation.
    SmallPrint,
}

impl<'a> Lines<'a> {
    fn of(body: &'a str) -> Self {
        let mut start = 0;
        let mut lines = Vec::new();
        for text in body.split('\n') {
            lines.push(Line { start, text });
            start += text.len() + 1;
        }
        Self { lines }
    }

    /// For each line, whose it is.
    fn roles(&self) -> Vec<Whose> {
        let mut roles = vec![Whose::Theirs; self.lines.len()];
        let mut region = Region::Own;
        let mut at = 0;
        while let Some(line) = self.lines.get(at) {
            if line.is_quoted() {
                region = Region::Own;
                at += 1;
                continue;
            }
            if quote::is_separator(line.mark()) || self.has_header_block(at) {
                return roles;
            }
            if let Some((length, goes_on)) = self.attribution(at) {
                if !goes_on {
                    return roles;
                }
                region = Region::Own;
                at += length;
                continue;
            }
            region = self.region_after(region, at);
            let is_own = region == Region::Own
                && !quote::is_rule(line.mark())
                && !(quote::is_sent_from(line.mark()) && self.stands_alone(at));
            roles[at] = if is_own { Whose::Own } else { Whose::Apart };
            at += 1;
        }
        roles
    }

    fn region_after(&self, region: Region, at: usize) -> Region {
        let Some(line) = self.lines.get(at) else { return region };
        let next = self.lines.get(at + 1);
        let is_footer = next.is_some_and(|next| quote::is_list_footer(line.mark(), next.mark()));
        if quote::is_signature_mark(line.text) || quote::is_notice(line.mark()) || is_footer {
            return Region::SmallPrint;
        }
        match region {
            Region::Banner if line.is_blank() => Region::Own,
            Region::Own if quote::is_banner(line.mark()) => Region::Banner,
            Region::Own | Region::Banner | Region::SmallPrint => region,
        }
    }

    /// Whether the line is not in the middle of a paragraph.
    fn stands_alone(&self, at: usize) -> bool {
        let is_edge = |line: Option<&Line<'_>>| {
            line.is_none_or(|line| {
                line.is_blank() || line.is_quoted() || quote::is_signature_mark(line.text)
            })
        };
        is_edge(at.checked_sub(1).and_then(|before| self.lines.get(before)))
            || is_edge(self.lines.get(at + 1))
    }

    /// An attribution at a line: how many lines it takes, and whether answers may stand between the
    /// quoted lines after it.
    ///
    /// Where no quoted line follows, the program does not mark them, and all the rest is history.
    fn attribution(&self, at: usize) -> Option<(usize, bool)> {
        let first = self.lines.get(at)?;
        let near = self.lines.get(at..self.lines.len().min(at + ATTRIBUTION_LINES_MAX))?;
        let may_end = near.iter().any(|line| quote::may_end_attribution(line.mark()));
        if first.is_blank() || !may_end {
            return None;
        }
        let mut joined = String::new();
        for length in 1..=ATTRIBUTION_LINES_MAX {
            let line = self
                .lines
                .get(at + length - 1)
                .filter(|line| !line.is_blank() && !line.is_quoted())?;
            joined.push(' ');
            joined.push_str(line.mark().trim());
            if length == 2 && !quote::may_open_attribution(first.mark()) {
                return None;
            }
            let is_followed = self.is_followed_by_quote(at + length);
            match quote::attribution(&joined) {
                Some(Attribution::Sure) => return Some((length, is_followed)),
                Some(Attribution::IfQuoteFollows) if is_followed => return Some((length, true)),
                Some(Attribution::IfQuoteFollows) | None => {}
            }
        }
        None
    }

    /// Whether the next line with words is quoted. A few blank lines are usual; more are looked
    /// over all the same, but not without end.
    fn is_followed_by_quote(&self, at: usize) -> bool {
        let mut next =
            self.lines.iter().skip(at).take(HEADER_BLOCK_LINES_MAX).filter(|line| !line.is_blank());
        next.next().is_some_and(Line::is_quoted)
    }

    /// Whether a block such as From, Sent, To, Subject begins at a line.
    fn has_header_block(&self, at: usize) -> bool {
        let Some(first) = self.lines.get(at).filter(|line| quote::is_labelled(line.mark())) else {
            return false;
        };
        if self.has_unknown_block(at) {
            return true;
        }
        let Some(first) = quote::label(first.mark()) else { return false };
        let mut seen = vec![first];
        for line in self.lines.iter().skip(at + 1).take(HEADER_BLOCK_LINES_MAX) {
            seen.extend(quote::label(line.mark()).filter(|label| !seen.contains(label)));
        }
        let has = |label: Label| seen.contains(&label);
        let is_addressed = has(Label::To) || has(Label::Sent) || has(Label::Date);
        has(Label::From) && has(Label::Subject) && is_addressed
            || has(Label::From) && has(Label::Sent) && has(Label::To)
            || has(Label::To) && has(Label::Cc) && has(Label::Subject)
    }

    /// Whether the lines from one on have the shape of a header block in a language that we do not
    /// know: labels one under another, an address, and a time of day.
    fn has_unknown_block(&self, at: usize) -> bool {
        let block = self.lines.get(at..at + UNKNOWN_BLOCK_LINES).unwrap_or_default();
        block.len() == UNKNOWN_BLOCK_LINES
            && block.iter().all(|line| quote::is_labelled(line.mark()))
            && block.iter().any(|line| line.mark().contains('@'))
            && block.iter().any(|line| quote::has_time(line.mark()) && !line.mark().contains('@'))
    }
}

/// Lines of a header block that every mail program writes: sender, time, recipient, subject.
const UNKNOWN_BLOCK_LINES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: &str) -> Vec<&str> {
        spans(body, &roles(body)).into_iter().map(|span| span.of(body).unwrap()).collect()
    }

    #[test]
    fn history_below_is_not_written() {
        for history in [
            "> Please call me.\n> Bob",
            "On Mon, 2 Mar 2026 at 10:15, Bob <bob@x.example> wrote:\n> Please call me.",
            "On Mon, 2 Mar 2026 at 10:15, Bob <bob@x.example> wrote:\n\nPlease call me.",
            "On Mon, 2 Mar 2026 at 10:15, Bob Bobson the Third of Somewhere\n<bob@x.example> \
                wrote:\n\n> Please call me.",
            "On Mon, 2 Mar 2026 at 10:15, Bob\n<bob@x.example>\nwrote:\n\nPlease call me.",
            "Am 02.03.2026 um 10:15 schrieb Bob\n<bob@x.example>:\n> Please call me.",
            "26.03.2026, 14:41, \"Bob\" <bob@x.example>:\n> Please call me.",
            "-----Original Message-----\nFrom: Bob\n\nPlease call me.",
            "________________________________\nFrom: Bob <bob@x.example>\nSent: Monday\nTo: Ada\n\
                Subject: x\n\nPlease call me.",
            "Von: Bob\nGesendet: Montag, 2. März 2026\nAn: Ada\nBetreff: x\n\nPlease call me.",
            "*De :* Bob\n*Envoyé :* lundi\n*À :* Ada\n*Objet :* x\n\nPlease call me.",
            "Date: Mon, 2 Mar 2026\nSubject: x\nFrom: bob@x.example\nTo: ada@x.example\n\nPlease \
                call me.",
            "От: Bob\nОтправлено: 2 марта 2026\nКому: Ada\n\nPlease call me.",
            "Begin forwarded message:\n\nPlease call me.",
            "Από: Bob <bob@x.example>\nΣτάλθηκε: Δευτέρα, 2 Μαρτίου 2026 10:15\nΠρος: Ada\nΘέμα: \
                x\n\nPlease call me.",
            "To: Ada\ncc: Eve\nSubject: x\n\nPlease call me.",
            "---------- Forwarded message ---------\nPlease call me.",
            "-- \nBob\nPlease call me.",
            "--\nBob\nPlease call me.",
            "Sent from my iPhone",
            "This email and any attachments are confidential.\nPlease call me.",
            "_______________________________________\nx-users mailing list\nPlease call me.",
        ] {
            let body = format!("Thanks, that works.\n\n{history}\n");
            assert_eq!(written(&body), ["Thanks, that works."], "{history}");
        }
    }

    #[test]
    fn answers_between_quotes_are_written() {
        let body = "Hello Bob,\n\nOn Mon, 2 Mar 2026, Bob <bob@x.example> wrote:\n> How many?\n\n\
            Twelve.\n\n> When?\n\
            Friday.\n-- \nAda\n> And where?\nBerlin.\n";
        assert_eq!(written(body), ["Hello Bob,", "Twelve.", "Friday.", "Berlin."]);
    }

    #[test]
    fn a_persons_own_lines_stay() {
        for body in [
            "From Monday on we are closed.\nTo: be clear, we need it.",
            "We wrote: nothing.",
            "On Monday our engineer wrote to you.\nPlease answer.",
            "Sent from our warehouse on Monday, it should arrive soon.",
            "One - two -- three\n\nFour",
            "Date: Monday\nPlace: Berlin",
        ] {
            assert_eq!(written(body), [body], "{body}");
        }
    }

    #[test]
    fn banners_above_the_text_are_not_written() {
        let body = "CAUTION: This email originated from outside.\nDo not click.\n\nPlease call me.";
        assert_eq!(written(body), ["Please call me."]);
    }

    #[test]
    fn nothing_is_written_in_nothing() {
        for body in ["", "\n\n", "   \n>", "> a\n> b"] {
            assert!(written(body).is_empty(), "{body:?}");
        }
    }
}
