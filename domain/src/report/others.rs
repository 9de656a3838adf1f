//! What a client may not read of the others (R29): their names, those of their sites, and how many there are. Pure.

use std::cmp::Reverse;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use entity::ClientId;

use crate::blameless::Folded;

/// What stands in the place of one or several others, so that nobody can count them.
const OTHERS: &str = "others";
/// What stands between names in a list.
const BETWEEN: [&str; 8] = [", ", " and ", ", and ", " & ", " or ", ", or ", "/", " / "];
/// Ends of a company's name that people leave out.
const LEGAL_FORMS: [&str; 16] =
    ["ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "kg", "limited", "llc", "llp", "ltd", "oy", "plc", "sa"];
/// The first word of a name is looked for if it has as many characters.
const FIRST_CHARS: usize = 4;
/// Characters around what was found, when it is shown.
const AROUND: usize = 30;

/// A client or a site, by a name that people write.
#[derive(Clone, Debug)]
pub struct Known {
    /// The client itself, or whose site it is.
    pub client: ClientId,
    /// A name, or a host.
    pub name: String,
}

/// Something about other clients in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As it stood there.
    pub quote: String,
    /// Whether it is gone from the text. A number of clients, and a word that is part of a name, are only pointed at: it takes a person to
    /// tell what they mean.
    pub is_replaced: bool,
}

/// Finds the others of one client.
pub struct Others {
    forms: Vec<Form>,
    index: Option<AhoCorasick>,
}

struct Form {
    folded: String,
    /// Of the client who reads it, which stays.
    is_own: bool,
    kind: Kind,
}

/// How sure it is that a name is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// All of it.
    Full,
    /// Without the legal form: a name if it begins with a capital.
    Short,
    /// The first of its words, which may be a word like any other: somebody must look.
    First,
}

impl Others {
    /// Those of `known` who are not `reader`.
    pub fn of(known: &[Known], reader: ClientId) -> Self {
        let mut forms = Vec::new();
        for one in known {
            let is_own = one.client == reader;
            let folded = Folded::of(one.name.trim()).text;
            let mut add = |folded: &str, kind| forms.push(Form { folded: folded.to_owned(), is_own, kind });
            if let Some(short) = without_legal_form(&folded) {
                add(short, Kind::Short);
            }
            if let Some((first, _)) = folded.split_once([' ', '.']).filter(|(first, _)| first.chars().count() >= FIRST_CHARS) {
                add(first, Kind::First);
            }
            if !folded.is_empty() {
                add(&folded, Kind::Full);
            }
        }
        let patterns = forms.iter().map(|form| form.folded.as_str());
        // Names that are too many to be searched for at once are never seen; then all of the text would be at stake, so it is refused.
        let index = AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).ok();
        Self { forms, index }
    }

    /// `text` without the others, and what it said about them.
    pub fn leave_out(&self, text: &str) -> (String, Vec<Mention>) {
        let Some(index) = &self.index else { return (String::new(), Vec::new()) };
        let folded = Folded::of(text);
        let mut hits: Vec<(Range<usize>, &Form)> = index
            .find_overlapping_iter(&folded.text)
            .filter(|found| is_word(&folded.text, found.range()))
            .map(|found| (folded.original(found.range()), &self.forms[found.pattern().as_usize()]))
            .filter(|(range, form)| form.kind == Kind::Full || text[range.clone()].starts_with(char::is_uppercase))
            .collect();
        // Of names that overlap the longest is meant; of equal ones, the surest, then the reader's own.
        hits.sort_by_key(|(range, form)| (Reverse(range.len()), form.kind, !form.is_own, range.start));
        let mut meant: Vec<(Range<usize>, &Form)> = Vec::new();
        for (range, form) in hits {
            if meant.iter().all(|(other, _)| range.end <= other.start || other.end <= range.start) {
                meant.push((range, form));
            }
        }
        meant.sort_by_key(|(range, _)| range.start);
        let mut mentions = Vec::new();
        let mut result = String::with_capacity(text.len());
        let (mut done, mut ends_in_others) = (0, false);
        for (range, form) in meant.iter().filter(|(_, form)| !form.is_own) {
            let is_replaced = form.kind != Kind::First;
            mentions.push(Mention { quote: around(text, range), is_replaced });
            if !is_replaced {
                continue;
            }
            let between = &text[done..range.start];
            if !(ends_in_others && BETWEEN.contains(&between)) {
                result.push_str(between);
                result.push_str(OTHERS);
            }
            (done, ends_in_others) = (range.end, true);
        }
        result.push_str(&text[done..]);
        mentions.extend(counts(&result));
        (result, mentions)
    }
}

/// `example ltd` as `example`.
fn without_legal_form(folded: &str) -> Option<&str> {
    let (short, form) = folded.trim_end_matches('.').rsplit_once([' ', '.'])?;
    let short = short.trim_end_matches([',', '.', ' ']);
    (LEGAL_FORMS.contains(&form) && short.chars().count() > 2).then_some(short)
}

fn is_word(text: &str, range: Range<usize>) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    is_edge(text[..range.start].chars().next_back()) && is_edge(text[range.end..].chars().next())
}

