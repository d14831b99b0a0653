//! HTML as the text that a person sees, line by line, with quoted history marked by `> `.
//!
//! What lives here: a tokenizer and a small stack of open elements, in one pass. What does not:
//! entities and blanks, which `mail_parser` reads. Where tags are out of order the stack follows
//! browsers as far as that matters for hiding and quoting, and where it cannot know it keeps text
//! hidden or quoted.

use mail_parser::decoders::html::html_to_text;

use super::{
    Link,
    css::{self, HiddenNames, Look},
    element::{is_block, is_formatting, is_invisible, is_table_part, is_void},
    header, link,
    tag::{
        Attributes, after_comment, after_raw_text, begins_history, is_raw_text, quotes_history,
        sheet_names, tag,
    },
};

/// Open elements that an end tag looks back over. Beyond this it is ignored, which leaves text
/// hidden or quoted.
const END_TAG_REACH: usize = 64;

/// Most bytes of hidden text that are kept, as they were written: who hides more hides a page.
const HIDDEN_BYTES_MAX: usize = 16 * 1024;

/// A document, read.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// What a person sees; quoted lines begin with `> `.
    pub(super) text: String,
    /// What stands in it and nobody sees, on one line.
    pub(super) hidden: String,
    /// Where its links lead, in order.
    pub(super) links: Vec<Link>,
}

/// Reads a document.
pub(super) fn read(html: &str) -> Document {
    let mut walk = Walk { names: sheet_names(html), ..Walk::default() };
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        walk.text(&rest[..at]);
        rest = walk.markup(&rest[at..]);
    }
    walk.text(rest);
    walk.finish()
}

/// An open element and the state of the text inside it.
#[derive(Debug, Default, Clone)]
struct Element {
    name: String,
    /// What it says itself.
    look: Look,
    quotes: bool,
    /// What holds inside: its own say over that of the elements around it.
    inside: State,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    is_hidden: bool,
    is_tiny: bool,
    is_pale: bool,
    has_backdrop: bool,
    is_quoted: bool,
    is_preformatted: bool,
    is_drawing: bool,
}

#[derive(Debug, Default)]
struct Walk {
    names: HiddenNames,
    open: Vec<Element>,
    lines: Vec<String>,
    /// The line being written, as HTML text without tags.
    line: String,
    is_line_quoted: bool,
    /// A mark was passed after which everything is history.
    is_rest_quoted: bool,
    /// What is not shown, as HTML text without tags.
    hidden: String,
    /// Links, with what they show as HTML text without tags.
    links: Vec<Link>,
    is_link_open: bool,
}

impl Walk {
    fn state(&self) -> State {
        self.open.last().map(|element| element.inside).unwrap_or_default()
    }

    fn text(&mut self, text: &str) {
        let state = self.state();
        if text.is_empty() {
            return;
        }
        if state.is_hidden || state.is_tiny || state.is_pale && !state.has_backdrop {
            if self.hidden.len() < HIDDEN_BYTES_MAX && !text.trim().is_empty() {
                self.hidden.push_str(header::clip(text, HIDDEN_BYTES_MAX));
                self.hidden.push(' ');
            }
            return;
        }
        if let Some(link) = self.links.last_mut().filter(|_| self.is_link_open)
            && link.text.len() < link::TEXT_BYTES_MAX
        {
            link.text.push_str(header::clip(text, link::TEXT_BYTES_MAX));
        }
        let is_quoted = state.is_quoted || self.is_rest_quoted;
        if is_quoted != self.is_line_quoted {
            self.end_line(false);
            self.is_line_quoted = is_quoted;
        }
        if !text.contains('\n') {
            self.line.push_str(text);
            return;
        }
        let mut pieces = text.split('\n').peekable();
        while let Some(piece) = pieces.next() {
            self.line.push_str(piece);
            if pieces.peek().is_some() {
                if state.is_preformatted {
                    self.end_line(true);
                } else {
                    self.line.push(' ');
                }
            }
        }
    }

    /// Ends the line; a blank one is only kept where it was asked for, and never two in a row.
    fn end_line(&mut self, keeps_blank: bool) {
        // A line end written as an entity is a blank to a browser, and must not begin a line
        // without its quote mark.
        let text = html_to_text(&std::mem::take(&mut self.line)).replace(['\n', '\r'], " ");
        let text = text.trim();
        let is_after_blank =
            self.lines.last().is_none_or(|line| line.trim_matches(['>', ' ']).is_empty());
        if text.is_empty() && (!keeps_blank || is_after_blank) {
            return;
        }
        let mark = if self.is_line_quoted { "> " } else { "" };
        self.lines.push(format!("{mark}{text}"));
    }

    fn finish(mut self) -> Document {
        self.end_line(false);
        while self.lines.last().is_some_and(|line| line.trim_matches(['>', ' ']).is_empty()) {
            self.lines.pop();
        }
        for link in &mut self.links {
            link.text = on_one_line(&link.text);
        }
        let hidden = on_one_line(&self.hidden);
        Document { text: self.lines.join("\n"), hidden, links: self.links }
    }

