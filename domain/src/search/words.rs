//! What a word is. Pure.
//!
//! A text is runs of characters with white space between them. A word begins where letters or digits begin in a run, and in a name such as
//! `DiskAlmostFull` with each of its parts; it ends with its run. So `web-3.example.org` says `web-3.example.org`, `3.example.org`, `example.org`
//! and `org`. What somebody looks for is the beginning of a word: they find it by `web`, `web-3` and `example`, but not by `ample`. Case and accents
//! make no difference. In languages that put no space between words, each character begins one.

use std::collections::BTreeSet;

use entity::incident;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::limits;

/// Characters of a word that count.
const CHARS: usize = 40;

/// A character without accent and in lower case.
struct Letter {
    is: char,
    was_upper: bool,
}

impl Letter {
    fn is_lower(&self) -> bool {
        !self.was_upper && self.is.is_lowercase()
    }
}

/// What `text` says. Of a long one, the first [`limits::WORDS_OF_TEXT`] different words.
pub fn words(text: &str) -> BTreeSet<String> {
    let (letters, mut words) = (folded(text), BTreeSet::new());
    for run in runs(&letters) {
        for start in (0..run.len()).filter(|place| begins(run, *place)) {
            if words.len() == limits::WORDS_OF_TEXT {
                return words;
            }
            words.insert(cut(&run[start..]));
        }
    }
    words
}

/// What the row of an incident says by itself.
pub fn named(row: &incident::Model) -> BTreeSet<String> {
    let mut named = words(&row.name);
    named.extend(row.summary.as_deref().map(words).unwrap_or_default());
    named
}

/// The beginnings of words that somebody who types `text` looks for. Signs alone are none.
pub fn beginnings(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for run in runs(&folded(text)) {
        let beginning = cut(run);
        if !found.contains(&beginning) {
            found.push(beginning);
        }
    }
    found
}

fn folded(text: &str) -> Vec<Letter> {
    let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
    let lower = |c: char| c.to_lowercase().filter(|c| !is_combining_mark(*c)).map(move |is| Letter { is, was_upper: c.is_uppercase() });
    bare.flat_map(lower).collect()
}

/// The runs that say something, without the signs around them.
fn runs(letters: &[Letter]) -> impl Iterator<Item = &[Letter]> {
    letters.split(|letter| letter.is.is_whitespace() || letter.is.is_control()).filter_map(|run| {
        let says = |letter: &Letter| letter.is.is_alphanumeric();
        Some(&run[run.iter().position(says)?..=run.iter().rposition(says)?])
    })
}

fn begins(run: &[Letter], place: usize) -> bool {
    let here = &run[place];
    if !here.is.is_alphanumeric() {
        return false;
    }
    let Some(before) = place.checked_sub(1).map(|before| &run[before]) else { return true };
    if !before.is.is_alphanumeric() || stands_alone(here.is) || stands_alone(before.is) {
        return true;
    }
    here.was_upper && (before.is_lower() || (before.was_upper && run.get(place + 1).is_some_and(Letter::is_lower)))
}

/// Whether it is a character of a language that puts no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
fn stands_alone(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

fn cut(letters: &[Letter]) -> String {
    letters.iter().take(CHARS).map(|letter| letter.is).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        words(text).into_iter().collect()
    }

    #[test]
    fn a_word_begins_where_letters_or_digits_begin() {
        for (text, words) in [
            ("", &[][..]),
            ("-- % 🦀", &[]),
            ("Certificate expired, again.", &["again", "certificate", "expired"]),
            ("web-3.example.org", &["3.example.org", "example.org", "org", "web-3.example.org"]),
            ("(10.0.0.7:8080)", &["0.0.7:8080", "0.7:8080", "10.0.0.7:8080", "7:8080", "8080"]),
            ("Café ÉTÉ", &["cafe", "ete"]),
            ("a\u{0}b\tc", &["a", "b", "c"]),
            ("ORA-01555\n#4711", &["01555", "4711", "ora-01555"]),
        ] {
            assert_eq!(said(text), words, "{text}");
        }
    }

    #[test]
    fn names_are_found_by_their_parts() {
        assert_eq!(said("DiskAlmostFull"), ["almostfull", "diskalmostfull", "full"]);
        assert_eq!(said("HTTPServer web1"), ["httpserver", "server", "web1"]);
    }

    #[test]
    fn characters_without_spaces_between_words_each_begin_one() {
        assert_eq!(said("数据库"), ["库", "据库", "数据库"]);
    }

    #[test]
    fn what_somebody_looks_for_is_without_the_signs_around_it() {
        assert_eq!(beginnings("  #4711 \"Web-3. web-3 /var/log/ --  É"), ["4711", "web-3", "var/log", "e"]);
        assert!(beginnings("% -- 🦀").is_empty());
    }

    #[test]
    fn every_beginning_of_a_word_is_one_in_order() {
        // The index is asked for a range, so what a word begins with must sort before it and be its beginning.
        let text = "Checkout at web-3.example.org answered 502 (ERR_CONN_42)";
        for beginning in ["check", "web-3", "3.ex", "example", "502", "err_", "42", "CONN"] {
            let beginning = &beginnings(beginning)[0];
            assert!(words(text).range(beginning.clone()..).next().is_some_and(|word| word.starts_with(beginning.as_str())), "{beginning}");
        }
    }

    #[test]
    fn long_texts_and_long_words_are_bounded() {
        let long = "x".repeat(1_000);
        assert_eq!(said(&long), [long[..CHARS].to_owned()]);
        assert_eq!(beginnings(&long), [long[..CHARS].to_owned()]);
        let many: Vec<String> = (0..3 * limits::WORDS_OF_TEXT).map(|number| number.to_string()).collect();
        assert_eq!(words(&many.join(" ")).len(), limits::WORDS_OF_TEXT);
    }
}
