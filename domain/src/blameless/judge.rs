//! Whether something that is spelt like a name is one. Pure.
//!
//! Only forms that are English words as well come here ("Will", "Mark", "Grace", "May"). Signals, the strongest first: a mention, a title
//! or possessive; small letters; a capital in the middle of a sentence; what follows. What none of them settles is unclear, and a person
//! decides.

use super::fold::fold;
use super::forms::{Kind, is_title};
use super::index::Form;
use super::place::{Neighbour, Place, Start};
use super::words::{
    has_capital_anyway, is_adverb, is_auxiliary, is_determiner, is_function_word, is_month, is_possessive, is_preposition, is_pronoun,
    is_said_of_people, is_word, may_be_verb,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Name,
    /// A name if its person is surely named in the same text; otherwise to be decided.
    Likely,
    /// To be decided if its person had a part in the incident, or is surely named in the same text; otherwise a word.
    Unlikely,
    Word,
}

use Verdict::{Likely, Name, Unlikely, Word};

/// Judges `form` at `place`.
pub fn judge(form: &Form, place: &Place) -> Verdict {
    let own = place.own();
    if form.kind == Kind::Initial && place.previous().next().is_some_and(is_first_name) {
        return Unlikely;
    }
    if !form.is_wordy && !has_capital_anyway(&form.text) {
        return if form.kind == Kind::Single && is_of_somebody_else(place) { Unlikely } else { Name };
    }
    if place.before().ends_with('@') {
        return if place.is_code && form.is_wordy { Unlikely } else { Name };
    }
    if form.kind == Kind::Handle && form.is_wordy {
        // A handle that is a word is written with its sign, or is a file's or account's name.
        return if is_account(place) { Name } else { Word };
    }
    if form.text.contains([' ', ',']) {
        return several(form, place);
    }
    if !form.is_wordy && !is_month(&form.text) {
        return elsewhere(place);
    }
    if place.is_code || place.is_joined() {
        return joined(form, place);
    }
    if own.chars().all(|c| !c.is_uppercase()) {
        return small(form, place);
    }
    if is_capitals(own) && own.len() > 1 {
        return capitals(form, place);
    }
    capital(form, place)
}

/// First name and surname, both words: "Mark Hunter", "Will Call".
fn several(form: &Form, place: &Place) -> Verdict {
    if !form.is_wordy {
        return Name;
    }
    let own = place.own();
    let parts: Vec<&str> = own.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')).filter(|part| !part.is_empty()).collect();
    let with_capital = parts.iter().filter(|part| part.starts_with(char::is_uppercase)).count();
    let is_plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || ",.>'’".contains(c);
    if place.is_code || place.is_joined() || !own.chars().all(is_plain) {
        // `mark-hunter.png` is hardly anything else, nor is what has signs in it that nobody sees.
        return Likely;
    }
    if with_capital == parts.len() {
        let is_weak = place.is_in_title()
            || is_capitals(own) && place.next().next().is_some_and(|next| is_capitals(next.word))
            || (parts.len() < 2 && place.start != Start::No);
        return if is_weak { Likely } else { Name };
    }
    // "the cross hunter"; "Hope Case" at the beginning of a sentence is not written "Hope case".
    if with_capital == 0 && previous_is(place, is_addressed) {
        return Name;
    }
    if with_capital > 0 || previous_is(place, is_determiner) { Word } else { Unlikely }
}

/// A name that is a place, system or people too, and no other word: "Paris", "Jenkins", "Christian".
fn elsewhere(place: &Place) -> Verdict {
    let is_told = previous_is(place, |word| is_addressed(word) || is_title(word));
    let acts = acts_like_people(next_in_clause(place));
    if is_told || acts || is_account(place) || is_possessive_after(place.after()) && !place.is_code { Name } else { Likely }
}

