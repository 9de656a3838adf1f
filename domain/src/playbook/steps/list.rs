//! The steps of a case, rule by rule.

use std::cmp::max;
use std::ops::Bound;

use chrono::Duration;
use entity::{IncidentStatus, PersonId, Role, Severity, Timestamp};

use crate::playbook::steps::step::is_after;
use crate::playbook::steps::{Affected, Case, Page, Posted, Stage, Step, concerns_leadership, is_breach, is_major, owes_report};
use crate::playbook::values::role_key;
use crate::playbook::{Playbook, Rule};

const HALF_A_DAY: Duration = Duration::hours(12);
/// How many clients a title names.
const NAMED: usize = 4;
/// Roles that are passed on after a while, each asked of its holder (R13).
const TIRING: [(Role, &[Role]); 2] = [(Role::IncidentLead, &[Role::IncidentLead]), (Role::ClientCommsManager, &[Role::ClientCommsManager])];

/// What `playbook` asks for in `case` at `now`, without settled steps: what must be done now, the most important first, then what is
/// coming, the earliest first.
pub fn steps(case: &Case, playbook: &Playbook, now: Timestamp) -> Vec<Step> {
    let mut list = List { case, playbook, now, steps: Vec::new() };
    match case.status {
        IncidentStatus::Triage => list.triage(),
        IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring => list.live(),
        IncidentStatus::Resolved => list.resolved(),
        IncidentStatus::Closed => list.follow_ups(),
        IncidentStatus::Declined | IncidentStatus::Merged => {}
    }
    list.steps.sort_by(|a, b| a.urgency().cmp(&b.urgency()));
    list.steps
}

/// When `case` must be looked at next: the first moment at which people must be reminded of a step. `None` if nothing will fall due
/// unless something changes.
pub fn next_look(case: &Case, playbook: &Playbook, now: Timestamp) -> Option<Timestamp> {
    let steps = steps(case, playbook, now);
    steps.iter().filter_map(|step| step.next_reminder(case.marks.get(&step.key))).min()
}

struct List<'a> {
    case: &'a Case,
    playbook: &'a Playbook,
    now: Timestamp,
    steps: Vec<Step>,
}

