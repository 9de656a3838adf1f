//! Whether a text mentions a site. Pure.

/// Shorter names would match almost every text.
const NAME_CHARS_MIN: usize = 4;

/// Whether `text` mentions a site by its name or by the host of its URL.
pub fn mentions(text: &str, name: &str, url: Option<&str>) -> bool {
    let text = text.to_lowercase();
    let host = url.and_then(|url| url::Url::parse(url).ok()?.host_str().map(str::to_owned));
    host.is_some_and(|host| has_host(&text, &host)) || has_name(&text, name.trim())
}

fn has_name(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    if name.chars().count() < NAME_CHARS_MIN {
        return false;
    }
    // Many sites are named after their host.
    if name.contains('.') && !name.contains(char::is_whitespace) {
        return has_host(text, &name);
    }
    places(text, &name).any(|(before, after)| !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric))
}

/// Whether the text contains the host on its own or in a URL, and not as part of another host or of an e-mail address.
fn has_host(text: &str, host: &str) -> bool {
    let host = host.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    if !host.contains('.') {
        return false;
    }
    places(text, host).any(|(before, after)| {
        let before = before.strip_suffix("www.").unwrap_or(before);
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let begins = !before.ends_with(|c: char| goes_on(c) || matches!(c, '.' | '@'));
        let dot_goes_on = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(goes_on));
        begins && !after.starts_with(goes_on) && !dot_goes_on
    })
}

/// The text before and after each occurrence of `part` in `text`.
fn places<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.match_indices(part).map(move |(at, _)| (&text[..at], &text[at + part.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_on_its_own_and_not_within_another() {
        let url = Some("https://www.Example.org/shop");
        for (text, expected) in [
            ("example.org is down", true),
            ("Is EXAMPLE.ORG down?", true),
            ("see https://example.org/a?b=c", true),
            ("see http://www.example.org.", true),
            ("(example.org)", true),
            ("it is example.org", true),
            ("notexample.org is down", false),
            ("not-example.org is down", false),
            ("example.org.uk is down", false),
            ("notexample.org.uk", false),
            ("example.organic", false),
            ("staging.example.org is down", false),
            ("write to kim@example.org", false),
            ("example org", false),
            ("", false),
        ] {
            assert_eq!(mentions(text, "-", url), expected, "{text}");
        }
        assert!(mentions("notexample.org, then example.org", "-", url), "the second occurrence counts");
        assert!(!mentions("localhost", "-", Some("http://localhost:80/")));
    }

    #[test]
    fn a_name_is_found_as_whole_words() {
        for (text, name, expected) in [
            ("The Museum Shop is slow", "museum shop", true),
            ("MUSEUM SHOP!", "Museum Shop", true),
            ("Museums hop", "Museum Shop", false),
            ("museum shopping", "Museum Shop", false),
            ("the museum\u{a0}shop", "Museum Shop", false),
            ("Zürich geht nicht", "ZÜRICH", true),
            ("Zürichsee", "Zürich", false),
            ("the web is down", "web", false),
            ("example.org down", "example.org", true),
            ("example.org.uk down", "example.org", false),
            ("anything", "", false),
        ] {
            assert_eq!(mentions(text, name, None), expected, "{text} / {name}");
        }
    }
}
