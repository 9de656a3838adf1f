//! Whether pages would reach anybody: who is on call, who leads, and what is missing.
//!
//! Called by `muster check`. [`findings`] is pure, on [`Facts`] that were loaded before. Mail is taken to be connected.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use entity::{OnCallLine, Operation, PersonId, System, Timestamp, person, shift};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::on_call::{self, Stretch, plan};
use crate::playbook::Playbook;
use crate::ports::Finding;
use crate::telling::message::{Route, route};
use crate::telling::roster::Roster;
use crate::words;
use crate::zone::Tables;

/// How far ahead somebody must be planned: there is a working day in it on which to plan more.
pub const AHEAD: Duration = Duration::days(7);

/// What is known of the team.
pub struct Facts {
    /// Now.
    pub now: Timestamp,
    /// The team.
    pub roster: Roster,
    /// Who is on call from now for [`AHEAD`], both lines.
    pub stretches: Vec<Stretch>,
    /// When the imported rota of a line ends; a line without one is absent.
    pub rota_ends: BTreeMap<OnCallLine, Timestamp>,
    /// The systems that are connected.
    pub systems: Vec<System>,
}

impl Facts {
    /// Loads the team and what is planned.
    pub async fn load(ctx: &Ctx) -> Result<Self> {
        let now = ctx.now();
        let (roster, stretches, rota_ends) =
            tokio::try_join!(Roster::load(ctx), on_call::upcoming(ctx, Some(now), Some(now + AHEAD)), rota_ends(ctx, now))?;
        Ok(Self { now, roster, stretches, rota_ends, systems: ctx.config.systems.clone() })
    }
}

async fn rota_ends(ctx: &Ctx, now: Timestamp) -> Result<BTreeMap<OnCallLine, Timestamp>> {
    use shift::Column::{EndsAt, Line, Source};
    let rows = shift::Entity::find().select_only().column(Line).column_as(EndsAt.max(), "ends_at").group_by(Line);
    let rows = rows.filter(Source.is_not_null()).filter(EndsAt.gt(now));
    let rows: Vec<(OnCallLine, Timestamp)> = rows.into_tuple().all(ctx.db.read()).await?;
    Ok(rows.into_iter().collect())
}

/// What is right and what is not, each with what to do about it.
pub fn findings(facts: &Facts, playbook: &Playbook, zones: &Tables) -> Vec<Finding> {
    let lines = OnCallLine::ALL.iter().flat_map(|line| of_line(facts, playbook, *line));
    let contacts =
        playbook.leadership_contacts.iter().chain(playbook.contacts.keys().filter(|key| !playbook.leadership_contacts.contains(key)));
    let contacts = contacts.map(|contact| of_contact(facts, playbook, contact));
    let zones = Finding {
        what: format!("The time zone tables ({}) are recent", zones.describe()),
        problem: zones.warning(facts.now).map(|warning| format!("{}.", words::sentence(&warning))),
    };
    lines.chain(contacts).chain([zones]).collect()
}

fn of_line(facts: &Facts, playbook: &Playbook, line: OnCallLine) -> Vec<Finding> {
    let name = name(line);
    let stretches: Vec<Stretch> = facts.stretches.iter().filter(|stretch| stretch.line == line).cloned().collect();
    let Some(now) = plan::at(&stretches, facts.now) else {
        let effect = match line {
            OnCallLine::First => "A report or an alert pages second line instead, or nobody",
            OnCallLine::Second => "If first line needs help or doesn't answer, the most senior person is paged instead",
        };
        let problem = format!("{effect}. Put somebody on call (setOnCall), or {}.", import(line, "a rota"));
        return vec![Finding { what: format!("Somebody is on {name} now"), problem: Some(problem) }];
    };
    let mut findings = vec![Finding { what: format!("Somebody is on {name} now: {}", now.name), problem: None }];
    let mut seen: BTreeSet<PersonId> = BTreeSet::new();
    let people = stretches.iter().map(|stretch| &stretch.person).filter(|person| seen.insert(person.id));
    findings.extend(people.map(|person| can_be_paged(facts, person, name)));
    findings.push(Finding { what: format!("The next 7 days of {name} are planned"), problem: gap(facts, playbook, line, &stretches) });
    findings
}

