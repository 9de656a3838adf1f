//! What the channel of an incident shows: pure, from what is known of the incident ([`Look`]).

use entity::{IncidentStatus, Timestamp, chat_channel, incident, timeline_event};

use super::buttons::of_incident;
use super::order::is_exposed;
use crate::incident::reference::{began, reference};
use crate::playbook::steps::{Stage, steps};
use crate::playbook::{Goal, Playbook};
use crate::ports::{Button, ChatLink, Dress, Press, Said};
use crate::record::Whole;
use crate::telling::roster::Staffed;
use crate::timeline::redactions::shown;
use crate::words;

/// Characters of a topic.
const TOPIC_CHARS: usize = 250;

/// What a channel gets its look from.
pub(super) struct Look<'a> {
    pub facts: &'a Staffed,
    pub channel: &'a chat_channel::Model,
    /// What everybody was told last.
    pub update: Option<&'a timeline_event::Model>,
    pub playbook: &'a Playbook,
    /// The incident's page.
    pub url: &'a str,
    pub now: Timestamp,
}

impl Look<'_> {
    /// How the channel should look.
    pub fn dress(&self) -> Dress {
        let Self { facts, channel, url, now, .. } = *self;
        let incident = &facts.whole.incident;
        let is_exposed = is_exposed(incident, channel);
        let summary = if is_exposed { concealed(incident, url) } else { self.summary() };
        let topic = if is_exposed {
            format!("{} · {url}", reference(incident))
        } else {
            [state(incident), lead(facts), url.to_owned()].join(" · ")
        };
        Dress {
            marker: incident.id.to_string(),
            topic: topic.chars().take(TOPIC_CHARS).collect(),
            link: ChatLink { text: format!("{} in Muster", reference(incident)), url: url.to_owned() },
            summary,
            summary_at: channel.summary_ts.clone(),
            is_archived: channel.archive_at.is_some_and(|at| at <= now),
        }
    }

    fn summary(&self) -> Said {
        let Self { facts, update, playbook, url, .. } = *self;
        let incident = &facts.whole.incident;
        let headline = format!("{}: {}", reference(incident), incident.name);
        let people = format!("{}\n{}", lead(facts), comms_manager(facts));
        let parts = [
            Some(format!("{}, since {}", words::sentence(&state(incident)), playbook.local(began(incident)))),
            incident.summary.clone(),
            Some(people),
            update.map(|update| format!("Latest update, {}: {}", playbook.local(update.occurred_at), words::shortened(shown(update)))),
            goals(&facts.whole, playbook),
            self.next_step(),
            waiting(&facts.whole),
            self.over(),
        ];
        Said {
            mentions: Vec::new(),
            short: headline.clone(),
            headline,
            paragraphs: parts.into_iter().flatten().collect(),
            link: Some(ChatLink::in_muster(url)),
            buttons: buttons(incident),
        }
    }

    fn next_step(&self) -> Option<String> {
        let steps = steps(&self.facts.whole.case(), self.playbook, self.now);
        let step = steps.first()?;
        let when = match step.state {
            Stage::Upcoming => "due",
            Stage::Due => "due since",
            Stage::Overdue => "overdue since",
        };
        Some(format!("Next: {} ({when} {})", step.title, self.playbook.local(step.since())))
    }

    fn over(&self) -> Option<String> {
        let incident = &self.facts.whole.incident;
        let closed = incident.closed_at.filter(|_| incident.status == IncidentStatus::Closed)?;
        if !self.channel.is_ours {
            return Some("Closed. This channel was there before and stays, unless somebody archives it.".to_owned());
        }
        let archived = self.playbook.local(closed + self.playbook.channel_archive_after);
        Some(format!("Closed. This channel is archived on {archived}, unless somebody does it earlier."))
    }
}

fn concealed(incident: &incident::Model, url: &str) -> Said {
    let headline = format!("{} is restricted", reference(incident));
    let why = "This channel can be read by more people than may know about it. Say nothing here, and make a private channel instead.";
    Said { paragraphs: vec![why.to_owned()], short: headline.clone(), headline, link: Some(ChatLink::in_muster(url)), ..Said::default() }
}

fn state(incident: &incident::Model) -> String {
    let flags = words::urgent_flags(incident.flags);
    [words::severity(incident.severity), words::status(incident.status)].into_iter().chain(flags).collect::<Vec<_>>().join(", ")
}