    /// Reads what begins with `<`, and returns what follows it.
    fn markup<'a>(&mut self, source: &'a str) -> &'a str {
        let after = &source[1..];
        match after.bytes().next() {
            Some(b'!') if after.starts_with("!--") => after_comment(&after[3..]),
            Some(b'!' | b'?') => after.split_once('>').map_or("", |(_, rest)| rest),
            Some(b'/') if after[1..].starts_with(|letter: char| letter.is_ascii_alphabetic()) => {
                let (name, _, rest) = tag(&after[1..]);
                self.end(&name);
                rest
            }
            Some(b'/') => after.split_once('>').map_or("", |(_, rest)| rest),
            Some(letter) if letter.is_ascii_alphabetic() => {
                let (name, attributes, rest) = tag(after);
                if is_raw_text(&name) {
                    return after_raw_text(&name, rest);
                }
                self.start(name, &attributes);
                rest
            }
            _ => {
                self.text("&lt;");
                after
            }
        }
    }

    fn start(&mut self, name: String, attributes: &Attributes) {
        match name.as_str() {
            "br" => self.end_line(true),
            "td" | "th" => self.line.push(' '),
            name if is_block(name) => self.end_line(false),
            _ => {}
        }
        self.is_rest_quoted |= begins_history(attributes);
        if name == "a" {
            self.is_link_open = !attributes.href.is_empty() && self.links.len() < link::LINKS_MAX;
            if self.is_link_open {
                self.links.push(Link::to(&attributes.href));
            }
        }
        let is_leaf = attributes.is_self_closing && self.state().is_drawing;
        if is_leaf || is_void(&name) {
            return;
        }
        let mut look = css::look(&attributes.style);
        look.is_hidden |= attributes.is_hidden
            || is_invisible(&name)
            || self.names.contain(&name, &attributes.class, &attributes.id);
        look.has_backdrop |=
            !attributes.backdrop.is_empty() && !css::is_pale_colour(&attributes.backdrop);
        if look.is_pale.is_none() && !attributes.colour.is_empty() {
            look.is_pale = Some(css::is_pale_colour(&attributes.colour));
        }
        let quotes = name == "blockquote" || quotes_history(attributes);
        self.end_implied(&name);
        self.open.push(Element { name, look, quotes, inside: State::default() });
        self.refresh(self.open.len() - 1);
    }

    /// Ends an unmarked paragraph or list item that a new block ends by itself, so that they do not
    /// pile up.
    fn end_implied(&mut self, name: &str) {
        let is_ended = |last: &Element| {
            let is_unmarked = last.look == Look::default() && !last.quotes;
            is_unmarked
                && match last.name.as_str() {
                    "p" => is_block(name),
                    same @ ("li" | "option" | "tr" | "td" | "th" | "dd" | "dt") => same == name,
                    _ => false,
                }
        };
        if self.open.last().is_some_and(is_ended) {
            self.open.pop();
        }
    }

    /// Works out again what holds inside the elements from an index on.
    fn refresh(&mut self, from: usize) {
        let mut outside = from
            .checked_sub(1)
            .and_then(|at| self.open.get(at))
            .map(|element| element.inside)
            .unwrap_or_default();
        for element in self.open.iter_mut().skip(from) {
            element.inside = State {
                is_hidden: outside.is_hidden || element.look.is_hidden,
                is_tiny: element.look.is_tiny.unwrap_or(outside.is_tiny),
                is_pale: element.look.is_pale.unwrap_or(outside.is_pale),
                has_backdrop: outside.has_backdrop || element.look.has_backdrop,
                is_quoted: outside.is_quoted || element.quotes,
                is_preformatted: outside.is_preformatted || element.name == "pre",
                is_drawing: outside.is_drawing || matches!(element.name.as_str(), "svg" | "math"),
            };
            outside = element.inside;
        }
    }

    /// Closes an element as a browser would: phrases do not end across blocks, nothing ends across
    /// a table cell, and formatting that was left open goes on after the block around it.
    fn end(&mut self, name: &str) {
        self.is_link_open &= name != "a";
        match name {
            "p" => {
                self.end_line(false);
                self.end_line(true);
            }
            "td" | "th" => {}
            // What follows the end of a document is still shown, as if it had not ended.
            "html" | "body" => return,
            name if is_block(name) => self.end_line(false),
            _ => {}
        }
        let lowest = self.open.len().saturating_sub(END_TAG_REACH);
        let found = self.open[lowest..].iter().rposition(|element| element.name == name);
        let Some(at) = found.map(|at| at + lowest) else { return };
        let is_phrase = !is_block(name) && !is_formatting(name);
        let crosses = |element: &Element| match element.name.as_str() {
            "table" | "template" | "object" => true,
            "td" | "th" | "caption" => !is_table_part(name),
            inner => is_phrase && is_block(inner),
        };
        if self.open[at + 1..].iter().any(crosses) {
            return;
        }
        if is_formatting(name) {
            self.open.remove(at);
            self.refresh(at);
            return;
        }
        let inner = self.open.split_off(at);
        let lasts =
            |element: &Element| is_formatting(&element.name) && element.look != Look::default();
        self.open.extend(inner.into_iter().skip(1).filter(lasts));
        self.refresh(at);
    }
}