/// What is wrong with the plan of a line on which somebody is now.
fn gap(facts: &Facts, playbook: &Playbook, line: OnCallLine, stretches: &[Stretch]) -> Option<String> {
    let ends = facts.rota_ends.get(&line).copied().filter(|end| *end < facts.now + AHEAD);
    let from = stretches.iter().filter_map(|stretch| stretch.ends_at).find(|end| plan::at(stretches, *end).is_none());
    match (from, ends) {
        (None, None) => None,
        (Some(from), _) => {
            let next = stretches.iter().map(|stretch| stretch.starts_at).find(|start| *start > from);
            let until = next.map(|next| format!(" until {}", playbook.local(next))).unwrap_or_default();
            Some(format!(
                "Nobody is on call from {}{until}. Put somebody on call for that time (setOnCall), or {}.",
                playbook.local(from),
                import(line, "a rota without the gap")
            ))
        }
        (None, Some(end)) => {
            let after = plan::at(stretches, end).map_or("somebody", |person| &person.name);
            Some(format!(
                "The imported rota ends on {}, and from then on {after} is on call, as set by hand. If that is not meant, {}.",
                playbook.local(end),
                import(line, "a rota that goes on")
            ))
        }
    }
}

/// Whether a contact of the playbook leads to somebody who can be paged.
fn of_contact(facts: &Facts, playbook: &Playbook, contact: &str) -> Finding {
    let title = playbook.contact_title(contact);
    let person = facts.roster.contact(playbook, contact);
    let has = |address: &&String| person.is_some_and(|person| person.email.as_ref() == Some(&address.to_lowercase()));
    if let Some(address) = playbook.contacts.get(contact).filter(|address| !has(address)) {
        let effect = person.map_or_else(
            || format!("the {title} gets a mail without a link to answer, and somebody has to make sure that they know"),
            |person| format!("{}, who has the grant for it, is paged instead", person.name),
        );
        let problem = format!(
            "Nobody on the team has this address: {effect}. Correct contacts.{contact} in the playbook, or add the person: \
             `muster person add NAME --email {address} --access responder`."
        );
        return Finding { what: format!("The {title}, {address}, is on the team"), problem: Some(problem) };
    }
    person.map_or_else(
        || Finding {
            what: format!("The {title} can be paged"),
            problem: Some(format!(
                "Nobody is named: a person would have to tell them by hand. Set contacts.{contact} in the playbook to the address of \
                 somebody on the team, or remove {contact} from leadership.contacts."
            )),
        },
        |person| can_be_paged(facts, person, title),
    )
}

fn can_be_paged(facts: &Facts, person: &person::Model, part: &str) -> Finding {
    let has_ntfy = facts.systems.contains(&System::Ntfy);
    let systems: Vec<System> = facts.systems.iter().copied().chain([System::Email]).collect();
    let problem = matches!(route(&systems, person, Operation::Page), Route::ByHand(_)).then(|| {
        let or_topic = if has_ntfy { "Have them set the topic of their phone (setNtfyTopic), or add" } else { "Add" };
        format!(
            "No e-mail address is known. {or_topic} them again with one, and put that entry in the place of this one: \
             `muster person add \"{}\" --email ADDRESS --access responder`.",
            person.name
        )
    });
    Finding { what: format!("{} ({part}) can be paged", person.name), problem }
}

fn import(line: OnCallLine, what: &str) -> String {
    format!("import {what}: `muster on-call import FILE --line {}`", line.as_str().to_lowercase())
}

fn name(line: OnCallLine) -> &'static str {
    match line {
        OnCallLine::First => "first line",
        OnCallLine::Second => "second line",
    }
}

#[cfg(test)]
mod tests;
