//! An imagined incident in which nobody does anything: which steps would fall due, and when.
//!
//! Called by `muster playbook simulate`, and by `api` for pages that show it. It calls [`steps`] at every moment at which something falls due, so it can't disagree with
//! what a real incident asks for.

use std::collections::BTreeMap;

use chrono::{Datelike, Duration};
use entity::{ClientId, Flags, IncidentStatus, PersonId, Role, Severity, Timestamp};

use super::steps::{Affected, Case, Holder, Mark, Step, steps};
use super::{Playbook, Rule};
use crate::error::{self, Error};
use crate::limits;

/// Steps after which a simulation stops: nobody reads further.
pub const STEPS: usize = 10_000;
/// The default length of the incident.
pub const LENGTH: Duration = Duration::hours(24);

/// An imagined incident.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How bad it is.
    pub severity: Severity,
    /// What is special about it.
    pub flags: Flags,
    /// When it is declared.
    pub declared_at: Timestamp,
    /// How long to watch it, or when it is resolved.
    pub end: End,
    /// How many clients are affected, all since the declaration.
    pub clients: u32,
    /// When somebody takes the lead.
    pub lead_at: Option<Timestamp>,
}

/// How a simulation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Watching stops this long after the declaration.
    After(Duration),
    /// The incident is resolved at that moment.
    ResolvedAt(Timestamp),
}

/// A step that falls due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImaginedStep {
    /// Names the obligation permanently, e.g. `summary:0.1`.
    pub key: String,
    /// The rule it comes from.
    pub rule: Rule,
    /// What to do.
    pub title: String,
    /// Why.
    pub why: String,
    /// Who should do it.
    pub audience: &'static [Role],
    /// When it falls due.
    pub due_at: Timestamp,
    /// For the review: a proposed time.
    pub proposed_at: Option<Timestamp>,
}

/// What would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Ordered by due time, then by key.
    pub events: Vec<ImaginedStep>,
    /// Whether it was cut before the end, because it had as many steps as anybody reads.
    pub is_cut: bool,
}

/// Walks through `scenario`: which steps fall due up to and including its end. Steps after the resolution are listed however late
/// they fall due.
///
/// # Errors
/// What is wrong with the scenario: times that are out of order or out of range.
pub fn simulate(scenario: &Scenario, playbook: &Playbook) -> Result<Simulation, String> {
    simulate_up_to(scenario, playbook, STEPS)
}

/// The first hours of an incident, for a page: at most [`limits::IMAGINED_HOURS`] and [`limits::IMAGINED_STEPS`] steps.
///
/// # Errors
/// `BAD_USER_INPUT` for hours, clients or times out of range.
pub fn first_hours(scenario: &Scenario, hours: i32, playbook: &Playbook) -> error::Result<Simulation> {
    if !limits::IMAGINED_HOURS.contains(&hours) {
        let (least, most) = limits::IMAGINED_HOURS.into_inner();
        return Err(Error::invalid("hours", format!("hours must be from {least} to {most}.")));
    }
    if scenario.clients > limits::IMAGINED_CLIENTS {
        return Err(Error::invalid("clients", format!("clients must be from 0 to {}.", limits::IMAGINED_CLIENTS)));
    }
    let scenario = Scenario { end: End::After(Duration::hours(hours.into())), ..scenario.clone() };
    simulate_up_to(&scenario, playbook, limits::IMAGINED_STEPS).map_err(|why| {
        let field = if scenario.lead_at.is_some_and(|lead| lead < scenario.declared_at) { "leadAt" } else { "declaredAt" };
        Error::invalid(field, format!("The incident can't be imagined: {why}."))
    })
}

fn simulate_up_to(scenario: &Scenario, playbook: &Playbook, most: usize) -> Result<Simulation, String> {
    let end = checked_end(scenario)?;
    let mut walk = Walk { playbook, case: case(scenario), events: BTreeMap::new(), most };
    let is_cut = !walk.to(end, scenario.lead_at);
    if let (End::ResolvedAt(resolved), false) = (scenario.end, is_cut) {
        walk.case.status = IncidentStatus::Resolved;
        walk.case.resolved_at = Some(resolved);
        for step in steps(&walk.case, playbook, resolved) {
            walk.keep(step);
        }
    }
    let mut events: Vec<ImaginedStep> = walk.events.into_values().collect();
    events.sort_by(|a, b| a.due_at.cmp(&b.due_at).then_with(|| a.key.cmp(&b.key)));
    Ok(Simulation { events, is_cut })
}

