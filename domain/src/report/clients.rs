//! Clients as people write them: what one of them may not read of the others (R29), and which words are no people's names. Pure.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use entity::{ClientId, ContactId};

use crate::blameless::{Folded, is_function_word};

/// What stands in the place of one or several others, so that nobody can count them.
const OTHERS: &str = "others";
/// What stands between names in a list.
const BETWEEN: [&str; 10] = [", ", " and ", ", and ", " & ", " &amp; ", " or ", ", or ", "/", " / ", " "];
/// Ends of a company's name that people leave out.
const LEGAL_FORMS: [&str; 26] = [
    "ab",
    "ag",
    "and",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "gmbh",
    "group",
    "inc",
    "kg",
    "limited",
    "llc",
    "llp",
    "ltd",
    "nv",
    "ohg",
    "oy",
    "plc",
    "pty",
    "sa",
    "sarl",
    "spa",
    "srl",
];
/// Names that are shorter, without their legal form, may be anything.
const SURE_CHARS: usize = 4;
/// Characters around what was found, when it is shown.
const AROUND: usize = 30;
/// What stands for a shielded name: in no text that people write.
const SHIELD: char = '\u{f0000}';

/// How a [`Known`] is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelt {
    /// As a company or a site is called.
    Name,
    /// As a machine is called.
    Host,
    /// As this person at a client is called, or their address.
    Person(ContactId),
}

/// A client, a site or somebody there, by a name that people write.
#[derive(Clone, Debug)]
pub struct Known {
    /// The client itself, or whose it is.
    pub client: ClientId,
    /// The name.
    pub name: String,
    /// What kind of name.
    pub spelt: Spelt,
}

/// Something about other clients in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As it stood there.
    pub quote: String,
    /// What became of it.
    pub kind: MentionKind,
}

/// What becomes of a [`Mention`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionKind {
    /// It is a name, and gone from the text.
    Replaced,
    /// It is part of a name, and may be a word like any other: it is left for a person to judge.
    PartOfName,
    /// It may count clients, or what they have: it is left for a person to judge.
    Count,
}

/// All clients, to be found in texts.
pub struct Clients {
    forms: Vec<Form>,
    index: Option<AhoCorasick>,
}

struct Form {
    folded: String,
    client: ClientId,
    kind: Kind,
    /// Whether it is no name without one.
    needs_capital: bool,
    /// Whether it is a name of several words, so that it is nobody's.
    is_company: bool,
    /// Whose it is for sure: a name of several words, or an address.
    person: Option<ContactId>,
}

/// How sure it is that a name is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// All of it.
    Full,
    /// Without the legal form.
    Short,
    /// A part that may be a word like any other: somebody must look.
    Part,
}

/// What [`Clients::shield`] took out of a text.
pub struct Shielded(Vec<String>);

impl Shielded {
    /// Puts it back.
    pub fn restore(&self, text: &str) -> String {
        let mut names = self.0.iter();
        let mut restored = String::with_capacity(text.len());
        for part in text.split_inclusive(SHIELD) {
            restored.push_str(part.trim_end_matches(SHIELD));
            if part.ends_with(SHIELD) {
                restored.push_str(names.next().map_or("", String::as_str));
            }
        }
        restored
    }
}

/// A name that was found.
type Hit<'a> = (Range<usize>, &'a Form);

