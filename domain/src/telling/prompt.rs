//! A step that people are to be told of now: what goes onto the timeline, to whom, and what Muster does itself.

use entity::{Operation, PageReason, PersonId, Role, System, TimelineKind, Visibility, person, step};
use serde_json::json;

use crate::delivery::order::{self, New};
use crate::incident::marks::mark;
use crate::incident::reference::{link, reference};
use crate::playbook::steps::{Stage, Step, same_series};
use crate::playbook::{Playbook, Rule};
use crate::ports::Notice;
use crate::record::{Draft, NewEvent};
use crate::telling::message::{Message, Reach, Recipient, channels};
use crate::telling::pages;
use crate::telling::roster::{Staffed, may_know};

/// A step whose reminder is due.
pub(super) struct Prompt<'a> {
    pub(super) facts: &'a Staffed,
    pub(super) playbook: &'a Playbook,
    pub(super) step: &'a Step,
}

impl<'a> Prompt<'a> {
    pub(super) fn give(&self, draft: &mut Draft<'_>) {
        mark(draft, self.step, |row, now| {
            row.due_reminded_at = row.due_reminded_at.or(Some(now));
            if self.step.state == Stage::Overdue {
                row.overdue_reminded_at = Some(now);
            }
        });
        // One reminder to pass on by hand is enough: the newest.
        let series = draft.whole().steps.iter().map(|row| row.key.clone());
        let series: Vec<String> = series.filter(|key| same_series(key, &self.step.key)).collect();
        order::supersede_by_hand(draft, &series);
        // A step of Muster's that is found overdue after downtime was never done: do it now instead of nagging people at once.
        let told = |row: &step::Model| row.key == self.step.key && self.step.is_meant(row.due_at) && row.due_reminded_at.is_some();
        let first_time = !self.facts.whole.steps.iter().any(told);
        let people = if first_time && self.act(draft) { Vec::new() } else { self.audience() };
        let (quiet, people): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| channels(person, Operation::Remind).is_empty());
        self.record(draft, &people, !quiet.is_empty());
        for person in people {
            self.remind(draft, person);
        }
    }

    /// Does what Muster can do itself; `false` if people must be reminded, because nothing goes out automatically.
    fn act(&self, draft: &mut Draft<'_>) -> bool {
        let contact = self.step.contact.as_deref().unwrap_or_default();
        match self.step.rule {
            Rule::GeneralNotice => self.post_notice(draft, notice(self.playbook, draft)),
            Rule::Leadership => self.tell_contact(draft, contact),
            Rule::LeadershipFallback => self.tell_somebody_senior(draft, contact),
            Rule::Page => match pages::next(self.facts, None) {
                Some(person) => pages::page(draft, person, PageReason::Escalated, None, "nobody has answered the page.") == Reach::Leaves,
                None => false,
            },
            _ => false,
        }
    }

    /// Posts a notice to everybody. It can't be taken back, so there is none for a restricted incident: its lead decides.
    fn post_notice(&self, draft: &mut Draft<'_>, text: String) -> bool {
        if draft.incident().visibility == Visibility::Restricted {
            return false;
        }
        let connected = draft.ctx().config.systems.contains(&System::Slack);
        draft.send(New { step: Some(self.step.key.clone()), ..New::of(Operation::Notice, Notice { text }) });
        // If a person must post it, somebody must be reminded to.
        connected
    }

    /// Pages a contact who is on the team. Anyone else is sent a mail or, if no address is known, must be contacted by hand; in both
    /// cases somebody must confirm that they know.
    fn tell_contact(&self, draft: &mut Draft<'_>, contact: &str) -> bool {
        let title = self.playbook.contact_title(contact);
        let why = format!("the {title} must know about this.");
        if let Some(person) = self.facts.roster.contact(self.playbook, contact) {
            pages::page(draft, person, PageReason::Leadership, Some(&self.step.key), &why) == Reach::Leaves
        } else {
            let message = Message {
                to: Recipient::Other { name: format!("the {title}"), address: self.playbook.contacts.get(contact).cloned() },
                purpose: Operation::Tell,
                subject: headline(draft, "Please read"),
                text: format!("You need to know about this incident: {}", link(draft.ctx(), draft.incident())),
                step: Some(self.step.key.clone()),
                page: None,
            };
            draft.tell(message);
            // Somebody must note that they know, whether or not the mail leaves by itself.
            false
        }
    }

    fn tell_somebody_senior(&self, draft: &mut Draft<'_>, contact: &str) -> bool {
        let title = self.playbook.contact_title(contact);
        let told = |id: PersonId| {
            let pages = &draft.whole().pages;
            pages.iter().any(|page| page.step_key.is_some() && page.person_id == id)
        };
        let senior = self.facts.roster.by_seniority().into_iter().find(|person| !told(person.id));
        let why = format!("the {title} has not answered, so you should know.");
        let reach = senior.map(|person| pages::page(draft, person, PageReason::Leadership, Some(&self.step.key), &why));
        let text = format!(
            "We can't reach the {title} about {} ({}). If you can, please let them know: {}",
            reference(draft.incident()),
            draft.incident().name,
            link(draft.ctx(), draft.incident())
        );
        self.post_notice(draft, text) || reach == Some(Reach::Leaves)
    }

    fn record(&self, draft: &mut Draft<'_>, people: &[&person::Model], some_are_quiet: bool) {
        let Step { key, rule, title, due_at, state, missed, .. } = self.step;
        let stage = if *state == Stage::Overdue { "Overdue" } else { "Due" };
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        let to = match names.as_slice() {
            [] if some_are_quiet => " (quietly)".to_owned(),
            [] => String::new(),
            names => format!(" ({})", names.join(", ")),
        };
        let text = format!("{stage} since {}: {title}{}{to}", self.playbook.local(*due_at), missed_words(*missed));
        let ids: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
        let details =
            json!({ "step": key, "rule": rule.as_str(), "stage": stage.to_uppercase(), "dueAt": due_at, "people": ids, "missed": missed });
        draft.record(NewEvent::new(TimelineKind::Prompt, text).details(details));
    }

    fn remind(&self, draft: &mut Draft<'_>, person: &person::Model) {
        let Step { key, title, why, due_at, state, missed, .. } = self.step;
        let stage = if *state == Stage::Overdue { "Overdue" } else { "Due" };
        let text = format!(
            "{title}\n\n{why}\n\nDue since {}.{}\n\n{} ({}, {}): {}",
            self.playbook.local(*due_at),
            missed_words(*missed),
            draft.incident().name,
            reference(draft.incident()),
            draft.incident().severity,
            link(draft.ctx(), draft.incident()),
        );
        let message = Message {
            to: Recipient::Person(person),
            purpose: Operation::Remind,
            subject: headline(draft, &format!("{stage}: {title}")),
            text,
            step: Some(key.clone()),
            page: None,
        };
        draft.tell(message);
    }

    /// The holders of the roles that the step names, else the lead, else the person on call, else the reporter, else the administrators.
    fn audience(&self) -> Vec<&'a person::Model> {
        let Staffed { whole, roster } = self.facts;
        let holders = |role: Role| {
            let held = whole.roles.iter().filter(move |row| row.role == role && row.ended_at.is_none());
            held.filter_map(|row| roster.person(row.person_id)).collect::<Vec<_>>()
        };
        let known = |person: Option<&'a person::Model>| person.filter(|person| may_know(person, whole)).into_iter().collect::<Vec<_>>();
        let mut people: Vec<&person::Model> = self.step.person.and_then(|id| roster.person(id)).into_iter().collect();
        if people.is_empty() {
            people = self.step.audience.iter().flat_map(|role| holders(*role)).collect();
        }
        let reporter = || {
            whole
                .incident
                .reporter_id
                .and_then(|id| roster.person(id))
                .filter(|person| person.access_level >= entity::AccessLevel::Responder)
        };
        let fallbacks: [&dyn Fn() -> Vec<&'a person::Model>; 4] =
            [&|| holders(Role::IncidentLead), &|| known(roster.first_line().or(roster.second_line())), &|| known(reporter()), &|| {
                roster.administrators().collect()
            }];
        for fallback in fallbacks {
            if people.is_empty() {
                people = fallback();
            }
        }
        people.sort_by_key(|person| person.id);
        people.dedup_by_key(|person| person.id);
        people
    }
}

fn headline(draft: &Draft<'_>, what: &str) -> String {
    format!("[{}] {what}", reference(draft.incident()))
}

fn missed_words(missed: i64) -> String {
    match missed {
        0 => String::new(),
        1 => " One earlier reminder was missed.".to_owned(),
        many => format!(" {many} earlier reminders were missed."),
    }
}

/// The notice to everybody about a major or critical incident (R7).
fn notice(playbook: &Playbook, draft: &Draft<'_>) -> String {
    let incident = draft.incident();
    let since = incident.impact_started_at.or(incident.declared_at).unwrap_or(incident.reported_at);
    let since = since.with_timezone(&playbook.working_hours.zone).format("%H:%M %Z on %a %-d %b").to_string();
    let values = [
        ("reference", &*reference(incident)),
        ("severity", incident.severity.as_str()),
        ("since", &since),
        ("link", &link(draft.ctx(), incident)),
        ("name", &incident.name),
    ];
    Playbook::filled_in(&playbook.notice, &values)
}
