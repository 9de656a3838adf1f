//! What holds for every incident at any time.

use std::collections::BTreeSet;

use chrono::Duration;
use entity::{ClientId, Flags, IncidentStatus, Role, Severity, Timestamp};
use proptest::prelude::*;

use super::super::series::series_of;
use super::*;
use crate::playbook::{Playbook, Rule};

/// Most of an incident happens within ten days.
const DAYS: i64 = 10 * 86_400;

/// An incident, a playbook, and a time.
#[derive(Clone)]
struct Scene {
    case: Case,
    playbook: Playbook,
    now: Timestamp,
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Playbook { working_hours, summary_every, client_update_every, handover_after, stop_after, .. } = &self.playbook;
        let series = [summary_every, client_update_every, handover_after, stop_after];
        f.debug_struct("Scene")
            .field("case", &self.case)
            .field("now", &self.now)
            .field("hours", working_hours)
            .field("series", &series)
            .finish()
    }
}

impl Scene {
    fn steps(&self, now: Timestamp) -> Vec<Step> {
        steps(&self.case, &self.playbook, now)
    }

    /// Since when the incident has been live, this time round.
    fn since(&self) -> Timestamp {
        self.case.declared_at.max(self.case.reopened_at).unwrap()
    }

    /// Sends every reminder that is due at `now`, as the worker does; returns the steps.
    fn tell(&mut self, now: Timestamp) -> Vec<Step> {
        let to_tell = |step: &Step| {
            let next = step.next_reminder(self.case.marks.get(&step.key));
            step.state != Stage::Upcoming && next.is_some_and(|at| at <= now)
        };
        let told: Vec<Step> = self.steps(now).into_iter().filter(to_tell).collect();
        for step in &told {
            let mark = self.case.marks.entry(step.key.clone()).or_default();
            if !step.is_meant(mark.due_at) {
                *mark = Mark::default();
            }
            mark.due_at = step.due_at;
            mark.due_reminded_at = mark.due_reminded_at.or(Some(now));
            if step.state == Stage::Overdue {
                mark.overdue_reminded_at = Some(now);
            }
            mark.snoozed_until = None;
        }
        told
    }
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(items: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(items)
}

fn seconds(range: std::ops::Range<i64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::seconds)
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![seconds(1..600), seconds(600..40_000), (1..400_i64).prop_map(Duration::minutes), (1..4_i64).prop_map(Duration::days)]
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let zones = &["Europe/London", "America/New_York", "Australia/Lord_Howe"];
    let hours = prop_oneof![3 => Just((600_u32, 1_080_u32)), 1 => Just((0, 1_440)), 2 => (0_u32..700, 701_u32..1_440)];
    let working_days = Just([true, true, true, true, true, false, false]);
    let days = prop_oneof![2 => working_days, 1 => prop::array::uniform7(any::<bool>()), 1 => Just([true; 7])];
    let first: chrono::NaiveDate = "2026-03-20".parse().unwrap();
    let holidays = prop::collection::btree_set((0..300_u64).prop_map(move |day| first + chrono::Days::new(day)), 0..30);
    (days, hours, one_of(zones), holidays).prop_map(|(days, (from, to), zone, holidays)| Calendar {
        days,
        from,
        to,
        zone: crate::zone::zone(zone),
        holidays,
    })
}

fn playbooks() -> BoxedStrategy<Playbook> {
    let default = Playbook::default();
    let spans = prop_oneof![1 => Just(None), 2 => prop::array::uniform10(span()).prop_map(Some)];
    (calendars(), spans)
        .prop_map(move |(working_hours, spans)| {
            let default = Playbook { working_hours, ..default.clone() };
            let Some([triage, lead, manager, leadership, page, others, summary, client, handover, stop]) = spans else { return default };
            Playbook {
                triage_within: triage,
                lead_within: lead,
                comms_manager_within: manager,
                leadership_acknowledge_within: leadership,
                page_acknowledge_within: page,
                escalate_others_after: others,
                summary_every: summary,
                client_update_every: client,
                handover_after: handover,
                stop_after: stop,
                ..default
            }
        })
        .boxed()
}