/// In code, file names, paths and settings.
fn joined(form: &Form, place: &Place) -> Verdict {
    if is_account(place) {
        return Name;
    }
    let own = place.own();
    let is_short = form.text.len() < 3 || is_function_word(&form.text);
    let after = place.after();
    // `Mark-led`, `mark-screenshot.png`, `notes_mark.txt`.
    let in_file = is_file_name(place);
    if own.starts_with(char::is_uppercase) && !is_capitals(own) && !is_short {
        return if place.is_code && !in_file { Unlikely } else { capital(form, place).or_unlikely() };
    }
    let is_ended = after.starts_with('.') || place.before().ends_with(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
    if in_file && !is_short && is_ended { Unlikely } else { Word }
}

impl Verdict {
    fn or_unlikely(self) -> Self {
        if self == Word { Unlikely } else { self }
    }
}

/// "will", "mark": a word, unless somebody who never writes capitals speaks of what only people do.
fn small(form: &Form, place: &Place) -> Verdict {
    let is_short = form.text.len() < 3 || is_function_word(&form.text);
    if is_short || previous_is(place, |word| is_determiner(word) || is_preposition(word)) {
        return Word;
    }
    if previous_is(place, is_addressed) {
        return Likely;
    }
    let acts = next_in_clause(place).is_some_and(|next| is_said_of_people(&fold(next.word)) && !is_noun_too(next.word));
    let starts = place.start != Start::No
        || previous_is(place, |word| is_said_of_people(word) || ["and", "when", "because", "as", "so"].contains(&word));
    if acts && starts { Unlikely } else { Word }
}

fn is_noun_too(word: &str) -> bool {
    [
        "read", "put", "runs", "reports", "calls", "looks", "checks", "notices", "restarts", "held", "called", "left", "found", "made",
        "added",
    ]
    .contains(&word)
}

fn capitals(form: &Form, place: &Place) -> Verdict {
    let shouts = |neighbour: Option<Neighbour>| neighbour.is_some_and(|one| one.word.len() > 1 && is_capitals(one.word));
    if shouts(place.previous().next()) || shouts(place.next().next()) || is_function_word(&form.text) {
        let acts = next_in_clause(place).is_some_and(|next| is_said_of_people(&fold(next.word)));
        return if acts || previous_is(place, |word| word == "by") { Unlikely } else { Word };
    }
    if previous_is(place, is_determiner) { Word } else { Unlikely }
}

/// One capital: "Will", "Mark".
fn capital(form: &Form, place: &Place) -> Verdict {
    let text = form.text.as_str();
    if previous_is(place, is_title) {
        return Name;
    }
    if is_month(text) && is_date(place) && !acts_like_people(next_in_clause(place)) {
        return Word;
    }
    let next = next_in_clause(place);
    let is_owner = is_possessive_after(place.after());
    if place.start == Start::No {
        return match middle(form, place, next, is_owner) {
            Name if place.is_in_title() => {
                if is_function_word(text) {
                    Word
                } else {
                    Likely
                }
            }
            verdict => verdict,
        };
    }
    if is_owner {
        return if is_month(text) { Likely } else { Name };
    }
    begins(form, place, next)
}

/// A capital that nothing but a name explains, unless it is part of something else.
fn middle(form: &Form, place: &Place, next: Option<Neighbour>, is_owner: bool) -> Verdict {
    let text = form.text.as_str();
    let before = place.previous().next();
    if before.is_some_and(|before| before.word.ends_with("'s") || before.word.ends_with("’s") || matches!(before.gap, "' " | "’ ")) {
        // "the Patients' Bill".
        return Unlikely;
    }
    if let Some(before) = before.filter(|before| before.gap.trim_matches(['*', '_', ' ']).is_empty()) {
        let word = fold(before.word);
        if is_addressed(&word) {
            return Name;
        }
        if is_determiner(&word) {
            let ends = next.is_none_or(|next| may_be_verb(&fold(next.word)) || is_preposition(&fold(next.word)));
            return if ends && !is_possessive(&word) && !is_owner { Word } else { Unlikely };
        }
        // "Project Grace", "President Grant": somebody or something else. "Then Mark" is not.
        let is_capital = before.word.starts_with(char::is_uppercase) && word != "i";
        if is_capital && (!starts_sentence(place, before) || names_things(&word)) {
            return Unlikely;
        }
    }
    if is_month(text) && previous_is(place, |word| ["of", "by"].contains(&word)) {
        return Unlikely;
    }
    // "Grace Hopper", "Hope Street": not those who are in the cast, or the whole name would have been found.
    let mut later = place.next().filter(|next| next.gap == " ");
    let next_capital = |next: Option<Neighbour>| next.is_some_and(|next| next.word.len() > 1 && next.word.starts_with(char::is_uppercase));
    let goes_on = next.is_some()
        && match later.next() {
            Some(next) if next.word == "of" => next_capital(later.next()),
            next => next_capital(next),
        };
    if goes_on {
        return Unlikely;
    }
    if has_capital_anyway(text) && (!is_owner || is_month(text)) && !acts_like_people(next) {
        return Likely;
    }
    Name
}

/// A capital that the sentence explains: what follows decides.
fn begins(form: &Form, place: &Place, next: Option<Neighbour>) -> Verdict {
    let text = form.text.as_str();
    let is_short = is_function_word(text);
    if is_speaker(place) {
        return if place.start == Start::Perhaps && !is_short { Name } else { Likely };
    }
    let Some(next) = next else {
        return if place.is_alone() { Likely } else { Word };
    };
    let gap = next.gap.trim_matches(['*', '_']);
    if gap != " " {
        let is_asked = is_pronoun(&fold(next.word)) || ["can", "could", "please", "would"].contains(&next.word);
        return match gap.trim_end() {
            "," if !is_short => {
                if is_asked {
                    Name
                } else {
                    Unlikely
                }
            }
            // "So, …" and "Now, …" are sentences; "An, …" and "Will, …" are not.
            "," if ["an", "will", "may", "can"].contains(&text) => Unlikely,
            _ if is_short => Word,
            _ => Unlikely,
        };
    }
    let word = fold(next.word);
    if is_determiner(&word) || is_pronoun(&word) {
        return Word;
    }
    let mut later = place.next().skip(1).filter(|one| one.gap == " ").map(|one| fold(one.word));
    let verb = if is_adverb(&word) { later.find(|word| !is_adverb(word)).unwrap_or_default() } else { word.clone() };
    if is_said_of_people(&verb) && !(is_short && is_base(&verb)) {
        return Name;
    }
    if is_short {
        // "Will was", "May had": no sentence begins so otherwise. "An ended call" and "All deployed" do.
        let is_modal = ["will", "may", "can", "an"].contains(&text);
        return match (is_modal, is_auxiliary(&verb)) {
            (true, true) => Name,
            (true, false) if may_be_verb(&verb) || is_preposition(&word) || word == "and" => Unlikely,
            _ => Word,
        };
    }
    // "Grace periods are short"; not "Mark restarts the node".
    let is_plural = verb.ends_with('s') && !verb.ends_with("ss");
    let is_subject = is_plural
        && later.next().is_some_and(|next| is_auxiliary(&next) || is_plural_verb(&next) || is_preposition(&next) || next == "and");
    let is_open = is_auxiliary(&verb) || may_be_verb(&verb) || is_preposition(&word) || word == "and" || is_plural;
    if is_open && !is_subject || next.word.starts_with(char::is_uppercase) { Unlikely } else { Word }
}

/// "Mark: …", as in a transcript.
fn is_speaker(place: &Place) -> bool {
    place.after().strip_prefix(':').is_some_and(|rest| rest.starts_with([' ', '\n']))
}

fn is_plural_verb(word: &str) -> bool {
    ["are", "were", "do", "have", "will", "can", "may"].contains(&word)
}

/// Forms of verbs that are infinitives too: "Will read", "May put".
fn is_base(verb: &str) -> bool {
    ["read", "put"].contains(&verb)
}

/// Whether what follows `word` is the name of a thing: "Project Grace".
fn names_things(word: &str) -> bool {
    [
        "project",
        "operation",
        "team",
        "server",
        "host",
        "cluster",
        "release",
        "service",
        "storm",
        "hurricane",
        "lake",
        "mount",
        "port",
        "saint",
    ]
    .contains(&word)
}

/// Verbs that people follow: "asked May".
fn is_addressed(word: &str) -> bool {
    ["asked", "told", "paged", "pinged", "messaged", "phoned", "texted", "emailed", "mailed", "thanked", "woke", "woken"].contains(&word)
}

fn acts_like_people(next: Option<Neighbour>) -> bool {
    next.is_some_and(|next| is_said_of_people(&fold(next.word)))
}

/// The next word, if no sentence ends before it.
fn next_in_clause<'a>(place: &Place<'a>) -> Option<Neighbour<'a>> {
    place.next().next().filter(|next| !next.gap.contains(['.', '!', '?', '|', ';', ')', '"', '”']) && !next.gap.contains("\n\n"))
}

