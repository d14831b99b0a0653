//! Which styles take text out of sight.
//!
//! This is no style engine: it errs towards hiding, because what a person cannot see they did not
//! say.

use std::collections::HashSet;

/// Pixels and points up to which a font is a smudge: no mail program offers less than seven.
const UNREADABLE_POINTS_MAX: u32 = 2;
/// Percent below which a font or an opacity cannot be seen.
const UNREADABLE_PERCENT_MAX: u32 = 9;
/// Channel of a colour from which on it vanishes on white paper; 255 is white.
const PALE_CHANNEL_MIN: u32 = 0xf0;
/// Digits of a negative offset that moves text off any screen.
const OFF_SCREEN_DIGITS: usize = 3;

/// What the style of one element says about its text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Hidden, with everything inside.
    pub(super) is_hidden: bool,
    /// Too small to read, until an element inside says otherwise.
    pub(super) is_tiny: Option<bool>,
    /// White or transparent, until an element inside says otherwise.
    pub(super) is_pale: Option<bool>,
    /// Has a background on which pale text can be read.
    pub(super) has_backdrop: bool,
}

/// Reads the declarations of a `style` attribute or of a rule.
pub(super) fn look(declarations: &str) -> Look {
    let mut look = Look::default();
    if declarations.is_empty() {
        return look;
    }
    // Nobody who writes mail by hand or by program escapes letters in a style, except to get past a
    // rule like this one.
    if declarations.contains('\\') {
        look.is_hidden = true;
        return look;
    }
    let plain = without_comments(declarations).to_ascii_lowercase();
    for declaration in plain.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value = value.trim().trim_end_matches("!important").trim_end();
        read_declaration(&mut look, property.trim(), value);
    }
    let is_clipped = plain.contains("overflow") && plain.contains("hidden");
    let is_flat = |side: &str| {
        plain.split(';').filter_map(|declaration| declaration.split_once(':')).any(
            |(property, value)| {
                property.trim() == side && leading_number(value.trim()) == Some((0, 0))
            },
        )
    };
    look.is_hidden |=
        is_flat("max-height") || is_clipped && (is_flat("height") || is_flat("width"));
    look
}

/// Whether a colour cannot be told from white paper.
pub(super) fn is_pale_colour(value: &str) -> bool {
    let value = value.trim();
    if matches!(value, "white" | "transparent" | "snow" | "ivory" | "ghostwhite" | "whitesmoke") {
        return true;
    }
    if let Some(digits) = value.strip_prefix('#') {
        let step = if digits.len() < 6 { 1 } else { 2 };
        let channels = (0..3).map(|channel| digits.get(channel * step..(channel + 1) * step));
        return channels.into_iter().all(|channel| {
            let level = channel.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            level.is_some_and(|level| {
                PALE_CHANNEL_MIN <= if step == 1 { level * 0x11 } else { level }
            })
        });
    }
    let Some(arguments) = value.strip_prefix("rgb") else { return false };
    let numbers: Vec<(u32, u32)> = arguments
        .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .filter_map(leading_number)
        .collect();
    let is_transparent = arguments.starts_with('a') && numbers.get(3) == Some(&(0, 0));
    let is_white =
        3 <= numbers.len() && numbers[..3].iter().all(|(level, _)| PALE_CHANNEL_MIN <= *level);
    is_transparent || is_white
}

/// The names that a document's own style rules hide.
#[derive(Debug, Default)]
pub(super) struct HiddenNames {
    classes: HashSet<String>,
    ids: HashSet<String>,
    elements: HashSet<String>,
}

