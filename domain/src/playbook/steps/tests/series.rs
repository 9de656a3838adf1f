//! Steps that recur.

use entity::{Flags, IncidentStatus, Role, Severity};

use super::*;
use crate::playbook::Rule;

#[test]
fn summaries_are_due_at_regular_times_until_one_is_posted() {
    check(
        Rule::Summary,
        &[
            ("at first", minor(), "18 11:00", &["summary:0.1 Upcoming 18 11:30"]),
            ("a second before", minor(), "18 11:29:59", &["summary:0.1 Upcoming 18 11:30"]),
            ("due", minor(), "18 11:30", &["summary:0.1 Due 18 11:30", "summary:0.2 Upcoming 18 12:00"]),
            ("in grace", minor(), "18 11:39:59", &["summary:0.1 Due 18 11:30", "summary:0.2 Upcoming 18 12:00"]),
            ("overdue", minor(), "18 11:40", &["summary:0.1 Overdue 18 11:30", "summary:0.2 Upcoming 18 12:00"]),
            ("only the newest", minor(), "18 12:00", &["summary:0.2 Due 18 12:00", "summary:0.3 Upcoming 18 12:30"]),
            (
                "posted twice",
                Case { updates: posted(2, "18 11:50"), ..minor() },
                "18 12:20",
                &["summary:2.1 Due 18 12:20", "summary:2.2 Upcoming 18 12:50"],
            ),
            ("the newest settled", Case { marks: settled(&["summary:0.2"]), ..minor() }, "18 12:00", &["summary:0.3 Upcoming 18 12:30"]),
            (
                "the next settled: the one after it",
                Case { marks: settled(&["summary:0.1", "summary:0.2"]), ..minor() },
                "18 11:00",
                &["summary:0.3 Upcoming 18 12:30"],
            ),
            (
                "the next settled while one is due",
                Case { marks: settled(&["summary:0.2"]), ..minor() },
                "18 11:30",
                &["summary:0.1 Due 18 11:30", "summary:0.3 Upcoming 18 12:30"],
            ),
            ("reopened: nothing from before", reopened("19 11:00"), "19 11:00", &["summary:0.49 Upcoming 19 11:30"]),
            ("reopened between two", reopened("19 11:10"), "19 11:30", &["summary:0.49 Due 19 11:30", "summary:0.50 Upcoming 19 12:00"]),
            ("resolved", resolved("18 11:30"), "18 12:00", &[]),
        ],
    );
}

#[test]
fn updates_to_clients_are_counted_from_the_one_who_waits_longest() {
    let affected = Case { first_client_at: Some(on("18 12:00")), clients: vec![client("18 12:00", None)], ..minor() };
    let due = ["client-update:0.1 Due 18 13:00", "client-update:0.2 Upcoming 18 14:00"];
    check(
        Rule::ClientUpdate,
        &[
            ("no client", minor(), "18 13:00", &[]),
            ("before", affected.clone(), "18 12:59:59", &["client-update:0.1 Upcoming 18 13:00"]),
            ("due", affected.clone(), "18 13:00", &due),
            ("overdue", affected.clone(), "18 13:10", &["client-update:0.1 Overdue 18 13:00", due[1]]),
            (
                "sent",
                Case { client_updates: 1, clients: vec![client("18 12:00", Some("18 13:05"))], ..affected.clone() },
                "18 14:05",
                &["client-update:1.1 Due 18 14:05", "client-update:1.2 Upcoming 18 15:05"],
            ),
            ("waived", Case { marks: settled(&["client-update:0.1"]), ..affected.clone() }, "18 13:00", &due[1..]),
            (
                "no client for a while: nothing is missed",
                Case { client_updates: 1, clients: vec![client("18 15:30", None)], ..affected.clone() },
                "18 15:30",
                &["client-update:1.1 Upcoming 18 16:30"],
            ),
            (
                "one was left out: that one waits on",
                Case { clients: vec![client("18 12:00", None), client("18 12:00", Some("18 12:30"))], ..affected.clone() },
                "18 13:00",
                &due,
            ),
            (
                "the other one waits longest once that one was told",
                Case {
                    client_updates: 1,
                    clients: vec![client("18 12:00", Some("18 13:05")), client("18 12:00", Some("18 12:30"))],
                    ..affected.clone()
                },
                "18 13:05",
                &["client-update:1.1 Upcoming 18 13:30"],
            ),
            (
                "marked again: what they were told before does not count",
                Case { client_updates: 2, clients: vec![client("18 14:00", Some("18 13:05"))], ..affected.clone() },
                "18 14:00",
                &["client-update:2.1 Upcoming 18 15:00"],
            ),
            ("no client any more", Case { clients: Vec::new(), ..affected.clone() }, "18 13:00", &[]),
            (
                "reopened",
                Case { reopened_at: Some(on("19 11:30")), ..affected.clone() },
                "19 11:59:59",
                &["client-update:0.24 Upcoming 19 12:00"],
            ),
            ("over", Case { status: IncidentStatus::Resolved, ..affected }, "18 13:00", &[]),
        ],
    );
}

