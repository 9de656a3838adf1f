use chrono::{TimeZone, Utc};
use entity::{HeartbeatId, Severity};
use uuid::Uuid;

use super::*;

/// Minutes after 03:00.
fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap() + Duration::minutes(minutes)
}

/// Expected every hour, with ten minutes of grace; it last beat at 03:00.
fn hourly() -> heartbeat::Model {
    heartbeat::Model {
        id: HeartbeatId(Uuid::nil()),
        name: "backup".to_owned(),
        secret_hash: String::new(),
        severity: Severity::Major,
        every_seconds: 3_600,
        grace_seconds: 600,
        site_id: None,
        note: None,
        version: 1,
        created_by_id: None,
        created_at: at(-600),
        rotated_at: None,
        paused_at: None,
        last_beat_at: Some(at(0)),
        failed_at: None,
        failure: None,
        expected_by: Some(at(70)),
        next_due_at: Some(at(70)),
        alarm_since: None,
        alarm_title: None,
    }
}

fn with(change: impl FnOnce(&mut heartbeat::Model)) -> heartbeat::Model {
    let mut row = hourly();
    change(&mut row);
    row
}

#[test]
fn each_state_has_its_time() {
    let never = with(|row| (row.last_beat_at, row.expected_by) = (None, None));
    let alarm = with(|row| row.alarm_since = Some(at(70)));
    let failed = with(|row| row.failed_at = Some(at(5)));
    let paused = with(|row| (row.paused_at, row.expected_by) = (Some(at(5)), None));
    for (row, minutes, expected) in [
        (&never, 9_999, HeartbeatState::Waiting),
        (&hourly(), 60, HeartbeatState::Beating),
        (&hourly(), 61, HeartbeatState::Late),
        // No worker has looked yet.
        (&hourly(), 71, HeartbeatState::Late),
        (&alarm, 71, HeartbeatState::Silent),
        (&failed, 6, HeartbeatState::Failed),
        (&paused, 9_999, HeartbeatState::Paused),
    ] {
        assert_eq!(state(row, at(minutes)), expected, "{minutes}");
    }
    assert_eq!((next_expected(&hourly()), next_expected(&never), next_expected(&paused)), (Some(at(60)), None, None));
}

#[test]
fn silence_is_an_alarm_from_the_end_of_its_grace_on() {
    assert_eq!(step(&hourly(), at(69)), Step::Rest);
    assert_eq!(step(&hourly(), at(70)), Step::Raise(at(70)));
}

#[test]
fn what_was_raised_is_raised_again_until_it_is_over() {
    let alarm = with(|row| row.alarm_since = Some(at(70)));
    assert_eq!(step(&alarm, at(80)), Step::RaiseAgain(at(70)));
    let back = with(|row| (row.alarm_since, row.last_beat_at, row.expected_by) = (Some(at(70)), Some(at(90)), Some(at(160))));
    assert_eq!(step(&back, at(91)), Step::End { since: at(70), at: at(90) });
    assert_eq!(step(&back, at(160)), Step::Raise(at(160)));
    let paused = with(|row| (row.alarm_since, row.paused_at, row.expected_by) = (Some(at(70)), Some(at(75)), None));
    assert_eq!(step(&paused, at(76)), Step::End { since: at(70), at: at(76) });
}

#[test]
fn a_failure_is_an_alarm_at_once_and_so_is_the_next() {
    let failed = with(|row| row.failed_at = Some(at(5)));
    assert_eq!(step(&failed, at(5)), Step::Raise(at(5)));
    let twice = with(|row| (row.failed_at, row.alarm_since) = (Some(at(65)), Some(at(5))));
    assert_eq!(step(&twice, at(65)), Step::Raise(at(65)));
    let known = with(|row| (row.failed_at, row.alarm_since) = (Some(at(5)), Some(at(5))));
    assert_eq!(step(&known, at(6)), Step::RaiseAgain(at(5)));
}

#[test]
fn it_is_looked_at_when_it_is_due_or_has_news() {
    assert_eq!(next_look(&hourly(), at(1)), Some(at(70)));
    assert_eq!(next_look(&with(|row| row.alarm_since = Some(at(70))), at(80)), Some(at(80)));
    assert_eq!(next_look(&with(|row| row.failed_at = Some(at(5))), at(5)), Some(at(5)));
    let paused = with(|row| (row.failed_at, row.paused_at, row.expected_by) = (Some(at(5)), Some(at(6)), None));
    assert_eq!(next_look(&paused, at(7)), None);
}

#[test]
fn after_an_outage_the_next_beat_is_waited_for_if_one_may_be_lost() {
    let expected = |from: i64, until: i64| after_outage(&hourly(), Outage { from: at(from), until: at(until) });
    // It was due in the middle of it, at its end, or at its beginning.
    assert_eq!(expected(30, 90), Some(at(160)));
    assert_eq!(expected(30, 55), Some(at(125)));
    assert_eq!(expected(65, 68), Some(at(138)));
    // It is due later, or was overdue before.
    assert_eq!(expected(20, 40), None);
    assert_eq!(expected(71, 90), None);
    // Who is an alarm already, or waits for nothing.
    let outage = Outage { from: at(30), until: at(90) };
    assert_eq!(after_outage(&with(|row| row.alarm_since = Some(at(10))), outage), None);
    assert_eq!(after_outage(&with(|row| row.failed_at = Some(at(10))), outage), None);
    assert_eq!(after_outage(&with(|row| row.expected_by = None), outage), None);
}

#[test]
fn a_clock_that_was_ahead_does_not_hide_a_silence() {
    let ahead = with(|row| (row.last_beat_at, row.expected_by) = (Some(at(9_000)), Some(at(9_070))));
    assert_eq!(after_outage(&ahead, Outage { from: at(9_000), until: at(10) }), Some(at(80)));
}
