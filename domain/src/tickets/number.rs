//! Which ticket a person means: its number, or its address in our own account. Pure.

use url::Url;

/// Where the account's address is not known, tickets are at hosts that end in this.
const ANY_ACCOUNT: &str = ".zendesk.com";
/// What may precede `tickets/42` or `requests/42` in the path of a ticket.
const BEFORE: [&[&str]; 4] = [&[], &["agent"], &["api", "v2"], &["hc"]];

/// A ticket's number in plain digits, without leading zeros.
pub fn plain_number(text: &str) -> Option<String> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = text.parse().ok().filter(|number| is_digits && *number > 0)?;
    Some(number.to_string())
}

/// The number of the ticket that `text` names: `42`, `#42`, or the address of a ticket in `account`, which is a scheme and a host.
///
/// # Errors
/// What was found instead and how to put it right, worded to follow the name of the field.
pub fn number_in(text: &str, account: Option<&str>) -> Result<String, String> {
    let text = text.trim();
    if let Some(number) = plain_number(text.strip_prefix('#').unwrap_or(text)) {
        return Ok(number);
    }
    let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && text.contains('/'));
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, host_of(url)?))) else {
        return Err(format!("is “{}”, which is no ticket: give its number, such as 42 or #42, or its address.", shown(text)));
    };
    if !is_ours(&host, account) {
        let ours = account.and_then(|account| host_of(&Url::parse(account).ok()?));
        let place = ours.map_or("our Zendesk account".to_owned(), |host| format!("our Zendesk account, {host}"));
        return Err(format!("is an address at {}, but tickets are in {place}: give the ticket's number there.", shown(&host)));
    }
    ticket_at(url).ok_or_else(|| {
        let path = shown(url.path());
        format!("is an address in Zendesk, but {path} is not a ticket: open the ticket and give its address or number.")
    })
}

/// The host, with the port unless it is the usual one.
fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn is_ours(host: &str, account: Option<&str>) -> bool {
    match account.and_then(|account| Url::parse(account).ok()) {
        Some(account) => host_of(&account).as_deref() == Some(host),
        None => host.ends_with(ANY_ACCOUNT),
    }
}

fn ticket_at(url: &Url) -> Option<String> {
    // Old addresses have the page in the fragment: /agent/#/tickets/42.
    let old = url.fragment().filter(|_| url.path().trim_end_matches('/') == "/agent").unwrap_or_default();
    let segments: Vec<&str> = url.path().split('/').chain(old.split('/')).filter(|segment| !segment.is_empty()).collect();
    let at = segments.iter().position(|segment| matches!(*segment, "tickets" | "requests"))?;
    let (before, number) = (&segments[..at], segments.get(at + 1)?);
    // A help centre may have a language in its addresses.
    let is_help = matches!(before, ["hc", _]);
    let number = plain_number(number.strip_suffix(".json").unwrap_or(number));
    number.filter(|_| is_help || BEFORE.contains(&before))
}

fn shown(text: &str) -> String {
    crate::words::shortened(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Option<&str> = Some("https://example.zendesk.com");

    #[test]
    fn a_number_or_the_address_of_a_ticket_of_ours_names_it() {
        for text in [
            "42",
            " #42 ",
            "042",
            "https://example.zendesk.com/agent/tickets/42",
            "https://EXAMPLE.zendesk.com/agent/tickets/42/?brand_id=7#comment-3",
            "http://example.zendesk.com/tickets/42",
            "example.zendesk.com/agent/tickets/42",
            "https://example.zendesk.com/agent/tickets/42/events",
            "https://example.zendesk.com/agent/#/tickets/42",
            "https://example.zendesk.com/api/v2/tickets/42.json",
            "https://example.zendesk.com/hc/requests/42",
            "https://example.zendesk.com/hc/en-gb/requests/42",
        ] {
            assert_eq!(number_in(text, OURS).as_deref(), Ok("42"), "{text}");
            assert_eq!(number_in(text, None).as_deref(), Ok("42"), "{text}, in an unknown account");
        }
        let fake = Some("http://127.0.0.1:18102");
        assert_eq!(number_in("http://127.0.0.1:18102/agent/tickets/42", fake).as_deref(), Ok("42"));
        assert!(number_in("http://127.0.0.1:18103/agent/tickets/42", fake).is_err());
    }

    #[test]
    fn anything_else_is_refused_with_what_was_found() {
        for (text, found) in [
            ("", "“”"),
            ("#", "“#”"),
            ("0", "“0”"),
            ("-3", "“-3”"),
            ("+3", "“+3”"),
            ("42.5", "“42.5”"),
            ("42?", "“42?”"),
            ("INC-42", "“INC-42”"),
            ("##42", "“##42”"),
            ("18446744073709551616", "“18446744073709551616”"),
            ("https://example.zendesk.com/agent/users/43", "/agent/users/43"),
            ("https://example.zendesk.com/agent/organizations/43", "/agent/organizations/43"),
            ("https://example.zendesk.com/agent/organizations/7/tickets/43", "/agent/organizations/7/tickets/43"),
            ("https://example.zendesk.com/agent/filters/43", "/agent/filters/43"),
            ("https://example.zendesk.com/agent/tickets/new/43", "/agent/tickets/new/43"),
            ("https://example.zendesk.com/agent/tickets/", "/agent/tickets/"),
            ("https://example.zendesk.com/hc/en-gb/articles/43", "/hc/en-gb/articles/43"),
            ("https://example.zendesk.com/#43", "/ is not a ticket"),
            ("https://example.zendesk.com/agent/dashboard?id=43", "/agent/dashboard"),
            ("https://other.zendesk.com/agent/tickets/43", "other.zendesk.com"),
            ("https://example.zendesk.com.example.org/agent/tickets/43", "example.zendesk.com.example.org"),
            ("https://example.zendesk.com@example.org/agent/tickets/43", "example.org"),
            ("https://example.org/agent/tickets/43", "example.org"),
            ("https://trello.com/c/abc/43", "trello.com"),
            ("ftp://example.zendesk.com/agent/tickets/43", "ftp://"),
        ] {
            let refusal = number_in(text, OURS).unwrap_err();
            assert!(refusal.contains(found), "{text}: {refusal}");
        }
        assert!(number_in("https://example.org/agent/tickets/43", None).is_err(), "not even where the account is unknown");
        assert!(number_in("https://zendesk.com/agent/tickets/43", None).is_err(), "no account");
    }
}
