//! What is known of the alerts of a call, and what the call changes about them.

use std::cmp::{max, min};
use std::collections::{BTreeMap, HashMap};

use chrono::Datelike;
use entity::{AlertId, IncidentId, Severity, Timestamp, alert, incident};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::alarm::{Alarm, Alarms};
use super::episode::{Alert, Episode, Identity, Meaning, Notice};
use super::flapping;
use super::verdict::{Judge, Judgement};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::state;
use crate::limits;
use crate::playbook::Then;
use crate::sql::padded;

/// What there is to say about an alert on a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Firing,
    Again,
    Raised,
    Ended,
    Flaps,
}

/// An episode that a call says something about.
pub(super) struct Seen<'a> {
    /// The row as it will be.
    pub row: alert::Model,
    /// What is new about it, in order.
    pub told: Vec<(Word, &'a Alarm)>,
    /// The latest notice about it.
    pub alarm: &'a Alarm,
    /// Whether its incident, if it has one, has not seen it yet.
    pub is_new_there: bool,
    /// The level that it reached in this call, if that reports.
    pub reached: Option<Severity>,
    /// The worst level that the same alert had before on each incident.
    pub judged: BTreeMap<IncidentId, Severity>,
    /// Whether it flaps: then only a worse level is told, and that it flaps.
    pub is_hushed: bool,
    /// A row that this one takes over from, as it will be, and as it was read ([`as_read`]).
    pub former: Option<(alert::Model, Expr)>,
    /// If the row stands for many firings: as it was read. Another process may have written it meanwhile.
    pub as_read: Option<Expr>,
    /// What becomes of it.
    pub judgement: Judgement<'a>,
}

impl Seen<'_> {
    /// Whether it is worth showing on an incident that has not seen it.
    fn is_presentable(&self) -> bool {
        self.row.firing || self.reached.is_some() || !self.told.is_empty()
    }
}

/// The rows of a call's alerts, and the incidents they belong to.
pub(super) struct Known {
    rows: HashMap<String, Vec<alert::Model>>,
    /// When each incident was over; `None` while it runs.
    over: HashMap<IncidentId, Option<Timestamp>>,
    /// The latest incident that alerts of the group joined and that runs.
    running: Option<IncidentId>,
}