fn keys() -> impl Strategy<Value = String> {
    let series = &["summary:0.", "summary:1.", "client-update:0.", "client-update:2.", "stop-or-continue:", "page:", "general-notice:"];
    let held = &["handover:incident-lead:1.", "handover:incident-lead:2.", "handover:client-comms-manager:1."];
    let single = &[
        "triage",
        "lead",
        "comms-manager",
        "leadership:cto",
        "leadership-fallback:dpo",
        "second-line",
        "containment",
        "report-author",
        "report-draft",
        "follow-up:f1",
    ];
    prop_oneof![
        3 => (one_of(series), 1..8).prop_map(|(name, number)| format!("{name}{number}")),
        1 => (one_of(series), 1..900).prop_map(|(name, number)| format!("{name}{number}")),
        1 => (one_of(held), 1..8).prop_map(|(name, number)| format!("{name}{number}")),
        2 => one_of(single).prop_map(str::to_owned),
    ]
}

fn marks(at: Timestamp) -> impl Strategy<Value = BTreeMap<String, Mark>> {
    let mark = prop::array::uniform4(any::<bool>()).prop_map(move |[due, overdue, snoozed, settled]| Mark {
        due_at: Timestamp::MAX_UTC,
        due_reminded_at: due.then_some(at),
        overdue_reminded_at: overdue.then_some(at),
        snoozed_until: snoozed.then_some(at),
        settled_at: settled.then_some(at),
        waived: settled && due,
    });
    prop::collection::btree_map(keys(), mark, 0..25)
}

fn items() -> Vec<(String, String)> {
    let goals = Playbook::default().goals.into_iter();
    goals.flat_map(|goal| goal.breach_checklist.into_iter().map(move |item| (goal.key.clone(), item.key))).collect()
}

/// A case whose times are within ten days of its declaration, in an order in which they can happen.
fn cases() -> BoxedStrategy<Case> {
    let items = items();
    // 2026-03-20 to 2026-11-18: both clock changes.
    (1_773_964_800_i64..1_795_000_000)
        .prop_flat_map(move |declared| {
            let declared_at = Timestamp::from_timestamp(declared, 0).unwrap();
            let later = move || (0..DAYS).prop_map(move |after| declared_at + Duration::seconds(after));
            let maybe = move || prop::option::of(later());
            let posted = move || (0..3_i32, later()).prop_map(|(count, at)| Posted { count, last_at: (count > 0).then_some(at) });
            let roles = &[Role::IncidentLead, Role::ClientCommsManager, Role::Responder, Role::ReportAuthor];
            let holder = (one_of(roles), later(), prop::option::of(seconds(0..DAYS)));
            let holder =
                holder.prop_map(|(role, from, held)| Holder { role, person: person(1), from, until: held.map(|held| from + held) });
            // In the order in which they took their roles.
            let holders = prop::collection::vec(holder, 0..5).prop_map(|mut holders| {
                holders.sort_by_key(|holder| holder.from);
                holders
            });
            let step = prop_oneof![3 => Just(None), 1 => Just(Some("leadership:cto")), 1 => Just(Some("leadership-fallback:cto"))];
            let page = (step, later(), maybe());
            let page = page.prop_map(|(step, at, answered_at)| Page {
                step: step.map(str::to_owned),
                person: person(1),
                at,
                answered_at,
                lost_at: None,
            });
            let ticked = prop_oneof![Just(items.clone()), prop::sample::subsequence(items.clone(), 0..=items.len())];
            let follow_ups = prop::collection::btree_map("f[0-9]", maybe(), 0..3).prop_map(|map| {
                map.into_iter()
                    .map(|(id, due)| FollowUp { title: id.clone(), id, owner: person(1), due_on: due.map(|at| at.date_naive()) })
                    .collect::<Vec<_>>()
            });
            let status = one_of(IncidentStatus::ALL);
            let status = prop_oneof![2 => Just(IncidentStatus::Investigating), 1 => Just(IncidentStatus::Resolved), 2 => status];
            let first = (
                status,
                one_of(&[Severity::Critical, Severity::Major, Severity::Minor, Severity::Trivial]),
                prop::collection::vec(one_of(Flag::ALL), 0..3),
                (0..86_400_i64, maybe(), later(), 0..4_i32),
                (maybe(), maybe(), maybe(), maybe()),
                (posted(), 0..3_i32, maybe(), prop::collection::vec((seconds(0..DAYS), prop::option::of(seconds(0..DAYS))), 0..3)),
            );
            let report = prop::option::of(prop::array::uniform4(prop::option::of(seconds(0..DAYS))));
            let review = prop::option::of((seconds(-DAYS..DAYS), prop::option::of(seconds(0..DAYS))));
            let second = (holders, prop::collection::vec(page, 0..4), marks(declared_at), ticked, follow_ups, report, review);
            (first, second)
                .prop_map(move |(first, second)| {
                    let (status, severity, flags, (before, reopened_at, resolved, raised), causes, clients) = first;
                    let (holders, pages, marks, ticked, follow_ups, report, review) = second;
                    let (raised_at, leadership_since, breach_since, escalated_at) = causes;
                    let (updates, client_updates, first_client_at, affected) = clients;
                    let affected = first_client_at.into_iter().flat_map(|first| affected.iter().map(move |one| (first, *one)));
                    let over = matches!(status, IncidentStatus::Resolved | IncidentStatus::Closed);
                    let resolved_at = reopened_at.max(Some(resolved)).unwrap();
                    Case {
                        status,
                        severity,
                        flags: Flags::from_iter(flags),
                        restricted: raised == 1,
                        reported_at: declared_at - Duration::seconds(before),
                        triage_from: None,
                        declared_at: Some(declared_at),
                        reopened_at,
                        resolved_at: over.then_some(resolved_at),
                        raised,
                        raised_at,
                        leadership_since,
                        leadership_cause_at: breach_since.min(leadership_since),
                        breach_since,
                        escalated_at,
                        updates,
                        client_updates,
                        first_client_at,
                        clients: affected
                            .map(|(first, (since, told))| Affected {
                                client: ClientId(Uuid::nil()),
                                name: String::new(),
                                since: first + since,
                                told_at: told.map(|told| first + told),
                            })
                            .collect(),
                        holders,
                        ticked,
                        pages,
                        no_reaction_since: escalated_at.map(|at| at.max(reopened_at.unwrap_or(at))),
                        marks,
                        report: report.map(|[circulated, last, client, abridged]| Report {
                            circulated_at: circulated.map(|after| resolved_at + after),
                            final_at: last.map(|after| resolved_at + after),
                            client_version_at: client.map(|after| resolved_at + after),
                            abridged_version_at: abridged.map(|after| resolved_at + after),
                        }),
                        review: review.map(|(starts, held)| Review {
                            starts_at: resolved_at + starts,
                            held_at: held.map(|after| resolved_at + after),
                        }),
                        follow_ups,
                    }
                })
                .boxed()
        })
        .boxed()
}