/// `range` of `text` with what is near it.
fn around(text: &str, range: &Range<usize>) -> String {
    let start = text[..range.start].char_indices().rev().take(AROUND).last().map_or(range.start, |(at, _)| at);
    let end = text[range.end..].char_indices().nth(AROUND).map_or(text.len(), |(at, _)| range.end + at);
    // Whole words only.
    let is_cut = |at: usize| !text[..at].ends_with(char::is_whitespace) && !text[at..].starts_with(char::is_whitespace);
    let start = if start > 0 && is_cut(start) {
        text[start..range.start].find(char::is_whitespace).map_or(range.start, |at| start + at)
    } else {
        start
    };
    let end = if end < text.len() && is_cut(end) {
        text[range.end..end].rfind(char::is_whitespace).map_or(range.end, |at| range.end + at)
    } else {
        end
    };
    text[start..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where `text` seems to count clients or sites.
fn counts(text: &str) -> Vec<Mention> {
    const COUNTED: [&str; 7] = ["clients", "customers", "sites", "websites", "shops", "companies", "accounts"];
    const NUMBERS: [&str; 16] = [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "dozen", "hundred", "several", "both",
        "other",
    ];
    let words: Vec<(usize, &str)> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
        .collect();
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit()) || NUMBERS.contains(&word.to_lowercase().as_str());
    let mut found = Vec::new();
    for (place, (at, word)) in words.iter().enumerate() {
        let before = &words[place.saturating_sub(3)..place];
        let Some((from, _)) = before.iter().find(|(_, word)| is_number(word)) else { continue };
        if COUNTED.contains(&word.to_lowercase().as_str()) {
            found.push(Mention { quote: around(text, &(*from..at + word.len())), is_replaced: false });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const READER: ClientId = ClientId(Uuid::from_u128(1));
    const OTHER: ClientId = ClientId(Uuid::from_u128(2));

    fn others(own: &[&str], foreign: &[&str]) -> Others {
        let known = |client: ClientId| move |name: &&str| Known { client, name: (*name).to_owned() };
        let known: Vec<Known> = own.iter().map(known(READER)).chain(foreign.iter().map(known(OTHER))).collect();
        Others::of(&known, READER)
    }

    #[test]
    fn the_names_of_others_are_gone_and_one_s_own_stay() {
        let others = others(
            &["Acme Retail Ltd", "shop.acme.example"],
            &["Acme Ltd", "Bexley & Sons plc", "Next Inc.", "Bexley Shop", "www.bexley.example"],
        );
        for (written, left) in [
            ("Acme Retail was down.", "Acme Retail was down."),
            ("Acme was down, and so was Acme Retail Ltd.", "others was down, and so was Acme Retail Ltd."),
            ("ACME LTD, Bexley & Sons plc and the Bexley Shop", "others and the others"),
            ("see https://www.bexley.example/basket", "see https://others/basket"),
            ("what came next for Next", "what came next for others"),
            ("**Bexley\n& Sons plc**", "**others**"),
            ("| shop.acme.example | www.bexley.example |", "| shop.acme.example | others |"),
            ("Bexleyheath", "Bexleyheath"),
        ] {
            assert_eq!(others.leave_out(written).0, left, "{written}");
        }
    }

    #[test]
    fn a_word_of_a_name_is_pointed_at() {
        let others = others(&["Acme Retail"], &["Bexley & Sons plc", "Acme Ltd"]);
        let (text, mentions) = others.leave_out("The disk at Bexley was full, and Retail went down; bexley is no name.");
        assert_eq!((text.as_str(), mentions.len()), ("The disk at Bexley was full, and Retail went down; bexley is no name.", 1));
        assert!(!mentions[0].is_replaced && mentions[0].quote.contains("Bexley"), "{mentions:?}");
    }

    #[test]
    fn what_counts_clients_is_pointed_at() {
        let others = others(&[], &[]);
        for counting in ["It hit 3 clients.", "both of the sites", "Two other customers saw it", "twelve websites"] {
            let (text, mentions) = others.leave_out(counting);
            assert_eq!((text.as_str(), mentions.len(), mentions[0].is_replaced), (counting, 1, false), "{counting}");
        }
        for plain in ["Our clients saw 3 errors.", "the site was slow for 20 minutes", "sites"] {
            assert_eq!(others.leave_out(plain).1, [], "{plain}");
        }
    }

    proptest! {
        /// R29: whatever a text says, and however often, no name of another client or of its sites is left.
        #[test]
        fn nobody_else_is_named(
            names in prop::collection::vec("[A-Z][a-z]{3,8}( [A-Z][a-z]{3,8})?( (Ltd|plc|GmbH))?", 1..6),
            hosts in prop::collection::vec("[a-z]{4,8}\\.[a-z]{4,8}\\.example", 0..4),
            words in prop::collection::vec("[a-z ]{1,12}", 1..8),
            order in prop::collection::vec((0..8_usize, 0..3_usize), 1..20),
        ) {
            let all: Vec<&str> = names.iter().chain(&hosts).map(String::as_str).collect();
            let others = others(&["Quince Ltd"], &all);
            let mut text = String::new();
            for (which, how) in order {
                let name = all[which % all.len()];
                let name = match how { 0 => name.to_owned(), 1 => name.to_uppercase(), _ => name.replace(' ', "\n") };
                let _ = write!(text, "{} {name}, ", words[which % words.len()]);
            }
            let left = Folded::of(&others.leave_out(&text).0).text;
            for name in all {
                let name = Folded::of(name).text;
                let found = left.match_indices(&name).any(|(at, _)| is_word(&left, at..at + name.len()));
                prop_assert!(!found, "{name} in {left}");
            }
        }
    }
}
