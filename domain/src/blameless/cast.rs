//! Who is called what in a report. Pure.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::person::{Facts, Person};

/// The people of a report with the name of another kind that each has for good (R27).
///
/// Stored with the report. [`add`](Self::add) may be called whenever more is known: who has a name keeps it, whatever else becomes true of
/// them, and old spellings of their real names are still found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Cast {
    members: Vec<Member>,
    #[serde(skip)]
    index: OnceLock<Arc<Index>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    pub person: Person,
    pub alias: Alias,
    /// Whether they had a part in the incident. Who did is meant sooner than others of the same name.
    pub takes_part: bool,
}

/// The name that somebody has instead of their own: "incident lead", "responder 3".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub name: String,
    /// With a number, it needs no article.
    pub has_number: bool,
}

impl Cast {
    /// A cast of `facts`.
    pub fn of(facts: &Facts) -> Self {
        let mut cast = Self::default();
        cast.add(facts);
        cast
    }

    /// Takes in what is known by now.
    ///
    /// New people are named by the first role they took, else "responder n" by first appearance, else "reporter", "client contact n of …",
    /// and who had no part "colleague n". Where several have a role, they are numbered in the order of taking it; the number begins at 1 if
    /// that is known when the first is named, and otherwise the first keeps the bare name and the next is 2.
    pub fn add(&mut self, facts: &Facts) {
        self.index = OnceLock::new();
        let known = self.update(facts);
        let mut new: BTreeMap<&str, &Person> =
            facts.people.iter().filter(|person| !known.contains(&person.id)).map(|person| (person.id.as_str(), person)).collect();
        let mut roles: Vec<_> = facts.roles.iter().collect();
        roles.sort_by_key(|taken| taken.at);
        let first_roles = roles.iter().map(|taken| (taken.role.as_str(), taken.person.as_str()));
        self.name(&mut new, first_roles, str::to_owned, false);
        self.name(&mut new, facts.appeared.iter().map(|id| ("", id.as_str())), |_| "responder".to_owned(), true);
        self.name(&mut new, facts.reporters.iter().map(|id| ("", id.as_str())), |_| "reporter".to_owned(), false);
        let contacts = facts.contacts.iter().map(|contact| (contact.client.as_str(), contact.person.as_str()));
        self.name(&mut new, contacts, |client| format!("client contact # of {client}"), true);
        let others: Vec<&str> = facts.people.iter().map(|person| person.id.as_str()).filter(|id| new.contains_key(id)).collect();
        self.name(&mut new, others.into_iter().map(|id| ("", id)), |_| "colleague".to_owned(), true);
        let taking_part = taking_part(facts);
        for member in self.members.iter_mut().filter(|member| taking_part.contains(member.person.id.as_str())) {
            member.takes_part = true;
        }
    }

    /// The name that the person `id` has.
    pub fn name_of(&self, id: &str) -> Option<&str> {
        self.members.iter().find(|member| member.person.id == id).map(|member| member.alias.name.as_str())
    }

    /// All people by id, with the names that they have, in the order of getting them.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|member| (member.person.id.as_str(), member.alias.name.as_str()))
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Built when it is first needed, and again after something was added.
    pub(super) fn index(&self) -> &Index {
        self.index.get_or_init(|| Arc::new(Index::of(self.members.iter().map(|member| &member.person))))
    }

    /// Adds what is new about people who are in the cast, and returns their ids.
    fn update(&mut self, facts: &Facts) -> HashSet<String> {
        for person in &facts.people {
            if let Some(member) = self.members.iter_mut().find(|member| member.person.id == person.id) {
                member.person.learn(person);
            }
        }
        self.members.iter().map(|member| member.person.id.clone()).collect()
    }

    /// Names those of `new` that `people` mentions, and takes them out. `people` are grouped by what makes a name.
    fn name<'a>(
        &mut self,
        new: &mut BTreeMap<&str, &Person>,
        people: impl Iterator<Item = (&'a str, &'a str)>,
        name_in: impl Fn(&str) -> String,
        is_always_numbered: bool,
    ) {
        let named: Vec<(String, Person)> =
            people.filter_map(|(group, id)| new.remove(id).map(|person| (name_in(group), person.clone()))).collect();
        for (name, person) in &named {
            let before = self.members.iter().filter(|member| member.alias.is_a(name)).count();
            let is_one_of_several = before > 0 || named.iter().filter(|(other, _)| other == name).count() > 1;
            let alias = if is_always_numbered || is_one_of_several {
                Alias { name: numbered(name, before + 1), has_number: true }
            } else {
                Alias { name: name.clone(), has_number: false }
            };
            self.members.push(Member { person: person.clone(), alias, takes_part: false });
        }
    }
}

impl Alias {
    /// Whether this is `name`, with or without a number.
    fn is_a(&self, name: &str) -> bool {
        let (before, after) = name.split_once('#').unwrap_or((name, ""));
        let without = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end().to_owned();
        match self.name.strip_suffix(after) {
            Some(first) if self.has_number => without(first) == before.trim_end(),
            _ => self.name == name,
        }
    }
}

/// The number stands in the place of `#`, or at the end.
fn numbered(name: &str, number: usize) -> String {
    if name.contains('#') { name.replacen('#', &number.to_string(), 1) } else { format!("{name} {number}") }
}

fn taking_part(facts: &Facts) -> HashSet<&str> {
    let roles = facts.roles.iter().map(|taken| &taken.person);
    let contacts = facts.contacts.iter().filter(|contact| contact.takes_part).map(|contact| &contact.person);
    roles.chain(&facts.appeared).chain(&facts.reporters).chain(contacts).map(String::as_str).collect()
}

impl Person {
    /// Takes over what `newer` says; what was true before is still looked for.
    fn learn(&mut self, newer: &Self) {
        if newer.name != self.name {
            let old = std::mem::replace(&mut self.name, newer.name.clone());
            add_all(&mut self.former_names, [old].iter());
        }
        add_all(&mut self.former_names, newer.former_names.iter());
        add_all(&mut self.nicknames, newer.nicknames.iter());
        add_all(&mut self.handles, newer.handles.iter());
        add_all(&mut self.emails, newer.emails.iter());
    }
}

fn add_all<'a>(known: &mut Vec<String>, more: impl Iterator<Item = &'a String>) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests;
