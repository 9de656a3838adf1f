//! Every row of the guide's table of steps, to the second, and what interrupts them: settling, reopening, a change of severity.

mod afterwards;
mod properties;
mod series;
mod urgent;

use std::collections::BTreeMap;

use chrono::Duration;
use entity::{ClientId, Flag, Flags, IncidentStatus, PersonId, Role, Severity, Timestamp};
use uuid::Uuid;

use super::*;
use crate::playbook::calendar::Calendar;
use crate::playbook::{Playbook, Rule};

/// A time in November 2026, such as `18 11:05` or `18 11:04:59`: the 18th is a Wednesday, and work is from 10:00 to 18:00 UTC.
fn on(text: &str) -> Timestamp {
    let seconds = if text.len() == "18 11:05".len() { ":00" } else { "" };
    format!("2026-11-{}{seconds}Z", text.replace(' ', "T")).parse().unwrap()
}

fn declared(severity: Severity) -> Case {
    Case::declared(severity, Flags::default(), on("18 11:00"))
}

fn minor() -> Case {
    declared(Severity::Minor)
}

fn flagged(flag: Flag) -> Case {
    Case::declared(Severity::Minor, Flags::from_iter([flag]), on("18 11:00"))
}

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

fn held(role: Role, from: &str, until: Option<&str>) -> Holder {
    Holder { role, person: person(1), from: on(from), until: until.map(on) }
}

fn page(step: Option<&str>, at: &str, answered_at: Option<&str>) -> Page {
    Page { step: step.map(str::to_owned), person: person(1), at: on(at), answered_at: answered_at.map(on), lost_at: None }
}

fn posted(count: i32, last_at: &str) -> Posted {
    Posted { count, last_at: Some(on(last_at)) }
}

fn client(since: &str, told_at: Option<&str>) -> Affected {
    Affected { client: ClientId(Uuid::nil()), name: String::new(), since: on(since), told_at: told_at.map(on) }
}

fn settled(keys: &[&str]) -> BTreeMap<String, Mark> {
    let mark = |at: &str| Mark { due_at: Timestamp::MAX_UTC, settled_at: Some(on(at)), ..Mark::default() };
    keys.iter().map(|key| ((*key).to_owned(), mark("18 11:00"))).collect()
}

fn told(keys: &[&str]) -> BTreeMap<String, Mark> {
    let mark = |at: &str| Mark { due_at: Timestamp::MAX_UTC, due_reminded_at: Some(on(at)), ..Mark::default() };
    keys.iter().map(|key| ((*key).to_owned(), mark("18 11:00"))).collect()
}

fn resolved(at: &str) -> Case {
    Case { status: IncidentStatus::Resolved, resolved_at: Some(on(at)), ..minor() }
}

fn reopened(at: &str) -> Case {
    Case { reopened_at: Some(on(at)), ..minor() }
}

fn at(case: &Case, now: &str) -> Vec<Step> {
    steps(case, &Playbook::default(), on(now))
}

/// The steps of `rule` as `key Stage day time`.
fn lines(case: &Case, now: &str, rule: Rule) -> Vec<String> {
    lines_at(case, on(now), rule)
}

fn lines_at(case: &Case, now: Timestamp, rule: Rule) -> Vec<String> {
    let due = |step: &Step| {
        let seconds = step.due_at.format("%d %H:%M:%S").to_string();
        seconds.strip_suffix(":00").map_or(seconds.clone(), str::to_owned)
    };
    let listed = steps(case, &Playbook::default(), now).into_iter().filter(|step| step.rule == rule);
    listed.map(|step| format!("{} {:?} {}", step.key, step.state, due(&step))).collect()
}

