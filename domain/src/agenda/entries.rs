//! What stands in a person's calendar, from facts that were loaded before. Pure: the same facts give the same bytes, all day long.

use chrono::{Duration, NaiveTime};
use entity::{OnCallLine, Timestamp, person, review};

use crate::calendar::{self, Entry, Method};
use crate::limits;
use crate::on_call::plan::{Planned, Stretch, covers, holder, stretches};
use crate::review::{ends_at, uid};

/// How long something stays in sight that is over.
const BEFORE: Duration = Duration::days(7);
/// How far ahead shifts are shown; reviews are all shown.
const AHEAD: Duration = Duration::days(60);

/// The part of time that a calendar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Window {
    /// Of whole days, so that it does not move with every look.
    pub fn at(now: Timestamp) -> Self {
        let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
        Self { from: today - BEFORE, to: today + AHEAD }
    }
}

/// A review that somebody comes to, of an incident that they may see.
pub struct Meeting {
    pub review: review::Model,
    /// The incident, as people say it.
    pub reference: String,
    /// What the incident is called, unless it is restricted: calendars are shared, and show on locked screens.
    pub name: Option<String>,
    /// The address of its page.
    pub page: String,
}

/// What a calendar is made of.
pub struct Facts<'a> {
    /// Whose it is.
    pub person: &'a person::Model,
    pub window: Window,
    /// The shifts in that time, also those of others: they say when one's own begin and end.
    pub planned: &'a [Planned],
    pub meetings: &'a [Meeting],
    pub public_url: &'a str,
}

/// The calendar as a file.
pub fn written(facts: &Facts<'_>) -> String {
    let shifts = OnCallLine::ALL.iter().flat_map(|line| facts.shifts(*line));
    let mut entries: Vec<Entry<'_>> = shifts.chain(facts.meetings.iter().map(|meeting| facts.meeting(meeting))).collect();
    entries.sort_by(|a, b| (a.starts_at, &a.uid).cmp(&(b.starts_at, &b.uid)));
    entries.truncate(limits::FEED_ENTRIES);
    calendar::written(Method::Publish(&format!("Muster: {}", facts.person.name)), &entries)
}

impl Facts<'_> {
    /// When the person really has the line, whoever else is on the rota.
    fn shifts(&self, line: OnCallLine) -> Vec<Entry<'static>> {
        let own = stretches(self.planned, line, self.window.from, self.window.to).into_iter();
        own.filter(|stretch| stretch.person.id == self.person.id).filter_map(|stretch| self.shift(&stretch)).collect()
    }

    fn shift(&self, stretch: &Stretch) -> Option<Entry<'static>> {
        let Window { from, to } = self.window;
        let of_line = self.planned.iter().filter(|planned| planned.shift.line == stretch.line);
        let covering: Vec<&Planned> = of_line.filter(|planned| covers(&planned.shift, stretch.starts_at)).collect();
        let shift = &holder(&covering)?.shift;
        let id = shift.id.0.as_simple();
        // One that others interrupt comes back as another event.
        let is_first = [shift.starts_at, from].contains(&stretch.starts_at);
        let name = if is_first { format!("shift-{id}") } else { format!("shift-{id}-{}", stretch.starts_at.timestamp()) };
        let (line, what) = match stretch.line {
            OnCallLine::First => ("first line", "You are paged first."),
            OnCallLine::Second => ("second line", "You are paged when first line needs help."),
        };
        let goes_on = if stretch.ends_at.is_none() { " It goes on after this." } else { "" };
        Some(Entry {
            uid: calendar::uid(self.public_url, &name).into(),
            sequence: 0,
            written_at: shift.created_at,
            starts_at: stretch.starts_at,
            ends_at: stretch.ends_at.unwrap_or(to),
            title: format!("On call: {line}").into(),
            place: None,
            text: format!("{what}{goes_on}").into(),
            url: format!("{}/on-call", self.public_url).into(),
            is_busy: false,
        })
    }

    fn meeting(&self, Meeting { review, reference, name, page }: &Meeting) -> Entry<'static> {
        let name = name.as_ref().map(|name| format!(": {name}")).unwrap_or_default();
        let part = if review.facilitator_id == self.person.id {
            "You lead it."
        } else if review.note_taker_id == self.person.id {
            "You take the notes."
        } else {
            "You are invited."
        };
        Entry {
            uid: uid(self.public_url, review).into(),
            sequence: review.sequence,
            written_at: review.planned_at,
            starts_at: review.starts_at,
            ends_at: ends_at(review),
            title: format!("Review of {reference}{name}").into(),
            place: review.place.clone().map(Into::into),
            text: format!("{part}\nThe report, and what the review is about: {page}").into(),
            url: page.clone().into(),
            is_busy: true,
        }
    }
}

#[cfg(test)]
mod tests;
