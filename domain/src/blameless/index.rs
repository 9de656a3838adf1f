//! Where a text names somebody: all forms of all people at once, by Aho and Corasick's automaton, at the edges of words. Pure.
//!
//! It finds what is spelt like a name; whether it is one is for [`judge`](super::judge).

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::fold::Folded;
use super::forms::{self, Kind};
use super::person::Person;
use super::words::is_word;

/// A form, and who is called so.
#[derive(Debug)]
pub struct Form {
    pub text: String,
    pub kind: Kind,
    /// People by their place in the cast.
    pub people: Vec<usize>,
    /// Those of them whose handle it is.
    pub handle_of: Vec<usize>,
    /// Whether each of its words is an English word too.
    pub is_wordy: bool,
    /// Whether it is a name alone, of letters, that is no word: found in `kim2` and `KimsLaptop` as well.
    is_solid: bool,
}

#[derive(Debug)]
pub struct Index {
    automaton: AhoCorasick,
    forms: Vec<Form>,
}

/// A place in a folded text that is spelt like a form.
#[derive(Debug)]
pub struct Hit<'a> {
    pub form: &'a Form,
    /// In the original text.
    pub range: Range<usize>,
}

impl Index {
    pub fn of<'a>(people: impl Iterator<Item = &'a Person>) -> Self {
        let mut all: BTreeMap<String, Vec<(Kind, usize)>> = BTreeMap::new();
        for (at, person) in people.enumerate() {
            for (form, kind) in forms::of(person) {
                all.entry(form).or_default().push((kind, at));
            }
        }
        let forms: Vec<Form> = all.into_iter().map(|(text, owners)| Form::new(text, &owners)).collect();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(forms.iter().map(|form| &form.text))
            .expect("as many names as fit into memory are few for the automaton");
        Self { automaton, forms }
    }

    /// The hits in their order, none over another: of those that overlap, the one that begins first, then the longest. `was_there` says who
    /// had a part in what the text is about.
    pub fn hits(&self, folded: &Folded, text: &str, was_there: impl Fn(usize) -> bool) -> Vec<Hit<'_>> {
        let mut hits: Vec<_> = self
            .automaton
            .find_overlapping_iter(&folded.text)
            .filter(|hit| {
                let form = &self.forms[hit.pattern().as_usize()];
                stands_alone(form, folded, text, hit.range())
            })
            .collect();
        hits.sort_unstable_by_key(|hit| (hit.start(), usize::MAX - hit.end()));
        let is_split = |at: usize| {
            let hit = &hits[at];
            let form = &self.forms[hit.pattern().as_usize()];
            let mut within = hits[at + 1..].iter().take_while(|other| other.start() < hit.end());
            // "Root, Niamh Reed" names two people, although there may be a Niamh Root as well.
            form.text.contains(',') && (within.any(|other| other.end() > hit.end()) || self.names_two(form, &was_there))
        };
        let split: Vec<bool> = (0..hits.len()).map(is_split).collect();
        let (mut end, mut splits) = (0, split.into_iter());
        hits.retain(|hit| {
            let is_free = splits.next() == Some(false) && hit.start() >= end;
            if is_free {
                end = hit.end();
            }
            is_free
        });
        hits.iter().map(|hit| Hit { form: &self.forms[hit.pattern().as_usize()], range: folded.original(hit.range()) }).collect()
    }
}

impl Index {
    /// Whether "Root, Niamh" is said of two who were there, and not of a Niamh Root who was not.
    fn names_two(&self, form: &Form, was_there: impl Fn(usize) -> bool) -> bool {
        let is_somebody = |name: &str| {
            let known = self.forms.binary_search_by(|form| form.text.as_str().cmp(name));
            known.is_ok_and(|at| self.forms[at].people.iter().any(|person| was_there(*person)))
        };
        !form.people.iter().any(|person| was_there(*person)) && form.text.split(", ").all(is_somebody)
    }
}

impl Form {
    fn new(text: String, owners: &[(Kind, usize)]) -> Self {
        let kind = owners.iter().map(|(kind, _)| *kind).min().unwrap_or(Kind::Single);
        // Whoever has the address is meant, whatever else looks like it; so with a full name.
        let is_meant = |(of, _): &&(Kind, usize)| *of == kind || kind >= Kind::Initial;
        let mut people: Vec<usize> = owners.iter().filter(is_meant).map(|(_, person)| *person).collect();
        people.sort_unstable();
        people.dedup();
        let handle_of = owners.iter().filter(|(kind, _)| *kind == Kind::Handle).map(|(_, person)| *person).collect();
        let is_wordy = kind != Kind::Address && text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(is_word);
        let is_solid = !is_wordy && text.len() > 2 && text.chars().all(char::is_alphabetic);
        Self { text, kind, people, handle_of, is_wordy, is_solid }
    }
}

