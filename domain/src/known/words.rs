//! Words of English texts, as they are searched for: in lower case, without accents, without those that say nothing, and as their stems, so that
//! “expired certificates” finds “a certificate expires”. Pure.
//!
//! `DiskAlmostFull` is found by `disk` as well. What a word may be misspelt as is found by what is left of it without one letter ([`nears`]):
//! two words with a letter wrong, missing, too many or swapped have one of these in common.

use std::collections::{BTreeMap, BTreeSet};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters of a word: shorter ones are found everywhere, longer ones are hashes and tokens.
const CHARS: std::ops::RangeInclusive<usize> = 2..=40;
/// Letters of a word that may be misspelt: of shorter ones, too many are alike.
const MISSPELT: std::ops::RangeInclusive<usize> = 5..=20;
/// From this length on, two letters may be wrong.
const LONG: usize = 8;
/// Weights and lengths at which a word of a document says half of what it can.
const HALF: f64 = 4.0;
/// How much of that depends on the document's length, and the words of a usual one.
const BY_LENGTH: f64 = 0.3;
const USUAL_LENGTH: f64 = 100.0;

/// Words that say nothing about what is wrong, in order.
const EMPTY: &[&str] = &[
    "about", "above", "after", "again", "all", "also", "always", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "below", "between", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "done", "down", "during",
    "each", "else", "error", "errors", "every", "few", "first", "for", "from", "further", "get", "gets", "got", "had", "has", "have",
    "having", "he", "her", "here", "hers", "him", "his", "how", "if", "in", "incident", "into", "is", "issue", "issues", "it", "its",
    "itself", "just", "let", "like", "made", "make", "makes", "many", "may", "me", "might", "more", "most", "must", "my", "near", "new",
    "no", "nor", "not", "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "over", "own", "page",
    "pages", "per", "problem", "problems", "put", "rather", "same", "say", "see", "seem", "seems", "she", "should", "since", "site",
    "sites", "so", "some", "still", "such", "take", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they",
    "this", "those", "through", "to", "too", "two", "under", "until", "up", "upon", "us", "use", "used", "using", "very", "via", "was",
    "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why", "will", "with", "within", "without", "would", "yet",
    "you", "your",
];

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// In lower case and without accents.
    pub word: String,
    /// What its forms have in common.
    pub stem: String,
}

/// The words of `text`, in order.
pub fn words(text: &str) -> Vec<Word> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut found = Vec::new();
    for run in text.split(|c: char| !c.is_alphanumeric() && !is_apostrophe(c)) {
        // The owner of “Kim's” is Kim.
        let run = run.trim_matches(is_apostrophe).split(is_apostrophe).next().unwrap_or_default();
        let parts = parts(run);
        if parts.len() > 1 {
            found.extend(parts.into_iter().filter_map(|part| word(part, &stemmer)));
        }
        found.extend(word(run, &stemmer));
    }
    found
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

fn word(text: &str, stemmer: &Stemmer) -> Option<Word> {
    let word: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    if !CHARS.contains(&word.chars().count()) || EMPTY.binary_search(&word.as_str()).is_ok() {
        return None;
    }
    Some(Word { stem: stemmer.stem(&word).into_owned(), word })
}

/// What a name such as `DiskAlmostFull` is made of.
fn parts(run: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    let mut cuts = vec![0];
    for place in 1..chars.len() {
        let (before, (at, here), after) = (chars[place - 1].1, chars[place], chars.get(place + 1).map(|(_, c)| *c));
        if here.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && after.is_some_and(char::is_lowercase))) {
            cuts.push(at);
        }
    }
    cuts.push(run.len());
    cuts.windows(2).map(|cut| &run[cut[0]..cut[1]]).collect()
}

