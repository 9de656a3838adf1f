//! What English says about a word that may also be a name. Pure.
//!
//! `words.txt` has the words of three to nine letters in the levels 10 to 50 of SCOWL 2020.12.07 (British and American), the lists of
//! Debian's spell checkers; the copyright of SCOWL, which lets everybody use and change them, is in `words.copyright`. Rewritten by:
//! `cat {english,british,american}-words.{10,20,35,40,50} | grep -E '^[a-z]{3,9}$' | LC_ALL=C sort -u`, in `/usr/share/dict/scowl`.
//! Crates with such lists were looked at: they have no licence for their words, old dictionaries without inflections, or come with a
//! checker of grammar that is larger than Muster. The short lists below are ours: what surrounds a word, not the word itself.

use std::collections::HashSet;
use std::sync::LazyLock;

static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("words.txt").lines().collect());

/// Whether `word`, folded, is an ordinary English word, or so short that it is one somewhere (a command, an abbreviation).
pub fn is_word(word: &str) -> bool {
    (word.is_ascii() && word.len() < 3) || WORDS.contains(word)
}

/// Whether `word` is written small between others so often that it says nothing: "will", "may", "an".
pub fn is_function_word(word: &str) -> bool {
    FUNCTION.contains(&word)
}

pub fn is_month(word: &str) -> bool {
    MONTHS.contains(&word)
}

/// Whether a capital says nothing, as places, systems and months have one as well.
pub fn has_capital_anyway(word: &str) -> bool {
    is_month(word) || is_kind_of_people(word) || PLACES.contains(&word) || SYSTEMS.contains(&word)
}

/// Whether `word` is a people, language or belief, which has a capital as well.
pub fn is_kind_of_people(word: &str) -> bool {
    KINDS_OF_PEOPLE.contains(&word)
}

/// Whether only people do what `word` says.
pub fn is_said_of_people(word: &str) -> bool {
    DONE_BY_PEOPLE.contains(&word)
}

/// Whether `word` can be the verb right after a name.
pub fn may_be_verb(word: &str) -> bool {
    DONE_BY_PEOPLE.contains(&word) || AUXILIARIES.contains(&word) || (word.len() > 4 && word.ends_with("ed"))
}

pub fn is_auxiliary(word: &str) -> bool {
    AUXILIARIES.contains(&word)
}

pub fn is_adverb(word: &str) -> bool {
    ADVERBS.contains(&word) || (word.len() > 4 && word.ends_with("ly"))
}

pub fn is_determiner(word: &str) -> bool {
    DETERMINERS.contains(&word) || is_possessive(word)
}

pub fn is_possessive(word: &str) -> bool {
    ["my", "our", "your", "his", "her", "its", "their"].contains(&word)
}

pub fn is_pronoun(word: &str) -> bool {
    ["i", "you", "he", "she", "it", "we", "they", "there", "us", "them", "me", "him", "everyone", "anyone", "someone"].contains(&word)
}

pub fn is_preposition(word: &str) -> bool {
    PREPOSITIONS.contains(&word)
}

const FUNCTION: [&str; 85] = [
    "am", "an", "as", "at", "be", "by", "do", "go", "he", "hi", "if", "in", "is", "it", "me", "my", "no", "of", "oh", "ok", "on", "or",
    "so", "to", "up", "us", "we", "all", "and", "any", "are", "but", "can", "did", "does", "for", "from", "had", "has", "her", "here",
    "him", "his", "how", "into", "its", "may", "more", "most", "must", "nor", "not", "now", "off", "one", "only", "our", "out", "over",
    "own", "per", "she", "should", "some", "such", "than", "that", "the", "them", "then", "there", "they", "this", "too", "until", "was",
    "were", "what", "when", "who", "why", "will", "with", "yes", "you",
];
const MONTHS: [&str; 13] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "sept", "october", "november", "december"];
const PLACES: [&str; 44] = [
    "adelaide",
    "alexandria",
    "america",
    "asia",
    "austin",
    "boston",
    "bristol",
    "brooklyn",
    "carolina",
    "catalina",
    "charlotte",
    "chelsea",
    "chester",
    "china",
    "dallas",
    "devon",
    "dublin",
    "durham",
    "florence",
    "georgia",
    "holland",
    "houston",
    "india",
    "ireland",
    "israel",
    "jackson",
    "jersey",
    "jordan",
    "kent",
    "kingston",
    "lincoln",
    "london",
    "lourdes",
    "madison",
    "milan",
    "orlando",
    "oxford",
    "paris",
    "phoenix",
    "savannah",
    "sydney",
    "victoria",
    "virginia",
    "washington",
];
const SYSTEMS: [&str; 45] = [
    "ada",
    "alexa",
    "ansible",
    "apollo",
    "argo",
    "athena",
    "aurora",
    "cassandra",
    "chef",
    "claude",
    "consul",
    "crystal",
    "dart",
    "django",
    "elixir",
    "flux",
    "gemini",
    "gerrit",
    "hermes",
    "hudson",
    "jaeger",
    "java",
    "jenkins",
    "julia",
    "kafka",
    "loki",
    "maven",
    "nomad",
    "oracle",
    "pascal",
    "perl",
    "puppet",
    "ruby",
    "rust",
    "salt",
    "sentry",
    "swift",
    "thor",
    "travis",
    "vault",
    "watson",
    "oauth",
    "tempo",
    "thanos",
    "zookeeper",
];
const KINDS_OF_PEOPLE: [&str; 14] =
    ["black", "christian", "dutch", "english", "french", "german", "irish", "israel", "moor", "norman", "norse", "roman", "welsh", "white"];