impl List<'_> {
    fn triage(&mut self) {
        let base = self.case.reopened_at.map_or(self.case.reported_at, |at| max(at, self.case.reported_at));
        let due = max(later(base, self.playbook.triage_within), self.case.triage_from.unwrap_or(base));
        let answered = self.answered_the_report(base);
        if let Some(step) = self.add_again(Rule::Triage, base, due) {
            step.person = answered;
        }
        self.unanswered_page();
        // Whom nobody paged may wait for the morning.
        if self.case.pages.iter().any(|page| page.step.is_none()) {
            self.no_reaction();
        }
    }

    fn live(&mut self) {
        let declared = self.case.declared_at.unwrap_or(self.case.reported_at);
        let since = self.case.reopened_at.map_or(declared, |at| max(at, declared));
        self.unanswered_page();
        if self.case.severity != Severity::Trivial {
            self.no_reaction();
        }
        self.lead(since);
        self.general_notice(since);
        self.leadership(declared);
        self.second_line(declared, since);
        self.summary(declared, since);
        self.clients(since);
        self.handover(since);
        self.stop_or_continue(declared, since);
        self.containment(declared, since);
        self.follow_ups();
    }

    fn resolved(&mut self) {
        let declared = self.case.declared_at.unwrap_or(self.case.reported_at);
        self.leadership(declared);
        self.closing_word();
        self.afterwards();
        self.follow_ups();
    }

    /// Who was paged about the report and answered: it is theirs to triage.
    fn answered_the_report(&self, since: Timestamp) -> Option<PersonId> {
        let answered = self.case.pages.iter().filter(|page| page.step.is_none() && page.at >= since);
        answered.filter_map(|page| Some((page.answered_at?, page.person))).max_by_key(|(at, _)| *at).map(|(_, person)| person)
    }

    /// Somebody was paged about the incident and nobody has answered since.
    fn unanswered_page(&mut self) {
        let chain = || self.case.pages.iter().filter(|page| page.step.is_none());
        let Some(last) = chain().next_back() else { return };
        // An answered page ends what came before it; so do declaring the incident and reopening it.
        let is_over = self.case.reopened_at.max(self.case.declared_at).is_some_and(|at| at > last.at);
        if is_over || last.answered_at.is_some() || chain().any(|page| page.answered_at.is_some_and(|at| at >= last.at)) {
            return;
        }
        let due = last.lost_at.unwrap_or_else(|| later(last.at, self.playbook.page_acknowledge_within));
        let number = chain().count();
        self.add(Rule::Page, &number.to_string(), due);
    }

    /// Somebody was reminded and does nothing: first second line is paged, then the leadership.
    fn no_reaction(&mut self) {
        let Some(since) = self.case.no_reaction_since else { return };
        let within = self.playbook.reminders_escalate_after;
        let due = later(since, within);
        self.add_again(Rule::NoReaction, since, due);
        if let Some(due) = self.after_told(Rule::NoReaction.as_str(), since, later(due, within), within) {
            self.add_again(Rule::NoReactionFallback, since, due);
        }
    }

    /// When somebody else is turned to: `within` after the step `key`, caused at `cause`, was carried out, or as soon as it is known that
    /// its page brings nobody. As long as it was not carried out, the `planned` time, and nothing once that has passed: nobody had the
    /// chance to answer.
    fn after_told(&self, key: &str, cause: Timestamp, planned: Timestamp, within: Duration) -> Option<Timestamp> {
        let paged = self.case.pages.iter().filter(|page| page.step.as_deref() == Some(key) && page.at >= cause).max_by_key(|page| page.at);
        let told = || {
            let mark = self.case.marks.get(key).filter(|mark| is_after(Some(cause), mark.due_at))?;
            mark.due_reminded_at.map(|at| max(at, cause))
        };
        match (paged, told()) {
            (Some(page), _) => Some(page.lost_later().unwrap_or_else(|| later(page.at, within))),
            (None, Some(at)) => Some(later(at, within)),
            (None, None) => Some(planned).filter(|at| *at > self.now),
        }
    }

    fn lead(&mut self, since: Timestamp) {
        if let Some(left) = self.vacant(Role::IncidentLead) {
            let base = max(left, since);
            self.add_again(Rule::Lead, base, later(base, self.playbook.lead_within));
        }
    }

    /// Since when nobody has held a role; the beginning of time if nobody ever did. `None` while somebody does.
    fn vacant(&self, role: Role) -> Option<Timestamp> {
        let holders = || self.case.holders.iter().filter(move |holder| holder.role == role);
        let is_vacant = holders().all(|holder| holder.until.is_some());
        is_vacant.then(|| holders().filter_map(|holder| holder.until).max().unwrap_or(Timestamp::MIN_UTC))
    }

    fn general_notice(&mut self, since: Timestamp) {
        if is_major(self.case.severity) && self.case.raised > 0 && !self.case.restricted {
            let due = self.case.raised_at.map_or(since, |at| max(at, since));
            self.add(Rule::GeneralNotice, &self.case.raised.to_string(), due);
        }
    }

    fn leadership(&mut self, declared: Timestamp) {
        if !concerns_leadership(self.case.severity, self.case.flags) {
            return;
        }
        let playbook = self.playbook;
        let cause = self.case.leadership_cause_at.map_or(declared, |at| max(at, declared));
        let told = self.case.leadership_since.map_or(cause, |at| max(at, cause));
        for contact in &playbook.leadership_contacts {
            let answered = |rule: Rule| {
                let key = format!("{rule}:{contact}");
                let since = |at: Timestamp| at >= cause;
                self.case.pages.iter().any(|page| page.step.as_deref() == Some(&*key) && page.answered_at.is_some_and(since))
                    || self.case.marks.get(&key).is_some_and(|mark| mark.settled_at.is_some_and(since))
            };
            if answered(Rule::Leadership) {
                continue;
            }
            let fallback_answered = answered(Rule::LeadershipFallback);
            self.add_about(Rule::Leadership, contact, told, told);
            let within = playbook.leadership_acknowledge_within;
            let due = self.after_told(&format!("{}:{contact}", Rule::Leadership), told, later(told, within), within);
            if let Some(due) = due.filter(|_| !fallback_answered) {
                self.add_about(Rule::LeadershipFallback, contact, told, due);
            }
        }
    }

    fn second_line(&mut self, declared: Timestamp, since: Timestamp) {
        let no_reaction = |page: &Page| page.step.as_deref() == Some(Rule::NoReaction.as_str()) && page.at >= since;
        if self.case.escalated_at.is_some_and(|at| at >= since) || self.case.pages.iter().any(no_reaction) {
            return;
        }
        let hours = &self.playbook.working_hours;
        let (cause, due) = if is_major(self.case.severity) {
            // An earlier decision to go without was about something less severe.
            let raised = self.case.raised_at.map_or(since, |at| max(at, since));
            (raised, hours.next_closing(raised))
        } else {
            // If that comes just as work begins, wait until work ends.
            let long_enough = hours.after_out_of_hours(declared, self.playbook.escalate_others_after);
            (since, hours.next_closing(max(long_enough, since)))
        };
        let asked_again = if due <= self.now && hours.is_working(self.now) { hours.next_closing(self.now) } else { due };
        self.add_again(Rule::SecondLine, cause, asked_again);
    }

    fn summary(&mut self, declared: Timestamp, since: Timestamp) {
        let Posted { count, last_at } = self.case.updates;
        self.series(
            Rule::Summary,
            &format!("{count}."),
            last_at.unwrap_or(declared),
            self.playbook.summary_every,
            since,
            Rule::Summary.audience(),
        );
    }

    fn clients(&mut self, since: Timestamp) {
        let facts = self.case;
        let affected = facts.clients.iter().map(|client| client.since).min();
        let (Some(first), Some(affected), Some(waits)) = (facts.first_client_at, affected, facts.longest_wait()) else { return };
        let since = max(since, affected);
        if let Some(left) = self.vacant(Role::ClientCommsManager) {
            let cause = max(since, left);
            let due = max(later(first, self.playbook.comms_manager_within), cause);
            self.add_again(Rule::CommsManager, cause, due);
        }
        let (name, every) = (format!("{}.", facts.client_updates), self.playbook.client_update_every);
        self.series(Rule::ClientUpdate, &name, waits, every, since, Rule::ClientUpdate.audience());
        let now = self.now;
        for step in self.steps.iter_mut().filter(|step| step.rule == Rule::ClientUpdate) {
            let by = max(step.due_at, now);
            of_clients(step, facts.clients.iter().filter(|client| later(client.waits_since(), every) <= by));
        }
    }

    /// Clients that were told of the problem must hear that it is over.
    fn closing_word(&mut self) {
        let case = self.case;
        let Some(resolved) = case.resolved_at else { return };
        let waiting: Vec<&Affected> = case.clients.iter().filter(|client| client.told_at.is_some_and(|at| at < resolved)).collect();
        if waiting.is_empty() {
            return;
        }
        if let Some(step) = self.add_again(Rule::ClientClosing, resolved, resolved) {
            of_clients(step, waiting.into_iter());
        }
    }

    fn handover(&mut self, since: Timestamp) {
        for (role, audience) in TIRING {
            let holders = self.case.holders.iter().filter(|holder| holder.role == role).enumerate();
            let Some((index, from)) =
                holders.filter(|(_, holder)| holder.until.is_none()).map(|(index, holder)| (index, holder.from)).max()
            else {
                continue;
            };
            let name = format!("{}:{}.", role_key(role), index + 1);
            self.series(Rule::Handover, &name, from, self.playbook.handover_after, since, audience);
        }
    }

    fn stop_or_continue(&mut self, declared: Timestamp, since: Timestamp) {
        let (hours, after) = (&self.playbook.working_hours, self.playbook.stop_after);
        let passed = |at: Timestamp| periods(hours.out_of_hours_between(declared, at), after);
        let fallen = Fallen { now: passed(self.now), before: passed(since) };
        self.numbered(
            Rule::StopOrContinue,
            "",
            fallen,
            |number| hours.after_out_of_hours(declared, times(after, number)),
            Rule::StopOrContinue.audience(),
        );
    }

    fn containment(&mut self, declared: Timestamp, since: Timestamp) {
        if !is_breach(self.case.flags) || self.is_contained() {
            return;
        }
        let cause = self.case.breach_since.map_or(since, |at| max(at, since));
        self.add(Rule::Containment, "", max(later(declared, self.playbook.containment_within), cause));
    }

    fn is_contained(&self) -> bool {
        let ticked = |goal: &str, item: &str| self.case.ticked.iter().any(|(of, done)| of == goal && done == item);
        self.playbook.goals.iter().all(|goal| goal.breach_checklist.iter().all(|item| ticked(&goal.key, &item.key)))
    }

    /// The report and the review.
    fn afterwards(&mut self) {
        let case = self.case;
        let Some(resolved) = case.resolved_at.filter(|_| owes_report(case.severity, case.flags)) else { return };
        let hours = &self.playbook.working_hours;
        let report = case.report.unwrap_or_default();
        if report.final_at.is_none() && self.vacant(Role::ReportAuthor).is_some() {
            self.add_again(Rule::ReportAuthor, resolved, hours.plus_working_days(resolved, 1));
        }
        if case.review.is_none() {
            let proposed = hours.next_opening(hours.plus_on_the_wall(resolved, self.playbook.review_after));
            if let Some(step) = self.add_again(Rule::ScheduleReview, resolved, hours.plus_working_days(resolved, 1)) {
                step.proposed_at = Some(proposed);
            }
        }
        if report.circulated_at.is_none() {
            self.add_again(Rule::ReportDraft, resolved, hours.plus_working_days(resolved, 3));
            if let Some(review) = case.review.filter(|review| review.held_at.is_none()) {
                let due = max(hours.plus_working_days(review.starts_at, -2), resolved);
                self.add(Rule::ReportCirculated, "", due);
            }
        }
        if let (Some(held), None) = (case.review.and_then(|review| review.held_at), report.final_at) {
            self.add(Rule::ReportFinal, "", hours.plus_working_days(held, 3));
        }
        if let Some(finished) = report.final_at {
            let due = hours.plus_working_days(finished, 2);
            if case.first_client_at.is_some() && report.client_version_at.is_none() {
                self.add(Rule::ClientReport, "", due);
            }
            if report.abridged_version_at.is_none() {
                self.add(Rule::AbridgedReport, "", due);
            }
        }
    }

    fn follow_ups(&mut self) {
        for follow_up in &self.case.follow_ups {
            let Some(date) = follow_up.due_on else { continue };
            let (key, due) = (format!("{}:{}", Rule::FollowUp, follow_up.id), self.playbook.working_hours.end_of(date));
            // A new date asks again; different working hours on the same date do not.
            if let Some(step) = self.push(Rule::FollowUp, key, Some(due - HALF_A_DAY), due, Rule::FollowUp.audience()) {
                step.person = Some(follow_up.owner);
                step.title = about(&step.title, &follow_up.title);
            }
        }
    }

    /// A series that falls due every `every` after `base`; numbers that fell due up to `since` are not asked for.
    fn series(&mut self, rule: Rule, name: &str, base: Timestamp, every: Duration, since: Timestamp, audience: &'static [Role]) {
        let fallen = Fallen { now: periods(self.now - base, every), before: periods(since - base, every) };
        self.numbered(rule, name, fallen, |number| later(base, times(every, number)), audience);
    }

    /// The newest number of a series that is due, and the next one that is not settled yet.
    fn numbered(&mut self, rule: Rule, name: &str, fallen: Fallen, due: impl Fn(i64) -> Timestamp, audience: &'static [Role]) {
        let prefix = format!("{rule}:{name}");
        let newest = fallen.now;
        if newest > fallen.before {
            let missed = newest - 1 - max(fallen.before, self.last_told(&prefix, newest));
            if let Some(step) = self.push(rule, format!("{prefix}{newest}"), None, due(newest), audience) {
                step.missed = missed;
            }
        }
        let mut next = max(newest, fallen.before).saturating_add(1);
        while next < i64::MAX && self.is_settled(&format!("{prefix}{next}"), None) {
            next += 1;
        }
        self.push(rule, format!("{prefix}{next}"), None, due(next), audience);
    }

    /// The last number of a series before `newest` that people were reminded of or that was settled.
    fn last_told(&self, prefix: &str, newest: i64) -> i64 {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let numbers = self.case.marks.range::<str, _>(from).map_while(|(key, _)| key.strip_prefix(prefix));
        numbers.filter_map(|number| number.parse().ok()).filter(|number| *number < newest).max().unwrap_or(0)
    }

    /// Adds a step about a contact, caused at `cause_at`.
    fn add_about(&mut self, rule: Rule, contact: &str, cause_at: Timestamp, due_at: Timestamp) {
        if let Some(step) = self.push(rule, format!("{rule}:{contact}"), Some(cause_at.min(due_at)), due_at, rule.audience()) {
            step.contact = Some(contact.to_owned());
        }
    }

    /// Adds a step unless it is settled.
    fn add(&mut self, rule: Rule, name: &str, due_at: Timestamp) -> Option<&mut Step> {
        let key = if name.is_empty() { rule.to_string() } else { format!("{rule}:{name}") };
        self.push(rule, key, None, due_at, rule.audience())
    }

    /// Adds a step that may be asked for more than once in the life of an incident, this time caused at `cause_at`.
    fn add_again(&mut self, rule: Rule, cause_at: Timestamp, due_at: Timestamp) -> Option<&mut Step> {
        // At the ends of time a step may be due before its cause; its marks must count all the same.
        self.push(rule, rule.to_string(), Some(cause_at.min(due_at)), due_at, rule.audience())
    }

    fn push(
        &mut self,
        rule: Rule,
        key: String,
        cause_at: Option<Timestamp>,
        due_at: Timestamp,
        audience: &'static [Role],
    ) -> Option<&mut Step> {
        if self.is_settled(&key, cause_at) {
            return None;
        }
        let overdue_at = if rule.counts_in_days() {
            self.playbook.working_hours.plus_working_days(due_at, 1)
        } else {
            later(due_at, self.playbook.grace)
        };
        let state = Stage::of(due_at, overdue_at, self.now);
        let (title, why) = self.playbook.text(rule, &key).at(state);
        self.steps.push(Step {
            key,
            rule,
            title,
            why,
            audience,
            person: None,
            contact: None,
            clients: Vec::new(),
            due_at,
            overdue_at,
            cause_at,
            state,
            proposed_at: None,
            missed: 0,
        });
        self.steps.last_mut()
    }

    fn is_settled(&self, key: &str, cause_at: Option<Timestamp>) -> bool {
        self.case.marks.get(key).is_some_and(|mark| mark.settled_at.is_some() && is_after(cause_at, mark.due_at))
    }
}

