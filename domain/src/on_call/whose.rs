//! Whose shift an event of a calendar is: pure, on the team loaded before.
//!
//! It is the shift of the person who is invited; else of the one whose e-mail address is in the title; else of the one whose name is
//! the title, or is in it as the only one.

use std::collections::{BTreeSet, HashMap};

use entity::{AccessLevel, PersonId, PersonKind, person};
use sea_orm::EntityTrait;

use crate::calendar::{Attendee, CalendarEvent};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::words;

/// Everybody who is or was on the team, for looking people up.
pub(super) struct Team {
    people: Vec<person::Model>,
    by_email: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Team {
    pub async fn load(ctx: &Ctx) -> Result<Self> {
        Ok(Self::of(person::Entity::find().all(ctx.db.read()).await?))
    }

    fn of(people: Vec<person::Model>) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, person) in people.iter().enumerate() {
            by_name.entry(person.name.to_lowercase()).or_default().push(index);
        }
        let by_email = people.iter().enumerate().filter_map(|(index, person)| Some((person.email.clone()?, index))).collect();
        Self { people, by_email, by_name }
    }

    /// Whose shift an event with this title is.
    ///
    /// # Errors
    /// Why that is unclear, in words.
    pub fn whose(&self, title: &str, invited: &[&Attendee]) -> std::result::Result<PersonId, String> {
        let mut invited: Vec<usize> = invited.iter().filter_map(|who| self.by_email.get(&who.address)).copied().collect();
        invited.sort_unstable();
        invited.dedup();
        let title = title.to_lowercase();
        let in_title = addresses(&title).find_map(|address| self.by_email.get(address).copied());
        match (invited.as_slice(), in_title, self.named(&title).as_slice()) {
            (&[one], _, _) | (_, Some(one), _) | (_, None, &[one]) => self.able(one),
            ([], None, []) => Err("Nobody on the team has this name or an address in the event.".into()),
            ([], None, [first, rest @ ..]) if rest.iter().all(|other| self.has_name_of(*first, *other)) => {
                Err("Several people have this name: invite one of them to the event.".into())
            }
            ([], None, several) => Err(format!(
                "Several people are in its title, {}: invite one of them to the event.",
                self.names(&several.iter().map(|index| self.people[*index].id).collect())
            )),
            ([..], None, _) => Err("Several people are invited: put one of their names in the title.".into()),
        }
    }

    /// The names of people, in order: `Alex, Kim and Sam`.
    pub fn names(&self, people: &BTreeSet<PersonId>) -> String {
        let mut names: Vec<&str> = self.people.iter().filter(|person| people.contains(&person.id)).map(|person| &*person.name).collect();
        names.sort_unstable();
        words::listed(&names)
    }

    /// Those whose name is the title; else those whose whole name is in it. A name within a longer one that is there too doesn't count.
    fn named(&self, title: &str) -> Vec<usize> {
        if let Some(people) = self.by_name.get(title) {
            return people.clone();
        }
        let places: Vec<(&str, (usize, usize))> = self
            .by_name
            .keys()
            .filter(|name| !name.is_empty())
            .flat_map(|name| places(title, name).map(move |start| (name.as_str(), (start, start + name.len()))))
            .collect();
        let within = |(start, end): (usize, usize)| {
            places.iter().any(|(_, (other_start, other_end))| {
                *other_start <= start && end <= *other_end && (*other_start, *other_end) != (start, end)
            })
        };
        let names: BTreeSet<&str> = places.iter().filter(|(_, place)| !within(*place)).map(|(name, _)| *name).collect();
        names.into_iter().flat_map(|name| self.by_name[name].iter().copied()).collect()
    }

    fn has_name_of(&self, one: usize, other: usize) -> bool {
        self.people[one].name.to_lowercase() == self.people[other].name.to_lowercase()
    }

    fn able(&self, index: usize) -> std::result::Result<PersonId, String> {
        let person = &self.people[index];
        if person.deactivated_at.is_some() {
            return Err(format!("{} has left the team.", person.name));
        }
        if person.kind == PersonKind::Service {
            return Err(format!("{} is a service, not a person.", person.name));
        }
        if person.access_level < AccessLevel::Responder {
            return Err(format!("{} only has viewer access: an administrator can raise it to RESPONDER.", person.name));
        }
        Ok(person.id)
    }
}

/// Which events of a calendar are of a line.
pub(super) struct Only(String);

impl Only {
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// Those whose invitation counts, if the event is of the line: all, if it has the category or the words are in its title; else
    /// those who are invited in this role.
    pub fn invited<'a>(&self, event: &'a CalendarEvent) -> Option<Vec<&'a Attendee>> {
        let has_category = event.categories.iter().any(|category| category.to_lowercase() == self.0);
        if has_category || places(&event.summary.to_lowercase(), &self.0).next().is_some() {
            return Some(event.attendees.iter().collect());
        }
        let in_role: Vec<&Attendee> = event.attendees.iter().filter(|who| who.role.to_lowercase() == self.0).collect();
        (!in_role.is_empty()).then_some(in_role)
    }
}

/// Where `wanted` is in `text` as whole words.
fn places<'a>(text: &'a str, wanted: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(wanted).map(|(start, _)| start).filter(move |start| {
        let before = text[..*start].chars().next_back();
        let after = text[start + wanted.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The words of a text that look like e-mail addresses.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\''));
    words.map(|word| word.trim_end_matches('.')).filter(|word| word.contains('@'))
}

