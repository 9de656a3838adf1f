//! What is asked for once an incident is over.

use entity::{Flags, IncidentStatus, Role, Severity};

use super::*;
use crate::playbook::{Playbook, Rule};

#[test]
fn after_the_resolution_a_report_and_a_review_are_owed() {
    // Friday 15:20: due a working day later, on Monday, and overdue a working day after that.
    let friday = resolved("20 15:20");
    check_states(&friday, Rule::ReportAuthor, "report-author {} 23 15:20", "23 15:20", "24 15:20");
    check_states(&friday, Rule::ScheduleReview, "schedule-review {} 23 15:20", "23 15:20", "24 15:20");
    check_states(&friday, Rule::ReportDraft, "report-draft {} 25 15:20", "25 15:20", "26 15:20");
    let review = |starts: &str, held: Option<&str>| Review { starts_at: on(starts), held_at: held.map(on) };
    let planned = Case { review: Some(review("27 11:00", None)), ..friday.clone() };
    check_states(&planned, Rule::ReportCirculated, "report-circulated {} 25 11:00", "25 11:00", "26 11:00");
    let was_held = Case { review: Some(review("24 11:00", Some("24 12:00"))), ..friday.clone() };
    check_states(&was_held, Rule::ReportFinal, "report-final {} 27 12:00", "27 12:00", "30 12:00");
    let circulated = Some(Report { circulated_at: Some(on("23 12:00")), ..Report::default() });
    let finished = Report { circulated_at: Some(on("23 12:00")), final_at: Some(on("24 12:00")), ..Report::default() };
    let client = Some(on("18 12:00"));
    let done = Case { report: Some(finished), first_client_at: client, ..was_held.clone() };
    check_states(&done, Rule::ClientReport, "client-report {} 26 12:00", "26 12:00", "27 12:00");
    check_states(&done, Rule::AbridgedReport, "abridged-report {} 26 12:00", "26 12:00", "27 12:00");
    let nothing: &[&str] = &[];
    let table: [(&str, Rule, Case, &[&str]); 17] = [
        ("at night, as in the guide", Rule::ReportAuthor, resolved("21 03:00"), &["report-author Upcoming 24 10:00"]),
        ("named", Rule::ReportAuthor, Case { holders: vec![held(Role::ReportAuthor, "20 16:00", None)], ..friday.clone() }, nothing),
        (
            "no longer named",
            Rule::ReportAuthor,
            Case { holders: vec![held(Role::ReportAuthor, "20 16:00", Some("20 17:00"))], ..friday.clone() },
            &["report-author Upcoming 23 15:20"],
        ),
        ("final without anybody named", Rule::ReportAuthor, Case { report: Some(finished), ..friday.clone() }, nothing),
        ("planned", Rule::ScheduleReview, planned.clone(), nothing),
        ("waived", Rule::ScheduleReview, Case { marks: settled(&["schedule-review"]), ..friday.clone() }, nothing),
        ("circulated", Rule::ReportDraft, Case { report: circulated, ..friday.clone() }, nothing),
        ("circulated before the review", Rule::ReportCirculated, Case { report: circulated, ..planned.clone() }, nothing),
        ("held without a draft", Rule::ReportCirculated, was_held.clone(), nothing),
        (
            "a review at once: never due before the resolution",
            Rule::ReportCirculated,
            Case { review: Some(review("23 11:00", None)), ..friday.clone() },
            &["report-circulated Due 20 15:20"],
        ),
        ("not held", Rule::ReportFinal, planned, nothing),
        ("final", Rule::ReportFinal, Case { report: Some(finished), ..was_held }, nothing),
        ("no client", Rule::ClientReport, Case { first_client_at: None, ..done.clone() }, nothing),
        (
            "a client that is affected no more",
            Rule::ClientReport,
            Case { clients: Vec::new(), ..done.clone() },
            &["client-report Upcoming 26 12:00"],
        ),
        (
            "clients have theirs",
            Rule::ClientReport,
            Case { report: Some(Report { client_version_at: Some(on("24 13:00")), ..finished }), ..done.clone() },
            nothing,
        ),
        (
            "the short one is out",
            Rule::AbridgedReport,
            Case { report: Some(Report { abridged_version_at: Some(on("24 13:00")), ..finished }), ..done },
            nothing,
        ),
        ("not while it is live", Rule::ReportAuthor, minor(), nothing),
    ];
    for (name, rule, case, expected) in table {
        assert_eq!(lines(&case, "20 18:00", rule), expected, "{rule}: {name}");
    }
    let proposed = |at_time: &str| {
        let step = at(&resolved(at_time), at_time).into_iter().find(|step| step.rule == Rule::ScheduleReview).unwrap();
        step.proposed_at.unwrap()
    };
    assert_eq!((proposed("18 12:30"), proposed("21 03:00")), (on("25 12:30"), on("30 10:00")));
}