impl HiddenNames {
    /// Reads the text of a `<style>` element. Rules that hold only on some screens or on paper
    /// count as well.
    pub(super) fn read(&mut self, sheet: &str) {
        let sheet = without_comments(sheet).replace("<!--", " ").replace("-->", " ");
        let mut conditions = 0_usize;
        let mut rule: Option<String> = None;
        for block in sheet.split_inclusive(['{', '}']) {
            if let Some(selector) = block.strip_suffix('{') {
                let selector =
                    selector.rsplit(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                if CONDITIONS.iter().any(|condition| selector.starts_with(condition)) {
                    conditions += 1;
                } else {
                    rule = Some(selector);
                }
                continue;
            }
            let declarations = block.trim_end_matches('}');
            match rule.take() {
                None => conditions = conditions.saturating_sub(1),
                Some(selector) => {
                    let look = look(declarations);
                    if look.is_hidden || look.is_tiny == Some(true) {
                        self.hide(&selector, conditions == 0);
                    }
                }
            }
        }
    }

    /// Whether an element with this name, these classes and this id is hidden by a rule.
    pub(super) fn contain(&self, element: &str, classes: &str, id: &str) -> bool {
        let has = |names: &HashSet<String>, name: &str| {
            !names.is_empty() && names.contains(&name.to_ascii_lowercase())
        };
        has(&self.elements, element)
            || has(&self.ids, id.trim())
            || classes.split_ascii_whitespace().any(|class| has(&self.classes, class))
    }

    /// Takes the subject of each selector: the last element it names, by class or id if it has one.
    fn hide(&mut self, selector: &str, is_unconditional: bool) {
        for alternative in selector.split(',') {
            let alternative = alternative.trim_end();
            let is_bond =
                |letter: char| letter.is_whitespace() || matches!(letter, '>' | '+' | '~');
            let subject = alternative.rsplit(is_bond).next().unwrap_or_default();
            let subject = subject.split([':', '[']).next().unwrap_or_default();
            let mut rest = subject;
            let mut is_plain = true;
            while let Some(at) = rest.find(['.', '#']) {
                let name = rest[at + 1..].split(['.', '#']).next().unwrap_or_default();
                let names =
                    if rest[at..].starts_with('.') { &mut self.classes } else { &mut self.ids };
                names.insert(name.to_owned());
                is_plain = false;
                rest = &rest[at + 1..];
            }
            // `body { display: none }` stands in sheets for print, where it says nothing about what
            // was written.
            if is_plain && is_unconditional && !matches!(subject, "" | "*" | "body" | "html") {
                self.elements.insert(subject.to_owned());
            }
        }
    }
}

/// Rules that hold other rules instead of declarations.
const CONDITIONS: &[&str] = &["@media", "@supports", "@layer", "@container", "@document"];

fn read_declaration(look: &mut Look, property: &str, value: &str) {
    match property {
        "display" | "mso-hide" => look.is_hidden |= matches!(value, "none" | "all"),
        "visibility" | "content-visibility" => {
            look.is_hidden |= matches!(value, "hidden" | "collapse")
        }
        "opacity" => look.is_hidden |= is_unreadable(value, 0),
        "font-size" => look.is_tiny = Some(is_unreadable(value, UNREADABLE_POINTS_MAX)),
        "font" => {
            let size = value.split_ascii_whitespace().find(|word| is_font_size(word));
            let size = size.and_then(|word| word.split('/').next());
            look.is_tiny =
                size.map(|size| is_unreadable(size, UNREADABLE_POINTS_MAX)).or(look.is_tiny);
        }
        "color" => look.is_pale = Some(is_pale_colour(value)),
        "background" | "background-color" | "background-image" => {
            let is_paper =
                is_pale_colour(value) || matches!(value, "none" | "inherit" | "initial" | "unset");
            look.has_backdrop |= !is_paper;
        }
        "left" | "right" | "top" | "bottom" | "text-indent" | "margin-left" | "margin-top" => {
            let digits = value.strip_prefix('-').unwrap_or_default();
            let count = digits.chars().take_while(char::is_ascii_digit).count();
            look.is_hidden |= OFF_SCREEN_DIGITS <= count;
        }
        "clip" => look.is_hidden |= value.starts_with("rect"),
        "clip-path" => {
            look.is_hidden |= value.starts_with("inset") || value.starts_with("circle(0")
        }
        "transform" => look.is_hidden |= value.contains("scale(0"),
        _ => {}
    }
}

/// A font size inside the `font` shorthand; a bare number there is a weight, unless it is nothing.
fn is_font_size(word: &str) -> bool {
    let size = word.split('/').next().unwrap_or_default();
    leading_number(size)
        .is_some_and(|number| number == (0, 0) || !size.ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether a size or share is too little to see; `whole_max` is how much of points, pixels or bare
/// numbers still is.
fn is_unreadable(value: &str, whole_max: u32) -> bool {
    let Some((whole, tenths)) = leading_number(value) else { return false };
    let unit =
        value.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').trim();
    match unit {
        "%" => whole <= UNREADABLE_PERCENT_MAX,
        "" if whole_max == 0 => whole == 0 && tenths == 0,
        "" | "px" | "pt" => whole <= whole_max,
        _ => whole == 0 && tenths <= 1,
    }
}

/// The whole part of a number and its first decimal.
fn leading_number(text: &str) -> Option<(u32, u32)> {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let whole = &text[..digits(text)];
    let fraction = text[whole.len()..].strip_prefix('.').unwrap_or_default();
    let tenths = fraction.chars().next().and_then(|digit| digit.to_digit(10));
    if whole.is_empty() && tenths.is_none() {
        return None;
    }
    Some((
        if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u32::MAX) },
        tenths.unwrap_or(0),
    ))
}

fn without_comments(css: &str) -> String {
    let mut plain = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_usual_ways_to_hide() {
        for style in [
            "display:none",
            "color:red; DISPLAY : None !important",
            "dis/* */play:none",
            "visibility:hidden",
            "opacity:0",
            "opacity: .04",
            "opacity:0%",
            "mso-hide:all",
            "max-height:0px; overflow:hidden",
            "overflow:hidden;height:0",
            "position:absolute; left:-9999px",
            "text-indent:-5000em",
            "clip:rect(0 0 0 0)",
            r"d\69splay:none",
        ] {
            assert!(look(style).is_hidden, "{style}");
        }
        for style in
            ["display:block", "opacity:.9", "opacity:1", "height:20px;overflow:hidden", "left:-5px"]
        {
            assert!(!look(style).is_hidden, "{style}");
        }
    }

    #[test]
    fn knows_small_and_pale_text() {
        for style in [
            "font-size:0",
            "font-size:1px",
            "font-size:0.1em",
            "font:0/0 a",
            "font-size:1%",
            "font:1px x",
        ] {
            assert_eq!(look(style).is_tiny, Some(true), "{style}");
        }
        for style in
            ["font-size:11pt", "font-size:0.9em", "font-size:90%", "font:bold 400 14px/1.5 Arial"]
        {
            assert_eq!(look(style).is_tiny, Some(false), "{style}");
        }
        assert_eq!(look("font:inherit").is_tiny, None);
        for colour in [
            "white",
            "#fff",
            "#FEFEFE",
            "#fffffe",
            "rgb(255, 255,255)",
            "rgba(0,0,0,0)",
            "transparent",
        ] {
            assert!(is_pale_colour(&colour.to_lowercase()), "{colour}");
        }
        for colour in ["black", "#000", "#1f497d", "rgb(31,73,125)", "rgba(0,0,0,.87)", "", "#é€"]
        {
            assert!(!is_pale_colour(colour), "{colour}");
        }
        assert!(look("background:#123456").has_backdrop && !look("background:#fff").has_backdrop);
    }

    #[test]
    fn finds_the_names_that_rules_hide() {
        let mut names = HiddenNames::default();
        names.read(
            "<!-- p.x, div .y:hover { display:none } @media print { body{display:none} #z \
                {font-size:0} } \
             @font-face{font-family:A} .ok{color:red} h6{display:none}} .last{visibility:hidden",
        );
        for (element, classes, id) in
            [("p", "a x", ""), ("p", "Y", ""), ("p", "", "z"), ("h6", "", "")]
        {
            assert!(names.contain(element, classes, id), "{element} {classes} {id}");
        }
        assert!(!names.contain("body", "ok", "a") && !names.contain("p", "", ""));
        assert!(names.contain("p", "last", ""), "a rule without its brace still hides");
    }
}