#[cfg(test)]
pub(super) mod tests {
    use entity::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::calendar::Span;
    use crate::fixtures;

    pub fn team() -> Team {
        let person = |(id, name, email, access_level, gone): (u128, &str, Option<&str>, AccessLevel, bool)| person::Model {
            email: email.map(str::to_owned),
            access_level,
            deactivated_at: gone.then_some(Timestamp::UNIX_EPOCH),
            ..fixtures::person(id, name)
        };
        let people = [
            (1, "Kim Lee", Some("kim@example.org"), AccessLevel::Responder, false),
            (2, "Sam", Some("sam@example.org"), AccessLevel::Admin, false),
            (3, "Alex", Some("alex.a@example.org"), AccessLevel::Responder, false),
            (4, "ALEX", Some("alex.b@example.org"), AccessLevel::Responder, false),
            (5, "Vic", Some("vic@example.org"), AccessLevel::Viewer, false),
            (6, "Gus", Some("gus@example.org"), AccessLevel::Responder, true),
            (7, "Kim", None, AccessLevel::Responder, false),
            (8, "Jörg Ñandú", None, AccessLevel::Responder, false),
        ];
        let robot = person::Model { kind: PersonKind::Service, ..fixtures::person(9, "Deploy bot") };
        Team::of(people.map(person).into_iter().chain([robot]).collect())
    }

    /// An event of two shifts: the first ten hours of 1970, and ten more from 20:00.
    pub fn event(summary: &str, attendees: &[&str]) -> CalendarEvent {
        let at = |hours| Timestamp::UNIX_EPOCH + chrono::Duration::hours(hours);
        let span = |from, to| Span { starts_at: at(from), ends_at: at(to), days: None };
        let attendee = |text: &&str| {
            let (address, role) = text.split_once(' ').unwrap_or((text, "REQ-PARTICIPANT"));
            Attendee { address: address.to_owned(), role: role.to_owned() }
        };
        CalendarEvent {
            uid: String::new(),
            summary: summary.into(),
            categories: Vec::new(),
            attendees: attendees.iter().map(attendee).collect(),
            whole_days: false,
            is_exception: false,
            times: Ok(vec![span(0, 10), span(20, 30)]),
        }
    }

    #[test]
    fn whose_shift_it_is() {
        let team = team();
        for (summary, attendees, expected) in [
            ("On call", &["kim@example.org"][..], Ok(1)),
            ("On call", &["rota@calendars.example.org", "sam@example.org"], Ok(2)),
            // The organiser is invited as well.
            ("Kim Lee", &["sam@example.org", "kim@example.org"], Ok(1)),
            ("On call: <Sam@Example.org>.", &[], Ok(2)),
            ("kim lee", &[], Ok(1)),
            ("Sam", &["kim@example.org"], Ok(1)),
            // One name in a longer title. Kim Lee's is not Kim's.
            ("Kim Lee on call", &[], Ok(1)),
            ("On Call - Kim", &[], Ok(7)),
            ("[L1] Sam", &[], Ok(2)),
            ("Sam (Rota_A)", &[], Ok(2)),
            ("SAM's week", &[], Ok(2)),
            ("Primary: jörg ñandú!", &[], Ok(8)),
            ("Sam, sam", &[], Ok(2)),
            ("Kim and Kim Lee", &[], Err("Kim and Kim Lee")),
            ("Sam covers for Gus", &[], Err("Gus and Sam")),
            ("Sam/Kim", &["sam@example.org", "kim@example.org"], Err("Several people are invited")),
            ("Samantha", &[], Err("Nobody on the team")),
            ("Kim_Lee", &[], Err("Nobody on the team")),
            ("Alex", &[], Err("Several people have this name")),
            ("On call: Alex", &[], Err("Several people have this name")),
            ("Alex", &["alex.b@example.org"], Ok(4)),
            ("On call", &["sam@example.org", "kim@example.org"], Err("Several people are invited")),
            ("Vic", &[], Err("viewer access")),
            ("Gus", &[], Err("has left")),
            ("Deploy bot", &[], Err("is a service")),
            ("", &[], Err("Nobody on the team")),
        ] {
            let event = event(summary, attendees);
            let whose = team.whose(summary, &event.attendees.iter().collect::<Vec<_>>());
            match expected {
                Ok(id) => assert_eq!(whose, Ok(PersonId(Uuid::from_u128(id))), "{summary:?} {attendees:?}"),
                Err(part) => assert!(whose.clone().is_err_and(|reason| reason.contains(part)), "{summary:?} {attendees:?}: {whose:?}"),
            }
        }
    }

    #[test]
    fn a_line_is_chosen_by_category_title_or_role() {
        let both = &["sam@example.org CHAIR", "kim@example.org REQ-PARTICIPANT"][..];
        for (only, categories, summary, expected) in [
            ("primary", &["Primary"][..], "On call", Some(2)),
            ("primary", &["Secondary"], "Primary: On call", Some(2)),
            ("L1", &[], "[l1] On call", Some(2)),
            ("L1", &["L10"], "L10", None),
            ("chair", &[], "On call", Some(1)),
            (" CHAIR ", &[], "On call", Some(1)),
            ("secondary", &["Primary"], "On call", None),
        ] {
            let event = CalendarEvent { categories: categories.iter().map(|text| (*text).to_owned()).collect(), ..event(summary, both) };
            assert_eq!(Only::new(only).invited(&event).map(|invited| invited.len()), expected, "{only} {categories:?} {summary}");
        }
    }
}
