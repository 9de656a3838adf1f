//! Which rules the plan of a review breaks (R27, R30). Pure. None is an error: people may have reasons.

use std::collections::BTreeMap;

use chrono::Duration;
use entity::{PersonId, Timestamp, person};

use super::attendance::{Guest, Part};
use super::busy::{Busy, Reason};
use super::plan::Plan;
use super::sitting::Sitting;
use crate::playbook::Playbook;
use crate::playbook::steps::is_major;
use crate::words;

/// How long a review should last, in minutes.
const LENGTH: std::ops::RangeInclusive<i32> = 90..=120;
/// How many working days before the review its readers should have the draft.
const TO_READ: i32 = 3;
/// How many names a warning lists.
const NAMED: usize = 5;

/// A rule about reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReviewRule {
    /// The facilitator had no part in the response.
    FacilitatorFromOutside,
    /// Somebody else than the facilitator takes the notes.
    NoteTakerApart,
    /// Somebody senior who had no part in it comes to the review of what was critical or major.
    SeniorOutsider,
    /// It lasts one and a half to two hours.
    Length,
    /// It is in working hours.
    WorkingHours,
    /// It is still to come.
    ToCome,
    /// Readers have had the draft report for three working days.
    DraftRead,
    /// Those who are invited have time.
    TimeFree,
}

/// A rule that a plan breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The rule.
    pub rule: ReviewRule,
    /// In words, for who plans it.
    pub text: String,
}

/// What a plan is held against.
pub struct Against<'a> {
    pub plan: &'a Plan,
    pub sitting: &'a Sitting,
    pub parts: &'a BTreeMap<PersonId, Part>,
    pub guests: &'a [Guest<'a>],
    pub team: &'a [person::Model],
    pub busy: &'a [Busy],
    pub playbook: &'a Playbook,
    pub now: Timestamp,
}

/// The rules that the plan breaks.
pub fn warnings(against: &Against<'_>) -> Vec<Warning> {
    let all = [
        (ReviewRule::FacilitatorFromOutside, against.facilitator()),
        (ReviewRule::NoteTakerApart, against.note_taker()),
        (ReviewRule::SeniorOutsider, against.senior()),
        (ReviewRule::Length, against.length()),
        (ReviewRule::ToCome, against.to_come()),
        (ReviewRule::WorkingHours, against.working_hours()),
        (ReviewRule::DraftRead, against.draft()),
        (ReviewRule::TimeFree, against.time_free()),
    ];
    all.into_iter().filter_map(|(rule, text)| Some(Warning { rule, text: text? })).collect()
}

impl Against<'_> {
    fn name(&self, id: PersonId) -> &str {
        self.team.iter().find(|person| person.id == id).map_or("Somebody", |person| &person.name)
    }

    fn ends_at(&self) -> Timestamp {
        self.plan.starts_at + Duration::minutes(self.plan.duration_minutes.into())
    }

    fn facilitator(&self) -> Option<String> {
        let id = self.plan.facilitator?;
        let part = self.parts.get(&id)?;
        Some(format!("{} leads the review and {}: somebody who had no part in it asks more freely.", self.name(id), part.words()))
    }

    fn note_taker(&self) -> Option<String> {
        let id = self.plan.note_taker.filter(|id| Some(*id) == self.plan.facilitator)?;
        Some(format!("{} would lead the review and take its notes: whoever writes can't listen to everybody.", self.name(id)))
    }

    fn senior(&self) -> Option<String> {
        let severity = self.sitting.whole.incident.severity;
        if !is_major(severity) {
            return None;
        }
        match self.plan.senior_outsider {
            None => Some(format!("This was {}: somebody senior who had no part in it should be there.", words::severity(severity))),
            Some(id) => {
                let part = self.parts.get(&id)?;
                Some(format!("{} is to see it from outside, but {}.", self.name(id), part.words()))
            }
        }
    }

    fn length(&self) -> Option<String> {
        let minutes = self.plan.duration_minutes;
        let span = words::span(Duration::minutes(minutes.into()));
        (!LENGTH.contains(&minutes)).then(|| format!("It lasts {span}: an hour and a half to two hours are enough and not too much."))
    }

    fn to_come(&self) -> Option<String> {
        (self.plan.starts_at <= self.now)
            .then(|| format!("{} has passed: nobody will be invited.", self.playbook.local(self.plan.starts_at)))
    }

    fn working_hours(&self) -> Option<String> {
        let hours = &self.playbook.working_hours;
        let is_within = hours.is_working(self.plan.starts_at) && hours.next_closing(self.plan.starts_at) >= self.ends_at();
        (!is_within).then(|| "It is not within working hours.".to_owned())
    }

    fn draft(&self) -> Option<String> {
        let report = self.sitting.whole.reports.first()?;
        let by = self.playbook.working_hours.plus_working_days(self.plan.starts_at, -TO_READ);
        match report.circulated_at {
            Some(at) if at > by => Some(format!(
                "The draft report was circulated only on {}: people should have three working days to read it.",
                self.playbook.local(at)
            )),
            None if self.now > by => {
                Some("The draft report is not circulated yet: people should have three working days to read it.".to_owned())
            }
            Some(_) | None => None,
        }
    }

    fn time_free(&self) -> Option<String> {
        let until = self.ends_at();
        let taken = |guest: &&Guest<'_>| {
            let reasons = self.busy.iter().filter(|busy| busy.person == guest.person.id && busy.overlaps(self.plan.starts_at, until));
            reasons.map(|busy| busy.reason).max()
        };
        let mut texts: Vec<String> = self
            .guests
            .iter()
            .filter_map(|guest| {
                let what = match taken(&guest)? {
                    Reason::OnCall => "is on call",
                    Reason::Review => "is invited to another review",
                };
                Some(format!("{} {what}", guest.person.name))
            })
            .collect();
        if texts.is_empty() {
            return None;
        }
        if texts.len() > NAMED {
            let others = texts.len() - NAMED;
            texts.truncate(NAMED);
            texts.push(format!("{others} more have no time"));
        }
        Some(format!("At that time {}.", words::listed(&texts.iter().map(String::as_str).collect::<Vec<_>>())))
    }
}