fn checked_end(scenario: &Scenario) -> Result<Timestamp, String> {
    let declared = scenario.declared_at;
    let end = match scenario.end {
        End::After(length) => declared.checked_add_signed(length).ok_or("it lasts too long")?,
        End::ResolvedAt(resolved) if resolved < declared => return Err("it can't be resolved before it is declared".to_owned()),
        End::ResolvedAt(resolved) => resolved,
    };
    if scenario.lead_at.is_some_and(|lead| lead < declared) {
        return Err("nobody can take the lead before it is declared".to_owned());
    }
    if [declared, end].iter().any(|at| !(2000..2200).contains(&at.year())) {
        return Err("it must be between the years 2000 and 2199".to_owned());
    }
    Ok(end)
}

fn case(scenario: &Scenario) -> Case {
    let mut case = Case::declared(scenario.severity, scenario.flags, scenario.declared_at);
    if scenario.clients > 0 {
        case.first_client_at = Some(scenario.declared_at);
        let affected = |number: u32| Affected {
            client: ClientId(uuid::Uuid::from_u128(number.into())),
            name: String::new(),
            since: scenario.declared_at,
            told_at: None,
        };
        case.clients = (0..scenario.clients).map(affected).collect();
    }
    case
}

struct Walk<'a> {
    playbook: &'a Playbook,
    case: Case,
    events: BTreeMap<String, ImaginedStep>,
    /// Steps after which it stops.
    most: usize,
}

impl Walk<'_> {
    /// Goes from moment to moment up to `end`. Returns whether it got there.
    fn to(&mut self, end: Timestamp, lead_at: Option<Timestamp>) -> bool {
        let mut now = self.case.reported_at;
        // Not every moment has a new step.
        for _ in 0..2 * self.most {
            if lead_at.is_some_and(|at| at <= now) && self.case.holders.is_empty() {
                self.case.holders.push(Holder { role: Role::IncidentLead, person: PersonId(uuid::Uuid::nil()), from: now, until: None });
            }
            let mut next = lead_at.filter(|at| *at > now);
            for step in steps(&self.case, self.playbook, now) {
                if step.due_at > now {
                    next = Some(next.map_or(step.due_at, |next| next.min(step.due_at)));
                } else {
                    self.keep(step);
                }
            }
            if self.events.len() >= self.most {
                return false;
            }
            match next {
                Some(next) if next <= end => now = next,
                _ => return true,
            }
        }
        false
    }

    /// Keeps a new step, and marks people as reminded of it.
    fn keep(&mut self, step: Step) {
        if self.events.contains_key(&step.key) {
            return;
        }
        let told = Mark { due_at: step.due_at, due_reminded_at: Some(step.due_at), ..Mark::default() };
        self.case.marks.insert(step.key.clone(), told);
        let Step { key, rule, title, why, audience, due_at, proposed_at, .. } = step;
        self.events.insert(key.clone(), ImaginedStep { key, rule, title, why, audience, due_at, proposed_at });
    }
}

#[cfg(test)]
mod tests {
    use entity::Flag;

    use super::*;
    use crate::playbook::file;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn scenario(severity: Severity, declared_at: &str) -> Scenario {
        Scenario { severity, flags: Flags::default(), declared_at: at(declared_at), end: End::After(LENGTH), clients: 0, lead_at: None }
    }

    fn events(scenario: &Scenario) -> Vec<ImaginedStep> {
        simulate(scenario, &Playbook::default()).unwrap().events
    }

    /// When the step `key` falls due.
    fn due(scenario: &Scenario, key: &str) -> Option<String> {
        events(scenario).into_iter().find(|event| event.key == key).map(|event| event.due_at.format("%Y-%m-%dT%H:%M:%S").to_string())
    }

    fn keys(scenario: &Scenario) -> Vec<String> {
        events(scenario).into_iter().map(|event| event.key).collect()
    }

    #[test]
    fn a_minor_incident_on_friday_evening_pages_second_line_after_half_an_hour_out_of_hours() {
        let friday = scenario(Severity::Minor, "2026-11-20T17:45:00Z");
        let table = [
            ("lead", "2026-11-20T17:50:00"),
            ("summary:0.1", "2026-11-20T18:15:00"),
            ("summary:0.48", "2026-11-21T17:45:00"),
            ("second-line", "2026-11-20T18:30:00"),
            ("stop-or-continue:1", "2026-11-20T20:00:00"),
            ("stop-or-continue:11", "2026-11-21T16:00:00"),
        ];
        for (key, expected) in table {
            assert_eq!(due(&friday, key).as_deref(), Some(expected), "{key}");
        }
        let series = |rule| events(&friday).iter().filter(|event| event.rule == rule).count();
        assert_eq!((series(Rule::Summary), series(Rule::StopOrContinue), series(Rule::ClientUpdate)), (48, 11, 0));
        assert_eq!(due(&friday, "stop-or-continue:12"), None);
    }

