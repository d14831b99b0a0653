//! HTML tags, comments and the elements whose content is no markup.
//!
//! What lives here: cutting a tag from a document and reading the attributes that tell what is
//! hidden or quoted. What does not: which elements are open; that is [`super::html`].

use mail_parser::decoders::html::html_to_text;

use super::css::HiddenNames;

/// The attributes that matter here.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) style: String,
    pub(super) class: String,
    pub(super) id: String,
    pub(super) colour: String,
    pub(super) backdrop: String,
    /// Where a link leads.
    pub(super) href: String,
    pub(super) is_hidden: bool,
    /// Ends in `/>`, which means something only inside of drawings and formulas.
    pub(super) is_self_closing: bool,
}

/// Elements whose content is not markup, and never text of a mail.
pub(super) fn is_raw_text(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "title"
            | "textarea"
            | "xmp"
            | "iframe"
            | "noembed"
            | "noframes"
            | "plaintext"
    )
}

/// Marks that mail programs put around history.
pub(super) fn quotes_history(attributes: &Attributes) -> bool {
    let class = |name: &str| attributes.class.split_ascii_whitespace().any(|class| class == name);
    let marks = [
        "gmail_quote",
        "gmail_attr",
        "yahoo_quoted",
        "moz-cite-prefix",
        "protonmail_quote",
        "zmail_extra",
        "OutlookMessageHeader",
    ];
    marks.into_iter().any(class) || attributes.id.ends_with("OLK_SRC_BODY_SECTION")
}

/// Marks of programs that put history beside what they mark, so that everything after is history.
pub(super) fn begins_history(attributes: &Attributes) -> bool {
    ["divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"]
        .into_iter()
        .any(|mark| attributes.id.ends_with(mark))
}

/// The names that all style elements of a document hide, wherever they stand.
pub(super) fn sheet_names(html: &str) -> HiddenNames {
    let mut names = HiddenNames::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if starts_with_name(rest, "style") {
            let (_, _, sheet) = tag(rest);
            let after = after_raw_text("style", sheet);
            names.read(&sheet[..sheet.len() - after.len()]);
            rest = after;
        }
    }
    names
}

fn starts_with_name(text: &str, name: &str) -> bool {
    let is_same = text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    is_same && !text[name.len()..].starts_with(|letter: char| letter.is_ascii_alphanumeric())
}

/// What follows the end tag of an element whose content is not markup; nothing if it has none.
pub(super) fn after_raw_text<'a>(name: &str, mut rest: &'a str) -> &'a str {
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if starts_with_name(rest, name) {
            return rest.split_once('>').map_or("", |(_, after)| after);
        }
    }
    ""
}

/// What follows a comment whose `<!--` was read; nothing if it does not end.
pub(super) fn after_comment(comment: &str) -> &str {
    if let Some(rest) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
        return rest;
    }
    let mut rest = comment;
    while let Some(at) = rest.find("--") {
        let end = &rest[at + 2..];
        if let Some(after) = end.strip_prefix('>').or_else(|| end.strip_prefix("!>")) {
            return after;
        }
        rest = &rest[at + 1..];
    }
    ""
}

/// Reads a tag from its name on: the name, the attributes, and what follows the closing bracket.
pub(super) fn tag(source: &str) -> (String, Attributes, &str) {
    let is_name_end = |letter: char| letter.is_ascii_whitespace() || matches!(letter, '/' | '>');
    let end = source.find(is_name_end).unwrap_or(source.len());
    let name = source[..end].to_ascii_lowercase();
    let mut attributes = Attributes::default();
    let mut rest = &source[end..];
    loop {
        let trimmed =
            rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '/');
        attributes.is_self_closing = rest.starts_with('/') && trimmed.starts_with('>');
        rest = trimmed;
        if rest.is_empty() {
            return (name, attributes, "");
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (name, attributes, after);
        }
        // A name has at least one character, even if it is an equals sign.
        let mut letters = rest.char_indices().skip(1);
        let end = letters.find(|(_, letter)| is_name_end(*letter) || *letter == '=');
        let end = end.map_or(rest.len(), |(at, _)| at);
        let key = &rest[..end];
        let (value, after) = attribute_value(&rest[end..]);
        attributes.set(key, value);
        rest = after;
    }
}

/// Reads the value after an attribute's name, and returns what follows.
fn attribute_value(source: &str) -> (&str, &str) {
    let Some(value) = source.trim_ascii_start().strip_prefix('=') else { return ("", source) };
    let value = value.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = value.find(|letter: char| letter.is_ascii_whitespace() || letter == '>');
    value.split_at(end.unwrap_or(value.len()))
}

impl Attributes {
    /// Keeps the first value of an attribute, as a browser does.
    fn set(&mut self, key: &str, value: &str) {
        let slot = match key.to_ascii_lowercase().as_str() {
            "style" => &mut self.style,
            "class" => &mut self.class,
            "id" => &mut self.id,
            "color" => &mut self.colour,
            "bgcolor" | "background" => &mut self.backdrop,
            "href" => &mut self.href,
            "hidden" => {
                self.is_hidden = true;
                return;
            }
            _ => return,
        };
        if slot.is_empty() {
            *slot = if value.contains('&') { html_to_text(value) } else { value.to_owned() };
        }
    }
}
