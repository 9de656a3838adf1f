//! Plain text to Slack's markup and back.
//!
//! Slack reads `<…>` as links and mentions, and escapes exactly three characters. Text of ours is escaped, so no name of an incident can
//! mention a channel; blocks are marked `verbatim`, so that Slack adds no mentions of its own.

/// What stands where a text was cut.
const CUT: &str = " …";

/// Plain text as markup, with its addresses as links.
pub(super) fn mrkdwn(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    words.map(|word| address(word).map_or_else(|| escaped(word), |(link, rest)| format!("<{}>{}", escaped(link), escaped(rest)))).collect()
}

/// An address at the beginning of a word, and what follows it.
fn address(word: &str) -> Option<(&str, &str)> {
    let is_address = word.starts_with("https://") || word.starts_with("http://");
    let end = word.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"')).unwrap_or(word.len());
    let end = word[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '”', '’']).len();
    (is_address && end > "https://".len()).then(|| word.split_at(end))
}

/// Text in which nothing is markup.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text that was escaped.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A link with words.
pub(super) fn link(text: &str, url: &str) -> String {
    // A bar would end the address, and Slack knows no way to write one.
    format!("<{}|{}>", escaped(&url.replace('|', "%7C")), escaped(text))
}

/// A mention of these accounts.
pub(super) fn mentions(accounts: &[String]) -> String {
    let known = accounts.iter().filter(|account| !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    known.map(|account| format!("<@{account}>")).collect::<Vec<_>>().join(" ")
}

/// At most this many characters of `text`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - CUT.chars().count()).collect();
    format!("{}{CUT}", kept.trim_end())
}

/// One line of at most this many characters.
pub(super) fn line(text: &str, most: usize) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// Slack's markup as plain text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    pub text: String,
    /// The word that stands in the text for an account, and the account, where they are listed.
    pub mentions: Vec<(String, String)>,
    /// Accounts that the text names by themselves.
    pub unnamed: Vec<String>,
}

/// What becomes of mentions of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum People {
    /// They become words, each for one account.
    Listed,
    /// They become names.
    Named,
}

/// Reads markup.
pub(super) fn plain(markup: &str, people: People) -> Plain {
    let mut plain = Plain::default();
    // No database keeps this character.
    let markup = markup.replace('\0', "");
    let mut rest = markup.as_str();
    while let Some((before, tail)) = rest.split_once('<') {
        plain.text.push_str(&unescaped(before));
        let Some((inner, after)) = tail.split_once('>') else {
            plain.text.push('<');
            rest = tail;
            continue;
        };
        plain.read(inner, people);
        rest = after;
    }
    plain.text.push_str(&unescaped(rest));
    plain
}

impl Plain {
    /// Reads what stands between `<` and `>`.
    fn read(&mut self, inner: &str, people: People) {
        let (target, label) = inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(unescaped(label))));
        let label = label.filter(|label| !label.is_empty());
        if let Some(account) = target.strip_prefix('@') {
            match (people, label) {
                (People::Listed, label) => {
                    let word = self.word(account, label);
                    self.text.push_str(&word);
                    self.mentions.push((word, account.to_owned()));
                }
                (People::Named, Some(name)) => self.text.extend(["@", name.as_str()]),
                (People::Named, None) => {
                    self.text.extend(["@", account]);
                    self.unnamed.push(account.to_owned());
                }
            }
            return;
        }
        let words = match target.split_at_checked(1) {
            Some(("#", channel)) => format!("#{}", label.as_deref().unwrap_or(channel)),
            Some(("!", special)) => {
                let label = label.unwrap_or_else(|| special.split('^').next().unwrap_or_default().to_owned());
                if special.starts_with("date") || label.starts_with('@') { label } else { format!("@{label}") }
            }
            _ => {
                let target = unescaped(target);
                match label {
                    Some(label) if target.strip_prefix("mailto:") == Some(&*label) || label == target => label,
                    Some(label) => format!("{label} ({target})"),
                    None => target,
                }
            }
        };
        self.text.push_str(&words);
    }

    /// One word that stands for this account and no other.
    fn word(&self, account: &str, label: Option<String>) -> String {
        let is_taken = |word: &String| self.mentions.iter().any(|(known, of)| known == word && of != account);
        let word = label.filter(|label| !label.contains(char::is_whitespace)).map(|label| format!("@{label}"));
        word.filter(|word| !is_taken(word)).unwrap_or_else(|| format!("@{account}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_is_markup() {
        assert_eq!(mrkdwn("<!channel> & <@U123> down"), "&lt;!channel&gt; &amp; &lt;@U123&gt; down");
        assert_eq!(mrkdwn("see https://a.org/?x=1&y=<2>."), "see <https://a.org/?x=1&amp;y=>&lt;2&gt;.");
        assert_eq!(mrkdwn("(https://a.org/b) http:// x"), "(https://a.org/b) http:// x");
        assert_eq!(mrkdwn("https://a.org/b, and"), "<https://a.org/b>, and");
        assert_eq!(link("INC-1 <!here>", "https://a.org/|x"), "<https://a.org/%7Cx|INC-1 &lt;!here&gt;>");
        assert_eq!(mentions(&["U1".into(), "!channel".into(), String::new()]), "<@U1>");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("grüße", 5), cut("grüße dich", 7)), ("grüße".to_owned(), "grüße …".to_owned()));
        assert_eq!(line("a\n b\t c", 4), "a …");
    }

    #[test]
    fn markup_is_read_as_people_see_it() {
        let read = |markup: &str| plain(markup, People::Named).text;
        for (markup, text) in [
            ("a &lt; b &amp;amp; c", "a < b &amp; c"),
            ("<@U1|kim> and <@U2>", "@kim and @U2"),
            ("<#C1|general> <!here> <!subteam^S1|@ops> <!date^1^{date}|today>", "#general @here @ops today"),
            ("<https://a.org|the page> <https://a.org> <mailto:k@a.org|k@a.org>", "the page (https://a.org) https://a.org k@a.org"),
            ("1 < 2", "1 < 2"),
            ("<>", ""),
        ] {
            assert_eq!(read(markup), text, "{markup}");
        }
        assert_eq!(plain("<@U2>", People::Named).unnamed, ["U2"]);
        let listed = plain("lead <@U1|kim> <@U2> <@U3|kim> <@U4|Kim B> &gt; x", People::Listed);
        let mentions = [("@kim", "U1"), ("@U2", "U2"), ("@U3", "U3"), ("@U4", "U4")];
        let mentions = mentions.map(|(word, account)| (word.to_owned(), account.to_owned()));
        assert_eq!((listed.text.as_str(), listed.mentions), ("lead @kim @U2 @U3 @U4 > x", mentions.to_vec()));
    }
}