fn stands_alone(form: &Form, folded: &Folded, text: &str, at: Range<usize>) -> bool {
    let (before, after) = (&folded.text[..at.start], &folded.text[at.end..]);
    let (left, right) = (before.chars().next_back(), after.chars().next());
    // Chinese and Japanese put nothing between words.
    let is_edge = |next: Option<char>, own: Option<char>| next.is_none_or(|c| !c.is_alphanumeric()) || own.is_some_and(is_ideograph);
    let (first, last) = (form.text.chars().next(), form.text.chars().next_back());
    let left_edge = is_edge(left, first) && !is_elided(before);
    let right_edge = is_edge(right, last);
    if left_edge && right_edge {
        return form.kind != Kind::Initial || has_capital_initial(&text[folded.original(at)]);
    }
    if !form.is_solid {
        return false;
    }
    let around = (text_before(text, folded, at.start), text_after(text, folded, at.end));
    let own = &text[folded.original(at)];
    // `kim2.log`, `20261129kim.png`: digits up to the edge, on one side; not the letters of a hexadecimal number.
    let digits_left = left_edge || is_number_up_to_edge(around.0.chars().rev());
    let digits_right = right_edge || is_number_up_to_edge(around.1.chars());
    if digits_left && digits_right && (left_edge || right_edge) {
        return true;
    }
    // `Kims`, `kims-laptop`.
    if left_edge && after.strip_prefix('s').is_some_and(|rest| is_edge(rest.chars().next(), None)) && !is_word(&format!("{}s", form.text)) {
        return true;
    }
    // `KimLaptop`, `KimsLaptop`, `backupKim`: a capital begins a word, in what is no prose.
    let humps = |rest: &str| {
        rest.starts_with(char::is_uppercase) || rest.strip_prefix('s').is_some_and(|rest| rest.starts_with(char::is_uppercase))
    };
    let is_small = |c: char| c.is_lowercase() || c.is_numeric();
    (left_edge || (own.starts_with(char::is_uppercase) && around.0.ends_with(is_small) && word_before(around.0) > 3))
        && (right_edge || (own.ends_with(char::is_lowercase) && humps(around.1)))
}

fn text_before<'a>(text: &'a str, folded: &Folded, at: usize) -> &'a str {
    &text[..folded.original(at..at + 1).start]
}

fn text_after<'a>(text: &'a str, folded: &Folded, at: usize) -> &'a str {
    &text[folded.original(at - 1..at).end..]
}

/// How long the letters are that `text` ends in: Mac, De and other beginnings of surnames are short.
fn word_before(text: &str) -> usize {
    text.chars().rev().take_while(|c| c.is_alphanumeric()).count()
}

fn is_number_up_to_edge(mut chars: impl Iterator<Item = char>) -> bool {
    let Some(first) = chars.next() else { return false };
    first.is_ascii_digit() && chars.find(|c| !c.is_ascii_digit()).is_none_or(|c| !c.is_alphanumeric())
}

/// Whether a surname begins before the apostrophe: `O'` of O'Neil, `d'` of d'Angelo.
fn is_elided(before: &str) -> bool {
    let mut chars = before.chars().rev();
    chars.next() == Some('\'') && chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none_or(|c| !c.is_alphanumeric())
}

/// Whether the initial in `name` is a capital, as of people, and not of lists and plans.
fn has_capital_initial(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() == 1).all(|part| part.starts_with(char::is_uppercase))
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let person = |name: &str| Person { name: name.to_owned(), ..Person::default() };
        let people = ["Kim Lee", "Ann Kowalski", "Neil Adams", "Rob Ada", "李 明"].map(person);
        let index = Index::of(people.iter());
        index.hits(&Folded::of(text), text, |_| true).into_iter().map(|hit| text[hit.range].to_owned()).collect()
    }

    #[test]
    fn names_are_found_at_the_edges_of_words() {
        for (text, expected) in [
            ("Ann Kowalski’s note", &["Ann Kowalski"][..]),
            ("Ann Leeds", &["Ann"]),
            ("Anna, Annex, banner, Kimono, skim", &[]),
            ("kim2.log, kim_lee.png, 20261129kim.png", &["kim", "kim_lee", "kim"]),
            ("Kims laptop, KimLaptop, KimsLaptop, backupKim.tar", &["Kim", "Kim", "Kim", "Kim"]),
            ("McKim, DeAnn", &[]),
            ("commits 5ada4f and e1ann", &[]),
            ("O'Neil, Neil's", &["Neil"]),
            ("K. Lee, A. Kowalski, a kowalski", &["K. Lee", "A. Kowalski", "kowalski"]),
            ("Kim\n> Lee", &["Kim\n> Lee"]),
            ("我问李明了", &["李明"]),
            ("robust robs", &[]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
