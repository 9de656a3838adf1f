//! Everything a person may be called in a text. Pure.

use std::collections::BTreeSet;

use super::fold::fold;
use super::person::Person;
use super::words::{is_function_word, is_word};

/// What kind of name a form is. The more telling kind comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Address,
    /// First name and surname, in any order or spelling.
    Full,
    /// The same with a bare initial.
    Initial,
    /// A first name, nickname or surname alone.
    Single,
    Handle,
}

const TITLES: [&str; 14] = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "rev", "herr", "frau", "ing"];
const SUFFIXES: [&str; 8] = ["jr", "sr", "ii", "iii", "iv", "phd", "msc", "md"];
const PARTICLES: [&str; 40] = [
    "van", "der", "den", "de", "da", "di", "du", "del", "della", "dos", "das", "do", "la", "le", "el", "al", "bin", "ibn", "binti", "bint",
    "von", "zu", "zum", "zur", "ten", "ter", "te", "st", "san", "y", "e", "af", "av", "ap", "mac", "ben", "vande", "o", "ni", "nic",
];

/// What mailboxes and departments are called, and people are not.
const MAILBOXES: [&str; 22] = [
    "office",
    "team",
    "support",
    "desk",
    "helpdesk",
    "servicedesk",
    "reception",
    "department",
    "dept",
    "webmaster",
    "postmaster",
    "hotline",
    "info",
    "marketing",
    "accounting",
    "billing",
    "operations",
    "secretariat",
    "switchboard",
    "newsroom",
    "webteam",
    "mailbox",
];

/// The folded forms of `person`, each with the kinds that it is.
pub fn of(person: &Person) -> BTreeSet<(String, Kind)> {
    let mut forms = Forms::default();
    for name in person.former_names.iter().chain([&person.name]) {
        let (words, mut nicknames) = read(name);
        nicknames.extend(person.nicknames.iter().cloned());
        forms.add_name(&words);
        let surname = surname(&words);
        for nickname in &nicknames {
            forms.add(nickname, Kind::Single);
            if !surname.is_empty() {
                forms.add_full(nickname, &surname);
            }
        }
    }
    for handle in &person.handles {
        forms.add_handle(handle);
    }
    for email in &person.emails {
        forms.add(email, Kind::Address);
        // The part before the @ is often a name on machines. Not if it is a word that they are not called: `support`.
        let local = fold(email.split(['@', '+']).next().unwrap_or_default());
        if !is_word(&local) || forms.found.contains(&(local.clone(), Kind::Single)) {
            forms.add_handle(&local);
        }
    }
    forms.found
}

/// The folded forms that are surely `person`: their names with both parts, and their addresses.
pub fn sure(person: &Person) -> impl Iterator<Item = String> {
    of(person).into_iter().filter(|(_, kind)| matches!(kind, Kind::Full | Kind::Address)).map(|(form, _)| form)
}

/// Whether `word`, folded, is a title that stands before names.
pub fn is_title(word: &str) -> bool {
    TITLES.contains(&word)
}

#[derive(Default)]
struct Forms {
    found: BTreeSet<(String, Kind)>,
}

impl Forms {
    fn add_name(&mut self, words: &[String]) {
        let is_of_mailbox = |word: &String| MAILBOXES.contains(&fold(word).as_str());
        if words.iter().any(is_of_mailbox) {
            self.add(&words.join(" "), Kind::Full);
            // "Dana Blackwood - Support" is Dana; the words of "Festival Office" and "Support at Fell" are nobody's names.
            let name: Vec<String> = words.iter().filter(|word| !is_of_mailbox(word)).cloned().collect();
            if name.len() < 2 || name.iter().any(|word| is_function_word(&fold(word))) {
                return;
            }
            return self.add_name(&name);
        }
        let surname = surname(words);
        let first = words.first().map(String::as_str).unwrap_or_default();
        if words.len() > 1 {
            self.add_full(&words[..words.len() - 1].join(" "), &words[words.len() - 1]);
            self.add_full(first, &surname);
            self.add_full(first, &words[words.len() - 1]);
            self.add(&surname, Kind::Single);
        }
        for (at, word) in words.iter().enumerate() {
            // A particle is a name alone only where nothing else is.
            if words.len() == 1 || at == 0 || !is_particle(word) {
                self.add(word, Kind::Single);
                word.split(|c: char| "-‐‑‒–".contains(c)).for_each(|part| self.add(part, Kind::Single));
            }
        }
    }

