//! Reminders: the right people are prompted about each step of the playbook when it falls due and once more when it is overdue.
//!
//! The tick of `worker` asks whether a reminder is due for any incident ([`anything_due`]), and a job sends it ([`remind_some`]).
//! The prompt on the timeline, the mark that it was given and the deliveries that carry it are written in one change of the incident,
//! so it is given once, however many workers run and however often one dies. A step that Muster does rather than a person (a notice,
//! a page) works the same way.

use entity::incident::{self, Column};
use entity::{Channel, IncidentId, Operation, PageReason, PersonId, Role, System, TimelineKind, Timestamp, Visibility, person, step};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde_json::json;

use crate::authz::Right;
use crate::change::{change, change_many};
use crate::ctx::Ctx;
use crate::delivery::order::{self, New};
use crate::desk::{Staffed, may_know};
use crate::error::{Error, Result};
use crate::incident::marks::mark;
use crate::incident::{link, reference};
use crate::pager;
use crate::playbook::steps::{State, Step, next_look, same_series};
use crate::playbook::{Playbook, Rule};
use crate::ports::{Email, Notice};
use crate::record::{Draft, NewEvent, Whole};

/// Incidents whose reminders share a transaction: enough to share what is read, few enough that nobody working on one waits long.
const AT_ONCE: u64 = 16;

/// An incident that was taken but not handled within this time is due again: its worker died.
const TAKEN: chrono::Duration = chrono::Duration::seconds(30);

/// Incidents that are rescheduled in one go after a change of the playbook.
const RESCHEDULED_AT_ONCE: u64 = 200;

/// Whether a reminder is due for any incident. Cheap enough for every tick.
pub async fn anything_due(ctx: &Ctx) -> Result<bool> {
    let due = incident::Entity::find().select_only().column(Column::Id).filter(is_due(ctx.now())).limit(1);
    Ok(due.into_tuple::<IncidentId>().one(ctx.db.read()).await?.is_some())
}

/// Reminds people of what is due or overdue in the incidents that have waited longest, and does what the playbook has Muster do
/// itself. Returns whether there were any. After a failure, the incidents are due again after [`TAKEN`].
pub async fn remind_some(ctx: &Ctx) -> Result<bool> {
    let taken = take_due(ctx).await?;
    if taken.is_empty() {
        return Ok(false);
    }
    let ids: Vec<IncidentId> = taken.iter().map(|incident| incident.id).collect();
    let decide = |facts: &Staffed, draft: &mut Draft<'_>| {
        tell(facts, draft);
        Ok(())
    };
    let together = async { change_many(ctx, &Staffed::load_many(ctx, taken).await?, Right::Administer, decide).await };
    match Box::pin(together).await {
        Ok(()) => return Ok(true),
        Err(error @ Error::Unavailable(_)) => return Err(error),
        Err(error) => tracing::warn!(error = error.for_the_log(), "could not send reminders together; trying incidents one at a time"),
    }
    for id in ids {
        if let Err(error) = Box::pin(change::<Staffed, ()>(ctx, id, Right::Administer, None, decide)).await {
            tracing::error!(incident.id = %id, error = error.for_the_log(), "could not send the reminders of an incident");
        }
    }
    Ok(true)
}

fn is_due(now: Timestamp) -> Expr {
    Column::NextDueAt.is_not_null().and(Column::NextDueAt.lte(now))
}

/// The incidents that have waited longest, postponed in the same statement, so that several workers take different ones.
async fn take_due(ctx: &Ctx) -> Result<Vec<incident::Model>> {
    let now = ctx.now();
    let mut oldest = Query::select();
    oldest.column(Column::Id).from(incident::Entity).and_where(is_due(now));
    oldest.order_by(Column::NextDueAt, sea_orm::Order::Asc).limit(AT_ONCE);
    let taken = incident::Entity::update_many()
        .set(incident::ActiveModel { next_due_at: Set(Some(now + TAKEN)), ..Default::default() })
        // Repeated, because PostgreSQL re-evaluates a row that another worker has taken in the meantime.
        .filter(is_due(now))
        .filter(Column::Id.in_subquery(oldest))
        .exec_with_returning(ctx.db.write());
    Ok(taken.await?)
}

