//! The signature at the end of what somebody wrote, and what it says of them.
//!
//! A block of short lines is a signature if something anchors it: the sender's own name, a leave
//! taken above a name, or a mark. Without that, numbers and names at the end of a mail are what the
//! mail is about.

mod contact;
mod line;
mod parts;
mod role;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};

pub(super) use self::contact::links;
use self::line::{Kind, Sender};
pub use self::role::Role;
use super::{Address, Span, quote, written::Whose};

/// Lines with words that a signature has at most.
const LINES_MAX: usize = 14;
/// Blank lines in a row that may stand within one.
const BLANKS_MAX: usize = 3;
/// Names below a name that make a list of people, and no signature.
const NAMES_BELOW_MAX: usize = 2;
/// How sure a signature is by what anchors it, in percent.
const BY_OWN_NAME: u8 = 90;
const BY_LEAVE: u8 = 85;
const BY_MARK: u8 = 80;
const BY_CONTACT: u8 = 60;
const BY_NAME_ALONE: u8 = 55;

/// Something that stands in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Where.
    pub span: Span,
    /// How sure it is that it is this, in percent.
    pub confidence: u8,
}

/// A telephone number in a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// Where it stands, as it was written.
    pub span: Span,
    /// The same by E.164, if its country is written with it: a guess would call a stranger.
    pub e164: Option<String>,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The numbers of its lines in the body, from zero; blank ones are not among them.
    pub lines: Vec<u32>,
    /// From its first to its last line.
    pub span: Span,
    /// How sure it is that it is one, in percent.
    pub confidence: u8,
    /// Whose it is.
    pub name: Option<Found>,
    /// What they do.
    pub title: Option<Found>,
    /// What that says of what they decide and are in charge of.
    pub roles: Vec<Role>,
    /// For whom.
    pub company: Option<Found>,
    /// Telephone and fax.
    pub phones: Vec<Phone>,
    /// Pages.
    pub urls: Vec<Span>,
}

/// The signature of a body, if it has one. Who sent it helps to tell a name from other words.
pub(super) fn find(body: &str, roles: &[Whose], from: Option<&Address>) -> Option<Signature> {
    let sender = from.map_or_else(Sender::default, |from| {
        Sender::of(from.name.as_deref().unwrap_or_default(), &from.address)
    });
    let mut lines = Vec::new();
    let mut start = 0;
    for (number, (text, role)) in body.split('\n').zip(roles).enumerate() {
        lines.push(Line { number, start, text, role: *role, kind: Kind::Prose });
        start += text.len() + 1;
    }
    // What answers between quoted lines is signed below the last one, else above the first.
    let mut runs: Vec<&mut [Line<'_>]> = lines
        .split_mut(|line| line.role == Whose::Theirs)
        .filter(|run| run.iter().any(|line| !line.text.trim().is_empty()))
        .collect();
    let last = runs.pop();
    last.into_iter().chain(runs.into_iter().next()).find_map(|run| {
        for line in run.iter_mut().rev().take(LINES_MAX * (BLANKS_MAX + 1)) {
            line.kind = line::kind(line.text, &sender);
        }
        of_run(run, &sender)
    })
}

#[derive(Debug)]
struct Line<'a> {
    number: usize,
    start: usize,
    text: &'a str,
    role: Whose,
    kind: Kind,
}