/// Whether `word` may be a misspelt one: it has letters alone, and enough of them.
pub fn may_be_misspelt(word: &str) -> bool {
    MISSPELT.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The word, and what is left of it without each of its letters.
pub fn nears(word: &str) -> BTreeSet<String> {
    let without = |place: usize| [&word[..place], &word[place + 1..]].concat();
    let is_one = |place: &usize| word.is_char_boundary(*place) && word.is_char_boundary(place + 1);
    std::iter::once(word.to_owned()).chain((0..word.len()).filter(is_one).map(without)).collect()
}

/// Whether `given` may be meant for `word`.
pub fn is_near(given: &str, word: &str) -> bool {
    let wrong = strsim::osa_distance(given, word);
    wrong <= if given.len() < LONG { 1 } else { 2 }
}

/// What a document says, and how much each word says of it.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    counts: BTreeMap<String, f64>,
    /// With their stems.
    words: BTreeMap<String, String>,
    length: usize,
}

/// Where in a document a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its title or name.
    Title,
    /// A heading, or what its front matter says it is about.
    Heading,
    /// Its text.
    Body,
    /// Code in it.
    Code,
}

impl Place {
    fn weight(self) -> f64 {
        match self {
            Self::Title => 8.0,
            Self::Heading => 3.0,
            Self::Body => 1.0,
            Self::Code => 0.7,
        }
    }
}

impl Weighed {
    /// Adds a text that stands at `place`.
    pub fn add(&mut self, text: &str, place: Place) {
        for Word { word, stem } in words(text) {
            *self.counts.entry(stem.clone()).or_default() += place.weight();
            self.length += 1;
            self.words.insert(word, stem);
        }
    }

    /// The words as they are written, each with its stem.
    pub fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        self.words.iter().map(|(word, stem)| (word.as_str(), stem.as_str()))
    }

    /// The stems that say the most, at most so many, each with how much it says of the document, of 100.
    pub fn terms(&self, most: usize) -> Vec<(String, i16)> {
        let length = (f64::from(u32::try_from(self.length).unwrap_or(u32::MAX)) / USUAL_LENGTH).min(4.0);
        let half = HALF * (1.0 - BY_LENGTH + BY_LENGTH * length);
        let mut terms: Vec<(&String, f64)> = self.counts.iter().map(|(stem, count)| (stem, count / (count + half))).collect();
        terms.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(other.0)));
        terms.truncate(most);
        terms.into_iter().map(|(stem, share)| (stem.clone(), percent(share))).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share is between 0 and 1")]
fn percent(share: f64) -> i16 {
    ((share * 100.0).round() as i16).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn empty_words_are_in_order() {
        assert!(EMPTY.is_sorted());
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        assert_eq!(stems("Certificates expired"), stems("the certificate expires"));
        assert_eq!(stems("Kim’s Café"), ["kim", "cafe"]);
    }

    #[test]
    fn names_are_found_by_their_parts_too() {
        assert_eq!(stems("DiskAlmostFull"), ["disk", "almost", "full", "diskalmostful"]);
        assert_eq!(parts("HTTPServer"), ["HTTP", "Server"]);
        assert_eq!(parts("web1"), ["web1"]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn what_is_misspelt_has_something_in_common_with_what_is_meant() {
        for (given, meant) in [("certifcate", "certificate"), ("servce", "service"), ("replciation", "replication"), ("backupp", "backup")]
        {
            assert!(may_be_misspelt(given) && is_near(given, meant), "{given}");
            assert!(nears(given).intersection(&nears(meant)).next().is_some(), "{given}");
        }
        assert!(!is_near("redis", "rails") && !may_be_misspelt("dns") && !may_be_misspelt("web12"));
    }

    #[test]
    fn a_title_says_more_than_the_text() {
        let mut weighed = Weighed::default();
        weighed.add("Disk", Place::Title);
        weighed.add("delete logs, and more logs", Place::Body);
        let terms = weighed.terms(2);
        assert_eq!(terms.iter().map(|(stem, _)| stem.as_str()).collect::<Vec<_>>(), ["disk", "log"]);
        assert!(terms[0].1 > terms[1].1 && terms[0].1 <= 100);
    }
}
