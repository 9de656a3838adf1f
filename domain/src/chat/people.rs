//! Whom people mean.

use std::collections::HashMap;

use entity::{PersonId, person};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::people;

/// How alike a name must be to be proposed, of 1.
const ALIKE: f64 = 0.7;
/// How many people are proposed.
const PROPOSED: usize = 5;

/// People whom the caller knows by other names already, such as the `<@U042>` of a chat: by the word that stands for them.
#[derive(Clone, Debug, Default)]
pub struct Mentions(pub HashMap<String, PersonId>);

/// The person meant by `said`: `me`, a mention, `@name`, an e-mail address, or an id.
///
/// # Errors
/// `BAD_USER_INPUT` on `field`, with those who may be meant.
pub(super) async fn meant(ctx: &Ctx, mentions: &Mentions, field: &'static str, said: &str) -> Result<person::Model> {
    let said = said.trim();
    if said.eq_ignore_ascii_case("me") {
        let nobody = || Error::invalid(field, "Nobody is behind this call: name the person instead of “me”.");
        let me = ctx.actor.person_id().ok_or_else(nobody)?;
        return people::find(ctx, me).await;
    }
    if let Some(id) = mentions.0.get(said).copied().or_else(|| PersonId::parse(said)) {
        return people::find(ctx, id).await;
    }
    let name = said.strip_prefix('@').unwrap_or(said);
    if name.contains('@') {
        let nobody = || Error::invalid(field, format!("Nobody on the team has the address {name}."));
        return people::by_email(ctx, name).await?.ok_or_else(nobody);
    }
    let team = people::team(ctx).await?;
    named(&team, name).cloned().map_err(|reason| Error::invalid(field, reason))
}

/// The one of `team` who is called `name`: in full, by one of their names, or by the beginning of their address.
fn named<'a>(team: &'a [person::Model], name: &str) -> Result<&'a person::Model, String> {
    let wanted = name.to_lowercase();
    let is_in_full = |person: &&person::Model| person.name.to_lowercase() == wanted;
    let is_partly = |person: &&person::Model| {
        let full = person.name.to_lowercase();
        let mailbox = person.email.as_deref().and_then(|email| email.split('@').next());
        full.split_whitespace().any(|part| part == wanted) || mailbox == Some(&*wanted)
    };
    let full: Vec<&person::Model> = team.iter().filter(is_in_full).collect();
    let found = if full.is_empty() { team.iter().filter(is_partly).collect() } else { full };
    match found[..] {
        [person] => Ok(person),
        [] => Err(nobody(team, name)),
        _ => {
            let names: Vec<String> = found.iter().take(PROPOSED).map(|person| full_name(person)).collect();
            Err(format!("“{name}” may be {}. Write the whole name or the e-mail address.", or(&names)))
        }
    }
}

fn nobody(team: &[person::Model], name: &str) -> String {
    let wanted = name.to_lowercase();
    let likeness = |person: &person::Model| {
        let full = person.name.to_lowercase();
        let parts = full.split_whitespace().chain([&*full]);
        parts.map(|part| strsim::normalized_damerau_levenshtein(part, &wanted)).fold(0.0, f64::max)
    };
    let mut like: Vec<(f64, &person::Model)> = team.iter().map(|person| (likeness(person), person)).collect();
    like.retain(|(likeness, _)| *likeness >= ALIKE);
    like.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.name.cmp(&other.name)));
    let names: Vec<String> = like.into_iter().take(PROPOSED).map(|(_, person)| full_name(person)).collect();
    match names[..] {
        [] => format!("Nobody on the team is called “{name}”. Write @ and the name, or the e-mail address."),
        _ => format!("Nobody on the team is called “{name}”. Did you mean {}?", or(&names)),
    }
}

/// Two people may have one name.
fn full_name(person: &person::Model) -> String {
    match &person.email {
        Some(email) => format!("{} ({email})", person.name),
        None => person.name.clone(),
    }
}

fn or(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// Splits `text` before the person at its end: a word that begins with `@`, or a mention, and all that follows.
pub(super) fn person_at_end<'a>(text: &'a str, mentions: &Mentions) -> (&'a str, Option<&'a str>) {
    let starts =
        text.char_indices().filter(|(at, c)| !c.is_whitespace() && text[..*at].chars().next_back().is_none_or(char::is_whitespace));
    let is_person = |at: &usize| {
        let rest = &text[*at..];
        let word = rest.split_whitespace().next().unwrap_or_default();
        (word.starts_with('@') && word.len() > 1) || mentions.0.contains_key(word)
    };
    match starts.map(|(at, _)| at).rfind(is_person) {
        Some(at) => (text[..at].trim_end(), Some(text[at..].trim_end())),
        None => (text.trim_end(), None),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::fixtures;

    fn person(id: u128, name: &str, email: &str) -> person::Model {
        person::Model { email: Some(email.to_owned()), ..fixtures::person(id, name) }
    }

    #[test]
    fn people_are_known_by_any_of_their_names_unless_two_have_it() {
        let team = [
            person(1, "Zoë Rivera", "zr@example.org"),
            person(2, "Sam Lee", "sam@example.org"),
            person(3, "Sam Okoro", "okoro@example.org"),
            person(4, "Sam", "s@example.org"),
        ];
        for (said, who) in [("zoë", 1), ("ZOË RIVERA", 1), ("rivera", 1), ("zr", 1), ("okoro", 3), ("sam", 4), ("lee", 2)] {
            assert_eq!(named(&team, said).unwrap().id, PersonId(Uuid::from_u128(who)), "{said}");
        }
        let two = named(&team[..3], "sam").unwrap_err();
        assert_eq!(
            two,
            "“sam” may be Sam Lee (sam@example.org) or Sam Okoro (okoro@example.org). Write the whole name or the e-mail address."
        );
        assert!(named(&team, "rivira").unwrap_err().contains("Did you mean Zoë Rivera (zr@example.org)?"));
        assert!(named(&team, "bob").unwrap_err().contains("Nobody on the team is called “bob”."));
    }

    #[test]
    fn the_person_comes_last() {
        let mentions = Mentions([("<@U042>".to_owned(), PersonId(Uuid::nil()))].into());
        for (text, title, who) in [
            ("call the client @sam", "call the client", Some("@sam")),
            ("call kim@example.org", "call kim@example.org", None),
            ("call @Zoë Rivera ", "call", Some("@Zoë Rivera")),
            ("tell @kim that @sam", "tell @kim that", Some("@sam")),
            ("call <@U042>", "call", Some("<@U042>")),
            ("call <@U043>", "call <@U043>", None),
            ("reply @ noon", "reply @ noon", None),
            ("@sam", "", Some("@sam")),
            ("", "", None),
        ] {
            assert_eq!(person_at_end(text, &mentions), (title, who), "{text}");
        }
    }
}
