//! What every format asks of a text.

use url::Url;

/// Beyond this, Word and Typst refuse an address.
const LONGEST_LINK: usize = 2_000;

/// `text` without the characters that are none: control characters and what Unicode says is never one (XML, and so Word, refuses a file
/// with them), marks of byte order, and overrides of the direction, which make a text read unlike what it says.
pub fn clean(text: &str) -> String {
    text.chars().filter(|&c| is_text(c)).collect()
}

fn is_text(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{feff}' | '\u{202d}' | '\u{202e}' | '\u{fdd0}'..='\u{fdef}' => false,
        c => !c.is_control() && u32::from(c) & 0xfffe != 0xfffe,
    }
}

/// Where a link leads, written as every reader understands it, if it leads to the web or to a mailbox.
pub fn target(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let leads_there = match url.scheme() {
        "http" | "https" => url.has_host(),
        "mailto" => !url.path().is_empty(),
        _ => false,
    };
    (leads_there && url.as_str().len() <= LONGEST_LINK).then(|| url.into())
}

/// With the characters that mean something to HTML and XML written so that they don't.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_web_or_to_a_mailbox() {
        for (link, leads) in [
            ("https://muster.example.org/INC-1", Some("https://muster.example.org/INC-1")),
            ("HTTP://example.org/a b", Some("http://example.org/a%20b")),
            ("mailto:ops@example.org", Some("mailto:ops@example.org")),
            ("https://", None),
            ("mailto:", None),
            ("javascript:alert(1)", None),
            ("java\nscript:alert(1)", None),
            (" javascript:alert(1)", None),
            ("data:text/html,<b>", None),
            ("file:///etc/passwd", None),
            ("//example.org", None),
            ("/INC-1", None),
            ("#top", None),
            ("", None),
        ] {
            assert_eq!(target(link).as_deref(), leads, "{link}");
        }
        assert_eq!(target(&format!("https://example.org/{}", "a".repeat(LONGEST_LINK))), None);
    }

    #[test]
    fn what_no_file_can_hold_is_left_out() {
        assert_eq!(clean("a\u{0}b\u{1b}[31mc\u{7f}\u{85}\u{feff}\u{fffe}\u{1ffff}\u{202e}d\te\nf\rg 🔥é"), "ab[31mcd\te\nfg 🔥é");
        assert_eq!(escaped("<a href=\"x\">&\u{0}"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