/// Writes into the draft the reminders that are due for an incident.
fn tell(facts: &Staffed, draft: &mut Draft<'_>) {
    let playbook = draft.ctx().playbook();
    let now = draft.now;
    let case = facts.whole.case();
    for step in draft.steps() {
        let told_next = step.next_reminder(case.marks.get(&step.key));
        if step.state != State::Upcoming && told_next.is_some_and(|at| at <= now) {
            Prompt { facts, playbook: &playbook, step: &step }.give(draft);
        }
    }
    // Even if nobody was reminded: time has passed, and the playbook may have changed.
    draft.incident_mut().next_due_at = next_look(&case, &playbook, now);
}

/// A step whose reminder is due.
struct Prompt<'a> {
    facts: &'a Staffed,
    playbook: &'a Playbook,
    step: &'a Step,
}

impl<'a> Prompt<'a> {
    fn give(&self, draft: &mut Draft<'_>) {
        mark(draft, self.step, |row, now| {
            row.due_reminded_at = row.due_reminded_at.or(Some(now));
            if self.step.state == State::Overdue {
                row.overdue_reminded_at = Some(now);
            }
        });
        // One reminder to pass on by hand is enough: the newest.
        let series = draft.whole().steps.iter().map(|row| row.key.clone());
        let series: Vec<String> = series.filter(|key| same_series(key, &self.step.key)).collect();
        order::supersede_by_hand(draft, &series);
        // A step of Muster's that is found overdue after downtime was never done: do it now instead of nagging people at once.
        let told = |row: &step::Model| row.key == self.step.key && self.step.is_meant(row.due_at) && row.due_reminded_at.is_some();
        let first_time = !self.facts.whole.steps.iter().any(told);
        let people = if first_time && self.act(draft) { Vec::new() } else { self.audience() };
        let (quiet, people): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| person.quiet.contains(Channel::Email));
        self.record(draft, &people, !quiet.is_empty());
        for person in people {
            self.mail(draft, person);
        }
    }

    /// Does what Muster can do itself; `false` if people must be reminded, because nothing goes out automatically.
    fn act(&self, draft: &mut Draft<'_>) -> bool {
        let contact = self.step.contact.as_deref().unwrap_or_default();
        match self.step.rule {
            Rule::GeneralNotice => self.post_notice(draft, notice(self.playbook, draft)),
            Rule::Leadership => self.tell_contact(draft, contact),
            Rule::LeadershipFallback => self.tell_somebody_senior(draft, contact),
            Rule::Page => match pager::next(self.facts, None) {
                Some(person) => {
                    pager::call(draft, person, PageReason::Escalated, None, "nobody has answered the page.");
                    reaches(draft, person)
                }
                None => false,
            },
            _ => false,
        }
    }

    /// Posts a notice to everybody. It can't be taken back, so there is none for a restricted incident: its lead decides.
    fn post_notice(&self, draft: &mut Draft<'_>, text: String) -> bool {
        if draft.incident().visibility == Visibility::Restricted {
            return false;
        }
        let connected = draft.ctx().config.systems.contains(&System::Slack);
        draft.send(New { step: Some(self.step.key.clone()), ..New::of(Operation::Notice, Notice { text }) });
        // If a person must post it, somebody must be reminded to.
        connected
    }

    /// Pages a contact who is on the team. Anyone else is sent a mail or, if no address is known, must be contacted by hand; in both
    /// cases somebody must confirm that they know.
    fn tell_contact(&self, draft: &mut Draft<'_>, contact: &str) -> bool {
        let title = self.playbook.contact_title(contact);
        let why = format!("the {title} must know about this.");
        if let Some(person) = self.facts.desk.contact(self.playbook, contact) {
            pager::call(draft, person, PageReason::Leadership, Some(&self.step.key), &why);
            reaches(draft, person)
        } else {
            let email = Email {
                to_name: format!("the {title}"),
                to: self.playbook.contacts.get(contact).cloned().unwrap_or_default(),
                subject: headline(draft, "Please read"),
                text: format!("You need to know about this incident: {}", link(draft.ctx(), draft.incident())),
                thread: None,
            };
            draft.send(New { step: Some(self.step.key.clone()), ..New::of(Operation::Tell, email) });
            false
        }
    }

    fn tell_somebody_senior(&self, draft: &mut Draft<'_>, contact: &str) -> bool {
        let title = self.playbook.contact_title(contact);
        let told = |id: PersonId| {
            let pages = &draft.whole().pages;
            pages.iter().any(|page| page.step_key.is_some() && page.person_id == id)
        };
        let senior = self.facts.desk.by_seniority().into_iter().find(|person| !told(person.id));
        let why = format!("the {title} has not answered, so you should know.");
        if let Some(person) = senior {
            pager::call(draft, person, PageReason::Leadership, Some(&self.step.key), &why);
        }
        let text = format!(
            "We can't reach the {title} about {} ({}). If you can, please let them know: {}",
            reference(draft.incident()),
            draft.incident().name,
            link(draft.ctx(), draft.incident())
        );
        self.post_notice(draft, text) || senior.is_some_and(|person| reaches(draft, person))
    }

    fn record(&self, draft: &mut Draft<'_>, people: &[&person::Model], some_are_quiet: bool) {
        let Step { key, rule, title, due_at, state, missed, .. } = self.step;
        let stage = if *state == State::Overdue { "Overdue" } else { "Due" };
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        let to = match names.as_slice() {
            [] if some_are_quiet => " (quietly)".to_owned(),
            [] => String::new(),
            names => format!(" ({})", names.join(", ")),
        };
        let text = format!("{stage} since {}: {title}{}{to}", self.playbook.local(*due_at), missed_words(*missed));
        let ids: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
        let details =
            json!({ "step": key, "rule": rule.as_str(), "stage": stage.to_uppercase(), "dueAt": due_at, "people": ids, "missed": missed });
        draft.record(NewEvent::new(TimelineKind::Prompt, text).details(details));
    }

    fn mail(&self, draft: &mut Draft<'_>, person: &person::Model) {
        let Step { key, title, why, due_at, state, missed, .. } = self.step;
        let stage = if *state == State::Overdue { "Overdue" } else { "Due" };
        let text = format!(
            "{title}\n\n{why}\n\nDue since {}.{}\n\n{} ({}, {}): {}",
            self.playbook.local(*due_at),
            missed_words(*missed),
            draft.incident().name,
            reference(draft.incident()),
            draft.incident().severity,
            link(draft.ctx(), draft.incident()),
        );
        let email = Email {
            to_name: person.name.clone(),
            to: person.email.clone().unwrap_or_default(),
            subject: headline(draft, &format!("{stage}: {title}")),
            text,
            thread: Some(draft.incident().id.to_string()),
        };
        draft.send(New { person: Some(person.id), step: Some(key.clone()), ..New::of(Operation::Remind, email) });
    }

    /// The holders of the roles that the step names, else the lead, else the person on call, else the reporter, else the administrators.
    fn audience(&self) -> Vec<&'a person::Model> {
        let Staffed { whole, desk } = self.facts;
        let holders = |role: Role| {
            let held = whole.roles.iter().filter(move |row| row.role == role && row.ended_at.is_none());
            held.filter_map(|row| desk.person(row.person_id)).collect::<Vec<_>>()
        };
        let known = |person: Option<&'a person::Model>| person.filter(|person| may_know(person, whole)).into_iter().collect::<Vec<_>>();
        let mut people: Vec<&person::Model> = self.step.person.and_then(|id| desk.person(id)).into_iter().collect();
        if people.is_empty() {
            people = self.step.audience.iter().flat_map(|role| holders(*role)).collect();
        }
        let reporter = || {
            whole.incident.reporter_id.and_then(|id| desk.person(id)).filter(|person| person.access_level >= entity::AccessLevel::Responder)
        };
        let fallbacks: [&dyn Fn() -> Vec<&'a person::Model>; 4] =
            [&|| holders(Role::IncidentLead), &|| known(desk.first_line().or(desk.second_line())), &|| known(reporter()), &|| {
                desk.administrators().collect()
            }];
        for fallback in fallbacks {
            if people.is_empty() {
                people = fallback();
            }
        }
        people.sort_by_key(|person| person.id);
        people.dedup_by_key(|person| person.id);
        people
    }
}