impl Clients {
    /// Those that are `known`.
    pub fn of(known: Vec<Known>) -> Self {
        let mut forms = Vec::new();
        for Known { client, name, spelt } in known {
            for (folded, kind, needs_capital) in spellings(&name, spelt) {
                let is_company = spelt == Spelt::Name && kind != Kind::Part && folded.contains(' ');
                let person = match spelt {
                    Spelt::Person(id) if folded.contains([' ', '@']) => Some(id),
                    _ => None,
                };
                forms.push(Form { folded, client, kind, needs_capital, is_company, person });
            }
        }
        let patterns = forms.iter().map(|form| form.folded.as_str());
        // More names than can be searched for at once are never seen; then nothing may be said to a client.
        let index = AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).ok();
        Self { forms, index }
    }

    /// `text` without all clients but `reader`, and what it said about them.
    pub fn leave_out(&self, text: &str, reader: ClientId) -> (String, Vec<Mention>) {
        if self.index.is_none() {
            return (String::new(), Vec::new());
        }
        let mut mentions = Vec::new();
        let mut result = String::with_capacity(text.len());
        let (mut done, mut ends_in_others) = (0, false);
        for (range, form) in self.hits(text, |form| form.client == reader).into_iter().filter(|(_, form)| form.client != reader) {
            let is_name = form.kind != Kind::Part && (!form.needs_capital || begins_large(&text[range.clone()]));
            let kind = if is_name { MentionKind::Replaced } else { MentionKind::PartOfName };
            mentions.push(Mention { quote: around(text, &range), kind });
            if !is_name {
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

    /// `text` with what is surely a company's name taken out, so that nobody takes it for the name of a person in it.
    pub fn shield(&self, text: &str) -> (String, Shielded) {
        let mut names = Vec::new();
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for (range, _) in self.hits(text, |form| form.is_company).into_iter().filter(|(_, form)| form.is_company) {
            result.push_str(&text[done..range.start].replace(SHIELD, ""));
            result.push(SHIELD);
            names.push(text[range.clone()].to_owned());
            done = range.end;
        }
        result.push_str(&text[done..].replace(SHIELD, ""));
        (result, Shielded(names))
    }

    /// The people whom `text` surely names.
    /// Of namesakes, one at a client of whom `is_near` holds is meant.
    pub fn people_in(&self, text: &str, is_near: impl Fn(ClientId) -> bool) -> BTreeSet<ContactId> {
        self.hits(text, |form| is_near(form.client)).into_iter().filter_map(|(_, form)| form.person).collect()
    }

    /// The names in `text`, in its order. Of names that overlap the longest is meant; of equal ones the surest, then the preferred.
    fn hits(&self, text: &str, is_preferred: impl Fn(&Form) -> bool) -> Vec<Hit<'_>> {
        let Some(index) = &self.index else { return Vec::new() };
        let folded = Folded::of(text);
        let mut hits: Vec<Hit> = index
            .find_overlapping_iter(&folded.text)
            .filter(|found| folded.is_whole(found.range()))
            .map(|found| (folded.original(found.range()), &self.forms[found.pattern().as_usize()]))
            .filter(|(range, form)| form.kind == Kind::Full || !form.needs_capital || begins_large(&text[range.clone()]))
            .collect();
        hits.sort_by_key(|(range, form)| (range.start, Reverse(range.end), form.kind, !is_preferred(form)));
        let mut meant: Vec<Hit> = Vec::new();
        for hit in hits {
            match meant.last_mut() {
                Some(last) if hit.0.start < last.0.end => {
                    if hit.0.len() > last.0.len() {
                        *last = hit;
                    }
                }
                _ => meant.push(hit),
            }
        }
        meant
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn begins_large(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
}

/// The forms in which `name` is looked for: how sure each is, and whether it needs a capital.
fn spellings(name: &str, spelt: Spelt) -> Vec<(String, Kind, bool)> {
    if spelt == Spelt::Host {
        return of_host(name);
    }
    let folded = Folded::of(name.trim()).text;
    if folded.is_empty() {
        return Vec::new();
    }
    let words: Vec<&str> = words_of(&folded).collect();
    let is_one_word = words.len() < 2;
    let mut all = vec![(folded.clone(), Kind::Full, is_one_word)];
    if matches!(spelt, Spelt::Person(_)) || is_one_word {
        return all;
    }
    let legal = words[1..].iter().rev().take_while(|word| LEGAL_FORMS.contains(word)).count();
    let (name, legal) = words.split_at(words.len() - legal);
    let mut forms = vec![(folded.as_str(), Kind::Full, false)];
    if !legal.is_empty() {
        let short = without_end(&folded, legal);
        let kind = if short.chars().count() < SURE_CHARS { Kind::Part } else { Kind::Short };
        forms.push((short, kind, name.len() < 2));
    }
    for (form, kind, needs_capital) in forms {
        let spelt_out = form.replace(" & ", " and ");
        let signed = form.replace(" and ", " & ");
        let bare = words_of(form).collect::<Vec<_>>().join(" ");
        all.extend([form.to_owned(), spelt_out, signed, bare].map(|form| (form, kind, needs_capital)));
    }
    if let Some(first) = words.first().filter(|word| !is_function_word(word) && word.chars().count() > 1) {
        all.push(((*first).to_owned(), Kind::Part, true));
    }
    all.sort();
    all.dedup();
    all
}

/// `folded` without the words `end` and what joins them to the rest.
fn without_end<'a>(folded: &'a str, end: &[&str]) -> &'a str {
    let mut short = folded;
    for word in end.iter().rev() {
        short = short.trim_end_matches(|c: char| !c.is_alphanumeric());
        short = short.strip_suffix(word).unwrap_or(short);
    }
    short.trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// A host, the domain that it belongs to, and what that begins with.
fn of_host(host: &str) -> Vec<(String, Kind, bool)> {
    let labels: Vec<&str> = host.trim_start_matches("www.").split('.').collect();
    // Such as co.uk.
    let ending = if labels.len() > 2 && labels[labels.len() - 2].len() < 4 { 2 } else { 1 };
    let mut all = vec![(Folded::of(host).text, Kind::Full, false), (Folded::of(&labels.join(".")).text, Kind::Full, false)];
    if labels.len() > ending {
        let domain = &labels[labels.len() - ending - 1..];
        all.push((Folded::of(&domain.join(".")).text, Kind::Full, false));
        all.push((Folded::of(domain[0]).text, Kind::Part, false));
    }
    all.retain(|(form, ..)| form.chars().count() > 1);
    all
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
    let words: Vec<(usize, &str)> = words_of(text).map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word)).collect();
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit()) || NUMBERS.contains(&word.to_lowercase().as_str());
    let mut found = Vec::new();
    for (place, (at, word)) in words.iter().enumerate() {
        let before = &words[place.saturating_sub(3)..place];
        let Some((from, _)) = before.iter().find(|(_, word)| is_number(word)) else { continue };
        // Of another sentence, line or cell, or a time.
        if text[*from..*at].contains(['.', ':', ';', '\n', '|', '(']) {
            continue;
        }
        if COUNTED.contains(&word.to_lowercase().as_str()) {
            found.push(Mention { quote: around(text, &(*from..at + word.len())), kind: MentionKind::Count });
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

    fn clients(own: &[&str], foreign: &[&str]) -> Clients {
        let known = |client: ClientId| {
            move |name: &&str| {
                let spelt = if name.contains('.') && !name.contains(' ') { Spelt::Host } else { Spelt::Name };
                Known { client, name: (*name).to_owned(), spelt }
            }
        };
        Clients::of(own.iter().map(known(READER)).chain(foreign.iter().map(known(OTHER))).collect())
    }

    #[test]
    fn the_names_of_others_are_gone_and_one_s_own_stay() {
        let clients = clients(
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
            ("Bexley and Sons, Bexley &amp; Sons plc", "others"),
            ("mailto:client-contact-1-of-bexley-sons-plc", "mailto:client-contact-1-of-others"),
            ("https://static.bexley.example/a.css", "https://static.others/a.css"),
        ] {
            assert_eq!(clients.leave_out(written, READER).0, left, "{written}");
        }
    }

    #[test]
    fn a_word_of_a_name_is_pointed_at() {
        let clients = clients(&["Acme Retail"], &["Bexley & Sons plc", "Acme Ltd"]);
        let (text, mentions) = clients.leave_out("The disk at Bexley was full, and Retail went down; bexley is no name.", READER);
        assert_eq!((text.as_str(), mentions.len()), ("The disk at Bexley was full, and Retail went down; bexley is no name.", 1));
        assert!(mentions[0].kind == MentionKind::PartOfName && mentions[0].quote.contains("Bexley"), "{mentions:?}");
    }

    #[test]
    fn parts_of_names_and_single_words_need_somebody_to_look() {
        let clients = clients(&[], &["BP plc", "404", "Next", "www.bexley.example"]);
        for (written, left, pointed) in [
            ("BP called", "BP called", 1),
            ("HTTP 404 came next", "HTTP 404 came next", 2),
            ("the shop of Next", "the shop of others", 0),
            ("/srv/bexley is full", "/srv/bexley is full", 1),
        ] {
            let (text, mentions) = clients.leave_out(written, READER);
            assert_eq!(
                (text.as_str(), mentions.iter().filter(|mention| mention.kind == MentionKind::PartOfName).count()),
                (left, pointed),
                "{written}"
            );
        }
    }

    #[test]
    fn a_company_is_no_person() {
        let clients = clients(&["Fell & Sons Ltd"], &["Harper Bank Ltd"]);
        let (shielded, names) = clients.shield("Fell and Sons saw it before Harper did; Harper Bank was late.");
        assert!(!shielded.contains("Fell") && shielded.contains("Harper did"), "{shielded}");
        assert_eq!(names.restore(&shielded), "Fell and Sons saw it before Harper did; Harper Bank was late.");
    }

    #[test]
    fn what_counts_clients_is_pointed_at() {
        let clients = clients(&[], &[]);
        for counting in ["It hit 3 clients.", "both of the sites", "Two other customers saw it", "twelve websites"] {
            let (text, mentions) = clients.leave_out(counting, READER);
            assert_eq!((text.as_str(), mentions.len(), mentions[0].kind), (counting, 1, MentionKind::Count), "{counting}");
        }
        for plain in ["52 min later. Sites: one", "Our clients saw 3 errors.", "the site was slow for 20 minutes", "sites"] {
            assert_eq!(clients.leave_out(plain, READER).1, [], "{plain}");
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
            let clients = clients(&["Quince Ltd"], &all);
            let mut text = String::new();
            for (which, how) in order {
                let name = all[which % all.len()];
                let name = match how { 0 => name.to_owned(), 1 => name.to_uppercase(), _ => name.replace(' ', "\n") };
                let _ = write!(text, "{} {name}, ", words[which % words.len()]);
            }
            let left = Folded::of(&clients.leave_out(&text, READER).0);
            for name in all {
                let name = Folded::of(name).text;
                let found = left.text.match_indices(&name).any(|(at, _)| left.is_whole(at..at + name.len()));
                prop_assert!(!found, "{name} in {}", left.text);
            }
        }
    }
}