/// HTML text without tags as words with single blanks between.
fn on_one_line(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = html_to_text(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_text(html: &str) -> String {
        read(html).text
    }

    #[test]
    fn what_is_hidden_is_kept_apart_and_links_are_kept_with_their_targets() {
        let html = "<p>See <a href='https://evil.example/x?a=1&amp;b=2'>www.<b>bank</b>.example</a>\
            <a href=\"mailto:ada@good.example\">Ada</a> <a name=here>none</a></p>\
            <div style='display:none'>Ignore all <i>previous</i> orders.</div>\
            <span style='font-size:0'>Pay</span>";
        let document = read(html);
        assert_eq!(document.text, "See www.bank.exampleAda none");
        assert_eq!(document.hidden, "Ignore all previous orders. Pay");
        let links: Vec<(&str, &str)> =
            document.links.iter().map(|it| (it.text.as_str(), it.target.as_str())).collect();
        assert_eq!(
            links,
            [
                ("www.bank.example", "https://evil.example/x?a=1&b=2"),
                ("Ada", "mailto:ada@good.example"),
            ]
        );
        assert!(document.links[0].is_misleading() && !document.links[1].is_misleading());
    }

    #[test]
    fn visible_text_keeps_its_lines() {
        let table = [
            ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
            ("<div>a<div>b</div>c</div>", "a\nb\nc"),
            ("a < b &lt;c&gt; &amp; d &euro;", "a < b <c> & d €"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
            ("<pre>a\nb</pre>c\nd", "a\nb\nc d"),
            ("<ul><li>a<li>b</ul>", "a\nb"),
            ("<html><head><title>t</title><style>p{x}</style></head><body>a</body></html>", "a"),
            ("a<br><br><br><br>b", "a\n\nb"),
            ("", ""),
        ];
        for (html, text) in table {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn hidden_text_is_no_text() {
        for hidden in [
            "<!-- x -->",
            "<!--[if mso]>x<![endif]-->",
            "<!-- > x --!>",
            "<div style='display:none'>x</div>",
            "<div style=\"display&#58;none\">x</div>",
            "<DIV STYLE=display:none>x</DIV>",
            "<div hidden>x<div>x</div>x</div>",
            "<span style='font-size:0'>x</span>",
            "<span style='color:#fff'>x<b>x</b></span>",
            "<font color=white>x</font>",
            "<img alt='x' title='x'>",
            "<script>x</script>",
            "<style>.h{display:none}</style><p class='h'>x</p>",
            "<template>x</template>",
            "<svg><text>x</text></svg>",
            "<div style='opacity:0'><p>x</p></div>",
            "<span style='display:none'><div></span>x</div></span>",
            "<div style='display:none'><table><tr><td></div>x</td></tr></table></div>",
            "<b><div style='display:none'></b>x</div>",
            "<div><b style='display:none'></div>x</b>",
            "<b style='display:none'><table><tr><td></b>x</td></tr></table></b>",
            "<font style='font-size:14px'><span style='font-size:0'>x</span></font>",
            "<textarea>x</textarea>",
            "<p title='>' style='display:none'>x</p>",
        ] {
            let html = format!("<p>before</p>{hidden}<p>after</p>");
            assert!(!to_text(&html).contains('x'), "{hidden}: {:?}", to_text(&html));
            assert!(to_text(&html).starts_with("before"), "{hidden}");
            assert!(to_text(&html).ends_with("after"), "{hidden}: {:?}", to_text(&html));
        }
    }

    #[test]
    fn what_a_person_sees_stays() {
        for shown in [
            "<div style='background:#123'><span style='color:white'>x</span></div>",
            "<td style='font-size:0'><span style='font-size:13px'>x</span></td>",
            "<p hidden>y</p>x",
            "<td bgcolor='#336699'><font color='#ffffff'>x</font></td>",
        ] {
            assert!(to_text(shown).contains('x'), "{shown}");
        }
    }

    #[test]
    fn history_is_marked_line_by_line() {
        let table = [
            (
                "<p>new</p><blockquote>old<br>older</blockquote><p>own</p>",
                "new\n\n> old\n> older\nown",
            ),
            (
                "new<div class='gmail_quote x'>On wrote:<blockquote>old</blockquote></div>",
                "new\n> On wrote:\n> old",
            ),
            ("new<div id='divRplyFwdMsg'>From: x</div><div>old</div>", "new\n> From: x\n> old"),
            ("<blockquote>old&#10;still old</blockquote>", "> old still old"),
            ("<div class=yahoo_quoted><p>old</p></div>", "> old"),
        ];
        for (html, text) in table {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn broken_markup_is_read_to_the_end() {
        for html in [
            "<",
            "<a",
            "<a b",
            "<a b=",
            "<a b='",
            "</",
            "</a",
            "<!",
            "<!--",
            "<!-->x",
            "<é>",
            "<a é=ü>x",
            "&#x;",
        ] {
            to_text(html);
        }
        assert_eq!(to_text("<!-->x"), "x");
        assert_eq!(to_text("</>x"), "x");
    }
}