fn lead(facts: &Staffed) -> String {
    let lead = facts.whole.incident.lead_id.and_then(|id| facts.roster.person(id));
    lead.map_or_else(|| "Nobody leads yet".to_owned(), |person| format!("Lead: {}", person.name))
}

fn comms_manager(facts: &Staffed) -> String {
    let manager = facts.whole.incident.comms_manager_id.and_then(|id| facts.roster.person(id));
    manager.map_or_else(|| "Nobody manages client comms".to_owned(), |person| format!("Client comms: {}", person.name))
}

fn goals(whole: &Whole, playbook: &Playbook) -> Option<String> {
    if playbook.goals.is_empty() || !whole.incident.live {
        return None;
    }
    let is_met = |key: &str| whole.goals.iter().any(|row| row.goal == key && row.met_at.is_some());
    let line = |goal: &Goal| format!("{} {}", if is_met(&goal.key) { "✓" } else { "○" }, goal.title);
    Some(playbook.goals.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn waiting(whole: &Whole) -> Option<String> {
    let names: Vec<&str> = whole.clients.iter().filter_map(|row| whole.client_names.get(&row.client_id)).map(String::as_str).collect();
    let verb = if names.len() == 1 { "waits" } else { "wait" };
    (whole.incident.live && !names.is_empty()).then(|| format!("{} {verb} to hear from us", words::listed(&names)))
}

fn buttons(incident: &incident::Model) -> Vec<Button> {
    let id = incident.id;
    match incident.status {
        IncidentStatus::Closed | IncidentStatus::Declined | IncidentStatus::Merged => {
            vec![of_incident(Press::Archive, "Archive now", id, false)]
        }
        IncidentStatus::Triage | IncidentStatus::Resolved => vec![of_incident(Press::Steps, "Steps", id, false)],
        IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring => {
            vec![of_incident(Press::Update, "Update", id, true), of_incident(Press::Steps, "Steps", id, false)]
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{TimeZone, Utc};
    use entity::Visibility;

    use super::*;
    use crate::fixtures;
    use crate::on_call::OnDuty;
    use crate::telling::roster::Roster;

    const URL: &str = "https://muster.example.org/incidents/INC-7";

    fn at() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 30, 11, 0, 0).unwrap()
    }

    fn dressed(incident: incident::Model, is_private: bool) -> Dress {
        let lead = fixtures::named("Kim");
        let incident = incident::Model { lead_id: Some(lead.id), ..incident };
        let channel = chat_channel::Model { is_private, ..fixtures::chat_channel() };
        let roster = Roster::of(vec![lead], &OnDuty { first: None, second: None });
        let facts = Staffed { whole: Whole::new(incident), roster: Arc::new(roster) };
        Look { facts: &facts, channel: &channel, update: None, playbook: &Playbook::default(), url: URL, now: at() }.dress()
    }

    #[test]
    fn a_channel_says_how_bad_it_is_who_leads_and_what_comes_next() {
        let dress = dressed(fixtures::live_incident(at()), false);
        assert_eq!(dress.topic, format!("minor, investigating · Lead: Kim · {URL}"));
        assert_eq!(dress.summary.headline, "INC-7: Shop is down");
        assert!(dress.summary.paragraphs.iter().any(|part| part.starts_with("Next: ")), "{:?}", dress.summary);
        assert!(!dress.is_archived);
    }

    #[test]
    fn a_topic_is_never_longer_than_the_chat_takes() {
        let long = incident::Model { name: "x".repeat(300), ..fixtures::live_incident(at()) };
        assert!(dressed(long, false).topic.chars().count() <= TOPIC_CHARS);
    }

    #[test]
    fn a_restricted_incident_is_named_only_where_those_are_who_may_know() {
        let restricted = || incident::Model { visibility: Visibility::Restricted, ..fixtures::live_incident(at()) };
        assert_eq!(dressed(restricted(), true).summary.headline, "INC-7: Shop is down");
        let exposed = dressed(restricted(), false);
        let said = format!("{} {:?}", exposed.topic, exposed.summary);
        assert!(!said.contains("Shop") && !said.contains("Kim") && said.contains("INC-7"), "{said}");
    }
}