/// At any time, including long after it and before it (the clock was set back).
fn scenes() -> BoxedStrategy<Scene> {
    let after = prop_oneof![4 => seconds(0..DAYS), 1 => seconds(DAYS..4 * DAYS), 1 => seconds(-DAYS..0)];
    (cases(), playbooks(), after)
        .prop_map(|(case, playbook, after)| {
            let now = case.declared_at.unwrap() + after;
            Scene { case, playbook, now }
        })
        .boxed()
}

/// The number of a step within its series.
fn number(step: &Step) -> i64 {
    step.key.rsplit(['.', ':']).next().unwrap().parse().unwrap()
}

/// Times at and between the ends of what chrono and the calendar know.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    let ends = [Timestamp::MIN_UTC, Timestamp::UNIX_EPOCH, on("18 11:00"), Timestamp::MAX_UTC];
    let moment = |at: i64| Timestamp::from_timestamp(at, 0).unwrap();
    let all = Timestamp::MIN_UTC.timestamp()..Timestamp::MAX_UTC.timestamp();
    prop_oneof![prop::sample::select(ends.to_vec()), all.prop_map(moment), (-9_000_000_000_i64..9_000_000_000).prop_map(moment)]
}

/// Fewer than usual because each walks through an incident; `PROPTEST_CASES` still sets how many.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.div_ceil(3), ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_list_is_in_order_and_names_each_obligation_once(scene in scenes()) {
        let listed = scene.steps(scene.now);
        let keys: BTreeSet<&str> = listed.iter().map(|step| &*step.key).collect();
        prop_assert_eq!(keys.len(), listed.len());
        prop_assert!(listed.is_sorted_by(|a, b| a.urgency() < b.urgency()));
        let (coming, now): (Vec<&Step>, Vec<&Step>) = listed.iter().partition(|step| step.state == Stage::Upcoming && step.rule != Rule::Lead);
        prop_assert!(listed.iter().take(now.len()).eq(now.iter().copied()), "what must be done now comes first");
        prop_assert!(coming.is_sorted_by_key(|step| step.due_at));
        for step in &listed {
            prop_assert_eq!(Rule::of_key(&step.key), Some(step.rule));
            prop_assert!(scene.case.marks.get(&step.key).is_none_or(|mark| mark.settled_at.is_none()), "{} is settled", step.key);
            let words = |text: &str| !text.is_empty() && !text.contains(['{', '}']);
            prop_assert!(words(&step.title) && words(&step.why), "{step:?}");
            let is_follow_up = step.rule == Rule::FollowUp;
            prop_assert_eq!(step.audience.is_empty(), is_follow_up);
            // Triage may be asked of who answered the page.
            prop_assert!(step.person.is_some() == is_follow_up || step.rule == Rule::Triage);
            prop_assert_eq!(step.proposed_at.is_some(), step.rule == Rule::ScheduleReview);
        }
    }

    #[test]
    fn nothing_is_due_before_its_cause(scene in scenes()) {
        let Case { reported_at, declared_at, reopened_at, resolved_at, status, .. } = &scene.case;
        for step in scene.steps(scene.now) {
            let cause = match step.rule {
                Rule::FollowUp => continue,
                // These hold from the declaration on, whatever happens.
                Rule::Leadership | Rule::LeadershipFallback => declared_at.unwrap(),
                _ if *status == IncidentStatus::Triage => (*reported_at).max(reopened_at.unwrap_or(*reported_at)),
                _ => resolved_at.unwrap_or(scene.since()),
            };
            prop_assert!(step.due_at >= cause, "{} at {}, but {}", step.key, step.due_at, cause);
            prop_assert!(step.proposed_at.is_none_or(|at| at > cause));
        }
    }

    #[test]
    fn the_state_follows_from_the_time(scene in scenes()) {
        for step in scene.steps(scene.now) {
            let in_days = scene.playbook.working_hours.plus_working_days(step.due_at, 1);
            prop_assert_eq!(step.overdue_at, if step.rule.counts_in_days() { in_days } else { step.due_at + scene.playbook.grace });
            let (due, overdue) = (scene.now >= step.due_at, scene.now >= step.overdue_at);
            let state = if overdue { Stage::Overdue } else if due { Stage::Due } else { Stage::Upcoming };
            prop_assert_eq!(step.state, state);
        }
    }

    #[test]
    fn a_step_does_not_move_as_time_passes(scene in scenes(), later in prop_oneof![seconds(0..40_000), seconds(0..2 * DAYS)]) {
        let after = scene.steps(scene.now + later);
        for step in scene.steps(scene.now).iter().filter(|step| step.rule != Rule::SecondLine) {
            if let Some(then) = after.iter().find(|then| then.key == step.key) {
                prop_assert_eq!((then.due_at, then.overdue_at, then.proposed_at), (step.due_at, step.overdue_at, step.proposed_at));
                prop_assert!(then.state > step.state || (then.state, then.missed) == (step.state, step.missed));
            } else {
                // Of who was never told, nobody says that they have not answered.
                let is_fallback = matches!(step.rule, Rule::LeadershipFallback | Rule::NoReactionFallback);
                prop_assert!(step.rule.is_series() || is_fallback, "{} went away", step.key);
            }
        }
    }

    #[test]
    fn second_line_is_never_paged_in_working_hours(scene in scenes()) {
        let hours = &scene.playbook.working_hours;
        for step in scene.steps(scene.now).iter().filter(|step| step.rule == Rule::SecondLine) {
            let never = step.due_at - scene.now > Duration::days(2 * 365);
            prop_assert!(never || !hours.is_working(step.due_at), "{}", step.due_at);
            prop_assert!(step.state == Stage::Upcoming || !hours.is_working(scene.now));
        }
    }

    #[test]
    fn a_series_has_its_newest_number_and_the_next(scene in scenes()) {
        let listed = scene.steps(scene.now);
        let series: BTreeSet<&str> = listed.iter().filter(|step| step.rule.is_series()).map(|step| series_of(&step.key)).collect();
        for name in series {
            let of_it = listed.iter().filter(|step| step.rule.is_series() && series_of(&step.key) == name);
            let (due, upcoming): (Vec<&Step>, Vec<&Step>) = of_it.partition(|step| step.state != Stage::Upcoming);
            prop_assert!(due.len() <= 1 && upcoming.len() == 1, "{name}: {due:?} {upcoming:?}");
            prop_assert_eq!(upcoming[0].missed, 0);
            if let [due] = *due {
                prop_assert!((0..number(due)).contains(&due.missed) && number(due) < number(upcoming[0]));
                prop_assert!(due.due_at < upcoming[0].due_at);
            }
            // When the next falls due, it becomes the newest, at the time that was announced.
            let then = scene.steps(upcoming[0].due_at);
            let found = then.iter().find(|step| step.key == upcoming[0].key);
            prop_assert_eq!(found.map(|step| (step.due_at, step.state)), Some((upcoming[0].due_at, Stage::Due)));
        }
        prop_assert!(listed.iter().all(|step| step.missed == 0 || step.rule.is_series()));
    }

    #[test]
    fn the_next_look_is_the_first_reminder_and_reminding_moves_it_on(scene in scenes()) {
        let Scene { case, playbook, now } = &scene;
        let reminders = scene.steps(*now).into_iter().filter_map(|step| step.next_reminder(case.marks.get(&step.key)));
        prop_assert_eq!(next_look(case, playbook, *now), reminders.min());
        let mut told = scene.clone();
        told.tell(*now);
        prop_assert!(next_look(&told.case, playbook, *now).is_none_or(|at| at > *now));
        prop_assert_eq!(told.tell(*now), []);
    }

    #[test]
    fn looking_at_the_announced_times_is_never_late(mut scene in scenes()) {
        scene.tell(scene.now);
        let mut seen = BTreeSet::new();
        for _ in 0..40 {
            let Some(next) = next_look(&scene.case, &scene.playbook, scene.now) else { return Ok(()) };
            scene.now = next;
            let marks = scene.case.marks.clone();
            for step in scene.tell(next) {
                prop_assert!(seen.insert((step.key.clone(), step.state)), "{} was told twice", step.key);
                let at = if step.state == Stage::Overdue { step.overdue_at } else { step.due_at };
                // What somebody put off is told of when that is over.
                let is_put_off = marks.get(&step.key).is_some_and(|mark| mark.snoozed_until == Some(next) && at < next);
                // Second line waits for the evening, and is then overdue since the last one.
                let is_late = at != next && !is_put_off && step.rule != Rule::SecondLine;
                prop_assert!(!is_late, "{} {:?} at {at}, told at {next}", step.key, step.state);
            }
        }
    }

    #[test]
    fn nothing_breaks_at_the_ends_of_time(scene in scenes(), moments in prop::array::uniform16(any_moment()), now in any_moment()) {
        let [reported, declared, reopened, resolved, raised, leader, breach, called, updated, sent, first, since, from, paged, starts, held] =
            moments;
        let mut case = Case {
            reported_at: reported,
            declared_at: scene.case.escalated_at.and(Some(declared)),
            reopened_at: scene.case.reopened_at.and(Some(reopened)),
            resolved_at: Some(resolved),
            raised_at: Some(raised),
            leadership_since: Some(leader),
            breach_since: Some(breach),
            escalated_at: scene.case.escalated_at.and(Some(called)),
            updates: Posted { count: i32::MAX, last_at: Some(updated) },
            client_updates: i32::MIN,
            first_client_at: Some(first),
            clients: vec![Affected { client: ClientId(Uuid::nil()), name: String::new(), since, told_at: Some(sent) }],
            review: Some(Review { starts_at: starts, held_at: scene.case.escalated_at.and(Some(held)) }),
            ..scene.case.clone()
        };
        for holder in &mut case.holders {
            holder.from = from;
            holder.until = holder.until.and(Some(held));
        }
        for page in &mut case.pages {
            page.at = paged;
        }
        for follow_up in &mut case.follow_ups {
            follow_up.due_on = Some(held.date_naive());
        }
        for now in [now, scene.now, declared, Timestamp::MIN_UTC, Timestamp::MAX_UTC] {
            let listed = steps(&case, &scene.playbook, now);
            prop_assert!(listed.iter().all(|step| step.missed >= 0));
            prop_assert!(listed.is_sorted_by_key(Step::urgency));
            next_look(&case, &scene.playbook, now);
        }
    }
}