/// Whether a page to this person is sent automatically.
fn reaches(draft: &Draft<'_>, person: &person::Model) -> bool {
    person.email.is_some() && draft.ctx().config.systems.contains(&System::Email)
}

fn headline(draft: &Draft<'_>, what: &str) -> String {
    format!("[{}] {what}", reference(draft.incident()))
}

fn missed_words(missed: i64) -> String {
    match missed {
        0 => String::new(),
        1 => " One earlier reminder was missed.".to_owned(),
        many => format!(" {many} earlier reminders were missed."),
    }
}

/// The notice to everybody about a major or critical incident (R7).
fn notice(playbook: &Playbook, draft: &Draft<'_>) -> String {
    let incident = draft.incident();
    let since = incident.impact_started_at.or(incident.declared_at).unwrap_or(incident.reported_at);
    let since = since.with_timezone(&playbook.working_hours.zone).format("%H:%M %Z on %a %-d %b").to_string();
    let values = [
        ("reference", &*reference(incident)),
        ("severity", incident.severity.as_str()),
        ("since", &since),
        ("link", &link(draft.ctx(), incident)),
        ("name", &incident.name),
    ];
    Playbook::filled_in(&playbook.notice, &values)
}

/// Recomputes when the next reminder is due for each incident that is not over. Called when a worker starts and when the playbook
/// has changed. Returns how many incidents moved; after a failure, those already moved stay moved.
pub async fn reschedule(ctx: &Ctx) -> Result<u64> {
    ctx.require(Right::Administer)?;
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let over = [entity::IncidentStatus::Declined, entity::IncidentStatus::Merged].map(|status| status.to_value());
    // A few of the closed ones still have follow-ups with a due date.
    let may_ask = Column::Status.ne(entity::IncidentStatus::Closed).or(Column::NextDueAt.is_not_null());
    let mut moved = 0;
    let mut after: Option<IncidentId> = None;
    loop {
        let mut select = incident::Entity::find().filter(Column::Status.is_not_in(over.clone()).and(may_ask.clone()));
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after));
        }
        let rows = select.order_by_asc(Column::Id).limit(RESCHEDULED_AT_ONCE).all(ctx.db.read()).await?;
        let Some(last) = rows.last() else { return Ok(moved) };
        after = Some(last.id);
        for whole in Whole::load_many(ctx, rows).await? {
            let next = next_look(&whole.case(), &playbook, now);
            if next != whole.incident.next_due_at {
                moved += move_next_look(ctx, &whole.incident, next).await?;
            }
        }
    }
}

/// Only if the version is unchanged: anyone who changes the incident in the meantime sets it themselves.
async fn move_next_look(ctx: &Ctx, incident: &incident::Model, next: Option<Timestamp>) -> Result<u64> {
    let moved = incident::Entity::update_many()
        .set(incident::ActiveModel { next_due_at: Set(next), ..Default::default() })
        .filter(Column::Id.eq(incident.id))
        .filter(Column::Version.eq(incident.version))
        .exec(ctx.db.write())
        .await?;
    Ok(moved.rows_affected)
}