fn of_run(run: &[Line<'_>], sender: &Sender) -> Option<Signature> {
    // Small print below belongs to nobody.
    let is_print = |at: usize| {
        run[at].role == Whose::Apart && quote::is_notice(run[at].text)
            || run.get(at + 1).is_some_and(|next| quote::is_list_footer(run[at].text, next.text))
    };
    let end = (0..run.len()).find(|at| is_print(*at)).unwrap_or(run.len());
    let run = &run[..end];
    let last = run.iter().rposition(|line| line.kind != Kind::Blank)?;
    if let Some(mark) = run[..=last].iter().rposition(|line| quote::is_signature_mark(line.text))
        && mark < last
        && last - mark <= LINES_MAX
    {
        return Some(parts::read(&run[mark..=last], BY_OWN_NAME));
    }
    let block = block(&run[..=last]);
    let (first, confidence) = anchor(&run[block..=last], &run[..block], sender)?;
    Some(parts::read(&run[block + first..=last], confidence))
}

/// Where the short lines at the end begin.
fn block(run: &[Line<'_>]) -> usize {
    let (mut begin, mut blanks, mut count) = (run.len(), 0, 0);
    for (at, line) in run.iter().enumerate().rev() {
        match line.kind {
            Kind::Prose => break,
            Kind::Blank if blanks == BLANKS_MAX => break,
            Kind::Blank => blanks += 1,
            _ if count == LINES_MAX => break,
            _ => {
                (begin, blanks) = (at, 0);
                count += 1;
                // What stands above a mark is what it closes.
                if line.kind == Kind::Mark && 1 < count {
                    break;
                }
            }
        }
    }
    begin
}

/// The line of a block with which the signature begins, and how sure that is.
fn anchor(block: &[Line<'_>], above: &[Line<'_>], sender: &Sender) -> Option<(usize, u8)> {
    let place = |wanted: Kind| block.iter().position(|line| line.kind == wanted);
    let has_contact = block.iter().any(|line| line.kind.is_contact());
    let of = |range: &[Line<'_>], wanted: fn(Kind) -> bool| {
        range.iter().filter(|line| wanted(line.kind)).count()
    };
    // A rule parts many things: below it stands somebody, or the signature is elsewhere.
    let names_somebody = |line: &Line<'_>| {
        matches!(line.kind, Kind::OwnName | Kind::ClosingAndName)
            || line.kind == Kind::Name && (has_contact || !sender.is_person())
    };
    if let Some(at) = place(Kind::Mark)
        && block.iter().skip(at + 1).any(names_somebody)
    {
        return Some((with_leave(block, at), BY_MARK));
    }
    if let Some(at) = place(Kind::ClosingAndName) {
        return Some((at, BY_OWN_NAME));
    }
    let closings = block.iter().enumerate().filter(|(_, line)| line.kind == Kind::Closing);
    let closing = closings.map(|(at, _)| at).find(|at| {
        let below = block[at + 1..].iter().find(|line| line.kind != Kind::Blank);
        below.is_some_and(|line| match line.kind {
            Kind::OwnName | Kind::Name => true,
            Kind::Capitals => has_contact,
            _ => false,
        })
    });
    if let Some(at) = closing {
        return Some((at, BY_LEAVE));
    }
    if let Some(at) = place(Kind::OwnName) {
        let is_list =
            NAMES_BELOW_MAX < of(&block[at + 1..], |it| matches!(it, Kind::Name | Kind::Capitals));
        if !is_list || has_contact {
            return Some((with_leave(block, at), BY_OWN_NAME));
        }
        return None;
    }
    let sent_from = place(Kind::SentFrom).map(|at| (at, BY_OWN_NAME));
    sent_from.or_else(|| by_shape(block, above, sender))
}

/// A closing above a line, with nothing but blank lines between, belongs to it.
fn with_leave(block: &[Line<'_>], at: usize) -> usize {
    let above = block[..at].iter().rposition(|line| line.kind != Kind::Blank);
    above.filter(|above| block[*above].kind == Kind::Closing).unwrap_or(at)
}

/// Without the sender's name and without a leave: a name with ways to reach it, or a first name apart from the rest.
fn by_shape(block: &[Line<'_>], above: &[Line<'_>], sender: &Sender) -> Option<(usize, u8)> {
    let words: Vec<(usize, &Line<'_>)> =
        block.iter().enumerate().filter(|(_, line)| line.kind != Kind::Blank).collect();
    let is_apart = above.last().is_none_or(|line| line.kind == Kind::Blank)
        || block.first().is_some_and(|line| line.kind == Kind::Blank);
    let has_words_above =
        above.iter().any(|line| line.kind == Kind::Prose && !line.text.trim().is_empty());
    let reaches = |kind: Kind| matches!(kind, Kind::Phone | Kind::Link | Kind::Place);
    let (first, begin) = *words.first()?;
    // Whoever has a name and gives another one in full tells us of somebody else.
    let is_other = begin.kind == Kind::Name
        && sender.is_person()
        && 1 < begin.text.split_whitespace().filter(|word| 2 < word.chars().count()).count();
    let is_name = matches!(begin.kind, Kind::Name | Kind::Title) && !is_other;
    let rest = &words[1..];
    let is_reached = rest.iter().any(|(_, line)| reaches(line.kind) || line.kind == Kind::Title);
    let names = words.iter().filter(|(_, line)| line.kind == Kind::Name).count();
    if is_apart && has_words_above && is_name && is_reached && names <= NAMES_BELOW_MAX + 1 {
        return Some((first, BY_CONTACT));
    }
    let is_mail_and_phone = words.len() == 2
        && begin.kind == Kind::Link
        && begin.text.contains('@')
        && rest.iter().all(|(_, line)| line.kind == Kind::Phone);
    if is_apart && has_words_above && is_mail_and_phone {
        return Some((first, BY_CONTACT));
    }
    let [(_, alone)] = words.as_slice() else { return None };
    let name = alone.text.trim().trim_end_matches(['.', ',']);
    let is_first_name = alone.kind == Kind::Name
        && name.split_whitespace().count() <= 2
        && name.chars().any(char::is_lowercase)
        && name.chars().all(|letter| letter.is_alphabetic() || " .-'’".contains(letter));
    (is_apart && has_words_above && is_first_name).then_some((first, BY_NAME_ALONE))
}