/// Makes a step one about these clients, and names them in its title.
fn of_clients<'a>(step: &mut Step, clients: impl Iterator<Item = &'a Affected> + Clone) {
    step.clients = clients.clone().map(|client| client.client).collect();
    let names: Vec<&str> = clients.map(|client| client.name.as_str()).filter(|name| !name.is_empty()).collect();
    if let Some((named, more)) = names.split_at_checked(NAMED).filter(|(_, more)| more.len() > 1) {
        step.title = format!("{}: {} and {} more", step.title, named.join(", "), more.len());
    } else if !names.is_empty() {
        step.title = format!("{}: {}", step.title, names.join(", "));
    }
}

/// How many numbers of a series have fallen due: by now, and before the moment from which they are asked for.
#[derive(Clone, Copy)]
struct Fallen {
    now: i64,
    before: i64,
}

/// `span` after `at`, saturating at the last representable moment.
pub(crate) fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add_signed(span).unwrap_or(Timestamp::MAX_UTC)
}

/// How many whole periods fit into `span`.
fn periods(span: Duration, every: Duration) -> i64 {
    (micros(span) / micros(every).max(1)).max(0)
}

fn times(span: Duration, number: i64) -> Duration {
    Duration::microseconds(micros(span).saturating_mul(number))
}

/// Saturates.
fn micros(span: Duration) -> i64 {
    span.num_microseconds().unwrap_or(if span < Duration::zero() { i64::MIN } else { i64::MAX })
}

/// The title of a step, with what it is about.
pub(crate) fn about(title: &str, what: &str) -> String {
    format!("{title}: {what}")
}
