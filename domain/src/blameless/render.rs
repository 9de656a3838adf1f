//! A text with people's names into a text with roles. Pure.

use std::collections::HashSet;
use std::ops::Range;

use super::cast::Cast;
use super::decisions::{Candidate, Decision, Decisions, Doubt, Key};
use super::fold::Folded;
use super::forms::Kind;
use super::index::Hit;
use super::judge::{Verdict, judge};
use super::phrase::{Change, change};
use super::place::{Code, Place};
use super::words::{is_function_word, is_month};

/// A text in which nobody of the cast is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// What was not decided, in the order of the text, each with its own key once.
    pub doubts: Vec<Doubt>,
    /// What was surely a name, in the order of the text.
    pub replaced: Vec<Replaced>,
}

/// A name in the text that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub range: Range<usize>,
    /// Id of the person.
    pub person: String,
}

/// What a hit is.
enum Meaning {
    Person(usize),
    Word,
    Doubt { people: Vec<usize>, may_be_word: bool },
}

struct Judged<'a> {
    hit: Hit<'a>,
    place: Place<'a>,
    verdict: Verdict,
}

impl Cast {
    /// Replaces names of people in `text` (Markdown, a file's name, any text) by their names in the cast (R27).
    ///
    /// Names are found in prose, quotes, tables, descriptions of pictures, file names, links, code and mentions, in any case, joined in any
    /// way, across a line's end, with or without accents; as full name, surname, first name, nickname, address or handle; not inside other
    /// words. What could be a word or several people is a doubt, which reads "someone" until `decisions` settles it: nothing leaves with a name
    /// because nobody has looked yet. Of several people of one name, those are meant who had a part in the incident, or
    /// whom the same text names beyond doubt.
    ///
    /// It cannot know misspelt names, people outside the cast, nor what tells who somebody is without naming them.
    pub fn render(&self, text: &str, decisions: &Decisions) -> Rendered {
        let folded = Folded::of(text);
        let code = Code::of(text);
        let judged: Vec<Judged> = self
            .index()
            .hits(&folded, text, |person| self.members()[person].takes_part)
            .into_iter()
            .map(|hit| {
                let place = Place::of(text, hit.range.clone(), &code);
                let verdict = judge(hit.form, &place);
                Judged { hit, place, verdict }
            })
            .collect();
        let named = surely_named(&judged);
        let mut page = Page { text, done: 0, last: None, rendered: Rendered::default(), asked: HashSet::new() };
        for one in &judged {
            page.put(self, one, self.meaning(one, &named, decisions));
        }
        page.rendered.text.push_str(&text[page.done..]);
        page.rendered
    }

    fn meaning(&self, one: &Judged, named: &HashSet<usize>, decisions: &Decisions) -> Meaning {
        let form = one.hit.form;
        let is_mention = one.place.before().ends_with('@') && !form.handle_of.is_empty();
        let people = self.meant(if is_mention { &form.handle_of } else { &form.people }, named);
        let is_near = people.iter().any(|person| named.contains(person));
        let takes_part = people.iter().any(|person| self.members()[*person].takes_part);
        let may_be_word = match one.verdict {
            Verdict::Word => return Meaning::Word,
            Verdict::Unlikely if form.is_wordy && !is_near && !takes_part => return Meaning::Word,
            Verdict::Unlikely => true,
            // A first name with its surname, of somebody who was there.
            Verdict::Likely if form.kind == Kind::Full && takes_part => false,
            Verdict::Likely => !is_near || is_function_word(&form.text) || is_month(&form.text),
            Verdict::Name => false,
        };
        if let ([person], false) = (people.as_slice(), may_be_word) {
            return Meaning::Person(*person);
        }
        match decisions.about(&form.text, || one.place.context()) {
            Some(Decision::NotAName) => Meaning::Word,
            Some(Decision::Person(id)) if self.position(id).is_some() => Meaning::Person(self.position(id).unwrap_or_default()),
            _ => Meaning::Doubt { people, may_be_word },
        }
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.members().iter().position(|member| member.person.id == id)
    }

    /// Those of `people` who can be meant where `named` are.
    fn meant(&self, people: &[usize], named: &HashSet<usize>) -> Vec<usize> {
        if people.len() < 2 {
            return people.to_vec();
        }
        let is_near = |person: &usize| self.members()[*person].takes_part || named.contains(person);
        let near: Vec<usize> = people.iter().copied().filter(is_near).collect();
        if near.is_empty() { people.to_vec() } else { near }
    }
}

/// Who is named beyond doubt somewhere in the text.
fn surely_named(judged: &[Judged]) -> HashSet<usize> {
    let is_sure = |one: &&Judged| one.verdict == Verdict::Name && one.hit.form.people.len() == 1;
    judged.iter().filter(is_sure).map(|one| one.hit.form.people[0]).collect()
}

/// A text on its way from `text` to `rendered`.
struct Page<'a> {
    text: &'a str,
    /// So far.
    done: usize,
    /// Who was put in last, and where that ended in `text`.
    last: Option<(usize, usize)>,
    rendered: Rendered,
    asked: HashSet<Key>,
}

impl Page<'_> {
    fn put(&mut self, cast: &Cast, one: &Judged, meaning: Meaning) {
        let range = one.hit.range.clone();
        // Inside what was replaced with the one before: the rest of an address.
        if range.end <= self.done {
            return;
        }
        let is_address = one.hit.form.kind == Kind::Address;
        match meaning {
            Meaning::Word => {}
            Meaning::Person(person) => {
                let member = &cast.members()[person];
                self.rendered.replaced.push(Replaced { range, person: member.person.id.clone() });
                let mut change = change(self.text, &one.place, Some(&member.alias), is_address);
                if let Some(end) = self.repeats(person, &change) {
                    change = Change { range: self.done..end, text: String::new() };
                }
                self.write(&change);
                self.last = Some((person, change.range.end));
            }
            Meaning::Doubt { people, may_be_word } => {
                self.write(&change(self.text, &one.place, None, is_address));
                self.ask(cast, one, &people, may_be_word);
            }
        }
    }

    /// Where `change` ends if it only says again who was said right before: `Kim Lee <kim@example.org>`, `Kim Lee (@kim)`.
    fn repeats(&self, person: usize, change: &Change) -> Option<usize> {
        let (_, end) = self.last.filter(|(last, end)| *last == person && *end == self.done)?;
        let between = self.text.get(end..change.range.start)?;
        let after = &self.text[change.range.end..];
        match between {
            " " => Some(change.range.end),
            " (" | " (@" if after.starts_with(')') => Some(change.range.end + 1),
            " <" if after.starts_with('>') => Some(change.range.end + 1),
            _ => None,
        }
    }

    fn write(&mut self, change: &Change) {
        let from = change.range.start.max(self.done);
        self.rendered.text.push_str(&self.text[self.done..from]);
        self.rendered.text.push_str(&change.text);
        self.done = change.range.end;
    }

    fn ask(&mut self, cast: &Cast, one: &Judged, people: &[usize], may_be_word: bool) {
        let key = Key { form: one.hit.form.text.clone(), context: one.place.context() };
        if !self.asked.insert(key.clone()) {
            return;
        }
        let candidate = |person: &usize| {
            let member = &cast.members()[*person];
            Candidate { person: member.person.id.clone(), name: member.alias.name.clone() }
        };
        self.rendered.doubts.push(Doubt {
            key,
            line: one.place.line(),
            range: one.hit.range.clone(),
            quote: one.place.quote(),
            candidates: people.iter().map(candidate).collect(),
            may_be_word,
        });
    }
}

#[cfg(test)]
mod tests;