    fn add_full(&mut self, first: &str, surname: &str) {
        for first in spellings(first) {
            for surname in spellings(surname) {
                self.put(format!("{first} {surname}"), Kind::Full);
                self.put(format!("{surname} {first}"), Kind::Full);
                self.put(format!("{surname}, {first}"), Kind::Full);
                self.put(format!("{first}{surname}").replace([' ', '\''], ""), Kind::Full);
                if let Some(initial) = first.chars().next() {
                    self.put(format!("{initial} {surname}"), Kind::Initial);
                    self.put(format!("{initial}. {surname}"), Kind::Initial);
                }
                // "Will I" and "Mark a" are no names.
                if let Some(initial) = surname.chars().next().filter(|initial| !is_word(&first) || !"ai".contains(*initial)) {
                    self.put(format!("{first} {initial}"), Kind::Initial);
                }
            }
        }
    }

    fn add_handle(&mut self, handle: &str) {
        let handle = handle.trim().trim_start_matches(['<', '@']).trim_end_matches('>');
        self.add(handle.split('|').next().unwrap_or_default(), Kind::Handle);
    }

    fn add(&mut self, name: &str, kind: Kind) {
        for name in spellings(name) {
            self.put(name, kind);
        }
    }

    /// A single letter is no name.
    fn put(&mut self, form: String, kind: Kind) {
        let is_wide = !form.is_ascii();
        if form.chars().filter(|c| c.is_alphanumeric()).count() > 1 || is_wide {
            self.found.insert((form, kind));
        }
    }
}

/// A name folded, and how machines without its letters write it: `O'Brien`, `OBrien`, `O-Brien`; `Müller`, `Mueller`; `Smith-Jones`, `SmithJones`.
fn spellings(name: &str) -> Vec<String> {
    let plain = fold(name);
    let mut all = vec![plain.clone()];
    if plain.contains('\'') {
        all.extend([plain.replace('\'', ""), plain.replace('\'', " ")]);
    }
    if plain.contains(' ') {
        all.push(plain.replace([' ', '\''], ""));
    }
    let is_umlaut = |c: char| "äöüÄÖÜøØåÅ".contains(c);
    let composed: String = unicode_normalization::UnicodeNormalization::nfc(name).collect();
    if composed.contains(is_umlaut) {
        let long: String = composed.chars().map(|c| with_e(c).map_or(c.to_string(), str::to_owned)).collect();
        all.push(fold(&long));
    }
    all.retain(|form| !form.is_empty());
    all.sort();
    all.dedup();
    all
}

fn with_e(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'Ä' => "ae",
        'ö' | 'Ö' | 'ø' | 'Ø' => "oe",
        'ü' | 'Ü' => "ue",
        'å' | 'Å' => "aa",
        _ => return None,
    })
}

/// The words of a name without titles, suffixes and remarks in brackets; and the nicknames in quotes.
fn read(name: &str) -> (Vec<String>, Vec<String>) {
    let (mut plain, mut nicknames, mut inside) = (String::new(), Vec::new(), None::<(char, String)>);
    for c in name.chars() {
        match (&mut inside, c) {
            (None, '(' | '[') => inside = Some((if c == '(' { ')' } else { ']' }, String::new())),
            (None, '"' | '“') => inside = Some((if c == '"' { '"' } else { '”' }, String::new())),
            (None, _) => plain.push(c),
            (Some((end, text)), _) if c == *end => {
                if matches!(c, '"' | '”') {
                    nicknames.push(std::mem::take(text));
                }
                plain.push(' ');
                inside = None;
            }
            (Some((_, text)), _) => text.push(c),
        }
    }
    // "Lee, Kim" is Kim Lee.
    let ordered = match plain.split_once(',') {
        Some((surname, first)) if !is_suffix(first) => format!("{first} {surname}"),
        _ => plain.replace(',', " "),
    };
    let words = ordered.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && !"'’".contains(c)));
    let words: Vec<String> = words.filter(|word| !word.is_empty() && !is_suffix(word)).map(str::to_owned).collect();
    let titles = words.iter().take_while(|word| is_title(&fold(word))).count();
    let words = if titles < words.len() { words[titles..].to_vec() } else { words };
    (words, nicknames)
}

fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&fold(word).trim_end_matches('.'))
}

fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&fold(word).as_str())
}

/// The last word with the particles before it; nothing of a name that is one word.
fn surname(words: &[String]) -> String {
    let Some(last) = words.len().checked_sub(1).filter(|last| *last > 0) else { return String::new() };
    let particles = words[1..last].iter().rev().take_while(|word| is_particle(word)).count();
    words[last - particles..].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(name: &str) -> Vec<String> {
        of(&Person { name: name.to_owned(), ..Person::default() }).into_iter().map(|(form, _)| form).collect()
    }

    #[test]
    fn a_name_is_found_in_the_ways_people_write_it() {
        for (name, forms) in [
            ("Kim Lee", &["kim", "lee", "kim lee", "lee kim", "lee, kim", "k. lee", "kim l", "kimlee"][..]),
            ("Lee, Kim", &["kim lee", "kim"]),
            ("Dr. Kim \"Kimmy\" Lee Jr. (contractor)", &["kim lee", "kimmy", "kimmy lee"]),
            ("Jan van der Berg", &["van der berg", "berg", "jan berg", "jan van der berg", "vanderberg"]),
            ("Siobhán O’Brien", &["o'brien", "obrien", "o brien", "siobhan"]),
            ("Anna-Lena Smith‑Jones", &["anna", "lena", "anna lena", "smith jones", "smithjones", "jones", "anna lena smith jones"]),
            ("Jürgen Müller", &["mueller", "muller", "jurgen mueller"]),
            ("李 明", &["李", "明", "李 明"]),
            ("Sukarno", &["sukarno"]),
        ] {
            let found = all(name);
            for form in forms {
                assert!(found.iter().any(|one| one == form), "{form} is missing: {found:?}");
            }
        }
        assert!(!all("Jan van der Berg").iter().any(|form| ["van", "der"].contains(&form.as_str())));
        assert!(!all("Kim Lee (contractor)").iter().any(|form| form.contains("contractor")));
    }

    #[test]
    fn a_mailbox_has_no_first_name() {
        for name in ["Festival Office", "Support at Fell", "Web Team"] {
            let found = all(name);
            assert!(found.iter().all(|form| form.split(' ').count() == name.split(' ').count() || !form.contains(' ')), "{found:?}");
            assert!(!found.iter().any(|form| ["festival", "fell", "web", "office", "team"].contains(&form.as_str())), "{found:?}");
            assert!(found.contains(&name.to_lowercase()), "{found:?}");
        }
        for name in ["Dana Blackwood - Support", "Dana Blackwood, Accounting", "Support Dana Blackwood", "Dana Blackwood (Support Team)"] {
            let found = all(name);
            assert!(["dana blackwood", "dana", "blackwood"].iter().all(|form| found.iter().any(|one| one == form)), "{name}: {found:?}");
        }
    }

    #[test]
    fn a_mailbox_that_is_a_word_is_no_name() {
        let person = Person {
            name: "Kim Lee".to_owned(),
            emails: vec!["support@example.org".to_owned(), "klee@example.org".to_owned()],
            handles: vec!["<@U01AB|kim>".to_owned(), "@kiml".to_owned()],
            ..Person::default()
        };
        let forms = of(&person);
        assert!(!forms.iter().any(|(form, _)| form == "support"));
        for (form, kind) in
            [("klee", Kind::Handle), ("u01ab", Kind::Handle), ("kiml", Kind::Handle), ("support@example org", Kind::Address)]
        {
            assert!(forms.contains(&(form.to_owned(), kind)), "{form}");
        }
    }
}
