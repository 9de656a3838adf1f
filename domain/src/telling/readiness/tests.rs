use std::sync::Arc;

use chrono::TimeZone;
use entity::Grant;

use super::*;
use crate::fixtures;
use crate::on_call::OnDuty;
use crate::zone::tables;

use OnCallLine::{First, Second};

/// Saturday noon, plus so many days.
fn day(days: i64) -> Timestamp {
    chrono::Utc.with_ymd_and_hms(2026, 11, 28, 12, 0, 0).unwrap() + Duration::days(days)
}

/// A person with an address, unless their name is Mute.
fn person(name: &str) -> person::Model {
    person::Model {
        email: (name != "Mute").then(|| format!("{}@example.org", name.to_lowercase())),
        grants: if name == "Lee" || name == "Mute" { [Grant::NotifyDpo].into_iter().collect() } else { entity::Grants::default() },
        ..fixtures::named(name)
    }
}

/// A line with who has it from one day to another, or to the end of what is looked at.
type Shift = (OnCallLine, &'static str, i64, Option<i64>);

/// Both lines planned throughout.
const PLANNED: [Shift; 2] = [(First, "Kim", 0, None), (Second, "Sam", 0, None)];

fn facts(shifts: &[Shift], rota_ends: &[(OnCallLine, i64)], team: &[&str]) -> Facts {
    let stretch = |(line, name, from, to): &Shift| Stretch {
        line: *line,
        person: Arc::new(person(name)),
        starts_at: day(*from),
        ends_at: to.map(day),
    };
    Facts {
        now: day(0),
        roster: Roster::of(team.iter().map(|name| person(name)).collect(), &OnDuty { first: None, second: None }),
        stretches: shifts.iter().map(stretch).collect(),
        rota_ends: rota_ends.iter().map(|(line, end)| (*line, day(*end))).collect(),
        systems: Vec::new(),
    }
}

fn playbook(leaders: &[&str], contacts: &[(&str, &str)]) -> Playbook {
    Playbook {
        leadership_contacts: leaders.iter().map(|key| (*key).to_owned()).collect(),
        contacts: contacts.iter().map(|(key, address)| ((*key).to_owned(), (*address).to_owned())).collect(),
        ..Playbook::default()
    }
}

fn problems(facts: &Facts, playbook: &Playbook) -> Vec<String> {
    let findings = findings(facts, playbook, tables()).into_iter();
    findings.filter_map(|Finding { what, problem }| Some(format!("{what}: {}", problem?))).collect()
}

/// Each of `expected` is in the problem at its place, and there are no others.
#[track_caller]
fn assert_problems(found: &[String], expected: &[&str]) {
    let is_right = found.len() == expected.len() && found.iter().zip(expected).all(|(found, part)| found.contains(part));
    assert!(is_right, "{found:#?} is not {expected:#?}");
}

#[test]
fn a_team_that_is_planned_and_can_be_paged_has_no_problem() {
    let playbook = playbook(&["cto", "dpo"], &[("cto", "Kim@example.org")]);
    assert_problems(&problems(&facts(&PLANNED, &[(First, 90)], &["Kim", "Sam", "Lee"]), &playbook), &[]);
}

#[test]
fn gaps_on_call_are_found() {
    let second = (Second, "Sam", 0, None);
    let table: [(&[Shift], &[(OnCallLine, i64)], &[&str]); 10] = [
        (&[], &[], &["Somebody is on first line now: A report", "Somebody is on second line now: If first line"]),
        (&[second], &[], &["--line first"]),
        (&[(First, "Kim", 0, None)], &[], &["--line second"]),
        // What begins later is no help now.
        (&[(First, "Kim", 1, None), second], &[], &["Somebody is on first line now"]),
        (&[(First, "Mute", 0, None), second], &[], &["Mute (first line) can be paged: No e-mail address is known"]),
        // Neither is one who comes later in the week.
        (&[(First, "Kim", 0, Some(2)), (First, "Mute", 2, None), second], &[], &["Mute (first line) can be paged"]),
        (&[(First, "Kim", 0, Some(6)), second], &[(First, 6)], &["Nobody is on call from Fri 4 Dec, 12:00 GMT. Put somebody"]),
        (
            &[(First, "Kim", 0, Some(1)), (First, "Sam", 2, None), second],
            &[],
            &["Nobody is on call from Sun 29 Nov, 12:00 GMT until Mon 30 Nov, 12:00 GMT. Put"],
        ),
        // Who was once set by hand would stay on call for ever.
        (
            &[(First, "Kim", 0, Some(6)), (First, "Sam", 6, None), second],
            &[(First, 6)],
            &["The imported rota ends on Fri 4 Dec, 12:00 GMT, and from then on Sam is on call"],
        ),
        // A week is enough.
        (&[(First, "Kim", 0, None), second], &[(First, 7)], &[]),
    ];
    for (shifts, rota_ends, expected) in table {
        assert_problems(&problems(&facts(shifts, rota_ends, &["Kim", "Sam"]), &playbook(&[], &[])), expected);
    }
}

#[test]
fn leaders_who_cant_be_paged_are_found() {
    let table: [(&[&str], &[&str], &[(&str, &str)], &[&str]); 8] = [
        (&["Kim"], &["cto", "dpo"], &[], &["The CTO can be paged: Nobody is named", "The Data Protection Officer can be paged: Nobody"]),
        (&["Kim"], &["ceo"], &[], &["Set contacts.ceo"]),
        (&["Kim"], &["cto"], &[("cto", "kim@example.org")], &[]),
        (&["Lee"], &["dpo"], &[], &[]),
        (&["Mute"], &["dpo"], &[], &["Mute (Data Protection Officer) can be paged: No e-mail address"]),
        (
            &["Kim"],
            &["cto"],
            &[("cto", "kin@example.org")],
            &["The CTO, kin@example.org, is on the team: Nobody on the team has this address: the CTO gets"],
        ),
        (&["Lee"], &["dpo"], &[("dpo", "kin@example.org")], &["Lee, who has the grant for it, is paged instead"]),
        // Nobody pages this one now, but the address is wrong in any case.
        (&["Kim"], &[], &[("dpo", "kin@example.org")], &["contacts.dpo"]),
    ];
    for (team, leaders, contacts, expected) in table {
        assert_problems(&problems(&facts(&PLANNED, &[], team), &playbook(leaders, contacts)), expected);
    }
}

#[test]
fn old_time_zone_tables_are_found() {
    let found = findings(&Facts { now: day(20_000), ..facts(&[], &[], &[]) }, &playbook(&[], &[]), tables()).pop().unwrap();
    assert!(found.problem.is_some_and(|problem| problem.starts_with("The time zone tables are of release")));
}
