//! What comes first, what is only coming, and who does not react.

use entity::{IncidentStatus, Role, Severity};

use super::*;
use crate::playbook::Rule;

#[test]
fn who_is_reminded_and_does_nothing_has_somebody_else_paged() {
    let silent = Case { no_reaction_since: Some(on("18 11:30")), ..minor() };
    check_states(&silent, Rule::NoReaction, "no-reaction {} 18 11:50", "18 11:50", "18 12:00");
    let paged = Case { pages: vec![page(Some("no-reaction"), "18 12:05", None)], ..silent.clone() };
    check_states(&paged, Rule::NoReactionFallback, "no-reaction-fallback {} 18 12:25", "18 12:25", "18 12:35");
    let triage = Case { status: IncidentStatus::Triage, ..silent.clone() };
    check(
        Rule::NoReaction,
        &[
            ("they reacted", minor(), "18 12:00", &[]),
            ("trivial", Case { severity: Severity::Trivial, ..silent.clone() }, "18 12:00", &[]),
            ("a report that nobody was paged for", triage.clone(), "18 12:00", &[]),
            ("a report", Case { pages: vec![page(None, "18 11:00", None)], ..triage }, "18 12:00", &["no-reaction Overdue 18 11:50"]),
            ("over", Case { no_reaction_since: silent.no_reaction_since, ..resolved("18 11:40") }, "18 12:00", &[]),
        ],
    );
    check(
        Rule::NoReactionFallback,
        &[
            ("second line is still to be paged", silent.clone(), "18 11:30", &["no-reaction-fallback Upcoming 18 12:10"]),
            ("it was not paged yet", silent, "18 13:00", &[]),
        ],
    );
}

#[test]
fn who_asks_to_be_left_alone_is_reminded_once_more_then() {
    let playbook = Playbook::default();
    let told = |snoozed: Option<&str>| {
        let (due_at, told) = (on("18 11:05"), Some(on("18 11:05")));
        let mark = Mark { due_at, due_reminded_at: told, overdue_reminded_at: told, snoozed_until: snoozed.map(on), ..Mark::default() };
        Case { marks: BTreeMap::from([("lead".to_owned(), mark)]), ..minor() }
    };
    let of_lead = |case: &Case, now: &str| {
        let steps = steps(case, &playbook, on(now));
        let lead = steps.into_iter().find(|step| step.rule == Rule::Lead).unwrap();
        (lead.state, lead.next_reminder(case.marks.get("lead")))
    };
    assert_eq!(of_lead(&told(None), "18 11:20"), (Stage::Overdue, None));
    assert_eq!(of_lead(&told(Some("18 11:40")), "18 11:20"), (Stage::Overdue, Some(on("18 11:40"))), "it stays overdue");
    // What an earlier cause was put off for is not put off.
    let again = Case { reopened_at: Some(on("18 12:00")), ..told(Some("18 13:00")) };
    assert_eq!(of_lead(&again, "18 12:06").1, Some(on("18 12:05")));
}

#[test]
fn what_is_only_coming_does_not_say_that_it_happened() {
    let led = Case { holders: vec![held(Role::IncidentLead, "18 11:00", None)], ..declared(Severity::Critical) };
    let led = Case { no_reaction_since: Some(on("18 11:00")), pages: vec![page(None, "18 11:00", None)], declared_at: None, ..led };
    let listed = at(&led, "18 11:00");
    for step in listed.iter().filter(|step| step.state == Stage::Upcoming) {
        let words = format!("{} {}", step.title, step.why);
        for said in ["have been", "hasn't", "Nobody has answered", "has done nothing", "go unheeded:"] {
            assert!(!words.contains(said), "{}: {words}", step.key);
        }
    }
    assert!(listed.iter().any(|step| step.rule == Rule::Handover && step.state == Stage::Upcoming));
    let tired = at(&led, "18 13:00").into_iter().find(|step| step.rule == Rule::Handover).unwrap();
    assert!(tired.why.contains("You have been incident lead"), "{}", tired.why);
}

#[test]
fn nobody_is_asked_to_tell_everybody_about_a_restricted_incident() {
    let restricted = Case { restricted: true, ..declared(Severity::Critical) };
    assert!(at(&restricted, "18 11:00").iter().all(|step| step.rule != Rule::GeneralNotice && !step.why.contains("general channel")));
}

#[test]
fn an_incident_without_a_lead_needs_one_before_anything_else() {
    for now in ["18 11:00", "18 11:04", "18 11:05", "18 11:30"] {
        let listed = at(&declared(Severity::Major), now);
        let keys: Vec<&str> = listed.iter().map(|step| step.key.as_str()).collect();
        assert_eq!(keys[..2], ["lead", "general-notice:1"], "{now}");
    }
}