    #[test]
    fn steps_due_exactly_at_the_end_are_included() {
        let hour = Scenario { end: End::After(Duration::hours(1)), ..scenario(Severity::Minor, "2026-11-18T11:00:00Z") };
        assert_eq!(keys(&hour), ["lead", "summary:0.1", "summary:0.2"]);
        let resolved = Scenario { end: End::ResolvedAt(at("2026-11-18T12:00:00Z")), ..hour };
        assert_eq!(keys(&resolved), ["lead", "summary:0.1", "summary:0.2", "report-author", "schedule-review", "report-draft"]);
    }

    #[test]
    fn a_breach_asks_for_the_leadership_and_the_containment_list() {
        let breach = Scenario {
            flags: Flags::from_iter([Flag::DataBreach]),
            end: End::After(Duration::minutes(30)),
            ..scenario(Severity::Minor, "2026-11-18T11:00:00Z")
        };
        let expected = [
            ("leadership:cto", 0),
            ("leadership:dpo", 0),
            ("leadership:head_of_tech_ops", 0),
            ("lead", 5),
            ("leadership-fallback:cto", 15),
            ("leadership-fallback:dpo", 15),
            ("leadership-fallback:head_of_tech_ops", 15),
            ("containment", 30),
            ("summary:0.1", 30),
        ];
        let found: Vec<(String, i64)> =
            events(&breach).into_iter().map(|event| (event.key, (event.due_at - breach.declared_at).num_minutes())).collect();
        let expected: Vec<(String, i64)> = expected.map(|(key, minutes)| (key.to_owned(), minutes)).into();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_critical_incident_pages_second_line_at_once_or_when_work_ends() {
        let night = scenario(Severity::Critical, "2026-11-21T03:00:00Z");
        assert_eq!(due(&night, "second-line").as_deref(), Some("2026-11-21T03:00:00"));
        assert_eq!(due(&night, "general-notice:1").as_deref(), Some("2026-11-21T03:00:00"));
        let day = scenario(Severity::Major, "2026-11-18T11:00:00Z");
        assert_eq!(due(&day, "second-line").as_deref(), Some("2026-11-18T18:00:00"));
        // In summer, work ends an hour earlier in UTC.
        let summer = scenario(Severity::Major, "2026-07-08T11:00:00Z");
        assert_eq!(due(&summer, "second-line").as_deref(), Some("2026-07-08T17:00:00"));
    }

    #[test]
    fn a_lead_ends_the_prompt_for_one_and_starts_the_hand_overs() {
        let led = Scenario { lead_at: Some(at("2026-11-18T11:05:00Z")), ..scenario(Severity::Minor, "2026-11-18T11:00:00Z") };
        assert_eq!(due(&led, "lead"), None);
        assert_eq!(due(&led, "handover:incident-lead:1.1").as_deref(), Some("2026-11-18T13:05:00"));
        assert_eq!(due(&led, "handover:incident-lead:1.11").as_deref(), Some("2026-11-19T09:05:00"));
        let late = Scenario { lead_at: Some(at("2026-11-18T11:05:01Z")), ..led };
        assert_eq!(due(&late, "lead").as_deref(), Some("2026-11-18T11:05:00"));
    }

    #[test]
    fn affected_clients_need_a_comms_manager_and_updates() {
        let clients = Scenario { clients: 2, end: End::After(Duration::hours(2)), ..scenario(Severity::Minor, "2026-11-18T11:00:00Z") };
        assert_eq!(due(&clients, "comms-manager").as_deref(), Some("2026-11-18T11:10:00"));
        assert_eq!(due(&clients, "client-update:0.2").as_deref(), Some("2026-11-18T13:00:00"));
        assert_eq!(due(&clients, "client-update:0.3"), None);
    }

    #[test]
    fn after_the_resolution_working_days_count() {
        let night = Scenario { end: End::ResolvedAt(at("2026-11-21T03:00:00Z")), ..scenario(Severity::Minor, "2026-11-20T17:45:00Z") };
        assert_eq!(due(&night, "report-author").as_deref(), Some("2026-11-24T10:00:00"));
        assert_eq!(due(&night, "report-draft").as_deref(), Some("2026-11-26T10:00:00"));
        let review = events(&night).into_iter().find(|event| event.rule == Rule::ScheduleReview).unwrap();
        assert_eq!((review.due_at, review.proposed_at), (at("2026-11-24T10:00:00Z"), Some(at("2026-11-30T10:00:00Z"))));
        assert!(events(&night).iter().all(|event| event.proposed_at.is_some() == (event.rule == Rule::ScheduleReview)));
        for (severity, flags) in [(Severity::Trivial, Flags::default()), (Severity::Minor, Flags::from_iter([Flag::Recurring]))] {
            assert!(!keys(&Scenario { severity, flags, ..night.clone() }).contains(&"report-author".to_owned()));
        }
    }

    #[test]
    fn days_and_nights_follow_local_time_when_the_clocks_change() {
        let table = [
            // The clocks go forward on 29 March: Monday's 10:00 is 09:00 UTC, and the night is an hour shorter.
            ("2026-03-27T12:00:00Z", "2026-03-30T11:00:00", "2026-04-03T11:00:00Z"),
            // They go back on 25 October.
            ("2026-10-23T12:00:00Z", "2026-10-26T13:00:00", "2026-10-30T13:00:00Z"),
        ];
        for (resolved, author, proposed) in table {
            let declared_at = at(resolved) - Duration::hours(1);
            let base = Scenario { declared_at, end: End::ResolvedAt(at(resolved)), ..scenario(Severity::Minor, resolved) };
            assert_eq!(due(&base, "report-author").as_deref(), Some(author), "{resolved}");
            let review = events(&base).into_iter().find(|event| event.rule == Rule::ScheduleReview).unwrap();
            assert_eq!(review.proposed_at, Some(at(proposed)), "{resolved}");
        }
        let weekend = |declared| Scenario { end: End::After(Duration::days(4)), ..scenario(Severity::Minor, declared) };
        // From Friday 18:00 to Monday 10:00 there are 63 hours in March and 65 in October.
        assert_eq!(due(&weekend("2026-03-27T17:00:00Z"), "stop-or-continue:32").as_deref(), Some("2026-03-30T18:00:00"));
        assert_eq!(due(&weekend("2026-10-23T16:00:00Z"), "stop-or-continue:32").as_deref(), Some("2026-10-26T09:00:00"));
    }

    #[test]
    fn holidays_and_hours_from_the_file_count() {
        let text = "[working_hours]\nholidays = [\"2026-12-25\", \"2026-12-28\"]\ntime_zone = \"America/New_York\"\nfrom = \"09:00\"";
        let playbook = file::read("p", text, &|_| Err(String::new())).unwrap();
        let eve = Scenario { end: End::ResolvedAt(at("2026-12-24T15:00:00Z")), ..scenario(Severity::Minor, "2026-12-24T14:30:00Z") };
        let simulation = simulate(&eve, &playbook).unwrap();
        let author = simulation.events.iter().find(|event| event.rule == Rule::ReportAuthor).unwrap();
        assert_eq!(author.due_at, at("2026-12-29T15:00:00Z"));
    }

    #[test]
    fn an_endless_simulation_is_cut() {
        let text = "summary.every = \"1s\"";
        let playbook = file::read("p", text, &|_| Err(String::new())).unwrap();
        let simulation = simulate(&scenario(Severity::Minor, "2026-11-18T11:00:00Z"), &playbook).unwrap();
        assert!(simulation.is_cut && simulation.events.len() >= STEPS && simulation.events.len() < STEPS + 10);
    }

    #[test]
    fn times_out_of_order_are_refused() {
        let base = scenario(Severity::Minor, "2026-11-18T11:00:00Z");
        let table = [
            (Scenario { end: End::ResolvedAt(at("2026-11-18T10:59:59Z")), ..base.clone() }, "resolved before"),
            (Scenario { lead_at: Some(at("2026-11-18T10:59:59Z")), ..base.clone() }, "lead before"),
            (Scenario { end: End::After(Duration::MAX), ..base.clone() }, "too long"),
            (Scenario { declared_at: Timestamp::MAX_UTC, end: End::After(Duration::zero()), ..base.clone() }, "2000 and 2199"),
            (Scenario { end: End::ResolvedAt(at("2200-01-01T00:00:00Z")), ..base }, "2000 and 2199"),
        ];
        for (scenario, why) in table {
            let refused = simulate(&scenario, &Playbook::default()).unwrap_err();
            assert!(refused.contains(why), "{why}: {refused}");
        }
    }
}