#[test]
fn tiring_roles_are_handed_over() {
    let with = |holders: &[Holder]| Case { holders: holders.to_vec(), ..minor() };
    let lead = with(&[held(Role::IncidentLead, "18 11:04", None)]);
    let first = ["handover:incident-lead:1.1 Due 18 13:04", "handover:incident-lead:1.2 Upcoming 18 15:04"];
    check(
        Rule::Handover,
        &[
            ("nobody holds one", minor(), "18 15:00", &[]),
            ("a second before", lead.clone(), "18 13:03:59", &["handover:incident-lead:1.1 Upcoming 18 13:04"]),
            ("after two hours", lead.clone(), "18 13:04", &first),
            ("overdue", lead.clone(), "18 13:14", &["handover:incident-lead:1.1 Overdue 18 13:04", first[1]]),
            (
                "two hours later",
                lead.clone(),
                "18 15:04",
                &["handover:incident-lead:1.2 Due 18 15:04", "handover:incident-lead:1.3 Upcoming 18 17:04"],
            ),
            ("settled with a note", Case { marks: settled(&["handover:incident-lead:1.1"]), ..lead.clone() }, "18 13:04", &first[1..]),
            (
                "passed on",
                with(&[
                    held(Role::IncidentLead, "18 11:04", Some("18 13:00")),
                    held(Role::Responder, "18 11:04", None),
                    held(Role::IncidentLead, "18 13:00", None),
                ]),
                "18 15:00",
                &["handover:incident-lead:2.1 Due 18 15:00", "handover:incident-lead:2.2 Upcoming 18 17:00"],
            ),
            (
                "both roles",
                with(&[
                    held(Role::ClientCommsManager, "18 11:00", Some("18 11:30")),
                    held(Role::ClientCommsManager, "18 11:30", Some("18 12:00")),
                    held(Role::ClientCommsManager, "18 12:00", None),
                    held(Role::IncidentLead, "18 12:30", None),
                ]),
                "18 12:30",
                &["handover:client-comms-manager:3.1 Upcoming 18 14:00", "handover:incident-lead:1.1 Upcoming 18 14:30"],
            ),
            ("nobody holds it any more", with(&[held(Role::IncidentLead, "18 11:04", Some("18 13:00"))]), "18 15:00", &[]),
            (
                "reopened",
                Case { reopened_at: Some(on("19 11:00")), ..lead.clone() },
                "19 11:00",
                &["handover:incident-lead:1.12 Upcoming 19 11:04"],
            ),
            ("over", Case { status: IncidentStatus::Resolved, ..lead.clone() }, "18 15:00", &[]),
        ],
    );
    let step = at(&lead, "18 11:04").into_iter().find(|step| step.rule == Rule::Handover).unwrap();
    assert!(step.title.contains("incident lead") && !step.why.contains('{'), "{step:?}");
}

