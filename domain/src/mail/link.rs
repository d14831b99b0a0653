//! Links, and whether they lead where they seem to.

use super::signature;

/// Most links that are kept of one message.
pub(super) const LINKS_MAX: usize = 100;
/// Longest text and target that are kept, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 300;
const TARGET_BYTES_MAX: usize = 2_000;

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it shows, on one line.
    pub text: String,
    /// Where it leads.
    pub target: String,
}

impl Link {
    pub(super) fn to(target: &str) -> Self {
        // A browser leaves line ends out of an address.
        let target: String = target.trim().chars().filter(|it| !it.is_control()).collect();
        let target = super::header::clip(&target, TARGET_BYTES_MAX).to_owned();
        Self { text: String::new(), target }
    }

    /// Whether it shows the address of one host and leads to another.
    pub fn is_misleading(&self) -> bool {
        let Some(shown) = host_shown(&self.text) else { return false };
        let led = host(&self.target);
        let is_within = |inner: &str, outer: &str| {
            inner.strip_suffix(outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        led.is_none_or(|led| !is_within(&led, &shown) && !is_within(&shown, &led))
    }
}

/// Adds the addresses of pages that stand in a text itself.
pub(super) fn add_plain(links: &mut Vec<Link>, text: &str) {
    for line in text.lines().filter(|line| line.contains("://") || line.contains("www.")) {
        for (start, end) in signature::links(line) {
            if LINKS_MAX <= links.len() {
                return;
            }
            let shown = &line[start..end];
            if !links.iter().any(|it| it.target == shown || it.text == shown) {
                links.push(Link { text: shown.to_owned(), ..Link::to(shown) });
            }
        }
    }
}

/// The host of a text that is the address of a page, and not of words with a full stop.
fn host_shown(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains(char::is_whitespace) || text.contains('@') {
        return None;
    }
    let host = host(text)?;
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_top = 2 <= last.len() && last.chars().all(char::is_alphabetic);
    (host.contains('.') && is_top).then_some(host)
}

/// The host of an address, in lower case and without `www.`.
fn host(target: &str) -> Option<String> {
    let lower = target.trim().to_lowercase();
    let rest = match lower.split_once("://") {
        Some((_, rest)) => rest,
        None if lower.starts_with("mailto:") => lower.rsplit('@').next()?,
        None => &lower,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let host = host.trim_end_matches('.').trim_start_matches("www.");
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_misleads_if_it_shows_another_host() {
        let is_misleading = |text: &str, target: &str| {
            Link { text: text.to_owned(), ..Link::to(target) }.is_misleading()
        };
        for (text, target) in [
            ("www.bank.example", "https://evil.example/bank.example"),
            ("https://bank.example/login", "https://bank.example.evil.example/login"),
            ("bank.example", "https://bank.example@evil.example/"),
            ("bank.example", "javascript:alert(1)"),
        ] {
            assert!(is_misleading(text, target), "{text} {target}");
        }
        for (text, target) in [
            ("www.bank.example", "https://login.bank.example/x"),
            ("Click here", "https://evil.example"),
            ("order.No", "https://us.example"),
            ("v1.2", "https://us.example"),
            ("ada@good.example", "mailto:ada@good.example"),
            ("HTTPS://Bank.example/", "http://bank.example"),
        ] {
            let is_word = text == "order.No";
            assert_eq!(is_misleading(text, target), is_word, "{text} {target}");
        }
    }

    #[test]
    fn addresses_in_the_text_are_links_too() {
        let mut links = Vec::new();
        add_plain(&mut links, "See www.a.example, (https://b.example/x) and www.a.example.\nx");
        let targets: Vec<&str> = links.iter().map(|it| it.target.as_str()).collect();
        assert_eq!(targets, ["www.a.example", "https://b.example/x"]);
        add_plain(&mut links, &"http://c.example ".repeat(500));
        assert_eq!(links.len(), 3);
    }
}