fn previous_is(place: &Place, is: impl Fn(&str) -> bool) -> bool {
    let is_near = |before: &Neighbour| {
        let gap = before.gap.trim_matches(['*', '_', '"', '“']);
        gap.trim().is_empty() || gap == ". " && is_title(&fold(before.word))
    };
    place.previous().next().filter(is_near).is_some_and(|before| is(&fold(before.word)))
}

/// Whether the word before, which has a capital, has it from its sentence.
fn starts_sentence(place: &Place, before: Neighbour) -> bool {
    let end = place.before().len() - before.gap.len() - before.word.len();
    let ahead = place.before()[..end].trim_end_matches([' ', '"', '“', '*', '_', '#', '-', '>', '|', '(']);
    (ahead.is_empty() || ahead.ends_with(['.', '!', '?', ':', '\n', '|', ']'])) && is_word(&fold(before.word))
}

/// Whether `after` goes on with a possessive: 's in any shape.
pub fn is_possessive_after(after: &str) -> bool {
    let rest =
        after.strip_prefix(['\'', '’', 'ʼ', '′', '´']).or_else(|| after.strip_prefix("&#39;")).or_else(|| after.strip_prefix("&rsquo;"));
    rest.and_then(|rest| rest.strip_prefix(['s', 'S'])).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// "in May", "3 May", "May 2026".
fn is_date(place: &Place) -> bool {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let near = ["in", "since", "until", "till", "during", "last", "next", "this", "early", "late", "mid", "every"];
    // "…; by May all was well".
    let mut before = place.previous();
    let begins = before.next().is_some_and(|one| one.gap == " " && one.word.eq_ignore_ascii_case("by"))
        && before.next().is_none_or(|one| one.gap.contains([';', '.', '\n']));
    begins
        || previous_is(place, |word| near.contains(&word) || is_number(word))
        || place.next().next().is_some_and(|next| next.gap == " " && is_number(next.word))
}

/// "Tom Wibberley", where a Tom of ours has another surname.
fn is_of_somebody_else(place: &Place) -> bool {
    let next = place.next().next().filter(|next| next.gap == " " && next.word.len() > 2);
    let is_surname = |next: Neighbour| next.word.starts_with(char::is_uppercase) && !is_capitals(next.word) && !is_word(&fold(next.word));
    place.own().starts_with(char::is_uppercase) && next.is_some_and(is_surname)
}

/// The first of "George W. Bush".
fn is_first_name(before: Neighbour) -> bool {
    before.gap == " " && before.word.starts_with(char::is_uppercase) && !is_word(&fold(before.word))
}

/// A home, user, author or owner: what stands there is a name.
fn is_account(place: &Place) -> bool {
    const KEYS: [&str; 22] = [
        "home",
        "users",
        "user",
        "username",
        "login",
        "su",
        "ssh",
        "owner",
        "author",
        "assignee",
        "assigned",
        "reviewer",
        "approver",
        "committer",
        "by",
        "who",
        "from",
        "to",
        "name",
        "uid",
        "whoami",
        "sudo",
    ];
    let signs = |gap: &str| !gap.is_empty() && gap.chars().all(|c| "/\\=:~\"'".contains(c));
    place.previous().next().is_some_and(|before| KEYS.contains(&fold(before.word).as_str()) && (signs(before.gap) || before.word == "su"))
        || place.before().ends_with('~')
        || place.after().starts_with('@')
}

/// Whether the run of characters around `place` ends in a dot and an extension.
fn is_file_name(place: &Place) -> bool {
    let end = place.after().find(|c: char| c.is_whitespace() || "()[]\"'`|<>,;:".contains(c)).unwrap_or(place.after().len());
    let (_, extension) = place.after()[..end].trim_end_matches('.').rsplit_once('.').unwrap_or_default();
    (1..=5).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_capitals(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
}

#[cfg(test)]
mod tests;