#[test]
fn stopping_is_decided_after_time_out_of_hours() {
    let evening = Case::declared(Severity::Minor, Flags::default(), on("19 17:00"));
    let first = ["stop-or-continue:1 Due 19 20:00", "stop-or-continue:2 Upcoming 19 22:00"];
    check(
        Rule::StopOrContinue,
        &[
            ("before", evening.clone(), "19 19:59:59", &["stop-or-continue:1 Upcoming 19 20:00"]),
            ("after two hours out of hours", evening.clone(), "19 20:00", &first),
            ("overdue", evening.clone(), "19 20:10", &["stop-or-continue:1 Overdue 19 20:00", first[1]]),
            // The sixteen hours of Thursday night have eight of them; the ninth is on Friday night.
            ("by day", evening.clone(), "20 15:00", &["stop-or-continue:8 Overdue 20 10:00", "stop-or-continue:9 Upcoming 20 20:00"]),
            ("decided", Case { marks: settled(&["stop-or-continue:1"]), ..evening.clone() }, "19 20:00", &first[1..]),
            (
                "decided for the whole night",
                Case { marks: settled(&["stop-or-continue:1", "stop-or-continue:2"]), ..evening.clone() },
                "19 20:00",
                &["stop-or-continue:3 Upcoming 20 00:00"],
            ),
            (
                "reopened",
                Case { reopened_at: Some(on("20 15:00")), ..evening.clone() },
                "20 15:00",
                &["stop-or-continue:9 Upcoming 20 20:00"],
            ),
            ("over", Case { status: IncidentStatus::Resolved, ..evening }, "19 20:00", &[]),
        ],
    );
}

#[test]
fn a_step_names_the_clients_who_wait() {
    let named = |name: &str, told: Option<&str>| Affected { name: name.to_owned(), ..client("18 12:00", told) };
    let clients = vec![named("One", None), named("Two", Some("18 12:30")), named("Three", None)];
    let case = Case { first_client_at: Some(on("18 12:00")), clients, ..minor() };
    let titles = |case: &Case, now: &str| -> Vec<String> {
        let asked = steps(case, &Playbook::default(), on(now)).into_iter();
        asked
            .filter(|step| step.title.starts_with("Send affected") || step.title.starts_with("Tell clients"))
            .map(|step| step.title)
            .collect()
    };
    let all = "Send affected clients an update: One, Two, Three";
    assert_eq!(titles(&case, "18 13:00"), ["Send affected clients an update: One, Three", all]);
    assert_eq!(titles(&case, "18 13:30"), [all, all]);
    let many = Case { clients: (1..=7).map(|number| named(&format!("C{number}"), None)).collect(), ..case.clone() };
    assert_eq!(titles(&many, "18 12:00"), ["Send affected clients an update: C1, C2, C3, C4 and 3 more"]);
    let over = Case { status: IncidentStatus::Resolved, resolved_at: Some(on("18 12:45")), ..case };
    assert_eq!(titles(&over, "18 12:45"), ["Tell clients that it is over: Two"], "who heard of it hears the end");
}

#[test]
fn clients_that_were_told_hear_the_end() {
    let told = Case {
        status: IncidentStatus::Resolved,
        resolved_at: Some(on("18 14:00")),
        first_client_at: Some(on("18 12:00")),
        clients: vec![client("18 12:00", Some("18 13:00"))],
        ..minor()
    };
    let nothing: &[&str] = &[];
    check(
        Rule::ClientClosing,
        &[
            ("at once", told.clone(), "18 14:00", &["client-closing Due 18 14:00"]),
            ("nobody was told", Case { clients: vec![client("18 12:00", None)], ..told.clone() }, "18 14:00", nothing),
            ("told since", Case { clients: vec![client("18 12:00", Some("18 14:00"))], ..told.clone() }, "18 14:00", nothing),
            ("skipped", Case { marks: settled(&["client-closing"]), ..told.clone() }, "18 14:00", nothing),
            ("live again", Case { status: IncidentStatus::Fixing, resolved_at: None, ..told.clone() }, "18 14:00", nothing),
            ("resolved again", Case { resolved_at: Some(on("18 16:00")), ..told }, "18 16:00", &["client-closing Due 18 16:00"]),
        ],
    );
}