impl Known {
    /// Reads what matters for `alerts`.
    pub async fn load(ctx: &Ctx, call: &Alarms, alerts: &[&Alarm]) -> Result<Self> {
        let (rows, running) = tokio::try_join!(rows(ctx, call, alerts), running(ctx, call))?;
        let mut ids: Vec<IncidentId> = rows.iter().filter_map(|row| row.incident_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let incidents = if ids.is_empty() {
            Vec::new()
        } else {
            incident::Entity::find().filter(incident::Column::Id.is_in(padded(&ids))).all(ctx.db.read()).await?
        };
        let over = incidents.into_iter().map(|incident| (incident.id, over_at(&incident))).collect();
        let mut by_fingerprint: HashMap<String, Vec<alert::Model>> = HashMap::new();
        for row in rows {
            by_fingerprint.entry(row.fingerprint.clone()).or_default().push(row);
        }
        Ok(Self { rows: by_fingerprint, over, running })
    }

    /// The latest incident that alerts of the group joined and that runs.
    pub fn running(&self) -> Option<IncidentId> {
        self.running
    }

    /// Whether the incident runs.
    pub fn runs(&self, incident: IncidentId) -> bool {
        self.over.get(&incident).is_none_or(Option::is_none)
    }

    /// The rows of an alert.
    pub fn rows(&self, fingerprint: &str) -> &[alert::Model] {
        self.rows.get(fingerprint).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the notices about one alert are to be ignored: not if it is known to fire, because then its end must be heard.
    pub fn ignores(&self, judge: &Judge, notices: &[&Alarm]) -> bool {
        let is_ignored = |alarm: &&&Alarm| judge.of(alarm).verdict.then == Then::Ignore;
        notices.first().filter(is_ignored).is_some_and(|alarm| !self.fires(alarm))
    }

    /// Whether an alert was known to fire before the call.
    pub fn fires(&self, alarm: &Alarm) -> bool {
        self.rows(&alarm.fingerprint).iter().any(|row| row.firing)
    }

    /// Hears the notices about one alert, in their order: an episode each, also where the alert flaps ([`super::stretch`]).
    pub fn hear<'a>(&self, ctx: &Ctx, call: &Alarms, judge: &'a Judge, notices: &[&'a Alarm], now: Timestamp) -> Vec<Seen<'a>> {
        let Some(first) = notices.first() else { return Vec::new() };
        let judgement = judge.of(first);
        let rows = &*flapping::unfolded(self.rows(&first.fingerprint));
        let mut alert = Alert { episodes: rows.iter().map(|row| self.episode(row)).collect() };
        let mut heard = Heard { rows: rows.to_vec(), seen: BTreeMap::new(), judged: judged(rows), judgement };
        for alarm in notices {
            let meaning = alert.hear(&notice(call, alarm), now);
            heard.take(ctx, call, alarm, &meaning, now);
        }
        for (place, seen) in &mut heard.seen {
            let Episode { start, end, firing, heard_at, level, .. } = alert.episodes[*place];
            let former = seen.row.severity.filter(|_| seen.row.incident_id.is_some());
            // What people know of an alert on an incident stays when nobody is to hear more of it.
            let severity = if judgement.is_heard() { level } else { former };
            seen.row = alert::Model { told_start: start, told_end: end, firing, received_at: heard_at, severity, ..seen.row.clone() };
            let moves = match seen.row.incident_id {
                None => judgement.is_heard() && seen.is_presentable(),
                // It has become worse than what the incident that is over was about.
                Some(incident) => seen.reached.is_some() && !self.runs(incident),
            };
            if !moves {
                continue;
            }
            let home = self.home(rows).or(judgement.home);
            if home.is_none() && judgement.verdict.then == Then::Join {
                // It has reached nobody: as soon as something runs for it, it joins that. Until then each notice says the same again.
                (seen.reached, seen.row.severity) = (None, former);
                seen.told.retain(|(word, _)| *word != Word::Raised);
            } else {
                seen.row.incident_id = home;
                seen.is_new_there = true;
            }
        }
        heard.seen.into_values().collect()
    }

    /// Where something new about an alert belongs: to what runs because of the same alert, else of its group.
    fn home(&self, rows: &[alert::Model]) -> Option<IncidentId> {
        let own = rows.iter().filter_map(|row| Some((row.received_at, row.incident_id?))).filter(|(_, incident)| self.runs(*incident));
        own.max().map(|(_, incident)| incident).or(self.running)
    }

    fn episode(&self, row: &alert::Model) -> Episode {
        Episode {
            start: row.told_start,
            end: row.told_end,
            firing: row.firing,
            heard_at: row.received_at,
            level: row.severity,
            over_at: row.incident_id.and_then(|incident| self.over.get(&incident).copied().flatten()),
            ended_in_this_call: false,
        }
    }
}

/// The worst level that an alert had on each incident.
fn judged(rows: &[alert::Model]) -> BTreeMap<IncidentId, Severity> {
    let mut judged = BTreeMap::new();
    for (incident, level) in rows.iter().filter_map(|row| row.incident_id.zip(row.severity)) {
        judged.entry(incident).and_modify(|known: &mut Severity| *known = min(level, *known)).or_insert(level);
    }
    judged
}

/// What was heard of one alert in a call.
struct Heard<'a> {
    rows: Vec<alert::Model>,
    seen: BTreeMap<usize, Seen<'a>>,
    judged: BTreeMap<IncidentId, Severity>,
    judgement: Judgement<'a>,
}

impl<'a> Heard<'a> {
    fn take(&mut self, ctx: &Ctx, call: &Alarms, alarm: &'a Alarm, meaning: &Meaning, now: Timestamp) {
        match meaning {
            Meaning::Begins { episode, again, instead_of } => {
                if let Some(former) = instead_of {
                    let former = self.known(*former, alarm);
                    former.row.ends_at = Some(now);
                    former.told.push((Word::Ended, alarm));
                }
                let seen = self.add(ctx, call, *episode, alarm, now);
                seen.told.push((if *again { Word::Again } else { Word::Firing }, alarm));
                seen.reached = alarm.severity;
            }
            Meaning::Continues { episode, raised } => {
                let seen = self.repeat(call, *episode, alarm);
                if *raised {
                    seen.told.push((Word::Raised, alarm));
                    seen.reached = alarm.severity;
                }
            }
            Meaning::Ends { episodes } => {
                for episode in episodes {
                    let seen = self.repeat(call, *episode, alarm);
                    seen.row.ends_at = Some(shown_end(alarm, seen.row.starts_at, now));
                    seen.told.push((Word::Ended, alarm));
                }
            }
            Meaning::EndsUnseen { episode } => {
                let seen = self.add(ctx, call, *episode, alarm, now);
                seen.row.ends_at = Some(shown_end(alarm, seen.row.starts_at, now));
                // That something is well of which nobody heard otherwise is no news: many tell so each time, such as runs that succeed.
                if !alarm.is_end_alone() {
                    seen.told.push((Word::Ended, alarm));
                }
            }
            Meaning::IsOver { episode } => {
                let seen = self.known(*episode, alarm);
                seen.row.count = seen.row.count.saturating_add(1);
                // The end overtook the news that it fired: nobody has heard of it.
                if alarm.firing && seen.row.incident_id.is_none() && seen.reached.is_none() && alarm.severity.is_some() {
                    seen.told.extend([(Word::Firing, alarm), (Word::Ended, alarm)]);
                    seen.reached = alarm.severity;
                }
            }
            Meaning::Nothing => {}
        }
    }

    fn add(&mut self, ctx: &Ctx, call: &Alarms, place: usize, alarm: &'a Alarm, now: Timestamp) -> &mut Seen<'a> {
        let row = alert::Model {
            id: AlertId(ctx.ids.uuid(now)),
            source: call.source.clone(),
            fingerprint: alarm.fingerprint.clone(),
            identity: match identity(call, alarm) {
                Identity::OneAtATime | Identity::Moment => String::new(),
                Identity::Start => alarm.starts_at.map(|start| start.to_rfc3339()).unwrap_or_default(),
            },
            group_key: call.group_key.clone(),
            title: alarm.title.clone(),
            firing: alarm.firing,
            starts_at: self.shown_start(alarm, now),
            ends_at: None,
            told_start: alarm.starts_at,
            told_end: None,
            severity: alarm.severity,
            count: 1,
            incident_id: None,
            labels: alarm.labels.clone(),
            received_at: now,
            stretch: None,
            look_at: None,
        };
        self.rows.push(row);
        self.known(place, alarm)
    }

    /// When an episode began, for people: not in the future, not by a clock that was never set, and not before the last one ended.
    fn shown_start(&self, alarm: &Alarm, now: Timestamp) -> Timestamp {
        let ended = self.rows.iter().filter_map(|row| row.told_end).max();
        alarm.starts_at.filter(|start| start.year() >= 2000 && ended.is_none_or(|end| end < *start)).map_or(now, |start| min(start, now))
    }

    fn repeat(&mut self, call: &Alarms, place: usize, alarm: &'a Alarm) -> &mut Seen<'a> {
        let seen = self.known(place, alarm);
        seen.row.count = seen.row.count.saturating_add(1);
        // A mail that tells of the end may be called otherwise, and people know it by what began.
        if alarm.firing {
            seen.row.title.clone_from(&alarm.title);
        }
        seen.row.group_key.clone_from(&call.group_key);
        seen
    }

    fn known(&mut self, place: usize, alarm: &'a Alarm) -> &mut Seen<'a> {
        let (rows, judged, judgement) = (&self.rows, &self.judged, self.judgement);
        let seen = self.seen.entry(place).or_insert_with(|| Seen {
            row: rows[place].clone(),
            told: Vec::new(),
            alarm,
            is_new_there: false,
            reached: None,
            judged: judged.clone(),
            is_hushed: false,
            former: None,
            as_read: None,
            judgement,
        });
        seen.alarm = alarm;
        seen
    }
}

/// This row, if nothing more was heard of it and nobody looked at it since it was read.
pub(super) fn as_read(row: &alert::Model) -> Expr {
    let looks = row.look_at.map_or_else(|| alert::Column::LookAt.is_null(), |at| alert::Column::LookAt.eq(at));
    alert::Column::Id.eq(row.id).and(alert::Column::Count.eq(row.count)).and(looks)
}

fn notice(call: &Alarms, alarm: &Alarm) -> Notice {
    Notice { firing: alarm.firing, start: alarm.starts_at, end: alarm.ends_at, level: alarm.severity, identity: identity(call, alarm) }
}

/// What tells an alert's episodes apart; without a start, nothing.
fn identity(call: &Alarms, alarm: &Alarm) -> Identity {
    if alarm.starts_at.is_some() { call.identity } else { Identity::OneAtATime }
}

fn shown_end(alarm: &Alarm, start: Timestamp, now: Timestamp) -> Timestamp {
    alarm.ends_at.map_or(now, |end| max(min(end, now), start))
}

/// What is known of the alerts that matters now: what fires, what has the same start, and what ended not long ago.
async fn rows(ctx: &Ctx, call: &Alarms, alerts: &[&Alarm]) -> Result<Vec<alert::Model>> {
    let fingerprints: Vec<&str> = alerts.iter().map(|alarm| alarm.fingerprint.as_str()).collect();
    let starts: Vec<Timestamp> = alerts.iter().filter_map(|alarm| alarm.starts_at).collect();
    let remembered = alert::Column::ReceivedAt.gte(ctx.now() - limits::ALERT_REMEMBERED);
    let select = alert::Entity::find()
        .filter(alert::Column::Source.eq(&call.source))
        .filter(alert::Column::Fingerprint.is_in(padded(&fingerprints)))
        .filter(alert::Column::Firing.eq(true).or(alert::Column::ToldStart.is_in(padded(&starts))).or(remembered))
        .order_by_asc(alert::Column::Id);
    Ok(select.all(ctx.db.read()).await?)
}

pub(super) async fn running(ctx: &Ctx, call: &Alarms) -> Result<Option<IncidentId>> {
    // From the few incidents that run to their alerts: a group may have had thousands of alerts.
    let joined = alert::Entity::find()
        .select_only()
        .column(alert::Column::Id)
        .filter(alert::Column::Source.eq(&call.source))
        .filter(alert::Column::GroupKey.eq(&call.group_key))
        .filter(Expr::col((alert::Entity, alert::Column::IncidentId)).equals((incident::Entity, incident::Column::Id)))
        .into_query();
    let running =
        incident::Entity::find().filter(state::running()).filter(Expr::exists(joined)).order_by_desc(incident::Column::ReportedAt);
    Ok(running.one(ctx.db.read()).await?.map(|incident| incident.id))
}

/// When an incident was over; `None` while it is in triage or live.
fn over_at(incident: &incident::Model) -> Option<Timestamp> {
    if state::is_running(incident) {
        return None;
    }
    Some(incident.resolved_at.or(incident.closed_at).unwrap_or(incident.changed_at))
}