/// A case, the time, and the steps of one rule listed then.
type Row<'a> = (&'a str, Case, &'a str, &'a [&'a str]);

fn check(rule: Rule, table: &[Row<'_>]) {
    for (name, case, now, expected) in table {
        assert_eq!(lines(case, now, rule), *expected, "{rule}: {name}, {now}");
    }
}

/// Every state of a step that is due once: before it is due, up to the moment it becomes overdue, and after.
fn check_states(case: &Case, rule: Rule, line: &str, due: &str, overdue: &str) {
    let (due, overdue, second) = (on(due), on(overdue), Duration::seconds(1));
    let moments = [(due - second, "Upcoming"), (due, "Due"), (overdue - second, "Due"), (overdue, "Overdue")];
    for (now, state) in moments {
        assert_eq!(lines_at(case, now, rule), [line.replace("{}", state)], "{now}");
    }
}

#[test]
fn a_report_is_triaged_in_time() {
    let report = Case { status: IncidentStatus::Triage, declared_at: None, ..minor() };
    check_states(&report, Rule::Triage, "triage {} 18 11:15", "18 11:15", "18 11:25");
    for status in IncidentStatus::ALL.iter().copied().filter(|status| *status != IncidentStatus::Triage) {
        assert_eq!(lines(&Case { status, ..minor() }, "18 11:30", Rule::Triage), [""; 0], "{status:?}");
    }
    let again = Case { reopened_at: Some(on("19 09:00")), ..report.clone() };
    let waits = Case { triage_from: Some(on("19 10:00")), ..report.clone() };
    let urgent = Case { triage_from: Some(on("18 11:05")), ..report.clone() };
    check(
        Rule::Triage,
        &[
            ("reopened after it was declined", again, "19 09:01", &["triage Upcoming 19 09:15"]),
            ("it waits for the morning", waits, "18 12:00", &["triage Upcoming 19 10:00"]),
            ("the morning is near", urgent, "18 11:05", &["triage Upcoming 18 11:15"]),
        ],
    );
    let answered = Case { pages: vec![page(None, "18 11:00", Some("18 11:02"))], ..report };
    let asked = steps(&answered, &Playbook::default(), on("18 11:05"));
    assert_eq!(asked[0].person, Some(person(1)), "who answered the page is reminded to judge the report");
}

#[test]
fn an_unanswered_page_asks_for_an_answer() {
    let paged = |pages: &[Page]| Case { status: IncidentStatus::Triage, declared_at: None, pages: pages.to_vec(), ..minor() };
    let (first, second) = (page(None, "18 11:00", None), page(None, "18 11:05", None));
    let live = Case { status: IncidentStatus::Fixing, declared_at: Some(on("18 11:00")), ..paged(std::slice::from_ref(&first)) };
    check_states(&live, Rule::Page, "page:1 {} 18 11:05", "18 11:05", "18 11:15");
    check(
        Rule::Page,
        &[
            ("nobody was paged", paged(&[]), "18 12:00", &[]),
            ("the first", paged(std::slice::from_ref(&first)), "18 11:00", &["page:1 Upcoming 18 11:05"]),
            ("the next in the chain", paged(&[first.clone(), second.clone()]), "18 11:06", &["page:2 Upcoming 18 11:10"]),
            ("answered", paged(&[first.clone(), page(None, "18 11:05", Some("18 11:06"))]), "18 12:00", &[]),
            ("the earlier one answers late", paged(&[page(None, "18 11:00", Some("18 11:07")), second.clone()]), "18 12:00", &[]),
            (
                "a page after an answer begins again",
                paged(&[page(None, "18 11:00", Some("18 11:02")), second]),
                "18 11:06",
                &["page:2 Upcoming 18 11:10"],
            ),
            ("the leadership's pages are steps of their own", paged(&[page(Some("leadership:cto"), "18 11:00", None)]), "18 12:00", &[]),
            ("settled", Case { marks: settled(&["page:1"]), ..live.clone() }, "18 12:00", &[]),
            (
                "known to bring nobody",
                paged(&[Page { lost_at: Some(on("18 11:01")), ..first.clone() }]),
                "18 11:01",
                &["page:1 Due 18 11:01"],
            ),
            (
                "an earlier one is known to bring nobody",
                paged(&[Page { lost_at: Some(on("18 11:06")), ..first.clone() }, page(None, "18 11:05", None)]),
                "18 11:06",
                &["page:2 Upcoming 18 11:10"],
            ),
            ("over", Case { status: IncidentStatus::Resolved, ..live.clone() }, "18 12:00", &[]),
            ("before a reopening", Case { reopened_at: Some(on("19 11:00")), ..live.clone() }, "19 12:00", &[]),
            (
                "after a reopening",
                Case { reopened_at: Some(on("19 11:00")), pages: vec![first, page(None, "19 11:00", None)], ..live },
                "19 11:00",
                &["page:2 Upcoming 19 11:05"],
            ),
        ],
    );
}

#[test]
fn an_incident_without_a_lead_asks_for_one() {
    let with = |holders: &[Holder]| Case { holders: holders.to_vec(), ..minor() };
    check_states(&minor(), Rule::Lead, "lead {} 18 11:05", "18 11:05", "18 11:15");
    check(
        Rule::Lead,
        &[
            ("there is one", with(&[held(Role::IncidentLead, "18 11:02", None)]), "18 12:00", &[]),
            ("a responder leads nobody", with(&[held(Role::Responder, "18 11:02", None)]), "18 12:00", &["lead Overdue 18 11:05"]),
            ("they left", with(&[held(Role::IncidentLead, "18 11:02", Some("18 12:00"))]), "18 12:01", &["lead Upcoming 18 12:05"]),
            (
                "the last that left counts, in whatever order they came",
                with(&[held(Role::IncidentLead, "18 11:02", Some("18 12:30")), held(Role::IncidentLead, "18 11:04", Some("18 12:00"))]),
                "18 12:35",
                &["lead Due 18 12:35"],
            ),
            ("waived", Case { marks: settled(&["lead"]), ..minor() }, "18 12:00", &[]),
            ("told is not settled", Case { marks: told(&["lead"]), ..minor() }, "18 11:06", &["lead Due 18 11:05"]),
            ("resolved", resolved("18 11:30"), "18 12:00", &[]),
            ("reopened", reopened("19 11:00"), "19 11:00", &["lead Upcoming 19 11:05"]),
        ],
    );
}

#[test]
fn affected_clients_get_a_comms_manager() {
    let affected = Case { first_client_at: Some(on("18 12:00")), clients: vec![client("18 12:00", None)], ..minor() };
    check_states(&affected, Rule::CommsManager, "comms-manager {} 18 12:10", "18 12:10", "18 12:20");
    let managed = |until| Case { holders: vec![held(Role::ClientCommsManager, "18 12:01", until)], ..affected.clone() };
    check(
        Rule::CommsManager,
        &[
            ("no client", minor(), "18 13:00", &[]),
            ("none any more", Case { clients: Vec::new(), ..affected.clone() }, "18 13:00", &[]),
            ("there is one", managed(None), "18 13:00", &[]),
            ("they left: asked for again, at once", managed(Some("18 12:30")), "18 12:30", &["comms-manager Due 18 12:30"]),
            // Never before the current client was affected.
            (
                "another client",
                Case { clients: vec![client("18 14:00", None)], ..affected.clone() },
                "18 14:00",
                &["comms-manager Due 18 14:00"],
            ),
            ("reopened", Case { reopened_at: Some(on("19 09:00")), ..affected.clone() }, "19 09:00", &["comms-manager Due 19 09:00"]),
            ("waived", Case { marks: settled(&["comms-manager"]), ..affected.clone() }, "18 13:00", &[]),
            ("over", Case { status: IncidentStatus::Resolved, ..affected }, "18 13:00", &[]),
        ],
    );
}

#[test]
fn everybody_is_told_once_each_time_the_severity_rises() {
    check_states(&declared(Severity::Major), Rule::GeneralNotice, "general-notice:1 {} 18 11:00", "18 11:00", "18 11:10");
    let again = Case { raised: 2, raised_at: Some(on("18 13:00")), marks: settled(&["general-notice:1"]), ..declared(Severity::Critical) };
    check(
        Rule::GeneralNotice,
        &[
            ("critical", declared(Severity::Critical), "18 11:00", &["general-notice:1 Due 18 11:00"]),
            ("minor", minor(), "18 11:00", &[]),
            ("trivial", declared(Severity::Trivial), "18 11:00", &[]),
            ("delivered", Case { marks: settled(&["general-notice:1"]), ..declared(Severity::Major) }, "18 11:00", &[]),
            ("lowered", Case { severity: Severity::Minor, ..declared(Severity::Major) }, "18 12:00", &[]),
            ("raised again: the next number", again.clone(), "18 13:00", &["general-notice:2 Due 18 13:00"]),
            ("and that is delivered", Case { marks: settled(&["general-notice:2"]), ..again.clone() }, "18 13:00", &[]),
            ("over", Case { status: IncidentStatus::Resolved, ..again.clone() }, "18 13:00", &[]),
            (
                "reopened before it was delivered",
                Case { reopened_at: Some(on("19 11:00")), ..again },
                "19 11:05",
                &["general-notice:2 Due 19 11:00"],
            ),
        ],
    );
}

#[test]
fn the_leadership_is_told_about_a_critical_incident_or_a_breach() {
    let critical = declared(Severity::Critical);
    let all = ["leadership:cto Due 18 11:00", "leadership:dpo Due 18 11:00", "leadership:head_of_tech_ops Due 18 11:00"];
    let but_the_cto = ["leadership:dpo Overdue 18 11:00", "leadership:head_of_tech_ops Overdue 18 11:00"];
    let paged = |step: &str, answered| Case { pages: vec![page(Some(step), "18 11:00", answered)], ..critical.clone() };
    let late = Case { leadership_since: Some(on("18 15:00")), ..flagged(Flag::DataBreach) };
    check(
        Rule::Leadership,
        &[
            ("critical", critical.clone(), "18 11:09:59", &all),
            ("a breach of security", flagged(Flag::SecurityBreach), "18 11:00", &all),
            ("a breach of data", flagged(Flag::DataBreach), "18 11:00", &all),
            ("major", declared(Severity::Major), "18 11:00", &[]),
            ("another flag", flagged(Flag::Retrospective), "18 11:00", &[]),
            ("answered", paged("leadership:cto", Some("18 11:01")), "18 11:10", &but_the_cto),
            ("settled by delivery", Case { marks: settled(&["leadership:cto"]), ..critical.clone() }, "18 11:10", &but_the_cto),
            (
                "another cause came after the answer",
                Case { leadership_cause_at: Some(on("18 11:05")), ..paged("leadership:cto", Some("18 11:01")) },
                "18 11:10",
                &["leadership:cto Due 18 11:05", "leadership:dpo Due 18 11:05", "leadership:head_of_tech_ops Due 18 11:05"],
            ),
            (
                "the answer came after the newest cause",
                Case { leadership_cause_at: Some(on("18 11:01")), ..paged("leadership:cto", Some("18 11:01")) },
                "18 11:02",
                &["leadership:dpo Due 18 11:01", "leadership:head_of_tech_ops Due 18 11:01"],
            ),
            ("somebody else answered", paged("leadership-fallback:cto", Some("18 11:01")), "18 11:00", &all),
            (
                "a flag that was set late",
                late.clone(),
                "18 14:59",
                &["leadership:cto Upcoming 18 15:00", "leadership:dpo Upcoming 18 15:00", "leadership:head_of_tech_ops Upcoming 18 15:00"],
            ),
            ("after the resolution", Case { status: IncidentStatus::Resolved, ..critical.clone() }, "18 11:00", &all),
            ("closed", Case { status: IncidentStatus::Closed, ..critical.clone() }, "18 11:00", &[]),
        ],
    );
    let fallback = |state: &str, time: &str| {
        ["cto", "dpo", "head_of_tech_ops"].map(|contact| format!("leadership-fallback:{contact} {state} 18 {time}"))
    };
    let asked = ["leadership:cto", "leadership:dpo", "leadership:head_of_tech_ops"];
    let informed = Case { marks: told(&asked), ..critical.clone() };
    let found = |at: &str| Case { pages: asked.map(|step| page(Some(step), at, None)).to_vec(), ..critical.clone() };
    let table = [
        (critical.clone(), "18 11:14:59", "Upcoming", "11:15"),
        (informed.clone(), "18 11:15", "Due", "11:15"),
        (informed.clone(), "18 11:24:59", "Due", "11:15"),
        (informed, "18 11:25", "Overdue", "11:15"),
        (found("18 11:00"), "18 11:15", "Due", "11:15"),
        // They were paged late, so they have as long from then on.
        (found("18 14:00"), "18 14:00", "Upcoming", "14:15"),
        (found("18 14:00"), "18 14:15", "Due", "14:15"),
        (late, "18 15:10", "Upcoming", "15:15"),
    ];
    for (case, now, state, time) in table {
        assert_eq!(lines(&case, now, Rule::LeadershipFallback), fallback(state, time), "{now}");
    }
    // They can't help, or the page could not be delivered: nobody waits for an answer. Passing it on by hand takes its time.
    for (lost, due) in [("18 11:02", "Due 18 11:02"), ("18 11:00", "Upcoming 18 11:15")] {
        let cto = Page { lost_at: Some(on(lost)), ..page(Some("leadership:cto"), "18 11:00", None) };
        let case = Case { pages: vec![cto], marks: told(&asked), ..critical.clone() };
        assert_eq!(lines(&case, "18 11:03", Rule::LeadershipFallback)[0], format!("leadership-fallback:cto {due}"));
    }
    // Of who was never told, nobody says that they have not answered.
    assert_eq!(lines(&critical, "18 14:00", Rule::LeadershipFallback), [""; 0]);
    for answered in ["leadership:cto", "leadership-fallback:cto"] {
        let but_the_cto = &fallback("Due", "11:15")[1..];
        let case = Case { marks: told(&asked), ..paged(answered, Some("18 11:16")) };
        assert_eq!(lines(&case, "18 11:16", Rule::LeadershipFallback), but_the_cto, "{answered}");
    }
    let told = at(&critical, "18 11:00").into_iter().find(|step| step.rule == Rule::Leadership).unwrap();
    assert_eq!((told.contact.as_deref(), told.title.contains("CTO"), told.title.contains('{')), (Some("cto"), true, false));
}

#[test]
fn second_line_is_paged_out_of_hours() {
    let declared_at = |severity, time: &str| Case::declared(severity, Flags::default(), on(time));
    let night = declared_at(Severity::Major, "18 03:00");
    check_states(&night, Rule::SecondLine, "second-line {} 18 03:00", "18 03:00", "18 03:10");
    let friday = declared_at(Severity::Minor, "20 17:45");
    let mark = Mark { due_at: on("18 18:30"), settled_at: Some(on("18 18:35")), waived: true, ..Mark::default() };
    let waived = BTreeMap::from([("second-line".to_owned(), mark)]);
    check(
        Rule::SecondLine,
        &[
            ("critical", declared_at(Severity::Critical, "21 12:00"), "21 12:00", &["second-line Due 21 12:00"]),
            ("major, in working hours", declared(Severity::Major), "18 17:59:59", &["second-line Upcoming 18 18:00"]),
            ("major, when they end", declared(Severity::Major), "18 18:00", &["second-line Due 18 18:00"]),
            ("minor, on Friday evening", friday.clone(), "20 18:29:59", &["second-line Upcoming 20 18:30"]),
            ("minor, after half an hour", friday.clone(), "20 18:30", &["second-line Due 20 18:30"]),
            ("minor, after grace", friday.clone(), "20 18:40", &["second-line Overdue 20 18:30"]),
            ("minor, early in the morning", declared_at(Severity::Minor, "19 09:45"), "19 09:59", &["second-line Upcoming 19 18:15"]),
            ("enough at the very opening", declared_at(Severity::Minor, "19 09:30"), "19 10:00", &["second-line Upcoming 19 18:00"]),
            ("not in working hours", friday.clone(), "23 12:00", &["second-line Upcoming 23 18:00"]),
            ("but again when they end", friday.clone(), "23 18:00", &["second-line Overdue 20 18:30"]),
            ("Muster paged them", Case { pages: vec![page(Some("no-reaction"), "20 18:35", None)], ..friday.clone() }, "20 18:40", &[]),
            ("called", Case { escalated_at: Some(on("20 18:00")), ..friday.clone() }, "20 19:00", &[]),
            (
                "called before it was reopened",
                Case { escalated_at: Some(on("20 18:00")), reopened_at: Some(on("21 09:00")), ..friday.clone() },
                "21 09:00",
                &["second-line Due 21 09:00"],
            ),
            (
                "raised in the night",
                Case { severity: Severity::Major, raised: 1, raised_at: Some(on("18 18:10")), ..minor() },
                "18 18:10",
                &["second-line Due 18 18:10"],
            ),
            (
                "raised when minor was long enough already",
                Case { severity: Severity::Major, raised: 1, raised_at: Some(on("18 19:00")), ..minor() },
                "18 19:00",
                &["second-line Due 18 19:00"],
            ),
            (
                "raised after it was waived",
                Case { severity: Severity::Major, raised: 1, raised_at: Some(on("18 19:00")), marks: waived, ..minor() },
                "18 19:00",
                &["second-line Due 18 19:00"],
            ),
            ("reopened by day", Case { reopened_at: Some(on("23 14:00")), ..friday.clone() }, "23 18:05", &["second-line Due 23 18:00"]),
            ("waived", Case { marks: settled(&["second-line"]), ..friday.clone() }, "20 19:00", &[]),
            ("over", Case { status: IncidentStatus::Resolved, ..friday }, "20 19:00", &[]),
        ],
    );
}

#[test]
fn a_breach_asks_for_containment() {
    let breach = flagged(Flag::DataBreach);
    check_states(&breach, Rule::Containment, "containment {} 18 11:30", "18 11:30", "18 11:40");
    let playbook = Playbook::default();
    let item = |goal: &super::super::Goal, item: &super::super::ChecklistItem| (goal.key.clone(), item.key.clone());
    let all: Vec<(String, String)> =
        playbook.goals.iter().flat_map(|goal| goal.breach_checklist.iter().map(move |done| item(goal, done))).collect();
    let but_one = all[1..].to_vec();
    check(
        Rule::Containment,
        &[
            ("no breach", minor(), "18 12:00", &[]),
            ("a breach of security", flagged(Flag::SecurityBreach), "18 11:00", &["containment Upcoming 18 11:30"]),
            ("one item is missing", Case { ticked: but_one, ..breach.clone() }, "18 12:00", &["containment Overdue 18 11:30"]),
            ("every item is ticked", Case { ticked: all, ..breach.clone() }, "18 12:00", &[]),
            (
                "a flag that was set late",
                Case { breach_since: Some(on("18 15:00")), ..breach.clone() },
                "18 15:00",
                &["containment Due 18 15:00"],
            ),
            (
                "a flag that was set soon",
                Case { breach_since: Some(on("18 11:10")), ..breach.clone() },
                "18 11:10",
                &["containment Upcoming 18 11:30"],
            ),
            ("reopened", Case { reopened_at: Some(on("19 11:00")), ..breach.clone() }, "19 11:00", &["containment Due 19 11:00"]),
            ("waived", Case { marks: settled(&["containment"]), ..breach.clone() }, "18 12:00", &[]),
            ("over", Case { status: IncidentStatus::Resolved, ..breach }, "18 12:00", &[]),
        ],
    );
}

#[test]
fn missed_numbers_of_a_series_are_counted() {
    let missed = |case: &Case, now: &str| {
        at(case, now).into_iter().filter(|step| step.rule == Rule::Summary).map(|step| step.missed).collect::<Vec<_>>()
    };
    let known = |keys: &[&str]| Case { marks: told(keys), ..minor() };
    let table = [
        ("the first", minor(), "18 11:30", 0),
        ("nobody was told of three", minor(), "18 13:00", 3),
        ("they were told of the one before", known(&["summary:0.1", "summary:0.2", "summary:0.3"]), "18 13:00", 0),
        ("they were told of the first", known(&["summary:0.1"]), "18 13:00", 2),
        ("numbers are no words", known(&["summary:0.9"]), "18 16:30", 1),
        ("of another update", known(&["summary:1.3"]), "18 13:00", 3),
        ("of one that is longer", known(&["summary:0.10"]), "18 16:30", 0),
        ("of the newest itself", known(&["summary:0.1", "summary:0.4"]), "18 13:00", 2),
        ("of the next", known(&["summary:0.1", "summary:0.40"]), "18 13:00", 2),
        ("before it was reopened nothing was", reopened("18 12:10"), "18 13:00", 1),
    ];
    for (name, case, now, expected) in table {
        assert_eq!(missed(&case, now), [expected, 0], "{name}");
    }
}

#[test]
fn people_are_reminded_when_a_step_is_due_and_when_it_is_overdue() {
    let playbook = Playbook::default();
    let next = |case: &Case, now: &str| next_look(case, &playbook, on(now));
    let mark = |due: bool, overdue: bool| Mark {
        due_at: on("18 11:05"),
        due_reminded_at: due.then(|| on("18 11:05")),
        overdue_reminded_at: overdue.then(|| on("18 11:15")),
        ..Mark::default()
    };
    let with = |mark: Mark| Case { marks: BTreeMap::from([("lead".to_owned(), mark)]), ..minor() };
    let table = [
        (minor(), "18 11:00", "18 11:05"),
        // Nobody was reminded yet: the reminder is in the past.
        (minor(), "18 11:07", "18 11:05"),
        (with(mark(true, false)), "18 11:07", "18 11:15"),
        (with(mark(true, false)), "18 11:20", "18 11:15"),
        (with(mark(true, true)), "18 11:20", "18 11:30"),
        // Found overdue after downtime: reminded once.
        (with(mark(false, true)), "18 11:20", "18 11:30"),
        (minor(), "18 11:20", "18 11:15"),
    ];
    for (case, now, expected) in table {
        assert_eq!(next(&case, now), Some(on(expected)), "{now} {:?}", case.marks);
    }
    // An early decision does not silence what comes after it.
    let quiet = Case {
        holders: vec![held(Role::IncidentLead, "18 11:00", None)],
        marks: settled(&["summary:0.1", "handover:incident-lead:1.1", "second-line", "stop-or-continue:1"]),
        ..minor()
    };
    assert_eq!(next(&quiet, "18 11:00"), Some(on("18 12:00")));
}

#[test]
fn an_obligation_exists_as_long_as_any_number_of_its_series_does() {
    let steps = at(&minor(), "18 12:00");
    let table = [
        ("summary:0.2", true),
        ("summary:0.1", true),
        ("summary:1.1", false),
        ("lead", true),
        ("triage", false),
        ("stop-or-continue:7", true),
        ("handover:incident-lead:1.1", false),
        ("general-notice:1", false),
    ];
    for (key, expected) in table {
        assert_eq!(stands(key, &steps), expected, "{key}");
    }
    let notice = at(&Case { raised: 2, ..declared(Severity::Major) }, "18 12:00");
    assert!(stands("general-notice:2", &notice) && !stands("general-notice:1", &notice));
}

#[test]
fn the_playbook_sets_every_time() {
    let minutes = Duration::minutes;
    let playbook = Playbook {
        grace: minutes(1),
        lead_within: minutes(2),
        summary_every: minutes(3),
        stop_after: minutes(4),
        escalate_others_after: minutes(6),
        leadership_contacts: vec!["ceo".to_owned()],
        working_hours: Calendar { days: [false, false, false, false, false, false, true], ..Playbook::default().working_hours },
        ..Playbook::default()
    };
    let case = declared(Severity::Critical);
    let listed: Vec<String> = steps(&case, &playbook, on("18 11:02"))
        .iter()
        .map(|step| format!("{} {:?} {}", step.key, step.state, step.due_at.format("%H:%M")))
        .collect();
    let expected = [
        "lead Due 11:02",
        "leadership:ceo Overdue 11:00",
        "second-line Overdue 11:00",
        "general-notice:1 Overdue 11:00",
        "summary:0.1 Upcoming 11:03",
        "stop-or-continue:1 Upcoming 11:04",
        "leadership-fallback:ceo Upcoming 11:15",
    ];
    assert_eq!(listed, expected);
}

/// R11: people who were reminded that there is no lead must be reminded again when the next lead leaves too.
#[test]
fn an_incident_that_loses_its_lead_again_asks_for_one_again() {
    let left = |until: &str| Holder {
        role: Role::IncidentLead,
        person: PersonId(Uuid::from_u128(1)),
        from: on("18 11:06"),
        until: Some(on(until)),
    };
    let told = |settled: bool| Mark {
        due_at: on("18 11:05"),
        due_reminded_at: Some(on("18 11:05")),
        overdue_reminded_at: Some(on("18 11:15")),
        settled_at: settled.then(|| on("18 11:05")),
        ..Mark::default()
    };
    for settled in [false, true] {
        let case = Case { holders: vec![left("18 13:00")], marks: BTreeMap::from([("lead".to_owned(), told(settled))]), ..minor() };
        let list = steps(&case, &Playbook::default(), on("18 13:06"));
        let lead = list.iter().find(|step| step.key == "lead").expect("there is no lead");
        assert_eq!(lead.next_reminder(case.marks.get("lead")), Some(on("18 13:05")));
    }
}