#[test]
fn a_trivial_or_recurring_incident_needs_no_report() {
    let over = |case: Case| Case { status: IncidentStatus::Resolved, resolved_at: Some(on("20 15:20")), ..case };
    let follow_up = FollowUp {
        id: "fup_1".to_owned(),
        title: "Rotate the keys".to_owned(),
        owner: person(2),
        due_on: Some(on("25 00:00").date_naive()),
    };
    for case in [over(declared(Severity::Trivial)), over(flagged(Flag::Recurring))] {
        assert_eq!(at(&case, "30 10:00"), []);
        let case = Case { follow_ups: vec![follow_up.clone()], ..case };
        assert_eq!(lines(&case, "20 16:00", Rule::FollowUp), ["follow-up:fup_1 Upcoming 25 18:00"]);
    }
    let breach = Case { severity: Severity::Trivial, ..over(flagged(Flag::DataBreach)) };
    assert!(at(&breach, "20 16:00").iter().all(|step| matches!(step.rule, Rule::Leadership | Rule::LeadershipFallback)));
}

#[test]
fn follow_ups_are_done_by_the_end_of_their_day() {
    let follow_up = |id: &str, due_on: Option<&str>| FollowUp {
        title: id.to_owned(),
        id: id.to_owned(),
        owner: person(2),
        due_on: due_on.map(|day| on(&format!("{day} 00:00")).date_naive()),
    };
    let follow_ups = vec![follow_up("a", Some("26")), follow_up("b", None), follow_up("c", Some("25"))];
    let closed = Case { status: IncidentStatus::Closed, follow_ups, ..resolved("20 15:20") };
    assert_eq!(lines(&closed, "25 18:00", Rule::FollowUp), ["follow-up:c Due 25 18:00", "follow-up:a Upcoming 26 18:00"]);
    // A step due when work ends is overdue a working day after the next opening.
    assert_eq!(lines(&closed, "27 09:59:59", Rule::FollowUp), ["follow-up:c Due 25 18:00", "follow-up:a Due 26 18:00"]);
    assert_eq!(lines(&closed, "27 10:00", Rule::FollowUp), ["follow-up:c Overdue 25 18:00", "follow-up:a Due 26 18:00"]);
    assert!(at(&closed, "27 10:00").iter().all(|step| step.person == Some(person(2)) && step.rule == Rule::FollowUp));
    let titles: Vec<String> = at(&closed, "27 10:00").into_iter().map(|step| step.title).collect();
    assert_eq!(titles, ["Finish the follow-up: c", "Finish the follow-up: a"]);
    // Reopening an incident does not withdraw them.
    for status in [IncidentStatus::Resolved, IncidentStatus::Fixing] {
        let open = Case { status, reopened_at: Some(on("26 09:00")), ..closed.clone() };
        assert_eq!(lines(&open, "26 09:00", Rule::FollowUp), ["follow-up:c Due 25 18:00", "follow-up:a Upcoming 26 18:00"], "{status:?}");
    }
    let marks = settled(&["follow-up:c"]);
    assert_eq!(lines(&Case { marks, ..closed }, "25 18:00", Rule::FollowUp), ["follow-up:a Upcoming 26 18:00"]);
}

#[test]
fn an_incident_that_is_over_or_was_none_asks_for_nothing() {
    let busy = Case {
        resolved_at: Some(on("18 12:00")),
        first_client_at: Some(on("18 11:00")),
        clients: vec![client("18 11:00", None)],
        pages: vec![page(None, "18 11:00", None)],
        ..Case::declared(Severity::Critical, Flags::from_iter([Flag::DataBreach]), on("18 11:00"))
    };
    for status in [IncidentStatus::Declined, IncidentStatus::Merged, IncidentStatus::Closed] {
        let case = Case { status, ..busy.clone() };
        assert_eq!(at(&case, "19 11:00"), [], "{status:?}");
        assert_eq!(next_look(&case, &Playbook::default(), on("18 11:00")), None, "{status:?}");
    }
}
