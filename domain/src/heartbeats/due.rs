//! When a heartbeat's silence is an alarm: pure functions of its row and the time.
//!
//! A row says by when the next beat is expected ([`heartbeat::Model::expected_by`]), and since when it is an alarm. What has to be done about it
//! follows from these two ([`step`]), so whoever looks at a row again, however late, does what is missing.

use chrono::Duration;
use entity::{Timestamp, heartbeat};

/// How a heartbeat stands, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeartbeatState {
    /// It has never beaten, so nobody waits for it.
    Waiting,
    /// It beat in time.
    Beating,
    /// It is late, and still within its grace.
    Late,
    /// It is silent, which is an alarm.
    Silent,
    /// It said that it failed, which is an alarm.
    Failed,
    /// Nobody waits for it, because somebody wanted so.
    Paused,
}

/// What is to be done about a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing for now.
    Rest,
    /// Its alarm must be raised: it began then.
    Raise(Timestamp),
    /// Its alarm may have been raised, by a worker that died: it must be raised again, as it was.
    RaiseAgain(Timestamp),
    /// Its alarm must be ended.
    End {
        /// When it began.
        since: Timestamp,
        /// When it ended.
        at: Timestamp,
    },
}

/// A time in which nobody listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    /// When somebody last did.
    pub from: Timestamp,
    /// When somebody did again.
    pub until: Timestamp,
}

/// How long it may be silent before that is an alarm.
fn patience(row: &heartbeat::Model) -> Duration {
    every(row) + grace(row)
}

fn every(row: &heartbeat::Model) -> Duration {
    Duration::seconds(row.every_seconds.into())
}

fn grace(row: &heartbeat::Model) -> Duration {
    Duration::seconds(row.grace_seconds.into())
}

/// When the silence after a beat at `heard_at` becomes an alarm.
pub(super) fn expected_by(row: &heartbeat::Model, heard_at: Timestamp) -> Timestamp {
    heard_at + patience(row)
}

/// When the next beat is expected; nothing while nobody waits for it.
pub fn next_expected(row: &heartbeat::Model) -> Option<Timestamp> {
    row.last_beat_at.filter(|_| row.paused_at.is_none()).map(|at| at + every(row))
}

/// How it stands at `now`.
pub fn state(row: &heartbeat::Model, now: Timestamp) -> HeartbeatState {
    if row.paused_at.is_some() {
        return HeartbeatState::Paused;
    }
    if row.failed_at.is_some() {
        return HeartbeatState::Failed;
    }
    let Some(expected) = next_expected(row) else { return HeartbeatState::Waiting };
    let is_over = row.expected_by.is_some_and(|by| by <= now);
    if is_over && row.alarm_since.is_some() {
        HeartbeatState::Silent
    } else if expected < now {
        HeartbeatState::Late
    } else {
        HeartbeatState::Beating
    }
}

/// Since when it should be an alarm, if it should.
fn wanted(row: &heartbeat::Model, now: Timestamp) -> Option<Timestamp> {
    if row.paused_at.is_some() {
        return None;
    }
    row.failed_at.or(row.expected_by.filter(|by| *by <= now))
}

/// What is to be done about it at `now`.
pub(super) fn step(row: &heartbeat::Model, now: Timestamp) -> Step {
    match (row.alarm_since, wanted(row, now)) {
        (None, None) => Step::Rest,
        (None, Some(since)) => Step::Raise(since),
        // It has failed once more, or fell silent again: if what was reported before is over by now, that is another one.
        (Some(known), Some(since)) if since > known => Step::Raise(since),
        (Some(known), Some(_)) => Step::RaiseAgain(known),
        (Some(since), None) => Step::End { since, at: row.last_beat_at.filter(|at| *at > since).unwrap_or(now) },
    }
}

/// When a worker must look at it next, after people or a beat changed it.
pub(super) fn next_look(row: &heartbeat::Model, now: Timestamp) -> Option<Timestamp> {
    let is_news = row.alarm_since.is_some() || (row.failed_at.is_some() && row.paused_at.is_none());
    if is_news { Some(now) } else { row.expected_by }
}

/// By when a beat is expected after an outage, if that differs. A beat that was due meanwhile may have come while nobody listened, so the one
/// after it is waited for. What was overdue before stays so.
pub(super) fn after_outage(row: &heartbeat::Model, outage: Outage) -> Option<Timestamp> {
    let is_alarm = row.alarm_since.is_some_and(|since| row.last_beat_at.is_none_or(|at| at <= since));
    let by = row.expected_by.filter(|_| !is_alarm && row.failed_at.is_none())?;
    let earliest = row.last_beat_at? + every(row) - grace(row);
    let next = outage.until + patience(row);
    // Further away than after a beat in this moment: by a clock that was ahead.
    let is_too_far = by > next;
    let may_be_lost = by >= outage.from && earliest <= outage.until && by < next;
    (is_too_far || may_be_lost).then_some(next)
}

#[cfg(test)]
mod tests;