const AUXILIARIES: [&str; 20] = [
    "is", "was", "has", "had", "does", "did", "could", "would", "should", "might", "must", "isn't", "wasn't", "hasn't", "hadn't",
    "doesn't", "didn't", "couldn't", "wouldn't", "can't",
];
const ADVERBS: [&str; 20] = [
    "then", "also", "later", "still", "just", "never", "now", "again", "already", "soon", "only", "even", "always", "first", "once",
    "next", "not", "often", "too", "alone",
];
const DETERMINERS: [&str; 17] = [
    "the", "a", "an", "this", "that", "these", "those", "any", "each", "every", "no", "some", "such", "another", "one", "either", "neither",
];
const PREPOSITIONS: [&str; 26] = [
    "in", "on", "at", "of", "for", "from", "to", "with", "by", "about", "after", "before", "during", "since", "until", "till", "through",
    "over", "under", "between", "into", "as", "against", "without", "per", "than",
];
const DONE_BY_PEOPLE: [&str; 129] = [
    "acked",
    "acknowledged",
    "added",
    "agreed",
    "answered",
    "apologised",
    "apologized",
    "asked",
    "asks",
    "assumed",
    "believed",
    "believes",
    "brought",
    "built",
    "called",
    "calls",
    "came",
    "caught",
    "checked",
    "checks",
    "chose",
    "confirmed",
    "confirms",
    "copied",
    "debugged",
    "decided",
    "declared",
    "deleted",
    "deployed",
    "drained",
    "drove",
    "emailed",
    "escalated",
    "explained",
    "felt",
    "fixed",
    "forgot",
    "found",
    "gave",
    "got",
    "guessed",
    "handed",
    "heard",
    "held",
    "helped",
    "hoped",
    "investigated",
    "joined",
    "joins",
    "kept",
    "killed",
    "knew",
    "knows",
    "led",
    "left",
    "listened",
    "logged",
    "looked",
    "looks",
    "made",
    "mailed",
    "mentioned",
    "merged",
    "messaged",
    "met",
    "mistyped",
    "noted",
    "noticed",
    "notices",
    "offered",
    "opened",
    "paged",
    "patched",
    "phoned",
    "pinged",
    "posted",
    "promised",
    "proposed",
    "pushed",
    "put",
    "ran",
    "read",
    "realised",
    "realized",
    "remembered",
    "replied",
    "reported",
    "reports",
    "restarted",
    "restarts",
    "restored",
    "reverted",
    "reviewed",
    "rolled",
    "runs",
    "said",
    "sat",
    "saw",
    "says",
    "scaled",
    "sent",
    "shared",
    "signed",
    "slept",
    "spoke",
    "spotted",
    "started",
    "stopped",
    "suggested",
    "suggests",
    "suspected",
    "switched",
    "texted",
    "thinks",
    "thought",
    "told",
    "took",
    "tried",
    "triaged",
    "turned",
    "typed",
    "understood",
    "waited",
    "wants",
    "watched",
    "went",
    "woke",
    "wondered",
    "wrote",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_words_are_known_as_words() {
        for word in ["will", "mark", "grace", "may", "rob", "an", "bill", "hope", "hunter", "baker", "jack", "lee", "jo"] {
            assert!(is_word(word), "{word}");
        }
        for name in ["kim", "ann", "kowalski", "siobhan", "brien", "jose"] {
            assert!(!is_word(name), "{name}");
        }
    }
}
