//! What a process has read of incidents for insights: to read a hundred thousand of them anew for each question takes seconds.
//!
//! Filled by [`super::look`]. The version is the proof: all that is kept here changes with the version of its incident, through the one door.
//! It is of all incidents, whoever looked; `look` hands out those that its caller may see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use entity::{ActionState, ClientId, IncidentId, IncidentStatus, PageLoss, PageReason, PersonId, Severity, SiteId, Timestamp, Visibility};
use sea_orm::{ActiveEnum, FromQueryResult};
use serde::{Deserialize, Deserializer, de};

use super::tally::{Fact, InTime};
use crate::limits;

/// What a process has read of incidents, by their numbers.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<i32, Arc<Known>>>);

/// What is known of an incident.
pub(super) struct Known {
    /// Its version was at least this one when the rest was read.
    version: i32,
    /// The number in `INC-42`.
    pub number: i32,
    /// Its id.
    pub id: IncidentId,
    /// Where it stands.
    pub status: IncidentStatus,
    /// Who may know about it.
    pub visibility: Visibility,
    /// How bad it is.
    pub severity: Severity,
    /// When it was reported.
    pub reported_at: Timestamp,
    /// What figures are made of, once it is declared.
    pub fact: Option<Fact>,
    /// The sites it is about.
    pub sites: Vec<SiteId>,
    /// The clients it affects.
    pub clients: Vec<ClientId>,
    /// Who was paged about it.
    pub pages: Vec<Paged>,
    /// What is to be done because of it, oldest first.
    pub follow_ups: Vec<FollowedUp>,
}

/// An incident's row, as far as it is counted.
#[derive(Deserialize, FromQueryResult)]
pub(super) struct Row {
    pub number: i32,
    id: IncidentId,
    status: IncidentStatus,
    visibility: Visibility,
    #[serde(deserialize_with = "of_rank")]
    severity: Severity,
    reported_at: Timestamp,
    declared_at: Option<Timestamp>,
    led_at: Option<Timestamp>,
    second_line_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    updates: i32,
    summaries_in_time: Option<i32>,
    summaries_late: Option<i32>,
    client_updates: i32,
    client_updates_in_time: Option<i32>,
    client_updates_late: Option<i32>,
}

/// A page, as far as it is counted.
#[derive(Clone, Debug, Deserialize, FromQueryResult)]
pub struct Paged {
    /// The number in `INC-42`.
    pub number: i32,
    /// Who was paged.
    pub person_id: PersonId,
    /// Why.
    pub reason: PageReason,
    /// The step that asked for it, if any.
    pub step_key: Option<String>,
    /// When.
    pub paged_at: Timestamp,
    /// When they answered, or were reached in another way.
    pub answered_at: Option<Timestamp>,
    /// Why it brought nobody, if that is known.
    pub lost: Option<PageLoss>,
}

/// A follow-up, as far as it is counted.
#[derive(Clone, Debug, Deserialize, FromQueryResult)]
pub(super) struct FollowedUp {
    pub number: i32,
    pub title: String,
    pub board: String,
    pub due_on: Option<NaiveDate>,
    pub state: ActionState,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// A severity as it is stored.
fn of_rank<'de, D: Deserializer<'de>>(rank: D) -> Result<Severity, D::Error> {
    Severity::try_from_value(&i16::deserialize(rank)?).map_err(de::Error::custom)
}

impl Known {
    /// An incident of which nothing but its row was read.
    pub fn new(version: i32, row: &Row) -> Self {
        let &Row { number, id, status, visibility, severity, reported_at, .. } = row;
        Self {
            version,
            number,
            id,
            status,
            visibility,
            severity,
            reported_at,
            fact: row.fact(),
            sites: Vec::new(),
            clients: Vec::new(),
            pages: Vec::new(),
            follow_ups: Vec::new(),
        }
    }
}

impl Row {
    fn fact(&self) -> Option<Fact> {
        Some(Fact {
            number: self.number,
            severity: self.severity,
            reported_at: self.reported_at,
            declared_at: self.declared_at?,
            led_at: self.led_at,
            second_line_at: self.second_line_at,
            resolved_at: self.resolved_at,
            summaries: in_time(self.summaries_in_time, self.summaries_late, self.updates),
            client_updates: in_time(self.client_updates_in_time, self.client_updates_late, self.client_updates),
        })
    }
}

/// What was counted; if nobody did, all there were are unknown.
fn in_time(in_time: Option<i32>, late: Option<i32>, all: i32) -> InTime {
    match (in_time, late) {
        (Some(in_time), Some(late)) => InTime { in_time: in_time.into(), late: late.into(), unknown: 0 },
        _ => InTime { unknown: all.into(), ..InTime::default() },
    }
}

impl Kept {
    /// What is known of incidents with these numbers and versions, and those of which that is not, or no longer.
    pub(super) fn of(&self, seen: &[(i32, i32)]) -> (Vec<Arc<Known>>, Vec<(i32, i32)>) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut news) = (Vec::with_capacity(seen.len()), Vec::new());
        for &(number, version) in seen {
            match kept.get(&number) {
                Some(known) if known.version == version => found.push(known.clone()),
                _ => news.push((number, version)),
            }
        }
        (found, news)
    }

    pub(super) fn keep(&self, read: &[Arc<Known>]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for known in read {
            if kept.len() < limits::INSIGHTS_KEPT || kept.contains_key(&known.number) {
                kept.insert(known.number, known.clone());
            }
        }
    }
}
